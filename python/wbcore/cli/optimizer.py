"""The optimizer of a training, with its schedule: what the options say of it, put together."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import wbcore as wb
from wbcore import _core, _named, schedules
from wbcore.optimizers import _rate, check
from wbcore.recipe import TABLE
from wbcore.schedules import Schedule
from wbcore.schedules.lasting import lasting, says_rate

__all__ = ["LASTING", "OptimizerOptions", "explained", "made", "watches_validation"]

OptimizerOptions = dict[str, "str | float | None"]
"""optimizer, schedule, learning_rate, momentum, weight_decay, l2; None for what is not said."""

LASTING = 1000
"""The steps of a training of which nothing is known yet but that it is one."""


@contextmanager
def explained(option: str, what: str = "") -> Iterator[None]:
    """Name the option in what the library refuses, where that names an argument."""
    try:
        yield
    except (TypeError, ValueError) as error:
        message = re.sub(r"^\[\w+\] ", "", str(error))
        raise ValueError(f"{option}: {message.replace(f'{what} to be ', '', 1)}") from None


def made(options: OptimizerOptions, steps: int) -> wb.Optimizer:
    """Return the optimizer of a training of so many steps.

    Its learning rate is that of ``learning_rate``, or of the optimizer's text. ``schedule`` says
    what becomes of it: a name alone takes that rate, and for as long as the training lasts; a text
    with numbers says all of it, the rate too.

    Raises
    ------
    ValueError
        If an option is not sound, or two of them say the same thing.
    """
    text, schedule = str(options["optimizer"]), options["schedule"]
    optimizer = _optimizer(text)
    stated = _stated(text)
    for name in ("learning_rate", "momentum", "weight_decay", "l2"):
        if options[name] is not None:
            _set(optimizer, stated, name, options[name], text)
    rate = optimizer.learning_rate
    if isinstance(rate, Schedule):
        if schedule is not None:
            raise ValueError(
                f"--schedule: expected none beside the one of --optimizer {text}, got {schedule}"
            )
        return optimizer
    words = TABLE.schedule if schedule is None else str(schedule)
    if says_rate(words):
        for option, given in (
            ("--learning-rate", options["learning_rate"]),
            ("--optimizer", text if "learning_rate" in stated else None),
        ):
            if given is not None:
                raise ValueError(
                    f"--schedule: expected a name alone, such as cosine, beside the learning rate "
                    f"of {option} {given}, got {words}, which has its own"
                )
        with explained("--schedule", "learning_rate"):
            optimizer.learning_rate = schedules.parsed("schedule", words)
    else:
        with explained("--schedule", "learning_rate"):
            optimizer.learning_rate = lasting("schedule", words, rate, steps)
    return optimizer


def watches_validation(optimizer: wb.Optimizer) -> bool:
    """Return whether the schedule looks at rows that are not trained on."""
    return _rate.watches_validation(optimizer.learning_rate)


def _optimizer(text: str) -> wb.Optimizer:
    with explained("--optimizer", "optimizer"):
        optimizer = check("optimizer", text)
    if not isinstance(optimizer, wb.Optimizer):
        known = ", ".join(wb.optimizers.NAMES)
        raise ValueError(f"--optimizer: expected one that takes batches ({known}), got {text}")
    return optimizer


def _stated(text: str) -> set[str]:
    """Return the names of the numbers that the text of an optimizer says."""
    name, opening, inside = text.strip().partition("(")
    if not opening or not inside.rstrip(") "):
        return set()
    depth, count = 0, 1
    for letter in inside[: inside.rindex(")")]:
        depth += (letter == "(") - (letter == ")")
        count += letter == "," and depth == 0
    numbers = _named.rows("optimizer")[name.strip()].numbers
    return {number.name for number in numbers[:count]}


def _set(optimizer: wb.Optimizer, stated: set[str], name: str, value: object, text: str) -> None:
    """Give the optimizer a number of an option of its own."""
    option = f"--{name.replace('_', '-')}"
    if not hasattr(optimizer, name):
        has = [row.name for row in _named.rows("optimizer").values() if _has(row, name)]
        raise ValueError(
            f"{option}: expected an optimizer that has it, such as --optimizer {has[0]}, got {text}"
        )
    if name in stated:
        raise ValueError(
            f"{option}: expected it once, got {value} beside that of --optimizer {text}"
        )
    with explained(option, name):
        setattr(optimizer, name, value)


def _has(row: _core.Row, name: str) -> bool:
    return any(number.name == name for number in row.numbers)
