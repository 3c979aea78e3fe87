"""Weights of rows and of classes: repetitions and absence, in loss, metrics and validation."""

import tracemalloc

import numpy as np
import pytest
from refusals import cases, check, evaluated
from sklearn.utils.class_weight import compute_class_weight
from support import (
    DTYPES,
    assert_same_layers,
    choices,
    in_reference,
    last_activations,
    problem,
    row_of,
)

import wbcore as wb
from wbcore import reference

BOTH = pytest.mark.parametrize("dtype", DTYPES)
LOSSES = choices("loss")
COUNTS = np.random.default_rng(5).integers(0, 4, 40)
COUNTS[0] = 0  # also the row that others are compared with
ERRORS = ["mae", "mse", "r2", "rmse"]
METRICS = {
    "numbers": ERRORS,
    "counts": ERRORS,
    "positives": ERRORS,
    "signs": [
        *("accuracy", "balanced_accuracy", "precision", "recall", "f1", "f1(2)", "roc_auc"),
        *("roc_auc(1)", "average_precision", "average_precision(0)"),
    ],
    "probabilities": [
        *("mae", "mse", "r2", "rmse", "accuracy", "balanced_accuracy", "precision", "recall"),
        *("f1", "precision(0)", "recall(1)", "f1(1)", "log_loss", "roc_auc", "roc_auc(0)"),
        *("average_precision", "average_precision(1)"),
    ],
    "classes": [
        *("accuracy", "balanced_accuracy", "top_k(2)", "precision", "recall", "f1", "f1(2)"),
        *("log_loss", "roc_auc", "roc_auc(1)", "average_precision", "average_precision(0)"),
    ],
}


def metrics_of(loss):
    return METRICS.get(row_of("loss", loss).properties["targets"], [])


def network(loss, dtype="float64", seed=1):
    last = last_activations(loss)[-1]
    return wb.Network.mlp([4, 6, 3], "tanh", output_activation=last, seed=seed, dtype=dtype)


def rows(loss, seed=2, n=40):
    return problem(seed, loss, n, 4, 3)


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_weight_is_a_number_of_repetitions_in_loss_gradients_and_metrics(loss):
    net, (X, y) = network(loss), rows(loss)
    value, gradients = net.loss_and_gradients(X, y, loss, sample_weight=COUNTS)
    again = np.repeat(np.arange(40), COUNTS)
    expected, those = net.loss_and_gradients(X[again], y[again], loss)
    close(value, expected)
    close(gradients.flat, those.flat)
    options = {"loss": loss, "metrics": metrics_of(loss)}
    ours = net.evaluate(X, y, sample_weight=COUNTS, **options)
    twice = net.evaluate(X[again], y[again], **options)
    assert list(ours) == list(twice)
    close(list(ours.values()), list(twice.values()))


@pytest.mark.parametrize("loss", LOSSES)
def test_so_it_is_in_training(loss):
    """With the same batches: all rows are one."""
    nets, (X, y) = (network(loss), network(loss)), rows(loss)
    again = np.repeat(np.arange(40), COUNTS)
    metrics = metrics_of(loss)
    options = {"loss": loss, "optimizer": "adam(0.01)", "epochs": 15, "metrics": metrics}
    options |= {"shuffle": False, "batch_size": 1000}
    ours = nets[0].fit(X, y, sample_weight=COUNTS, validation_data=(X, y, COUNTS), **options)
    theirs = nets[1].fit(X[again], y[again], validation_data=(X[again], y[again]), **options)
    close(nets[0].parameters, nets[1].parameters)
    assert ours.names == theirs.names
    for name in ours.names:
        close(getattr(ours, name), getattr(theirs, name))


@BOTH
@pytest.mark.parametrize("loss", LOSSES)
def test_fit_is_the_loop_of_ones_own_to_the_bit(loss, dtype):
    nets, (X, y) = (network(loss, dtype), network(loss, dtype)), rows(loss)
    weights = np.abs(np.random.default_rng(3).normal(size=40))
    weights[[3, 17]] = 0
    optimizer = wb.Adam(0.01)
    history = nets[0].fit(
        X, y, loss=loss, sample_weight=weights, shuffle=False, batch_size=16, optimizer="adam(0.01)"
    )
    total = 0.0
    for first in range(0, 40, 16):
        part = slice(first, first + 16)
        value, gradients = nets[1].loss_and_gradients(
            X[part], y[part], loss, sample_weight=weights[part]
        )
        optimizer.step(nets[1], gradients)
        total += value * weights[part].sum() / weights.sum()
    assert nets[0] == nets[1]
    assert history.loss[0] == pytest.approx(total, rel=1e-5 if dtype == "float32" else 1e-12)


