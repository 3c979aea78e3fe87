"""Sources for tests: the same rows as arrays, maps, tables, files and lists of blocks."""

import gc
import importlib
import sys
import time
import traceback

import numpy as np
import pytest

import wbcore as wb

ROWS, COLUMNS, CLASSES = 1000, 12, 3


def rows(dtype="f4", n=ROWS):
    """X and labels."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(n, COLUMNS)).astype(dtype), rng.integers(0, CLASSES, n)


def trained(*data, epochs=3, batch_size=32, loss="cross_entropy", dtype="float32", **options):
    """All that a training leaves behind, as bytes."""
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3, dtype=dtype)
    metrics = ["accuracy"] if loss == "cross_entropy" else []
    options = {"optimizer": wb.Adam(0.01), "metrics": metrics} | options
    history = net.fit(*data, loss=loss, epochs=epochs, batch_size=batch_size, seed=9, **options)
    kept = [history.loss, *(getattr(history, name) for name in options["metrics"])]
    return net.parameters.tobytes(), str(kept), str(getattr(history, "val_loss", None))


def blocks(X, y, size):
    """A list of them."""
    return [(X[i : i + size], y[i : i + size]) for i in range(0, len(X), size)]


class Again:
    """What can be iterated over again, and nothing else."""

    def __init__(self, items):
        self.items, self.passes = items, 0

    def __iter__(self):
        self.passes += 1
        return iter(self.items)


class Own:
    """A sequence of someone else's, that knows its rows or does not."""

    def __init__(self, items):
        self.items, self.asked = items, []

    def __len__(self):
        return len(self.items)

    def __getitem__(self, k):
        self.asked.append(k)
        return self.items[k]


class Counted(Own):
    """One that does."""

    @property
    def rows(self):
        return [len(item[0]) for item in self.items]


def readers():
    """Threads that read a source."""
    code = wb.data._reader.Reader._read.__code__
    return [
        number
        for number, frame in sys._current_frames().items()
        if code in (f.f_code for f, _ in traceback.walk_stack(frame))
    ]


def require_no_reader():
    """One that is over, or is told so when its windows are collected, may need a moment."""
    ends = time.monotonic() + 60
    while found := readers():
        gc.collect()
        assert time.monotonic() < ends, f"{len(found)} readers are left"
        time.sleep(0.001)


def mapped(folder, X, name="X"):
    """A memory map of a file."""
    np.save(folder / f"{name}.npy", X)
    return np.load(folder / f"{name}.npy", mmap_mode="r")


def parquet(folder, X, y, size):
    """A table in a file, columns c0, c1, .. and y."""
    pa = pytest.importorskip("pyarrow")
    writer = importlib.import_module("pyarrow.parquet")
    path = folder / "rows.parquet"
    writer.write_table(_table(pa, X, y), path, row_group_size=size)
    return wb.data.Parquet(path, targets="y")


def arrow(folder, X, y, size, *, in_file):
    """The same as a table in memory or a file of record batches."""
    pa = pytest.importorskip("pyarrow")
    table = pa.Table.from_batches(_table(pa, X, y).to_batches(max_chunksize=size))
    if not in_file:
        return wb.data.Arrow(table, targets="y")
    path = folder / "rows.arrow"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=size)
    return wb.data.Arrow(path, targets="y")


def _table(pa, X, y):
    return pa.table({f"c{j}": X[:, j] for j in range(X.shape[1])} | {"y": y})


def files(folder, X, y, size, *, packed):
    """Files .npz, or pairs of .npy."""
    found = []
    for k, (X_k, y_k) in enumerate(blocks(X, y, size)):
        if packed:
            np.savez(folder / f"{k}.npz", X=X_k, y=y_k)
        else:
            np.save(folder / f"X{k}.npy", X_k)
            np.save(folder / f"y{k}.npy", y_k)
        found.append(k)
    if packed:
        return wb.data.Files([folder / f"{k}.npz" for k in found])
    return wb.data.Files(
        [folder / f"X{k}.npy" for k in found], [folder / f"y{k}.npy" for k in found]
    )


def every(folder, X, y, size):
    """By name: the same rows in blocks of one size, from everywhere."""
    table = np.concatenate([X.astype("f8"), y[:, None]], axis=1)
    of_table = mapped(folder, table, "table")
    return {
        "list": lambda: blocks(X, y, size),
        "own": lambda: Own(blocks(X, y, size)),
        "counted": lambda: Counted(blocks(X, y, size)),
        "array": lambda: wb.data.Blocks(X, y, rows=size),
        "fortran": lambda: wb.data.Blocks(np.asfortranarray(X), y, rows=size),
        "map": lambda: wb.data.Blocks(mapped(folder, X), mapped(folder, y, "y"), rows=size),
        "columns of a map": lambda: wb.data.Blocks(
            of_table[:, :-1], of_table[:, -1].astype(int), rows=size
        ),
        "every other row of a map": lambda: wb.data.Blocks(
            mapped(folder, np.repeat(X, 2, axis=0), "twice")[::2], y, rows=size
        ),
        "parquet": lambda: parquet(folder, X, y, size),
        "arrow": lambda: arrow(folder, X, y, size, in_file=False),
        "file of arrow": lambda: arrow(folder, X, y, size, in_file=True),
        "npz": lambda: files(folder, X, y, size, packed=True),
        "npy": lambda: files(folder, X, y, size, packed=False),
    }


NAMES = [
    "list",
    "own",
    "counted",
    "array",
    "fortran",
    "map",
    "columns of a map",
    "every other row of a map",
    "parquet",
    "arrow",
    "file of arrow",
    "npz",
    "npy",
]
