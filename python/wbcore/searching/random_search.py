"""`wbcore.search`: random search with successive halving on epochs, and plain cross-validation."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore.searching.folder import Folder
from wbcore.searching.plan import Plan, plan
from wbcore.searching.results import SearchInterrupted, SearchResult
from wbcore.searching.running import Running
from wbcore.searching.scratch import scratch
from wbcore.searching.space import Space
from wbcore.searching.workers import require_executor, workers

if TYPE_CHECKING:
    import os

__all__ = ["search"]


def search(
    estimator: Any,
    space: Space,
    X: Any,
    y: Any = None,
    *,
    n_candidates: int | None = None,
    cv: Any = 5,
    scoring: str | Callable[..., float] | None = None,
    groups: Any = None,
    sample_weight: Any = None,
    halving: int | None = 3,
    min_epochs: int = 5,
    seed: int = 0,
    n_jobs: int | None = None,
    executor: Executor | Callable[[], Executor] | None = None,
    folder: str | os.PathLike[str] | None = None,
    refit: bool = True,
    progress: bool = False,
) -> SearchResult:
    """Find good parameters of an estimator by cross-validation; with no space, cross-validate it.

    Candidate 0 is always the estimator as it is given; the others are drawn from the space. All
    train on every fold for a small part of their epochs, the best third of them goes on to three
    times as many, and so on to the end: a candidate that goes on does so from where it was, and
    ends with the bits of a fit that never stopped. Ties go to the smaller number.

    The result depends on the arguments above `n_jobs` alone: not on where or in which order fits
    are done, or how often the search was stopped and begun anew.

    Parameters
    ----------
    estimator : estimator
        Those of `wbcore.sklearn`, and a Pipeline whose last step is one, train by epochs. Of a
        Pipeline the steps before are fitted anew on each rung. Any other scikit-learn estimator,
        and a subclass of ours with a `fit` of its own, is fitted whole: `halving` is then of no
        use. A `random_state` of None becomes a number that follows from seed.
    space : dict, list of dicts, iterable of dicts, or None
        For each parameter a list of values; a distribution, `searching.Uniform(low, high)`,
        `LogUniform`, `Integers`, `LogIntegers`, or its text, "log_uniform(1e-5, 0.1)"; or anything
        with the method `rvs` of SciPy's distributions. Of several dicts one is drawn for each
        candidate. What gives dicts of values, as `ParameterGrid` and `ParameterSampler` of
        scikit-learn, lists the candidates. None or an empty dict is cross-validation of the
        estimator.
    X, y : array-like, data frame or sparse matrix
        As the estimator takes them.
    n_candidates : int, optional
        How many candidates, candidate 0 included; 20, or all that are listed. No two are the same,
        so that there are fewer when the space has no more. More candidates later are these and
        further ones.
    cv : int, splitter or iterable of (train, test), default 5
        As in scikit-learn: a number is that of folds, in the order of the rows, each with its share
        of every class for classifiers.
    scoring : str, callable or None
        As in scikit-learn; None is the estimator's own `score`. Larger is better.
    groups : array-like of shape (B,), optional
        For splitters of groups.
    sample_weight : array-like of shape (B,), optional
        Weights of the rows, in fits and, where it takes them, in the score.
    halving : int or None, default 3
        One candidate in so many goes on to the next rung; None fits all of them whole.
    min_epochs : int, default 5
        The first rung trains for at least so many epochs.
    seed : int, default 0
        Of the candidates, and of a random_state that is None.
    n_jobs : int, optional
        How many fits at once, by joblib: 1, or what `joblib.parallel_config` says. Its backends are
        processes (loky, which is its default), threads ("threading"), and others, such as Dask's
        clusters ("dask").
    executor : concurrent.futures.Executor or callable, optional
        In place of joblib; a function makes one, and a new one when a worker was killed.
    folder : path, optional
        Keeps finished fits. The same call with the same folder, after Ctrl-C or a kill, goes on
        where it was; several searches may use one folder at once. It has to be as trustworthy as a
        program, for estimators in it are pickled. Workers on other machines must see it.
    refit : bool, default True
        Fit the best candidate on all rows: `best_estimator_`.
    progress : bool, default False
        Show a line: fits done, time left, the best score so far.

    Returns
    -------
    SearchResult

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or value, or every candidate fails.
    RuntimeError
        When workers are killed again and again.
    SearchInterrupted
        On Ctrl-C, a KeyboardInterrupt; it has the `result` of what is finished.
    OSError
        When the folder, or a file in it, cannot be written or read.
    ModuleNotFoundError
        When scikit-learn is not installed.

    Warns
    -----
    sklearn.exceptions.FitFailedWarning
        When some candidates fail: they rank last, and the table says why.

    See Also
    --------
    wbcore.searching : the distributions and the result.

    Notes
    -----
    Fits in workers use as many threads as there are processors for each of them, whatever
    `n_threads` the estimator has. Data is sent to another process once, by way of a file that is
    mapped. A killed worker takes its pool with it, and a new pool goes on: with joblib, with a
    `ProcessPoolExecutor` or a function that makes an executor. When three in turn come to no
    result, the search gives up. After an error or Ctrl-C the fits that run are waited for, but for
    those on another machine; long ones of the estimators for tables, in threads, end with a batch.

    Examples
    --------
    >>> import wbcore as wb
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> found = wb.search(KNeighborsClassifier(), {"n_neighbors": "integers(1, 60)"}, X, y,
    ...                   n_candidates=6)
    >>> print(found)
    6 candidates, 5 folds, by score
    rank  candidate    score      std  n_neighbors
    ----------------------------------------------
       1          0  0.97333  0.02494            5
       2          4  0.96667  0.02981            8
       3          2  0.96000  0.03266           22
       4          1  0.92667  0.02494           48
       5          5  0.90667  0.03887           55
       6          3  0.89333  0.03887           56
    >>> found.best_estimator_.predict(X[:3])
    array([0, 0, 0])

    By epochs, of which the first rung trains a third:

    >>> model = wb.sklearn.TabularClassifier(hidden_layer_sizes=(8,), epochs=30,
    ...                                      early_stopping=False)
    >>> space = {"learning_rate": "log_uniform(1e-4, 0.1)", "l2": "log_uniform(1e-6, 0.1)"}
    >>> found = wb.search(model, space, X, y, n_candidates=6, cv=3)
    >>> found.table["epochs"].tolist()
    [30, 30, 10, 10, 10, 10]
    """
    with _named_packages():
        planned = plan(
            estimator,
            space,
            X,
            y,
            n_candidates=n_candidates,
            cv=cv,
            scoring=scoring,
            groups=groups,
            sample_weight=sample_weight,
            halving=halving,
            min_epochs=min_epochs,
            seed=seed,
        )
    refit = _arguments.flag("search", "refit", refit)
    progress = _arguments.flag("search", "progress", progress)
    _require_jobs(n_jobs, executor)
    kept = _folder(folder)
    keeping = None if kept is None else Folder(kept)
    with (
        scratch(kept) as temporary,
        contextlib.closing(workers("search", n_jobs, executor)) as pool,
    ):
        running = Running(planned, keeping or Folder(temporary), temporary, pool, progress=progress)
        try:
            running.run()
            result = _result(planned, running)
            if refit:
                best = result.best_candidate_
                result.best_estimator_ = running.refitted(best, keep=kept is not None)
        except KeyboardInterrupt:
            raise _interrupted(planned, running, kept) from None
    return result


def _folder(given: str | os.PathLike[str] | None) -> Path | None:
    if given is None:
        return None
    path = _arguments.path("search", "folder", given)
    if not path:  # which pathlib takes for the working directory
        raise ValueError("[search] expected folder to be a path, got ''")
    return Path(path)


def _require_jobs(n_jobs: object, executor: object) -> None:
    if n_jobs is not None and executor is not None:
        raise ValueError(
            f"[search] expected n_jobs or executor, got both: n_jobs={_arguments.shown(n_jobs)}"
        )
    require_executor("search", executor)
    if n_jobs is None:
        return
    most = _arguments.MAX_THREADS
    expected = f"None, an integer from 1 to {most}, or -1, -2, ... for all processors but 0, 1, ..."
    if not _arguments.integer("search", "n_jobs", n_jobs, low=-most, high=most, expected=expected):
        raise ValueError(f"[search] expected n_jobs to be {expected}, got 0")


@contextlib.contextmanager
def _named_packages() -> Iterator[None]:
    """Says what to install where scikit-learn or joblib, which comes with it, is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("sklearn", "joblib"):
            raise
        raise ModuleNotFoundError(
            "[search] expected the package scikit-learn, got none: pip install wbcore-nn[sklearn]",
            name=error.name,
        ) from None


