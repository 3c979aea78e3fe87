"""What a source is refused for, and what becomes of a training when one fails in its middle."""

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest
from sources import (
    CLASSES,
    COLUMNS,
    Again,
    Counted,
    Own,
    blocks,
    mapped,
    parquet,
    require_no_reader,
    rows,
)

import wbcore as wb
from wbcore.data import _reader, _windows

X, Y = rows(n=400)
NAN = X.copy()
NAN[333, 5] = np.nan


@pytest.fixture(autouse=True)
def no_reader_is_left_behind():
    yield
    require_no_reader()


def fit(*data, **options):
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    options = {"loss": "cross_entropy", "shuffle": False, "epochs": 2} | options
    return net.fit(*data, **options)


def with_block(k, X_k, y_k):
    """Blocks of 100 rows, one of them another."""
    found = blocks(X, Y, 100)
    found[k] = (X_k, y_k)
    return found


class Promised(Own):
    """Says what rows it has, which need not be so."""

    def __init__(self, items, promised):
        super().__init__(items)
        self.rows = promised


@pytest.mark.parametrize(
    ("source", "error", "text"),
    [
        (
            lambda: (block for block in blocks(X, Y, 100)),
            TypeError,
            (
                "[fit] expected a source that can be read again in every epoch, got a generator, "
                "which is over after one pass; pass list(..), or an object whose __iter__ begins "
                "anew"
            ),
        ),
        (lambda: Own([]), ValueError, "[fit] expected a source with at least one block, got none"),
        (
            lambda: Counted(with_block(2, X[:0], Y[:0])),
            ValueError,
            "[fit] expected blocks with at least one row, got none in block 2; leave it out",
        ),
        (
            lambda: Counted(with_block(2, X[:100, :5], Y[:100])),
            ValueError,
            "[fit] expected block 2 with 12 columns, as block 0 has, got 5",
        ),
        (
            lambda: Counted(with_block(1, X[:100].astype("f8"), Y[:100])),
            ValueError,
            (
                "[fit] expected X of block 1 of dtype float32, as block 0 has, got float64; convert"
                " them to one: X.astype(..)"
            ),
        ),
        (
            lambda: Counted(with_block(1, X[:100], Y[:100].astype("i2"))),
            ValueError,
            (
                "[fit] expected y of block 1 of dtype int64, as block 0 has, got int16; convert "
                "them to one: y.astype(..)"
            ),
        ),
        (
            lambda: Counted(with_block(3, X[:100], np.eye(3)[Y[:100]])),
            ValueError,
            "[fit] expected y of block 3 like that of block 0, got shapes (100, 3) and (100,)",
        ),
        (
            lambda: Counted(with_block(3, X[:100], Y[:99])),
            ValueError,
            "[fit] expected y of block 3 with 100 rows, as its X has, got 99",
        ),
        (
            lambda: Promised(blocks(X, Y, 100), [100, 100, 90, 100]),
            ValueError,
            "[fit] expected block 2 with 90 rows, as the source said, got 100",
        ),
        (
            lambda: Promised(blocks(X, Y, 100), [100, 100]),
            ValueError,
            "[fit] expected source.rows with a number for each of the 4 blocks, got 2",
        ),
        (
            lambda: Promised(blocks(X, Y, 100), [100, "many", 100, 100]),
            TypeError,
            "[fit] expected rows[0] to be an integer from 0 to 2147483647, got '100'",
        ),
        (
            lambda: Counted(with_block(1, X[0], Y[:12])),
            ValueError,
            "[fit] expected X of block 1 of shape (B, I), got shape (12,)",
        ),
        (
            lambda: Own([X[:100], X[100:]]),
            TypeError,
            (
                "[fit] expected each block to be a pair (X, y), or with weights of rows "
                "(X, y, sample_weight), got an array of shape (100, 12) and dtype float32 as "
                "block 0"
            ),
        ),
        (
            lambda: [(X, Y, np.ones(399))],
            ValueError,
            (
                "[fit] expected sample_weight of block 0 of shape (400,), one for each row of its "
                "X, got shape (399,)"
            ),
        ),
        (
            lambda: [(X, Y, np.ones(400)), (X, Y)],
            ValueError,
            "[fit] expected sample_weight in every block, got none in some",
        ),
        (
            lambda: [(X, Y, np.ones(400)), (X, Y, np.ones(400, "f4"))],
            ValueError,
            (
                "[fit] expected sample_weight of block 1 of dtype float64, as block 0 has, got "
                "float32; convert them to one: sample_weight.astype(..)"
            ),
        ),
        (
            lambda: [(X, Y, np.where(np.arange(400) == 7, -1.0, 1.0))],
            ValueError,
            ("[fit] expected sample_weight of numbers from 0 to 1e18, got -1 at sample_weight[7]"),
        ),
        (
            lambda: wb.data.Blocks(X),
            ValueError,
            "[fit] expected blocks (X, y), got ones whose y is None",
        ),
        (
            lambda: Counted(with_block(0, X[:100, :5], Y[:100])),
            ValueError,
            (
                "[fit] X has 5 columns but the first layer takes 12: expected shape (B, 12), got "
                "(100, 5)"
            ),
        ),
        (
            lambda: Counted(with_block(2, X[:100], Y[:100] + 1)),
            ValueError,
            "[fit] expected class labels y in [0, 3), got 3 at y[{0}] (block 2 of the source)",
        ),
        (
            lambda: Counted(blocks(NAN, Y, 100)),
            ValueError,
            "[fit] expected finite values in X, got nan at X[33, 5] of block 3",
        ),
        (
            lambda: [(X, Y), (wb.Scaled(X, 0.5), Y)],
            ValueError,
            (
                "[fit] expected X of block 1 scaled as that of block 0, got Scaled(float32 array of"
                " shape (400, 12), factor=0.5) and None"
            ),
        ),
        (
            lambda: Counted([(X, Y), (X, None)]),
            ValueError,
            "[fit] expected y in every block, got none in some",
        ),
        (
            lambda: 7,
            TypeError,
            "[fit] expected X and y, or a source of blocks (X, y), got 7 alone",
        ),
    ],
)
def test_refused(source, error, text):
    with pytest.raises(error) as caught:
        fit(source())
    first = str(np.argmax(Y[:100] == 2))
    assert str(caught.value) == text.replace("{0}", first)


