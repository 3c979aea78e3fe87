"""The core against the reference, bit for bit, in float64 and float32."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import (
    ARITHMETIC,
    BITS,
    DTYPES,
    assert_same_bits,
    assert_same_layers,
    awkward_biases,
    choices,
    examples,
    hidden_activations,
    in_reference,
    last_activations,
    levels,
    optimizer,
    optimizer_settings,
    pairs,
    problem,
    tame_losses,
)

import wbcore as wb
from wbcore import _core, reference
from wbcore.reference import functions, normal

BOTH = pytest.mark.parametrize("dtype", DTYPES)
ACTIVATIONS = wb.activations.NAMES
ELEMENTWISE = [name for name in ACTIVATIONS if name in wb.activations.ELEMENTWISE]
LOSSES = choices("loss")

# Each draws its own numbers, the same ones in every run; time is spent on nets, not on shrinking.
exhaustive = settings(deadline=None, derandomize=True, print_blob=False)


# ---- elementary functions and activations


def points(dtype, seed=0):
    """Any bit patterns, numbers of usual sizes, and where algorithms change their way."""
    rng = np.random.default_rng(seed)
    info = np.finfo(dtype)
    kind = BITS[np.dtype(dtype)]
    patterns = rng.integers(0, np.iinfo(kind).max, 1500, dtype=kind, endpoint=True).view(dtype)
    edges = np.array([0.0, info.smallest_subnormal, 3 * info.smallest_subnormal, info.tiny])
    edges = [*edges, info.eps, 0.5, 2**-0.5, 1, np.log(2) / 2, np.log(2), 2, 5, 10, 15, 20, 39, 40]
    edges += [87.33, 88.72, 88.73, 89, 103.27, 103.97, 104, 708.39, 709.78, 710, 745.13, 746, 1e4]
    edges = np.array([*edges, info.max]).astype(dtype)
    edges = np.concatenate(
        [edges, np.nextafter(edges, dtype(0)), np.nextafter(edges[:-1], info.max)]
    )
    numbers = [rng.normal(0, scale, 500) for scale in (1e-3, 1, 20, 300)]
    x = np.concatenate([patterns, edges, -edges, *(n.astype(dtype) for n in numbers)])
    return x[np.isfinite(x)].astype(dtype)


@BOTH
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh", "sigmoid"])
def test_elementary_functions(dtype, name):
    x = points(np.dtype(dtype).type)
    if name == "expm1":
        x = -np.abs(x)
    if name == "log":
        x = x[x >= 0]
    if name == "log1p":
        x = np.abs(x[np.abs(x) <= 1])
    function = getattr(functions, name)
    expected = [function(ARITHMETIC[dtype], v) for v in x.tolist()]
    assert_same_bits(_core.elementwise(name, x), expected, name)


@BOTH
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_forward_and_backward(dtype, name):
    z = points(np.dtype(dtype).type)
    arith = ARITHMETIC[dtype]
    expected = reference.activations.forward(arith, name, z.tolist())
    a = getattr(wb, name)(z)
    assert_same_bits(a, expected, name)
    dA = np.random.default_rng(1).normal(size=z.shape).astype(dtype)
    dZ = _core.activation_backward(name, z, a, dA)
    rows = (dA.tolist(), z.tolist(), a.tolist())
    assert_same_bits(dZ, reference.activations.backward(arith, name, *rows), f"d{name}")


@BOTH
@pytest.mark.parametrize("width", [1, 2, 10, 255, 256, 257, 600])
def test_softmax(dtype, width):
    z = np.random.default_rng(width).normal(0, 5, (3, width)).astype(dtype)
    z[1] *= 40
    expected = [reference.activations.softmax(ARITHMETIC[dtype], row) for row in z.tolist()]
    assert_same_bits(wb.softmax(z), expected)


# ---- random numbers, and how networks start (each initializer: test_initializers.py)


@exhaustive
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 10**6))
def test_words_and_draws(k0, k1, start):
    stream = reference.Stream((k0, k1))
    ours = wb.random.philox_words(k0, k1, start=start, count=9)
    assert ours.tolist() == [stream.word(start + i) for i in range(9)]
    assert_same_bits(wb.random.uniform(k0, k1, 9), stream.uniforms(9))
    assert_same_bits(wb.random.standard_normal(k0, k1, 9), stream.normals(9))


@exhaustive
@given(st.integers(0, 2**64 - 1), st.integers(0, 1000), st.integers(0, 200))
def test_permutations(seed, epoch, n):
    expected = reference.random.shuffle_stream(seed, epoch).permutation(n)
    assert wb.random.permutation(n, seed=seed, epoch=epoch).tolist() == expected


def test_quantile_in_its_tails():
    rng = np.random.default_rng(2)
    u = np.concatenate([rng.random(2000), 2.0 ** rng.uniform(-1074, -1, 1000)])
    edges = [0.075, 0.925, np.exp(-25.0), 2.0**-1074]
    edges = np.array([*edges, *np.nextafter(edges, 1), 1 - 2.0**-53])
    u = np.concatenate([u, edges])
    assert_same_bits(_core.normal_quantile(u), [normal.quantile(v) for v in u.tolist()])


@BOTH
@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_networks_start_alike(dtype, activation):
    net = wb.Network.mlp([5, 4, 3], activation=activation, seed=9, dtype=dtype)
    expected = reference.Network.mlp(ARITHMETIC[dtype], [5, 4, 3], activation, seed=9)
    assert_same_layers(net, expected.layers)


@BOTH
@pytest.mark.parametrize("name", wb.initializers.BIAS_NAMES)
def test_biases_have_streams_of_their_own(dtype, name):
    net = wb.Network(
        [wb.Dense(2, 3, "tanh", "he", name), wb.Dense(3, 5, "tanh", "he", name)], 4, dtype
    )
    expected = reference.Network.mlp(
        ARITHMETIC[dtype],
        [2, 3, 5],
        "tanh",
        output_activation="tanh",
        initializer="he",
        bias_initializer=name,
        seed=4,
    )
    assert_same_layers(net, expected.layers)


# ---- losses


@BOTH
@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 7), (37, 2), (130, 3), (37, 10), (17, 16), (17, 17), (300, 1), (3, 600)]
)
def test_losses(dtype, labels, loss, shape):
    shape = shape[0], shape[1] * levels(loss)
    _, y = problem(5, loss, shape[0], 1, shape[1], labels=labels)
    outputs = (np.random.default_rng(6).normal(0, 3, shape)).astype(dtype)
    outputs.flat[0] = -87.5
    arith = ARITHMETIC[dtype]
    targets = reference.losses.target_rows(y.tolist(), shape[1])
    targets = [[arith.T(t) for t in row] for row in targets]
    if loss == "mae":
        outputs.flat[-1] = targets[-1][-1]  # a difference of zero has the gradient zero
    value, gradient = wb.losses.loss_and_gradient(loss, outputs, y)
    expected = reference.loss_and_gradient(arith, loss, outputs.tolist(), targets)
    assert value.hex() == expected[0].hex()
    assert_same_bits(gradient, expected[1], loss)


# ---- networks


@st.composite
def networks(draw, max_width=40, max_rows=70, losses=LOSSES):
    """A network with drawn widths, depth and activations, and a batch for it."""
    widths = draw(st.lists(st.integers(1, max_width), min_size=2, max_size=5))
    loss = draw(st.sampled_from(losses))
    widths[-1] *= levels(loss)
    last = draw(st.sampled_from(last_activations(loss)))
    hidden = [draw(st.sampled_from(hidden_activations())) for _ in widths[2:]]
    shapes = zip(itertools.pairwise(widths), [*hidden, last], strict=True)
    layers = [
        wb.Dense(*shape, activation, bias=draw(st.sampled_from([True, True, False])))
        for shape, activation in shapes
    ]
    seed = draw(st.integers(0, 2**32))
    net = wb.Network(layers, seed=seed, dtype=draw(st.sampled_from(DTYPES)))
    awkward_biases(net, seed)
    rows = draw(st.integers(1, max_rows))
    return (
        net,
        loss,
        problem(seed, loss, rows, widths[0], widths[-1], labels=draw(st.booleans())),
        seed,
    )


def assert_same_passes(net, loss, X, y, seed):
    """Prediction, backward from any gradient, and the loss with its gradients."""
    other = in_reference(net)
    inputs = X.tolist()
    passes = other.forward(inputs)
    assert_same_bits(net.predict(X), passes[-1].A, "predict")
    assert_same_bits(net.forward(X), passes[-1].A, "forward")

    dY = np.random.default_rng(seed + 1).normal(size=passes_shape(passes)).astype(net.dtype)
    ours = net.backward(dY)
    gradients, dX = other.backward(passes, dY.tolist())
    assert_same_layers(ours, gradients, "backward")
    assert_same_bits(ours.inputs, dX, "dX")

    value, ours = net.loss_and_gradients(X, y, loss=loss)
    expected, gradients, _ = other.loss_and_gradients(inputs, y.tolist(), loss)
    assert value.hex() == expected.hex()
    assert_same_layers(ours, gradients, loss)
    assert net.evaluate(X, y, loss=loss)["loss"].hex() == expected.hex()


def passes_shape(passes):
    return len(passes[-1].A), len(passes[-1].A[0])


@settings(exhaustive, max_examples=examples(60))
@given(networks())
def test_passes_of_networks_of_any_shape(drawn):
    net, loss, (X, y), seed = drawn
    assert_same_passes(net, loss, X, y, seed)


@BOTH
@pytest.mark.parametrize("last", choices("activation"))
def test_sums_longer_than_their_leaves(dtype, last):
    """I = 600 takes three leaves of 256, B = 300 three of 128."""
    net = wb.Network([wb.Dense(600, 2, last)], seed=1, dtype=dtype)
    loss = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}.get(last, "huber(0.7)")
    if last in ("identity", "softmax", "gelu"):  # the others differ in their activation alone
        assert_same_passes(net, loss, *problem(2, loss, 300, 600, 2), seed=2)
    X, _ = problem(3, loss, 3, 600, 2)
    assert_same_bits(net.predict(X), in_reference(net).predict(X.tolist()))


@BOTH
@pytest.mark.parametrize("loss", LOSSES)
def test_sums_over_many_outputs(dtype, loss):
    """O = 600: the sums of softmax, of row losses and of the gradient of the layer before."""
    net = wb.Network([wb.Dense(2, 3, "tanh"), wb.Dense(3, 600)], seed=1, dtype=dtype)
    awkward_biases(net, 1)
    assert_same_passes(net, loss, *problem(4, loss, 3, 2, 600), seed=4)


# ---- training

OPTIMIZERS = optimizer_settings()


def assert_same_training(net, X, y, rule, *, decay_biases=False, **arguments):
    """A fit with an optimizer of this text: its losses, and all parameters after it."""
    other = in_reference(net)
    before = net.parameters.copy()
    ours, expected = optimizer(rule, decay_biases=decay_biases)
    diverged = None
    try:
        history = net.fit(X, y, optimizer=ours, **arguments)
    except wb.DivergenceError as error:  # a drawn network may be too steep: so is the reference's
        diverged = error.epoch
    losses = reference.fit(other, X.tolist(), y.tolist(), optimizer=expected, **arguments)
    if diverged is not None:
        assert not np.isfinite(losses[diverged])
        return other
    assert [loss.hex() for loss in history.loss] == [loss.hex() for loss in losses]
    assert_same_layers(net, other.layers, rule)
    assert not np.array_equal(net.parameters, before)
    return other


def has_its_last_activation(case):
    return not case.keys() >= {"loss", "last"} or case["last"] in last_activations(case["loss"])


TRAININGS = pairs(
    {
        "optimizer": OPTIMIZERS,
        "last": choices("activation"),
        "hidden": hidden_activations(),
        "loss": LOSSES,
        "biases": [(True, True), (False, True), (True, False), (False, False)],
        "trainable": [(True, True), (False, True), (True, False)],
        "dropout": [0.0, 0.3],
        "rows, batch size": [(5, 3), (4, 4), (3, 1)],
        "dtype": DTYPES,
        "decay_biases": [False, True],
        "labels": [True, False],
        "shuffle": [True, False],
    },
    has_its_last_activation,
)


@pytest.mark.parametrize("case", TRAININGS, ids=lambda case: " ".join(map(str, case.values())))
def test_training_with_every_pair_of_choices(case):
    layers = [
        wb.Dense(*shape, activation, bias=bias, trainable=trainable, dropout=dropout)
        for shape, activation, bias, trainable, dropout in zip(
            [(3, 4), (4, 3)],
            [case["hidden"], case["last"]],
            case["biases"],
            case["trainable"],
            (case["dropout"], 0.0),
            strict=True,
        )
    ]
    net = wb.Network(layers, seed=TRAININGS.index(case), dtype=case["dtype"])
    awkward_biases(net, 1)
    rows, size = case["rows, batch size"]
    X, y = problem(TRAININGS.index(case), case["loss"], rows, 3, 3, labels=case["labels"])
    if case["last"] == "exp":  # which runs away at such rates, from inputs of unit size
        X = X / 64
    assert_same_training(
        net,
        X,
        y,
        case["optimizer"],
        decay_biases=case["decay_biases"],
        loss=case["loss"],
        shuffle=case["shuffle"],
        batch_size=size,
        epochs=2,
        seed=TRAININGS.index(case),
    )


@st.composite
def trainings(draw):
    """Ten steps, as one to ten epochs whose last batch may be partial."""
    net, loss, _, seed = draw(networks(max_rows=1, losses=tame_losses()))
    epochs = draw(st.sampled_from([1, 2, 5, 10]))
    steps, size = 10 // epochs, draw(st.integers(1, 35))
    rows = (steps - 1) * size + draw(st.integers(1, size))
    X, y = problem(seed, loss, rows, net.widths[0], net.widths[-1], labels=draw(st.booleans()))
    arguments = {
        "loss": loss,
        "epochs": epochs,
        "batch_size": size,
        "shuffle": draw(st.sampled_from([True, True, False])),
        "seed": draw(st.integers(0, 2**64 - 1)),
    }
    return net, X, y, draw(st.sampled_from(OPTIMIZERS)), arguments


@settings(exhaustive, max_examples=examples(30))
@given(trainings())
def test_ten_steps_of_networks_of_any_shape(training):
    net, X, y, rule, arguments = training
    assert_same_training(net, X, y, rule, **arguments)


@BOTH
def test_steps_of_ones_own_and_a_second_fit(dtype):
    net = wb.Network.mlp([3, 5, 2], activation="gelu", seed=3, dtype=dtype)
    other = in_reference(net)
    ours = wb.SGD(0.05, momentum=0.8, nesterov=True)
    expected = reference.SGD(0.05, momentum=0.8, nesterov=True)
    state = reference.new_state(other, expected)
    X, y = problem(7, "cross_entropy", 9, 3, 2)
    for _ in range(3):
        _, gradients = net.loss_and_gradients(X, y, loss="cross_entropy")
        ours.step(net, gradients)
        _, gradients, _ = other.loss_and_gradients(X.tolist(), y.tolist(), "cross_entropy")
        reference.step(other, gradients, state, expected)
        assert_same_layers(net, other.layers)
    arguments = {"loss": "cross_entropy", "epochs": 1, "batch_size": 4}
    for _ in range(2):
        net.fit(X, y, optimizer=ours, **arguments)
        reference.fit(other, X.tolist(), y.tolist(), optimizer=expected, state=state, **arguments)
        assert_same_layers(net, other.layers)


@BOTH
def test_validation_is_the_loss_over_all_its_rows(dtype):
    net = wb.Network.mlp([3, 4, 2], activation="silu", seed=3, dtype=dtype)
    X, y = problem(7, "mse", 300, 3, 2)
    history = net.fit(X[:4], y[:4], loss="mse", validation_data=(X, y))
    expected, _, _ = in_reference(net).loss_and_gradients(X.tolist(), y.tolist(), "mse")
    assert [loss.hex() for loss in history.val_loss] == [expected.hex()]


@BOTH
def test_validation_metrics_are_those_of_an_evaluation(dtype):
    net = wb.Network.mlp([3, 4, 2], activation="silu", seed=3, dtype=dtype)
    X, y = problem(7, "mse", 641, 3, 2)
    names = METRICS_OF["mse"]
    history = net.fit(X[:4], y[:4], loss="mse", metrics=names, validation_data=(X, y))
    arguments = {"loss": "mse", "metrics": names}
    expected = reference.evaluate(in_reference(net), X.tolist(), y.tolist(), **arguments)
    ours = {name: getattr(history, f"val_{name}")[0].hex() for name in ("loss", *names)}
    assert ours == {name: value.hex() for name, value in expected.items()}


# ---- metrics

METRICS_OF = {loss: ["mae", "mse", "r2"] for loss in wb.losses.NAMES}
METRICS_OF["binary_cross_entropy"] = ["accuracy", "mae", "mse", "r2"]
METRICS_OF["cross_entropy"] = ["accuracy"]


def hexadecimal(values):
    return {name: [v.hex() for v in series] for name, series in values.items()}


@BOTH
@pytest.mark.parametrize("size", [1, 7, 128, 129, 300, 641])
@pytest.mark.parametrize("threads", [1, 3])
def test_metrics_of_a_training(dtype, size, threads):
    """641 rows take six leaves; batches of 300 three, three and one."""
    for loss in ("mse", "binary_cross_entropy", "cross_entropy"):
        net = wb.Network.mlp([2, 3, 2], activation="relu", seed=1, dtype=dtype)
        other = in_reference(net)
        X, y = problem(3, loss, 641, 2, 2, labels=size != 7)
        arguments = {"loss": loss, "batch_size": size, "epochs": 1, "seed": 5}
        with wb.num_threads(threads):
            history = net.fit(X, y, metrics=METRICS_OF[loss], optimizer=wb.SGD(0.05), **arguments)
        expected = {name: [] for name in METRICS_OF[loss]}
        reference.fit(
            other,
            X.tolist(),
            y.tolist(),
            metrics=expected,
            optimizer=reference.SGD(0.05),
            **arguments,
        )
        ours = {name: getattr(history, name) for name in METRICS_OF[loss]}
        assert hexadecimal(ours) == hexadecimal(expected)


@BOTH
@pytest.mark.parametrize("rows", [1, 2, 127, 128, 129, 257, 385, 641, 1030])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_metrics_of_an_evaluation(dtype, rows, threads):
    for loss in ("huber", "binary_cross_entropy", "cross_entropy"):
        net = wb.Network.mlp([2, 2], seed=1, dtype=dtype)
        X, y = problem(rows, loss, rows, 2, 2)
        with wb.num_threads(threads):
            ours = net.evaluate(X, y, loss=loss, metrics=METRICS_OF[loss])
        expected = reference.evaluate(
            in_reference(net), X.tolist(), y.tolist(), loss=loss, metrics=METRICS_OF[loss]
        )
        assert {k: v.hex() for k, v in ours.items()} == {k: v.hex() for k, v in expected.items()}


@BOTH
def test_metrics_of_targets_that_do_not_change(dtype):
    """One output is constant and hit, one constant and missed, one far from 0."""
    net = wb.Network([wb.Dense(1, 3)], seed=0, dtype=dtype)
    net[0].weights[:] = [[0.0, 0.0, 1.0]]
    net[0].biases[:] = [0.1, 0.2, 1000.0]
    X = np.random.default_rng(4).normal(size=(300, 1))
    y = np.hstack([np.full((300, 2), np.dtype(dtype).type(0.1)), 1000.5 + X])
    for rows in (300, 1):
        ours = net.evaluate(X[:rows], y[:rows], loss="mse", metrics=["r2"])
        expected = reference.evaluate(
            in_reference(net), X[:rows].tolist(), y[:rows].tolist(), loss="mse", metrics=["r2"]
        )
        assert ours["r2"].hex() == expected["r2"].hex()
    assert ours["r2"] == 1 / 3  # of one row, nothing but a hit is explained
