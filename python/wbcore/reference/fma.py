"""The fused multiply-add, exact on every Python.

``fma(a, b, c)`` is ``a * b + c`` with one rounding.  Python has it from 3.13 on, as the C library
computes it, which is not right everywhere; so it is asked for known answers first.  Where there is
none or a wrong one, and for float32, it is made here: from ordinary additions and products whose
rounding errors are known exactly, and from whole numbers where those could overflow, underflow or
leave a tie.
"""

import math
import struct
from collections.abc import Callable

_SINGLE = struct.Struct("f")

# Veltkamp's constant: x * (2**27 + 1) splits a 53-bit number into two of at most 26 bits.
_SPLITTER = 134217729.0
# With |a * b| above this the last bit of the exact product is above 2**-1074.
_PRODUCT_MIN = 2.0**-960
# With |a * b| below this no sum overflows unless c itself is about to.
_PRODUCT_MAX = 2.0**900


def round_float32(x: float) -> float:
    """Round a binary64 number to the nearest binary32 number, ties to even.

    Examples
    --------
    >>> round_float32(0.1).hex()
    '0x1.99999a0000000p-4'
    >>> round_float32(1e39), round_float32(-1e-50)
    (inf, -0.0)
    """
    (rounded,) = _SINGLE.unpack(_SINGLE.pack(x))
    return float(rounded)


def fma_exact(a: float, b: float, c: float) -> float:
    """Fused multiply-add in binary64 by whole numbers: slow, and right for every argument.

    Every finite float is a ratio of whole numbers, and Python divides whole numbers of any length
    with one correct rounding, subnormal results included.

    Examples
    --------
    >>> fma_exact(1.0 + 2.0**-52, 1.0 - 2.0**-52, -1.0) == -(2.0**-104)
    True
    >>> fma_exact(1e300, 1e300, -math.inf), fma_exact(-1e300, 1e300, 0.0)
    (-inf, -inf)
    >>> fma_exact(0.0, -1.0, -0.0), fma_exact(3.0, 1.0, -3.0)
    (-0.0, 0.0)
    """
    if not (math.isfinite(a) and math.isfinite(b)):
        return a * b + c
    if not math.isfinite(c):
        return c
    (p, p_scale), (q, q_scale) = a.as_integer_ratio(), b.as_integer_ratio()
    r, r_scale = c.as_integer_ratio()
    numerator = p * q * r_scale + r * (p_scale * q_scale)
    if numerator == 0:
        return a * b + c  # nothing is rounded here, and the sign of the zero is the one of IEEE 754
    try:
        return numerator / (p_scale * q_scale * r_scale)
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf


def fma_float64_by_parts(a: float, b: float, c: float) -> float:
    """Fused multiply-add in binary64 from error-free transformations.

    The product is ``p + e`` and the sum of ``p`` and ``c`` is ``s + f``, both without any error
    (Dekker's product, Knuth's sum).  What is left is to round ``s + (e + f)`` once.  Rounding
    ``e + f`` to ``g`` keeps its order against every float, so ``s + g`` rounds as the exact sum
    does unless ``s + g`` lies halfway between two floats: that case is left to `fma_exact`.

    Examples
    --------
    >>> fma_float64_by_parts(0.1, 10.0, -1.0) == 2.0**-54
    True
    """
    p = a * b
    if _PRODUCT_MIN < abs(p) < _PRODUCT_MAX:
        t = _SPLITTER * a
        a_high = t - (t - a)
        a_low = a - a_high
        t = _SPLITTER * b
        b_high = t - (t - b)
        b_low = b - b_high
        e = ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low

        s = p + c
        t = s - p
        g = e + ((p - (s - t)) + (c - t))

        result = s + g
        # Twice the error of this last sum is the gap to the next float exactly in a tie.
        gap = 2.0 * (g - (result - s))
        # A NaN comes of a factor too large to be split, or of an infinite c.
        if result == result and (gap == 0.0 or (result + gap) - result != gap):  # noqa: PLR0124
            return result
    return fma_exact(a, b, c)


