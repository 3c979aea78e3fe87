"""The folder of a search: what a kill, damage and other searches do to it."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from epoch_estimator import EpochRegressor, X, Y, same, trainings

import wbcore as wb
from wbcore.searching import SearchInterrupted
from wbcore.searching.folder import Folder, Outcome
from wbcore.searching.scratch import scratch

SPACE = {"rate": "log_uniform(1e-4, 0.5)", "units": "integers(2, 9)"}


def search(folder=None, **options):
    settings = {"n_candidates": 8, "cv": 3, "halving": 2, "folder": folder}
    estimator = options.pop("estimator", None) or EpochRegressor()
    data = options.pop("data", (X, Y))
    return wb.search(estimator, options.pop("space", SPACE), *data, **settings | options)


@pytest.fixture(scope="module")
def expected():
    return search()


def results(folder):
    return {path.name: path.stat().st_mtime_ns for path in Path(folder).rglob("*.result")}


def logged(tmp_path, name="log"):
    log = tmp_path / name
    log.mkdir(exist_ok=True)
    return log


class _Logged(EpochRegressor):
    """Whose log is no parameter, so that it makes no other fit of it."""

    where = None

    def _train_until(self, X, y, epochs, sample_weight=None):
        self.log = type(self).where
        try:
            return super()._train_until(X, y, epochs, sample_weight)
        finally:
            self.log = None


def count(tmp_path, monkeypatch, **options):
    """How many trainings a search in the folder does."""
    log = logged(tmp_path, f"log{time.monotonic_ns()}")
    monkeypatch.setattr(_Logged, "where", str(log))
    found = search(tmp_path / "kept", estimator=_Logged(), **options)
    return len(trainings(log)), found


def test_a_second_search_trains_nothing(tmp_path, monkeypatch, expected):
    first, found = count(tmp_path, monkeypatch)
    assert first == 24 + 12 + 6 + 1
    assert same(found, expected)
    again, found = count(tmp_path, monkeypatch)
    assert again == 0
    assert same(found, expected)
    assert found.table["seconds"].tolist() == found.table["seconds"].tolist()


def test_what_makes_another_fit(tmp_path, monkeypatch):
    one = {"n_candidates": 1, "refit": False}
    assert count(tmp_path, monkeypatch, **one)[0] == 3
    assert count(tmp_path, monkeypatch, **one)[0] == 0
    other = Y.copy()
    other[7] += 1
    for change in (
        {"data": (X, other)},
        {"data": (X.astype(np.float32), Y)},
        {"seed": 1},
        {"cv": 2},
        {"scoring": "neg_mean_squared_error"},
        {"sample_weight": np.ones(60)},
    ):
        assert count(tmp_path, monkeypatch, **one | change)[0] > 0, change
        assert count(tmp_path, monkeypatch, **one | change)[0] == 0, change
    monkeypatch.setattr("wbcore._core.CONTRACT", 2)
    assert count(tmp_path, monkeypatch, **one)[0] == 3


def test_more_candidates_use_what_is_there(tmp_path, monkeypatch):
    count(tmp_path, monkeypatch, halving=None, n_candidates=4, refit=False)
    more, found = count(tmp_path, monkeypatch, halving=None, n_candidates=6, refit=False)
    assert more == 2 * 3
    assert same(found, search(halving=None, n_candidates=6, refit=False))


@pytest.mark.parametrize("kind", ["result", "state"])
def test_damaged_files_are_done_again(tmp_path, monkeypatch, expected, kind):
    count(tmp_path, monkeypatch)
    files = sorted((tmp_path / "kept").rglob(f"*.{kind}"))
    assert len(files) >= 12
    for number, path in enumerate(files):
        content = path.read_bytes()
        changed = bytearray(content)
        changed[-1] ^= 1
        path.write_bytes([b"", content[: len(content) // 2], bytes(changed)][number % 3])
    again, found = count(tmp_path, monkeypatch)
    assert again > 0
    assert same(found, expected)
    assert count(tmp_path, monkeypatch)[0] == 0


def test_states_may_be_missing(tmp_path, monkeypatch, expected):
    """A survivor without one starts from the beginning, with the same bits."""
    count(tmp_path, monkeypatch)
    for path in [*(tmp_path / "kept").rglob("*.state"), *(tmp_path / "kept").rglob("*-40.result")]:
        path.unlink()
    again, found = count(tmp_path, monkeypatch)
    assert again == 6 + 1
    assert same(found, expected)


def test_states_that_nobody_goes_on_from_are_removed(tmp_path):
    search(tmp_path)
    stops = [path.stem.rpartition("-")[2] for path in tmp_path.rglob("*.state")]
    # those that went out on each rung, none of what ended, and the best of all rows
    assert sorted(stops) == ["0"] + ["10"] * 12 + ["20"] * 6
    assert not list(tmp_path.rglob("*.claim"))
    assert not list(tmp_path.glob(".wbcore-search-*"))


def test_searches_at_once_share_their_fits(tmp_path, monkeypatch, expected):
    log = logged(tmp_path)
    monkeypatch.setattr(_Logged, "where", str(log))
    options = {"estimator": _Logged(seconds=0.002)}
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: search(tmp_path / "kept", **options), range(2)))
    assert same(found[0], found[1])
    assert found[0].table["score"].tolist() == expected.table["score"].tolist()
    assert len(trainings(log)) == 24 + 12 + 6 + 1


def test_claims_outlive_no_process(tmp_path):
    folder = Folder(tmp_path)
    child = os.fork()
    if child == 0:
        with folder.claim("ab"):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert list(tmp_path.rglob("*.claim"))
    with folder.claim("ab"):
        pass
    assert not list(tmp_path.rglob("*.claim"))


def test_what_a_killed_search_shared_is_removed(tmp_path):
    child = os.fork()
    if child == 0:
        with scratch(tmp_path):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    (left,) = tmp_path.iterdir()
    with scratch(tmp_path) as first, scratch(tmp_path) as second:
        assert set(tmp_path.iterdir()) == {first, second}
    assert not left.exists()
    assert not list(tmp_path.iterdir())


def test_outcomes_are_read_as_written(tmp_path):
    folder = Folder(tmp_path)
    outcome = Outcome(0.1 + 0.2, 7, False, 1.5, 'ü "quoted"')
    folder.keep_outcome("abcd", 7, outcome)
    assert folder.outcome("abcd", 7) == outcome
    assert folder.outcome("abcd", 8) is None
    folder.keep_outcome("abcd", 8, Outcome(float("nan"), 0, True, 0.0, "none"))
    assert np.isnan(folder.outcome("abcd", 8).score)


class _Runner:
    """tests/search_runner.py, whose children are killed."""

    def __init__(self, options, result):
        self._options = options | {"result": str(result)}
        program = str(Path(__file__).with_name("search_runner.py"))
        self._process = subprocess.Popen(
            [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, seconds=0):
        """Whether it came to its end within that time; 0 is for ever."""
        self._process.stdin.write(json.dumps(self._options | {"seconds": seconds}) + "\n")
        self._process.stdin.flush()
        status = os.waitstatus_to_exitcode(int(self._process.stdout.readline()))
        assert status in (0, -signal.SIGALRM)
        return status == 0

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.mark.uninstrumented
def test_kills_at_any_moment_lose_no_finished_fit(tmp_path):
    import pickle

    log, kept, result = logged(tmp_path), tmp_path / "kept", tmp_path / "result"
    options = {
        "estimator": {"seconds": 0.005, "log": str(log)},
        "search": {"n_candidates": 8, "halving": 2, "folder": str(kept), "refit": False},
    }
    runner = _Runner(options, result)
    kills, ended, before = 0, False, {}
    draw = random.Random(3)
    while not ended:
        ended = runner.run(draw.uniform(0.01, 0.1) if kills < 8 else 0)
        kills += not ended
        after = results(kept)
        assert before.items() <= after.items()  # finished fits are not touched
        before = after
    runner.close()
    assert kills >= 3  # the first three times are together less than the fits' own 42 * 5 ms
    found = pickle.loads(result.read_bytes())
    assert same(found, search(estimator=EpochRegressor(seconds=0.005, log=str(log)), refit=False))
    # each fit once, but for what a kill found between its training and its file
    once = 24 + 12 + 6
    assert len(before) == once
    done = [what for what, process, _ in trainings(log) if process != os.getpid()]
    assert once <= len(done) <= once + kills


class _Interrupting(EpochRegressor):
    """Ctrl-C while the tenth training runs; it may then end that and say nothing."""

    calls, silent = 0, False

    def _train_until(self, X, y, epochs, sample_weight=None):
        type(self).calls += 1
        if type(self).calls == 10:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)
            except KeyboardInterrupt:
                if not self.silent:
                    raise
                epochs = 1
        return super()._train_until(X, y, epochs, sample_weight)


@pytest.mark.parametrize("silent", [False, True])
def test_ctrl_c_gives_what_is_finished_and_a_folder_that_goes_on(tmp_path, expected, silent):
    _Interrupting.calls, _Interrupting.silent = 0, silent
    kept = tmp_path / "kept"
    with pytest.raises(
        SearchInterrupted,
        match=r"^\[search\] interrupted with 3 of 8 candidates compared; the same",
    ) as caught:
        search(kept, estimator=_Interrupting())
    assert isinstance(caught.value, KeyboardInterrupt)
    assert sorted(caught.value.result.table["candidate"]) == [0, 1, 2]
    assert same(search(kept, estimator=_Interrupting()), expected)
    assert _Interrupting.calls == 24 + 12 + 6 + 1 + 1


@pytest.mark.uninstrumented
def test_a_full_disk_hides_no_other_error(tmp_path):
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        try:
            with scratch(tmp_path):
                raise ZeroDivisionError
        except ZeroDivisionError:
            os._exit(7)
        except OSError:
            os._exit(8)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "below a file", "device", "long", "virtual"])
def test_a_folder_that_cannot_be_is_said(tmp_path, kind):
    (tmp_path / "file").touch()
    paths = {
        "file": tmp_path / "file",
        "below a file": tmp_path / "file" / "kept",
        "device": "/dev/null",
        "long": tmp_path / ("x" * 300),
        "virtual": "/proc/kept",
    }
    text = r"\[search\] expected a folder to write into, got: (Not a|File n|No such)"
    with pytest.raises(OSError, match=text) as raised:
        search(folder=paths[kind])
    assert raised.value.filename == str(paths[kind])


@pytest.mark.parametrize("kind", ["result", "claim"])
def test_a_folder_in_place_of_a_file_is_said(tmp_path, kind):
    search(folder=tmp_path)
    for path in list(tmp_path.rglob("*.result")):
        path.unlink()
        at = path if kind == "result" else path.with_name(f"{path.stem.partition('-')[0]}.claim")
        at.mkdir(exist_ok=True)
    text = r"\[search\] expected to (read|write) the file, got: Is a directory: '.*(result|claim)'"
    with pytest.raises(IsADirectoryError, match=text):
        search(folder=tmp_path)
