"""Where a training goes on: epochs and batches from fit to fit, and the optimizer with them."""

import copy
import pickle

import numpy as np
import pytest
from small_network import LABELS, TARGETS, X, network, settings
from stress.harness import interrupt_after

import wbcore as wb
from wbcore.optimizers import Position

OPTIMIZERS = {
    "object": wb.Adam(0.01),
    "text": "adam(0.01)",
    "none": None,
    "momentum": wb.SGD(0.1, momentum=0.9, nesterov=True),
}


def chosen(name):
    """An optimizer of its own for each test."""
    return copy.copy(OPTIMIZERS[name]) if name in ("object", "momentum") else OPTIMIZERS[name]


def fit(net, **options):
    given = settings(**{"metrics": ["accuracy"], "seed": 3} | options)
    return net.fit(X, LABELS, **given)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_fits_are_one(name, dtype):
    once, twice = network(dtype), network(dtype)
    whole = fit(once, optimizer=chosen(name), epochs=10)
    optimizer = chosen(name)
    first = fit(twice, optimizer=optimizer, epochs=5)
    second = fit(twice, optimizer=optimizer, epochs=5)
    assert twice.parameters.tobytes() == once.parameters.tobytes()
    assert first.loss + second.loss == whole.loss
    assert first.accuracy + second.accuracy == whole.accuracy
    assert (first.first_epoch, second.first_epoch) == (0, 5)
    assert list(second.epochs) == [6, 7, 8, 9, 10]
    states = [net.optimizer.state(net) for net in (once, twice)]
    assert [s.steps for s in states] == [40, 40]
    assert [s.position for s in states] == [Position(10)] * 2
    for array, other in zip(states[0].arrays.values(), states[1].arrays.values(), strict=True):
        assert array.tobytes() == other.tobytes()


def test_a_first_epoch_overrides_the_position():
    net, same = network(), network()
    optimizer = wb.SGD(0.1)
    for _ in range(2):
        fit(net, optimizer=optimizer, epochs=2, first_epoch=0)
    assert optimizer.state(net).epoch == 2
    for epoch in (0, 1, 0, 1):
        fit(same, optimizer=wb.SGD(0.1), epochs=1, first_epoch=epoch)
    assert net == same


def test_the_history_counts_from_the_position():
    net = network()
    fit(net, epochs=5)
    history = fit(net, epochs=2)
    assert [line.split()[0] for line in str(history).splitlines()[2:]] == ["6", "7"]
    assert len(history) == 2
    seen = []
    fit(net, epochs=1, callback=lambda epoch, _: seen.append(epoch))
    assert seen == [7]


def test_the_optimizer_of_the_last_fit_goes_on():
    net = network()
    assert net.optimizer is None
    fit(net, optimizer="adam(0.01)")
    adam = net.optimizer
    assert repr(adam) == repr(wb.Adam(0.01))
    fit(net)
    fit(net, optimizer="adam( 0.01 )")
    assert net.optimizer is adam
    assert adam.state(net).epoch == 9
    fit(net, optimizer="adam(0.02)")  # another one, which begins anew
    assert net.optimizer is not adam
    assert net.optimizer.state(net).epoch == 3
    adam.learning_rate = 0.02
    fit(net, optimizer=adam)
    assert net.optimizer is adam
    assert adam.state(net).epoch == 12


def test_a_text_has_no_settings_that_it_cannot_say():
    net = network()
    optimizer = wb.SGD(0.1, decay_biases=True)
    fit(net, optimizer=optimizer)
    fit(net, optimizer="sgd(0.1)")
    assert net.optimizer is not optimizer

    class Mine(wb.SGD):
        pass

    mine = Mine(0.1)
    fit(net, optimizer=mine)
    fit(net, optimizer="sgd(0.1)")
    assert type(net.optimizer) is wb.SGD