# Where the functions of C libraries fail: two roundings, a tie that only seems one or is missed,
# the sign of a zero, subnormal sums, sums that come back from beyond the largest number.
_SMALL = 2.0**-1022
_LARGEST = (2.0 - 2.0**-52) * 2.0**1023
_KNOWN_ANSWERS = (
    (0.1, 10.0, -1.0, 2.0**-54),
    (1.0 + 2.0**-52, 1.5, -(2.0**-52), 1.5),
    (1.0 + 2.0**-52, 1.0, (2.0 - 2.0**-10) * 2.0**-54, 1.0 + 2.0**-52),
    (-1.0, 1.0, 1.0, 0.0),
    (1e-300, -1e-300, 0.0, -0.0),
    (0.0, -1.0, -0.0, -0.0),
    (1.5, 2.0**-1074, 0.0, 2.0**-1073),
    # a hair above half of the least number, beside an even number, and a hair below, beside an odd
    ((1.0 + 2.0**-52) * 2.0**-560, (1.0 - 2.0**-53) * 2.0**-515, _SMALL, _SMALL + 2.0**-1074),
    (2.0**-560, (1.0 - 2.0**-53) * 2.0**-515, _SMALL + 2.0**-1074, _SMALL + 2.0**-1074),
    (_LARGEST, 2.0, -_LARGEST, _LARGEST),
    (_LARGEST, 1.0, (1.0 - 2.0**-53) * 2.0**970, _LARGEST),
)


def is_exact(fma: Callable[[float, float, float], float]) -> bool:
    """Whether a fused multiply-add in binary64 is right where C libraries are known to fail.

    Examples
    --------
    >>> is_exact(fma_exact), is_exact(lambda a, b, c: a * b + c)
    (True, False)
    """
    for a, b, c, expected in _KNOWN_ANSWERS:
        try:
            found = fma(a, b, c)
        except (OverflowError, ValueError):
            return False
        if found != expected or math.copysign(1.0, found) != math.copysign(1.0, expected):
            return False
    return True


def _fma_of_python() -> Callable[[float, float, float], float] | None:
    fma: Callable[[float, float, float], float] | None = getattr(math, "fma", None)
    if fma is None or not is_exact(fma):
        return None

    def fma_float64(a: float, b: float, c: float) -> float:
        """Fused multiply-add in binary64, by the C library."""
        try:
            return fma(a, b, c)
        except (OverflowError, ValueError):  # Python refuses to return a new infinity or NaN
            return fma_exact(a, b, c)

    return fma_float64


fma_float64 = _fma_of_python() or fma_float64_by_parts


def fma_float32(a: float, b: float, c: float) -> float:
    """Fused multiply-add of three binary32 numbers, rounded once to binary32.

    The product is exact in binary64.  The sum ``s`` may be rounded there first; the second
    rounding is then wrong only if ``s`` lies halfway between two binary32 numbers, where the
    error of the first decides.  Half a unit of any binary32 number is a power of two.

    Examples
    --------
    >>> 24929 * 673 == 2**24 + 1  # halfway between two binary32 numbers
    True
    >>> fma_float32(24929.0, 673.0, 2.0**-60), fma_float32(24929.0, 673.0, -(2.0**-60))
    (16777218.0, 16777216.0)
    """
    p = a * b
    s = p + c
    t = s - p
    error = (p - (s - t)) + (c - t)
    (result,) = _SINGLE.unpack(_SINGLE.pack(s))
    if error != 0.0 and (abs(math.frexp(s - result)[0]) == 0.5 or math.isinf(result)):
        # One step of binary64 towards the exact sum leaves the middle and passes nothing else.
        s = math.nextafter(s, math.copysign(math.inf, error))
        (result,) = _SINGLE.unpack(_SINGLE.pack(s))
    return float(result)
