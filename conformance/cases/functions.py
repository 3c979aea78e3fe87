"""Elementary functions, activations and the normal quantile."""

import math
from collections.abc import Iterator
from itertools import product

from conformance.lines import word_of
from wbcore.reference import ACTIVATIONS

from .examples import examples
from .formats import FORMATS, Asked, Format, spread

_LN2 = math.log(2.0)
_PLACES = {
    "float32": """89 88.72 88.7228 87.33 103.2789 103.97 104 110 126 10 20 9 9.01 15 15.5 16.6 17.3
        13 13.5 14 14.4 5 14.8324""",
    "float64": """710 709.78 708.39 745.13 745.2 746 753 800 20 40 19 19.06 36.7 37 37.5 37.8 38.2
        38.5 39 38.807 5 8.3""",
}
# Where the last bit of a coefficient shows, or a product that is rounded and should not be: found
# by trying the mutants.
_TELLING = """
0x1.2324e6p+6 0x1.94bde6p+0 0x1.74fe0cp+0 0x1.86bc66p-3 0x1.9ff59ap-2 0x1.5d9c393424999p-1
0x1.5d4b6714ca385p-1 0x1.0dc4492edc10ap-1 0x1.4ddaca9d41f46p-1 -0x1.f5faf6p-3 0x1.006234p-1
-0x1.c92114p-3 -0x1.2fa1fp-2 -0x1.418b66p-2 0x1.c03773e873d58p-2 0x1.1d69bebdaec68p+9
-0x1.4a34e96c9a04ep-2 -0x1.39bf138ab8e13p-2 0x1.852caep-1 0x1.5c8674p+0 0x1.d37812p-2 0x1.38ab86p-2
0x1.68a6ca0205fcep+0 0x1.827ee5de065e8p+0 0x1.203c131269ef3p-1 0x1.de64ab1982c8cp-2
-0x1.196242p+6 -0x1.9791e2p+5 0x1.dfa86ap+5 -0x1.45c778p+6 0x1.b0861a6c0f69bp+3
-0x1.dce2a06a03dd9p+3
"""

# Straight lines have few places where anything happens.
_LINES = ("identity", "relu", "leaky_relu")

# Where e^(-z z / 2) is subnormal, and its rounding shows in gelu's gradient.
_DEEP = {
    "float32": "-0x1.b9706ep+3 -0x1.c57892p+3 -0x1.acc29ap+3 -0x1.ad9256p+3",
    "float64": "-0x1.338c6c30f2875p+5 -0x1.332b4c290e3e4p+5 -0x1.31dc337351f6ep+5"
    " -0x1.2dec7b2c02ce6p+5",
}


def _edges(form: Format) -> list[float]:
    """Where a function changes its way, rounds to its limit, or has an exponent that changes."""
    places = [*map(float, _PLACES[form.dtype].split()), form.normal, 0.5, 1.0, 2.0, 0.01, 0.3, 0.7]
    places += [(n + 0.5) * _LN2 for n in (0, 1, 2, 10, 40, 100)]
    places += [n * _LN2 for n in (1, 2, 3, 30)]
    found = [y for x in places for y in form.neighbours(x)]
    found += [0.0, form.least, 2.0 * form.least, 3.0 * form.least, form.ulp, 1e-10, 1.7, 3.3, 77.7]
    found += [*spread(1, 0.0, 1.0, 15), *spread(2, 0.0, 12.0, 15), form.largest]
    return found


def _arguments(name: str, form: Format) -> list[float]:
    edges = _edges(form)
    both = [*edges, *(-x for x in edges), *(float.fromhex(word) for word in _TELLING.split())]
    shift = 24 if form.dtype == "float32" else 54
    roots = form.neighbours(math.sqrt(0.5)) + form.neighbours(math.sqrt(2.0))
    roots += [x * 2.0**k for x in roots for k in (-3, 9, 100)]
    sizes = [*(abs(x) for x in both), *roots, form.normal * 2.0**shift]
    match name:
        case "expm1":
            return [-size for size in sizes] + [-math.inf]
        case "log":
            return [*sizes, *(x * form.normal for x in (0.25, 0.3, 0.7, 0.75, 0.9)), math.inf]
        case "sqrt":
            return [*_squares(form), 0.0, -0.0, *spread(13, 0.0, 9.0, 20), math.inf]
        case "log1p":
            return [size for size in sizes if size <= 1.0]
        case _:
            return [*both, math.inf, -math.inf]


