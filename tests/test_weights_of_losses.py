"""Weights of rows and classes beside output weights, levels, margins, smoothing and functions."""

import numpy as np
import pytest
from refusals import check
from support import DTYPES, assert_same_layers, in_reference, problem

import wbcore as wb
from wbcore import reference

BOTH = pytest.mark.parametrize("dtype", DTYPES)
COUNTS = np.random.default_rng(5).integers(0, 4, 40)
LOSSES = [
    "mse[1, 0, 2.5]",
    "huber(0.7)[0.5, 1, 3]",
    "binary_cross_entropy[1, 2, 3]",
    "quantile(0.1, 0.5, 0.9)",
    "quantile(0.1, 0.5, 0.9)[1, 2, 1]",
    "cross_entropy(0.1)",
    "squared_hinge[1, 2, 3]",
]


def network(loss="mse", dtype="float64", outputs=3, seed=1):
    last = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}
    activation = last.get(loss.partition("(")[0].partition("[")[0], "identity")
    widths = [4, 6, outputs]
    return wb.Network.mlp(widths, "tanh", output_activation=activation, seed=seed, dtype=dtype)


def rows(loss, n=40, seed=2):
    X, y = problem(seed, loss.partition("[")[0], n, 4, 3)
    return X, y[:, 0] if loss.startswith("quantile") else y  # one target for all levels


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_weight_is_a_number_of_repetitions(loss):
    net, (X, y) = network(loss), rows(loss)
    again = np.repeat(np.arange(40), COUNTS)
    value, gradients = net.loss_and_gradients(X, y, loss, sample_weight=COUNTS)
    expected, those = net.loss_and_gradients(X[again], y[again], loss)
    close(value, expected)
    close(gradients.flat, those.flat)
    close(
        net.evaluate(X, y, loss=loss, sample_weight=COUNTS)["loss"],
        net.evaluate(X[again], y[again], loss=loss)["loss"],
    )


@BOTH
@pytest.mark.parametrize("loss", LOSSES)
def test_the_reference_has_the_bits(loss, dtype):
    X, y = rows(loss, n=300)
    weights = np.random.default_rng(4).exponential(size=300)
    weights[100:260] = 0
    net = network(loss, dtype)
    other = in_reference(net)
    arguments = {"loss": loss, "batch_size": 150, "epochs": 1, "seed": 5}
    history = net.fit(X, y, sample_weight=weights, optimizer=wb.SGD(0.05), **arguments)
    targets = y[:, None].tolist() if loss.startswith("quantile") else y.tolist()
    chosen = reference.LOSSES.choice(loss.partition("[")[0])
    if "[" in loss:
        given = tuple(float(w) for w in loss.partition("[")[2][:-1].split(","))
        chosen = type(chosen)(*chosen.numbers, output_weights=given)
    losses = reference.fit(
        other,
        X.tolist(),
        targets,
        sample_weight=weights.tolist(),
        optimizer=reference.SGD(0.05),
        **(arguments | {"loss": chosen}),
    )
    assert history.to_dict() == {"loss": losses}
    assert_same_layers(net, other.layers)


# ---- labels of hinges

LABELS = np.random.default_rng(7).choice(3, 60, p=[0.7, 0.2, 0.1])
FEATURES = np.random.default_rng(8).normal(size=(60, 4))


@BOTH
@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_metrics_of_labels_of_a_hinge_are_those_of_classes(loss, dtype):
    """All but scores: outputs of a hinge are compared as they are, not as probabilities."""
    weights = np.random.default_rng(3).exponential(size=60)
    net = network(loss, dtype)
    names = ["accuracy", "balanced_accuracy", "precision", "recall(2)", "f1"]
    options = {"sample_weight": weights, "metrics": names}
    ours = net.evaluate(FEATURES, LABELS, loss=loss, **options)
    theirs = net.evaluate(FEATURES, LABELS, loss="cross_entropy", **options)
    assert [ours[name] for name in names] == [theirs[name] for name in names]
    ranks = ["roc_auc", "average_precision(1)"]
    found = net.evaluate(FEATURES, LABELS, loss=loss, sample_weight=weights, metrics=ranks)
    expected = reference.evaluate(
        in_reference(net),
        FEATURES.tolist(),
        LABELS.tolist(),
        loss=loss,
        metrics=ranks,
        sample_weight=weights.tolist(),
    )
    assert found == expected
    scores = net.predict(FEATURES)[:, 1]
    as_answers = wb.Network([wb.Dense(1, 1, initializer="ones")], dtype=dtype)
    of_one = as_answers.evaluate(
        scores[:, None],
        np.where(LABELS == 1, 1, -1),
        loss="hinge",
        sample_weight=weights.astype(dtype),
        metrics=["average_precision"],
    )
    assert found["average_precision(1)"] == pytest.approx(of_one["average_precision"], rel=1e-12)


