"""Inspections against NumPy, and what they must leave alone."""

import doctest
import importlib

import numpy as np
import pytest

import wbcore as wb
from wbcore.inspect import (
    Table,
    activations,
    bias_changes,
    parameter_table,
    profile,
    unit_table,
    weight_bias_correlation,
    weight_changes,
)

MODULES = [
    "changes",
    "comparison",
    "correlation",
    "formats",
    "intervals",
    "parameters",
    "profiling",
    "signals",
    "summary",
    "table",
    "units",
]


@pytest.fixture(params=["float32", "float64"])
def net(request):
    network = wb.Network.mlp([5, 7, 4], activation="tanh", seed=3, dtype=request.param)
    rng = np.random.default_rng(0)
    for layer in network:
        layer.biases[...] = rng.normal(size=layer.outputs)
    return network


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    return rng.normal(size=(90, 5)), rng.integers(0, 4, 90)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_documentation_run(name):
    found = doctest.testmod(importlib.import_module(f"wbcore.inspect.{name}"))
    assert found.failed == 0


def test_a_table_prints_aligned_and_turns_into_columns():
    rows = [[0, "weights", 0.25], [10, "biases", -123.0]]
    table = Table(["layer", "of", "mean"], rows, "Title")
    lines = str(table).splitlines()
    assert lines[0] == "Title"
    assert len({len(line) for line in lines[1:]}) == 1
    assert lines[-1].split()[:2] == ["10", "biases"]
    assert float(lines[-1].split()[2]) == -123
    columns = {"layer": [0, 10], "of": ["weights", "biases"], "mean": [0.25, -123.0]}
    assert table.to_dict() == columns
    assert list(table)[1] == {"layer": 10, "of": "biases", "mean": -123.0}
    assert len(table) == 2
    assert str(Table(["a"], [])).splitlines()[0] == "a"


def test_a_table_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"\[Table\] expected 2 values a row, got 1"):
        Table(["a", "b"], [[1]])
    with pytest.raises(ValueError, match="distinct column names"):
        Table(["a", "a"], [])
    with pytest.raises(KeyError, match=r"\[Table\] expected one of the columns a, b, got 'c'"):
        Table(["a", "b"], [[1, 2]])["c"]


def test_parameter_table_has_the_statistics_of_numpy(net):
    table = parameter_table(net)
    assert table["of"] == ["weights", "biases"] * 2
    assert table["layer"] == [0, 0, 1, 1]
    assert table["shape"] == ["(5, 7)", "(7,)", "(7, 4)", "(4,)"]
    arrays = [np.float64(array) for layer in net for array in (layer.weights, layer.biases)]
    for row, values in zip(table, arrays, strict=True):
        # A float64 sum of n terms is off by at most n roundings of the sum of absolute values.
        close = {"rel": 0, "abs": 4 * values.size * np.finfo(float).eps * np.abs(values).max()}
        assert row["mean"] == pytest.approx(values.mean(), **close)
        assert row["mean_abs"] == pytest.approx(np.abs(values).mean(), **close)
        assert row["std"] == pytest.approx(values.std(), **close)
        assert (row["min"], row["max"]) == (values.min(), values.max())


def test_correlation_is_that_of_numpy(net):
    table = weight_bias_correlation(net)
    assert table["units"] == [7, 4]
    for layer, r in zip(net, table["correlation"], strict=True):
        pair = [layer.weights.astype(np.float64).mean(axis=0), layer.biases.astype(np.float64)]
        assert r == pytest.approx(np.corrcoef(pair)[0, 1], rel=1e-12)


def test_correlation_is_nan_where_it_is_not_defined():
    fresh = wb.Network.mlp([3, 4, 1], seed=0)  # biases 0; then a single unit
    assert np.isnan(weight_bias_correlation(fresh)["correlation"]).all()


