"""The parameters at one moment of a training: what a record has of weights, biases and units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from wbcore import _record_bytes
from wbcore._record_bytes import ARRAY, UNKNOWN
from wbcore._statistics import LayerStatistics, Statistics
from wbcore.histogram import Histogram
from wbcore.inspect.table import Table

__all__ = ["ArrayRecord", "Entry", "LayerRecord", "ParameterRecord", "UnitRecord", "as_json"]

Entry: TypeAlias = "bytes | Sequence[Any]"


@dataclass(frozen=True, slots=True, eq=False)
class ArrayRecord:
    """Of one array of parameters. Moments, min and max are of its finite numbers, in float64."""

    n: int
    zeros: int
    """Exact zeros, of either sign."""
    nonfinite: int
    """NaN and infinities."""
    mean: float
    mean_abs: float
    """Mean of the absolute values."""
    std: float
    """Standard deviation, of the population."""
    min: float
    max: float
    norm: float
    """Euclidean norm, the square root of the sum of squares."""
    change: float
    """Norm of the difference from the first record; NaN there, and so on for the rest."""
    change_since_last: float
    """Norm of the difference from the record before, be that one kept or not."""
    update_norm: float
    """Norm of what the recorded batch has changed, with momentum, decay and all; 0 untrained."""
    update_ratio: float
    """`update_norm` over the norm before that batch; NaN where that is 0, or not trained."""
    gradient_norm: float
    """Norm of the gradient of the recorded batch's loss, before clipping; NaN where untrained."""
    histogram: Histogram

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Statistics):
            return self.statistics == other
        if not isinstance(other, ArrayRecord):
            return NotImplemented
        # NaN is what another number would be, and equal to itself
        same = np.array_equal(self.numbers, other.numbers, equal_nan=True)
        return same and self.histogram == other.histogram

    __hash__ = None  # type: ignore[assignment]  # equal by NaN and arrays: as lists

    @property
    def numbers(self) -> tuple[float, ...]:
        """All but the histogram, in this order."""
        return tuple(getattr(self, name) for name in ARRAY)

    @property
    def statistics(self) -> Statistics:
        """The five that `Network.statistics` gives."""
        return Statistics(self.mean, self.mean_abs, self.std, self.min, self.max)


