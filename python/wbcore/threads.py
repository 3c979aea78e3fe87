"""How many threads a call may use. The results do not depend on it, only the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _arguments, _core

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["get_num_threads", "num_threads", "set_num_threads"]


def get_num_threads() -> int:
    """Return the most threads that a call uses when it is not told `n_threads`.

    That is the number of the innermost `with num_threads(n)` of the calling thread, else what
    `set_num_threads` set, else the environment variable WBCORE_NUM_THREADS, else the processors
    that this process may use (its affinity mask and its cgroup's quota).

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> with wb.num_threads(3):
    ...     wb.get_num_threads()
    3
    """
    return _core.thread_limit()


def set_num_threads(n: int | None) -> None:
    """Set the most threads that calls of this process use when they are not told `n_threads`.

    Work too small to pay for a second thread stays on one all the same.

    Parameters
    ----------
    n : int or None
        At least 1; None returns to the default.

    Raises
    ------
    TypeError, ValueError
        When n is no such number.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.set_num_threads(2)
    >>> wb.get_num_threads()
    2
    >>> wb.set_num_threads(None)
    """
    _core.set_thread_limit(_arguments.n_threads("set_num_threads", n))


class num_threads:  # noqa: N801 - read as a function: with num_threads(2): ...
    """Limit the threads of the calls within a `with` block, on the calling thread alone.

    Parameters
    ----------
    n : int
        At least 1.

    Raises
    ------
    TypeError, ValueError
        When n is no such number.

    Examples
    --------
    >>> import wbcore as wb
    >>> with wb.num_threads(1):
    ...     wb.get_num_threads()
    1
    """

    def __init__(self, n: int) -> None:
        if n is None:
            raise TypeError("[num_threads] expected n as an integer of at least 1, got None")
        self._n = _arguments.n_threads("num_threads", n)
        self._before: list[int] = []

    def __enter__(self) -> None:
        self._before.append(_core.set_thread_limit_here(self._n))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _core.set_thread_limit_here(self._before.pop())
