"""What makes a run the one that a checkpoint is of: its settings and data, a field for each.

No number of threads is among them, nor anything else that changes no bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore._loss_function import LossFunction
from wbcore._view import Foreign, View, dense, is_sparse
from wbcore.callbacks.base import Callback
from wbcore.data._source import CheckedSource, like
from wbcore.layers import structure
from wbcore.metrics import Chosen
from wbcore.optimizers import Optimizer
from wbcore.schedules.base import is_callable, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from wbcore.data._rows import Rows
    from wbcore.network import Network
    from wbcore.training.plan import Plan

__all__ = [
    "DATA",
    "data_of",
    "name_of",
    "optimizer_settings",
    "plain_class_weight",
    "settings_of",
    "type_of_targets",
]

DATA = ("X", "y", "sample_weight", "X_val", "y_val", "sample_weight_val")

_NUMBERS = 1 << 20  # that are converted and summed at a time, so that memory stays as it is


def settings_of(network: Network, plan: Plan, rows: Rows) -> dict[str, Any]:
    """Field by field, as JSON can express it; functions by their names."""
    assert isinstance(plan.optimizer, Optimizer), "L-BFGS has no checkpoints"
    assert isinstance(plan.metrics, Chosen), "Plan has made it one"
    by_blocks = plan.shuffle == "blocks"
    settings: dict[str, Any] = {
        "layers": [list(layer) for layer in structure(network)],
        "dtype": network.dtype.name,
        "loss": str(plan.loss),
        "optimizer": name_of(type(plan.optimizer)),
    }
    for name, value in optimizer_settings(plan.optimizer).items():
        settings[f"optimizer.{name}"] = value
    functions = plan.metrics.functions
    settings |= {
        "batch_size": plan.batch_size,
        "shuffle": plan.shuffle if plan.row_order is None else name_of(plan.row_order),
        "shuffle_window": plan.shuffle_window if by_blocks else None,
        "rows of blocks": _summed_up(rows.windows.source.rows)
        if by_blocks and rows.windows
        else None,
        "seed": plan.seed,
        "metrics": [
            *(["penalty"] if plan.metrics.penalty else []),
            *plan.metrics.texts,
            *(f"{n}: {name_of(f)}" for n, f in functions.items()),
        ],
        "class_weight": plain_class_weight(plan.class_weight),
        "validation_fraction": plan.validation_fraction,
        "bias_init": plan.bias_init,
        "track": plan.track,
        "first_epoch": plan.first_epoch,
        "callbacks": [name_of(type(callback)) for callback in plan.callbacks],
        "callback": None if plan.callback is None else name_of(plan.callback),
    }
    for i, callback in enumerate(plan.callbacks):
        if isinstance(callback, Callback):
            own = callback._deciding_settings()
            settings |= {f"callbacks[{i}].{name}": value for name, value in own.items()}
    return settings


def optimizer_settings(optimizer: Optimizer) -> dict[str, Any]:
    """By name: numbers, and of a schedule its text."""
    return {name: _setting(getattr(optimizer, name)) for name in optimizer._checks}


def _setting(value: object) -> object:
    return text_of(value) if is_callable(value) else value


def name_of(of: object) -> str:
    """Of a function or a class; functions are known by it."""
    return str(getattr(of, "__qualname__", type(of).__qualname__))


def plain_class_weight(given: Mapping[int, float] | str | None) -> Any:  # noqa: ANN401, as JSON has it
    """As JSON has it: a text, or pairs of label and weight."""
    if given is None or isinstance(given, str):
        return given
    return sorted([int(label), float(weight)] for label, weight in given.items())


def _summed_up(rows: tuple[int, ...]) -> str:
    """Of perhaps very many blocks."""
    digest = hashlib.sha256(np.array(rows, "<i8").tobytes()).hexdigest()
    return f"{sum(rows)} in {len(rows)} blocks, sha256 {digest}"


def data_of(
    network: Network, plan: Plan, X: Foreign, y: Foreign, *, rows: Rows, validation: Rows
) -> dict[str, str | None]:
    """Shape and sum of each array, of its numbers as the core reads them.

    So the same rows are the same in arrays of any dtype, in maps, tables and blocks of any size. A
    source is read once for that.

    Parameters
    ----------
    network : Network
    plan : Plan
    X, y : array-like, or a source and None
        As they were given; the core has found them to be sound.
    rows, validation : Rows
        What became of them, and of the validation data.
    """
    of_training = rows if y is None else rows._replace(X=X, y=y, weights=plan.sample_weight)
    triple: Foreign = plan.validation_data
    if triple is not None and triple[1] is not None:
        validation = validation._replace(X=triple[0], y=triple[1], weights=triple[2])
    found = (
        *_sums(network, plan, of_training, is_source=y is None),
        *_sums(network, plan, validation, is_source=triple is not None and triple[1] is None),
    )
    return dict(zip(DATA, found, strict=True))


def _sums(
    network: Network, plan: Plan, rows: Rows, *, is_source: bool
) -> tuple[str | None, str | None, str | None]:
    if rows.X is None:
        return None, None, None
    of_blocks = is_source and rows.windows is not None
    pieces = _of_source(rows.windows.source) if of_blocks and rows.windows else _of_arrays(rows)
    sums: tuple[_Sum | None, ...] = (None, None, None)
    for piece in pieces:
        if sums[0] is None:
            _, y, weights = piece
            of_y = type_of_targets(network, plan, np.asarray(y))
            of_weights = None if weights is None else _Sum("<f8")
            sums = _Sum(network.dtype.newbyteorder("<")), _Sum(of_y), of_weights
        for one, values in zip(sums, piece, strict=True):
            if one is not None:
                one.add(values)
    X, y, weights = (None if one is None else one.text() for one in sums)
    return X, y, weights


def type_of_targets(network: Network, plan: Plan, y: NDArray[Any]) -> np.dtype[Any]:
    """Whole numbers for labels; where functions are given targets as they are, no rounding."""
    assert isinstance(plan.metrics, Chosen), "Plan has made it one"
    if isinstance(plan.loss, LossFunction) or plan.metrics.functions:
        return np.dtype("<f8" if y.dtype.kind == "f" else "<i8")
    are_labels = y.ndim == 1 and network.widths[-1] > 1
    return np.dtype("<i8") if are_labels else network.dtype.newbyteorder("<")


def _of_arrays(rows: Rows) -> Iterator[tuple[Foreign, Foreign, Foreign]]:
    """Some rows at a time."""
    view = rows.X if isinstance(rows.X, View) else None
    X = rows.X if view is None else view.array
    X = X if is_sparse(X) else np.asarray(X)
    y = np.asarray(rows.y)
    weights = None if rows.weights is None else np.asarray(rows.weights)
    return _cut(X, y, weights, view)


def _of_source(source: CheckedSource) -> Iterator[tuple[Foreign, Foreign, Foreign]]:
    for block in source.blocks():
        assert block.y is not None, "looked at before"
        yield from _cut(block.X, block.y, block.weights, block.view)


def _cut(
    X: Foreign, y: NDArray[Any], weights: NDArray[Any] | None, view: View | None
) -> Iterator[tuple[Foreign, Foreign, Foreign]]:
    step = max(1, _NUMBERS // max(1, X.shape[1]))
    for start in range(0, X.shape[0], step):
        part = slice(start, start + step)
        yield like(view, dense(X[part])), y[part], None if weights is None else weights[part]


class _Sum:
    """Of the rows of an array, whose numbers are taken as this type."""

    def __init__(self, dtype: np.dtype[Any] | str) -> None:
        self._dtype = np.dtype(dtype)
        self._sum = hashlib.sha256()
        self._rows, self._columns = 0, 1

    def add(self, rows: Foreign) -> None:
        with np.errstate(all="ignore"):  # what is not finite is refused elsewhere
            values = np.ascontiguousarray(rows, self._dtype)
        self._rows += len(values)
        self._columns = int(np.prod(values.shape[1:]))
        self._sum.update(values.reshape(-1).view(np.uint8).data)

    def text(self) -> str:
        return f"{self._rows} x {self._columns}, sha256 {self._sum.hexdigest()}"
