"""What every optimizer takes: l1, l2, limits of the gradient and of the weights into a unit."""

import copy
import math
import pickle
import sys

import numpy as np
import pytest
from support import (
    DTYPES,
    OPTIONS,
    assert_same_layers,
    choices,
    in_reference,
    optimizer,
    pairs,
    problem,
)

import wbcore as wb
from wbcore import _core, reference

RULES = [row.name for row in _core.rows("optimizer")]
LIMITS = ["clip_norm", "clip_value", "max_norm"]

X = np.random.default_rng(0).standard_normal((23, 3))
Y = 3 * np.random.default_rng(1).standard_normal((23, 2))


def network(dtype="float64", **options):
    return wb.Network.mlp([3, 4, 2], activation="tanh", seed=1, dtype=dtype, **options)


def gradients_of(net, rows=slice(None)):
    return net.loss_and_gradients(X[rows], Y[rows], loss="mse")[1]


def only_options(case):
    return {name: case[name] for name in OPTIONS}


CASES = pairs(
    {
        "rule": choices("optimizer"),
        **OPTIONS,
        "dtype": DTYPES,
        "biases": [True, False],
        "trainable": [(True, True, True), (False, True, True), (True, False, True)],
        "threads": [1, 2],
    }
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(map(str, case.values())))
def test_a_fit_is_that_of_the_reference(case):
    sizes = [(3, 18), (18, 3), (3, 2)]
    layers = [
        wb.Dense(*shape, "tanh" if at < 2 else "identity", bias=case["biases"], trainable=trained)
        for at, (shape, trained) in enumerate(zip(sizes, case["trainable"], strict=True))
    ]
    net = wb.Network(layers, seed=3, dtype=case["dtype"])
    other = in_reference(net)
    X, y = problem(5, "mse", 7, 3, 2)
    y *= 4
    ours, expected = optimizer(case["rule"], **only_options(case))
    arguments = {"loss": "mse", "epochs": 2, "batch_size": 4, "seed": 2}
    history = net.fit(X, y, optimizer=ours, n_threads=case["threads"], **arguments)
    losses = reference.fit(other, X.tolist(), y.tolist(), optimizer=expected, **arguments)
    assert [loss.hex() for loss in history.loss] == [loss.hex() for loss in losses]
    assert_same_layers(net, other.layers, str(case))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", pairs({"rule": RULES, **OPTIONS}), ids=str)
def test_own_loop_is_fit(case, dtype):
    """On layers of several panels, on one thread and on two, with arrays of one's own."""
    nets = [
        wb.Network.mlp([3, 40, 33, 2], activation="relu", seed=2, dtype=dtype) for _ in range(3)
    ]
    made = [optimizer(case["rule"], **only_options(case))[0] for _ in nets]
    for n_threads, net, by in zip((1, 2), nets, made, strict=False):
        net.fit(
            *(X, Y),
            loss="mse",
            optimizer=by,
            epochs=2,
            batch_size=9,
            shuffle=False,
            n_threads=n_threads,
        )
    for _ in range(2):
        for start in range(0, 23, 9):
            made[2].step(nets[2], gradients_of(nets[2], slice(start, start + 9)))
    for net, by in zip(nets[1:], made[1:], strict=True):
        assert net.parameters.tobytes() == nets[0].parameters.tobytes()
        for name, array in by.state(net).arrays.items():
            assert array.tobytes() == made[0].state(nets[0]).arrays[name].tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_clip_norm_is_a_norm(dtype):
    """A step of SGD with a rate of 1 is the gradient that is applied."""
    for clip_norm in (1e-3, 0.5, 1e3):
        net = network(dtype)
        before = net.parameters.copy()
        gradients = gradients_of(net)
        norm = np.linalg.norm(gradients.flat.astype("float64"))
        wb.SGD(1.0, clip_norm=clip_norm).step(net, gradients)
        expected = gradients.flat * min(1.0, clip_norm / norm)
        tolerance = 4 * np.finfo(dtype).eps
        scale = np.abs(before) + np.abs(expected)
        assert (np.abs(before - net.parameters - expected) <= tolerance * scale).all()


