"""Training on a source of blocks, beside the same rows in memory: wbcore beside itself."""

import tempfile
from pathlib import Path
from statistics import median

import fresh
import numpy as np
import report
import timing
import workloads

import wbcore as wb

WORKLOAD = workloads.TRAINING[4]
BLOCKS, ROWS = 15, 4096  # two windows of 8 blocks, the second one shorter
AT_LEAST = 0.9
CAPTION = f"""
{WORKLOAD}, wbcore alone, one thread that trains, plain SGD and cross-entropy: {{}} epoch(s) of
{BLOCKS} blocks of {ROWS} rows in a memory-mapped file, which is in the page cache, with
`shuffle="blocks"`, in turn with the same rows as an array with `shuffle=True`. Another thread reads
the next window meanwhile; on one processor it takes its time from the training, and nothing is
trained until the first window is there. Speed is the array's seconds over those of the source, the
median over the rounds; aimed at are {AT_LEAST}.
"""
HEADINGS = ["rows", "processors", "array s", "source s", "speed", "at least"]


def write(folder, dtype):
    """Rows in two files of NumPy's, as float32 or as bytes."""
    rng = np.random.default_rng(0)
    shape = (BLOCKS * ROWS, WORKLOAD.widths[0])
    X = rng.random(shape, np.float32) if dtype == "float32" else rng.integers(0, 256, shape, dtype)
    np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", rng.integers(0, WORKLOAD.widths[-1], len(X)))


def fitter(data, shuffle, epochs):
    net = wb.Network.mlp(WORKLOAD.widths, "relu", seed=0)

    def fit():
        net.fit(
            *data,
            loss="cross_entropy",
            optimizer=wb.SGD(workloads.LEARNING_RATE),
            epochs=epochs,
            batch_size=WORKLOAD.batch,
            shuffle=shuffle,
            n_threads=1,
        )

    return net, fit


def scaled(X):
    return X if X.dtype == np.float32 else wb.Scaled(X, 1 / 255)


def measure(dtype, rounds, epochs):
    """Seconds of the array and of the source, and the speed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, dtype)
        X, y = (np.load(folder / f"{part}.npy") for part in "Xy")
        mapped = np.load(folder / "X.npy", mmap_mode="r")
        source = wb.data.Blocks(scaled(mapped), np.load(folder / "y.npy", mmap_mode="r"), ROWS)
        _, array = fitter((scaled(X), y), True, epochs)
        ours, blocks = fitter((source,), "blocks", epochs)
        same, in_memory = fitter((wb.data.Blocks(scaled(X), y, ROWS),), "blocks", epochs)
        blocks(), in_memory()
        assert ours == same, "blocks of a file and of memory"
        times = timing.alternating({"array": array, "source": blocks}, rounds)
    speed = timing.ratio(times, "array", "source")
    return median(times["array"]), median(times["source"]), speed


def rows_of(options, epochs):
    for dtype in ("float32",) if options["short"] else ("float32", "uint8"):
        for processors in range(1, min(2, len(fresh.processors())) + 1):
            array, source, speed = fresh.call(
                "sources.measure", dtype, options["rounds"], epochs, threads=processors
            )
            yield [
                dtype,
                str(processors),
                f"{array:.3f}",
                f"{source:.3f}",
                f"{speed:.2f}",
                f"{AT_LEAST:.2f}",
            ]


def section(options):
    epochs = 1 if options["short"] else 3
    rows = rows_of(options, epochs)
    return report.section("Data beyond memory", CAPTION.format(epochs), HEADINGS, rows)
