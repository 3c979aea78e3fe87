"""Targets that are classes: two, several, several at once, and several decisions a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.multiclass import type_of_target, unique_labels

from wbcore import metrics
from wbcore.sklearn import scores
from wbcore.sklearn.heads import heads_loss, of_heads
from wbcore.sklearn.labels import (
    are_mixed,
    are_of_columns,
    distinct_labels,
    numbered,
    require_classes,
)
from wbcore.sklearn.targets import Answer, Targets, kind_of_loss

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = [
    "Classes",
    "classes_of",
    "gives_probabilities",
    "kind_of",
    "require_metrics",
    "targets_of",
]


class Classes(Targets):
    """What all kinds of classes have in common.

    Parameters
    ----------
    classes : ndarray, or a list of them
        `classes_` of the estimator.
    answer : Answer
    """

    def __init__(self, classes: Any, answer: Answer) -> None:
        super().__init__(answer)
        self.classes = classes

    def labels(self, y: NDArray[Any]) -> NDArray[Any]:
        """The numbers of classes."""
        return numbered(y, self.classes)

    def numbers(self, y: Any) -> NDArray[Any]:
        """Which class each row has, (B,), or each of its decisions, (B, L)."""
        return self.labels(y)

    @property
    def decisions(self) -> list[NDArray[Any]]:
        """The labels of each decision."""
        return [self.classes]

    def probabilities(self, outputs: NDArray[Any]) -> Any:
        """What `predict_proba` gives, of outputs of shape (B, O)."""
        raise NotImplementedError


class Two(Classes):
    """Two classes, or one, of one output: that of the second."""

    def encode(self, y: Any) -> NDArray[Any]:
        if len(self.classes) < 2:
            return np.zeros(len(y), np.uint8)
        return np.asarray(y == self.classes[1], np.uint8)

    @property
    def threshold(self) -> float:
        return 0.5 if self.answer.activation == "sigmoid" else 0.0

    def decode(self, outputs: NDArray[Any]) -> NDArray[Any]:
        if len(self.classes) < 2:
            return np.repeat(self.classes, len(outputs))
        decided: NDArray[Any] = self.classes[(outputs[:, 0] > self.threshold).view(np.int8)]
        return decided

    def score(
        self, encoded: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None
    ) -> float:
        return scores.accuracy((outputs[:, 0] > self.threshold) == encoded, weights)

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        if len(self.classes) < 2:
            return np.ones_like(outputs)
        both = np.empty((len(outputs), 2), outputs.dtype)
        both[:, 1] = outputs[:, 0]
        np.subtract(1, both[:, 1], out=both[:, 0])
        return both


class Several(Classes):
    """One of several classes, an output each."""

    def __init__(self, *arguments: Any, has_columns: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.has_columns = has_columns  # targets of 0 and 1 in place of labels

    def encode(self, y: Any) -> NDArray[Any]:
        labels = self.labels(y)
        if not self.has_columns:
            return labels
        return np.asarray(labels[:, None] == np.arange(len(self.classes)), np.uint8)

    def decode(self, outputs: NDArray[Any]) -> NDArray[Any]:
        decided: NDArray[Any] = self.classes[outputs.argmax(axis=1)]
        return decided

    def score(
        self, encoded: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None
    ) -> float:
        labels = encoded.argmax(axis=1) if encoded.ndim == 2 else encoded
        return scores.accuracy(outputs.argmax(axis=1) == labels, weights)

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        if self.answer.activation == "softmax":
            return outputs if outputs.dtype.char == "f" else _of_sum_one(outputs)
        total = outputs.sum(axis=1, keepdims=True)
        shares: NDArray[Any] = np.where(total > 0, outputs, 1)
        shares /= np.where(total > 0, total, outputs.shape[1])
        return shares


def _of_sum_one(shares: NDArray[Any]) -> NDArray[Any]:
    """Shares of one in float64, though a network of float32 computed them: metrics look at that."""
    total = shares.sum(axis=1, keepdims=True)
    return np.where(np.abs(total - 1) > 1e-12, shares / total, shares)  # as float64 gives them


class Many(Classes):
    """Any number of classes at once, an output each."""

    def __init__(self, *arguments: Any, is_sparse: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.is_sparse = is_sparse

    def encode(self, y: Any) -> NDArray[Any]:
        dense = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        return np.asarray(dense != 0, np.uint8)

    def numbers(self, y: Any) -> NDArray[Any]:
        return self.encode(y)

    @property
    def decisions(self) -> list[NDArray[Any]]:
        return [np.arange(2)] * len(self.classes)

    def decode(self, outputs: NDArray[Any]) -> Any:
        decided = (outputs > (0.5 if self.answer.activation == "sigmoid" else 0)).astype(int)
        if not self.is_sparse:
            return decided
        from scipy.sparse import csr_matrix

        return csr_matrix(decided)

    def score(
        self, encoded: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None
    ) -> float:
        at = 0.5 if self.answer.activation == "sigmoid" else 0
        return scores.accuracy(((outputs > at) == encoded).all(axis=1), weights)

    def probabilities(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return outputs


class Decisions(Classes):
    """Several decisions a row, each of one of several classes: a softmax over its own outputs."""

    @property
    def counts(self) -> tuple[int, ...]:
        return tuple(map(len, self.classes))

    @property
    def n_outputs(self) -> int:
        return len(self.classes)

    def encode(self, y: Any) -> NDArray[Any]:
        return np.stack([numbered(y[:, j], c) for j, c in enumerate(self.classes)], axis=1)

    def numbers(self, y: Any) -> NDArray[Any]:
        return self.encode(y)

    @property
    def decisions(self) -> list[NDArray[Any]]:
        return list(self.classes)

    def decode(self, outputs: NDArray[Any]) -> NDArray[Any]:
        labels = self._labels(outputs)
        return np.stack([c[labels[:, j]] for j, c in enumerate(self.classes)], axis=1)

    def _labels(self, outputs: NDArray[Any]) -> NDArray[Any]:
        parts = np.split(outputs, np.cumsum(self.counts)[:-1], axis=1)
        return np.stack([part.argmax(axis=1) for part in parts], axis=1)

    def score(
        self, encoded: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None
    ) -> float:
        return scores.accuracy((self._labels(outputs) == encoded).all(axis=1), weights)

    def probabilities(self, outputs: NDArray[Any]) -> list[NDArray[Any]]:
        return of_heads(outputs, self.counts)

    def start_at_prior(
        self, network: Network, encoded: NDArray[Any], weights: NDArray[Any] | None
    ) -> None:
        last = network[-1]
        last.weights[...] = 0
        last.biases[...] = np.concatenate(
            [_log_shares(encoded[:, j], count, weights) for j, count in enumerate(self.counts)]
        )


def _log_shares(
    labels: NDArray[Any], count: int, weights: NDArray[Any] | None
) -> NDArray[np.float64]:
    """Logarithms of the shares of classes; one that does not occur counts as half a row."""
    counts = np.bincount(labels, weights, count).astype(np.float64)
    counts[counts == 0] = counts.sum() / len(labels) / 2
    shares: NDArray[np.float64] = np.log(counts / counts.sum())
    return shares


def require_metrics(estimator: Any) -> None:
    """Refuse metrics of one decision where there are several.

    Raises
    ------
    ValueError
        When the estimator has such.
    """
    given = estimator.metrics
    if isinstance(estimator._targets, Decisions):
        chosen = metrics.check("fit", [given] if isinstance(given, str) else given, of_fit=True)
        if chosen.texts:
            raise ValueError(
                "[fit] expected metrics to be 'penalty', or functions of outputs and targets, for "
                f"several decisions a row, got {chosen.texts[0]!r}"
            )


def plain_classes(y: Any) -> NDArray[Any] | None:
    """The classes of a vector of whole numbers, or these and texts.

    None of anything else, and where they look odd.

    scikit-learn's functions say the same, but look at the targets five times, which takes as long
    as dozens of epochs on a small table.
    """
    if type(y) is not np.ndarray or y.ndim != 1 or y.dtype.kind not in "biuO":
        return None
    if y.dtype == object:
        return distinct_labels(y) if are_mixed(y) else None
    classes = np.unique(y)
    # more than two are warned of when most rows have one of their own
    return classes if len(classes) <= max(2, len(y) // 4) else None


def kind_of(y: Any) -> str:
    """What scikit-learn calls such targets."""
    classes = plain_classes(y)
    if classes is None:
        return str(type_of_target(y))
    return "multiclass" if len(classes) > 2 else "binary"


def classes_of(y: Any) -> Any:
    """`classes_` of targets, which are refused if they are none."""
    classes = plain_classes(y)
    if classes is not None:
        return classes
    require_classes(y)
    is_sparse = hasattr(y, "tocsr")
    if (not is_sparse and are_of_columns(y)) or type_of_target(y) == "multiclass-multioutput":
        return [distinct_labels(column) for column in np.asarray(y).T]
    return unique_labels(y)


def gives_probabilities(loss: object) -> bool:
    """Whether outputs that are trained by a loss are probabilities."""
    return loss == "log_loss" or kind_of_loss(loss, "log_loss")[1].get("targets") != "signs"


def targets_of(y: Any, classes: Any, loss: object) -> Classes:
    """What targets are, by those of a fit and by the classes there are.

    Parameters
    ----------
    y : ndarray or sparse matrix of shape (B,) or (B, L)
    classes : ndarray of shape (K,), or a list of them
    loss : object
        "log_loss", or any of ours that takes classes.
    """
    if isinstance(classes, list):  # of the rows at hand some columns may look like indicators
        if loss != "log_loss":
            raise ValueError(f"[loss] expected 'log_loss' for several decisions, got {loss!r}")
        counts = tuple(map(len, classes))
        return Decisions(classes, Answer(sum(counts), "identity", heads_loss(counts)))
    count = len(classes)
    if kind_of(y).startswith("multilabel"):
        answer, _ = _answer(loss, count, several=False)
        return Many(classes, answer, is_sparse=hasattr(y, "toarray"))
    if count <= 2:
        answer, columns = _answer(loss, 1, several=False)
        if answer.activation != "softmax":
            return Two(classes, answer)
        count = 2
    answer, columns = _answer(loss, count, several=True)
    return Several(classes, answer, has_columns=columns)


def _answer(loss: object, count: int, *, several: bool) -> tuple[Answer, bool]:
    """The answer, and whether targets have a column for each class."""
    if isinstance(loss, str) and loss == "log_loss":
        if several:
            return Answer(count, "softmax", "cross_entropy"), False
        return Answer(count, "sigmoid", "binary_cross_entropy", slope=count, scale=count), True
    given, known = kind_of_loss(loss, "log_loss")
    targets = known.get("targets")
    if targets in ("counts", "positives"):
        raise ValueError(f"[loss] expected a loss of classes, got {loss!r}")
    if targets == "classes":
        return Answer(count, "softmax", given), False
    if targets == "signs":
        return Answer(count, "identity", given), False
    if targets == "probabilities":
        return Answer(count, "sigmoid", given), True
    return Answer(count, "softmax" if several else "sigmoid", given), True
