"""Copies and pickles: of subclasses, with own attributes, while another thread trains."""

import copy
import pickle
import sys
import threading

import numpy as np
import pytest

import wbcore as wb
from wbcore._structure import LayerStructure

X = np.random.default_rng(0).random((40, 3))
Y = X[:, :1]


def pickled(value):
    return pickle.loads(pickle.dumps(value))


def pickled_in_text(value):
    return pickle.loads(pickle.dumps(value, protocol=0))


COPIES = [copy.copy, copy.deepcopy, pickled, pickled_in_text]


class MyNetwork(wb.Network):
    def __init__(self, name):
        super().__init__([wb.Dense(3, 1)])
        self.name = [name]


class SlottedNetwork(wb.Network):
    __slots__ = ("__private", "slot")

    def set(self, value):
        self.slot = self.__private = value
        return self

    def get(self):
        return self.slot, self.__private


class PickyNetwork(wb.Network):
    """One that says itself what goes along, as classes with a file or lock do."""

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "lock"}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.lock = "new"


class ReducedNetwork(wb.Network):
    def __reduce__(self):
        return reduced_network, (self.parameters.tolist(),)


def reduced_network(parameters):
    net = ReducedNetwork([wb.Dense(3, 1)])
    net.parameters[:] = parameters
    return net


class MySGD(wb.SGD):
    def __init__(self, name, **options):
        super().__init__(**options)
        self.name = [name]


class MyHistory(wb.History):
    __slots__ = ("slot",)


class MyDense(wb.Dense):
    pass


class MyScaled(wb.Scaled):
    pass


class MyGradients(wb.Gradients):
    pass


@pytest.mark.parametrize("copied", [*COPIES, wb.Network.copy])
def test_subclass_of_network(copied):
    net = MyNetwork("mine")
    net.extra = net.name
    net.fit(X, Y, loss="mse", track="epoch")
    other = copied(net)
    assert type(other) is MyNetwork
    assert other == net
    pickles = copied in (pickled, pickled_in_text)
    assert other.history == (None if pickles else net.history)
    assert other.name == ["mine"]
    assert other.extra is other.name
    assert (other.name is net.name) == (copied in (copy.copy, wb.Network.copy))
    assert other.metadata is not net.metadata
    assert vars(other).keys() == vars(net).keys()
    other.fit(X, Y, loss="mse")
    assert other != net
    assert other.predict(X).tobytes() != net.predict(X).tobytes()


@pytest.mark.parametrize("copied", [*COPIES, wb.Network.copy])
def test_attributes_in_slots(copied):
    net = SlottedNetwork([wb.Dense(3, 1)]).set("here")
    net.field = "there"
    other = copied(net)
    assert other == net
    assert other.get() == ("here", "here")
    assert other.field == "there"


@pytest.mark.parametrize("copied", [*COPIES, wb.Network.copy])
def test_a_subclass_with_a_state_of_its_own(copied):
    net = PickyNetwork([wb.Dense(3, 1)])
    net.lock, net.field = threading.Lock(), "here"
    other = copied(net)
    assert other == net
    assert (other.lock, other.field) == ("new", "here")
    other.fit(X, Y, loss="mse")


@pytest.mark.parametrize("copied", [*COPIES, wb.Network.copy])
def test_a_subclass_that_is_reduced_in_its_own_way(copied):
    net = ReducedNetwork([wb.Dense(3, 1)], seed=3)
    other = copied(net)
    assert type(other) is ReducedNetwork
    assert other == net


def test_deep_copies_keep_who_is_who():
    net = MyNetwork("mine")
    net.itself = net
    copies = copy.deepcopy([net, net, net.name])
    assert copies[0] is copies[1] is copies[0].itself
    assert copies[2] is copies[0].name
    assert copies[0] is not net


@pytest.mark.parametrize("copied", COPIES)
def test_subclass_of_sgd(copied):
    optimizer = MySGD("mine", learning_rate=0.5, momentum=0.9)
    MyNetwork("any").fit(X, Y, loss="mse", optimizer=optimizer)
    optimizer.learning_rate = 0.25
    other = copied(optimizer)
    assert type(other) is MySGD
    assert other.name == ["mine"]
    assert repr(other) == repr(optimizer)
    assert len(other._states) == 0
    other.momentum = 0.5
    assert optimizer.momentum == 0.9
    MyNetwork("any").fit(X, Y, loss="mse", optimizer=other)


