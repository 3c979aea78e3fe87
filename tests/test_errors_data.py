"""Refusals of X and y, alike in all operations: the expressions are X, y, loss."""

import functools

import numpy as np
import pytest
from refusals import ONE_HOT, X, cases, check, evaluated, network, read_only

import wbcore as wb

INPUTS = """
X[:, :3], Y, "mse"
    ValueError X has 3 columns but the first layer takes 4: expected shape (B, 4), got (10, 3)
X[0], Y, "mse"
    ValueError expected X of shape (B, 4), got shape (4,); for one row pass X[None, :]
X[None], Y, "mse"
    ValueError expected X of shape (B, 4), got shape (1, 10, 4)
X[:0], Y[:0], "mse"
    ValueError expected X with at least one row, got shape (0, 4)
changed(X, NAN), Y, "mse"
    ValueError expected finite values in X, got nan at X[6, 2]
changed(X, -INF), Y, "mse"
    ValueError expected finite values in X, got -inf at X[6, 2]
changed(X, 1e39), Y, "mse"
    ValueError expected finite values in X, got 1e+39, which is infinite in float32, at X[6, 2]
X * 1j, Y, "mse"
    TypeError expected X as an array of real numbers, got dtype complex128
X.astype(object), Y, "mse"
    TypeError expected X as an array of real numbers, got dtype object; pass np.asarray(X, float)
[["a", 1, 2, 3]] * 10, Y, "mse"
    TypeError expected X as an array*, got dtype <U* with 'a' at X[0, 0]; turn text into numbers
[[1, 2], [3]], Y, "mse"
    ValueError expected X as an array of real numbers, got setting an array
"""


TARGETS = """
X, Y[:9], "mse"
    ValueError expected y with 10 rows, as X has, got 9
X, Y[:, :2], "mse"
    ValueError expected y of shape (B, 3), got float64 of shape (10, 2)
X, Y[:, 0], "mse"
    ValueError expected y of shape (B, 3), got float64 of shape (10,)
X, changed(Y, NAN), "mse"
    ValueError expected finite values in y, got nan at y[6, 2]
X, Y * 1j, "mse"
    TypeError expected y as an array of real numbers, got dtype complex128
X, list("abcabcabca"), "cross_entropy"
    TypeError expected y*got dtype <U1 with 'a' at y[0]; *pass np.unique(y, return_inverse=True)[1]
X, {"a": 1}, "mse"
    TypeError expected y as an array of real numbers, got {'a': 1}
X, [0, 1, 2, 0, 3] * 2, "cross_entropy"
    ValueError expected class labels y in [0, 3), got 3 at y[4]
X, [0, 1, 2, 0, -1] * 2, "cross_entropy"
    ValueError expected class labels y in [0, 3), got -1 at y[4]
X, [0, 1, 2, 0, 0.5] * 2, "cross_entropy"
    ValueError expected class labels y as whole numbers in [0, 3), got 0.5 at y[4]
X, [0, 1, 2.0, 0, 3] * 2, "cross_entropy"
    ValueError expected class labels y in [0, 3), got 3 at y[4]
X, [0, 1, 2, 0, -1.0] * 2, "cross_entropy"
    ValueError expected class labels y in [0, 3), got -1 at y[4]
X, [0, 1, 2, 0, NAN] * 2, "cross_entropy"
    ValueError expected class labels y in [0, 3), got nan at y[4]
X, [0, 1, 2, 0, INF] * 2, "cross_entropy"
    ValueError expected class labels y in [0, 3), got inf at y[4]
X, LABELS[:, None], "cross_entropy"
    ValueError expected y of shape (B, 3) or labels of*got int64*; for labels pass np.ravel(y)
X, LABELS[:, None] * 1.0, "cross_entropy"
    ValueError expected y of shape (B, 3) or labels of*got float64*; for labels pass np.ravel(y)
X, (row for row in Y), "mse"
    TypeError expected y*got <generator *, which gives its rows once; pass np.array(list(...)) of
map(list, X), Y, "mse"
    TypeError expected X*got <map object *, which gives its rows once; pass np.array(list(...)) of
X, {1, 2}, "mse"
    TypeError expected y as an array of real numbers, got {1, 2}, which has no order
X, changed(ONE_HOT, -1), "cross_entropy"
    ValueError expected class targets y of at least 0, got -1 at y[6, 2]
X, changed(ONE_HOT, 0.5), "cross_entropy"
    ValueError expected class targets y that sum to 1 in each row, got 1.5 at y[6]
X, changed(ONE_HOT, 1.5), "binary_cross_entropy"
    ValueError expected targets y in [0, 1] for binary_cross_entropy, got 1.5 at y[6, 2]
X, Y, "rmse"
    ValueError expected loss to be one of {LOSSES}, got 'rmse'
X, Y, wb.losses.MSE
    TypeError expected loss to be one of {LOSSES}, got <class *; pass MSE()
X, Y, "categorical_crossentropy"
    ValueError expected loss to be one of {LOSSES}, got 'categorical_*; it is 'cross_entropy' here
X, Y, "nll"
    ValueError expected loss to be one of {LOSSES}, got 'nll'; it is 'cross_entropy' here
X, Y, "BCEWithLogitsLoss"
    ValueError expected loss*got 'BCEWithLogitsLoss'; it is 'binary_cross_entropy' here
X, Y, "mse_loss"
    ValueError expected loss*got 'mse_loss'; it is 'mse' here
X, Y, "huber(0)"
    ValueError expected delta of huber to be a finite number above 0, got '0'
X, Y, "huber(nan)"
    ValueError expected delta of huber to be a finite number above 0, got 'nan'
X, Y, "huber(1e-46)"
    ValueError expected delta of huber to be a finite number above 0 in float32, got 1e-46
X, Y, "huber(1e39)"
    ValueError expected delta of huber to be a finite number above 0 in float32, got 1e+39
"""


