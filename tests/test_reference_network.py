"""The reference's layers, losses, initializers and training against NumPy and differences."""

import copy
import math
import statistics
import sys
from pathlib import Path

import numpy as np
import pytest

from wbcore.reference import (
    ACTIVATIONS,
    FLOAT32,
    FLOAT64,
    INITIALIZERS,
    LOSSES,
    OPTIMIZERS,
    SGD,
    Adam,
    Layer,
    Network,
    Stream,
    activations,
    fit,
    from_draws,
    initial_weights,
    loss_and_gradient,
    losses,
    network,
    new_state,
    optimizers,
    step,
)

sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.cases.examples import EXAMPLES, choices, examples

BOTH = pytest.mark.parametrize("arith", [FLOAT32, FLOAT64], ids=repr)
Phi = np.vectorize(statistics.NormalDist().cdf)
phi = np.vectorize(statistics.NormalDist().pdf)


# ---- initializers


def expected_weights(name, g, u, o):
    """The formulas of the page in NumPy; o holds the options."""
    fan_in, fan_out = g.shape

    def between(low, high):
        return low + (high - low) * u

    return {
        "zeros": lambda: np.zeros(g.shape),
        "ones": lambda: np.ones(g.shape),
        "constant": lambda: np.full(g.shape, o["value"]),
        "normal": lambda: g * o["std"] + o["mean"],
        "uniform": lambda: between(o["low"], o["high"]),
        "xavier": lambda: g * np.sqrt(1 / fan_in),
        "lecun_normal": lambda: g * np.sqrt(1 / fan_in),
        "he": lambda: g * np.sqrt(2 / fan_in),
        "glorot_normal": lambda: g * np.sqrt(2 / (fan_in + fan_out)),
        "lecun_uniform": lambda: between(-np.sqrt(3 / fan_in), np.sqrt(3 / fan_in)),
        "he_uniform": lambda: between(-np.sqrt(6 / fan_in), np.sqrt(6 / fan_in)),
        "glorot_uniform": lambda: between(
            -np.sqrt(6 / (fan_in + fan_out)), np.sqrt(6 / (fan_in + fan_out))
        ),
    }[name]()


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"truncated_normal", "orthogonal"}))
def test_initializers_have_the_bits_of_their_formulas(name):
    rng = np.random.default_rng(11)
    g, u = rng.standard_normal((7, 5)), rng.random((7, 5))
    for choice in (INITIALIZERS[name](), *examples(INITIALIZERS[name])):
        options = {number: getattr(choice, number) for number in choice.defaults()}
        ours = from_draws(str(choice), (u if choice.draws == "uniforms" else g).tolist())
        assert ours == expected_weights(name, g, u, options).tolist()


def test_truncated_normal_is_cut_at_two_deviations():
    normal = statistics.NormalDist()
    u = [0.0, 2.0**-53, 0.1, 0.5, 0.9, 1 - 2.0**-53]
    (x,) = from_draws("truncated_normal(0, 1)", [u])
    left, right = normal.cdf(-2), normal.cdf(2)
    assert x == pytest.approx([normal.inv_cdf(left + v * (right - left)) for v in u], abs=1e-14)
    assert max(map(abs, x)) <= 2 + 2.0**-50
    (scaled,) = from_draws("truncated_normal(0.3, 0.7)", [u])
    assert scaled == [0.7 * v + 0.3 for v in x]


@pytest.mark.parametrize("shape", [(1, 1), (6, 6), (9, 4), (4, 9), (1, 5), (300, 3)])
def test_orthogonal_is_the_q_of_qr(shape):
    rng = np.random.default_rng(11)
    draws = rng.standard_normal(shape)
    tall = draws if shape[0] >= shape[1] else draws.T
    ours = np.array(from_draws("orthogonal(2)", draws.tolist())) / 2
    ours = ours if shape[0] >= shape[1] else ours.T
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))  # Gram-Schmidt divides by positive lengths
    rows, columns = tall.shape
    eps = 2.0**-52
    assert np.abs(ours.T @ ours - np.eye(columns)).max() <= rows * columns * eps
    assert np.abs(ours - q).max() <= rows * columns * eps * np.linalg.cond(tall)


