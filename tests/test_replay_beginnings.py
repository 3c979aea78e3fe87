"""How a fit began, by way of checkpoints and JSON texts: whole runs that are made again."""

import json
import pickle

import numpy as np
import pytest
from resumed import Course, checkpoints_of, other, small
from small_network import LABELS, TARGETS, X, network, settings
from test_replay import Snapshots, assert_replays, tracked

import wbcore as wb
from wbcore import inspect
from wbcore.io.checkpoint import read_checkpoint, write_checkpoint


def halved(step):
    """A rate that no file has."""
    return 0.1 / step


def squares(outputs, targets):
    d = outputs - targets
    return float((d**2).mean()), 2 * d / d.size


RESUMED = {
    "adam": {"optimizer": "adam(0.01)"},
    "a schedule": {"optimizer": "sgd(cosine(0.1, 20) after warmup(4), 0.9)"},
    "a plateau": {"optimizer": "sgd(plateau(0.1, 0.5, 1) of loss)"},
    "classes": {"class_weight": {1: 5.0}, "metrics": ["accuracy", "roc_auc", "penalty"]},
    "held out": {"validation_fraction": 0.3, "shuffle": False},
    "prior": {"bias_init": "prior", "track": 3},
    "first epoch": {"first_epoch": 7},
}


