"""Activation functions: values, stability, shapes and dtypes."""

import math

import numpy as np
import pytest

import wbcore as wb

ELEMENTWISE = [name for name in wb.activations.NAMES if name in wb.activations.ELEMENTWISE]

# Of those that the math module knows; test_core_against_reference.py has all.
FORMULAS = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "relu": lambda z: max(z, 0.0),
    "tanh": math.tanh,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "softplus": lambda z: math.log1p(math.exp(z)),
    "gelu": lambda z: z * 0.5 * math.erfc(-z / math.sqrt(2)),
    "silu": lambda z: z / (1 + math.exp(-z)),
}


def test_all_names_are_functions_of_the_package():
    assert set(FORMULAS) <= set(ELEMENTWISE)
    for name in wb.activations.NAMES:
        assert getattr(wb, name) is getattr(wb.activations, name)


def test_relu_family_is_documented_where_the_default_is():
    assert set(wb.activations.NAMES) >= wb.activations.RELU_FAMILY
    for name in wb.activations.RELU_FAMILY:
        assert name in wb.initializers.he.__doc__
        assert name in wb.Dense.__doc__


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_are_those_of_the_formula(name, dtype):
    z = np.linspace(-6, 6, 241).astype(dtype)
    expected = np.array([FORMULAS[name](float(v)) for v in z])
    # The functions are good to a few ulp; the formulas above lose some more near cancellations.
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(getattr(wb, name)(z), expected, rtol=16 * eps, atol=4 * eps)


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finite_input_gives_finite_output(name, dtype):
    largest = np.finfo(dtype).max
    z = np.array([-largest, -1000, -0.0, 0.0, np.finfo(dtype).smallest_subnormal, 1000, largest])
    if name == "exp":  # of 1000 it is out of range
        z = z[:-2]
    assert np.isfinite(getattr(wb, name)(z.astype(dtype))).all()


def test_limits():
    z = [-1000.0, 1000.0]
    assert wb.sigmoid(z).tolist() == [0, 1]
    assert wb.tanh(z).tolist() == [-1, 1]
    assert wb.elu(z).tolist() == [-1, 1000]
    assert wb.softplus(z).tolist() == [0, 1000]
    assert wb.gelu(z).tolist() == [0, 1000]
    assert wb.silu(z).tolist() == [0, 1000]


@pytest.mark.parametrize("name", [*wb.activations.NAMES])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 1, 3), (0, 3)])
def test_shape_is_kept_and_input_untouched(name, shape):
    z = np.arange(math.prod(shape), dtype=float).reshape(shape) - 2
    before = z.copy()
    a = getattr(wb, name)(z)
    assert a.shape == shape
    assert not np.shares_memory(a, z)
    assert (z == before).all()


@pytest.mark.parametrize("name", [*wb.activations.NAMES])
@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.longdouble, ">f8"])
def test_every_dtype_but_float32_becomes_float64(name, dtype):
    z = np.array([[0, 1], [1, 1]]).astype(dtype)
    a = getattr(wb, name)(z)
    assert a.dtype == np.float64
    assert a.tobytes() == getattr(wb, name)(z.astype(np.float64)).tobytes()


@pytest.mark.parametrize("dtype", [np.float32, ">f4"])
def test_float32_stays(dtype):
    assert wb.sigmoid(np.zeros(3, dtype)).dtype == np.float32
    assert wb.softmax(np.zeros(3, dtype)).dtype == np.float32


def test_scalar_gives_scalar():
    assert wb.sigmoid(0) == 0.5
    assert isinstance(wb.sigmoid(0), np.float64)
    assert isinstance(wb.relu(np.float32(2)), np.float32)


def test_strides_do_not_show():
    z = np.random.default_rng(0).standard_normal((6, 8))
    for view in (z.T, z[::-2, ::3], np.asfortranarray(z), np.broadcast_to(z[0], (4, 8))):
        assert wb.gelu(view).tobytes() == wb.gelu(view.copy()).tobytes()
        assert wb.softmax(view).tobytes() == wb.softmax(view.copy()).tobytes()


def test_softmax_rows_are_shares():
    z = np.random.default_rng(0).standard_normal((50, 300)) * 100
    a = wb.softmax(z)
    assert (a >= 0).all()
    # A sum of n shares, each rounded once or twice.
    np.testing.assert_allclose(a.sum(axis=1), 1, rtol=300 * 2**-53)
    exact = np.exp(z - z.max(axis=1, keepdims=True))
    np.testing.assert_allclose(a, exact / exact.sum(axis=1, keepdims=True), rtol=1e-13)


def test_softmax_row_does_not_depend_on_other_rows():
    z = np.random.default_rng(0).standard_normal((9, 17))
    whole = wb.softmax(z)
    for row, expected in zip(z, whole, strict=True):
        assert wb.softmax(row).tobytes() == expected.tobytes()
