"""Networks as safetensors files, which any tool for that format can read.

A file holds the tensors `layers.0.weights` (I, O), `layers.0.biases` (O,), `layers.1.weights`, ...
in this order, so that its data are the network's flat parameter buffer, and as metadata, all of
them text:

format, format_version
    "wbcore", and the version of this layout.
contract
    The number of the arithmetic (docs/arithmetic.md) that the network was made for. Files of
    before there was a number are of contract 1.
architecture
    JSON: widths, activations, dtype.
metadata
    JSON: the user's `Network.metadata`.
sha256
    Over the architecture, a zero byte, the metadata, a zero byte, the contract, a zero byte (these
    two only where there is a contract), and the data in the order above. It tells damage, not
    forgery: who can change a file can also give it a new sum.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore import _arguments, _core, activations
from wbcore.io import _safetensors
from wbcore.io._safetensors import Header, Tensor, damaged, file_error
from wbcore.io.atomic import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["load_network", "save_network"]

_FORMAT, _FORMAT_VERSION = "wbcore", "1"
_DTYPES = {"float32": "F32", "float64": "F64"}


class _Architecture(NamedTuple):
    """What the metadata say that the network is."""

    widths: list[int]
    activations: list[str]
    dtype: str

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor, in the order and at the place of the parameter buffer."""
        tensors: dict[str, Tensor] = {}
        code, itemsize = _DTYPES[self.dtype], np.dtype(self.dtype).itemsize
        start = 0
        for layer, (inputs, outputs) in enumerate(zip(self.widths, self.widths[1:], strict=False)):
            for name, shape in (("weights", [inputs, outputs]), ("biases", [outputs])):
                end = start + math.prod(shape) * itemsize
                tensors[f"layers.{layer}.{name}"] = Tensor(code, shape, start, end)
                start = end
        return tensors


