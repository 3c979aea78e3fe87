"""The lines of the last phase of an update: what the optimizer makes of the gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore.inspect.operations import Lines
from wbcore.inspect.rule_lines import Element, RuleLines
from wbcore.inspect.update_rules import rule_lines
from wbcore.reference import OPTIMIZERS
from wbcore.reference.optimizers import norm_and_factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore import reference
    from wbcore.layers import Layer
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer

__all__ = ["Memory", "UpdateLines"]

Matrix = list[list[float]]


class Memory(NamedTuple):
    """What an optimizer remembers of the network before the step."""

    steps: int
    rate: float
    """Of the step to come."""
    arrays: dict[str, NDArray[Any]]


class UpdateLines:
    """Computes the new parameters and writes them down.

    Parameters
    ----------
    lines : Lines
        To which the lines are added.
    net : Network
    optimizer : Optimizer
    memory : Memory

    Attributes
    ----------
    parameters : list of float
        The new ones, flat, in the order of `net.parameters`; there after `write`.
    states : dict of str to list of float
        The optimizer's new arrays, likewise.
    """

    def __init__(self, lines: Lines, net: Network, optimizer: Optimizer, memory: Memory) -> None:
        self.parameters: list[float] = net.parameters.tolist()
        self.states = {name: array.tolist() for name, array in memory.arrays.items()}
        self._lines, self._arith, self._net = lines, lines.arith, net
        self._rule, self._step = _in_reference(optimizer, memory.rate), memory.steps + 1

    def write(self, gradients: dict[int, list[float]], weight: float) -> None:
        """What becomes of the parameters.

        Parameters
        ----------
        gradients : dict of int to list of float
            Of each layer that is trained, flat: dW and db.
        weight : float
            The sum of the rows' weights, of which the gradients' mean is one.
        """
        self._lines.where = ("update", None, None, None)
        self._of_mean(weight)
        self._factor = self._of_norm(gradients)
        formulas = rule_lines(self._lines, self._rule, self._step)
        starts = np.cumsum([0, *(_size(layer) for layer in self._net)]).tolist()
        for index, flat in gradients.items():
            layer, start = self._net[index], starts[index]
            n = layer.inputs * layer.outputs
            for k, g in enumerate(flat):
                is_weight = k < n
                place = f"{k // layer.outputs}, {k % layer.outputs}" if is_weight else str(k - n)
                self._lines.where = ("update", None, index, place)
                e = self._element(start + k, g, is_weight=is_weight)
                self._prepare(formulas, e)
                formulas.update(e)
                self.parameters[start + k] = e.w
                for name, value in e.states.items():
                    self.states[name][start + k] = value
            self._limit(layer, start)

    @property
    def count(self) -> int:
        """How many lines a weight has, but for those of settings that all optimizers take."""
        lines = Lines(self._arith)
        formulas = rule_lines(lines, self._rule, self._step)
        before = len(lines.rows)
        formulas.update(self._element(0, 0.0, is_weight=True))
        return len(lines.rows) - before

    def _element(self, at: int, g: float, *, is_weight: bool) -> Element:
        states = {name: values[at] for name, values in self.states.items()}
        decayed = is_weight or self._rule.decay_biases
        return Element("W" if is_weight else "b", self.parameters[at], g, states, decayed)

    def _of_mean(self, weight: float) -> None:
        """Penalties beside the sum of losses are divided by what the rows count."""
        given, self._rule = self._rule, self._rule.of_mean(weight)
        for name in ("l1", "l2") if given.penalty_of_sum else ():
            if value := getattr(given, name):
                divided = np.float64(getattr(self._rule, name)), np.float64(value)
                self._lines.add(
                    f"{name} = {name} / weight of the rows", *divided, np.float64(weight)
                )

    def _of_norm(self, gradients: dict[int, list[float]]) -> float:
        """By what clip_norm multiplies the gradients."""
        most = self._rule.clip_norm
        if most is None:
            return 1.0
        rows = [
            [self._rule.clipped(self._arith, g) for g in row]
            for index, flat in gradients.items()
            for row in _rows(self._net[index], flat)
        ]
        return self._shrinking("clip_norm", most, rows, "g * g), of all dW and db")

    def _shrinking(self, name: str, most: float, rows: Matrix, of: str) -> float:
        """By what a setting multiplies a vector whose norm it limits."""
        norm, factor = norm_and_factor(self._arith, rows, most)
        self._lines.add(f"norm = sqrt(sum of {of}", np.float64(norm))
        formula = f"factor = {name} / norm if norm > {name} else 1"
        return self._lines.add(formula, factor, np.float64(most), np.float64(norm))

    def _prepare(self, formulas: RuleLines, e: Element) -> None:
        """What clip_value, clip_norm, l1 and l2 make of a gradient."""
        rule, arith, text = self._rule, self._arith, self._lines.text
        if rule.clip_value is not None:
            most = text(arith.T(rule.clip_value))
            formula = f"min(max({e.gradient}, -{most}), {most})"
            formulas.prepared(e, "clip_value", formula, rule.clipped(arith, e.g), a=e.g)
        if self._factor != 1.0:
            formula = f"{text(self._factor)} * {e.gradient}"
            formulas.prepared(e, "clip_norm", formula, arith.T(self._factor * e.g), a=e.g)
        if not e.decayed:
            return
        l1, l2 = arith.T(rule.l1), arith.T(rule.l2)
        if l1 != 0.0:
            g = arith.T(e.g + l1) if e.w > 0.0 else arith.T(e.g - l1) if e.w < 0.0 else e.g
            formula = f"{e.gradient} + {text(l1)} * sign({e.of})"
            formulas.prepared(e, "l1", formula, g, a=e.g, b=e.w)
        if l2 != 0.0:
            formula = f"{text(l2)} * {e.of} + {e.gradient}"
            formulas.prepared(e, "l2", formula, arith.fma(l2, e.w, e.g), a=e.w, b=e.g)

    def _limit(self, layer: Layer, start: int) -> None:
        """What max_norm makes of the weights into each unit of a layer."""
        most = self._rule.max_norm
        if most is None:
            return
        end, width = start + layer.inputs * layer.outputs, layer.outputs
        for o in range(width):
            places = range(start + o, end, width)
            column = [self.parameters[at] for at in places]
            self._lines.where = ("update", None, layer.index, str(o))
            factor = self._shrinking("max_norm", most, [column], f"W * W), of W[:, {o}]")
            for i, at in enumerate(places) if factor != 1.0 else ():
                self._lines.where = ("update", None, layer.index, f"{i}, {o}")
                formula = f"max_norm: W = {self._lines.text(factor)} * W"
                w = self.parameters[at]
                self.parameters[at] = self._lines.add(formula, self._arith.T(factor * w), w)


def _in_reference(optimizer: Optimizer, rate: float) -> reference.optimizers.Optimizer:
    """The optimizer of a step, as the reference has it."""
    names = ("decay_biases", "l1", "l2", "penalty_of_sum", "clip_norm", "clip_value", "max_norm")
    row: Any = OPTIMIZERS[optimizer._row.name]
    made: reference.optimizers.Optimizer = row(
        rate, *optimizer._numbers[1:], **{name: getattr(optimizer, name) for name in names}
    )
    return made


def _size(layer: Layer) -> int:
    return int(layer.outputs * (layer.inputs + layer.bias))


def _rows(layer: Layer, flat: list[float]) -> Matrix:
    """Of a flat dW and db the rows of one and then the other."""
    width = layer.outputs
    return [flat[k : k + width] for k in range(0, len(flat), width)]
