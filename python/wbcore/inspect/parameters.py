"""The weights and biases of every layer in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore._statistics import Statistics, exponent_of, statistics_of
from wbcore.initializers._spread import expected_std
from wbcore.inspect.networks import require_network
from wbcore.inspect.table import Table
from wbcore.parameter_record import ParameterRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["NEAR_ZERO", "parameter_table"]

NEAR_ZERO = 1e-3  # of the standard deviation
# Up to 2^400 and from 2^-400 on, the squares of numbers and the sums of any number of them are
# normal numbers of float64, so that the core's moments hold.
_LARGEST = 400


def parameter_table(net: Network | ParameterRecord) -> Table:
    """Describe the weights and the biases of every layer.

    Parameters
    ----------
    net : Network or ParameterRecord
        The network; nothing in it is changed. Its parameters may be NaN and infinite. Or a record
        of a training, such as ``history.parameters.initial``: its `table()`, without ``shape``,
        ``near_zeros`` and ``expected_std``.

    Returns
    -------
    Table
        Two rows a layer, weights and biases, or one if it has no biases:

        ==================  ========================================================================
        ``layer``           counted from 0
        ``of``              "weights" or "biases"
        ``shape``           as text
        ``mean``            of all values; like what follows in float64, over those that are finite
        ``mean_abs``        the mean of the absolute values
        ``std``             of the population: divided by the number of values
        ``min``, ``max``
        ``norm``            the square root of the sum of squares
        ``zeros``           how many are exactly 0
        ``near_zeros``      how many are below 0.001 ``std`` in absolute value, and exact zeros,
                            whatever ``std`` is
        ``nonfinite``       how many are NaN or infinite: they count in no other column but ``n``
        ``q25, median,      quartiles of all values, exact, linear between the two nearest
        q75``
        ``n``               the number of values
        ``expected_std``    the standard deviation with which the layer's initializer draws; None
                            where it is not known: of functions, and in files of an older wbcore
        ==================  ========================================================================

        Printed are those up to ``zeros``, and ``nonfinite`` where there are any.

    Notes
    -----
    The mean of weights is near zero in most networks, since positive and negative ones cancel;
    ``mean_abs`` and ``std`` tell how large they are. None of them tells how important a feature is.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(2, 2)], seed=0)
    >>> net[0].weights[...] = [[1, -1], [2, -2]]
    >>> table = parameter_table(net)
    >>> table.select("of", "mean", "mean_abs", "std", "norm", "zeros")
    Weights and biases by layer
    of          mean  mean_abs      std     norm  zeros
    ---------------------------------------------------
    weights  0.00000   1.50000  1.58114  3.16228      0
    biases   0.00000   0.00000  0.00000  0.00000      2
    >>> table["median"], table["expected_std"]
    ([0.0, 0.0], [0.7071067811865476, 0.0])
    """
    if isinstance(net, ParameterRecord):
        return net.table()
    require_network("parameter_table", net)
    known = net._initializers or ((None, None),) * len(net)
    rows = []
    for layer, statistics, initializers in zip(net, net.statistics(), known, strict=True):
        fan = layer.inputs, layer.outputs
        for of, moments, text in zip(("weights", "biases"), statistics, initializers, strict=True):
            values = getattr(layer, of)
            if values is None:
                continue
            expected = None if text is None else expected_std(text, *fan)
            numbers = _describe(np.array(values, copy=True).reshape(-1), moments)
            rows.append((layer.index, of, str(values.shape), *numbers, expected))
    columns = ("layer", "of", "shape", *_Numbers._fields, "expected_std")
    printed = ["layer", "of", "shape", *_Numbers._fields[:7]]
    if any(row[columns.index("nonfinite")] for row in rows):
        printed.append("nonfinite")
    title = "Weights and biases by layer"
    return Table(columns, rows, title, printed=printed, spare=("norm", "mean_abs"))


class _Numbers(NamedTuple):
    """Of an array; but for the counts of its finite values, NaN where there are none."""

    mean: float
    mean_abs: float
    std: float
    min: float
    max: float
    norm: float
    zeros: int
    near_zeros: int
    nonfinite: int
    q25: float
    median: float
    q75: float
    n: int


def _describe(values: NDArray[Any], moments: Statistics) -> _Numbers:
    """The numbers of an array; `moments` are the core's, which hold where all is finite."""
    finite = values[np.isfinite(values)].astype(np.float64)
    size = np.abs(finite)
    if finite.size < values.size or abs(exponent_of(finite)) > _LARGEST:
        moments = statistics_of(finite)
    q25, median, q75 = _quartiles(finite)
    return _Numbers(
        *moments,
        norm(finite) if finite.size else float("nan"),
        int((size == 0).sum()),
        int(((size < NEAR_ZERO * moments.std) | (size == 0)).sum()),
        values.size - finite.size,
        q25,
        median,
        q75,
        values.size,
    )


def _quartiles(finite: NDArray[np.float64]) -> list[float]:
    """NaN of no values."""
    if not finite.size:
        return [float("nan")] * 3
    quarters = (0.25, 0.5, 0.75)
    with np.errstate(over="ignore", invalid="ignore"):  # of the difference of two neighbours
        found = np.quantile(finite, quarters)
    if not np.isfinite(found).all():
        found = np.where(np.isfinite(found), found, np.quantile(finite / 2, quarters) * 2)
    quartiles: list[float] = found.tolist()
    return quartiles


def norm(values: NDArray[np.float64], axis: int | None = None) -> Any:  # noqa: ANN401, a number or an array
    """The square root of the sum of squares, which no large or small number spoils."""
    largest = np.max(np.abs(values), axis=axis, initial=0.0, keepdims=True)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    # what overflows below is a norm that no float64 is
    with np.errstate(under="ignore", over="ignore"):
        sums = np.sqrt(np.square(values / scale).sum(axis=axis, keepdims=True))
        result = np.squeeze(sums * scale, axis=axis)
    return float(result) if axis is None else result
