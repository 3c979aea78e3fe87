"""Optimizers: the formulas, what they remember, hyper-parameters."""

import copy
import gc
import math
import pickle
import threading
import weakref
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import support

import wbcore as wb

X = np.random.default_rng(0).standard_normal((20, 3))
Y = np.random.default_rng(1).standard_normal((20, 2))

OPTIONS = [
    {"learning_rate": 0.1, "momentum": m, "nesterov": n, "weight_decay": d, "decay_biases": b}
    for m, n, d, b in product([0.0, 0.9], [False, True], [0.0, 0.01], [False, True])
    if m or not n
]


def network(dtype="float64", **options):
    return wb.Network.mlp([3, 4, 2], activation="tanh", seed=1, dtype=dtype, **options)


def fma(a, b, c):
    """With one rounding, for arrays of float64."""
    return np.array(
        [float(Fraction(x) * Fraction(y) + Fraction(z)) for x, y, z in np.broadcast(a, b, c)]
    )


@pytest.mark.parametrize("options", OPTIONS)
def test_step_is_the_formula(options):
    net, optimizer = network(), wb.SGD(**options)
    is_weight = np.concatenate(
        [np.repeat([True, False], [12, 4]), np.repeat([True, False], [8, 2])]
    )
    w, v = net.parameters.copy(), np.zeros(net.n_parameters)
    for _ in range(3):
        _, grads = net.loss_and_gradients(X, Y, loss="mse")
        optimizer.step(net, grads)
        g = grads.flat
        decayed = is_weight | options["decay_biases"]
        if options["weight_decay"]:
            g = np.where(decayed, fma(options["weight_decay"], w, g), g)
        if options["momentum"]:
            v = g = fma(options["momentum"], v, g)
            if options["nesterov"]:
                undecayed = grads.flat
                g = np.where(decayed, fma(options["weight_decay"], w, undecayed), undecayed)
                g = fma(options["momentum"], v, g)
        w = fma(-options["learning_rate"], g, w)
        assert net.parameters.tobytes() == w.tobytes()


@pytest.mark.parametrize("dtype", support.DTYPES)
@pytest.mark.parametrize("decay_biases", [False, True])
@pytest.mark.parametrize("text", support.optimizer_settings())
def test_own_loop_is_fit(text, decay_biases, dtype):
    fitted, looped = network(dtype), network(dtype)
    optimizer, _ = support.optimizer(text, decay_biases=decay_biases)
    loop, _ = support.optimizer(text, decay_biases=decay_biases)
    fitted.fit(X, Y, loss="mse", optimizer=optimizer, epochs=3, batch_size=8, shuffle=False)
    for _ in range(3):
        for start in range(0, 20, 8):
            batch = slice(start, start + 8)
            loop.step(looped, looped.loss_and_gradients(X[batch], Y[batch], loss="mse")[1])
    assert fitted.parameters.tobytes() == looped.parameters.tobytes()
    ours, theirs = optimizer.state(fitted), loop.state(looped)
    assert ours.steps == theirs.steps == 9
    assert ours.arrays.keys() == theirs.arrays.keys()
    for name, array in ours.arrays.items():
        assert array.tobytes() == theirs.arrays[name].tobytes()


@pytest.mark.parametrize("made", [wb.Adam(0.1), wb.AdamW(0.1, weight_decay=0.0)], ids=str)
def test_epsilon_hat_is_added_to_a_root_that_is_not_corrected(made):
    """Kingma and Ba, end of section 2; an epsilon so large that its place shows."""
    net = network()
    made.epsilon, made.epsilon_hat = 0.01, True
    w, m, v = net.parameters.copy(), 0.0, 0.0
    for t in range(1, 30):
        gradients = net.loss_and_gradients(X, Y, loss="mse")[1]
        made.step(net, gradients)
        m = 0.9 * m + 0.1 * gradients.flat
        v = 0.999 * v + 0.001 * gradients.flat**2
        w = w - 0.1 * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 0.01)
        np.testing.assert_allclose(net.parameters, w, rtol=1e-12, atol=1e-14)


def test_epsilon_hat_is_a_number_of_the_text():
    made = wb.Adam(0.5, epsilon_hat=True)
    assert str(made) == "adam(0.5, 0.9, 0.999, 1e-08, 0, 1)"
    assert wb.optimizers.check("test", str(made)).epsilon_hat is True
    assert str(wb.AdamW(epsilon_hat=False)) == "adamw"
    with pytest.raises(
        TypeError, match=r"^\[Adam\] expected epsilon_hat to be True or False, got 1$"
    ):
        wb.Adam(epsilon_hat=1)


STATEFUL = [wb.SGD(0.1, momentum=0.9), wb.Adam(0.01)]


