"""What `check` says of how a training begins, with the biases that its fit sets."""

import numpy as np
import pytest

import wbcore as wb
from wbcore import inspect
from wbcore.inspect import check, diagnose

pytestmark = pytest.mark.filterwarnings("ignore::wbcore.TrainingWarning")


def waiting(outputs=2):
    """A network that its first fit lets begin at the prior."""
    last = wb.Dense(16, outputs, bias_initializer="prior")
    return wb.Network([wb.Dense(4, 16, "relu"), last], seed=0)


def rows():
    X = np.random.default_rng(0).normal(size=(200, 4))
    return X, (X[:, 0] > 0).astype(np.int64)


def amounts():
    """Of a mean of 1,200, which begins far from the outputs of initial weights."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(1000, 4))
    mean = np.exp(0.5 * X[:, 0] + 0.3 * X[:, 1] + 7)
    return X, rng.gamma(2, mean / 2), wb.Network.mlp([4, 16, 1], output_activation="exp", seed=1)


def test_a_network_that_waits_for_its_prior_is_looked_at_as_its_fit_begins():
    X, y = rows()
    net = waiting()
    found = check(net, X, y)
    assert found.ok
    assert "at the prior, as fit begins with it" in found.looked_at
    assert net == waiting()
    diagnose(net, None, X, y, loss="cross_entropy")
    net.fit(X, y, loss="cross_entropy", epochs=1)  # which sets them still
    other = waiting()
    other.start_at_prior(y, loss="cross_entropy")
    other.fit(X, y, loss="cross_entropy", epochs=1)
    assert net == other


@pytest.mark.parametrize(
    "name",
    [
        *("profile", "activations", "unit_table", "permutation_importance"),
        *("worst_predictions", "confused_pairs", "step"),
    ],
)
def test_what_looks_at_a_network_that_waits_names_no_function_that_was_not_called(name):
    net, (X, y) = waiting(), rows()
    if name == "step":  # of a batch, which does not know the prior
        with pytest.raises(ValueError, match=r"^\[step\] expected the biases.*start_at_prior\("):
            inspect.step(net, X, y, loss="cross_entropy")
    else:
        getattr(inspect, name)(net, X, y, loss="cross_entropy")
    assert net == waiting()


def test_a_prior_that_there_is_not_is_refused_as_by_fit():
    X, y = rows()
    net = wb.Network.mlp([4, 16, 1], output_activation="exp", seed=1)
    with pytest.raises(ValueError, match=r"^\[check\] expected the mean of y"):
        check(net, X, y - 3, loss="mse", bias_init="prior")
    with pytest.raises(ValueError, match=r"^\[check\] expected bias_init to be None or"):
        check(net, X, y, loss="mse", bias_init="zeros")
    X[0, 0] = np.nan  # what is no number comes first
    assert "WB-NONFINITE" in check(net, X, y - 3, loss="mse", bias_init="prior")


def test_biases_at_the_prior_are_named_where_they_cure():
    X, y, net = amounts()
    found = check(net, X, y, loss="gamma_deviance")
    (finding,) = found.with_code("WB-ONE-BATCH")
    assert 'bias_init="prior"' in finding.advice
    told = check(net, X, y, loss="gamma_deviance", bias_init="prior")
    assert told.ok, told
    tiny = check(wb.Network.mlp([4, 16, 2], seed=0), 1e-8 * X, X[:, 0] > 0)
    assert all("bias_init" not in finding.advice for finding in tiny.with_code("WB-ONE-BATCH"))
    assert "WB-ONE-BATCH" in tiny


def test_a_first_loss_that_is_too_high_has_its_own_advice():
    X, _ = rows()
    values = X[:, 0] - X[:, 1]
    net = wb.Network.mlp([4, 16, 1], seed=0)
    (tiny,) = check(net, X, 1e-4 * values, loss="mse").with_code("WB-START")
    assert tiny.advice == "scaled targets"
    (large,) = check(net, 1e4 * X, values, loss="mse").with_code("WB-START")
    assert large.advice == "scaled inputs"
    wide = wb.Network.mlp([4, 16, 1], initializer="normal(0, 9)", seed=0)
    (finding,) = check(wide, X, values, loss="mse").with_code("WB-START")
    assert finding.advice == "the default initializers"


@pytest.mark.parametrize("size", [0.05, 0.2])
def test_targets_that_vary_little_make_an_ordinary_start_a_note(size):
    X, _ = rows()
    y = size * np.tanh(X[:, 0] - X[:, 1])
    net = wb.Network.mlp([4, 64, 64, 1], seed=0)
    (finding,) = check(net, X, y, loss="mse").with_code("WB-START")
    assert (finding.severity, finding.advice) == ("note", "")
    assert "never recovers" not in finding.why
    net[-1].weights[...] *= 30
    assert "WB-START (warning)" in str(check(net, X, y, loss="mse"))


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_batch_of_probabilities_is_learned_at_their_entropy(outputs):
    X = np.random.default_rng(0).normal(size=(300, 5))
    T = (X[:, :outputs] > 0) * 0.5
    net = wb.Network.mlp([5, 16, outputs], "relu", output_activation="sigmoid", seed=0)
    assert "WB-ONE-BATCH" not in check(net, X, T, loss="binary_cross_entropy")
    assert "WB-ONE-BATCH" in check(net, 1e-8 * X, T, loss="binary_cross_entropy")
    T = np.where(X[:, :1] > 0, [0.5, 0.25, 0.25], [0.25, 0.5, 0.25])
    net = wb.Network.mlp([5, 16, 3], seed=0)
    assert "WB-ONE-BATCH" not in check(net, X, T, loss="cross_entropy")
    assert "WB-ONE-BATCH" in check(net, 1e-8 * X, T, loss="cross_entropy")
