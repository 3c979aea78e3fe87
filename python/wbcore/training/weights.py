"""How much each row counts: sample weights, and class weights turned into them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wbcore import _arguments, _named
from wbcore._loss_function import LossFunction

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore.network import Network

__all__ = ["ClassWeight", "ClassWeights", "row_weights"]

ClassWeight: TypeAlias = "Mapping[int, float] | str"

_LARGEST = 1e18  # as of sample_weight: cpp/include/wbcore/input.hpp
_ROWS = 1 << 20  # at a time: what is computed of them takes some megabytes, not copies of y


def row_weights(
    operation: str,
    network: Network,
    loss: str | LossFunction,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None,
    class_weight: object,
) -> tuple[ArrayLike | None, ClassWeights | None]:
    """What each row counts, or None when each counts 1; and the weights of classes, if there are.

    Without class weights that is sample_weight as it is: the core reads it in place, and looks at
    its shape and values.
    """
    if isinstance(loss, LossFunction):
        loss.require_takes(operation, sample_weight, class_weight)
        return sample_weight, None
    if class_weight is None:
        return sample_weight, None
    outputs = network.widths[-1]
    classes = ClassWeights.of(operation, class_weight, y, sample_weight, loss=loss, outputs=outputs)
    return classes.times(y, sample_weight, loss=loss, outputs=outputs), classes


@dataclass(frozen=True)
class ClassWeights:
    """The weight of each label, for the rows of training and validation alike.

    Parameters
    ----------
    operation : str
        Names errors.
    table : ndarray of shape (labels,)
    """

    operation: str
    table: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        operation: str,
        class_weight: object,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        loss: str,
        outputs: int,
    ) -> ClassWeights:
        """From a dict, or "balanced" by the labels of y, each row counted by its sample weight.

        Raises
        ------
        TypeError, ValueError
            When class_weight is neither, names what is no label, or y has none.
        """
        labels = _labels(operation, y, loss, outputs)
        count = outputs if labels.kind == "classes" else 2
        if isinstance(class_weight, str):
            _arguments.choice(operation, "class_weight", class_weight, ["balanced"])
            return cls(operation, _balanced(operation, labels, sample_weight, count))
        if not isinstance(class_weight, Mapping):
            raise TypeError(
                f"[{operation}] expected class_weight to be a dict such as {{0: 1.0, 1: 5.0}} or "
                f"'balanced', got {_arguments.shown(class_weight)}"
            )
        table, named = np.ones(count), set()
        for given, weight in class_weight.items():
            label = _arguments.integer(
                operation,
                "a label in class_weight",
                given,
                low=-1 if labels.kind == "signs" else 0,
                high=count - 1,
                expected=f"an integer from {{low}} to {count - 1}",
            )
            place = max(label, 0)
            if place in named:
                raise ValueError(
                    f"[{operation}] expected class_weight to have each label once, got -1 and 0, "
                    f"which both stand for the targets that are not 1"
                )
            named.add(place)
            table[place] = _arguments.number(
                operation,
                f"class_weight[{label}]",
                weight,
                expected="a number from 0 to 1e18",
                allowed=lambda x: 0 <= x <= _LARGEST,
            )
        return cls(operation, table)

    def of_validation(self) -> ClassWeights:
        """The same weights, whose errors are of the validation data."""
        return ClassWeights("fit, validation_data", self.table)

    def times(
        self, y: ArrayLike, sample_weight: ArrayLike | None, *, loss: str, outputs: int
    ) -> ArrayLike:
        """The weights of rows: those of their labels, times their own."""
        labels = _labels(self.operation, y, loss, outputs)
        own = _own(self.operation, labels, sample_weight)
        if sample_weight is not None and own is None:
            return sample_weight  # which the core refuses
        weights = np.empty(len(labels.array))
        for start, part, known in labels.parts(len(self.table)):
            of_rows = weights[start : start + len(part)]
            np.take(self.table, part, out=of_rows, mode="clip")
            of_rows[~known] = 1.0  # no label: the core refuses y
            if own is None:
                continue
            of_own = np.array(own[start : start + len(part)])  # likewise
            if not ((of_own >= 0) & (of_own <= _LARGEST)).all():
                return own  # no weights: the core refuses them
            of_rows *= of_own
        return weights


@dataclass(frozen=True)
class _Labels:
    kind: str  # of targets: classes, probabilities of 0 and 1, or signs, of which -1 stands for 0
    array: NDArray[Any]  # (B,)

    def parts(self, count: int) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.bool_]]]:
        """Rows at a time: the first of them, their labels, and which of these are some."""
        for start in range(0, len(self.array), _ROWS):
            # a copy: another thread may write into y between two looks at it
            part = np.array(self.array[start : start + _ROWS])
            if self.kind == "signs":
                part = np.where(part == -1, 0, part)
            known = (part >= 0) & (part < count)
            yield start, np.where(known, part, 0).astype(np.intp), known


def _labels(operation: str, y: ArrayLike, loss: str, outputs: int) -> _Labels:
    name, _ = _named.parsed("loss", operation, "loss", loss)
    kind = str(_named.rows("loss")[name].properties["targets"])
    array = _arguments.real_array(operation, "y", y)
    if kind == "classes" or (kind == "signs" and outputs > 1):
        if array.ndim == 1 and array.dtype.kind in "iub":
            return _Labels("classes", array)
        wanted = "integer labels y of shape (B,)"
    elif kind in ("probabilities", "signs") and outputs == 1:
        if array.ndim == 1 or array.shape[1:] == (1,):
            flat = array.reshape(len(array)) if array.ndim == 1 else array[:, 0]
            if kind == "probabilities":  # else the core refuses other numbers, whatever the weights
                _require_answers(operation, flat)
            return _Labels(kind, flat)
        wanted = "targets y, one a row, of shape (B,) or (B, 1)"
    else:
        raise ValueError(
            f"[{operation}] expected class_weight with a loss of classes, or of one output that is "
            f"0 or 1, got the loss {name} of {outputs} outputs; pass sample_weight"
        )
    raise ValueError(
        f"[{operation}] expected {wanted} for class_weight, got {array.dtype} of shape "
        f"{array.shape}"
    )


def _require_answers(operation: str, y: NDArray[Any]) -> None:
    for start in range(0, len(y), _ROWS):
        part = y[start : start + _ROWS]
        wrong = np.flatnonzero((part != 0) & (part != 1))
        if len(wrong):
            at = int(wrong[0])
            raise ValueError(
                f"[{operation}] expected targets y of 0 and 1 for class_weight, "
                f"got {part[at]:g} at y[{start + at}]"
            )


def _own(operation: str, labels: _Labels, sample_weight: ArrayLike | None) -> NDArray[Any] | None:
    """The sample weights when they are of the rows of y; else the core says what is wrong."""
    if sample_weight is None:
        return None
    array = _arguments.real_array(operation, "sample_weight", sample_weight)
    return array if array.shape == labels.array.shape else None


def _balanced(
    operation: str, labels: _Labels, sample_weight: ArrayLike | None, count: int
) -> NDArray[np.float64]:
    """Of each class n / (classes * count), as scikit-learn has it, over the classes there are."""
    own = _own(operation, labels, sample_weight)
    counts = np.zeros(count)
    for start, part, known in labels.parts(count):
        weights = known.astype(float)
        if own is not None:
            with np.errstate(invalid="ignore"):  # what is no weight is refused later
                weights *= own[start : start + len(part)]
        counts += np.bincount(part, weights, count)
    present = counts > 0
    table = np.ones(count)
    table[present] = math.fsum(counts[present]) / (present.sum() * counts[present])
    return table
