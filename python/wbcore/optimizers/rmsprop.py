"""RMSprop and Adagrad: rates of their own for every parameter, by the squares of its gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore.optimizers._rate import LearningRate
from wbcore.optimizers.base import Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from wbcore.optimizers.options import Options

__all__ = ["Adagrad", "RMSprop"]


class RMSprop(Optimizer, row="rmsprop"):
    """Gradients divided by the root of a running mean of their squares (Hinton, 2012).

    For a parameter w with the gradient g of the batch, the means v and m and the velocity b, which
    start at 0::

        g = g + weight_decay * w           for weights; for biases only with decay_biases
        v = alpha * v + (1 - alpha) * g^2
        m = alpha * m + (1 - alpha) * g                 when it is centered (Graves, 2013)
        d = g / (sqrt(v) + epsilon)         centered:   g / (sqrt(v - m^2) + epsilon)
        b = momentum * b + d
        w = w - learning_rate * b           without momentum:   w - learning_rate * d

    The exact operations, and where they differ from those of PyTorch, are in docs/arithmetic.md,
    section 7.

    Parameters
    ----------
    learning_rate : float or Schedule or str or callable, default 0.01
        Above 0; or a schedule, its text, or a function of the step. A network of float32 refuses
        numbers that are out of range in float32.
    alpha : float, default 0.99
        From 0 to below 1: how much of the means stays.
    epsilon : float, default 1e-8
        Above 0.
    momentum : float, default 0
        From 0 to below 1.
    centered : bool, default False
        Whether to divide by the deviation of the gradients from their mean.
    weight_decay : float, default 0
        At least 0.
    {options}

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
    >>> history = net.fit(X, X**2, loss="mse", optimizer=wb.RMSprop(0.01), epochs=100)
    >>> history.loss[-1] < history.loss[0] / 10
    True
    """

    __slots__ = ("alpha", "centered", "epsilon", "momentum")

    alpha: float
    epsilon: float
    momentum: float
    centered: bool

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        alpha: float = 0.99,
        epsilon: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            alpha=alpha,
            epsilon=epsilon,
            momentum=momentum,
            centered=centered,
            **options,
        )


class Adagrad(Optimizer, row="adagrad"):
    """Gradients divided by the root of the sum of all their squares (Duchi and others, 2011).

    For a parameter w with the gradient g of the batch in step t = 1, 2, ..., and the sum s, which
    starts at initial_sum::

        g = g + weight_decay * w           for weights; for biases only with decay_biases
        s = s + g^2
        w = w - learning_rate / (1 + (t - 1) * rate_decay) * g / (sqrt(s) + epsilon)

    The exact operations, and where they differ from those of PyTorch, are in docs/arithmetic.md,
    section 7.

    Parameters
    ----------
    learning_rate : float or Schedule or str or callable, default 0.01
        Above 0; or a schedule, its text, or a function of the step. A network of float32 refuses
        numbers that are out of range in float32.
    rate_decay : float, default 0
        At least 0.
    initial_sum : float, default 0
        At least 0; counts for networks that the optimizer has not been used with.
    epsilon : float, default 1e-10
        Above 0.
    weight_decay : float, default 0
        At least 0.
    {options}

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
    >>> history = net.fit(X, X**2, loss="mse", optimizer=wb.Adagrad(0.1), epochs=100)
    >>> history.loss[-1] < history.loss[0] / 10
    True
    """

    __slots__ = ("epsilon", "initial_sum", "rate_decay")

    rate_decay: float
    initial_sum: float
    epsilon: float

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        rate_decay: float = 0.0,
        initial_sum: float = 0.0,
        epsilon: float = 1e-10,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            rate_decay=rate_decay,
            initial_sum=initial_sum,
            epsilon=epsilon,
            **options,
        )
