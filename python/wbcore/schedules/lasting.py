"""Schedules by their names alone, for as long as a training lasts."""

from __future__ import annotations

import re

from wbcore import _arguments, _named
from wbcore.schedules.base import Schedule
from wbcore.schedules.reading import parsed

__all__ = ["lasting", "says_rate"]

_WARMUP = re.compile(r"\s*(\w+)\s+after\s+warmup\(\s*(\d+)\s*(?:,\s*([^(),]+))?\)\s*")


def says_rate(schedule: str) -> bool:
    """Whether the text of a schedule has numbers, the first of which is its rate."""
    return "(" in re.sub(r"\bafter\s+warmup\(.*", "", schedule)


def lasting(operation: str, words: str, rate: float, steps: int) -> Schedule:
    """The schedule of a name that begins with a rate and goes over a whole training.

    Parameters
    ----------
    operation : str
        For messages.
    words : str
        Such as "cosine" or "one_cycle after warmup(100)".
    rate : float
    steps : int
        Of the training.

    Raises
    ------
    ValueError
        When there is no such schedule, it has numbers that must be said, or the warm-up is as long
        as the training.
    """
    found = _WARMUP.fullmatch(words)
    name, warmup = (found[1], int(found[2])) if found else (words.strip(), 0)
    rows = _named.rows("schedule")
    if name not in rows:
        return parsed(operation, words)  # which says what there is
    if warmup >= steps:
        raise ValueError(
            f"[{operation}] expected a warm-up shorter than the training's {steps} steps, "
            f"got {_arguments.shown(words)}"
        )
    known = {"learning_rate": rate, "steps": float(steps - warmup)}
    numbers = []
    for number in rows[name].numbers:
        if number.name in known and not number.allows(number.standard):
            numbers.append(known[number.name])
        elif number.allows(number.standard):
            break  # this one and those behind it have defaults
        else:
            raise ValueError(
                f"[{operation}] expected {_named.form(rows[name])} with its numbers, "
                f"got {_arguments.shown(words)}"
            )
    tail = words[words.index("after") :] if found else ""
    return parsed(operation, f"{name}({', '.join(map(repr, numbers))}) {tail}".strip())
