"""Ctrl-C at every place of a call: afterwards the network is usable, and nothing is left open.

Three ways: a KeyboardInterrupt at a counted place of the Python code, where an interpreter looks
for signals; a timer's signal after some microseconds; a signal that another thread sends.
"""

import contextlib
import dis
import functools
import gc
import os
import pickle
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from harness import Round, digest, interrupt_after, main, require_no_reader

import wbcore as wb

X = np.random.default_rng(0).standard_normal((40, 6))
Y = np.arange(40) % 3
NET = wb.Network.mlp([6, 16, 3], seed=1)
SOURCE = [(X[i : i + 7], Y[i : i + 7]) for i in range(0, 40, 7)]


@functools.cache
def mapped_source():
    """Blocks of a file, which is not in the folder of a round."""
    path = Path(tempfile.mkdtemp(prefix="rows-"), "X.npy")
    np.save(path, X)
    return wb.data.Blocks(np.load(path, mmap_mode="r"), Y, rows=9)


class Asks:
    """A callback that enters Python after each batch."""

    def after_batch(self, run):
        if run.batch == 1:
            run.sync()


class Calls:
    """The calls to interrupt, on a network of their own."""

    def __init__(self, folder):
        self.net = NET.copy()
        self.path = folder / "net.safetensors"
        self.net.save(self.path)
        self.optimizer = wb.SGD(0.01, momentum=0.9)
        _, self.gradients = self.net.loss_and_gradients(X, Y, "cross_entropy")
        self.dY = np.ones((40, 3), np.float32)
        mapped = mapped_source()
        self.by_name = {
            "fit": lambda: self.net.fit(
                X, Y, loss="cross_entropy", optimizer=self.optimizer, epochs=2
            ),
            "fit with a callback": lambda: self.net.fit(
                X, Y, loss="cross_entropy", epochs=2, callback=lambda *_: None, track="epoch"
            ),
            "fit with callbacks": lambda: self.net.fit(
                X,
                Y,
                loss="cross_entropy",
                epochs=2,
                validation_fraction=0.2,
                callbacks=[
                    wb.callbacks.EarlyStopping(),
                    wb.callbacks.CSVLogger(os.devnull),
                    Asks(),
                ],
            ),
            "partial_fit": lambda: self.net.partial_fit(X, Y, loss="cross_entropy"),
            "pickle of the pair": lambda: pickle.loads(
                pickle.dumps((self.net, self.net.optimizer))
            ),
            "forward": lambda: self.net.forward(X),
            "forward and backward": lambda: (self.net.forward(X), self.net.backward(self.dY)),
            "step": lambda: self.optimizer.step(self.net, self.gradients),
            "predict": lambda: self.net.predict(X),
            "evaluate": lambda: self.net.evaluate(X, Y, loss="cross_entropy"),
            "loss_and_gradients": lambda: self.net.loss_and_gradients(X, Y, "cross_entropy"),
            "freeze": lambda: self.net.freeze()(X),
            "fit a source": lambda: self.net.fit(
                SOURCE, loss="cross_entropy", shuffle="blocks", shuffle_window=2, epochs=2
            ),
            "fit a map": lambda: self.net.fit(
                mapped, loss="cross_entropy", shuffle=False, validation_data=SOURCE
            ),
            "evaluate a source": lambda: self.net.evaluate(mapped, loss="cross_entropy"),
            "predict from a source": lambda: self.net.predict(mapped),
            "copy": self.net.copy,
            "pickle": lambda: pickle.loads(pickle.dumps(self.net)),
            "save": lambda: self.net.save(self.path),
            "load": lambda: wb.load(self.path),
        }

    def check(self, descriptors):
        """Whether all is as after calls that nobody interrupted."""
        net = self.net
        net.forward(X)
        net.backward(self.dY)
        self.optimizer.step(net, self.gradients)
        net.fit(X, Y, loss="cross_entropy")
        assert np.isfinite(net.predict(X)).all()
        assert wb.load(self.path).widths == net.widths
        net.save(self.path)
        assert wb.load(self.path) == net
        files = [entry.name for entry in self.path.parent.iterdir()]
        assert files == [self.path.name], f"the folder holds {files}"
        now = open_files()
        if now != descriptors:  # what only garbage keeps open
            gc.collect()
            now = open_files()
        assert now == descriptors, f"{descriptors} descriptors before, {now} after"
        require_no_reader()


def open_files():
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


# At a counted place

# CPython looks for signals after calls, at the start of functions and at the end of loops.
_STARTS = {"RESUME", "JUMP_BACKWARD", "JUMP_ABSOLUTE"}


