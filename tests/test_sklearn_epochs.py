"""Epochs that the core goes through by itself: the same as those after which Python is asked."""

import copy
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

from interrupts import confined, interrupt_at
from sklearn.datasets import load_iris, make_regression
from stress.harness import interrupt_after
from test_sklearn_going_on import SAME

from wbcore import _core
from wbcore.sklearn import MLPClassifier, MLPRegressor, stopping
from wbcore.sklearn.stopping import Bookkeeping

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X_iris, y_iris = load_iris(return_X_y=True)
X_numbers, y_numbers = make_regression(60, 4, noise=2.0, random_state=0)
y_numbers = y_numbers / y_numbers.std()
WEIGHTS = np.arange(len(X_iris)) % 3 + 0.5

ASKS_NOTHING = {
    "adam": {"max_iter": 30},
    "ends early": {"max_iter": 300, "tol": 0.01, "n_iter_no_change": 3},
    "at once": {"max_iter": 300, "tol": 10.0, "n_iter_no_change": 1},
    "patient": {"max_iter": 30, "n_iter_no_change": np.inf, "tol": 10.0},
    "small batches": {"max_iter": 40, "batch_size": 16, "dropout": 0.2, "tol": 0.02},
    "sgd": {"max_iter": 40, "solver": "sgd", "learning_rate_init": 0.1, "tol": 0.03},
    "in order": {"max_iter": 30, "shuffle": False, "batch_size": 20},
    "metrics": {"max_iter": 30, "batch_size": 20},
    "float32": {"max_iter": 60, "dtype": "float32", "tol": 0.01},
}
ASKS = {
    "verbose": {"verbose": True},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive"},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "early stopping": {"early_stopping": True},
}


class Nothing:
    """A callback, for which Python is entered after each epoch."""

    def after_epoch(self, run):
        pass


@pytest.fixture
def asked(monkeypatch):
    """How often Python was asked of an epoch."""
    asked, see = [], Bookkeeping.after_epoch
    monkeypatch.setattr(
        Bookkeeping, "after_epoch", lambda book, run: asked.append(1) or see(book, run)
    )
    return asked


def data_of(kind):
    return (X_iris, y_iris) if kind is MLPClassifier else (X_numbers, y_numbers)


def assert_same(one, other):
    assert one.network_ == other.network_
    for name in SAME:
        assert getattr(one, name, None) == getattr(other, name, None), name
    assert one.history_.reason == other.history_.reason


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("name", ASKS_NOTHING)
def test_the_core_ends_where_python_would(kind, name, asked):
    settings = {**ASKS_NOTHING[name], "random_state": 3}
    if name == "metrics":
        settings["metrics"] = ["accuracy" if kind is MLPClassifier else "r2"]
    alone = kind(**settings).fit(*data_of(kind))
    assert not asked
    told = kind(callbacks=[Nothing()], **settings).fit(*data_of(kind))
    assert len(asked) == told.n_iter_ == len(told.loss_curve_)
    assert_same(alone, told)


@pytest.mark.parametrize("name", ASKS)
def test_what_is_done_after_an_epoch_is_done_then(name, asked, capsys):
    model = MLPClassifier(max_iter=12, random_state=0, **ASKS[name]).fit(X_iris, y_iris)
    assert len(asked) == model.n_iter_ > 1
    assert capsys.readouterr().out.count("Iteration") == (12 if name == "verbose" else 0)


def test_some_of_these_end_early_and_some_do_not():
    ends = {
        name: MLPClassifier(**settings, random_state=3).fit(X_iris, y_iris).n_iter_
        for name, settings in ASKS_NOTHING.items()
        if name != "metrics"
    }
    assert ends["at once"] == 3
    assert 3 < ends["ends early"] < 300
    assert ends["patient"] == 30


def test_with_weights_warm_starts_and_partial_fits(asked):
    settings = {"max_iter": 7, "random_state": 3, "tol": 0.05, "n_iter_no_change": 4}
    alone = MLPClassifier(warm_start=True, **settings)
    told = MLPClassifier(warm_start=True, callbacks=[Nothing()], **settings)
    for _ in range(3):
        for model in (alone, told):
            model.fit(X_iris, y_iris, sample_weight=WEIGHTS)
        assert_same(alone, told)
    for _ in range(3):
        for model in (alone, told):
            model.partial_fit(X_iris, y_iris)
        assert_same(alone, told)
    assert asked


def test_a_generator_that_others_draw_from_stands_where_it_would(asked):
    orders = [np.random.RandomState(5) for _ in range(2)]
    models = [
        MLPClassifier(max_iter=9, random_state=order, callbacks=callbacks).fit(X_iris, y_iris)
        for order, callbacks in zip(orders, [(), [Nothing()]], strict=True)
    ]
    assert_same(*models)
    assert orders[0].randint(2**31) == orders[1].randint(2**31)


