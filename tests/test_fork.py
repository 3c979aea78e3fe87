"""Trainings with something changed from a step on: the same bits up to there, the change after."""

import numpy as np
import pytest
from small_network import LABELS, X, network, settings

import wbcore as wb
from wbcore import inspect

PLACES = [-1, 0, (0, 0), (1, 2), (1, 3), (2, 1)]


@pytest.fixture(scope="module")
def run():
    net = network("float32", dropout=0.2)
    history = net.fit(
        X, LABELS, track="epoch", **settings(optimizer=wb.Adam(0.01), metrics=["accuracy"])
    )
    return net, history


class ChangedAt:
    """Sets the learning rate after a batch, as a callback of one fit."""

    def __init__(self, epoch, batch):
        self.place = epoch, batch + 1

    def after_batch(self, run):
        if (run.epoch, run.batch) == self.place:
            run.optimizer.learning_rate = 0.3


@pytest.mark.parametrize("at", PLACES)
def test_without_a_change_it_is_the_training_that_was(run, at):
    net, history = run
    same, after = inspect.fork(history, X, LABELS, at=at)
    assert same.parameters.tobytes() == net.parameters.tobytes()
    assert after.loss == history.loss[after.first_epoch :]
    assert after.accuracy == history.accuracy[after.first_epoch :]
    assert same.optimizer.state(same).steps == 12


@pytest.mark.parametrize("at", [(0, 0), (1, 2), (2, 1)])
def test_a_change_counts_from_the_next_batch_on(run, at):
    _, history = run
    twin = network("float32", dropout=0.2)
    twin.fit(X, LABELS, callbacks=[ChangedAt(*at)], **settings(optimizer=wb.Adam(0.01)))
    net, after = inspect.fork(history, X, LABELS, at=at, learning_rate=0.3)
    assert net.parameters.tobytes() == twin.parameters.tobytes()
    assert net.optimizer.learning_rate == 0.3
    assert history._recording.optimizer["learning_rate"] == 0.01
    # and the fork can be made again itself
    assert after.replay(X, LABELS) == net


def test_changes_of_the_fit(run):
    _, history = run
    half = history.replay(X, LABELS, epoch=0)
    half.fit(X, LABELS, **settings(epochs=4, batch_size=7, seed=3))
    net, after = inspect.fork(history, X, LABELS, at=0, epochs=5, batch_size=7, seed=3)
    assert net.parameters.tobytes() == half.parameters.tobytes()
    assert (after.first_epoch, len(after)) == (1, 4)
    other, after = inspect.fork(
        history, X, LABELS, at=1, optimizer="sgd(0.1)", validation_data=(X, LABELS)
    )
    assert after.names == ("loss", "accuracy", "val_loss", "val_accuracy")
    assert type(other.optimizer) is wb.SGD
    assert (after.first_epoch, other.optimizer.state(other).steps) == (2, 4)


def test_settings_are_those_of_another_optimizer(run):
    _, history = run
    given = wb.SGD(0.1)
    for optimizer, changes in [
        (given, {"momentum": 0.5}),
        ("lbfgs", {"l2": 0.5, "history_size": 3}),
    ]:
        other, _ = inspect.fork(
            history, X, LABELS, at=1, optimizer=optimizer, batch_size=len(X), **changes
        )
        assert {name: getattr(other.optimizer, name) for name in changes} == changes
    assert given.momentum == 0
    for optimizer, name in [("lbfgs", "learning_rate"), ("sgd", "beta1")]:
        text = rf"\[fork\] expected changes to be among .*, got {name}"
        with pytest.raises(TypeError, match=text):
            inspect.fork(history, X, LABELS, at=1, optimizer=optimizer, **{name: 0.1})


def test_what_fork_refuses(run):
    _, history = run
    for at, changes, text in [
        ((1, 2), {"batch_size": 7}, r"expected batch_size to change at the end of an epoch"),
        (2, {}, r"expected epochs of more than the 3 that are done there, got 3"),
        (3, {}, r"expected at to be an integer from -1 to 2, got 3"),
        ((3, 0), {}, r"expected the epoch of at to be an integer from -1 to 2, got 3"),
        ((1, 9), {}, r"expected the batch of at to be an integer from 0 to 3, got 9"),
        ((1, 2, 3), {}, r"expected at to be an epoch, or a pair"),
        (1, {"learning_rate": -1}, r"expected learning_rate to be"),
        (1, {"batch_size": 0}, r"expected batch_size to be"),
    ]:
        with pytest.raises(ValueError, match=rf"\[fork\] {text}"):
            inspect.fork(history, X, LABELS, at=at, **changes)
    with pytest.raises(TypeError, match=r"\[fork\] expected changes to be among .*, got speed"):
        inspect.fork(history, X, LABELS, at=1, speed=3)
    with pytest.raises(ValueError, match=r"\[fork\] expected X of the fit"):
        inspect.fork(history, X[:9], LABELS[:9], at=1)


def test_functions_of_the_fit_are_given_again():
    def rate(step):
        return 0.1 / step

    net = network("float32")
    history = net.fit(X, LABELS, track="epoch", **settings(optimizer=wb.SGD(rate)))
    same, _ = inspect.fork(history, X, LABELS, at=1, functions={"learning_rate": rate})
    assert same == net
    other, _ = inspect.fork(
        history, X, LABELS, at=1, functions={"learning_rate": rate}, learning_rate=0.5
    )
    assert not np.array_equal(other.parameters, net.parameters)
    with pytest.raises(ValueError, match=r"\[fork\] expected learning_rate to be the function"):
        inspect.fork(history, X, LABELS, at=1)
