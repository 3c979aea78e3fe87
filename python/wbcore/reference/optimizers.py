"""Optimizers: what becomes of a parameter, its gradient and its states in a step (section 7)."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, cast

from .arithmetic import FLOAT64, Arithmetic
from .functions import exp
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
        weight_decay, l1 and l2 count for biases too, not for weights only.
    l1, l2 : float
        How much of a parameter's sign, and of itself, its gradient gets.
    penalty_of_sum : bool
        l1 and l2 belong to the sum of the rows' losses, not to their mean.
    clip_norm, clip_value, max_norm : float, optional
        What the norm of all gradients, each of them, and the norm of the weights into each unit are
        held to.
    """

    states: ClassVar[tuple[str, ...]] = ()
    """Names of what is kept of every parameter from step to step."""

    starts_as: ClassVar[dict[str, str]] = {}
    """The number that a state is at the start; 0 where there is none."""

    decouples: ClassVar[bool] = False
    """Whether weight_decay takes from the parameter itself, and so is no penalty."""

    decay_biases: bool = field(default=False, kw_only=True)
    l1: float = field(default=0.0, kw_only=True)
    l2: float = field(default=0.0, kw_only=True)
    penalty_of_sum: bool = field(default=False, kw_only=True)
    clip_norm: float | None = field(default=None, kw_only=True)
    clip_value: float | None = field(default=None, kw_only=True)
    max_norm: float | None = field(default=None, kw_only=True)

    def start(self, arith: Arithmetic, state: str) -> float:
        """Return what a state is before the first step."""
        name = self.starts_as.get(state)
        return arith.T(getattr(self, name)) if name else 0.0

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

    def clipped(self, arith: Arithmetic, g: float) -> float:
        """Hold an element of a gradient to its limit."""
        if self.clip_value is None:
            return g
        most = arith.T(self.clip_value)
        return most if g > most else -most if g < -most else g

    def penalized(self, arith: Arithmetic, w: float, g: float) -> float:
        """Add to a gradient what l1 and l2 take from the parameter."""
        l1, l2 = arith.T(self.l1), arith.T(self.l2)
        if l1 != 0.0:
            g = arith.T(g + l1) if w > 0.0 else arith.T(g - l1) if w < 0.0 else g
        return arith.fma(l2, w, g) if l2 != 0.0 else g

    def of_mean(self, weight: float) -> "Optimizer":
        """Return it with penalties of the mean of losses whose rows count so much together."""
        if not self.penalty_of_sum:
            return self
        l1, l2 = (x / weight if weight else 0.0 for x in (self.l1, self.l2))
        return replace(self, l1=l1, l2=l2, penalty_of_sum=False)

    def penalty(self, rows: Iterable[Sequence[float]], weight: float) -> float:
        """Return what the penalties add to the sum of losses of rows that count so much together.

        Parameters
        ----------
        rows : rows of weights, and biases where these decay too
            In the order of the parameters, of layers that are trained, before the step.
        """
        if weight == 0.0:
            return 0.0
        sizes = squares = 0.0
        for row in rows:
            sizes = sizes + FLOAT64.feature_total([abs(w) for w in row])
            squares = squares + FLOAT64.feature_sum(0.0, row, row)
        weight_decay = 0.0 if self.decouples else cast("Any", self).weight_decay
        penalties = self.l1 * sizes + (0.5 * self.l2) * squares
        decay = (0.5 * weight_decay) * squares
        if self.penalty_of_sum:
            return penalties + weight * decay
        return weight * (penalties + decay)

    def factor(self, arith: Arithmetic, rows: Iterable[Sequence[float]]) -> float:
        """Return what a gradient is multiplied by, for its norm not to be above clip_norm.

        Parameters
        ----------
        rows : rows of weights and biases
            In the order of the parameters, of layers that are trained; after `clipped`.
        """
        if self.clip_norm is None:
            return 1.0
        return norm_and_factor(arith, rows, self.clip_norm)[1]

    def limited(self, arith: Arithmetic, weights: list[list[float]]) -> list[list[float]]:
        """Return weights of a layer whose columns have no norm above max_norm."""
        if self.max_norm is None:
            return weights
        factors = [
            norm_and_factor(arith, [column], self.max_norm)[1]
            for column in zip(*weights, strict=True)
        ]
        return [
            [w if f == 1.0 else arith.T(f * w) for f, w in zip(factors, row, strict=True)]
            for row in weights
        ]


