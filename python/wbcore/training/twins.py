"""Copies of a network together with what its optimizer remembers of it."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer

__all__ = ["twin_of"]


def twin_of(network: Network) -> Network:
    """A copy, with what the optimizer remembers of it."""
    twin = network.copy()
    optimizer = cast("Optimizer", network.optimizer)
    own = copy(optimizer)
    own._states[twin._core] = optimizer._state(network._core)._snapshot(network._core)
    twin.optimizer = own
    twin.history = None
    return twin