def test_orthogonal_stays_so_with_columns_that_hardly_differ():
    hilbert = [[1 / (row + column + 1) for column in range(7)] for row in range(9)]
    assert np.linalg.cond(hilbert) > 1e8
    ours = np.array(from_draws("orthogonal", hilbert))
    assert np.abs(ours.T @ ours - np.eye(7)).max() <= 9 * 7 * 2.0**-52


@BOTH
@pytest.mark.parametrize("choice", choices(INITIALIZERS), ids=str)
def test_seeds_give_the_draws_of_the_layers_stream(arith, choice):
    ours = initial_weights(arith, choice, (4, 3), 5, 2)
    stream = Stream((5, 2))
    uniform = choice.draws == "uniforms"
    draws = np.reshape(stream.uniforms(12) if uniform else stream.normals(12), (4, 3))
    expected = np.array(from_draws(choice, draws.tolist())).astype(arith.dtype)
    assert ours == expected.tolist()


def test_unknown_names_are_refused_with_the_known_ones():
    known = "unknown {} 'none'; known: .*{}"
    with pytest.raises(ValueError, match=known.format("initializer", "glorot_uniform")):
        from_draws("none", [[0.0]])
    with pytest.raises(ValueError, match=known.format("loss", "cross_entropy")):
        loss_and_gradient(FLOAT64, "none", [[0.0]], [[0.0]])
    with pytest.raises(ValueError, match=known.format("activation", "softmax")):
        activations.forward(FLOAT64, "none", [0.0])
    with pytest.raises(ValueError, match=known.format("activation", "softmax")):
        activations.backward(FLOAT64, "none", [0.0], [0.0], [0.0])


# ---- named choices


@pytest.mark.parametrize("table", [ACTIVATIONS, INITIALIZERS, LOSSES, OPTIMIZERS])
def test_a_choice_is_read_back_from_its_text(table):
    for choice in choices(table):
        assert table.choice(str(choice)) == choice
        assert table.choice(choice) is choice
        assert (str(choice) == choice.name) == (choice == type(choice)())


def test_texts_have_the_numbers_up_to_the_last_that_is_not_its_default():
    assert str(LOSSES.choice("huber(1.0)")) == str(LOSSES.choice("huber()")) == "huber"
    assert str(LOSSES.choice(" huber( 0.1 ) ")) == "huber(0.1)"
    assert str(INITIALIZERS.choice("normal(0, 1)")) == "normal(0, 1)"
    assert str(INITIALIZERS.choice("normal(0.5, 0.05)")) == "normal(0.5)"
    assert str(SGD(0.05, decay_biases=True)) == "sgd(0.05)"
    assert str(Adam(epsilon=1e-7)) == "adam(0.001, 0.9, 0.999, 1e-07)"
    assert OPTIMIZERS.choice("sgd(0.1, 0.9, 1)") == SGD(0.1, 0.9, nesterov=True)


@pytest.mark.parametrize(
    "text", ["huber(1, 2)", "huber(", "huber(1", "huber(x)", "huber(1))", "huber(,)", "mse(1)"]
)
def test_texts_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match=r"\[losses\] expected (huber\(delta|mse\(no numbers)\)"):
        LOSSES.choice(text)


def test_a_number_without_an_example_is_named(monkeypatch):
    monkeypatch.delitem(EXAMPLES, "beta2")
    with pytest.raises(ValueError, match="expected an example of 'beta2', a number of 'adam'"):
        list(choices(OPTIMIZERS))


# ---- activations and losses by their definitions

DEFINITIONS = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "leaky_relu": lambda z, slope: np.where(z > 0, z, slope * z),
    "elu": lambda z, alpha: np.where(z > 0, z, alpha * np.expm1(z)),
    "softplus": lambda z: np.logaddexp(z, 0),
    "gelu": lambda z: z * Phi(z),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(),
}


def numbers_of(choice):
    return [getattr(choice, number) for number in choice.defaults()]


