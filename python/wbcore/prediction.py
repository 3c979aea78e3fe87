"""A network's outputs for inputs, live and frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core
from wbcore._methods import network_method
from wbcore._view import Foreign
from wbcore.data._source import as_blocks, is_source, like

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._core import Predictor
    from wbcore.data._source import Source
    from wbcore.network import Network

__all__ = ["freeze", "predict"]


@network_method
def predict(
    self: Network,
    X: ArrayLike | Source,
    out: NDArray[Any] | None = None,
    n_threads: int | None = None,
) -> NDArray[Any]:
    """Outputs for inputs. Nothing changes, and no row's bits depend on the other rows.

    For a single row x of shape (I,) pass x[None, :].

    Parameters
    ----------
    {X}
    out : ndarray of shape (B, O), optional
        Of the network's dtype, C-contiguous and writable; the outputs are written into it.
    {n_threads}

    Returns
    -------
    ndarray of shape (B, O)
        Of the network's dtype; `out` itself when it was given.

    Raises
    ------
    TypeError, ValueError
        When X or out is of the wrong kind, shape or dtype, or X is not finite.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([4, 8, 3], seed=0)
    >>> net.predict(np.zeros((5, 4))).shape
    (5, 3)
    """
    if type(X) is not np.ndarray and is_source(X):
        return _predict_source(self, X, out, n_threads)
    rows: Foreign = X
    if n_threads is None:
        return self._predict(rows, out)
    return self._predict(rows, out, n_threads=_arguments.n_threads("predict", n_threads))


def _predict_source(
    network: Network, X: Foreign, out: NDArray[Any] | None, n_threads: int | None
) -> NDArray[Any]:
    """Outputs for all rows of a source, block by block."""
    source = as_blocks("predict", X)
    if n_threads is not None:
        _arguments.n_threads("predict", n_threads)
    n, outputs, dtype = sum(source.rows), network[-1].outputs, network.parameters.dtype
    if out is None:
        with _arguments.memory("predict"):
            out = np.empty((n, outputs), dtype)
    elif getattr(out, "shape", None) != (n, outputs):
        raise ValueError(
            f"[predict] expected out to be an array of shape {(n, outputs)}, "
            f"got {_arguments.shown(out)}"
        )
    threads = {} if n_threads is None else {"n_threads": n_threads}
    start = 0
    for block in source.blocks():
        rows = out[start : start + len(block.X)]
        network._predict(like(block.view, block.X), rows, **threads)
        start += len(block.X)
    return out


@network_method
def freeze(self: Network) -> Predictor:
    """Return an immutable copy that does nothing but predict, at the least cost a call.

    Returns
    -------
    Predictor
        p(x) and p(x, out=y) give the bits of `predict`, for x of shape (B, I) and y of shape
        (B, O). It keeps its own copy of the parameters, arranged for speed, takes no lock and
        allocates nothing but the result: any number of threads may call it at once. It uses
        one thread unless it is told `n_threads`. Its attributes: inputs, outputs, dtype, and
        `address`, an integer: the `wbcore_predictor*` of the C interface (`wbcore/c_api.h`),
        valid while the Predictor lives, which also frees it.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([4, 16, 3], seed=0)
    >>> p = net.freeze()
    >>> x = np.ones((1, 4), np.float32)
    >>> (p(x) == net.predict(x)).all()
    np.True_
    """
    return _core.freeze(self._core)