@BOTH
@pytest.mark.parametrize("loss", LOSSES)
def test_weights_of_one_change_no_bit(loss, dtype):
    nets, (X, y) = (network(loss, dtype), network(loss, dtype)), rows(loss)
    options = {"loss": loss, "batch_size": 7, "epochs": 2, "metrics": metrics_of(loss)}
    options["optimizer"] = "sgd(0.05, 0.9)"
    weighted = nets[0].fit(X, y, sample_weight=np.ones(40, bool), validation_data=(X, y), **options)
    plain = nets[1].fit(X, y, validation_data=(X, y, np.ones(40)), **options)
    assert nets[0] == nets[1]
    assert weighted == plain


@BOTH
def test_only_the_ratios_of_weights_count(dtype):
    """Exactly for powers of two, and far from what 1 / n could hold."""
    loss, weights = "cross_entropy", 1.0 + COUNTS
    X, y = rows(loss)
    expected, gradients = network(loss, dtype).loss_and_gradients(X, y, loss, sample_weight=weights)
    for factor in (2.0**-50, 2.0**50):
        value, those = network(loss, dtype).loss_and_gradients(
            X, y, loss, sample_weight=weights * factor
        )
        assert value == expected
        assert those.flat.tobytes() == gradients.flat.tobytes()
    mixed = weights.copy()
    mixed[:8] *= 2.0**-120  # the first batch has little beside the others, but a step of its own
    many, few = network(loss, dtype), network(loss, dtype)
    many.fit(X, y, loss=loss, sample_weight=mixed, shuffle=False, batch_size=8)
    few.fit(X, y, loss=loss, sample_weight=weights, shuffle=False, batch_size=8)
    assert many == few


def test_a_row_without_weight_may_be_out_of_range():
    net = network("mse")
    X, y = rows("mse")
    y[4] = 1e200
    weights = np.ones(40)
    weights[4] = 0
    rest = np.arange(40) != 4
    value, gradients = net.loss_and_gradients(X, y, "mse", sample_weight=weights)
    expected, those = net.loss_and_gradients(X[rest], y[rest], "mse")
    close(value, expected)
    close(gradients.flat, those.flat)
    options = {"loss": "mse", "metrics": METRICS["numbers"]}
    ours = net.evaluate(X, y, sample_weight=weights, **options)
    close(list(ours.values()), list(net.evaluate(X[rest], y[rest], **options).values()))


@BOTH
def test_a_batch_without_weight_takes_a_step_of_no_gradient(dtype):
    """As the page says: velocities move parameters on, decay acts, steps are counted."""
    X, y = rows("mse", n=16)
    net, by_hand = network("mse", dtype), network("mse", dtype)
    optimizer, own = (wb.SGD(0.1, momentum=0.5, weight_decay=0.01) for _ in "12")
    weights = np.r_[np.ones(8), np.zeros(8)]
    history = net.fit(
        X, y, loss="mse", sample_weight=weights, shuffle=False, batch_size=8, optimizer=optimizer
    )
    value, gradients = by_hand.loss_and_gradients(X[:8], y[:8], "mse")
    own.step(by_hand, gradients)
    gradients.flat[:] = 0
    own.step(by_hand, gradients)
    assert net == by_hand
    assert optimizer.state(net).steps == own.state(by_hand).steps == 2
    assert history.loss == [value]


@pytest.mark.parametrize("as_weights", [np.float32, np.uint8, ">f8", "f2", list, "strided", "bool"])
def test_weights_of_any_layout_are_read_in_place(as_weights):
    X, y = rows("mse")
    whole = COUNTS.astype(float)
    if as_weights == "strided":
        wide = np.full((40, 3), np.nan)
        wide[:, 1] = whole
        given = wide[::-1, 1][::-1]
    elif as_weights == "bool":
        given, whole = COUNTS > 0, (COUNTS > 0).astype(float)
    else:
        given = COUNTS.tolist() if as_weights is list else COUNTS.astype(as_weights)
    for dtype in DTYPES:
        nets = network("mse", dtype), network("mse", dtype)
        options = {"loss": "mse", "batch_size": 16, "metrics": ["r2"]}
        histories = [
            net.fit(X, y, sample_weight=w, validation_data=(X, y, w), **options)
            for net, w in zip(nets, (given, whole), strict=True)
        ]
        assert nets[0] == nets[1]
        assert histories[0] == histories[1]


