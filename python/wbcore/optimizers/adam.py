"""Adam and its heirs: steps by running means of the gradient and of its square."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore.optimizers._rate import LearningRate
from wbcore.optimizers.base import Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from wbcore.optimizers.base import Options

__all__ = ["Adam", "AdamW"]


class _Adam(Optimizer):
    """The settings that Adam and its heirs have in common."""

    __slots__ = ("beta1", "beta2", "epsilon")

    beta1: float
    beta2: float
    epsilon: float

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, **options
        )


class Adam(_Adam, row="adam"):
    """Adam: steps by running means of the gradient and of its square (Kingma and Ba, 2015).

    For a parameter w with the gradient g of the batch in step t = 1, 2, ..., and the means m and v,
    which start at 0::

        g = g + weight_decay * w           for weights; for biases only with decay_biases
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        w = w - learning_rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)

    The exact operations, and where they differ from those of PyTorch, are in docs/arithmetic.md,
    section 7.

    Parameters
    ----------
    learning_rate : float or Schedule or str or callable, default 0.001
        Above 0; or a schedule, its text, or a function of the step. A network of float32 refuses
        numbers that are out of range in float32.
    beta1, beta2 : float, default 0.9 and 0.999
        From 0 to below 1.
    epsilon : float, default 1e-8
        Above 0.
    weight_decay : float, default 0
        At least 0.
    decay_biases : bool, default False
        Whether biases decay like weights.

    Attributes
    ----------
    learning_rate, beta1, beta2, epsilon, weight_decay, decay_biases
        May be changed between steps, between fits and in a callback of `fit`, which goes on with it
        from the next batch; a value assigned is checked at once.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
    >>> history = net.fit(X, X**2, loss="mse", optimizer=wb.Adam(0.01), epochs=100)
    >>> history.loss[-1] < history.loss[0] / 10
    True
    """

    __slots__ = ()


class AdamW(_Adam, row="adamw"):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019).

    For a parameter w with the gradient g of the batch in step t = 1, 2, ..., and the means m and v,
    which start at 0::

        w = w - learning_rate * weight_decay * w    for weights; for biases only with decay_biases
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        w = w - learning_rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)

    The exact operations, and where they differ from those of PyTorch, are in docs/arithmetic.md,
    section 7.

    Parameters
    ----------
    learning_rate : float or Schedule or str or callable, default 0.001
        Above 0; or a schedule, its text, or a function of the step. A network of float32 refuses
        numbers that are out of range in float32.
    beta1, beta2 : float, default 0.9 and 0.999
        From 0 to below 1.
    epsilon : float, default 1e-8
        Above 0.
    weight_decay : float, default 0.01
        At least 0.
    decay_biases : bool, default False
        Whether biases decay like weights.

    Attributes
    ----------
    learning_rate, beta1, beta2, epsilon, weight_decay, decay_biases
        May be changed between steps, between fits and in a callback of `fit`, which goes on with it
        from the next batch; a value assigned is checked at once.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
    >>> history = net.fit(X, X**2, loss="mse", optimizer=wb.AdamW(0.01), epochs=100)
    >>> history.loss[-1] < history.loss[0] / 10
    True
    """

    __slots__ = ()
