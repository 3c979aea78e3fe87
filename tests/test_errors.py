"""Every refusal: its kind, its text, and that nothing has been touched.

The tables hold an expression and, below it, the error: its class, then its text, in which * stands
for anything and names in braces for the texts in `TEXTS`.
"""

import builtins
import re

import numpy as np
import pytest

import wbcore as wb

X = np.random.default_rng(0).standard_normal((10, 4))
Y = np.random.default_rng(1).standard_normal((10, 3))
LABELS = np.arange(10) % 3
ONE_HOT = np.eye(3)[LABELS]
NAN, INF = float("nan"), float("inf")

TEXTS = {
    "SIZE": "an integer from 1 to 2147483647",
    "SEED": "an integer from 0 to 2**64 - 1",
    "ACTIVATIONS": "identity, sigmoid, relu, tanh, leaky_relu, elu, softplus, gelu, silu, softmax",
    "INITIALIZERS": ", ".join(wb.initializers.NAMES),
    "BIASES": "zeros, ones, constant, normal, uniform, truncated_normal",
    "LOSSES": "mse, mae, huber, binary_cross_entropy, cross_entropy",
    "METRICS": "accuracy, mae, mse, r2",
    "DTYPES": "'float32' or 'float64'",
    "THREADS": "None or an integer from 1 to 1024",
    "GENERATORS": "a numpy.random.Generator or a numpy.random.RandomState",
}


def changed(array, value):
    array = np.array(array, dtype=float)
    array[6, 2] = value
    return array


def layer(inputs=3, outputs=3, *rest, **options):
    return wb.Dense(inputs, outputs, *rest, **options)


def start(initializer):
    return wb.Network([wb.Dense(3, 2), wb.Dense(2, 4, initializer=initializer)])


def start_biases(initializer):
    return wb.Network([wb.Dense(3, 2), wb.Dense(2, 4, bias_initializer=initializer)])


def network(output_activation="identity", widths=(4, 5, 3)):
    return wb.Network.mlp(widths, "tanh", output_activation=output_activation, seed=1)


def gradients(**options):
    return wb.Network.mlp([4, 3], **options).loss_and_gradients(X, Y, loss="mse")[1]


def read_only(array):
    array.flags.writeable = False
    return array


def cases(table):
    """(expression, error class, text) of a table."""
    lines, found = [line for line in table.splitlines() if line.strip()], []
    for expression, error in zip(lines[::2], lines[1::2], strict=True):
        kind, _, text = error.strip().partition(" ")
        for name, value in TEXTS.items():
            text = text.replace(f"{{{name}}}", value)
        found.append(pytest.param(expression, getattr(builtins, kind), text, id=expression))
    return found


def check(error, text, call):
    # Two stars are a power.
    pattern = ".*".join(map(re.escape, re.split(r"(?<!\*)\*(?!\*)", text)))
    with pytest.raises(error, match=pattern) as caught:
        call()
    assert type(caught.value) is error
    # One line in one style, from Python and from the core alike.
    assert re.fullmatch(r"\[[\w ,]+\] .*expected .*, got .*", str(caught.value))


# Building, and functions

