"""What training leaves behind: the loss table, and the statistics of parameters epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex, TypeAlias, overload

from wbcore import _copying
from wbcore._text_table import number, table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.data._source import Source
    from wbcore.losses import LossLike
    from wbcore.network import Network
    from wbcore.schedules.base import Rates
    from wbcore.training.plan import RowOrder, ValidationData
    from wbcore.training.recording import Recording

__all__ = ["History", "LayerStatistics", "ParameterHistory", "Statistics"]

Record: TypeAlias = dict[str, list[Any]]

# What a record has beside the series: of these nothing is the same in every run, or no number.
_BESIDE = frozenset({"parameters", "seconds", "_learning_rate"})


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

    Epochs are counted from 0 in `first_epoch`, `best_epoch` and callbacks (`run.epoch`); from 1
    where people read them: in the table, `epochs`, `to_pandas`, logs and messages. A list of a
    second fit begins with its first epoch, so that the best one is at `best_epoch - first_epoch`.

    Attributes
    ----------
    loss : list of float
        Mean loss of the epoch's batches, weighted by their rows, each before its update.
    seconds : list of float
        What each epoch took, its validation included and callbacks after it not. No two runs have
        the same, so that `==` and `to_dict` leave them out.
    first_epoch : int
        The number of the first epoch, counted from 0 over all fits of the optimizer; the table
        goes on with it.
    best_epoch : int or None
        The epoch that `EarlyStopping` or `Checkpoint(best_only=True)` found best, numbered like
        first_epoch: `history.loss[history.best_epoch - history.first_epoch]`. Of several it is the
        one that found a better one last; in the same epoch they agree.
    learning_rate : list of float
        The rate of each epoch's last step; empty after `LBFGS`, which has none. With a schedule it
        is one of the series.
    status : {"running", "completed", "stopped", "interrupted", "diverged", "failed"}
        "stopped" by a callback that returned True, "interrupted" by Ctrl-C, "failed" by an error
        that a callback raised.
    reason : str
        A sentence on why it ended; empty while it runs.
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
    >>> history.reason
    'all 3 epochs were done'
    """

    status: str
    reason: str = ""
    first_epoch: int = 0
    best_epoch: int | None = None
    _recording: Recording | None = None  # of a fit with `track`, what `replay` needs
    _steps: int | None = None  # how many it had done when it ended

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
        return tuple(name for name in tuple(self._record) if name not in _BESIDE)

    @property
    def learning_rate(self) -> list[float]:
        """The learning rate of the last step of each epoch.

        It is one of the series, printed and in `to_dict`, when the optimizer has a schedule.
        """
        record = self._record
        return record.get("learning_rate", record.get("_learning_rate", []))

    @property
    def seconds(self) -> list[float]:
        """What each epoch took."""
        return self._record.get("seconds", [])

    @property
    def epochs(self) -> range:
        """The numbers of the epochs as the table has them, from 1: what to plot a series by."""
        return range(self.first_epoch + 1, self.first_epoch + len(self) + 1)

    @property
    def parameters(self) -> ParameterHistory:
        """Statistics of weights and biases; empty without `track="epoch"`."""
        return ParameterHistory(self._record.get("parameters", []))

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the training."""
        return self.status == "interrupted"

    def replay(
        self,
        X: ArrayLike | SparseLike | Source,
        y: ArrayLike | None = None,
        *,
        epoch: int | None = None,
        batch: int | None = None,
        sample_weight: ArrayLike | None = None,
        loss: LossLike | None = None,
        learning_rate: Rates | None = None,
        shuffle: RowOrder | None = None,
        validation_data: ValidationData | None = None,
        n_threads: int | None = None,
    ) -> Network:
        """Make the network of any step of this training again, from its data.

        The fit must have had `track`: then the history keeps how it began. It is done again up to
        that step, and its parameters are held to the digests of the records before, and of the next
        one: what is returned has the bits of the network that was there.

        Parameters
        ----------
        X, y, sample_weight
            As the fit had them.
        epoch : int, optional
            Counted from 0, like `first_epoch` and the records; `first_epoch - 1` is the state
            before the fit. Default: the last step that was done.
        batch : int, optional
            The batch of that epoch, from 0, after which the network is wanted. Default: the
            epoch's last.
        loss, learning_rate, shuffle : callable, optional
            Where the fit had a function, which no history keeps: the same one.
        validation_data : optional
            As the fit had it, where a `Plateau` watches it.
        n_threads : int, optional

        Returns
        -------
        Network
            A new one. `net.optimizer` remembers what the fit's did: a `fit` goes on from there.

        Raises
        ------
        TypeError, ValueError
            When the fit had no `track`, went on from a checkpoint or was one of `LBFGS`, there was
            no such step, something that it needs is missing, or X and y are others.
        ReplayError
            When the parameters are not those of the records, and which record is the first.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> X = np.linspace(-1, 1, 64)[:, None]
        >>> net = wb.Network.mlp([1, 8, 1], activation="tanh", seed=0)
        >>> history = net.fit(X, X[:, 0] ** 2, loss="mse", epochs=5, batch_size=8, track="epoch")
        >>> history.replay(X, X[:, 0] ** 2) == net
        True
        >>> before = history.replay(X, X[:, 0] ** 2, epoch=3, batch=2)
        >>> before.optimizer.state(before).position[:2]
        (3, 3)
        """
        from wbcore.training.replaying import Replay, batch_named

        replay = Replay(
            "replay",
            self,
            X,
            y,
            sample_weight=sample_weight,
            loss=loss,
            learning_rate=learning_rate,
            shuffle=shuffle,
            validation_data=validation_data,
            n_threads=n_threads,
        )
        return replay.at(batch_named("replay", replay, epoch, batch))

    def to_dict(self) -> dict[str, list[float]]:
        """The series by name, as new lists, as `pandas.DataFrame(...)` takes them."""
        return {name: values for name, values in self._whole().items() if name not in _BESIDE}

    def to_pandas(self) -> Any:  # noqa: ANN401, a data frame
        """A pandas.DataFrame: one row an epoch, by its number from 1.

        Its columns are the series, then learning_rate and seconds. The row of the best epoch,
        which is counted from 0, is `frame.loc[history.best_epoch + 1]`.

        Raises
        ------
        ModuleNotFoundError
            When pandas is not installed.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network([wb.Dense(1, 1, initializer="zeros")])
        >>> history = net.fit([[1.0]], [1.0], loss="mse", optimizer=wb.SGD(0.25), epochs=2)
        >>> history.to_pandas()["loss"].tolist()
        [1.0, 0.0]
        """
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "[to_pandas] expected the package pandas, got none: pip install pandas; "
                "to_dict needs none",
                name=error.name,
            ) from None
        record = self._whole()
        columns = {name: values for name, values in record.items() if name not in _BESIDE}
        for name in ("_learning_rate", "seconds"):
            if name in record:
                columns[name.lstrip("_")] = record[name]
        count = len(next(iter(columns.values()), []))
        first = self.first_epoch + 1
        return pd.DataFrame(columns, index=pd.RangeIndex(first, first + count, name="epoch"))

    def to_json(self) -> str:
        """All there is as JSON text, with a schema version; `from_json` reads it.

        Numbers that are not finite are the texts "NaN", "Infinity" and "-Infinity". The fields are
        "schema" (1), "status", "reason", "first_epoch", "best_epoch", "series" (an object of
        lists), "learning_rate", "seconds" and "parameters" (of `track="epoch"`: epochs, layers,
        weights and biases, the five statistics, or null for a layer without biases).

        Examples
        --------
        >>> import wbcore as wb
        >>> wb.History.from_json(wb.History({"loss": [0.5]}, "completed").to_json()).loss
        [0.5]
        """
        from wbcore import _history_json

        record = self._whole()
        return _history_json.written(
            {
                "status": self.status,
                "reason": self.reason,
                "first_epoch": self.first_epoch,
                "best_epoch": self.best_epoch,
                "series": {n: values for n, values in record.items() if n not in _BESIDE},
                "learning_rate": record.get("_learning_rate", []),
                "seconds": record.get("seconds", []),
                "parameters": record.get("parameters", []),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> History:
        """The history that `to_json` wrote.

        Parameters
        ----------
        text : str

        Raises
        ------
        TypeError, ValueError
            When text is no str, no such JSON, or of a newer schema.

        Examples
        --------
        >>> import wbcore as wb
        >>> history = wb.History({"loss": [0.5, 0.25]}, "completed")
        >>> wb.History.from_json(history.to_json()) == history
        True
        """
        from wbcore import _history_json

        found = _history_json.read(text)
        record: Record = dict(found["series"])
        if found["learning_rate"]:
            record["_learning_rate"] = found["learning_rate"]
        if found["seconds"]:
            record["seconds"] = found["seconds"]
        if found["parameters"]:
            record["parameters"] = [
                [tuple(values and tuple(values) for values in layer) for layer in entry]
                for entry in found["parameters"]
            ]
        history = cls(record, found["status"])
        history.reason = found["reason"]
        history.first_epoch = found["first_epoch"]
        history.best_epoch = found["best_epoch"]
        return history

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
        ours, theirs = (
            {name: values for name, values in history._record.items() if name != "seconds"}
            for history in (self, other)
        )
        return ours == theirs and self.status == other.status

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
            for epoch, values in enumerate(
                zip(*series.values(), strict=False), start=self.first_epoch + 1
            )
        ]
        if len(rows) > MAX_ROWS:
            rows[MAX_ROWS // 2 : -MAX_ROWS // 2] = [["..."] * (len(series) + 1)]
        return table(["epoch", *series], rows)


def _with_record(cls: type[History], record: Record) -> History:
    """For copies and pickles, before the other attributes are set."""
    history = cls.__new__(cls)
    history._record = record
    return history


# What fits a screen; to_dict() has all.
MAX_ROWS = 60
