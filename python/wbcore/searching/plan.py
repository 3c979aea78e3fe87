"""A search before its first fit: what is checked, drawn, and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from wbcore import _arguments, _core
from wbcore.searching import epochs as _epochs
from wbcore.searching.digests import digest, of_array, of_value
from wbcore.searching.fits import WHOLE, Unit, configured
from wbcore.searching.rows import folds_of, with_rows
from wbcore.searching.schedule import Rung, rungs
from wbcore.searching.shared import Problem
from wbcore.searching.space import Space, candidates, seeded

__all__ = ["Plan", "plan"]

_FORMAT = "wbcore.search 1"  # of the folder and of what makes a fit that fit


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that the fits follow from."""

    problem: Problem
    parameters: list[dict[str, Any]]  # of each candidate
    totals: list[list[int | None]]  # epochs at most, of each candidate and fold
    keys: list[list[str]]  # of each candidate and fold
    refit_keys: list[str]  # of each candidate on all rows
    rungs: list[Rung]
    scoring: str  # its name

    @property
    def n_folds(self) -> int:
        """How many folds each candidate is fitted on."""
        return len(self.problem.folds)

    def unit(self, candidate: int, fold: int, rung: int) -> Unit:
        """What is to be done for that candidate and fold on that rung."""
        total = self.totals[candidate][fold]
        stops = () if total is None else tuple(r.epochs(total) for r in self.rungs[: rung + 1])
        return Unit(
            candidate,
            fold,
            self.keys[candidate][fold],
            stops[-1] if stops else WHOLE,
            stops[-2::-1],
            self.parameters[candidate],
        )

    def work(self, unit: Unit) -> float:
        """The share of a whole fit that it is."""
        total = self.totals[unit.candidate][unit.fold]
        before = unit.stops[0] if unit.stops else 0
        return 1.0 if not total else (unit.epochs - before) / total

    def all_work(self) -> float:
        """Of all rungs, about: as if all candidates were the first."""
        total = self.totals[0][0] or 1
        shares = [rung.epochs(total) / total for rung in self.rungs]
        steps = np.diff(shares, prepend=0.0)
        counts = [rung.candidates for rung in self.rungs]
        return self.n_folds * float(np.dot(steps, counts))


def plan(
    estimator: Any,
    space: Space,
    X: Any,
    y: Any,
    *,
    n_candidates: int | None,
    cv: Any,
    scoring: str | Callable[..., float] | None,
    groups: Any,
    sample_weight: Any,
    halving: int | None,
    min_epochs: int,
    seed: int,
) -> Plan:
    """Check the arguments of `search`, and draw candidates and folds.

    Raises
    ------
    TypeError, ValueError
        When an argument is none that `search` takes.
    """
    from sklearn import get_config

    _require_estimator(estimator)
    seed = _arguments.seed("search", seed)
    if n_candidates is not None:
        n_candidates = _arguments.integer("search", "n_candidates", n_candidates)
    if halving is not None:
        halving = _arguments.integer("search", "halving", halving, low=2)
    min_epochs = _arguments.integer("search", "min_epochs", min_epochs)
    scorer, scores_weights = _scorer(estimator, scoring, sample_weight)
    X, y, groups, sample_weight = with_rows(X, y, groups, sample_weight)
    estimator = seeded(estimator, seed)
    folds = folds_of(cv, estimator, X, y, groups)
    parameters = candidates(estimator, space, n_candidates, seed)
    made = [configured(estimator, own) for own in parameters]
    # Rows of weight 0 are as good as absent.
    counts = [
        len(rows) if sample_weight is None else int(np.count_nonzero(sample_weight[rows]))
        for rows, _ in folds
    ]
    totals = [[_epochs.total_epochs(one, count) for count in counts] for one in made]
    known = [row[0] for row in totals if row[0] is not None]
    keys, refit_keys = _keys(made, folds, (X, y, sample_weight), of_value(scoring))
    return Plan(
        Problem(estimator, scorer, X, y, sample_weight, folds, scores_weights, get_config()),
        parameters,
        totals,
        keys,
        refit_keys,
        rungs(len(parameters), halving, known[0] if known else None, min_epochs),
        _name(scoring),
    )


def _require_estimator(estimator: object) -> None:
    """One of scikit-learn's kind: no class, and no network, which has no parameters to set."""
    has_all = all(hasattr(estimator, name) for name in ("fit", "get_params", "set_params"))
    if isinstance(estimator, type) or not has_all:
        raise TypeError(
            f"[search] expected estimator to be one as scikit-learn has them, with fit, get_params "
            f"and set_params, got {_arguments.shown(estimator)}"
        )


def _scorer(
    estimator: Any,
    scoring: str | Callable[..., float] | None,
    sample_weight: Any,
) -> tuple[Callable[..., Any], bool]:
    """What scores, and whether it is given the weights of the rows."""
    from sklearn.metrics import check_scoring

    is_name = isinstance(scoring, str)
    if scoring is not None and not is_name and (isinstance(scoring, type) or not callable(scoring)):
        raise TypeError(
            f"[search] expected scoring to be None, one name or a function of estimator, X and y, "
            f"got {_arguments.shown(scoring)}"
        )
    if scoring is None and not hasattr(estimator, "score"):
        raise TypeError(
            f"[search] expected scoring to be given for an estimator that has no score, got None "
            f"and {_arguments.shown(estimator)}"
        )
    try:
        scorer = check_scoring(estimator, scoring=scoring)
    except ValueError as error:
        raise ValueError(
            f"[search] expected scoring to be None, a name of sklearn.metrics.get_scorer_names() "
            f"or a function of estimator, X and y, got {_arguments.shown(scoring)}: {error}"
        ) from None
    asked = estimator.score if scoring is None else scorer
    return scorer, sample_weight is not None and _arguments.takes(asked, "sample_weight")


def _keys(
    made: list[Any], folds: list[Any], data: tuple[Any, ...], scoring: str
) -> tuple[list[list[str]], list[str]]:
    import sklearn

    versions = [_FORMAT, _core.__version__, str(_core.CONTRACT), sklearn.__version__]
    base = digest([*versions, *map(of_value, data)])
    rows = [f"{of_array(training)} {of_array(test)} {scoring}" for training, test in folds]
    own = [of_value(one) for one in made]
    keys = [[digest([base, mine, fold]) for fold in rows] for mine in own]
    return keys, [digest([base, mine, "all rows"]) for mine in own]


def _name(scoring: str | Callable[..., float] | None) -> str:
    if scoring is None:
        return "score"
    return scoring if isinstance(scoring, str) else getattr(scoring, "__name__", repr(scoring))
