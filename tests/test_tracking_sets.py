"""Every instruction set and number of threads gives the same weights and the same records."""

import os
import subprocess
import sys

import pytest

from wbcore import _core

CODE = """
import hashlib
import hashlib, numpy as np, wbcore as wb
rng = np.random.default_rng(0)
for dtype in ("float32", "float64"):
    X, y = rng.standard_normal((300, 9)), rng.standard_normal((300, 3))
    for track in (None, "epoch", 10, 1):
        for threads in (1, 2):
            net = wb.Network.mlp([9, 33, 17, 3], activation="tanh", seed=1, dtype=dtype)
            history = net.fit(X, y, loss="mse", optimizer="adam(0.01)", batch_size=16, epochs=2,
                              track=track, n_threads=threads)
            records = b"".join(history._record.get("parameters", []))
            print(dtype, track, hashlib.sha256(net.parameters.tobytes()).hexdigest(),
                  hashlib.sha256(records).hexdigest())
"""


def printed(isa):
    environment = os.environ | {"WBCORE_ISA": isa}
    found = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, check=True, capture_output=True, text=True
    )
    return found.stdout.splitlines()


@pytest.mark.uninstrumented
def test_no_set_shows_in_weights_or_records():
    runs = [printed(isa) for isa in _core.available_isas()]
    assert len(runs) > 1
    for lines in runs:
        assert lines == runs[0]
    for dtype in ("float32", "float64"):
        of_dtype = [line.split() for line in runs[0] if line.startswith(dtype)]
        assert len({weights for _, _, weights, _ in of_dtype}) == 1
        assert len({(track, records) for _, track, _, records in of_dtype}) == 4
