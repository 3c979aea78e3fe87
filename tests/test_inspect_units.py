"""The table of units against NumPy, unit by unit."""

import numpy as np
import pytest
import scipy.sparse

import wbcore as wb
from wbcore import _core, _named, _saturation, activations
from wbcore.inspect import passes, unit_table

LOSSES = {"cross_entropy": "classes", "mse": "numbers"}


def network(dtype="float32", activation="tanh", **options):
    layers = [
        wb.Dense(5, 7, activation, dropout=0.5, **options),
        wb.Dense(7, 1, activation),
        wb.Dense(1, 3, "softmax", bias=False),
    ]
    net = wb.Network(layers, seed=3, dtype=dtype)
    net[0].weights[:] *= 3
    for layer in net[:2]:
        layer.biases[...] = np.random.default_rng(layer.index).normal(size=layer.outputs)
    return net


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    return rng.normal(size=(60, 5)), rng.integers(0, 3, 60)


def test_parameters_of_units(data):
    net = network()
    table = unit_table(net)
    assert table["layer"] == [0] * 7 + [1] + [2] * 3
    assert table["unit"] == [*range(7), 0, *range(3)]
    assert table["bias"] == [*net[0].biases.tolist(), *net[1].biases.tolist(), None, None, None]
    incoming = np.concatenate([np.sqrt(np.float64(w.weights**2).sum(axis=0)) for w in net])
    assert table["fan_in_norm"] == pytest.approx(incoming, rel=1e-6)
    outgoing = [np.sqrt(np.float64(w.weights**2).sum(axis=1)) for w in net[1:]]
    assert table["outgoing_norm"][:8] == pytest.approx(np.concatenate(outgoing), rel=1e-6)
    assert table["outgoing_norm"][8:] == [None] * 3
    assert unit_table(net, layer=-1).rows == unit_table(net, layer=2).rows == table.rows[8:]
    assert table.columns == ("layer", "unit", "bias", "fan_in_norm", "outgoing_norm", "twin")


def test_twins_have_the_same_bits():
    net = wb.Network([wb.Dense(2, 6), wb.Dense(6, 3, bias=False)], seed=0)
    net[0].weights[:] = [[1, 1, 1, 0.0, -0.0, np.nan], [2, 2, 2, 3, 3, 5]]
    net[0].biases[:] = [4, 4, 5, 6, 6, 7]
    net[1].weights[:] = np.arange(6)[:, None] * [1, 2, 1]
    net[1].weights[0, 1] = 1e-45  # all else of unit 1 differs, too
    table = unit_table(net)
    assert table["twin"] == [1, 0, None, None, None, None, 2, None, 0]
    net[0].weights[:, 5] = net[0].weights[:, 4] = net[0].weights[:, 3]
    net[0].biases[5] = 6
    assert unit_table(net, layer=0)["twin"][3:] == [4, 3, 3]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "elu(2)", "gelu"])
def test_shares_are_counts(dtype, activation, data):
    X, _ = data
    net = network(dtype, activation)
    table = unit_table(net, X)
    z = X @ np.float64(net[0].weights) + np.float64(net[0].biases)
    derivative, largest = {
        "tanh": (1 - np.tanh(z) ** 2, 1),
        "sigmoid": (np.exp(-z) / (1 + np.exp(-z)) ** 2, 0.25),
        "elu(2)": (np.where(z > 0, 1, 2 * np.exp(z)), 2),
    }.get(activation, (None, None))
    active = (net.activations(X)[0] != 0).mean(axis=0)
    assert table["active"][:7] == active.tolist()
    assert min(active) > 0 or activation == "relu"
    if derivative is None:
        assert table["saturated"] == [None] * 11
    else:
        flat = (derivative < 0.05 * largest).mean(axis=0)
        assert table["saturated"][:7] == flat.tolist()
        assert any(flat)
    assert table["saturated"][8:] == [None] * 3  # softmax


@pytest.mark.parametrize("loss", [*LOSSES, "function"])
def test_the_loss_without_a_unit_is_that_of_a_network_without_its_weights(loss, data):
    X, y = data
    net = network(activation="relu")
    if loss != "cross_entropy":
        y = np.eye(3)[y]
    given = loss
    if loss == "function":

        def given(outputs, targets):
            return float(((outputs - targets) ** 2).sum(axis=1).mean()), 2 * (outputs - targets)

    table = unit_table(net, X, y, loss=given)
    base = net.evaluate(X, y, loss=given)["loss"]
    assert f" with all units: {base:.6g}" in table.note
    for row in table:
        if row["layer"] == 2:
            assert row["loss_without"] is row["increase"] is None
            continue
        without = net.copy()
        without[row["layer"] + 1].weights[row["unit"]] = 0
        expected = without.evaluate(X, y, loss=given)["loss"]
        assert row["loss_without"] == pytest.approx(expected, rel=1e-6)
        assert row["increase"] == pytest.approx(expected - base, rel=1e-6, abs=1e-7)
    assert max(map(abs, table["increase"][:7])) > 1e-4


def test_a_dead_unit_is_worth_nothing_to_the_last_bit(data):
    net = network(activation="relu")
    net[0].biases[2] = -1e3
    table = unit_table(net, *data, loss="cross_entropy", layer=0)
    assert (table["active"][2], table["increase"][2]) == (0.0, 0.0)
    assert any(table["increase"])
    last = unit_table(net, *data, loss="cross_entropy", layer=2)
    assert last["increase"] == [None] * 3


