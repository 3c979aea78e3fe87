"""Rows that a fit holds out to validate by: which, and that nothing is copied for it."""

import itertools
import tracemalloc

import numpy as np
import pytest
from small_network import LABELS, TARGETS, X, network, settings

import wbcore as wb
from wbcore import reference

SIZES = [2, 3, 5, 50, 257]
FRACTIONS = [1e-9, 0.1, 0.25, 1 / 3, 0.5, 0.9, 1 - 1e-9]


@pytest.mark.parametrize("classes", [None, 2, 7])
@pytest.mark.parametrize(("n", "fraction"), list(itertools.product(SIZES, FRACTIONS)))
def test_rows_are_the_references(n, fraction, classes):
    of_rows = None if classes is None else np.random.default_rng(n).integers(0, classes, n)
    seed = 2**64 - n
    found = wb.random.held_out_rows(n, fraction, seed, of_rows)
    expected = reference.held_out_rows(n, fraction, seed, of_rows)
    assert [rows.tolist() for rows in found] == list(expected)
    training, validation = found
    assert sorted([*training, *validation]) == list(range(n))
    assert len(validation) == min(max(int(fraction * n + 0.5), 1), n - 1)


@pytest.mark.parametrize("fraction", FRACTIONS)
def test_each_class_gives_its_share(fraction):
    classes = np.repeat([0, 1, 2, 3], [3, 100, 11, 400])
    np.random.default_rng(0).shuffle(classes)
    _, validation = wb.random.held_out_rows(len(classes), fraction, 1, classes)
    share = len(validation) / len(classes)
    for label, count in enumerate(np.bincount(classes)):
        assert abs((classes[validation] == label).sum() - share * count) < 1


def test_every_row_is_as_likely():
    counts = np.zeros(20)
    for seed in range(2000):
        counts[wb.random.held_out_rows(20, 0.25, seed)[1]] += 1
    assert abs(counts / 2000 - 0.25).max() < 0.06  # six standard deviations


PROBLEMS = {
    "labels": ("cross_entropy", LABELS, LABELS, network),
    "shares": ("cross_entropy", np.eye(3)[LABELS] * 0.8 + 0.2 / 3, LABELS, network),
    "numbers": ("mse", TARGETS, None, network),
    "one decision": (
        "binary_cross_entropy",
        (LABELS > 0).astype(float),
        (LABELS > 0).astype(int),
        lambda: wb.Network.mlp([6, 5, 1], seed=1, dtype="float64"),
    ),
    "several decisions": ("binary_cross_entropy", (TARGETS > 0).astype(float), None, network),
}


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, "scaled", "list"])
def test_it_is_a_fit_of_the_other_rows(name, shuffle, layout):
    loss, y, classes, made = PROBLEMS[name]
    if name == "one decision" and layout == "list":
        y = y.tolist()
    options = settings(
        loss=loss, optimizer="adam(0.01)", shuffle=shuffle, seed=7, batch_size=9, track="epoch"
    )
    rows, held = wb.random.held_out_rows(50, 0.3, 7, classes)
    given = {"scaled": wb.Scaled(X, 0.5), "list": X.tolist()}.get(layout) if isinstance(
        layout, str
    ) else layout(X)  # fmt: skip
    factor = 0.5 if layout == "scaled" else 1.0
    net, other = made(), made()
    found = net.fit(given, y, **options, validation_fraction=0.3)
    targets = np.asarray(y)
    expected = other.fit(
        X[rows] * factor,
        targets[rows],
        **options,
        validation_data=(X[held] * factor, targets[held]),
    )
    assert net.parameters.tobytes() == other.parameters.tobytes()
    assert found == expected


@pytest.mark.parametrize("n_threads", [1, 3])
def test_metrics_and_threads(n_threads):
    rng = np.random.default_rng(0)
    many, y = rng.standard_normal((900, 30)).astype(np.float32), rng.standard_normal((900, 3))
    options = {"loss": "mse", "metrics": ["r2", "mae"], "epochs": 2, "seed": 2, "batch_size": 256}
    rows, held = wb.random.held_out_rows(900, 0.4, 2)
    nets = [wb.Network.mlp([30, 80, 3], seed=0) for _ in range(2)]
    found = nets[0].fit(many, y, **options, validation_fraction=0.4, n_threads=n_threads)
    expected = nets[1].fit(
        many[rows], y[rows], **options, validation_data=(many[held], y[held]), n_threads=1
    )
    assert nets[0] == nets[1]
    assert found == expected


def test_nothing_is_copied():
    big = np.zeros((20_000, 200), np.float32)
    y = np.zeros(20_000)
    net = wb.Network.mlp([200, 2, 1], seed=0)
    tracemalloc.start()
    net.fit(big, y, loss="mse", validation_fraction=0.5, batch_size=100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < big.nbytes / 8


@pytest.mark.parametrize("row", [0, 17, 49])
def test_a_bad_number_is_refused_before_anything_changes(row):
    bad = X.copy()
    bad[row, 2] = np.inf
    net = network()
    before = net.copy()
    with pytest.raises(
        ValueError, match=rf"\[fit\] expected finite values in X, got inf at X\[{row}, 2"
    ):
        net.fit(bad, LABELS, **settings(validation_fraction=0.5, epochs=2))
    assert net == before
    assert net.history is None


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, -0.1, 1.5, float("nan")])
def test_fractions_that_are_refused(value):
    with pytest.raises(
        ValueError, match=r"\[fit\] expected validation_fraction to be a number abo"
    ):
        network().fit(X, LABELS, **settings(validation_fraction=value))
    with pytest.raises(
        ValueError, match=r"\[held_out_rows\] expected fraction to be a number abov"
    ):
        wb.random.held_out_rows(9, value)


def test_other_refusals():
    net = network()
    with pytest.raises(TypeError, match=r"\[fit\] expected validation_fraction to be a number"):
        net.fit(X, LABELS, **settings(validation_fraction="0.1"))
    with pytest.raises(ValueError, match=r"validation_data or validation_fraction, got both"):
        net.fit(X, LABELS, **settings(validation_fraction=0.1, validation_data=(X, LABELS)))
    with pytest.raises(ValueError, match=r"\[fit\] expected X with at least 2 rows"):
        net.fit(X[:1], LABELS[:1], **settings(validation_fraction=0.1))
    with pytest.raises(ValueError, match=r"\[held_out_rows\] expected n to be an integer from 2"):
        wb.random.held_out_rows(1, 0.5)
    for classes in (LABELS, LABELS * 1.0, [[0, 1]]):
        with pytest.raises(ValueError, match=r"\[held_out_rows\] expected classes to be integers"):
            wb.random.held_out_rows(2, 0.5, classes=classes)


def test_labels_that_change_meanwhile_are_refused():
    y = LABELS.copy()
    net = network()

    def callback(*_):
        y[:] = 99

    with pytest.raises(ValueError, match=r"expected class labels y in \[0, 3\), got 99"):
        net.fit(X, y, **settings(validation_fraction=0.5, callback=callback))
    assert len(net.history) == 1