@dataclass(frozen=True, slots=True, eq=False)
class UnitRecord:
    """What the units of a layer did in a window: the rows of all batches since the record before.

    Counts are exact, and before dropout.
    """

    rows: int
    """How many rows were counted: the same for all units."""
    active: NDArray[np.int64] | None
    """In how many of them each unit's output was not 0, shape (O,). None of linear and softmax
    layers, of whose units that says nothing."""
    saturated: NDArray[np.int64] | None
    """In how many of them its derivative was below 5 % of its largest one, shape (O,). None where
    the activation has no such outputs, or where they do not tell."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UnitRecord):
            return NotImplemented
        return self.rows == other.rows and all(
            a is b if a is None or b is None else np.array_equal(a, b)
            for a, b in ((self.active, other.active), (self.saturated, other.saturated))
        )

    __hash__ = None  # type: ignore[assignment]  # equal by NaN and arrays: as lists


class LayerRecord(NamedTuple):
    """Of one layer."""

    weights: ArrayRecord
    biases: ArrayRecord | Any
    """None for a layer without biases; for type checkers as if all layers had some."""
    units: UnitRecord


class ParameterRecord(Sequence[LayerRecord]):
    """The parameters at one moment of a training: a sequence of `LayerRecord`, one a layer.

    Attributes
    ----------
    number : int
        Its place among all that were taken, 0 being the state before training.
    step : int
        How many batches of this fit had been done; -1 in files that do not say.
    epoch, batch : int
        Of the batch that had just been done, counted from 0, epochs as `history.first_epoch` does;
        -1 in the first record.
    digest : str
        16 hex digits, as `wbcore.inspect.digest` gives of a network; empty where a file does not
        say.
    moment : str
        These in words, counted from 1.

    Printed, it is its `table()`.
    """

    __slots__ = ("_fields", "_layers")

    def __init__(self, entry: Entry) -> None:
        self._fields = _record_bytes.parsed(entry if isinstance(entry, bytes) else _older(entry))
        self._layers: tuple[LayerRecord, ...] | None = None

    @property
    def number(self) -> int:
        """Its place among all that were taken."""
        return int(self._fields["index"])

    @property
    def step(self) -> int:
        """How many batches had been done."""
        return int(self._fields["step"])

    @property
    def epoch(self) -> int:
        """The epoch of the batch just done."""
        return int(self._fields["epoch"])

    @property
    def batch(self) -> int:
        """The batch just done."""
        return int(self._fields["batch"])

    @property
    def digest(self) -> str:
        """Of the parameters."""
        return "" if self.step == UNKNOWN else str(self._fields["digest"])

    @property
    def moment(self) -> str:
        """When it was."""
        if self.step == UNKNOWN:
            return "at a step that is not known"
        if not self.number:
            return "before the training"
        return f"after {self.step} steps: epoch {self.epoch + 1}, batch {self.batch + 1}"

    @property
    def layers(self) -> tuple[LayerRecord, ...]:
        """What it is a sequence of."""
        if self._layers is None:
            self._layers = tuple(map(_layer, self._fields["layers"]))
        return self._layers

    def __len__(self) -> int:
        return len(self._fields["layers"])

    @overload
    def __getitem__(self, index: int) -> LayerRecord: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LayerRecord, ...]: ...
    def __getitem__(self, index: int | slice) -> LayerRecord | tuple[LayerRecord, ...]:
        return self.layers[index]

    def __eq__(self, other: object) -> bool:
        """With another one, or with what `Network.statistics` gives."""
        if isinstance(other, ParameterRecord):
            moments = ((r.number, r.step, r.epoch, r.batch, r.digest) for r in (self, other))
            return next(moments) == next(moments) and self.layers == other.layers
        if isinstance(other, tuple) and all(isinstance(one, LayerStatistics) for one in other):
            return self.statistics == other
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equal by NaN and arrays: as lists

    @property
    def statistics(self) -> tuple[LayerStatistics, ...]:
        """What `Network.statistics` would give."""
        return tuple(
            LayerStatistics(one.weights.statistics, one.biases and one.biases.statistics)
            for one in self
        )

    def table(self) -> Table:
        """A row for the weights and one for the biases of each layer.

        Returns
        -------
        Table
            ``layer``, ``of`` ("weights" or "biases"), ``mean`` to ``n`` of an `ArrayRecord`, and of
            its histogram the quartiles, which are within 6.3 %; None is what an older file has not.
            Printed are those up to ``zeros``, and ``nonfinite`` where there are any.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network([wb.Dense(1, 1, initializer="ones")])
        >>> history = net.fit([[1.0]], [2.0], loss="mse", epochs=1, track="epoch")
        >>> history.parameters.initial.table().select("of", "mean", "norm", "zeros")
        Weights and biases, before the training
        of          mean     norm  zeros
        --------------------------------
        weights  1.00000  1.00000      0
        biases   0.00000  0.00000      1
        """
        rows = [
            (layer, of, *_described(array))
            for layer, both in enumerate(self)
            for of, array in zip(("weights", "biases"), both[:2], strict=True)
            if array is not None
        ]
        columns = ("layer", "of", *_DESCRIBED, *_QUARTILES)
        printed = columns[: columns.index("zeros") + 1]
        if any(row[columns.index("nonfinite")] for row in rows):
            printed += ("nonfinite",)
        return Table(columns, rows, f"Weights and biases, {self.moment}", printed=printed)

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return (
            f"<ParameterRecord: step {self.step}, epoch {self.epoch}, batch {self.batch}, "
            f"{len(self)} layers>"
        )


_DESCRIBED = (*Statistics._fields, "norm", "zeros", "nonfinite", "n")
_QUARTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75}


def _described(array: ArrayRecord) -> tuple[float | None, ...]:
    """What `table` has of an array; of an older file the moments alone."""
    if not array.n:
        return *array.statistics, *[None] * (len(_DESCRIBED) + len(_QUARTILES) - 5)
    quartiles = map(array.histogram.quantile, _QUARTILES.values())
    return *(getattr(array, name) for name in _DESCRIBED), *quartiles


def _layer(fields: Mapping[str, Any]) -> LayerRecord:
    units = fields["units"]
    active, saturated = (
        None if units[name] is None else units[name].astype(np.int64)
        for name in ("active", "saturated")
    )
    return LayerRecord(
        _array(fields["weights"]),
        fields["biases"] and _array(fields["biases"]),
        UnitRecord(units["rows"], active, saturated),
    )


def _array(fields: Mapping[str, Any]) -> ArrayRecord:
    ends = {name: fields[name] for name in ("min", "max")}
    histogram = Histogram(fields["bins"], fields["counts"], fields["zeros"], **ends)
    return ArrayRecord(**{name: fields[name] for name in ARRAY}, histogram=histogram)


def _older(entry: Sequence[Any]) -> bytes:
    """Of five statistics an array, as an older history has them."""

    def of_array(values: Sequence[float] | None) -> dict[str, Any] | None:
        if values is None:
            return None
        known = dict(zip(Statistics._fields, map(float, values), strict=True))
        rest = {"n": 0, "zeros": 0, "nonfinite": 0, "bins": (), "counts": ()}
        return dict.fromkeys(ARRAY, math.nan) | rest | known

    units = {"rows": 0, "active": None, "saturated": None}
    return _record_bytes.written(
        {
            "index": 0,
            "extra": False,
            "digest": "0",
            "step": UNKNOWN,
            "epoch": UNKNOWN,
            "batch": UNKNOWN,
            "layers": [
                {"weights": of_array(weights), "biases": of_array(biases), "units": units}
                for weights, biases in entry
            ],
        }
    )


def as_json(entry: Entry) -> dict[str, Any]:
    """A record as JSON has it."""

    def plain(value: Any) -> Any:  # noqa: ANN401, whatever a record has
        if isinstance(value, dict):
            return {name: plain(item) for name, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value.tolist() if isinstance(value, np.ndarray) else value

    fields = _record_bytes.parsed(entry if isinstance(entry, bytes) else _older(entry))
    return {name: plain(value) for name, value in fields.items()}