BUILDING = """
layer(0)
    ValueError [Dense] expected inputs to be {SIZE}, got 0
layer(3, -3)
    ValueError [Dense] expected outputs to be {SIZE}, got -3
layer(2**31)
    ValueError [Dense] expected inputs to be {SIZE}, got 2147483648
layer(3.0)
    TypeError [Dense] expected inputs to be {SIZE}, got 3.0
layer(3, True)
    TypeError [Dense] expected outputs to be {SIZE}, got True
layer(3, np.bool_(True))
    TypeError [Dense] expected outputs to be {SIZE}, got *True
layer("3")
    TypeError [Dense] expected inputs to be {SIZE}, got '3'
layer(None)
    TypeError [Dense] expected inputs to be {SIZE}, got None
layer(np.arange(2))
    TypeError [Dense] expected inputs to be {SIZE}, got an array of shape (2,) and dtype int64
layer(3, 3, "relu6")
    ValueError [Dense] expected activation to be one of {ACTIVATIONS}, got 'relu6'
layer(3, 3, wb.relu)
    TypeError [Dense] expected activation to be one of {ACTIVATIONS}, got <function relu
layer(initializer="kaiming")
    ValueError [Dense] expected initializer to be a function or one of {INITIALIZERS}, got
layer(initializer=3)
    TypeError [Dense] expected initializer to be a function or one of {INITIALIZERS}, got 3
layer(bias_initializer="he")
    ValueError [Dense] expected bias_initializer to be a function or one of {BIASES}, got 'he'
layer(bias_initializer="orthogonal(2)")
    ValueError [Dense] expected bias_initializer to be a function or one of {BIASES}, got 'orth
layer(initializer="normal(0, -1)")
    ValueError [Dense] expected std of normal to be a finite number of at least 0, got '-1'
layer(initializer="normal(0, nan)")
    ValueError [Dense] expected std of normal to be a finite number of at least 0, got 'nan'
layer(initializer="normal(0, 1")
    ValueError [Dense] expected initializer to be one of zeros, *, got 'normal(0, 1'
layer(bias_initializer="constant(1, 2)")
    ValueError [Dense] expected bias_initializer to be constant(value), got 'constant(1, 2)'
layer(initializer="uniform(1, 0)")
    ValueError [Dense] expected low <= high and a finite difference, got uniform(1, 0)
layer(initializer="he(\\ud800)")
    ValueError [Dense] expected initializer to be he, got 'he(?)'
wb.Network([])
    ValueError [Network] expected at least one layer, got none
wb.Network(layer())
    TypeError [Network] expected layers to be a sequence of Dense, got Dense(inputs=3
wb.Network([layer(), 10])
    TypeError [Network] expected layer 1 to be a Dense, got 10
wb.Network([layer(), layer(4)])
    ValueError [Network] expected layer 1 to take the 3 outputs of layer 0, got one with 4 inputs
wb.Network([layer(3, 3, "softmax"), layer()])
    ValueError [Network] expected softmax in the last layer only, got it in layer 0 of 2
wb.Network([layer()], dtype="float16")
    ValueError [Network] expected dtype to be {DTYPES}, got 'float16'
wb.Network([layer()], dtype="double precision")
    ValueError [Network] expected dtype to be {DTYPES}, got 'double precision'
wb.Network([layer()], dtype=None)
    ValueError [Network] expected dtype to be {DTYPES}, got None
wb.Network([layer()], dtype=">f4")
    ValueError [Network] expected dtype to be {DTYPES}, got '>f4'
wb.Network([layer()], seed=None)
    TypeError [Network] expected seed to be {SEED}, got None; for another *pass secrets.randbits(64)
wb.Network([layer()], seed=-1)
    ValueError [Network] expected seed to be {SEED}, got -1
wb.Network([layer()], seed=2**64)
    ValueError [Network] expected seed to be {SEED}, got 18446744073709551616
wb.Network([layer()], seed=True)
    TypeError [Network] expected seed to be {SEED}, got True
wb.Network([layer()], seed=0.5)
    TypeError [Network] expected seed to be an integer, {GENERATORS}, got 0.5
wb.Network([layer()], seed=np.random)
    TypeError [Network] expected seed to be an integer, {GENERATORS}, got <module 'numpy.random'
wb.Network.mlp([4])
    ValueError [mlp] expected widths to be at least two integers such as [64, 32, 10], got [4]
wb.Network.mlp(4)
    ValueError [mlp] expected widths to be at least two integers such as [64, 32, 10], got 4
wb.Network.mlp("48")
    ValueError [mlp] expected widths to be at least two integers such as [64, 32, 10], got '48'
wb.Network.mlp([4, 2.5])
    TypeError [mlp] expected every width to be {SIZE}, got 2.5
wb.Network.mlp([4, 0, 2])
    ValueError [mlp] expected every width to be {SIZE}, got 0
start(lambda i, o: np.ones((o, i)))
    ValueError [initializer of layer 1] expected weights of shape (2, 4), got shape (4, 2)
start(lambda i, o: np.full((i, o), NAN))
    ValueError [initializer of layer 1] expected its result to be finite, got nan at [0, 0]
start(lambda i, o: np.full((i, o), 1e39))
    ValueError [initializer of layer 1] *to be finite in float32, got 1e+39 at weights[0, 0]
start(lambda i, o: "zeros")
    TypeError [initializer of layer 1] expected its result to be an array of real numbers, got dtype
start_biases(lambda i, o: np.ones((o, i)))
    ValueError [bias_initializer of layer 1] expected biases of shape (4,), got shape (4, 1)
"""