def test_a_hinge_has_no_probabilities_and_no_errors():
    net = network("hinge")
    for name in ("log_loss", "top_k", "mae", "mse", "rmse", "r2"):
        check(
            ValueError,
            f"[evaluate] expected metrics that go with the loss hinge, got '{name}'",
            lambda name=name: net.evaluate(FEATURES, LABELS, loss="hinge", metrics=[name]),
        )


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "cross_entropy(0.2)", "kl_divergence"])
def test_class_weights_of_labels_are_those_of_their_rows(loss):
    """Whatever a label stands for at the outputs."""
    table, by_row = {0: 0.5, 2: 3}, np.array([0.5, 1, 3])[LABELS]
    net = network(loss)
    ours, theirs = (
        net.loss_and_gradients(FEATURES, LABELS, loss, **weights)
        for weights in ({"class_weight": table}, {"sample_weight": by_row})
    )
    assert ours[0] == theirs[0]
    assert ours[1].flat.tobytes() == theirs[1].flat.tobytes()


@pytest.mark.parametrize("shape", [(60,), (60, 1)])
@pytest.mark.parametrize("no", [0, -1])
def test_class_weights_of_one_margin(no, shape):
    y = np.where(LABELS == 0, 1.0, no).reshape(shape)
    net = network(outputs=1)
    expected = net.loss_and_gradients(
        FEATURES, y, "hinge", sample_weight=np.where(LABELS == 0, 5.0, 2.0)
    )
    for table in ({0: 2, 1: 5}, {-1: 2, 1: 5}):
        value, gradients = net.loss_and_gradients(FEATURES, y, "hinge", class_weight=table)
        assert value == expected[0]
        assert gradients.flat.tobytes() == expected[1].flat.tobytes()
    positive = (LABELS == 0).sum()
    balanced = np.where(LABELS == 0, 30 / positive, 30 / (60 - positive))
    close(
        net.evaluate(FEATURES, y, loss="hinge", class_weight="balanced")["loss"],
        net.evaluate(FEATURES, y, loss="hinge", sample_weight=balanced)["loss"],
    )


def test_class_weights_that_no_margin_has():
    net, y = network(outputs=1), np.where(LABELS == 0, 1, -1)

    def asked(y, **options):
        return lambda: net.evaluate(FEATURES, y, loss="hinge", **options)

    check(
        ValueError,
        "[evaluate] expected class_weight to have each label once, got -1 and 0",
        asked(y, class_weight={-1: 1, 0: 2}),
    )
    check(
        ValueError,
        "[evaluate] expected a label in class_weight to be an integer from -1 to 1, got 2",
        asked(y, class_weight={2: 1}),
    )
    check(
        ValueError,
        "[evaluate] expected targets y of 0 and 1, or of -1 and 1, for hinge, got 2 at y[",
        asked(LABELS, class_weight={1: 3}),
    )
    check(
        ValueError,
        "[evaluate] expected class_weight with a loss of classes",
        lambda: network().evaluate(FEATURES, np.ones((60, 3)), loss="mse", class_weight="balanced"),
    )
    check(
        ValueError,
        "[evaluate] expected integer labels y of shape (B,) for class_weight",
        lambda: network().evaluate(
            FEATURES, np.ones((60, 3)), loss="hinge", class_weight="balanced"
        ),
    )


# ---- functions as losses


def squares(outputs, targets, sample_weight=None):
    """The mean squared error, of rows that count as much as they are said to."""
    if sample_weight is None:
        sample_weight = np.ones(len(outputs))
    shares = sample_weight[:, None] / max(sample_weight.sum() * outputs.shape[1], 1e-300)
    d = outputs - targets
    return (shares * d * d).sum(), 2 * shares * d


@pytest.mark.parametrize("threads", [1, 3])
def test_a_function_that_takes_weights_is_the_loss_that_it_computes(threads):
    X, y = rows("mse", n=300)
    weights = np.random.default_rng(6).exponential(size=300)
    weights[5:40] = 0
    nets = network(), network()
    histories = []
    for net, loss in zip(nets, (squares, "mse"), strict=True):
        with wb.num_threads(threads):
            histories.append(
                net.fit(
                    X,
                    y,
                    loss=loss,
                    sample_weight=weights,
                    validation_data=(X, y, weights),
                    batch_size=32,
                    epochs=3,
                    seed=4,
                    metrics=["mae"],
                )
            )
    close(nets[0].parameters, nets[1].parameters)
    assert histories[0].names == histories[1].names
    for name in histories[0].names:
        close(getattr(histories[0], name), getattr(histories[1], name))
    value, gradients = nets[0].loss_and_gradients(X, y, squares, sample_weight=weights)
    expected, those = nets[0].loss_and_gradients(X, y, "mse", sample_weight=weights)
    close(value, expected)
    close(gradients.flat, those.flat)
    ours, theirs = (
        nets[0].evaluate(X, y, loss=loss, sample_weight=weights) for loss in (squares, "mse")
    )
    close(ours["loss"], theirs["loss"])