def test_clip_norm_leaves_a_smaller_gradient_alone():
    net, other = network(), network()
    gradients = gradients_of(net)
    wb.SGD(0.1, clip_norm=1.001 * float(np.linalg.norm(gradients.flat))).step(net, gradients)
    wb.SGD(0.1).step(other, gradients)
    assert net.parameters.tobytes() == other.parameters.tobytes()


def test_frozen_layers_are_no_part_of_the_norm():
    net = wb.Network([wb.Dense(3, 4, "tanh", trainable=False), wb.Dense(4, 2)], dtype="float64")
    gradients = gradients_of(net)
    gradients[0].weights[:] = 1e9  # nobody's: the layer is not trained
    before = net.parameters.copy()
    norm = np.linalg.norm(np.append(gradients[1].weights, gradients[1].biases))
    wb.SGD(1.0, clip_norm=norm / 2).step(net, gradients)
    moved = before - net.parameters
    assert not moved[:16].any()
    np.testing.assert_allclose(moved[16:], gradients.flat[16:] / 2, rtol=1e-9)


def test_clip_value_holds_every_element():
    net, other = network(), network()
    gradients = gradients_of(net)
    wb.SGD(0.1, clip_value=0.05).step(net, gradients)
    gradients.flat[:] = np.clip(gradients.flat, -0.05, 0.05)
    wb.SGD(0.1).step(other, gradients)
    assert net.parameters.tobytes() == other.parameters.tobytes()


@pytest.mark.parametrize("decay_biases", [False, True])
def test_penalties_are_gradients(decay_biases):
    net = network()
    net.parameters[:] = np.linspace(-1, 1, net.n_parameters)
    net.parameters[3] = 0.0  # has no sign
    w = net.parameters.copy()
    gradients = gradients_of(net)
    gradients.flat[:] = 0
    wb.SGD(1.0, l1=0.25, l2=0.5, decay_biases=decay_biases).step(net, gradients)
    moved = w - net.parameters
    expected = 0.25 * np.sign(w) + 0.5 * w
    if not decay_biases:
        expected[[*range(12, 16), *range(24, 26)]] = 0
    np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-15)


def test_l2_is_the_weight_decay_of_coupled_rules():
    for name in set(RULES) - {"adamw", "lion"}:
        (one, _), (other, _) = (optimizer(name) for _ in range(2))
        one.weight_decay = other.l2 = 0.1
        nets = network(), network()
        for net, by in zip(nets, (one, other), strict=True):
            net.fit(X, Y, loss="mse", optimizer=by, epochs=2)
        assert nets[0] == nets[1], name


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", RULES)
def test_max_norm_holds_after_each_step(rule, dtype):
    net = wb.Network.mlp([3, 18, 2], activation="tanh", seed=1, dtype=dtype)
    by, _ = optimizer(rule, max_norm=0.3)
    for _ in range(3):
        by.step(net, gradients_of(net))
        for layer in net:
            norms = np.linalg.norm(layer.weights.astype("float64"), axis=0)
            assert (norms <= 0.3 * (1 + 2 * np.finfo(dtype).eps)).all()
            assert norms.max() > 0.25  # held to it, not to less


def test_max_norm_is_of_columns_and_of_weights_alone():
    net = network()
    gradients = gradients_of(net)
    gradients.flat[:] = 0
    net[0].weights[:] = [[3.0, 0.1, 0.0, 1e-3]] * 3
    net[0].biases[:] = 7.0
    wb.SGD(max_norm=1.5).step(net, gradients)
    np.testing.assert_allclose(net[0].weights[:, 0], 3 * 1.5 / math.hypot(3, 3, 3), rtol=1e-15)
    assert (net[0].weights[:, 1:] == [0.1, 0.0, 1e-3]).all()
    assert (net[0].biases == 7.0).all()