def test_blocks_of_rows_are_as_all_rows_at_once(data, monkeypatch):
    net = network()
    whole = unit_table(net, *data, loss="cross_entropy")
    for name, rows in (("_FEWEST", 1), ("_MOST", 7)):
        monkeypatch.setattr(passes, name, rows)
    parts = unit_table(net, *data, loss="cross_entropy")
    assert [f.rows.stop for f in passes.forwards(net, data[0])] == [*range(7, 60, 7), 60]
    for name in ("active", "saturated"):
        assert parts[name] == whole[name]
    assert parts["increase"][:8] == pytest.approx(whole["increase"][:8], rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["tanh", "gelu", "leaky_relu(0.3)", "exp"])
def test_a_pass_has_the_bits_of_the_network(dtype, activation, data):
    net = network(dtype, activation)
    X = data[0]
    for given in (
        X,
        X.astype("float32"),
        (X * 50).astype("int8"),
        np.asfortranarray(X)[::-1],
        wb.Scaled(X, 1 / 3),
        wb.Standardized(X),
        scipy.sparse.csr_array(X * (X > 0)),
        scipy.sparse.coo_array(X * (X > 0)),
        X.tolist(),
    ):
        (forward,) = passes.forwards(net, passes.rows_in("test", given))
        for a, expected in zip(forward.a, net.activations(given), strict=True):
            assert a.tobytes() == expected.tobytes()


@pytest.mark.parametrize("activation", activations.NAMES)
def test_what_the_largest_derivative_is(activation):
    steepest = _saturation.steepest(activation)
    levels_off = activation in {"sigmoid", "tanh", "softsign", "elu", "softplus"}
    assert (steepest is not None) == levels_off
    if levels_off:
        z = np.linspace(-30, 30, 6001)
        a = _core.elementwise(activation, z)
        derivative = _saturation.derivative(activation, z, a)
        assert derivative.max() == pytest.approx(steepest, rel=1e-9)
        assert derivative.min() < 0.05 * steepest


def test_the_number_of_an_elu_counts():
    assert [_saturation.steepest(f"elu({alpha})") for alpha in (0.5, 1, 3)] == [1, 1, 3]
    assert "elu" in _named.rows("activation")


def test_parameters_that_are_not_finite_do_not_stop_it(data):
    net = network()
    net[0].weights[0, 0] = np.nan
    net[1].weights[1, 0] = np.inf
    table = unit_table(net)
    assert np.isfinite(table["fan_in_norm"]).all()
    assert f"2 of {net.n_parameters} parameters are NaN or infinite: norms are of" in str(table)
    table = unit_table(net, *data, loss="mse" if net[-1].outputs == 1 else "cross_entropy")
    assert np.isnan(table["increase"][0])
    assert table["active"][1] == 1
    assert len(str(table).splitlines()) == 5 + 11


def test_nothing_changes(data):
    net = network()
    before, X = net.parameters.tobytes(), data[0].copy()
    unit_table(net, *data, loss="cross_entropy")
    assert net.parameters.tobytes() == before
    assert (data[0] == X).all()


def test_what_is_refused(data):
    X, y = data
    net = network()
    for arguments, options, error, message in (
        ((None, y), {}, ValueError, r"expected X beside y, got None"),
        ((X, y[:-1]), {"loss": "mse"}, ValueError, r"expected y with 60 rows, as X has, got sh"),
        ((X,), {"layer": 3}, ValueError, r"expected layer to be an integer from -3 to 2, got 3"),
        ((X[0],), {}, ValueError, r"expected X of shape \(B, I\) with at least one row, got sh"),
        ((X[:0],), {}, ValueError, r".* with at least one row, got shape \(0, 5\)"),
        (([(X, y)],), {}, TypeError, r"expected X as an array, got a source"),
        ((["a"],), {}, TypeError, r"expected X to be an array of real numbers"),
    ):
        with pytest.raises(error, match=r"\[unit_table\] " + message):
            unit_table(net, *arguments, **options)
    net.fit(X, y, loss="cross_entropy", epochs=1)
    assert unit_table(net, X, y)["increase"][0] is not None  # by the loss of the fit


def test_units_that_do_nothing_have_a_status():
    net = wb.Network([wb.Dense(1, 4, "relu"), wb.Dense(4, 2, "tanh")], seed=0)
    net[0].weights[...] = [[-1, 1, 1, 1]]
    net[0].biases[...] = [0, -199.5, -198, 0]
    net[1].weights[...] = [[0, 0], [0, 0], [0, 0], [1, 1e-3]]
    table = unit_table(net, np.arange(1, 201.0)[:, None])
    states = ["dead", "nearly dead", "", "", "saturated", ""]
    assert table["active"][1:3] == [0.005, 0.01]
    assert table["saturated"][4] > 0.95
    assert table["status"] == states
    assert "status: dead: active 0; nearly dead: below 1%; saturated: above 95%" in str(table)
    assert "status" in table.printed
    sound = unit_table(net[1:], np.full((5, 4), 0.1))
    assert sound["status"] == ["", ""]
    assert "status" not in str(sound)
