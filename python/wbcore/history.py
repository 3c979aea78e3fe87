"""What training leaves behind: the loss table, and the statistics of parameters epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, SupportsIndex, TypeAlias, overload

from wbcore import _copying
from wbcore._text_table import number, table

__all__ = ["History", "LayerStatistics", "ParameterHistory", "Statistics"]

Record: TypeAlias = dict[str, list[Any]]


class Statistics(NamedTuple):
    """Of one array of parameters, in float64."""

    mean: float
    mean_abs: float
    """Mean of the absolute values."""
    std: float
    """Standard deviation, of the population."""
    min: float
    max: float


class LayerStatistics(NamedTuple):
    """Of one layer's weights, and of its biases."""

    weights: Statistics
    biases: Statistics | Any
    """None for a layer without biases; for type checkers as if all layers had some."""


def layer_statistics(raw: Sequence[Any]) -> tuple[LayerStatistics, ...]:
    """From the core's nested tuples."""
    return tuple(
        LayerStatistics(Statistics(*weights), biases and Statistics(*biases))
        for weights, biases in raw
    )


# In a table of numbers, of what a layer has not.
_NONE = Statistics(*[float("nan")] * len(Statistics._fields))


def _difference(final: Statistics, initial: Statistics) -> Statistics:
    return Statistics(*map(float.__sub__, final, initial))


