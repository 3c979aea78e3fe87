"""Joins the fields of how a fit began with their arrays: of a network, or of a checkpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.layers import structure
from wbcore.optimizers import Optimizer
from wbcore.training.proofs import digest_of, records_of
from wbcore.training.recording import Recording, network_kind, samples_of
from wbcore.training.recording_fields import recording_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from wbcore._structure import LayerStructure
    from wbcore._view import Foreign
    from wbcore.history import History
    from wbcore.io.checkpoint import SavedRun
    from wbcore.network import Network
    from wbcore.training.plan import Plan

__all__ = ["beginning_of", "beginning_of_run"]


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
    """Of the optimizer, where they were none of a first step."""
    names, optimizer = fields["arrays"], network.optimizer
    if not names:
        return None
    state = optimizer._states.get(network._core) if isinstance(optimizer, Optimizer) else None
    if state is None or state.steps != recording.steps or not set(names) <= set(state.arrays):
        if not recording.steps:  # those of a function's first rate, which it gives again
            return None
        got = "none" if state is None else f"{state.steps} steps and {', '.join(state.arrays)}"
        raise ValueError(
            f"[set_beginning] expected network.optimizer to remember the {recording.steps} steps "
            f"that were done before the fit, and {', '.join(names)}, got {got}"
        )
    return {name: np.array(state.arrays[name]) for name in names}


def beginning_of_run(
    network: Network, plan: Plan, saved: SavedRun, data: tuple[Foreign, Foreign]
) -> Recording:
    """How a run began that goes on from a checkpoint, with its data in the form of today.

    Parameters
    ----------
    network : Network
    plan : Plan
    saved : SavedRun
        With a beginning.
    data : tuple
        X and y as they are given now; they have been found to be those of the run.

    Raises
    ------
    TypeError, ValueError
        When it is that of another run.
    """
    assert saved.beginning is not None, "who would ask"
    # copies: the arrays of a file are views of all that was read of it
    tensors = {name: array.copy() for name, array in saved.beginning_arrays.items()}
    parameters = tensors.pop("parameters", None)
    arrays = {name.removeprefix("optimizer."): array for name, array in tensors.items()}
    names = saved.beginning.get("arrays")
    if parameters is None or plan.track is None or arrays.keys() ^ set(names or ()):
        raise ValueError("other arrays")
    found = recording_of(
        saved.beginning, network_kind(network), parameters, None if names is None else arrays
    )
    if (found.layers, found.dtype) != (tuple(structure(network)), network.dtype.name):
        raise ValueError("another network")
    if found.steps > saved.steps or found.first > saved.position[:2]:
        raise ValueError("a beginning that comes later")
    samples = samples_of(network, plan, *data, plan.sample_weight)
    settings = {**found.settings, "epochs": plan.epochs}
    return replace(found, settings=settings, samples=samples)
