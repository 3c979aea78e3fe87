"""The numbers of parameters against NumPy, with all that parameters may be."""

import pickle

import numpy as np
import pytest
from saved import parts, write

import wbcore as wb
from wbcore import initializers
from wbcore.initializers._spread import expected_std
from wbcore.inspect import parameter_table
from wbcore.inspect.parameters import norm
from wbcore.parameter_record import ParameterRecord

STATISTICS = ("mean", "mean_abs", "std", "min", "max", "norm", "q25", "median", "q75")


def expected(values):
    finite = np.float64(values[np.isfinite(values)])
    quartiles = np.percentile(finite, [25, 50, 75])
    five = finite.mean(), np.abs(finite).mean(), finite.std(), finite.min(), finite.max()
    return dict(
        zip(STATISTICS, (*five, np.sqrt((finite**2).sum()), *quartiles), strict=True),
        zeros=np.count_nonzero(finite == 0),
        near_zeros=np.count_nonzero(np.abs(finite) < 1e-3 * finite.std()),
        nonfinite=values.size - finite.size,
        n=values.size,
    )


MAX = float(np.finfo(np.float64).max)


@pytest.mark.parametrize(
    "unit", [MAX, MAX / 3, 1e200, 1e154, 1e140, 1e-140, 1e-154, 1e-200, 1e-300, 2.0**-1060]
)
@pytest.mark.parametrize("shape", [(1, -1), (1, 1), (0.5, -0.25)])
def test_numbers_of_any_size_have_finite_statistics(unit, shape):
    net = wb.Network([wb.Dense(4, 8)], dtype="float64")
    net[0].weights[...] = unit * np.resize(shape, (4, 8))
    wanted = expected(np.resize(shape, 32).astype(float))
    row = next(iter(parameter_table(net)))
    for name in STATISTICS:
        if name != "norm":
            assert row[name] == pytest.approx(unit * wanted[name], rel=1e-13, abs=1e-13 * unit)
    assert row["near_zeros"] == 0
    # the one that may be beyond the largest number: Python's floats become inf then
    assert row["norm"] == pytest.approx(unit * float(wanted["norm"]), rel=1e-13)


def test_small_numbers_beside_the_largest_keep_their_digits():
    net = wb.Network([wb.Dense(1, 5)], dtype="float64")
    net[0].weights[...] = [[-MAX, 0.1, 0.3, 5e-324, MAX]]
    row = next(iter(parameter_table(net)))
    assert [row[name] for name in ("q25", "median", "q75")] == [5e-324, 0.1, 0.3]
    assert row["std"] == pytest.approx(MAX * np.sqrt(0.4))
    net[0].weights[...] = [[-MAX, -MAX, 0, MAX, MAX]]
    net[0].biases[...] = [-MAX, -MAX, MAX, MAX, MAX]
    table = parameter_table(net)
    assert table["median"] == [0.0, MAX]
    assert table["q25"] == [-MAX, -MAX]


