"""One prediction and one update in numbers: the lines add up to predict and fit, to the bit."""

import itertools

import numpy as np
import pytest
import support
from support import (
    DTYPES,
    OPTIONS,
    awkward_biases,
    choices,
    last_activations,
    levels,
    optimizer_settings,
    problem,
)

import wbcore as wb
from wbcore import inspect, reference
from wbcore.inspect.operations import Lines
from wbcore.inspect.step_lines import StepLines
from wbcore.inspect.update_lines import UpdateLines

BOTH = pytest.mark.parametrize("dtype", DTYPES)


def network(widths, dtype="float32", hidden="tanh", last="identity", **options):
    layers = [
        wb.Dense(i, o, last if k == len(widths) - 2 else hidden, **options)
        for k, (i, o) in enumerate(itertools.pairwise(widths))
    ]
    net = wb.Network(layers, seed=3, dtype=dtype)
    awkward_biases(net, 4)
    return net


def bits(values, dtype):
    return np.array(values, dtype).tobytes()


# ---- trace


def test_the_first_lesson_in_one_call():
    net = wb.Network([wb.Dense(2, 1, "sigmoid")], dtype="float64")
    net[0].weights[:, 0] = 0.8, 0.6
    net[0].biases[0] = 0.2
    table = inspect.trace(net, [0.5, 0.3])
    assert table["result"][-2:] == [0.78, 0.6856801139382539]
    assert table["product"] == [None, 0.4, 0.18, None]
    assert str(table).splitlines()[-1].split()[-1] == "0.6856801139382539"


@BOTH
@pytest.mark.parametrize("activation", wb.activations.NAMES)
def test_the_last_lines_are_the_prediction(dtype, activation):
    net = network([4, 3, 5], dtype, last=activation)
    x = np.random.default_rng(1).normal(size=4)
    table = inspect.trace(net, x)
    assert bits(table["result"][-5:], dtype) == net.predict(x[None]).tobytes()


