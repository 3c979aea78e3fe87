"""wbcore.search on threads, processes and clusters: the same bits, each fit once."""

import multiprocessing
import os
import signal
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from epoch_estimator import EpochRegressor, X, Y, same, trainings
from sklearn.base import BaseEstimator

import wbcore as wb
from wbcore.searching.shared import Problem, Shared

SPACE = {"rate": "log_uniform(1e-4, 0.5)", "units": "integers(2, 9)"}

# Python from 3.12 on warns of any fork of a process with threads; these children use none of them.
FORKS = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def search(estimator=None, **options):
    settings = {"n_candidates": 8, "cv": 3, "halving": 2}
    return wb.search(estimator or EpochRegressor(), SPACE, X, Y, **settings | options)


@pytest.fixture(scope="module")
def expected():
    return search()


def processes(count=2):
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("fork"))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_threads(count, expected):
    with ThreadPoolExecutor(count) as pool:
        assert same(search(executor=pool), expected)
    with joblib.parallel_config("threading"):
        assert same(search(n_jobs=count), expected)
    assert same(search(executor=lambda: ThreadPoolExecutor(count)), expected)
    assert same(search(executor=ThreadPoolExecutor), expected)


@FORKS
@pytest.mark.uninstrumented
def test_processes(expected):
    with processes() as pool:
        assert same(search(executor=pool), expected)
    with joblib.parallel_config("multiprocessing"):
        assert same(search(n_jobs=2), expected)


@pytest.mark.uninstrumented
@pytest.mark.filterwarnings("ignore")  # of the cluster's own
def test_dask(expected):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        with joblib.parallel_config("dask"):
            assert same(search(), expected)
        assert same(search(executor=client.get_executor()), expected)


