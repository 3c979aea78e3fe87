"""Optimizers: what becomes of a parameter, its gradient and its states in a step (section 7)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from .arithmetic import FLOAT64, Arithmetic
from .named import Choice, Table

States = tuple[float, ...]
Rule = Callable[[float, float, States], tuple[float, States]]
"""Of a parameter, its gradient and its states: the new parameter and states."""


@dataclass(frozen=True)
class Optimizer(Choice):
    """An optimizer with its numbers.

    Parameters
    ----------
    decay_biases : bool
        Decay biases too, not weights only.
    """

    states: ClassVar[tuple[str, ...]] = ()
    """Names of what is kept of every parameter from step to step; 0 at the start."""

    decay_biases: bool = field(default=False, kw_only=True)

    def rule(self, arith: Arithmetic, step: int, *, decayed: bool) -> Rule:
        """Return the update of one parameter in a step, its numbers computed once.

        Parameters
        ----------
        step : int
            1 for the first.
        decayed : bool
            Whether weight decay applies to the parameter.
        """
        raise NotImplementedError

    def update(
        self, arith: Arithmetic, step: int, w: float, g: float, states: States, *, decayed: bool
    ) -> tuple[float, States]:
        """Take one step of one parameter; all as in `rule`."""
        return self.rule(arith, step, decayed=decayed)(w, g, states)


OPTIMIZERS: Table[Optimizer] = Table("optimizers", "optimizer")


@OPTIMIZERS.add
@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent with momentum, Nesterov's look-ahead and weight decay.

    Parameters
    ----------
    learning_rate : float
    momentum : float
        How much of the velocity stays from step to step.
    nesterov : 0 or 1
        Take the gradient's step from where the velocity is about to lead.
    weight_decay : float
        How much of a parameter is added to its gradient.
    decay_biases : bool
        Decay biases too, not weights only.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> SGD(learning_rate=0.5).update(FLOAT64, 1, 1.0, 0.5, (0.0,), decayed=True)
    (0.75, (0.0,))
    >>> SGD(learning_rate=0.5, momentum=0.5).update(FLOAT64, 1, 1.0, 0.5, (1.0,), decayed=True)
    (0.5, (1.0,))
    """

    name = "sgd"
    states = ("velocity",)

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: float = 0.0
    weight_decay: float = 0.0

    def rule(self, arith: Arithmetic, step: int, *, decayed: bool) -> Rule:
        T, fma = arith.T, arith.fma
        learning_rate, momentum = T(self.learning_rate), T(self.momentum)
        decay = T(self.weight_decay) if decayed else 0.0

        def update(w: float, g: float, states: States) -> tuple[float, States]:
            (v,) = states
            if decay != 0.0:
                g = fma(decay, w, g)
            if momentum == 0.0:
                return fma(-learning_rate, g, w), (v,)
            v = fma(momentum, v, g)
            ahead = fma(momentum, v, g) if self.nesterov else v
            return fma(-learning_rate, ahead, w), (v,)

        return update


@OPTIMIZERS.add
@dataclass(frozen=True)
class Adam(Optimizer):
    """Steps of about one size, from running means of the gradient and of its square.

    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float
        How much of the mean of gradients, and of squares, stays from step to step.
    epsilon : float
        Added to the root of the mean of squares.
    weight_decay : float
        How much of a parameter is added to its gradient.
    decay_biases : bool
        Decay biases too, not weights only.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> adam = Adam(learning_rate=0.5, beta1=0.5, beta2=0.75, epsilon=1.0)
    >>> adam.update(FLOAT64, 1, 2.0, 1.0, (0.0, 0.0), decayed=True)
    (1.75, (0.5, 0.25))
    """

    name = "adam"
    states = ("m", "v")

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def rule(self, arith: Arithmetic, step: int, *, decayed: bool) -> Rule:
        T, fma = arith.T, arith.fma
        beta1, rest1 = T(self.beta1), T(1.0 - self.beta1)
        beta2, rest2 = T(self.beta2), T(1.0 - self.beta2)
        rate = T(self.learning_rate / (1.0 - power(self.beta1, step)))
        root = T(FLOAT64.sqrt(1.0 - power(self.beta2, step)))
        epsilon = T(self.epsilon)
        decay = T(self.weight_decay) if decayed else 0.0

        def update(w: float, g: float, states: States) -> tuple[float, States]:
            m, v = states
            if decay != 0.0:
                g = fma(decay, w, g)
            m = fma(beta1, m, T(rest1 * g))
            v = fma(beta2, v, T(T(rest2 * g) * g))
            size = T(T(arith.sqrt(v) / root) + epsilon)
            return fma(-rate, arith.divide(m, size), w), (m, v)

        return update


@OPTIMIZERS.add
@dataclass(frozen=True)
class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter itself, before the step, not by its gradient.

    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float
        How much of the mean of gradients, and of squares, stays from step to step.
    epsilon : float
        Added to the root of the mean of squares.
    weight_decay : float
        Times learning_rate, how much of a parameter is taken from it.
    decay_biases : bool
        Decay biases too, not weights only.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> adamw = AdamW(0.5, beta1=0.5, beta2=0.75, epsilon=1.0, weight_decay=0.5)
    >>> adamw.update(FLOAT64, 1, 2.0, 1.0, (0.0, 0.0), decayed=True)
    (1.25, (0.5, 0.25))
    """

    name = "adamw"

    weight_decay: float = 0.01

    def rule(self, arith: Arithmetic, step: int, *, decayed: bool) -> Rule:
        fma = arith.fma
        adam = super().rule(arith, step, decayed=False)
        decay = arith.T(self.learning_rate * self.weight_decay) if decayed else 0.0

        def update(w: float, g: float, states: States) -> tuple[float, States]:
            if decay != 0.0:
                w = fma(-decay, w, w)
            return adam(w, g, states)

        return update


def power(base: float, exponent: int) -> float:
    """Return a power of a whole exponent from 0 on, by repeated squaring in binary64.

    Examples
    --------
    >>> power(0.5, 3), power(0.9, 0)
    (0.125, 1.0)
    """
    result = 1.0
    while exponent > 0:
        if exponent % 2 == 1:
            result = result * base
        base = base * base
        exponent = exponent // 2
    return result