@BOTH
@pytest.mark.parametrize("activation", ["relu", "softmax"])
@pytest.mark.parametrize("width", [255, 256, 257, 600])
def test_sums_are_cut_into_leaves_of_256(dtype, width, activation):
    net = network([width, 2], dtype, last=activation)
    x = np.random.default_rng(width).normal(size=width)
    table = inspect.trace(net, x)
    assert table["operation"].count("next leaf: +0") == 2 * ((width - 1) // 256)
    assert bits(table["result"][-2:], dtype) == net.predict(x[None]).tobytes()


def test_a_wide_softmax_adds_in_leaves():
    net = network([2, 300], last="softmax")
    table = inspect.trace(net, [1, 2])
    assert bits(table["result"][-300:], "float32") == net.predict([[1, 2]]).tobytes()


def test_each_line_follows_from_those_before():
    net = network([5, 3], "float64", last="identity")
    arith = reference.FLOAT64
    result = 0.0
    for line in inspect.trace(net, np.arange(5.0)):
        if line["product"] is not None:
            assert line["result"] == arith.fma(line["a"], line["b"], result)
            assert line["product"] == line["a"] * line["b"]
        result = line["result"]


def test_a_layer_or_a_unit_alone_has_the_same_lines():
    net = network([4, 6, 3], last="softmax")
    x = [1, -1, 0.5, 2]
    whole = inspect.trace(net, x)
    first = inspect.trace(net, x, layer=0)
    assert first.rows == whole.rows[: len(first)]
    assert inspect.trace(net, x, layer=-1).rows == whole.rows[len(first) :]
    unit = inspect.trace(net, x, layer=0, unit=2)
    assert unit.rows == tuple(row for row in first.rows if row[1] == 2)
    assert inspect.trace(net, x, layer=1, unit=-1).rows[-1] == whole.rows[-1]


def test_rows_may_come_scaled_alone_or_in_an_array():
    net = network([3, 2])
    scaled = wb.Scaled([[10, 20, 30]], 0.1)
    table = inspect.trace(net, scaled)
    assert bits(table["result"][-1:], "float32") == net.predict(scaled)[0, 1:].tobytes()
    assert inspect.trace(net, [[1, 2, 3]]).rows == inspect.trace(net, (1, 2, 3)).rows
    without = network([3, 2], bias=False)
    assert inspect.trace(without, [1, 2, 3])["operation"][0] == "no bias: +0"


def test_bits_of_the_numbers():
    net = network([2, 1])
    found = inspect.trace(net, [0.5, 1]).bits("a")
    assert found[:2] == [None, "0x3f000000"]


def test_what_trace_refuses():
    net = network([3, 4, 2])
    for x, text in [
        ([1, 2], r"\[trace\] X has 2 columns but the first layer takes 3"),
        (np.ones((2, 3)), r"\[trace\] expected x to be one row, got 2"),
        ([1, np.nan, 2], r"\[trace\] expected finite values in X"),
    ]:
        with pytest.raises(ValueError, match=text):
            inspect.trace(net, x)
    with pytest.raises(ValueError, match=r"\[trace\] expected layer to be"):
        inspect.trace(net, [1, 2, 3], layer=2)
    with pytest.raises(ValueError, match=r"\[trace\] expected a layer with unit=1, got None"):
        inspect.trace(net, [1, 2, 3], unit=1)
    count = len(inspect.trace(net, [1, 2, 3]))
    assert len(inspect.trace(net, [1, 2, 3], limit=count)) == count
    with pytest.raises(ValueError, match=rf"expected at most {count - 1} lines, got {count} of"):
        inspect.trace(net, [1, 2, 3], limit=count - 1)


def test_a_processor_that_computes_otherwise_is_noticed(monkeypatch):
    net = network([3, 2], "float64")
    honest = Lines.activation
    monkeypatch.setattr(
        Lines, "activation", lambda self, text, z: honest(self, text, np.nextafter(z, 9))
    )
    with pytest.raises(RuntimeError, match=r"\[trace\] expected the bits of predict"):
        inspect.trace(net, [1, 2, 3])


# ---- step


def assert_is_a_fit(net, X, y, **options):
    """The table's parameters are those of a fit whose only batch the rows are; net is as it was."""
    seed = options.pop("seed", 0)
    before = net.parameters.copy(), options["optimizer"] and repr(options["optimizer"])
    table = inspect.step(net, X, y, seed=seed, **options)
    assert net.parameters.tobytes() == before[0].tobytes()
    assert net._core not in getattr(options["optimizer"], "_states", {})
    twin = net.copy()
    history = twin.fit(X, y, batch_size=len(X), shuffle=False, seed=seed, **options)
    assert table.network.parameters.tobytes() == twin.parameters.tobytes()
    assert table.loss == history.loss[0]
    ends = {}
    for line in table:
        if line["phase"] == "update" and line["operation"].startswith(_OF_PARAMETERS):
            ends[line["layer"], line["unit"]] = line["result"]
    for (layer, place), value in ends.items():
        index = tuple(map(int, place.split(", ")))
        array = twin[layer].weights if len(index) == 2 else twin[layer].biases
        assert bits([value], net.dtype) == array[index].tobytes()
    assert len(ends) == sum(
        layer.weights.size + (layer.outputs if layer.bias else 0)
        for layer in net
        if layer.trainable
    )
    return table


_OF_PARAMETERS = ("W - ", "b - ", "max_norm: W = ")


@BOTH
@pytest.mark.parametrize("loss", choices("loss"))
def test_a_step_of_every_loss(dtype, loss):
    for k, last in enumerate(last_activations(loss)):
        rows, labels = 1 + k % 3, k % 2 == 0
        net = network([3, 2, 2 * levels(loss)], dtype, last=last)
        X, y = problem(7, loss, rows, 3, 2 * levels(loss), labels=labels)
        assert_is_a_fit(net, X, y, loss=loss, optimizer=wb.SGD(0.1))


@BOTH
@pytest.mark.parametrize("text", optimizer_settings())
def test_a_step_of_every_optimizer(dtype, text):
    net = network([2, 2, 1], dtype)
    assert_is_a_fit(
        net, [[1, 2], [3, -1]], [1.0, -1.0], loss="mse", optimizer=wb.optimizers.check("test", text)
    )


@BOTH
@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in OPTIONS.items() for v in vs[1:]])
def test_a_step_of_every_option(dtype, name, value):
    net = network([2, 3, 1], dtype)
    net.parameters[:] *= 2
    options = {"l1": 0.01, "weight_decay": 0.01} | {name: value}
    optimizer = wb.Adam(0.1, **options)
    table = assert_is_a_fit(net, [[1, 2], [3, -1]], [1.0, -1.0], loss="mse", optimizer=optimizer)
    assert any(text.startswith("l1: g = ") for text in table["operation"])


