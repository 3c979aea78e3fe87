"""The table of a network's layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore._text_table import number, table

if TYPE_CHECKING:
    from wbcore.network import Network

__all__ = ["summary"]


def summary(network: Network) -> str:
    """See `Network.summary`."""
    header = ["layer", "activation", "weights", "biases", "parameters"]
    header += ["W mean", "W std", "b mean", "b std"]
    rows: list[list[str]] = []
    for layer, (weights, biases) in zip(network, network.statistics(), strict=True):
        row = [str(layer.index), layer.activation]
        row += [str(layer.weights.shape), str(layer.biases.shape)]
        row += [f"{layer.weights.size + layer.biases.size:,}"]
        row += map(number, (weights.mean, weights.std, biases.mean, biases.std))
        rows.append(row)
    total = ["total", "", "", "", f"{network.n_parameters:,}", "", "", "", ""]
    lines = table(header, [*rows, [], total], left=2)
    return (
        f"{lines}\n{network.widths[0]} inputs, {network.widths[-1]} outputs, {network.dtype}, "
        f"{network.parameters.nbytes:,} bytes"
    )
