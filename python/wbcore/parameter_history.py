"""The course of the parameters: what `fit(..., track=...)` records of weights, biases and units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from wbcore._record_bytes import ARRAY, UNKNOWN
from wbcore._statistics import LayerStatistics, Statistics
from wbcore._text_table import number, table
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
    and so on, beside the last one and the last one of `history.best_epoch`: never more than 512.

    The final record is that of the last batch. A network that `EarlyStopping` has given its best
    parameters back is not as it says, but as `best` does: `of` tells which record a network is.

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

    def __init__(self, entries: Sequence[Entry], best_epoch: int | None = None) -> None:
        self._entries, self._best_epoch = entries, best_epoch

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
        """The last one of `history.best_epoch`; None where that is None, or has no record."""
        if self._best_epoch is None:
            return None
        return next((one for one in reversed(self) if one.epoch == self._best_epoch), None)

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
        """What the records are counted by, epochs or steps, and of each how many were done."""
        records = list(self)
        if any(record.step == UNKNOWN for record in records):
            return "epoch", list(range(len(records)))
        epochs = [0, *(record.epoch - records[1].epoch + 1 for record in records[1:])]
        if epochs == [record.number for record in records]:
            return "epoch", epochs
        return "step", [record.step for record in records]

    def to_dict(self) -> dict[str, list[float]]:
        """Columns of the five statistics: one row a record and layer.

        Returns
        -------
        dict of str to list
            "epoch" (how many were done; "step" where there is not one record an epoch), "layer",
            then "weights_mean", "weights_mean_abs", ..., "biases_max"; those of biases are NaN for
            a layer that has none.
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
            ``step``, ``epoch``, ``batch``, ``layer``, ``of`` ("weights" or "biases"), then what an
            `ArrayRecord` has, and of its histogram the median and the quartiles, which are within
            6.3 %.
        """
        rows = []
        for record in self:
            for layer, one in enumerate(record):
                for of, array in (("weights", one.weights), ("biases", one.biases)):
                    if array is not None:
                        moment = record.step, record.epoch, record.batch
                        quartiles = map(array.histogram.quantile, (0.25, 0.5, 0.75))
                        rows.append((*moment, layer, of, *array.numbers, *quartiles))
        columns = ("step", "epoch", "batch", "layer", "of", *ARRAY, "q25", "median", "q75")
        return Table(columns, rows, "Weights and biases, record by record")

    def changes(self) -> Table:
        """What is printed, as a table: the means before and after training, and their change.

        Returns
        -------
        Table
            ``layer``, then "weights initial", "weights final", "weights change", and so on of the
            biases, NaN for a layer that has none.
        """
        header, rows = self._means()
        return Table(["layer", *header], [(layer, *row) for layer, row in enumerate(rows)])

    def to_pandas(self) -> Any:  # noqa: ANN401, a data frame
        """`table()` as a pandas.DataFrame."""
        return self.table().to_pandas()

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """`table()` as comma-separated values, into a file or as text."""
        return self.table().to_csv(path)

    def to_markdown(self) -> str:
        """`changes()` as a table of Markdown."""
        return self.changes().to_markdown()

    def to_latex(self) -> str:
        """`changes()` as a table of LaTeX."""
        return self.changes().to_latex()

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
        header, means = self._means()
        rows = [
            [str(layer), *("" if math.isnan(value) else number(value) for value in row)]
            for layer, row in enumerate(means)
        ]
        moment, counts = self._moments()
        text = f"means after {counts[-1]} {moment}s\n" + table(["layer", *header], rows)
        if self.final.step != UNKNOWN:
            text += f"\n\n{self._moves()}"
        best = self.best
        if best is not None and best.step != self.final.step:
            text += f"\nbest epoch: {best.epoch + 1}, after {best.step} steps; it is `best`"
        return text

    def _moves(self) -> str:
        """How large the parameters are, and how far they went."""
        rows = []
        for layer, one in enumerate(self.final):
            cells = [c for a in one[:2] for c in ((a.norm, a.change) if a else (math.nan,) * 2)]
            shown = ["" if math.isnan(c) else number(c) for c in cells]
            rows.append([str(layer), *shown])
        header = [f"{of} {name}" for of in ("weights", "biases") for name in ("norm", "moved")]
        title = "norms; moved: norm of the difference from the start\n"
        return title + table(["layer", *header], rows)

    def __repr__(self) -> str:
        if not self:
            return "<ParameterHistory: none tracked>"
        moment, counts = self._moments()
        return f"<ParameterHistory: {counts[-1]} {moment}s, {len(self.initial)} layers>"


_STATES = ("initial", "final", "change")
