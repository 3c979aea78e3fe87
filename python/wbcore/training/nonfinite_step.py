"""One step of a training, looked at value by value: the first that is NaN or infinite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from wbcore._loss_function import LossFunction
from wbcore._structure import LayerStructure
from wbcore.random import dropout_mask
from wbcore.training.batches import Batch, as_read, batch_of, targets_in_reference
from wbcore.training.twins import twin_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.layers import Layer
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer
    from wbcore.training.replaying import Replay

__all__ = ["NonFinite", "nonfinite_of_step"]


@dataclass(frozen=True)
class NonFinite:
    """Where a training first had a value that is NaN or infinite.

    The step is the first one in which the loss, a gradient or a parameter is not finite, and of its
    values it is the first, in the order of docs/arithmetic.md.

    Attributes
    ----------
    step : int
        Of the fit, from 1.
    epoch, batch : int
        From 0, as in records.
    phase : {"forward", "loss", "backward", "gradient", "update"}
    layer : int or None
        From 0; None for a loss.
    name : str
        "Z" (a sum), "A" (an output), "D" (what dropout leaves of it), "loss", "dZ", "dA", "dW",
        "db", "W", "b", or an array of the optimizer, such as "v".
    unit : tuple of int
        The unit; of a weight its input and its unit.
    row : int or None
        The row of X, for what there is of each row.
    value : float
    """

    step: int
    epoch: int
    batch: int
    phase: str
    layer: int | None
    name: str
    unit: tuple[int, ...]
    row: int | None
    value: float

    def __str__(self) -> str:
        return self._told(" is {:g} ")

    def _told(self, value: str) -> str:
        """In words: what and where, with the value between the two."""
        place = f"[{', '.join(map(str, self.unit))}]" if self.unit else ""
        layer = "" if self.layer is None else f" of layer {self.layer}"
        row = "" if self.row is None else f" for row {self.row} of X"
        return (
            f"{self.name}{place}{layer}{row}{value.format(self.value)}in the {self.phase} phase of "
            f"batch {self.batch + 1} of epoch {self.epoch + 1}"
        )


def nonfinite_of_step(replay: Replay, network: Network, done: int) -> NonFinite | None:
    """The first value that is not finite of the step after `done` of them, in their order.

    Parameters
    ----------
    replay : Replay
    network : Network
        As it was then; it is not changed.
    done : int
    """
    return _Step(replay, network, done).first()


class _Step:
    """The step after `done` of them, looked at phase by phase."""

    def __init__(self, replay: Replay, network: Network, done: int) -> None:
        self._replay, self._net = replay, network
        self._optimizer = cast("Optimizer", network.optimizer)
        self._plan = replay.plan(epochs=1, optimizer=self._optimizer)
        self._step, self._place = done + 1, replay.recording.batch_of(done + 1)
        held_out = replay.held_out(network)
        self._batch: Batch = batch_of(network, self._plan, replay.data, self._place, held_out)
        self._t = self._optimizer.state(network).steps + 1

    def first(self) -> NonFinite | None:
        with np.errstate(all="ignore"):
            return self._forward() or self._loss() or self._backward() or self._update()

    def _found(
        self, phase: str, name: str, values: NDArray[Any], layer: int | None, *, rows: bool
    ) -> NonFinite | None:
        finite = np.isfinite(values)
        if finite.all():
            return None
        place = tuple(map(int, np.unravel_index(np.argmin(finite), values.shape)))
        row = int(self._batch.rows[place[0]]) if rows else None
        value = float(values[place])
        unit = place[1:] if rows else place
        return NonFinite(self._step, *self._place, phase, layer, name, unit, row, value)

    def _forward(self) -> NonFinite | None:
        self._inputs, self._Z, self._A = [], [], []
        x = as_read(self._net, self._batch.X)
        for layer in self._net:
            Z, A = (
                _alone(type(self._net), layer, activation).predict(x)
                for activation in ("identity", layer.activation)
            )
            self._inputs.append(x)
            self._Z.append(Z)
            self._A.append(A)
            x = self._left(layer, A)
            for name, values in (("Z", Z), ("A", A), ("D", x)):
                found = self._found("forward", name, values, layer.index, rows=True)
                if found:
                    return found
        return None

    def _left(self, layer: Layer, rows: NDArray[Any]) -> NDArray[Any]:
        """What dropout leaves of outputs, or of their gradient."""
        if not layer.dropout:
            return rows
        n, units = rows.shape
        stays = dropout_mask(
            n, units, layer.dropout, layer=layer.index, step=self._t, seed=self._plan.seed
        )
        scale = rows.dtype.type(1.0 / (1.0 - layer.dropout))
        found: NDArray[Any] = np.where(stays, scale * rows, rows.dtype.type(0))
        return found

    def _loss(self) -> NonFinite | None:
        given = self._plan.loss
        if isinstance(given, LossFunction):
            return self._own_loss(given)
        # of the reference, which is not loaded by `import wbcore`
        from wbcore.reference import LOSSES, Arithmetic
        from wbcore.reference.losses import target_rows, weighed_rows

        arith = Arithmetic("float32" if self._net.dtype == np.float32 else "float64")
        loss, outputs = LOSSES.choice(str(given)), self._net.widths[-1]
        self._by_sums = loss.works_on_sums(self._net[-1].activation)
        last = self._Z[-1] if self._by_sums else self._A[-1]
        y = targets_in_reference(str(given), self._batch.y, outputs)
        targets = [[arith.T(t) for t in row] for row in target_rows(y, outputs)]
        weights = self._batch.weights
        own = None if weights is None else [arith.T(w) for w in weights.tolist()]
        rows = weighed_rows(arith, loss, last.tolist(), targets, own)
        losses = np.array([value for value, _ in rows])
        self._dY = np.array([gradient for _, gradient in rows], self._net.dtype)
        total = np.array(arith.row_total(losses.tolist()))
        name = "dZ" if self._by_sums else "dA"
        return (
            self._found("loss", "loss", losses, None, rows=True)
            or self._found("loss", "sum of losses", total, None, rows=False)
            or self._found("backward", name, self._dY, len(self._net) - 1, rows=True)
        )

    def _own_loss(self, given: LossFunction) -> NonFinite | None:
        self._by_sums = False
        bound = given.bind("fit", self._batch.y, len(self._batch.rows), self._batch.weights)
        value, self._dY = bound(self._A[-1].copy(), slice(None))
        return self._found("loss", "loss", np.array(value), None, rows=False) or self._found(
            "backward", "dA", self._dY, len(self._net) - 1, rows=True
        )

    def _backward(self) -> NonFinite | None:
        """Every dZ from the last layer to the first, then every dW and db."""
        gradients: dict[int, Any] = {}
        dA, last = self._dY, len(self._net) - 1
        first = min((layer.index for layer in self._net if layer.trainable), default=last + 1)
        for index in reversed(range(first, last + 1)):
            layer, dZ = self._net[index], dA
            if not (self._by_sums and index == last):
                dZ = _through(layer, self._Z[index], self._A[index], dA)
            found = self._found("backward", "dZ", dZ, index, rows=True)
            if found:
                return found
            alone = _alone(type(self._net), layer, "identity")
            alone.forward(self._inputs[index])
            gradients[index] = alone.backward(dZ)
            if index > first:
                dA = self._left(self._net[index - 1], gradients[index].inputs)
                found = self._found("backward", "dA", dA, index - 1, rows=True)
                if found:
                    return found
        for index in sorted(gradients):
            if self._net[index].trainable:
                found = self._in_parameters("gradient", ("dW", "db"), gradients[index].flat, index)
                if found:
                    return found
        return None

    def _in_parameters(
        self, phase: str, names: tuple[str, str], flat: NDArray[Any], index: int
    ) -> NonFinite | None:
        """In what is laid out like the parameters of a layer."""
        layer = self._net[index]
        n = layer.inputs * layer.outputs
        weights = flat[:n].reshape(layer.inputs, layer.outputs)
        return self._found(phase, names[0], weights, index, rows=False) or self._found(
            phase, names[1], flat[n:], index, rows=False
        )

    def _update(self) -> NonFinite | None:
        twin, batch = twin_of(self._net), self._batch
        given = self._plan.loss
        _, gradients = twin.loss_and_gradients(
            batch.X,
            batch.y,
            given.function if isinstance(given, LossFunction) else str(given),
            step=self._t,
            seed=self._plan.seed,
            sample_weight=batch.weights,
        )
        optimizer = cast("Optimizer", twin.optimizer)
        optimizer.step(twin, gradients)
        states = optimizer.state(twin).arrays
        start = 0
        for layer in twin:
            end = start + (layer.inputs + layer.bias) * layer.outputs
            for name, flat in (*states.items(), ("", twin.parameters)):
                names = (f"{name} of W", f"{name} of b") if name else ("W", "b")
                found = self._in_parameters("update", names, flat[start:end], layer.index)
                if found:
                    return found
            start = end
        return None


def _alone(kind: type[Network], layer: Layer, activation: str) -> Network:
    """A network of one layer, with the layer's parameters."""
    bias = layer.biases is not None
    structure = LayerStructure(layer.inputs, layer.outputs, activation, bias)
    network = kind._of_structure([structure], layer.weights.dtype)
    network[0].weights[:] = layer.weights
    if bias:
        network[0].biases[:] = layer.biases
    return network


def _through(layer: Layer, Z: NDArray[Any], A: NDArray[Any], dA: NDArray[Any]) -> NDArray[Any]:
    """From dA to dZ, in the reference: any activation, softmax too."""
    from wbcore.reference import ACTIVATIONS, Arithmetic

    arith = Arithmetic("float32" if Z.dtype == np.float32 else "float64")
    activation = ACTIVATIONS.choice(layer.activation)
    rows = zip(dA.tolist(), Z.tolist(), A.tolist(), strict=True)
    return np.array([activation.backward(arith, *row) for row in rows], Z.dtype)
