"""The lines of the last phase of an update: what the optimizer makes of the gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore.reference import OPTIMIZERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore import reference
    from wbcore.inspect.operations import Lines
    from wbcore.layers import Layer
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer
    from wbcore.reference.optimizers import Rule

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
        arith, rule = self._arith, self._rule.of_mean(weight)
        self._lines.where = ("update", None, None, None)
        rows = [
            [rule.clipped(arith, g) for g in row]
            for index, flat in gradients.items()
            for row in _rows(self._net[index], flat)
        ]
        factor = rule.factor(arith, rows)
        if rule.clip_norm is not None:
            self._lines.add("factor of clip_norm", factor)
        weights = rule.rule(arith, self._step, decayed=True)
        biases = rule.rule(arith, self._step, decayed=rule.decay_biases)
        starts = np.cumsum([0, *(_size(layer) for layer in self._net)]).tolist()
        for index, flat in gradients.items():
            layer, start = self._net[index], starts[index]
            n = layer.inputs * layer.outputs
            for k, g in enumerate(flat):
                is_weight = k < n
                place = f"{k // layer.outputs}, {k % layer.outputs}" if is_weight else str(k - n)
                self._lines.where = ("update", None, index, place)
                decayed = is_weight or rule.decay_biases
                w = self.parameters[start + k]
                after = self._prepared(rule, factor, w, g, decayed=decayed)
                self._element(weights if is_weight else biases, start + k, after, "bW"[is_weight])
            self._limit(layer, start)

    def _prepared(
        self,
        rule: reference.optimizers.Optimizer,
        factor: float,
        w: float,
        g: float,
        *,
        decayed: bool,
    ) -> float:
        """A gradient after clip_value, clip_norm, l1 and l2."""
        found = self._arith.T(factor * rule.clipped(self._arith, g))
        if decayed:
            found = rule.penalized(self._arith, w, found)
        names = ("clip_value", "clip_norm", *(("l1", "l2") if decayed else ()))
        done = [name for name in names if getattr(rule, name)]
        return self._lines.add(f"gradient after {', '.join(done)}", found, g) if done else found

    def _element(self, rule: Rule, at: int, g: float, name: str) -> None:
        """One parameter and what the optimizer remembers of it."""
        w, names = self.parameters[at], self._rule.states
        start = [self._rule.start(self._arith, state) for state in names]
        states = tuple(
            self.states[state][at] if state in self.states else s
            for state, s in zip(names, start, strict=True)
        )
        new, after = rule(w, g, states)
        for state, old, value in zip(names, states, after, strict=True):
            if state in self.states:
                how = self._of_velocity(name) if state == "velocity" else state
                self.states[state][at] = self._lines.add(how, value, old, g)
        by = after[0] if self._is_plain and self._momentum else g
        self.parameters[at] = self._lines.add(self._of_parameter(name), new, w, by)

    @property
    def _momentum(self) -> float:
        return float(getattr(self._rule, "momentum", 0.0))

    @property
    def _is_plain(self) -> bool:
        """Whether it is gradient descent, with momentum or without, whose lines are formulas."""
        rule: Any = self._rule
        return rule.name == "sgd" and not rule.nesterov and not rule.weight_decay

    def _of_velocity(self, name: str) -> str:
        if not self._is_plain:
            return "velocity"
        return f"velocity = {self._momentum:g} * velocity + d{name}"

    def _of_parameter(self, name: str) -> str:
        """The rule, with the rate of the step, which a schedule may have chosen."""
        rule: Any = self._rule
        if rule.name == "rprop":  # each parameter has a step of its own, "size"
            return f"{name} by d{name}"
        rate = f"{rule.learning_rate:g}"
        if self._is_plain:
            return f"{name} - {rate} * {'velocity' if self._momentum else f'd{name}'}"
        return f"{name} by d{name}, rate {rate}"

    def _limit(self, layer: Layer, start: int) -> None:
        """What max_norm makes of the weights of a layer."""
        if self._rule.max_norm is None:
            return
        count, width = layer.inputs * layer.outputs, layer.outputs
        flat = self.parameters[start : start + count]
        rows = [flat[k : k + width] for k in range(0, count, width)]
        for i, row in enumerate(self._rule.limited(self._arith, rows)):
            for o, w in enumerate(row):
                self._lines.where = ("update", None, layer.index, f"{i}, {o}")
                at = start + i * width + o
                self.parameters[at] = self._lines.add("W within max_norm", w, self.parameters[at])


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
