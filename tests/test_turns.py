"""One writer of a network at a time; copies are of one epoch; no signal or fork leaves it taken."""

import contextlib
import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from support import digest

import wbcore as wb

rng = np.random.default_rng(0)
X = rng.standard_normal((256, 8)).astype(np.float32)
Y = rng.standard_normal((256, 3)).astype(np.float32)
OPTIONS = {"loss": "mse", "batch_size": 64}


class Training(threading.Thread):
    """Trains a network until the end of a `with` block; keeps the parameters of every epoch."""

    def __init__(self, net, digests=None):
        super().__init__()
        self.net, self.digests, self.over, self.going = net, digests, False, threading.Event()

    def callback(self, *_):
        if self.digests is not None:
            self.digests.add(digest(self.net.parameters))
        self.going.set()
        return self.over

    def run(self):
        optimizer = wb.SGD(1e-3, momentum=0.5)
        self.net.fit(X, Y, **OPTIONS, optimizer=optimizer, epochs=10**9, callback=self.callback)

    def __enter__(self):
        self.start()
        assert self.going.wait(60)

    def __exit__(self, *_):
        self.over = True
        self.join()


def several(take):
    """What is taken a dozen times, and more until it is of three epochs: the training goes on."""
    found, times, ends = set(), 0, time.monotonic() + 60
    while times < 12 or len(found) < 3:
        assert time.monotonic() < ends, "the training stands still"
        found.add(take())
        times += 1
    return found


COPIES = {
    "copy": lambda net, _: net.copy(),
    "deepcopy": lambda net, _: copy.deepcopy(net),
    "pickle": lambda net, _: pickle.loads(pickle.dumps(net)),
    "save": lambda net, path: net.save(path) or wb.load(path),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_while_another_thread_trains_are_of_an_epoch(name, tmp_path):
    # large enough for a write to be cut in two by a change of threads
    net = wb.Network.mlp([8, 1500, 300, 3], seed=0)
    digests = {digest(net.parameters)}
    path = tmp_path / "net.safetensors"
    with Training(net, digests):
        found = several(lambda: digest(COPIES[name](net, path).parameters))
    assert found <= digests


def test_frozen_copies_while_another_thread_trains_are_of_an_epoch():
    net = wb.Network.mlp([8, 1500, 300, 3], seed=0)
    predictions = set()

    class Predicting(Training):
        def callback(self, *_):
            predictions.add(net.predict(X[:5]).tobytes())
            return super().callback()

    predictions.add(net.predict(X[:5]).tobytes())
    with Predicting(net):
        found = several(lambda: net.freeze()(X[:5]).tobytes())
    assert found <= predictions


def test_a_second_writer_is_refused():
    net = wb.Network.mlp([8, 4, 3], seed=0)
    _, gradients = net.loss_and_gradients(X, Y, loss="mse")
    writers = {
        "fit": lambda: net.fit(X, Y, **OPTIONS),
        "step": lambda: wb.SGD().step(net, gradients),
        "forward": lambda: net.forward(X),
        "backward": lambda: net.backward(Y),
    }
    with Training(net):
        for name, write in writers.items():
            with pytest.raises(RuntimeError, match=rf"\[{name}\] expected a network that is not"):
                write()
    for write in writers.values():
        write()


@pytest.mark.uninstrumented
@pytest.mark.parametrize("call", ["forward", "fit", "step"])
def test_interrupts_at_any_moment_leave_the_network_free(call):
    net = wb.Network.mlp([8, 4, 3], seed=0)
    _, gradients = net.loss_and_gradients(X, Y, loss="mse")
    calls = {
        "forward": lambda: net.forward(X),
        "fit": lambda: net.fit(X[:64], Y[:64], **OPTIONS),
        "step": lambda: wb.SGD().step(net, gradients),
    }
    draw = np.random.default_rng(1)
    before = signal.getsignal(signal.SIGALRM)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for _ in range(10_000):
            with contextlib.suppress(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, draw.uniform(1e-6, 60e-6))
                while True:
                    calls[call]()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    calls[call]()  # and nobody is said to be training


@pytest.mark.uninstrumented
def test_a_child_forked_during_a_fit_can_use_the_network(tmp_path):
    net = wb.Network.mlp([8, 300, 300, 3], seed=0)
    digests = {digest(net.parameters)}
    with Training(net, digests):
        for child in range(8):
            time.sleep(0.01)
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    parameters = net.parameters.tobytes()
                    net.save(tmp_path / f"{child}.safetensors")
                    net.fit(X, Y, **OPTIONS)
                    net.backward(net.forward(X))
                    net.freeze()(X)
                    saved = wb.load(tmp_path / f"{child}.safetensors")
                    code = 0 if saved.parameters.tobytes() == parameters else 2
                finally:
                    os._exit(code)
            _, status = os.waitpid(pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0
    for child in range(8):
        assert digest(wb.load(tmp_path / f"{child}.safetensors").parameters) in digests


FORKING = """
import os, signal, sys
import numpy as np, wbcore as wb

X = np.random.default_rng(0).standard_normal((40_000, 64), np.float32)
y = np.arange(len(X)) % 10
net = wb.Network.mlp([64, 512, 512, 10], seed=0)
parent, children = os.getpid(), []

def handler(*_):
    if not children:
        children.append(os.fork())

def call():
    while not children:
        if sys.argv[1] == "fit":
            net.fit(X, y, loss="cross_entropy", batch_size=4096, n_threads=2)
        else:
            net.predict(X, n_threads=2)

signal.signal(signal.SIGALRM, handler)
code = between_calls = 8
while code == between_calls:  # where the signal met Python, not the core
    children.clear()
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        call()
    except RuntimeError as error:
        assert os.getpid() != parent and "expected to end in the process that began" in str(error)
        net.fit(X[:100], y[:100], loss="cross_entropy", n_threads=2)  # and all goes on in the child
        assert net.predict(X, n_threads=2).shape == (len(X), 10)
        os._exit(7)
    if os.getpid() != parent:
        os._exit(between_calls)
    code = os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1])
print(code)
"""


@pytest.mark.uninstrumented
@pytest.mark.parametrize("call", ["fit", "predict"])
def test_a_child_that_a_signal_handler_forks_within_a_call_does_not_wait(call):
    """It has one of the call's threads; the call ends there with an error."""
    command = [sys.executable, "-c", FORKING, call]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout) == (0, "7\n"), done.stderr


@pytest.mark.uninstrumented
def test_the_fit_whose_callback_forks_is_still_refused_in_the_child():
    net = wb.Network.mlp([8, 4, 3], seed=0)
    child = None

    def callback(*_):
        nonlocal child
        child = os.fork()
        if child:
            return
        code = 1
        try:
            net.fit(X, Y, **OPTIONS)
        except RuntimeError:
            code = 0
        finally:
            os._exit(code)

    net.fit(X, Y, **OPTIONS, callback=callback)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