def save_network(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network to a safetensors file, whole or not at all.

    Whoever opens the file finds the old network or the new one, also after a kill or a power
    failure (`wbcore.io.atomic`). What is written are the parameters of one moment: while another
    thread trains the network, those after one of its epochs. The same network gives the same
    bytes. A symbolic link is followed; a file that is replaced keeps its permissions.

    Parameters
    ----------
    network : Network
    path : str or path-like

    Raises
    ------
    TypeError, ValueError
        When `network.metadata` holds what JSON cannot express.
    OSError
        When the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile, wbcore as wb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "small.safetensors")
    ...     wb.io.save_network(wb.Network.mlp([4, 8, 3], seed=0), path)
    ...     wb.io.load_network(path)
    <Network 4-8-3, float32, 67 parameters>
    """
    architecture = _Architecture(
        list(network.widths), list(network.activations), network.dtype.name
    )
    values = network._core.snapshot()
    data = values.astype(values.dtype.newbyteorder("<"), copy=False).view(np.uint8)
    texts = _Texts(json.dumps(architecture._asdict()), _json(network.metadata), str(_core.CONTRACT))
    metadata = {
        "format": _FORMAT,
        "format_version": _FORMAT_VERSION,
        "contract": str(_core.CONTRACT),
        "architecture": texts.architecture,
        "metadata": texts.metadata,
        "sha256": texts.sum_with([data]),
    }
    header = _safetensors.encoded(metadata, architecture.tensors(), "save")
    with replacing(path, "save") as file:
        file.write(header)
        for chunk in _safetensors.chunks(data):
            file.write(chunk)


class _Texts(NamedTuple):
    """What the sum covers beside the data."""

    architecture: str
    metadata: str
    contract: str | None

    def sum_with(self, parts: list[NDArray[np.uint8]]) -> str:
        """The sha256, in hexadecimal digits."""
        digest = hashlib.sha256()
        for text in self:
            if text is not None:
                digest.update(text.encode() + b"\0")
        for part in parts:
            for chunk in _safetensors.chunks(part):
                digest.update(chunk)
        return digest.hexdigest()


def _json(metadata: object) -> str:
    if not isinstance(metadata, dict) or not all(isinstance(key, str) for key in metadata):
        raise TypeError(
            f"[save] expected metadata to be a dict with str keys, got {_arguments.shown(metadata)}"
        )
    try:
        text = json.dumps(metadata, allow_nan=False)
        _safetensors.strict_json(text)  # a 1 and a "1" become the same key, which load refuses
    except (TypeError, ValueError, RecursionError) as error:
        raise type(error)(
            "[save] expected metadata to hold what JSON can express, "
            f"got {_arguments.shown(metadata)}: {error}"
        ) from None
    return text


def load_network(path: str | os.PathLike[str]) -> Network:
    """Read a network from a file that `save_network` (or `Network.save`) wrote, equal to the bit.

    The file is read once, into memory of its own size, and everything is checked there before
    memory for the network is allocated: the file's size against its header, names, shapes and
    dtypes against the architecture, and the sum of its content. The network is made of the bytes
    that were checked, whatever becomes of the file meanwhile.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    Network
        With its `metadata`.

    Raises
    ------
    ModelFileError
        When the file is no model of wbcore, or truncated, oversized, altered, or of a newer format
        or contract.
    OSError
        When the file is missing or cannot be read.

    See Also
    --------
    save_network : The other direction, with an example.
    """
    from wbcore.network import Network

    path = os.fsdecode(path)
    with _safetensors.opened(path) as file:
        header = _safetensors.read_header(path, file)
        texts = _texts(path, header.metadata)
        architecture = _architecture(path, texts.architecture)
        metadata = _parsed(path, texts.metadata)
        order = _checked_tensors(path, header, architecture)
        data = _safetensors.read_data(path, file, header)
    parts = [data[tensor.start : tensor.end] for tensor in order]
    if texts.sum_with(parts) != header.metadata.get("sha256"):
        raise file_error(
            path, "the content that was saved", "another sha256: it is damaged or changed"
        )
    network = Network._of_structure(
        architecture.widths, architecture.activations, architecture.dtype
    )
    parameters, start = network.parameters, 0
    for part in parts:
        values = part.view(parameters.dtype.newbyteorder("<"))
        parameters[start : start + len(values)] = values
        start += len(values)
    network.metadata = metadata
    return network


def _texts(path: str, metadata: dict[str, str]) -> _Texts:
    """What a file of this format says of its network."""
    if metadata.get("format") != _FORMAT:
        raise file_error(path, "a model that wbcore saved", "another safetensors file")
    version = metadata.get("format_version")
    if version != _FORMAT_VERSION:
        raise file_error(
            path,
            f"format_version {_FORMAT_VERSION!r}",
            f"{_arguments.shown(version)} of a newer wbcore",
        )
    contract = metadata.get("contract")  # none in the files of before there was a number
    if contract is not None and contract not in map(str, range(1, _core.CONTRACT + 1)):
        if not re.fullmatch("[1-9][0-9]{0,8}", contract):
            raise damaged(path, f"contract {_arguments.shown(contract)}")
        raise file_error(
            path,
            "a model of an arithmetic that is known",
            f"one of contract {contract}, this wbcore knows {_core.CONTRACT}",
        )
    return _Texts(metadata.get("architecture", ""), metadata.get("metadata", ""), contract)


def _parsed(path: str, text: str) -> dict[str, Any]:
    try:
        return _safetensors.strict_json(text)
    except (ValueError, RecursionError):
        raise file_error(path, "JSON objects in the metadata", _arguments.shown(text)) from None


def _architecture(path: str, text: str) -> _Architecture:
    fields = _parsed(path, text)
    try:
        found = _Architecture(**fields)
        sound = (
            len(found.widths) == len(found.activations) + 1 >= 2
            and all(type(width) is int and width >= 1 for width in found.widths)
            and all(name in activations.NAMES for name in found.activations)
            and "softmax" not in found.activations[:-1]
            and found.dtype in _DTYPES
        )
    except TypeError:
        sound = False
    if not sound:
        raise file_error(
            path, "an architecture of widths, activations and dtype", _arguments.shown(fields)
        )
    return found


def _checked_tensors(path: str, header: Header, architecture: _Architecture) -> list[Tensor]:
    """Those of the architecture and no others, in its order."""
    wanted = 2 * len(architecture.activations)
    if len(header.tensors) != wanted:
        raise file_error(path, f"{wanted} tensors", str(len(header.tensors)))
    order = []
    for name, tensor in architecture.tensors().items():
        found = header.tensors.get(name)
        if found is None:
            raise file_error(path, f"a tensor {name}", "none of that name")
        if (found.dtype, found.shape) != (tensor.dtype, tensor.shape):
            raise file_error(
                path,
                f"{name} to be {tensor.dtype} {tensor.shape}",
                f"{_code(found.dtype)} {_arguments.shown(found.shape)}",
            )
        if found.end - found.start != tensor.end - tensor.start:
            raise damaged(path, f"{name} of that shape takes {found.end - found.start} bytes")
        order.append(found)
    return order


def _code(dtype: str) -> str:
    """The type of a tensor as it is if it may be one, else as any text of a file is shown."""
    return dtype if re.fullmatch("[A-Z0-9_]{1,16}", dtype) else _arguments.shown(dtype)
