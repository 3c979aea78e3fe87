"""What training leaves behind: the loss table, and the course of the parameters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

from wbcore import _arguments, _copying
from wbcore._lazy import pandas_for_frames
from wbcore._statistics import LayerStatistics, Statistics
from wbcore._text_table import column, number, table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.data._source import Source
    from wbcore.losses import LossLike
    from wbcore.network import Network
    from wbcore.parameter_history import ParameterHistory
    from wbcore.schedules.base import Rates
    from wbcore.training.plan import RowOrder, ValidationData
    from wbcore.training.recording import Recording

__all__ = ["History", "LayerStatistics", "Statistics"]

Record: TypeAlias = dict[str, list[Any]]

# What a record has beside the series: of these nothing is the same in every run, or no number.
_BESIDE = frozenset({"parameters", "seconds", "_learning_rate"})


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
        Records of weights, biases and units, initially and as `track` says; empty without.

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
    _weighed: bool | None = None  # whether rows or classes were, where that is known
    _steps: int | None = None  # how many it had done when it ended
    _beginning: dict[str, Any] | None = None  # what a JSON text has of a recording

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
        """Records of weights, biases and units; empty without `track`."""
        from wbcore.parameter_history import ParameterHistory

        entries = self._record.get("parameters", [])
        return ParameterHistory(entries, self._best_for_records, self.first_epoch)

    @property
    def _best_for_records(self) -> int | None:
        """That of callbacks; where there were none the first with the least validation loss."""
        losses = self._record.get("val_loss", [])
        if self.best_epoch is not None or not losses:
            return self.best_epoch
        least, place = min(
            (math.inf if math.isnan(loss) else loss, k) for k, loss in enumerate(losses)
        )
        return None if least == math.inf else self.first_epoch + place

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
        step: int | None = None,
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
        step : int, optional
            In place of epoch and batch how many steps of this fit were done, as `record.step` and
            messages count them: 0 is the state before the fit.
        loss, learning_rate, shuffle : callable, optional
            Where the fit had a function, which no history keeps: the same one.
        validation_data : optional
            As the fit had it, where a `Plateau` watches it.
        n_threads : int, optional

        Returns
        -------
        Network
            A new one. `net.optimizer` remembers what the fit's did: a `fit` goes on from there
            (not after `LBFGS`, which remembers nothing).

        Raises
        ------
        TypeError, ValueError
            When the fit had no `track`, the history is of records alone (read from JSON, before
            `set_beginning`, or of a fit that went on from a checkpoint of an older wbcore), there
            was no such step, something that it needs is missing, or X and y are others.
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
        >>> history.replay(X, X[:, 0] ** 2, step=27) == before
        True
        """
        if self._recording is None:
            raise ValueError(f"[replay] {self._without_beginning()}")
        return self._recording.kind._replayed(
            self,
            X,
            y,
            epoch=epoch,
            batch=batch,
            step=step,
            sample_weight=sample_weight,
            loss=loss,
            learning_rate=learning_rate,
            shuffle=shuffle,
            validation_data=validation_data,
            n_threads=n_threads,
        )

    def _without_beginning(self) -> str:
        """Why there is none, as messages have it."""
        expected = "expected the history of fit(..., track=...), which keeps how it began, got one "
        if self._beginning is not None:
            return (
                f"{expected}that was read from JSON; history.set_beginning(network) gives it the "
                f"network that the fit began with"
            )
        if not len(self.parameters):
            return f"{expected}without"
        return (
            f"{expected}of records alone: that of an older wbcore, or of a fit that went on from a "
            f"checkpoint of one"
        )

    def set_beginning(self, network: Network) -> None:
        """Give a history that was read from JSON the network that its fit began with.

        A JSON text has settings and records, and no parameters. With them the history can do what
        it could before: `replay`, `wbcore.inspect.fork`, and all else that makes a fit again.

        Parameters
        ----------
        network : Network
            With the parameters of before the first step, of which a copy is taken: made anew by the
            same seed, or kept: ``history.replay(X, y, epoch=history.first_epoch - 1)``. That they
            are those is told by the digest of the first record. Where the fit went on from earlier
            steps, `network.optimizer` has to remember these: a pickle of both does.

        Raises
        ------
        TypeError, ValueError
            When the history is none that was read from JSON, has no such record, or the network, or
            what its optimizer remembers, is another one.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> X = np.linspace(-1, 1, 64)[:, None]
        >>> net = wb.Network.mlp([1, 8, 1], activation="tanh", seed=0)
        >>> history = net.fit(X, X[:, 0] ** 2, loss="mse", epochs=5, batch_size=8, track="epoch")
        >>> read = wb.History.from_json(history.to_json())
        >>> read.set_beginning(wb.Network.mlp([1, 8, 1], activation="tanh", seed=0))
        >>> read.replay(X, X[:, 0] ** 2) == net
        True
        """
        begun = getattr(network, "_begun", None)
        if begun is None or isinstance(network, type):
            raise TypeError(
                f"[set_beginning] expected network to be a Network, got {_arguments.shown(network)}"
            )
        self._recording = begun(self, network)

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
        pd = pandas_for_frames("to_dict")
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
        "schema" (2), "status", "reason", "first_epoch", "best_epoch", "series" (an object of
        lists), "learning_rate", "seconds" and "parameters" (of `track`: records, each an object as
        docs/tracking.md says), and with `track` "beginning": how the fit began, but for arrays,
        which `set_beginning` gives again. Schema 1, whose "parameters" are lists of five
        statistics, is read.

        Examples
        --------
        >>> import wbcore as wb
        >>> wb.History.from_json(wb.History({"loss": [0.5]}, "completed").to_json()).loss
        [0.5]
        """
        from wbcore import _history_json

        record = self._whole()
        beginning = _history_json.beginning(self._recording, self._steps, self._beginning)
        return _history_json.written(
            {
                "status": self.status,
                "reason": self.reason,
                "first_epoch": self.first_epoch,
                "best_epoch": self.best_epoch,
                "series": {n: values for n, values in record.items() if n not in _BESIDE},
                "learning_rate": record.get("_learning_rate", []),
                "seconds": record.get("seconds", []),
                "parameters": self.parameters._encoded(),
                **beginning,
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
            record["parameters"] = found["parameters"]
        history = cls(record, found["status"])
        history.reason = found["reason"]
        history.first_epoch = found["first_epoch"]
        history.best_epoch = found["best_epoch"]
        history._beginning = found["beginning"]
        history._steps = (found["beginning"] or {}).get("done")
        return history

    def _whole(self) -> Record:
        """A copy of the record with whole epochs only, though a fit in another thread adds some.

        A dict and a list are each copied in one step; what was counted before is in all lists. Of
        the parameters there may be records of the epoch at hand.
        """
        running = self.status == "running"
        record = self._record.copy()
        if not running:
            return {name: values.copy() for name, values in record.items()}
        # records tell themselves what they are of; statistics of an older history are one an epoch
        before = {name: int(name == "parameters") for name in record}
        records = record.get("parameters", [])
        whole = {"parameters": records.copy()} if records and type(records[0]) is bytes else {}
        epochs = min((len(record[n]) - before[n] for n in record if n not in whole), default=0)
        cut = {name: values[: epochs + before[name]] for name, values in record.items()}
        return cut | whole

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
        columns = map(column, series.values())
        rows = [
            [str(epoch), *values]
            for epoch, values in enumerate(zip(*columns, strict=False), start=self.first_epoch + 1)
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