def norm_and_factor(
    arith: Arithmetic, rows: Iterable[Sequence[float]], most: float
) -> tuple[float, float]:
    """Return a vector's norm, and by what it is multiplied for that not to be above `most`."""
    squares = 0.0
    for row in rows:
        squares = FLOAT64.T(squares + FLOAT64.feature_sum(0.0, row, row))
    norm = FLOAT64.sqrt(squares)
    return norm, arith.T(most / norm) if most < norm < math.inf else 1.0


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
    epsilon_hat : 0 or 1
        Add epsilon to the root before the mean of squares is corrected, which the rate is then for.
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
    epsilon_hat: float = 0.0

    def rule(self, arith: Arithmetic, step: int, *, decayed: bool) -> Rule:
        T, fma = arith.T, arith.fma
        beta1, rest1 = T(self.beta1), T(1.0 - self.beta1)
        beta2, rest2 = T(self.beta2), T(1.0 - self.beta2)
        rate = T(self.learning_rate / (1.0 - power(self.beta1, step)))
        root = T(FLOAT64.sqrt(1.0 - power(self.beta2, step)))
        if self.epsilon_hat:
            of_squares = self.learning_rate * FLOAT64.sqrt(1.0 - power(self.beta2, step))
            rate, root = T(of_squares / (1.0 - power(self.beta1, step))), 1.0
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
    epsilon_hat : 0 or 1
        As of Adam.
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
    decouples = True

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


