"""What a weight update costs on this machine."""

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from wbcore._docstrings import with_parameters
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from wbcore._view import SparseLike
    from wbcore.losses import Loss
    from wbcore.network import Network

__all__ = ["time_per_update"]


@with_parameters
def time_per_update(
    net: "Network",
    X: "ArrayLike | SparseLike",
    y: ArrayLike,
    *,
    loss: "Loss | str",
    batch_size: int = 32,
    repeats: int = 50,
) -> Table:
    """Measure how long one update of the weights takes, layer by layer.

    An update is one step of training on one batch: forward, backward and the change of the
    parameters. It runs on a copy, so the network itself is not changed.

    Parameters
    ----------
    net : Network
        The network.
    {X}
    {y}
    {loss}
    batch_size : int
        Rows a batch.
    repeats : int
        Updates measured; the median of them is shown, which one interruption does not move.

    Returns
    -------
    Table
        One row a layer: ``layer``, ``weights`` (I * O), ``ms_per_batch`` (forward + backward +
        update of this layer, in milliseconds) and ``ns_per_weight`` (that time in nanoseconds,
        divided by the number of weights).

    Raises
    ------
    ValueError
        If X, y, the loss and the network do not fit together, as in ``fit``.
    """
    times = net.time_per_update(X, y, loss=loss, batch_size=batch_size, repeats=repeats)
    rows = [
        (index, layer.weights.size, ms, ms * 1e6 / layer.weights.size)
        for index, (layer, ms) in enumerate(zip(net, times, strict=True))
    ]
    title = f"Time per update with batches of {batch_size}: {sum(times):.4f} ms"
    return Table(("layer", "weights", "ms_per_batch", "ns_per_weight"), rows, title)