class ParameterHistory(Sequence[tuple[LayerStatistics, ...]]):
    """Statistics of every layer's weights and biases, before training and after every epoch.

    `fit(..., track="epoch")` keeps them in `history.parameters`. Entry 0 is the initial state,
    entry e that after e epochs; each has one `LayerStatistics` a layer. Printed, it is a table of
    the initial and final means and their change.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([2, 3, 1], seed=0)
    >>> history = net.fit(np.ones((4, 2)), np.ones(4), loss="mse", epochs=5, track="epoch")
    >>> len(history.parameters)
    6
    >>> history.parameters.initial[0].biases.mean
    0.0
    >>> history.parameters[5] == history.parameters.final
    True
    """

    def __init__(self, entries: Sequence[Sequence[Any]]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> tuple[LayerStatistics, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[LayerStatistics, ...]]: ...
    def __getitem__(
        self, index: int | slice
    ) -> tuple[LayerStatistics, ...] | list[tuple[LayerStatistics, ...]]:
        if isinstance(index, slice):
            return [layer_statistics(entry) for entry in self._entries[index]]
        return layer_statistics(self._entries[index])

    @property
    def initial(self) -> tuple[LayerStatistics, ...]:
        """Before training, one entry a layer."""
        return self._at(0)

    @property
    def final(self) -> tuple[LayerStatistics, ...]:
        """After the last epoch, one entry a layer."""
        return self._at(-1)

    def _at(self, index: int) -> tuple[LayerStatistics, ...]:
        if not self:
            raise ValueError(
                '[history.parameters] expected fit(..., track="epoch"), got a fit without'
            )
        return self[index]

    @property
    def change(self) -> tuple[LayerStatistics, ...]:
        """Final minus initial, of every statistic, one entry a layer."""
        return tuple(
            LayerStatistics(
                _difference(final.weights, initial.weights),
                final.biases and _difference(final.biases, initial.biases),
            )
            for final, initial in zip(self.final, self.initial, strict=True)
        )

    def to_dict(self) -> dict[str, list[float]]:
        """Columns for a data frame: one row an epoch and layer, epoch 0 being the initial state.

        Returns
        -------
        dict of str to list
            "epoch", "layer", then "weights_mean", "weights_mean_abs", ..., "biases_max"; those of
            biases are NaN for a layer that has none.
        """
        rows = [
            (epoch, layer, *statistics.weights, *(statistics.biases or _NONE))
            for epoch, entry in enumerate(self)
            for layer, statistics in enumerate(entry)
        ]
        names = ["epoch", "layer"]
        for array in LayerStatistics._fields:
            names += [f"{array}_{name}" for name in Statistics._fields]
        return {name: [row[column] for row in rows] for column, name in enumerate(names)}

    def __str__(self) -> str:
        if not self:
            return repr(self)
        rows = [
            [str(layer)]
            + [
                number(statistics.mean) if statistics else ""
                for triple in zip(*states, strict=True)
                for statistics in triple
            ]
            for layer, states in enumerate(zip(self.initial, self.final, self.change, strict=True))
        ]
        header = [
            f"{array} {state}"
            for array in ("weights", "biases")
            for state in ("initial", "final", "change")
        ]
        return f"means after {len(self) - 1} epochs\n" + table(["layer", *header], rows)

    def __repr__(self) -> str:
        if not self:
            return "<ParameterHistory: none tracked>"
        return f"<ParameterHistory: {len(self) - 1} epochs, {len(self.initial)} layers>"


class History:
    """The course of a training: the loss, and what else was asked for, one value an epoch.

    Each series is an attribute, a list: `loss`; with validation data also `val_loss`; and for each
    metric its name and "val_" + its name. `len(history)` is the number of epochs completed.
    Printed, it is a table.

    Attributes
    ----------
    loss : list of float
        Mean loss of the epoch's batches, weighted by their rows, each before its update.
    learning_rate : list of float
        The rate of each epoch's last step; empty after `LBFGS`, which has none. With a schedule it
        is one of the series.
    status : {"running", "completed", "stopped", "interrupted", "diverged", "failed"}
        "stopped" by a callback that returned True, "interrupted" by Ctrl-C, "failed" by an error
        that a callback raised.
    interrupted : bool
        Whether Ctrl-C ended it.
    parameters : ParameterHistory
        Statistics of weights and biases, initially and after each epoch; empty without
        `track="epoch"`.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="zeros")])
    >>> history = net.fit([[1.0]], [1.0], loss="mse", optimizer=wb.SGD(0.25), epochs=3)
    >>> history.loss
    [1.0, 0.0, 0.0]
    >>> print(history)
    epoch     loss
    --------------
        1  1.00000
        2  0.00000
        3  0.00000
    >>> history.to_dict()
    {'loss': [1.0, 0.0, 0.0]}
    """

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __init__(self, record: Record, status: str = "running") -> None:
        self._record = record
        self.status = status

    def __getattr__(self, name: str) -> list[float]:
        # Not reached for _record, save in an object that is just being unpickled.
        record: Record = {} if name.startswith("_") else self._record
        if name in record:
            return record[name]
        known = ", ".join(self.names) if record else "none, since no epoch was completed"
        raise AttributeError(f"[History] expected one of the series ({known}), got {name!r}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.names]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the series, "loss" first."""
        return tuple(name for name in tuple(self._record) if _is_series(name))

    @property
    def learning_rate(self) -> list[float]:
        """The learning rate of the last step of each epoch.

        It is one of the series, printed and in `to_dict`, when the optimizer has a schedule.
        """
        record = self._record
        return record.get("learning_rate", record.get("_learning_rate", []))

    @property
    def parameters(self) -> ParameterHistory:
        """Statistics of weights and biases; empty without `track="epoch"`."""
        return ParameterHistory(self._record.get("parameters", []))

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the training."""
        return self.status == "interrupted"

    def to_dict(self) -> dict[str, list[float]]:
        """The series by name, as new lists, as `pandas.DataFrame(...)` takes them."""
        return {name: values for name, values in self._whole().items() if _is_series(name)}

    def _whole(self) -> Record:
        """A copy of the record with whole epochs only, though a fit in another thread adds some.

        A dict and a list are each copied in one step; what was counted before is in all lists.
        """
        running = self.status == "running"
        record = self._record.copy()
        if not running:
            return {name: values.copy() for name, values in record.items()}
        before = {name: int(name == "parameters") for name in record}  # entries before the first
        epochs = min((len(record[name]) - before[name] for name in record), default=0)
        return {name: values[: epochs + before[name]] for name, values in record.items()}

    def __reduce_ex__(self, _: SupportsIndex) -> tuple[Any, ...]:
        arguments = type(self), self._whole()
        return _copying.reduced(self, _with_record, arguments, frozenset({"_record"}))

    def __len__(self) -> int:
        return min((len(self._record[name]) for name in self.names), default=0)

    def __bool__(self) -> bool:
        return True  # also before the first epoch

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        return self._record == other._record and self.status == other.status

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        last = "".join(
            f", {name} {number(self._record[name][-1])}" for name in self.names if len(self)
        )
        return f"<History: {len(self)} epochs, {self.status}{last}>"

    def __str__(self) -> str:
        series = self.to_dict()
        rows = [
            [str(epoch), *map(number, values)]
            for epoch, values in enumerate(zip(*series.values(), strict=False), start=1)
        ]
        if len(rows) > MAX_ROWS:
            rows[MAX_ROWS // 2 : -MAX_ROWS // 2] = [["..."] * (len(series) + 1)]
        return table(["epoch", *series], rows)


def _is_series(name: str) -> bool:
    """Not what is kept beside the series."""
    return name != "parameters" and not name.startswith("_")


def _with_record(cls: type[History], record: Record) -> History:
    """For copies and pickles, before the other attributes are set."""
    history = cls.__new__(cls)
    history._record = record
    return history


# What fits a screen; to_dict() has all.
MAX_ROWS = 60
