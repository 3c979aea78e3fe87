"""What `diagnose` says of a learning rate: by the losses of a training, and by trying."""

import numpy as np
import pytest

import wbcore as wb
from wbcore.inspect import diagnose

pytestmark = pytest.mark.filterwarnings("ignore::wbcore.TrainingWarning")


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    return X, (X[:, 0] + X[:, 1] > 0).astype(np.int64)


@pytest.fixture
def net(rows):
    net = wb.Network.mlp([4, 16, 2], seed=0)
    net.fit(*rows, loss="cross_entropy", optimizer="adam(0.01)", epochs=20)
    return net


def test_a_slow_rate_is_not_said_to_be_too_large_where_losses_are_negative():
    """The loss of counts of 50 falls from -30 to -120: half of it says nothing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = rng.poisson(np.exp(0.4 * X[:, 0] + 3.8))
    net = wb.Network.mlp([3, 16, 1], output_activation="exp", seed=0)
    history = net.fit(X, y, loss="poisson", optimizer="adam(0.001)", epochs=6)
    assert history.loss[-1] < 2 * history.loss[0] < -10
    found = diagnose(net, history, X, y)
    assert "WB-RATE" not in found
    assert "WB-UNDERFIT" in found
    (finding,) = found.with_code("WB-UNDERFIT")
    assert 'bias_init="prior" in fit' in finding.advice


def test_a_leap_of_negative_losses_is_found():
    """The best constant has a loss of -130.3, the counts themselves one of -134.4."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = rng.poisson(np.exp(0.4 * X[:, 0] + 3.8))
    net = wb.Network.mlp([3, 16, 1], output_activation="exp", seed=0)
    net.fit(X, y, loss="poisson", optimizer="adam(0.01)", epochs=40, bias_init="prior")
    for leap, is_found in (-133.7, False), (-132.9, True):
        losses = [-131.0, -132.5, -133.5, -133.9, leap, -133.9]
        found = diagnose(net, wb.History({"loss": losses}, "completed"), X, y)
        assert ("WB-RATE" in found) == is_found, (leap, found)


@pytest.mark.parametrize("optimizer", [wb.LBFGS(l2=0.01), "adam(0.01)"])
def test_small_weights_may_move_far(optimizer, rows):
    """What was recorded of a training does not change what is said of its rate."""
    if isinstance(optimizer, wb.LBFGS):
        pytest.importorskip("scipy")
    net = wb.Network.mlp([4, 16, 2], "tanh", initializer="normal(0, 0.001)", seed=0)
    options = {"loss": "cross_entropy", "optimizer": optimizer, "epochs": 60, "batch_size": 300}
    history = net.fit(*rows, track="epoch", **options)
    largest = max(record[0].weights.update_ratio for record in list(history.parameters)[1:])
    assert largest > 1
    assert "WB-RATE" not in diagnose(net, history, *rows)


@pytest.mark.parametrize(
    ("losses", "rates", "is_found"),
    [
        ([0.7, 0.4, 0.2, 0.1, 0.1, 0.3], [], True),
        ([0.7, 0.4, 0.2, 0.1, 0.1, 0.3], [0.01] * 6, True),
        ([0.7, 0.4, 0.2, 0.1, 0.1, 0.19], [], False),
        ([0.4, 0.7, 0.2, 0.1, 0.1, 0.1], [], False),  # the beginning
        ([0.7, 0.4, 0.2, 0.1, 0.3], [], False),  # too short to have an end
        ([0.7, 0.4, 0.2, 0.1, 0.1, 0.3], [0.01, 0.01, 0.01, 0.01, 0.001, 0.01], False),
    ],
)
def test_a_loss_that_leaps_at_the_end(losses, rates, is_found, net, rows):
    record = {"loss": losses} | ({"learning_rate": rates} if rates else {})
    found = diagnose(net, wb.History(record, "completed"), *rows)
    assert ("WB-RATE" in found) == is_found, found
    if is_found:
        (finding,) = found.with_code("WB-RATE")
        assert finding.evidence.startswith(
            "the mean loss was 0.1 in epoch 5 and 0.3 in epoch 6 of 6: a rise by 29% of what"
        )
        assert finding.advice.startswith("begin again")
        net[0].dropout = 0.1  # by which losses leap at any rate
        assert "WB-RATE" not in diagnose(net, wb.History(record, "completed"), *rows)


def test_where_inputs_are_large_they_are_what_makes_the_steps_large(net, rows):
    X, y = rows
    large = X * [1, 1, 1, 10]
    net[0].weights[3] /= 10
    history = wb.History({"loss": [0.7, 0.4, 0.2, 0.1, 0.1, 0.3]}, "completed")
    (finding,) = diagnose(net, history, large, y).with_code("WB-RATE")
    assert finding.advice.startswith("scaled inputs, wb.Standardized(X)")


def test_weights_of_classes_do_not_make_a_leap():
    """The loss of rows that count 50 times is far above what all rows alike cost."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 4))
    y = (X[:, 0] > 2.2).astype(np.int64)
    net = wb.Network.mlp([4, 8, 2], seed=0)
    net.fit(X, y, loss="cross_entropy", optimizer="adam(0.01)", epochs=20)
    losses = [0.6, 0.4, 0.2, 0.1, 0.1, 0.14]  # of 0.69
    history = wb.History({"loss": losses}, "completed")
    weighed = {"class_weight": "balanced"}
    assert "WB-RATE" not in diagnose(net, history, X, y, loss="cross_entropy", **weighed)
    history._weighed = False
    assert "WB-RATE" in diagnose(net, history, X, y, loss="cross_entropy")


def test_no_records_are_needed(rows):
    net = wb.Network.mlp([4, 16, 2], seed=0)
    options = {"loss": "cross_entropy", "optimizer": "adam(5)", "epochs": 1}
    found = [
        diagnose(one, one.fit(*rows, track=track, **options), *rows).with_code("WB-RATE")
        for one, track in ((net.copy(), None), (net.copy(), 1))
    ]
    assert found[0] == found[1]
    assert len(found[0]) == 1
