"""Blocks with weights: the bits of arrays with the same weights, and what is refused."""

import re

import numpy as np
import pytest

import wbcore as wb

ROWS = 600
METRICS = ["accuracy", "f1", "log_loss"]
RANKS = [*METRICS, "roc_auc", "average_precision"]
LOSS = "binary_cross_entropy"


def data(dtype="float64"):
    random = np.random.default_rng(0)
    X = random.normal(size=(ROWS, 4)).astype(dtype)
    y = (X[:, 0] + 0.3 * random.normal(size=ROWS) > 0).astype(float)
    weights = random.uniform(0, 3, ROWS)
    weights[::7] = 0
    weights[100:150] = 0  # a block of 50 in which no row counts
    return X, y, weights


X, Y, W = data()


class Source:
    """Blocks of so many rows, with the weights that are given."""

    def __init__(self, size, weights=W, *, told=True):
        self.size, self.weights = size, weights
        if told:
            self.rows = [len(self[k][0]) for k in range(len(self))]

    def __len__(self):
        return (ROWS - 1) // self.size + 1

    def __getitem__(self, k):
        if not 0 <= k < len(self):
            raise IndexError(k)
        of = slice(k * self.size, (k + 1) * self.size)
        pair = X[of], Y[of]
        return pair if self.weights is None else (*pair, self.weights[of])


def network(dtype="float64"):
    return wb.Network.mlp([4, 8, 1], "tanh", output_activation="sigmoid", seed=1, dtype=dtype)


def fit(rows, **options):
    net = network(options.pop("dtype", "float64"))
    given = rows if isinstance(rows, tuple) else (rows,)
    settings = {"loss": LOSS, "epochs": 3, "metrics": METRICS, "optimizer": "adam(0.01)"} | options
    history = net.fit(*given, **settings)
    return net, {name: getattr(history, name) for name in history.names}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [50, 47, 600])
def test_a_source_has_the_bits_of_arrays(size, threads, dtype):
    options = {"n_threads": threads, "dtype": dtype}
    for shuffle in (False, True):
        expected = fit((X, Y), sample_weight=W, shuffle=shuffle, dtype=dtype)
        assert fit(Source(size), shuffle=shuffle, **options) == expected
        assert fit(Source(size, told=False), shuffle=shuffle, **options) == expected


@pytest.mark.parametrize("weights", [W, W.astype("f4"), np.arange(ROWS) % 3])
def test_any_type_of_weights(weights):
    expected = fit((X, Y), sample_weight=weights, shuffle=False)
    assert fit(Source(50, weights), shuffle=False) == expected


def test_blocks_of_arrays_and_maps(tmp_path):
    np.save(tmp_path / "w.npy", W)
    mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
    expected = fit((X, Y), sample_weight=W, shuffle="blocks", shuffle_window=2)
    for weights in (W, mapped):
        # arrays go by blocks of 4096 rows: these are one
        source = wb.data.Blocks(X, Y, sample_weight=weights)
        assert fit(source, shuffle="blocks", shuffle_window=2) == expected
    small = [fit(wb.data.Blocks(X, Y, 50, sample_weight=w), shuffle="blocks") for w in (W, mapped)]
    assert small[0] == small[1] == fit(Source(50), shuffle="blocks")
    whole = fit((X, Y), sample_weight=W)
    assert fit(wb.data.Blocks(X, Y, 50, sample_weight=mapped)) == whole
    assert [len(part) for part in wb.data.Blocks(X, Y, 50, sample_weight=W)[3]] == [50] * 3


@pytest.mark.parametrize("size", [30, 128, 600])
@pytest.mark.parametrize("threads", [1, 2])
def test_evaluation_and_validation(size, threads):
    net = network()
    options = {"loss": LOSS, "metrics": RANKS, "n_threads": threads}
    expected = net.evaluate(X, Y, sample_weight=W, **options)
    assert net.evaluate(Source(size), **options) == expected
    assert net.evaluate(Source(size, None), **options) == net.evaluate(X, Y, **options) != expected
    ours = fit(Source(size), shuffle=False, metrics=RANKS, validation_data=Source(70))
    assert ours == fit((X, Y), sample_weight=W, shuffle=False, metrics=RANKS,
                       validation_data=(X, Y, W))  # fmt: skip
    assert [name for name in ours[1] if "roc" in name] == ["val_roc_auc"]


def of_weights(outputs, targets, sample_weight):
    weights, d = sample_weight[:, None], outputs - targets[:, None]
    return (weights * d**2).sum() / weights.sum(), 2 * weights * d / weights.sum()