def test_weights_dropout_frozen_layers_and_no_biases():
    X, y = problem(1, "mse", 3, 4, 2)
    layers = [
        wb.Dense(4, 3, "relu", trainable=False),
        wb.Dense(3, 5, "tanh", bias=False, dropout=0.4),
        wb.Dense(5, 2),
    ]
    net = wb.Network(layers, seed=1, dtype="float64")
    table = assert_is_a_fit(
        net, X, y, loss="mse", optimizer=wb.Adam(), sample_weight=[1, 0, 2.5], seed=8
    )
    for line in table:
        if line["operation"].startswith("dropout, "):
            scale = 0 if "left out" in line["operation"] else 1 / 0.6
            assert line["result"] == scale * line["a"]
    found = {text for text in table["operation"] if text.startswith("dropout, ")}
    assert found == {
        "dropout, left out: 0",
        f"dropout, {1 / 0.6!r} * y",
        f"dropout, {1 / 0.6!r} * dY",
    }
    assert set(table["layer"]) == {0, 1, 2, None}
    assert {row["layer"] for row in table if row["phase"] == "update"} == {1, 2, None}


def test_rows_beyond_a_leaf_and_inputs_beyond_one():
    X, y = problem(1, "mse", 300, 1, 1)
    table = assert_is_a_fit(network([1, 1]), X, y, loss="mse", optimizer=wb.SGD(0.1))
    assert "leaf + leaf" in table["operation"]
    X, y = problem(1, "mse", 2, 1, 1)
    table = assert_is_a_fit(network([1, 257, 1]), X, y, loss="mse", optimizer=wb.SGD(0.1))
    assert "leaves so far + leaf" in table["operation"]


def test_it_goes_on_with_what_the_optimizer_remembers():
    net, optimizer = network([2, 3, 1]), wb.Adam(wb.schedules.Cosine(0.1, steps=9))
    X, y = problem(1, "mse", 4, 2, 1)
    net.fit(X, y, loss="mse", optimizer=optimizer, epochs=3)
    before = optimizer.state(net).arrays["m"].copy(), optimizer.state(net).steps
    table = inspect.step(net, X, y, loss="mse")
    assert optimizer.state(net).steps == before[1]
    assert optimizer.state(net).arrays["m"].tobytes() == before[0].tobytes()
    assert table.network.optimizer.state(table.network).steps == 4
    net.fit(X, y, loss="mse", shuffle=False)
    assert table.network.parameters.tobytes() == net.parameters.tobytes()


def test_a_single_row_and_its_target():
    net = network([3, 2])
    rows = inspect.step(net, [[1, 2, 3]], [[1, 0]], loss="mse").rows
    assert inspect.step(net, [1, 2, 3], [1, 0], loss="mse").rows == rows
    rows = inspect.step(net, [[1, 2, 3]], [1], loss="cross_entropy").rows
    assert inspect.step(net, [1, 2, 3], 1, loss="cross_entropy").rows == rows