def test_exact_zeros_are_near_zero_whatever_the_spread():
    net = wb.Network([wb.Dense(2, 4), wb.Dense(4, 2)], seed=0)
    net[0].weights[...] = 0
    net[1].weights[...] = [[2, 2], [0, 2], [2, 1e-4], [2, -2]]
    net[1].biases[...] = 1
    table = parameter_table(net)
    assert table["near_zeros"] == [8, 4, 2, 0]
    assert table["zeros"] == [8, 4, 1, 0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("special", [[], [np.nan], [np.inf, -np.inf, np.nan, 0.0, -0.0, 1e-30]])
@pytest.mark.parametrize("width", [1, 7, 17])
def test_every_number_is_that_of_numpy(dtype, special, width):
    net = wb.Network.mlp([7, width, 2], seed=1, dtype=dtype)
    rng = np.random.default_rng(0)
    net[0].biases[...] = rng.normal(size=width)
    net[1].biases[...] = [3.0, 1e-5]
    net[0].weights[0, 0] = 0
    net[1].weights.reshape(-1)[:1] = 1e-7
    if special:
        net[0].weights.reshape(-1)[-len(special) :] = special
    table = parameter_table(net)
    arrays = [array for layer in net for array in (layer.weights, layer.biases)]
    assert sum(table["nonfinite"]) == np.count_nonzero(~np.isfinite(special))
    for row, values in zip(table, arrays, strict=True):
        for name, value in expected(values).items():
            scale = float(np.abs(values[np.isfinite(values)]).max())
            assert row[name] == pytest.approx(value, rel=1e-12, abs=1e-14 * scale), name
    assert ("nonfinite" in str(table)) == bool(special)


def test_parameters_of_which_none_is_finite():
    net = wb.Network.mlp([3, 2], seed=0)
    net.parameters[:] = np.nan
    for row in parameter_table(net):
        assert (row["zeros"], row["nonfinite"], row["n"]) == (0, row["n"], row["n"])
        assert all(np.isnan(row[name]) for name in STATISTICS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("power", [-36, 0, 36])
def test_it_prints_within_a_hundred_columns(dtype, power):
    net = wb.Network.mlp([1000, 300, 1], seed=0, dtype=dtype)
    net.parameters[:] *= 10.0**power
    lines = str(parameter_table(net)).splitlines()
    assert len(lines) == 7
    assert max(map(len, lines)) <= 100


def test_a_record_is_described_as_the_network_was():
    X = np.random.default_rng(0).normal(size=(64, 3))
    net = wb.Network([wb.Dense(3, 40, "relu"), wb.Dense(40, 1, bias=False)], seed=0)
    begun = parameter_table(net)
    history = net.fit(X, X[:, 0], loss="mse", epochs=2, batch_size=16, track="epoch")
    records = history.parameters
    for record, wanted in ((records.initial, begun), (records.final, parameter_table(net))):
        table = parameter_table(record)
        assert len(table) == 3
        for row, other in zip(table, wanted, strict=True):
            for name in ("layer", "of", "n", "zeros", "nonfinite"):
                assert row[name] == other[name]
            for name in ("mean", "mean_abs", "std", "min", "max", "norm"):
                assert row[name] == pytest.approx(other[name], rel=1e-12, abs=1e-15)
            assert row["q25"] <= row["median"] <= row["q75"]
        assert str(record) == str(table)
        assert max(map(len, str(record).splitlines())) <= 100
    assert parameter_table(records.initial).title == "Weights and biases, before the training"
    assert records.final.moment == "after 8 steps: epoch 2, batch 4"
    assert repr(records.final).startswith("<ParameterRecord: step 8, ")


def test_of_an_older_record_moments_are_known():
    five = (0.5, 0.5, 0.25, 0.25, 0.75)
    record = ParameterRecord([(five, None)])
    row = next(iter(parameter_table(record)))
    assert (row["mean"], row["std"], row["norm"], row["q25"], row["n"]) == (0.5, 0.25, *[None] * 3)
    assert record.moment == "at a step that is not known"
    assert "–" in str(record)


def test_a_norm_that_squares_would_spoil():
    assert norm(np.array([3e200, -4e200])) == pytest.approx(5e200, rel=1e-15)
    assert norm(np.array([3e-200, -4e-200])) == pytest.approx(5e-200, rel=1e-15)
    assert norm(np.zeros(3)) == norm(np.zeros(0)) == 0
    columns = norm(np.array([[3.0, 0.0], [4.0, 0.0]]), axis=0)
    assert columns.tolist() == [5.0, 0.0]


NUMBERS = {
    "normal": "normal(1, 0.3)",
    "uniform": "uniform(-1, 2)",
    "truncated_normal": "truncated_normal(0, 2)",
    "constant": "constant(2)",
    "orthogonal": "orthogonal(3)",
}


@pytest.mark.parametrize("name", initializers.NAMES)
@pytest.mark.parametrize("shape", [(300, 100), (100, 300)])
def test_the_expected_std_is_that_of_many_draws(name, shape):
    text = NUMBERS.get(name, name)
    drawn = initializers.draw("test", text, shape, 3, 0)
    # The std of n draws is off by about 1 / sqrt(2 n) of itself: 0.4 % of 30,000.
    assert drawn.std() == pytest.approx(expected_std(text, *shape), rel=0.02, abs=1e-12)


def test_what_a_layer_was_drawn_by_goes_with_copies_pickles_and_parts():
    layers = [
        wb.Dense(4, 8, "relu", bias_initializer="normal(0, 0.5)"),
        wb.Dense(8, 8, initializer=lambda i, o: np.ones((i, o)), bias_initializer=[1.0] * 8),
        wb.Dense(8, 2, initializer="uniform(-3, 3)", bias=False),
    ]
    net = wb.Network(layers, seed=0)
    stds = [pytest.approx(np.sqrt(1 / 2)), 0.5, None, None, pytest.approx(np.sqrt(3))]
    for same in (net, net.copy(), pickle.loads(pickle.dumps(net))):
        assert parameter_table(same)["expected_std"] == stds
    assert parameter_table(net[1:])["expected_std"] == stds[2:]
    lines = str(parameter_table(net).select("layer", "expected_std")).splitlines()
    assert lines[-2].split() == ["1", "–"]


def test_a_file_says_it_and_an_older_one_does_not(tmp_path):
    net = wb.Network.mlp([4, 8, 2], seed=0)
    net.save(tmp_path / "net.safetensors")
    loaded = wb.load(tmp_path / "net.safetensors")
    assert parameter_table(loaded)["expected_std"] == parameter_table(net)["expected_std"]
    header, data = parts(tmp_path / "net.safetensors")
    for name in ("initializers", "initializers_sha256"):  # as an older wbcore wrote it
        del header["__metadata__"][name]
    write(tmp_path / "net.safetensors", header, data)
    loaded = wb.load(tmp_path / "net.safetensors")
    assert set(parameter_table(loaded)["expected_std"]) == {None}
    prior = wb.Network([wb.Dense(2, 1, bias_initializer="prior")])
    assert parameter_table(prior)["expected_std"] == [0.0, None]
