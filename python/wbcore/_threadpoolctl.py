"""What threadpoolctl needs to know of wbcore. Importing this registers it."""

from __future__ import annotations

from pathlib import Path

from threadpoolctl import LibController, register

from wbcore import _core


class Controller(LibController):  # type: ignore[misc]  # threadpoolctl ships no types
    """The number of threads that calls of this thread use when they are not told one."""

    user_api = "wbcore"
    internal_api = "wbcore"
    # Others have a library of this name too; the symbols tell them apart.
    filename_prefixes = (Path(_core.__file__).name.partition(".")[0],)
    check_symbols = ("wbcore_get_num_threads", "wbcore_set_num_threads_here")

    def get_num_threads(self) -> int:
        """At least 1."""
        return _core.thread_limit()

    def set_num_threads(self, num_threads: int) -> None:
        """For the calling thread alone: threads that limit and restore do not meet."""
        # To restore what holds without a limit is to have none, which would hide later changes.
        _core.set_thread_limit_here(0)
        if _core.thread_limit() != num_threads:
            _core.set_thread_limit_here(num_threads)

    def get_version(self) -> str:
        """As `wbcore.__version__`."""
        return _core.__version__


register(Controller)
