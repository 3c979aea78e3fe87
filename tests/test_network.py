"""Networks: building, structure, equality, looking inside."""

import copy
import gc
import pickle
import re
import time
import weakref

import numpy as np
import pytest
from small_network import DTYPES, LABELS, X, network, settings

import wbcore as wb
from wbcore._structure import LayerStructure


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
    assert net.activation_names == ("tanh", "tanh", "identity")
    assert net.dtype == np.float64
    assert net.n_parameters == net.parameters.size == 6 * 9 + 9 + 9 * 8 + 8 + 8 * 3 + 3
    assert repr(net) == "<Network 6-9-8-3, float64, 170 parameters>"
    assert (net.metadata, net.history) == ({}, None)


def test_is_a_sequence_of_layers():
    net = network()
    assert len(net) == 3
    assert [layer.index for layer in net] == [0, 1, 2]
    assert net[-1] is net[2]
    assert net[1:] == net[1:3]
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
    assert float(numbers[0]) == pytest.approx(W.mean(), rel=5e-4, abs=5e-6)
    assert numbers[1:] == [f"{W.std():.5f}", "0.00000", "0.00000"]


COPIES = [
    wb.Network.copy,
    copy.copy,
    copy.deepcopy,
    lambda net: with_its_history(pickle.dumps((net, net.history))),
    lambda net: with_its_history(pickle.dumps((net, net.history), protocol=0)),
]


def with_its_history(data):
    """As a pickle of the network alone has none."""
    net, history = pickle.loads(data)
    assert net.history is None
    net.history = history
    return net


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
        structure = [LayerStructure(2, 2, "tanh")] * layers
        start = time.process_time()
        net = wb.Network._of_structure(structure, "float32")
        net.copy()
        net.statistics()
        return time.process_time() - start

    few, many = [], []
    # What waits for caches and processors is no measure.
    while len(few) < 5 or min(many) >= 9 * min(few):
        assert len(few) < 50, (min(few), min(many))
        few.append(seconds(2000))
        many.append(seconds(8000))


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
