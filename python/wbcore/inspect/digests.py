"""A short sum over all parameters, by which networks are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _core
from wbcore.inspect.networks import require_network

if TYPE_CHECKING:
    from wbcore.network import Network

__all__ = ["digest"]


def digest(net: Network) -> str:
    """16 hex digits that depend on every bit of all weights and biases, and on nothing else.

    Not on the layers' shapes either: networks of other structures have the same one where their
    parameters are the same words of 64 bits (docs/tracking.md).

    The records of ``fit(..., track=...)`` have them: so it is known whether a network is that of a
    record. Networks that differ have, as good as certainly, different ones, but it is no
    cryptographic sum: nobody is kept from making another network with the same one.
    `wbcore.reference.digest` is the same function in plain Python.

    Parameters
    ----------
    net : Network

    Returns
    -------
    str

    Examples
    --------
    >>> import wbcore as wb
    >>> from wbcore.inspect import digest
    >>> net = wb.Network.mlp([2, 3, 1], seed=0)
    >>> digest(net) == digest(net.copy())
    True
    >>> net[0].biases[0] = -0.0
    >>> digest(net) == digest(wb.Network.mlp([2, 3, 1], seed=0))
    False
    """
    require_network("digest", net)
    return f"{_core.digest(net._core):016x}"
