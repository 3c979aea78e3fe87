"""Files of texts and named tensors with a sum over both, in the safetensors format.

Such a file is written whole or not at all (`wbcore.io.atomic`). It is read once, from one
descriptor, into memory of its own size (`wbcore.io._safetensors`), and whoever reads it looks at
the texts and at the names, types and shapes of the tensors before that memory is asked for. The
sum tells damage, not forgery: who can change a file can also give it a new sum.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from wbcore import _arguments
from wbcore.io import _safetensors
from wbcore.io._safetensors import Header, Tensor, damaged, file_error
from wbcore.io.atomic import replacing

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

__all__ = ["Reader", "TensorKind", "can_hold", "json_object", "json_text", "opened", "write"]

_CODES = {
    "bool": "BOOL", "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64", "uint8": "U8",
    "uint16": "U16", "uint32": "U32", "uint64": "U64", "float16": "F16", "float32": "F32",
    "float64": "F64",
}  # fmt: skip
_DTYPES = {code: name for name, code in _CODES.items()}


class TensorKind(NamedTuple):
    """What a tensor is to be."""

    dtype: str
    shape: tuple[int, ...]


def can_hold(tensor: NDArray[Any]) -> bool:
    """Whether there is a code for numbers of this kind."""
    return tensor.dtype.name in _CODES


def write(
    path: str | os.PathLike[str],
    operation: str,
    texts: Mapping[str, str],
    summed: Iterable[str],
    tensors: Mapping[str, NDArray[Any]],
) -> None:
    """Write a file, in place of the one that is there.

    The same content gives the same bytes. A symbolic link is followed; a file that is replaced
    keeps its permissions.

    Parameters
    ----------
    path : str or path-like
    operation : str
        What error messages begin with.
    texts : mapping of str to str
        Kept in this order; "sha256" is added.
    summed : iterable of str
        Names of the texts that the sum covers, in its order; it covers all tensors.
    tensors : mapping of str to ndarray
        Of numbers of up to 64 bits; in this order in the file and in the sum.

    Raises
    ------
    ValueError
        When texts and names are too long for a header.
    OSError
        When the file cannot be written.
    """
    places: dict[str, Tensor] = {}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.nbytes
        places[name] = Tensor(_CODES[tensor.dtype.name], list(tensor.shape), start, end)
    parts = [_bytes(tensor) for tensor in tensors.values()]
    sha256 = _sum((texts[name] for name in summed), parts)
    header = _safetensors.encoded({**texts, "sha256": sha256}, places, operation)
    with replacing(path, operation) as file:
        file.write(header)
        for part in parts:
            for chunk in _safetensors.chunks(part):
                file.write(chunk)


def _bytes(tensor: NDArray[Any]) -> NDArray[np.uint8]:
    little = tensor.astype(tensor.dtype.newbyteorder("<"), copy=False)
    return little.reshape(-1).view(np.uint8)


def _sum(texts: Iterable[str], parts: Iterable[NDArray[np.uint8]]) -> str:
    """The sha256 over the texts, each with a zero byte behind it, and the data."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    for part in parts:
        for chunk in _safetensors.chunks(part):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def opened(path: str) -> Iterator[Reader]:
    """A file whose header is sound: one of texts and of tensors that fill the rest of the file."""
    with _safetensors.opened(path) as file:
        yield Reader(path, file, _safetensors.read_header(path, file))