class Place:
    """Counts the places of a call where signals are met; at the one wanted it interrupts."""

    def __init__(self, wanted=None):
        self.wanted, self.met, self.before = wanted, 0, {}
        self.where = ""

    def __call__(self, frame, event, _):
        frame.f_trace_opcodes = True
        if event == "return":
            self.before.pop(id(frame), None)
        if event == "opcode":
            code = frame.f_code.co_code
            name = dis.opname[code[frame.f_lasti]]
            last = self.before.get(id(frame), "")
            self.before[id(frame)] = name
            if name in _STARTS or last.startswith("CALL"):
                self.meet(frame)
        return self

    def meet(self, frame):
        self.met += 1
        if self.met - 1 == self.wanted:
            self.where = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
            raise KeyboardInterrupt

    def run(self, call):
        """Whether the call was interrupted."""
        try:
            sys.settrace(self)
            try:
                call()
            finally:
                sys.settrace(None)
        except KeyboardInterrupt:
            return True
        return False


_PLACES = {}


def every_place(one: Round, name: str) -> None:
    """The next places of a call, one after the other, so that a long run meets them all."""
    calls = Calls(one.folder)
    descriptors = open_files()
    calls.by_name[name]()  # imports, caches
    if name not in _PLACES:
        counting = Place()
        counting.run(calls.by_name[name])
        _PLACES[name] = counting.met
    size = 12
    first = one.number // len(CASES) * size
    for number in range(first, first + size):
        place = Place(number % _PLACES[name])
        interrupted = place.run(calls.by_name[name])
        one.count("at a place" if interrupted else "at a place, not met")
        try:
            calls.check(descriptors)
        except Exception as error:
            where = f"place {place.wanted} of {name}, {place.where}"
            raise AssertionError(f"after an interrupt at {where}: {error}") from error


# By the clock


@contextlib.contextmanager
def sender(delay):
    """The same from a thread that sends this process a SIGINT."""
    done, go = threading.Event(), threading.Event()

    def send():
        go.wait()
        time.sleep(delay)
        signal.raise_signal(signal.SIGUSR1)
        done.set()

    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    thread = threading.Thread(target=send)
    thread.start()
    try:
        go.set()
        yield
        done.wait()
        time.sleep(0)  # a place to meet the signal, if it came after the body
    finally:
        go.set()
        while thread.is_alive():
            with contextlib.suppress(KeyboardInterrupt):
                thread.join()
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(0)
        signal.signal(signal.SIGUSR1, before)


def by_the_clock(one: Round, way, repeats: int) -> None:
    draw, calls = one.draw, Calls(one.folder)
    for call in calls.by_name.values():
        call()
    descriptors = open_files()
    name = draw.choice(list(calls.by_name))
    call = calls.by_name[name]
    began = time.perf_counter()
    call()
    lasts = time.perf_counter() - began
    for _ in range(repeats):
        try:
            with way(max(1e-6, draw.random() * 1.5 * lasts)):
                call()
                call()
        except KeyboardInterrupt:  # noqa: PERF203
            one.count("by the clock")
        else:
            one.count("by the clock, too late")
    try:
        calls.check(descriptors)
    except Exception as error:
        raise AssertionError(f"after interrupts of {name}: {error}") from error


def mid_fit(one: Round) -> None:
    """What an interrupt in mid-fit leaves: the end of a batch, a status, a history, no lock."""
    draw, net = one.draw, wb.Network.mlp([6, 64, 3], seed=one.draw.getrandbits(20))
    rng = np.random.default_rng(0)
    rows, labels = rng.standard_normal((5000, 6)), rng.integers(0, 3, 5000)
    before, threads = digest(net.parameters), draw.choice([1, 2])
    fit = {"loss": "cross_entropy", "batch_size": 16, "n_threads": threads, "epochs": 10**6}
    try:
        with interrupt_after(0.01 + draw.random() * 0.1):
            net.fit(rows, labels, **fit)
    except KeyboardInterrupt:
        one.count("in mid-fit")
    assert net.history is None or net.history.status == "interrupted", "a status of no interrupt"
    assert np.isfinite(net.parameters).all(), "parameters that are not finite"
    if net.history is not None:
        assert len(net.history) == 0 or digest(net.parameters) != before, "nothing was learned"
    net.fit(rows, labels, **{**fit, "epochs": 1})


NAMES = (
    "fit",
    "fit with a callback",
    "fit with callbacks",
    "partial_fit",
    "pickle of the pair",
    "forward",
    "forward and backward",
    "step",
    "predict",
    "evaluate",
    "loss_and_gradients",
    "freeze",
    "fit a source",
    "fit a map",
    "evaluate a source",
    "predict from a source",
    "copy",
    "pickle",
    "save",
    "load",
)
CASES = {
    **{f"place-{n.replace(' ', '-')}": lambda one, n=n: every_place(one, n) for n in NAMES},
    "timer": lambda one: by_the_clock(one, interrupt_after, 200),
    "sender": lambda one: by_the_clock(one, sender, 50),
    "mid-fit": mid_fit,
}


if __name__ == "__main__":
    main(CASES, short=2 * len(CASES))
