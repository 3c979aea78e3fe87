"""What each feature contributed, as an object that prints as its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore._statistics import exponent_of
from wbcore._view import dense
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore._view import Foreign

__all__ = ["Attribution"]

#: Of fewer rows mean and deviation say little, of more standardized ones no mean is so far from 0.
_ROWS, _FAR = 10, 3.0


@dataclass(frozen=True, eq=False, repr=False)
class Attribution:
    """What `attribution` returns; prints as the table of its top features.

    Attributes
    ----------
    values : ndarray of shape (B, I), or (B, n_groups) where there are groups
        What each feature of each row contributed, in float64.
    residual : ndarray of shape (B,), or None for saliency
        Of completeness: the sum of a row's values minus `change`.
    change : ndarray of shape (B,)
        F(x) - F(baseline), which the values divide among the features; F is what is attributed.
    start : ndarray of shape (B,)
        F(baseline).
    X : ndarray or sparse matrix of shape (B, I)
        The rows, a copy.
    baseline : ndarray of shape (I,) or (B, I)
        What each row was compared with.
    compared_with : str
        The same in words: "zeros", "mean", a number, "given array", or "given rows".
    points : ndarray of shape (B,) and dtype int64
        In how many points each row's gradient was taken; for the exact integral, its pieces.
    method, output : str
    target : int or ndarray
        Which output, of all rows or of each; y for the loss.
    feature_names : tuple of str
        Of the columns of `values`.
    columns : tuple of ndarrays
        Those of X that each of them stands for.
    class_names : tuple of str
        Of the outputs; empty where none were given.
    exact : bool
        Whether the integral was exact but for roundings.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(2, 1)])
    >>> net[0].weights[...] = [[3.0], [-1.0]]
    >>> found = wb.inspect.attribution(net, [[1.0, 2.0]])
    >>> found.values, found.residual
    (array([[ 3., -2.]]), array([0.]))
    """

    values: NDArray[np.float64]
    residual: NDArray[np.float64] | None
    change: NDArray[np.float64]
    start: NDArray[np.float64]
    X: Foreign
    baseline: NDArray[np.float64]
    compared_with: str
    points: NDArray[np.int64]
    method: str
    output: str
    target: Any
    feature_names: tuple[str, ...]
    columns: tuple[NDArray[np.int64], ...]
    class_names: tuple[str, ...]
    exact: bool

    def table(self, row: int | None = None, n: int = 10) -> Table:
        """The n features of the largest values, of a row or of all rows.

        Parameters
        ----------
        row : int, optional
            Without it, by the mean of the absolute values over all rows.
        n : int, default 10

        Returns
        -------
        Table
            ``feature``, ``measured``, ``baseline`` and ``value`` of the row, the second and third a
            dash for a group of columns; or ``mean_abs``, ``mean`` and ``std``, over rows. The lines
            under the title say what the values add up to, and how many features are left out.

        Raises
        ------
        TypeError, ValueError
            When there is no such row, or n is less than 1.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network([wb.Dense(2, 1)])
        >>> net[0].weights[...] = [[3.0], [-1.0]]
        >>> wb.inspect.attribution(net, [[1.0, 2.0]]).table(row=0)
        integrated_gradients of the logit of output 0, row 0; baseline: zeros
        the logit is 1 for the row, 0 for the baseline: a change of 1; the values add up to 1
        feature  measured  baseline     value
        -------------------------------------
        x0        1.00000   0.00000   3.00000
        x1        2.00000   0.00000  -2.00000
        """
        n = _arguments.integer("table", "n", n)
        if row is None:
            return self._of_all(n)
        rows = len(self.values)
        row = _arguments.integer("table", "row", row, low=-rows, high=rows - 1) % rows
        value, x = self.values[row], dense(self.X[row : row + 1])[0]
        x0 = self.baseline if self.baseline.ndim == 1 else self.baseline[row]
        order = np.argsort(-np.abs(value), kind="stable")[:n]
        lines = []
        for i in order:
            alone = len(self.columns[i]) == 1
            pair = [float(of[self.columns[i][0]]) if alone else None for of in (x, x0)]
            lines.append((self.feature_names[i], *pair, float(value[i])))
        notes = [self._left_out(n, f"row={row}, "), self._offset()]
        if self.residual is not None:
            there, change = self.start[row], self.change[row]
            notes.insert(
                0,
                f"the {self.output} is {there + change:.5g} for the row, {there:.5g} for the "
                f"baseline: a change of {change:.5g}; the values add up to {value.sum():.5g}",
            )
        return Table(
            ("feature", "measured", "baseline", "value"),
            lines,
            self._title(f"row {row}", row),
            note="\n".join(filter(None, notes)),
        )

    def _of_all(self, n: int) -> Table:
        exponent = exponent_of(self.values)
        with np.errstate(under="ignore"):
            values = np.ldexp(self.values, -exponent)
            found = np.abs(values).mean(axis=0), values.mean(axis=0), values.std(axis=0)
            sizes, mean, std = np.ldexp(found, exponent)
        order = np.argsort(-sizes, kind="stable")[:n]
        cells = [
            (self.feature_names[i], float(sizes[i]), float(mean[i]), float(std[i])) for i in order
        ]
        rows = len(self.values)
        title = self._title(f"{rows} row{'s' * (rows != 1)}")
        notes = filter(None, (self._left_out(n), self._offset()))
        return Table(("feature", "mean_abs", "mean", "std"), cells, title, note="\n".join(notes))

    def _title(self, which: str, row: int | None = None) -> str:
        """Method, what is attributed, of which rows, and against what."""
        what = "loss" if self.output == "loss" else f"{self.output} of {self._told(row)}"
        against = "" if self.method == "saliency" else f"; baseline: {self.compared_with}"
        return f"{self.method} of the {what}, {which}{against}"

    def _told(self, row: int | None) -> str:
        """An output by its name, or its number."""
        if row is None and np.ndim(self.target):
            return "each row's own output"
        target = int(self.target[row] if np.ndim(self.target) else self.target)
        return self.class_names[target] if self.class_names else f"output {target}"

    def _left_out(self, n: int, which: str = "") -> str:
        features = self.values.shape[1]
        left = features - n
        if left <= 0:
            return ""
        return f"{left} more feature{'s' * (left != 1)}: table({which}n={features}) has all"

    def _offset(self) -> str:
        """What 0 means where no row of a column is near it."""
        if self.method == "saliency" or self.baseline.any() or len(self.values) < _ROWS:
            return ""
        low, high = (dense(end).reshape(-1) for end in (self.X.min(axis=0), self.X.max(axis=0)))
        beyond = dense(self.X[:, np.flatnonzero((low > 0) | (high < 0))])
        with np.errstate(over="ignore"):  # of an infinite deviation no mean is far
            mean, spread = (of(beyond, axis=0, dtype=np.float64) for of in (np.mean, np.std))
        far = int(np.count_nonzero(np.abs(mean) > _FAR * spread))
        if not far:
            return ""
        return (
            f"{far} of {len(low)} columns lie far from 0: their values hold that offset; "
            'baseline="mean" has an average row'
        )

    def __str__(self) -> str:
        text = str(self.table())
        if self.residual is not None:
            row = int(np.abs(self.residual).argmax())
            text += (
                f"\nlargest residual of completeness: {self.residual[row]:.1e} of "
                f"{self.change[row]:.4g}, row {row}"
            )
        return text

    __repr__ = __str__
