"""Joins what a JSON text says of a fit's beginning with the network that it began with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.layers import structure
from wbcore.optimizers import Optimizer
from wbcore.training.proofs import digest_of, records_of
from wbcore.training.recording import Recording, network_kind
from wbcore.training.recording_fields import recording_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from wbcore._structure import LayerStructure
    from wbcore.history import History
    from wbcore.network import Network

__all__ = ["beginning_of"]


def beginning_of(history: History, network: Network) -> Recording:
    """How the fit of a history began, proven by its first record.

    Raises
    ------
    ValueError
        When the history is none that was read from JSON, or the network another one.
    """
    if history._beginning is None:
        got = "another" if history._recording is None else "one that knows its beginning"
        raise ValueError(
            f"[set_beginning] expected a history of fit(..., track=...) that was read from JSON, "
            f"got {got}"
        )
    fields = {name: value for name, value in history._beginning.items() if name != "done"}
    found = recording_of(fields, network_kind(network), network.parameters.copy(), None)
    wanted, got = _shape(found.layers, found.dtype), _shape(structure(network), network.dtype.name)
    if wanted != got:
        raise ValueError(f"[set_beginning] expected a network of {wanted}, got one of {got}")
    digests, digest = dict(records_of(history)), digest_of(network)
    if digests.get(0) != digest:
        raise ValueError(
            f"[set_beginning] expected parameters of digest {digests.get(0, 'unknown')}, which the "
            f"first record has, got {digest}"
        )
    return recording_of(fields, found.kind, found.parameters, _arrays(network, found, fields))


def _shape(layers: Sequence[LayerStructure], dtype: str) -> str:
    """What decides how parameters lie."""
    widths = [layers[0].inputs, *(layer.outputs for layer in layers)]
    without = [str(i) for i, layer in enumerate(layers) if not layer.bias]
    said = f", without biases in layers {', '.join(without)}" if without else ""
    return f"widths {'-'.join(map(str, widths))} in {dtype}{said}"


def _arrays(
    network: Network, recording: Recording, fields: Mapping[str, Any]
) -> Mapping[str, NDArray[Any]] | None:
    """Of the optimizer, where it had done steps before."""
    names, optimizer = fields["arrays"], network.optimizer
    if not names or not recording.steps:
        return None
    state = optimizer._states.get(network._core) if isinstance(optimizer, Optimizer) else None
    if state is None or state.steps != recording.steps or not set(names) <= set(state.arrays):
        got = "none" if state is None else f"{state.steps} steps and {', '.join(state.arrays)}"
        raise ValueError(
            f"[set_beginning] expected network.optimizer to remember the {recording.steps} steps "
            f"that were done before the fit, and {', '.join(names)}, got {got}"
        )
    return {name: np.array(state.arrays[name]) for name in names}
