"""How the biases of a layer go with its weights."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from wbcore.network import Network

__all__ = ["weight_bias_correlation"]


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return Pearson's r of x and y, both of shape (O,); NaN where it is not defined."""
    with np.errstate(over="ignore", invalid="ignore"):  # of infinite parameters
        x, y = x - x.mean(), y - y.mean()
        spread = float(np.sqrt((x @ x) * (y @ y)))
        # Rounding can carry the quotient an ulp past 1.
        return float(np.clip((x @ y) / spread, -1.0, 1.0)) if spread > 0.0 else float("nan")


def weight_bias_correlation(net: "Network") -> Table:
    """Correlate, layer by layer, the biases of the units with the mean of their incoming weights.

    Parameters
    ----------
    net : Network
        The network; nothing in it is changed.

    Returns
    -------
    Table
        One row a layer: ``layer``, ``units`` (O, the number of pairs) and ``correlation``,
        Pearson's r over the units between ``biases`` (O,) and ``weights.mean(axis=0)`` (O,), in
        float64. It is NaN where all biases or all mean weights are equal: for zero biases, as after
        initialization, and for a layer of one unit or without biases. Printed, that is a dash.

    Notes
    -----
    Over few units r is far from 0 by chance alone: with two units it is always 1 or -1, with ten
    it exceeds 0.63 in absolute value once in twenty times for unrelated numbers.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(2, 3)], seed=0)
    >>> net[0].weights[...] = [[1, 2, 3], [3, 4, 5]]
    >>> net[0].biases[...] = [0.5, 0.25, 0.0]
    >>> weight_bias_correlation(net)
    Biases against the mean incoming weights
    layer  units  correlation
    -------------------------
        0      3     -1.00000
    """
    rows = []
    for index, layer in enumerate(net):
        mean_weights = np.asarray(layer.weights, np.float64).mean(axis=0)
        r = float("nan")
        if layer.biases is not None:
            r = _pearson(mean_weights, np.asarray(layer.biases, np.float64))
        rows.append((index, layer.outputs, r))
    title = "Biases against the mean incoming weights"
    return Table(("layer", "units", "correlation"), rows, title, undefined=("correlation",))