def test_arguments_beside_a_source():
    source = wb.data.Blocks(X, Y, rows=100)
    for options, error, text in (
        ({"shuffle": "columns"}, ValueError, "True, False, a function, or one of rows, blocks"),
        ({"shuffle": 1}, TypeError, "True, False, a function, or one of rows, blocks, got 1"),
        ({"shuffle_window": 0}, ValueError, "shuffle_window to be an integer from 1 to"),
    ):
        with pytest.raises(error) as caught:
            fit(source, **options)
        assert text in str(caught.value)
    with pytest.raises(TypeError, match="expected y to be None beside a source"):
        fit(source, Y)
    with pytest.raises(TypeError, match=r"comes in one order; pass shuffle=False"):
        fit(Again(blocks(X, Y, 100)), shuffle="blocks")
    with pytest.raises((TypeError, ValueError), match=r"^\[fit\] expected y"):
        fit(X)


def test_validation_names_itself():
    with pytest.raises(ValueError, match=r"^\[fit, validation_data\] .* got nan at X\[33, 5\]"):
        fit(X, Y, validation_data=Counted(blocks(NAN, Y, 100)))
    net = wb.Network.mlp([COLUMNS, 7, CLASSES])
    with pytest.raises(ValueError, match=r"^\[evaluate\] .* got nan at X\[33, 5\] of block 3"):
        net.evaluate(Counted(blocks(NAN, Y, 100)), loss="cross_entropy")


def test_rows_that_do_not_fit_into_memory_are_refused(monkeypatch):
    from wbcore.data import _rows

    monkeypatch.setattr(_rows, "_available_memory", lambda: 1000)
    with pytest.raises(MemoryError, match=r"rows fit into memory.*; pass shuffle='blocks'$"):
        fit(Counted(blocks(X, Y, 100)), shuffle=True)
    fit(Counted(blocks(X, Y, 100)), shuffle="blocks")
    fit(wb.data.Blocks(X, Y), shuffle=True)  # which are in memory


