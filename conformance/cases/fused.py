"""The fused multiply-add."""

import math
from collections.abc import Iterator
from itertools import product

from conformance.lines import to_bits

from .formats import FORMATS, Asked, Format

_KNOWN = """\
float32 97000800 1cfff001 00010002
float32 d58ceec0 34670000 980645fc
float32 3f7288d0 34f91a50 be7916c0
float32 4b7fffff 4d800002 427e0000
float32 7f7fffff 40000000 ff7fffff
float64 3ff0000000000001 3ff8000000000000 bcb0000000000000
float64 bff0000000000000 3ff0000000000000 3ff0000000000000
float64 3ff0000000000001 3ff0000000000000 3c9ffc0000000000
float64 01a56e1fc2f8f359 81a56e1fc2f8f359 0000000000000000
"""

# Products of one bit more than the format has: halfway between two numbers.
_HALFWAY = {
    "float32": (24929.0, 673.0),  # 2^24 + 1
    "float64": (321.0, 28059810762433.0),  # 2^53 + 1
}
# 2^36 + 1 and 2^36 - 1, 2^78 + 1 and 2^104 - 1: a hair beside a power of two
_BESIDE = {
    "float32": [(4097.0, 16773121.0), (262145.0, 262143.0)],
    "float64": [(67108865.0, 4503599560261633.0), (4503599627370497.0, 4503599627370495.0)],
}


def fma() -> Iterator[Asked]:
    """Halfway plus and minus a tiny, the edge of overflow, subnormal results, signs of zero."""
    for text in _KNOWN.splitlines():
        yield ("fma", *text.split())
    for form in FORMATS:
        for parts in (_near_one, _halfway, _beside_halfway, _near_overflow, _below_normal, _zeros):
            for abc in parts(form):
                yield ("fma", form.dtype, *(to_bits(form.dtype, x) for x in abc))


Triples = Iterator[tuple[float, float, float]]


def _near_one(form: Format) -> Triples:
    ulp, odd = form.ulp, 1.0 + form.ulp
    tinies = (0.0, form.least, -form.least, form.normal, -form.normal, 2.0**-60, -(2.0**-60))
    for sign, tiny, base in product((1.0, -1.0), tinies, (1.0, odd)):
        yield sign * base, 1.0 + ulp, tiny
        yield sign * odd, 1.5, tiny
        yield sign * 0.5, ulp * (1.0 + ulp), sign * base
        yield sign * 0.5 * ulp, 1.0 - ulp, sign * base
        yield tiny, 1.0, sign * ulp / 2.0


def _halfway(form: Format) -> Triples:
    a, b = _HALFWAY[form.dtype]
    digits = 24 if form.dtype == "float32" else 53
    top = math.frexp(form.top)[1] - 1
    for power in (-digits, 0, top - digits, top - digits - 1):
        x, y = math.ldexp(a, power // 2), math.ldexp(b, power - power // 2)
        for c in (0.0, form.least, form.normal, 2.0**-60, 1.0):
            for sign in (1.0, -1.0):
                yield x, y, sign * c
                yield -x, y, sign * c


def _beside_halfway(form: Format) -> Triples:
    """Yield products just off half a unit of c."""
    digits = 24 if form.dtype == "float32" else 53
    numbers = (1.0, 1.0 + form.ulp, 2.0 - form.ulp, form.normal, form.normal + form.least)
    for (a, b), c, shift in product(_BESIDE[form.dtype], numbers, (0, -1, 1)):
        power = math.frexp(c)[1] - digits - math.frexp(a * b)[1] + shift
        x, y = math.ldexp(a, power // 2), math.ldexp(b, power - power // 2)
        if min(abs(x), abs(y)) > form.normal:
            yield x, y, c
            yield -x, y, c
            yield x, y, -c


def _near_overflow(form: Format) -> Triples:
    ulp, top, largest = form.ulp, form.top, form.largest
    half = top * ulp / 2.0  # a unit of the largest numbers
    sizes = (0.0, 1.0, form.least, *form.neighbours(half), top * ulp)
    for size, sign in product(sizes, (1.0, -1.0)):
        c = sign * size
        yield largest, 1.0, c
        yield -largest, 1.0, c
        yield top, 2.0, c
        yield top, 2.0, -largest
        yield top / 2.0, 2.0 + 2.0 * ulp, c
        yield top, 2.0 - ulp, c
        yield top / 2.0, 4.0, -top


def _below_normal(form: Format) -> Triples:
    least, normal, ulp = form.least, form.normal, form.ulp
    below_one = 1.0 - ulp / 2.0
    products = [(normal, 0.5), (normal, ulp), (least, 0.5), (least, 1.5), (3.0 * least, 0.5)]
    products += [(-least, 0.5), (normal * (1.0 + ulp), 0.5), (normal, below_one), (least, least)]
    products += [(-least, least), (normal, normal), (normal * (1.0 + ulp), 1.0 + ulp)]
    for (a, b), c in product(products, (0.0, -0.0, least, -least, normal, -normal)):
        yield a, b, c


def _zeros(form: Format) -> Triples:
    yield from product((0.0, -0.0, 1.0, -1.0), (0.0, -0.0, 1.0), (0.0, -0.0, 1.0, -1.0))
    for c in (0.0, -0.0):  # products that vanish keep their sign
        yield form.normal, -form.normal, c
        yield form.normal, form.normal, c
