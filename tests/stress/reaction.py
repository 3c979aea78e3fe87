"""Ctrl-C during long calls without Python in them: KeyboardInterrupt within about a second.

Each call would take many seconds; a signal comes after a part of one. The bound is three times what
is promised, for a machine that is busy.
"""

import time

import numpy as np
from harness import Round, interrupt_after, main

import wbcore as wb

BOUND_SECONDS = 3.0
wb.set_num_threads(2)

INPUTS = 64
ROW = np.random.default_rng(0).standard_normal(INPUTS, np.float32)


def many_rows(rows):
    """Rows that take no memory."""
    return np.broadcast_to(ROW, (rows, INPUTS))


def wide(dtype="float32"):
    return wb.Network.mlp([INPUTS, 512, 512, 1], dtype=dtype)


ROWS = 1_500_000  # of 300,000 products each, on two threads: some seconds of any machine
HUGE_BATCH = 100_000  # whose activations, 2 * 512 numbers a row, still fit a small memory


def predict(n_threads=None):
    net = wide()
    return lambda: net.predict(many_rows(ROWS), n_threads=n_threads)


def frozen():
    p = wide().freeze()
    return lambda: p(many_rows(ROWS), n_threads=2)


def evaluate():
    net, y = wide(), np.broadcast_to(np.float32(0.5), ROWS)
    return lambda: net.evaluate(many_rows(ROWS), y, loss="mse", metrics=["r2"])


def validation():
    net, y = wide(), np.broadcast_to(np.float32(0.5), ROWS)
    few = np.array(many_rows(8)), np.full(8, 0.5, np.float32)
    return lambda: net.fit(*few, loss="mse", validation_data=(many_rows(ROWS), y), epochs=9)


def huge_batch():
    net = wide("float64")
    y = np.broadcast_to(np.float32(0.5), HUGE_BATCH)
    X, size = many_rows(HUGE_BATCH), HUGE_BATCH
    return lambda: net.fit(X, y, loss="mse", batch_size=size, epochs=10, n_threads=1)


def gradients():
    # Deep, so that the same activations stand for more arithmetic.
    net = wb.Network.mlp([INPUTS, *[1024] * 6, 1], dtype="float64")
    y = np.broadcast_to(np.float32(0.5), 20_000)
    return lambda: net.loss_and_gradients(many_rows(20_000), y, loss="mse")


def forward():
    net = wb.Network.mlp([INPUTS, *[1024] * 12, 1], dtype="float64")
    return lambda: net.forward(many_rows(20_000))


def backward():
    net = wb.Network.mlp([INPUTS, *[512] * 12, 1], dtype="float64")
    net.forward(many_rows(15_000))
    dY = np.ones((15_000, 1))
    return lambda: [net.backward(dY) for _ in range(20)]


def orthogonal():
    return lambda: wb.initializers.orthogonal(3000, 3000)


def measure(one: Round, prepare) -> None:
    call = prepare()
    # Long enough for orthogonal to be anywhere between its draws and its last column.
    delay = 0.1 + one.draw.random() * (3 if prepare is orthogonal else 0.4)
    began, used = time.monotonic(), time.process_time()
    try:
        with interrupt_after(delay):
            call()
    except KeyboardInterrupt:
        lasted = time.monotonic() - began
        # On a busy machine, the part of the time in which this process had a processor.
        took = (lasted - delay) * min(1, (time.process_time() - used) / lasted)
    else:  # it was over before the signal
        one.count("too fast to tell")
        return
    one.count("interrupted")
    one.count("milliseconds waited", round(1000 * took))
    assert took < BOUND_SECONDS, f"KeyboardInterrupt came after {took:.1f} s"


CASES = {
    "predict": predict,
    "evaluate": evaluate,
    "huge-batch": huge_batch,
    "gradients": gradients,
    "orthogonal": orthogonal,
    "predict-one-thread": lambda: predict(1),
    "frozen": frozen,
    "validation": validation,
    "forward": forward,
    "backward": backward,
}

if __name__ == "__main__":
    main({n: lambda one, c=c: measure(one, c) for n, c in CASES.items()}, short=5)
