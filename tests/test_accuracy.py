"""The elementary functions in units in the last place, at a sample of arguments.

cpp/tests/exhaustive_functions.cpp tries every float32 and holds them to the same bounds.
"""

import mpmath
import numpy as np
import pytest

from wbcore import _core

BASIC = ("exp", "expm1", "log", "log1p", "tanh", "sigmoid", "elu")
PRODUCTS = {"softplus": 2, "silu": 2, "gelu": 9}  # and a sum
LIMITS = {
    "float32": dict.fromkeys(BASIC, 1) | PRODUCTS,
    "float64": dict.fromkeys(BASIC, 1.5) | PRODUCTS,
}


# ---- arguments


def random_bits(rng, dtype, n):
    """Finite numbers of every exponent, subnormal ones too."""
    bits = rng.integers(
        0, np.iinfo(f"u{dtype.itemsize}").max, n, f"u{dtype.itemsize}", endpoint=True
    )
    x = bits.view(dtype)
    return x[np.isfinite(x)]


def neighbours(x):
    """Each number, and the numbers next to it."""
    return np.concatenate(
        [np.nextafter(x, x.dtype.type(-np.inf)), x, np.nextafter(x, x.dtype.type(np.inf))]
    )


def hard_points(dtype, name):
    """Edges of argument reduction, of a clamp, of the range, of the type."""
    limits = np.finfo(dtype)
    edges = [
        0.0,
        float(limits.tiny),
        float(limits.smallest_subnormal),
        float(limits.max),
        1.0,
        2.0,
        0.5,
    ]
    powers = 2.0 ** np.arange(np.log2(float(limits.smallest_subnormal)), np.log2(float(limits.max)))
    if name in {"log", "log1p"}:
        edges = [
            *edges,
            *powers,
            *(powers * np.sqrt(2.0)),
            *(1 + powers),
            *(1 - powers[powers < 0.5]),
        ]
    else:
        # odd multiples of ln(2) / 2, where the nearest multiple of ln(2) changes
        halves = np.log(2.0) / 2 * np.arange(1, 2200)
        edges = [
            *edges,
            *powers,
            *halves,
            9.01,
            10,
            19.06,
            20,
            40,
            88.72284,
            89,
            103.28,
            103.97,
            104,
        ]
        edges = [*edges, 708.396, 709.782712893384, 710, 744.44, 745.1332191019411, 746]
    with np.errstate(over="ignore"):
        return neighbours(np.array(edges).astype(dtype))


def into_domain(x, name):
    x = x[np.isfinite(x)]
    if name == "expm1":
        return -np.abs(x)
    if name == "log1p":
        return np.abs(x)[np.abs(x) <= 1]
    if name == "log":
        return np.abs(x)[x != 0]
    return np.concatenate([x, -x])


def arguments(rng, dtype, name, n):
    """Hard points, then about n numbers: of every size, and where the function has its shape."""
    span = {"log": 4, "log1p": 1, "tanh": 12, "expm1": 45, "elu": 45, "gelu": 15}.get(name, 110)
    if dtype == np.float64:
        span *= {"tanh": 2, "gelu": 2.6}.get(name, 7 if span == 110 else 1)
    n //= 1 if name in {"expm1", "log", "log1p"} else 2  # the others come with both signs
    parts = [
        hard_points(dtype, name),
        random_bits(rng, dtype, n // 4),
        rng.uniform(-span, span, n // 4).astype(dtype),
        rng.uniform(-1, 1, n // 4).astype(dtype),
        np.exp(rng.uniform(-20, 5, n // 4)).astype(dtype),
    ]
    return into_domain(np.concatenate(parts), name)


# ---- errors


def worst(x, errors):
    at = int(np.argmax(errors))
    return float(errors[at]), float(x[at])


def mp_value(name, x):
    """The function in 100 bits or more, however much 1 - tanh(x) and the like cancel."""
    x = mpmath.mpf(x)
    if name in ("sigmoid", "silu"):
        return (x if name == "silu" else 1) / (1 + mpmath.exp(-x))
    if name == "softplus":
        return mpmath.log1p(mpmath.exp(x))
    if name == "elu":
        return x if x > 0 else mpmath.expm1(x)
    if name == "gelu":  # mpmath gives up where the tail is long below the least number
        return x * mpmath.ncdf(x) if x > -1000 else mpmath.mpf(0)
    return getattr(mpmath, name)(x)


def mp_errors(name, x, y, dtype):
    """|y - exact| in units of the last place of exact.

    Beyond the range the last place stays what it was there, and an infinite y stands for the power
    of two after the largest number.
    """
    limits = np.finfo(dtype)
    errors = np.zeros(len(x))
    with mpmath.workprec(120):
        for i, (argument, value) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
            exact = mp_value(name, argument)
            exponent = mpmath.frexp(exact)[1] - 1 if exact else limits.minexp
            exponent = min(max(exponent, int(limits.minexp)), int(limits.maxexp) - 1)
            top = mpmath.mpf(2) ** int(limits.maxexp)
            ours = mpmath.sign(value) * top if np.isinf(value) else mpmath.mpf(value)
            errors[i] = abs(ours - min(exact, top)) / mpmath.mpf(2) ** (exponent - limits.nmant)
    return errors


# ---- tests


@pytest.mark.parametrize(
    ("dtype", "name"), [(dtype, name) for dtype, names in LIMITS.items() for name in names]
)
def test_against_mpmath(dtype, name):
    dtype = np.dtype(dtype)
    rng = np.random.RandomState(0)
    x = arguments(np.random.Generator(np.random.PCG64(0)), dtype, name, 20_000)
    x = rng.permutation(np.unique(x))[:20_000]
    y = _core.elementwise(name, x)
    assert y.dtype == dtype
    error, at = worst(x, mp_errors(name, x, y, dtype))
    assert error <= LIMITS[str(dtype)][name], f"{name}({at.hex()}) is {error:.3f} ulp off"
