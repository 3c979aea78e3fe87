"""Standardisation, and that folding it into the network leaves the function as it was."""

import numpy as np
import pytest

import wbcore as wb
from wbcore.cli.data import split
from wbcore.cli.scaling import FOLD_TOLERANCE, Scaling, checked_scaling, fold

ROWS = 400


@pytest.fixture
def X():
    """Columns of very different size and spread, one of them constant."""
    rng = np.random.default_rng(0)
    columns = [
        rng.normal(0, 1, ROWS),
        rng.normal(1013, 8, ROWS),
        rng.normal(-3e-7, 1e-7, ROWS),
        np.full(ROWS, 0.1),
        rng.integers(0, 2, ROWS),
        rng.normal(2e6, 3e5, ROWS),
    ]
    return np.stack(columns, axis=1)


def network(widths, activation="tanh"):
    net = wb.Network.mlp(widths, activation=activation, seed=1)
    rng = np.random.default_rng(1)
    for layer in net:
        layer.biases[...] = rng.normal(size=layer.outputs)
    return net


def test_standardised_columns(X):
    scaling = Scaling.of(X)
    scaled = scaling.apply(X).astype(np.float64)
    assert scaling.constant.tolist() == [False, False, False, True, False, False]
    assert (scaled[:, 3] == 0).all()
    others = np.delete(scaled, 3, axis=1)
    np.testing.assert_allclose(others.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(others.std(axis=0), 1, rtol=1e-6)


def test_pixels_share_one_scale():
    images = np.random.default_rng(0).integers(0, 256, (3000, 70), dtype=np.uint8)
    images[:, 5] = 9
    images[:, 6] //= 100
    scaling = Scaling.of(images, common=True)
    assert len(set(np.delete(scaling.scale, 5))) == 1
    np.testing.assert_allclose(scaling.shift, images.mean(axis=0))
    expected = (images - images.mean(axis=0)) / np.sqrt(images.var(axis=0).mean())
    np.testing.assert_allclose(scaling.apply(images), expected, atol=1e-6)


@pytest.mark.parametrize("widths", [[6, 5], [6, 9, 5], [6, 9, 8, 5]])
@pytest.mark.parametrize("target", [(0.0, 1.0), (150.0, 77.0)])
def test_the_folded_network_is_the_same_function(X, widths, target):
    net, scaling = network(widths), Scaling.of(X)
    scaled = scaling.apply(X)
    folded, difference = fold(net, X, scaled, scaling, target)
    expected = net.predict(scaled) * target[1] + target[0]
    assert folded.dtype == np.float32
    assert folded.activation_names == net.activation_names
    assert 0 < difference < FOLD_TOLERANCE
    found = folded.predict(X).astype(np.float64)
    assert np.abs(found - expected).max() == pytest.approx(difference * target[1], abs=1e-4)


def test_in_float64_the_two_agree_to_rounding(X):
    """The unfolded network in NumPy's float64, against the folded parameters in float64."""
    net, scaling = network([6, 9, 5]), Scaling.of(X)
    # A column as coarse as a time stamp makes float64 necessary.
    X[:, 1] += 1.7e9
    scaling = Scaling.of(X)
    folded, _ = fold(net, X, scaling.apply(X), scaling, (2.0, 3.0))
    assert folded.dtype == np.float64
    A = (X - scaling.shift) / scaling.scale
    for layer in net:
        Z = A @ layer.weights.astype(np.float64) + layer.biases
        A = np.tanh(Z) if layer.activation == "tanh" else Z
    # Rounding of 1.7e9 / 8 standard deviations, 1e-16 each, over six columns and two layers.
    np.testing.assert_allclose(folded.predict(X), A * 3 + 2, atol=1e-6)


def test_float32_is_refused_where_it_shows(X):
    """Without the check the float32 network would be wrong by more than the tolerance."""
    X[:, 1] += 1.7e9
    net, scaling = network([6, 9, 5]), Scaling.of(X)
    exact, _ = fold(net, X, scaling.apply(X), scaling)
    coarse = wb.Network([wb.Dense(6, 9, "tanh"), wb.Dense(9, 5)])
    coarse.parameters[...] = exact.parameters
    assert np.abs(coarse.predict(X) - exact.predict(X)).max() > 100 * FOLD_TOLERANCE


def test_a_constant_column_has_no_weight(X):
    net, scaling = network([6, 9, 5]), Scaling.of(X)
    folded, _ = fold(net, X, scaling.apply(X), scaling)
    assert not folded[0].weights[3].any()
    other = X.copy()
    other[:, 3] = 7e5
    np.testing.assert_array_equal(folded.predict(other), folded.predict(X))


def test_values_beyond_float32(X):
    X[:, 0] *= 1e40
    net, scaling = network([6, 9, 5]), Scaling.of(X)
    folded, _ = fold(net, X, scaling.apply(X), scaling)
    assert folded.dtype == np.float64


def test_what_even_float64_cannot_tell_apart_is_refused(X):
    X[:, 1] = 1e15 + np.arange(ROWS) % 2
    net, scaling = network([6, 9, 5]), Scaling.of(X)
    with pytest.raises(ValueError, match=r"float64 is too coarse for column 2 .* mean 1e\+15"):
        fold(net, X, scaling.apply(X), scaling)


def test_the_column_to_blame_is_the_one_that_is_rounded_most(X):
    """Not the one with the largest mean: its weights are as good as 0."""
    X[:, 1] = 1e15 + np.arange(ROWS) % 2
    X[:, 5] = 1e17 + 16.0 * (np.arange(ROWS) % 2)
    net, scaling = network([6, 9, 5]), Scaling.of(X)
    net[0].weights[5] *= 1e-30
    names = ["a", "b", "c", "d", "e", "f"]
    with pytest.raises(ValueError, match=r"float64 is too coarse for column 'b', with mean 1e\+15"):
        fold(net, X, scaling.apply(X), scaling, names=names)


NAMES = ("a", "b", "c", "d", "e", "f")


def test_columns_that_can_be_trained_on(X):
    X[:, 0] *= 1e140
    X[:, 2] *= 1e-130
    found, expected = checked_scaling(NAMES, X[:300], X[300:]), Scaling.of(X[:300])
    np.testing.assert_array_equal(found.scale, expected.scale)
    np.testing.assert_array_equal(found.shift, expected.shift)


@pytest.mark.parametrize("rows", [slice(0, 300), slice(300, ROWS)])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x * 1e300, r"column 'e' has the value -?\S+e\+300; expected at most 1e\+150"),
        (lambda _: 1e300, r"column 'e' has the value 1e\+300; expected at most 1e\+150 in size"),
        (lambda _: -1.7e308, r"column 'e' has the value -1\.7e\+308; expected at most 1e\+150"),
    ],
)
def test_a_column_too_large_to_standardise_is_named(X, rows, change, message):
    X[rows, 4] = change(X[rows, 4] + 1)
    with pytest.raises(ValueError, match=message):
        checked_scaling(NAMES, X[:300], X[300:])


