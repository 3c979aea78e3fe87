"""The rules of optimizers in lines: formulas of section 7.1 with their numbers, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.inspect.rule_lines import Element, RuleLines
from wbcore.reference import FLOAT64
from wbcore.reference.functions import exp
from wbcore.reference.optimizers import LOG_096, power

if TYPE_CHECKING:
    from wbcore.inspect.operations import Lines

__all__ = ["rule_lines"]

_wide = np.float64  # of binary64 whatever the network is of


class _SGD(RuleLines):
    def update(self, e: Element) -> None:
        self._decayed(e)
        name, direction = e.gradient, e.g
        momentum = self._T(self._rule.momentum)
        if momentum != 0.0:
            name, direction = "velocity", self._velocity(e, name, direction)
            if self._rule.nesterov:
                formula = f"ahead = {self._lines.text(momentum)} * velocity + {e.gradient}"
                ahead = self._arith.fma(momentum, direction, e.g)
                name, direction = "ahead", self._lines.add(formula, ahead, direction, e.g)
        self._taken(e, name, direction)


class _Adam(RuleLines):
    def _begin(self) -> None:
        rule, t, T = self._rule, self._t, self._T
        self._keep1, self._rest1 = self._rest("beta1")
        self._keep2, self._rest2 = self._rest("beta2")
        rest1, beta1 = 1.0 - power(rule.beta1, t), _wide(rule.beta1)
        if rule.epsilon_hat:
            self._corrected, rate = 1.0, rule.learning_rate
            of_squares = rate * FLOAT64.sqrt(1.0 - power(rule.beta2, t))
            formula = f"rate = {rate!r} * sqrt(1 - beta2^{t}) / (1 - beta1^{t})"
            beta2, rate = _wide(rule.beta2), T(of_squares / rest1)
            self._rate = self._lines.add(formula, rate, beta2, beta1)
        else:
            formula = f"rate = learning_rate / (1 - beta1^{t})"
            rate = T(rule.learning_rate / rest1)
            self._rate = self._lines.add(formula, rate, _wide(rule.learning_rate), beta1)
            self._corrected = self._root()

    def update(self, e: Element) -> None:
        self._decayed(e)
        m = self._mean(e, "m", self._keep1, self._rest1)
        v = self._mean_of_squares(e, self._keep2, self._rest2)
        size = self._size(v, self._corrected, self._T(self._rule.epsilon))
        direction = self._lines.add("direction = m / size", self._arith.divide(m, size), m, size)
        self._taken(e, "direction", direction)


class _AdamW(_Adam):
    def _begin(self) -> None:
        super()._begin()
        self._decoupled()

    def _decayed(self, e: Element) -> None:
        self._shrunk(e)


class _RMSprop(RuleLines):
    def _begin(self) -> None:
        self._keep, self._add = self._rest("alpha")

    def update(self, e: Element) -> None:
        self._decayed(e)
        name, size = "v", self._mean_of_squares(e, self._keep, self._add)
        if self._rule.centered:
            m = self._mean(e, "m", self._keep, self._add)
            spread = self._arith.fma(-m, m, size)
            spread = 0.0 if spread < 0.0 else spread
            name, size = "s", self._lines.add("s = max(v - m * m, 0)", spread, size, m)
        name, direction = "direction", self._by_root(e, name, size)
        if self._T(self._rule.momentum) != 0.0:
            name, direction = "velocity", self._velocity(e, name, direction)
        self._taken(e, name, direction)


class _NAdam(RuleLines):
    def _begin(self) -> None:
        rule, t = self._rule, self._t
        self._keep1, self._rest1 = self._rest("beta1")
        self._keep2, self._rest2 = self._rest("beta2")
        now, following, product = rule.momenta(t)
        share, rate = exp(FLOAT64, rule.momentum_decay * LOG_096), rule.learning_rate
        self._G = self._T(rate * (1.0 - now) / (1.0 - product))
        self._M = self._T(rate * following / (1.0 - product * following))
        add = self._lines.add
        add("q = 0.96^momentum_decay", _wide(share), _wide(rule.momentum_decay))
        for name, value, of in (("now", now, t), ("next", following, t + 1)):
            formula = f"{name} = beta1 * (1 - 0.5 * q^{of})"
            add(formula, _wide(value), _wide(rule.beta1), _wide(share))
        add(f"P, the product of now in steps 1 .. {t}", _wide(product))
        add(f"G = {rate!r} * (1 - now) / (1 - P)", self._G, _wide(now), _wide(product))
        add(f"M = {rate!r} * next / (1 - next * P)", self._M, _wide(following), _wide(product))
        self._corrected = self._root()

    def update(self, e: Element) -> None:
        self._decayed(e)
        m = self._mean(e, "m", self._keep1, self._rest1)
        v = self._mean_of_squares(e, self._keep2, self._rest2)
        size = self._size(v, self._corrected, self._T(self._rule.epsilon))
        ahead = self._arith.fma(self._G, e.g, self._T(self._M * m))
        formula = (
            f"ahead = {self._lines.text(self._G)} * {e.gradient} + {self._lines.text(self._M)} * m"
        )
        ahead = self._lines.add(formula, ahead, e.g, m)
        value = self._arith.divide(ahead, size)
        direction = self._lines.add("direction = ahead / size", value, ahead, size)
        e.w = self._lines.add(f"{e.of} - direction", self._T(e.w - direction), e.w, direction)


class _Adagrad(RuleLines):
    def _begin(self) -> None:
        rule, before = self._rule, self._t - 1
        if rule.rate_decay:
            rate, decay = _wide(rule.learning_rate), _wide(rule.rate_decay)
            self._rate = self._T(rule.learning_rate / (1.0 + float(before) * rule.rate_decay))
            formula = f"rate = learning_rate / (1 + {before} * rate_decay)"
            self._lines.add(formula, self._rate, rate, decay)

    def update(self, e: Element) -> None:
        self._decayed(e)
        formula = f"sum + {e.gradient} * {e.gradient}"
        squares = self._arith.fma(e.g, e.g, e.states["sum"])
        squares = self._kept(e, "sum", formula, squares, e.g)
        self._taken(e, "direction", self._by_root(e, "sum", squares))


class _Rprop(RuleLines):
    def update(self, e: Element) -> None:
        self._decayed(e)
        T, rule, add = self._T, self._rule, self._lines.add
        less, more, low, high = map(
            T, (rule.eta_minus, rule.eta_plus, rule.min_step, rule.max_step)
        )
        size, before = e.states["size"], e.states["before"]
        turned = add(f"turned = {e.gradient} * before", T(e.g * before), e.g, before)
        texts = [self._lines.text(x) for x in (more, less, low, high)]
        by = f"{texts[0]} if turned > 0 else {texts[1]} if turned < 0 else 1"
        grown = T(size * (more if turned > 0.0 else less if turned < 0.0 else 1.0))
        grown = self._kept(e, "size", f"size * ({by})", grown, turned)
        held = low if grown < low else high if grown > high else grown
        add(f"size = min(max(size, {texts[2]}), {texts[3]})", held, grown)
        kept = 0.0 if turned < 0.0 else e.g
        add(f"before = 0 if turned < 0 else {e.gradient}", kept, turned, e.g)
        e.states.update(size=held, before=kept)
        step = add("step = size * sign(before)", T(held * _sign(kept)), held, kept)
        e.w = add(f"{e.of} - step", T(e.w - step), e.w, step)


class _Lion(RuleLines):
    def _begin(self) -> None:
        self._keep1, self._rest1 = self._rest("beta1")
        self._keep2, self._rest2 = self._rest("beta2")
        self._decoupled()

    def update(self, e: Element) -> None:
        self._shrunk(e)
        m = e.states["m"]
        direction = _sign(self._arith.fma(self._keep1, m, self._T(self._rest1 * e.g)))
        formula = (
            f"{self._lines.text(self._keep1)} * m + {self._lines.text(self._rest1)} * {e.gradient}"
        )
        self._lines.add(f"direction = sign({formula})", direction, m, e.g)
        self._taken(e, "direction", direction)
        self._mean(e, "m", self._keep2, self._rest2)


_RULES: dict[str, type[RuleLines]] = {
    "sgd": _SGD,
    "adam": _Adam,
    "adamw": _AdamW,
    "rmsprop": _RMSprop,
    "nadam": _NAdam,
    "adagrad": _Adagrad,
    "rprop": _Rprop,
    "lion": _Lion,
}


def rule_lines(lines: Lines, rule: Any, step: int) -> RuleLines:  # noqa: ANN401, one of all
    """The lines of an optimizer of `wbcore.reference` in a step."""
    return _RULES[rule.name](lines, rule, step)


def _sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x
