"""What `diagnose` says of trainings that are judged by something else than all rows alike."""

import pickle

import numpy as np
import pytest

import wbcore as wb
from wbcore.inspect import diagnose
from wbcore.inspect.findings.weighing import were_weighed

pytestmark = pytest.mark.filterwarnings("ignore::wbcore.TrainingWarning")


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


def test_amounts_are_over_fitted_by_their_own_loss():
    """Larger amounts have larger errors, which their loss does not count by."""
    rng = np.random.default_rng(0)
    X, V = rng.normal(size=(400, 1)), rng.normal(2, 1, (200, 1))
    net = wb.Network([wb.Dense(1, 1)])
    net[0].weights[...], net[0].biases[...] = 1, 0
    sides = np.resize([-1, 1], 400)
    y = np.exp(X[:, 0]) * (1 + 0.5 * sides)

    def found(error):
        rows = V, np.exp(V[:, 0]) * (1 + error * sides[:200])
        given = {"loss": "gamma_deviance", "validation_data": rows}
        return diagnose(net, None, X, y, **given).with_code("WB-OVERFIT")

    assert not found(0.4)
    (finding,) = found(0.8)
    assert finding.evidence.endswith("; loss 0.2877 and 1.022")


def test_counts_are_over_fitted_by_what_their_loss_is_above_the_least():
    """Rarer counts have a smaller loss, however wrong they are predicted."""
    X, V = np.full((400, 1), 3.0), np.full((400, 1), 3.5)
    X[::2], V[::2] = 2.0, 3.0
    net = wb.Network([wb.Dense(1, 1)])
    net[0].weights[...], net[0].biases[...] = 1, 0
    rows = V, np.exp(V[:, 0]) + 9 * np.resize([-1, -1, 1, 1], 400)
    y = np.exp(X[:, 0]) + np.resize([-1, -1, 1, 1], 400)
    options = {"loss": "poisson", "validation_data": rows}
    (finding,) = diagnose(net, None, X, y, **options).with_code("WB-OVERFIT")
    assert finding.numbers["validation_loss"] < finding.numbers["loss"]
    assert finding.evidence.endswith(" above the least that the targets allow")


def test_a_loss_that_is_no_more_in_validation_is_not_over_fitted_by_the_series():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    net = wb.Network([wb.Dense(2, 1)])
    series = {"loss": [1.0, 0.4], "val_loss": [1.0, 0.3], "r2": [0.0, 0.7], "val_r2": [0.0, 0.4]}
    for loss, there in ((0.3, False), (0.5, True)):
        series["val_loss"][1] = loss
        found = diagnose(net, wb.History(series, "completed"), X, X[:, 0], loss="mae")
        assert ("WB-OVERFIT" in found) == there


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


def amounts(n=600):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, rng.gamma(2, np.exp(0.5 * X[:, 0] + 7) / 2)


def test_a_loss_above_that_of_the_best_constant_is_found():
    """Whatever its errors scatter by, and of any number of rows."""
    for n in 600, 30:
        X, y = amounts(n)
        net = wb.Network.mlp([3, 16, 1], output_activation="exp", seed=0)
        history = net.fit(X, y, loss="gamma_deviance", optimizer="adam(0.002)", epochs=30)
        (finding,) = diagnose(net, history, X, y).with_code("WB-UNDERFIT")
        assert finding.evidence.startswith("the loss in training is ")
        assert finding.numbers["loss"] > finding.numbers["prior"]
        assert 'bias_init="prior" in fit' in finding.advice
    X, y = amounts()
    net = wb.Network.mlp([3, 16, 1], output_activation="exp", seed=0)
    options = {"loss": "gamma_deviance", "optimizer": "adam(0.005)", "bias_init": "prior"}
    history = net.fit(X, y, epochs=20, **options)
    assert diagnose(net, history, X, y).ok


