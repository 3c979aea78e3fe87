"""Where two trainings part, to the step, the parameter and its bits."""

import numpy as np
import pytest
from small_network import DTYPES, LABELS, X, network, settings

import wbcore as wb
from wbcore import inspect

KINDS = {"float32": np.uint32, "float64": np.uint64}


class Snapshots:
    def __init__(self):
        self.found = []

    def before_fit(self, run):
        self.found.append(run.network.parameters.copy())

    def after_batch(self, run):
        run.sync()
        self.found.append(run.network.parameters.copy())


def run(dtype="float32", labels=LABELS, net=None, **options):
    net, seen = net or network(dtype), Snapshots()
    options = {"track": "epoch", "shuffle": False} | options
    history = net.fit(X, labels, callbacks=[seen], **settings(**options))
    return (history, X, labels), seen.found


def assert_found(a, b, dtype="float32"):
    """What is found is the first step and parameter whose bits are not the same."""
    (run_a, seen_a), (run_b, seen_b) = a, b
    found = inspect.first_difference(run_a, run_b)
    kind = KINDS[dtype]
    pairs = [(a.view(kind) != b.view(kind), a, b) for a, b in zip(seen_a, seen_b, strict=False)]
    step = next((i for i, (differ, *_) in enumerate(pairs) if differ.any()), None)
    if step is None:
        assert found is None
        return None
    differ, ours, theirs = pairs[step]
    assert found.step == step
    assert found.count == differ.sum()
    first = int(np.argmax(differ))
    assert found.bits == tuple(
        f"0x{x.view(kind)[first]:0{2 * kind().nbytes}x}" for x in (ours, theirs)
    )
    assert found.values == (ours[first], theirs[first])
    probe = network(dtype)
    array = probe[found.layer].weights if found.name == "W" else probe[found.layer].biases
    array[found.index] = np.nan
    assert np.isnan(probe.parameters[first])
    return found


@pytest.mark.parametrize("dtype", DTYPES)
def test_another_target_in_some_batch(dtype):
    labels = LABELS.copy()
    labels[37] = (labels[37] + 1) % 3  # in batch 2 of 16 rows
    found = assert_found(run(dtype), run(dtype, labels), dtype)
    assert (found.step, found.epoch, found.batch) == (3, 0, 2)
    text = str(found)
    assert text.startswith("step 3: epoch 0, batch 2 (counted from 0), layer 0, W[0, 0]: 0x")
    assert " against 0x" in text


def test_another_start_another_rate_and_another_seed():
    other = network("float32")
    other[2].biases[1] = 1
    found = assert_found(run(), run(net=other))
    assert (found.step, found.layer, found.name, found.index) == (0, 2, "b", (1,))
    assert found.values == (0.0, 1.0)
    assert str(found).startswith("before the first step, layer 2, b[1]: 0x00000000 (0.0) against")
    rate = wb.SGD(wb.schedules.Step(0.01, every=7, factor=0.5))
    assert assert_found(run(), run(optimizer=rate)).step == 8
    a, b = run(shuffle=True, seed=1), run(shuffle=True, seed=2)
    assert assert_found(a, b).step == 1


def test_runs_of_another_length_that_are_the_same():
    assert assert_found(run(), run()) is None
    assert assert_found(run(), run(epochs=5)) is None
    assert assert_found(run(epochs=5), run(n_threads=2)) is None


def test_the_sign_of_a_zero_is_a_difference():
    other = network("float32")
    other[1].biases[0] = -0.0
    found = assert_found(run(), run(net=other))
    assert (found.step, found.bits) == (0, ("0x00000000", "0x80000000"))


class Meddler(Snapshots):
    """What another machine's arithmetic does: bits that are not computed here."""

    def after_epoch(self, run):
        if run.epoch == 1:
            run.network.parameters[3] += 0.5


def test_where_one_was_computed_otherwise_the_records_tell():
    options = settings(epochs=4, track="epoch", shuffle=False)
    other = network("float32").fit(X, LABELS, callbacks=[Meddler()], **options)
    run_a, _ = run(epochs=4)
    found = inspect.first_difference(run_a, (other, X, LABELS))
    assert (found.step, found.epoch, found.layer) == (12, 2, None)
    assert str(found).startswith("step 12: epoch 2, batch 3 (counted from 0) at the latest; by")


@pytest.mark.parametrize("track", [1, 3])
def test_records_of_batches_say_where(track):
    labels = LABELS.copy()
    labels[37] = (labels[37] + 1) % 3
    assert assert_found(run(track=track), run(labels=labels, track="epoch")).step == 3


def test_what_first_difference_refuses():
    (history, *data), _ = run()
    with pytest.raises(TypeError, match=r"\[first_difference\] expected run_b to be \(history, X"):
        inspect.first_difference((history, *data), history)
    with pytest.raises(ValueError, match=r"\[first_difference\] expected the history of fit"):
        inspect.first_difference((history, *data), (network().fit(X, LABELS, **settings()), *data))
    with pytest.raises(ValueError, match=r"\[first_difference\] expected networks of the same dt"):
        inspect.first_difference((history, *data), run("float64")[0])
    wide = wb.Network.mlp([6, 9, 3], seed=1)
    with pytest.raises(ValueError, match=r"\[first_difference\] expected networks of the same lay"):
        inspect.first_difference((history, *data), run(net=wide)[0])
    with pytest.raises(ValueError, match=r"\[first_difference\] expected X of the fit"):
        inspect.first_difference((history, *data), (history, X[:9], LABELS[:9]))


def test_a_fork_is_compared_from_where_it_began():
    first, _ = run()
    history = first[0]
    batches = history._recording.batches
    for at, begins in ((1, (2, 0)), ((1, 1), (1, 2)), (history.first_epoch - 1, (0, 0))):
        _, after = inspect.fork(history, X, LABELS, at=at, learning_rate=0.001)
        step = begins[0] * batches + begins[1] + 1  # the first with the change
        for pair in ((first, (after, X, LABELS)), ((after, X, LABELS), first)):
            found = inspect.first_difference(*pair)
            assert (found.step, found.epoch, found.batch) == (step, *begins)
        _, same = inspect.fork(history, X, LABELS, at=at)
        assert inspect.first_difference(first, (same, X, LABELS)) is None


def test_fits_without_a_step_in_common_are_refused():
    net = network("float32")
    first, _ = run(net=net)
    optimizer = net.optimizer
    second, _ = run(net=net, optimizer=optimizer)
    third, _ = run(net=net, optimizer=optimizer)
    assert inspect.first_difference(first, second) is None  # it began as the first one ended
    with pytest.raises(ValueError, match=r"expected fits that have a step in common, got one that"):
        inspect.first_difference(first, third)
    _, other = inspect.fork(first[0], X, LABELS, at=0, batch_size=7)
    with pytest.raises(ValueError, match=r"one number of batches an epoch where one begins later"):
        inspect.first_difference(first, (other, X, LABELS))
