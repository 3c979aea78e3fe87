"""The learning rate of an optimizer: a number, a schedule, or a function of the step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from wbcore import _core, schedules
from wbcore.schedules.base import Rates, Schedule, is_callable, rate_of, rates_of, text_of

if TYPE_CHECKING:
    from wbcore.schedules import Plateau

__all__ = [
    "LearningRate",
    "base",
    "function_of",
    "placed",
    "schedule_of",
    "taken_out",
    "watches_validation",
    "watching",
]

LearningRate = float | Schedule | str | Rates
"""What stands for one; as a setting it is no text any more."""

# Stands where a text has a schedule; no rate that anybody would choose, and exact in few digits.
_PLACE = 0.0009765625
_AT_ONCE = 1 << 16  # steps, whose rates are half a megabyte
_FIRST = re.compile(r"\s*(\w+)\s*\(")


def schedule_of(rate: object) -> _core.Schedule | None:
    """What the core computes by itself; None for a number and for functions."""
    return rate._in_core if isinstance(rate, Schedule) else None


def function_of(rate: object) -> Rates | None:
    """What has to be asked in Python."""
    return rate if is_callable(rate) and schedule_of(rate) is None else None


def base(rate: object, number: _core.Number) -> float:
    """The number that the core checks: of a schedule its own, of a function nobody knows it."""
    if schedule_of(rate) is not None:
        return float(rate._rule.learning_rate)  # type: ignore[attr-defined]
    return number.standard if is_callable(rate) else float(rate)  # type: ignore[arg-type]


def at(rate: object, step: int, reductions: int) -> float:
    """The rate of a step; for messages, and after a plateau has been told something."""
    if (schedule := schedule_of(rate)) is not None:
        return float(schedule.rates(step, 1, reductions)[0])
    function = function_of(rate)
    return rate_of(function, "learning_rate", step) if function else float(rate)  # type: ignore[arg-type]


def all_zero(rate: object, first: int, last: int, reductions: int) -> bool:
    """Whether the rates of these steps, counted from 1, are 0, the last one among them."""
    schedule, function = schedule_of(rate), function_of(rate)
    if schedule is None and function is None:
        return False  # no setting is 0
    for start in range(first, last + 1, _AT_ONCE):
        count = min(_AT_ONCE, last + 1 - start)
        if schedule is not None:
            rates = schedule.rates(start, count, reductions)
        elif function is not None:
            rates = rates_of(function, "fit", start, count)
        if rates.any():
            return False
    return last >= first


def watching(rate: object) -> Plateau | None:
    """The plateau of it, if there is one."""
    if not isinstance(rate, Schedule) or rate._in_core is None:
        return None
    rule = rate._rule
    return cast("Plateau", rule) if rule._row.properties["observes"] else None


def watches_validation(rate: object) -> bool:
    """Whether it looks at rows that are not trained on."""
    plateau = watching(rate)
    return plateau is not None and plateau.monitor.startswith("val_")


def placed(row: str, numbers: list[float], rate: object) -> str:
    """The text of an optimizer."""
    if not is_callable(rate):
        return _core.choice_text("optimizer", row, numbers)
    text = _core.choice_text("optimizer", row, [_PLACE, *numbers[1:]])
    return text.replace(str(_PLACE), text_of(rate), 1)


def taken_out(operation: str, text: str) -> tuple[str, Schedule | None]:
    """The text of an optimizer with a number in place of its schedule, and the schedule."""
    opening = _FIRST.match(text)
    if opening is None or not text.rstrip().endswith(")"):
        return text, None
    inside = text[opening.end() : text.rindex(")")]
    first = inside[: _end_of_first(inside)]
    # a number begins with a digit, a point or a sign
    if not first.strip()[:1].isalpha() or first.strip().lower() in ("inf", "nan", "infinity"):
        return text, None
    schedule = schedules.parsed(operation, first.strip())
    return f"{opening[1]}({_PLACE}{inside[len(first) :]})", schedule


def _end_of_first(inside: str) -> int:
    """Where the first of the numbers ends; commas within brackets are the schedule's."""
    depth = 0
    for at, letter in enumerate(inside):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            return at
    return len(inside)
