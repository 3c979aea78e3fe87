"""The history that an inspection is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _arguments
from wbcore.history import History

if TYPE_CHECKING:
    from wbcore._view import Foreign

__all__ = ["history_of"]


def history_of(operation: str, history: Foreign) -> History:
    """The history itself.

    Raises
    ------
    TypeError
        For anything else, which says what to pass of a network or an estimator.
    """
    if not isinstance(history, History):
        known = next((n for n in ("history", "history_") if hasattr(history, n)), None)
        cure = f"; pass its {known}" if known is not None else ""
        raise TypeError(
            f"[{operation}] expected history to be a History, got {_arguments.shown(history)}{cure}"
        )
    return history
