"""Reads the texts of schedules."""

from __future__ import annotations

import re
from typing import Any

from wbcore import _arguments, _named
from wbcore.schedules.base import Schedule, Warmup
from wbcore.schedules.decays import Constant, Exponential, InverseScaling, Polynomial, Step
from wbcore.schedules.plateau import Plateau
from wbcore.schedules.waves import Cosine, OneCycle

__all__ = ["parsed"]

_CLASSES = (
    Constant,
    Step,
    Exponential,
    Polynomial,
    Cosine,
    OneCycle,
    InverseScaling,
    Plateau,
)
_OF_ROW: dict[str, type[Schedule]] = {cls._row.name: cls for cls in _CLASSES}

_WARMUP = re.compile(r"(.+?)\s+after\s+warmup\(([^()]*)\)\s*")
_WATCHED = re.compile(r"(.+?)\s+of\s+(?:(lowest|highest)\s+)?([^\W\d]\w*)\s*")


def parsed(operation: str, text: str) -> Schedule:
    """The schedule of a text: "cosine(0.1, 1000) after warmup(100)", "plateau(0.1) of loss"."""
    text = text.strip()
    if found := _WARMUP.fullmatch(text):
        return _warmed(operation, text, parsed(operation, found[1]), found[2])
    found = _WATCHED.fullmatch(text)
    name, numbers = _named.parsed(
        "schedule", operation, "learning_rate", found[1] if found else text
    )
    cls = _OF_ROW[name]
    _require_numbers(operation, found[1] if found else text, cls)
    if found and not cls._row.properties["observes"]:
        raise ValueError(
            f"[{operation}] expected no series behind {name}, which watches none, "
            f"got {_arguments.shown(text)}"
        )
    values: dict[str, Any] = {}
    for number, value in zip(cls._row.numbers, numbers, strict=True):
        values[number.name] = bool(value) if number.expected == "0 or 1" else value
    if found:
        values["monitor"] = found[3]
    if cls is Plateau:
        highest = values.pop("maximize") or (found is not None and found[2] == "highest")
        lowest = found is not None and found[2] == "lowest"
        values["mode"] = "max" if highest else "min" if lowest else "auto"
    return cls(**values)


def _require_numbers(operation: str, text: str, cls: type[Schedule]) -> None:
    """Refuse a text that leaves out what has no default."""
    needed = [number.name for number in cls._row.numbers if not number.allows(number.standard)]
    if text.count(",") + ("(" in text) < len(needed):
        raise ValueError(
            f"[{operation}] expected learning_rate to be a schedule with its numbers, of which "
            f"{cls._row.name} needs {' and '.join(needed)}: {cls._row.name}({', '.join(needed)}), "
            f"got {_arguments.shown(text)}"
        )


def _warmed(operation: str, text: str, schedule: Schedule, inside: str) -> Warmup:
    try:
        steps, *start = (float(word) for word in inside.split(","))
        whole = int(steps) if steps.is_integer() else steps
        return Warmup(schedule, whole, *start)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        said = f": {error}" if str(error).startswith("[") else ""
        raise ValueError(
            f"[{operation}] expected a warm-up such as warmup(100) or warmup(100, 0.1), "
            f"got {_arguments.shown(text)}{said}"
        ) from None
