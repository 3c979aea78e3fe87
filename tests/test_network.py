"""Networks: building, predicting, differentiating, training, copying."""

import copy
import gc
import math
import pickle
import re
import time
import weakref

import numpy as np
import pytest

import wbcore as wb

rng = np.random.default_rng(0)
X = rng.standard_normal((50, 6))
LABELS = rng.integers(0, 3, 50)
TARGETS = rng.standard_normal((50, 3))

DTYPES = ["float32", "float64"]


def network(dtype="float64", activation="tanh", **options):
    return wb.Network.mlp([6, 9, 8, 3], activation, seed=1, dtype=dtype, **options)


# Building


def test_mlp_is_the_network_of_its_layers():
    layers = [wb.Dense(64, 32, "relu"), wb.Dense(32, 10)]
    assert wb.Network(layers, seed=0) == wb.Network.mlp([64, 32, 10], activation="relu", seed=0)
    layers = [wb.Dense(4, 5, "elu", "uniform"), wb.Dense(5, 2, "softmax", "uniform")]
    assert wb.Network(layers, 3, "float64") == wb.Network.mlp(
        [4, 5, 2],
        "elu",
        output_activation="softmax",
        initializer="uniform",
        seed=3,
        dtype="float64",
    )


def test_structure():
    net = network()
    assert net.widths == (6, 9, 8, 3)
    assert net.activations == ("tanh", "tanh", "identity")
    assert net.dtype == np.float64
    assert net.n_parameters == net.parameters.size == 6 * 9 + 9 + 9 * 8 + 8 + 8 * 3 + 3
    assert repr(net) == "<Network 6-9-8-3, float64, 170 parameters>"
    assert (net.metadata, net.history) == ({}, None)


def test_is_a_sequence_of_layers():
    net = network()
    assert len(net) == 3
    assert [layer.index for layer in net] == [0, 1, 2]
    assert net[-1] is net[2]
    assert net[1:] == (net[1], net[2])
    with pytest.raises(IndexError):
        net[3]


@pytest.mark.parametrize(
    "widths", [(6, 3), np.array([6, 3]), [np.uint8(6), np.int64(3)], range(6, 2, -3)]
)
def test_widths_of_many_kinds(widths):
    assert wb.Network.mlp(widths).widths == (6, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.dtype("float32"), "f4", "float32"])
def test_dtype_of_many_kinds(dtype):
    assert wb.Network.mlp([2, 2], dtype=dtype).dtype == np.float32


def test_layers_may_come_from_a_generator():
    assert len(wb.Network(wb.Dense(4, 4) for _ in range(3))) == 3


def test_seed_decides():
    assert wb.Network.mlp([4, 3], seed=5) == wb.Network.mlp([4, 3], seed=np.int8(5))
    assert wb.Network.mlp([4, 3], seed=5) != wb.Network.mlp([4, 3], seed=6)
    assert wb.Network.mlp([4, 3]) == wb.Network.mlp([4, 3], seed=0)


def test_a_weight_depends_on_seed_layer_and_index_alone():
    wide, narrow = wb.Network.mlp([4, 3, 50, 2]), wb.Network.mlp([4, 3, 7])
    assert (wide[0].weights == narrow[0].weights).all()


# Prediction


def naive(net, x):
    functions = {"identity": lambda z: z, "tanh": np.tanh, "softmax": wb.softmax}
    for layer in net:
        x = functions[layer.activation](x @ layer.weights + layer.biases)
    return x


