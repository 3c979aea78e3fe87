"""Trainings that are made again: any step of them, to the bit, and what is refused."""

import copy
import pickle

import numpy as np
import pytest
from scipy import sparse
from small_network import DTYPES, LABELS, TARGETS, X, network, settings

import wbcore as wb
import wbcore.inspect


class Snapshots:
    """The parameters after each batch, by epoch and batch from 0."""

    def __init__(self):
        self.found = {}

    def after_batch(self, run):
        run.sync()
        self.found[run.epoch, run.batch - 1] = run.network.parameters.copy()


def tracked(net=None, labels=LABELS, **options):
    """A history, and the parameters that it went through."""
    net = net or network("float32")
    seen = Snapshots()
    history = net.fit(X, labels, callbacks=[seen], **({"track": "epoch"} | settings(**options)))
    return history, seen.found


def assert_replays(history, found, labels=LABELS, **given):
    for (epoch, batch), parameters in found.items():
        net = history.replay(X, labels, epoch=epoch, batch=batch, **given)
        assert net.parameters.tobytes() == parameters.tobytes(), (epoch, batch)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", ["sgd(0.1, 0.9)", "adam(0.01)", "rprop(0.01)"])
def test_every_step_is_made_again(dtype, optimizer):
    net = network(dtype)
    start = net.parameters.copy()
    history, found = tracked(net, optimizer=optimizer)
    assert len(found) == 12
    assert_replays(history, found)
    assert history.replay(X, LABELS).parameters.tobytes() == net.parameters.tobytes()
    before = history.replay(X, LABELS, epoch=-1)
    assert before.parameters.tobytes() == start.tobytes()
    last = history.replay(X, LABELS, epoch=1)
    assert last.parameters.tobytes() == found[1, 3].tobytes()


def as_sparse(X):
    return sparse.csr_matrix(X)


ALIKE = {
    "sparse": as_sparse,
    "columns": sparse.csc_array,
    "list": np.ndarray.tolist,
    "float32": lambda X: X.astype(np.float32),
    "view": lambda X: wb.Scaled(X, 1.0),
    "negative zeros": lambda X: np.where(X == 0, -0.0, X),
}


@pytest.mark.parametrize("of_fit", [*ALIKE, "plain"])
@pytest.mark.parametrize("of_replay", [*ALIKE, "plain"])
def test_the_same_numbers_in_another_form_will_do(of_fit, of_replay):
    numbers = np.zeros((20, 70))
    numbers[:, ::9] = np.arange(20 * 8).reshape(20, 8) % 5 - 2
    alike = ALIKE | {"plain": lambda X: X}
    net = wb.Network.mlp([70, 3, 1], seed=0)
    y = np.where(numbers[:, 0] == 0, -0.0, numbers[:, 0])
    history = net.fit(alike[of_fit](numbers), y, loss="mse", epochs=2, track="epoch")
    assert history.replay(alike[of_replay](numbers), numbers[:, 0].tolist()) == net
    assert history.replay(alike[of_replay](numbers), numbers[:, 0]) == net
    others = numbers + (numbers != 0)
    with pytest.raises((ValueError, wb.ReplayError)):
        history.replay(alike[of_replay](others), numbers[:, 0])
    with pytest.raises(ValueError, match="expected X of the fit, 20 "):
        history.replay(alike[of_replay](numbers[:19]), numbers[:19, 0])


OTHERS = {
    "dropout": {"net": lambda: network("float32", dropout=0.3)},
    "blocks": {"shuffle": "blocks"},
    "in order": {"shuffle": False},
    "held out": {"validation_fraction": 0.2},
    "classes": {"class_weight": "balanced"},
    "prior": {"bias_init": "prior"},
    "first epoch": {"first_epoch": 7},
    "schedule": {"optimizer": wb.Adam(wb.schedules.Cosine(0.01, steps=12))},
    "plateau": {"optimizer": wb.SGD(wb.schedules.Plateau(0.1, "loss", patience=1, min_delta=9))},
    "limits": {"optimizer": wb.SGD(0.1, clip_norm=0.1, l1=0.01, max_norm=1.0)},
    "metrics": {"metrics": ["accuracy", "roc_auc", "penalty"]},
}


