"""Sources of blocks: the bits of the rows, whatever they come in."""

import threading
from itertools import pairwise

import numpy as np
import pytest
from sources import (
    CLASSES,
    COLUMNS,
    NAMES,
    ROWS,
    Again,
    Counted,
    Own,
    blocks,
    every,
    mapped,
    require_no_reader,
    rows,
    trained,
)

import wbcore as wb
from wbcore import reference


@pytest.fixture(autouse=True)
def no_reader_is_left_behind():
    yield
    require_no_reader()


# ---- the same bits


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shuffle", [True, "rows", "blocks", False])
def test_the_same_rows_give_the_same_bits(tmp_path, name, shuffle):
    X, y = rows()
    source = every(tmp_path, X, y, 170)[name]()
    if shuffle == "blocks":
        expected = trained(wb.data.Blocks(X, y, rows=170), shuffle="blocks", shuffle_window=2)
    else:
        expected = trained(X, y, shuffle=shuffle)
    assert trained(source, shuffle=shuffle, shuffle_window=2) == expected


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "f2", ">f4", "?"])
@pytest.mark.parametrize("network", ["float32", "float64"])
def test_types_of_numbers(tmp_path, dtype, network):
    X = (rows()[0] * 40).astype("u1").astype(dtype) if dtype in ("u1", "?") else rows(dtype)[0]
    y = rows()[1]
    source = wb.data.Blocks(mapped(tmp_path, X), y, rows=100)
    assert trained(source, shuffle=False, dtype=network) == trained(
        X, y, shuffle=False, dtype=network
    )


@pytest.mark.parametrize("size", [1, 7, 32, 33, 999, 1000, 5000])
@pytest.mark.parametrize("batch", [1, 32, 100, 1000, 4000])
def test_sizes_of_blocks_do_not_show_without_a_shuffle(size, batch):
    X, y = rows()
    if size * batch < 100:
        X, y = X[:100], y[:100]
    options = {"shuffle": False, "batch_size": batch, "epochs": 2}
    assert trained(Counted(blocks(X, y, size)), **options) == trained(X, y, **options)


@pytest.mark.parametrize("window", [1, 2, 3, 100])
@pytest.mark.parametrize("batch", [3, 64, 2000])
def test_a_shuffle_by_blocks_takes_the_rows_in_its_order(window, batch):
    X, y = rows()
    sizes = [50, 1, 300, 17, 200, 132, 300]
    ends = np.cumsum([0, *sizes])
    source = Counted([(X[a:b], y[a:b]) for a, b in pairwise(ends)])
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    optimizer, losses = wb.Adam(0.01), []
    for epoch in range(3):
        order = wb.data.row_order(sizes, seed=9, epoch=epoch, shuffle_window=window)
        assert sorted(order.tolist()) == list(range(ROWS))
        options = {"batch_size": batch, "shuffle": False, "optimizer": optimizer}
        losses += net.fit(X[order], y[order], loss="cross_entropy", **options).loss
    found = trained(source, shuffle="blocks", shuffle_window=window, batch_size=batch)
    assert found[0] == net.parameters.tobytes()
    assert found[1].startswith(str([losses])[:-1])


@pytest.mark.parametrize("sizes", [[1], [5, 5, 5], [3, 1, 4, 1, 5, 9, 2, 6], [100, 1, 100]])
@pytest.mark.parametrize("window", [1, 2, 3, 8])
def test_the_order_is_that_of_the_reference(sizes, window):
    for seed, epoch in ((0, 0), (2**64 - 1, 7)):
        ours = wb.data.row_order(sizes, seed=seed, epoch=epoch, shuffle_window=window)
        expected = reference.row_order(sizes, seed=seed, epoch=epoch, window=window)
        assert ours.tolist() == expected


