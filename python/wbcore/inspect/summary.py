"""What a network is made of, in short: statistics of its layers, and the table of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _core
from wbcore._methods import network_method
from wbcore._statistics import LayerStatistics, layer_statistics
from wbcore._text_table import column, table

if TYPE_CHECKING:
    from wbcore.network import Network

__all__ = ["statistics", "summary"]


@network_method
def statistics(self: Network) -> tuple[LayerStatistics, ...]:
    """Mean, mean of absolute values, standard deviation, minimum and maximum of every layer.

    Returns
    -------
    tuple of LayerStatistics
        One a layer, with `weights` and `biases`; computed in float64. Squares of numbers beyond
        1e154 are infinite there, and so is `std`; `inspect.parameter_table` has it.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(2, 1, initializer="ones")])
    >>> net.statistics()[0].weights
    Statistics(mean=1.0, mean_abs=1.0, std=0.0, min=1.0, max=1.0)
    """
    return layer_statistics(_core.statistics(self._core))


@network_method
def summary(self: Network) -> str:
    """A table of the layers: shapes, parameters, activation, mean and spread of W and b, dropout.

    Returns
    -------
    str

    Examples
    --------
    >>> import wbcore as wb
    >>> print(wb.Network([wb.Dense(2, 3, "relu", initializer="ones")]).summary())
    layer  activation  weights  biases  parameters   W mean    W std   b mean    b std
    ----------------------------------------------------------------------------------
    0      relu         (2, 3)    (3,)           9  1.00000  0.00000  0.00000  0.00000
    ----------------------------------------------------------------------------------
    total                                        9
    2 inputs, 3 outputs, float32, 36 bytes
    """
    header = ["layer", "activation", "weights", "biases", "parameters"]
    header += ["W mean", "W std", "b mean", "b std"]
    dropout = any(layer.dropout for layer in self)  # few have it: no column for nothing
    header += ["dropout"] * dropout
    rows: list[list[str]] = []
    statistics = self.statistics()
    means = [
        column([None if one is None else getattr(one, name) for one in of])
        for of in zip(*statistics, strict=True)
        for name in ("mean", "std")
    ]
    for layer, shown in zip(self, zip(*means, strict=True), strict=True):
        row = [str(layer.index), layer.activation, str(layer.weights.shape)]
        biases, count = layer.biases, layer.weights.size
        if biases is None:
            row += ["none", f"{count:,}", *shown]
        else:
            row += [str(biases.shape), f"{count + biases.size:,}", *shown]
        row += [f"{layer.dropout:g}" if layer.dropout else ""] * dropout
        rows.append(row)
    total = ["total", "", "", "", f"{self.n_parameters:,}", "", "", "", ""] + [""] * dropout
    lines = table(header, [*rows, [], total], left=2)
    return (
        f"{lines}\n{self.widths[0]} inputs, {self.widths[-1]} outputs, {self.dtype}, "
        f"{self.parameters.nbytes:,} bytes"
    )
