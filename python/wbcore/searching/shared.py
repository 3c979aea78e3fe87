"""What all fits of a search need: written once for other processes, and read once by each.

In the process of the search, and so in its threads, it is the objects themselves. When it is first
sent to another process it is written to a file; what is sent is the name. A process reads it once,
whatever number of fits it does, and does not read arrays: they are mapped.
"""

from __future__ import annotations

import dataclasses
import pickle
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wbcore.searching.digests import pickled

__all__ = ["Problem", "Shared"]


@dataclasses.dataclass(frozen=True)
class Problem:
    """Data, folds and how to score; the estimator before a candidate's parameters are set."""

    estimator: Any
    scorer: Callable[..., Any]
    X: Any
    y: Any
    sample_weight: Any
    folds: list[tuple[Any, Any]]  # numbers of the rows to train on, and to score
    scores_weights: bool  # whether the scorer takes the weights, too
    config: dict[str, Any]  # scikit-learn's, which holds for a thread alone


class Shared:
    """A problem, wherever this is unpickled."""

    def __init__(self, problem: Problem, folder: Path) -> None:
        self._path = folder / secrets.token_hex(8)
        self._lock = threading.Lock()
        self._is_written = False
        self._problem = problem

    def problem(self) -> Problem:
        """The problem itself."""
        return self._problem

    def __reduce__(self) -> tuple[Callable[[Path], _Received], tuple[Path]]:
        with self._lock:  # executors pickle in threads of theirs
            if not self._is_written:
                _write(self._problem, self._path)
                self._is_written = True
        return _Received, (self._path,)


class _Received:
    """The same in another process, read when it is first asked for."""

    _lock = threading.Lock()
    _last: tuple[Path, Problem] | None = None  # of this process; searches come one after another

    def __init__(self, path: Path) -> None:
        self._path = path

    def problem(self) -> Problem:
        """The problem, which this process reads once."""
        kind = type(self)
        with kind._lock:
            if kind._last is None or kind._last[0] != self._path:
                kind._last = None  # so that there are never two in memory
                kind._last = (self._path, _read(self._path))
            return kind._last[1]

    def __reduce__(self) -> tuple[Callable[[Path], _Received], tuple[Path]]:
        return _Received, (self._path,)


def _write(problem: Problem, path: Path) -> None:
    import joblib

    joblib.dump((problem.X, problem.y, problem.sample_weight, problem.folds), path)
    rest = (problem.estimator, problem.scorer, problem.scores_weights, problem.config)
    path.with_suffix(".rest").write_bytes(pickled(rest))


def _read(path: Path) -> Problem:
    import joblib

    try:
        X, y, sample_weight, folds = joblib.load(path, mmap_mode="r")
        content = path.with_suffix(".rest").read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"[search] expected workers to see the folder {path.parent}; on other machines they "
            f"see only what is shared: pass folder="
        ) from None
    # written by the search itself
    estimator, scorer, scores_weights, config = pickle.loads(content)  # noqa: S301
    return Problem(estimator, scorer, X, y, sample_weight, folds, scores_weights, config)