@BOTH
@pytest.mark.parametrize("loss", ["mse", "binary_cross_entropy", "cross_entropy"])
def test_threads_do_not_show(loss, dtype):
    X, y = rows(loss, n=700)
    weights = np.random.default_rng(6).exponential(size=700)
    found = []
    for threads in (1, 2, 3):
        net = network(loss, dtype)
        with wb.num_threads(threads):
            history = net.fit(
                X,
                y,
                loss=loss,
                sample_weight=weights,
                batch_size=300,
                metrics=metrics_of(loss),
                validation_data=(X, y, weights),
            )
            values = net.evaluate(
                X, y, loss=loss, metrics=metrics_of(loss), sample_weight=weights, n_threads=threads
            )
        found.append((net.parameters.tobytes(), history.to_dict(), values))
    assert found[0] == found[1] == found[2]


@BOTH
def test_weights_are_not_copied(dtype):
    """Two million rows: what a fit takes beside them is far less than they are."""
    n = 2_000_000
    X, y = np.zeros((n, 1), np.uint8), np.zeros(n, np.uint8)
    weights = np.broadcast_to(np.float64(2.0), n)  # a copy would be the first 16 MB
    net = wb.Network([wb.Dense(1, 2)], dtype=dtype)
    options = {"loss": "cross_entropy", "shuffle": False, "batch_size": 10_000}
    tracemalloc.start()
    net.fit(X, y, sample_weight=weights, **options)
    in_place = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    net.fit(X, y, class_weight="balanced", **options)
    of_classes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert in_place < 1 << 20
    assert of_classes < 8 * n + (64 << 20)  # the vector, and what is at hand of some rows


@BOTH
@pytest.mark.parametrize("threads", [1, 3])
def test_the_reference_has_the_bits(dtype, threads):
    """Batches of many leaves, some of them without weight, and equal scores."""
    for loss in ("huber", "binary_cross_entropy", "cross_entropy"):
        X, y = problem(3, loss, 641, 4, 3)
        X = np.round(X)
        weights = np.random.default_rng(4).exponential(size=641)
        weights[100:260] = 0
        names = metrics_of(loss)
        net = network(loss, dtype)
        other = in_reference(net)
        arguments = {"loss": loss, "batch_size": 150, "epochs": 1, "seed": 5}
        with wb.num_threads(threads):
            history = net.fit(
                X, y, metrics=names, sample_weight=weights, optimizer=wb.SGD(0.05), **arguments
            )
            ours = net.evaluate(X, y, loss=loss, metrics=names, sample_weight=weights)
        expected = {name: [] for name in names}
        losses = reference.fit(
            other,
            X.tolist(),
            y.tolist(),
            metrics=expected,
            sample_weight=weights.tolist(),
            optimizer=reference.SGD(0.05),
            **arguments,
        )
        theirs = reference.evaluate(
            other, X.tolist(), y.tolist(), loss=loss, metrics=names, sample_weight=weights.tolist()
        )
        assert history.to_dict() == {"loss": losses, **expected}
        assert ours == theirs
        assert_same_layers(net, other.layers)


# ---- classes

LABELS = np.random.default_rng(7).choice(3, 60, p=[0.7, 0.2, 0.1])
FEATURES = np.random.default_rng(8).normal(size=(60, 4))


def test_class_weights_are_sample_weights():
    table = {0: 0.5, 2: 3}
    by_row = np.array([0.5, 1, 3])[LABELS]
    for options, weights in (({}, by_row), ({"sample_weight": LABELS + 1}, by_row * (LABELS + 1))):
        nets = [network("cross_entropy") for _ in "12"]
        arguments = {"loss": "cross_entropy", "metrics": ["accuracy", "f1"], "batch_size": 16}
        ours = nets[0].fit(
            FEATURES,
            LABELS,
            class_weight=table,
            validation_data=(FEATURES, LABELS.astype(np.uint8)),
            **options,
            **arguments,
        )
        theirs = nets[1].fit(
            FEATURES,
            LABELS,
            sample_weight=weights,
            validation_data=(FEATURES, LABELS, by_row),
            **arguments,
        )
        assert nets[0] == nets[1]
        assert ours == theirs
        del arguments["batch_size"]
        assert nets[0].evaluate(
            FEATURES, LABELS, class_weight=table, **options, **arguments
        ) == nets[0].evaluate(FEATURES, LABELS, sample_weight=weights, **arguments)
        ours, theirs = (
            net.loss_and_gradients(FEATURES, LABELS, "cross_entropy", **chosen)
            for net, chosen in zip(
                nets, ({"class_weight": table, **options}, {"sample_weight": weights}), strict=True
            )
        )
        assert ours[0] == theirs[0]
        assert ours[1].flat.tobytes() == theirs[1].flat.tobytes()