def test_a_function_is_given_the_weights_of_its_rows():
    X, y = rows("mse")
    weights, given = np.arange(40, dtype=np.float32), []

    def noting(outputs, targets, *, sample_weight):
        given.append((targets[:, 0].copy(), sample_weight.copy()))
        assert not sample_weight.flags.writeable
        return squares(outputs, targets, sample_weight)

    network().fit(X, y, loss=noting, sample_weight=weights, batch_size=16, seed=3)
    order = wb.random.permutation(40, 3, 0)
    for number, (targets, of_rows) in enumerate(given):
        batch = order[16 * number : 16 * number + 16]
        np.testing.assert_array_equal(targets, y[batch, 0])
        np.testing.assert_array_equal(of_rows, weights[batch])
    assert len(given) == 3
    assert weights.flags.writeable


def test_a_function_is_not_asked_about_rows_that_do_not_count():
    """Which have no mean: not in a batch, nor in a block of an evaluation."""
    X, y = rows("mse", n=300)
    weights = np.ones(300)
    weights[:160] = 0
    nets, asked = (network(), network()), []

    def noting(outputs, targets, sample_weight):
        asked.append(len(outputs))
        return squares(outputs, targets, sample_weight / sample_weight.any())

    options = {"sample_weight": weights, "optimizer": "sgd(0.05, 0.9)", "batch_size": 20}
    options |= {"shuffle": False, "epochs": 2, "validation_data": (X, y, weights)}
    ours, theirs = (
        net.fit(X, y, loss=loss, **options) for net, loss in zip(nets, (noting, "mse"), strict=True)
    )
    close(nets[0].parameters, nets[1].parameters)
    close(ours.loss, theirs.loss)
    close(ours.val_loss, theirs.val_loss)
    assert asked == 2 * [*(7 * [20]), 128, 44]


def plain(outputs, targets):
    return squares(outputs, targets)


def test_weights_that_a_function_could_not_know_of_are_refused():
    X, y = rows("mse")
    net = network()
    before = net.parameters.tobytes()
    text = " expected no sample_weight with the function as loss, got some: it gives the mean of a"
    of_classes = " expected no class_weight with a function as loss, whose targets may be anything"
    asked = {
        "fit": lambda **options: net.fit(X, y, loss=plain, **options),
        "evaluate": lambda **options: net.evaluate(X, y, loss=plain, **options),
        "loss_and_gradients": lambda **options: net.loss_and_gradients(X, y, plain, **options),
    }
    for operation, ask in asked.items():
        check(ValueError, f"[{operation}]{text}", lambda ask=ask: ask(sample_weight=np.ones(40)))
        check(ValueError, f"[{operation}]{of_classes}", lambda ask=ask: ask(class_weight={0: 1}))
    check(
        ValueError,
        f"[fit, validation_data]{text}",
        lambda: asked["fit"](validation_data=(X, y, np.ones(40))),
    )
    check(
        ValueError,
        "[fit] expected sample_weight of shape (40,), one for each row of X, got shape (9,)",
        lambda: net.fit(X, y, loss=squares, sample_weight=np.ones(9)),
    )
    check(
        ValueError,
        "[fit] expected sample_weight of numbers from 0 to 1e18, got -1 at sample_weight[0]",
        lambda: net.fit(X, y, loss=squares, sample_weight=-np.ones(40)),
    )
    assert net.parameters.tobytes() == before
    assert net.history is None


def nothing(outputs, _):
    return 0.0, 0 * outputs


def test_metrics_of_ones_own_get_the_targets_that_the_loss_has():
    X, y = rows("mse")
    seen = {}

    def noting(name):
        def note(outputs, targets):
            seen[name] = outputs.shape, targets.shape
            return 0.0

        return {name: note}

    cases = {
        "function_of_labels": (network(), LABELS[:40], nothing),
        "function_of_numbers": (network(outputs=1), y[:, 0], nothing),
        "labels_of_margins": (network(), LABELS[:40], "hinge"),
        "one_margin": (network(outputs=1), LABELS[:40] > 0, "hinge"),
        "levels": (network(), y[:, 0], "quantile(0.1, 0.5, 0.9)"),
    }
    for name, (net, targets, loss) in cases.items():
        net.evaluate(X, targets, loss=loss, metrics=[noting(name)])
    assert seen == {
        "function_of_labels": ((40, 3), (40,)),
        "function_of_numbers": ((40, 1), (40, 1)),
        "labels_of_margins": ((40, 3), (40,)),
        "one_margin": ((40, 1), (40, 1)),
        "levels": ((40, 3), (40, 1)),
    }
