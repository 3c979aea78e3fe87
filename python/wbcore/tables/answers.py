"""What the outputs of a model of a table say: values, classes, decisions, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.activations import ELEMENTWISE, name_of, sigmoid, softmax
from wbcore.tables.metadata import class_names, decision_names, has_margins, target_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["Answer", "answer_of"]

Columns = dict[str, "NDArray[Any]"]


class Answer:
    """Values, one a row or several; or outputs of which nothing is known.

    Parameters
    ----------
    network : Network
    targets : sequence of str, optional
        Names of several.
    """

    classes: Any = None

    def __init__(self, network: Network, targets: Sequence[str] | None = None) -> None:
        self.targets = None if targets is None else tuple(targets)
        self._is_value = network.metadata.get("task") == "regression"
        self._has_margins = has_margins(network)
        self._last = name_of(network[-1].activation)

    def predicted(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """What `TableModel.predict` gives of outputs (B, O)."""
        return outputs[:, 0] if self._is_value and outputs.shape[1] == 1 else outputs

    def probabilities(self, outputs: NDArray[Any]) -> Any:  # noqa: ANN401, an array or a list
        """What `TableModel.predict_proba` gives; None if there are none."""
        return None if self._has_margins else self._shares(outputs)

    def columns(self, outputs: NDArray[Any]) -> Columns:
        """Both, by the names that ``wbcore predict`` writes."""
        found = self.predicted(outputs)
        if found.ndim == 1:
            return {"prediction": found}
        names = [f"output_{k}" for k in range(found.shape[1])]
        if self.targets is not None:
            names = [f"prediction_{target}" for target in self.targets]
        return {name: found[:, k] for k, name in enumerate(names)}

    def __str__(self) -> str:
        return "values"

    def _shares(self, outputs: NDArray[Any]) -> Any:  # noqa: ANN401, ARG002
        return None

    def _is_above(self, outputs: NDArray[Any]) -> NDArray[np.bool_]:
        """Of outputs of which each decides alone."""
        return np.asarray(outputs > (0.5 if self._last == "sigmoid" else 0))

    def _shares_alone(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """The probabilities of such, which may be logits."""
        return outputs if self._last == "sigmoid" else sigmoid(outputs)


class _Classes(Answer):
    """One of several classes: an output each, or one, that of the second of two."""

    def __init__(self, network: Network, classes: Sequence[str]) -> None:
        super().__init__(network)
        self.classes = tuple(classes)

    def predicted(self, outputs: NDArray[Any]) -> NDArray[Any]:
        alone = outputs.shape[1] == 1 and len(self.classes) == 2
        places = self._is_above(outputs)[:, 0].astype(int) if alone else outputs.argmax(axis=1)
        named: NDArray[Any] = np.array(self.classes)[places]
        return named

    def _shares(self, outputs: NDArray[Any]) -> NDArray[Any]:
        if len(self.classes) == 1:
            return np.ones_like(outputs)
        if outputs.shape[1] == 1:
            shares = self._shares_alone(outputs)
            return np.concatenate([1 - shares, shares], axis=1)
        if self._last == "sigmoid":
            total = outputs.sum(axis=1, keepdims=True)
            equal = outputs.dtype.type(1 / outputs.shape[1])
            shares = np.full_like(outputs, equal)
            np.divide(outputs, total, out=shares, where=total > 0)
            return shares
        return softmax(outputs) if self._last in ELEMENTWISE else outputs

    def columns(self, outputs: NDArray[Any]) -> Columns:
        shares = self.probabilities(outputs)
        of_classes = () if shares is None else zip(self.classes, shares.T, strict=True)
        return super().columns(outputs) | {f"probability_{name}": p for name, p in of_classes}

    def __str__(self) -> str:
        return f"{len(self.classes)} classes"


class _Decisions(Answer):
    """Several decisions a row, each of classes of its own, whose logits lie side by side."""

    def __init__(
        self, network: Network, targets: Sequence[str], classes: Sequence[Sequence[str]]
    ) -> None:
        super().__init__(network, targets)
        self.classes = tuple(map(tuple, classes))

    def _parts(self, outputs: NDArray[Any]) -> list[NDArray[Any]]:
        return np.split(outputs, np.cumsum([len(names) for names in self.classes])[:-1], axis=1)

    def predicted(self, outputs: NDArray[Any]) -> NDArray[Any]:
        parts = zip(self.classes, self._parts(outputs), strict=True)
        return np.stack([np.array(names)[part.argmax(axis=1)] for names, part in parts], axis=1)

    def _shares(self, outputs: NDArray[Any]) -> list[NDArray[Any]]:
        return [softmax(part) for part in self._parts(outputs)]

    def columns(self, outputs: NDArray[Any]) -> Columns:
        assert self.targets is not None, "decisions have names"
        found = super().columns(outputs)
        for target, names, part in zip(
            self.targets, self.classes, self._shares(outputs), strict=True
        ):
            found |= {f"probability_{target}={name}": part[:, k] for k, name in enumerate(names)}
        return found

    def __str__(self) -> str:
        return f"{len(self.classes)} decisions"


class _Labels(Answer):
    """Any number of labels at once, an output each."""

    def predicted(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return self._is_above(outputs).astype(int)

    def _shares(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return self._shares_alone(outputs)

    def columns(self, outputs: NDArray[Any]) -> Columns:
        assert self.targets is not None, "labels have names"
        found, shares = super().columns(outputs), self.probabilities(outputs)
        of_labels = () if shares is None else zip(self.targets, shares.T, strict=True)
        return found | {f"probability_{name}": p for name, p in of_labels}

    def __str__(self) -> str:
        return f"{len(self.targets or ())} labels"


def answer_of(net: Network) -> Answer:
    """What the outputs of a network say, by its metadata.

    Raises
    ------
    ValueError
        If they do not name each output, class or target once.
    """
    decisions = decision_names(net)
    if decisions is not None:
        return _Decisions(net, *decisions)
    classes = class_names(net, of_one_output=True)
    if classes is not None:
        return _Classes(net, classes)
    targets = target_names(net)
    is_labels = targets is not None and net.metadata.get("task") == "classification"
    return (_Labels if is_labels else Answer)(net, targets)
