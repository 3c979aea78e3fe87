"""What the lines of all optimizers have in common: means, roots, decays, the step itself.

In each formula the first product of a sum is not rounded by itself (fma); all else is rounded one
after another. Of a line ``name = formula`` the operands a and b are the quantities of the formula
that are no numbers, as they come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.reference import FLOAT64
from wbcore.reference.optimizers import power

if TYPE_CHECKING:
    from wbcore.inspect.operations import Lines

__all__ = ["Element", "RuleLines"]


@dataclass(slots=True)
class Element:
    """A parameter, its gradient, and what the optimizer remembers of it."""

    of: str
    """ "W" or "b"."""
    w: float
    g: float
    states: dict[str, float]
    decayed: bool
    gradient: str = field(init=False)
    """The name of g: d and that of the parameter, until something is made of it."""

    def __post_init__(self) -> None:
        self.gradient = f"d{self.of}"


class RuleLines:
    """The lines of an optimizer in one step; those of its numbers are written at once.

    Parameters
    ----------
    lines : Lines
    rule : reference.optimizers.Optimizer
        With the rate of the step.
    step : int
        1 for the first.
    """

    def __init__(self, lines: Lines, rule: Any, step: int) -> None:  # noqa: ANN401, one of all
        self._lines, self._rule, self._t = lines, rule, step
        self._arith, self._T = lines.arith, lines.arith.T
        self._rate = self._T(rule.learning_rate)
        self._decay = self._T(rule.weight_decay)
        self._begin()

    def _begin(self) -> None:
        """The numbers of the step that are not the settings themselves."""

    def update(self, e: Element) -> None:
        """Write what becomes of a parameter and of what is remembered of it."""
        raise NotImplementedError

    def prepared(self, e: Element, setting: str, formula: str, g: float, *, a: float,
                 b: float | None = None) -> None:  # fmt: skip
        """A gradient of which a setting makes another one."""
        e.g = self._lines.add(f"{setting}: g = {formula}", g, a, b)
        e.gradient = "g"

    def _rest(self, name: str) -> tuple[float, float]:
        """How much of a mean stays, and what is added."""
        kept = getattr(self._rule, name)
        rest = self._lines.add(f"1 - {name}", self._T(1.0 - kept), np.float64(kept))
        return self._T(kept), rest

    def _root(self) -> float:
        """By which the root of v is corrected."""
        beta2 = self._rule.beta2
        root = self._T(FLOAT64.sqrt(1.0 - power(beta2, self._t)))
        return self._lines.add(f"root = sqrt(1 - beta2^{self._t})", root, np.float64(beta2))

    def _decoupled(self) -> None:
        """The decay is of the parameter itself."""
        rate, decay = self._rule.learning_rate, self._rule.weight_decay
        self._decay = self._T(rate * decay)
        if decay:
            formula = "decay = learning_rate * weight_decay"
            self._lines.add(formula, self._decay, np.float64(rate), np.float64(decay))

    def _decayed(self, e: Element) -> None:
        """weight_decay, of the gradient."""
        if self._decay != 0.0 and e.decayed:
            formula = f"{self._lines.text(self._decay)} * {e.of} + {e.gradient}"
            g = self._arith.fma(self._decay, e.w, e.g)
            self.prepared(e, "weight_decay", formula, g, a=e.w, b=e.g)

    def _shrunk(self, e: Element) -> None:
        """weight_decay, of the parameter."""
        if self._decay != 0.0 and e.decayed:
            formula = f"weight_decay: {e.of} = {e.of} - {self._lines.text(self._decay)} * {e.of}"
            e.w = self._lines.add(formula, self._arith.fma(-self._decay, e.w, e.w), e.w)

    def _kept(self, e: Element, state: str, formula: str, value: float, b: float) -> float:
        """A new state, of which the old one is the first operand."""
        old = e.states[state]
        e.states[state] = self._lines.add(f"{state} = {formula}", value, old, b)
        return value

    def _mean(self, e: Element, state: str, keep: float, rest: float) -> float:
        value = self._arith.fma(keep, e.states[state], self._T(rest * e.g))
        formula = f"{self._lines.text(keep)} * {state} + {self._lines.text(rest)} * {e.gradient}"
        return self._kept(e, state, formula, value, e.g)

    def _mean_of_squares(self, e: Element, keep: float, rest: float) -> float:
        value = self._arith.fma(keep, e.states["v"], self._T(self._T(rest * e.g) * e.g))
        formula = (
            f"{self._lines.text(keep)} * v + {self._lines.text(rest)} * {e.gradient} * {e.gradient}"
        )
        return self._kept(e, "v", formula, value, e.g)

    def _velocity(self, e: Element, name: str, direction: float) -> float:
        momentum = self._T(self._rule.momentum)
        value = self._arith.fma(momentum, e.states["velocity"], direction)
        formula = f"{self._lines.text(momentum)} * velocity + {name}"
        return self._kept(e, "velocity", formula, value, direction)

    def _size(self, v: float, root: float, epsilon: float) -> float:
        size = self._T(self._T(self._arith.sqrt(v) / root) + epsilon)
        by = "" if root == 1.0 else f" / {self._lines.text(root)}"
        return self._lines.add(f"size = sqrt(v){by} + {self._lines.text(epsilon)}", size, v)

    def _by_root(self, e: Element, name: str, squares: float) -> float:
        """The gradient divided by a root."""
        epsilon = self._T(self._rule.epsilon)
        value = self._arith.divide(e.g, self._T(self._arith.sqrt(squares) + epsilon))
        formula = f"direction = {e.gradient} / (sqrt({name}) + {self._lines.text(epsilon)})"
        return self._lines.add(formula, value, e.g, squares)

    def _taken(self, e: Element, name: str, direction: float, rate: float | None = None) -> None:
        """The step itself."""
        rate = self._rate if rate is None else rate
        formula = f"{e.of} - {self._lines.text(rate)} * {name}"
        e.w = self._lines.add(formula, self._arith.fma(-rate, direction, e.w), e.w, direction)
