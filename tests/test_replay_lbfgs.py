"""Fits with L-BFGS that are made again, from their beginning up to an iteration."""

import pickle

import numpy as np
import pytest
from small_network import LABELS, TARGETS, X, network, settings

import wbcore as wb
from wbcore import inspect

pytest.importorskip("scipy")


class Iterations:
    """The parameters after each; may end the fit after one of them."""

    def __init__(self, last=None):
        self.found, self.last = [], last

    def after_epoch(self, run):
        self.found.append(run.network.parameters.copy())
        return run.epoch == self.last


def fitted(net=None, y=LABELS, epochs=12, last=None, **options):
    net = net or network("float32")
    seen = Iterations(last)
    more = {"optimizer": wb.LBFGS(l2=1e-3), "batch_size": 50, "track": "epoch", "epochs": epochs}
    history = net.fit(X, y, callbacks=[seen], **settings(**(more | options)))
    return net, history, seen.found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_iteration_is_made_again(dtype):
    start = network(dtype)
    net, history, found = fitted(network(dtype), metrics=["accuracy"], first_epoch=3)
    assert len(found) == 12
    for i, parameters in enumerate(found):
        again = history.replay(X, LABELS, epoch=3 + i)
        assert again.parameters.tobytes() == parameters.tobytes()
    assert history.replay(X, LABELS, epoch=2) == start
    assert history.replay(X, LABELS) == net
    assert again.history is None
    with pytest.raises(ValueError, match=r"expected epoch to be an integer from 2 to 14, got 15"):
        history.replay(X, LABELS, epoch=15)


def test_settings_and_functions_come_again():
    def squares(outputs, targets, sample_weight=None):
        d = outputs - targets
        w = np.ones(len(d)) if sample_weight is None else sample_weight
        w = w[:, None] / w.sum()
        return float((w * d**2).sum()), 2 * w * d

    weights = np.arange(50) % 3 + 1.0
    optimizer = wb.LBFGS(max_iterations=9, history_size=2, l2=0.1, decay_biases=True)
    net, history, found = fitted(
        y=TARGETS, epochs=1, loss=squares, sample_weight=weights, optimizer=optimizer
    )
    optimizer.l2 = 7.0  # which nothing asks any more
    given = {"loss": squares, "sample_weight": weights}
    assert history.replay(X, TARGETS, **given) == net
    assert (history.replay(X, TARGETS, epoch=4, **given).parameters == found[4]).all()
    with pytest.raises(ValueError, match=r"\[replay\] expected loss to be the function test_set"):
        history.replay(X, TARGETS, sample_weight=weights)


def test_a_fit_that_was_stopped_or_ended_early():
    net, history, found = fitted(last=4)
    assert len(found) == 5
    assert history.replay(X, LABELS) == net
    net, history, found = fitted(network("float64"), epochs=5000, optimizer=wb.LBFGS(tolerance=0.1))
    assert len(found) == len(history) < 5000
    assert history.replay(X, LABELS) == net


def test_of_many_records_those_that_stayed_prove_it():
    net, history, found = fitted(
        network("float64"), TARGETS, epochs=700, loss="mse",
        optimizer=wb.LBFGS(tolerance=0, loss_tolerance=0),
    )  # fmt: skip
    steps = [record.step for record in history.parameters]
    assert len(found) > 520
    assert 201 not in steps
    again = history.replay(X, TARGETS, epoch=200)
    assert again.parameters.tobytes() == found[200].tobytes()
    assert history.replay(X, TARGETS) == net
    following = min(step for step in steps if step > 201)
    for step, epoch in ((0, -1), (following, 200)):
        spoilt = with_another_digest(history, steps.index(step))
        with pytest.raises(wb.ReplayError) as caught:
            spoilt.replay(X, TARGETS, epoch=epoch)
        assert caught.value.step == step


def with_another_digest(history, index):
    """A copy of which one record has it."""
    twin = pickle.loads(pickle.dumps(history))
    record = bytearray(twin._record["parameters"][index])
    record[48] ^= 1
    twin._record["parameters"][index] = bytes(record)
    return twin


def test_pickles_and_json():
    net, history, found = fitted()
    assert pickle.loads(pickle.dumps(history)).replay(X, LABELS) == net
    read = wb.History.from_json(history.to_json())
    read.set_beginning(network("float32"))
    assert (read.replay(X, LABELS, epoch=3).parameters == found[3]).all()


def test_what_is_not_what_the_records_tell_of():
    _, history, _ = fitted()
    other = X.copy()
    other[11, 3] += 1  # which no sample has
    with pytest.raises(wb.ReplayError, match=r"after step 1, batch 0 of epoch 0, as the history"):
        history.replay(other, LABELS)
    flat = np.zeros_like(X)
    flat[::6] = X[::6]
    with pytest.raises(wb.ReplayError) as caught:
        history.replay(flat, LABELS)
    assert caught.value.step == 1
    history._recording.optimizer["tolerance"] = 1e9  # so that it ends at once
    with pytest.raises(wb.ReplayError, match=r"expected 12 iterations of L-BFGS as .*, got [01]: "):
        history.replay(X, LABELS)


def test_what_goes_on_from_a_step_is_refused():
    _, history, _ = fitted()
    text = "expected a fit that can go on from each step, got one of LBFGS"
    for operation, call in {
        "fork": lambda: inspect.fork(history, X, LABELS, at=3),
        "find_divergence": lambda: inspect.find_divergence(history, X, LABELS),
        "influence": lambda: inspect.influence(history, X, LABELS, evaluation_data=(X, LABELS)),
        "first_difference": lambda: inspect.first_difference(*[(history, X, LABELS)] * 2),
    }.items():
        with pytest.raises(ValueError, match=rf"\[{operation}\] {text}"):
            call()


def test_without_track_nothing_is_kept():
    _, history, _ = fitted(track=None)
    assert history._recording is None
