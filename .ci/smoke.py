"""Check an installed wheel with only its run-time dependencies: size, import, training, a file."""

import ctypes
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import wbcore as wb

MAX_WHEEL_BYTES = 4_000_000
MAX_IMPORT_MS = 40


def import_ms():
    """What `import wbcore` adds to `import numpy`: the best of five, other work disturbs it."""
    command = [sys.executable, "-I", "-X", "importtime", "-c", "import numpy, wbcore"]
    times = []
    for _ in range(5):
        report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        (line,) = re.findall(r"\| +(\d+) \| wbcore$", report, re.MULTILINE)
        times.append(int(line) / 1000)
    return min(times)


def train():
    """XOR, which no single layer can learn."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    y = np.array([0, 1, 1, 0])
    net = wb.Network.mlp([2, 16, 2], activation="tanh", seed=0)
    sgd = wb.SGD(learning_rate=0.5)
    net.fit(X, y, loss="cross_entropy", optimizer=sgd, epochs=500, batch_size=4, seed=0)
    assert (net.predict(X).argmax(axis=1) == y).all(), net.predict(X)
    return net, X


size = Path(sys.argv[1]).stat().st_size
assert size < MAX_WHEEL_BYTES, f"the wheel has {size} bytes"
milliseconds = import_ms()
assert milliseconds < MAX_IMPORT_MS, f"import wbcore takes {milliseconds} ms over numpy"
net, X = train()
with tempfile.TemporaryDirectory() as folder:
    net.save(Path(folder) / "xor.safetensors")
    loaded = wb.load(Path(folder) / "xor.safetensors")
assert loaded.predict(X).tobytes() == net.predict(X).tobytes()
# The wheel is stripped; what C code looks for in it must still be there.
library, frozen = ctypes.CDLL(wb.get_library()), net.freeze()
assert library.wbcore_predictor_inputs(ctypes.c_void_p(frozen.address)) == 2
# What is not installed is named by what installs it; the name is that of the wheel.
command = [sys.executable, "-I", "-m", "wbcore.cli"]
told = subprocess.run(command, capture_output=True, text=True)
assert told.returncode == 2, told
assert told.stderr.endswith(": pip install 'wbcore-nn[cli]'\n"), told.stderr
digest = hashlib.sha256()
for layer in net:
    digest.update(layer.weights.tobytes() + layer.biases.tobytes())
python = ".".join(map(str, sys.version_info[:3]))
print(f"wbcore {wb.__version__}, Python {python}, NumPy {np.__version__}: ", end="")
print(f"wheel {size / 1000:.0f} kB, import {milliseconds:.1f} ms over numpy")
print(f"weights {digest.hexdigest()}")