@OPTIMIZERS.add
@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Gradients divided by the root of a running mean of their squares, or by their deviation.

    T. Tieleman and G. Hinton, "Lecture 6.5", Coursera, 2012; centered: A. Graves, "Generating
    sequences with recurrent neural networks", 2013.

    Parameters
    ----------
    learning_rate : float
    alpha : float
        How much of the means stays from step to step.
    epsilon : float
        Added to the root.
    momentum : float
        How much of the velocity stays from step to step.
    centered : 0 or 1
        Take the square of the mean from the mean of squares.
    weight_decay : float
        How much of a parameter is added to its gradient.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> rmsprop = RMSprop(learning_rate=0.5, alpha=0.75, epsilon=0.5)
    >>> rmsprop.update(FLOAT64, 1, 2.0, 1.0, (0.0, 0.0, 0.0), decayed=True)
    (1.5, (0.25, 0.0, 0.0))
    """

    name = "rmsprop"
    states = ("v", "m", "velocity")

    learning_rate: float = 0.01
    alpha: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    centered: float = 0.0
    weight_decay: float = 0.0

    def rule(self, arith: Arithmetic, step: int, *, decayed: bool) -> Rule:
        T, fma = arith.T, arith.fma
        rate, momentum = T(self.learning_rate), T(self.momentum)
        alpha, rest, epsilon = T(self.alpha), T(1.0 - self.alpha), T(self.epsilon)
        decay = T(self.weight_decay) if decayed else 0.0

        def update(w: float, g: float, states: States) -> tuple[float, States]:
            v, m, b = states
            if decay != 0.0:
                g = fma(decay, w, g)
            v = size = fma(alpha, v, T(T(rest * g) * g))
            if self.centered:
                m = fma(alpha, m, T(rest * g))
                size = fma(-m, m, v)
                size = 0.0 if size < 0.0 else size
            direction = arith.divide(g, T(arith.sqrt(size) + epsilon))
            if momentum != 0.0:
                direction = b = fma(momentum, b, direction)
            return fma(-rate, direction, w), (v, m, b)

        return update


@OPTIMIZERS.add
@dataclass(frozen=True)
class NAdam(Optimizer):
    """Adam with Nesterov's look-ahead, and a momentum that grows from step to step.

    T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float
        How much of the mean of gradients, and of squares, stays from step to step.
    epsilon : float
        Added to the root of the mean of squares.
    momentum_decay : float
        How fast the momentum grows to beta1.
    weight_decay : float
        How much of a parameter is added to its gradient.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> nadam = NAdam(learning_rate=0.5, beta1=0.5, beta2=0.75, epsilon=1.0, momentum_decay=0.0)
    >>> nadam.update(FLOAT64, 1, 2.0, 1.0, (0.0, 0.0), decayed=True)
    (1.7166666666666668, (0.5, 0.25))
    """

    name = "nadam"
    states = ("m", "v")

    learning_rate: float = 0.002
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 0.004
    weight_decay: float = 0.0

    def rule(self, arith: Arithmetic, step: int, *, decayed: bool) -> Rule:
        T, fma = arith.T, arith.fma
        keep1, take1 = T(self.beta1), T(1.0 - self.beta1)
        keep2, take2 = T(self.beta2), T(1.0 - self.beta2)
        now, following, product = self.momenta(step)
        of_gradient = T(self.learning_rate * (1.0 - now) / (1.0 - product))
        of_mean = T(self.learning_rate * following / (1.0 - product * following))
        root, epsilon = T(FLOAT64.sqrt(1.0 - power(self.beta2, step))), T(self.epsilon)
        decay = T(self.weight_decay) if decayed else 0.0

        def update(w: float, g: float, states: States) -> tuple[float, States]:
            mean, square = states
            if decay != 0.0:
                g = fma(decay, w, g)
            mean = fma(keep1, mean, T(take1 * g))
            square = fma(keep2, square, T(T(take2 * g) * g))
            size = T(T(arith.sqrt(square) / root) + epsilon)
            ahead = fma(of_gradient, g, T(of_mean * mean))
            return T(w - arith.divide(ahead, size)), (mean, square)

        return update

    def momenta(self, step: int) -> tuple[float, float, float]:
        """Return those of this step and the next, and the product of all up to this one."""
        share = exp(FLOAT64, self.momentum_decay * LOG_096)

        def momentum(grown: float) -> float:
            return self.beta1 * (1.0 - 0.5 * grown)

        product, grown, done = 1.0, share, 0
        while done < step and product >= NEGLIGIBLE and grown >= NEGLIGIBLE:
            product = product * momentum(grown)
            grown = grown * share
            done += 1
        if product >= NEGLIGIBLE:
            product = product * power(self.beta1, step - done)
        return momentum(power(share, step)), momentum(power(share, step + 1)), product


@OPTIMIZERS.add
@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all their squares.

    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods", JMLR 12, 2011.

    Parameters
    ----------
    learning_rate : float
    rate_decay : float
        The rate of step t is divided by 1 + (t - 1) * rate_decay.
    initial_sum : float
        Of squares, before the first.
    epsilon : float
        Added to the root of the sum.
    weight_decay : float
        How much of a parameter is added to its gradient.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> adagrad = Adagrad(learning_rate=0.5, rate_decay=1.0, epsilon=0.5)
    >>> adagrad.update(FLOAT64, 2, 2.0, 1.0, (1.25,), decayed=True)
    (1.875, (2.25,))
    """

    name = "adagrad"
    states = ("sum",)
    starts_as: ClassVar = {"sum": "initial_sum"}

    learning_rate: float = 0.01
    rate_decay: float = 0.0
    initial_sum: float = 0.0
    epsilon: float = 1e-10
    weight_decay: float = 0.0

    def rule(self, arith: Arithmetic, step: int, *, decayed: bool) -> Rule:
        T, fma = arith.T, arith.fma
        slowed = self.learning_rate / (1.0 + float(step - 1) * self.rate_decay)
        rate, epsilon = T(slowed), T(self.epsilon)
        decay = T(self.weight_decay) if decayed else 0.0

        def update(w: float, g: float, states: States) -> tuple[float, States]:
            (s,) = states
            if decay != 0.0:
                g = fma(decay, w, g)
            s = fma(g, g, s)
            return fma(-rate, arith.divide(g, T(arith.sqrt(s) + epsilon)), w), (s,)

        return update


