"""The fits of a search, rung after rung."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from wbcore.searching import epochs as _epochs
from wbcore.searching import interrupts
from wbcore.searching.fits import WHOLE, Unit, configured, do
from wbcore.searching.folder import Folder, Outcome
from wbcore.searching.plan import Plan
from wbcore.searching.progress import Progress
from wbcore.searching.results import ranked
from wbcore.searching.shared import Shared
from wbcore.searching.workers import Workers

__all__ = ["Running"]


class Running:
    """What is finished of a search.

    Parameters
    ----------
    plan : Plan
    folder : Folder
        Where finished fits are, and are kept.
    scratch : Path
        A folder for the time of the search.
    workers : Workers
    progress : bool
    """

    def __init__(
        self, plan: Plan, folder: Folder, scratch: Path, workers: Workers, *, progress: bool
    ) -> None:
        self._plan, self._folder, self._workers = plan, folder, workers
        self._shared = Shared(plan.problem, scratch)
        fits = plan.n_folds * sum(rung.candidates for rung in plan.rungs)
        self._progress = Progress(fits, plan.all_work(), shown=progress)
        self._outcomes: dict[tuple[int, int], Outcome] = {}  # the last of each candidate and fold
        #: Of each candidate and fold, in all.
        self.seconds: dict[tuple[int, int], float] = {}
        #: The last rung that all folds of a candidate have done, and their outcomes there.
        self.finished: dict[int, tuple[int, list[Outcome]]] = {}

    def run(self) -> None:
        """Do all rungs."""
        alive = list(range(len(self._plan.parameters)))
        try:
            for place, rung in enumerate(self._plan.rungs):
                if place:
                    alive = ranked({c: self.mean(c) for c in alive})[: rung.candidates]
                self._run_rung(place, alive)
        finally:
            self._progress.close()

    def mean(self, candidate: int) -> float:
        """The mean score of a candidate's folds on the last rung that all of them have done."""
        return float(np.mean([outcome.score for outcome in self.finished[candidate][1]]))

    def best(self) -> list[int]:
        """The candidates all of whose folds have done a rung, the best first.

        Those that came further are better, whatever their scores.
        """
        order: list[int] = []
        for rung in reversed(range(len(self._plan.rungs))):
            there = [c for c, (last, _) in self.finished.items() if last == rung]
            order += ranked({c: self.mean(c) for c in there})
        return order

    def refitted(self, candidate: int, *, keep: bool) -> Any:
        """The estimator with a candidate's parameters, fitted on all rows."""
        problem, key = self._plan.problem, self._plan.refit_keys[candidate]
        with self._folder.claim(key):
            found = self._folder.estimator(key, WHOLE)
            if found is not None:
                return found
            estimator = configured(problem.estimator, self._plan.parameters[candidate])
            with interrupts.raised():
                _epochs.fit_whole(estimator, problem.X, problem.y, problem.sample_weight)
            if keep:
                self._folder.keep_estimator(key, WHOLE, estimator)
            return estimator

    def _run_rung(self, place: int, alive: list[int]) -> None:
        many = len(self._plan.rungs) > 1
        self._progress.rung = f"rung {place + 1}/{len(self._plan.rungs)}  " if many else ""
        left: dict[int, Unit] = {}
        waiting = dict.fromkeys(alive, self._plan.n_folds)
        for candidate in sorted(alive):
            for fold in range(self._plan.n_folds):
                unit = self._plan.unit(candidate, fold, place)
                known = self._known(unit)
                if known is None:
                    left[len(left)] = unit
                else:
                    self._take(unit, known, place, waiting, found=True)
        # The longest first, so that none is left alone at the end; who is first changes no result.
        order = sorted(left, key=lambda number: -self._seconds(left[number]))
        threads = self._workers.threads_each
        tasks = {n: (self._shared, self._folder, left[n], threads) for n in order}
        with contextlib.closing(self._workers.results(do, tasks)) as coming:
            for number, outcome in coming:
                self._take(left[number], outcome, place, waiting)
        for candidate in alive:
            for fold in range(self._plan.n_folds):
                unit = self._plan.unit(candidate, fold, place)
                for stop in unit.stops:  # what goes on goes on from here
                    if stop != unit.epochs:
                        self._folder.drop_estimator(unit.key, stop)

    def _known(self, unit: Unit) -> Outcome | None:
        """What is finished already: on an earlier rung, or in the folder."""
        last = self._outcomes.get((unit.candidate, unit.fold))
        if last is not None and (last.is_over or unit.epochs in unit.stops):
            return last
        return self._folder.outcome(unit.key, unit.epochs)

    def _take(
        self,
        unit: Unit,
        outcome: Outcome,
        place: int,
        waiting: dict[int, int],
        *,
        found: bool = False,
    ) -> None:
        at = unit.candidate, unit.fold
        if self._outcomes.get(at) is not outcome:
            self.seconds[at] = self.seconds.get(at, 0.0) + outcome.seconds
        self._outcomes[at] = outcome
        waiting[unit.candidate] -= 1
        if not waiting[unit.candidate]:
            folds = range(self._plan.n_folds)
            outcomes = [self._outcomes[unit.candidate, fold] for fold in folds]
            self.finished[unit.candidate] = place, outcomes
            best = self.best()[0]
            self._progress.compare(best, self.mean(best))
        self._progress.add(self._plan.work(unit), found=found)

    def _seconds(self, unit: Unit) -> float:
        return self.seconds.get((unit.candidate, unit.fold), 0.0)
