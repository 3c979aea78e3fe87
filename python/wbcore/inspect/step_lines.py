"""The lines of one update, phase by phase; what `step` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore import reference
from wbcore.inspect.operations import Lines, Named, count_of_sum, count_of_unit
from wbcore.inspect.tracing import layer_lines
from wbcore.reference import ACTIVATIONS, LOSSES, OPTIMIZERS, Arithmetic, DropoutStep
from wbcore.reference.arithmetic import FEATURE_LEAF, ROW_LEAF
from wbcore.reference.dropout import left
from wbcore.reference.losses import target_rows, total_weight, weighed_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.layers import Layer
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer
    from wbcore.reference.losses import Labels
    from wbcore.reference.optimizers import Rule

__all__ = ["Memory", "StepLines", "count_of_step"]

Matrix = list[list[float]]


class Memory(NamedTuple):
    """What an optimizer remembers of the network before the step."""

    steps: int
    rate: float
    """Of the step to come."""
    arrays: dict[str, NDArray[Any]]


class _Kept(NamedTuple):
    """Of a layer's forward pass."""

    X: Matrix
    Z: Matrix
    A: Matrix
    numbers: list[list[int]] | None  # of dropout


class StepLines:
    """Computes a step and writes it down.

    Parameters
    ----------
    net : Network
    loss : str
    optimizer : Optimizer
    memory : Memory
    seed : int
        Of dropout.

    Attributes
    ----------
    lines : Lines
    parameters : list of float
        The new ones, flat, in the order of `net.parameters`; there after `batch`.
    states : dict of str to list of float
        The optimizer's new arrays, likewise.
    """

    def __init__(
        self, net: Network, loss: str, optimizer: Optimizer, memory: Memory, seed: int
    ) -> None:
        self.arith = Arithmetic("float32" if net.dtype == np.float32 else "float64")
        self.lines = Lines(self.arith)
        self.parameters: list[float] = net.parameters.tolist()
        self.states = {name: array.tolist() for name, array in memory.arrays.items()}
        self._net, self._loss = net, LOSSES.choice(loss)
        self._rule, self._step = _in_reference(optimizer, memory.rate), memory.steps + 1
        self._dropout = DropoutStep(seed, self._step)

    def batch(self, X: Matrix, y: Matrix | Labels, weights: Sequence[float] | None) -> None:
        """Forward, loss, backward, gradients, update.

        Parameters
        ----------
        X : matrix of shape (B, I)
        y : matrix of shape (B, O), or B labels
        weights : vector of length B, optional
            All of them as they were given.
        """
        T = self.arith.T
        targets = [[T(t) for t in row] for row in target_rows(y, self._net.widths[-1])]
        own = None if weights is None else [T(w) for w in weights]
        kept = self._forward(X)
        dZ = self._backward(kept, self._of_loss(kept[-1], targets, own), targets)
        gradients = {index: self._gradients(kept[index].X, dZ[index], index) for index in dZ}
        self._update(gradients, total_weight(X, own))

    # Forward

    def _forward(self, X: Matrix) -> list[_Kept]:
        kept = [_Kept([], [], [], [] if layer.dropout else None) for layer in self._net]
        for r, row in enumerate(X):
            x = row
            for layer, of_layer in zip(self._net, kept, strict=True):
                units = range(layer.outputs)
                z, a = layer_lines(self.lines, layer, x, ("forward", r), units)
                of_layer.X.append(x)
                of_layer.Z.append(z)
                of_layer.A.append(a)
                x = a
                if of_layer.numbers is not None:
                    of_layer.numbers.append(self._dropout.numbers(layer.index, r, layer.outputs))
                    x = self._left("forward", layer, of_layer, r, a)
        return kept

    def _left(self, phase: str, layer: Layer, kept: _Kept, r: int, x: list[float]) -> list[float]:
        """What dropout leaves of outputs, or of their gradient."""
        if kept.numbers is None:
            return x
        found = left(self.arith, layer.dropout, kept.numbers[r], x)
        for unit, (before, after) in enumerate(zip(x, found, strict=True)):
            self.lines.where = (phase, r, layer.index, unit)
            self.lines.add("dropout", after, before)
        return found

    # Loss

    def _of_loss(self, last: _Kept, targets: Matrix, weights: list[float] | None) -> Matrix:
        """Row losses, their sum and mean; returns the gradient by outputs or sums."""
        by_sums = self._loss.works_on_sums(self._net[-1].activation)
        outputs = last.Z if by_sums else last.A
        rows = weighed_rows(self.arith, self._loss, outputs, targets, weights)
        for r, (value, _) in enumerate(rows):
            self.lines.where = ("loss", r, None, None)
            weight = None if weights is None else weights[r]
            times = "" if weights is None else ", times its weight"
            self.lines.add(f"loss of the row{times}", value, b=weight)
        self.lines.where = ("loss", None, None, None)
        total = self.lines.row_sum([value for value, _ in rows], None, lambda r: f"add loss[{r}]")
        n = self._loss.count(total_weight(targets, weights), len(targets[0]))
        self.lines.add("sum / N", np.float64(total / n if n else 0.0), total, np.float64(n))
        return [gradient for _, gradient in rows]

    # Backward

    def _backward(self, kept: list[_Kept], dY: Matrix, targets: Matrix) -> dict[int, Matrix]:
        """The dZ of layers, down to the first that is trainable."""
        net, last = self._net, len(self._net) - 1
        trainable = [layer.index for layer in net if layer.trainable]
        found: dict[int, Matrix] = {}
        by_sums = self._loss.works_on_sums(net[-1].activation)
        outputs = kept[-1].Z if by_sums else kept[-1].A
        for r, row in enumerate(dY):
            for unit, g in enumerate(row):
                self.lines.where = ("backward", r, last, unit)
                name = "dZ of the loss" if by_sums else "dY of the loss"
                self.lines.add(name, g, outputs[r][unit], targets[r][unit])
        dA = dY
        for index in reversed(range(min(trainable, default=len(net)), len(net))):
            layer, of_layer = net[index], kept[index]
            dZ = dA if by_sums and index == last else self._through(layer, of_layer, dA)
            found[index] = dZ
            if index > min(trainable):
                dA = self._inputs(layer, dZ, net[index - 1], kept[index - 1])
        return {index: found[index] for index in sorted(found) if net[index].trainable}

    def _through(self, layer: Layer, kept: _Kept, dA: Matrix) -> Matrix:
        """From dA to dZ."""
        activation = ACTIVATIONS.choice(layer.activation)
        found = []
        for r, row in enumerate(dA):
            dZ = activation.backward(self.arith, row, kept.Z[r], kept.A[r])
            for unit, g in enumerate(dZ):
                self.lines.where = ("backward", r, layer.index, unit)
                self.lines.add(f"dZ by {layer.activation}", g, row[unit], kept.A[r][unit])
            found.append(dZ)
        return found

    def _inputs(self, layer: Layer, dZ: Matrix, before: Layer, kept: _Kept) -> Matrix:
        """The dA of the layer before, from dZ."""
        found = []
        for r, row in enumerate(dZ):
            dA = []
            for i, weights in enumerate(layer.weights.tolist()):
                self.lines.where = ("backward", r, before.index, i)
                dA.append(self.lines.feature_sum(0.0, row, weights, _of_input(i)))
            found.append(self._left("backward", before, kept, r, dA))
        return found

    # Gradients

    def _gradients(self, X: Matrix, dZ: Matrix, index: int) -> list[float]:
        """Write down dW and db of a layer, flat."""
        layer, found = self._net[index], []
        for i in range(layer.inputs):
            x = [row[i] for row in X]
            for o in range(layer.outputs):
                self.lines.where = ("gradient", None, index, f"{i}, {o}")
                found.append(self.lines.row_sum(x, [row[o] for row in dZ], _of_weight(i, o)))
        for o in range(layer.outputs) if layer.bias else ():
            self.lines.where = ("gradient", None, index, str(o))
            column = [row[o] for row in dZ]
            found.append(self.lines.row_sum(column, None, _of_bias(o)))
        return found

    # Update

    def _update(self, gradients: dict[int, list[float]], weight: float) -> None:
        arith, rule = self.arith, self._rule.of_mean(weight)
        self.lines.where = ("update", None, None, None)
        rows = [
            [rule.clipped(arith, g) for g in row]
            for index, flat in gradients.items()
            for row in _rows(self._net[index], flat)
        ]
        factor = rule.factor(arith, rows)
        if rule.clip_norm is not None:
            self.lines.add("factor of clip_norm", factor)
        weights = rule.rule(arith, self._step, decayed=True)
        biases = rule.rule(arith, self._step, decayed=rule.decay_biases)
        starts = np.cumsum([0, *(_size(layer) for layer in self._net)]).tolist()
        for index, flat in gradients.items():
            layer, start = self._net[index], starts[index]
            n = layer.inputs * layer.outputs
            for k, g in enumerate(flat):
                is_weight = k < n
                place = f"{k // layer.outputs}, {k % layer.outputs}" if is_weight else str(k - n)
                self.lines.where = ("update", None, index, place)
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
        found = self.arith.T(factor * rule.clipped(self.arith, g))
        if decayed:
            found = rule.penalized(self.arith, w, found)
        names = ("clip_value", "clip_norm", *(("l1", "l2") if decayed else ()))
        done = [name for name in names if getattr(rule, name)]
        return self.lines.add(f"gradient after {', '.join(done)}", found, g) if done else found

    def _element(self, rule: Rule, at: int, g: float, name: str) -> None:
        """One parameter and what the optimizer remembers of it."""
        w, names = self.parameters[at], self._rule.states
        start = [self._rule.start(self.arith, state) for state in names]
        states = tuple(
            self.states[state][at] if state in self.states else s
            for state, s in zip(names, start, strict=True)
        )
        new, after = rule(w, g, states)
        for state, old, value in zip(names, states, after, strict=True):
            if state in self.states:
                self.states[state][at] = self.lines.add(state, value, old, g)
        self.parameters[at] = self.lines.add(f"{name} by d{name}", new, w, g)

    def _limit(self, layer: Layer, start: int) -> None:
        """What max_norm makes of the weights of a layer."""
        if self._rule.max_norm is None:
            return
        count, width = layer.inputs * layer.outputs, layer.outputs
        flat = self.parameters[start : start + count]
        rows = [flat[k : k + width] for k in range(0, count, width)]
        for i, row in enumerate(self._rule.limited(self.arith, rows)):
            for o, w in enumerate(row):
                self.lines.where = ("update", None, layer.index, f"{i}, {o}")
                at = start + i * width + o
                self.parameters[at] = self.lines.add("W within max_norm", w, self.parameters[at])


def count_of_step(net: Network, rows: int, states: int) -> int:
    """About how many lines a step has, from below."""
    total = 2 * rows + 1
    for layer in net:
        own, size = layer.outputs, layer.inputs * layer.outputs
        total += rows * own * (count_of_unit(layer.inputs) + 2)
        if layer.index:
            total += rows * layer.inputs * count_of_sum(own, FEATURE_LEAF)
        total += (size + own * layer.bias) * (count_of_sum(rows, ROW_LEAF) + 1 + states)
    return total


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


def _of_input(i: int) -> Named:
    return lambda k: f"add dZ[{k}] * W[{i}, {k}]"


def _of_weight(i: int, o: int) -> Named:
    return lambda r: f"add x[{r}, {i}] * dZ[{r}, {o}]"


def _of_bias(o: int) -> Named:
    return lambda r: f"add dZ[{r}, {o}]"
