"""Sources with what else a fit has: dropout, biases from targets, losses of one's own, folding."""

from itertools import pairwise

import numpy as np
import pytest
from sources import (
    CLASSES,
    COLUMNS,
    ROWS,
    Again,
    Counted,
    blocks,
    mapped,
    require_no_reader,
    rows,
    trained,
)

import wbcore as wb


@pytest.fixture(autouse=True)
def no_reader_is_left_behind():
    yield
    require_no_reader()


# ---- dropout


def dropped(*data, n_threads=None, **options):
    """All that a training with dropout leaves behind."""
    net = wb.Network.mlp([COLUMNS, 9, 7, CLASSES], "tanh", dropout=0.4, seed=3)
    options = {"epochs": 2, "seed": 9, "loss": "cross_entropy"} | options
    optimizer = wb.Adam(0.01)
    history = net.fit(*data, optimizer=optimizer, n_threads=n_threads, **options)
    return net.parameters.tobytes(), str(history.loss), optimizer.state(net).steps


@pytest.mark.parametrize("size", [1, 33, 170, 5000])
@pytest.mark.parametrize("batch", [7, 64, 400, 2000])
def test_masks_go_by_step_and_row_of_the_batch_whatever_the_windows(size, batch):
    X, y = rows()
    if size == 1:
        X, y = X[:100], y[:100]
    expected = dropped(X, y, batch_size=batch, shuffle=False)
    source = Counted(blocks(X, y, size))
    for n_threads in (1, 3):
        found = dropped(source, batch_size=batch, shuffle=False, n_threads=n_threads)
        assert found == expected
    in_memory = dropped(source, batch_size=batch)
    assert in_memory == dropped(X, y, batch_size=batch) != expected


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("batch", [64, 999])
def test_masks_of_a_shuffle_by_blocks_are_those_of_its_order(window, batch):
    X, y = rows()
    sizes = [50, 1, 300, 17, 200, 132, 300]
    source = Counted([(X[a:b], y[a:b]) for a, b in pairwise(np.cumsum([0, *sizes]))])
    order = wb.data.row_order(sizes, seed=9, epoch=0, shuffle_window=window)
    options = {"epochs": 1, "batch_size": batch}
    assert dropped(source, shuffle="blocks", shuffle_window=window, **options) == dropped(
        X[order], y[order], shuffle=False, **options
    )


# ---- biases from targets

PRIORS = [
    ("cross_entropy", CLASSES, lambda y: y),
    ("cross_entropy", CLASSES, lambda y: np.eye(CLASSES)[y] * 0.7 + 0.1),
    ("binary_cross_entropy", 1, lambda y: (y == 0) * 1.0),
    ("binary_cross_entropy", CLASSES, lambda y: np.eye(CLASSES)[y] * 0.9),
    ("mse", 2, lambda y: np.random.default_rng(1).normal(1e8, 1, (len(y), 2))),
    ("mae", 1, lambda y: np.where(y == 1, 1e300, np.where(y == 2, -1e300, 1e-300))),
    ("poisson", 1, lambda y: y.astype("f4")),
    ("cross_entropy(0.2)", CLASSES + 1, lambda y: y),
    ("quantile(0.1, 0.9)", 4, lambda y: np.random.default_rng(1).normal(1, 1, (len(y), 2))),
]


@pytest.mark.parametrize(("loss", "outputs", "of"), PRIORS)
@pytest.mark.parametrize("size", [1, 7, 170, 5000])
def test_priors_of_a_source_have_the_bits_of_those_of_the_array(loss, outputs, of, size):
    X, labels = rows()
    y = of(labels)
    nets = [wb.Network.mlp([COLUMNS, 4, outputs], seed=1, dtype="float64") for _ in range(3)]
    sources = [Counted(blocks(X, y, size)), Again(blocks(X, y, size))]
    nets[0].start_at_prior(y, loss=loss)
    for net, source in zip(nets[1:], sources, strict=True):
        net.start_at_prior(source, loss=loss)
        assert net.parameters.tobytes() == nets[0].parameters.tobytes()


