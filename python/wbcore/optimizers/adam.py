"""Adam and its heirs: steps by running means of the gradient, and of its square."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore.optimizers._rate import LearningRate
from wbcore.optimizers.base import Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from wbcore.optimizers.options import Options

    class _AdamOptions(Options, total=False):
        epsilon_hat: bool


__all__ = ["Adam", "AdamW", "Lion", "NAdam"]


class _Adam(Optimizer):
    """The settings that Adam and its heirs have in common."""

    __slots__ = ("beta1", "beta2", "epsilon", "epsilon_hat")

    beta1: float
    beta2: float
    epsilon: float
    epsilon_hat: bool

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        **options: Unpack[_AdamOptions],
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

    The epsilon of that line is added to what has been corrected. With `epsilon_hat` it is that of
    the end of the paper's section 2, of TensorFlow and of scikit-learn::

        w = w - learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon)

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
    epsilon_hat : bool, default False
        Add epsilon to sqrt(v) before its bias is corrected.
    {options}

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

    With `epsilon_hat` the last line is that of `Adam` with it. The exact operations, and where they
    differ from those of PyTorch, are in docs/arithmetic.md, section 7.

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
    epsilon_hat : bool, default False
        Add epsilon to sqrt(v) before its bias is corrected.
    {options}

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


class NAdam(Optimizer, row="nadam"):
    """Adam with Nesterov's look-ahead, and a momentum that grows (Dozat, 2016).

    For a parameter w with the gradient g of the batch in step t = 1, 2, ..., and the means m and v,
    which start at 0::

        g = g + weight_decay * w           for weights; for biases only with decay_biases
        mu_t = beta1 * (1 - 0.96^(t * momentum_decay) / 2),    M_t = mu_1 * mu_2 * .. * mu_t
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g^2
        n = (1 - mu_t) / (1 - M_t) * g + mu_(t+1) / (1 - M_(t+1)) * m
        w = w - learning_rate * n / (sqrt(v / (1 - beta2^t)) + epsilon)

    The exact operations, and where they differ from those of PyTorch, are in docs/arithmetic.md,
    section 7.

    Parameters
    ----------
    learning_rate : float or Schedule or str or callable, default 0.002
        Above 0. A network of float32 refuses numbers that are out of range in float32.
    beta1, beta2 : float, default 0.9 and 0.999
        From 0 to below 1.
    epsilon : float, default 1e-8
        Above 0.
    momentum_decay : float, default 0.004
        At least 0: how fast the momentum grows, from about half of beta1 to all of it.
    weight_decay : float, default 0
        At least 0.
    {options}

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
    >>> history = net.fit(X, X**2, loss="mse", optimizer=wb.NAdam(0.01), epochs=100)
    >>> history.loss[-1] < history.loss[0] / 10
    True
    """

    __slots__ = ("beta1", "beta2", "epsilon", "momentum_decay")

    beta1: float
    beta2: float
    epsilon: float
    momentum_decay: float

    def __init__(
        self,
        learning_rate: LearningRate = 0.002,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        momentum_decay: float = 0.004,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            momentum_decay=momentum_decay,
            **options,
        )


class Lion(Optimizer, row="lion"):
    """Steps of one size, by the sign of a mean of gradients (Chen and others, 2023).

    For a parameter w with the gradient g of the batch, and the mean m, which starts at 0::

        w = w - learning_rate * weight_decay * w    for weights; for biases only with decay_biases
        w = w - learning_rate * sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g

    Every parameter moves by learning_rate in every step, so that a rate is a third to a tenth of
    Adam's, and a weight_decay three to ten times as large. PyTorch has no Lion; this is that of the
    paper. The exact operations are in docs/arithmetic.md, section 7.

    Parameters
    ----------
    learning_rate : float or Schedule or str or callable, default 0.0001
        Above 0. A network of float32 refuses numbers that are out of range in float32.
    beta1, beta2 : float, default 0.9 and 0.99
        From 0 to below 1.
    weight_decay : float, default 0
        At least 0.
    {options}

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
    >>> history = net.fit(X, X**2, loss="mse", optimizer=wb.Lion(0.003), epochs=100)
    >>> history.loss[-1] < history.loss[0] / 10
    True
    """

    __slots__ = ("beta1", "beta2")

    beta1: float
    beta2: float

    def __init__(
        self,
        learning_rate: LearningRate = 0.0001,
        beta1: float = 0.9,
        beta2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate=learning_rate, beta1=beta1, beta2=beta2, **options)
