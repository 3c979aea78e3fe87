"""Networks as safetensors files, which any tool for that format can read.

A file holds the tensors `layers.0.weights` (I, O), `layers.0.biases` (O,), `layers.1.weights`, ...
in this order (a layer without bias has no biases), so that its data are the network's flat
parameter buffer, and as metadata, all of them text:

format, format_version
    "wbcore", and the version of this layout.
contract
    The number of the arithmetic (docs/arithmetic.md) that the network was made for. Files of
    before there was a number are of contract 1.
architecture
    JSON: layers, a list of objects of inputs, outputs, activation, bias, trainable and, in version
    "3", dropout; and dtype. In version "1": widths, activations, dtype; all layers have biases and
    are trainable.
metadata
    JSON: the user's `Network.metadata`.
initializers, initializers_sha256
    JSON: a pair for each layer, of what its weights and biases were drawn by, each a text or null;
    and the sha256 of that text. Both are missing where nothing of it is known, and in older files.
    They are beside the sum below, so that older releases read the file.
loss, loss_sha256
    What the network was trained with last, `Network.loss`; likewise.
sha256
    Over the architecture, a zero byte, the metadata, a zero byte, the contract, a zero byte (these
    two only where there is a contract), and the data in the order above.

Version "3" is written where a layer has dropout, else "2", which older releases read too; all are
read. A network is put together elsewhere: what is read and written here is a `SavedModel`.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from wbcore import _arguments, _core, activations, initializers, losses
from wbcore._structure import LayerStructure
from wbcore.io import container
from wbcore.io._safetensors import damaged, file_error
from wbcore.io.container import Reader, TensorKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SavedModel", "activation_text", "read_model", "write_model"]

Initializers: TypeAlias = "tuple[tuple[str | None, str | None], ...]"

_FORMAT = "wbcore"
_DTYPES = ("float32", "float64")


class SavedModel(NamedTuple):
    """What a model file says."""

    layers: tuple[LayerStructure, ...]
    dtype: str
    parameters: NDArray[Any]
    """Flat, in the order of `Network.parameters`."""
    metadata: dict[str, Any]
    initializers: Initializers | None = None
    """Of each layer those of weights and biases; None for what no text says."""
    loss: str | None = None


def write_model(path: str | os.PathLike[str], model: SavedModel) -> None:
    """Write a model to a file, whole or not at all.

    Whoever opens the file finds the old model or the new one, also after a kill or a power failure
    (`wbcore.io.atomic`). The same model gives the same bytes.

    Parameters
    ----------
    path : str or path-like
    model : SavedModel

    Raises
    ------
    TypeError, ValueError
        When its metadata hold what JSON cannot express.
    OSError
        When the file cannot be written.
    """
    version = "3" if any(layer.dropout for layer in model.layers) else "2"
    fields = _FIELDS[version]
    layers = [{name: getattr(layer, name) for name in fields} for layer in model.layers]
    architecture = {"layers": layers, "dtype": model.dtype}
    texts = {
        "format": _FORMAT,
        "format_version": version,
        "contract": str(_core.CONTRACT),
        "architecture": json.dumps(architecture),
        "metadata": container.json_text("save", "metadata", model.metadata),
        **_initializers_as_texts(model.initializers),
        **_beside("loss", model.loss),
    }
    tensors, end = {}, 0
    for name, kind in _tensors(model.layers, model.dtype).items():
        start, end = end, end + math.prod(kind.shape)
        tensors[name] = model.parameters[start:end].reshape(kind.shape)
    container.write(path, "save", texts, _summed(texts), tensors)


def read_model(path: str | os.PathLike[str]) -> SavedModel:
    """Read the model that `write_model` wrote, equal to the bit.

    The file is read once, into memory of its own size, after everything that can be known before
    has been checked: the file's size against its header, names, shapes and dtypes of the tensors
    against the architecture. Then its content is checked against the sum. The model is made of the
    bytes that were checked, whatever becomes of the file meanwhile.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    SavedModel

    Raises
    ------
    ModelFileError
        When the file is no model of wbcore, or truncated, oversized, altered, or of a newer format
        or contract.
    OSError
        When the file is missing or cannot be read.
    """
    path = _arguments.path("load", "path", path)
    with container.opened(path) as reader:
        version = _version(reader)
        _check_contract(reader)
        layers, dtype = _architecture(reader, version)
        metadata = container.json_object(path, reader.texts.get("metadata", ""))
        reader.require(_tensors(layers, dtype))
        drawn_by = _initializers(reader, len(layers))
        loss = _loss(reader)
        parameters = reader.read_joined(_summed(reader.texts), dtype)
    return SavedModel(layers, dtype, parameters, metadata, drawn_by, loss)


def _tensors(layers: Sequence[LayerStructure], dtype: str) -> dict[str, TensorKind]:
    """Every tensor, in the order of the parameter buffer."""
    kinds: dict[str, TensorKind] = {}
    for index, layer in enumerate(layers):
        kinds[f"layers.{index}.weights"] = TensorKind(dtype, (layer.inputs, layer.outputs))
        if layer.bias:
            kinds[f"layers.{index}.biases"] = TensorKind(dtype, (layer.outputs,))
    return kinds


def _summed(texts: dict[str, str]) -> list[str]:
    """Names of the texts that the sum covers."""
    return [name for name in ("architecture", "metadata", "contract") if name in texts]


def _initializers_as_texts(known: Initializers | None) -> dict[str, str]:
    if known is None or not any(map(any, known)):
        return {}
    return _beside("initializers", json.dumps(known))


def _beside(name: str, text: str | None) -> dict[str, str]:
    """A text with a sum of its own."""
    if text is None:
        return {}
    return {name: text, f"{name}_sha256": hashlib.sha256(text.encode()).hexdigest()}


def _text_beside(reader: Reader, name: str) -> str | None:
    """None where there is none; "" for one that is not what was written."""
    text, digest = (reader.texts.get(key) for key in (name, f"{name}_sha256"))
    if text is None and digest is None:
        return None
    is_sound = text is not None and hashlib.sha256(text.encode()).hexdigest() == digest
    return text if is_sound else ""


def _loss(reader: Reader) -> str | None:
    text = _text_beside(reader, "loss")
    if text is None:
        return None
    if not text:
        raise damaged(reader.path, "a loss that was changed")
    try:
        return losses.check("load", text)
    except (TypeError, ValueError):
        got = _arguments.shown(text)
        raise file_error(reader.path, "a loss that is known", got) from None


def _initializers(reader: Reader, n_layers: int) -> Initializers | None:
    """Those of the layers, where the file says some; each known, and none changed."""
    text = _text_beside(reader, "initializers")
    if text is None:
        return None
    found: Any = None
    with suppress(ValueError, RecursionError):
        found = json.loads(text)
    sound = isinstance(found, list) and len(found) == n_layers
    if not sound or not all(isinstance(pair, list) and len(pair) == 2 for pair in found):
        raise damaged(reader.path, "initializers that are none of its layers")
    try:
        return tuple((_initializer(weights), _initializer(biases)) for weights, biases in found)
    except (TypeError, ValueError):
        raise file_error(
            reader.path, "initializers that are known", _arguments.shown(text)
        ) from None


def _initializer(text: object) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise TypeError("no text")
    return str(initializers.check("load", "initializer", text, initializers.NAMES))


def _check_contract(reader: Reader) -> None:
    contract = reader.texts.get("contract")  # none in the files of before there was a number
    if contract is not None and contract not in map(str, range(1, _core.CONTRACT + 1)):
        if not re.fullmatch("[1-9][0-9]{0,8}", contract):
            raise damaged(reader.path, f"contract {_arguments.shown(contract)}")
        raise file_error(
            reader.path,
            "a model of an arithmetic that is known",
            f"one of contract {contract}, this wbcore knows {_core.CONTRACT}",
        )


# Versions


class _Version(NamedTuple):
    """How the architecture of a format_version is read."""

    fields: str
    layers_and_dtype: Callable[..., tuple[tuple[LayerStructure, ...], str]]


def _version_1(
    widths: list[Any], activations: list[Any], dtype: str
) -> tuple[tuple[LayerStructure, ...], str]:
    layers = zip(widths[:-1], widths[1:], activations, strict=True)
    return tuple(LayerStructure(*layer) for layer in layers), dtype


# Of a layer, by the version. One that is not there has the default of LayerStructure.
_FIELDS = {
    "2": ("inputs", "outputs", "activation", "bias", "trainable"),
    "3": ("inputs", "outputs", "activation", "bias", "trainable", "dropout"),
}


def _layers_with(fields: Sequence[str]) -> Callable[..., tuple[tuple[LayerStructure, ...], str]]:
    def read(layers: list[dict[str, Any]], dtype: str) -> tuple[tuple[LayerStructure, ...], str]:
        if not all(set(layer) == set(fields) for layer in layers):
            raise ValueError("a field too many or too few")
        return tuple(LayerStructure(**layer) for layer in layers), dtype

    return read


_VERSIONS = {
    "1": _Version("widths, activations and dtype", _version_1),
    "2": _Version("layers and dtype", _layers_with(_FIELDS["2"])),
    "3": _Version("layers and dtype", _layers_with(_FIELDS["3"])),
}


def _version(reader: Reader) -> _Version:
    if reader.texts.get("format") != _FORMAT:
        is_run = reader.texts.get("format") == "wbcore checkpoint"
        got = (
            "the checkpoint of a fit, which resume takes" if is_run else "another safetensors file"
        )
        raise file_error(reader.path, "a model that wbcore saved", got)
    number = reader.texts.get("format_version", "")
    if number not in _VERSIONS:
        *known, last = _VERSIONS
        raise file_error(
            reader.path,
            f"format_version {', '.join(map(repr, known))} or {last!r}",
            f"{_arguments.shown(number)} of a newer wbcore",
        )
    return _VERSIONS[number]


def _architecture(reader: Reader, version: _Version) -> tuple[tuple[LayerStructure, ...], str]:
    fields = container.json_object(reader.path, reader.texts.get("architecture", ""))
    try:
        layers, dtype = version.layers_and_dtype(**fields)
        layers = tuple(map(_checked, layers))
        sound = (
            len(layers) >= 1
            and all(before.outputs == after.inputs for before, after in pairwise(layers))
            and all(
                activations.name_of(layer.activation) in activations.ELEMENTWISE
                for layer in layers[:-1]
            )
            and layers[-1].dropout == 0
            and dtype in _DTYPES
        )
    except (TypeError, ValueError):
        sound = False
    if not sound:
        raise file_error(
            reader.path, f"an architecture of {version.fields}", _arguments.shown(fields)
        )
    return layers, dtype


def _checked(layer: LayerStructure) -> LayerStructure:
    if not all(type(width) is int and width >= 1 for width in (layer.inputs, layer.outputs)):
        raise ValueError("a width that is none")
    if not all(type(flag) is bool for flag in (layer.bias, layer.trainable)):
        raise ValueError("neither true nor false")
    if type(layer.dropout) not in (int, float) or not 0 <= layer.dropout < 1:
        raise ValueError("no share")
    return layer._replace(
        activation=activation_text(layer.activation), dropout=float(layer.dropout)
    )


def activation_text(value: object) -> str:
    """An activation as files name it, from what a file says.

    Raises
    ------
    ValueError
        When it names none.
    """
    if not isinstance(value, str):
        raise ValueError("no text")
    return activations.check("load", "activation", value)
