"""Who may write into a network: one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

__all__ = ["Turn"]


class Turn:
    """Holds a lock, or refuses at once: two trainings of one network at a time are a slip."""

    __slots__ = ("_lock", "_operation")

    def __init__(self, lock: threading.Lock, operation: str) -> None:
        self._lock = lock
        self._operation = operation

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(
                f"[{self._operation}] expected a network that is not being trained, got one that "
                f"another thread, or the fit whose callback this is, is training; "
                f"train a copy: net.copy()"
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()
