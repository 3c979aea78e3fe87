"""What each row of the training data did: the same training without it, row by row."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore import _arguments, threads
from wbcore._view import View, in_rows, is_sparse, n_rows
from wbcore.data._source import is_source
from wbcore.inspect._calls import functions_of, named
from wbcore.inspect.left_out import Findings, Without, key_of
from wbcore.inspect.table import Table
from wbcore.searching.progress import Progress
from wbcore.searching.workers import require_executor, workers
from wbcore.training.replaying import Replay

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from wbcore._view import Foreign, SparseLike
    from wbcore.history import History

__all__ = ["InfluenceTable", "influence"]

_SHOWN = 10  # rows that are printed
_THIS_FIT = "exact for this fit; with other seeds a row may have the other sign: average over some"
_AT_ONCE = 8  # rows that a worker is given: what a kill loses, and what crosses to it at once


class InfluenceTable(Table):
    """A line a row that was left out; prints as the ten that changed most.

    See Also
    --------
    influence : Makes one.
    """

    __slots__ = ()

    def __str__(self) -> str:
        """The largest by |change|, or where no loss is known by ``largest``."""
        if len(self) <= _SHOWN:
            return super().__str__()
        size = np.abs(self["change" if "change" in self.columns else "largest"])
        chosen = np.argsort(-size, kind="stable")[:_SHOWN]
        rows = [self.rows[i] for i in chosen]
        shown = Table(self.columns, rows, self.title, note=self.note)
        return f"{shown}\n{len(self) - _SHOWN} more rows changed less"

    __repr__ = __str__


class _Options(NamedTuple):
    rows: list[int]
    n_jobs: int
    executor: Executor | Callable[[], Executor] | None
    folder: Path | None
    progress: bool


def influence(
    history: History,
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    *,
    evaluation_data: tuple[ArrayLike, ArrayLike | None],
    rows: Iterable[int] | None = None,
    output: int = 0,
    sample_weight: ArrayLike | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    n_jobs: int | None = None,
    executor: Executor | Callable[[], Executor] | None = None,
    folder: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> InfluenceTable:
    """Train again without each row, and say what that changes on other rows.

    The row's weight is 0, which is absence: it counts neither in the loss nor in what the loss is a
    mean of, while initial parameters, shuffles, batches and dropout stay as they were. So what
    changes is the row's doing in this very fit, exactly. It is not what the row does in others: a
    network with hidden layers answers the smallest change by going elsewhere, and with other seeds
    many rows change their sign. For a row's effect on average make several fits of other seeds, and
    look at mean and spread of ``change`` (docs/exact.md). It is as many trainings as rows; nothing
    is estimated. Callbacks are not asked: the trainings have as many steps as the first one had.

    Parameters
    ----------
    history : History
        Of a fit with `track` on arrays, not of `LBFGS`: that which is done again.
    X, y, sample_weight
        As that fit had them; arrays, no source.
    evaluation_data : pair (X_eval, y_eval)
        What the change is looked at on; with None as y_eval that of predictions alone.
    rows : iterable of int, optional
        Of X. Default: all of them.
    output : int, default 0
        Which of the outputs ``output`` is of.
    functions : dict of callables, optional
        Where the fit had a function as "loss", "learning_rate" or "shuffle": the same one. A loss
        must take `sample_weight`.
    n_jobs : int, optional
        How many threads train, each one of the trainings. Default: `get_num_threads()`. The numbers
        do not depend on it.
    executor : concurrent.futures.Executor, or a function that makes one, optional
        In their place, as for `wbcore.search`; processes are given the data with each task.
    folder : str or path-like, optional
        Keeps what is done, by what it depends on: a call that was killed goes on, and another one
        with some of the same rows finds them. It is made where it is not there.
    progress : bool, default False
        Write a line to stderr.

    Returns
    -------
    InfluenceTable
        A `Table` of which the ten rows that changed most are printed: ``row``, ``loss`` on the
        evaluation data without that row, ``change`` of it (above 0 where the row helped),
        ``largest``, the largest change of any output of any evaluation row, and ``output``, the
        mean change of that output over these rows; in the order of rows.

    Raises
    ------
    TypeError, ValueError
        When the fit cannot be made again (`History.replay`), a row does not exist, or the
        evaluation data do not suit the network or the loss.
    ReplayError
        When what is made again with all rows is not what the history tells of.
    DivergenceError
        When a training without a row diverges.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> y = X[:, 0].copy()
    >>> y[5] = 9  # a slip
    >>> net = wb.Network.mlp([1, 1], seed=0)
    >>> history = net.fit(X, y, loss="mse", optimizer=wb.SGD(0.1), epochs=20, track="epoch")
    >>> table = influence(history, X, y, evaluation_data=(X, X[:, 0]))
    >>> table["row"][int(np.argmin(table["change"]))]
    5
    """
    if is_source(X):
        raise TypeError("[influence] expected X and y as arrays, got a source")
    given = functions_of("influence", functions)
    replay = Replay("influence", history, X, y, sample_weight=sample_weight, n_threads=1, **given)
    options = _Options(
        _rows(rows, n_rows(X)),
        _jobs(n_jobs, executor),
        executor,
        _folder(folder),
        _arguments.flag("influence", "progress", progress),
    )
    X_eval, y_eval = _pair(evaluation_data)
    whole = replay.at(replay.last)
    output = _arguments.integer("influence", "output", output, low=0, high=whole.widths[-1] - 1)
    with named("influence", "evaluate", "predict", "fit"):
        task = Without.of(replay, whole, X_eval, y_eval, output)
        before = task.findings(None)
        found = _all(task, options)
    lines = sorted(found.items())
    note = (
        f"{_THIS_FIT}\n"
        "largest: largest |change| of any output of any of these rows; "
        f"output: mean change of output {output}"
    )
    if y_eval is None:
        title = f"Predictions of {n_rows(X_eval)} rows, where a row is left out"
        columns: tuple[str, ...] = ("row", "largest", "output")
        return InfluenceTable(columns, [(row, *one[1:]) for row, one in lines], title, note=note)
    title = f"Loss of {n_rows(X_eval)} rows, {before.loss:.6g} with all, where a row is left out"
    columns = ("row", "loss", "change", "largest", "output")
    changed = [(row, one.loss, one.loss - before.loss, *one[1:]) for row, one in lines]
    sign = "change: of the loss; above 0 the row helped, below 0 it did harm"
    return InfluenceTable(columns, changed, title, note=f"{sign}\n{note}")


def _all(task: Without, options: _Options) -> dict[int, Findings]:
    """What is found in the folder, and what is left for the workers."""
    kept = None if options.folder is None else options.folder / key_of(task)
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
    found: dict[int, Findings] = {}
    line = Progress(len(options.rows), len(options.rows), shown=options.progress, name="influence")
    for row in options.rows if kept is not None else ():
        assert kept is not None
        known = Findings.read(kept, row)
        if known is not None:
            found[row] = known
            line.add(1.0, found=True)
    left = [row for row in options.rows if row not in found]
    tasks = {at: (left[at : at + _AT_ONCE],) for at in range(0, len(left), _AT_ONCE)}
    stopped, executor = threading.Event(), options.executor
    if executor is None:  # a thread meets no Ctrl-C: it is told
        task = dataclasses.replace(task, stops=stopped.is_set)
        executor = functools.partial(ThreadPoolExecutor, options.n_jobs)
    pool = workers("influence", None, executor)
    try:
        for _, done in pool.results(task.many, tasks):
            for row, findings in done:
                found[row] = findings
                line.add(1.0)
                if kept is not None:
                    findings.write(kept, row)
    finally:
        stopped.set()
        pool.close()
        line.close()
    return found


def _rows(rows: Iterable[int] | None, n: int) -> list[int]:
    """Each once, in their order."""
    if n < 2:
        raise ValueError("[influence] expected X with at least 2 rows, got 1")
    if rows is None:
        return list(range(n))
    name = "each of rows"
    expected = "a list of rows of X"
    listed = _arguments.listed("influence", "rows", rows, expected=expected)
    return sorted({_arguments.integer("influence", name, r, low=0, high=n - 1) for r in listed})


def _folder(folder: Foreign) -> Path | None:
    return None if folder is None else Path(_arguments.path("influence", "folder", folder))


def _jobs(n_jobs: int | None, executor: object) -> int:
    if n_jobs is not None and executor is not None:
        raise ValueError(
            f"[influence] expected n_jobs or executor, got both: n_jobs={_arguments.shown(n_jobs)}"
        )
    require_executor("influence", executor)
    jobs = threads.get_num_threads() if n_jobs is None else n_jobs
    return _arguments.integer("influence", "n_jobs", jobs, high=_arguments.MAX_THREADS)


def _pair(given: Foreign) -> tuple[Foreign, Foreign]:
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise TypeError(
            f"[influence] expected evaluation_data to be a pair (X_eval, y_eval), "
            f"got {_arguments.shown(given)}"
        )
    X, y = given
    if is_source(X):
        raise TypeError("[influence] expected X_eval of evaluation_data as an array, got a source")
    if is_sparse(X):
        X = in_rows("influence", "X_eval", X)
    elif not isinstance(X, View):
        X = _arguments.real_array("influence", "X_eval", X)
    return X, None if y is None else _arguments.real_array("influence", "y_eval", y)