def started(*data, marked=False, **options):
    last = wb.Dense(7, CLASSES, bias_initializer="prior" if marked else "zeros")
    net = wb.Network([wb.Dense(COLUMNS, 7, "tanh"), last], seed=3)
    told = {} if marked else {"bias_init": "prior"}
    history = net.fit(*data, loss="cross_entropy", epochs=2, seed=9, **told, **options)
    return net.parameters.tobytes(), str(history.loss)


@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("shuffle", [True, False, "blocks"])
def test_a_fit_of_a_source_begins_at_its_prior(tmp_path, shuffle, marked):
    X, y = rows()
    source = wb.data.Blocks(mapped(tmp_path, X), mapped(tmp_path, y, "y"), rows=170)
    expected = (wb.data.Blocks(X, y, rows=170),) if shuffle == "blocks" else (X, y)
    options = {"shuffle": shuffle, "marked": marked}
    assert started(source, **options) == started(*expected, **options)
    if shuffle is False:
        assert started(Again(blocks(X, y, 33)), **options) == started(X, y, **options)
    assert started(X, y, shuffle=False) != trained(X, y, shuffle=False, epochs=2)[0]


def test_a_prior_reads_a_source_once_more():
    X, y = rows()
    again = Again(blocks(X, y, 100))
    trained(again, shuffle=False, epochs=2)
    without = again.passes
    again.passes = 0
    trained(again, shuffle=False, epochs=2, bias_init="prior")
    assert again.passes == without + 1


def test_priors_of_a_source_that_are_refused():
    X, y = rows()
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], seed=3)
    before = net.parameters.tobytes()
    bad = y.copy()
    bad[555] = 3
    source = Counted(blocks(X, bad, 100))
    with pytest.raises(ValueError, match=r"\[start_at_prior\] .*\[0, 3\), got 3 .*\(block 5 of"):
        net.start_at_prior(source, loss="cross_entropy")
    with pytest.raises(ValueError, match=r"\[fit\] .*\[0, 3\), got 3 .*\(block 5 of the source\)"):
        net.fit(source, loss="cross_entropy", shuffle=False, bias_init="prior")
    with pytest.raises(TypeError, match="sample_weight to be None beside a source"):
        net.start_at_prior(blocks(X, y, 100), loss="cross_entropy", sample_weight=np.ones(ROWS))
    with pytest.raises(ValueError, match="ones whose y is None"):
        net.start_at_prior([(X, None)], loss="cross_entropy")
    with pytest.raises(TypeError, match="expected a loss with a name"):
        net.fit(blocks(X, y, 9), loss=squares, shuffle=False, bias_init="prior")
    assert net.parameters.tobytes() == before


# ---- losses of one's own


def squares(outputs, targets):
    d = outputs - targets.astype(outputs.dtype)
    return (d * d).mean(dtype=np.float64), d * outputs.dtype.type(2 / d.size)


@pytest.mark.parametrize("size", [7, 170, 5000])
@pytest.mark.parametrize("shuffle", [True, False, "blocks"])
@pytest.mark.parametrize("metrics", [[], ["mae"]])
def test_a_function_sees_the_rows_of_the_batch(size, shuffle, metrics):
    X, labels = rows()
    y = np.eye(CLASSES)[labels]
    options = {"shuffle": shuffle, "loss": squares, "metrics": metrics, "shuffle_window": 2}
    given = (Counted(blocks(X, y, size)),)
    in_rows = (wb.data.Blocks(X, y, rows=size),) if shuffle == "blocks" else (X, y)
    expected = trained(*in_rows, **options)
    for n_threads in (1, 3):
        found = trained(*given, n_threads=n_threads, **options)
        assert found == expected
    assert found[0] == trained(*given, **options | {"loss": "mse"})[0]


