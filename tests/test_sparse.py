"""Sparse matrices as X: the bits of the array that `toarray` makes, without making it."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

import wbcore as wb

ROWS, COLUMNS = 70, 21
LABELS = np.random.default_rng(1).integers(0, 3, ROWS)
WEIGHTS = np.random.default_rng(2).random(ROWS)
DTYPES = ["?", "i1", "i4", "i8", "u1", "u8", "f4", "f8", "longdouble"]
FORMATS = ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]


def given(dtype="f8", columns=COLUMNS, kind=sp.csr_array, density=0.3):
    rng = np.random.default_rng(0)
    values = rng.integers(1, 100, (ROWS, columns)) * (rng.random((ROWS, columns)) < density)
    values[3], values[4] = 0, 5  # a row without numbers, and one full of them
    return kind((values / 7 if np.dtype(dtype).kind == "f" else values).astype(dtype))


def network(columns=COLUMNS, dtype="float32", **options):
    return wb.Network.mlp([columns, 5, 3], "tanh", seed=1, dtype=dtype, **options)


def fitted(X, dtype="float32", **options):
    """Parameters and history of a training on X."""
    net = network(X.shape[1], dtype)
    options = {"epochs": 2, "batch_size": 16, "optimizer": wb.Adam(0.01)} | options
    history = net.fit(X, LABELS, loss="cross_entropy", **options)
    record = {name: series for name, series in history._record.items() if name != "seconds"}
    return net.parameters.tobytes(), str(record)


def computed(X, dtype="float32"):
    """What every other method makes of X."""
    net, loss = network(X.shape[1], dtype), "cross_entropy"
    value, grads = net.loss_and_gradients(X, LABELS, loss, sample_weight=WEIGHTS)
    forward = net.forward(X)
    backward = net.backward(np.ones((ROWS, 3)))
    step = net.copy()
    one = step.partial_fit(X, LABELS, loss=loss, sample_weight=WEIGHTS)
    arrays = [
        grads.flat,
        forward,
        backward.flat,
        backward.inputs,
        step.parameters,
        net.predict(X),
        net.predict(X, np.empty((ROWS, 3), dtype)),
        net.predict(X, n_threads=2),
        net.predict_proba(X, loss=loss),
        *net.activations(X),
        net.freeze()(X),
        net.freeze()(X, out=np.empty((ROWS, 3), dtype)),
    ]
    found = net.evaluate(
        X, LABELS, loss=loss, metrics=["accuracy", "log_loss"], sample_weight=WEIGHTS
    )
    return [value, one, str(found), *(a.tobytes() for a in arrays)]


def same(X, **options):
    return computed(X, **options) == computed(X.toarray(), **options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DTYPES)
def test_dtypes(name, dtype):
    X = given(name)
    assert same(X, dtype=dtype)
    assert fitted(X, dtype) == fitted(X.toarray(), dtype)


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
def test_formats(form, kind):
    X = getattr(sp, f"{form}_{kind}")(given())
    before = pickle.dumps(X)
    assert same(X)
    assert fitted(X) == fitted(X.toarray())
    assert pickle.dumps(X) == before


@pytest.mark.parametrize("columns", [1, 15, 16, 17, 300])
@pytest.mark.parametrize("index", ["i4", "i8"])
def test_widths_and_indices(columns, index):
    X = given("f4", columns)
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    assert same(X)
    mixed = X.copy()
    mixed.indices, mixed.indptr = mixed.indices.astype("u2"), mixed.indptr.astype(">i4")
    assert computed(mixed) == computed(X)
    strided = X.copy()
    strided.data, strided.indices = np.repeat(X.data, 2)[::2], np.repeat(X.indices, 3)[::3]
    assert computed(strided) == computed(X)
    swapped = X.copy()
    swapped.data = X.data.astype(">f4")
    assert computed(swapped) == computed(X)


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("shuffle", ["rows", "blocks", False])
def test_orders_and_threads(shuffle, n_threads):
    X = given()
    options = {"shuffle": shuffle, "n_threads": n_threads, "metrics": ["accuracy"], "epochs": 3}
    expected = fitted(X.toarray(), **{**options, "n_threads": 1})
    assert fitted(X, **options) == expected
    assert fitted(X, **(options | {"seed": 5})) != expected or not shuffle


def own(outputs, targets):
    return float(np.abs(outputs).sum() + targets.sum())


@pytest.mark.parametrize(
    "options",
    [
        {"validation_fraction": 0.3, "metrics": ["accuracy", "f1(1)"]},
        {"validation_fraction": 0.3, "metrics": {"own": own}},
        {"sample_weight": WEIGHTS, "metrics": ["accuracy", {"own": own}]},
        {"class_weight": "balanced", "bias_init": "prior"},
        {"batch_size": 1},
        {"batch_size": ROWS, "optimizer": wb.LBFGS(), "metrics": ["accuracy"], "epochs": 4},
        {"track": "epoch"},
        {"shuffle": lambda epoch: np.random.default_rng(epoch).integers(0, ROWS, 50)},
    ],
    ids=" ".join,
)
def test_options_of_fit(options):
    X = given()
    assert fitted(X, **options) == fitted(X.toarray(), **options)


def test_validation_data():
    X, others = given(), given("u1")[:30]
    for form in FORMATS:
        sparse = {"validation_data": (others.asformat(form), LABELS[:30]), "metrics": ["accuracy"]}
        dense = sparse | {"validation_data": (others.toarray(), LABELS[:30])}
        assert fitted(X, **sparse) == fitted(X.toarray(), **dense)


@pytest.mark.parametrize("name", ["u1", "f4", "f8"])
@pytest.mark.parametrize("factor", [1 / 255, -0.3, 0])
def test_scaled(name, factor):
    X = given(name)
    scaled, dense = wb.Scaled(X, factor), wb.Scaled(X.toarray(), factor)
    for options in ({}, {"shuffle": "blocks"}, {"validation_fraction": 0.2, "metrics": {"o": own}}):
        assert fitted(scaled, **options) == fitted(dense, **options)
    assert computed(scaled) == computed(dense)
    assert np.asarray(scaled).tobytes() == np.asarray(dense).tobytes()
    assert computed(pickle.loads(pickle.dumps(scaled))) == computed(dense)
    assert len(scaled[2:5]) == 3
    assert (np.asarray(scaled[[4, 1]]) == np.asarray(dense[[4, 1]])).all()
    assert "sparse matrix of shape (70, 21)" in repr(scaled)
    assert scaled.dtype == dense.dtype


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("name", ["u1", "f4", "f8"])
def test_standardized(name, kind):
    X = given(name, kind=kind)
    sparse, dense = wb.Standardized(X), wb.Standardized(X.toarray())
    assert sparse.mean.tobytes() == dense.mean.tobytes()
    assert sparse.scale.tobytes() == dense.scale.tobytes()
    assert computed(sparse) == computed(dense)
    for options in ({}, {"shuffle": "blocks"}, {"validation_fraction": 0.2}):
        assert fitted(sparse, **options) == fitted(dense, **options)
    assert np.asarray(sparse).tobytes() == np.asarray(dense).tobytes()
    assert np.asarray(sparse[3]).tobytes() == np.asarray(dense[3]).tobytes()
    assert np.asarray(sparse[2:4]).tobytes() == np.asarray(dense[2:4]).tobytes()
    assert computed(pickle.loads(pickle.dumps(sparse))) == computed(dense)
    assert len(sparse) == ROWS
    assert not sparse.is_source
    assert "sparse matrix" in repr(sparse)
    given_numbers = wb.Standardized(X, mean=dense.mean, scale=dense.scale)
    assert computed(given_numbers) == computed(dense)


def test_standardized_rows_in_pieces(monkeypatch):
    monkeypatch.setattr("wbcore._moments._MOST", 1)
    X = sp.vstack([given()] * 5).tocsr()
    assert wb.Standardized(X).scale.tobytes() == wb.Standardized(X.toarray()).scale.tobytes()


@pytest.mark.parametrize("name", ["i1", "f4", "f8", "?"])
def test_columns_in_any_order_and_twice(name):
    """As `toarray` has it: sums in their order, in the dtype of the data."""
    rng = np.random.default_rng(3)
    starts = np.arange(0, 8 * ROWS + 1, 8)
    columns = rng.integers(0, COLUMNS, 8 * ROWS)
    numbers = (rng.normal(size=8 * ROWS) * 100).astype(name)
    X = sp.csr_array((numbers, columns, starts), shape=(ROWS, COLUMNS))
    X.data[5] = -0.0
    kept = X.data.tobytes(), X.indices.tobytes(), X.indptr.tobytes()
    assert not X.copy().has_canonical_format
    assert computed(X) == computed(X.toarray())
    assert fitted(X) == fitted(X.toarray())
    assert kept == (X.data.tobytes(), X.indices.tobytes(), X.indptr.tobytes())
    backwards = given(name)
    for row in range(ROWS):
        part = slice(backwards.indptr[row], backwards.indptr[row + 1])
        backwards.indices[part] = backwards.indices[part][::-1].copy()
    assert computed(backwards) == computed(backwards.toarray())


def test_zeros_that_are_stored():
    X = given("f8")
    X.data[::3], X.data[1::5], X.data[2::7] = 0, -0.0, -1e-300
    net = wb.Network.mlp([COLUMNS, 3], activation="identity", seed=0)
    net[0].biases[:] = -0.0  # which shows the sign of a zero
    for view in (lambda X: X, lambda X: wb.Scaled(X, -1), wb.Standardized):
        assert net.predict(view(X)).tobytes() == net.predict(view(X.toarray())).tobytes()
        assert computed(view(X)) == computed(view(X.toarray()))


def test_a_checkpoint_of_the_array_goes_on_with_the_sparse_rows(tmp_path):
    X = given("f4")
    options = {"loss": "cross_entropy", "batch_size": 16, "optimizer": "adam"}
    whole = network()
    whole.fit(X.toarray(), LABELS, epochs=4, **options)
    views = [lambda X: X, lambda X: X.tocsc(), lambda X: wb.Scaled(X, 1), lambda X: X.toarray()]
    for i, before in enumerate(views):
        for after in views:
            path = tmp_path / f"{i}"
            net = network()
            net.fit(before(X), LABELS, epochs=2, checkpoint=path, resume=False, **options)
            net = network()
            net.fit(after(X), LABELS, epochs=4, resume=path, **options)
            assert net.parameters.tobytes() == whole.parameters.tobytes()
    changed = X.copy()
    changed.data[7] += 1
    with pytest.raises(ValueError, match="X"):
        network().fit(changed, LABELS, epochs=4, resume=path, **options)


@pytest.mark.parametrize("shuffle", [True, "blocks", False])
def test_blocks_of_sparse_rows(shuffle):
    X = given()
    options = {"shuffle": shuffle, "loss": "cross_entropy", "batch_size": 16, "epochs": 2}
    nets = [network(), network()]
    for net, rows in zip(nets, (X, X.toarray()), strict=True):
        net.fit(wb.data.Blocks(rows, LABELS, rows=32), **options)
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    source = wb.data.Blocks(X, rows=32)
    assert (nets[0].predict(source) == nets[0].predict(X)).all()
    for wrong in ({"y": X}, {"y": LABELS, "sample_weight": X[:, [0]]}):
        with pytest.raises(TypeError, match=r"a sparse csr_array; pass .*toarray\(\)"):
            wb.data.Blocks(X, **wrong)


def test_sparse_targets_and_blocks_are_refused_with_what_to_pass():
    X, targets = given(), sp.csr_matrix(np.eye(3)[LABELS])
    net = network()
    for call in (net.fit, net.evaluate, net.loss_and_gradients, net.partial_fit):
        with pytest.raises(TypeError, match=r"y .*a sparse csr_matrix; pass y\.toarray\(\)"):
            call(X, targets, loss="cross_entropy")
    with pytest.raises(TypeError, match=r"X of block 0 .*a sparse csr_array; pass it\.toarray\(\)"):
        net.fit([(X, LABELS)], loss="cross_entropy", shuffle=False)


def test_shapes_that_are_refused():
    net = network()
    for X, text in [
        (given(columns=4), r"X has 4 columns but the first layer takes 21: .* got \(70, 4\)"),
        (given()[:0], r"expected X with at least one row, got shape \(0, 21\)"),
    ]:
        for call in (net.predict, net.forward, net.activations, net.freeze()):
            with pytest.raises(ValueError, match=text):
                call(X)
        with pytest.raises(ValueError, match=text):
            net.fit(X, LABELS, loss="cross_entropy")
    with pytest.raises(ValueError, match=r"\[Standardized\] expected X of shape \(B, I\)"):
        wb.Standardized(given()[:0])


def broken(**parts):
    X = given()
    for name, (at, value) in parts.items():
        array = getattr(X, name).copy()
        array[at] = value
        setattr(X, name, array)
    return X


FAULTS = {
    "a column beyond": ({"indices": (7, 21)}, r"expected X.indices in \[0, 21\), got .*\[7\]"),
    "a negative column": ({"indices": (0, -1)}, r"expected X.indices in \[0, 21\), got .*\[0\]"),
    "a first start": (
        {"indptr": (0, 1)},
        r"expected X.indptr to ascend from 0 to .*, got 1 at X.indptr.0",
    ),
    "a start beyond": ({"indptr": (5, 9999)}, r"expected X.indptr to ascend from 0 to .*\[4\]"),
    "a negative start": ({"indptr": (0, -3)}, r"expected X.indptr to ascend from 0 to .*\[0\]"),
    "falling starts": ({"indptr": (5, 2)}, r"expected X.indptr to ascend from 0 to .*\[4\]"),
    "NaN": ({"data": (0, np.nan)}, r"expected finite values in X, got nan at X\[0, 3\]"),
    "too large": ({"data": (0, 1e300)}, r"got 1e\+300, which is infinite in float32, at X\[0, 3\]"),
}


@pytest.mark.parametrize(("parts", "text"), FAULTS.values(), ids=FAULTS)
def test_faults_are_named(parts, text):
    X, net = broken(**parts), network()
    assert given().indices[0] == 3
    before = net.parameters.tobytes()
    y = {"y": LABELS, "loss": "cross_entropy"}
    for call in (net.predict, net.forward, net.activations, net.freeze()):
        with pytest.raises(ValueError, match=text):
            call(X)
    with pytest.raises(ValueError, match=text):
        net.predict(X, np.empty((ROWS, 3), "f4"))
    for call in (net.fit, net.evaluate, net.loss_and_gradients, net.partial_fit):
        with pytest.raises(ValueError, match=text):
            call(X, **y)
    with pytest.raises(ValueError, match=text):
        net.fit(given(), **y, validation_data=(X, LABELS))
    assert net.parameters.tobytes() == before


def test_parts_that_are_refused():
    net = network()
    for name, value, error, text in [
        ("indptr", np.arange(5), ValueError, r"expected X.indptr of shape \(71,\), got \(5,\)"),
        ("indices", np.arange(5), ValueError, r"expected X.indices of shape .*, as X.data has"),
        ("indices", given().indices * 1.0, TypeError, "X.indices as an array of integers, got"),
        ("data", given().data + 1j, TypeError, "expected X.data .* real numbers, got dtype comp"),
        ("data", given().data[:, None], ValueError, "expected X.data with one dimension"),
    ]:
        X = given()
        setattr(X, name, value)
        with pytest.raises(error, match=text):
            net.predict(X)
        with pytest.raises(error, match=text):
            net.fit(X, LABELS, loss="cross_entropy")


@pytest.mark.parametrize("part", ["indices", "indptr", "data"])
def test_arrays_that_a_callback_changes(part):
    """Nothing is read beside them, and the last epoch without is kept."""
    X, net = given(), network()
    kept = []

    def change(epoch, history):
        if epoch == 1:
            kept.append(net.parameters.tobytes())
            getattr(X, part)[:] = np.nan if part == "data" else 2**30

    with pytest.raises(ValueError, match=r"\[fit\] expected (finite values in )?X"):
        net.fit(X, LABELS, loss="cross_entropy", epochs=9, batch_size=16, callback=change)
    assert [net.parameters.tobytes()] == kept


def test_parts_that_a_callback_replaces_or_resizes():
    X, expected = given(), fitted(given(), epochs=4)
    arrays = [X.data, X.indices, X.indptr]

    def change(epoch, history):
        for array in arrays:
            with pytest.raises(ValueError, match="resize"):
                array.resize(10**6, refcheck=False)
        X.data = X.indices = X.indptr = np.zeros(0, "i4")

    found = fitted(X, epochs=4, callback=change)
    assert found == expected


def test_out_that_is_a_part_of_X():
    memory = np.ones(ROWS * 3 + 3, "f4")
    starts = np.minimum(np.arange(ROWS + 1), ROWS)
    X = sp.csr_array((memory[:ROWS], np.zeros(ROWS, "i4"), starts), shape=(ROWS, COLUMNS))
    X.data = memory[:ROWS]
    with pytest.raises(ValueError, match="expected out apart from X"):
        network().predict(X, memory[: ROWS * 3].reshape(ROWS, 3))


def test_scipy_is_not_imported():
    program = (
        "import sys, numpy as np, wbcore as wb; net = wb.Network.mlp([2, 1], seed=0);"
        "net.fit(np.ones((4, 2)), np.ones(4), loss='mse'); net.predict(np.ones((4, 2)));"
        "from wbcore import _sparse; assert 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


MEMORY = """
import sys
import numpy as np, scipy.sparse as sp, wbcore as wb

