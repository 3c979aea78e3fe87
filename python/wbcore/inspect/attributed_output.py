"""What is attributed to the inputs, a number a row: a logit, a probability, an output, a loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core, losses
from wbcore._loss_function import LossFunction
from wbcore.activations import name_of
from wbcore.inspect.float64_network import activated, activation_slopes, kinks_of
from wbcore.inspect.networks import loss_of
from wbcore.inspect.row_losses import includes_activation, loss_inputs, row_losses
from wbcore.prediction import meaning_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wbcore._view import Foreign
    from wbcore.inspect.float64_network import Floats
    from wbcore.inspect.paths import Scalar
    from wbcore.network import Network

__all__ = ["OUTPUTS", "loss_targets_of", "require_loss", "scalar_of", "targets_of"]

OUTPUTS = ("logit", "probability", "output", "loss")


@dataclass(frozen=True)
class Sum:
    """One of the last layer's sums, before its activation: of a classifier, a logit."""

    targets: NDArray[np.int64]
    straight: bool = True
    reads_activation: bool = False

    def value(self, Z: Floats, rows: NDArray[np.int64]) -> Floats:
        """F."""
        return Z[np.arange(len(Z)), self.targets[rows]]

    def slope(self, Z: Floats, rows: NDArray[np.int64]) -> Floats:
        """Its gradient."""
        dZ = np.zeros_like(Z)
        dZ[np.arange(len(Z)), self.targets[rows]] = 1.0
        return dZ


@dataclass(frozen=True)
class Activated:
    """An activation of one of the last layer's sums, or softmax's share of it."""

    targets: NDArray[np.int64]
    activation: str
    reads_activation: bool = True

    @property
    def straight(self) -> bool:
        """Whether the activation is made of straight pieces."""
        return kinks_of(self.activation) is not None

    def value(self, Z: Floats, rows: NDArray[np.int64]) -> Floats:
        """F."""
        return activated(self.activation, Z)[np.arange(len(Z)), self.targets[rows]]

    def slope(self, Z: Floats, rows: NDArray[np.int64]) -> Floats:
        """Its gradient."""
        return activation_slopes(self.activation, Z, Sum(self.targets).slope(Z, rows))


@dataclass(frozen=True)
class RowLoss:
    """The loss of each row, for its own target."""

    y: NDArray[Any]
    loss: str
    activation: str
    straight: bool = False
    reads_activation: bool = True

    def value(self, Z: Floats, rows: NDArray[np.int64]) -> Floats:
        """F."""
        return row_losses(self.loss, loss_inputs(self.loss, self.activation, Z), self.y[rows])

    def slope(self, Z: Floats, rows: NDArray[np.int64]) -> Floats:
        """Its gradient."""
        values = loss_inputs(self.loss, self.activation, Z)
        _, gradient = _core.loss_and_gradient(self.loss, values, self.y[rows])
        gradient *= len(Z)  # which was that of the mean over rows
        if includes_activation(self.loss):
            return gradient
        return activation_slopes(self.activation, Z, gradient)


def require_loss(operation: str, output: str, loss: Foreign) -> None:
    """Refuse what is no loss, also where none is needed."""
    is_function = callable(loss) and not isinstance(loss, (type, losses.Loss))
    if loss is not None and not (output == "loss" and is_function):  # which is refused by its words
        losses.check(operation, loss)


def scalar_of(
    operation: str,
    net: Network,
    target: NDArray[Any],
    *,
    output: str,
    loss: Foreign,
) -> Scalar:
    """The numbers that are attributed.

    Parameters
    ----------
    operation : str
    net : Network
    target : ndarray of shape (B, ...)
        Numbers of outputs, as `targets_of` gives them; for the loss, targets.
    output, loss
        As `attribution` takes them.
    """
    last = net.activation_names[-1]
    if output == "loss":
        given = loss_of(operation, net, loss)
        if isinstance(given, LossFunction):
            raise TypeError(
                f"[{operation}] expected one of wbcore.losses for output='loss', got a function, "
                f"which gives the mean of many rows"
            )
        return RowLoss(target, given, last)
    if output == "logit":
        return Sum(target)
    if output == "output":
        return Activated(target, last)
    known = net.loss if loss is None else losses.check(operation, loss)
    return Activated(target, meaning_of(operation, name_of(last), known))


def targets_of(
    operation: str, target: Foreign, n: int, outputs: int, predicted: Callable[[], Floats]
) -> NDArray[np.int64]:
    """The number of an output for each of n rows; `predicted` gives the last sums (n, O)."""
    expected = (
        f"[{operation}] expected target to be the number of one of {outputs} outputs, {n} such "
        f"numbers, one for each row, or 'predicted'"
    )
    if target is None:
        if outputs > 1:
            raise TypeError(f"{expected}, got None")
        return np.zeros(n, np.int64)
    if isinstance(target, str):
        if target != "predicted":
            raise ValueError(f"{expected}, got {_arguments.shown(target)}")
        return np.asarray(predicted().argmax(axis=1), np.int64)
    given = _arguments.real_array(operation, "target", target)
    if given.dtype.kind not in "iuf" or (given != np.floor(given)).any():
        raise TypeError(f"{expected}, got {_arguments.shown(target)}")
    wrong = given[(given < 0) | (given >= outputs)]
    if given.shape not in ((), (n,)) or wrong.size:
        raise ValueError(f"{expected}, got {wrong[0] if wrong.size else _arguments.shown(target)}")
    return np.broadcast_to(given, (n,)).astype(np.int64)


def loss_targets_of(operation: str, target: Foreign, n: int) -> NDArray[Any]:
    """The target of the loss of each of n rows."""
    if target is None:
        raise TypeError(f"[{operation}] expected target to be y for output='loss', got None")
    y = _arguments.real_array(operation, "target", target)
    if y.ndim == 0 or len(y) != n:
        raise ValueError(
            f"[{operation}] expected target to be y for output='loss', with {n} rows as X has, "
            f"got {_arguments.shown(target)}"
        )
    return y
