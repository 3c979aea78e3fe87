"""Weights and biases as training changed them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wbcore import _arguments, _text_table
from wbcore._statistics import Statistics
from wbcore.history import MAX_ROWS
from wbcore.inspect import formats
from wbcore.inspect.histories import history_of
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from wbcore.history import History

__all__ = ["STATISTICS", "bias_changes", "weight_changes"]

STATISTICS = (*Statistics._fields, "norm")


class _Course(Table):
    """A row a record: printed without the middle where that is long, as a `History` is."""

    __slots__ = ()

    def _aligned(self, columns: Sequence[str]) -> str:
        header, rows = self._cells(columns, formats.printed_cell)
        if len(rows) > MAX_ROWS:
            rows[MAX_ROWS // 2 : -MAX_ROWS // 2] = [["..."] * len(columns)]
        return _text_table.table(header, rows)


def weight_changes(
    history: "History", *, layer: int | None = None, statistic: str = "mean_abs"
) -> Table:
    """Show how training changed the weights.

    Parameters
    ----------
    history : History
        What ``fit(..., track="epoch")``, or a number of batches, returned.
    layer : int, optional
        Without it, one row a layer over the whole training; with it, one row a record of that
        layer: an epoch, or what lies between two records that were kept.
    statistic : {"mean_abs", "mean", "std", "min", "max", "norm"}
        What to follow.

    Returns
    -------
    Table
        ``layer``, or ``epoch`` (from 1, as in `history.to_pandas()`), or, where there is not one
        record an epoch, ``step`` (batches done at the later one of two records), printed without
        the middle where there are more than 60; then ``initial``, ``final``
        and ``change`` of the statistic over the training, the epoch or between the records: final
        minus initial. How far the weights moved is another number, which is also large where the
        statistic stays as it was: the `change` of an `ArrayRecord`, "moved" where
        `history.parameters` is printed.

    Raises
    ------
    TypeError, ValueError
        If the history holds no parameters, or the statistic or the layer does not exist.

    See Also
    --------
    bias_changes : The same for biases.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="zeros")], seed=0)
    >>> sgd = wb.SGD(learning_rate=0.25)
    >>> history = net.fit([[1.0]], [1.0], loss="mse", optimizer=sgd, epochs=2, track="epoch")
    >>> weight_changes(history)
    Weights: mean_abs before and after training
    layer  initial    final   change
    --------------------------------
        0  0.00000  0.50000  0.50000
    >>> weight_changes(history, layer=0)
    Weights of layer 0: mean_abs before and after each epoch
    epoch  initial    final   change
    --------------------------------
        1  0.00000  0.50000  0.50000
        2  0.50000  0.50000  0.00000
    """
    return _changes(history, "weights", layer, statistic)


def bias_changes(
    history: "History", *, layer: int | None = None, statistic: str = "mean_abs"
) -> Table:
    """Show how training changed the biases: :func:`weight_changes`, with biases.

    Parameters
    ----------
    history : History
        What ``fit(..., track="epoch")``, or a number of batches, returned.
    layer : int, optional
        Without it, one row a layer over the whole training; with it, one row a record of that
        layer: an epoch, or what lies between two records that were kept.
    statistic : {"mean_abs", "mean", "std", "min", "max", "norm"}
        What to follow.

    Returns
    -------
    Table
        As from :func:`weight_changes`: ``change`` is that of the statistic, not how far the biases
        moved.

    Raises
    ------
    TypeError, ValueError
        If the history holds no parameters, or the statistic or the layer does not exist.
    """
    return _changes(history, "biases", layer, statistic)


def _changes(history: "History", of: str, layer: int | None, statistic: str) -> Table:
    operation = "bias_changes" if of == "biases" else "weight_changes"
    statistic = _arguments.choice(operation, "statistic", statistic, STATISTICS)
    states = history_of(operation, history).parameters  # the first is the state before training
    if not states:
        raise ValueError(
            f'[{operation}] expected the history of fit(..., track="epoch"), got one without '
            "parameters"
        )
    n_layers = len(states[0])
    if layer is not None:
        layer = _arguments.integer(operation, "layer", layer, low=-n_layers, high=n_layers - 1)

    title = of.capitalize()
    if layer is None:
        pairs = [
            (i, getattr(getattr(first, of), statistic), getattr(getattr(last, of), statistic))
            for i, (first, last) in enumerate(zip(states[0], states[-1], strict=True))
            if getattr(first, of) is not None
        ]
        name, span = "layer", "training"
    else:
        if getattr(states[0][layer], of) is None:
            raise ValueError(
                f"[{operation}] expected layer to be one with biases, got {layer}, which has none"
            )
        steps = [getattr(getattr(state[layer], of), statistic) for state in states]
        name, counts = states._moments()
        pairs = list(zip(counts[1:], steps[:-1], steps[1:], strict=True))
        title += f" of layer {layer % n_layers}"
        span = "each epoch" if name == "epoch" else "each record"
    rows = [(i, initial, final, final - initial) for i, initial, final in pairs]
    title += f": {statistic} before and after {span}"
    return _Course((name, "initial", "final", "change"), rows, title)