@BOTH
@pytest.mark.parametrize(
    "choice", [c for c in choices(ACTIVATIONS) if c.name in DEFINITIONS], ids=str
)
def test_activations_are_what_they_are_called(arith, choice):
    rng = np.random.default_rng(11)
    z = np.concatenate([rng.uniform(-12, 12, 60), rng.uniform(-1, 1, 20)]).astype(arith.dtype)
    with np.errstate(over="ignore"):
        expected = DEFINITIONS[choice.name](z.astype(np.float64), *numbers_of(choice))
    eps = float(np.finfo(arith.dtype).eps)
    ours = activations.forward(arith, str(choice), z.tolist())
    assert ours == pytest.approx(expected, rel=16 * eps, abs=1e-15)
    assert ours == [arith.T(a) for a in ours]


@BOTH
@pytest.mark.parametrize("name", [str(choice) for choice in choices(ACTIVATIONS)])
def test_activations_stand_any_finite_sum(arith, name):
    z = [-1000.0, 1000.0, -1e30, 1e30, 0.0, -0.0]
    z = [arith.T(x) for x in z]
    a = activations.forward(arith, name, z)
    assert all(map(math.isfinite, a))
    assert all(map(math.isfinite, activations.backward(arith, name, [1.0] * 6, z, a)))


def cross_entropy(z, t):
    return -(t * (z - np.log(np.exp(z).sum(axis=1, keepdims=True)))).sum(axis=1)


def huber(y, t, delta):
    d = np.abs(y - t)
    return np.where(d <= delta, d**2 / 2, delta * (d - delta / 2))


LOSS_DEFINITIONS = {
    "mse": lambda y, t: (y - t) ** 2,
    "mae": lambda y, t: np.abs(y - t),
    "huber": huber,
    "binary_cross_entropy": lambda z, t: np.logaddexp(z, 0) - t * z,
    "cross_entropy": cross_entropy,
}


@BOTH
@pytest.mark.parametrize(
    "loss", [c for c in choices(LOSSES) if c.name in LOSS_DEFINITIONS], ids=str
)
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (130, 2)])
def test_losses_are_what_they_are_called(arith, loss, shape):
    rng = np.random.default_rng(11)
    y = rng.uniform(-3, 3, shape).astype(arith.dtype)
    t = rng.random(shape)
    t = (t / t.sum(axis=1, keepdims=True)).astype(arith.dtype)
    terms = LOSS_DEFINITIONS[loss.name](
        y.astype(np.float64), t.astype(np.float64), *numbers_of(loss)
    )
    expected = terms.mean()
    ours, _ = loss_and_gradient(arith, str(loss), y.tolist(), t.tolist())
    # Every term is below 16 and known to 4 units in the last place; then sum(shape) roundings.
    eps = float(np.finfo(arith.dtype).eps)
    assert ours == pytest.approx(expected, abs=(64 + 16 * sum(shape)) * eps)


def test_labels_are_rows_with_a_one():
    rng = np.random.default_rng(11)
    X = rng.standard_normal((4, 3)).tolist()
    net = Network.mlp(FLOAT64, [3, 5], "identity", initializer="he", seed=1)
    rows = [[float(k == label) for k in range(5)] for label in (4, 0, 2, 2)]
    by_labels = net.loss_and_gradients(X, [4, 0, 2, 2], "cross_entropy")
    assert by_labels == net.loss_and_gradients(X, rows, "cross_entropy")
    assert losses.target_rows([4, 0, 2, 2], 5) == rows


# ---- gradients by central differences


def central_differences(values, loss, h=2.0**-17):
    """d loss / d value for every number of a list of lists, changed in place and put back."""
    result = []
    for row in values:
        for k, value in enumerate(row):
            row[k] = value + h
            above = loss()
            row[k] = value - h
            below = loss()
            row[k] = value
            result.append((above - below) / (2 * h))
    return np.array(result)