@pytest.mark.parametrize("forget", ["none", "reset"])
def test_what_is_forgotten_begins_anew(forget):
    net, same = network(), network()
    fit(net)
    same.parameters[:] = net.parameters
    if forget == "none":
        net.optimizer = None
    else:
        net.optimizer.reset()
    assert fit(net).first_epoch == 0
    fit(same)
    assert net == same


def test_a_state_that_comes_to_need_arrays_keeps_its_position():
    net, optimizer = network(), wb.SGD(0.1)
    fit(net, optimizer=optimizer, callbacks=stop_at(6))
    optimizer.momentum = 0.9
    before = optimizer.state(net)
    assert (before.steps, before.epoch, before.batch) == (6, 1, 2)
    assert list(before.arrays) == ["velocity"]
    assert fit(net, epochs=2).first_epoch == 1
    assert optimizer.state(net).steps == 12


def test_an_optimizer_may_be_assigned():
    net = network()
    net.optimizer = optimizer = wb.Adam(0.5)
    fit(net)
    assert optimizer.state(net).steps == 12
    with pytest.raises(TypeError, match=r"\[Network\] expected optimizer to be an Optimizer or No"):
        net.optimizer = "adam"
    assert net.optimizer is optimizer


def test_a_refused_fit_leaves_optimizer_and_position():
    net = network()
    optimizer = net.optimizer
    fit(net)
    before, history = net.optimizer, net.history
    for y in (LABELS[:9], LABELS + 3):
        with pytest.raises(ValueError, match=r"\[fit\]"):
            net.fit(X, y, **settings(optimizer=wb.Adam()))
    bad = X.copy()
    bad[-1, -1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        net.fit(bad, LABELS, **settings(optimizer=wb.Adam()))
    assert net.optimizer is before is not optimizer
    assert net.history is history
    assert before.state(net).position == Position(3)


def stop_at(step):
    class Stop:
        def after_batch(self, run):
            return run.step == step

    return [Stop()]


# 4 batches an epoch: within the first, after the first batch, before the last, at the end of one
@pytest.mark.parametrize("step", [1, 3, 4, 6, 8, 11])
@pytest.mark.parametrize("shuffle", [True, False])
def test_a_fit_that_was_stopped_within_an_epoch_goes_on_with_its_next_batch(step, shuffle):
    once, twice = network(), network()
    options = {"optimizer": "adam(0.01)", "shuffle": shuffle, "validation_fraction": 0.2}
    options |= {"batch_size": 10}
    whole = fit(once, epochs=5, **options)
    part = fit(twice, epochs=5, callbacks=stop_at(step), **options)
    state = twice.optimizer.state(twice)
    assert part.status == "stopped"
    done = (step - 1) // 4
    assert len(part) == done
    assert (state.steps, state.epoch, state.batch) == (step, done, step - 4 * done)
    assert state.position.loss_sum > 0
    rest = fit(twice, epochs=5 - done, **options)
    assert rest.status == "completed"
    assert twice.parameters.tobytes() == once.parameters.tobytes()
    for name in whole.names:
        series = [history.to_dict().get(name, []) for history in (part, rest, whole)]
        assert series[0] + series[1] == series[2]
    assert twice.optimizer.state(twice).position == Position(5)


@pytest.mark.parametrize(
    "other",
    [
        {"batch_size": 8},
        {"seed": 4},
        {"shuffle": False},
        {"metrics": []},
        {"loss": "cross_entropy", "validation_fraction": 0.3},
        {"X": X[:49]},
        {"first_epoch": 1},
    ],
    ids=str,
)
def test_any_other_fit_begins_that_epoch_anew(other):
    net, same = network(), network()
    options = {"optimizer": "adam(0.01)", "epochs": 3}
    for each in (net, same):
        fit(each, callbacks=stop_at(6), **options)
    assert net.optimizer.state(net).batch == 2
    for each, where in ((net, {}), (same, {"first_epoch": 1})):
        given = settings(**{"metrics": ["accuracy"], "seed": 3} | options | where | other)
        rows = given.pop("X", X)
        each.fit(rows, LABELS[: len(rows)], **given)
    assert net.parameters.tobytes() == same.parameters.tobytes()
    assert net.history == same.history
    assert net.optimizer.state(net).position == Position(4)


@pytest.mark.parametrize("metrics", [[], ["accuracy"]])
def test_after_ctrl_c_it_goes_on_with_the_next_batch(metrics):
    """At a moment that nobody chose, within an epoch or between two."""
    net, same = network(), network()
    options = {"optimizer": "adam(0.001)", "batch_size": 1, "metrics": metrics}

    with pytest.raises(KeyboardInterrupt), interrupt_after(0.12):
        fit(net, epochs=10**6, **options)
    first = net.history
    assert (first.status, first.interrupted) == ("interrupted", True)
    state = net.optimizer.state(net)
    assert state.epoch == len(first) > 0
    assert state.steps == 50 * state.epoch + state.batch
    assert first.reason == f"Ctrl-C came in epoch {state.epoch + 1}"
    rest = fit(net, epochs=2, **options)
    whole = fit(same, epochs=len(first) + 2, **options)
    assert net == same
    assert first.loss + rest.loss == whole.loss


def test_a_position_can_be_written_and_set():
    net, twin = network(), network()
    options = {"optimizer": "adam(0.01)", "epochs": 4}
    fit(net, callbacks=stop_at(7), **options)
    state = net.optimizer.state(net)
    twin.parameters[:] = net.parameters
    other = wb.Adam(0.01)
    other.set_state(twin, state.steps, state.arrays, position=state.position)
    assert other.state(twin).position == state.position
    fit(net, epochs=3)
    fit(twin, optimizer=other, epochs=3)
    assert net == twin
    assert net.history == twin.history
    state = other.state(twin)
    state.epoch = 7
    assert state.position == Position(7)
    state.position = Position(8)
    assert (state.epoch, state.batch) == (8, 0)
    other.set_state(twin, 3, state.arrays, position=9)
    assert other.state(twin).epoch == 9


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (3, TypeError),
        (Position(-1), ValueError),
        (Position(1.5), TypeError),
        (Position(1, -1), ValueError),
        (Position(1, 1, float("nan")), ValueError),
        (Position(1, 1, 0.0, float("inf")), ValueError),
        (Position(1, 1, 0.0, 0.0, ("a",)), TypeError),
        (Position(1, 1, 0.0, 0.0, 3), TypeError),
        (Position(1, 1, 0.0, 0.0, (), 3), TypeError),
    ],
)
def test_positions_that_are_refused(value, error):
    net, optimizer = network(), wb.SGD()
    state = optimizer.state(net)
    with pytest.raises(error, match=r"\[state\] expected "):
        state.position = value
    assert state.position == Position()


