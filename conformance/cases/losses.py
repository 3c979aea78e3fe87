"""Losses with their gradients, and evaluations with their metrics."""

import math
from collections.abc import Iterator, Sequence
from itertools import product

from conformance.lines import to_bits

from .formats import DTYPES, FORMATS, Asked, Format, hexadecimal, spread

METRICS = {
    "mse": ("mae", "mse", "r2"),
    "mae": ("r2",),
    "huber": ("mse",),
    "binary_cross_entropy": ("accuracy", "mae", "mse", "r2"),
    "cross_entropy": ("accuracy",),
}

# Loss, delta, outputs and targets of each row
Case = tuple[str, float, Sequence[Sequence[float]], Sequence[Sequence[float]]]


def losses() -> Iterator[Asked]:
    """Each loss and its gradient: differences around delta, targets of 0, sums out of range."""
    for form in FORMATS:
        for cases in (_regression(form), _binary(), _classes(form)):
            for name, delta, y, t in cases:
                numbers = form.words(x for matrix in (y, t) for row in matrix for x in row)
                width = hexadecimal(len(y[0]))
                yield ("loss", name, form.dtype, to_bits("float64", delta), *width, *numbers)


def _regression(form: Format) -> Iterator[Case]:
    for name, delta in (("mse", 1.0), ("mae", 1.0), ("huber", 0.7), ("huber", 1.0)):
        sizes = [0.0, 0.7, 1.0, 2.5, 1e-3, 1e-20, form.least, math.sqrt(1.2) * form.least**0.5]
        sizes += form.neighbours(delta)
        for size, sign in product(sizes, (1.0, -1.0)):
            yield name, delta, [[sign * size]], [[0.0]]
        yield name, delta, [[0.1]], [[0.1]]
        yield name, delta, [[1.1, -0.2, 0.3]], [[0.1, 0.2, 0.3]]
        y, t = spread(5, -3.0, 3.0, 30), spread(6, -3.0, 3.0, 30)
        for width in (1, 2, 5, 10):
            yield name, delta, _rows(y, width), _rows(t, width)


def _binary() -> Iterator[Case]:
    zs = [0.0, 0.3, 20.0, 87.4, 104.5, 710.5, 745.5, 1000.0, *spread(7, 0.0, 9.0, 8)]
    for z, sign, t in product(zs, (1.0, -1.0), (0.0, 1.0, 0.3)):
        yield "binary_cross_entropy", 1.0, [[sign * z]], [[t]]
    logits, targets = spread(8, -5.0, 5.0, 12), spread(9, 0.0, 1.0, 12)
    yield "binary_cross_entropy", 1.0, _rows(logits, 3), _rows(targets, 3)


def _classes(form: Format) -> Iterator[Case]:
    rows = [[0.0, 0.0], [0.3, -1.2], [100.0, -100.0], [-0.0, 0.0], [1000.0, 0.0], [0.0, -750.0]]
    rows += _rows(spread(10, -4.0, 4.0, 12), 2)
    for z, t in product(rows, ([1.0, 0.0], [0.0, 1.0], [0.25, 0.75])):
        yield "cross_entropy", 1.0, [z], [t]
    targets = [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.25, 0.25, 0.5], [0.0, 0.0, 1.0]]
    for z in (spread(11, -4.0, 4.0, 12), spread(12, -30.0, 30.0, 12)):
        yield "cross_entropy", 1.0, _rows(z, 3), targets
    # a target of 0 costs nothing, even where its distance is out of range
    large = form.largest / 1.5
    yield "cross_entropy", 1.0, [[large, -large]], [[1.0, 0.0]]


def _rows(numbers: Sequence[float], width: int) -> list[list[float]]:
    return [list(numbers[low : low + width]) for low in range(0, len(numbers), width)]


def evaluations() -> Iterator[Asked]:
    """Losses and metrics of rows around the ends of leaves, and of many outputs."""
    rows = (1, 2, 127, 128, 129, 257, 385, 641)
    for number, (loss, dtype) in enumerate(product(METRICS, DTYPES)):
        for n in rows if loss in ("mse", "cross_entropy") else (1, 129, 385):
            yield ("evaluate", dtype, loss, *hexadecimal(number + n, n, 3), *METRICS[loss])
        yield ("evaluate", dtype, loss, *hexadecimal(7, 2, 257), *METRICS[loss])
