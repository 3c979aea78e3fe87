"""What a source takes of memory, measured from outside; and that its reader is fast enough."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.uninstrumented

PROGRAM = """
import resource, sys
import numpy as np, wbcore as wb

path, rows, columns, size, window, shuffle = sys.argv[1:]
rows, columns, size, window = map(int, (rows, columns, size, window))
shuffle = {"False": False}.get(shuffle, shuffle)

def train(X, y):
    net = wb.Network.mlp([columns, 16, 1], "relu", seed=0)
    source = wb.data.Blocks(X, y, rows=size)
    net.fit(
        source, loss="mse", shuffle=shuffle, shuffle_window=window, batch_size=128, n_threads=1
    )
    return net.evaluate(source, loss="mse")["loss"] + float(net.predict(source)[-1, 0])

def peak():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

train(np.zeros((256, columns), "f4"), np.zeros(256, "f4"))  # what it takes by itself
y = np.zeros(rows, "f4")
before = peak()
train(np.memmap(path, "f4", "r", shape=(rows, columns)), y)
print(peak() - before)
"""


def peak_of(tmp_path, gigabytes, shuffle, window):
    """Bytes that a training, an evaluation and a prediction need for a sparse file; and a block."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the unit of ru_maxrss is Linux's")
    columns, size = 1024, 4096
    rows = int(gigabytes * 2**30) // (4 * columns)
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 4 * rows * columns)
    arguments = [str(path), *map(str, (rows, columns, size, window, shuffle))]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], check=True, capture_output=True, text=True
    )
    return int(done.stdout), 4 * size * columns


@pytest.mark.parametrize("shuffle", ["blocks", "False"])
@pytest.mark.parametrize("window", [1, 8])
def test_memory_is_that_of_a_window_and_a_block(tmp_path, shuffle, window):
    found, block = peak_of(tmp_path, 0.5, shuffle, window)
    needed = window if shuffle == "blocks" else 1  # without a shuffle each block is a window
    assert found < (needed + 1) * block + 64 * 2**20


@pytest.mark.skipif("THOROUGH" not in os.environ, reason="half a minute: .ci/run night")
def test_memory_of_four_gigabytes(tmp_path):
    found, block = peak_of(tmp_path, 4, "blocks", 8)
    assert found < 9 * block + 64 * 2**20