class Failing(Counted):
    """Fails in the second epoch."""

    def __init__(self, error):
        super().__init__(blocks(X, Y, 50))
        self.error = error

    def __getitem__(self, k):
        if len(self.asked) == 12:
            raise self.error
        return super().__getitem__(k)


@pytest.mark.parametrize("shuffle", ["blocks", False])
def test_an_error_of_the_source_comes_out_of_fit(shuffle):
    error = OSError("the disk is gone")
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    options = {"loss": "cross_entropy", "shuffle": shuffle, "shuffle_window": 2}
    with pytest.raises(OSError, match="the disk is gone") as caught:
        net.fit(Failing(error), epochs=5, **options)
    assert caught.value is error
    assert net.history.status == "failed"
    assert len(net.history.loss) == 1
    assert np.isfinite(net.parameters).all()
    net.fit(Counted(blocks(X, Y, 50)), **options)  # it is free


def test_a_source_that_grows_or_shrinks():
    grown = Again(blocks(X, Y, 100))

    def more(*_):
        grown.items = blocks(X, Y, 100) * 2

    with pytest.raises(ValueError, match=r"source of 4 blocks, as before, got 5; it must not"):
        fit(grown, epochs=4, callback=more)
    shrunk = Again(blocks(X, Y, 100))

    def less(*_):
        shrunk.items = shrunk.items[:2]

    with pytest.raises(ValueError, match=r"source of 4 blocks, as before, got 2; it must not"):
        fit(shrunk, epochs=4, callback=less)
    listed = blocks(X, Y, 100)
    with pytest.raises(ValueError, match=r"source of 4 blocks, as before, got 5; it must not"):
        fit(listed, epochs=4, callback=lambda *_: listed.append(listed[0]))


@pytest.mark.parametrize("of", ["X", "y"])
@pytest.mark.parametrize("call", ["fit", "evaluate", "predict"])
def test_a_map_that_is_truncated_is_an_error(tmp_path, of, call):
    maps = {"X": mapped(tmp_path, X), "y": mapped(tmp_path, Y, "y")}
    source = wb.data.Blocks(maps["X"], maps["y"], rows=100)
    os.truncate(tmp_path / f"{of}.npy", 2000)
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    options = {
        "fit": {"loss": "cross_entropy", "shuffle": "blocks"},
        "evaluate": {"loss": "cross_entropy"},
        "predict": {},
    }
    with pytest.raises(OSError, match=r"expected 400 rows in .* got a file of 2000 bytes, which"):
        getattr(net, call)(source, **options[call])


@pytest.mark.parametrize("shuffle", [True, "blocks", False])
def test_a_map_that_is_truncated_while_it_is_read(tmp_path, shuffle):
    source = wb.data.Blocks(mapped(tmp_path, X), Y, rows=10)

    def cut(*_):
        os.truncate(tmp_path / "X.npy", 4096)

    if shuffle is True:  # all of it has been read
        fit(source, shuffle=shuffle, epochs=3, callback=cut)
        return
    with pytest.raises(OSError, match="was truncated after it was mapped"):
        fit(source, shuffle=shuffle, epochs=3, callback=cut)


def test_a_map_whose_file_is_gone(tmp_path):
    source = wb.data.Blocks(mapped(tmp_path, X), Y, rows=100)
    (tmp_path / "X.npy").unlink()
    with pytest.raises(FileNotFoundError, match="expected the file of a memory map, which is read"):
        fit(source)


def test_private_maps_are_read_as_they_are_seen(tmp_path):
    private = np.load(mapped(tmp_path, X).filename, mmap_mode="c")
    private[:] = X + 1
    found = wb.data.Blocks(private, Y, rows=100)[1][0]
    assert (found == X[100:200] + 1).all()


def test_what_is_written_to_a_shared_map_is_read(tmp_path):
    shared = np.load(mapped(tmp_path, X).filename, mmap_mode="r+")
    source = wb.data.Blocks(shared, Y, rows=100)
    shared[150] = 7
    assert (source[1][0][50] == 7).all()


# ---- interrupts, forks