@pytest.mark.parametrize("output_activation", ["identity", "softmax"])
def test_predict_is_the_formula(output_activation):
    net = network(output_activation=output_activation)
    np.testing.assert_allclose(net.predict(X), naive(net, X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
def test_predict_is_layers_of_dense_and_activation(dtype):
    net, a = network(dtype), X.astype(dtype)
    for layer in net:
        a = getattr(wb, layer.activation)(wb.dense(a, layer.weights, layer.biases))
    assert net.predict(X).tobytes() == a.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_do_not_depend_on_each_other(dtype):
    net = network(dtype)
    whole = net.predict(X)
    assert whole.dtype == dtype
    for i in range(0, 50, 7):
        assert net.predict(X[i : i + 1]).tobytes() == whole[i : i + 1].tobytes()
    assert net.predict(X[::-1])[::-1].tobytes() == whole.tobytes()


def test_predict_changes_nothing():
    net = network()
    before, x = net.parameters.tobytes(), X.copy()
    net.predict(x)
    assert net.parameters.tobytes() == before
    assert (x == X).all()


@pytest.mark.parametrize("n_threads", [1, 2, 5, np.int8(3)])
def test_threads_do_not_show(n_threads):
    net, big = wb.Network.mlp([40, 64, 5]), np.random.default_rng(0).random((1000, 40))
    expected = net.predict(big, n_threads=1).tobytes()
    assert net.predict(big, n_threads=n_threads).tobytes() == expected
    assert net.predict(big).tobytes() == expected


@pytest.mark.parametrize("dtype", DTYPES)
def test_predict_into_a_buffer(dtype):
    net = network(dtype)
    buffer = np.full((50, 3), np.nan, dtype)
    assert net.predict(X, out=buffer) is buffer
    assert buffer.tobytes() == net.predict(X).tobytes()
    assert net.predict(X, buffer, 1) is buffer
    # part of a larger array
    large = np.zeros((60, 3), dtype)
    net.predict(X, out=large[5:55])
    assert large[5:55].tobytes() == buffer.tobytes()
    assert not large[:5].any()
    assert not large[55:].any()


# Gradients


@pytest.mark.parametrize("dtype", DTYPES)
def test_forward_has_the_bits_of_predict(dtype):
    net = network(dtype)
    assert net.forward(X).tobytes() == net.predict(X).tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_backward_of_the_loss_gradient_is_loss_and_gradients(dtype):
    net = network(dtype)
    loss, expected = net.loss_and_gradients(X, TARGETS, loss="mse")
    value, dY = wb.losses.loss_and_gradient("mse", net.forward(X), TARGETS)
    grads = net.backward(dY)
    assert value == loss
    assert grads.flat.tobytes() == expected.flat.tobytes()
    assert expected.inputs is None


LOSSES = [
    ("mse", TARGETS, "identity"),
    ("mae", TARGETS, "tanh"),
    ("huber", TARGETS, "identity"),
    ("binary_cross_entropy", (TARGETS > 0), "sigmoid"),
    ("binary_cross_entropy", (TARGETS > 0), "identity"),
    ("cross_entropy", LABELS, "softmax"),
    ("cross_entropy", LABELS, "identity"),
]


@pytest.mark.parametrize(("loss", "y", "output_activation"), LOSSES)
def test_gradients_by_central_differences(loss, y, output_activation):
    net = network(output_activation=output_activation)
    value, grads = net.loss_and_gradients(X, y, loss=loss, delta=0.5)
    assert value == net.evaluate(X, y, loss=loss, delta=0.5)["loss"]
    h, slopes = 1e-6, []
    for index in range(net.n_parameters):
        kept, values = net.parameters[index], []
        for step in (h, -h):
            net.parameters[index] = kept + step
            values.append(net.evaluate(X, y, loss=loss, delta=0.5)["loss"])
        net.parameters[index] = kept
        slopes.append((values[0] - values[1]) / (2 * h))
    np.testing.assert_allclose(grads.flat, slopes, atol=1e-8)


def test_gradient_by_inputs():
    net = network()
    dY = rng.standard_normal((50, 3))
    net.forward(X)
    grads = net.backward(dY)
    assert grads.inputs.shape == X.shape
    h = 1e-6
    for column in range(6):
        step = np.zeros(6)
        step[column] = h
        slopes = ((net.predict(X + step) - net.predict(X - step)) * dY).sum(axis=1) / (2 * h)
        np.testing.assert_allclose(grads.inputs[:, column], slopes, atol=1e-8)


def test_gradients_are_views_of_one_array():
    net = network()
    _, grads = net.loss_and_gradients(X, LABELS, "cross_entropy")
    assert len(grads) == len(net)
    assert repr(grads) == "<Gradients of 6-9-8-3, float64>"
    for layer, (dW, db) in zip(net, grads, strict=True):
        assert dW.shape == layer.weights.shape
        assert db.shape == layer.biases.shape
    assert (
        np.concatenate([a.ravel() for pair in grads for a in pair]).tobytes()
        == grads.flat.tobytes()
    )
    assert np.shares_memory(grads[2].weights, grads.flat)
    assert grads[-1].biases.ctypes.data == grads[2].biases.ctypes.data
    assert [layer.biases.shape for layer in grads[1:]] == [(8,), (3,)]
    with pytest.raises(IndexError):
        _ = grads[3]


def test_gradients_of_the_entropies_do_not_depend_on_where_the_activation_is():
    for loss, y, last in [
        ("cross_entropy", LABELS, "softmax"),
        ("binary_cross_entropy", TARGETS > 0, "sigmoid"),
    ]:
        logits, shares = network(), network(output_activation=last)
        found = [net.loss_and_gradients(X, y, loss=loss) for net in (logits, shares)]
        assert found[0][0] == found[1][0]
        assert found[0][1].flat.tobytes() == found[1][1].flat.tobytes()


# Evaluation


def test_metrics_of_classes():
    net = network()
    values = net.evaluate(X, LABELS, loss="cross_entropy", metrics=["accuracy"])
    assert values["accuracy"] == (net.predict(X).argmax(axis=1) == LABELS).mean()
    one_hot = np.eye(3)[LABELS]
    assert net.evaluate(X, one_hot, loss="cross_entropy", metrics=["accuracy"]) == values


@pytest.mark.parametrize(("last", "threshold"), [("identity", 0), ("sigmoid", 0.5)])
def test_accuracy_of_two_classes(last, threshold):
    net, y = wb.Network.mlp([6, 4, 1], output_activation=last), LABELS > 0
    values = net.evaluate(X, y, loss="binary_cross_entropy", metrics=["accuracy"])
    assert values["accuracy"] == ((net.predict(X)[:, 0] > threshold) == y).mean()


def test_metrics_of_regression():
    net = network()
    d = net.predict(X) - TARGETS
    values = net.evaluate(X, TARGETS, loss="huber", metrics=["mse", "mae", "r2"], delta=0.5)
    assert list(values) == ["loss", "mse", "mae", "r2"]
    assert values["mse"] == pytest.approx((d**2).mean())
    assert values["mae"] == pytest.approx(np.abs(d).mean())
    spread = ((TARGETS - TARGETS.mean(axis=0)) ** 2).sum(axis=0)
    r2_by_column = 1 - (d**2).sum(axis=0) / spread
    assert values["r2"] == pytest.approx(r2_by_column.mean())
    assert values["loss"] == pytest.approx(wb.losses.huber(net.predict(X), TARGETS, delta=0.5))


# Training


def settings(**options):
    return {"loss": "cross_entropy", "epochs": 3, "batch_size": 16} | options


def trained(**options):
    net = network("float32")
    net.fit(X, LABELS, **settings(optimizer=wb.SGD(0.1, momentum=0.9), **options))
    return net


def test_training_learns():
    net = wb.Network.mlp([6, 32, 3], seed=0)
    y = X[:, :3].argmax(axis=1)
    options = {"loss": "cross_entropy", "metrics": ["accuracy"], "batch_size": 10}
    history = net.fit(X, y, optimizer=wb.SGD(0.1, momentum=0.9), epochs=60, **options)
    assert history.accuracy[-1] == 1
    assert history.loss[-1] < history.loss[0] / 20


def test_training_can_be_repeated_to_the_bit():
    expected = trained().parameters.tobytes()
    assert trained().parameters.tobytes() == expected
    for n_threads in (1, 2, 3):
        assert trained(n_threads=n_threads).parameters.tobytes() == expected
    assert trained(seed=1).parameters.tobytes() != expected
    assert trained(shuffle=False).parameters.tobytes() != expected


def test_shuffle_is_the_documented_permutation():
    shuffled, by_hand = network(), network()
    shuffled.fit(X, LABELS, **settings(seed=9))
    for epoch in range(3):
        order = wb.random.permutation(50, seed=9, epoch=epoch)
        by_hand.fit(X[order], LABELS[order], **settings(epochs=1, shuffle=False))
    assert shuffled == by_hand


def test_batch_larger_than_the_data_is_one_batch():
    a, b = network(), network()
    a.fit(X, LABELS, **settings(batch_size=50))
    b.fit(X, LABELS, **settings(batch_size=2**31 - 1))
    assert a == b


def test_validation_and_metrics_change_nothing_in_the_network():
    options = {"validation_data": [X[:9], LABELS[:9]], "metrics": ("accuracy",), "track": "epoch"}
    assert trained(**options).parameters.tobytes() == trained().parameters.tobytes()


def test_default_optimizer():
    a, b = network(), network()
    a.fit(X, LABELS, **settings())
    b.fit(X, LABELS, **settings(optimizer=wb.SGD(learning_rate=0.01)))
    assert a == b


def test_callback_may_look_at_the_network():
    states, net = [], network()

    def callback(_, history):
        assert len(history) == len(states) + 1
        states.append(net.copy())
        net.predict(X)
        net.loss_and_gradients(X, LABELS, "cross_entropy")

    net.fit(X, LABELS, **settings(callback=callback))
    for epochs, state in enumerate(states, start=1):
        expected = network()
        expected.fit(X, LABELS, **settings(epochs=epochs))
        assert state == expected


def test_callback_may_change_the_parameters():
    changed, expected = network(), network()

    def clip(_, __):
        np.clip(changed.parameters, -0.1, 0.1, out=changed.parameters)

    changed.fit(X, LABELS, **settings(epochs=2, shuffle=False, callback=clip))
    for _ in range(2):
        expected.fit(X, LABELS, **settings(epochs=1, shuffle=False))
        np.clip(expected.parameters, -0.1, 0.1, out=expected.parameters)
    assert changed == expected


def test_divergence_puts_parameters_and_velocity_back():
    net, optimizer = network("float32"), wb.SGD(30.0, momentum=0.9)
    with pytest.raises(wb.DivergenceError) as caught:
        net.fit(X, TARGETS, **settings(loss="mse", optimizer=optimizer, epochs=100))
    error = caught.value
    assert error.epoch > 0, "the case is meant to diverge later than in the first epoch"
    assert error.history is net.history
    assert len(error.history) == error.epoch
    assert net.history.status == "diverged"
    assert str(error).startswith(
        f"[fit] expected a finite loss, got NaN or infinity in epoch {error.epoch + 1} of 100, "
        f"batch {error.batch + 1}; the parameters are those after epoch {error.epoch}."
    )
    same, same_optimizer = network("float32"), wb.SGD(30.0, momentum=0.9)
    same.fit(X, TARGETS, **settings(loss="mse", optimizer=same_optimizer, epochs=error.epoch))
    assert net.parameters.tobytes() == same.parameters.tobytes()
    assert np.isfinite(net.parameters).all()
    velocities = [o._velocities[n._core] for n, o in ((net, optimizer), (same, same_optimizer))]
    assert velocities[0].tobytes() == velocities[1].tobytes()


def test_divergence_in_the_first_epoch():
    net = network("float32")
    before = net.parameters.tobytes()
    with pytest.raises(
        wb.DivergenceError, match=r"epoch 1 of 3.*the parameters are the initial ones"
    ):
        net.fit(X, TARGETS * 1e30, **settings(loss="mse"))
    assert net.parameters.tobytes() == before
    assert len(net.history) == 0


def test_divergence_error_can_be_pickled():
    error = pickle.loads(
        pickle.dumps(wb.DivergenceError("text", 3, 4, wb.History({"loss": [1.0]})))
    )
    assert (str(error), error.epoch, error.batch, error.history.loss) == ("text", 3, 4, [1.0])
    assert isinstance(error, ArithmeticError)


# Looking inside


HEADER = ["layer", "activation", "weights", "biases", "parameters"]
HEADER += ["W mean", "W std", "b mean", "b std"]


def test_summary():
    net = wb.Network.mlp([784, 128, 10])
    lines = net.summary().splitlines()
    assert re.split("  +", lines[0]) == HEADER
    assert lines[2].startswith("0      relu        (784, 128)  (128,)     100,480  ")
    assert lines[3].startswith("1      identity     (128, 10)   (10,)       1,290  ")
    assert lines[5].split() == ["total", "101,770"]
    assert lines[6] == "784 inputs, 10 outputs, float32, 407,080 bytes"
    assert len({len(line) for line in lines[:5]}) == 1
    numbers = lines[2].split()[-4:]
    W = net[0].weights.astype(float)
    assert numbers == [
        f"{W.mean():.3e}" if abs(W.mean()) < 1e-3 else f"{W.mean():.5f}",
        f"{W.std():.5f}",
        "0.00000",
        "0.00000",
    ]


def test_time_per_update_measures_and_changes_nothing():
    net = network()
    before = net.parameters.tobytes()
    times = net.time_per_update(X, LABELS, loss="cross_entropy", batch_size=16, repeats=3)
    assert len(times) == 3
    assert all(0 < time < math.inf for time in times)
    assert net.parameters.tobytes() == before


# Copies


COPIES = [
    wb.Network.copy,
    copy.copy,
    copy.deepcopy,
    lambda net: pickle.loads(pickle.dumps(net)),
    lambda net: pickle.loads(pickle.dumps(net, protocol=0)),
]


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_copies_are_equal_and_apart(copied, dtype):
    net = network(dtype)
    net.metadata["classes"] = ["a", "b"]
    net.fit(X, LABELS, **settings(track="epoch"))
    other = copied(net)
    assert other == net
    assert other.parameters.tobytes() == net.parameters.tobytes()
    assert other.history == net.history
    assert other.metadata == net.metadata
    assert other.predict(X).tobytes() == net.predict(X).tobytes()
    other.parameters[0] += 1
    other.metadata["classes"].append("c")
    other.history.loss.append(0.0)
    assert other != net
    assert net.metadata == {"classes": ["a", "b"]}
    assert len(net.history.loss) == 3
    other.fit(X, LABELS, **settings())


def test_copies_keep_the_class():
    class Mine(wb.Network):
        pass

    net = Mine.mlp([3, 2])
    assert type(net) is Mine
    assert type(net.copy()) is Mine
    assert repr(net).startswith("<Mine 3-2")


def test_equality():
    net = network()
    assert net == network()
    assert network(initializer="ones") != network("float32", initializer="ones")
    assert network(initializer="ones") != network(activation="relu", initializer="ones")
    assert net != wb.Network.mlp([6, 9, 8, 3, 3], "tanh", seed=1, dtype="float64")
    assert net != "network"
    other = network()
    other.parameters[-1] += 1
    assert net != other
    with pytest.raises(TypeError, match="unhashable"):
        hash(net)


@pytest.mark.uninstrumented
def test_time_is_linear_in_layers():
    """Four times the layers take four times as long; were it quadratic, sixteen times."""

    def seconds(layers):
        structure = [wb.Dense(2, 2, "tanh")] * layers
        times = []
        for _ in range(5):
            start = time.perf_counter()
            net = wb.Network._of_structure(structure, "float32")
            net.copy()
            net.statistics()
            times.append(time.perf_counter() - start)
        return min(times)

    assert seconds(8000) < 9 * seconds(2000)


def test_no_cycles_keep_networks_alive():
    net = network()
    net.fit(X, LABELS, **settings())
    reference = weakref.ref(net)
    gc.disable()
    try:
        del net
        assert reference() is None
    finally:
        gc.enable()