@pytest.mark.parametrize("optimizer", STATEFUL, ids=str)
def test_a_state_that_is_set_goes_on(optimizer):
    optimizer, other = copy.copy(optimizer), copy.copy(optimizer)
    net = network()
    fit(net, optimizer, epochs=2)
    state = optimizer.state(net)
    assert state.steps == 2
    twin = net.copy()
    other.set_state(twin, state.steps, state.arrays)
    for each, by in ((net, optimizer), (twin, other)):
        fit(each, by)
    assert net == twin
    assert other.state(twin).steps == 3
    state.arrays[next(iter(state.arrays))][:] += 1  # live
    fit(net, optimizer)
    fit(twin, other)
    assert net != twin


def test_steps_can_be_assigned():
    optimizer, net = wb.Adam(), network()
    optimizer.state(net).steps = 5
    fit(net, optimizer)
    assert optimizer.state(net).steps == 6
    with pytest.raises(ValueError, match=r"\[state\] expected steps to be an integer from 0"):
        optimizer.state(net).steps = -1


def test_a_callback_sees_the_steps():
    optimizer, net = wb.Adam(), network()
    seen = []
    net.fit(
        *(X, Y),
        loss="mse",
        optimizer=optimizer,
        epochs=3,
        batch_size=8,
        callback=lambda *_: seen.append(optimizer.state(net).steps),
    )
    assert seen == [3, 6, 9]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (None, "expected arrays named m, v, got none"),
        ({"m": np.zeros(26)}, "expected arrays named m, v, got m"),
        ({"m": np.zeros(26), "w": np.zeros(26)}, "expected arrays named m, v, got m, w"),
        ({"m": np.zeros(26), "v": np.zeros(25)}, r"expected v of shape \(26,\), got shape \(25,\)"),
        ({"m": np.zeros(26), "v": np.full(26, np.nan)}, "expected v to be finite, got nan"),
    ],
)
def test_states_that_are_refused(arrays, message):
    optimizer, net = wb.Adam(), network()
    fit(net, optimizer)
    before = {name: array.copy() for name, array in optimizer.state(net).arrays.items()}
    with pytest.raises(ValueError, match=rf"\[set_state\] {message}"):
        optimizer.set_state(net, 1, arrays)
    assert optimizer.state(net).steps == 1
    for name, array in optimizer.state(net).arrays.items():
        assert array.tobytes() == before[name].tobytes()
    with pytest.raises(TypeError, match=r"\[state\] expected a Network, got 3"):
        optimizer.state(3)


def fit(net, optimizer, epochs=1):
    net.fit(X, Y, loss="mse", optimizer=optimizer, epochs=epochs, shuffle=False)


def test_velocity_lives_on_from_fit_to_fit():
    once, twice, forgetful = network(), network(), network()
    fit(once, wb.SGD(0.1, momentum=0.9), epochs=2)
    optimizer = wb.SGD(0.1, momentum=0.9)
    fit(twice, optimizer)
    fit(twice, optimizer)
    assert once == twice
    optimizer.reset()
    fit(forgetful, optimizer)
    optimizer.reset()
    fit(forgetful, optimizer)
    assert once != forgetful


def test_each_network_has_its_own_velocity():
    shared = wb.SGD(0.1, momentum=0.9)
    first, second, alone = network(), network(), network()
    for _ in range(2):
        fit(first, shared)
        fit(second, shared)
    fit(alone, wb.SGD(0.1, momentum=0.9), epochs=2)
    assert first == second == alone


def test_velocity_is_not_inherited_by_copies():
    optimizer, net = wb.SGD(0.1, momentum=0.9), network()
    fit(net, optimizer)
    start = net.copy()
    expected = net.copy()
    fit(expected, wb.SGD(0.1, momentum=0.9))
    for other_optimizer in (copy.copy(optimizer), copy.deepcopy(optimizer), optimizer):
        other = start.copy()
        fit(other, other_optimizer)
        assert other == expected


def test_velocity_goes_with_its_network():
    optimizer, net = wb.SGD(0.1, momentum=0.9), network()
    fit(net, optimizer)
    core = weakref.ref(net._core)
    assert len(optimizer._states) == 1
    del net
    gc.collect()
    assert core() is None
    assert len(optimizer._states) == 0


def test_hyper_parameters_can_change_between_steps():
    optimizer, net = wb.SGD(0.1), network()
    optimizer.learning_rate = 0.5
    before = net.parameters.copy()
    _, grads = net.loss_and_gradients(X, Y, loss="mse")
    optimizer.step(net, grads)
    assert net.parameters.tobytes() == fma(-0.5, grads.flat, before).tobytes()


