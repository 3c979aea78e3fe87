"""The safetensors format: eight bytes of length, a header in JSON, the bytes of the tensors.

A file is read once, from one descriptor, into memory of its own. One that is mapped, or read a
second time, may have been changed after it was found to be sound, and a mapped one that is cut
short kills the process.
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from wbcore.errors import ModelFileError
from wbcore.io.atomic import open_descriptor

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "MAX_HEADER",
    "Header",
    "Tensor",
    "chunks",
    "damaged",
    "encoded",
    "file_error",
    "opened",
    "read_data",
    "read_header",
    "strict_json",
]

# Room for the names of a hundred thousand features; a header is text that is parsed in memory.
MAX_HEADER = 16 * 2**20

# Bytes that are read or hashed at a time: Ctrl-C is looked for in between.
_CHUNK = 16 * 2**20


class Tensor(NamedTuple):
    """What the header says of a tensor; start and end are counted in the data."""

    dtype: str
    shape: list[int]
    start: int
    end: int


class Header(NamedTuple):
    """What comes before the data, whose size is the last field."""

    metadata: dict[str, str]
    tensors: dict[str, Tensor]
    size: int


def encoded(metadata: dict[str, str], tensors: dict[str, Tensor], operation: str) -> bytes:
    """What comes before the data."""
    # safetensors' own writer puts metadata in an order that changes from call to call
    header: dict[str, Any] = {"__metadata__": metadata}
    for name, tensor in tensors.items():
        header[name] = {
            "dtype": tensor.dtype,
            "shape": tensor.shape,
            "data_offsets": [tensor.start, tensor.end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the data are aligned
    if len(text) > MAX_HEADER:
        raise ValueError(
            f"[{operation}] expected metadata that fit a header of {MAX_HEADER} bytes, "
            f"got {len(text)}"
        )
    return struct.pack("<Q", len(text)) + text


def file_error(path: str, expected: str, got: str) -> ModelFileError:
    """The error that names the file."""
    return ModelFileError(f"[load] expected {expected}, got {got}: {path!r}")


def damaged(path: str, how: str) -> ModelFileError:
    """The error for what no writer of the format leaves behind."""
    return file_error(path, "a whole safetensors file", f"one that is damaged ({how})")


def opened(path: str) -> BinaryIO:
    """The file, if it is one; its descriptor is all that is read from."""
    mode = os.stat(path).st_mode  # noqa: PTH116, its error names the path as it was given
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "[load] expected a model file, got a folder", path)
    if stat.S_ISREG(mode):
        # should a pipe have taken its place by now, it is not waited for
        file = open_descriptor(path, os.O_RDONLY | os.O_NONBLOCK, "rb")
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        file.close()
    raise file_error(path, "a model file", "a device or pipe")


def read_header(path: str, file: BinaryIO) -> Header:
    """The header, once it is clear that it fits the file and the tensors fill the rest."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(8)
    length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 0 < length <= min(size - 8, MAX_HEADER):
        raise file_error(
            path,
            f"a safetensors file with a header of 1 to {MAX_HEADER} bytes",
            f"{length} as its size in a file of {size} bytes",
        )
    text = file.read(length)
    if len(text) != length:
        raise damaged(path, "it was cut short while it was read")
    try:
        fields = strict_json(text.decode())
        metadata = fields.pop("__metadata__", {})
        if not all(isinstance(value, str) for value in metadata.values()):
            raise TypeError
        "".join([*fields, *metadata, *metadata.values()]).encode()  # no half of a surrogate pair
        tensors = {name: _tensor(**value) for name, value in fields.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise damaged(path, "its header is not one of tensors and metadata") from None
    header = Header(metadata, tensors, size - 8 - length)
    end = 0
    for tensor in sorted(tensors.values(), key=lambda tensor: (tensor.start, tensor.end)):
        if tensor.start != end:
            raise damaged(path, "its tensors overlap or leave gaps")
        end = tensor.end
    if end != header.size:
        raise damaged(path, f"its tensors take {end} bytes, {header.size} follow the header")
    return header


def _tensor(dtype: object, shape: object, data_offsets: object) -> Tensor:
    if not isinstance(dtype, str) or not isinstance(shape, list):
        raise TypeError
    if not isinstance(data_offsets, list) or len(data_offsets) != 2:
        raise TypeError
    if not all(type(number) is int and number >= 0 for number in [*shape, *data_offsets]):
        raise TypeError
    start, end = data_offsets
    if start > end:
        raise ValueError
    return Tensor(dtype, shape, start, end)


def read_data(path: str, file: BinaryIO, header: Header) -> NDArray[np.uint8]:
    """All bytes of the tensors, which are the rest of the file."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if header.size > memory:  # a sparse file can claim any size
        raise _too_large(path, header.size)
    try:
        data = np.empty(header.size, np.uint8)
    except MemoryError:
        raise _too_large(path, header.size) from None
    for chunk in chunks(data):
        # a method of all buffered files, which the type BinaryIO leaves out
        if file.readinto(chunk) != len(chunk):  # type: ignore[attr-defined]
            raise damaged(path, "it was cut short while it was read")
    if file.read(1):
        raise damaged(path, "it grew while it was read")
    return data


def _too_large(path: str, size: int) -> ModelFileError:
    return file_error(path, "a file that fits the memory", f"{size} bytes of tensors")


def chunks(data: NDArray[np.uint8]) -> Iterator[memoryview]:
    """The bytes, some at a time."""
    for start in range(0, len(data), _CHUNK):
        yield data[start : start + _CHUNK].data


def strict_json(text: str) -> dict[str, Any]:
    """A JSON object of what JSON knows: `json` lets NaN, infinities and double keys pass.

    Raises
    ------
    ValueError
        When it is something else.
    RecursionError
        When it is nested too deeply to tell.
    """
    value = json.loads(
        text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_without_doubles
    )
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is infinite")
    return number


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a key that comes twice")
    return fields
