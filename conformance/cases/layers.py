"""Sums, and dense layers forward and backward, with numbers that are drawn."""

from collections.abc import Iterator
from itertools import product

from conformance.lines import to_bits

from .formats import DTYPES, Asked, hexadecimal, spread


def sums() -> Iterator[Asked]:
    """Lengths around the ends of leaves, and of the trees above them."""
    features = (0, 1, 2, 255, 256, 257, 511, 512, 513, 769)
    rows = (0, 1, 2, 127, 128, 129, 255, 256, 257, 384, 385, 513, 641, 769, 897, 1025)
    for kinds, lengths in (
        (("feature", "plain_feature"), features),
        (("row", "plain_row"), rows),
    ):
        for kind, dtype, n in product(kinds, DTYPES, lengths):
            yield ("sum", kind, dtype, *hexadecimal(n + 1, n))


# Where a rounding of x, of the difference or of 1 / scale on the way would show.
_STANDARDIZED = (
    (1.0, 0.1, 3.0),
    (16777217.0, 16777216.0, 0.75),
    (1e9 + 0.7, 1e9, 0.3),
    (0.1, 1.0 / 3.0, 0.7),
    (-0.0, 0.0, 1.0),
    (1e-40, 0.0, 1e-30),
    *((x, -x * x / 7.0, abs(x) + 0.3) for x in spread(1, -9.0, 9.0, 24)),
)


def layers() -> Iterator[Asked]:
    """Inputs of a factor; products and their gradients, of widths around those of vectors."""
    for dtype, factor in product(DTYPES, (1.0 / 255.0, 0.1, -1.0 / 3.0, 1e-3)):
        for x in (1.0, 51.0, 254.0, 255.0, 0.1, 1.0 / 3.0, 16777217.0, *spread(1, 0.0, 9.0, 6)):
            yield ("scaled", dtype, to_bits("float64", x), to_bits("float64", factor))
    for dtype in DTYPES:
        for x, mean, scale in _STANDARDIZED:
            numbers = (to_bits("float64", value) for value in (x, mean, scale))
            yield ("standardized", dtype, *numbers)
    for n in (1, 2, 127, 128, 129, 256, 257, 385, 641):
        yield ("moments", *hexadecimal(n, n))
    dense = [
        (1, 1, 1),
        (3, 5, 17),
        (7, 255, 2),
        (1, 256, 9),
        (2, 257, 5),
        (1, 512, 3),
        (2, 513, 33),
    ]
    rows = [(n, 3, 2) for n in (1, 2, 127, 128, 129, 257, 385, 641)]
    wide = [(2, 2, 255), (2, 2, 256), (1, 3, 257), (1, 2, 513), (5, 3, 7)]
    for operation, sizes in (
        (("dense",), dense),
        (("gradients", "parameters"), rows),
        (("gradients", "inputs"), wide),
    ):
        for number, (dtype, shape) in enumerate(product(DTYPES, sizes)):
            yield (*operation, dtype, *hexadecimal(number + 1, *shape))
    for dtype, shape in product(DTYPES, ((1, 1, 1), (3, 5, 7), (1, 256, 2), (1, 513, 3))):
        yield ("unbiased", dtype, *hexadecimal(5, *shape))
