"""What wbcore.search draws candidates from."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from epoch_estimator import EpochRegressor
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import wbcore as wb
from wbcore.searching import Integers, LogIntegers, LogUniform, Uniform, digests, distribution
from wbcore.searching.schedule import rungs
from wbcore.searching.space import candidates, seeded


def drawn(space, count=50, seed=0):
    return candidates(EpochRegressor(), space, count, seed)[1:]


def test_draws_are_the_same_everywhere():
    """As committed: of wbcore's own random words, and of its own logarithms and powers."""
    space = {"rate": LogUniform(1e-4, 0.5), "units": LogIntegers(2, 900)}
    assert drawn(space, 3, seed=5) == SAME


SAME = [
    {"rate": 0.0009936579491701754, "units": 175},
    {"rate": 0.3032419661423096, "units": 23},
]


@pytest.mark.parametrize(
    ("source", "low", "high", "middle"),
    [
        (Uniform(-1, 3), -1, 3, 1),
        (LogUniform(1e-4, 1), 1e-4, 1, 1e-2),
        (Integers(1, 99), 1, 99, 50),
        (LogIntegers(1, 1000), 1, 1000, 32),
    ],
)
def test_distributions(source, low, high, middle):
    us = [0.0, *wb.random.uniform(0, 0, 999), 1 - 2.0**-53]
    values = [source.value(u) for u in us]
    assert values[0] == low
    assert values[-1] == pytest.approx(high, rel=1e-12)
    assert all(low <= value <= high for value in values)
    assert np.median(values) == pytest.approx(middle, rel=0.25)
    assert all(isinstance(value, type(values[0])) for value in values[1:])


def test_integers_are_all_as_likely():
    counts = np.bincount([Integers(0, 3).value(u) for u in (np.arange(400) + 0.5) / 400])
    assert counts.tolist() == [100] * 4


def test_texts():
    assert distribution("uniform(-1, 2.5)") == Uniform(-1, 2.5)
    assert distribution(" log_uniform(1e-5,1) ") == LogUniform(1e-5, 1)
    assert distribution("integers(-3, 3)") == Integers(-3, 3)
    assert distribution("log_integers(8, 512)") == LogIntegers(8, 512)


@pytest.mark.parametrize(
    "text", ["uniform", "uniform(1)", "uniform(a, b)", "integers(1.5, 2)", "normal(0, 1)", ""]
)
def test_refused_texts(text):
    with pytest.raises(
        ValueError, match=r"\[search\] expected a list of values, a distribution or"
    ):
        distribution(text)
    for other in (None, 5, b"uniform(0, 1)", [], {}, dict, np.array("uniform(0, 1)")):
        with pytest.raises(
            TypeError, match=r"^\[search\] expected text to be uniform\(low, high\),"
        ):
            distribution(other)


@pytest.mark.parametrize(
    ("kind", "low", "high", "error"),
    [
        (Uniform, 1, 1, ValueError),
        (Uniform, 0, math.inf, ValueError),
        (Uniform, "0", 1, TypeError),
        (LogUniform, 0, 1, ValueError),
        (LogUniform, 2, 1, ValueError),
        (Integers, 2, 1, ValueError),
        (Integers, 1.0, 2, TypeError),
        (LogIntegers, 0, 2, ValueError),
    ],
)
def test_refused_numbers(kind, low, high, error):
    with pytest.raises(error, match=rf"^\[{kind.__name__}\] expected "):
        kind(low, high)


def test_scipy_distributions():
    space = {"rate": scipy.stats.loguniform(1e-3, 1), "units": scipy.stats.randint(2, 9)}
    points = drawn(space)
    assert points == drawn(space)
    assert points != drawn(space, seed=1)
    assert {type(point["units"]) for point in points} == {int}
    assert all(1e-3 <= point["rate"] <= 1 for point in points)
    assert len({point["rate"] for point in points}) == len(points)


