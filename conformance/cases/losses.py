"""Losses with their gradients, and evaluations with their metrics."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product

from conformance.lines import word_of
from wbcore.reference import LOSSES
from wbcore.reference.losses import Loss

from .examples import choices
from .formats import DTYPES, FORMATS, Asked, Format, hexadecimal, spread

# Losses that came later have widths more.
_SINCE = ("log_cosh",)
# One of each shape of sums is asked for every number of rows.
_ALL_ROWS = ("mse", "cross_entropy")

METRICS = {
    "numbers": ("mae", "mse", "r2"),
    "probabilities": ("accuracy", "mae", "mse", "r2"),
    "classes": ("accuracy",),
    "counts": ("mae", "mse", "r2"),
    "positives": ("mae", "mse", "r2"),
    "signs": ("accuracy",),
}
"""By the kind of targets."""

# Outputs and targets of each row
Case = tuple[Sequence[Sequence[float]], Sequence[Sequence[float]]]


def losses() -> Iterator[Asked]:
    """Each loss and its gradient: differences around its numbers, targets of 0, large sums."""
    for form in FORMATS:
        for loss in (*choices(LOSSES), *_weighted()):
            for y, t in _KINDS[loss.targets](form, loss):
                if len(y[0]) % loss.levels:
                    continue
                if loss.output_weights and len(y[0]) != len(loss.output_weights):
                    continue
                numbers = form.words(x for matrix in (y, t) for row in matrix for x in row)
                yield ("loss", word_of(loss), form.dtype, *hexadecimal(len(y[0])), *numbers)


def _weighted() -> Iterator[Loss]:
    """Each loss of elements with weights of three outputs."""
    for row in LOSSES.values():
        if row().count(2, 3) != row().count(2, 1):
            yield row(output_weights=(0.5, 0.0, 1.7))


def _numbers(form: Format, loss: Loss) -> Iterator[Case]:
    sizes = [0.0, 0.7, 1.0, 2.5, 1e-3, 1e-20, form.least, math.sqrt(1.2) * form.least**0.5]
    sizes += [x for number in loss.numbers or (1.0,) for x in form.neighbours(number)]
    for size, sign in product(sizes, (1.0, -1.0)):
        yield [[sign * size]], [[0.0]]
    yield [[0.1]], [[0.1]]
    yield [[1.1, -0.2, 0.3]], [[0.1, 0.2, 0.3]]
    y, t = spread(5, -3.0, 3.0, 30), spread(6, -3.0, 3.0, 30)
    more = loss.levels > 1 or loss.output_weights or loss.name in _SINCE
    for width in (1, 2, 3, 5, 6, 10) if more else (1, 2, 5, 10):
        yield _rows(y, width), _rows(t, width)


def _counts(_: Format, __: Loss) -> Iterator[Case]:
    zs = [0.0, 0.3, 1e-3, 2.5, 20.0, 88.9, 104.5, 710.5, 1e30]
    for z, sign, t in product(zs, (1.0, -1.0), (0.0, 1.0, 2.7, 1e4)):
        yield [[sign * z]], [[t]]
    logs, targets = spread(13, -3.0, 3.0, 12), spread(14, 0.0, 9.0, 12)
    yield _rows(logs, 3), _rows(targets, 3)


def _positives(form: Format, _: Loss) -> Iterator[Case]:
    zs = [0.0, 1e-9, 1e-4, 0.2, 0.249, 0.251, 0.3, 2.5, 20.0, 88.9, 710.5, 1e30]
    for z, sign, t in product(zs, (1.0, -1.0), (1.0, 0.75, 1e4, form.least)):
        yield [[sign * z]], [[t]]
    logs, targets = spread(15, -3.0, 3.0, 12), spread(16, 0.1, 9.0, 12)
    yield _rows(logs, 3), _rows(targets, 3)


def _signs(form: Format, _: Loss) -> Iterator[Case]:
    ys = [0.0, 0.3, 1.0, 2.5, 1e-20, 1e30, *form.neighbours(1.0)]
    for y, sign, t in product(ys, (1.0, -1.0), (0.0, 1.0, -1.0)):
        yield [[sign * y]], [[t]]
    outputs = spread(17, -3.0, 3.0, 12)
    yield _rows(outputs, 3), [[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0]] * 2


def _probabilities(_: Format, loss: Loss) -> Iterator[Case]:
    zs = [0.0, 0.3, 20.0, 87.4, 104.5, 710.5, 745.5, 1000.0, *spread(7, 0.0, 9.0, 8)]
    for z, sign, t in product(zs[:: _step(loss)], (1.0, -1.0), (0.0, 1.0, 0.3)):
        yield [[sign * z]], [[t]]
    logits, targets = spread(8, -5.0, 5.0, 12), spread(9, 0.0, 1.0, 12)
    yield _rows(logits, 3), _rows(targets, 3)


def _classes(form: Format, loss: Loss) -> Iterator[Case]:
    rows = [[0.0, 0.0], [0.3, -1.2], [100.0, -100.0], [-0.0, 0.0], [1000.0, 0.0], [0.0, -750.0]]
    rows += _rows(spread(10, -4.0, 4.0, 12), 2)
    for z, t in product(rows[:: _step(loss)], ([1.0, 0.0], [0.0, 1.0], [0.25, 0.75])):
        yield [z], [t]
    targets = [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0], [0.25, 0.25, 0.5], [0.0, 0.0, 1.0]]
    for z in (spread(11, -4.0, 4.0, 12), spread(12, -30.0, 30.0, 12)):
        yield _rows(z, 3), targets
    # a target of 0 costs nothing, even where its distance is out of range
    large = form.largest / 1.5
    yield [[large, -large]], [[1.0, 0.0]]


def _step(loss: Loss) -> int:
    """Other numbers than the defaults are asked in a third of the places."""
    return 3 if loss.numbers else 1


_KINDS: dict[str, Callable[[Format, Loss], Iterator[Case]]] = {
    "numbers": _numbers,
    "probabilities": _probabilities,
    "classes": _classes,
    "counts": _counts,
    "positives": _positives,
    "signs": _signs,
}


def _rows(numbers: Sequence[float], width: int) -> list[list[float]]:
    return [list(numbers[low : low + width]) for low in range(0, len(numbers), width)]


def evaluations() -> Iterator[Asked]:
    """Losses and metrics of rows around the ends of leaves, and of many outputs."""
    rows = (1, 2, 127, 128, 129, 257, 385, 641)
    for number, (loss, dtype) in enumerate(product(LOSSES.values(), DTYPES)):
        metrics = METRICS[loss.targets]
        for n in rows if loss.name in _ALL_ROWS else (1, 129, 385):
            yield ("evaluate", dtype, loss.name, *hexadecimal(number + n, n, 3), *metrics)
        yield ("evaluate", dtype, loss.name, *hexadecimal(7, 2, 257), *metrics)
