"""Numbers that are none: NaN and infinity, in the network and in the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding, are, counted
from wbcore.inspect.findings.names import Columns

if TYPE_CHECKING:
    from wbcore.inspect.findings.data import Data
    from wbcore.network import Network

__all__ = ["CODES", "not_finite_data", "not_finite_parameters"]

NONFINITE = Code(
    "WB-NONFINITE",
    "error",
    "both",
    "NaN or infinity in weights, biases or data",
    "one such number among the parameters, or in the rows looked at (for a float32 network also "
    "what is beyond 3.4e38)",
    "it spreads: every output that it enters is NaN, and so is every gradient",
    "of a network: begin again from initial weights, with a lower learning rate and clip_norm=1; "
    "of data: fill or drop what is missing (wbcore.sklearn and wbcore train do it)",
)
CODES = (NONFINITE,)


def not_finite_parameters(net: Network) -> Iterator[Finding]:
    """One finding a layer that has such parameters, with the units that do."""
    for layer in net:
        bad = ~np.isfinite(layer.weights)
        units = bad.any(axis=0)
        many = int(bad.sum())
        if layer.biases is not None:
            of_biases = ~np.isfinite(layer.biases)
            units, many = units | of_biases, many + int(of_biases.sum())
        if many:
            which = tuple(map(int, np.flatnonzero(units)))
            yield NONFINITE.found(
                f"{counted(many, 'parameter')} of layer {layer.index} {are(many)} NaN or infinite, "
                f"in {len(which)} of {counted(layer.outputs, 'unit')}",
                layer=layer.index,
                units=which,
                numbers={"parameters": many, "units": len(which)},
            )


def not_finite_data(name: str, data: Data, net: Network) -> Iterator[Finding]:
    """One finding each for X and y."""
    targets = "y" if name == "X" else f"the targets of {name}"
    for what, values in ((name, data.x), (targets, data.y_of_rows)):
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(np.asarray(values, net.dtype))
        many = int(bad.sum())
        if many:
            at = tuple(map(int, np.argwhere(bad)[0]))
            row = int(data.rows[at[0]])
            place = f"row {row}"
            if len(at) > 1:
                called = data.columns if values is data.x else Columns()
                place += f", column {called.name(at[1])}"
            yield NONFINITE.found(
                f"{counted(many, 'number')} of {what} {are(many)} NaN or infinite in {data.text}, "
                f"the first in {place}",
                numbers={"values": many, "row": row},
            )
