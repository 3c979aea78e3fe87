"""Forks while another thread trains: the child can train, predict, save and end, with any network.

The child's results are those of a process that never forked.
"""

import multiprocessing
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
from harness import Forked, Round, digest, main

import wbcore as wb

warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forks beside threads

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((600, 40)), np.arange(600) % 5
CHILD_SECONDS = 60
FIT = {"loss": "cross_entropy", "n_threads": 2}


def results():
    """What a process computes with a network of its own."""
    net = wb.Network.mlp([40, 128, 5], seed=3)
    net.fit(X, Y, epochs=2, **FIT)
    return digest(net.parameters), digest(net.predict(X, n_threads=2))


EXPECTED = results()


def child_work(net, path) -> None:
    """All of it, with a network of its own and with the one that another thread was training."""
    assert results() == EXPECTED, "the child computes something else"
    for one in (net, net.copy()):
        assert np.isfinite(one.predict(X)).all()
        one.forward(X)
        one.backward(np.ones((600, 5), np.float32))
        one.fit(X, Y, optimizer=wb.SGD(0.01, momentum=0.9), **FIT)
        one.evaluate(X, Y, loss="cross_entropy")
        one.save(path)
        assert wb.load(path) == one


class Training:
    """A thread that trains one network, fit after fit."""

    def __init__(self, draw):
        self.net = wb.Network.mlp([40, 128, 5], seed=draw.getrandbits(20))
        self.stop = threading.Event()
        self.callback = draw.choice([None, lambda *_: None])
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop.is_set():
            self.net.fit(X, Y, epochs=3, callback=self.callback, **FIT)

    def __enter__(self):
        self.thread.start()
        return self.net

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def forked(one: Round) -> None:
    """os.fork at random moments of a training."""
    with Training(one.draw) as net:
        for number in range(3):
            time.sleep(one.draw.random() * 0.02)
            path = one.folder / f"{number}.safetensors"
            with Forked(lambda path=path: child_work(net, path)) as child:
                failure = child.failure(CHILD_SECONDS)
            assert not failure, f"a child {failure}"
            one.count("forks")


def by_multiprocessing(one: Round) -> None:
    context = multiprocessing.get_context("fork")
    with Training(one.draw) as net:
        time.sleep(one.draw.random() * 0.02)
        path = one.folder / "net.safetensors"
        process = context.Process(target=child_work, args=(net, path))
        process.start()
        process.join(CHILD_SECONDS)
        still = process.is_alive()
        if still:
            process.kill()
            process.join()
        assert not still, f"a child still ran after {CHILD_SECONDS} s"
        assert process.exitcode == 0, f"a child ended with {process.exitcode}"
        one.count("processes")


def child_of_an_ending(one: Round) -> None:
    """A program that forks in mid-fit and whose child comes to the end of its interpreter."""
    program = f"""
import os, pathlib, random, sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
import forks
training = forks.Training(random.Random({one.draw.getrandbits(30)}))
training.__enter__()
time.sleep({one.draw.random() * 0.05})
child = os.fork()
if child == 0:
    forks.child_work(training.net, pathlib.Path({str(one.folder)!r}, "net.safetensors"))
    sys.exit(0)
training.__exit__()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=100
    )
    lines = " / ".join(done.stderr.strip().splitlines()[-3:])
    assert done.returncode == 0, f"exit code {done.returncode}: {lines}"
    one.count("interpreters")


if __name__ == "__main__":
    main(
        {
            "fork": forked,
            "multiprocessing": by_multiprocessing,
            "end-of-interpreter": child_of_an_ending,
        },
        short=4,
    )
