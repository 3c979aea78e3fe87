"""Rows of X on their way through a network, some at a time, with the sums before activations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore import _arguments, _core
from wbcore._view import Foreign, View, in_rows, is_sparse, n_rows
from wbcore.activations import ELEMENTWISE, name_of
from wbcore.data._source import is_source
from wbcore.layers import structure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["Forward", "forwards", "rows_in", "targets_of"]

# Numbers of one layer at a time, of which there are z, a and what is made of them.
_AT_ONCE = 1 << 20
_FEWEST, _MOST = 128, 4096  # rows


class Forward(NamedTuple):
    """Some rows after each layer."""

    rows: slice
    """Which rows of X."""
    z: list[NDArray[Any]]
    """Before the activation, (B, O) each."""
    a: list[NDArray[Any]]
    """After it, with the bits of `net.activations`."""


def rows_in(operation: str, X: Foreign) -> Foreign:
    """X as an array, a view of one or a sparse matrix, whose rows can be taken by a slice."""
    if is_source(X):
        raise TypeError(
            f"[{operation}] expected X as an array, got a source; pass the X of one block after "
            f"another"
        )
    if isinstance(X, View):
        return X
    X = in_rows(operation, "X", X) if is_sparse(X) else _arguments.real_array(operation, "X", X)
    if X.ndim != 2 or n_rows(X) == 0:
        raise ValueError(
            f"[{operation}] expected X of shape (B, I) with at least one row, got shape {X.shape}"
        )
    return X


def targets_of(operation: str, y: Foreign, rows: int) -> NDArray[Any]:
    """The targets as an array with a row for each of X."""
    targets = _arguments.real_array(operation, "y", y)
    if targets.ndim == 0 or len(targets) != rows:
        raise ValueError(
            f"[{operation}] expected y with {rows} rows, as X has, got shape {targets.shape}"
        )
    return targets


def forwards(net: Network, X: Foreign) -> Iterator[Forward]:
    """All rows of X through the network, block by block; X is never copied whole.

    Parameters
    ----------
    net : Network
    X : array of shape (B, I), or what `rows_in` makes of one

    Yields
    ------
    Forward
    """
    first = _without_activation(net)
    rows = min(max(_AT_ONCE // max(net.widths), _FEWEST), _MOST)
    for start in range(0, n_rows(X), rows):
        place = slice(start, min(start + rows, n_rows(X)))
        z: list[NDArray[Any]] = [first.predict(X[place])]
        a: list[NDArray[Any]] = []
        for layer in net:
            if layer.index:
                z.append(_core.dense(a[-1], layer.weights, _biases(layer.biases, layer.weights)))
            a.append(_activated(layer.activation, z[-1]))
        yield Forward(place, z, a)


def _without_activation(net: Network) -> Network:
    """The first layer alone, on a copy of its parameters: it reads whatever may be an X."""
    first = net[:1]
    bare = structure(first)[0]._replace(activation="identity")
    network = type(first)._of_structure([bare], net.dtype)
    network.parameters[:] = first.parameters
    return network


def _biases(biases: NDArray[Any] | None, weights: NDArray[Any]) -> NDArray[Any]:
    """The starts of a layer's sums: +0 without biases."""
    return np.zeros(weights.shape[1], weights.dtype) if biases is None else biases


def _activated(activation: str, z: NDArray[Any]) -> NDArray[Any]:
    if name_of(activation) in ELEMENTWISE:
        return _core.elementwise(activation, z)
    return _core.softmax(z)