FUNCTIONS = """
wb.initializers.he(0, 3)
    ValueError [he] expected fan_in to be {SIZE}, got 0
wb.initializers.xavier(3, 3.0)
    TypeError [xavier] expected fan_out to be {SIZE}, got 3.0
wb.initializers.he(3, 3, seed=None)
    TypeError [he] expected seed to be {SEED}, got None
wb.initializers.he(3, 3, layer=-1)
    ValueError [he] expected layer to be an integer from 0 to 9223372036854775807, got -1
wb.initializers.zeros(3, 3, dtype="int32")
    ValueError [zeros] expected dtype to be {DTYPES}, got 'int32'
wb.initializers.normal(3, 3, std=-1)
    ValueError [normal] expected std to be a finite number of at least 0, got -1
wb.initializers.truncated_normal(3, 3, mean=NAN)
    ValueError [truncated_normal] expected mean to be a finite number, got nan
wb.initializers.constant(3, 3, value="1")
    TypeError [constant] expected value to be a finite number, got '1'
wb.initializers.constant(3, 3, value=10**400)
    ValueError [constant] expected value to be a finite number, got 1000000
wb.initializers.orthogonal(3, 3, gain=INF)
    ValueError [orthogonal] expected gain to be a finite number, got inf
wb.initializers.uniform(3, 3, low=1, high=0)
    ValueError [uniform] expected low <= high and a finite difference, got uniform(1, 0)
wb.initializers.uniform(3, 3, low=-1e308, high=1e308)
    ValueError [uniform] expected low <= high and a finite difference, got uniform(-1e+308
wb.initializers.normal(30, 30, std=1e39, dtype="float32")
    ValueError [normal] expected its result to be finite in float32, got *e+39 at [0,
wb.relu("a")
    TypeError [relu] expected z to be an array*, got dtype <U1 with 'a'; turn text into numbers
wb.gelu([1j])
    TypeError [gelu] expected z to be an array of real numbers, got dtype complex128
wb.tanh([None])
    TypeError [tanh] expected z to be an array*, got dtype object; pass np.asarray(z, float)
wb.tanh([[1], [2, 3]])
    ValueError [tanh] expected z to be an array of real numbers, got [[1], [2, 3]]
wb.tanh(np.ma.array([1, 2], mask=[0, 1]))
    TypeError [tanh] expected z to be an array of real numbers, got a masked array
wb.sigmoid([0, NAN])
    ValueError [sigmoid] expected z to be finite, got nan at z[1]
wb.softmax(1.0)
    ValueError [softmax] expected z of shape (..., O) with O at least 1, got shape ()
wb.softmax(np.empty((3, 0)))
    ValueError [softmax] expected z of shape (..., O) with O at least 1, got shape (3, 0)
wb.dense(X, np.ones(4), [1])
    ValueError [dense] expected weights of shape (I, O), both at least 1, got shape (4,)
wb.dense(X, np.ones((4, 3)), np.ones(4))
    ValueError [dense] expected biases of shape (3,), got shape (4,)
wb.dense(X, np.ones((5, 3)), np.ones(3))
    ValueError [dense] expected x of shape (5,) or (B, 5), got shape (10, 4)
wb.dense(X[None], np.ones((4, 3)), np.ones(3))
    ValueError [dense] expected x of shape (4,) or (B, 4), got shape (1, 10, 4)
wb.dense(X, np.full((4, 3), INF), np.ones(3))
    ValueError [dense] expected weights to be finite, got inf at weights[0, 0]
wb.losses.loss_and_gradient("rmse", Y, Y)
    ValueError [loss_and_gradient] expected loss to be one of {LOSSES}, got 'rmse'
wb.losses.huber(Y.astype("f4"), Y, delta=1e-46)
    ValueError [loss_and_gradient] expected delta to be a finite number above 0 in float32, got
wb.losses.huber(Y, Y, delta=0.0)
    ValueError [loss_and_gradient] expected delta to be a finite number above 0, got 0.0
wb.losses.mse(Y[:0], Y[:0])
    ValueError [mse] expected outputs of shape (B, O) or (B,), at least one of each, got
wb.random.permutation(-1)
    ValueError [permutation] expected n to be an integer from 0 to 281474976710656, got -1
wb.random.philox_words(0, None, 0, 1)
    TypeError [philox_words] expected key1 to be {SEED}, got None
wb.random.uniform(0, 0, 0.5)
    TypeError [uniform] expected count to be an integer from 0 to 281474976710656, got 0.5
wb.SGD().step(3, gradients())
    TypeError [step] expected a Network, got 3
wb.SGD().step(network(), np.ones(43))
    TypeError [step] expected Gradients, got an array of shape (43,)
wb.SGD().step(network(), gradients())
    ValueError [step] expected gradients of 43 parameters in float32, got 15 in float32
wb.SGD().step(network(widths=(4, 3)), gradients(dtype="float64"))
    ValueError [step] expected gradients of 15 parameters in float32, got 15 in float64
"""