def test_large_gradients_of_float32_have_a_norm():
    """Their squares are out of range in float32."""
    net = network("float32")
    gradients = gradients_of(net)
    gradients.flat[:] = 0
    gradients.flat[:2] = 3e30, 4e30
    before = net.parameters.copy()
    wb.SGD(1.0, clip_norm=5.0).step(net, gradients)
    np.testing.assert_allclose((before - net.parameters)[:3], [3, 4, 0], rtol=1e-6)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("options", [{}, {"clip_norm": 1.0}, {"max_norm": 1.0}], ids=str)
def test_a_norm_that_is_not_finite_diverges_as_without(options, n_threads):
    """The loss of the batch is finite, its gradient overflows."""
    net = wb.Network([wb.Dense(2, 2)], dtype="float64")
    inputs = [[sys.float_info.max / 4] * 2]
    net[0].weights[:] = 0.0
    before = net.parameters.copy()
    by = wb.SGD(1.0, **options)
    with pytest.raises(wb.DivergenceError, match=r"\[fit\] expected a finite loss") as caught:
        net.fit(inputs, [[1e150] * 2], loss="mse", optimizer=by, n_threads=n_threads)
    assert (caught.value.epoch, caught.value.batch) == (0, 0)
    assert net.parameters.tobytes() == before.tobytes()
    assert by.state(net).steps == 0


@pytest.mark.parametrize("name", ["l1", "l2", *LIMITS])
def test_what_is_refused(name):
    optional = "None or " if name in LIMITS else ""
    above = "above 0" if name in LIMITS else "of at least 0"
    message = rf"^\[Adam\] expected {name} to be {optional}a finite number {above}, got "
    for value in (-1.0, math.nan, math.inf, *([0.0] if name in LIMITS else [])):
        with pytest.raises(ValueError, match=message):
            wb.Adam(**{name: value})
    made = wb.Adam(**{name: 0.5})
    for value in ("1", True, *([] if name in LIMITS else [None])):
        with pytest.raises(TypeError, match=message):
            setattr(made, name, value)
    assert getattr(made, name) == 0.5
    net = network("float32")
    message = rf"^\[step\] expected {name} of adam to be .* in float32, got 1e-60"
    gradients, before = gradients_of(net), net.parameters.copy()
    made.state(net)
    setattr(made, name, 1e-60)  # 0 in float32
    with pytest.raises(ValueError, match=message):
        made.step(net, gradients)
    with pytest.raises(ValueError, match=message.replace("step", "fit")):
        net.fit(X, Y, loss="mse", optimizer=made)
    assert net.parameters.tobytes() == before.tobytes()


def test_a_setting_of_no_optimizer():
    message = r"^\[RMSprop\] expected settings among learning_rate, alpha, .*, got clipnorm, rho"
    message += "; it is clip_norm here$"
    with pytest.raises(TypeError, match=message):
        wb.RMSprop(rho=0.9, clipnorm=1.0)


def test_options_are_settings():
    made = wb.Lion(0.5, l1=0.1, clip_norm=2, max_norm=None)
    text = (
        "Lion(learning_rate=0.5, beta1=0.9, beta2=0.99, weight_decay=0.0, decay_biases=False, "
        "l1=0.1, clip_norm=2.0)"
    )
    assert repr(made) == text
    for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert repr(other) == text
    assert str(made) == "lion(0.5)"
    made.clip_norm, made.penalty_of_sum = None, True
    assert repr(made).endswith("l1=0.1, penalty_of_sum=True)")
    assert repr(pickle.loads(pickle.dumps(made))) == repr(made)
    message = r"^\[Lion\] expected penalty_of_sum to be True or False, got 1$"
    with pytest.raises(TypeError, match=message):
        made.penalty_of_sum = 1
    with pytest.raises(AttributeError):
        made.clipnorm = 1.0


