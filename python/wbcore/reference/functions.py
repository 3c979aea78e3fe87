"""exp, expm1, tanh, sigmoid, log, log1p: one algorithm each (section 4); and the square root.

Each line is a line of the page.  ``T(...)`` around every single operation is its rounding to the
format; a change of sign needs none.
"""

import math
import struct
from collections.abc import Sequence

from .arithmetic import Arithmetic
from .constants import CONSTANTS

_LAYOUTS = {"float32": ("<f", "<i"), "float64": ("<d", "<q")}


def horner(arith: Arithmetic, x: float, coefficients: Sequence[float]) -> float:
    """Evaluate a polynomial given in ascending powers by fused multiply-adds.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> horner(FLOAT64, 2.0, (1.0, 10.0, 100.0))
    421.0
    """
    p = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        p = arith.fma(p, x, c)
    return p


def pow2(k: int) -> float:
    """2**k, for k in the normal exponent range of the format."""
    return math.ldexp(1.0, k)


def scale(arith: Arithmetic, y: float, k: int) -> float:
    """``y * 2**k`` in two products, of which only the second can round.

    Examples
    --------
    >>> from wbcore.reference import FLOAT32
    >>> scale(FLOAT32, 1.5, -149) == 2.0**-148  # halfway between two subnormals
    True
    """
    T = arith.T
    k1 = k // 2
    return T(T(y * pow2(k1)) * pow2(k - k1))


def reduce(arith: Arithmetic, x: float) -> tuple[int, float, float]:
    """Return k, r, p with x = k ln 2 + r and e^r = 1 + r + p."""
    T, fma, constants = arith.T, arith.fma, CONSTANTS[arith.dtype]
    n = T(fma(x, constants.log2e, constants.magic) - constants.magic)
    r = fma(-n, constants.ln2_low, fma(-n, constants.ln2_high, x))
    p = T(T(r * r) * horner(arith, r, constants.E))
    return int(n), r, p


def exp(arith: Arithmetic, x: float) -> float:
    """e^x.

    Examples
    --------
    >>> from wbcore.reference import FLOAT32, FLOAT64
    >>> exp(FLOAT64, 1.0), exp(FLOAT32, 1.0)
    (2.718281828459045, 2.7182817459106445)
    >>> exp(FLOAT64, -1000.0), exp(FLOAT64, 1000.0)
    (0.0, inf)
    """
    return scale(arith, *scaled_exp(arith, x))


def scaled_exp(arith: Arithmetic, x: float) -> tuple[float, int]:
    """Return y and k, where y * 2^k is e^x: a factor goes in before it can be subnormal."""
    T, constants = arith.T, CONSTANTS[arith.dtype]
    x = constants.exp_max if x > constants.exp_max else x
    x = constants.exp_min if x < constants.exp_min else x
    k, r, p = reduce(arith, x)
    s = T(1.0 + r)
    return T(s + T(T(r - T(s - 1.0)) + p)), k


def expm1(arith: Arithmetic, x: float) -> float:
    """e^x - 1, for x <= 0.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> expm1(FLOAT64, -1e-20), expm1(FLOAT64, -1000.0)
    (-1e-20, -1.0)
    """
    T, constants = arith.T, CONSTANTS[arith.dtype]
    x = constants.expm1_min if x < constants.expm1_min else x
    k, r, p = reduce(arith, x)
    s = pow2(k)
    a = T(s - 1.0)
    b = T(s * r)
    h = T(a + b)
    return T(h + T(T(b - T(h - a)) + T(s * p)))


def tanh(arith: Arithmetic, x: float) -> float:
    """Hyperbolic tangent, as (e^(2 x) - 1) / (e^(2 x) + 1) with both parts in two words.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> tanh(FLOAT64, 0.5), tanh(FLOAT64, -1000.0), tanh(FLOAT64, -0.0)
    (0.4621171572600098, -1.0, -0.0)
    """
    T, fma, tanh_max = arith.T, arith.fma, CONSTANTS[arith.dtype].tanh_max
    e = T(2.0 * tanh_max) if abs(x) > tanh_max else T(2.0 * abs(x))
    k, r, p = reduce(arith, e)
    s = pow2(k)
    a = T(s - 1.0)
    b = T(s * r)
    t = T(a + b)
    low = T(T(b - T(t - a)) + T(s * p))
    h = T(t + low)
    low = T(low - T(h - t))
    d = T(h + 2.0)
    v = T(d - h)
    m = T(T(T(h - T(d - v)) + T(2.0 - v)) + low)
    i = T(1.0 / d)
    q = T(h * i)
    y = fma(T(fma(-q, d, h) + fma(-q, m, low)), i, q)
    return math.copysign(y, x)