@pytest.mark.parametrize("copied", COPIES)
def test_subclass_of_history(copied):
    history = MyHistory({"loss": [1.0, 0.5], "parameters": [0, 1, 2]}, "completed")
    history.slot, history.field = "in a slot", "in the dictionary"
    other = copied(history)
    assert type(other) is MyHistory
    assert other == history
    assert (other.slot, other.field) == ("in a slot", "in the dictionary")
    other.loss.append(0.25)
    assert history.loss == [1.0, 0.5]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_subclasses_of_the_others(copied):
    dense = MyDense(3, 1, "relu")
    object.__setattr__(dense, "name", "mine")
    other = copied(dense)
    assert (type(other), other, other.name) == (MyDense, dense, "mine")

    scaled = MyScaled(X, 0.5)
    object.__setattr__(scaled, "name", "mine")
    other = copied(scaled)
    assert (type(other), other.factor, other.name) == (MyScaled, 0.5, "mine")
    assert np.asarray(other).tobytes() == np.asarray(scaled).tobytes()

    gradients = MyGradients(np.arange(4.0), [LayerStructure(3, 1, "relu")])
    gradients.name = "mine"
    _ = gradients[0].weights
    other = copied(gradients)
    assert (type(other), other.name) == (MyGradients, "mine")
    other.flat[:] = 7
    assert other[0].weights.tolist() == [[7], [7], [7]]
    assert np.shares_memory(other[0].biases, other.flat)


@pytest.mark.parametrize("copied", COPIES)
def test_layers(copied):
    net = wb.Network.mlp([3, 4, 1], "tanh", seed=0)
    layer = net[0]
    other = copied(layer)
    assert repr(other) == repr(layer)
    assert (other.weights == layer.weights).all()
    before = net.parameters.tobytes()
    other.biases = np.ones(4)
    assert (net.parameters.tobytes() == before) == (copied is not copy.copy)
    assert other.biases.tolist() == [1] * 4


# While another thread trains


def test_history_is_copied_in_whole_epochs():
    """The copies of what another thread appends to, cut to epochs that are in all lists."""
    names = [f"m{k}" for k in range(30)]
    stop = threading.Event()
    histories = [wb.History({})]

    def append():
        while not stop.is_set():
            record = {}
            histories.append(wb.History(record))
            for epoch in range(100):
                for name in ("loss", *names):  # slower than the core, which holds the GIL
                    record.setdefault(name, []).append(epoch)
                record.setdefault("parameters", [()]).append(())

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=append)
    thread.start()
    try:
        for _ in range(300):
            for copied in (*COPIES, wb.History.to_dict):
                history = histories[-1]
                other = copied(history)
                series = other if isinstance(other, dict) else other.to_dict()
                assert len({len(values) for values in series.values()}) <= 1
                if not isinstance(other, dict) and other.parameters:
                    assert len(other.parameters) == len(other) + 1
                str(history), repr(history), len(history), history.names
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)


def test_network_is_copied_while_another_thread_trains():
    net = wb.Network.mlp([3, 4, 1], "tanh", seed=0)
    begun, over = threading.Event(), threading.Event()

    def callback(_, history):
        net.history = history  # while it grows
        begun.set()
        return len(history) >= 400 and over.wait(0.01)  # so that copies stay small

    options = {"loss": "mse", "epochs": 10**9, "track": "epoch", "metrics": ["mae", "r2"]}
    options |= {"validation_data": (X, Y), "callback": callback}
    thread = threading.Thread(target=net.fit, args=(X, Y), kwargs=options)
    thread.start()
    try:
        assert begun.wait(60)
        rounds = 0
        while thread.is_alive() and (rounds < 20 or len(net.history) < 400):
            rounds += 1
            for copied in (*COPIES, wb.Network.copy):
                other = copied(net)
                assert np.isfinite(other.parameters).all()
                net.statistics(), net.summary(), net == other
        assert thread.is_alive()
    finally:
        over.set()
        thread.join()
    assert len(net.history) >= 400


# Equality


@pytest.mark.parametrize(
    "value",
    [
        wb.Network.mlp([3, 1]),
        wb.Network.mlp([3, 1])[0],
        wb.Dense(3, 1),
        wb.SGD(),
        wb.Gradients(np.zeros(4), [LayerStructure(3, 1, "relu")]),
        wb.History({"loss": [1.0]}),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("array", [np.zeros(3), np.zeros(0), np.zeros((2, 2)), np.float64(1)])
def test_equality_with_an_array_is_no_array(value, array):
    assert (value == array) is False
    assert (array == value) is False
    assert (value != array) is True
    assert (array != value) is True
    with pytest.raises(TypeError):
        _ = array + value