@pytest.mark.parametrize(("expression", "error", "text"), cases(BUILDING + FUNCTIONS))
def test_building_and_functions(expression, error, text):
    check(error, text, lambda: eval(expression))


def test_all_arguments_are_checked_before_a_generator_is_drawn_from():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="dtype"):
        wb.Network([layer()], seed=rng, dtype="float16")
    with pytest.raises(ValueError, match="layer 1"):
        wb.Network([layer(), layer(4)], seed=rng)
    assert rng.random() == np.random.default_rng(0).random()


def test_numbers_beyond_float64():
    largest = np.finfo("longdouble").max
    if np.isfinite(float(largest)):
        pytest.skip("longdouble is float64 here")
    check(
        ValueError,
        "[relu] expected z to be finite in float64, got 1.18*e+4932 at z[0]",
        lambda: wb.relu([largest]),
    )


# SGD

SGD = """
learning_rate=0
    ValueError expected learning_rate to be a finite number above 0, got 0
learning_rate=-0.1
    ValueError expected learning_rate to be a finite number above 0, got -0.1
learning_rate=NAN
    ValueError expected learning_rate to be a finite number above 0, got nan
learning_rate=INF
    ValueError expected learning_rate to be a finite number above 0, got inf
learning_rate=1e39
    ValueError expected learning_rate to be a finite number above 0, got 1e+39
learning_rate="0.1"
    TypeError expected learning_rate to be a finite number above 0, got '0.1'
learning_rate=True
    TypeError expected learning_rate to be a finite number above 0, got True
learning_rate=None
    TypeError expected learning_rate to be a finite number above 0, got None
momentum=1.0
    ValueError expected momentum to be a number from 0 to below 1, got 1.0
momentum=-0.5
    ValueError expected momentum to be a number from 0 to below 1, got -0.5
momentum=NAN
    ValueError expected momentum to be a number from 0 to below 1, got nan
weight_decay=-1
    ValueError expected weight_decay to be a finite number of at least 0, got -1
weight_decay=INF
    ValueError expected weight_decay to be a finite number of at least 0, got inf
nesterov=1
    TypeError expected nesterov to be True or False, got 1
decay_biases="no"
    TypeError expected decay_biases to be True or False, got 'no'
"""


@pytest.mark.parametrize(("expression", "error", "text"), cases(SGD))
def test_hyper_parameters(expression, error, text):
    ((name, value),) = eval(f"dict({expression})").items()
    check(error, f"[SGD] {text}", lambda: wb.SGD(**{name: value}))
    optimizer = wb.SGD()
    before = getattr(optimizer, name)
    check(error, f"[SGD] {text}", lambda: setattr(optimizer, name, value))
    assert getattr(optimizer, name) == before


def test_nesterov_needs_momentum():
    text = "[SGD] expected momentum above 0 with nesterov=True, got 0.0"
    check(ValueError, text, lambda: wb.SGD(nesterov=True))
    optimizer = wb.SGD(momentum=0.5, nesterov=True)
    optimizer.momentum = 0.0
    check(ValueError, text, lambda: network().fit(X, Y, loss="mse", optimizer=optimizer))


@pytest.mark.parametrize("values", [[NAN], [INF], [INF, -INF]])
def test_step_with_gradients_that_are_not_finite(values):
    net = network()
    before = net.parameters.tobytes()
    _, grads = net.loss_and_gradients(X, Y, loss="mse")
    grads.flat[: len(values)] = values
    text = "[step] expected finite gradients, got NaN or infinity"
    check(ValueError, text, lambda: wb.SGD().step(net, grads))
    assert net.parameters.tobytes() == before


# Data: what the operations on X and y refuse alike. The expressions are X, y and the loss.

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
X, LABELS * 1.0, "cross_entropy"
    ValueError expected y as integer labels*got float64 of shape (10,); *pass np.asarray(y, int)
X, LABELS / 2, "cross_entropy"
    ValueError expected y as integer labels of shape (B,) or as class targets of shape (B, 3), got
X, LABELS[:, None], "cross_entropy"
    ValueError expected y of shape (B, 3) or integer labels*got int64*; for labels pass np.ravel(y)
X, changed(ONE_HOT, -1), "cross_entropy"
    ValueError expected class targets y of at least 0, got -1 at y[6, 2]
