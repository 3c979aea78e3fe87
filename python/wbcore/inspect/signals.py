"""What becomes of a signal from layer to layer, and of the gradient on its way back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _core, _named, losses
from wbcore._docstrings import with_parameters
from wbcore._loss_function import LossFunction
from wbcore._saturation import FLAT, saturated, steepest
from wbcore._view import n_rows
from wbcore.activations import ELEMENTWISE, name_of
from wbcore.inspect._calls import named
from wbcore.inspect.networks import require_network
from wbcore.inspect.passes import Forward, forwards, rows_in, targets_of
from wbcore.inspect.suggested_loss import known_or_suggested_loss
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import Foreign, SparseLike
    from wbcore.losses import LossLike
    from wbcore.network import Network

    # The gradient of each row's loss by the outputs, or by the z of a last activation that the loss
    # includes.
    OfOutputs = Callable[[Forward], tuple[NDArray[Any], bool]]

__all__ = ["activations"]


@named("activations", "predict", "evaluate")
@with_parameters
def activations(
    net: Network,
    X: ArrayLike | SparseLike,
    y: ArrayLike | None = None,
    loss: LossLike | None = None,
) -> Table:
    """Follow a signal through the layers; with y, the gradient back through them.

    Parameters
    ----------
    net : Network
        The network; nothing in it is changed. Layers leave nothing out, as in prediction.
    {X}
    {y}
    loss : Loss, str or callable, optional
        With y; as for `fit`. Default: that of the last fit; before one what y suggests, as in
        `check`.

    Returns
    -------
    Table
        One row a layer, over all rows and units, in float64:

        ==================  ========================================================================
        ``layer``           counted from 0
        ``activation``      its text
        ``units``           how many there are
        ``mean``, ``std``   of the outputs after the activation, those that are finite; ``std`` of
                            the population: divided by their number
        ``zeros``           the share of outputs that are exactly 0
        ``saturated``       the share of outputs at which the derivative of the activation is below
                            5 % of the largest one it can have; None where activations do not level
                            off: all but sigmoid, tanh, softsign, elu and softplus
        ``nonfinite``       how many outputs are NaN or infinite; printed where there are any
        ``gradient_std``    with y, the standard deviation of the gradient of each row's loss by the
                            sums z before the activation: what back-propagation carries, and what
                            the gradients of weights and biases are made of; NaN where one is
                            not finite
        ==================  ========================================================================

    Raises
    ------
    TypeError, ValueError
        When X, y or the loss is refused as in ``evaluate``, or there is no loss for y.

    Notes
    -----
    Where ``std`` or ``gradient_std`` falls or grows by a factor from layer to layer, it does so
    with the number of layers as its exponent: the signal or the gradient vanishes or explodes (X.
    Glorot and Y. Bengio, 2010). Initializers are made to keep them.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 2, "relu"), wb.Dense(2, 1)], seed=0)
    >>> net[0].weights[...], net[1].weights[...] = [[1, -1]], [[2], [1]]
    >>> activations(net, [[1], [3]], [2, 5], "mse")
    The signal on 2 rows, and the gradient of their loss mse
    zeros: outputs that are 0; saturated: derivative below 5% of its maximum; gradient_std: by z
    layer  activation  units     mean      std    zeros  saturated  gradient_std
    ----------------------------------------------------------------------------
    0      relu            2  1.00000  1.22474  0.50000          –       1.73205
    1      identity        1  4.00000  2.00000  0.00000          –       1.00000
    """
    operation = "activations"
    require_network(operation, net)
    rows = rows_in(operation, X)
    title = f"The signal on {n_rows(rows):,} rows"
    note = f"zeros: outputs that are 0; saturated: derivative below {FLAT:.0%} of its maximum"
    of_outputs: OfOutputs | None = None
    if y is not None:
        given: Foreign = known_or_suggested_loss(operation, net, loss, y)
        of_outputs = _of_outputs(net, targets_of(operation, y, n_rows(rows)), given)
        title += f", and the gradient of their loss {_named_loss(given)}"
        note += "; gradient_std: by z"
        net.evaluate(rows, y, loss=given)  # refuses what does not go together
    outputs, gradients = ([_Moments() for _ in net] for _ in range(2))
    flat = [0] * len(net)
    for forward in forwards(net, rows):
        for layer, z, a in zip(net, forward.z, forward.a, strict=True):
            outputs[layer.index].add(a)
            is_flat = saturated(layer.activation, z, a)
            if is_flat is not None:
                flat[layer.index] += int(np.count_nonzero(is_flat))
        if of_outputs is not None:
            for moments, dZ in zip(
                gradients[::-1], _backwards(net, forward, of_outputs), strict=True
            ):
                moments.add(dZ)
    found = []
    for layer, signal, gradient, n_flat in zip(net, outputs, gradients, flat, strict=True):
        levels_off = steepest(layer.activation) is not None
        row = [layer.index, layer.activation, layer.outputs, signal.mean, signal.std]
        row += [signal.zeros / signal.n, n_flat / signal.n if levels_off else None]
        row += [signal.nonfinite]
        row += [math.nan if gradient.nonfinite else gradient.std] * (y is not None)
        found.append(row)
    columns = ["layer", "activation", "units", "mean", "std", "zeros", "saturated", "nonfinite"]
    columns += ["gradient_std"] * (y is not None)
    printed = [
        c for c in columns if c != "nonfinite" or any(signal.nonfinite for signal in outputs)
    ]
    return Table(columns, found, title, note=note, printed=printed)


class _Moments:
    """Mean and standard deviation of numbers that come in blocks, and what else is counted."""

    def __init__(self) -> None:
        self.n = self.zeros = self.nonfinite = 0
        self._mean = self._squares = 0.0

    def add(self, values: NDArray[Any]) -> None:
        """Two means with sums of squared deviations become one (Chan, Golub and LeVeque, 1979)."""
        finite = values[np.isfinite(values)].astype(np.float64)
        before, n = self.n - self.nonfinite, finite.size
        self.n += values.size
        self.zeros += int(np.count_nonzero(finite == 0))
        self.nonfinite += values.size - n
        if not n:
            return
        with np.errstate(over="ignore", invalid="ignore"):  # squares of float64 beyond 1e154
            mean = float(finite.mean())
            squares = float(np.square(finite - mean).sum())
        apart = mean - self._mean
        self._mean += apart * (n / (before + n))
        self._squares += squares + apart * apart * (before * n / (before + n))

    @property
    def mean(self) -> float:
        """NaN of no finite numbers."""
        return self._mean if self.n > self.nonfinite else math.nan

    @property
    def std(self) -> float:
        """Likewise."""
        n = self.n - self.nonfinite
        return math.sqrt(self._squares / n) if n else math.nan


def _named_loss(loss: LossLike) -> str:
    return str(losses.check_given("activations", loss))


def _of_outputs(net: Network, y: NDArray[Any], loss: LossLike) -> OfOutputs:
    """The gradient of the loss of each row, and whether it is by the z of the last layer."""
    given = losses.check_given("activations", loss)
    if isinstance(given, LossFunction):
        bound = given.bind("activations", y, len(y), None)

        def of_function(forward: Forward) -> tuple[NDArray[Any], bool]:
            return bound(forward.a[-1].copy(), forward.rows)[1] * len(forward.a[-1]), False

        return of_function
    name, _ = _named.parsed("loss", "activations", "loss", given)
    last = name_of(net[-1].activation)
    undone = _named.rows("loss")[name].properties["undone"]
    by_z = last in ("identity", undone)

    def of_loss(forward: Forward) -> tuple[NDArray[Any], bool]:
        from_ = forward.z[-1] if by_z else forward.a[-1]
        if not np.isfinite(from_).all():
            return np.full_like(from_, np.nan), by_z
        _, gradient = losses.loss_and_gradient(given, from_, y[forward.rows])
        return gradient * len(from_), by_z

    return of_loss


def _backwards(net: Network, forward: Forward, of_outputs: OfOutputs) -> Iterator[NDArray[Any]]:
    """The dZ of every layer, the last one first, in the arithmetic of training."""
    gradient, by_z = of_outputs(forward)
    for layer in reversed(list(net)):
        z, a = forward.z[layer.index], forward.a[layer.index]
        if layer.index < len(net) - 1 or not by_z:
            gradient = _through(layer.activation, z, a, gradient)
        yield gradient
        if layer.index:
            nothing = np.zeros(layer.inputs, gradient.dtype)
            gradient = _core.dense(gradient, np.ascontiguousarray(layer.weights.T), nothing)


def _through(activation: str, z: NDArray[Any], a: NDArray[Any], dA: NDArray[Any]) -> NDArray[Any]:
    if name_of(activation) in ELEMENTWISE:
        return _core.activation_backward(activation, z, a, dA)
    dZ: NDArray[Any] = a * (dA - (dA * a).sum(axis=1, keepdims=True))  # of softmax
    return dZ
