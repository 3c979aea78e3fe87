"""The interpreter ends while daemon threads compute: quietly, with the exit code it had."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.uninstrumented

PROGRAM = """
import sys, threading, time
import numpy as np, wbcore as wb

net = wb.Network.mlp([64, 256, 10], seed=0)
X = np.random.default_rng(0).standard_normal((3000, 64))
y = np.arange(3000) % 10
frozen = net.freeze()
options = dict(loss="cross_entropy")

def forward_backward():
    net.backward(net.forward(X))

def step():
    loss, gradients = net.loss_and_gradients(X[:100], y[:100], **options)
    wb.SGD(1e-3).step(net, gradients)

calls = dict(
    predict=lambda: net.predict(X),
    predict_by_a_team=lambda: net.predict(X, n_threads=2),
    frozen=lambda: frozen(X),
    fit=lambda: net.fit(X, y, **options, epochs=3),
    fit_by_a_team=lambda: net.fit(X, y, **options, n_threads=2),
    fit_with_a_callback=lambda: net.fit(
        X[:64], y[:64], **options, epochs=50, callback=lambda *_: None
    ),
    evaluate=lambda: net.evaluate(X, y, **options, metrics=["accuracy"]),
    gradients=lambda: net.loss_and_gradients(X, y, **options),
    forward_backward=forward_backward,
    step=step,
    freeze=lambda: wb.Network.freeze(net),
    sigmoid=lambda: wb.sigmoid(X),
    dense=lambda: wb.dense(X, np.ones((64, 32)), np.zeros(32)),
    random=lambda: wb.random.standard_normal(seed=0, stream=0, count=100_000),
    statistics=lambda: net.statistics(),
)
call = calls[sys.argv[1]]

def work():
    while True:
        call()

takes_turns = {"fit", "fit_by_a_team", "fit_with_a_callback", "forward_backward", "step"}
for _ in range(1 if sys.argv[1] in takes_turns else int(sys.argv[3])):
    threading.Thread(target=work, daemon=True).start()
time.sleep(float(sys.argv[2]))
"""

NAMES = [
    "predict",
    "predict_by_a_team",
    "frozen",
    "fit",
    "fit_by_a_team",
    "fit_with_a_callback",
    "evaluate",
    "gradients",
    "forward_backward",
    "step",
    "freeze",
    "sigmoid",
    "dense",
    "random",
    "statistics",
]


def test_many_threads_that_ask_for_signals_at_the_end():
    """Each asks Python now and then, and more of them at the end than one in a hundred may."""
    for run in range(12):
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, "evaluate", str(0.1 + 0.013 * run), "4"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_daemon_threads_do_not_disturb_the_exit(name):
    for delay in (0.05, 0.11):
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, name, str(delay), "2"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (result.returncode, result.stderr) == (0, "")
