"""Ctrl-C during a fit: KeyboardInterrupt soon, a usable network, the history so far."""

import json
import subprocess
import sys

import numpy as np
import pytest
from interrupts import interrupt_at

import wbcore as wb
from wbcore.training import hooks, run

pytestmark = pytest.mark.uninstrumented

# Who starts the tests in the background may have Ctrl-C ignored, which programs inherit.
PRESS = """
import json, os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np, wbcore as wb

class Press:
    # Ctrl-C once the main thread has come so far; and what the process computes until it notices.

    def __init__(self, is_time):
        self.clock = time.pthread_getcpuclockid(threading.main_thread().ident)
        self.is_time, self.began = is_time, self.computed()
        self.thread = threading.Thread(target=self.press)
        self.thread.start()

    def computed(self):
        return time.clock_gettime(self.clock)

    def press(self):
        while not self.is_time(self):
            time.sleep(0.001)
        self.pressed = time.process_time()
        os.kill(os.getpid(), signal.SIGINT)

    def seconds(self):
        now = time.process_time()
        self.thread.join()
        return now - self.pressed

def after(seconds):
    return lambda press: press.computed() - press.began > seconds
"""

PROGRAM = (
    PRESS
    + """
rows, epochs, callback, is_time = {arguments}
row = np.random.default_rng(0).standard_normal(64, np.float32)
X, y = np.broadcast_to(row, (rows, 64)), np.broadcast_to(3, rows)  # many rows that take no memory
options = dict(loss="cross_entropy", batch_size=16, shuffle=False, n_threads=1)
net = wb.Network.mlp([64, 256, 4], seed=0)
before, seconds = net.copy(), float("inf")

class Begun:
    run = None

    def before_fit(self, run):
        self.run = run

begun = Begun()
try:
    press = Press(is_time)
    net.fit(X, y, epochs=epochs, callback=callback, callbacks=[begun], **options)
except KeyboardInterrupt:
    seconds = press.seconds()
result = dict(
    seconds=seconds,
    status=net.history.status,
    flag=net.history.interrupted,
    epochs=len(net.history),
    series=len(net.history.to_dict().get("loss", [])),
    finite=bool(np.isfinite(net.parameters).all()),
    moved=net != before,
)
again = net.fit(X[:100], y[:100], **options)
result["again"] = (len(again), bool(np.isfinite(net.predict(X[:10])).all()))
print(json.dumps(result))
"""
)


# Of processor time, from Ctrl-C to its exception: some milliseconds are usual, and 0.1 s within a
# huge batch. What only waits, and does not notice, ends with the time that a program is given.
SECONDS = 2


def said(program, *words):
    """What a program says before it ends well."""
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def interrupt(rows, epochs, is_time, callback="None"):
    """What there is when a fit has been interrupted."""
    result = said(PROGRAM.format(arguments=f"{rows}, {epochs}, {callback}, {is_time}"))
    assert result.pop("seconds") < SECONDS
    return result


def test_between_epochs_of_a_training_without_callback():
    is_time = "lambda _: begun.run and len(begun.run.history)"
    result = interrupt(rows=64, epochs=10**9, is_time=is_time)
    assert result.pop("epochs") == result.pop("series") > 0
    assert result == {
        "status": "interrupted",
        "flag": True,
        "finite": True,
        "moved": True,
        "again": [1, True],
    }


def test_in_the_middle_of_a_long_epoch():
    # An epoch of a minute or more: what is done so far must be left, without waiting for its end.
    for seconds in (1, 3, 9, 27):  # until a step has been done, wherever all rows are checked
        result = interrupt(rows=20_000_000, epochs=1, is_time=f"after({seconds})")
        if result["moved"]:
            break
    assert (result["status"], result["epochs"]) == ("interrupted", 0)
    assert result["moved"]
    assert result["finite"]
    assert result["again"] == [1, True]


def test_in_a_callback():
    callback = "lambda epoch, history: epoch == 1 and (inside.set(), time.sleep(10**6))"
    is_time = "(inside := threading.Event()) and (lambda _: inside.is_set())"
    result = interrupt(64, 10, is_time, callback)
    assert (result["status"], result["epochs"]) == ("interrupted", 2)
    assert result["again"] == [1, True]


LONG_CALLS = (
    PRESS
    + """
wide = wb.Network.mlp([1000, 1500, 1500, 10], seed=0)
row = np.random.default_rng(0).standard_normal(1000, np.float32)
many = np.broadcast_to(row, (400_000, 1000))  # many rows that take no memory
some = np.ascontiguousarray(many[:20_000])
labels = np.broadcast_to(3, len(many))
entropy = dict(loss="cross_entropy")
square = np.ones((6000, 6000))

def whole_batch(**options):
    wide.fit(many[:25_000], labels[:25_000], **entropy, batch_size=25_000, **options)

def epoch_with_validation():
    wide.fit(some[:10], labels[:10], **entropy, validation_data=(many, labels))

calls = dict(
    predict=lambda: wide.predict(many, n_threads=1),
    predict_by_a_team=lambda: wide.predict(many, n_threads=2),
    predict_into=lambda: wide.predict(many, out=np.empty((len(many), 10), np.float32)),
    frozen=lambda: wide.freeze()(many),
    evaluate=lambda: wide.evaluate(many, labels, **entropy, metrics=["accuracy"]),
    loss_and_gradients=lambda: wide.loss_and_gradients(many, labels, **entropy),
    one_huge_batch=lambda: whole_batch(n_threads=1),
    one_huge_batch_by_a_team=lambda: whole_batch(n_threads=2),
    validation=epoch_with_validation,
    forward=lambda: wide.forward(some),
    backward=lambda: wide.backward(np.ones((10_000, 10), np.float32)),
    times=lambda: wb.inspect.profile(wide, some, labels[:20_000], **entropy, batch_size=5000),
    orthogonal=lambda: wb.Network([wb.Dense(3000, 3000, initializer="orthogonal")]),
    normal=lambda: wb.random.standard_normal(seed=0, stream=0, count=10**9),
    permutation=lambda: wb.random.permutation(10**8),
    dense=lambda: wb.dense(square, square, np.zeros(6000)),
)
call = calls[sys.argv[1]]
if sys.argv[1] == "backward":
    wide.forward(some[:10_000])
before = wide.parameters.copy()
try:
    press = Press(after(0.3))
    while True:
        call()
except KeyboardInterrupt:
    print(press.seconds())
assert np.isfinite(wide.parameters).all()
small = slice(0, 40)
wide.fit(some[small], labels[small], **entropy)
"""
)

LONG = [
    line.split("=")[0].strip()
    for line in LONG_CALLS[LONG_CALLS.index("calls = dict") :].splitlines()[1:]
    if line.startswith("    ") and "=" in line
][:16]


@pytest.mark.parametrize("name", LONG)
def test_within_a_long_call(name):
    assert said(LONG_CALLS, name) < SECONDS


def test_ctrl_c_at_every_line_of_a_fit_leaves_the_epochs_in_the_history():
    files = {run.__file__, hooks.__file__}
    n = trained = 0
    while True:
        n += 1
        net = wb.Network.mlp([2, 3, 1], seed=0)
        try:
            with interrupt_at(n, "line", files):
                net.fit(np.ones((6, 2)), np.ones(6), loss="mse", epochs=3, batch_size=2)
        except KeyboardInterrupt:
            if net.optimizer is None:
                assert net.history is None or len(net.history) == 0
                continue
            steps = net.optimizer.state(net).steps
            assert len(net.history) == steps // 3
            trained += steps > 0
        else:
            break
    assert trained > 10, n