def test_a_function_gets_the_weights_of_its_rows():
    options = {"loss": of_weights, "metrics": ["rmse"], "batch_size": 50, "shuffle": False}
    ours = fit(Source(50), validation_data=Source(40), **options)
    arrays = fit((X, Y), sample_weight=W, validation_data=(X, Y, W), **options)
    np.testing.assert_array_equal(ours[0].parameters, arrays[0].parameters)
    assert ours[1] == arrays[1]
    assert np.isfinite(ours[1]["loss"]).all()  # a batch in which no row counts is not asked about


def test_it_goes_on_in_the_middle_of_an_epoch():
    class Stop:
        def after_batch(self, run):
            return run.step == 7

    net, same = network(), network()
    options = {"loss": LOSS, "metrics": METRICS, "optimizer": "adam", "shuffle": "blocks"}
    net.fit(Source(50), epochs=2, callbacks=[Stop()], **options)
    assert 0 < net.optimizer.state(net).position.weight_sum < W.sum()
    net.fit(Source(50), epochs=2, **options)
    history = same.fit(Source(50), epochs=2, **options)
    assert net == same
    assert net.history.loss == history.loss
    assert net.history.f1 == history.f1


@pytest.mark.parametrize("loss", [LOSS, "mae", "quantile(0.3)"])
def test_biases_of_priors(loss):
    net, same = (wb.Network.mlp([X.shape[1], 4, 1], seed=1) for _ in range(2))
    net.start_at_prior(Source(50), loss=loss)
    same.start_at_prior(Y, loss=loss, sample_weight=W)
    assert net == same


def test_a_fit_begins_at_the_prior_of_a_source():
    ours = fit(Source(50), shuffle=False, bias_init="prior")
    assert ours == fit((X, Y), sample_weight=W, shuffle=False, bias_init="prior")


def mine(outputs, targets):
    return float(abs(outputs - targets).mean())


def test_functions_as_metrics_where_rows_are_in_memory():
    for metrics in ([mine], [{"cost": mine}]):
        name = "mine" if callable(metrics[0]) else "cost"
        ours = fit(Source(50), shuffle=True, metrics=metrics)
        assert ours == fit((X, Y), sample_weight=W, metrics=metrics)
        by_blocks = fit((X, Y), sample_weight=W, shuffle="blocks", metrics=metrics)
        net = by_blocks[0]
        assert by_blocks[1][name][-1] == mine(net.predict(X), Y[:, None])
        validated = fit(Source(50), shuffle=False, metrics=metrics, validation_data=(X, Y, W))
        assert validated[1]["val_" + name][-1] == mine(validated[0].predict(X), Y[:, None])