def test_a_correlation_that_is_not_defined_prints_as_a_dash():
    table = weight_bias_correlation(wb.Network([wb.Dense(3, 4, bias=False)], seed=0))
    assert str(table).splitlines()[-1].split() == ["0", "4", *["–"] * 6]
    assert "nan" in str(Table(["mean"], [[float("nan")]]))  # a number that went wrong


def test_changes_are_those_of_the_parameters(net, data):
    before = parameter_table(net)
    history = net.fit(*data, loss="cross_entropy", epochs=3, track="epoch")
    after = parameter_table(net)
    for changes, start in ((weight_changes, 0), (bias_changes, 1)):
        for statistic in ("mean", "mean_abs", "std", "min", "max", "norm"):
            table = changes(history, statistic=statistic)
            assert table["layer"] == [0, 1]
            exactly = statistic != "norm"  # whose sums are in another order
            close = {"rel": 0 if exactly else 1e-12, "abs": 0}
            assert table["initial"] == pytest.approx(before[statistic][start::2], **close)
            assert table["final"] == pytest.approx(after[statistic][start::2], **close)
            assert table["change"] == [row["final"] - row["initial"] for row in table]
            assert any(table["change"])


def test_changes_by_epoch_follow_each_other(net, data):
    history = net.fit(*data, loss="cross_entropy", epochs=4, track="epoch")
    whole, steps = weight_changes(history), weight_changes(history, layer=1)
    assert steps["epoch"] == [1, 2, 3, 4]
    assert steps["initial"][1:] == steps["final"][:-1]
    assert (steps["initial"][0], steps["final"][-1]) == (whole["initial"][1], whole["final"][1])
    assert weight_changes(history, layer=-1).rows == steps.rows


def test_changes_between_records_that_are_no_epochs(net, data):
    history = net.fit(*data, loss="cross_entropy", epochs=2, batch_size=20, track=3)
    steps = weight_changes(history, layer=0, statistic="norm")
    assert steps["step"] == [3, 6, 9, 10]
    records = [record[0].weights.norm for record in history.parameters]
    assert (steps["initial"], steps["final"]) == (records[:-1], records[1:])
    assert "before and after each record" in steps.title
    assert weight_changes(history)["final"] == [
        record.weights.mean_abs for record in history.parameters.final
    ]


def test_changes_say_what_is_missing(net, data):
    history = net.fit(*data, loss="cross_entropy", epochs=1)
    with pytest.raises(
        ValueError, match=r'\[weight_changes\] expected .* fit\(\.\.\., track="epoch"\)'
    ):
        weight_changes(history)
    tracked = net.fit(*data, loss="cross_entropy", epochs=1, track="epoch")
    with pytest.raises(
        ValueError, match=r"\[bias_changes\] expected statistic to be one of mean, .*, got 'median'"
    ):
        bias_changes(tracked, statistic="median")
    for layer in (2, -3):
        message = rf"\[bias_changes\] expected layer to be an integer from -2 to 1, got {layer}$"
        with pytest.raises(ValueError, match=message):
            bias_changes(tracked, layer=layer)
    with pytest.raises(TypeError, match=r"\[weight_changes\] expected layer to be an integer"):
        weight_changes(tracked, layer="0")
    with pytest.raises(TypeError, match=r"\[weight_changes\] expected statistic to be one of"):
        weight_changes(tracked, statistic=["mean"])


def test_looking_and_predicting_change_nothing(net, data):
    before = net.parameters.tobytes()
    net.predict(data[0])
    net.evaluate(*data, loss="cross_entropy", metrics=["accuracy"])
    parameter_table(net)
    weight_bias_correlation(net)
    unit_table(net, *data, loss="cross_entropy")
    activations(net, *data, loss="cross_entropy")
    profile(net, *data, loss="cross_entropy", repeats=2)
    assert net.parameters.tobytes() == before


def test_the_documentation_says_what_the_numbers_do_not():
    text = " ".join(wb.inspect.__doc__.split())
    assert "A weight is not a feature's importance" in text
    assert "Prediction never changes a weight" in text