def _interrupted(planned: Plan, running: Running, kept: Path | None) -> SearchInterrupted:
    finished = len(running.finished)
    result = _result(planned, running, whole=False) if finished else None
    then = f"; the same call with folder={str(kept)!r} goes on" if kept is not None else ""
    return SearchInterrupted(
        f"[search] interrupted with {finished} of {len(planned.parameters)} candidates "
        f"compared{then}",
        result,
    )


def _result(planned: Plan, running: Running, *, whole: bool = True) -> SearchResult:
    order = running.best()
    if whole:
        _report_failures(planned, running, order)
    outcomes = {c: running.finished[c][1] for c in order}
    scores = np.array([[outcome.score for outcome in outcomes[c]] for c in order])
    table = {"rank": np.arange(1, len(order) + 1), "candidate": np.array(order)}
    names = dict.fromkeys(name for own in planned.parameters for name in own)
    for name in names:
        table[f"param_{name}"] = _column([_value(planned, c, name) for c in order])
    table["score"] = np.array([running.mean(c) for c in order])
    table["std"] = np.array([float(np.std(row)) for row in scores])
    table["epochs"] = np.array([max(o.epochs for o in outcomes[c]) for c in order])
    table["rung"] = np.array([running.finished[c][0] + 1 for c in order])
    table |= {f"fold_{fold}": scores[:, fold].copy() for fold in range(planned.n_folds)}
    seconds = [sum(running.seconds[c, f] for f in range(planned.n_folds)) for c in order]
    table["seconds"] = np.array(seconds)
    errors = [next((o.error for o in outcomes[c] if o.error), "") for c in order]
    table["error"] = _column(errors)
    names = dict.fromkeys(name for own in planned.parameters for name in own)
    best = {name: _value(planned, order[0], name) for name in names}
    return SearchResult(table, best, planned.scoring, _about(planned))


