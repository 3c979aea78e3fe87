"""Many calls of each kind: memory, descriptors and threads stay what they are.

A round warms a call up, makes 100,000 of it (fewer in the short form) and looks at the memory that
the process has; a few bytes a call would show.
"""

import ctypes
import gc
import os
import pickle
import sys
import threading
from pathlib import Path

import numpy as np
from harness import Round, main, require_no_reader

import wbcore as wb

SHORT = "--short" in sys.argv or os.environ.get("WBCORE_STRESS_SHORT")
KINDS = ("RssAnon:", "VmSwap:")
WARM = 30 if SHORT else 300
SLACK = 600_000  # what the allocators of Python and C take and give now and then

X = np.random.default_rng(0).standard_normal((8, 4))
Y = np.arange(8) % 3


def resident():
    """Bytes of this process that are of no file, in memory or put out of it where that is short."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(KINDS))


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def refused(call):
    """A call that raises: errors, too, leave nothing."""

    def attempt():
        try:
            call()
        except (ValueError, ArithmeticError, OSError):
            return
        raise AssertionError("nothing was raised")

    return attempt


def stop(*_):
    raise ValueError("the callback's own")


def calls(folder):
    net = wb.Network.mlp([4, 8, 3], seed=0)
    path, damaged = folder / "net.safetensors", folder / "damaged.safetensors"
    net.save(path)
    damaged.write_bytes(path.read_bytes()[:-1])
    frozen, out = net.freeze(), np.empty((8, 3), np.float32)
    optimizer = wb.SGD(0.01, momentum=0.9)
    _, gradients = net.loss_and_gradients(X, Y, "cross_entropy")
    fit = {"loss": "cross_entropy"}
    bad, wild = np.where(X > 1, np.nan, X), wb.SGD(1e30)
    wild_net = wb.Network.mlp([4, 8, 3])
    early = wb.callbacks.EarlyStopping()
    blocks, failing = [(X, Y)] * 3, [(X, Y), (bad, Y), (X, Y)]
    return {
        "predict": (lambda: net.predict(X), 100_000),
        "frozen": (lambda: frozen(X, out=out), 100_000),
        "fit": (lambda: net.fit(X, Y, validation_data=(X, Y), track="epoch", **fit), 100_000),
        "new": (lambda: wb.Network.mlp([4, 8, 3]).fit(X, Y, optimizer=optimizer, **fit), 50_000),
        "callbacks": (
            lambda: net.fit(X, Y, validation_fraction=0.5, callbacks=[early, Asks()], **fit),
            50_000,
        ),
        "partial_fit": (lambda: net.partial_fit(X, Y, optimizer=optimizer, **fit), 100_000),
        "pairs": (lambda: pickle.loads(pickle.dumps((net, net.optimizer))), 50_000),
        "load": (lambda: wb.load(path), 50_000),
        "save": (lambda: net.save(path), 20_000),
        "loop": (
            lambda: (net.forward(X), net.backward(out), optimizer.step(net, gradients)),
            100_000,
        ),
        "freeze": (lambda: net.copy().freeze()(X), 50_000),
        "source": (
            lambda: net.fit(blocks, validation_data=blocks, shuffle="blocks", **fit),
            20_000,
        ),
        "failing": (refused(lambda: net.fit(failing, shuffle=False, **fit)), 20_000),
        "evaluate": (lambda: net.evaluate(X, Y, metrics=["accuracy"], **fit), 100_000),
        "refused": (refused(lambda: net.predict(bad)), 100_000),
        "refused-fit": (refused(lambda: net.fit(X, Y + 3, **fit)), 100_000),
        "refused-load": (refused(lambda: wb.load(damaged)), 50_000),
        "raising-callback": (refused(lambda: net.fit(X, Y, callback=stop, **fit)), 50_000),
        "diverged": (
            refused(lambda: wild_net.fit(1e30 * X, X[:, :3], loss="mse", optimizer=wild)),
            50_000,
        ),
        "threads": (lambda: in_a_thread(lambda: net.predict(X, n_threads=2)), 5_000),
        "layers": (lambda: [layer.weights for layer in wb.Network.mlp([4, 8, 3])], 100_000),
    }


class Asks:
    def after_batch(self, run):
        run.sync()


def in_a_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def grows(one: Round, name: str) -> None:
    call, times = calls(one.folder)[name]
    if SHORT:
        times = 200 if name == "save" else min(times // 50, 2000)
    for _ in range(WARM):
        call()
    require_no_reader()
    files, threads = open_files(), threading.active_count()
    before = resident()
    for _ in range(times):
        call()
    grown = resident() - before
    require_no_reader()
    one.count("calls", times)
    assert grown < SLACK + 2 * times, f"{grown} bytes more after {times} calls"
    assert open_files() == files, "descriptors stay open"
    assert threading.active_count() == threads, "threads stay"


NAMES = (  # noqa: SIM905
    "predict frozen fit new callbacks partial_fit pairs load save loop freeze evaluate refused "
    "refused-fit refused-load raising-callback diverged threads layers source failing"
).split()

if __name__ == "__main__":
    if SHORT:
        os.environ["WBCORE_STRESS_SHORT"] = "1"  # for the process of the rounds
    main({n: lambda one, n=n: grows(one, n) for n in NAMES}, short=len(NAMES))