def test_clipped_gradients_are_what_is_applied():
    optimizer, net = wb.SGD(1.0), network()
    before = net.parameters.copy()
    _, grads = net.loss_and_gradients(X, Y, loss="mse")
    grads.flat[:] = 0
    grads[1].biases[0] = 0.25
    optimizer.step(net, grads)
    assert np.flatnonzero(net.parameters != before).tolist() == [24]
    assert net[1].biases[0] == before[24] - 0.25


def test_repr_and_pickle():
    optimizer = wb.SGD(np.float32(0.5), momentum=0.9, nesterov=True)
    text = (
        "SGD(learning_rate=0.5, momentum=0.9, nesterov=True, weight_decay=0.0, decay_biases=False)"
    )
    assert repr(optimizer) == text
    assert repr(pickle.loads(pickle.dumps(optimizer))) == text


def test_unknown_attributes_are_refused():
    with pytest.raises(AttributeError):
        wb.SGD().learning_rte = 0.1


SMALL = 2.0**-150  # becomes 0 in float32, and whatever is larger does not


@pytest.mark.parametrize("name", ["learning_rate", "momentum", "weight_decay"])
@pytest.mark.parametrize("value", [1e-46, SMALL, 1e-300])
def test_numbers_that_are_zero_in_float32(name, value):
    message = rf"^\[\w+\] expected {name} of sgd to be a .*number .* in float32, got "
    refused(message, wb.SGD(**{name: value}))


@pytest.mark.parametrize("value", [0.9999999999, 1 - 2.0**-25, math.nextafter(1, 0)])
def test_momentum_that_is_one_in_float32(value):
    message = r"^\[\w+\] expected momentum of sgd to be a number from 0 to below 1 in float32"
    refused(message, wb.SGD(momentum=value))


def refused(message, optimizer):
    """By a float32 network, before anything changes; float64 has that number."""
    net, before = network("float32"), network("float32")
    with pytest.raises(ValueError, match=message):
        fit(net, optimizer)
    _, grads = net.loss_and_gradients(X, Y, loss="mse")
    with pytest.raises(ValueError, match=message):
        optimizer.step(net, grads)
    assert net == before
    assert net.history is None
    assert len(optimizer._states) == 0
    fit(network("float64"), optimizer)


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": math.nextafter(SMALL, 1)},
        {"momentum": math.nextafter(SMALL, 1)},
        {"momentum": math.nextafter(1 - 2.0**-25, 0)},
        {"momentum": 0, "weight_decay": 0},
        {"weight_decay": math.nextafter(SMALL, 1)},
    ],
)
def test_numbers_that_are_not(options):
    for name, value in options.items():
        assert value == 0 or 0 < np.float32(value) < 1, name
    fit(network("float32"), wb.SGD(**options))


def test_two_threads_that_need_a_state_at_once_get_one(monkeypatch):
    net, optimizer, found = wb.Network.mlp([2, 3, 1], seed=0), wb.SGD(0.1, momentum=0.9), []
    together, zeros_like = threading.Barrier(2, timeout=60), np.zeros_like

    def in_step(array):
        together.wait()
        return zeros_like(array)

    monkeypatch.setattr(np, "zeros_like", in_step)
    threads = [
        threading.Thread(target=lambda: found.append(optimizer.state(net))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] is found[1] is optimizer.state(net)


def test_sgd_without_momentum_takes_no_arrays():
    net, optimizer = wb.Network.mlp([2, 3, 1], seed=0), wb.SGD(0.1)
    optimizer.set_state(net, 3)
    with pytest.raises(
        ValueError, match=r"\[set_state\] expected no arrays, since sgd\(0.1\) needs"
    ):
        optimizer.set_state(net, 4, {"velocity": np.zeros(net.parameters.size)})
    assert optimizer.state(net).steps == 3


def test_a_text_that_no_encoding_takes_is_refused_in_words():
    with pytest.raises(ValueError, match=r"\[fit\] expected optimizer to be one of sgd\("):
        wb.Network.mlp([2, 1]).fit([[1, 2]], [1], loss="mse", optimizer="sgd\ud800")


@pytest.mark.parametrize("make", [wb.Adam, wb.AdamW, wb.NAdam])
def test_a_mean_of_squares_that_is_no_number_shows(make):
    net = wb.Network([wb.Dense(40, 1, initializer="ones")])
    optimizer = make(0.01, beta1=0.0, beta2=0.0)
    _, gradients = net.loss_and_gradients(np.ones((1, 40)), [0.0], loss="mse")
    for gradient in (1e20, 1e-40):  # inf, which times 0 is NaN; and a mean that is subnormal
        gradients.flat[:] = gradient
        optimizer.step(net, gradients)
    assert np.isnan(net.parameters).all()