@pytest.mark.parametrize(
    "position",
    [
        Position(1, 99, 0.5, 1.0, (), "x"),
        Position(1, 2, 0.5, 1.0, (1.0,), ""),
        Position(1, 2**62, 0.0),
    ],
)
def test_a_position_of_nothing_begins_its_epoch(position):
    net, same = network(), network()
    for each, where in ((net, position), (same, Position(1))):
        optimizer = wb.SGD(0.1)
        optimizer.state(each).position = where
        fit(each, optimizer=optimizer)
    assert net == same


def test_sums_of_other_metrics_are_not_gone_on_with():
    net, same = network(), network()
    fit(net, callbacks=stop_at(2))
    state = net.optimizer.state(net)
    state.position = state.position._replace(metric_sums=(1.0,))
    same.parameters[:] = net.parameters
    fit(net)
    fit(same, optimizer=wb.SGD(0.01))
    assert net == same


def test_own_steps_leave_the_position():
    net, optimizer = network(), wb.SGD(0.1)
    fit(net, optimizer=optimizer)
    _, gradients = net.loss_and_gradients(X, LABELS, "cross_entropy")
    optimizer.step(net, gradients)
    net.partial_fit(X, LABELS, loss="cross_entropy")
    state = optimizer.state(net)
    assert (state.steps, state.epoch, state.batch) == (14, 3, 0)