@pytest.mark.parametrize("name", OTHERS)
def test_settings_are_kept(name):
    options = dict(OTHERS[name])
    net = options.pop("net", lambda: network("float32"))()
    options = copy.deepcopy(options)
    history, found = tracked(net, **options)
    assert history.replay(X, LABELS, epoch=history.first_epoch - 1) is not None
    assert_replays(history, dict(list(found.items())[5:7] + list(found.items())[-1:]))


def test_sample_weights_come_again():
    weights = np.random.default_rng(3).random(50)
    history, found = tracked(sample_weight=weights)
    assert_replays(history, found, sample_weight=weights)
    with pytest.raises(
        ValueError, match=r"\[replay\] expected sample_weight of the fit, 50, got n"
    ):
        history.replay(X, LABELS)


def test_functions_come_again():
    def squares(outputs, targets):
        d = outputs - targets
        return float((d**2).mean()), 2 * d / d.size

    def rate(step):
        return 0.1 / step

    def order(epoch):
        return np.arange(50)[:: -1 if epoch % 2 else 1]

    functions = {"loss": squares, "shuffle": order}
    history, found = tracked(labels=TARGETS, optimizer=wb.SGD(rate), **functions)
    given = functions | {"learning_rate": rate}
    assert_replays(history, found, TARGETS, **given)
    for name in given:
        with pytest.raises(
            ValueError, match=rf"\[replay\] expected {name} to be the function .*No"
        ):
            history.replay(X, TARGETS, **(given | {name: None}))
        with pytest.raises(ValueError, match=rf"\[replay\] expected {name} to be the function .*f"):
            history.replay(X, TARGETS, **(given | {name: len}))
    with pytest.raises(ValueError, match=r"\[replay\] expected no loss, since that of the fit was"):
        tracked()[0].replay(X, LABELS, loss=squares)


def test_a_fit_that_goes_on_and_one_that_was_stopped():
    net, optimizer = network("float32"), wb.Adam(0.01)
    wait = settings(optimizer=optimizer, epochs=9)

    class Stop(Snapshots):
        def after_batch(self, run):
            super().after_batch(run)
            return (run.epoch, run.batch) == (1, 2)

    first, second = Stop(), Snapshots()
    stopped = net.fit(X, LABELS, callbacks=[first], track="epoch", **wait)
    on = net.fit(X, LABELS, callbacks=[second], track="epoch", **(wait | {"epochs": 2}))
    assert list(first.found)[-1] == (1, 1)
    assert next(iter(second.found)) == (1, 2)
    assert_replays(stopped, first.found)
    with pytest.raises(ValueError, match=r"\[replay\] expected batch to be an integer from 0 to 1"):
        stopped.replay(X, LABELS, epoch=1, batch=2)
    assert_replays(on, second.found)
    with pytest.raises(ValueError, match=r"\[replay\] expected batch to be an integer from 2 to 3"):
        on.replay(X, LABELS, epoch=1, batch=1)


def test_a_history_that_was_copied_or_pickled():
    history, found = tracked(optimizer=wb.Adam(0.01))
    for twin in (pickle.loads(pickle.dumps(history)), copy.deepcopy(history)):
        assert_replays(twin, dict(list(found.items())[-2:]))


def test_the_network_goes_on_as_the_first_did():
    history, _ = tracked(net := network("float32"), optimizer=wb.Adam(0.01))
    half = history.replay(X, LABELS, epoch=1, batch=2)
    half.fit(X, LABELS, **settings(epochs=2))
    assert half.parameters.tobytes() == net.parameters.tobytes()
    assert half.history.loss[-1] == history.loss[-1]


def test_other_layouts_sources_and_views_of_the_same_numbers():
    net = network("float32")
    history = net.fit(wb.Scaled(X, 0.5), LABELS, track="epoch", **settings())
    assert history.replay(wb.Scaled(X[::-1].copy()[::-1], 0.5), LABELS) == net
    blocks = [(X[:20], LABELS[:20]), (X[20:], LABELS[20:])]
    history = net.fit(blocks, track="epoch", **settings(shuffle="blocks"))
    assert history.replay(blocks) == net