def test_another_parameter_changes_nothing_in_those_that_were_there():
    one = drawn({"rate": "uniform(0, 1)"})
    two = drawn({"units": "integers(1, 1000)", "rate": "uniform(0, 1)"})
    assert [point["rate"] for point in one] == [point["rate"] for point in two]


def test_lists_are_a_grid_without_repetition():
    space = {"rate": [0.1, 0.01, 0.001], "units": [2, 4, 8]}
    points = drawn(space)
    assert len(points) == 8  # the ninth is the estimator itself
    assert {"rate": 0.01, "units": 4} not in points
    assert points[:4] == drawn(space, 5)


def test_a_space_without_further_points_ends():
    assert len(drawn({"rate": [0.5], "units": "integers(1, 3)"})) == 3


def test_several_spaces():
    points = drawn([{"rate": "uniform(0, 1)"}, {"units": [1, 2, 3]}], 20)
    assert {tuple(point) for point in points} == {("rate",), ("units",)}


def test_grids_and_samplers_of_scikit_learn():
    grid = {"rate": [0.1, 0.2], "units": [3, 5]}
    assert candidates(EpochRegressor(), ParameterGrid(grid), None, 0)[1:] == list(
        ParameterGrid(grid)
    )
    sampler = ParameterSampler({"rate": scipy.stats.uniform()}, 7, random_state=0)
    assert candidates(EpochRegressor(), sampler, None, 0)[1:] == list(sampler)
    assert len(candidates(EpochRegressor(), sampler, 4, 0)) == 4


def test_seeds_of_estimators():
    model = Pipeline([("scale", StandardScaler()), ("last", EpochRegressor())])
    made = seeded(model, 3)
    assert isinstance(made.get_params()["last__random_state"], int)
    assert made.get_params()["last__random_state"] != seeded(model, 4)["last"].random_state
    assert model["last"].random_state is None
    assert seeded(EpochRegressor(random_state=8), 3).random_state == 8
    space = {"last": [EpochRegressor(units=2)]}
    (_, point) = candidates(model, space, None, 3)
    assert point["last"].random_state == made["last"].random_state


def test_rungs():
    for count, total in itertools.product((1, 2, 3, 4, 9, 50, 200), (1, 10, 200)):
        found = rungs(count, 3, total, 5)
        assert found[0].candidates == count
        assert found[-1].epochs(total) == total
        assert found[-1].candidates >= min(count, 2)
        steps = [rung.epochs(total) for rung in found]
        assert steps == sorted(set(steps))
        assert steps[0] >= min(5, total)
    assert [rung.candidates for rung in rungs(50, None, 200, 5)] == [50]
    assert [rung.candidates for rung in rungs(50, 3, None, 5)] == [50]


def test_digests_tell_values_apart():
    values = [None, 0, 0.0, False, "0", b"0", [0], (0,), {"a": 0}, {"a": 1}, np.zeros(1), len, min]
    values += [np.zeros(1, np.float32), np.zeros((1, 1)), wb.Adam(0.1), wb.Adam(0.2), int, -0.0]
    values += [EpochRegressor(), EpochRegressor(units=5), lambda: 0, lambda: 1, np.arange(3) > 1]
    found = [digests.of_value(value) for value in values]
    assert len(set(found)) == len(values)


def test_digests_do_not_depend_on_the_layout():
    array = np.arange(60.0).reshape(6, 10)
    assert digests.of_value(np.asfortranarray(array)) == digests.of_value(array)
    assert digests.of_value(np.repeat(array, 2, axis=1)[:, ::2]) == digests.of_value(array)
    assert digests.of_value({"b": 1, "a": 2}) == digests.of_value({"a": 2, "b": 1})


def test_digests_of_texts_with_half_a_letter():
    """As `surrogateescape` makes them of a file in another encoding."""
    texts = ["a\udce9", "a\udcea", "a"]
    assert len({digests.digest([digests.of_value([text])]) for text in texts}) == 3
