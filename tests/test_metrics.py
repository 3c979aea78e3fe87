"""Metrics: what scikit-learn gives, choices as texts and objects, functions of one's own."""

import dataclasses
import math
import warnings

import numpy as np
import pytest
import sklearn.metrics as skm
from refusals import LABELS as TEN_LABELS
from refusals import X as TEN
from refusals import Y as TEN_TARGETS
from refusals import cases, check, evaluated
from support import choices, classes

import wbcore as wb
from wbcore import _core, reference

rng = np.random.default_rng(11)
ROWS = 400
X = np.round(rng.normal(size=(ROWS, 3)) * 2) / 2  # few values: many ties
WEIGHTS = {"plain": None, "weighted": np.round(rng.exponential(size=ROWS), 2)}
BOTH = pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)


def pass_through(width, last="identity"):
    """A network whose last layer gets X itself."""
    net = wb.Network([wb.Dense(width, width, last)], dtype="float64")
    net[0].weights[:], net[0].biases[:] = np.eye(width), 0
    return net


def evaluate(y, names, loss, *, width, last, weights):
    net, inputs = pass_through(width, last), X[:, :width]
    found = net.evaluate(inputs, y, loss=loss, metrics=names, sample_weight=weights)
    return net.predict(inputs), [found[name] for name in names]


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=0)


# ---- scikit-learn


@BOTH
@pytest.mark.parametrize("width", [1, 3])
def test_errors(width, weights):
    y = X[:, :width] + rng.normal(size=(ROWS, width)) + 100
    names = ["mae", "mse", "rmse", "r2"]
    p, ours = evaluate(y, names, "mae", width=width, last="identity", weights=weights)
    functions = [
        skm.mean_absolute_error,
        skm.mean_squared_error,
        skm.root_mean_squared_error,
        skm.r2_score,
    ]
    close(ours[:3], [f(y, p, sample_weight=weights) for f in functions[:3]])
    # a difference of two large numbers
    assert ours[3] == pytest.approx(skm.r2_score(y, p, sample_weight=weights), rel=1e-11)


@BOTH
@pytest.mark.parametrize("last", ["identity", "sigmoid"])
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "focal"])
def test_one_decision_a_row(loss, last, weights):
    y = (X[:, 0] + rng.normal(size=ROWS) * 2 > 0.4).astype(int)
    score, ours = evaluate(
        y,
        [
            *("accuracy", "balanced_accuracy", "precision", "recall", "f1"),
            *("precision(0)", "recall(0)", "f1(0)", "precision(1)", "log_loss"),
            *("roc_auc", "average_precision", "roc_auc(0)", "average_precision(0)"),
        ],
        loss,
        width=1,
        last=last,
        weights=weights,
    )
    score, guess, w = score[:, 0], X[:, 0] > 0, {"sample_weight": weights}
    p = score if last == "sigmoid" else wb.sigmoid(score)
    close(
        ours,
        [
            skm.accuracy_score(y, guess, **w),
            skm.balanced_accuracy_score(y, guess, **w),
            skm.precision_score(y, guess, **w),
            skm.recall_score(y, guess, **w),
            skm.f1_score(y, guess, **w),
            skm.precision_score(y, guess, pos_label=0, **w),
            skm.recall_score(y, guess, pos_label=0, **w),
            skm.f1_score(y, guess, pos_label=0, **w),
            skm.precision_score(y, guess, **w),
            skm.log_loss(y, p, **w),
            skm.roc_auc_score(y, score, **w),
            skm.average_precision_score(y, score, **w),
            skm.roc_auc_score(1 - y, -score, **w),
            skm.average_precision_score(1 - y, -score, **w),
        ],
    )


@BOTH
def test_several_decisions_a_row(weights):
    y = (X + rng.normal(size=X.shape) > 0.3).astype(float)
    names = ["precision", "recall", "f1", "f1(2)", "roc_auc", "average_precision", "roc_auc(1)"]
    names += ["accuracy", "balanced_accuracy"]
    p, ours = evaluate(y, names, "binary_cross_entropy", width=3, last="sigmoid", weights=weights)
    guess, w = p > 0.5, {"sample_weight": weights}
    columns = range(3)
    close(
        ours,
        [
            skm.precision_score(y, guess, average="macro", **w),
            skm.recall_score(y, guess, average="macro", **w),
            skm.f1_score(y, guess, average="macro", **w),
            skm.f1_score(y[:, 2], guess[:, 2], **w),
            skm.roc_auc_score(y, p, average="macro", **w),
            skm.average_precision_score(y, p, average="macro", **w),
            skm.roc_auc_score(y[:, 1], p[:, 1], **w),
            np.mean([skm.accuracy_score(y[:, k], guess[:, k], **w) for k in columns]),
            np.mean([skm.balanced_accuracy_score(y[:, k], guess[:, k], **w) for k in columns]),
        ],
    )


