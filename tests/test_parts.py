"""A slice of a network is a network over the same parameters: live both ways, one turn."""

import copy
import gc
import pickle
import threading

import numpy as np
import pytest
from support import DTYPES

import wbcore as wb

rng = np.random.default_rng(0)
X = rng.standard_normal((150, 6)).astype(np.float32)
Y = rng.standard_normal((150, 3)).astype(np.float32)
SLICES = [(0, 1), (0, 2), (1, 3), (1, 2), (2, 3), (0, 3)]


def network(dtype="float32"):
    net = wb.Network.mlp([6, 9, 8, 3], "tanh", output_activation="softmax", seed=3, dtype=dtype)
    net.parameters[:] += 0.125  # biases too
    return net


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("first", "last"), SLICES)
def test_computes_what_the_whole_computes(first, last, dtype):
    net = network(dtype)
    part = net[first:last]
    assert type(part) is wb.Network
    assert part.widths == net.widths[first : last + 1]
    assert part.activation_names == net.activation_names[first:last]
    assert (part.dtype, len(part)) == (net.dtype, last - first)
    outputs = [X.astype(dtype), *net.activations(X)]
    for rows in (1, 47, 48, 150):  # in place and packed, one block and two
        found = part.predict(outputs[first][:rows])
        assert found.tobytes() == outputs[last][:rows].tobytes()
    assert part.freeze()(outputs[first]).tobytes() == outputs[last].tobytes()
    assert [layer.index for layer in part] == list(range(last - first))


@pytest.mark.parametrize(("first", "last"), SLICES)
def test_parameters_are_shared_both_ways(first, last):
    net = network()
    part, sibling = net[first:last], net[:]
    assert part.n_parameters == sum(
        net[i].weights.size + net[i].outputs for i in range(first, last)
    )
    part.parameters[:] = 0.5
    part[0].biases[:] = 0.25
    for i in range(first, last):
        assert (net[i].weights == 0.5).all()
    assert (net[first].biases == 0.25).all()
    assert sibling == net
    net[last - 1].weights = np.full(net[last - 1].weights.shape, 2)
    assert (part[-1].weights == 2).all()
    assert np.shares_memory(part.parameters, net.parameters)


def test_training_a_part_trains_the_whole_and_nothing_else():
    net, alone = network(), wb.Network.mlp([6, 9, 8], "tanh", output_activation="tanh", seed=3)
    alone.parameters[:] = net[:2].parameters
    last = net[2].weights.copy()
    targets = rng.standard_normal((150, 8))
    options = {"loss": "mse", "epochs": 3, "optimizer": "adam(0.01)"}
    history = net[:2].fit(X, targets, **options)
    assert history.loss == alone.fit(X, targets, **options).loss
    assert net[:2] == alone
    assert (net[2].weights == last).all()
    assert net.history is None  # the part's

    part, before = net[1:], net.parameters.copy()
    net.fit(X, Y, loss="mse", epochs=2)
    assert (part.parameters == net.parameters[63:]).all()
    assert (part.parameters != before[63:]).any()


def test_what_is_trainable_is_shared():
    net = network()
    part, middle = net[:2], net[1:2]
    part[1].trainable = False
    assert (net[1].trainable, middle[0].trainable) == (False, False)
    before = net[1].weights.copy()
    net.fit(X, Y, loss="mse", epochs=2)
    assert (net[1].weights == before).all()
    net[1].trainable = True
    assert part[1].trainable
    assert part[:].copy()[1].trainable
    part[0].trainable = part[1].trainable = False
    with pytest.raises(ValueError, match=r"\[fit\] expected a layer that is trainable"):
        part.fit(X, np.zeros((150, 8)), loss="mse")


def test_a_step_of_an_own_loop_changes_the_whole():
    net, other = network(), network()
    part = net[1:]
    hidden = net.activations(X)[0]
    loss, grads = part.loss_and_gradients(hidden, Y, "mse")
    expected, of_whole = other.loss_and_gradients(X, Y, "mse")
    assert loss == expected
    assert grads.flat.tobytes() == of_whole.flat[63:].tobytes()
    wb.SGD(0.1).step(part, grads)
    assert (net[0].weights == other[0].weights).all()
    assert (net[2].weights != other[2].weights).any()


