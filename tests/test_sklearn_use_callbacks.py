"""scikit-learn's own callbacks: what they are told of a fit, epoch by epoch."""

import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn_use import classes, classifier, numbers, regressor

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = classes(labels=("left", "right", "top"))
WEIGHTS = np.random.default_rng(1).integers(0, 4, len(X)).astype(float)


class Recorder:
    """Keeps what it is told; stops after some epochs."""

    def __init__(self, stop_after=None):
        self.told, self.fitted, self.stop_after = [], [], stop_after

    def setup(self, estimator, context):
        self.told.append("setup")

    def teardown(self, estimator, context):
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.told.append(f"{context.task_name} {context.task_id} begins")

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.told.append(f"{context.task_name} {context.task_id} ends")
        self.last = X, y, metadata, fitted_estimator
        self.fitted.append(fitted_estimator)
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


def told_of(epochs, *, empty=False):
    inner = [f"epoch {e} {what}" for e in range(epochs + empty) for what in ("begins", "ends")]
    return ["setup", "fit 0 begins", *inner, "fit 0 ends", "teardown"]


def scores(monitor, name):
    return [row[name] for row in monitor.get_logs().data if row["task_name"] == "epoch"]


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_each_epoch_is_a_task(solver):
    recorder = Recorder()
    model = classifier(max_iter=4, solver=solver).set_callbacks(recorder).fit(X, Y)
    assert recorder.told == told_of(4)
    given, labels, metadata, fitted = recorder.last
    assert given is X
    assert labels is Y
    assert metadata is None
    assert fitted.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert [name for name in vars(model) if "_callback" in name] == ["_skl_callbacks"]


def test_what_has_been_fitted_stays_as_it_was():
    recorder = Recorder()
    model = classifier(max_iter=3).set_callbacks(recorder).fit(X, Y)
    *epochs, whole = recorder.fitted
    assert [one.n_iter_ for one in epochs] == [1, 2, 3]
    assert [one.loss_curve_ for one in epochs] == [model.loss_curve_[: e + 1] for e in range(3)]
    assert [one.loss_ for one in epochs] == model.loss_curve_
    assert epochs[0].coefs_[0].tobytes() != epochs[1].coefs_[0].tobytes()
    assert whole.coefs_[0].tobytes() == model.coefs_[0].tobytes()
    epochs[-1].coefs_[0][...] = 0
    assert model.coefs_[0].all()


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_callbacks_change_nothing(solver):
    plain = classifier(solver=solver).fit(X, Y)
    for one in (Recorder(), callback.ScoringMonitor(scoring="accuracy")):
        model = classifier(solver=solver).set_callbacks(one).fit(X, Y)
        assert model.loss_curve_ == plain.loss_curve_ if solver != "lbfgs" else True
        assert model.predict_proba(X).tobytes() == plain.predict_proba(X).tobytes()
        assert model.set_callbacks().fit(X, Y).n_iter_ == plain.n_iter_
        assert not hasattr(model, "_skl_callbacks")


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_a_monitor_scores_what_shorter_fits_give(solver):
    monitor = callback.ScoringMonitor(scoring=("neg_log_loss", "accuracy"))
    classifier(max_iter=5, solver=solver).set_callbacks(monitor).fit(X, Y)
    shorter = [classifier(max_iter=e + 1, solver=solver).fit(X, Y) for e in range(5)]
    losses = [-log_loss(Y, model.predict_proba(X)) for model in shorter]
    assert scores(monitor, "neg_log_loss") == pytest.approx(losses, rel=1e-12)
    assert scores(monitor, "accuracy") == [np.mean(model.predict(X) == Y) for model in shorter]
    assert len(set(losses)) == 5
    # the whole fit is scored, too
    assert monitor.get_logs().data[0]["accuracy"] == shorter[-1].score(X, Y)


def test_a_monitor_weighs_rows():
    A, b = numbers()
    monitor = callback.ScoringMonitor(scoring="r2")
    regressor(max_iter=3).set_callbacks(monitor).fit(A, b, sample_weight=WEIGHTS)
    shorter = [regressor(max_iter=e + 1).fit(A, b, sample_weight=WEIGHTS) for e in range(3)]
    expected = [r2_score(b, model.predict(A), sample_weight=WEIGHTS) for model in shorter]
    assert scores(monitor, "r2") == pytest.approx(expected, rel=1e-12)