def small_problem(hidden, output, seed=3):
    """A network of two layers, a batch, and targets that every loss takes."""
    rng = np.random.default_rng(seed)
    net = Network(
        [
            Layer(rng.normal(0, 0.7, (3, 4)).tolist(), rng.normal(0, 0.3, 4).tolist(), hidden),
            Layer(rng.normal(0, 0.7, (4, 3)).tolist(), rng.normal(0, 0.3, 3).tolist(), output),
        ],
        FLOAT64,
    )
    y = rng.random((5, 3))
    y = y / y.sum(axis=1, keepdims=True)
    return net, rng.normal(size=(5, 3)).tolist(), y.tolist()


HIDDEN = [str(choice) for choice in choices(ACTIVATIONS) if choice.elementwise]
PAIRS = [
    ("tanh", output, str(loss))
    for loss in choices(LOSSES)
    for output in loss.undoes or map(str, choices(ACTIVATIONS))
] + [(hidden, "identity", loss) for loss in LOSSES for hidden in HIDDEN]


@pytest.mark.parametrize(("hidden", "output", "loss"), PAIRS)
def test_gradients_are_differences_of_the_loss(hidden, output, loss):
    net, X, y = small_problem(hidden, output)

    def value():
        return net.loss_and_gradients(X, y, loss)[0]

    _, gradients, dX = net.loss_and_gradients(X, y, loss)
    for layer, gradient in zip(net.layers, gradients, strict=True):
        # The error is h^2 / 6 of a third derivative, and the rounding of the loss over h.
        near = {"rtol": 1e-7, "atol": 1e-9}
        numbers = central_differences(layer.weights, value)
        np.testing.assert_allclose(np.ravel(gradient.weights), numbers, **near)
        numbers = central_differences([layer.biases], value)
        np.testing.assert_allclose(gradient.biases, numbers, **near)
        assert np.abs(numbers).max() > 1e-4
    np.testing.assert_allclose(np.ravel(dX), central_differences(X, value), **near)


def test_entropies_refuse_other_last_layers():
    net, X, y = small_problem("tanh", "relu")
    with pytest.raises(ValueError, match="cross_entropy works on identity or softmax, not relu"):
        net.loss_and_gradients(X, y, "cross_entropy")


# ---- training


