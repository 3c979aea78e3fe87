"""What an estimator is, in values that anybody can store: for skops, which runs no code."""

from __future__ import annotations

import threading
from typing import Any, SupportsIndex, cast

import numpy as np

from wbcore._structure import LayerStructure
from wbcore.history import History
from wbcore.layers import structure
from wbcore.network import Network

__all__ = ["PlainState"]

#: What only a fit that goes on needs, and an object of the core is in.
_ONLY_OF_FITS = ("_optimizer", "_course")


class _Pickling(threading.local):
    """Whether the calling thread is within a pickle or a copy."""

    depth = 0


_pickling = _Pickling()


class PlainState:
    """An estimator of which `__getstate__` has no object of the core.

    Pickle, `copy` and joblib ask `__reduce_ex__`, and have all of it: a partial fit goes on as if
    nothing had been. skops asks `__getstate__`; its network has the same bits, and a partial fit
    of what it loads begins with an optimizer that remembers nothing. To stand left of
    BaseEstimator.
    """

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        _pickling.depth += 1
        try:
            return super().__reduce_ex__(protocol)
        finally:
            _pickling.depth -= 1

    def __getstate__(self) -> dict[str, Any]:
        state = cast("dict[str, Any]", super().__getstate__())
        if _pickling.depth:
            return state
        plain = {name: value for name, value in state.items() if name not in _ONLY_OF_FITS}
        for name, value in plain.items():
            if isinstance(value, Network):
                plain[name] = _network_as_values(value)
            elif isinstance(value, History):
                plain[name] = {"history": value.to_json()}
        return plain

    def __setstate__(self, state: dict[str, Any]) -> None:
        made = dict(state)
        for name, value in state.items():
            if isinstance(value, dict) and set(value) == _FIELDS:
                made[name] = _network_of_values(value)
            elif isinstance(value, dict) and set(value) == {"history"}:
                made[name] = History.from_json(value["history"])
        super().__setstate__(made)  # type: ignore[misc]


_FIELDS = {"layers", "dtype", "parameters", "metadata", "loss"}


def _network_as_values(network: Network) -> dict[str, Any]:
    return {
        "layers": [list(layer) for layer in structure(network)],
        "dtype": network.dtype.name,
        "parameters": network.parameters.copy(),
        "metadata": network.metadata,
        "loss": network.loss,
    }


def _network_of_values(values: dict[str, Any]) -> Network:
    layers = [LayerStructure(*layer) for layer in values["layers"]]
    network = Network._of_structure(layers, np.dtype(values["dtype"]))
    network.parameters[...] = values["parameters"]
    network.metadata.update(values["metadata"])
    network.loss = values["loss"]
    return network
