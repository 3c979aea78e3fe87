"""Labels, targets and inputs that change while they are in use.

By a callback of the fit, or by another thread during fit, evaluate, loss_and_gradients, the losses
and inspect.profile. There is a valid result, or a refusal that names what was wrong; never a crash;
and a refused fit leaves the parameters of its last good epoch.
"""

import re
import threading
import time

import numpy as np
from harness import Round, digest, main

import wbcore as wb
from wbcore.reference import LOSSES

ROWS, INPUTS, CLASSES = 300, 12, 4
BAD_LABELS = (CLASSES, -1, 100_000, -100_000, 2**31 - 1, 2**62, -(2**63))
REFUSALS = (ValueError, wb.DivergenceError)  # a NaN among targets may also be met as a loss


def data(draw):
    rng = np.random.default_rng(draw.getrandbits(32))
    X = rng.standard_normal((ROWS, INPUTS)).astype(draw.choice(["f4", "f8"]))
    return X, rng.integers(0, CLASSES, ROWS).astype(draw.choice(["i8", "i4", "i2", "u8", "u4"]))


def targets(draw, loss):
    """Targets of a loss, and the values that it cannot take."""
    rng = np.random.default_rng(draw.getrandbits(32))
    y = rng.random((ROWS, CLASSES)).astype(draw.choice(["f4", "f8"]))
    bad = {
        "probabilities": (np.nan, np.inf, -0.5, 2.0),
        "classes": (np.nan, np.inf, -0.5),
        "numbers": (np.nan, np.inf, -np.inf),
        "counts": (np.nan, np.inf, -0.5),
        "positives": (np.nan, np.inf, -0.5, 0.0),
        "signs": (np.nan, np.inf, 0.5, 2.0),
    }[LOSSES[loss].targets]
    if LOSSES[loss].targets == "signs":
        y = (y > 0.5).astype(y.dtype)
    if LOSSES[loss].targets == "positives":
        y += y.dtype.type(0.125)
    return (y / y.sum(axis=1, keepdims=True) if LOSSES[loss].targets == "classes" else y), bad


def spoil(draw, y, bad):
    """Some places of y, or all, get values that are no labels."""
    info = np.iinfo(y.dtype) if y.dtype.kind in "iu" else None
    value = draw.choice([v for v in bad if info is None or info.min <= v <= info.max])
    rows = slice(None) if draw.random() < 0.5 else draw.sample(range(len(y)), 3)
    y[rows] = value
    return value


def network(draw):
    return wb.Network.mlp([INPUTS, draw.choice([3, 16, 40]), CLASSES], seed=draw.getrandbits(20))


def options(draw):
    return {
        "batch_size": draw.choice([7, 32, ROWS, 1000]),
        "n_threads": draw.choice([1, 2]),
        "shuffle": draw.random() < 0.5,
    }


def refused(error, name):
    """Whether the error says what was wrong with which argument."""
    named = re.search(rf"\b{name}(_val)?\b", str(error))
    return isinstance(error, wb.DivergenceError) or named is not None


def task(draw, kind):
    """A loss with targets of this kind, and the values that they must not have."""
    X, y = data(draw)
    if kind == "labels":
        return "cross_entropy", X, y, BAD_LABELS
    loss = draw.choice(wb.losses.NAMES)
    return loss, X, *targets(draw, loss)


def callback_changes(one: Round, kind: str, validation: bool = False) -> None:
    """The values become bad after an epoch, and stay so: the next epoch has to be refused."""
    draw = one.draw
    net = network(draw)
    loss, X, y, bad = task(draw, draw.choice(["labels", "targets"]) if kind == "X" else kind)
    pair = X.copy(), y.copy()
    changed = pair if validation else (X, y)
    good, last, epochs = [digest(net.parameters)], draw.randrange(3), 6
    chosen, spoilt = options(draw), []

    def callback(epoch, _):
        good.append(digest(net.parameters))
        if epoch == last:
            if kind != "X":
                spoilt.append(spoil(draw, changed[1], bad))
            else:
                spoilt.append(spoil(draw, changed[0], (np.nan, np.inf, -np.inf)))

    try:
        net.fit(
            X,
            y,
            loss=loss,
            epochs=epochs,
            validation_data=pair if validation else None,
            callback=callback,
            **chosen,
        )
    except REFUSALS as error:
        name = "X" if kind == "X" else "y"
        assert refused(error, name), f"a message that does not name {name}: {error}"
        if not validation:
            assert digest(net.parameters) == good[-1], "parameters of no good epoch"
        assert np.isfinite(net.parameters).all(), "parameters that are not finite"
        one.count("refused in a callback's change")
    else:
        raise AssertionError(
            f"a fit went on with {spoilt} in {kind}, {loss}, validation={validation}"
        )