X, changed(ONE_HOT, 0.5), "cross_entropy"
    ValueError expected class targets y that sum to 1 in each row, got 1.5 at y[6]
X, changed(ONE_HOT, 1.5), "binary_cross_entropy"
    ValueError expected targets y in [0, 1] for binary_cross_entropy, got 1.5 at y[6, 2]
X, Y, "rmse"
    ValueError expected loss to be one of {LOSSES}, got 'rmse'
X, Y, wb.losses.mse
    TypeError expected loss to be one of {LOSSES}, got <function mse
X, Y, "huber", 0
    ValueError expected delta to be a finite number above 0, got 0
X, Y, "huber", NAN
    ValueError expected delta to be a finite number above 0, got nan
X, Y, "huber", 1e-46
    ValueError expected delta to be a finite number above 0 in float32, got 1e-46
X, Y, "huber", 1e39
    ValueError expected delta to be a finite number above 0 in float32, got 1e+39
"""

OPERATIONS = ["fit", "evaluate", "loss_and_gradients", "time_per_update"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("expression", "error", "text"), cases(INPUTS + TARGETS))
def test_data(expression, error, text, operation):
    inputs, y, loss, *delta = eval(expression)
    options = {"loss": loss} | dict(zip(["delta"], delta, strict=False))
    net = network()
    before = net.parameters.tobytes()
    check(error, f"[{operation}] {text}", lambda: getattr(net, operation)(inputs, y, **options))
    assert net.parameters.tobytes() == before
    assert net.history is None


@pytest.mark.parametrize("operation", ["predict", "forward"])
@pytest.mark.parametrize(("expression", "error", "text"), cases(INPUTS))
def test_inputs(expression, error, text, operation):
    inputs = eval(expression)[0]
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
    call = getattr(network(last), operation)
    check(ValueError, f"[{operation}] {text}", lambda: call(X, ONE_HOT, loss=loss))


# fit

FIT = """
epochs=0
    ValueError [fit] expected epochs to be {SIZE}, got 0
epochs=2**31
    ValueError [fit] expected epochs to be {SIZE}, got 2147483648
epochs=10.0
    TypeError [fit] expected epochs to be {SIZE}, got 10.0
epochs=True
    TypeError [fit] expected epochs to be {SIZE}, got True
batch_size=0
    ValueError [fit] expected batch_size to be {SIZE}, got 0
batch_size=-32
    ValueError [fit] expected batch_size to be {SIZE}, got -32
batch_size=None
    TypeError [fit] expected batch_size to be {SIZE}, got None
optimizer="sgd"
    TypeError [fit] expected optimizer to be an optimizer such as SGD(learning_rate=0.1), got 'sgd'
optimizer=wb.SGD
    TypeError [fit] expected optimizer to be an optimizer such as SGD(learning_rate=0.1), got <class
validation_data=X
    TypeError [fit] expected validation_data to be a pair (X_val, y_val), got an array