@pytest.mark.parametrize("name", RESUMED)
def test_a_run_that_was_gone_on_with_is_made_again_whole(name, tmp_path, monkeypatch):
    seen = Snapshots()
    net = small(dropout=0.25, dtype="float32")
    course = Course(lambda: {"track": "epoch"} | RESUMED[name], net)
    whole = course.fit(callbacks=[seen])
    files, _ = checkpoints_of(course, tmp_path, monkeypatch, callbacks=[Snapshots()])
    places = list(seen.found)
    chosen = files[1], files[len(files) // 2], files[-2]
    for file, place in zip(chosen, [places[1], places[6], places[-2]], strict=True):
        gone_on = other(net())
        left = course.fit(gone_on, resume=file, callbacks=[Snapshots()])
        # the texts have how it began, too
        assert left["history"] == whole["history"]
        history = gone_on.history
        assert history._recording.first == (history.first_epoch, 0)
        assert history._recording.parameters.base is None, "no view of the whole file"
        assert_replays(history, {place: seen.found[place]})
        same, _ = inspect.fork(history, X, LABELS, at=place)
        assert same == gone_on
    assert history.replay(X, LABELS, epoch=history.first_epoch - 1) == net()


def test_a_run_of_many_sessions(tmp_path):
    net = network("float32")
    optimizer = wb.Adam(0.01)
    net.fit(X, LABELS, **settings(optimizer=optimizer, epochs=1))  # the run has steps behind it
    start = pickle.dumps((net, optimizer))
    path = tmp_path / "run.ckpt"
    seen = Snapshots()
    net.fit(X, LABELS, **settings(optimizer=optimizer, callbacks=[seen], track=3))

    class Ends(wb.callbacks.Callback):
        def __init__(self, step):
            self.step = step

        def after_batch(self, run):
            if run.step == self.step:
                run.stop(resumable=True)

    for step in (5, 6, 12, -1):
        one, own = pickle.loads(start)
        history = one.fit(
            X, LABELS, checkpoint=path, resume=True, track=3, callbacks=[Ends(step)],
            **settings(optimizer=own),
        )  # fmt: skip
        assert history._recording.steps == 4
        assert history.replay(X, LABELS).parameters.tobytes() == one.parameters.tobytes()
    assert one == net
    assert_replays(history, seen.found)
    with pytest.raises(ValueError, match=r"\[replay\] expected epoch to be an integer from 0 to 3"):
        history.replay(X, LABELS, epoch=4)


def test_functions_of_a_run_that_was_gone_on_with(tmp_path, monkeypatch):
    course = Course(
        lambda: {"optimizer": wb.SGD(wb.schedules.Warmup(halved, 5)), "loss": squares, "track": 1},
        data=lambda: (X, TARGETS),
    )
    files, _ = checkpoints_of(course, tmp_path, monkeypatch)
    net = other(network())
    course.fit(net, resume=files[4])
    given = {"learning_rate": wb.schedules.Warmup(halved, 5), "loss": squares}
    assert net.history.replay(X, TARGETS, **given) == net
    with pytest.raises(ValueError, match=r"expected learning_rate to be the function Warmup"):
        net.history.replay(X, TARGETS, loss=squares)


def test_rows_in_another_form_and_more_epochs(tmp_path, monkeypatch):
    course = Course(lambda: {"optimizer": "adam(0.01)", "track": "epoch"})
    files, _ = checkpoints_of(course, tmp_path, monkeypatch)
    blocks = [(X[:20], LABELS[:20]), (X[20:], LABELS[20:])]
    net = other(network())
    given = course.arguments() | {"loss": "cross_entropy", "batch_size": 16, "seed": 7}
    history = net.fit(blocks, **given, epochs=5, resume=files[6])
    assert history.replay(blocks) == net
    with pytest.raises(ValueError, match=r"\[replay\] expected X of the fit, a source, got 50 x 6"):
        history.replay(X, LABELS)
    assert len(inspect.fork(history, blocks, at=1)[1]) == 3


def test_a_divergence_after_a_checkpoint_is_found(tmp_path):
    path = tmp_path / "run.ckpt"

    def fit(**more):
        net = wb.Network.mlp([6, 9, 3], seed=1)
        options = settings(loss="mse", optimizer="sgd(2)", epochs=500, track="epoch")
        with pytest.raises(wb.DivergenceError) as caught:
            net.fit(X, TARGETS, **options, **more)
        return caught.value

    found = fit(checkpoint=path, checkpoint_every="1 batch").first
    assert (found.epoch, found.batch) > (0, 1)
    assert read_checkpoint(str(path)).position[1] > 0, "within an epoch"
    again = fit(resume=path)
    assert again.history._recording.first == (0, 0)
    assert again.first == found
    assert inspect.find_divergence(again.history, X, TARGETS) == found


def without_beginning(path):
    """As an older wbcore wrote it."""
    saved = read_checkpoint(path)
    assert set(saved.beginning_arrays) == {"parameters"}
    object.__setattr__(saved, "beginning", None)
    object.__setattr__(saved, "beginning_arrays", {})
    write_checkpoint(path, saved)


def test_a_checkpoint_of_an_older_wbcore(tmp_path, monkeypatch):
    course = Course(lambda: {"optimizer": "adam(0.01)", "track": "epoch"})
    whole = course.fit()
    files, _ = checkpoints_of(course, tmp_path, monkeypatch)
    without_beginning(str(files[4]))
    net = other(network())
    left = course.fit(net, resume=files[4], checkpoint=files[4])
    assert left["parameters"] == whole["parameters"]
    assert left["tracked"] == whole["tracked"]
    with pytest.raises(
        ValueError, match=r"\[replay\] expected .* got one of records alone: that of"
    ):
        net.history.replay(X, LABELS)
    left = course.fit(net, resume=files[4])  # which was written by this one, from that one
    assert left["parameters"] == whole["parameters"]


def test_a_beginning_of_another_run_is_refused(tmp_path, monkeypatch):
    course = Course(lambda: {"optimizer": "adam(0.01)", "track": "epoch"})
    file = checkpoints_of(course, tmp_path, monkeypatch)[0][4]
    sound = read_checkpoint(str(file))
    for change in (
        {"layers": [[6, 3, "identity", True, True, 0.0]]},
        {"steps": 99},
        {"first": [9, 0]},
        {"rule": "lbfgs"},
        {"rule": ["adam"]},
        {"arrays": ["m"]},
        {"optimizer": {"learning_rate": "0.1"}},
        {"more": 1},
    ):
        saved = read_checkpoint(str(file))
        object.__setattr__(saved, "beginning", sound.beginning | change)
        write_checkpoint(str(tmp_path / "changed"), saved)
        net = other(network())
        before = net.parameters.copy()
        with pytest.raises(wb.ModelFileError, match="expected a beginning as its settings have"):
            course.fit(net, resume=tmp_path / "changed")
        assert (net.parameters == before).all()


def read_again(history):
    return wb.History.from_json(history.to_json())


@pytest.mark.parametrize("optimizer", ["adam(0.01)", "sgd(plateau(0.1, 0.5, 1) of loss, 0.9)"])
def test_a_history_read_from_json_is_given_its_beginning(optimizer):
    net = network("float32", dropout=0.2)
    history, found = tracked(net, optimizer=optimizer, class_weight={1: 2.5})
    read = read_again(history)
    with pytest.raises(ValueError, match=r"\[replay\] .* from JSON; history.set_beginning"):
        read.replay(X, LABELS)
    read.set_beginning(network("float32", dropout=0.2))
    assert_replays(read, dict(list(found.items())[::4]))
    assert inspect.fork(read, X, LABELS, at=(1, 2))[0] == net
    assert inspect.first_difference((read, X, LABELS), (history, X, LABELS)) is None
    # and once more, from what was read; or from a network that was kept
    third = read_again(read_again(read))
    third.set_beginning(history.replay(X, LABELS, epoch=-1))
    assert third.replay(X, LABELS) == net
    assert third.to_json() == history.to_json()


def test_the_text_has_settings_and_no_data():
    other_data = X.copy()
    other_data[0, 0] += 1
    history, _ = tracked(optimizer="adam(0.01)")
    fields = json.loads(history.to_json())["beginning"]
    assert fields["optimizer"]["learning_rate"] == 0.01
    assert fields["samples"]["X"][0] == "50 x 6"
    assert len(json.dumps(fields)) < 2000
    read = read_again(history)
    read.set_beginning(network("float32"))
    with pytest.raises(ValueError, match=r"expected X of the fit, 50 x 6, got other numbers"):
        read.replay(other_data, LABELS)


def test_a_beginning_of_earlier_steps_needs_what_the_optimizer_remembered():
    net, optimizer = network("float32"), wb.Adam(0.01)
    net.fit(X, LABELS, **settings(optimizer=optimizer))
    kept = pickle.dumps((net, optimizer))
    history, found = tracked(net, optimizer=optimizer)
    read = read_again(history)
    first, _ = pickle.loads(kept)
    with pytest.raises(ValueError, match=r"expected network.optimizer to remember the 12 st.*none"):
        read.set_beginning(wb.Network.copy(first))
    first.optimizer.state(first).steps = 11
    with pytest.raises(ValueError, match=r"remember the 12 steps .* m, v, got 11 steps and m, v"):
        read.set_beginning(first)
    first.optimizer.state(first).steps = 12
    read.set_beginning(first)
    assert_replays(read, dict(list(found.items())[-3:]))


def test_arrays_that_were_set_before_the_first_step():
    net, optimizer = network("float32"), wb.Adam(0.01)
    optimizer.set_state(net, 0, {name: np.full(170, 0.25) for name in ("m", "v")})
    kept = pickle.dumps((net, optimizer))
    history, _ = tracked(net, optimizer=optimizer)
    read = pickle.loads(pickle.dumps(read_again(history)))
    first, own = pickle.loads(kept)
    first.optimizer = own
    read.set_beginning(first)
    assert read.replay(X, LABELS) == net
    read.set_beginning(network("float32"))
    with pytest.raises(wb.ReplayError):
        read.replay(X, LABELS)


def test_another_beginning_is_refused():
    history, _ = tracked()
    read = read_again(history)
    for net, text in [
        (wb.Network.mlp([6, 9, 8, 3], "tanh", seed=2), "parameters of digest .* which the first"),
        (wb.Network.mlp([6, 9, 3], "tanh"), "a network of widths 6-9-8-3 in float32, got .* 6-9-3"),
        (network("float64"), "a network of .* in float32, got one of widths 6-9-8-3 in float64"),
    ]:
        with pytest.raises(ValueError, match=rf"\[set_beginning\] expected {text}"):
            read.set_beginning(net)
    with pytest.raises(
        TypeError, match=r"\[set_beginning\] expected network to be a Network, got 3"
    ):
        read.set_beginning(3)
    for known, got in ((history, "one that knows its beginning"), (wb.History({}), "another")):
        with pytest.raises(
            ValueError, match=rf"\[set_beginning\] expected a history .*, got {got}"
        ):
            known.set_beginning(network("float32"))
    with pytest.raises(
        ValueError, match=r"\[replay\] expected the history of .*, got one without$"
    ):
        wb.History({}).replay(X, LABELS)


SPOILT = {
    "done": -1,
    "layers": [[6, 3, "tanh"]],
    "rule": "adamant",
    "optimizer": {"learning_rate": "cosine(1"},
    "position": [0, 0, 0.0, 0.0, [], 3],
    "observations": {"best": "x", "waited": 0, "reductions": 0},
    "settings": {},
    "functions": {"metric": "f"},
    "samples": {"X": None, "y": [3], "sample_weight": None},
    "first": [0],
    "more": 1,
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_beginning_is_refused_when_it_is_read(name):
    fields = json.loads(tracked()[0].to_json())
    wb.History.from_json(json.dumps(fields))
    fields["beginning"][name] = SPOILT[name]
    with pytest.raises(ValueError, match=r"\[from_json\] expected beginning of a history, got"):
        wb.History.from_json(json.dumps(fields))


def test_numbers_that_are_not_finite_are_kept():
    net = network("float32")
    optimizer = wb.SGD(0.1)
    state = optimizer.state(net)
    state.observations = {"best": np.inf, "waited": 0, "reductions": 0}
    history, _ = tracked(net, optimizer=optimizer)
    read = read_again(history)
    read.set_beginning(network("float32"))
    assert read._recording.observations["best"] == np.inf
