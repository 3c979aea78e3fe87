"""The lines of one update, phase by phase; what `step` prints.

Those of the optimizer, the last phase, are in `update_lines`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wbcore.inspect.operations import Lines, Named, count_of_sum, count_of_unit
from wbcore.inspect.tracing import layer_lines
from wbcore.inspect.update_lines import Memory, UpdateLines
from wbcore.reference import LOSSES, Arithmetic, DropoutStep
from wbcore.reference.arithmetic import FEATURE_LEAF, ROW_LEAF
from wbcore.reference.dropout import left
from wbcore.reference.losses import target_rows, total_weight, weighed_rows

if TYPE_CHECKING:
    from wbcore.layers import Layer
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer
    from wbcore.reference.losses import Labels

__all__ = ["StepLines", "count_of_step"]

Matrix = list[list[float]]


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
    loss : float
        Of the batch; there after `batch`.
    """

    def __init__(
        self, net: Network, loss: str, optimizer: Optimizer, memory: Memory, seed: int
    ) -> None:
        self.arith = Arithmetic("float32" if net.dtype == np.float32 else "float64")
        self.lines = Lines(self.arith)
        self._net, self._loss = net, LOSSES.choice(loss)
        self._update = UpdateLines(self.lines, net, optimizer, memory)
        self._dropout = DropoutStep(seed, memory.steps + 1)
        self._is_weighed = False
        self.loss = math.nan

    @property
    def note(self) -> str:
        """What the names in the loss's formulas are, where they are long."""
        return self._loss.note

    @property
    def parameters(self) -> list[float]:
        """The new ones, flat, in the order of `net.parameters`; there after `batch`."""
        return self._update.parameters

    @property
    def states(self) -> dict[str, list[float]]:
        """The optimizer's new arrays, likewise."""
        return self._update.states

    def count(self, rows: int) -> int:
        """About how many lines there will be, from below."""
        return count_of_step(self._net, rows, self._update.count)

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
        self._is_weighed = own is not None
        dZ = self._backward(kept, self._of_loss(kept[-1], targets, own), targets)
        gradients = {index: self._gradients(kept[index].X, dZ[index], index) for index in dZ}
        self._update.write(gradients, total_weight(X, own))

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
        name = "y" if phase == "forward" else "dY"
        found = left(self.arith, layer.dropout, kept.numbers[r], x)
        factors = left(self.arith, layer.dropout, kept.numbers[r], [1.0] * len(x))
        for unit, (before, after, factor) in enumerate(zip(x, found, factors, strict=True)):
            self.lines.where = (phase, r, layer.index, unit)
            formula = f"{self.lines.text(factor)} * {name}" if factor else "left out: 0"
            self.lines.add(f"dropout, {formula}", after, before)
        return found

    # Loss

    def _of_loss(self, last: _Kept, targets: Matrix, weights: list[float] | None) -> Matrix:
        """Row losses, their sum and mean; returns the gradient by outputs or sums."""
        by_sums = self._loss.works_on_sums(self._net[-1].activation)
        outputs = last.Z if by_sums else last.A
        losses = []
        for r, (y, t) in enumerate(zip(outputs, targets, strict=True)):
            losses.append(self._of_row(r, y, t, None if weights is None else weights[r]))
        self.lines.where = ("loss", None, None, None)
        total = self.lines.row_sum(losses, None, lambda r: f"add loss[{r}]")
        n = self._loss.count(total_weight(targets, weights), len(targets[0]))
        mean = np.float64(total / n if n else 0.0)
        self.loss = self.lines.add("sum / N", mean, total, np.float64(n))
        rows = weighed_rows(self.arith, self._loss, outputs, targets, weights)
        return [gradient for _, gradient in rows]

    def _of_row(self, r: int, y: list[float], t: list[float], weight: float | None) -> float:
        """The loss of a row: what each output adds, their sum, and what the row counts."""
        factors, addends = self._loss.addends(self.arith, y, t)
        name = self._loss.addend
        for unit, (addend, y_k, t_k) in enumerate(zip(addends, y, t, strict=True)):
            self.lines.where = ("loss", r, len(self._net) - 1, unit)
            self.lines.add(name, addend, y_k, t_k)
        self.lines.where = ("loss", r, None, None)
        if factors is None:
            value = self.lines.feature_total(addends, _output)
        else:
            value = self.lines.feature_sum(0.0, factors, addends, _product_of_output)
        if weight is None:
            return value
        weighed = self.arith.T(weight * value) if weight else 0.0
        return self.lines.add("times its weight", weighed, value, weight)

    # Backward

    def _backward(self, kept: list[_Kept], dY: Matrix, targets: Matrix) -> dict[int, Matrix]:
        """The dZ of layers, down to the first that is trainable."""
        net, last = self._net, len(self._net) - 1
        trainable = [layer.index for layer in net if layer.trainable]
        found: dict[int, Matrix] = {}
        by_sums = self._loss.works_on_sums(net[-1].activation)
        outputs = kept[-1].Z if by_sums else kept[-1].A
        name = f"d{'Z' if by_sums else 'Y'} of the loss, {self._formula()}"
        for r, row in enumerate(dY):
            for unit, g in enumerate(row):
                self.lines.where = ("backward", r, last, unit)
                self.lines.add(name, g, outputs[r][unit], targets[r][unit])
        dA = dY
        for index in reversed(range(min(trainable, default=len(net)), len(net))):
            layer, of_layer = net[index], kept[index]
            dZ = dA if by_sums and index == last else self._through(layer, of_layer, dA)
            found[index] = dZ
            if index > min(trainable):
                dA = self._inputs(layer, dZ, net[index - 1], kept[index - 1])
        return {index: found[index] for index in sorted(found) if net[index].trainable}

    def _formula(self) -> str:
        """Of the gradient by an output or sum; N is that of the loss's mean."""
        factors = "weight * " * self._is_weighed
        factors += "output weight * " * bool(self._loss.output_weights)
        return f"{factors}{self._loss.slope} / N"

    def _through(self, layer: Layer, kept: _Kept, dY: Matrix) -> Matrix:
        """From the gradient by outputs to that by sums."""
        found = []
        for r, row in enumerate(dY):

            def at(unit: int | None, r: int = r) -> None:
                self.lines.where = ("backward", r, layer.index, unit)

            found.append(self.lines.slopes(layer.activation, row, kept.Z[r], kept.A[r], at))
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


def count_of_step(net: Network, rows: int, updates: int) -> int:
    """About how many lines a step has, from below; `updates` is those of a weight's update."""
    total = 2 * rows * net.widths[-1] + rows + 1
    for layer in net:
        own, size = layer.outputs, layer.inputs * layer.outputs
        total += rows * own * (count_of_unit(layer.inputs) + 2)
        if layer.index:
            total += rows * layer.inputs * count_of_sum(own, FEATURE_LEAF)
        total += (size + own * layer.bias) * (count_of_sum(rows, ROW_LEAF) + updates)
    return total


def _output(k: int) -> str:
    return f"add output {k}"


def _product_of_output(k: int) -> str:
    return f"add a * b of output {k}"


def _of_input(i: int) -> Named:
    return lambda k: f"add dZ[{k}] * W[{i}, {k}]"


def _of_weight(i: int, o: int) -> Named:
    return lambda r: f"add x[{r}, {i}] * dZ[{r}, {o}]"


def _of_bias(o: int) -> Named:
    return lambda r: f"add dZ[{r}, {o}]"
