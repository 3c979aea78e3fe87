"""The rows that a network gets most wrong, and the classes that it confuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore.inspect.decisions import Decisions, decided
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import SparseLike
    from wbcore.losses import Loss
    from wbcore.network import Network

__all__ = ["RowNumbers", "confused_pairs", "worst_predictions"]

_SHOWN = 5  # row numbers in a printed cell


class RowNumbers(tuple[int, ...]):
    """Row numbers; printed, the first few and how many there are.

    Examples
    --------
    >>> rows = RowNumbers(range(100))
    >>> str(rows), rows[:2], len(rows)
    ('0 1 2 3 4 .. (100)', (0, 1), 100)
    """

    __slots__ = ()

    def __str__(self) -> str:
        text = " ".join(map(str, self[:_SHOWN]))
        return text if len(self) <= _SHOWN else f"{text} .. ({len(self)})"


def worst_predictions(
    net: Network,
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    *,
    loss: Loss | str | None = None,
    n: int | None = 10,
    class_names: Sequence[str] | None = None,
) -> Table:
    """The rows of the largest losses, of numbers those of the largest residuals.

    Parameters
    ----------
    net : Network
    X : array-like or sparse matrix of shape (B, I)
        Or a `Scaled` or `Standardized` of such.
    y : array-like of shape (B,) or (B, O)
        Targets, as the loss takes them.
    loss : Loss or str, optional
        Default: that of the network's last fit.
    n : int or None, default 10
        How many rows; None: all.
    class_names : sequence of str, optional
        To show in place of the numbers of classes.

    Returns
    -------
    Table
        For classes ``row``, ``true``, ``predicted``, the probabilities of both, ``p_true`` and
        ``p_predicted`` (NaN for hinges, which have none), and ``loss``. For numbers ``row``,
        ``true``, ``predicted``, ``residual`` (predicted - true) and ``loss``. Where each of several
        outputs is a matter of its own, ``output`` follows ``row``, and the loss is that of the one.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, "sigmoid")])
    >>> net[0].weights[...] = 2.0
    >>> worst_predictions(net, [[1.0], [-1.0], [2.0]], [1, 1, 0], loss="binary_cross_entropy", n=2)
    The 2 of 3 rows of the largest loss
    row  true  predicted   p_true  p_predicted     loss
    ---------------------------------------------------
      2     0          1  0.01799      0.98201  4.01815
      1     1          0  0.11920      0.88080  2.12693
    """
    operation = "worst_predictions"
    found = decided(operation, net, X, y, loss)
    total = len(found.rows)
    n = total if n is None else min(_arguments.integer(operation, "n", n), total)
    residual = None if found.of_classes else np.subtract(found.predicted, found.true, dtype=float)
    size = found.losses if residual is None else np.abs(residual)
    worst = np.argsort(-size, kind="stable")[:n]
    columns: dict[str, Sequence[Any]] = {"row": found.rows[worst].tolist()}
    if found.outputs is not None:
        columns["output"] = found.outputs[worst].tolist()
    columns |= _pair(operation, found, worst, class_names)
    if residual is None:
        for name, p in (("p_true", found.p_true), ("p_predicted", found.p_predicted)):
            columns[name] = [float("nan")] * n if p is None else p[worst].astype(float).tolist()
    else:
        columns["residual"] = residual[worst].tolist()
    columns["loss"] = found.losses[worst].tolist()
    what = "rows" if found.outputs is None else "outputs"
    largest = "loss" if residual is None else "residuals"
    title = f"The {n} of {total} {what} of the largest {largest}"
    undefined = ("p_true", "p_predicted") if residual is None else ()
    return Table(tuple(columns), zip(*columns.values(), strict=True), title, undefined=undefined)


def _pair(
    operation: str, found: Decisions, places: NDArray[np.int64], names: Sequence[str] | None
) -> dict[str, Sequence[Any]]:
    """The columns true and predicted."""
    pair: dict[str, Sequence[Any]] = {
        "true": found.true[places].tolist(),
        "predicted": found.predicted[places].tolist(),
    }
    if names is None:
        return pair
    known = _arguments.names(operation, "class_names", names)
    most = max(int(found.true.max()), int(found.predicted.max())) if found.of_classes else 0
    if not found.of_classes or len(known) <= most:
        wanted = f"at least {most + 1} names" if found.of_classes else "None for numbers"
        raise ValueError(
            f"[{operation}] expected class_names to be {wanted}, got {_arguments.shown(names)}"
        )
    return {name: [known[label] for label in labels] for name, labels in pair.items()}


def confused_pairs(
    net: Network,
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    *,
    loss: Loss | str | None = None,
    n: int | None = None,
    class_names: Sequence[str] | None = None,
) -> Table:
    """Which class is taken for which other one, how often, and in which rows.

    Parameters
    ----------
    net : Network
    X : array-like or sparse matrix of shape (B, I)
        Or a `Scaled` or `Standardized` of such.
    y : array-like of shape (B,) or (B, O)
        Targets, as the loss takes them.
    loss : Loss or str, optional
        Default: that of the network's last fit.
    n : int, optional
        How many pairs; default: all that occur.
    class_names : sequence of str, optional
        To show in place of the numbers of classes.

    Returns
    -------
    Table
        ``true`` and ``predicted``, the most frequent pair first; ``count``; ``share``, of the rows
        of the true class; the mean probabilities of both in these rows, ``p_true`` and
        ``p_predicted``; and their numbers, that of the largest loss first: the first few in print
        as ``worst_rows``, all in ``rows``. Where each of several outputs is a decision of its own,
        ``output`` comes first.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, or the targets are numbers.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, "sigmoid")])
    >>> net[0].weights[...] = 2.0
    >>> X = [[1.0], [-1.0], [2.0], [-2.0]]
    >>> confused_pairs(net, X, [1, 1, 0, 1], loss="binary_cross_entropy")
    Pairs of classes that are confused, in 3 of 4 rows
    true  predicted  count    share   p_true  p_predicted  worst_rows
    -----------------------------------------------------------------
       1          0      2  0.66667  0.06859      0.93141         3 1
       0          1      1  1.00000  0.01799      0.98201           2
    """
    operation = "confused_pairs"
    n = None if n is None else _arguments.integer(operation, "n", n)
    found = decided(operation, net, X, y, loss)
    if not found.of_classes:
        raise ValueError(
            f"[{operation}] expected targets that are classes, got numbers; "
            f"worst_predictions and error_by_quantile are for these"
        )
    wrong = np.flatnonzero(found.true != found.predicted)
    wrong = wrong[np.argsort(-found.losses[wrong], kind="stable")]
    output = np.zeros(len(found.rows), np.int64) if found.outputs is None else found.outputs
    keys = np.stack([output, found.true, found.predicted], axis=1)
    pairs, which, counts = np.unique(keys[wrong], axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:n]
    lines = []
    for k in order:
        places = wrong[which.reshape(-1) == k]  # NumPy 2.0 alone gives it another shape
        of_class = (output == pairs[k, 0]) & (found.true == pairs[k, 1])
        line = {"output": int(pairs[k, 0])} if found.outputs is not None else {}
        labels = _pair(operation, found, places[:1], class_names)
        lines.append(
            (
                *line.values(),
                labels["true"][0],
                labels["predicted"][0],
                int(counts[k]),
                float(counts[k] / of_class.sum()),
                _mean(found.p_true, places),
                _mean(found.p_predicted, places),
                RowNumbers(rows := tuple(found.rows[places].tolist())),
                rows,
            )
        )
    names = ["true", "predicted", "count", "share", "p_true", "p_predicted", "worst_rows", "rows"]
    if found.outputs is not None:
        names.insert(0, "output")
    what = "rows" if found.outputs is None else "outputs"
    title = f"Pairs of classes that are confused, in {len(wrong)} of {len(found.rows)} {what}"
    return Table(names, lines, title, printed=names[:-1], undefined=("p_true", "p_predicted"))


def _mean(p: NDArray[Any] | None, places: NDArray[np.int64]) -> float:
    return float("nan") if p is None else float(p[places].mean(dtype=np.float64))
