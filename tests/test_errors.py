"""Refusals of what is built, of functions and of optimizers."""

import numpy as np
import pytest
from refusals import INF, NAN, X, Y, cases, check, evaluated, layer, network

import wbcore as wb

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
    ValueError [Dense] expected bias_initializer to be {BIAS} {BIASES}, prior, got 'he'
layer(bias_initializer="orthogonal(2)")
    ValueError [Dense] expected bias_initializer to be {BIAS} {BIASES}, prior, got 'orth
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
layer(bias=0)
    TypeError [Dense] expected bias to be True or False, got 0
layer(trainable="yes")
    TypeError [Dense] expected trainable to be True or False, got 'yes'
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
wb.Network.mlp([4, 2, 1], ("relu", "tanh"))
    ValueError [mlp] expected activation to be one for all, or one for each of 1 hidden layers,
wb.Network.mlp([4, 2, 1], ["relux"])
    ValueError [Dense] expected activation to be one of {ACTIVATIONS}, got 'relux'
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
    ValueError [dense] expected biases as one number, for weights (4,), got shape (1,)
wb.dense(X, np.ones((4, 1, 1)), [1])
    ValueError [dense] expected weights of shape (I, O), both at least 1, or (I,) for one neuron
wb.dense(X, 1, 1)
    ValueError [dense] expected weights of shape (I, O), both at least 1, or (I,) for one neuron
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
wb.losses.Huber(1e-46)(Y.astype("f4"), Y)
    ValueError [loss_and_gradient] expected delta of huber to be a finite number above 0 in float32
wb.losses.Huber(delta=0.0)
    ValueError [Huber] expected delta to be a finite number above 0, got 0.0
wb.losses.Huber(delta="1")
    TypeError [Huber] expected delta to be a finite number above 0, got '1'
wb.losses.loss_and_gradient("huber(0)", Y, Y)
    ValueError [loss_and_gradient] expected delta of huber to be a finite number above 0, got '0'
wb.losses.loss_and_gradient("huber(1, 2)", Y, Y)
    ValueError [loss_and_gradient] expected loss to be huber(delta), got 'huber(1, 2)'
wb.losses.loss_and_gradient(wb.losses.MSE, Y, Y)
    TypeError [loss_and_gradient] expected loss to be one of {LOSSES}, got <class *
wb.leaky_relu(X, slope=-1)
    ValueError [LeakyReLU] expected slope to be a finite number of at least 0, got -1
wb.Network([layer(), layer(activation="elu(1e-60)")])
    ValueError [Network] layer 1: expected alpha of elu to be a finite number above 0 in float32
layer(activation="elu(0)")
    ValueError [Dense] expected alpha of elu to be a finite number above 0, got '0'
layer(activation=wb.losses.MSE())
    TypeError [Dense] expected activation to be one of {ACTIVATIONS}, got MSE()
wb.losses.MSE()(Y[:0], Y[:0])
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
    check(error, text, lambda: evaluated(expression))


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
    ((name, value),) = evaluated(f"dict({expression})").items()
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
