"""Every unit of a network in numbers: its parameters, what it does on data, what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore._docstrings import with_parameters
from wbcore._saturation import FLAT, saturated, steepest
from wbcore._view import Foreign, n_rows
from wbcore.inspect._calls import named
from wbcore.inspect.networks import require_network
from wbcore.inspect.parameters import norm
from wbcore.inspect.passes import forwards, rows_in, targets_of
from wbcore.inspect.suggested_loss import known_or_suggested_loss
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import SparseLike
    from wbcore.layers import Layer
    from wbcore.losses import LossLike
    from wbcore.network import Network

__all__ = ["unit_table"]

_NEARLY, _ALWAYS = 0.01, 0.95  # shares of rows: a nearly dead unit, and a saturated one


@named("unit_table", "predict", "evaluate")
@with_parameters
def unit_table(
    net: Network,
    X: ArrayLike | SparseLike | None = None,
    y: ArrayLike | None = None,
    loss: LossLike | None = None,
    layer: int | None = None,
) -> Table:
    """Describe every unit: its parameters; with X what it does; with y what it is worth.

    Parameters
    ----------
    net : Network
        The network; nothing in it is changed.
    {X}
    {y}
    loss : Loss, str or callable, optional
        With y; as for `fit`. Default: that of the last fit; before one what y suggests, as in
        `check`.
    layer : int, optional
        One layer alone; negative numbers count from the end. Default: all.

    Returns
    -------
    Table
        One row a unit:

        ====================  ======================================================================
        ``layer``, ``unit``   both counted from 0
        ``bias``              None in a layer without biases
        ``fan_in_norm``       the norm of its incoming weights, over those that are finite
        ``outgoing_norm``     of its weights in the next layer, likewise; None in the last
        ``twin``              the first other unit of the layer with the same bits in all incoming
                              weights and the bias: both do the same on any data; None without
        ``active``            with X, the share of rows in which its output is not 0
        ``saturated``         with X, the share of rows in which the derivative of its activation
                              is below 5 % of the largest one it can have; None where activations
                              do not level off: all but sigmoid, tanh, softsign, elu and softplus
        ``status``            with X, "dead" where active is 0, "nearly dead" below 1 %, "saturated"
                              where that is above 95 %, else ""; printed where there are any
        ``loss_without``      with y, the loss over all rows when its output is 0 in each of them;
                              None in the last layer, whose outputs the loss compares
        ``increase``          ``loss_without`` minus the loss of the network as it is
        ====================  ======================================================================

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or shape, X or y is refused as in ``evaluate``, or
        there is y without X, or no loss for it.

    Notes
    -----
    A unit that is active in no row is *dead* on these rows: it can be left out, and a relu has no
    gradient there. ``increase`` is of one unit at a time: of two that do the same, leaving out
    either may cost nothing, and leaving out both much. On rows that the network was trained on
    it tells what the network relies on, on others what helps.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 3, "relu"), wb.Dense(3, 1)], seed=0)
    >>> net[0].weights[...] = [[1, -1, 1]]
    >>> net[1].weights[...] = [[2], [3], [0]]
    >>> table = unit_table(net, [[1], [2]], [2, 4], loss="mse", layer=0)
    >>> table.select("unit", "outgoing_norm", "active", "twin", "loss_without")
    Units of layer 0, on 2 rows
    active: output not 0; saturated: derivative below 5% of its maximum; loss mse with all units: 0
    status: dead: active 0; nearly dead: below 1%; saturated: above 95%
    unit  outgoing_norm   active  twin  loss_without
    ------------------------------------------------
       0        2.00000  1.00000     2      10.00000
       1        3.00000  0.00000     –       0.00000
       2        0.00000  1.00000     0       0.00000
    """
    operation = "unit_table"
    require_network(operation, net)
    chosen = range(len(net))
    if layer is not None:
        n = len(net)
        index = _arguments.integer(operation, "layer", layer, low=-n, high=n - 1) % n
        chosen = range(index, index + 1)
    columns = {name: _stacked(net, chosen, of) for name, of in _OF_PARAMETERS.items()}
    title, note = "Units" if layer is None else f"Units of layer {chosen[0]}", ""
    if X is None and y is not None:
        raise ValueError(f"[{operation}] expected X beside y, got None")
    if X is not None:
        rows = rows_in(operation, X)
        title += f", on {n_rows(rows):,} rows"
        note = f"active: output not 0; saturated: derivative below {FLAT:.0%} of its maximum"
        if y is None:
            columns |= _shares(net, chosen, rows)
        else:
            y = targets_of(operation, y, n_rows(rows))
            given: Foreign = known_or_suggested_loss(operation, net, loss, y)
            base = net.evaluate(rows, y, loss=given)["loss"]
            note += f"; loss {given} with all units: {base:.6g}"
            columns |= _shares(net, chosen, rows) | _worth(
                net, chosen, rows, y=y, loss=given, base=base
            )
    lost = net.n_parameters - int(np.isfinite(net.parameters).sum())
    if lost:
        said = f"{lost:,} of {net.n_parameters:,} parameters are NaN or infinite"
        note = "\n".join(filter(None, (f"{said}: norms are of the others", note)))
    printed: list[str] = [name for name in columns if name != "status"]
    spare: tuple[str, ...] = ()
    if any(columns.get("status", ())):
        printed.insert(printed.index("unit") + 1, "status")
        spare = ("fan_in_norm",)
        note += f"\nstatus: dead: active 0; nearly dead: below {_NEARLY:.0%}; "
        note += f"saturated: above {_ALWAYS:.0%}"
    rows_of_units = zip(*columns.values(), strict=True)
    return Table(tuple(columns), rows_of_units, title, note=note, printed=printed, spare=spare)


def _biases(_: Network, layer: Layer) -> list[Any]:
    return [None] * layer.outputs if layer.biases is None else layer.biases.tolist()


def _finite_norms(weights: NDArray[Any], axis: int) -> list[float]:
    values: NDArray[np.float64] = np.where(np.isfinite(weights), weights, 0).astype(np.float64)
    norms: list[float] = norm(values, axis).tolist()
    return norms


def _outgoing(net: Network, layer: Layer) -> list[Any]:
    if layer.index == len(net) - 1:
        return [None] * layer.outputs
    return list(_finite_norms(net[layer.index + 1].weights, axis=1))


def _twins(_: Network, layer: Layer) -> list[int | None]:
    """By the bits of all that goes into a unit, as they are: 0 and -0 differ, a NaN is itself."""
    parts = [layer.weights] if layer.biases is None else [layer.weights, layer.biases[None]]
    columns = np.ascontiguousarray(np.vstack(parts).T)
    places: dict[bytes, list[int]] = {}
    for unit, column in enumerate(columns):
        places.setdefault(column.tobytes(), []).append(unit)
    twins: list[int | None] = [None] * layer.outputs
    for first, *others in places.values():
        for unit in others:
            twins[unit] = first
        if others:
            twins[first] = others[0]
    return twins


_OF_PARAMETERS = {
    "layer": lambda _, layer: [layer.index] * layer.outputs,
    "unit": lambda _, layer: list(range(layer.outputs)),
    "bias": _biases,
    "fan_in_norm": lambda _, layer: _finite_norms(layer.weights, axis=0),
    "outgoing_norm": _outgoing,
    "twin": _twins,
}


def _stacked(net: Network, chosen: range, of: Any) -> list[Any]:  # noqa: ANN401, a function
    """What a function gives for each of the layers, one after another."""
    return [value for index in chosen for value in of(net, net[index])]


def _shares(net: Network, chosen: range, X: Foreign) -> dict[str, list[Any]]:
    """In how many of the rows units are active and saturated."""
    active = {index: np.zeros(net[index].outputs, np.int64) for index in chosen}
    flat = {i: np.zeros_like(active[i]) for i in chosen if steepest(net[i].activation) is not None}
    for forward in forwards(net[: chosen.stop], X):
        for index in chosen:
            z, a = forward.z[index], forward.a[index]
            active[index] += np.count_nonzero(a, axis=0)
            is_flat = saturated(net[index].activation, z, a)
            if is_flat is not None:
                flat[index] += np.count_nonzero(is_flat, axis=0)
    n = n_rows(X)
    of_active = [count / n for i in chosen for count in active[i].tolist()]
    of_flat = [
        None if i not in flat else count / n
        for i in chosen
        for count in flat.get(i, active[i]).tolist()
    ]
    status = list(map(_status, of_active, of_flat))
    return {"active": of_active, "saturated": of_flat, "status": status}


def _status(active: float, flat: float | None) -> str:
    """By the bounds of `diagnose`."""
    if active == 0:
        return "dead"
    if active < _NEARLY:
        return "nearly dead"
    return "saturated" if flat is not None and flat > _ALWAYS else ""


def _worth(
    net: Network, chosen: range, X: Foreign, *, y: NDArray[Any], loss: LossLike, base: float
) -> dict[str, list[Any]]:
    """The loss without each unit, and how much more that is."""
    last = len(net) - 1
    increases = {index: np.zeros(net[index].outputs) for index in chosen if index < last}
    for forward in forwards(net[:last], X) if increases else ():
        share = (forward.rows.stop - forward.rows.start) / n_rows(X)
        for i in increases:
            more = _increases(net[i + 1 :], forward.a[i], y[forward.rows], loss)
            increases[i] += share * more
    none = [None] * net[last].outputs
    found = [more for i in chosen for more in (increases[i].tolist() if i < last else none)]
    without = [None if more is None else base + more for more in found]
    return {"loss_without": without, "increase": found}


def _increases(
    rest: Network, a: NDArray[Any], y: NDArray[Any], loss: LossLike
) -> NDArray[np.float64]:
    """What the mean loss of some rows gains when a unit is left out, for each of the units.

    Parameters
    ----------
    rest : Network
        The layers after the units'.
    a : ndarray of shape (B, O)
        What the units give.
    """
    if not np.isfinite(a).all():
        return np.full(a.shape[1], np.nan)
    a = a.copy()
    base = rest.evaluate(a, y, loss=loss)["loss"]
    increases = np.zeros(a.shape[1])
    for unit in range(a.shape[1]):
        kept = a[:, unit].copy()
        if kept.any():  # else nothing changes
            a[:, unit] = 0
            increases[unit] = rest.evaluate(a, y, loss=loss)["loss"] - base
            a[:, unit] = kept
    return increases