class _CountedScorer:
    """Leaves a file in the folder each time it is unpickled, and its process."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, estimator, X, y):
        return estimator.score(X, y)

    def __setstate__(self, state):
        vars(self).update(state)
        (self.folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()


@FORKS
@pytest.mark.uninstrumented
def test_data_reaches_each_process_once(tmp_path, expected):
    scorer = _CountedScorer(tmp_path)
    with processes() as pool:
        found = search(executor=pool, scoring=scorer)
    assert same(found, expected)
    owners = [path.name.partition("-")[0] for path in tmp_path.iterdir()]
    assert 1 <= len(owners) == len(set(owners)) <= 2
    assert str(os.getpid()) not in owners


def test_data_is_the_same_objects_in_threads_and_mapped_in_processes(tmp_path):
    problem = Problem(EpochRegressor(), len, X, Y, None, [(np.arange(3), np.arange(2))], False, {})
    shared = Shared(problem, tmp_path)
    assert shared.problem() is problem
    assert not list(tmp_path.iterdir())
    made, arguments = shared.__reduce__()
    written = list(tmp_path.iterdir())
    assert len(written) == 2
    for path in written:
        os.utime(path, (0, 0))
    assert shared.__reduce__() == (made, arguments)
    assert {path: path.stat().st_mtime for path in tmp_path.iterdir()} == dict.fromkeys(written, 0)
    received = made(*arguments).problem()
    assert made(*arguments).problem() is received
    assert isinstance(received.X, np.memmap)
    np.testing.assert_array_equal(received.X, X)
    assert received.X.mode == "r"
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"^\[search\] expected workers to see the folder"):
        made(tmp_path / "another").problem()


def test_workers_share_the_processors(tmp_path):
    """Within a fit there are as many threads as are left for it; afterwards there are all."""
    with wb.num_threads(4):
        for count, each in ((1, 4), (2, 2), (3, 1), (8, 1)):
            log = tmp_path / str(count)
            log.mkdir()
            with ThreadPoolExecutor(count, initializer=wb.num_threads(7).__enter__) as pool:
                search(EpochRegressor(log=str(log)), executor=pool, refit=False)
                assert {threads for *_, threads in trainings(log)} == {each}
                assert set(pool.map(lambda _: wb.get_num_threads(), range(count))) == {7}
        assert wb.get_num_threads() == 4


class _Configured(BaseEstimator):
    def fit(self, X, y):
        return self

    def score(self, X, y):
        return float(sklearn.get_config()["assume_finite"])


def test_the_configuration_of_the_caller_holds_in_workers():
    with ThreadPoolExecutor(2) as pool, sklearn.config_context(assume_finite=True):
        found = wb.search(_Configured(), None, X, Y, executor=pool)
    assert found.best_score_ == 1.0


class _Seen(EpochRegressor):
    seen = ()

    def _train_until(self, X, y, epochs, sample_weight=None):
        self.seen.append(self.n_threads)
        return super()._train_until(X, y, epochs, sample_weight)


def test_an_estimators_own_threads_do_not_count_in_workers(expected):
    _Seen.seen = []
    with ThreadPoolExecutor(2) as pool:
        found = search(_Seen(n_threads=2), executor=pool)
    assert _Seen.seen == [None] * 42 + [2]  # the last fit, of all rows, is none of a worker
    assert found.best_estimator_.n_threads == 2
    assert found.table["score"].tolist() == expected.table["score"].tolist()


class _Killing(EpochRegressor):
    """The first of the second rung kills its process when the next has begun, which never ends."""

    def _train_until(self, X, y, epochs, sample_weight=None):
        for number in range(24, 26) if self._is_of_second_rung() else ():
            try:
                self._mark(number).touch(exist_ok=False)
            except FileExistsError:
                continue
            _wait_for(self._mark(25).exists if number == 24 else bool)
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._train_until(X, y, epochs, sample_weight)

    def _is_of_second_rung(self):
        return hasattr(self, "network_")  # that of the first, which goes on

    def _mark(self, number):
        return Path(self.log).with_name(f"{number} has begun")


def _wait_for(happens):
    ends = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < ends
        time.sleep(0.001)


def _killing(tmp_path):
    """An estimator of that kind, and its log."""
    log = tmp_path / "log"
    log.mkdir()
    return _Killing(log=str(log)), log


def _each_once(log):
    """None is done twice: the results of the first rung had come, those of the two had not."""
    names = [name for name, *_ in trainings(log)]
    assert len(names) == len(set(names)) == 24 + 12 + 6 + 1
    assert len(list(log.parent.glob("* has begun"))) == 2


@FORKS
@pytest.mark.uninstrumented
@pytest.mark.parametrize("given", ["pool", "function"])
def test_a_killed_worker_of_an_executor(tmp_path, expected, given):
    estimator, log = _killing(tmp_path)
    with processes() as pool:
        found = search(estimator, executor=pool if given == "pool" else processes)
    assert found.table["score"].tolist() == expected.table["score"].tolist()
    _each_once(log)


@pytest.mark.uninstrumented
def test_loky_and_a_killed_worker_of_it(tmp_path, expected):
    estimator, log = _killing(tmp_path)
    found = search(estimator, n_jobs=2)
    assert found.table["score"].tolist() == expected.table["score"].tolist()
    _each_once(log)
    with joblib.parallel_config("loky", n_jobs=2):
        assert same(search(), expected)


class _Deadly(EpochRegressor):
    def _train_until(self, X, y, epochs, sample_weight=None):
        if self.units == 9:
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._train_until(X, y, epochs, sample_weight)


@FORKS
@pytest.mark.uninstrumented
def test_a_fit_that_kills_each_of_its_workers_ends_the_search(tmp_path):
    with pytest.raises(
        RuntimeError,
        match=r"^\[search\] expected workers to live, got 3 pools in turn of which one",
    ):
        search(_Deadly(units=9), executor=lambda: processes(1), folder=tmp_path)


def test_a_broken_pool_of_a_stranger_is_said():
    class Broken(ThreadPoolExecutor):
        def submit(self, *_):
            from concurrent.futures.thread import BrokenThreadPool

            raise BrokenThreadPool

    with (
        Broken(1) as pool,
        pytest.raises(RuntimeError, match=r"\[search\] expected the executor's workers to live"),
    ):
        search(executor=pool)


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, processes])
def test_one_that_is_shut_down_is_refused(tmp_path, kind):
    with kind(1) as pool:
        pass
    text = r"^\[search\] expected executor to take calls, got one that has been shut down: <"
    with pytest.raises(ValueError, match=text):
        search(executor=pool, folder=tmp_path / "kept")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match=text):
        search(executor=lambda: pool)


def test_one_that_takes_no_calls_is_said():
    class Closed(ThreadPoolExecutor):
        def submit(self, *_):
            raise RuntimeError("closed for today")

    with (
        Closed(1) as pool,
        pytest.raises(
            ValueError, match=r"^\[search\] expected executor to take .*: closed for tod"
        ),
    ):
        search(executor=pool)


class _Sleeper(BaseEstimator):
    """A fit that takes its time, and none of the processor's; the first waits for another one."""

    lock, two_run = threading.Lock(), threading.Event()
    running = most = 0

    def __init__(self, number=0):
        self.number = number

    def fit(self, X, y):
        kind = type(self)
        with kind.lock:
            kind.running += 1
            kind.most = max(kind.most, kind.running)
            if kind.running == 2:
                kind.two_run.set()
        assert kind.two_run.wait(60)
        time.sleep(0.005)
        with kind.lock:
            kind.running -= 1
        return self

    def score(self, X, y):
        return 0.0


