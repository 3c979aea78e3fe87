"""The end of an interpreter while daemon threads are in a call: exit code 0, no last words."""

import subprocess
import sys

from harness import Round, main

PROGRAM = """
import pathlib, sys, tempfile, threading, time
import numpy as np, wbcore as wb

rng = np.random.default_rng(0)
X, y = rng.standard_normal((4000, 64), np.float32), rng.integers(0, 10, 4000)
net = wb.Network.mlp([64, 200, 10])
frozen, few = net.freeze(), X[:3]
dY = np.ones((4000, 10), np.float32)
path = pathlib.Path(sys.argv[1], "net.safetensors")
net.save(path)
loss = dict(loss="cross_entropy")
calls = {
    "predict": lambda net: net.predict(X),
    "predict, one thread": lambda net: net.predict(X, n_threads=1),
    "predict few": lambda net: net.predict(few),
    "fit": lambda net: net.fit(X, y, epochs=3, n_threads=2, **loss),
    "fit for ever": lambda net: net.fit(X, y, epochs=10**6, **loss),
    "fit with a callback": lambda net: net.fit(X, y, epochs=10**6, callback=print_nothing, **loss),
    "evaluate": lambda net: net.evaluate(X, y, metrics=["accuracy"], **loss),
    "gradients": lambda net: net.loss_and_gradients(X, y, loss="cross_entropy"),
    "forward and backward": lambda net: (net.forward(X), net.backward(dY)),
    "frozen": lambda net: frozen(X, n_threads=2),
    "frozen, few": lambda net: frozen(few),
    "freeze": lambda net: net.freeze(),
    "copy": lambda net: net.copy(),
    "load": lambda net: wb.load(path),
    "functions": lambda net: (wb.sigmoid(X), wb.losses.CrossEntropy()(X[:, :10], y)),
    "refused": lambda net: refused(net),
}

def print_nothing(*_):
    pass

def refused(net):
    try:
        net.predict(X[:, :3])
    except ValueError:
        pass

def work(call):
    own = net.copy()
    while True:
        call(own)

chosen = calls[sys.argv[2]]
for _ in range(int(sys.argv[3])):
    threading.Thread(target=work, args=(chosen,), daemon=True).start()
time.sleep(float(sys.argv[4]))
"""

NAMES = [line.split('"')[1] for line in PROGRAM.splitlines() if line.startswith('    "')]


def ends(one: Round, name: str) -> None:
    draw = one.draw
    command = [sys.executable, "-c", PROGRAM, one.folder, name]
    command += [draw.choice([1, 1, 3]), 0.02 + 0.1 * draw.random()]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=100)
    one.count("ends")
    lines = done.stderr.strip().splitlines()[:3]
    assert done.returncode == 0, f"{name}: exit code {done.returncode}: {' / '.join(lines)}"
    assert not lines, f"{name}: on stderr: {' / '.join(lines)}"


if __name__ == "__main__":
    cases = {name.replace(",", "").replace(" ", "-"): name for name in NAMES}
    main({case: lambda one, name=name: ends(one, name) for case, name in cases.items()}, short=5)
