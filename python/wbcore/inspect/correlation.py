"""How the biases of a layer go with its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wbcore._statistics import exponent_of
from wbcore.inspect.intervals import Interval, correlation_interval
from wbcore.inspect.networks import require_network
from wbcore.inspect.parameters import norm
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["pearson", "weight_bias_correlation"]

_COLUMNS = ("correlation", "low", "high", "norm_correlation", "norm_low", "norm_high")


def pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Pearson's r of x and y, both of shape (O,); NaN where it is not defined."""
    with np.errstate(invalid="ignore", under="ignore"):  # the former of infinite parameters
        x, y = (np.ldexp(values, -exponent_of(values)) for values in (x, y))
        x, y = x - x.mean(), y - y.mean()
        spread = float(np.sqrt((x @ x) * (y @ y)))
        # Rounding can carry the quotient an ulp past 1.
        return float(np.clip((x @ y) / spread, -1.0, 1.0)) if spread > 0.0 else float("nan")


def weight_bias_correlation(net: Network) -> Table:
    """Correlate, layer by layer, the biases of the units with the weights that come into them.

    Parameters
    ----------
    net : Network
        The network; nothing in it is changed.

    Returns
    -------
    Table
        One row a layer, computed in float64:

        ====================  ======================================================================
        ``layer``             counted from 0
        ``units``             O, the number of pairs
        ``correlation``       Pearson's r over the units between ``biases`` (O,) and the means of
                              their incoming weights, ``weights.mean(axis=0)`` (O,)
        ``low, high``         its 95 % confidence interval by Fisher's z; for four units or more
        ``norm_correlation``  likewise with the norms of their incoming weights
        ``norm_low,
        norm_high``
        ====================  ======================================================================

        r is NaN where all biases or all means or norms are equal: for zero biases, as after
        initialization, and for a layer of one unit or without biases; and where there are
        parameters that are not finite. Printed, that is a dash.

    Notes
    -----
    Over few units r is far from 0 by chance alone: with two units it is always 1 or -1, with ten
    it exceeds 0.63 in absolute value once in twenty times for unrelated numbers. The interval (R.
    A. Fisher, Metron 1, 1921) is that of independent pairs from a normal distribution; units that
    were trained together are not independent, so take it for the least uncertainty that there is.
    And a correlation is no cause: neither makes the other what it is.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(2, 4)], seed=0)
    >>> net[0].weights[...] = [[1, 2, 3, 4], [3, 4, 5, 7]]
    >>> net[0].biases[...] = [0.5, 0.25, 0.0, 0.25]
    >>> weight_bias_correlation(net).select("layer", "units", "correlation", "low", "high")
    Correlation of a unit's bias with the mean of its incoming weights
    low, high: 95 % interval by Fisher's z; norm_: with the norm of the weights, not their mean
    layer  units  correlation       low     high
    --------------------------------------------
        0      4     -0.54687  -0.98844  0.87312
    """
    require_network("weight_bias_correlation", net)
    rows = []
    for index, layer in enumerate(net):
        weights = np.asarray(layer.weights, np.float64)
        pairs = [Interval(*[float("nan")] * 3)] * 2
        if layer.biases is not None:
            biases = np.asarray(layer.biases, np.float64)
            with np.errstate(under="ignore", invalid="ignore"):  # the latter of infinite weights
                weights = np.ldexp(weights, -exponent_of(weights))  # no r depends on the unit
                others = weights.mean(axis=0), norm(weights, axis=0)
            pairs = [
                correlation_interval(pearson(other, biases), layer.outputs) for other in others
            ]
        rows.append((index, layer.outputs, *pairs[0], *pairs[1]))
    title = "Correlation of a unit's bias with the mean of its incoming weights"
    note = (
        "low, high: 95 % interval by Fisher's z; "
        "norm_: with the norm of the weights, not their mean"
    )
    return Table(("layer", "units", *_COLUMNS), rows, title, note=note, undefined=_COLUMNS)
