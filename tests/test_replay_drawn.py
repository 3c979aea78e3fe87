"""Fits that are drawn: ended and gone on with, made again and forked, to the bit of what was."""

import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_network import LABELS, X
from support import examples
from test_replay import Snapshots

import wbcore as wb
from wbcore import inspect

# Of units that a draw has let die, and the like
pytestmark = pytest.mark.filterwarnings("ignore::wbcore.errors.TrainingWarning")

drawn = settings(deadline=None, derandomize=True, print_blob=False, max_examples=examples(30))

WEIGHTS = np.random.default_rng(2).integers(0, 3, len(X)).astype(float)


def halved(step):
    """A rate that no file has."""
    return 0.1 / step


def backwards(epoch):
    """An order of rows that no file has; some are left out."""
    return np.roll(np.arange(len(X)), epoch)[:45][::-1]


OPTIMIZERS = {
    "sgd": lambda: wb.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: wb.Adam(0.01, clip_norm=0.1),
    "adamw": lambda: wb.AdamW("cosine(0.02, 30) after warmup(4)"),
    "rprop": lambda: wb.Rprop(0.01),
    "rmsprop": lambda: wb.RMSprop(0.01, centered=True, l1=1e-3, max_norm=1.0),
    "plateau": lambda: wb.SGD(wb.schedules.Plateau(0.1, "loss", patience=1, min_delta=9)),
    "function": lambda: wb.Adam(halved, l2=0.1, penalty_of_sum=True),
}


class Fit:
    """One fit that can be begun any number of times; none knows of another."""

    def __init__(self, draw):
        of = lambda *values: draw(st.sampled_from(values))  # noqa: E731
        held_out = X[:20], LABELS[:20]
        self.name = of(*OPTIMIZERS)
        self.net = {
            "widths": of([6, 3], [6, 9, 3], [6, 9, 8, 3]),
            "activation": of("relu", "tanh"),
            "dropout": of(0.0, 0.3),
            "dtype": of("float32", "float64"),
            "seed": draw(st.integers(0, 9)),
        }
        self.frozen = of(False, False, True) and len(self.net["widths"]) > 2
        self.begun = of("", "", "an epoch", "a part of one")
        shuffle = of(True, True, False, "blocks", backwards)
        in_rows = shuffle in (True, False)
        fraction = of(None, 0.3) if in_rows else None
        self.options = {
            "loss": "cross_entropy",
            "batch_size": of(7, 16, 64),
            "epochs": draw(st.integers(1, 4)),
            "seed": draw(st.integers(0, 2**64 - 1)),
            "shuffle": shuffle,
            "shuffle_window": 2,
            "metrics": of((), ("accuracy", "penalty"), ("roc_auc",) if in_rows else ()),
            "class_weight": of(None, "balanced", {1: 2.5}),
            "sample_weight": of(None, WEIGHTS),
            "validation_fraction": fraction,
            "validation_data": None if fraction else of(None, held_out),
            "bias_init": of(None, "prior"),
            "first_epoch": of(None, None, 5),
            "track": of("epoch", 1, 3, 7),
        }
        self.data = X if of(True, True, False) else wb.Scaled(X, 0.5)

    def begin(self):
        """The network and its optimizer before the fit."""
        net, optimizer = wb.Network.mlp(**self.net), OPTIMIZERS[self.name]()
        if self.frozen:
            net[0].trainable = False
        if self.begun == "an epoch":
            early = {"loss": "cross_entropy", "batch_size": 20}
            net.fit(self.data, LABELS, optimizer=optimizer, **early)
        elif self.begun:
            self.run(net, optimizer, callbacks=[Stops()])
        return net, optimizer

    def run(self, net, optimizer, **more):
        return net.fit(self.data, LABELS, optimizer=optimizer, **(self.options | more))

    @property
    def again(self):
        """What `replay` is given beside the data."""
        given = {
            "sample_weight": self.options["sample_weight"],
            "validation_data": self.options["validation_data"],
        }
        return given | self.functions

    @property
    def functions(self):
        rate = {"learning_rate": halved} if self.name == "function" else {}
        order = {"shuffle": backwards} if callable(self.options["shuffle"]) else {}
        return rate | order


class Stops:
    """In the middle of an epoch, where that has one."""

    def after_batch(self, run):
        return run.step == 2


class EndsError(Exception):
    """In place of a kill."""


class Watches(Snapshots):
    """Ends a session after a step, as a kill does."""

    step = -1

    def after_batch(self, run):
        super().after_batch(run)
        if run.step == self.step:
            raise EndsError


fits = st.composite(Fit)()


@drawn
@given(fits, st.data())
def test_any_step_of_a_fit_of_any_sessions(fit, data):
    net, optimizer = fit.begin()
    whole = Watches()
    fit.run(net, optimizer, callbacks=[whole])
    places, first = list(whole.found), optimizer.state(net).steps - len(whole.found)
    every = data.draw(st.sampled_from(["1 batch", "3 batches", "1 epoch"]))
    ends = data.draw(st.lists(st.integers(1, len(places)), max_size=3).map(sorted))
    with tempfile.TemporaryDirectory() as folder:
        given = {"checkpoint": Path(folder) / "run", "checkpoint_every": every, "resume": True}
        for end in ends:
            watches = Watches()
            watches.step = first + end
            with pytest.raises(EndsError):
                fit.run(*fit.begin(), callbacks=[watches], **given)
        one, own = fit.begin()
        history = fit.run(one, own, callbacks=[Watches()], **given)
    assert one == net
    for place in {places[-1], data.draw(st.sampled_from(places))}:
        made = history.replay(fit.data, LABELS, epoch=place[0], batch=place[1], **fit.again)
        assert made.parameters.tobytes() == whole.found[place].tobytes()
    if data.draw(st.booleans()):
        read = wb.History.from_json(history.to_json())
        read.set_beginning(fit.begin()[0])
    else:
        read = pickle.loads(pickle.dumps(history))
    made = read.replay(fit.data, LABELS, epoch=history.first_epoch - 1, **fit.again)
    assert made.parameters.tobytes() == fit.begin()[0].parameters.tobytes()
    assert read.replay(fit.data, LABELS, **fit.again) == net


class Changes(Snapshots):
    """Another l2 and clip_value from the next batch on."""

    def __init__(self, place):
        super().__init__()
        self.place = place

    def after_batch(self, run):
        super().after_batch(run)
        if (run.epoch, run.batch - 1) == self.place:
            run.optimizer.l2, run.optimizer.clip_value = 0.5, 0.01


@drawn
@given(fits, st.data())
def test_a_fork_is_the_fit_with_a_change_from_a_step_on(fit, data):
    net, optimizer = fit.begin()
    seen = Snapshots()
    history = fit.run(net, optimizer, callbacks=[seen])
    places = list(seen.found)[:-1]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    changes = Changes(place)
    one, own = fit.begin()
    fit.run(one, own, callbacks=[changes])
    given = fit.again.keys() & {"sample_weight"}
    given = {name: fit.again[name] for name in given} | {"functions": fit.functions}
    given["validation_data"] = fit.options["validation_data"]
    forked, after = inspect.fork(
        history, fit.data, LABELS, at=place, l2=0.5, clip_value=0.01, **given
    )
    assert forked.parameters.tobytes() == one.parameters.tobytes()
    assert after.loss == one.history.loss[-len(after) :]
    same, _ = inspect.fork(history, fit.data, LABELS, at=place, **given)
    assert same == net