def test_rows_of_a_window_come_from_its_blocks_alone():
    order = wb.data.row_order([10] * 12, seed=4, epoch=2, shuffle_window=3)
    windows = [{row // 10 for row in order[i : i + 30].tolist()} for i in range(0, 120, 30)]
    assert [len(blocks) for blocks in windows] == [3] * 4
    assert set.union(*windows) == set(range(12))
    other = wb.data.row_order([10] * 12, seed=4, epoch=3, shuffle_window=3)
    assert order.tolist() != other.tolist()


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("shuffle", ["blocks", False])
def test_threads_do_not_show(n_threads, shuffle):
    X, y = rows()
    found = trained(Own(blocks(X, y, 90)), shuffle=shuffle, shuffle_window=3, n_threads=n_threads)
    expected = wb.data.Blocks(X, y, rows=90)
    assert found == trained(expected, shuffle=shuffle, shuffle_window=3, n_threads=1)


def test_arrays_are_shuffled_by_blocks_of_4096():
    X, y = rows(n=9000)
    expected = trained(wb.data.Blocks(X, y, rows=4096), shuffle="blocks", epochs=1)
    assert trained(X, y, shuffle="blocks", epochs=1) == expected
    assert trained(X, y, epochs=1) != expected


@pytest.mark.parametrize("first", [1, 5])
def test_epochs_go_on_from_another(first):
    X, y = rows()
    source = Counted(blocks(X, y, 90))
    optimizer = wb.Adam(0.01)
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    options = {"loss": "cross_entropy", "shuffle": "blocks", "seed": 9, "optimizer": optimizer}
    net.fit(source, epochs=first, **options)
    net.fit(source, epochs=2, first_epoch=first, **options)
    expected = trained(source, epochs=first + 2, shuffle="blocks")
    assert net.parameters.tobytes() == expected[0]


def test_losses_of_numbers_and_shares():
    X, _ = rows()
    y = np.random.default_rng(0).random((ROWS, CLASSES))
    for loss, targets in (("mse", y), ("cross_entropy", y / y.sum(1, keepdims=True))):
        expected = trained(X, targets, loss=loss, shuffle=False, metrics=[])
        found = trained(Own(blocks(X, targets, 77)), loss=loss, shuffle=False, metrics=[])
        assert found == expected


# ---- evaluation, validation, prediction


@pytest.mark.parametrize("size", [1, 100, 127, 128, 129, 1000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_evaluation_has_the_bits_of_the_arrays(size, dtype):
    X, y = rows()
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3, dtype=dtype)
    targets = np.random.default_rng(0).normal(size=(ROWS, CLASSES))
    for t, options in (
        (y, {"loss": "cross_entropy", "metrics": ["accuracy"]}),
        (targets, {"loss": "huber(0.5)", "metrics": ["mae", "mse", "r2"]}),
    ):
        expected = net.evaluate(X, t, **options)
        for n_threads in (1, 2):
            for source in (Own(blocks(X, t, size)), Again(blocks(X, t, size))):
                assert net.evaluate(source, n_threads=n_threads, **options) == expected


@pytest.mark.parametrize("data", ["array", "source"])
@pytest.mark.parametrize("validation", ["array", "source", "list"])
def test_validation_data_may_be_a_source(data, validation):
    X, y = rows()
    given = (X, y) if data == "array" else (Own(blocks(X, y, 90)),)
    val = {"array": (X, y), "source": Counted(blocks(X, y, 70)), "list": blocks(X, y, 500)}
    expected = trained(X, y, validation_data=(X, y), shuffle=False)
    assert trained(*given, validation_data=val[validation], shuffle=False) == expected


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_those_of_the_array(tmp_path, name):
    X, y = rows()
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    source = every(tmp_path, X, y, 170)[name]()
    if name == "own":  # without rows it is no source by itself
        return
    expected = net.predict(X)
    assert net.predict(source).tobytes() == expected.tobytes()
    out = np.empty((ROWS, CLASSES), "f4")
    assert net.predict(source, out=out, n_threads=2) is out
    assert out.tobytes() == expected.tobytes()


def test_a_source_to_predict_from_needs_no_targets(tmp_path):
    X, _ = rows()
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    for source in (wb.data.Blocks(X, rows=99), wb.data.Blocks(mapped(tmp_path, X))):
        assert net.predict(source).tobytes() == net.predict(X).tobytes()


def test_scaled_blocks():
    X, y = rows()
    images = (X * 50 + 100).astype("u1")
    expected = trained(wb.Scaled(images, 1 / 255), y, shuffle=False)
    given = wb.data.Blocks(wb.Scaled(images, 1 / 255), y, rows=64)
    assert trained(given, shuffle=False) == expected
    listed = [(wb.Scaled(X_k, 1 / 255), y_k) for X_k, y_k in blocks(images, y, 64)]
    assert trained(Counted(listed), shuffle=False) == expected
    assert trained(Counted(listed), shuffle=True) == trained(wb.Scaled(images, 1 / 255), y)


# ---- reading


def test_each_block_is_read_once_an_epoch():
    X, y = rows()
    for shuffle in ("blocks", False):
        source = Counted(blocks(X, y, 100))
        trained(source, shuffle=shuffle, shuffle_window=3, epochs=2)
        assert sorted(source.asked) == sorted([0, *range(10), *range(10)])  # 0: to know its type


def test_what_is_iterated_is_asked_for_its_rows_once():
    X, y = rows()
    source = Again(blocks(X, y, 100))
    trained(source, shuffle=False, epochs=2)
    assert source.passes == 2 + 1 + 1  # two epochs, the rows, the first block


def test_a_position_is_found_without_a_run_through_the_epoch(monkeypatch):
    """A window is asked for by its number: others are neither read nor drawn."""
    from wbcore.data import _order, _source, _windows

    X, y = rows()
    source = Counted(blocks(X, y, 20))
    order = _order.Order(tuple(source.rows), True, 4, 9)
    expected = wb.data.row_order(source.rows, seed=9, epoch=3, shuffle_window=4)
    drawn = []
    draw = _order._core.part_permutation
    monkeypatch.setattr(_order._core, "part_permutation", lambda *a: drawn.append(a[3]) or draw(*a))
    windows = _windows.Windows(
        "test",
        _source.as_blocks("test", source),
        order,
        piece=10,
        end=4,
        dtype=np.dtype("f4"),
        check=lambda *_: None,
    )
    source.asked.clear()
    places = windows(3, 850)
    assert (windows.X[places] == X[expected[850 : 850 + len(places)]]).all()
    windows.close()
    # row 850 is in window 10 of 13, which is part 11; then come those that are read ahead
    assert drawn[:2] == [0, 11]
    assert set(drawn) <= {0, 11, 12, 13}
    assert len(source.asked) <= 4 * 3


def test_a_reader_is_no_further_ahead_than_its_room():
    X, y = rows()
    begun, go = [], threading.Event()

    class Slow(Counted):
        def __getitem__(self, k):
            begun.append(k)
            return super().__getitem__(k)

    source = Slow(blocks(X, y, 50))
    seen = []

    def callback(*_):
        go.wait(0.3)  # time enough to read all there is, if there were no end to the room
        seen.append(len(begun))

    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    net.fit(
        source,
        loss="cross_entropy",
        shuffle="blocks",
        shuffle_window=4,
        epochs=4,
        callback=callback,
    )
    # the block that tells types, those of the epochs so far, four that are in the room, one in hand
    assert all(count <= 1 + 20 * (e + 1) + 4 + 1 for e, count in enumerate(seen))