def test_what_is_no_training_to_make_again():
    net = network("float32")
    for history in (
        net.fit(X, LABELS, **settings()),
        wb.History.from_json(tracked()[0].to_json()),
    ):
        with pytest.raises(
            ValueError, match=r"\[replay\] expected the history of fit\(..., track="
        ):
            history.replay(X, LABELS)


def test_other_data_are_refused():
    history, _ = tracked()
    other = X.copy()
    other[0, 0] += 1
    for data, text in [
        ((other, LABELS), "expected X of the fit, 50 x 6, got other numbers"),
        ((X[:40], LABELS[:40]), "expected X of the fit, 50 x 6, got 40 x 6"),
        ((X, (LABELS + 1) % 3), "expected y of the fit, 50, got other numbers"),
    ]:
        with pytest.raises(ValueError, match=rf"\[replay\] {text}"):
            history.replay(*data)


@pytest.mark.parametrize("data", [(np.array(3.0), LABELS), (X, np.array(3)), (wb.Network, LABELS)])
def test_what_has_no_rows_is_refused_by_name(data):
    history = tracked()[0]
    for call, operation in (
        (history.replay, "replay"),
        (lambda *data: wbcore.inspect.fork(history, *data, at=1), "fork"),
        (lambda *data: wbcore.inspect.find_divergence(history, *data), "find_divergence"),
    ):
        with pytest.raises((TypeError, ValueError), match=rf"^\[{operation}\] expected [Xy] to "):
            call(*data)


def test_a_class_is_no_network_to_begin_with():
    read = wb.History.from_json(tracked()[0].to_json())
    with pytest.raises(TypeError, match=r"\[set_beginning\] expected network to be a Network, got"):
        read.set_beginning(wb.Network)


def test_steps_that_were_not_are_refused():
    history, _ = tracked()
    with pytest.raises(
        ValueError, match=r"\[replay\] expected epoch to be an integer from -1 to 2"
    ):
        history.replay(X, LABELS, epoch=3)
    with pytest.raises(ValueError, match=r"\[replay\] expected batch to be an integer from 0 to 3"):
        history.replay(X, LABELS, epoch=0, batch=4)
    with pytest.raises(ValueError, match=r"\[replay\] expected an epoch with batch=1, got None"):
        history.replay(X, LABELS, batch=1)
    with pytest.raises(ValueError, match=r"\[replay\] expected no batch of epoch -1"):
        history.replay(X, LABELS, epoch=-1, batch=0)


def test_the_beginning_costs_little_and_nothing_without_track():
    net = network("float32")
    assert net.fit(X, LABELS, **settings())._recording is None
    history, _ = tracked(net, optimizer=wb.Adam(0.01))
    assert history._recording.arrays is None  # zeros need not be kept
    assert history._recording.parameters.nbytes == net.parameters.nbytes
    assert not np.shares_memory(history._recording.parameters, net.parameters)


@pytest.mark.parametrize("track", ["epoch", 1, 5])
def test_each_record_has_the_digest_of_what_is_made_again(track):
    history, found = tracked(track=track)
    assert [record.step for record in history.parameters][-1] == 12
    for record in history.parameters:
        given = {} if record.step == 0 else {"batch": record.batch}
        net = history.replay(X, LABELS, epoch=record.epoch, **given)
        assert wb.inspect.digest(net) == record.digest
    assert_replays(history, dict(list(found.items())[4:7]))


class Meddler:
    """Writes into the network after an epoch."""

    def after_epoch(self, run):
        if run.epoch == 1:
            run.network.parameters[3] += 0.5


def meddled():
    net = network("float32")
    meddler = settings(callbacks=[Meddler()], epochs=4, track="epoch")
    return net.fit(X, LABELS, **meddler)