rows, columns, each = 20_000, 5_000, 5
indices = np.random.default_rng(0).integers(0, columns // each, (rows, each))
indices += np.arange(each) * (columns // each)
parts = np.ones(rows * each, "f4"), indices.ravel(), np.arange(rows + 1) * each
X = sp.csr_array(parts, shape=(rows, columns)).asformat(sys.argv[1])
y = np.zeros(rows, "f4")
net = wb.Network.mlp([columns, 4, 1], "relu", seed=0)
status = lambda: dict(line.split(":") for line in open("/proc/self/status"))
peak = lambda: 1024 * int(status()["VmHWM"].split()[0])  # ru_maxrss begins with the parent's
before = peak()
net.fit(X, y, loss="mse", batch_size=128, validation_fraction=0.1, n_threads=2)
net.predict(X)
net.freeze()(X)
net.evaluate(X, y, loss="mse")
print(peak() - before)
"""


@pytest.mark.uninstrumented
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("form", ["csr", "csc"])
def test_memory_is_that_of_batches(form):
    """Of 400 MB that the array would take."""
    run = [sys.executable, "-c", MEMORY, form]
    found = int(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
    assert found < 50 * 2**20


@pytest.mark.parametrize("kind", ["csc", "bsr", "coo"])
@pytest.mark.parametrize("part", ["places", "starts"])
def test_parts_of_other_formats_that_do_not_belong_together_are_refused(kind, part):
    """Before scipy's own `tocsr` follows them out of memory."""
    X = sp.random(50, 10, 0.3, format="csr", random_state=0).asformat(kind)
    if kind == "coo":
        getattr(X, "row" if part == "starts" else "col")[3] = 99
    elif part == "starts":
        X.indptr[1] = 10**7
    else:
        X.indices[-1] = 99
    net = wb.Network.mlp([10, 4, 2])
    before = net.parameters.tobytes()
    with pytest.raises(
        ValueError, match=rf"\[predict\] expected X to be a sparse .* {kind.upper()}"
    ):
        net.predict(X)
    assert net.parameters.tobytes() == before
