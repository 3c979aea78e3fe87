"""Gradients of a network, for loops of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wbcore import _arguments, _core, losses
from wbcore._methods import network_method
from wbcore.gradients import Gradients
from wbcore.training.weights import row_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import SparseLike
    from wbcore.losses import LossLike
    from wbcore.network import Network
    from wbcore.training.weights import ClassWeight

__all__ = ["backward", "forward", "loss_and_gradients"]

_STEP = "None or an integer from {low} to {high}"


@network_method
def forward(
    self: Network, X: ArrayLike | SparseLike, *, step: int | None = None, seed: int = 0
) -> NDArray[Any]:
    """Outputs for inputs, keeping what `backward` needs; for loops of one's own.

    Parameters
    ----------
    {X}
    {step}

    Returns
    -------
    ndarray of shape (B, O)
        With the bits of `predict(X)`, unless a step is given.

    Raises
    ------
    TypeError, ValueError
        When X is of the wrong kind or shape, or not finite.
    RuntimeError
        When another thread is training the network.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([4, 8, 3], seed=0)
    >>> A = net.forward(np.ones((5, 4)))
    >>> grads = net.backward(A - 1)  # of the loss ((A - 1)**2).sum() / 2
    >>> wb.SGD(0.01).step(net, grads)
    """
    return _core.forward(self._core, X, _dropout("forward", step, seed))


@network_method
def backward(self: Network, dY: ArrayLike) -> Gradients:
    """Gradients of a loss, from its gradient by the outputs of the last `forward`.

    Parameters
    ----------
    dY : array-like of shape (B, O)
        Gradient of the loss by the outputs, after the last activation; finite.

    Returns
    -------
    Gradients
        By the parameters, one (weights, biases) a layer, and by the inputs, `inputs` (B, I).

    Raises
    ------
    TypeError, ValueError
        When dY is of the wrong kind or shape, or not finite.
    RuntimeError
        When there was no `forward`, or another thread is training the network.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([4, 8, 3], seed=0)
    >>> _ = net.forward(np.ones((5, 4)))
    >>> grads = net.backward(np.ones((5, 3)))
    >>> grads[1].biases, grads.inputs.shape
    (array([5., 5., 5.], dtype=float32), (5, 4))
    """
    flat, inputs = _core.backward(self._core, dY)
    return Gradients(flat, self._structure, inputs, float(len(inputs)))


@network_method
def loss_and_gradients(
    self: Network,
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    loss: LossLike,
    *,
    step: int | None = None,
    seed: int = 0,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
) -> tuple[float, Gradients]:
    """A loss over a batch, and its gradient by every weight and bias. Nothing changes.

    Parameters
    ----------
    {X}
    {y}
    {loss}
    {step}
    {weights}

    Returns
    -------
    loss : float
    gradients : Gradients
        `gradients[i].weights` has the shape of `net[i].weights`, and likewise for biases.

    Raises
    ------
    TypeError, ValueError
        As `fit`.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(2, 1, initializer="ones")])
    >>> loss, grads = net.loss_and_gradients([[1, 2]], [1], loss="mse")
    >>> loss, grads[0].weights.tolist(), grads[0].biases.tolist()
    (4.0, [[4.0], [8.0]], [4.0])
    """
    given = losses.check_given("loss_and_gradients", loss)
    dropout = _dropout("loss_and_gradients", step, seed)
    weights, _ = row_weights(
        "loss_and_gradients", self, given, y, sample_weight=sample_weight, class_weight=class_weight
    )
    value, flat, weight = _core.loss_and_gradients(self._core, X, y, weights, given, dropout)
    return value, Gradients(flat, self._structure, weight=weight)


def _dropout(operation: str, step: int | None, seed: int) -> tuple[int, int] | None:
    """Whose masks dropout takes, for the core."""
    seed = _arguments.seed(operation, seed)
    if step is None:
        return None
    return seed, _arguments.integer(operation, "step", step, high=2**63, expected=_STEP)
