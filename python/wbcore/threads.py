"""How many threads a call may use. The results do not depend on it, only the time."""

from __future__ import annotations

import sys

from wbcore import _arguments, _core

__all__ = ["get_num_threads", "num_threads", "register_with_threadpoolctl", "set_num_threads"]


def get_num_threads() -> int:
    """Return the most threads that a call uses when it is not told `n_threads`.

    That is the number of the innermost `with num_threads(n)` of the calling thread, else what
    `set_num_threads` set, else the environment variable WBCORE_NUM_THREADS, else the processors
    that this process may use (its affinity mask and its cgroup's quota), or OMP_NUM_THREADS if
    that is less.

    OMP_NUM_THREADS is OpenMP's variable: a number, or several with commas, of which the first
    counts; anything else is passed over. Those who start many processes set it, so that these do
    not fight for the processors: Dask's workers and torchrun to 1, Ray to the processors of the
    task, joblib's processes to their share of them.

    It is a limit: small work stays on one thread, and a `fit` of many batches times a few of them
    with one thread and with more, and goes on with what is faster. Where several threads of this
    process train at the same time, as under joblib's "threading", each call uses its part of the
    processors, and more when others have ended: what was set is what it uses at most. A call that
    is told `n_threads` uses that number.

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


class num_threads(_core.ThreadLimit):  # noqa: N801 - read as a function: with num_threads(2): ...
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
        super().__init__(_arguments.n_threads("num_threads", n))


def register_with_threadpoolctl() -> None:
    """Let `threadpoolctl.threadpool_info` list wbcore and `threadpool_limits` limit it.

    The limit holds for the calling thread, as that of `num_threads` does. Where threadpoolctl has
    been imported before (scikit-learn does), `import wbcore` calls this, and so does the making of
    a network; it is left for those who import threadpoolctl later and look at once.

    Raises
    ------
    ImportError
        When there is no threadpoolctl, or it is older than 3.2.

    Examples
    --------
    >>> import wbcore as wb
    >>> from threadpoolctl import threadpool_limits
    >>> wb.threads.register_with_threadpoolctl()
    >>> with threadpool_limits(1):
    ...     wb.get_num_threads()
    1
    """
    from wbcore import _threadpoolctl  # noqa: F401 - the import registers, once


def register_where_loaded() -> None:
    """Do it now if threadpoolctl is there: whoever has not imported it does not pay for it."""
    if "threadpoolctl" not in sys.modules or "wbcore._threadpoolctl" in sys.modules:
        return
    try:
        register_with_threadpoolctl()
    except ImportError:  # too old, or another module of that name
        return


register_where_loaded()