def test_what_a_callback_changed_is_noticed_by_the_next_record():
    history = meddled()
    records = {record.step: record.digest for record in history.parameters}
    assert history.replay(X, LABELS, epoch=1, batch=1) is not None  # before it
    for place in ({"epoch": 2, "batch": 1}, {"epoch": 3}, {}):
        with pytest.raises(
            wb.ReplayError, match=r"\[replay\] .* the callbacks Meddler or"
        ) as caught:
            history.replay(X, LABELS, **place)
        assert caught.value.step == 12
        assert caught.value.recorded == records[12] != caught.value.replayed
    twin = pickle.loads(pickle.dumps(caught.value))
    assert (twin.step, str(twin)) == (12, str(caught.value))


def test_other_numbers_that_no_sample_has_are_noticed_by_a_record():
    history, _ = tracked()
    other = X.copy()
    other[11, 3] = 7
    with pytest.raises(wb.ReplayError, match=r"after step 4, batch 3 of epoch 0, as the history"):
        history.replay(other, LABELS)


def test_a_fit_that_first_ends_an_epoch_of_which_all_batches_were_done():
    net, optimizer = network("float32"), wb.Adam(0.01)
    start = settings(optimizer=optimizer, batch_size=25)

    class Stop:
        def after_batch(self, run):
            return (run.epoch, run.batch) == (0, 2)

    net.fit(X, LABELS, callbacks=[Stop()], **start)
    assert optimizer.state(net).position[:2] == (0, 2)
    before = net.copy()
    seen = Snapshots()
    history = net.fit(X, LABELS, callbacks=[seen], track="epoch", **start)
    assert len(history) == 3
    assert list(seen.found) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert_replays(history, seen.found)
    for place in ({"epoch": -1}, {"epoch": 0}, {"epoch": 0, "batch": 1}):
        assert history.replay(X, LABELS, **place) == before
    for at in (-1, (1, 0), 1):
        again, after = wb.inspect.fork(history, X, LABELS, at=at)
        assert again == net
        assert after.loss == history.loss[after.first_epoch :]
    with pytest.raises(
        ValueError, match=r"\[fork\] expected seed to change at the end of an epoch"
    ):
        wb.inspect.fork(history, X, LABELS, at=-1, seed=3)


def stopped_within_an_epoch(X=X, **options):
    net, optimizer = network("float32"), wb.Adam(0.01)

    class Stop:
        def after_batch(self, run):
            return run.step == 2

    given = settings(optimizer=optimizer, **options)
    net.fit(X, LABELS, callbacks=[Stop()], **given)
    seen = Snapshots()
    return net, net.fit(X, LABELS, callbacks=[seen], track="epoch", **given), seen.found


def test_a_fit_that_went_on_within_an_epoch_has_all_its_metrics_again():
    net, history, found = stopped_within_an_epoch(metrics=["accuracy", "roc_auc"])
    assert history._recording.first == (0, 2)
    assert_replays(history, found)
    # and so has a network within an epoch, which goes on with the metrics that the fit had
    again = history.replay(X, LABELS, epoch=1, batch=1)
    after = again.fit(X, LABELS, **settings(epochs=2, metrics=["accuracy", "roc_auc"]))
    assert again == net
    assert after.roc_auc == history.roc_auc[1:]
    _, forked = wb.inspect.fork(history, X, LABELS, at=(1, 1))
    assert forked.roc_auc == history.roc_auc[1:]


def test_metrics_of_all_predictions_beside_blocks_need_the_validation_data():
    more = {"validation_data": (X, LABELS)}
    options = {"metrics": ["roc_auc"], "shuffle": "blocks", **more}
    _, history, found = stopped_within_an_epoch(**options)
    assert_replays(history, found, **more)
    with pytest.raises(ValueError, match=r"\[replay\] expected validation_data .* took roc_auc of"):
        history.replay(X, LABELS)
    history, found = tracked(**options)
    assert_replays(history, dict(list(found.items())[5:8]))


def test_a_schedule_that_watches_a_metric_of_the_training_data():
    plateau = wb.schedules.Plateau(0.1, "roc_auc", patience=1, min_delta=9)
    history, found = tracked(optimizer=wb.SGD(plateau), metrics=["roc_auc"], epochs=6)
    assert history.learning_rate[-1] < history.learning_rate[0]
    assert_replays(history, dict(list(found.items())[-3:]))
