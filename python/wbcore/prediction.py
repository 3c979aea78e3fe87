"""A network's outputs for inputs, live and frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core, _named, losses
from wbcore._methods import network_method
from wbcore._view import Foreign
from wbcore.activations import name_of
from wbcore.data._source import as_blocks, is_source, like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from wbcore._core import Predictor
    from wbcore._structure import LayerStructure
    from wbcore._view import SparseLike
    from wbcore.data._source import Source
    from wbcore.losses import Loss
    from wbcore.network import Network

__all__ = ["activations", "freeze", "meaning_of", "predict", "predict_proba"]


@network_method
def predict(
    self: Network,
    X: ArrayLike | SparseLike | Source,
    out: NDArray[Any] | None = None,
    n_threads: int | None = None,
) -> NDArray[Any]:
    """Outputs for inputs. Nothing changes, and no row's bits depend on the other rows.

    For a single row x of shape (I,) pass x[None, :].

    Parameters
    ----------
    {X or source}
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
def predict_proba(
    self: Network,
    X: ArrayLike | SparseLike | Source,
    *,
    loss: Loss | str | None = None,
    n_threads: int | None = None,
) -> NDArray[Any]:
    """Probabilities for inputs, in the arrangement of scikit-learn: a column for each class.

    What the last layer gives says what its outputs mean:

    ======================== ====================================================================
    softmax                  probabilities of O classes: they are returned as they are, (B, O)
    sigmoid, O = 1           p, the probability of class 1: 1 - p and p are returned, (B, 2)
    sigmoid, O > 1           probabilities of O things that may all be: returned as they are,
                             (B, O); rows need not add up to 1
    identity                 what its loss takes them for: logits of a softmax (cross_entropy), or
                             of sigmoids (binary_cross_entropy, focal), for which the same holds
    anything else            no probabilities: refused
    ======================== ====================================================================

    The loss is that of the last `fit`, which the network and its model file remember (`net.loss`).
    `predict` is not changed by any of this; from logits the
    classes of the largest probability are `net.predict(X).argmax(axis=1)`.

    Parameters
    ----------
    {X or source}
    loss : Loss or str, optional
        What the network was trained with. Looked at only when the last layer is identity.
    {n_threads}

    Returns
    -------
    ndarray of shape (B, O), or (B, 2) when O is 1
        Of the network's dtype. From one logit z the columns are sigmoid(-z) and sigmoid(z).

    Raises
    ------
    TypeError, ValueError
        When X is refused, or the outputs are no probabilities.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network([wb.Dense(2, 1, "sigmoid", initializer="zeros")])
    >>> net.predict_proba([[1.0, 2.0]])
    array([[0.5, 0.5]], dtype=float32)
    >>> net = wb.Network.mlp([2, 8, 3], seed=0)
    >>> net.predict_proba([[1.0, 2.0]], loss="cross_entropy").shape
    (1, 3)
    """
    last = name_of(self.activation_names[-1])
    meaning = meaning_of(
        "predict_proba", last, self.loss if loss is None else losses.check("predict_proba", loss)
    )
    outputs = self.predict(X, n_threads=n_threads)
    if meaning == "softmax":
        return outputs if last == meaning else _core.softmax(outputs)
    both = outputs.shape[1] == 1
    if last == meaning:
        return np.hstack((1 - outputs, outputs)) if both else outputs
    return _core.elementwise(meaning, np.hstack((-outputs, outputs)) if both else outputs)


def meaning_of(operation: str, last: str, loss: str | None) -> str:
    """What outputs are probabilities by: softmax or sigmoid.

    Parameters
    ----------
    operation : str
    last : str
        The name of the last activation.
    loss : str or None
        What the network was trained with, if that is known.

    Raises
    ------
    ValueError
        When they are no probabilities.
    """
    if last in _PROBABILITIES:
        return last
    if last == "identity" and loss is not None:
        row = _named.rows("loss").get(loss.partition("(")[0])  # none of a loss of the user's
        if row and row.properties["undone"] in _PROBABILITIES:
            meaning: str = row.properties["undone"]
            return meaning
    wanted = "a last layer of softmax or sigmoid, or a loss of logits such as cross_entropy"
    if last == "identity" and loss is None:
        arguments = "X" if operation == "predict_proba" else "..."
        raise ValueError(
            f"[{operation}] expected {wanted}, got identity in a network that knows no loss; "
            f"pass the one it was trained with: {operation}({arguments}, loss='cross_entropy')"
        )
    got = f"identity with the loss {loss}" if last == "identity" else last
    raise ValueError(
        f"[{operation}] expected {wanted}, got {got}, whose outputs are no probabilities; "
        f"predict(X) gives them"
    )


_PROBABILITIES = ("softmax", "sigmoid")


@network_method
def activations(
    self: Network, X: ArrayLike | SparseLike, *, n_threads: int | None = None
) -> list[NDArray[Any]]:
    """Outputs of every layer for inputs. Nothing changes; the last are those of `predict`.

    All layers and rows at once: for much data go in parts, or ask a part of the network,
    `net[:2].predict(X)`, for one layer's outputs.

    Parameters
    ----------
    {X}
    {n_threads}

    Returns
    -------
    list of ndarray of shape (B, outputs)
        One a layer, after its activation, of the network's dtype.

    Raises
    ------
    TypeError, ValueError
        When X is of the wrong kind or shape, or not finite.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([4, 8, 3], seed=0)
    >>> hidden, outputs = net.activations(np.ones((5, 4)))
    >>> hidden.shape, (outputs == net.predict(np.ones((5, 4)))).all()
    ((5, 8), np.True_)
    """
    if type(X) is not np.ndarray and is_source(X):
        raise TypeError(
            "[activations] expected X as an array, got a source; pass the X of one block after "
            "another"
        )
    return _core.layer_outputs(self._core, X, _arguments.n_threads("activations", n_threads))


@network_method
def freeze(self: Network) -> Predictor:
    """Return an immutable copy that does nothing but predict, at the least cost a call.

    Returns
    -------
    Predictor
        p(x) and p(x, out=y) give the bits of `predict`, for x of shape (B, I) and y of shape
        (B, O). It keeps its own copy of the parameters, arranged for speed, takes no lock and
        allocates nothing but the result: any number of threads may call it at once. It uses
        one thread unless it is told `n_threads`. It can be copied and pickled, for other processes
        or a file; its parameters are then one array, which joblib may map from a file and pickle's
        protocol 5 may hand over out of band. Its attributes: inputs, outputs, dtype, and
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


def _frozen(layers: Sequence[LayerStructure], parameters: NDArray[Any]) -> Predictor:
    """For copies and pickles; the parameters may lie in a file that is only read."""
    return _core.frozen(layers, parameters)
