"""One unit of work: a candidate is trained on one fold up to a rung, and scored."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Iterator
from typing import Any

from wbcore import _arguments
from wbcore.searching import ending, interrupts
from wbcore.searching import epochs as _epochs
from wbcore.searching.folder import Folder, Outcome
from wbcore.searching.shared import Problem, Shared
from wbcore.threads import num_threads

__all__ = ["WHOLE", "Unit", "configured", "do"]

# Rows, all epochs together: of fewer, about a second's, a fit ends soon enough by itself, and one
# with a callback would be slower by a tenth.
_LONG = 1_000_000

WHOLE = 0  # in place of a number of epochs: a fit at once


@dataclasses.dataclass(frozen=True)
class Unit:
    """What is to be done."""

    candidate: int
    fold: int
    key: str
    epochs: int  # up to which it trains, or WHOLE
    stops: tuple[int, ...]  # of the rungs before, the last first, from which it may go on
    parameters: dict[str, Any]


def do(shared: Shared, folder: Folder, unit: Unit, n_threads: int) -> Outcome:
    """Do it, unless the folder has its outcome; this is what workers call.

    An error of the estimator or scorer is an outcome: the same would come again. One of memory or
    files is not.
    """
    with folder.claim(unit.key):
        found = folder.outcome(unit.key, unit.epochs)
        if found is not None:
            return found
        began = time.perf_counter()
        with num_threads(n_threads):
            try:
                with interrupts.raised():
                    estimator, score = _trained_and_scored(shared.problem(), folder, unit)
            except (MemoryError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - as the docstring says
                seconds = time.perf_counter() - began
                outcome = Outcome(math.nan, 0, True, seconds, f"{type(error).__name__}: {error}")
            else:
                over = unit.epochs == WHOLE or _epochs.is_over(estimator)
                if not over:  # before the outcome: a finished fit can be gone on from
                    folder.keep_estimator(unit.key, unit.epochs, estimator)
                trained = _epochs.trained_epochs(estimator)
                outcome = Outcome(score, trained, over, time.perf_counter() - began)
        folder.keep_outcome(unit.key, unit.epochs, outcome)
    return outcome


def configured(estimator: Any, parameters: dict[str, Any]) -> Any:
    """A clone with a candidate's parameters."""
    from sklearn.base import clone

    own = {name: clone(value, safe=False) for name, value in parameters.items()}
    return clone(estimator).set_params(**own)


def _trained_and_scored(problem: Problem, folder: Folder, unit: Unit) -> tuple[Any, float]:
    from sklearn import config_context

    training, test = problem.folds[unit.fold]
    X, y, weights = _rows(problem, training)
    estimator = None
    for stop in unit.stops:
        if estimator is None:
            estimator = folder.estimator(unit.key, stop)
    if estimator is None:
        estimator = configured(problem.estimator, unit.parameters)
    with config_context(**problem.config), _of_workers(estimator, len(training) * unit.epochs):
        if unit.epochs == WHOLE:
            _epochs.fit_whole(estimator, X, y, weights)
        else:
            _epochs.train_until(estimator, X, y, unit.epochs, weights)
        return estimator, _score(problem, estimator, test)


def _score(problem: Problem, estimator: Any, test: Any) -> float:
    X, y, weights = _rows(problem, test)
    data = (X,) if y is None else (X, y)
    keywords = {"sample_weight": weights} if problem.scores_weights else {}
    score = problem.scorer(estimator, *data, **keywords)
    return _arguments.number(
        "search", "what scoring gives", score, expected="a number", allowed=lambda _: True
    )


def _rows(problem: Problem, rows: Any) -> tuple[Any, Any, Any]:
    from sklearn.utils import _safe_indexing

    parts = (problem.X, problem.y, problem.sample_weight)
    X, y, weights = (None if part is None else _safe_indexing(part, rows) for part in parts)
    return X, y, weights


@contextlib.contextmanager
def _of_workers(estimator: Any, rows: int) -> Iterator[None]:
    """Within it an estimator of ours uses as many threads as its worker may, not its own number.

    That for tables, if it trains on many rows, ends early when nobody waits for it any more.
    """
    learner = _epochs.last_step(estimator)
    changed: dict[str, Any] = {}
    if hasattr(learner, "_train_until") and getattr(learner, "n_threads", None) is not None:
        changed["n_threads"] = None
    watch = ending.callback() if rows >= _LONG else None
    if watch is not None and hasattr(learner, "_train_until"):
        from wbcore.sklearn.tabular import Tabular

        own = getattr(learner, "callbacks", None)
        if isinstance(learner, Tabular) and (own is None or isinstance(own, (list, tuple))):
            changed["callbacks"] = [*(own or ()), watch]
    before = {name: getattr(learner, name) for name in changed}
    try:
        for name, value in changed.items():
            setattr(learner, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(learner, name, value)