OPERATIONS = ["fit", "evaluate", "loss_and_gradients", "profile"]


def method(net, operation):
    """Of the network, or the inspection of it."""
    if operation == "profile":
        return functools.partial(wb.inspect.profile, net)
    return getattr(net, operation)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("expression", "error", "text"), cases(INPUTS + TARGETS))
def test_data(expression, error, text, operation):
    inputs, y, loss = evaluated(expression)
    options = {"loss": loss}
    net = network()
    before = net.parameters.tobytes()
    check(error, f"[{operation}] {text}", lambda: method(net, operation)(inputs, y, **options))
    assert net.parameters.tobytes() == before
    assert net.history is None


@pytest.mark.parametrize("operation", ["predict", "forward"])
@pytest.mark.parametrize(("expression", "error", "text"), cases(INPUTS))
def test_inputs(expression, error, text, operation):
    inputs = evaluated(expression)[0]
    check(error, f"[{operation}] {text}", lambda: getattr(network(), operation)(inputs))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("loss", "last", "fitting"),
    [
        ("cross_entropy", "sigmoid", "identity or softmax"),
        ("cross_entropy", "relu", "identity or softmax"),
        ("binary_cross_entropy", "softmax", "identity or sigmoid"),
        ("binary_cross_entropy", "tanh", "identity or sigmoid"),
    ],
)
def test_loss_that_does_not_suit_the_last_layer(operation, loss, last, fitting):
    text = f"expected a last layer with activation {fitting} for the loss {loss}, got {last}"
    call = method(network(last), operation)
    check(ValueError, f"[{operation}] {text}", lambda: call(X, ONE_HOT, loss=loss))


OUTS = {
    "columns": np.empty((10, 4), "f4"),
    "rows": np.empty((11, 3), "f4"),
    "dimensions": np.empty(30, "f4"),
    "dtype": np.empty((10, 3), "f8"),
    "byte order": np.empty((10, 3), ">f4"),
    "F order": np.empty((10, 3), "f4", order="F"),
    "strides": np.empty((10, 6), "f4")[:, ::2],
    "read-only": read_only(np.empty((10, 3), "f4")),
}


@pytest.mark.parametrize("out", OUTS.values(), ids=OUTS)
def test_out(out):
    before = out.tobytes()
    text = (
        "[predict] expected out as a writeable, C-contiguous float32 array of shape (10, 3), got "
    )
    check(ValueError, text, lambda: network().predict(X, out=out))
    assert out.tobytes() == before


def test_out_that_is_not_aligned():
    out = np.zeros(121, "u1")[1:].view("f4").reshape(10, 3)
    text = (
        "[predict] expected out as an aligned, writeable, C-contiguous float32 array of shape "
        "(10, 3), got unaligned float32 of shape (10, 3)"
    )
    check(ValueError, text, lambda: network().predict(X, out=out))
    assert not out.any()


@pytest.mark.parametrize("out", [[[0.0] * 3] * 10, "out", 3])
def test_out_that_is_no_array(out):
    check(TypeError, "[predict] expected out*array*got", lambda: network().predict(X, out=out))


def test_out_that_is_part_of_the_network():
    net = wb.Network.mlp([4, 3])
    before = net.parameters.tobytes()
    out = net.parameters[:12].reshape(4, 3)
    text = "[predict] expected out apart from the network's parameters, got a view of them"
    check(ValueError, text, lambda: net.predict(X[:4], out=out))
    assert net.parameters.tobytes() == before


def test_out_that_overlaps_X():
    net = wb.Network.mlp([3, 3], seed=0)
    rows = np.random.default_rng(0).random((600, 3), np.float32)
    before = rows.copy()
    text = "[predict] expected out apart from X, got arrays that share memory"
    check(ValueError, text, lambda: net.predict(rows[:-1], out=rows[1:]))
    assert (rows == before).all()