@BOTH
@pytest.mark.parametrize("last", ["identity", "softmax"])
@pytest.mark.parametrize("given", ["labels", "shares"])
def test_classes(last, given, weights):
    inputs = X + 1e-9 * np.arange(3)  # what is equal goes to the last: top_k has its own rule
    labels = np.argmax(X + rng.normal(size=X.shape), axis=1)
    names = [
        *("accuracy", "balanced_accuracy", "precision", "recall", "f1", "precision(0)"),
        *("recall(2)", "top_k(1)", "top_k(2)", "top_k", "log_loss", "roc_auc"),
        *("average_precision", "roc_auc(2)", "average_precision(1)"),
    ]
    net, y = pass_through(3, last), labels if given == "labels" else np.eye(3)[labels]
    found = net.evaluate(inputs, y, loss="cross_entropy", metrics=names, sample_weight=weights)
    p, guess, w = wb.softmax(inputs), np.argmax(inputs, axis=1), {"sample_weight": weights}
    one_hot = np.eye(3)[labels]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that sums of p are 1 but for rounding, that k is large
        expected = [
            skm.accuracy_score(labels, guess, **w),
            skm.balanced_accuracy_score(labels, guess, **w),
            skm.precision_score(labels, guess, average="macro", **w),
            skm.recall_score(labels, guess, average="macro", **w),
            skm.f1_score(labels, guess, average="macro", **w),
            skm.precision_score(labels == 0, guess == 0, **w),
            skm.recall_score(labels == 2, guess == 2, **w),
            skm.top_k_accuracy_score(labels, p, k=1, **w),
            skm.top_k_accuracy_score(labels, p, k=2, **w),
            1.0,
            skm.log_loss(labels, p, **w),
            skm.roc_auc_score(one_hot, p, average="macro", **w),
            skm.average_precision_score(one_hot, p, average="macro", **w),
            skm.roc_auc_score(one_hot[:, 2], p[:, 2], **w),
            skm.average_precision_score(one_hot[:, 1], p[:, 1], **w),
        ]
    close(list(found.values())[1:], expected)


def test_one_against_the_rest_is_scikit_learns():
    labels = np.argmax(X + rng.normal(size=X.shape), axis=1)
    found = pass_through(3).evaluate(X, labels, loss="cross_entropy", metrics=["roc_auc"])
    expected = skm.roc_auc_score(labels, wb.softmax(X), multi_class="ovr", average="macro")
    assert found["roc_auc"] == pytest.approx(expected, rel=1e-12)