def test_what_step_refuses():
    net = network([3, 4, 2])
    x, y = [1, 2, 3], [1, 0]
    with pytest.raises(TypeError, match=r"\[step\] expected loss to be one of wbcore.losses"):
        inspect.step(net, x, y, loss=lambda a, t: (0.0, a))
    with pytest.raises(TypeError, match=r"\[step\] expected an optimizer that takes a batch"):
        inspect.step(net, x, y, loss="mse", optimizer=wb.LBFGS())
    with pytest.raises(ValueError, match=r"\[step\] X has 2 columns"):
        inspect.step(net, x[:2], y, loss="mse")
    with pytest.raises(ValueError, match=r"\[step\] expected at most 9 lines, got \d+ of"):
        inspect.step(net, x, y, loss="mse", limit=9)
    with pytest.raises(wb.DivergenceError, match=r"^\[step\] expected a finite loss"):
        inspect.step(net, x, [1e30, 0], loss="mse", optimizer=wb.SGD(1e30))


def test_an_update_that_is_computed_otherwise_is_noticed(monkeypatch):
    net = network([3, 2], "float64")
    honest = UpdateLines._element
    monkeypatch.setattr(
        UpdateLines,
        "_element",
        lambda self, at, g, **kind: honest(self, at, 1.001 * g, **kind),
    )
    with pytest.raises(RuntimeError, match=r"\[step\] expected the bits of the parameters"):
        inspect.step(net, [1, 2, 3], [1, 0], loss="mse")


@pytest.mark.parametrize(
    ("optimizer", "shown"),
    [
        (None, "mse, sgd(0.01)"),
        ("adam", "mse, adam(0.001)"),
        ("sgd(0.1, 0.9)", "mse, sgd(0.1, momentum=0.9)"),
        (wb.AdamW(l2=0.01, max_norm=2), "mse, adamw(0.001, l2=0.01, max_norm=2.0)"),
        (wb.SGD(wb.schedules.Step(0.01, every=7)), "mse, sgd(step(0.01, 7))"),
    ],
)
def test_the_title_says_the_rate(optimizer, shown):
    net = wb.Network([wb.Dense(1, 1)], seed=0)
    table = inspect.step(net, [2.0], [1.0], loss="mse", optimizer=optimizer)
    assert table.title.endswith(shown)


@pytest.mark.parametrize("last", ["identity", "sigmoid", "softmax"])
def test_what_is_not_a_number_is_not_traced(last):
    net = wb.Network.mlp([2, 3, 2], "relu", output_activation=last, seed=0)
    net[0].weights[0, 1] = np.nan
    with pytest.raises(ValueError, match=r"\[trace\] .* got nan in unit 1 of layer 0"):
        inspect.trace(net, [1.0, 2.0])
    net[0].weights[...] = 3e38
    net[1].weights[...] = 1
    if last == "softmax":
        with pytest.raises(ValueError, match=r"\[trace\] .* got inf in unit 0 of layer 1"):
            inspect.trace(net, [1.0, 2.0])
    else:
        assert inspect.trace(net, [1.0, 2.0])["result"][-1] == (1 if last == "sigmoid" else np.inf)


SIGNS = np.array([[-1, 1, 1.0], [1, -1, -1]])
SHORT = {  # what an output adds to the loss of a row, and the slope of that; z or y, and t
    "mse": (lambda y, t: y - t, lambda y, t: 2 * (y - t)),  # times itself
    "mse[1, 2, 0.5]": (lambda y, t: (y - t) ** 2, lambda y, t: 2 * (y - t)),
    "mae": (lambda y, t: abs(y - t), lambda y, t: np.sign(y - t)),
    "huber(0.5)": (
        lambda y, t: abs(y - t) * min(abs(y - t), 0.5) - min(abs(y - t), 0.5) ** 2 / 2,
        lambda y, t: min(max(y - t, -0.5), 0.5),
    ),
    "quantile(0.25)": (
        lambda y, t: 0.25 * (t - y) if y < t else 0.75 * (y - t),
        lambda y, t: -0.25 if y < t else 0.75,
    ),
    "binary_cross_entropy": (
        lambda z, t: np.log1p(np.exp(z)) - t * z,
        lambda z, t: 1 / (1 + np.exp(-z)) - t,
    ),
    "poisson": (lambda z, t: np.exp(z) - t * z, lambda z, t: np.exp(z) - t),
    "gamma_deviance": (
        lambda z, t: 2 * (t * np.exp(-z) - 1 - np.log(t) + z),
        lambda z, t: 2 * (1 - t * np.exp(-z)),
    ),
    "log_cosh": (lambda y, t: np.log(np.cosh(y - t)), lambda y, t: np.tanh(y - t)),
    "hinge": (lambda y, t: max(0, 1 - t * y), lambda y, t: -t if t * y < 1 else 0),
    "squared_hinge": (
        lambda y, t: max(0, 1 - t * y) ** 2,
        lambda y, t: -2 * t * max(0, 1 - t * y),
    ),
}
LAST = {"mse": "tanh", "binary_cross_entropy": "sigmoid", "poisson": "exp"}