validation_data=(X, Y, Y)
    TypeError [fit] expected validation_data to be a pair (X_val, y_val), got (array(
validation_data=(None, Y)
    TypeError [fit] expected validation_data to be a pair (X_val, y_val), got None as its X_val
validation_data=[X, None]
    TypeError [fit] expected validation_data to be a pair (X_val, y_val), got None as its y_val
validation_data=(None, None)
    TypeError [fit] expected validation_data to be a pair (X_val, y_val), got None as its X_val
validation_data=(X[:, :3], Y)
    ValueError [fit, validation_data] X has 3 columns but the first layer takes 4
validation_data=(X, Y[:9])
    ValueError [fit, validation_data] expected y with 10 rows, as X has, got 9
validation_data=(changed(X, NAN), Y)
    ValueError [fit, validation_data] expected finite values in X, got nan
callback=3
    TypeError [fit] expected callback to be callable as callback(epoch, history), got 3
metrics="mae"
    TypeError [fit] expected metrics to be a sequence of names such as ['mae'], got 'mae'
metrics=3
    TypeError [fit] expected metrics to be a sequence of names such as ['mae'], got 3
metrics=["mae", "rmse"]
    ValueError [fit] expected metrics to be one of {METRICS}, got 'rmse'
metrics=[3]
    TypeError [fit] expected metrics to be one of {METRICS}, got 3
metrics=["mae", "mae"]
    ValueError [fit] expected each of metrics once, got ['mae', 'mae']
metrics=["accuracy"]
    ValueError [fit] expected metrics that go with the loss mse, got 'accuracy'
seed=None
    TypeError [fit] expected seed to be {SEED}, got None; for another result each time
seed=np.random.default_rng(0)
    TypeError [fit] expected seed to be {SEED}, got Generator(PCG64)
seed=2**64
    ValueError [fit] expected seed to be {SEED}, got 18446744073709551616
n_threads=0
    ValueError [fit] expected n_threads to be {THREADS}, got 0
n_threads=2.0
    TypeError [fit] expected n_threads to be {THREADS}, got 2.0
progress="bar"
    TypeError [fit] expected progress to be True or False, got 'bar'
shuffle=1
    TypeError [fit] expected shuffle to be True or False, got 1
track="batch"
    ValueError [fit] expected track to be None or epoch, got 'batch'
"""


@pytest.mark.parametrize(("expression", "error", "text"), cases(FIT))
def test_fit(expression, error, text):
    options = {"loss": "mse"} | eval(f"dict({expression})")
    net = network()
    net.fit(X, Y, loss="mse")
    before, history = net.parameters.tobytes(), net.history
    check(error, text, lambda: net.fit(X, Y, **options))
    assert net.parameters.tobytes() == before
    assert net.history is history
    net.fit(X, Y, loss="mse")  # it is not locked


def test_refused_fit_leaves_the_velocity():
    nets, optimizer = (network(), network()), wb.SGD(0.1, momentum=0.9)
    for net in nets:
        net.fit(X, Y, loss="mse", optimizer=optimizer)
    wrong = changed(Y, NAN)
    check(ValueError, "[fit]", lambda: nets[0].fit(X, wrong, loss="mse", optimizer=optimizer))
    for net in nets:
        net.fit(X, Y, loss="mse", optimizer=optimizer)
    assert nets[0] == nets[1]


def test_fit_without_loss():
    with pytest.raises(TypeError, match="loss"):
        network().fit(X, Y)


OTHERS = """
net.evaluate(X, Y, loss="mse", n_threads=-1)
    ValueError [evaluate] expected n_threads to be {THREADS}, got -1
net.evaluate(X, Y, loss="mse", metrics=["f1"])
    ValueError [evaluate] expected metrics to be one of {METRICS}, got 'f1'
net.evaluate(X, LABELS, loss="cross_entropy", metrics=["r2"])
    ValueError [evaluate] expected metrics that go with the loss cross_entropy, got 'r2'
net.predict(X, n_threads=1025)
    ValueError [predict] expected n_threads to be {THREADS}, got 1025
net.predict(X, n_threads="2")
    TypeError [predict] expected n_threads to be {THREADS}, got '2'
net.time_per_update(X, Y, loss="mse", repeats=0)
    ValueError [time_per_update] expected repeats to be {SIZE}, got 0
net.time_per_update(X, Y, loss="mse", batch_size=0)
    ValueError [time_per_update] expected batch_size to be {SIZE}, got 0
net.backward(Y)
    RuntimeError [backward] expected forward(X) to be called first, got no recorded batch
"""


@pytest.mark.parametrize(("expression", "error", "text"), cases(OTHERS))
def test_other_operations(expression, error, text):
    check(error, text, lambda: eval(expression, globals(), {"net": network()}))


BACKWARD = """
Y[:, :2]
    ValueError [backward] expected dY of shape (10, 3), as the last forward gave, got (10, 2)
Y[:9]
    ValueError [backward] expected dY of shape (10, 3), as the last forward gave, got (9, 3)
changed(Y, NAN)
    ValueError [backward] expected finite values in dY, got nan at dY[6, 2]
Y.astype(object)
    TypeError [backward] expected dY as an array of real numbers, got dtype object
"""


@pytest.mark.parametrize(("expression", "error", "text"), cases(BACKWARD))
def test_backward(expression, error, text):
    net = network()
    net.forward(X)
    check(error, text, lambda: net.backward(eval(expression)))
    net.backward(Y)


# predict(out=)

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


@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_of_thousands_of_digits(sign):
    """Python refuses to write them out; the message does without."""
    net, value = network(widths=(3, 1)), sign * 10**5000
    for operation, call in {
        "fit": lambda: net.fit(np.ones((2, 3)), np.ones(2), loss="mse", epochs=value),
        "SGD": lambda: wb.SGD(value),
        "predict": lambda: net.predict(np.ones((2, 3)), n_threads=value),
    }.items():
        with pytest.raises(
            (TypeError, ValueError), match=rf"\[{operation}\] expected .*, got an object of int"
        ):
            call()
