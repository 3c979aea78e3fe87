"""Refusals of the arguments of fit and of the other operations on a network."""

import pytest
from refusals import NAN, X, Y, cases, changed, check, evaluated, network

import wbcore as wb

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
optimizer="sgdd"
    ValueError [fit] expected optimizer to be one of sgd(learning_rate, momentum, *, got 'sgdd'
optimizer="sgd(0)"
    ValueError [fit] expected learning_rate of sgd to be a finite number above 0, got '0'
optimizer=0.1
    TypeError [fit] expected optimizer to be an optimizer such as SGD(learning_rate=0.1), got 0.1
first_epoch=-1
    ValueError [fit] expected first_epoch to be None or an integer from 0 to 2147483647, got -1
optimizer=wb.SGD
    TypeError [fit] expected optimizer to be an optimizer such as SGD(learning_rate=0.1), got <class
validation_data=X
    TypeError [fit] expected validation_data to be a pair (X_val, y_val), or a *, got an array
validation_data=(X, Y, Y, Y)
    TypeError [fit] expected validation_data to be a pair (X_val, y_val), or a triple *, got (array(
validation_data=(X, Y, Y)
    ValueError [fit, validation_data] expected sample_weight of shape (10,), one for each row *
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
metrics=memoryview(np.zeros((2, 2)))
    TypeError [fit] expected metrics to be a sequence of names such as ['mae'], got <memory at
metrics=np.array("mae")
    TypeError [fit] expected metrics to be a sequence of names such as ['mae'], got array(
metrics=["mae", "rms"]
    ValueError [fit] expected metrics to be one of {METRICS}, got 'rms'
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
    TypeError [fit] expected shuffle to be True, False, a function, or one of rows, blocks, got 1
shuffle=lambda epoch: np.arange(9.0)
    TypeError [fit] expected shuffle(1) to give a one-dimensional array of row numbers, got dtype fl
shuffle=lambda epoch: np.arange(10) > epoch
    TypeError [fit] expected shuffle(1) to give a one-dimensional array *bool; pass np.flatnonzero
shuffle=lambda epoch: np.random.shuffle(np.arange(10))
    TypeError [fit] expected shuffle(1) to give the numbers of the rows of an epoch, got None
shuffle=lambda epoch: "rows"
    TypeError [fit] expected shuffle(1) as an array of real numbers, got dtype <U4
shuffle=lambda epoch: np.arange(10)[:, None]
    ValueError [fit] expected shuffle(1) to give a one-dimensional array of row *got shape (10, 1)
shuffle=lambda epoch: epoch
    ValueError [fit] expected shuffle(1) to give a one-dimensional array of row *got shape ()
shuffle=lambda epoch: []
    ValueError [fit] expected shuffle(1) to give at least one row, got none
shuffle=lambda epoch: np.arange(10) + epoch
    ValueError [fit] expected shuffle(1) to give row numbers from 0 to 9, got 10 at shuffle(1)[9]
shuffle=lambda epoch: np.arange(10, dtype=np.int8) - epoch
    ValueError [fit] expected shuffle(1) to give row numbers from 0 to 9, got -1 at shuffle(1)[0]
shuffle=lambda epoch: [0, 2**63 - 1]
    ValueError [fit] expected shuffle(1) to give *0 to 9, got 9223372036854775807 at shuffle(1)[1]
shuffle=np.random.permutation, validation_fraction=0.5
    ValueError [fit] expected validation_fraction or a function as shuffle, *, got both of them
shuffle=np.random.permutation, optimizer=wb.LBFGS(), batch_size=10
    ValueError [fit] expected no function as shuffle with LBFGS, *got <bound method RandomState
track="batch"
    ValueError [fit] expected track to be None, a number of batches or epoch, got 'batch'
"""


@pytest.mark.parametrize(("expression", "error", "text"), cases(FIT))
def test_fit(expression, error, text):
    options = {"loss": "mse"} | evaluated(f"dict({expression})")
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
net.evaluate(X, Y, loss="mse", metrics=["f2"])
    ValueError [evaluate] expected metrics to be one of {METRICS}, got 'f2'
net.evaluate(X, LABELS, loss="cross_entropy", metrics=["r2"])
    ValueError [evaluate] expected metrics that go with the loss cross_entropy, got 'r2'
net.predict(X, n_threads=1025)
    ValueError [predict] expected n_threads to be {THREADS}, got 1025
net.predict(X, n_threads="2")
    TypeError [predict] expected n_threads to be {THREADS}, got '2'
wb.inspect.profile(net, X, Y, loss="mse", repeats=0)
    ValueError [profile] expected repeats to be {SIZE}, got 0
wb.inspect.profile(net, X, Y, loss="mse", batch_size=0)
    ValueError [profile] expected batch_size to be {SIZE}, got 0
net.backward(Y)
    RuntimeError [backward] expected forward(X) to be called first, got no recorded batch
"""


@pytest.mark.parametrize(("expression", "error", "text"), cases(OTHERS))
def test_other_operations(expression, error, text):
    check(error, text, lambda: evaluated(expression, net=network()))


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
    check(error, text, lambda: net.backward(evaluated(expression)))
    net.backward(Y)