@OPTIMIZERS.add
@dataclass(frozen=True)
class Rprop(Optimizer):
    """Steps of every parameter that grow while its gradient keeps its sign, and shrink at a change.

    M. Riedmiller and H. Braun, "A direct adaptive method for faster backpropagation learning",
    ICNN 1993; C. Igel and M. Huesken, "Improving the Rprop learning algorithm", NC 2000 (iRprop-).

    Parameters
    ----------
    learning_rate : float
        The size of the first steps.
    eta_minus, eta_plus : float
        How a step shrinks and grows.
    min_step, max_step : float
        Within which its size stays.
    weight_decay : float
        How much of a parameter is added to its gradient.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> rprop = Rprop(eta_plus=1.5)
    >>> rprop.update(FLOAT64, 2, 2.0, 1.0, (0.5, 1.0), decayed=True)
    (1.25, (0.75, 1.0))
    >>> rprop.update(FLOAT64, 3, 1.25, -1.0, (0.75, 1.0), decayed=True)
    (1.25, (0.375, 0.0))
    """

    name = "rprop"
    states = ("size", "before")
    starts_as: ClassVar = {"size": "learning_rate"}

    learning_rate: float = 0.01
    eta_minus: float = 0.5
    eta_plus: float = 1.2
    min_step: float = 1e-6
    max_step: float = 50.0
    weight_decay: float = 0.0

    def rule(self, arith: Arithmetic, step: int, *, decayed: bool) -> Rule:
        T, fma = arith.T, arith.fma
        eta_minus, eta_plus = T(self.eta_minus), T(self.eta_plus)
        min_step, max_step = T(self.min_step), T(self.max_step)
        decay = T(self.weight_decay) if decayed else 0.0

        def update(w: float, g: float, states: States) -> tuple[float, States]:
            size, before = states
            if decay != 0.0:
                g = fma(decay, w, g)
            turned = T(g * before)
            size = T(size * (eta_plus if turned > 0.0 else eta_minus if turned < 0.0 else 1.0))
            size = min_step if size < min_step else max_step if size > max_step else size
            g = 0.0 if turned < 0.0 else g
            return fma(-size, _sign(g), w), (size, g)

        return update


@OPTIMIZERS.add
@dataclass(frozen=True)
class Lion(Optimizer):
    """Steps of one size, by the sign of a running mean of the gradient.

    X. Chen and others, "Symbolic discovery of optimization algorithms", NeurIPS 2023.

    Parameters
    ----------
    learning_rate : float
        The size of every step.
    beta1, beta2 : float
        How much of the mean counts for the sign, and stays from step to step.
    weight_decay : float
        Times learning_rate, how much of a parameter is taken from it.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> lion = Lion(learning_rate=0.5, beta1=0.5, beta2=0.75, weight_decay=0.5)
    >>> lion.update(FLOAT64, 1, 2.0, 1.0, (0.0,), decayed=True)
    (1.0, (0.25,))
    """

    name = "lion"
    states = ("m",)
    decouples = True

    learning_rate: float = 0.0001
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0

    def rule(self, arith: Arithmetic, step: int, *, decayed: bool) -> Rule:
        T, fma = arith.T, arith.fma
        keep1, take1 = T(self.beta1), T(1.0 - self.beta1)
        keep2, take2 = T(self.beta2), T(1.0 - self.beta2)
        taken = self.learning_rate * self.weight_decay if decayed else 0.0
        rate, decay = T(self.learning_rate), T(taken)

        def update(w: float, g: float, states: States) -> tuple[float, States]:
            (m,) = states
            if decay != 0.0:
                w = fma(-decay, w, w)
            direction = _sign(fma(keep1, m, T(take1 * g)))
            return fma(-rate, direction, w), (fma(keep2, m, T(take2 * g)),)

        return update


LOG_096 = float.fromhex("-0x1.4e69ed6d80eb3p-5")
"""The logarithm of 0.96, of which NAdam's momentum is made."""

NEGLIGIBLE = 2.0**-60
"""What is below this changes no difference from 1."""


def _sign(x: float) -> float:
    """Return 1, -1, or a zero itself."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x


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