def test_a_monitor_sees_what_a_fit_was_given():
    """A frame, whose names the estimator knows: no warning, as of an array without names."""
    pd = pytest.importorskip("pandas")
    monitor = callback.ScoringMonitor(scoring="accuracy")
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = classifier(max_iter=3).set_callbacks(monitor).fit(frame, pd.Series(Y))
    assert scores(monitor, "accuracy")[-1] == model.score(frame, Y)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_a_callback_may_end_a_fit(solver):
    recorder = Recorder(stop_after=3)
    model = classifier(solver=solver, max_iter=10).set_callbacks(recorder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it has not failed to converge
        model.fit(X, Y)
    assert recorder.told == told_of(3)
    assert model.n_iter_ == 3
    expected = classifier(solver=solver, max_iter=3).fit(X, Y)
    if solver == "lbfgs":  # of which the shorter fit is the same one, but for its last line search
        np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), rtol=1e-9)
    else:
        assert model.predict_proba(X).tobytes() == expected.predict_proba(X).tobytes()


def test_stopping_early_is_known():
    """No epoch begins after the one that ends a fit."""
    recorder = Recorder()
    options = {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 60}
    model = classifier(**options).set_callbacks(recorder).fit(X, Y)
    assert 2 < model.n_iter_ < 60
    assert recorder.told == told_of(model.n_iter_)
    plain = classifier(**options).fit(X, Y)
    assert model.predict_proba(X).tobytes() == plain.predict_proba(X).tobytes()
    assert recorder.last[-1].predict_proba(X).tobytes() == plain.predict_proba(X).tobytes()


def test_callbacks_are_torn_down_after_an_error():
    recorder = Recorder()
    model = classifier().set_callbacks(recorder)

    def fails(*_, **__):
        raise ZeroDivisionError

    recorder.on_fit_task_end = fails
    with pytest.raises(ZeroDivisionError):
        model.fit(X, Y)
    assert recorder.told == ["setup", "fit 0 begins", "epoch 0 begins", "teardown"]
    assert not [name for name in vars(model) if name.startswith("_callback")]


def test_clones_share_callbacks():
    recorder = Recorder()
    clone(classifier(max_iter=2).set_callbacks(recorder)).fit(X, Y)
    assert recorder.told == told_of(2)


def test_a_progress_bar(capsys):
    pytest.importorskip("rich")
    classifier(max_iter=3).set_callbacks(callback.ProgressBar()).fit(X, Y)
    shown = capsys.readouterr().out
    assert "MLPClassifier - fit" in shown
    assert "100%" in shown


def test_a_progress_bar_of_a_pipeline(capsys):
    pytest.importorskip("rich")
    pipeline = make_pipeline(StandardScaler(), classifier(max_iter=3))
    pipeline.set_callbacks(callback.ProgressBar()).fit(X, Y)
    shown = capsys.readouterr().out
    assert "Pipeline - fit" in shown
    assert "Pipeline - fit-final-estimator | MLPClassifier - fit" in shown


@pytest.mark.uninstrumented
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_a_search_is_monitored(backend):
    """Epochs of all candidates and folds, also of those that other processes fit."""

    def logged(**options):
        monitor = callback.ScoringMonitor(scoring="neg_log_loss")
        model = classifier(max_iter=3).set_callbacks(monitor)
        search = GridSearchCV(model, {"alpha": [1e-4, 1.0]}, cv=StratifiedKFold(2))
        with joblib.parallel_config(**options):
            search.fit(X, Y)
        return [
            (row["task_id_path"], row["task_name"], row["neg_log_loss"])
            for row in monitor.get_logs().data
        ]

    expected = logged(n_jobs=1)
    assert sum(name == "epoch" for _, name, _ in expected) == (2 * 2 + 1) * 3
    assert logged(backend=backend, n_jobs=2) == expected