def _report_failures(planned: Plan, running: Running, order: list[int]) -> None:
    from sklearn.exceptions import FitFailedWarning

    failed = [c for c in order if np.isnan(running.mean(c))]
    if not failed:
        return
    texts = (outcome.error for outcome in running.finished[min(failed)][1])
    first = next((text for text in texts if text), "a score of NaN")
    got = f"of candidate {min(failed)}: {first}"
    if len(failed) == len(order):
        raise ValueError(f"[search] expected a candidate that can be fitted, got, {got}")
    warnings.warn(
        f"[search] {len(failed)} of {len(planned.parameters)} candidates failed and rank last, "
        f"{got}",
        FitFailedWarning,
        stacklevel=4,
    )


def _value(planned: Plan, candidate: int, name: str) -> object:
    """A candidate's value of a parameter: the estimator's own where it draws none."""
    own = planned.parameters[candidate]
    return own[name] if name in own else planned.problem.estimator.get_params().get(name)


def _column(values: list[Any]) -> np.ndarray[Any, Any]:
    """Objects, whatever they are: NumPy would make a matrix of tuples of one length."""
    column = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        column[place] = value
    return column


def _about(planned: Plan) -> str:
    candidates, folds = len(planned.parameters), planned.n_folds
    text = f"{candidates} candidate{'s' * (candidates != 1)}, {folds} folds, by {planned.scoring}"
    total = planned.totals[0][0]
    if len(planned.rungs) == 1 or total is None:
        return text
    steps = (f"{rung.candidates} for {rung.epochs(total)}" for rung in planned.rungs)
    return f"{text}; trained: {', '.join(steps)} epochs"