def test_what_the_core_takes_is_made_anew_when_a_setting_changes():
    made = wb.AdamW(0.5)
    others = {"learning_rate": 0.25, "beta1": 0.5, "weight_decay": 0.1, "decay_biases": True}
    others |= {"l1": 0.1, "l2": 0.2, "clip_norm": 1.0, "clip_value": 2.0, "max_norm": 3.0}
    others |= {"penalty_of_sum": True, "epsilon_hat": True}
    for name, value in others.items():
        before = made._settings()
        assert made._settings() is before
        setattr(made, name, value)
        after = made._settings()
        assert after is not before, name
        fresh = type(made)(**{key: getattr(made, key) for key in made._checks})._settings()
        for key in ("numbers", *sorted(others.keys() & set(dir(after)))):
            assert getattr(after, key) == getattr(fresh, key), (name, key)
    twin = pickle.loads(pickle.dumps(made))
    assert (twin._latest, copy.copy(made)._latest) == (None, None)
    made.learning_rate = lambda step: 1 / step
    assert made._settings(0.125).rate == 0.125
    assert made._settings().rate is None

    class Halved(wb.SGD):  # a setting that changes by itself
        learning_rate = property(lambda self: 1.0 / self.asked, lambda self, value: None)
        asked = 1

    halved = Halved()
    first = halved._settings().numbers
    Halved.asked = 2
    assert halved._settings().numbers[0] == first[0] / 2


@pytest.mark.parametrize("rule", RULES)
def test_every_optimizer_says_what_it_takes(rule):
    made = type(optimizer(rule)[0])
    defaults = {p.name: p.default for p in made.__signature__.parameters.values()}
    assert {"weight_decay", *OPTIONS} <= defaults.keys()
    assert made(**defaults)._settings().numbers == made()._settings().numbers


def test_states_that_are_needed_come_and_go():
    net, by = network(), wb.RMSprop(0.01, momentum=0.9, centered=True)
    net.fit(X, Y, loss="mse", optimizer=by)
    before = {name: array.copy() for name, array in by.state(net).arrays.items()}
    assert list(before) == ["v", "m", "velocity"]
    by.centered = False  # the mean rests, the others go on
    net.fit(X, Y, loss="mse", optimizer=by)
    after = by.state(net).arrays
    assert after["m"].tobytes() == before["m"].tobytes()
    assert after["velocity"].tobytes() != before["velocity"].tobytes()
    twin, other = network(), wb.RMSprop(0.01, centered=True)
    twin.fit(X, Y, loss="mse", optimizer=other)
    v = other.state(twin).arrays["v"].copy()
    other.momentum = 0.9
    arrays = other.state(twin).arrays  # the new one begins, the others are kept
    assert arrays["v"].tobytes() == v.tobytes()
    assert not arrays["velocity"].any()


@pytest.mark.parametrize(
    ("made", "name", "start"),
    [(wb.Adagrad(initial_sum=0.3), "sum", 0.3), (wb.Rprop(0.2), "size", 0.2)],
    ids=str,
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_states_that_do_not_start_at_zero(made, name, start, dtype):
    state = copy.copy(made).state(network(dtype))
    assert state.steps == 0
    assert (state.arrays[name] == np.dtype(dtype).type(start)).all()


def test_momenta_of_nadam_are_a_function_of_the_step():
    """A state whose steps are set goes on as one that has done them."""
    net, by = network(), wb.NAdam(0.01)
    for _ in range(70):
        by.step(net, gradients_of(net))
    twin, other = net.copy(), wb.NAdam(0.01)
    other.set_state(twin, by.state(net).steps, by.state(net).arrays)
    for each, one in ((net, by), (twin, other)):
        one.step(each, gradients_of(each))
    assert net == twin
    other.state(twin).steps = 2**60
    other.step(twin, gradients_of(twin))  # as fast as any
    assert np.isfinite(twin.parameters).all()
