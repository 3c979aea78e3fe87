"""Networks side by side, against NumPy and SciPy."""

import numpy as np
import pytest
import scipy.stats

import wbcore as wb
from wbcore.inspect import compare


def runs(bias=True):
    rng = np.random.default_rng(0)
    found = {}
    for width in (3, 8):
        nets = []
        for seed in range(5):
            layers = [wb.Dense(4, width, "relu", bias=bias), wb.Dense(width, 2)]
            net = wb.Network(layers, seed=seed)
            net[-1].biases[:] = rng.normal(size=2)
            nets.append((net, float(rng.random())))
        found[f"{width} units"] = nets
    return found


def ends(values):
    return scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)


def test_the_distribution():
    given = runs()
    table = compare(given, score="accuracy")
    assert table["kind"] == list(given)
    assert table["runs"] == [5, 5]
    medians, scores = [], []
    for row, pairs in zip(table, given.values(), strict=True):
        sizes = [[np.abs(np.float64(layer.weights)) for layer in net] for net, _ in pairs]
        sums = np.array([[of_layer.sum() for of_layer in net] for net in sizes])
        shares = 100 * (sums / sums.sum(axis=1, keepdims=True)).mean(axis=0)
        assert row["share_of_layers"] == "-".join(f"{share:.0f}" for share in shares)
        flat = [np.concatenate([s.ravel() for s in net]) for net in sizes]
        for name, q in (("q25", 25), ("median", 50), ("q75", 75)):
            values = [np.percentile(net, q) for net in flat]
            found = row[name], row[f"{name}_low"], row[f"{name}_high"]
            assert found == pytest.approx((np.mean(values), *ends(values)), rel=1e-9)
        of_kind = [score for _, score in pairs]
        found = row["accuracy"], row["accuracy_low"], row["accuracy_high"]
        held = np.clip(ends(of_kind), 0, 1)  # what no share is beyond
        assert found == pytest.approx((np.mean(of_kind), *held), rel=1e-9)
        medians += [np.median(net) for net in flat]
        scores += of_kind
    r = scipy.stats.pearsonr(medians, scores)
    low, high = r.confidence_interval(0.95)
    said = f"all 10 runs: r = {r.statistic:.2f}, {low:.2f} to {high:.2f}"
    assert said in table.note
    assert said in str(table)


@pytest.mark.parametrize("of", ["weights", "biases"])
@pytest.mark.parametrize("bias", [True, False])
def test_weights_and_biases_by_layer(of, bias):
    given = runs(bias)
    table = compare(given, of, score="accuracy")
    layers = [0, 1] if bias or of == "weights" else [1]
    assert table["layer"] == layers * 2
    for row in table:
        arrays = [np.float64(getattr(net[row["layer"]], of)) for net, _ in given[row["kind"]]]
        for name, function in (("mean", np.mean), ("mean_abs", lambda a: np.abs(a).mean())):
            values = np.array([function(array) for array in arrays])
            found = row[name], row[f"{name}_low"], row[f"{name}_high"]
            limits = ends(values) if values.any() else (0, 0)
            assert found == pytest.approx((values.mean(), *limits), rel=1e-9, abs=1e-15)
        scores = [score for _, score in given[row["kind"]]]
        assert row["accuracy_low"] == pytest.approx(max(0, ends(scores).low), rel=1e-9)


@pytest.mark.parametrize("of", ["distribution", "weights", "biases"])
def test_it_is_worded_as_an_association(of):
    text = str(compare(runs(), of))
    assert "an association in these runs, not a cause" in text
    assert "95 % interval of the mean" in text
    assert max(map(len, text.splitlines())) <= 100


def test_one_run_has_no_interval():
    net = wb.Network.mlp([2, 3, 1], seed=0)
    table = compare({"one": [(net, 1)]})
    assert (table["score"], table["runs"]) == ([1], [1])
    assert np.isnan(table["score_low"][0])
    assert "r = " not in table.note
    assert len(compare({"one": [(wb.Network([wb.Dense(2, 1, bias=False)]), 1.0)]}, "biases")) == 0


def test_what_is_refused():
    net = wb.Network.mlp([2, 3, 1], seed=0)
    broken = net.copy()
    broken.parameters[0] = np.nan
    for given, error, message in (
        ([], TypeError, r"expected runs to be a mapping from names to pairs \(network, score\)"),
        ({}, ValueError, r"with at least one name, got {}"),
        ({"a": []}, ValueError, r"one number of layers in 'a', got no network"),
        ({"a": [(net, 1), (net[:1], 1)]}, ValueError, r"layers in 'a', got \[1, 2\]"),
        ({"a": [net]}, TypeError, r"expected pairs \(network, score\) in 'a'"),
        ({"a": [(1, net)]}, TypeError, r"expected pairs \(network, score\) in 'a'"),
        ({"a": [(net, float("nan"))]}, ValueError, r"the score of a network in 'a' to be a finite"),
        ({"a": [(broken, 1)]}, ValueError, r"expected finite parameters in 'a'"),
    ):
        with pytest.raises(error, match=r"\[compare\] .*" + message):
            compare(given)
    with pytest.raises(ValueError, match=r"\[compare\] expected of to be one of distribution, wei"):
        compare({"a": [(net, 1)]}, "losses")
    with pytest.raises(ValueError, match=r"\[compare\] expected score to be another name than"):
        compare({"a": [(net, 1)]}, score="mean")
    with pytest.raises(TypeError, match=r"\[compare\] expected score to be a str, got 3"):
        compare({"a": [(net, 1)]}, score=3)


@pytest.mark.parametrize("unit", [1e-300, 1e200, 1e308])
def test_parameters_of_any_size(unit):
    nets = []
    for seed in range(4):
        net = wb.Network([wb.Dense(3, 2), wb.Dense(2, 2)], seed=seed, dtype="float64")
        net.parameters[:] = np.clip(net.parameters, -1, 1) + 0.1
        nets.append((net, float(seed)))
    wanted = {of: next(iter(compare({"a": nets}, of))) for of in ("distribution", "weights")}
    for net, _ in nets:
        net.parameters[:] *= unit
    shares, means = (next(iter(compare({"a": nets}, of))) for of in wanted)
    assert shares["share_of_layers"] == wanted["distribution"]["share_of_layers"]
    for name in ("q25", "median", "q75"):
        assert shares[name] == pytest.approx(wanted["distribution"][name] * unit)
    for name in ("mean", "mean_abs", "mean_low"):
        assert means[name] == pytest.approx(wanted["weights"][name] * unit)


def test_the_interval_of_a_share_stays_within_0_and_1():
    nets = [(wb.Network.mlp([2, 2], seed=seed), score) for seed, score in enumerate((0.7, 1.0))]
    for score in ("accuracy", "test accuracy", "ROC_AUC"):
        table = compare({"a": nets}, score=score)
        assert (table[f"{score}_low"], table[f"{score}_high"]) == ([0.0], [1.0])
        assert "of a share within 0 and 1" in table.note
    limits = ends([0.7, 1.0])
    assert limits.low < 0
    assert limits.high > 1
    for table in (compare({"a": nets}, score="loss"), compare({"a": nets}, "weights")):
        name = "loss" if "loss" in table.columns else "score"
        found = table[f"{name}_low"][0], table[f"{name}_high"][0]
        assert found == pytest.approx(tuple(limits))
        assert "share within" not in table.note