@pytest.mark.parametrize("decay_biases", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_training_is_that_of_textbooks(momentum, nesterov, weight_decay, decay_biases):
    """Momentum as I. Sutskever et al. have it, Nesterov's step from the point ahead."""
    net, X, y = small_problem("tanh", "identity")
    X, y = X + X + [X[0]], y + y + [y[0]]  # 11 rows: batches of 4, 4 and 3
    parameters = [np.array(p) for layer in net.layers for p in (layer.weights, layer.biases)]
    velocities = [np.zeros_like(p) for p in parameters]
    averages = []
    for epoch in range(3):
        order = Stream((8, 2**63 + epoch)).permutation(11)
        squares = []
        for rows in (order[:4], order[4:8], order[8:]):
            inputs, targets = np.array(X)[rows], np.array(y)[rows]
            W0, b0, W1, b1 = parameters
            A = np.tanh(inputs @ W0 + b0)
            error = A @ W1 + b1 - targets
            squares += (error**2).ravel().tolist()
            dY = 2 * error / error.size
            dA = dY @ W1.T * (1 - A**2)
            gradients = [inputs.T @ dA, dA.sum(axis=0), A.T @ dY, dY.sum(axis=0)]
            for p, v, g in zip(parameters, velocities, gradients, strict=True):
                d = g + weight_decay * p * (decay_biases or p.ndim == 2)
                v[:] = momentum * v + d
                p[:] = p - 0.1 * (d + momentum * v if nesterov else v)
        averages.append(np.mean(squares))
    optimizer = SGD(0.1, momentum, nesterov, weight_decay, decay_biases=decay_biases)
    history = fit(net, X, y, loss="mse", optimizer=optimizer, epochs=3, batch_size=4, seed=8)
    assert history == pytest.approx(averages, rel=1e-12)
    ours = [p for layer in net.layers for p in (layer.weights, layer.biases)]
    for p, expected in zip(ours, parameters, strict=True):
        np.testing.assert_allclose(p, expected, rtol=1e-11, atol=1e-13)


def test_without_shuffle_an_epoch_is_its_batches_in_order():
    net, X, y = small_problem("relu", "identity")
    other = copy.deepcopy(net)
    optimizer = SGD(0.1, 0.5)
    fit(net, X, y, loss="mse", optimizer=optimizer, epochs=1, batch_size=3, shuffle=False)
    state = new_state(other, optimizer)
    for rows in (slice(0, 3), slice(3, 5)):
        _, gradients, _ = other.loss_and_gradients(X[rows], y[rows], "mse")
        step(other, gradients, state, optimizer)
    assert net.layers == other.layers


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_float32_network_stays_in_float32(hidden):
    net = Network.mlp(FLOAT32, [3, 4, 3], hidden, initializer="glorot_normal", seed=2)
    _, X, y = small_problem("relu", "identity")
    before = copy.deepcopy(net.layers)
    optimizer = SGD(0.1, 0.9, nesterov=True, weight_decay=0.01, decay_biases=True)
    fit(net, X, y, loss="cross_entropy", optimizer=optimizer, epochs=2, batch_size=2)
    _, gradients, dX = net.loss_and_gradients(X, y, "cross_entropy")
    everything = [dX, net.predict(X), [row for g in gradients for row in (*g.weights, g.biases)]]
    everything.append([row for layer in net.layers for row in (*layer.weights, layer.biases)])
    for matrix in everything:
        assert matrix == [[float(np.float32(x)) for x in row] for row in matrix]
    assert all(a.weights != b.weights for a, b in zip(net.layers, before, strict=True))


@pytest.mark.parametrize("decay_biases", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_adam_is_that_of_its_paper(weight_decay, decay_biases):
    """Kingma and Ba's algorithm 1, with the gradient of an L2 penalty."""
    net, X, y = small_problem("tanh", "identity")
    parameters = [np.array(p) for layer in net.layers for p in (layer.weights, layer.biases)]
    means, squares = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    optimizer = Adam(0.03, 0.8, 0.95, 1e-5, weight_decay, decay_biases=decay_biases)
    state = new_state(net, optimizer)
    for t in range(1, 31):
        _, gradients, _ = net.loss_and_gradients(X, y, "mse")
        flat = [np.array(g) for layer in gradients for g in (layer.weights, layer.biases)]
        step(net, gradients, state, optimizer)
        for p, m, v, g in zip(parameters, means, squares, flat, strict=True):
            d = g + weight_decay * p * (decay_biases or p.ndim == 2)
            m[:] = 0.8 * m + 0.2 * d
            v[:] = 0.95 * v + 0.05 * d**2
            p[:] = p - 0.03 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.95**t)) + 1e-5)
        ours = [np.array(p) for layer in net.layers for p in (layer.weights, layer.biases)]
        for p, expected in zip(ours, parameters, strict=True):
            np.testing.assert_allclose(p, expected, rtol=1e-11, atol=1e-13)
    assert state.steps == 30
    assert list(state.arrays) == ["m", "v"]
    for name, expected in (("m", means), ("v", squares)):
        kept = [p for layer in state.arrays[name] for p in (layer.weights, layer.biases)]
        for ours, array in zip(kept, expected, strict=True):
            np.testing.assert_allclose(ours, array, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.999, 1 - 2.0**-53])
def test_powers_are_powers(beta):
    for t in (0, 1, 2, 3, 7, 10, 1000, 2**40 + 1):
        assert optimizers.power(beta, t) == pytest.approx(
            beta**t, rel=t.bit_length() * 1e-4 + 1e-12
        )
    assert optimizers.power(0.9, 3) == (0.9 * 0.9) * 0.9