class Pressing(Counted):
    """Gives a block of the second epoch when Ctrl-C has ended the wait for it."""

    def __init__(self, items):
        super().__init__(items)
        self.main, self.ended, self.found = threading.main_thread().ident, threading.Event(), []

    def __getitem__(self, k):
        if len(self.asked) == len(self.items) + 8:
            ends = time.monotonic() + 60
            while not self.is_waited_for() and time.monotonic() < ends:
                time.sleep(0.001)
            self.found.append(self.is_waited_for())
            signal.pthread_kill(self.main, signal.SIGINT)
            self.found.append(self.ended.wait(60))
        return super().__getitem__(k)

    def is_waited_for(self):
        return sys._current_frames()[self.main].f_code.co_filename == _windows.__file__


def test_ctrl_c_ends_the_wait_for_a_block(monkeypatch):
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    source, end = Pressing(blocks(X, Y, 10)), _reader.Reader.end

    def ended(reader):
        source.ended.set()
        end(reader)

    monkeypatch.setattr(_reader.Reader, "end", ended)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            net.fit(source, loss="cross_entropy", shuffle="blocks", epochs=100)
    finally:
        signal.signal(signal.SIGINT, before)
    assert source.found == [True, True]
    assert net.history.status == "interrupted"
    assert np.isfinite(net.parameters).all()
    net.fit(X, Y, loss="cross_entropy")