class Changing:
    """A thread that makes labels bad and good again, until it is told to stop."""

    def __init__(self, draw, y, bad):
        self.stop = threading.Event()
        good, wrong = y.copy(), y.copy()
        spoil(draw, wrong, bad)
        pause = draw.choice([0, 0, 1e-4, 1e-3])

        def change():
            while not self.stop.is_set():
                y[...] = wrong
                time.sleep(pause)
                y[...] = good
                time.sleep(pause)

        self.thread = threading.Thread(target=change)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def thread_changes(one: Round, kind: str) -> None:
    """Calls while another thread changes y: refused or valid, the network as it was."""
    draw = one.draw
    net = network(draw)
    name, X, y, bad = task(draw, kind)
    if kind == "targets":  # other finite numbers than the loss takes are used as they are found
        bad = [value for value in bad if not np.isfinite(value)]
    before, logits = digest(net.parameters), net.predict(X)
    metrics = ["accuracy"] if LOSSES[name].targets in ("classes", "signs") else ["mae"]
    calls = {
        "evaluate": lambda: net.evaluate(X, y, loss=name, metrics=metrics)["loss"],
        "loss_and_gradients": lambda: net.loss_and_gradients(X, y, loss=name)[0],
        "loss_and_gradient": lambda: wb.losses.loss_and_gradient(name, logits, y)[0],
        "profile": lambda: wb.inspect.profile(net, X, y, loss=name, repeats=3).step_ms,
    }
    with Changing(draw, y, bad):
        ends = time.monotonic() + 0.05
        while time.monotonic() < ends:
            call = draw.choice(list(calls))
            try:
                value = calls[call]()
            except REFUSALS as error:
                assert refused(error, "y"), f"{call}: {error}"
                one.count("refused in a thread's change")
            else:
                # Every finite input gives a finite loss that is at least 0.
                assert np.isfinite(value), f"{call} gave {value}"
                assert value >= 0, f"{call} gave {value}"
                one.count("valid in a thread's change")
    assert digest(net.parameters) == before, "a call that changes nothing changed the network"


def thread_changes_fit(one: Round, kind: str) -> None:
    """Fits while another thread changes y: what is left is the end of a good epoch."""
    draw = one.draw
    loss, X, y, bad = task(draw, kind)
    validated = y if draw.random() < 0.3 else y.copy()
    with Changing(draw, validated if draw.random() < 0.3 else y, bad):
        for _ in range(4):
            net = network(draw)
            good = [digest(net.parameters)]
            pair = (X, validated) if draw.random() < 0.5 else None
            try:
                net.fit(
                    X,
                    y,
                    loss=loss,
                    epochs=6,
                    validation_data=pair,
                    callback=lambda *_: good.append(digest(net.parameters)),  # noqa: B023
                    **options(draw),
                )
            except REFUSALS as error:
                assert refused(error, "y"), str(error)
                if pair is None:
                    assert digest(net.parameters) == good[-1], "parameters of no good epoch"
                one.count("fits refused")
            else:
                assert digest(net.parameters) == good[-1], "parameters of no good epoch"
                one.count("fits done")
            assert np.isfinite(net.parameters).all(), "parameters that are not finite"


if __name__ == "__main__":
    main(
        {
            "callback-labels": lambda one: callback_changes(one, "labels"),
            "callback-targets": lambda one: callback_changes(one, "targets"),
            "callback-X": lambda one: callback_changes(one, "X"),
            "thread-labels": lambda one: thread_changes(one, "labels"),
            "thread-targets": lambda one: thread_changes(one, "targets"),
            "callback-validation-labels": lambda one: callback_changes(one, "labels", True),
            "callback-validation-targets": lambda one: callback_changes(one, "targets", True),
            "callback-validation-X": lambda one: callback_changes(one, "X", True),
            "thread-fit-labels": lambda one: thread_changes_fit(one, "labels"),
            "thread-fit-targets": lambda one: thread_changes_fit(one, "targets"),
        },
        short=30,
    )
