"""How much a network relies on each feature: its score with the feature's column permuted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core
from wbcore.inspect._calls import named
from wbcore.inspect.column_groups import feature_names_of, read_groups
from wbcore.inspect.importances import PermutationImportance
from wbcore.inspect.scoring import Permuted, Targets, score_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import Foreign, SparseLike
    from wbcore.inspect.column_groups import Groups, GroupsLike
    from wbcore.inspect.scoring import Score
    from wbcore.losses import Loss
    from wbcore.metrics import Function, Metric
    from wbcore.network import Network

__all__ = ["PermutationImportance", "permutation_importance"]

#: Parts that rows are divided into for the interval, each left out once.
_PARTS = 10
#: Student's t of 9 degrees of freedom, one fewer than parts: 95 % lie between -t and t.
_T = 2.262157163
#: How often targets are shuffled: the least p that this can show is 1 / 200.
_SHUFFLES = 199

# Which permutation of rows is for what: repeat r has number r, as far as there may be repeats.
_FIRST_SHUFFLE = 1 << 20
_OF_PARTS = 1 << 30


@named("permutation_importance", "predict", "evaluate")
def permutation_importance(
    net: Network | Callable[..., Any],
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    *,
    metric: Metric | str | Function | None = None,
    n_repeats: int = 10,
    seed: int = 0,
    groups: GroupsLike | None = None,
    feature_names: Sequence[str] | None = None,
    train: tuple[ArrayLike | SparseLike, ArrayLike]
    | tuple[ArrayLike | SparseLike, ArrayLike, ArrayLike | None]
    | None = None,
    sample_weight: ArrayLike | None = None,
    loss: Loss | str | None = None,
    greater_is_better: bool | None = None,
) -> PermutationImportance:
    """Permute the rows of one column after another, and see how much worse the score gets.

    Pass rows that the network has not been trained on (Breiman, 2001; Fisher, Rudin and Dominici,
    2019): those of the training also show what it relies on by overfitting. The permuted rows are
    made block by block; X is never copied whole, and nothing depends on the number of threads.

    Parameters
    ----------
    net : Network or callable
        Or a function that gives outputs for rows, such as ``model.predict_proba`` or a frozen
        network, whose metric is then a function, too.
    X : array-like or sparse matrix of shape (B, I)
        At least 10 rows; or a `Scaled` or `Standardized` of such.
    y : array-like of shape (B,) or (B, O)
        Targets, as the loss takes them.
    metric : Metric, str or callable, optional
        Of `wbcore.metrics`, "loss", or a function (outputs, targets). Default: accuracy for
        decisions, r2 for numbers.
    n_repeats : int, default 10
        Permutations of each column. Repeat r has the same permutation for all of them, and is the
        same whatever n_repeats is.
    seed : int, default 0
    groups : dict of lists, list of lists or array-like of shape (I,), optional
        Columns that are permuted together, such as those of one category, or a block of pixels:
        numbers or names of columns by group, or for each column the number of its group. Other
        columns stay as they are. Default: each column alone.
    feature_names : sequence of I str, optional
        Default: "x0", "x1", ...
    train : tuple (X, y) or (X, y, sample_weight), optional
        Rows of the training, whose score is then shown beside that of X.
    sample_weight : array-like of shape (B,), optional
        What each row counts in the metric; a function must take it, by this name. Shuffled targets
        keep theirs.
    loss : Loss or str, optional
        Default: that of the network's last fit; a metric by name needs none.
    greater_is_better : bool, optional
        Of a function. Default: True; metrics by name are known.

    Returns
    -------
    PermutationImportance
        With scikit-learn's `importances`, `importances_mean` and `importances_std`; an `interval`;
        and a `ranking`, which is refused when the score is no better than chance or than the best
        constant prediction.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range.

    Notes
    -----
    The interval is that of Student's t for a jackknife: the rows are divided at random into ten
    parts, each part is left out of all scores once, as rows and as those whose values others were
    given, and the variance of the ten means, times 9, is that of the mean. It covers the choice of
    rows and of permutations, not another training. With one repeat it is half again as wide as it
    would have to be, with ten a tenth.

    Two features that say the same share their importance, or hide each other's: group them.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> y = (X[:, 1] > 0).astype(int)
    >>> net = wb.Network.mlp([3, 8, 2], seed=0)
    >>> _ = net.fit(X, y, loss="cross_entropy", optimizer="adam(0.01)", epochs=20)
    >>> wb.inspect.permutation_importance(net, X, y, feature_names=["a", "b", "c"]).ranking[0]
    'b'
    """
    operation = "permutation_importance"
    n_repeats = _arguments.integer(operation, "n_repeats", n_repeats, high=_FIRST_SHUFFLE)
    seed = _arguments.seed(operation, seed)
    given = [sample_weight, *(train[2:] if isinstance(train, tuple) else ())]
    weighs = any(weights is not None for weights in given)
    score = score_of(operation, net, metric, loss, greater_is_better, weighs=weighs)
    rows = Permuted(operation, X, score.predict)
    targets = _targets(operation, rows, y, sample_weight)
    counted = rows.rows if targets.weights is None else np.count_nonzero(targets.weights)
    if counted < _PARTS:
        which = "" if targets.weights is None else " with a sample_weight above 0"
        raise ValueError(
            f"[{operation}] expected at least {_PARTS} rows{which}, without which there is no "
            f"interval, got {counted}"
        )
    features = feature_names_of(operation, feature_names, rows.columns)
    taken = read_groups(operation, groups, features)
    outputs = rows.outputs()
    base = score.of(outputs, targets)
    shuffled = [
        score.of(outputs, targets.at(_core.permutation(rows.rows, seed, _FIRST_SHUFFLE + k)))
        for k in range(_SHUFFLES)
    ]
    constant = score.of_constant(outputs, targets)
    as_good = sum(not score.sign * (base - other) > 0 for other in shuffled)
    measured = _Measured(score, rows, targets, outputs, seed)
    importances, interval = measured.importances(taken, n_repeats)
    return PermutationImportance(
        importances=importances,
        importances_mean=importances.mean(axis=1),
        importances_std=importances.std(axis=1),
        interval=interval,
        feature_names=taken.names,
        score=base,
        train_score=_of_training(operation, score, train),
        chance=float(np.mean(shuffled)),
        p_value=(1 + as_good) / (1 + _SHUFFLES),
        metric=score.name,
        rows=rows.rows,
        constant=constant,
        better_than_constant=bool(np.isnan(constant) or score.sign * (base - constant) > 0),
    )


def _targets(operation: str, rows: Permuted, y: Foreign, sample_weight: Foreign) -> Targets:
    targets = _arguments.real_array(operation, "y", y)
    if targets.ndim == 0 or len(targets) != rows.rows:
        raise ValueError(
            f"[{operation}] expected y with {rows.rows} rows, as X has, got shape {targets.shape}"
        )
    if sample_weight is None:
        return Targets(targets, None)
    weights = _arguments.floats(operation, "sample_weight", sample_weight).astype(np.float64)
    if weights.shape != (rows.rows,) or (weights < 0).any() or not weights.any():
        raise ValueError(
            f"[{operation}] expected sample_weight to be {rows.rows} numbers of at least 0, not "
            f"all of them 0, got {_arguments.shown(sample_weight)}"
        )
    return Targets(targets, weights)


def _of_training(operation: str, score: Score, train: Foreign) -> float:
    if train is None:
        return float("nan")
    if not isinstance(train, tuple) or len(train) not in (2, 3):
        raise TypeError(
            f"[{operation}] expected train to be a pair (X, y), or a triple with sample_weight, "
            f"got {_arguments.shown(train)}"
        )
    X, y, sample_weight = (*train, None)[:3]
    rows = Permuted(operation, X, score.predict)
    return score.of(rows.outputs(), _targets(operation, rows, y, sample_weight))


@dataclass(frozen=True)
class _Measured:
    """By how much scores drop, and by how much without each tenth part of the rows."""

    score: Score
    rows: Permuted
    targets: Targets
    outputs: NDArray[Any]
    seed: int

    def importances(
        self, groups: Groups, n_repeats: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each group and repeat, (n_groups, n_repeats), and the intervals (n_groups, 2)."""
        part = _core.permutation(self.rows.rows, self.seed, _OF_PARTS) % _PARTS
        buffer = np.empty_like(self.outputs)
        drops = np.empty((len(groups.names), n_repeats, 1 + _PARTS))
        for r in range(n_repeats):
            order = _core.permutation(self.rows.rows, self.seed, r)
            # neither a row of the part nor one that was given the values of such a row
            kept = [np.flatnonzero((part != k) & (part[order] != k)) for k in range(_PARTS)]
            base = self._scores(self.outputs, kept)
            for g, columns in enumerate(groups.columns):
                permuted = self.rows.outputs(columns, order, buffer)
                with np.errstate(invalid="ignore"):  # of scores that are infinite
                    drops[g, r] = base - self._scores(permuted, kept)
        with np.errstate(invalid="ignore"):
            means = drops.mean(axis=1)
            spread = np.sqrt((_PARTS - 1) * means[:, 1:].var(axis=1))
            interval = means[:, :1] + np.array([-_T, _T]) * spread[:, None]
        return drops[:, :, 0], interval

    def _scores(self, outputs: NDArray[Any], kept: list[NDArray[np.int64]]) -> NDArray[np.float64]:
        """Of all rows, then of each of those kept; larger is better."""
        targets, of = self.targets, self.score.of
        found = [of(outputs, targets), *(of(outputs[rest], targets.at(rest)) for rest in kept)]
        return self.score.sign * np.array(found)