@BOTH
@pytest.mark.parametrize("optimizer", choices(OPTIMIZERS), ids=str)
def test_a_fit_is_its_steps_and_goes_on_where_another_ended(arith, optimizer):
    """And stays in its format, states too."""
    net = Network.mlp(arith, [3, 4, 3], "tanh", seed=2)
    _, X, y = small_problem("relu", "identity")
    parts = copy.deepcopy(net)
    state = new_state(net, optimizer)
    arguments = {"loss": "mse", "optimizer": optimizer, "batch_size": 2, "seed": 4}
    history = fit(net, X, y, epochs=3, state=state, **arguments)
    kept = new_state(parts, optimizer)
    halves = fit(parts, X, y, epochs=1, state=kept, **arguments)
    halves += fit(parts, X, y, epochs=2, first_epoch=1, state=kept, **arguments)
    assert halves == history
    assert parts.layers == net.layers
    assert kept == state
    assert state.steps == 9
    for layers in (net.layers, *state.arrays.values()):
        for row in (row for layer in layers for row in (*layer.weights, layer.biases)):
            assert row == [arith.T(x) for x in row]


# ---- layers without biases, and frozen ones


@pytest.mark.parametrize("optimizer", choices(OPTIMIZERS), ids=str)
def test_without_biases_a_layer_is_as_with_zeros_that_never_change(optimizer):
    bare = Network.mlp(FLOAT32, [3, 4, 3], "tanh", bias=False, seed=2)
    net = Network.mlp(FLOAT32, [3, 4, 3], "tanh", seed=2)
    _, X, y = small_problem("relu", "identity")
    assert [layer.biases for layer in bare.layers] == [None, None]
    states = [new_state(network, optimizer) for network in (bare, net)]
    for _ in range(3):
        assert bare.predict(X) == net.predict(X)
        (loss, ours, dX), expected = (n.loss_and_gradients(X, y, "mse") for n in (bare, net))
        assert (loss, dX) == (expected[0], expected[2])
        assert [g.biases for g in ours] == [None, None]
        assert [g.weights for g in ours] == [g.weights for g in expected[1]]
        step(bare, ours, states[0], optimizer)
        step(net, expected[1], states[1], optimizer)
        for layer in net.layers:
            layer.biases = [0.0] * len(layer.biases)
    assert [layer.weights for layer in bare.layers] == [layer.weights for layer in net.layers]


@pytest.mark.parametrize("optimizer", choices(OPTIMIZERS), ids=str)
@pytest.mark.parametrize("trainable", [(False, True), (True, False), (False, False)])
def test_frozen_layers_do_not_move(optimizer, trainable):
    net, X, y = small_problem("tanh", "identity")
    free = copy.deepcopy(net)
    for layer, moves in zip(net.layers, trainable, strict=True):
        layer.trainable = moves
    before = copy.deepcopy(net.layers)
    state = new_state(net, optimizer)
    _, gradients, dX = net.loss_and_gradients(X, y, "mse", inputs=False)
    assert dX is None
    _, expected, dX = free.loss_and_gradients(X, y, "mse")
    assert net.loss_and_gradients(X, y, "mse") == (_, gradients, dX)
    for ours, theirs, moves in zip(gradients, expected, trainable, strict=True):
        assert ours == theirs if moves else not np.any(ours.weights) and not np.any(ours.biases)
    arguments = {"loss": "mse", "optimizer": optimizer, "epochs": 2, "batch_size": 2}
    start = copy.deepcopy(state.arrays)
    fit(net, X, y, state=state, **arguments)
    moved = [ours.weights != old.weights for ours, old in zip(net.layers, before, strict=True)]
    assert moved == list(trainable)
    for name, array in state.arrays.items():
        for kept, first, moves in zip(array, start[name], trainable, strict=True):
            assert moves or kept == first


def test_backward_stops_at_the_first_layer_that_is_trained(monkeypatch):
    net = Network.mlp(FLOAT64, [3, 4, 4, 3], "tanh", seed=2)
    _, X, y = small_problem("relu", "identity")
    net.layers[0].trainable = net.layers[1].trainable = False
    passed = []
    monkeypatch.setattr(network, "input_gradient", lambda *_: passed.append(1) or X)
    net.loss_and_gradients(X, y, "mse", inputs=False)
    assert passed == []
    for layer in net.layers:
        layer.trainable = False
    net.loss_and_gradients(X, y, "mse", inputs=False)
    assert passed == []