def test_ctrl_c_leaves_all_epochs_that_were_done():
    for seconds in np.linspace(0.1, 0.3, 5):
        model = MLPClassifier(max_iter=10**6, tol=0, n_iter_no_change=10**6, random_state=0)
        with pytest.warns(UserWarning, match="interrupted"), interrupt_after(seconds):
            model.fit(X_iris, y_iris)
        assert model.n_iter_ == len(model.loss_curve_) == len(model.history_) > 0
        assert model.history_.status == "interrupted"
        assert model.t_ == len(X_iris) * model.n_iter_
        assert model.score(X_iris, y_iris) > 0.3


class AtCount:
    """Losses of a record that raise KeyboardInterrupt when they are looked at for the n-th time."""

    def __init__(self, losses, n):
        self.losses, self.left = losses, n

    def __len__(self):
        return len(self.losses)

    def __getitem__(self, k):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self.losses[k]


@pytest.mark.parametrize("n", [1, 2, 17, 30])
def test_ctrl_c_while_epochs_are_counted_loses_none(n, monkeypatch):
    settings = {"max_iter": 30, "random_state": 0}
    whole = MLPClassifier(**settings).fit(X_iris, y_iris)
    after_fit = Bookkeeping.after_fit

    def interrupted(book, run):
        losses = run.history._record["loss"]
        run.history._record["loss"] = AtCount(losses, n)
        try:
            after_fit(book, run)
        finally:
            run.history._record["loss"] = losses

    monkeypatch.setattr(Bookkeeping, "after_fit", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = MLPClassifier(**settings).fit(X_iris, y_iris)
    assert model.network_ == whole.network_
    for name in SAME:
        if name != "history_":
            assert getattr(model, name, None) == getattr(whole, name, None), name


def test_ctrl_c_at_any_line_of_counting_counts_each_epoch_once(monkeypatch):
    settings = {"max_iter": 3, "random_state": 0, "tol": 10.0, "n_iter_no_change": 1}
    whole = MLPClassifier(**settings).fit(X_iris, y_iris)
    after_fit, files = Bookkeeping.after_fit, {stopping.__file__}
    for n in range(1, 1000):
        counted = [0]

        def interrupted(book, run, n=n, counted=counted):
            with interrupt_at(n, "line", files) as seen:
                try:
                    after_fit(book, run)
                finally:
                    counted[0] = seen[0]

        monkeypatch.setattr(Bookkeeping, "after_fit", interrupted)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = confined(MLPClassifier(**settings).fit, X_iris, y_iris)
        for name in SAME:
            if name != "history_":
                assert getattr(model, name, None) == getattr(whole, name, None), (n, name)
        if counted[0] < n:
            break
    assert 40 < n < 999


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}])
def test_a_fit_that_fails_leaves_the_curves_of_the_one_before(settings):
    class Fails:
        epochs = 0

        def after_epoch(self, run):
            self.epochs += 1
            if self.epochs == 5:
                raise RuntimeError("enough")

    model = MLPClassifier(max_iter=3, warm_start=True, random_state=0, **settings)
    model.fit(X_iris, y_iris)
    before = {name: copy.copy(getattr(model, name, None)) for name in SAME}
    model.set_params(callbacks=[Fails()], max_iter=10)
    with pytest.raises(RuntimeError, match="enough"):
        model.fit(X_iris, y_iris)
    assert {name: getattr(model, name, None) for name in SAME} == before


# ---- the two parts of the core


@pytest.mark.parametrize("generator", [np.random.MT19937, np.random.PCG64])
@pytest.mark.parametrize("n", [1, 2, 3, 64, 65, 1000, 70_000])
def test_rows_are_shuffled_as_numpy_shuffles(generator, n):
    ours, theirs = (np.random.RandomState(generator(8)) for _ in range(2))
    rows = np.arange(n)[::-1] * 3
    shuffled = _core.ShuffledRows(ours._bit_generator, rows)
    assert (shuffled.rows == rows).all()
    for epoch in range(3):
        places = np.arange(n)
        theirs.shuffle(places)
        rows = rows[places]
        assert (shuffled(epoch) == rows).all()
        assert (shuffled.rows == rows).all()
    assert ours.randint(2**31, size=4).tolist() == theirs.randint(2**31, size=4).tolist()


def test_rows_need_a_generator_of_numpy():
    with pytest.raises(AttributeError, match="capsule"):
        _core.ShuffledRows(3, [1, 2])


def test_patience_by_hand():
    rule = _core.Patience(
        scale=2.0, constant=0.5, slope=10.0, tol=0.25, epochs=2, best=-np.inf, waited=0
    )
    assert not rule.ends(1.0, 0.0)
    assert (rule.best, rule.waited) == (-2.5, 0)
    assert not rule.ends(0.9, 0.0)  # better, but not by enough
    assert (rule.best, rule.waited) == (-2.3, 1)
    assert not rule.ends(0.9, 0.1)  # worse by the penalty
    assert (rule.best, rule.waited) == (-2.3, 2)
    assert rule.ends(0.8, 0.0)
    assert (rule.best, rule.waited) == (-(2.0 * 0.8 + 0.5), 3)
    assert not rule.ends(0.5, 0.0)
    assert rule.waited == 0