@pytest.mark.parametrize("trains", ["part", "whole", "sibling"])
def test_one_thread_at_a_time_trains_part_or_whole(trains):
    net = network()
    part = net[:2]
    inside, go_on = threading.Event(), threading.Event()

    def callback(*_):
        inside.set()
        assert go_on.wait(60)
        return True

    first, y = {"part": (part, np.zeros((150, 8))), "whole": (net, Y), "sibling": (net[:], Y)}[
        trains
    ]
    thread = threading.Thread(
        target=first.fit, args=(X, y), kwargs={"loss": "mse", "epochs": 2, "callback": callback}
    )
    thread.start()
    try:
        assert inside.wait(60)
        for other, targets in ((net, Y), (net[:2], np.zeros((150, 8)))):
            with pytest.raises(RuntimeError, match=r"\[fit\] expected a network that is not being"):
                other.fit(X, targets, loss="mse")
            with pytest.raises(RuntimeError, match="not being trained"):
                other[0].trainable = False
            other.predict(X), other.copy(), other.freeze()
    finally:
        go_on.set()
        thread.join()
    net.fit(X, Y, loss="mse")


def test_a_part_keeps_the_parameters_alive():
    net = network()
    part, expected = net[1:], net.predict(X).tobytes()
    hidden = net.activations(X)[0]
    weights = part[0].weights
    values = weights.tobytes()
    del net
    gc.collect()
    assert part.predict(hidden).tobytes() == expected
    del part
    gc.collect()
    assert weights.tobytes() == values


@pytest.mark.parametrize(
    "copied",
    [
        lambda part, _: part.copy(),
        lambda part, _: copy.deepcopy(part),
        lambda part, _: pickle.loads(pickle.dumps(part)),
        lambda part, path: part.save(path) or wb.load(path),
    ],
    ids=["copy", "deepcopy", "pickle", "file"],
)
def test_copies_of_a_part_are_networks_of_their_own(copied, tmp_path):
    net = network()
    part = net[1:]
    found = copied(part, tmp_path / "part.safetensors")
    assert found == part
    before = net.parameters.tobytes()
    found.parameters[:] = 0
    assert net.parameters.tobytes() == before
    if found.widths == part.widths:
        found.fit(np.zeros((4, 9)), Y[:4], loss="mse")
    assert net.parameters.tobytes() == before


def test_parts_of_parts_and_of_subclasses():
    class Mine(wb.Network):
        def __init__(self, extra):
            super().__init__([wb.Dense(2, 3, "tanh"), wb.Dense(3, 1)])
            self.extra = extra

    mine = Mine(1)
    assert type(mine[:1]) is wb.Network
    net = network()
    middle = net[:][1:][:1]
    assert middle == net[1:2]
    middle.parameters[:] = 7
    assert (net[1].weights == 7).all()
    assert str(middle.summary()) == str(middle.copy().summary())


def test_outputs_are_not_written_over_any_of_the_parameters():
    net = network()
    out = net.parameters[-24:].reshape(3, 8)  # of layer 2, which the part does not have
    with pytest.raises(ValueError, match=r"expected out apart from the network's parameters"):
        net[:2].predict(X[:3], out=out)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (slice(None, None, 2), r"\[Network\] expected a slice of neighbouring .* a step of 2"),
        (slice(None, None, -1), r"a step of -1"),
        (slice(1, 1), r"\[Network\] expected a slice with at least one of 3 layers, got none"),
        (slice(3, None), r"got none from 3 to before 3"),
        (slice(2, 1), r"got none from 2 to before 1"),
        (slice(None, -3), r"got none from 0 to before 0"),
    ],
)
def test_slices_that_are_no_network(index, text):
    with pytest.raises(ValueError, match=text):
        network()[index]


def test_slices_from_the_end():
    net = network()
    assert net[-2:].widths == (9, 8, 3)
    assert net[:-1].widths == (6, 9, 8)
    assert net[-100:100] == net
    with pytest.raises(TypeError):
        net["0":]
