"""Where the fits of a search are done: joblib's backends, or an executor.

Both do calls in any order and give their results as they come. When a worker process is killed, all
of its pool are; a new pool then goes on with the calls whose results have not come. After an error
or Ctrl-C calls that have not begun are cancelled, and the others waited for; joblib kills processes
of its own.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import pickle
import platform
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from functools import partial
from typing import Any

from wbcore import _arguments
from wbcore.searching.ending import Threads
from wbcore.threads import get_num_threads

__all__ = ["MOST_BREAKS", "Workers", "require_executor", "workers"]

#: So many pools may break one after the other without any result in between: then it is a call
#: that kills its worker each time, such as one that needs more memory than there is.
MOST_BREAKS = 3

Call = Callable[..., Any]


class Workers(ABC):
    """A pool that can be replaced."""

    operation: str  # what error messages begin with
    count: int  # of calls at once

    @property
    def threads_each(self) -> int:
        """How many threads each call may use so that all of them use what this process may."""
        return max(1, get_num_threads() // self.count)

    def results(
        self, call: Call, tasks: dict[int, tuple[Any, ...]]
    ) -> Generator[tuple[int, Any], None, None]:
        """The results of `call(*tasks[number])` by number, as they come.

        Raises
        ------
        RuntimeError
            When pools break again and again.
        """
        call, left = partial(_Here(), call), dict(tasks)
        breaks = 0
        while left:
            try:
                with contextlib.closing(self._once(call, dict(left))) as coming:
                    for number, result in coming:
                        breaks = 0
                        del left[number]
                        yield number, result
            except BrokenExecutor as error:  # noqa: PERF203 - a pass is a pool
                breaks += 1
                if breaks == MOST_BREAKS:
                    raise RuntimeError(
                        f"[{self.operation}] expected workers to live, got {breaks} pools in turn "
                        f"of which one was killed before any fit ended "
                        f"({_arguments.shown(str(error))}); "
                        f"{len(left)} fits were left, the next of them of {next(iter(left))}"
                    ) from error
                self._renew(error)

    @abstractmethod
    def _once(
        self, call: Call, tasks: dict[int, tuple[Any, ...]]
    ) -> Generator[tuple[int, Any], None, None]: ...

    @abstractmethod
    def _renew(self, error: BrokenExecutor) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Wait for calls that are still running, and leave nothing behind that was made here."""


class _Joblib(Workers):
    def __init__(self, operation: str, n_jobs: int | None) -> None:
        import joblib

        self.operation = operation
        self._n_jobs = n_jobs
        self._threads: Threads | None = None
        self.count = joblib.effective_n_jobs(n_jobs)

    def _once(
        self, call: Call, tasks: dict[int, tuple[Any, ...]]
    ) -> Generator[tuple[int, Any], None, None]:
        import joblib

        backend, _ = joblib.parallel.get_active_backend()
        version = tuple(map(int, joblib.__version__.split(".")[:2]))
        able = self.count == 1 or getattr(backend, "supports_return_generator", False)
        streams = able and version >= (1, 4)  # else results come when all are there
        options = {"return_as": "generator_unordered"} if streams else {}
        parallel = joblib.Parallel(n_jobs=self._n_jobs, batch_size=1, **options)
        # Those of a cluster within this process, for one, never end: only threads made here do.
        has_threads = self.count > 1 and isinstance(backend, joblib.parallel.ThreadingBackend)
        threads = self._threads = Threads() if has_threads else None
        found: Any = ()
        try:
            found = parallel(
                joblib.delayed(_numbered)(number, call, task, threads)
                for number, task in tasks.items()
            )
            yield from found
        finally:
            if threads is not None:
                threads.end()
            if streams and found:
                found.close()

    def close(self) -> None:
        if self._threads is not None:
            self._threads.join()

    def _renew(self, error: BrokenExecutor) -> None:
        """Nothing: joblib makes a new pool when it finds the last one broken."""


