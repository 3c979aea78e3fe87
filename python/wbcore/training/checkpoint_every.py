"""How often a fit writes a checkpoint: "30s", "5 min", "1 epoch", "500 batches"."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from wbcore import _arguments

__all__ = ["Every", "parsed"]

_TEXT = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(s|min|epochs?|batch(?:es)?)\s*")
_EXPECTED = "a text such as '30s', '5 min', '1 epoch' or '500 batches'"


class Every(NamedTuple):
    """After so many of these."""

    number: float
    unit: Literal["seconds", "epochs", "batches"]


def parsed(operation: str, value: object) -> Every:
    """What a text says.

    Raises
    ------
    TypeError, ValueError
        When it is none, or says nothing of the kind.
    """

    def message() -> str:
        got = _arguments.shown(value)
        return f"[{operation}] expected checkpoint_every to be {_EXPECTED}, got {got}"

    if value == "1 epoch":  # what most fits have, and need not wait for
        return Every(1, "epochs")
    if not isinstance(value, str):
        raise TypeError(message())
    found = _TEXT.fullmatch(value)
    count = float(found[1]) if found else 0.0
    if found is None or not 0 < count <= _arguments.INT32_MAX:
        raise ValueError(message())
    if found[2] in ("s", "min"):
        return Every(count * (60 if found[2] == "min" else 1), "seconds")
    if not count.is_integer():
        raise ValueError(f"{message()}, and epochs and batches are whole")
    return Every(int(count), "epochs" if found[2].startswith("e") else "batches")