def test_small_fits_are_not_drowned():
    """What the search itself takes is little; `benchmarks/searching.py` has the seconds."""
    options = {"n_candidates": 8, "refit": False}

    def used():
        began = time.process_time()
        with ThreadPoolExecutor(2) as pool:
            wb.search(_Sleeper(), {"number": range(1, 8)}, X, Y, executor=pool, **options)
        return time.process_time() - began

    used()  # imports
    assert _Sleeper.most == 2
    # The best of many: what waits for caches and processors is no measure. Were they of 50 ms:
    assert any(used() < 0.15 * 40 * 0.05 / 2 for _ in range(20))


class _Warning(BaseEstimator):
    """Scores 1 where a warning is an error, 0 where it is said, and 0.5 where it is not."""

    def fit(self, X, y):
        return self

    def score(self, X, y):
        with warnings.catch_warnings(record=True) as said:
            try:
                warnings.warn("of a fit", UserWarning, stacklevel=1)
            except UserWarning:
                return 1.0
        return 0.5 - 0.5 * len(said)


@FORKS
@pytest.mark.uninstrumented
@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading", None])
def test_the_filters_of_warnings_of_the_caller_hold_in_workers(backend):
    def score():
        if backend is not None:
            with joblib.parallel_config(backend):
                return wb.search(_Warning(), None, X, Y, n_jobs=2).best_score_
        return wb.search(_Warning(), None, X, Y, executor=pool).best_score_

    with processes() as pool:  # which begins before the filters are set
        pool.submit(os.getpid).result()
        for action, found in (("error", 1.0), ("ignore", 0.5), ("always", 0.0)):
            with warnings.catch_warnings():
                warnings.filterwarnings(action, "OF A", UserWarning)
                assert score() == found
                warnings.filterwarnings("ignore", "something else", UserWarning)
                assert score() == found
            with warnings.catch_warnings():
                warnings.simplefilter(action, UserWarning)
                assert score() == found


@FORKS
@pytest.mark.uninstrumented
def test_a_filter_that_no_other_process_knows():
    class Unknown(UserWarning):
        pass

    with processes() as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore", Unknown)
        assert wb.search(_Warning(), None, X, Y, executor=pool).best_score_ == 1.0
