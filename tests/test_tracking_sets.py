"""Every instruction set and number of threads gives the same weights and the same records."""

import os
import subprocess
import sys

import pytest

from wbcore import _core

# Updates in parts that are measured as they are made, also with a norm of all gradients before, or
# with weights that are limited after; layers of one and of several chunks of inputs.
UPDATES = """
import hashlib, numpy as np, wbcore as wb
rng = np.random.default_rng(0)
for dtype in ("float32", "float64"):
    for inputs, optimizer in ((9, wb.Adam(0.01)), (300, wb.SGD(0.01, momentum=0.9)),
                              (300, wb.Adam(0.01, clip_norm=0.1)), (9, wb.SGD(0.1, max_norm=1))):
        X, y = rng.standard_normal((200, inputs)), rng.standard_normal((200, 3))
        for track in (None, "epoch", 10, 1):
            for threads in (1, 2):
                net = wb.Network.mlp([inputs, 33, 17, 3], activation="tanh", seed=1, dtype=dtype)
                history = net.fit(X, y, loss="mse", optimizer=optimizer, batch_size=16, epochs=2,
                                  track=track, n_threads=threads)
                records = b"".join(history._record.get("parameters", []))
                print(f"{dtype}:{inputs}:{optimizer}".replace(" ", ""), track,
                      hashlib.sha256(net.parameters.tobytes()).hexdigest(),
                      hashlib.sha256(records).hexdigest())
                optimizer.reset()
"""


# The networks of the benchmarks: one sum of weights each, whatever is recorded, by how many threads
# and with which vectors.
NETS = """
import hashlib, sys, numpy as np, wbcore as wb
batch, epochs, *widths = map(int, sys.argv[1:])
rng = np.random.default_rng(0)
X = rng.standard_normal((3 * batch, widths[0]), "f")
y = rng.standard_normal((3 * batch, widths[-1]), "f")
for track in (None, "epoch", 10, 1):
    for threads in (1, 2):
        net = wb.Network.mlp(widths, seed=1)
        history = net.fit(X, y, loss="mse", optimizer=wb.SGD(1e-3), batch_size=batch,
                          epochs=epochs, track=track, n_threads=threads)
        records = b"".join(history._record.get("parameters", []))
        print(track, hashlib.sha256(net.parameters.tobytes()).hexdigest(),
              hashlib.sha256(records).hexdigest())
"""
THOROUGH = pytest.mark.skipif("THOROUGH" not in os.environ, reason="minutes: .ci/run night")


def printed(isa, code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = os.environ | {"WBCORE_ISA": isa}
    found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return found.stdout.splitlines()


@pytest.mark.uninstrumented
def test_no_set_shows_in_weights_or_records():
    runs = [printed(isa, UPDATES) for isa in _core.available_isas()]
    assert len(runs) > 1
    for lines in runs:
        assert lines == runs[0]
    fits = [line.split() for line in runs[0]]
    for of in {fit[0] for fit in fits}:
        one = [fit for fit in fits if fit[0] == of]
        assert len({weights for _, _, weights, _ in one}) == 1
        assert len({(track, records) for _, track, _, records in one}) == 4
    assert len({weights for _, _, weights, _ in fits}) == 8


@pytest.mark.uninstrumented
@pytest.mark.parametrize(
    ("batch", "epochs", "widths"),
    [
        (16, 7, (4, 16, 3)),
        (32, 7, (64, 64, 10)),
        (256, 4, (32, 128, 64, 1)),
        (64, 4, (8, 32, 32, 32, 32, 1)),
        pytest.param(128, 4, (784, 128, 10), marks=THOROUGH),
        pytest.param(128, 4, (784, 512, 256, 10), marks=THOROUGH),
        pytest.param(512, 1, (1024, 1024, 1024, 1024), marks=THOROUGH),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, tuple) else str(value),
)
def test_a_network_has_one_sum_whatever_is_recorded(batch, epochs, widths):
    fits = [
        line.split()
        for isa in _core.available_isas()
        for line in printed(isa, NETS, batch, epochs, *widths)
    ]
    assert len(fits) == 8 * len(_core.available_isas())
    assert len({weights for _, weights, _ in fits}) == 1
    for track in ("None", "epoch", "10", "1"):
        assert len({records for of, _, records in fits if of == track}) == 1
