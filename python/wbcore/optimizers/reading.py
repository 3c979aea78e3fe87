"""Reads what stands for an optimizer: one as it is, its text, or the last one of a network."""

from __future__ import annotations

from copy import copy
from functools import lru_cache

from wbcore import _arguments, _core, _named
from wbcore.optimizers import _rate
from wbcore.optimizers.base import Optimizer, last_of
from wbcore.optimizers.lbfgs import LBFGS
from wbcore.optimizers.options import plain

__all__ = ["check", "going_on"]


def check(operation: str, optimizer: object) -> Optimizer | LBFGS:
    """An optimizer: as it is, or made of its text."""
    if isinstance(optimizer, (Optimizer, LBFGS)):
        return optimizer
    if isinstance(optimizer, str) and optimizer.strip().removesuffix("()") == "lbfgs":
        return LBFGS()  # no row of the core
    if isinstance(optimizer, str):
        text, schedule = _rate.taken_out(operation, optimizer)
        try:
            name, numbers = _named.parsed("optimizer", operation, "optimizer", text)
        except ValueError as error:
            raise ValueError(_with_lbfgs(str(error), text)) from None
        made = Optimizer._of_row[name]
        values = zip(made._row.numbers, numbers, strict=True)
        settings: dict[str, object] = {
            number.name: plain(number, value) for number, value in values
        }
        if schedule is not None:
            settings["learning_rate"] = schedule
        return made(**settings)
    raise TypeError(
        f"[{operation}] expected optimizer to be an optimizer such as SGD(learning_rate=0.1), "
        f"got {_arguments.shown(optimizer)}"
    )


def _with_lbfgs(message: str, text: str) -> str:
    """A refusal of the core's, which knows no L-BFGS."""
    if text.lstrip().partition("(")[0].strip() == "lbfgs":
        return f"{message}; with numbers pass wb.LBFGS(max_iterations=30)"
    is_list = " to be one of " in message
    return message.replace(", got ", ", lbfgs, got ", 1) if is_list else message


def going_on(operation: str, core: _core._Network, optimizer: object) -> Optimizer | LBFGS:
    """The optimizer that is given; by None or the text of the last one that last one."""
    if isinstance(optimizer, (Optimizer, LBFGS)):
        return optimizer
    last = last_of(core)
    if optimizer is None:
        return last or check(operation, "sgd")
    made = _made(operation, optimizer) if type(optimizer) is str else check(operation, optimizer)
    goes_on = isinstance(last, Optimizer) and isinstance(made, Optimizer) and last._equals(made)
    return last if last is not None and goes_on else copy(made)


@lru_cache(maxsize=64)  # a loop of one's own names its optimizer in each step
def _made(operation: str, text: str) -> Optimizer | LBFGS:
    return check(operation, text)
