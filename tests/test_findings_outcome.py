"""What `diagnose` says of trainings that are judged by something else than all rows alike."""

import pickle

import numpy as np
import pytest

import wbcore as wb
from wbcore.inspect import diagnose
from wbcore.inspect.findings.weighing import were_weighed


def test_counts_that_are_rarer_in_validation_are_not_over_fitted():
    """Losses of counts are below 0 where counts are large: half of one says nothing."""
    rng = np.random.default_rng(0)
    X, V = rng.normal(1, 1, (400, 1)), rng.normal(-2, 0.5, (200, 1))
    y, y_val = (rng.poisson(np.exp(rows[:, 0] + 0.5)) for rows in (X, V))
    net = wb.Network([wb.Dense(1, 1)])
    net[0].weights[...], net[0].biases[...] = 1, 0.5  # what the counts were drawn by
    history = wb.History({"loss": [0.0, -1.0], "val_loss": [1.0, 0.9]}, "finished")
    options = {"loss": "poisson"}
    found = diagnose(net, history, X, y, validation_data=(V, y_val), **options)
    assert net.evaluate(X, y, **options)["loss"] < -1 < net.evaluate(V, y_val, **options)["loss"]
    assert "WB-OVERFIT" not in found
    assert "WB-OVERFIT" not in diagnose(net, history, X, y, **options)


def test_rare_rows_that_were_paid_for_with_others_are_not_under_fitted():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 4))
    y = (X[:, 0] + X[:, 1] > 2.6).astype(np.int64)  # of 3 % of the rows
    net = wb.Network([wb.Dense(4, 2)])
    net[0].weights[...] = [[0, 9], [0, 9], [0, 0], [0, 0]]
    net[0].biases[...] = 0, -9 * 2.0  # all of these are found, and 5 % of the others
    history = wb.History({}, "completed")
    history._weighed = False
    assert "WB-UNDERFIT" in diagnose(net, history, X, y, loss="cross_entropy")
    assert "WB-UNDERFIT" not in diagnose(net, None, X, y, loss="cross_entropy")  # nobody knows
    weights = {"class_weight": "balanced"}, {"sample_weight": np.where(y, 20.0, 1.0)}
    for weighed in weights:
        assert "WB-UNDERFIT" not in diagnose(net, None, X, y, loss="cross_entropy", **weighed)
    net[0].weights[...] = [[0, 0], [0, 0], [0, 9], [0, 9]]  # of other columns
    for weighed in weights:
        assert "WB-UNDERFIT" in diagnose(net, None, X, y, loss="cross_entropy", **weighed)
    assert "WB-UNDERFIT" in diagnose(net, None, X, y, loss="cross_entropy")


@pytest.mark.parametrize("how", ["class_weight", "sample_weight"])
def test_a_fit_is_known_to_have_had_weights(how, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 6))
    margin = X[:, 0] + X[:, 1] + rng.normal(size=1200)
    y = (margin > np.quantile(margin, 0.975)).astype(np.int64)
    weights = {"class_weight": "balanced", "sample_weight": np.where(y, 39.0, 1.0)}
    net = wb.Network.mlp([6, 16, 2], seed=0)
    options = {"loss": "cross_entropy", "optimizer": "adam(0.01)"}
    history = net.fit(X, y, epochs=20, track="epoch", **options, **{how: weights[how]})
    read = wb.History.from_json(history.to_json())
    net.save(tmp_path / "net.safetensors")
    saved = wb.load(tmp_path / "net.safetensors")
    for one, given in ((net, history), (net, None), (net, pickled(history)), (saved, read)):
        assert "WB-UNDERFIT" not in diagnose(one, given, X, y, loss="cross_entropy")
    assert [were_weighed(one) for one in (history, pickled(history), read)] == [True] * 3
    assert were_weighed(wb.History({}, "completed"), history) is True
    assert were_weighed(wb.History({}, "completed"), None) is None
    plain = saved.fit(X, y, epochs=1, track="epoch", **options)
    assert were_weighed(plain) is were_weighed(wb.History.from_json(plain.to_json())) is False
    blocks = [(X, y, weights["sample_weight"])]
    of_source = saved.fit(blocks, epochs=1, track="epoch", **options)
    of_text = wb.History.from_json(of_source.to_json())
    assert were_weighed(of_source) is were_weighed(of_text) is None


def pickled(history):
    return pickle.loads(pickle.dumps(history))