def test_classes_that_are_not_there():
    """Not in the targets: no recall. In neither: no class at all. Nothing over nothing is 0."""
    labels = np.where(X[:, 0] > 0, 1, 0)
    guess = np.where(X[:, 1] > 0, 2, 1)
    z = np.eye(4)[guess]
    net = pass_through(4)
    names = ["balanced_accuracy", "precision", "recall", "f1", "precision(3)", "recall(3)"]
    found = list(net.evaluate(z, labels, loss="cross_entropy", metrics=names).values())[1:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = [
            skm.balanced_accuracy_score(labels, guess),
            *(
                f(labels, guess, average="macro", zero_division=0)
                for f in (skm.precision_score, skm.recall_score, skm.f1_score)
            ),
        ]
    close(found, [*expected, 0.0, 0.0])


def test_ties_among_the_largest_go_to_the_first():
    net = pass_through(3)
    z, labels = np.zeros((3, 3)), np.arange(3)
    for k, share in ((1, 1 / 3), (2, 2 / 3), (3, 1.0)):
        found = net.evaluate(z, labels, loss="cross_entropy", metrics=[wb.metrics.TopK(k)])
        assert list(found.values())[1:] == [share]
    accuracy = net.evaluate(z, labels, loss="cross_entropy", metrics=["accuracy"])["accuracy"]
    assert accuracy == 1 / 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_areas_do_not_depend_on_the_order_of_rows(dtype):
    y = (X[:, 0] + rng.normal(size=ROWS) > 0).astype(int)
    net = wb.Network.mlp([3, 4, 1], seed=3, dtype=dtype)
    names = ["roc_auc", "average_precision"]
    found = set()
    for _ in range(5):
        order = rng.permutation(ROWS)
        values = net.evaluate(X[order], y[order], loss="focal", metrics=names)
        found.add((values["roc_auc"], values["average_precision"]))
    assert len(found) == 1


def test_areas_where_there_are_none():
    net = pass_through(1, "sigmoid")
    names = ["roc_auc", "average_precision"]
    for y, defined in ((0, [False, False]), (1, [False, True])):
        found = net.evaluate(X[:, :1], np.full(ROWS, y), loss="focal", metrics=names)
        assert [not math.isnan(found[name]) for name in names] == defined
    # a class that is absent takes no part in the mean
    labels = np.where(X[:, 0] > 0, 1, 0)
    found = pass_through(3).evaluate(X, labels, loss="cross_entropy", metrics=names)
    p = wb.softmax(X)
    expected = np.mean([skm.roc_auc_score(labels == k, p[:, k]) for k in (0, 1)])
    assert found["roc_auc"] == pytest.approx(expected, rel=1e-12)


# ---- in training


def test_areas_of_a_training_are_of_the_validation_data_or_after_the_epoch():
    y = (X[:, 0] > 0.3).astype(int)
    loss, names = "binary_cross_entropy", ["roc_auc", "accuracy", "average_precision"]
    options = {"loss": loss, "metrics": names, "epochs": 3, "batch_size": 64}
    nets = [wb.Network.mlp([3, 4, 1], seed=3) for _ in "12"]
    after = []

    def keep(_, __):
        after.append(nets[0].evaluate(X, y, loss=loss, metrics=names))

    alone = nets[0].fit(X, y, callback=keep, **options)
    assert alone.names == ("loss", *names)
    assert alone.roc_auc == [values["roc_auc"] for values in after]
    assert alone.average_precision == [values["average_precision"] for values in after]
    assert alone.accuracy != [values["accuracy"] for values in after]  # of the running epoch
    beside = nets[1].fit(X, y, validation_data=(X, y), **options)
    assert set(beside.names) == {"loss", "accuracy", "val_loss", *(f"val_{n}" for n in names)}
    assert beside.val_roc_auc == alone.roc_auc
    assert nets[0] == nets[1]
    assert len(beside) == 3


# ---- choices


def test_all_metrics_are_here():
    """Every row of the core is a class with the numbers of the row, and has a reference."""
    found = classes(wb.metrics, wb.metrics.Metric)
    assert set(found) == set(wb.metrics.NAMES) == set(wb.losses.METRICS)
    assert list(reference.METRICS) == list(wb.metrics.NAMES)
    for row in _core.rows("metric"):
        made = found[row.name]()
        assert found[row.name].__name__ in wb.metrics.__all__
        assert dataclasses.asdict(made) == {n.name: n.standard for n in row.numbers}
        assert str(made) == row.name
        assert reference.METRICS[row.name].defaults() == {n.name: n.standard for n in row.numbers}
        assert reference.METRICS[row.name].ranks == row.properties["ranks"]


@pytest.mark.parametrize("text", choices("metric"))
def test_objects_are_the_metrics_by_their_text(text):
    name, numbers = _core.parse_choice("metric", "test", "metric", text)
    cls = classes(wb.metrics, wb.metrics.Metric)[name]
    choice = cls(*numbers)
    assert str(choice) == text
    judges = cls._row.properties["judges"]
    net = wb.Network.mlp([4, 3], seed=0)
    loss, y = ("mse", TEN_TARGETS) if judges == "errors" else ("cross_entropy", TEN_LABELS)
    by_object = net.evaluate(TEN, y, loss=loss, metrics=[choice])
    assert by_object == net.evaluate(TEN, y, loss=loss, metrics=[text])
    assert list(by_object) == ["loss", text]
    history = net.fit(TEN, y, loss=loss, metrics=[choice], validation_data=(TEN, y))
    assert f"val_{text}" in history.names


def test_old_names_are_reachable():
    assert wb.losses.METRICS == wb.metrics.NAMES


# ---- functions of one's own


def largest_error(outputs, targets):
    return np.abs(outputs - targets).max()


def shapes(outputs, targets):
    assert type(outputs) is type(targets) is np.ndarray
    return float(outputs.shape == targets.shape)


def weight_of_all(outputs, targets, sample_weight=None):
    assert len(outputs) == len(targets)
    return -1.0 if sample_weight is None else sample_weight.sum()


def test_functions_in_an_evaluation():
    net, y = pass_through(1), X[:, 0] + rng.normal(size=ROWS)
    found = net.evaluate(
        X[:, :1],
        y,
        loss="mse",
        metrics=["mae", largest_error, {"same": shapes, "mean": lambda p, t: np.mean(p - t)}],
    )
    assert list(found) == ["loss", "mae", "largest_error", "same", "mean"]
    assert found["largest_error"] == np.abs(X[:, 0] - y).max()
    assert found["same"] == 1.0  # (B,) would have met (B, 1)
    labels = np.argmax(X, axis=1)
    hits = {"hits": lambda p, t: (p.argmax(1) == t).sum()}
    assert pass_through(3).evaluate(X, labels, loss="cross_entropy", metrics=[hits])["hits"] == ROWS


def test_a_dict_of_functions_alone():
    net, y = pass_through(1), X[:, :1]
    history = net.fit(X[:, :1], y, loss="mse", metrics={"largest": largest_error})
    assert history.largest == [
        net.evaluate(X[:, :1], y, loss="mse", metrics={"largest": largest_error})["largest"]
    ]


def test_functions_get_targets_and_weights_that_they_cannot_write_into():
    def write(p, t, sample_weight):
        for array in (t, sample_weight):
            with pytest.raises(ValueError, match="read-only"):
                array[:] = 0
        return 0.0

    net, y, weights = pass_through(1), X[:, :1].copy(), np.ones(ROWS)
    net.fit(X[:, :1], y, loss="mse", sample_weight=weights, metrics=[write])
    net.evaluate(X[:, :1], y, loss="mse", sample_weight=weights, metrics=[write])
    y[:], weights[:] = 0, 0  # the caller's own stay writable


@BOTH
def test_functions_that_take_weights_get_them(weights):
    net, y = pass_through(1), X[:, :1]
    found = net.evaluate(
        y, y, loss="mse", sample_weight=weights, metrics=[weight_of_all, largest_error]
    )
    assert found["weight_of_all"] == (-1.0 if weights is None else weights.sum())
    balanced = pass_through(3).evaluate(
        X, np.argmax(X, 1), loss="cross_entropy", class_weight="balanced", metrics=[weight_of_all]
    )
    assert balanced["weight_of_all"] == pytest.approx(ROWS, rel=1e-12)


def test_functions_in_a_training():
    y = X[:, :1] - 1
    options = {"loss": "mse", "metrics": [largest_error, "mae"], "epochs": 3, "batch_size": 100}
    nets = [wb.Network.mlp([3, 2, 1], seed=1) for _ in "12"]
    seen, after = [], []

    def look(_, history):
        seen.append(len(history))
        after.append(largest_error(nets[0].predict(X), y))

    alone = nets[0].fit(X, y, callback=look, **options)
    assert seen == [1, 2, 3]  # the series is whole when a callback looks
    assert alone.largest_error == after
    val = X[:50], y[:50]
    beside = nets[1].fit(X, y, validation_data=val, **options)
    assert nets[0] == nets[1]
    assert set(beside.names) == {"loss", "mae", "val_loss", "val_mae", "val_largest_error"}
    assert beside.val_largest_error[-1] == largest_error(nets[1].predict(X[:50]), y[:50])


def test_a_function_that_fails_ends_the_fit_with_the_epochs_so_far():
    calls = []

    def failing(outputs, targets):
        calls.append(outputs - targets)
        if len(calls) == 3:
            raise KeyError("no")
        return 1.0

    net = wb.Network.mlp([3, 1], seed=1)
    with pytest.raises(KeyError, match="no"):
        net.fit(X, X[:, :1], loss="mse", epochs=5, metrics=[failing])
    assert net.history.status == "failed"
    assert len({len(series) for series in net.history.to_dict().values()}) == 1
    assert net.history.failing[:2] == [1.0, 1.0]
    assert math.isnan(net.history.failing[2])


class Nameless:
    def __call__(self, outputs, targets):
        return float(outputs.shape == targets.shape)


REFUSED = """
[lambda p, t: 0.0]
    ValueError {OP} expected a metric of one's own to have a name such as 'cost', got '<lambda>'
[Nameless()]
    ValueError {OP} expected a metric of one's own to have a name such as 'cost', got ''
[{"two words": max}]
    ValueError {OP} expected a metric of one's own to have a name such as 'cost', got 'two words'
[{"loss": max}]
    ValueError {OP} expected a metric of one's own to have a name of its own, got 'loss'
[{"mae": max}]
    ValueError {OP} expected a metric of one's own to have a name of its own, got 'mae'
[{"val_cost": max}]
    ValueError {OP} expected a metric of one's own to have a name of its own, got 'val_cost'
[{"cost": 3}]
    TypeError {OP} expected the metric cost to be callable as function(outputs, targets), got 3
[max, {"max": min}]
    ValueError {OP} expected each of metrics once, got ['max', 'max']
["mae", wb.metrics.MAE()]
    ValueError {OP} expected each of metrics once, got ['mae', 'mae']
{"cost": 3}
    TypeError {OP} expected the metric cost to be callable as function(outputs, targets), got 3
[{"cost": lambda p, t: "a"}]
    TypeError {OP} expected what the metric cost returns to be a number, got 'a'
[{"cost": lambda p, t: p}]
    TypeError {OP} expected what the metric cost returns to be a number, got an array of shape
["top_k(0)"]
    ValueError {OP} expected k of top_k to be a whole number of at least 1, got '0'
["top_k(2.5)"]
    ValueError {OP} expected k of top_k to be a whole number of at least 1, got '2.5'
["f1"]
    ValueError {OP} expected metrics that go with the loss mse, got 'f1'
["roc_auc"]
    ValueError {OP} expected metrics that go with the loss mse, got 'roc_auc'
[wb.metrics.Accuracy]
    TypeError {OP} expected metrics to be one of accuracy, * got <class
"""


@pytest.mark.parametrize(("expression", "error", "text"), cases(REFUSED))
@pytest.mark.parametrize("operation", ["fit", "evaluate"])
def test_refused_metrics(expression, error, text, operation):
    net = wb.Network.mlp([4, 3], seed=0)
    metrics = evaluated(expression, Nameless=Nameless)
    call = getattr(net, operation)
    text = text.replace("{OP}", f"[{operation}]")
    check(error, text, lambda: call(TEN, TEN_TARGETS, loss="mse", metrics=metrics))


@pytest.mark.parametrize("name", ["names", "status", "interrupted", "parameters", "to_dict"])
def test_names_that_a_history_has_are_not_free(name):
    net = wb.Network.mlp([4, 3], seed=0)
    check(
        ValueError,
        f"[fit] expected a metric of one's own to have a name of its own, got {name!r}",
        lambda: net.fit(TEN, TEN_TARGETS, loss="mse", metrics=[{name: largest_error}]),
    )


LABEL = """
dict(loss="cross_entropy", y=LABELS, metrics=["f1(3)"])
    ValueError [evaluate] expected label of f1 to be below 3, got 'f1(3)'
dict(loss="cross_entropy", y=Y, metrics=["mae"])
    ValueError [evaluate] expected class targets y of at least 0, got
dict(loss="cross_entropy", y=LABELS, metrics=["mae"])
    ValueError [evaluate] expected metrics that go with the loss cross_entropy, got 'mae'
dict(loss="binary_cross_entropy", y=ONE_HOT, metrics=["top_k"])
    ValueError [evaluate] expected metrics that go with the loss binary_cross_entropy, got 'top_k'
dict(loss="binary_cross_entropy", y=ONE_HOT, metrics=["recall(-2)"])
    ValueError [evaluate] expected label of recall to be a whole number of at least 0, or -1, got
"""


@pytest.mark.parametrize(("expression", "error", "text"), cases(LABEL))
def test_metrics_go_with_losses_and_outputs(expression, error, text):
    options = evaluated(expression)
    net = wb.Network.mlp([4, 3], seed=0)
    check(error, text, lambda: net.evaluate(TEN, options.pop("y"), **options))
    assert net.parameters.size == 15


def test_a_single_output_has_two_labels():
    net = wb.Network.mlp([4, 1], seed=0)
    check(
        ValueError,
        "[evaluate] expected label of recall to be below 2, got 'recall(2)'",
        lambda: net.evaluate(TEN, TEN_LABELS > 0, loss="focal", metrics=["recall(2)"]),
    )