@pytest.mark.parametrize("shape", [(60,), (60, 1)])
@pytest.mark.parametrize("dtype", [bool, np.int8, float])
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "focal"])
def test_class_weights_of_one_output(loss, shape, dtype):
    y = (LABELS == 0).astype(dtype).reshape(shape)
    net = wb.Network.mlp([4, 5, 1], seed=2)
    ours = net.evaluate(FEATURES, y, loss=loss, class_weight={0: 4.0, 1: 0.25})
    weights = np.where(LABELS == 0, 0.25, 4.0)
    assert ours == net.evaluate(FEATURES, y, loss=loss, sample_weight=weights)


@pytest.mark.parametrize("kind", ["plain", "weighted", "absent"])
def test_balanced_is_scikit_learns(kind):
    y = np.where(LABELS == 1, 2, LABELS) if kind == "absent" else LABELS
    classes = np.unique(y)
    own = np.arange(60) % 5 if kind == "weighted" else None
    if own is None:
        expected = compute_class_weight("balanced", classes=classes, y=y)
    else:  # what repetitions would give
        expected = compute_class_weight("balanced", classes=classes, y=np.repeat(y, own))
    net = network("cross_entropy")
    table = dict(zip(classes.tolist(), expected, strict=True))
    options = {"loss": "cross_entropy", "metrics": ["accuracy"], "sample_weight": own}
    ours = net.evaluate(FEATURES, y, class_weight="balanced", **options)
    theirs = net.evaluate(FEATURES, y, class_weight=table, **options)
    close(list(ours.values()), list(theirs.values()))
    if kind == "plain":
        with_classes = net.evaluate(
            FEATURES, y, class_weight="balanced", loss="cross_entropy", metrics=["accuracy"]
        )
        recall = net.evaluate(FEATURES, y, loss="cross_entropy", metrics=["balanced_accuracy"])
        assert with_classes["accuracy"] == pytest.approx(recall["balanced_accuracy"], rel=1e-12)


def test_validation_has_the_balance_of_the_training_data():
    val = FEATURES[:20], LABELS[:20]
    nets = [network("cross_entropy") for _ in "12"]
    weights = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    ours = nets[0].fit(
        FEATURES, LABELS, loss="cross_entropy", class_weight="balanced", validation_data=val
    )
    theirs = nets[1].fit(
        FEATURES,
        LABELS,
        loss="cross_entropy",
        sample_weight=weights[LABELS],
        validation_data=(*val, weights[LABELS[:20]]),
    )
    close(ours.val_loss, theirs.val_loss)


# ---- refusals