def sigmoid(arith: Arithmetic, x: float) -> float:
    """1 / (1 + e^(-x)), as u / (1 + e^(-abs(x))) with u = 1 or, below zero, e^x.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> sigmoid(FLOAT64, 0.78), sigmoid(FLOAT64, -1000.0), sigmoid(FLOAT64, 0.0)
    (0.6856801139382539, 0.0, 0.5)
    """
    return scale(arith, *_scaled_sigmoid(arith, x))


def silu(arith: Arithmetic, x: float) -> float:
    """The product x sigmoid(x).

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> silu(FLOAT64, -1000.0) == 0.0, silu(FLOAT64, 0.0)
    (True, 0.0)
    """
    y, j = _scaled_sigmoid(arith, x)
    return scale(arith, arith.T(max(x, CONSTANTS[arith.dtype].exp_min) * y), j)


def _scaled_sigmoid(arith: Arithmetic, x: float) -> tuple[float, int]:
    T, fma, constants = arith.T, arith.fma, CONSTANTS[arith.dtype]
    z = -abs(x)
    z = constants.exp_min if z < constants.exp_min else z
    k, r, p = reduce(arith, z)
    s = T(1.0 + r)
    low = T(T(r - T(s - 1.0)) + p)
    h = T(s + low)
    low = T(low - T(h - s))
    c = pow2(max(k, constants.min_exponent))
    f = T(h * c)
    g = T(low * c)
    d = T(1.0 + f)
    m = T(T(f - T(d - 1.0)) + g)
    u, v, j = (h, low, k) if x < 0.0 else (1.0, 0.0, 0)
    i = T(1.0 / d)
    q = T(u * i)
    return fma(T(fma(-q, d, u) + fma(-q, m, v)), i, q), j


def log_corrected(arith: Arithmetic, w: float, c: float) -> float:
    """log(w + c), for 0 < w < infinity and abs(c) far below w."""
    T, fma, constants = arith.T, arith.fma, CONSTANTS[arith.dtype]
    as_float, as_int = _LAYOUTS[arith.dtype]
    tiny = w < pow2(constants.min_exponent)
    shift = {"float32": 24, "float64": 54}[arith.dtype]
    w = T(w * pow2(shift)) if tiny else w
    (bits,) = struct.unpack(as_int, struct.pack(as_float, w))
    j = (bits - constants.sqrt_half_bits) >> constants.mantissa_bits
    (m,) = struct.unpack(as_float, struct.pack(as_int, bits - (j << constants.mantissa_bits)))
    K = float(j - shift if tiny else j)
    f = T(m - 1.0)
    s = T(f / T(2.0 + f))
    z = T(s * s)
    R = T(horner(arith, z, constants.L) * z)
    H = T(T(0.5 * f) * f)
    inner = fma(s, T(H + R), fma(K, constants.ln2_low, c))
    return T(T(K * constants.ln2_high) - T(T(H - inner) - f))


def log(arith: Arithmetic, x: float) -> float:
    """Natural logarithm.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> log(FLOAT64, 10.0), log(FLOAT64, 0.0), log(FLOAT64, -1.0)
    (2.302585092994046, -inf, nan)
    """
    if 0.0 < x < math.inf:
        return log_corrected(arith, x, 0.0)
    return -math.inf if x == 0.0 else math.inf if x > 0.0 else math.nan


def log1p(arith: Arithmetic, u: float) -> float:
    """log(1 + u), for u in [0, 1].

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> log1p(FLOAT64, 1e-20), log1p(FLOAT64, 1.0)
    (1e-20, 0.6931471805599453)
    """
    T = arith.T
    w = T(1.0 + u)
    c = T(u - T(w - 1.0))
    return log_corrected(arith, w, T(c / w))


def sqrt(arith: Arithmetic, x: float) -> float:
    """Square root, correctly rounded.

    Examples
    --------
    >>> from wbcore.reference import FLOAT32
    >>> sqrt(FLOAT32, 2.0)
    1.4142135381698608
    """
    return arith.sqrt(x)