def test_a_column_too_fine_to_standardise_is_named(X):
    X[:, 4] *= 1e-300
    message = r"column 'e' has values from 0 to 1e-300; expected them to differ by at least 1e-150"
    with pytest.raises(ValueError, match=message):
        checked_scaling(NAMES, X[:300], X[300:])


def test_a_column_that_float64_cannot_tell_apart_is_named_before_the_training(X):
    X[:, 4] += 1e15
    message = r"column 'e' has mean 1e\+15 and .* for which float64 is too coarse"
    with pytest.raises(ValueError, match=message):
        checked_scaling(NAMES, X[:300], X[300:])


def test_test_values_too_far_for_float32_are_named(X):
    X[399, 2] = 1e60
    message = r"column 'c' has a test value \S+e\+67 standard deviations from the mean"
    with pytest.raises(ValueError, match=message):
        checked_scaling(NAMES, X[:300], X[300:])


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_the_split_is_seeded_complete_and_keeps_the_shares(fraction):
    y = np.repeat([0, 1, 2, 3], [100, 40, 20, 1])
    train, test = split(y, fraction, seed=5, stratify=True)
    assert sorted([*train, *test]) == list(range(len(y)))
    counts = [(y[test] == k).sum() for k in range(4)]
    assert counts == [100 * fraction, 40 * fraction, 20 * fraction, 0]
    np.testing.assert_array_equal(split(y, fraction, seed=5, stratify=True)[1], test)
    assert (split(y, fraction, seed=6, stratify=True)[1] != test).any()


def test_a_split_without_classes_and_one_that_is_impossible():
    train, test = split(np.linspace(0, 1, 50), 0.2, seed=0, stratify=False)
    assert (len(train), len(test)) == (40, 10)
    with pytest.raises(ValueError, match=r"3 rows are too few for a test fraction of 0\.1"):
        split(np.arange(3.0), 0.1, seed=0, stratify=False)
