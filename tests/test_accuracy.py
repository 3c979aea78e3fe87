"""The elementary functions in units in the last place: at most 1 in float32 and 1.5 in float64."""

import mpmath
import numpy as np
import pytest

from wbcore import _core

# expm1 and log1p only serve other functions: their bound is wider.
LIMITS = {
    "float32": {"exp": 1, "log": 1, "sigmoid": 1, "tanh": 1, "expm1": 1.5, "log1p": 1.5},
    "float64": {"exp": 1.5, "log": 1.5, "sigmoid": 1.5, "tanh": 1.5, "expm1": 2, "log1p": 2},
}
CASES = pytest.mark.parametrize(
    ("dtype", "name"), [(dtype, name) for dtype, names in LIMITS.items() for name in names]
)


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
    span = {"exp": 110, "expm1": 45, "log": 4, "log1p": 1, "sigmoid": 110, "tanh": 12}[name]
    if dtype == np.float64:
        span *= {"exp": 7, "sigmoid": 7, "tanh": 2}.get(name, 1)
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


def ulp_errors(y, exact, dtype):
    """|y - exact| in units of the last place of exact, which is of a wider type.

    Beyond the range the last place stays what it was there, and an infinite y stands for the power
    of two after the largest number.
    """
    limits = np.finfo(dtype)
    wide = exact.dtype.type
    _, exponent = np.frexp(exact)
    exponent = np.clip(exponent - 1, limits.minexp, limits.maxexp - 1)
    ulp = np.ldexp(wide(1), exponent - limits.nmant)
    after_max = np.ldexp(wide(1), limits.maxexp)
    y = np.where(np.isinf(y), np.sign(y) * after_max, y.astype(wide))
    exact = np.clip(exact, -after_max, after_max)
    return np.abs(y - exact) / ulp


def worst(x, errors):
    at = int(np.argmax(errors))
    return float(errors[at]), float(x[at])


def mp_value(name, x):
    """The function in 100 bits or more, however much 1 - tanh(x) and the like cancel."""
    x = mpmath.mpf(x)
    if name == "sigmoid":
        return 1 / (1 + mpmath.exp(-x))
    return getattr(mpmath, name)(x)


def mp_errors(name, x, y, dtype):
    """ulp_errors, one number at a time."""
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


@CASES
def test_against_mpmath(dtype, name):
    dtype = np.dtype(dtype)
    rng = np.random.RandomState(0)
    x = arguments(np.random.Generator(np.random.PCG64(0)), dtype, name, 20_000)
    x = rng.permutation(np.unique(x))[:20_000]
    y = _core.elementwise(name, x)
    assert y.dtype == dtype
    error, at = worst(x, mp_errors(name, x, y, dtype))
    assert error <= LIMITS[str(dtype)][name], f"{name}({at.hex()}) is {error:.3f} ulp off"


def wide_value(name, x):
    """In the next wider type: float64 for float32, the processor's 80 bits for float64."""
    wide = x.astype(np.float64 if x.dtype == np.float32 else np.longdouble)
    if name != "sigmoid":
        return getattr(np, name)(wide)
    e = np.exp(-np.abs(wide))
    return np.where(wide < 0, e, 1) / (1 + e)


@pytest.mark.slow
@CASES
def test_ten_million_points(dtype, name):
    """On demand: pytest -m slow -k ten_million -s prints the worst error of each function."""
    dtype = np.dtype(dtype)
    if dtype == np.float64 and np.finfo(np.longdouble).nmant < 63:
        pytest.skip("needs a long double of 64 bits or more")
    rng = np.random.default_rng(1)
    found, points = (0.0, 0.0), 0
    while points < 10_000_000:
        x = arguments(rng, dtype, name, 1_000_000)
        with np.errstate(all="ignore"):
            errors = ulp_errors(_core.elementwise(name, x), wide_value(name, x), dtype)
        assert not np.isnan(errors).any()
        found = max(found, worst(x, errors))
        points += len(x)
    error, at = found
    print(f"{name} {dtype}: {error:.4f} ulp at {at.hex()}, {points} points")
    assert error <= LIMITS[str(dtype)][name]