@pytest.mark.parametrize("loss", SHORT)
def test_what_outputs_add_and_its_slope_are_as_the_lines_say(loss):
    net = wb.Network([wb.Dense(2, 3, LAST.get(loss, "identity"))], dtype="float64", seed=0)
    X, y = np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([[0.25, 1, 1], [1, 0.5, 0.125]])
    if "hinge" in loss:
        y = SIGNS
    addend_of, slope_of = SHORT[loss]
    of_outputs = np.array([1, 2, 0.5] if "[" in loss else [1, 1, 1])
    for weights in (None, [1.0, 3.0]):
        table = inspect.step(net, X, y, "sgd", loss=loss, sample_weight=weights)
        of_rows = np.ones(2) if weights is None else np.array(weights)
        added = [line for line in table if line["phase"] == "loss" and line["unit"] is not None]
        assert len(added) == 6
        for line in added:
            assert line["result"] == pytest.approx(addend_of(line["a"], line["b"]), rel=1e-12)
        sloping = [line for line in table if "of the loss" in line["operation"]]
        for line in sloping:
            formula = line["operation"].partition(", ")[2]
            assert formula.startswith("weight * ") == (weights is not None)
            assert ("output weight * " in formula) == ("[" in loss)
            assert formula.endswith(" / N")
            factor = of_rows[int(line["row"])] * of_outputs[int(line["unit"])]
            total = of_rows.sum() * of_outputs.sum()
            expected = factor * slope_of(line["a"], line["b"]) / total
            assert line["result"] == pytest.approx(expected, rel=1e-12)
        values = [line["result"] for line in table if line["operation"] == "sum / N"]
        assert values == [table.loss]


@pytest.mark.parametrize("loss", ["cross_entropy", "cross_entropy(0.25)", "kl_divergence"])
def test_what_classes_add_is_as_the_lines_say(loss):
    net = wb.Network([wb.Dense(2, 3)], dtype="float64", seed=0)
    X, y = np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([[0.5, 0.25, 0.25], [0, 0.5, 0.5]])
    table = inspect.step(net, X, y, "sgd", loss=loss)
    p = np.exp(net.predict(X)) / np.exp(net.predict(X)).sum(axis=1, keepdims=True)
    smoothed = 0.75 * y + 0.25 / 3 if "0.25" in loss else y
    adding = [line for line in table if line["phase"] == "loss" and line["unit"] is not None]
    summing = [line for line in table if "a * b of output" in line["operation"]]
    sloping = [line for line in table if "of the loss" in line["operation"]]
    assert len(adding) == len(summing) == len(sloping) == 6
    for line, sums, slope in zip(adding, summing, sloping, strict=True):
        r, k = int(line["row"]), int(line["unit"])
        t = smoothed[r, k]
        log_of_target = np.log(t or 1) if "kl" in loss else 0
        expected = log_of_target - np.log(p[r, k]) if t else 0
        assert line["result"] == pytest.approx(expected, rel=1e-12)
        assert sums["product"] == pytest.approx(t * expected, rel=1e-12)
        assert slope["result"] == pytest.approx((p[r, k] - t) / 2, rel=1e-12)
        assert ("smoothed" in slope["operation"]) == ("0.25" in loss)


