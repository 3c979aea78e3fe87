"""What permuting columns told of a network: importances, intervals, and a ranking or a refusal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PermutationImportance"]

#: What differences of scores of about 1 may be by roundings alone.
_ROUNDINGS = 2.0**-48
#: No ranking when chance alone reaches the score more often than once in a hundred times.
_CHANCE = 0.01

#: Features that are printed.
_SHOWN = 20


@dataclass(frozen=True, eq=False, repr=False)
class PermutationImportance:
    """What `permutation_importance` returns; prints as a table of at most 20 features.

    Attributes
    ----------
    importances : ndarray of shape (n_features, n_repeats)
        By how much the score gets worse when the rows of a column (or group of columns) are
        permuted: positive where the network relies on it, whatever the direction of the metric.
    importances_mean, importances_std : ndarray of shape (n_features,)
        Over the repeats.
    interval : ndarray of shape (n_features, 2)
        Within which the mean lies with 95 % confidence, had other rows and other permutations been
        drawn.
    feature_names : tuple of str
        Or the names of groups.
    score, train_score : float
        The metric of the rows themselves; of the training's, NaN when they were not given.
    chance : float
        The mean score for shuffled targets.
    p_value : float
        How often shuffled targets give a score as good: (1 + number) / 200.
    metric : str
    rows : int
    constant : float
        The score of the best prediction that is the same for all these rows: the larger class, the
        shares of classes, the mean. NaN where it is not known (docs/importance.md).
    better_than_constant : bool
        Whether the score is better than that; True where that is not known.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> net = wb.Network([wb.Dense(2, 1)])
    >>> net[0].weights[...] = [[1.0], [0.0]]
    >>> found = wb.inspect.permutation_importance(net, X, X[:, 0], loss="mse")
    >>> found.ranking, bool(found.importances_mean[0] > 1), found.interval[1].tolist()
    (('x0', 'x1'), True, [0.0, 0.0])
    """

    importances: NDArray[np.float64]
    importances_mean: NDArray[np.float64]
    importances_std: NDArray[np.float64]
    interval: NDArray[np.float64]
    feature_names: tuple[str, ...]
    score: float
    train_score: float
    chance: float
    p_value: float
    metric: str
    rows: int
    constant: float = math.nan
    better_than_constant: bool = True

    @property
    def better_than_chance(self) -> bool:
        """Whether shuffled targets give so good a score at most once in a hundred times."""
        return self.p_value <= _CHANCE

    @property
    def ranking(self) -> tuple[str, ...]:
        """The names, from the largest mean importance to the least.

        Raises
        ------
        ValueError
            When the score is no better than chance, or than the best constant prediction: what does
            not help says nothing of features.
        """
        if not self._ranks:
            raise ValueError(f"[ranking] {self._refusal()}")
        return tuple(self.feature_names[i] for i in self._order())

    @property
    def _ranks(self) -> bool:
        return self.better_than_chance and self.better_than_constant

    def _order(self) -> NDArray[np.int64]:
        return np.argsort(-self.importances_mean, kind="stable")

    def _refusal(self) -> str:
        if self.better_than_chance:
            return (
                f"expected a score better than that of the best constant prediction, "
                f"{self.constant:.4g}, got {self.metric} {self.score:.4g}: no ranking"
            )
        return (
            f"expected a score that shuffled targets give at most once in {round(1 / _CHANCE)} "
            f"times, got {self.metric} {self.score:.4g}, which they reach with p = "
            f"{self.p_value:.3g} (their mean is {self.chance:.4g}): no ranking"
        )

    def table(self) -> Table:
        """A row a feature, the most important first; in the order of X where there is no ranking.

        Returns
        -------
        Table
            ``feature``, ``mean``, ``std`` over repeats, and ``low`` and ``high``, the interval.
            What is not larger than roundings of the score are is 0.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> X = np.random.default_rng(0).normal(size=(300, 2))
        >>> net = wb.Network([wb.Dense(2, 1)])
        >>> net[0].weights[...] = [[0.0], [1.0]]
        >>> found = wb.inspect.permutation_importance(net, X, X[:, 1], loss="mse")
        >>> found.table()["feature"]
        ['x1', 'x0']
        """
        order = self._order() if self._ranks else np.arange(len(self.feature_names))
        numbers = np.column_stack([self.importances_mean, self.importances_std, self.interval])
        rounding = _ROUNDINGS * max(1.0, abs(self.score))
        numbers[np.abs(numbers) <= rounding] = 0.0
        lines = [(self.feature_names[i], *numbers[i].tolist()) for i in order]
        title = (
            f"Permutation importance: how much worse {self.metric} gets, {self.rows} rows, "
            f"{self.importances.shape[1]} repeats, 95 % intervals"
        )
        return Table(("feature", "mean", "std", "low", "high"), lines, title)

    def __str__(self) -> str:
        score = (
            f"{self.metric} of these rows {self.score:.4g}, of shuffled targets {self.chance:.4g}"
        )
        if not np.isnan(self.constant):
            score += f", of the best constant {self.constant:.4g}"
        if not np.isnan(self.train_score):
            score += f", of the training's {self.train_score:.4g}"
        table = self.table()
        more = len(table) - _SHOWN
        if more > 0:
            table = Table(table.columns, table.rows[:_SHOWN], table.title)
            score = f"{more} more, in table()\n{score}"
        text = f"{table}\n{score}"
        if not self._ranks:
            return f"{text}\nNot ranked: {self._refusal()}"
        low, high = self.interval.T
        if len(low) > 1 and ((low <= 0) & (high >= 0)).all():
            text += (
                "\nEvery interval contains 0, though the score is good: columns that say the same "
                "hide each other; permute them together (groups=)"
            )
        return text

    __repr__ = __str__
