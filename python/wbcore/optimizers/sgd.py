"""Stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore.optimizers._rate import LearningRate
from wbcore.optimizers.base import Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from wbcore.optimizers.options import Limits

__all__ = ["SGD"]


class SGD(Optimizer, row="sgd"):
    """Stochastic gradient descent, with momentum and weight decay.

    For a parameter w with the gradient g of the batch and the velocity v, which starts at 0::

        g = g + weight_decay * w           for weights; for biases only with decay_biases
        v = momentum * v + g
        w = w - learning_rate * v          or, with nesterov: w - learning_rate * (g + momentum * v)

    (Polyak, 1964; Nesterov, 1983, in the form of Sutskever and others, 2013.) The exact operations
    are in docs/arithmetic.md, section 7.

    Parameters
    ----------
    learning_rate : float or Schedule or str or callable, default 0.01
        Above 0; or a schedule, its text, or a function of the step. A network of float32 refuses
        numbers that are out of range in float32, such as a rate above 0 that becomes 0 there.
    momentum : float, default 0
        From 0 to below 1.
    nesterov : bool, default False
        Needs momentum above 0.
    weight_decay : float, default 0
        At least 0.
    {options}

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([2, 8, 1], activation="tanh", seed=0)
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> optimizer = wb.SGD(learning_rate=0.1, momentum=0.9)
    >>> for step in range(500):
    ...     loss, grads = net.loss_and_gradients(X, y, loss="mse")
    ...     optimizer.step(net, grads)
    >>> net.predict(X).round(1).ravel().tolist() == [0, 1, 1, 0]
    True
    """

    __slots__ = ("momentum", "nesterov")

    momentum: float
    nesterov: bool

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decay_biases: bool = False,
        **limits: Unpack[Limits],
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            momentum=momentum,
            nesterov=nesterov,
            weight_decay=weight_decay,
            decay_biases=decay_biases,
            **limits,
        )

    def _check(self) -> None:
        if self.nesterov and self.momentum == 0:
            raise ValueError("[SGD] expected momentum above 0 with nesterov=True, got 0.0")
