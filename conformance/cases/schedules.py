"""Rates of schedules at the ends of their parts, and trainings with each."""

from collections.abc import Iterator
from itertools import cycle, product

from conformance.lines import to_bits, word_of
from wbcore.reference import OPTIMIZERS, SGD
from wbcore.reference.schedules import SCHEDULES, Plateau, Schedule

from .examples import examples
from .formats import DTYPES, Asked
from .training import Training

# Around ends of lengths and cycles of the examples, and far beyond.
_STEPS = (1, 2, 5, 6, 8, 10, 11, 13, 24, 50, 1000, 2**62)
_RISING = (1, 2, 3, 6)  # where a warm-up shows
_WARMUPS = ((0, 0.0, _STEPS), (5, 0.0, _RISING), (6, 0.15, _RISING))
_VALUES = ((3.0, 2.0, 2.0, 1.9375, 2.5, 1.0, 1.0, 1.0), (float("nan"), 1.0, 1.25, 3.0, 3.05, 3.0))


def rates() -> Iterator[Asked]:
    """Each schedule, alone and behind a warm-up."""
    seen = set()
    for schedule in _schedules():
        warmups = _WARMUPS[:1] if schedule.name in seen else _WARMUPS
        seen.add(schedule.name)
        for warmup, start, steps in warmups:
            for step in steps[:2] if schedule.observes else steps:
                for reductions in (0, 3, 40) if schedule.observes else (0,):
                    yield (
                        "rate",
                        word_of(schedule),
                        f"{warmup:x}",
                        to_bits("float64", start),
                        f"{step:x}",
                        f"{reductions:x}",
                    )


def with_schedules() -> Iterator[Asked]:
    """A training with each; a plateau watches the loss."""
    optimizers = cycle((SGD(0.05, 0.9), OPTIMIZERS.choice("adamw(0.05)"), SGD(0.05)))
    for dtype, schedule in product(DTYPES, _schedules()):
        words = word_of(schedule)
        yield Training(dtype, schedule=words, optimizer=next(optimizers), fits="2").words()


def observations() -> Iterator[Asked]:
    """What becomes of the values that a plateau is told."""
    for plateau in examples(Plateau):
        for values in _VALUES:
            yield ("observe", word_of(plateau), *(to_bits("float64", x) for x in values))


def _schedules() -> Iterator[Schedule]:
    for row in SCHEDULES.values():
        yield from examples(row)
