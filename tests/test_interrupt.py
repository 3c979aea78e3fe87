"""Ctrl-C during a fit: KeyboardInterrupt soon, a usable network, the history so far."""

import json
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.uninstrumented

PROGRAM = """
import json, sys
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