REFUSED = [
    (
        lambda: fit(Source(50), sample_weight=W),
        TypeError,
        "[fit] expected no sample_weight beside a source, whose blocks may be",
    ),
    (
        lambda: fit(Source(50), class_weight="balanced"),
        TypeError,
        "[fit] expected no class_weight beside a source, whose blocks may be",
    ),
    (
        lambda: fit((X, Y), class_weight="balanced", validation_data=Source(50)),
        TypeError,
        "[fit, validation_data] expected no class_weight beside a source",
    ),
    (
        lambda: network().evaluate(Source(50), loss=LOSS, sample_weight=W),
        TypeError,
        "[evaluate] expected no sample_weight beside a source",
    ),
    (
        lambda: network().evaluate(Source(50), loss=LOSS, class_weight={0: 2}),
        TypeError,
        "[evaluate] expected no class_weight beside a source",
    ),
    (
        lambda: network().start_at_prior(Source(50), loss=LOSS, class_weight={0: 2}),
        TypeError,
        "[start_at_prior] expected no class_weight beside a source",
    ),
    (
        lambda: fit(Source(50), metrics=["roc_auc"], shuffle=False),
        ValueError,
        "[fit] expected validation_data for the metric roc_auc beside a source",
    ),
    (
        lambda: fit((X, Y), metrics=["average_precision(0)"], shuffle="blocks"),
        ValueError,
        (
            "[fit] expected validation_data for the metric average_precision(0) beside a source or "
            "shuffle='blocks', got none"
        ),
    ),
    (
        lambda: fit(Source(50), metrics=[mine], shuffle=False),
        ValueError,
        (
            "[fit] expected metrics with names of wbcore.metrics for rows that are read from a "
            "source, got the function mine"
        ),
    ),
    (
        lambda: fit((X, Y), metrics=[mine], validation_data=Source(50)),
        ValueError,
        "[fit, validation_data] expected metrics with names",
    ),
    (
        lambda: network().evaluate(Source(50), loss=LOSS, metrics=[mine]),
        ValueError,
        "[evaluate] expected metrics with names",
    ),
    (
        lambda: fit(Source(50), loss=lambda outputs, _: (0.0, 0 * outputs), metrics=[]),
        ValueError,
        "[fit] expected no sample_weight with the function as loss",
    ),
    (
        lambda: fit(Source(50, np.where(np.arange(ROWS) == 207, np.nan, 1.0)), shuffle=False),
        ValueError,
        (
            "[fit] expected sample_weight of numbers from 0 to 1e18, got nan at sample_weight[7] "
            "(block 4 of the source)"
        ),
    ),
    (
        lambda: fit(Source(50, np.zeros(ROWS)), shuffle=False),
        ValueError,
        "[fit] expected weights of rows with a number of at least 1e-18, got none",
    ),
    (
        lambda: network().evaluate(Source(50, np.full(ROWS, 1e-19)), loss=LOSS),
        ValueError,
        "[evaluate] expected weights of rows with a number of at least 1e-18, got none",
    ),
    (
        lambda: wb.data.Blocks(X, Y, sample_weight=W[1:]),
        ValueError,
        "[Blocks] expected sample_weight of shape (600,), one for each row of X, got shape (599,)",
    ),
    (
        lambda: wb.data.Blocks(X, sample_weight=W),
        ValueError,
        "[Blocks] expected y beside sample_weight, got none",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_refused(call, error, text):
    with pytest.raises(error, match="^" + re.escape(text)):
        call()


def test_what_is_refused_changes_nothing():
    bad = np.where(np.arange(ROWS) == 407, -1.0, 1.0)
    for weights in (bad, np.zeros(ROWS)):
        net = network()
        with pytest.raises(ValueError, match="weight"):
            net.fit(Source(50, weights), loss=LOSS, optimizer="adamw(0.1)", shuffle=False)
        assert net == network()


def tables(folder):
    """Of Parquet, Arrow and Arrow in a file, each with the weights in a column w."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {f"c{j}": X[:, j] for j in range(4)} | {"y": Y, "w": W}
    table = pa.Table.from_batches(pa.table(columns).to_batches(max_chunksize=130))
    parquet.write_table(table, folder / "rows.parquet", row_group_size=130)
    path = folder / "rows.arrow"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=130)
    of = {"targets": "y", "sample_weight": "w"}
    yield wb.data.Parquet(folder / "rows.parquet", **of)
    yield wb.data.Arrow(table, **of)
    yield wb.data.Arrow(path, **of)


def test_a_column_of_a_table(tmp_path):
    alike = fit(Source(130), shuffle="blocks")
    for source in tables(tmp_path):
        assert source.columns == ("c0", "c1", "c2", "c3")
        assert len(source[0]) == 3
        assert fit(source, shuffle="blocks") == alike
    pair = wb.data.Parquet(tmp_path / "rows.parquet", "y")[0]
    assert len(pair) == 2
    assert pair[0].shape[1] == 5, "without a word a column of weights is an input"
    for given, error, text in (
        ("v", ValueError, "expected columns among c0, c1, c2, c3, y, w, each name once, got 'v'"),
        (W, TypeError, "expected sample_weight to be the name of a column, got an array of"),
    ):
        with pytest.raises(error, match=text):
            wb.data.Parquet(tmp_path / "rows.parquet", "y", sample_weight=given)


def test_files_with_weights(tmp_path):
    alike = fit(Source(130), shuffle="blocks")
    packed, paths = [], {"X": [], "y": [], "w": []}
    for k in range(len(Source(130))):
        named = dict(zip(paths, Source(130)[k], strict=True))
        packed.append(tmp_path / f"{k}.npz")
        np.savez(packed[-1], **named)
        for name, array in named.items():
            paths[name].append(tmp_path / f"{name}{k}.npy")
            np.save(paths[name][-1], array)
    assert fit(wb.data.Files(packed, names=("X", "y", "w")), shuffle="blocks") == alike
    files = wb.data.Files(paths["X"], paths["y"], sample_weight=paths["w"])
    assert fit(files, shuffle="blocks") == alike
    with pytest.raises(ValueError, match="as many files of sample_weight as of X, 5, got 1"):
        wb.data.Files(paths["X"], paths["y"], sample_weight=paths["w"][:1])
    with pytest.raises(ValueError, match=r"files .npz to have sample_weight in them, got files"):
        wb.data.Files(packed, sample_weight=packed)
    with pytest.raises(ValueError, match="expected names of X and y, and perhaps of weights"):
        wb.data.Files(packed, names=("X",))