def _squares(form: Format) -> list[float]:
    """Numbers whose roots are nearly halfway between two numbers, of both parities of exponents."""
    halves = [1.0 + (k + 0.5) * form.ulp for k in (0, 1, 2, 1000, 4194303, 8388606)]
    squares = [1.0, 9.0, *(h * h for h in halves)]
    scales = (1.0, 2.0, form.least * 2.0**30, form.top / 16.0)
    ends = [form.least, 2.0 * form.least, 3.0 * form.least, form.normal, form.largest]
    return ends + [y for x in squares for scale in scales for y in form.neighbours(x * scale)]


def functions() -> Iterator[Asked]:
    """Elementary functions around their thresholds, and square roots."""
    names = ("exp", "expm1", "log", "log1p", "tanh", "sigmoid", "sqrt")
    for name, form in product(names, FORMATS):
        for x in form.distinct(_arguments(name, form)):
            yield ("function", name, form.dtype, x)


def activations() -> Iterator[Asked]:
    """Activations around their thresholds, with other numbers too, and the rows of softmax."""
    for activation, form in product(ACTIVATIONS.values(), FORMATS):
        if activation.elementwise:
            name = activation.name
            few = [0.0, form.least, 3.0 * form.least, form.normal, 1.0, *spread(3, 0.0, 2.0, 12)]
            yield from _activation(name, form, few if name in _LINES else _edges(form))
            for choice in examples(activation):
                yield from _activation(
                    word_of(choice), form, [*few[:5], *spread(14, 0.0, 9.0, 10), 40.0]
                )
    for form in FORMATS:
        for z in form.words(float.fromhex(word) for word in _DEEP[form.dtype].split()):
            yield ("backward", "gelu", form.dtype, z, *form.words([1.0]))
    rows = [
        [0.3],
        [0.0, -0.0],
        [1.0, 1.0, 1.0],
        [-3.0, 2.5, 0.1, 7.25],
        [1000.0, -1000.0, 999.5],
        [-104.0, -0.5, 0.0, -87.4, -87.3],
        [0.0, -708.5, -745.0, -746.0, -1.0],
        [0.1 * k for k in range(17)],
    ]
    for row, form in product(rows, FORMATS):
        zs, dAs = form.words(row), form.words(spread(len(row), -1.0, 1.0, len(row)))
        yield ("forward", "softmax", form.dtype, *zs)
        yield ("backward", "softmax", form.dtype, *zs, *dAs)


def _activation(name: str, form: Format, sizes: list[float]) -> Iterator[Asked]:
    gradients = [1.0, -0.3, 0.0, -0.0, 1.1, -7.7, 0.01]
    for i, z in enumerate(form.distinct([*sizes, *(-x for x in sizes)])):
        yield ("forward", name, form.dtype, z)
        for dA in form.words([gradients[i % len(gradients)]]):
            yield ("backward", name, form.dtype, z, dA)


def quantiles() -> Iterator[Asked]:
    """Both sides of each switch, both tails, and the centre."""
    places = [0.5, 0.25, 0.1, 0.9, 0.075, 0.925, 0.5 - 0.425, 0.5 + 0.425, 0.001, 0.999, 1e-9]
    places += [math.exp(-25.0), 1e-12, 2.0**-53, 2.0**-52, 3 * 2.0**-53, 1e-100, 1e-300, 2.0**-1074]
    places += [1.0 - 2.0**-53, 1.0 - 2.0**-52, 1.0 - math.exp(-25.0), *spread(4, 0.0, 1.0, 40)]
    double = FORMATS[1]
    numbers = [y for x in places for y in double.neighbours(x) if 0.0 < y < 1.0]
    for u in double.distinct(numbers):
        yield ("quantile", u)
