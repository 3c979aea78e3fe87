"""The loss that inspect takes for a network that was not trained yet, when none is named."""

import numpy as np
import pytest

import wbcore as wb
from wbcore import inspect

X = np.random.default_rng(0).normal(size=(40, 3))
TWO, THREE = np.arange(40) % 2, np.arange(40) % 3
ROWS = np.eye(3)[THREE]


def network(outputs, activation="identity"):
    return wb.Network([wb.Dense(3, 4, "tanh"), wb.Dense(4, outputs, activation)], seed=0)


@pytest.mark.parametrize(
    ("outputs", "activation", "y", "expected"),
    [
        (3, "identity", THREE, "cross_entropy"),
        (3, "identity", THREE.astype(float), "cross_entropy"),
        (3, "identity", THREE.tolist(), "cross_entropy"),
        (3, "identity", ROWS, "cross_entropy"),
        (3, "softmax", ROWS * 0.9 + 0.1 / 3, "cross_entropy"),
        (3, "identity", X > 0, "binary_cross_entropy"),
        (3, "sigmoid", ROWS, "binary_cross_entropy"),
        (3, "identity", X, "mse"),
        (1, "identity", TWO, "binary_cross_entropy"),
        (1, "identity", TWO == 1, "binary_cross_entropy"),
        (1, "identity", TWO[:, None] * 1.0, "binary_cross_entropy"),
        (1, "identity", THREE, "mse"),
        (1, "identity", np.ones(40), "mse"),
        (1, "identity", X[:, 0], "mse"),
        (1, "sigmoid", np.full(40, 0.25), "binary_cross_entropy"),
        (1, "sigmoid", X[:, 0], "mse"),
        (1, "relu", TWO, "mse"),
    ],
)
def test_what_targets_and_the_last_layer_suggest(outputs, activation, y, expected):
    net = network(outputs, activation)
    said = f"loss {expected}, as y and the last layer suggest"
    assert inspect.check(net, X, y).looked_at == f"all 40 rows; {said}"
    assert f": {expected}, sgd(0.1)" in inspect.step(net, X, y, wb.SGD(0.1)).title
    assert f"of their loss {expected}" in inspect.activations(net, X, y).title
    assert f"loss {expected} with all units" in inspect.unit_table(net, X, y).note
    assert len(inspect.profile(net, X, y, repeats=1)) > 0
    assert inspect.check(net, X, y).codes == inspect.check(net, X, y, loss=expected).codes
    assert net.loss is None


def test_rows_that_are_not_finite_suggest_nothing():
    y = TWO * 1.0
    y[3] = np.nan
    found = inspect.check(network(1), X, y)
    assert "binary_cross_entropy" in found.looked_at
    assert found.codes == inspect.check(network(1), X, y, loss="binary_cross_entropy").codes


def test_a_loss_that_is_known_is_taken():
    net = network(1)
    net.fit(X, TWO, loss="mae")
    assert "suggest" not in inspect.check(net, X, TWO).looked_at
    assert inspect.step(net, X[:2], TWO[:2], wb.SGD(0.1)).title.count(": mae, ") == 1
    assert "loss mae with all units" in inspect.unit_table(net, X, TWO).note


def test_a_function_is_not_guessed():
    def own(outputs, targets):
        return 0.5 * np.mean((outputs - targets) ** 2), (outputs - targets) / outputs.size

    net = network(1)
    net.fit(X, TWO[:, None], loss=own)
    for call in (inspect.step, inspect.profile, inspect.activations, inspect.unit_table):
        with pytest.raises(ValueError, match=rf"\[{call.__name__}\] expected loss to be what the"):
            call(net, X, TWO[:, None])
    assert "suggest" not in inspect.check(net, X, TWO[:, None]).looked_at


def test_targets_that_are_none_are_refused_as_ever():
    for y in (np.array(["a", "b"] * 20), None, X[:, :2], np.ones((40, 1, 1))):
        for call in (inspect.step, inspect.profile, inspect.check):
            with pytest.raises((TypeError, ValueError), match=rf"\[{call.__name__}\] expected "):
                call(network(1), X, y)
