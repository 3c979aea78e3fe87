"""Ctrl-C during a fit: KeyboardInterrupt soon, a usable network, the history so far."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from interrupts import interrupt_at

import wbcore as wb
from wbcore.training import hooks, run

pytestmark = pytest.mark.uninstrumented

# Who starts the tests in the background may have Ctrl-C ignored, which programs inherit.
PROGRAM = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np, wbcore as wb

rows, epochs, callback = {arguments}
row = np.random.default_rng(0).standard_normal(64, np.float32)
X, y = np.broadcast_to(row, (rows, 64)), np.broadcast_to(3, rows)  # many rows that take no memory
options = dict(loss="cross_entropy", batch_size=16, shuffle=False, n_threads=1)
net = wb.Network.mlp([64, 256, 4], seed=0)
before = net.copy()
print("ready", flush=True)
try:
    net.fit(X, y, epochs=epochs, callback=callback, **options)
except KeyboardInterrupt:
    interrupted = True
else:
    interrupted = False
result = dict(
    interrupted=interrupted,
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


def interrupt(rows, epochs, callback="None", after="ready", delay=0.3):
    """What the program says when it is interrupted a while after a line of its output, and when."""
    program = PROGRAM.format(arguments=f"{rows}, {epochs}, {callback}")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", program], **pipes) as process:
        while (line := process.stdout.readline().strip()) != after:
            assert line, process.stderr.read()
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        began = time.perf_counter()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1]), time.perf_counter() - began


def test_between_epochs_of_a_training_without_callback():
    result, _ = interrupt(rows=64, epochs=10**9)
    assert result.pop("epochs") == result.pop("series") > 0
    assert result == {
        "interrupted": True,
        "status": "interrupted",
        "flag": True,
        "finite": True,
        "moved": True,
        "again": [1, True],
    }


def test_in_the_middle_of_a_long_epoch():
    # An epoch of a minute or more: what is done so far must be left, without waiting for its end.
    result, seconds = interrupt(rows=20_000_000, epochs=1, delay=2)
    assert seconds < 10
    assert (result["interrupted"], result["status"], result["epochs"]) == (True, "interrupted", 0)
    assert result["moved"]
    assert result["finite"]
    assert result["again"] == [1, True]


def test_in_a_callback():
    callback = 'lambda epoch, history: epoch == 1 and (print("inside", flush=True), time.sleep(30))'
    callback = callback.replace("time.", "__import__('time').")
    result, seconds = interrupt(rows=64, epochs=10, callback=callback, after="inside")
    assert seconds < 10
    assert (result["interrupted"], result["status"], result["epochs"]) == (True, "interrupted", 2)
    assert result["again"] == [1, True]


LONG_CALLS = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np, wbcore as wb

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
print("ready", flush=True)
began = time.perf_counter()
try:
    while True:
        call()
except KeyboardInterrupt:
    print(f"{time.perf_counter() - began}", flush=True)
assert np.isfinite(wide.parameters).all()
small = slice(0, 40)
wide.fit(some[small], labels[small], **entropy)
"""

LONG = [
    line.split("=")[0].strip()
    for line in LONG_CALLS[LONG_CALLS.index("calls = dict") :].splitlines()[1:]
    if line.startswith("    ") and "=" in line
][:16]


@pytest.mark.parametrize("name", LONG)
def test_within_a_long_call(name):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", LONG_CALLS, name], **pipes) as process:
        assert process.stdout.readline().strip() == "ready", process.stderr.read()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        began = time.perf_counter()
        told = process.stdout.readline()
        seconds = time.perf_counter() - began
        _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert float(told) > 0.2
    assert seconds < 3  # a second, on a machine that does something else too


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
