"""The optimizers that scikit-learn's solvers are, and how they change between epochs."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, optimizers
from wbcore.optimizers import LBFGS, SGD, Adam, Optimizer

if TYPE_CHECKING:
    from wbcore.network import Network
    from wbcore.sklearn.targets import Answer

__all__ = ["Solver", "solver_of", "takes_all_rows"]

_SMALLEST_RATE = 1e-6  # at which "adaptive" gives up


class Solver:
    """An optimizer of wbcore that takes scikit-learn's steps.

    Gradients of several outputs are those of a sum in scikit-learn and of a mean in wbcore, the
    `slope` of an `Answer` being between them: the rate of SGD is multiplied by it, penalties, the
    norm at which gradients are clipped and Adam's epsilon divided.

    Parameters
    ----------
    optimizer : Optimizer
    mode : {"constant", "invscaling", "adaptive"}
        What becomes of the rate; of SGD alone.
    rate : float
        scikit-learn's.
    slope : float
        Between that and the optimizer's.
    power_t : float
    is_penalized : bool
        Whether the optimizer's penalties are those of the estimator's parameters.

    Attributes
    ----------
    learning_rate : float
        scikit-learn's, at the moment.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str,
        rate: float,
        slope: float,
        power_t: float,
        *,
        is_penalized: bool = True,
    ) -> None:
        self.optimizer = optimizer
        self.mode = mode
        self.learning_rate = self.learning_rate_init = float(rate)
        self.slope = slope
        self.power_t = power_t
        self.is_penalized = is_penalized

    def take_penalties(self, estimator: Any, answer: Answer) -> None:
        """Those of now: alpha may be set anew between partial fits, as scikit-learn's may."""
        if self.is_penalized:
            _penalize(self.optimizer, estimator, answer.slope)

    def own_state(self, network: Network) -> None:
        """Let the state be written to, which is read-only in a pickle that lies in a map."""
        state = self.optimizer.state(network)
        if not all(array.flags.writeable for array in state.arrays.values()):
            self.optimizer.set_state(
                network, state.steps, state.arrays, position=state.position,
                observations=state.observations,
            )  # fmt: skip

    def end_epoch(self, network: Network, rows: int) -> None:
        """Set the rate of the next epoch, after so many rows."""
        if self.mode == "invscaling":
            self._set(network, self.learning_rate_init / (rows + 1) ** self.power_t)

    def lowered(self, network: Network) -> str:
        """What is done when the loss does not get better any more, in words; "" is to stop."""
        if self.mode != "adaptive":
            return ""
        if self.learning_rate <= _SMALLEST_RATE:
            return ""
        self._set(network, self.learning_rate / 5.0)
        return f"Setting learning rate to {self.learning_rate:f}"

    @property
    def last_words(self) -> str:
        """Why it stops."""
        return " Learning rate too small. Stopping." if self.mode == "adaptive" else " Stopping."

    def _set(self, network: Network, rate: float) -> None:
        # The velocity of scikit-learn has the rate in it, ours has not.
        for velocity in self.optimizer.state(network).arrays.values():
            np.multiply(velocity, self.learning_rate / rate, out=velocity)
        self.learning_rate = rate
        self.optimizer.learning_rate = rate * self.slope


def takes_all_rows(estimator: Any) -> bool:
    """Whether an estimator is to be trained by L-BFGS."""
    if estimator.optimizer is None:
        return bool(estimator.solver == "lbfgs")
    given = estimator.optimizer
    return isinstance(given, LBFGS) or (
        isinstance(given, str) and given.partition("(")[0].strip() == "lbfgs"
    )


def solver_of(estimator: Any, answer: Answer, dtype: np.dtype[Any]) -> Solver:
    """The solver that an estimator's parameters name.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    answer : Answer
        Of its targets.
    dtype : numpy.dtype
        Of the network, in which numbers must not vanish.
    """
    slope, given = answer.slope, estimator.optimizer
    if given is not None:
        optimizer = copy(optimizers.check("optimizer", given))
        assert isinstance(optimizer, Optimizer), "the other goes its own way"
        is_penalized = optimizer.l1 == optimizer.l2 == 0
        if is_penalized:
            _penalize(optimizer, estimator, slope)
        if optimizer.clip_norm is None and estimator.clip_norm is not None:
            optimizer.clip_norm = estimator.clip_norm / slope
        rate = estimator.learning_rate_init
        return Solver(optimizer, "constant", rate, 1.0, 0.0, is_penalized=is_penalized)

    rate, has_schedule = estimator.learning_rate_init, estimator.schedule is not None
    if estimator.solver == "sgd":
        slope = 1.0 if has_schedule else slope
        mode = "constant" if has_schedule else estimator.learning_rate
        momentum = min(float(estimator.momentum), float(np.nextafter(dtype.type(1), dtype.type(0))))
        nesterov = bool(estimator.nesterovs_momentum) and momentum > 0
        made: Optimizer = SGD(rate * slope, momentum, nesterov)
    else:
        mode = "constant"
        least = float(np.finfo(dtype).tiny)
        epsilon = max(estimator.epsilon / slope, least)
        beta1, beta2 = float(estimator.beta_1), float(estimator.beta_2)
        made = Adam(rate, beta1, beta2, epsilon, epsilon_hat=True)
    _penalize(made, estimator, answer.slope)
    if estimator.clip_norm is not None:
        made.clip_norm = _arguments.number("fit", "clip_norm", estimator.clip_norm) / answer.slope
    return Solver(made, mode, rate, slope, estimator.power_t)


def _penalize(optimizer: Optimizer, estimator: Any, slope: float) -> None:
    """As scikit-learn's alpha, beside the sum of the rows' losses."""
    optimizer.penalty_of_sum = True
    optimizer.l2 = estimator.alpha / slope
    optimizer.l1 = _arguments.number("fit", "l1", estimator.l1) / slope
