"""One prediction in numbers: every operation between a row and its outputs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore.inspect._calls import in_rows, named
from wbcore.inspect.exact_table import ExactTable
from wbcore.inspect.networks import require_network
from wbcore.inspect.operations import Lines, count_of_sum, count_of_unit
from wbcore.reference import ACTIVATIONS, Arithmetic
from wbcore.reference.arithmetic import FEATURE_LEAF
from wbcore.training.batches import as_read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from wbcore.layers import Layer
    from wbcore.network import Network

__all__ = ["layer_lines", "require_few", "trace"]

LIMIT = 10_000


def trace(
    net: Network,
    x: ArrayLike,
    *,
    layer: int | None = None,
    unit: int | None = None,
    limit: int = LIMIT,
) -> ExactTable:
    """Show how one row becomes a prediction: every product, sum, bias and activation, in order.

    The operations are those of docs/arithmetic.md, in its order. A sum begins with the bias; then
    each line adds one product. ``result`` is ``a * b`` plus the result of the line before, rounded
    once; ``product`` is ``a * b`` rounded by itself, to be looked at: no sum is made of it. Of more
    than 256 inputs each 256 are a sum of their own. A layer's sums come first, then its outputs, so
    that the last lines are ``net.predict(x[None])``, to the bit: they are compared with it before
    the table is returned.

    Parameters
    ----------
    net : Network
    x : array-like of shape (I,) or (1, I)
        One row, or a `Scaled` or `Standardized` of one.
    layer : int, optional
        The lines of this layer alone, whose inputs are the outputs of the one before.
    unit : int, optional
        And of it this unit alone; needs layer.
    limit : int, default 10000
        How many lines there may be.

    Returns
    -------
    ExactTable
        ``layer``, ``unit``, ``operation``, its operands ``a`` and ``b``, ``product``, ``result``;
        the numbers are those of the network's dtype. ``table.bits("result")`` has their bits.

    Raises
    ------
    TypeError, ValueError
        When x is not one row of finite numbers for this network, layer or unit does not exist,
        there would be more lines than limit, or a sum is NaN, whose bits nobody promises.

    See Also
    --------
    step : One update in numbers.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(2, 1, "sigmoid")], dtype="float64")
    >>> net[0].weights[:, 0] = 0.8, 0.6
    >>> net[0].biases[0] = 0.2
    >>> trace(net, [0.5, 0.3])
    One prediction in float64, operation by operation
    layer  unit  operation              a    b  product              result
    -----------------------------------------------------------------------
    0      0     bias                                                   0.2
    0      0     add x[0] * W[0, 0]   0.5  0.8      0.4  0.6000000000000001
    0      0     add x[1] * W[1, 0]   0.3  0.6     0.18                0.78
    0      0     sigmoid of z        0.78                0.6856801139382539
    """
    require_network("trace", net)
    rows = in_rows("trace", x)
    with named("trace", "predict"):
        outputs = net.predict(rows)
    if len(outputs) != 1:
        raise ValueError(f"[trace] expected x to be one row, got {len(outputs)}")
    shown = range(len(net)) if layer is None else [_place("layer", layer, len(net))]
    units = _units(net, shown, unit)
    limit = _arguments.integer("trace", "limit", limit)
    require_few(
        "trace",
        sum(_count(net[i], units or range(net[i].outputs)) for i in shown),
        limit,
        "choose layer= and unit=, or pass limit=",
    )
    activations = [*as_read(net, rows), *(a[0] for a in net.activations(rows))]
    lines = Lines(Arithmetic("float32" if net.dtype == np.float32 else "float64"))
    for index in shown:
        found = layer_lines(
            lines, net[index], activations[index].tolist(), (), units or range(net[index].outputs)
        )
        _require_equal(found, activations[index + 1], units)
    title = f"One prediction in {net.dtype}, operation by operation"
    columns = ("layer", "unit", "operation", "a", "b", "product", "result")
    return ExactTable(columns, lines.rows, title, dtype=str(net.dtype))


def layer_lines(
    lines: Lines, layer: Layer, x: Sequence[float], where: tuple[Any, ...], units: Sequence[int]
) -> tuple[list[float], list[float]]:
    """Write down what a layer does with a row.

    Parameters
    ----------
    lines : Lines
    layer : Layer
    x : sequence of float
        The layer's inputs.
    where : tuple
        What stands in front of the number of the layer.
    units : sequence of int
        Of which units; of a softmax also what they have in common.

    Returns
    -------
    z, a : list of float
        Their sums and outputs.
    """
    index, weights = layer.index, layer.weights

    def at(unit: int | None) -> None:
        lines.where = (*where, index, unit)

    def z(unit: int) -> float:
        at(unit)
        bias = None if layer.biases is None else float(layer.biases[unit])
        start = lines.add("no bias: +0", 0.0) if bias is None else lines.add("bias", bias)
        column = weights[:, unit].tolist()
        return lines.feature_sum(start, x, column, lambda k: f"add x[{k}] * W[{k}, {unit}]")

    if not ACTIVATIONS.choice(layer.activation).elementwise:
        sums = [z(unit) for unit in range(layer.outputs)]
        _require_numbers(index, range(layer.outputs), sums, math.isfinite)
        lines.softmax(sums, at, units)
    else:
        sums = [z(unit) for unit in units]
        _require_numbers(index, units, sums, lambda value: not math.isnan(value))
        for unit, value in zip(units, sums, strict=True):
            at(unit)
            lines.activation(layer.activation, value)
    return sums, [line[-1] for line in lines.rows[-len(units) :]]


def _require_numbers(
    layer: int, units: Sequence[int], sums: Sequence[float], allowed: Callable[[float], bool]
) -> None:
    """The contract says nothing of what is made of NaN, which has many bit patterns."""
    for unit, value in zip(units, sums, strict=True):
        if not allowed(value):
            raise ValueError(
                f"[trace] expected sums that are not NaN, those of softmax finite, got {value} in "
                f"unit {unit} of layer {layer}: parameters are NaN, infinite or too large "
                f"(inspect.parameter_table)"
            )


def require_few(operation: str, count: int, limit: int, cure: str) -> None:
    """Refuse a table that nobody reads.

    Raises
    ------
    ValueError
        Saying what would make it shorter.
    """
    if count > limit:
        raise ValueError(
            f"[{operation}] expected at most {limit:,} lines, got {count:,} of this network; {cure}"
        )


def _count(layer: Layer, units: Sequence[int]) -> int:
    """How many lines a layer has."""
    if ACTIVATIONS.choice(layer.activation).elementwise:
        return len(units) * (count_of_unit(layer.inputs) + 1)
    own = 1 + 2 * layer.outputs + count_of_sum(layer.outputs, FEATURE_LEAF) + len(units)
    return layer.outputs * count_of_unit(layer.inputs) + own


def _place(name: str, value: int, count: int) -> int:
    return _arguments.integer("trace", name, value, low=-count, high=count - 1) % count


def _units(net: Network, shown: Sequence[int], unit: int | None) -> list[int] | None:
    if unit is None:
        return None
    if len(shown) != 1:
        raise ValueError(f"[trace] expected a layer with unit={_arguments.shown(unit)}, got None")
    return [_place("unit", unit, net[shown[0]].outputs)]


def _require_equal(
    found: tuple[list[float], list[float]], expected: NDArray[Any], units: list[int] | None
) -> None:
    """What was written down is what the core computes; else one of the two is wrong."""
    wanted = expected if units is None else expected[units]
    if np.array(found[1], expected.dtype).tobytes() != wanted.tobytes():
        raise RuntimeError(
            f"[trace] expected the bits of predict, {wanted.tolist()}, got {found[1]}: this "
            "processor does not compute as docs/arithmetic.md says"
        )
