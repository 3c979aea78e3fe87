"""Networks as safetensors files, which any tool for that format can read.

A file holds the tensors `layers.0.weights` (I, O), `layers.0.biases` (O,), `layers.1.weights`, ...
in this order, so that its data are the network's flat parameter buffer, and as metadata, all of
them text:

format, format_version
    "wbcore", and the version of this layout.
architecture
    JSON: widths, activations, dtype.
metadata
    JSON: the user's `Network.metadata`.
sha256
    Over the architecture, a zero byte, the metadata, a zero byte, and the data in the order above.
    It tells damage, not forgery: who can change a file can also give it a new sum.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import secrets
import stat
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from safetensors import SafetensorError, safe_open

from wbcore import _arguments, activations
from wbcore.errors import ModelFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["load_network", "save_network"]

_FORMAT, _FORMAT_VERSION = "wbcore", "1"
_DTYPES = {"float32": "F32", "float64": "F64"}

# Room for the names of a hundred thousand features; a header is text that is parsed in memory.
_MAX_HEADER = 16 * 2**20

# Bytes of a file that are in memory at a time while its sum is taken.
_CHUNK = 2**20


class _Tensor(Protocol):
    """What safetensors gives for a name: nothing is read before it is indexed."""

    def get_shape(self) -> list[int]: ...
    def get_dtype(self) -> str: ...
    def __getitem__(self, rows: slice) -> NDArray[Any]: ...


class _File(Protocol):
    """What safetensors opens, which has no types of its own."""

    def metadata(self) -> dict[str, str] | None: ...
    def keys(self) -> list[str]: ...
    def get_slice(self, name: str) -> _Tensor: ...


class _Architecture(NamedTuple):
    """What the metadata say that the network is."""

    widths: list[int]
    activations: list[str]
    dtype: str

    def tensors(self) -> Iterator[tuple[str, list[int]]]:
        """Name and shape of every tensor, in the order of the parameter buffer."""
        for layer, (inputs, outputs) in enumerate(zip(self.widths, self.widths[1:], strict=False)):
            yield f"layers.{layer}.weights", [inputs, outputs]
            yield f"layers.{layer}.biases", [outputs]


def save_network(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network to a safetensors file, whole or not at all.

    The file is written beside its place under another name, flushed to the disk and renamed, so
    that whoever opens it finds the old network or the new one. The same network gives the same
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
    data = network.parameters.astype(network.dtype.newbyteorder("<"), copy=False)
    _replace(_target(path), _header(architecture, network.metadata, data), data)


def _header(architecture: _Architecture, metadata: object, data: NDArray[Any]) -> bytes:
    # safetensors' own writer puts metadata in an order that changes from call to call.
    text, user_text = json.dumps(architecture._asdict()), _json("metadata", metadata)
    digest = hashlib.sha256(_preface(text, user_text))
    digest.update(data.data)
    header: dict[str, Any] = {
        "__metadata__": {
            "format": _FORMAT,
            "format_version": _FORMAT_VERSION,
            "architecture": text,
            "metadata": user_text,
            "sha256": digest.hexdigest(),
        }
    }
    start = 0
    for name, shape in architecture.tensors():
        end = start + math.prod(shape) * data.itemsize
        header[name] = {
            "dtype": _DTYPES[architecture.dtype],
            "shape": shape,
            "data_offsets": [start, end],
        }
        start = end
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)  # so that the data are aligned
    if len(encoded) > _MAX_HEADER:
        raise ValueError(
            f"[save] expected metadata that fit a header of {_MAX_HEADER} bytes, got {len(encoded)}"
        )
    return struct.pack("<Q", len(encoded)) + encoded


def _json(name: str, value: object) -> str:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TypeError(
            f"[save] expected {name} to be a dict with str keys, got {_arguments.shown(value)}"
        )
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise type(error)(
            f"[save] expected {name} to hold what JSON can express, "
            f"got {_arguments.shown(value)}: {error}"
        ) from None


def _preface(architecture: str, metadata: str) -> bytes:
    return architecture.encode() + b"\0" + metadata.encode() + b"\0"


def _target(path: str | os.PathLike[str]) -> Path:
    """The file to be written or replaced, with links followed."""
    target = Path(os.path.realpath(os.fsdecode(path)))
    if not target.exists():
        return target
    if not target.is_file():  # a rename would put a file in the place of a folder or device
        code = errno.EISDIR if target.is_dir() else errno.EINVAL
        raise OSError(
            code, "[save] expected a file or a new name, got a folder or device", str(path)
        )
    if not os.access(target, os.W_OK):  # nor would it mind that the file is read-only
        raise PermissionError(errno.EACCES, "[save] expected a writable file", str(path))
    return target


def _replace(target: Path, header: bytes, data: NDArray[Any]) -> None:
    """The content of a file in one step, even if the power fails."""
    temporary = target.with_name(f".wbcore-{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(header)
            file.write(data.data)
            file.flush()
            with contextlib.suppress(FileNotFoundError):
                _take_over_permissions(target, file.fileno())
            os.fsync(file.fileno())
        os.replace(temporary, target)  # noqa: PTH105, the tests simulate a crash here
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot do this
            raise
    finally:
        os.close(folder)


def _take_over_permissions(old: Path, new: int) -> None:
    status = old.stat()
    with contextlib.suppress(PermissionError):  # only root can give files away
        os.fchown(new, status.st_uid, status.st_gid)
    os.fchmod(new, stat.S_IMODE(status.st_mode))


def load_network(path: str | os.PathLike[str]) -> Network:
    """Read a network from a file that `save_network` (or `Network.save`) wrote, equal to the bit.

    Everything is checked before memory for the network is allocated: the file's size against its
    header, names, shapes and dtypes against the architecture, and the sum of its content.

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
        When the file is no model of wbcore, or truncated, oversized, altered, or of a newer format.
    OSError
        When the file is missing or cannot be read.

    See Also
    --------
    save_network : The other direction, with an example.
    """
    path = os.fsdecode(path)
    _check_size(path)
    try:
        with safe_open(path, framework="numpy") as file:
            return _read(path, file)
    except SafetensorError as error:
        raise _error(path, "a whole safetensors file", f"one that is damaged ({error})") from None


def _error(path: str, expected: str, got: str) -> ModelFileError:
    return ModelFileError(f"[load] expected {expected}, got {got}: {path!r}")


def _check_size(path: str) -> None:
    """A plain file whose header is of a sensible size, before anything parses it."""
    status = os.stat(path)  # noqa: PTH116, its error names the path as it was given
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "[load] expected a model file, got a folder", path)
    if not stat.S_ISREG(status.st_mode):  # a pipe would block, a device never end
        raise _error(path, "a model file", "a device or pipe")
    with Path(path).open("rb") as file:
        start = file.read(8)
    header = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 0 < header <= min(status.st_size - 8, _MAX_HEADER):
        raise _error(
            path,
            f"a safetensors file with a header of 1 to {_MAX_HEADER} bytes",
            f"{header} as its size in a file of {status.st_size} bytes",
        )


def _read(path: str, file: _File) -> Network:
    from wbcore.network import Network

    metadata = file.metadata() or {}
    if metadata.get("format") != _FORMAT:
        raise _error(path, "a model that wbcore saved", "another safetensors file")
    version = metadata.get("format_version")
    if version != _FORMAT_VERSION:
        raise _error(path, f"format_version {_FORMAT_VERSION!r}", f"{version!r} of a newer wbcore")
    texts = [metadata.get(name, "") for name in ("architecture", "metadata")]
    architecture, user_metadata = _architecture(path, texts[0]), _parsed(path, texts[1])
    _check_tensors(path, file, architecture)

    digest = hashlib.sha256(_preface(*texts))
    for name, shape in architecture.tensors():
        for _, part in _parts(file, name, shape):
            digest.update(part.data)
    if digest.hexdigest() != metadata.get("sha256"):
        raise _error(path, "the content that was saved", "another sha256: it is damaged or changed")

    network = Network._of_structure(
        architecture.widths, architecture.activations, architecture.dtype
    )
    views = [view for layer in network for view in (layer.weights, layer.biases)]
    for view, (name, shape) in zip(views, architecture.tensors(), strict=True):
        for start, part in _parts(file, name, shape):
            view[start : start + len(part)] = part
    network.metadata = user_metadata
    return network


def _parsed(path: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _error(path, "JSON objects in the metadata", _arguments.shown(text))
    return value


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
        raise _error(
            path, "an architecture of widths, activations and dtype", _arguments.shown(fields)
        )
    return found


def _check_tensors(path: str, file: _File, architecture: _Architecture) -> None:
    """Those of the architecture and no others; safetensors holds their sizes to the file's."""
    names = set(file.keys())
    expected = list(architecture.tensors())
    if len(names) != len(expected):
        raise _error(path, f"{len(expected)} tensors", str(len(names)))
    for name, shape in expected:
        if name not in names:
            raise _error(path, f"a tensor {name}", "none of that name")
        tensor = file.get_slice(name)
        found = tensor.get_dtype(), tensor.get_shape()
        if found != (_DTYPES[architecture.dtype], shape):
            raise _error(
                path,
                f"{name} to be {_DTYPES[architecture.dtype]} {shape}",
                f"{found[0]} {found[1]}",
            )


def _parts(file: _File, name: str, shape: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
    """A tensor some rows at a time, each with the index of its first row."""
    tensor = file.get_slice(name)
    rows = max(1, _CHUNK // (8 * math.prod(shape[1:])))
    for start in range(0, shape[0], rows):
        yield start, np.ascontiguousarray(tensor[start : min(start + rows, shape[0])])
