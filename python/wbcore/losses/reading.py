"""The loss of a text, as an object: for what is asked of a loss beside its arithmetic."""

from __future__ import annotations

from wbcore import _named
from wbcore.losses import classification, regression
from wbcore.losses.base import Loss

__all__ = ["from_text"]

_OF_ROW: dict[str, type[Loss]] = {
    getattr(module, name)._row.name: getattr(module, name)
    for module in (classification, regression)
    for name in module.__all__
}


def from_text(text: str) -> Loss:
    """The loss of a text that `check` has given, without weights of outputs."""
    name, numbers = _named.parsed("loss", "losses", "loss", text)
    return _OF_ROW[name](*numbers)