@pytest.mark.parametrize("size", [1, 100, 128, 5000])
@pytest.mark.parametrize("metrics", [[], ["mse"]])
def test_evaluation_by_a_function_has_the_bits_of_the_arrays(size, metrics):
    X, labels = rows()
    y = np.eye(CLASSES)[labels]
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3)
    expected = net.evaluate(X, y, loss=squares, metrics=metrics)
    source = Counted(blocks(X, y, size))
    assert net.evaluate(source, loss=squares, metrics=metrics) == expected
    assert expected["loss"] == pytest.approx(net.evaluate(X, y, loss="mse")["loss"], rel=1e-6)
    options = {"loss": squares, "metrics": metrics, "epochs": 1, "shuffle": False}
    assert trained(X, y, validation_data=source, **options) == trained(
        X, y, validation_data=(X, y), **options
    )


def test_targets_of_a_function_may_be_anything_with_a_row_each():
    """NaN, integers, more numbers than outputs; they are what the source gave."""
    X, labels = rows("f8")
    y = np.stack([labels, labels * 2.0, np.full(ROWS, np.nan)], axis=1).reshape(ROWS, 1, 3)
    y[:, 0, 0] = np.arange(ROWS)
    seen = []

    def loss(outputs, targets):
        assert targets.shape == (len(outputs), 1, 3)
        assert np.isnan(targets[:, 0, 2]).all()
        assert (targets[:, 0, 1] == 2 * labels[targets[:, 0, 0].astype(int)]).all()
        seen.extend(targets[:, 0, 0].tolist())
        return 1.0, np.zeros_like(outputs)

    net = wb.Network.mlp([COLUMNS, 1], seed=1)
    options = {"batch_size": 32, "shuffle": "blocks", "shuffle_window": 2, "seed": 4}
    net.fit(Counted(blocks(X, y, 170)), loss=loss, **options)
    sizes = [len(block[0]) for block in blocks(X, y, 170)]
    assert seen == wb.data.row_order(sizes, seed=4, shuffle_window=2).tolist()
    seen.clear()
    net.evaluate(Counted(blocks(X, y, 170)), loss=loss)
    assert seen == list(range(ROWS))
    with pytest.raises(ValueError, match="y"):
        net.fit(Counted(blocks(X, y, 170)), loss=loss, metrics=["mse"], **options)


def test_what_a_function_raises_comes_out_and_the_reader_ends():
    X, y = rows()
    net = wb.Network.mlp([COLUMNS, CLASSES], seed=1)
    calls = []

    def loss(outputs, targets):
        calls.append(len(targets))
        if len(calls) == 5:
            raise LookupError("no more")
        return 1.0, np.zeros_like(outputs)

    for data in ((Counted(blocks(X, y, 100)),), (X, y)):
        calls.clear()
        with pytest.raises(LookupError, match="no more"):
            net.fit(*data, loss=loss, shuffle=False)
    bad = X.copy()
    bad[345, 2] = np.nan
    with pytest.raises(ValueError, match=r"finite values in X, got nan at X\[45, 2\] of block 3"):
        net.fit(Counted(blocks(bad, np.eye(CLASSES)[y], 100)), loss=squares, shuffle=False)


# ---- folding


def test_what_was_standardized_can_be_folded_into_the_first_layer():
    X, y = rows("f8")
    X = X * np.arange(1, COLUMNS + 1) + 100
    standardized = wb.Standardized(wb.data.Blocks(X, y, rows=170))
    net = wb.Network.mlp([COLUMNS, 7, CLASSES], "tanh", seed=3, dtype="float64")
    net.fit(standardized, loss="cross_entropy", shuffle=False)
    folded = net.fold_inputs(standardized.mean, standardized.scale)
    np.testing.assert_allclose(
        folded.predict(X), net.predict(standardized._like(X)), rtol=1e-9, atol=1e-11
    )