class _Given(Workers):
    def __init__(self, operation: str, executor: Executor | Callable[[], Executor]) -> None:
        self.operation = operation
        self._make = executor if not isinstance(executor, Executor) else None
        self._own: Executor | None = None
        self._running: list[Future[Any]] = []  # that could not be cancelled
        if isinstance(executor, Executor):
            self._executor = executor
        else:
            self._executor = self._own = executor()
            if not isinstance(self._own, Executor):
                raise TypeError(
                    f"[{operation}] expected executor to make a concurrent.futures.Executor, "
                    f"got {_arguments.shown(self._own)}"
                )
            _require_open(operation, self._own)
        self.count = getattr(self._executor, "_max_workers", None) or get_num_threads()

    def _once(
        self, call: Call, tasks: dict[int, tuple[Any, ...]]
    ) -> Generator[tuple[int, Any], None, None]:
        futures: list[Future[Any]] = []
        threads = Threads() if isinstance(self._executor, ThreadPoolExecutor) else None
        try:
            for number, task in tasks.items():
                futures.append(self._submitted(_numbered, (number, call, task, threads)))
            for future in as_completed(futures):
                yield future.result()
        finally:
            if threads is not None:
                threads.end()
            left = (future for future in futures if not future.done())
            self._running += [future for future in left if not future.cancel()]

    def _submitted(self, call: Call, task: tuple[Any, ...]) -> Future[Any]:
        try:
            return self._executor.submit(call, *task)
        except BrokenExecutor:
            raise
        except RuntimeError as error:  # shut down, or the interpreter is
            raise ValueError(
                f"[{self.operation}] expected executor to take calls, "
                f"got {_arguments.shown(self._executor)}: {error}"
            ) from None

    def _renew(self, error: BrokenExecutor) -> None:
        made: Executor
        if self._make is not None:
            made = self._make()
        elif type(self._executor) is ProcessPoolExecutor:
            made = _as(self._executor)
        else:
            raise RuntimeError(
                f"[{self.operation}] expected the executor's workers to live, got a broken pool; "
                "pass a function that makes an executor, and a new one goes on"
            ) from error
        self.close()
        self._executor = self._own = made

    def close(self) -> None:
        wait(self._running)
        self._running = []
        if self._own is not None:
            self._own.shutdown(wait=True, cancel_futures=True)


def workers(
    operation: str, n_jobs: int | None, executor: Executor | Callable[[], Executor] | None
) -> Workers:
    """Those of an executor that `require_executor` let pass, or else of joblib with its context.

    Raises
    ------
    TypeError, ValueError
        When a function makes no executor, or one that is shut down.
    """
    return _Joblib(operation, n_jobs) if executor is None else _Given(operation, executor)


def require_executor(operation: str, executor: object) -> None:
    """Refuse, before there is anything, what is no executor, makes none, or is shut down.

    Raises
    ------
    TypeError, ValueError
        When executor is no such thing.
    """
    if isinstance(executor, Executor):
        _require_open(operation, executor)
    elif executor is not None and not _is_maker(executor):
        raise TypeError(
            f"[{operation}] expected executor to be a concurrent.futures.Executor or a function "
            f"without arguments that makes one, got {_arguments.shown(executor)}"
        )


def _is_maker(executor: Any) -> bool:
    """Whether it can be called without arguments, and is no class of other things."""
    is_other_class = isinstance(executor, type) and not issubclass(executor, Executor)
    if not callable(executor) or is_other_class:
        return False
    try:
        inspect.signature(executor).bind()
    except TypeError:
        return False
    except ValueError:  # of C, without a signature
        return True
    return True


def _require_open(operation: str, executor: Executor) -> None:
    """Refuse one that is shut down, of the two whose fields say so; a broken one is made anew."""
    closed = (getattr(executor, name, None) for name in ("_shutdown", "_shutdown_thread"))
    if any(one is True for one in closed) and not getattr(executor, "_broken", False):
        raise ValueError(
            f"[{operation}] expected executor to take calls, got one that has been shut down: "
            f"{_arguments.shown(executor)}"
        )


class _Here:
    """What the process that it is made in does with warnings, for calls in others."""

    def __init__(self) -> None:
        self._process = _process()
        self._filters: list[bytes] = []
        for each in getattr(warnings, "_get_filters", lambda: warnings.filters)():
            with contextlib.suppress(Exception):  # of a category that no other process finds
                self._filters.append(pickle.dumps(each))

    def __call__(self, call: Call, *task: Any) -> Any:
        """Do a call with the same filters.

        Threads of this process have them, and could not set them each for itself.
        """
        if _process() == self._process:
            return call(*task)
        with warnings.catch_warnings():
            warnings.resetwarnings()
            for pickled in self._filters:
                with contextlib.suppress(Exception):
                    _append_filter(*pickle.loads(pickled))  # noqa: S301, as the call itself
            return call(*task)


def _process() -> tuple[str, int]:
    return platform.node(), os.getpid()


def _append_filter(action: Any, message: Any, category: Any, module: Any, line: int) -> None:
    if message is None and module is None:  # the category may be a tuple
        warnings.simplefilter(action, category, line, append=True)
        return
    text, name = (getattr(each, "pattern", each) or "" for each in (message, module))
    warnings.filterwarnings(action, text, category, name, line, append=True)


def _numbered(
    number: int, call: Call, task: tuple[Any, ...], threads: Threads | None
) -> tuple[int, Any]:
    return number, call(*task) if threads is None else threads(call, *task)


def _as(broken: ProcessPoolExecutor) -> ProcessPoolExecutor:
    """A pool made as that one was."""
    fields = vars(broken)
    return ProcessPoolExecutor(
        fields["_max_workers"],
        mp_context=fields.get("_mp_context"),
        initializer=fields.get("_initializer"),
        initargs=fields.get("_initargs", ()),
    )
