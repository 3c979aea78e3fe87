"""Records of parameters as bytes, read and written as cpp/bindings/record_bytes.hpp says.

A history keeps them so: they are small, equal exactly when all their numbers are equal to the bit,
and are made into objects when somebody looks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from wbcore import _core

__all__ = ["ARRAY", "COUNTS", "NUMBERS", "UNKNOWN", "parsed", "split", "thinned", "written"]

VERSION = 1
COUNTS = ("n", "zeros", "nonfinite")
NUMBERS = (
    "mean",
    "mean_abs",
    "std",
    "min",
    "max",
    "norm",
    "change",
    "change_since_last",
    "update_norm",
    "update_ratio",
    "gradient_norm",
)
ARRAY = COUNTS + NUMBERS
#: Of a number that an older file does not have
UNKNOWN = -1

_HEAD = struct.Struct("<QQQqqqQQ")
_ARRAY = struct.Struct(f"<3Q{len(NUMBERS)}dQ")
_UNITS = struct.Struct("<3Q")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def structure(self, kind: struct.Struct) -> tuple[Any, ...]:
        found = kind.unpack_from(self._data, self.at)
        self.at += kind.size
        return found

    def present(self) -> bool:
        (answer,) = self.structure(struct.Struct("<Q"))
        return bool(answer)

    def array(self, dtype: str, count: int) -> np.ndarray[Any, np.dtype[Any]]:
        left = (len(self._data) - self.at) // np.dtype(dtype).itemsize
        if count > left:  # which NumPy may not be able to count
            raise ValueError(f"[history] expected whole records, got {left} of {count} numbers")
        found = np.frombuffer(self._data, dtype, count, self.at)
        self.at += -(-found.nbytes // 8) * 8
        return found


def _array(reader: _Reader) -> dict[str, Any] | None:
    if not reader.present():
        return None
    *values, bins = reader.structure(_ARRAY)
    entry: dict[str, Any] = dict(zip(ARRAY, values, strict=True))
    entry["counts"] = reader.array("<u4", bins)
    entry["bins"] = reader.array("<u2", bins)
    return entry


def _units(reader: _Reader) -> dict[str, Any]:
    rows, outputs, which = reader.structure(_UNITS)
    return {
        "rows": rows,
        "active": reader.array("<u8", outputs) if which & 1 else None,
        "saturated": reader.array("<u8", outputs) if which & 2 else None,
    }


def _read(reader: _Reader) -> dict[str, Any]:
    version, index, extra, step, epoch, batch, digest, layers = reader.structure(_HEAD)
    if version != VERSION:
        raise ValueError(f"[history] expected records of version {VERSION}, got {version}")
    return {
        "index": index,
        "extra": bool(extra),
        "step": step,
        "epoch": epoch,
        "batch": batch,
        "digest": f"{digest:016x}",
        "layers": [
            {"weights": _array(reader), "biases": _array(reader), "units": _units(reader)}
            for _ in range(layers)
        ],
    }


def parsed(data: bytes) -> dict[str, Any]:
    """The fields of a record, by their names; arrays are views of the bytes."""
    return _read(_Reader(data))


def thinned(records: Sequence[bytes], best_epoch: int | None) -> list[bytes]:
    """Those that stay when the last one has been taken, as in kept_records.hpp."""
    heads = [_HEAD.unpack_from(record) for record in records]
    stride = _core.record_stride(heads[-1][1] + 1)
    best = -1 if best_epoch is None else best_epoch
    of_best = max((index for _, index, _, _, epoch, *_ in heads if 0 <= epoch <= best), default=0)
    last = len(records) - 1
    return [
        record
        for i, (record, head) in enumerate(zip(records, heads, strict=True))
        if i == last or head[1] % stride == 0 or head[1] == of_best
    ]


def split(data: bytes) -> Iterator[bytes]:
    """Records that lie one after another.

    Raises
    ------
    ValueError
        When they are no records.
    """
    reader = _Reader(data)
    while reader.at < len(data):
        start = reader.at
        try:
            _read(reader)
        except struct.error as error:
            raise ValueError(f"[history] expected whole records, got {error}") from None
        yield data[start : reader.at]


def _padded(array: object, dtype: str) -> bytes:
    data = np.asarray(array, dtype).tobytes()
    return data + bytes(-len(data) % 8)


def _array_bytes(entry: Mapping[str, Any] | None) -> Iterator[bytes]:
    yield struct.pack("<Q", entry is not None)
    if entry is None:
        return
    if len(entry["bins"]) != len(entry["counts"]):
        raise ValueError("[history] expected a count of each bin")
    yield _ARRAY.pack(*(entry[name] for name in ARRAY), len(entry["bins"]))
    yield _padded(entry["counts"], "<u4")
    yield _padded(entry["bins"], "<u2")


def _unit_bytes(units: Mapping[str, Any]) -> Iterator[bytes]:
    arrays: Sequence[Any] = (units["active"], units["saturated"])
    outputs = max((len(array) for array in arrays if array is not None), default=0)
    if any(array is not None and len(array) != outputs for array in arrays):
        raise ValueError("[history] expected counts of each unit")
    which = sum((array is not None) << i for i, array in enumerate(arrays))
    yield _UNITS.pack(units["rows"], outputs, which)
    for array in arrays:
        if array is not None:
            yield _padded(array, "<u8")


def written(record: Mapping[str, Any]) -> bytes:
    """The bytes of what `parsed` gives."""
    head = _HEAD.pack(
        VERSION,
        record["index"],
        record["extra"],
        record["step"],
        record["epoch"],
        record["batch"],
        int(record["digest"], 16),
        len(record["layers"]),
    )
    pieces = [head]
    for layer in record["layers"]:
        pieces += _array_bytes(layer["weights"])
        pieces += _array_bytes(layer["biases"])
        pieces += _unit_bytes(layer["units"])
    return b"".join(pieces)
