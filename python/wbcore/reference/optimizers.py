"""Stochastic gradient descent with all its options (section 7)."""

from dataclasses import dataclass

from .arithmetic import Arithmetic


@dataclass(frozen=True)
class SGD:
    """Gradient descent with momentum, Nesterov's look-ahead and weight decay.

    Parameters
    ----------
    learning_rate : float
    momentum : float
        How much of the velocity stays from step to step.
    nesterov : bool
        Take the gradient's step from where the velocity is about to lead.
    weight_decay : float
        How much of a parameter is added to its gradient.
    decay_biases : bool
        Decay biases too, not weights only.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> SGD(learning_rate=0.5).update(FLOAT64, 1.0, 0.5, 0.0, decayed=True)
    (0.75, 0.0)
    >>> SGD(learning_rate=0.5, momentum=0.5).update(FLOAT64, 1.0, 0.5, 1.0, decayed=True)
    (0.5, 1.0)
    """

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    decay_biases: bool = False

    def update(
        self, arith: Arithmetic, w: float, g: float, v: float, *, decayed: bool
    ) -> tuple[float, float]:
        """Take one step of one parameter.

        Parameters
        ----------
        w, g, v : float
            Parameter, its gradient, and its velocity, which is 0 at the start.
        decayed : bool
            Whether `weight_decay` applies to this parameter.

        Returns
        -------
        w, v : float
            The new parameter and velocity.
        """
        T, fma = arith.T, arith.fma
        learning_rate, momentum = T(self.learning_rate), T(self.momentum)
        decay = T(self.weight_decay)
        if decay != 0.0 and decayed:
            g = fma(decay, w, g)
        if momentum == 0.0:
            return fma(-learning_rate, g, w), v
        v = fma(momentum, v, g)
        step = fma(momentum, v, g) if self.nesterov else v
        return fma(-learning_rate, step, w), v