@pytest.mark.parametrize("loss", support.choices("loss"))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_loss_adds_up_to_the_bit(loss, dtype):
    outputs, targets = support.problem(3, loss, 3, 3, 3)
    net = wb.Network([wb.Dense(3, 3)], dtype=dtype, seed=0)
    for weights in (None, [1.0, 0.0, 2.5]):
        table = inspect.step(net, outputs, targets, "sgd", loss=loss, sample_weight=weights)
        T, partial = np.dtype(dtype).type, None
        for line in table:
            if line["phase"] != "loss" or line["unit"] is not None:
                continue
            if line["operation"] == "times its weight":
                assert line["result"] == T(line["a"] * line["b"])
                partial = None
            elif line["operation"] == "add output 0":
                partial = line["result"]
                assert partial == line["a"]
            elif line["operation"].startswith("add output"):
                partial = T(T(partial) + T(line["a"]))
                assert line["result"] == partial
        expected, _ = wb.losses.loss_and_gradient(loss, net.predict(outputs), targets)
        if weights is None and dtype == "float64":
            assert table.loss == pytest.approx(expected, rel=1e-12)


def test_a_loss_that_does_not_add_up_is_an_error(monkeypatch):
    honest = StepLines._of_row
    monkeypatch.setattr(StepLines, "_of_row", lambda self, *row: 1.001 * honest(self, *row))
    with pytest.raises(RuntimeError, match=r"\[step\] expected the bits of the loss"):
        inspect.step(wb.Network.mlp([3, 2], seed=0), [1, 2, 3], [1, 0], loss="mse")


@pytest.mark.parametrize(
    ("loss", "last", "slope"),
    [
        ("mse", "tanh", lambda z, t: 2 * (z - t)),
        ("mae", "identity", lambda z, t: np.sign(z - t)),
        ("binary_cross_entropy", "sigmoid", lambda z, t: 1 / (1 + np.exp(-z)) - t),
        ("huber(0.5)", "identity", lambda z, t: np.clip(z - t, -0.5, 0.5)),
    ],
)
def test_short_formulas_stand_in_the_lines_and_hold(loss, last, slope):
    net = wb.Network([wb.Dense(2, 3, last)], dtype="float64", seed=0)
    X, y = np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([[0.0, 1, 1], [1, 0, 0]])
    for weights in (None, [1.0, 3.0]):
        sgd = wb.SGD(0.5, momentum=0.75, l2=0.125)
        table = inspect.step(net, X, y, loss=loss, optimizer=sgd, sample_weight=weights)
        table = inspect.step(table.network, X, y, loss=loss, sample_weight=weights)  # goes on
        total = 6 if weights is None else 12
        found = [line for line in table if "of the loss" in line["operation"]]
        assert len(found) == 6
        for line in found:
            formula = line["operation"].partition(", ")[2]
            assert formula.startswith("weight * ") == (weights is not None)
            weight = 1 if weights is None else weights[int(line["row"])]
            expected = weight * slope(line["a"], line["b"]) / total
            assert line["result"] == pytest.approx(expected)
        for kind in ("W", "b"):
            of = [line for line in table if line["operation"] == f"{kind} - 0.5 * velocity"]
            assert len(of) == (6 if kind == "W" else 3)
            for line in of:
                assert line["result"] == pytest.approx(line["a"] - 0.5 * line["b"])
            text = f"velocity = 0.75 * velocity + {'g' if kind == 'W' else 'db'}"
            velocities = [line for line in table if line["operation"] == text]
            assert [line["result"] for line in velocities] == [line["b"] for line in of]
            for line in velocities:
                assert line["a"] != 0
                assert line["result"] == pytest.approx(0.75 * line["a"] + line["b"])
    halves = wb.Adam(wb.schedules.Step(0.5, every=1, factor=0.5))
    table = inspect.step(net, X, y, loss=loss, optimizer=halves)
    rate = "rate = learning_rate / (1 - beta1^"
    assert [line["a"] for line in table if line["operation"].startswith(rate)] == [0.5]
    after = inspect.step(table.network, X, y, loss=loss)
    assert [line["a"] for line in after if line["operation"].startswith(rate)] == [0.25]