WEIGHTS = """
sample_weight=np.ones(9)
    ValueError {OP} expected sample_weight of shape (10,), one for each row of X, got shape (9,)
sample_weight=np.ones((10, 1))
    ValueError {OP} expected sample_weight of shape (10,), one for each row of X, got shape (10, 1)
sample_weight=2.0
    ValueError {OP} expected sample_weight of shape (10,), one for each row of X, got shape ()
sample_weight=np.r_[np.ones(9), -1]
    ValueError {OP} expected sample_weight of numbers from 0 to 1e18, got -1 at sample_weight[9]
sample_weight=np.r_[NAN, np.ones(9)]
    ValueError {OP} expected sample_weight of numbers from 0 to 1e18, got nan at sample_weight[0]
sample_weight=np.r_[1, INF, np.ones(8)]
    ValueError {OP} expected sample_weight of numbers from 0 to 1e18, got inf at sample_weight[1]
sample_weight=np.full(10, 1e19)
    ValueError {OP} expected sample_weight of numbers from 0 to 1e18, got 1e+19 at sample_weight[0]
sample_weight=np.zeros(10)
    ValueError {OP} expected weights of rows with a number of at least 1e-18, got none
sample_weight=np.full(10, 1e-30)
    ValueError {OP} expected weights of rows with a number of at least 1e-18, got none
sample_weight=np.full(10, "a")
    TypeError {OP} expected sample_weight as an array of real numbers, got dtype <U1
sample_weight=wb.Scaled(np.ones(10), 2)
    TypeError {OP} expected sample_weight as an array, got a Scaled, which is for X
class_weight="even"
    ValueError {OP} expected class_weight to be one of balanced, got 'even'
class_weight=[1, 2, 3]
    TypeError {OP} expected class_weight to be a dict such as {0: 1.0, 1: 5.0} or 'balanced', got [1
class_weight={3: 1}
    ValueError {OP} expected a label in class_weight to be an integer from 0 to 2, got 3
class_weight={"cat": 1}
    TypeError {OP} expected a label in class_weight to be an integer from 0 to 2, got 'cat'
class_weight={1: -1}
    ValueError {OP} expected class_weight[1] to be a number from 0 to 1e18, got -1
class_weight={1: "2"}
    TypeError {OP} expected class_weight[1] to be a number from 0 to 1e18, got '2'
class_weight={0: 0, 1: 0, 2: 0}
    ValueError {OP} expected weights of rows with a number of at least 1e-18, got none
class_weight="balanced", sample_weight=np.ones(3)
    ValueError {OP} expected sample_weight of shape (10,), one for each row of X, got shape (3,)
class_weight="balanced", sample_weight=np.r_[np.ones(9), -2]
    ValueError {OP} expected sample_weight of numbers from 0 to 1e18, got -2 at sample_weight[9]
class_weight="balanced", y=ONE_HOT
    ValueError {OP} expected integer labels y of shape (B,) for class_weight, got float64 of shape
class_weight="balanced", y=LABELS - 1
    ValueError {OP} expected class labels y in [0, 3), got -1 at y[0]
class_weight={0: 2}, y=Y, loss="mse"
    ValueError {OP} expected class_weight with a loss of classes, * got the loss mse of 3 outputs
"""
OPERATIONS = {
    "fit": lambda net, X, y, **options: net.fit(X, y, **options),
    "evaluate": lambda net, X, y, **options: net.evaluate(X, y, **options),
    "loss_and_gradients": lambda net, X, y, **options: net.loss_and_gradients(X, y, **options),
}


@pytest.mark.parametrize(("expression", "error", "text"), cases(WEIGHTS))
@pytest.mark.parametrize("operation", OPERATIONS)
def test_refused_weights(expression, error, text, operation):
    options = evaluated(f"dict(X=X, y=LABELS, loss='cross_entropy') | dict({expression})")
    net = network(options["loss"])
    before = net.parameters.tobytes()
    text = text.replace("{OP}", f"[{operation}]")
    check(error, text, lambda: OPERATIONS[operation](net, **options))
    assert net.parameters.tobytes() == before
    assert net.history is None


def test_class_weights_want_answers():
    net = wb.Network.mlp([4, 1])
    y = np.zeros(10)
    y[7] = 0.25
    check(
        ValueError,
        "[evaluate] expected targets y of 0 and 1 for class_weight, got 0.25 at y[7]",
        lambda: net.evaluate(FEATURES[:10], y, loss="binary_cross_entropy", class_weight={1: 2.0}),
    )


def test_refused_weights_of_validation():
    net = network("mse")
    X, y = rows("mse")
    check(
        ValueError,
        "[fit, validation_data] expected sample_weight of shape (40,), one for each row of X, got",
        lambda: net.fit(X, y, loss="mse", validation_data=(X, y, y)),
    )
    check(
        ValueError,
        "[fit, validation_data] expected integer labels y of shape (B,) for class_weight, got",
        lambda: network("cross_entropy").fit(
            FEATURES,
            LABELS,
            loss="cross_entropy",
            class_weight="balanced",
            validation_data=(FEATURES, np.eye(3)[LABELS]),
        ),
    )


@pytest.mark.parametrize("which", ["training", "validation"])
def test_weights_changed_by_a_callback_are_refused(which):
    X, y = rows("mse")
    weights = {name: np.ones(40) for name in ("training", "validation")}
    net = network("mse")
    states = []

    def callback(epoch, _):
        states.append(net.parameters.tobytes())
        if epoch == 1:
            weights[which][5] = np.nan

    name = "fit" if which == "training" else "fit, validation_data"
    check(
        ValueError,
        f"[{name}] expected sample_weight of numbers from 0 to 1e18, got nan at sample_weight[5]",
        lambda: net.fit(
            X,
            y,
            loss="mse",
            epochs=5,
            sample_weight=weights["training"],
            validation_data=(X, y, weights["validation"]),
            callback=callback,
        ),
    )
    assert net.parameters.tobytes() == states[-1]
    assert len(states) == 2
