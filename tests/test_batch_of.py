"""The rows of any batch of a training, by which each of its steps is made again alone."""

import numpy as np
import pytest
from scipy import sparse
from small_network import DTYPES, LABELS, X, network, settings

import wbcore as wb
from wbcore import inspect

N = len(X)
WEIGHTS = np.linspace(0.25, 2, N)


def order(epoch):
    return np.random.default_rng(epoch).integers(0, N, N)


def as_given(data):
    return data


FITS = {
    "plain": {},
    "in order": {"shuffle": False},
    "another seed": {"seed": 5},
    "by a function": {"shuffle": order},
    "held out": {"validation_fraction": 0.25},
    "weights": {"sample_weight": WEIGHTS},
    "classes": {"class_weight": "balanced", "sample_weight": WEIGHTS},
    "momentum": {"optimizer": "sgd(0.1, 0.9)"},
    "a schedule": {"optimizer": wb.SGD(wb.schedules.Cosine(0.1, steps=9))},
}


@pytest.mark.parametrize("kind", [as_given, sparse.csr_matrix, lambda X: wb.Scaled(X, 0.5)])
@pytest.mark.parametrize("name", FITS)
def test_each_step_is_that_of_its_batch(name, kind):
    data, options = kind(X), settings(**FITS[name])
    net = network("float32")
    history = net.fit(data, LABELS, track=1, **options)
    functions = {"shuffle": order} if options.get("shuffle") is order else {}
    weights = options.get("sample_weight")
    for record in history.parameters[1:]:
        k = record.step
        found = inspect.batch_of(
            history, data, LABELS, step=k, sample_weight=weights, functions=functions
        )
        here = {"sample_weight": weights, **functions}
        before = history.replay(data, LABELS, step=k - 1, **here)
        before.partial_fit(
            found.X, found.y, loss=options["loss"], sample_weight=found.weights, seed=0
        )
        assert inspect.digest(before) == record.digest
        assert history.parameters.at(step=k) == record
        assert history.replay(data, LABELS, step=k, **here) == before
        named = inspect.batch_of(history, data, LABELS, epoch=record.epoch, batch=record.batch,
                                 sample_weight=weights, functions=functions)  # fmt: skip
        assert named.rows.tolist() == found.rows.tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_step_in_numbers_leads_to_the_next_network(dtype):
    net = wb.Network([wb.Dense(4, 3, "tanh", dropout=0.3), wb.Dense(3, 3)], dtype=dtype, seed=1)
    data = np.random.default_rng(2).normal(size=(20, 4))
    labels = np.arange(20) % 3
    history = net.fit(data, labels, loss="cross_entropy", optimizer=wb.Adam(0.05), epochs=3,
                      batch_size=6, seed=7, track="epoch")  # fmt: skip
    batch = inspect.batch_of(history, data, labels, step=7)
    assert batch.rows.tolist() == wb.random.permutation(20, seed=7, epoch=1)[12:18].tolist()
    before = history.replay(data, labels, step=6)
    table = inspect.step(before, batch.X, batch.y, loss="cross_entropy", seed=7)
    assert table.network == history.replay(data, labels, step=7)


def test_rows_of_shuffles_by_blocks():
    net = wb.Network.mlp([1, 2, 1], seed=0)
    data, y = np.arange(64.0)[:, None] / 64, np.zeros(64)
    history = net.fit(data, y, loss="mse", epochs=2, batch_size=16, shuffle="blocks", track=1)
    seen = [inspect.batch_of(history, data, y, epoch=1, batch=b).rows for b in range(4)]
    assert sorted(np.concatenate(seen).tolist()) == list(range(64))
    before = history.replay(data, y, step=5)
    batch = inspect.batch_of(history, data, y, step=6)
    before.partial_fit(batch.X, batch.y, loss="mse")
    assert before == history.replay(data, y, step=6)


def test_steps_count_from_the_beginning_of_their_fit():
    net = network("float32")
    options = settings(optimizer=wb.Adam(0.01))
    first = net.fit(X, LABELS, track="epoch", **options)
    steps = first.parameters.final.step
    history = net.fit(X, LABELS, track="epoch", **settings(optimizer=None))
    assert history.first_epoch == len(first)
    assert history.replay(X, LABELS, step=0) == first.replay(X, LABELS)
    assert history.replay(X, LABELS, step=steps) == net
    assert history.parameters.at(step=0) == history.parameters.initial
    forked, after = inspect.fork(history, X, LABELS, step=2, learning_rate=0.1)
    same, _ = inspect.fork(history, X, LABELS, at=(history.first_epoch, 1), learning_rate=0.1)
    assert forked == same
    assert after.first_epoch == history.first_epoch


@pytest.mark.parametrize("track", [1, 3, "epoch"])
def test_the_batch_that_diverged(track):
    """It is undone, and has its rows nevertheless."""
    rows = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    rows[37, 1] = 1e30
    net = wb.Network.mlp([3, 8, 1], seed=0)
    with pytest.raises(wb.DivergenceError) as raised:
        net.fit(rows, rows[:, 0], loss="mse", batch_size=8, epochs=4, track=track, seed=3)
    step = raised.value.first.step
    found = inspect.batch_of(net.history, rows, rows[:, 0], step=step)
    assert 37 in found.rows
    assert 37 not in inspect.batch_of(net.history, rows, rows[:, 0], step=step - 1).rows
    with pytest.raises(ValueError, match=r"\[batch_of\] expected step"):
        inspect.batch_of(net.history, rows, rows[:, 0], step=99)


def test_what_is_refused():
    net = network("float32")
    history = net.fit(X, LABELS, track="epoch", **settings())
    last = history.parameters.final.step
    for call, name in (
        (lambda **at: history.replay(X, LABELS, **at), "replay"),
        (lambda **at: inspect.batch_of(history, X, LABELS, **at), "batch_of"),
        (history.parameters.at, "at"),
    ):
        for other in ({"epoch": 1}, {"batch": 1}, {"epoch": 0, "batch": 1}):
            with pytest.raises(ValueError, match=rf"\[{name}\] expected step, or epoch and batch"):
                call(step=1, **other)
        with pytest.raises(TypeError, match=rf"\[{name}\] expected step to be an integer"):
            call(step="x")
        with pytest.raises(ValueError, match=rf"\[{name}\] expected step"):
            call(step=last + 1)
    with pytest.raises(ValueError, match=r"\[at\] expected step to be one with a record, got 1;"):
        history.parameters.at(step=1)
    with pytest.raises(ValueError, match=r"\[batch_of\] expected a step, from 1"):
        inspect.batch_of(history, X, LABELS, step=0)
    with pytest.raises(ValueError, match=r"\[fork\] expected at, or step in its place, got both"):
        inspect.fork(history, X, LABELS, at=0, step=1)
    with pytest.raises(ValueError, match=r"\[fork\] expected at, or .*, got neither"):
        inspect.fork(history, X, LABELS, learning_rate=0.5)
    with pytest.raises(TypeError, match=r"\[batch_of\] expected X and y as arrays, got a source"):
        inspect.batch_of(history, wb.data.Blocks(X, LABELS), None)
