"""The course of the parameters: what `fit(..., track=...)` records of weights, biases and units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import starmap
from typing import TYPE_CHECKING, Any, overload

from wbcore import _arguments
from wbcore._record_bytes import ARRAY, UNKNOWN
from wbcore._statistics import LayerStatistics, Statistics
from wbcore._text_table import column, table
from wbcore.inspect.digests import digest
from wbcore.inspect.networks import require_network
from wbcore.inspect.table import Table
from wbcore.parameter_record import (
    ArrayRecord,
    Entry,
    LayerRecord,
    ParameterRecord,
    UnitRecord,
    as_json,
)

if TYPE_CHECKING:
    import os

    from wbcore.network import Network

__all__ = ["ArrayRecord", "LayerRecord", "ParameterHistory", "ParameterRecord", "UnitRecord"]

_FIVE = Statistics._fields
# In a table of numbers, of what a layer has not.
_NONE = Statistics(*[float("nan")] * len(_FIVE))


def _difference(final: ArrayRecord, initial: ArrayRecord) -> Statistics:
    return Statistics(*map(float.__sub__, final.statistics, initial.statistics))


class ParameterHistory(Sequence[ParameterRecord]):
    """Records of every layer's weights, biases and units, the first of the state before training.

    `fit(..., track="epoch")` takes one at the end of each epoch, `track=k` after each k-th batch
    and after the last one, and keeps them in `history.parameters`. Up to 510 records all stay.
    Of more than 510 those stay whose `number` is a multiple of 2, of more than 1,020 those of 4,
    and so on, beside the last one and the last one of the best epoch: never more than 512.

    The final record is that of the last batch. A network that `EarlyStopping` has given its best
    parameters back is not as it says, but as `best` does: `of` tells which record a network is.

    By epochs records are found with `at`: `history.parameters[5]` is after five epochs only where
    there is one record an epoch, and none was dropped.

    Printed, it is a table of the initial and final means and the change of the means, and one of
    the final norms and of how far the parameters moved: the norm of their difference from the
    start. Means may stay as they were where the parameters moved far.

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
    >>> history.parameters.final.digest == wb.inspect.digest(net)
    True
    >>> history.parameters.final[0].units.rows
    4
    """

    def __init__(
        self, entries: Sequence[Entry], best_epoch: int | None = None, first_epoch: int = 0
    ) -> None:
        self._entries, self._best_epoch, self._first_epoch = entries, best_epoch, first_epoch

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> ParameterRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[ParameterRecord]: ...
    def __getitem__(self, index: int | slice) -> ParameterRecord | list[ParameterRecord]:
        if isinstance(index, slice):
            return [ParameterRecord(entry) for entry in self._entries[index]]
        return ParameterRecord(self._entries[index])

    @property
    def initial(self) -> ParameterRecord:
        """Before training."""
        return self._at(0)

    @property
    def final(self) -> ParameterRecord:
        """After the last batch."""
        return self._at(-1)

    @property
    def best(self) -> ParameterRecord | None:
        """The last one of the best epoch; None where there is no such epoch, or it has no record.

        That is `history.best_epoch` or, where no callback watched, the one with the least val_loss.
        With ``track`` a number of batches it may lie before the epoch's end; `of` tells whether it
        is a network's.
        """
        if self._best_epoch is None:
            return None
        return next((one for one in reversed(self) if one.epoch == self._best_epoch), None)

    def at(
        self, epoch: int | None = None, batch: int | None = None, *, step: int | None = None
    ) -> ParameterRecord:
        """The record of an epoch, of one of its batches, or of a step.

        Parameters
        ----------
        epoch : int
            Counted from 0 over all fits of the optimizer, like `record.epoch`, `history.replay` and
            `history.first_epoch`; `history.first_epoch - 1` is the state before the fit.
        batch : int, optional
            From 0. Default: that of the epoch's last record, with ``track="epoch"`` its last batch;
            with a number of batches it may be one before, which `record.batch` says.
        step : int, optional
            In their place `record.step`, how many steps of this fit were done.

        Returns
        -------
        ParameterRecord

        Raises
        ------
        TypeError, ValueError
            When there is no such record; of more than 510 not all stay. The message has the nearest
            epochs, or batches, that have one.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> net = wb.Network([wb.Dense(1, 1)], seed=0)
        >>> history = net.fit([[1.0]], [1.0], loss="mse", epochs=800, track="epoch")
        >>> history.parameters.at(epoch=5).epoch, history.parameters[6].epoch
        (5, 11)
        >>> history.parameters.at(epoch=4)
        Traceback (most recent call last):
            ...
        ValueError: [at] expected epoch to be one with a record, got 4; the nearest are 3 and 5
        """
        if step is not None:
            return self._at_step(step, epoch, batch)
        low = self._first_epoch - 1
        epoch = _arguments.integer("at", "epoch", epoch, low=low)
        if batch is not None:
            batch = _arguments.integer("at", "batch", batch, low=-1)
        self._at(0)
        known = [self._epoch_of(place, record) - 1 for place, record in enumerate(self)]
        there = [self[place] for place, other in enumerate(known) if other == epoch]
        if not there:
            raise _without_record("epoch", epoch, known)
        if batch is None:
            return there[-1]
        found = next((record for record in there if record.batch == batch), None)
        if found is None:
            raise _without_record("batch", batch, [record.batch for record in there])
        return found

    def _at_step(self, step: int, epoch: object, batch: object) -> ParameterRecord:
        if epoch is not None or batch is not None:
            raise ValueError("[at] expected step, or epoch and batch, got both")
        step = _arguments.integer("at", "step", step, low=0)
        self._at(0)
        if self.final.step == UNKNOWN:
            raise ValueError(
                "[at] expected records that know their steps, got those of an older file"
            )
        found = next((record for record in self if record.step == step), None)
        if found is None:
            raise _without_record("step", step, [record.step for record in self])
        return found

    def _epoch_of(self, place: int, record: ParameterRecord) -> int:
        """Its number from 1 as `history.to_pandas()` has it; before the fit the one before."""
        if place == 0:
            return self._first_epoch
        return self._first_epoch + place if record.step == UNKNOWN else record.epoch + 1

    def of(self, net: Network) -> ParameterRecord | None:
        """The last record whose parameters the network has, by the digest; None if there is none.

        Parameters
        ----------
        net : Network

        Raises
        ------
        TypeError
            When it is none.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> net = wb.Network.mlp([1, 2, 1], seed=0)
        >>> X = np.linspace(-1, 1, 32)[:, None]
        >>> data = {"loss": "mse", "validation_data": (X, -X), "track": "epoch", "epochs": 20}
        >>> stopping = wb.callbacks.EarlyStopping(patience=2)
        >>> records = net.fit(X, X, callbacks=[stopping], **data).parameters
        >>> records.of(net) == records.best, records.of(net) == records.final
        (True, False)
        """
        require_network("of", net)
        wanted = digest(net)
        return next((one for one in reversed(self) if one.digest == wanted), None)

    def _at(self, index: int) -> ParameterRecord:
        if not self:
            raise ValueError(
                '[history.parameters] expected fit(..., track="epoch"), got a fit without'
            )
        return self[index]

    @property
    def change(self) -> tuple[LayerStatistics, ...]:
        """Final minus initial, of the five statistics, one entry a layer."""
        return tuple(
            LayerStatistics(
                _difference(final.weights, initial.weights),
                final.biases and _difference(final.biases, initial.biases),
            )
            for final, initial in zip(self.final, self.initial, strict=True)
        )

    def _moments(self) -> tuple[str, list[int]]:
        """What the records are counted by, and of each its epoch from 1, or how many steps."""
        records = list(self)
        epochs = list(starmap(self._epoch_of, enumerate(records)))
        numbers = [record.number + self._first_epoch for record in records]
        if any(record.step == UNKNOWN for record in records) or epochs == numbers:
            return "epoch", epochs
        return "step", [record.step for record in records]

    def _done(self) -> str:
        """How many epochs, or steps, of the fit, as text."""
        moment, counts = self._moments()
        return f"{counts[-1] - counts[0]} {moment}s"

    def to_dict(self) -> dict[str, list[float]]:
        """Columns of the five statistics: one row a record and layer.

        Returns
        -------
        dict of str to list
            "epoch" (numbered from 1 as in `history.to_pandas()`, and 0, or the last of the fits
            before, for the state before the fit; in its place "step", how many batches were done,
            where there is not one record an epoch), "layer", then "weights_mean",
            "weights_mean_abs", ..., "biases_max"; those of biases are NaN for a layer that has
            none.
        """
        moment, counts = self._moments()
        rows = [
            (count, layer, *one.weights, *(one.biases or _NONE))
            for count, record in zip(counts, self, strict=True)
            for layer, one in enumerate(record.statistics)
        ]
        names = [moment, "layer"]
        for array in LayerStatistics._fields:
            names += [f"{array}_{name}" for name in _FIVE]
        return {name: [row[column] for row in rows] for column, name in enumerate(names)}

    def table(self) -> Table:
        """All there is of arrays: a row for each record, layer, and weights or biases.

        Returns
        -------
        Table
            ``step`` (how many batches of the fit were done), ``epoch`` and ``batch``, both numbered
            from 1 and the epoch as in `history.to_pandas()`, so that the two are joined by it;
            before training the batch is 0 and the epoch that before the first. Records themselves,
            `at` and `history.replay` count both from 0. Then ``layer``, ``of`` ("weights" or
            "biases"), what an `ArrayRecord` has, and of its histogram the median and the quartiles,
            which are within 6.3 %.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> net = wb.Network([wb.Dense(2, 1, bias=False)], seed=0)
        >>> history = net.fit(np.ones((4, 2)), np.ones(4), loss="mse", epochs=2, track="epoch")
        >>> history.parameters.table()["epoch"]
        [0, 1, 2]
        >>> course = history.parameters.to_pandas().join(history.to_pandas(), on="epoch")
        >>> course["loss"].iloc[1:].tolist() == history.loss
        True
        """
        rows = []
        for place, record in enumerate(self):
            moment = record.step, self._epoch_of(place, record), record.batch + 1
            for layer, one in enumerate(record):
                for of, array in (("weights", one.weights), ("biases", one.biases)):
                    if array is not None:
                        quartiles = map(array.histogram.quantile, (0.25, 0.5, 0.75))
                        rows.append((*moment, layer, of, *array.numbers, *quartiles))
        columns = ("step", "epoch", "batch", "layer", "of", *ARRAY, "q25", "median", "q75")
        title = "Weights and biases, record by record"
        note = "step: batches done; epoch, batch: from 1 as people count; a record has them from 0"
        return Table(columns, rows, title, note=note, undefined=_UNDEFINED)

    def changes(self) -> Table:
        """What is printed, as a table: the means before and after training, and their change.

        Returns
        -------
        Table
            ``layer``, then "weights initial", "weights final", "weights change", and so on of the
            biases, NaN for a layer that has none.
        """
        header, rows = self._means()
        lines = [(layer, *row) for layer, row in enumerate(rows)]
        title = f"means after {self._done()}"
        return Table(["layer", *header], lines, title, undefined=header)

    def moves(self) -> Table:
        """The other table that is printed: norms, and how far the parameters moved.

        Returns
        -------
        Table
            ``layer``, then "weights norm" of the final weights, "weights moved", the norm of their
            difference from the start, and so on of the biases, NaN for a layer that has none.
        """
        header = [f"{of} {name}" for of in ("weights", "biases") for name in ("norm", "moved")]
        rows = []
        for layer, one in enumerate(self.final):
            both = (numbers for a in one[:2] for numbers in _norms_of(a))
            rows.append((layer, *both))
        return Table(["layer", *header], rows, _MOVES, undefined=header)

    def _tables(self) -> list[Table]:
        """Those that are printed; of an older file there are no norms."""
        return [self.changes(), *([] if self.final.step == UNKNOWN else [self.moves()])]

    def to_pandas(self) -> Any:  # noqa: ANN401, a data frame
        """`table()` as a pandas.DataFrame."""
        return self.table().to_pandas()

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """`table()` as comma-separated values, into a file or as text."""
        return self.table().to_csv(path)

    def to_markdown(self) -> str:
        """`changes()` and `moves()`, what is printed, as tables of Markdown."""
        return "\n\n".join(table.to_markdown() for table in self._tables())

    def to_latex(self) -> str:
        """`changes()` and `moves()`, what is printed, as tables of LaTeX."""
        return "\n\n".join(table.to_latex() for table in self._tables())

    def _encoded(self) -> list[dict[str, Any]]:
        """The records as JSON has them."""
        return list(map(as_json, self._entries))

    def _means(self) -> tuple[list[str], list[list[float]]]:
        rows = [
            [one.mean for three in zip(*states, strict=True) for one in (t or _NONE for t in three)]
            for states in zip(
                self.initial.statistics, self.final.statistics, self.change, strict=True
            )
        ]
        header = [f"{a} {state}" for a in ("weights", "biases") for state in _STATES]
        return header, rows

    def __str__(self) -> str:
        if not self:
            return repr(self)
        text = "\n\n".join(f"{one.title}\n{_with_gaps(one)}" for one in self._tables())
        best = self.best
        if best is not None and best.step != self.final.step:
            text += f"\nbest epoch: {best.epoch + 1}, last recorded after {best.step} steps, `best`"
        return text

    def __repr__(self) -> str:
        if not self:
            return "<ParameterHistory: none tracked>"
        return f"<ParameterHistory: {self._done()}, {len(self.initial)} layers>"


_STATES = ("initial", "final", "change")
_MOVES = "norms; moved: norm of the difference from the start"
# NaN in the first record, or of a layer that is not trained; what went wrong `nonfinite` counts.
_UNDEFINED = ("change", "change_since_last", "update_norm", "update_ratio", "gradient_norm")


def _norms_of(array: ArrayRecord | None) -> tuple[float, float]:
    return (math.nan, math.nan) if array is None else (array.norm, array.change)


def _with_gaps(one: Table) -> str:
    """In print nothing stands for what a layer has not."""
    layers, *others = (one[name] for name in one.columns)
    numbers = ([None if math.isnan(value) else value for value in values] for values in others)
    columns = [map(str, layers), *map(column, numbers)]
    return table(one.columns, list(zip(*columns, strict=True)))


def _without_record(what: str, wanted: int, known: list[int]) -> ValueError:
    """Refuses, with the nearest ones before and after."""
    before = [max(one for one in known if one < wanted)] if min(known) < wanted else []
    after = [min(one for one in known if one > wanted)] if max(known) > wanted else []
    nearest = " and ".join(map(str, before + after))
    are = "nearest are" if before and after else "nearest is"
    return ValueError(
        f"[at] expected {what} to be one with a record, got {wanted}; the {are} {nearest}"
    )