def test_a_forked_child_is_told():
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    children = []

    def fork(*_):
        if not children:
            child = os.fork()
            if child == 0:
                children.append(None)
            else:
                children.append(child)

    source = Counted(blocks(X, Y, 10))
    try:
        net.fit(source, loss="cross_entropy", shuffle="blocks", epochs=3, callback=fork)
    except RuntimeError as error:
        if children == [None]:
            os._exit(0 if "forked child" in str(error) else 3)
        raise
    finally:
        if children == [None]:
            os._exit(4)
    _, status = os.waitpid(children[0], 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(net.history.loss) == 3


def test_a_training_in_a_child_reads_anew():
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    source = Counted(blocks(X, Y, 10))
    options = {"loss": "cross_entropy", "shuffle": "blocks"}
    net.fit(source, **options)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            net.fit(source, **options)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


# ---- adapters


def test_blocks_refuses():
    for X_, y, options, error, text in (
        (X[0], None, {}, ValueError, "[Blocks] expected X of shape (B, I), got 1 dimensions"),
        (X[:0], None, {}, ValueError, "[Blocks] expected X with at least one row, got none"),
        (X, Y[1:], {}, ValueError, "[Blocks] expected y with 400 rows, as X has, got 399"),
        (X, Y, {"rows": 0}, ValueError, "[Blocks] expected rows to be an integer from 1 to"),
        (X.astype(str), Y, {}, TypeError, "[Blocks] expected X to be an array of real numbers"),
        (X, wb.Scaled(X, 2), {}, TypeError, "[Blocks] expected y as an array, got a Scaled"),
    ):
        with pytest.raises(error) as caught:
            wb.data.Blocks(X_, y, **options)
        assert str(caught.value).startswith(text)
    with pytest.raises(ValueError, match=r"k to be an integer from -4 to 3, got 4"):
        wb.data.Blocks(X, Y, rows=100)[4]


class Chunked:
    """An array of Zarr or h5py, as far as it matters: shape, dtype, chunks, slices of rows."""

    def __init__(self, array, rows):
        self.array, self.chunks, self.asked = array, (rows, array.shape[1]), []
        self.shape, self.dtype = array.shape, array.dtype

    def __getitem__(self, key):
        assert isinstance(key, slice)
        self.asked.append((key.start, key.stop))
        return self.array[key]


def test_chunks_are_blocks():
    given = Chunked(X, 90)
    source = wb.data.Blocks(given, Y)
    assert source.rows == (90, 90, 90, 90, 40)
    expected = fit(wb.data.Blocks(X, Y, rows=90), shuffle="blocks", shuffle_window=2)
    assert fit(source, shuffle="blocks", shuffle_window=2).loss == expected.loss
    assert max(stop - start for start, stop in given.asked) <= 90


def test_zarr(tmp_path):
    import zarr  # in the extra `test`: nothing is skipped without it

    array = zarr.open(
        str(tmp_path / "X.zarr"), mode="w", shape=X.shape, chunks=(90, 12), dtype="f4"
    )
    array[:] = X
    expected = fit(wb.data.Blocks(X, Y, rows=90), shuffle="blocks").loss
    assert fit(wb.data.Blocks(array, Y), shuffle="blocks").loss == expected


def test_hdf5(tmp_path):
    import h5py

    with h5py.File(tmp_path / "rows.h5", "w") as file:
        data = file.create_dataset("X", data=X, chunks=(90, 12))
        expected = fit(wb.data.Blocks(X, Y, rows=90), shuffle="blocks").loss
        assert fit(wb.data.Blocks(data, Y), shuffle="blocks").loss == expected


def test_files_refuse(tmp_path):
    for k in range(2):
        np.savez(tmp_path / f"{k}.npz", X=X, y=Y)
        np.save(tmp_path / f"{k}.npy", X)
    packed = [tmp_path / "0.npz", tmp_path / "1.npz"]
    single = [tmp_path / "0.npy", tmp_path / "1.npy"]
    for given, options, error, text in (
        ([], {}, ValueError, "list of files, got none"),
        (packed[0], {}, TypeError, "list of files, got one; pass [X], or for one large file"),
        (
            [tmp_path / "a.csv"],
            {},
            ValueError,
            "got .csv; tables: wb.data.Parquet; text: np.loadtxt",
        ),
        (packed + single, {}, ValueError, "files of one kind, .npy or .npz, got .npy, .npz"),
        (single, {"y": single[:1]}, ValueError, "as many files of y as of X, 2, got 1"),
        (packed, {"names": ("Z", "y")}, ValueError, "an array named Z in"),
    ):
        with pytest.raises(error) as caught:
            wb.data.Files(given, **options)
        assert text in str(caught.value)
    source = wb.data.Files(packed)
    os.truncate(packed[1], 700)
    with pytest.raises(ValueError, match=r"^\[Files\] expected a whole file of NumPy in"):
        fit(source)
    np.savez(tmp_path / "text.npz", X=np.array([object()]), y=Y)
    with pytest.raises(ValueError, match=r"^\[Files\] expected a whole file of NumPy in"):
        wb.data.Files([tmp_path / "text.npz"])[0]


def test_parquet_refuses(tmp_path):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    source = parquet(tmp_path, X, Y, 100)
    path = tmp_path / "rows.parquet"
    assert source.columns == tuple(f"c{j}" for j in range(COLUMNS))
    chosen = wb.data.Parquet(path, targets=["c1", "c2"], columns=["y", "c0"])
    assert (chosen[1][0][:, 0] == Y[100:200]).all()
    assert (chosen[1][1] == X[100:200, 1:3]).all()
    table = pa.table({"a": [1.0, None, 3.0], "t": ["x", "y", "z"], "i": [1, 2, 3]})
    pq.write_table(table, tmp_path / "odd.parquet")
    for options, error, text in (
        ({"targets": "z"}, ValueError, "expected columns among a, t, i, each name once, got 'z'"),
        ({"targets": "tt"}, ValueError, "got 'tt'; the closest to 'tt' is 't'"),
        ({"columns": [7]}, ValueError, "each name once, got 7"),
        ({}, TypeError, "expected columns of real numbers, got 't' of type string; leave it out"),
        ({"targets": "a", "columns": []}, ValueError, "at least one column for X, got none"),
    ):
        with pytest.raises(error) as caught:
            wb.data.Parquet(tmp_path / "odd.parquet", **options)
        assert text in str(caught.value)
    with pytest.raises(ValueError, match=r"number in every row, got 1 nulls in column 'a'; fill"):
        wb.data.Parquet(tmp_path / "odd.parquet", columns=["a", "i"])[0]
    with pytest.raises(ValueError, match=r"expected a column 'c0' in every file, got none in"):
        wb.data.Parquet([path, tmp_path / "odd.parquet"], targets="y")
    (tmp_path / "no.parquet").write_text("nothing of it")
    with pytest.raises(ValueError, match=r"^\[Parquet\] expected a file of Parquet in"):
        wb.data.Parquet(tmp_path / "no.parquet")


def test_without_pyarrow(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ImportError, match=r"expected pyarrow to be installed.*pip install pyarrow"):
        wb.data.Parquet("rows.parquet")
