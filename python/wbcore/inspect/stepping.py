"""One update in numbers: every operation between a batch and the new parameters."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, optimizers
from wbcore._loss_function import LossFunction
from wbcore.inspect._calls import in_rows, named
from wbcore.inspect.exact_table import ExactTable
from wbcore.inspect.networks import require_network
from wbcore.inspect.step_lines import StepLines
from wbcore.inspect.suggested_loss import known_or_suggested_loss
from wbcore.inspect.tracing import LIMIT, require_few
from wbcore.inspect.update_lines import Memory
from wbcore.optimizers import LBFGS
from wbcore.schedules.base import text_of
from wbcore.training.batches import as_read, targets_in_reference

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import Foreign
    from wbcore.losses import Loss
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer

__all__ = ["UpdateTable", "step"]

_NOTE = "a, b: the quantities of a formula, as they come; the first product of a sum is not rounded"


class UpdateTable(ExactTable):
    """The lines of one update, and what it leads to.

    Attributes
    ----------
    network : Network
        A copy of the network, after the update; its optimizer remembers the step.
    loss : float
        Of the batch, before the update.
    """

    __slots__ = ("loss", "network")

    loss: float
    network: Network


def step(
    net: Network,
    x: ArrayLike,
    y: ArrayLike,
    optimizer: Optimizer | str | None = None,
    *,
    loss: Loss | str | None = None,
    sample_weight: ArrayLike | None = None,
    seed: int = 0,
    limit: int = LIMIT,
) -> UpdateTable:
    """Show how a batch changes the parameters: forward, loss, backward, gradients, update.

    The operations are those of docs/arithmetic.md, in its order: for each row the lines of `trace`
    and its loss, what each output adds; from the last layer to the first every dZ, and what it is
    for the layer before; then every dW and db, sums over rows; then what the optimizer makes of
    them. ``result`` of a line that adds a product is ``a * b`` plus the result before it, rounded
    once. Others have a formula, ``name = formula``, ``what, formula`` or ``setting: g = formula``:
    z is a sum, y an output, t a target, dY the gradient by an output, g the one that the optimizer
    goes on with. Its quantities are, as they come, ``a`` and ``b``; all else in it is a number.
    Update lines without a layer are of the whole step, in binary64.
    Neither the network nor the optimizer is changed: the new parameters, which are those of ``fit``
    with these rows as its only batch, to the bit, are in the table and in ``table.network``. They
    are compared with that fit before the table is returned.

    Parameters
    ----------
    net : Network
    x : array-like of shape (B, I), or (I,) for one row
    y : array-like
        As for `fit`; for one row also its target alone.
    optimizer : Optimizer or str, optional
        As for `fit`: by default `net.optimizer`, with what it remembers of the network, or
        SGD(0.01).
    loss : Loss or str, optional
        Default: that of the network's last fit; before one what y and the last layer suggest,
        "cross_entropy" for labels of several outputs, "binary_cross_entropy" for targets of 0 and
        1, else "mse". The title has it.
    sample_weight : array-like of shape (B,), optional
    seed : int, default 0
        Of what `dropout` leaves out, as for `fit`.
    limit : int, default 10000
        How many lines there may be.

    Returns
    -------
    UpdateTable
        ``phase`` ("forward", "loss", "backward", "gradient", "update"), ``row`` of the batch,
        ``layer``, ``unit``, ``operation``, its operands ``a`` and ``b``, ``product``, ``result``.

    Raises
    ------
    TypeError, ValueError
        As `fit`; when the loss is a function of one's own, whose operations nobody knows, or the
        optimizer takes all rows at once; or when there would be more lines than limit.
    DivergenceError
        When the loss or a new parameter is NaN or infinite.

    See Also
    --------
    trace : One prediction in numbers.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="ones")])
    >>> table = step(net, [2.0], [1.0], wb.SGD(0.125), loss="mse")
    >>> table
    One update in float32, operation by operation: mse, sgd(0.125)
    a, b: the quantities of a formula, as they come; the first product of a sum is not rounded
    phase     row  layer  unit  operation                        a    b  product  result
    ------------------------------------------------------------------------------------
    forward   0    0      0     bias                                                 0.0
    forward   0    0      0     add x[0] * W[0, 0]             2.0  1.0      2.0     2.0
    forward   0    0      0     identity of z                  2.0                   2.0
    loss      0    0      0     y - t                          2.0  1.0              1.0
    loss      0                 add a * b of output 0          1.0  1.0      1.0     1.0
    loss                        add loss[0]                    1.0                   1.0
    loss                        sum / N                        1.0  1.0              1.0
    backward  0    0      0     dY of the loss, 2 (y - t) / N  2.0  1.0              2.0
    backward  0    0      0     dZ by identity, dY             2.0                   2.0
    gradient       0      0, 0  add x[0, 0] * dZ[0, 0]         2.0  2.0      4.0     4.0
    gradient       0      0     add dZ[0, 0]                   2.0                   2.0
    update         0      0, 0  W - 0.125 * dW                 1.0  4.0              0.5
    update         0      0     b - 0.125 * db                 0.0  2.0            -0.25
    >>> table.network.parameters, net.parameters
    (array([ 0.5 , -0.25], dtype=float32), array([1., 0.], dtype=float32))
    """
    require_network("step", net)
    chosen = known_or_suggested_loss("step", net, loss, y)
    if isinstance(chosen, LossFunction):
        raise TypeError(
            "[step] expected loss to be one of wbcore.losses, got a function, whose operations "
            "nobody knows"
        )
    used = optimizers.going_on("step", net._core, optimizer)
    if isinstance(used, LBFGS):
        raise TypeError("[step] expected an optimizer that takes a batch at a time, got LBFGS")
    limit = _arguments.integer("step", "limit", limit)
    rows, targets = _as_batch(x, y)
    twin, own = net.copy(), copy(used)
    if net._core in used._states:
        own._states[twin._core] = used._states[net._core]._snapshot(net._core)
    state = own.state(twin)
    memory = Memory(
        state.steps,
        own._rate_after(state.steps, state),
        {name: state.arrays[name].copy() for name in own._needed_states()},
    )
    with named("step", "partial_fit"):  # which looks at all of it
        value = twin.partial_fit(
            rows, targets, loss=chosen, optimizer=own, sample_weight=sample_weight, seed=seed
        )
    X = as_read(net, rows).tolist()
    weights = None if sample_weight is None else np.asarray(sample_weight, float).tolist()
    found = StepLines(net, chosen, own, memory, seed)
    cure = "pass fewer rows or a smaller network, or limit="
    require_few("step", found.count(len(X)), limit, cure)
    found.batch(X, targets_in_reference(chosen, targets, net.widths[-1]), weights)
    _require_equal("loss", [found.loss], np.asarray(value, np.float64))
    _require_equal("parameters", found.parameters, twin.parameters)
    for name, array in own.state(twin).arrays.items():
        if name in found.states:
            _require_equal(name, found.states[name], array)
    title = f"One update in {net.dtype}, operation by operation: {chosen}, {_titled(used)}"
    columns = ("phase", "row", "layer", "unit", "operation", "a", "b", "product", "result")
    note = "\n".join([_NOTE, *found.note.splitlines()])
    table = UpdateTable(columns, found.lines.rows, title, dtype=str(net.dtype), note=note)
    table.network, table.loss = twin, value
    return table


def _titled(optimizer: Optimizer) -> str:
    """Its name, its rate, and all settings that are not the default ones."""
    rate = optimizer.learning_rate
    settings = [text_of(rate) if callable(rate) else repr(rate)]
    for name in optimizer._checks:
        value = getattr(optimizer, name)
        if name != "learning_rate" and value != optimizer._defaults[name]:
            settings.append(f"{name}={value!r}")
    return f"{optimizer._row.name}({', '.join(settings)})"


def _as_batch(x: Foreign, y: Foreign) -> tuple[Foreign, Foreign]:
    """Rows, and a target for each; one row may come alone, and so may its target."""
    rows = in_rows("step", x)
    if np.ndim(x) != 1:
        return rows, y
    target = np.asarray(y)
    return rows, target.reshape(1) if target.ndim == 0 else target if len(target) == 1 else target[
        None
    ]


def _require_equal(what: str, found: list[float], expected: NDArray[Any]) -> None:
    """What was written down is what the core computes; else one of the two is wrong."""
    if np.array(found, expected.dtype).tobytes() != expected.tobytes():
        raise RuntimeError(
            f"[step] expected the bits of the {what} that fit computes, got others: this processor "
            "does not compute as docs/arithmetic.md says"
        )