class Reader:
    """A file of which the header has been read.

    Attributes
    ----------
    path : str
    texts : dict of str to str
        Those that the sum covers are sound when `read_joined` has returned.
    """

    def __init__(self, path: str, file: BinaryIO, header: Header) -> None:
        self.path = path
        self.texts = header.metadata
        self._file = file
        self._header = header
        self._order: list[Tensor] = []

    def require(self, kinds: Mapping[str, TensorKind]) -> None:
        """Refuse the file unless its tensors are these, of which `read_joined` keeps the order."""
        if len(self._header.tensors) != len(kinds):
            wanted, found = len(kinds), len(self._header.tensors)
            raise file_error(self.path, f"{wanted} tensors", str(found))
        self._order = [self._required(name, kind) for name, kind in kinds.items()]

    def _required(self, name: str, kind: TensorKind) -> Tensor:
        found = self._header.tensors.get(name)
        if found is None:
            raise file_error(self.path, f"a tensor {name}", "none of that name")
        code, shape = _CODES[kind.dtype], list(kind.shape)
        if (found.dtype, found.shape) != (code, shape):
            raise file_error(
                self.path,
                f"{name} to be {code} {shape}",
                f"{_code(found.dtype)} {_arguments.shown(found.shape)}",
            )
        size = found.end - found.start
        if size != math.prod(shape) * np.dtype(kind.dtype).itemsize:
            raise damaged(self.path, f"{name} of that shape takes {size} bytes")
        return found

    def read_joined(self, summed: Iterable[str], dtype: str) -> NDArray[Any]:
        """The values of the required tensors, one after another, when the sum is right.

        Parameters
        ----------
        summed : iterable of str
            Names of the texts that the sum covers, in its order.
        dtype : str
            Of all the tensors.

        Returns
        -------
        ndarray
            Flat, little-endian, in the order of `require`: the bytes that were summed, copied only
            when the file has them in another order.
        """
        data, parts = self._summed(summed)
        in_order = all(before.end == after.start for before, after in pairwise(self._order))
        joined = data if in_order else np.concatenate(parts)
        return joined.view(np.dtype(dtype).newbyteorder("<"))

    def read_all(self, summed: Iterable[str]) -> dict[str, NDArray[Any]]:
        """All tensors by name, as they lie in the file, when the sum is right.

        Parameters
        ----------
        summed : iterable of str
            Names of the texts that the sum covers, in its order; all of them must be there.
        """
        tensors = self._header.tensors
        kinds = {
            name: TensorKind(_DTYPES.get(tensor.dtype, "none"), tuple(tensor.shape))
            for name, tensor in sorted(tensors.items(), key=lambda item: item[1][2:])
        }
        for name, kind in kinds.items():
            if kind.dtype == "none":
                raise file_error(self.path, f"{name} of numbers", _code(tensors[name].dtype))
        self.require(kinds)
        _, parts = self._summed(summed)
        return {
            name: _native(part.view(np.dtype(kind.dtype).newbyteorder("<")).reshape(kind.shape))
            for (name, kind), part in zip(kinds.items(), parts, strict=True)
        }

    def _summed(self, summed: Iterable[str]) -> tuple[NDArray[np.uint8], list[NDArray[np.uint8]]]:
        """The data, and of them the required tensors, when the sum is right."""
        data = _safetensors.read_data(self.path, self._file, self._header)
        parts = [data[tensor.start : tensor.end] for tensor in self._order]
        if _sum((self.texts[name] for name in summed), parts) != self.texts.get("sha256"):
            raise file_error(
                self.path,
                "the content that was saved",
                "another sha256: it is damaged or changed",
            )
        return data, parts


def _native(tensor: NDArray[Any]) -> NDArray[Any]:
    """In the machine's order, and where numbers of its kind may lie."""
    return np.require(tensor.astype(tensor.dtype.newbyteorder("="), copy=False), requirements="A")


def _code(dtype: str) -> str:
    """The type of a tensor as it is if it may be one, else as any text of a file is shown."""
    return dtype if re.fullmatch("[A-Z0-9_]{1,16}", dtype) else _arguments.shown(dtype)


def json_text(operation: str, name: str, value: object) -> str:
    """A dict as text that `json_object` reads.

    Raises
    ------
    TypeError, ValueError
        When JSON cannot express it.
    """
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TypeError(
            f"[{operation}] expected {name} to be a dict with str keys, "
            f"got {_arguments.shown(value)}"
        )
    try:
        text = json.dumps(value, allow_nan=False)
        _safetensors.strict_json(text)  # a 1 and a "1" become the same key, which reading refuses
    except (TypeError, ValueError, RecursionError) as error:
        raise type(error)(
            f"[{operation}] expected {name} to hold what JSON can express, "
            f"got {_arguments.shown(value)}: {error}"
        ) from None
    return text


def json_object(path: str, text: str) -> dict[str, Any]:
    """The dict that a text of a file is."""
    try:
        return _safetensors.strict_json(text)
    except (ValueError, RecursionError):
        raise file_error(path, "JSON objects in the metadata", _arguments.shown(text)) from None