def test_a_loss_that_was_weighed_is_held_against_a_constant_that_is():
    """Rare rows that count more cost all rows alike more than saying no to each does."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 2))
    y = (X[:, 0] + rng.normal(size=2000) > 3.2).astype(np.float64)  # of 1 %
    net = wb.Network.mlp([2, 1], output_activation="sigmoid", seed=0)
    options = {"loss": "binary_cross_entropy", "optimizer": "adam(0.05)", "epochs": 30}
    history = net.fit(X, y, class_weight="balanced", **options)
    constant = net.copy()
    constant.start_at_prior(y, loss="binary_cross_entropy")
    now, prior = (n.evaluate(X, y, loss="binary_cross_entropy")["loss"] for n in (net, constant))
    assert now > 1.5 * prior
    assert "WB-UNDERFIT" not in diagnose(net, history, X, y)
    net[0].weights[...] *= -1
    assert "WB-UNDERFIT" in diagnose(net, history, X, y)
    history._weighed = False
    net[0].weights[...] *= -1
    assert "WB-UNDERFIT" in diagnose(net, history, X, y)


def test_an_output_that_hardly_varies_does_not_count_as_much_as_one_that_does():
    rng = np.random.default_rng(0)
    X, V = rng.normal(size=(400, 4)), rng.normal(size=(200, 4))

    def targets(rows):
        return np.stack([rows[:, 0] + rows[:, 1], 0.002 * rows[:, 2], 0.002 * rows[:, 3]], axis=1)

    net = wb.Network.mlp([4, 3], seed=0)
    net[0].weights[...] = [[1, 0, 0], [1, 0, 0], [0, 0.01, 0], [0, 0, 0.01]]
    history = wb.History({"loss": [1.0, 0.1]}, "completed")
    given = {"loss": "mse", "validation_data": (V, 5 * targets(V))}
    found = diagnose(net, history, X, targets(X), loss="mse")
    assert "WB-UNDERFIT" not in found
    net[0].weights[:2, 0] = 0
    found = diagnose(net, history, X, targets(X), loss="mse")
    assert "WB-UNDERFIT" in found
    assert "WB-OVERFIT" in diagnose(net, history, X, targets(X), **given)


def test_twice_the_errors_are_too_many_of_many_classes():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(15, 4)) * 5
    labels = rng.integers(0, 15, 1500)
    X = centers[labels] + rng.normal(size=(1500, 4))
    net = wb.Network.mlp([4, 15], seed=0)
    net[0].weights[...], net[0].biases[...] = centers.T, -(centers**2).sum(axis=1) / 2
    history = wb.History({"loss": [1.0, 0.1]}, "completed")
    assert "WB-UNDERFIT" not in diagnose(net, history, X, labels, loss="cross_entropy")
    net[0].biases[0] -= 40  # a class of 15 is never said
    (finding,) = diagnose(net, history, X, labels, loss="cross_entropy").with_code("WB-UNDERFIT")
    numbers = finding.numbers
    assert numbers["possible_skill"] - numbers["skill"] < 0.1
    assert numbers["error"] > 2 * numbers["possible_error"]


def blobs():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 8, 600)
    return 2 * (rng.normal(size=(8, 4))[labels] + 0.3 * rng.normal(size=(600, 4))), labels


@pytest.mark.parametrize(
    ("optimizer", "dropout", "advice"),
    [
        (wb.SGD(0.05, l2=3), 0.0, "first less l2 (it was 3): "),
        (wb.AdamW(0.01, weight_decay=10), 0.0, "first less weight_decay (it was 10): "),
        (wb.Adam(0.01), 0.95, "first less dropout (it was 0.95): "),
        ("sgd(exponential(0.05, 0.5, 5))", 0.0, "then a schedule that lasts, or"),
        ("sgd(0.0001)", 0.0, "then more epochs, or another learning rate: "),
    ],
)
def test_what_a_fit_was_given_is_said_first_where_it_is_to_blame(optimizer, dropout, advice):
    X, y = blobs()
    net = wb.Network.mlp([4, 16, 8], dropout=dropout, seed=0)
    history = net.fit(X, y, loss="cross_entropy", optimizer=optimizer, epochs=20)
    found = diagnose(net, history, X, y)
    (finding,) = found.with_code("WB-UNDERFIT")
    assert advice in finding.advice
    for collapsed in found.with_code("WB-COLLAPSED"):
        assert collapsed.advice.startswith(advice.removeprefix("first "))


def test_inputs_that_drown_each_other_are_said_to_be_scaled():
    rng = np.random.default_rng(0)
    X = np.stack([rng.uniform(2, 9, 800), rng.uniform(0, 24, 800), rng.normal(size=800)], axis=1)
    y = (X[:, 0] > 5) ^ (X[:, 1] > 12)
    net = wb.Network.mlp([3, 32, 2], seed=0)
    history = net.fit(X, y, loss="cross_entropy", optimizer="adam(0.01)", epochs=40)
    (finding,) = diagnose(net, history, X, y).with_code("WB-UNDERFIT")
    assert "then scaled inputs, wb.Standardized(X): " in finding.advice


def test_a_last_layer_that_cannot_say_the_mean_is_said_to_be_another():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    net = wb.Network.mlp([3, 16, 1], output_activation="sigmoid", seed=0)
    history = net.fit(X, X[:, 0], loss="mse", optimizer="adam(0.01)", epochs=40)
    (finding,) = diagnose(net, history, X, X[:, 0]).with_code("WB-UNDERFIT")
    assert "then another activation of the last layer (sigmoid)" in finding.advice


def test_shares_that_nobody_can_read_are_said_in_words():
    rng = np.random.default_rng(0)
    X, V = rng.normal(size=(400, 3)), rng.normal(size=(200, 3))
    net = wb.Network.mlp([3, 1], seed=0)
    texts = {2: "% of the variance", 10: " times the variance", 1e9: "more than 1,000,000 times"}
    for size, text in texts.items():
        net[0].weights[...] = [[size], [0], [0]]
        (finding,) = diagnose(net, None, X, X[:, 1], loss="mse").with_code("WB-UNDERFIT")
        assert text in finding.evidence
        assert finding.evidence.index("wrong in training") < 60
    net[0].weights[...] = [[0], [1], [0]]
    given = {"loss": "mse", "validation_data": (1000 * V, V[:, 1])}
    (finding,) = diagnose(net, None, X, X[:, 1], **given).with_code("WB-OVERFIT")
    assert "0.0% of the variance not explained in training" in finding.evidence
    assert " times that in validation" in finding.evidence


def pickled(history):
    return pickle.loads(pickle.dumps(history))