def test_divergence_leaves_the_position_of_the_last_epoch():
    net, optimizer = network("float32"), wb.SGD(30.0, momentum=0.9)
    with pytest.raises(wb.DivergenceError) as caught:
        net.fit(X, TARGETS, **settings(loss="mse", optimizer=optimizer, epochs=100))
    assert optimizer.state(net).position == Position(caught.value.epoch)
    assert net.history.reason == (
        f"the loss or a parameter became NaN or infinite in batch {caught.value.batch + 1} of "
        f"epoch {caught.value.epoch + 1}"
    )


# Copies and pickles


PAIRS = {
    "pickle": lambda pair: pickle.loads(pickle.dumps(pair)),
    "oldest pickle": lambda pair: pickle.loads(pickle.dumps(pair, 2)),
    "deepcopy": copy.deepcopy,
    "turned": lambda pair: pickle.loads(pickle.dumps(pair[::-1]))[::-1],
}


@pytest.mark.parametrize("copied", PAIRS)
@pytest.mark.parametrize("step", [4, 7])
def test_a_pair_keeps_its_state(copied, step):
    net, optimizer = network(), wb.Adam(0.01)
    fit(net, optimizer=optimizer, epochs=9, callbacks=stop_at(step))
    twin, its = PAIRS[copied]((net, optimizer))
    assert twin.optimizer is its is not optimizer
    assert twin == net
    ours, theirs = optimizer.state(net), its.state(twin)
    assert ours.steps == theirs.steps == step
    assert ours.position == theirs.position
    assert all((theirs.arrays[n] == array).all() for n, array in ours.arrays.items())
    fit(net)
    fit(twin)
    assert net == twin
    assert net.history == twin.history
    net.parameters[:] = 0
    assert (twin.parameters != 0).any()


def test_one_alone_has_no_state():
    net, optimizer = network(), wb.Adam(0.01)
    fit(net, optimizer=optimizer)
    for copied in (copy.deepcopy, copy.copy, wb.Network.copy, PAIRS["pickle"]):
        assert copied(net).optimizer is None
        assert copied(net) == net
    for copied in (copy.deepcopy, copy.copy, PAIRS["pickle"]):
        other = copied(optimizer)
        assert len(other._states) == 0
        assert repr(other) == repr(optimizer)
        assert net.optimizer is optimizer


def test_a_shared_optimizer_finds_each_of_its_networks():
    nets, optimizer = [network(), network()], wb.Adam(0.01)
    for epochs, net in enumerate(nets, start=1):
        fit(net, optimizer=optimizer, epochs=epochs)
    (first, second), its = PAIRS["pickle"]((nets, optimizer))
    assert (its.state(first).epoch, its.state(second).epoch) == (1, 2)
    assert first.optimizer is second.optimizer is its


def test_another_optimizer_in_the_pickle_is_not_the_last():
    net, before, last = network(), wb.Adam(0.01), wb.SGD(0.1)
    fit(net, optimizer=before)
    fit(net, optimizer=last)
    twin, its = PAIRS["pickle"]((net, before))
    assert twin.optimizer is None
    assert its.state(twin).epoch == 3


@pytest.mark.parametrize("asked", [False, True])
def test_the_history_travels_in_a_pickle_when_asked(asked):
    net = wb.Network.mlp([64, 32, 10], seed=0)
    rows = np.random.default_rng(0).standard_normal((100, 64))
    labels = np.arange(100) % 10
    net.fit(rows, labels, loss="cross_entropy", optimizer=wb.Adam(), epochs=200, track="epoch")
    data = pickle.dumps((net, net.history) if asked else net)
    if not asked:
        assert len(data) < 12_000
        assert pickle.loads(data).history is None
    else:
        twin, history = pickle.loads(data)
        assert twin == net
        assert history == net.history
    assert copy.deepcopy(net).history == net.copy().history == net.history
