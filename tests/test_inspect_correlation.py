"""Correlations of biases with weights, and intervals, against SciPy."""

import math

import numpy as np
import pytest
import scipy.stats

import wbcore as wb
from wbcore.inspect import weight_bias_correlation
from wbcore.inspect.intervals import correlation_interval, mean_interval, t_quantile


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_correlations_and_their_intervals_are_those_of_scipy(dtype):
    net = wb.Network.mlp([6, 40, 4, 1], seed=2, dtype=dtype)
    rng = np.random.default_rng(0)
    for layer in net:
        norms = np.sqrt((np.float64(layer.weights) ** 2).sum(axis=0))
        layer.biases[...] = rng.normal(size=layer.outputs) + norms
    table = weight_bias_correlation(net)
    assert table["units"] == [40, 4, 1]
    for layer, row in zip(net[:2], table, strict=False):
        weights, biases = np.float64(layer.weights), np.float64(layer.biases)
        for prefix, of in (("", weights.mean(axis=0)), ("norm_", np.linalg.norm(weights, axis=0))):
            found = scipy.stats.pearsonr(of, biases)
            low, high = found.confidence_interval(0.95)
            assert row[f"{prefix}correlation"] == pytest.approx(found.statistic, rel=1e-12)
            assert row[f"{prefix}low"] == pytest.approx(low, rel=1e-9)
            assert row[f"{prefix}high"] == pytest.approx(high, rel=1e-9)
    assert row["norm_correlation"] != row["correlation"]
    assert np.isnan(table.rows[2][2:]).all()
    assert max(map(len, str(table).splitlines())) <= 100


@pytest.mark.parametrize("unit", [1e-310, 1e-200, 1e200, 2.0**1020])
def test_a_correlation_does_not_depend_on_the_unit(unit):
    net = wb.Network.mlp([3, 5], seed=0, dtype="float64")
    net[0].biases[...] = np.arange(5) % 3 - 1
    wanted = weight_bias_correlation(net).rows[0]
    net.parameters[:] *= unit
    assert weight_bias_correlation(net).rows[0] == pytest.approx(wanted, rel=1e-6)


def test_parameters_that_are_not_finite_have_no_correlation():
    net = wb.Network.mlp([3, 5, 4], seed=0)
    net.parameters[:] += 0.1 * np.arange(net.n_parameters)
    net[0].weights[0, 0] = np.nan
    net[1].biases[0] = np.inf
    table = weight_bias_correlation(net)
    assert np.isnan(table.rows[0][2:]).all()
    assert np.isnan(table.rows[1][2:]).all()


@pytest.mark.pure
@pytest.mark.parametrize("degrees", [*range(1, 40), 99, 500, 1000, 1001, 20_000])
def test_quantiles_of_student(degrees):
    close = {"rel": 1e-12} if degrees <= 1000 else {"abs": 3e-6}
    assert t_quantile(degrees) == pytest.approx(scipy.stats.t.ppf(0.975, degrees), **close)


@pytest.mark.pure
def test_the_interval_of_a_mean():
    values = np.random.default_rng(0).normal(3, 2, 10)
    found = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values.tolist()) == pytest.approx((values.mean(), *found), rel=1e-12)
    assert mean_interval([2.0] * 3) == (2, 2, 2)
    alone = mean_interval([2.0])
    assert alone.value == 2
    assert math.isnan(alone.low)
    assert math.isnan(alone.high)


@pytest.mark.pure
def test_intervals_of_correlations_at_their_ends():
    assert correlation_interval(1.0, 4) == (1, 1, 1)
    assert correlation_interval(-1.0, 10) == (-1, -1, -1)
    assert np.isnan(correlation_interval(0.5, 3)[1:]).all()
    assert np.isnan(correlation_interval(float("nan"), 10)).all()
    _, low, high = correlation_interval(0.5, 4)
    assert -1 < low < 0.5 < high < 1
