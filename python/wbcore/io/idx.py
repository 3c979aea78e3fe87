"""The IDX files of MNIST and its relatives: a small header, then one array.

Header: two zero bytes, a byte that names the type, a byte with the number of dimensions, then the
length of each dimension as a big-endian uint32 (http://yann.lecun.com/exdb/mnist/).
"""

import gzip
import math
import sys
import zlib
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wbcore.io.files import refuse_pipe

__all__ = ["IdxFolder", "idx_files", "read_idx", "read_idx_folder"]

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

_MAX_DIMENSIONS = 32  # of every NumPy; newer ones have 64

# A deflate stream codes at most 258 bytes in 2 bits, so no honest file unpacks to more than 1032
# times its size.
_DEFLATE_LIMIT = 1032

_NAMES = [
    f"{part}-{kind}"
    for part in ("train", "t10k")
    for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
]

_PIECE = 1 << 20  # bytes unpacked at a time, so that the array is the only large allocation


class IdxFolder(NamedTuple):
    """The four arrays of an MNIST folder."""

    train_images: NDArray[np.uint8]
    """(B, H, W)"""
    train_labels: NDArray[np.uint8]
    """(B,)"""
    test_images: NDArray[np.uint8]
    """(T, H, W)"""
    test_labels: NDArray[np.uint8]
    """(T,)"""


def read_idx(path: str | Path) -> NDArray[Any]:
    """Read one IDX file, plain or compressed with gzip.

    Parameters
    ----------
    path : str or Path
        The file; gzip is known by its first two bytes, not by the name.

    Returns
    -------
    ndarray
        The array, in the file's byte order. A plain file is memory-mapped, read-only: nothing is
        read before it is used. A compressed one is unpacked into memory.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is not an IDX file, or its length is not what its header promises. That is found out
        before
        anything is allocated.
    """
    path = Path(path)
    refuse_pipe(path, "read_idx")  # its length is not known, and opening it may never end
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if packed:
            return _read_packed(path, file)
        dtype, shape, offset = _read_header(path, file)
        expected, got = offset + math.prod(shape) * dtype.itemsize, path.stat().st_size
        if got != expected:
            raise ValueError(f"[read_idx] {path}: expected {expected} bytes for {shape}, got {got}")
    if 0 in shape:  # an empty range cannot be mapped
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, mode="r", offset=offset, shape=shape)


def _read_header(
    path: Path, file: IO[bytes] | gzip.GzipFile
) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Return dtype, shape and the header's length in bytes."""
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _TYPES or start[3] == 0:
        raise ValueError(f"[read_idx] {path} is not an IDX file: it starts with {start.hex(' ')}")
    n_dimensions = start[3]
    lengths = file.read(4 * n_dimensions)
    if len(lengths) < 4 * n_dimensions:
        raise ValueError(f"[read_idx] {path} ends inside its header")
    dtype, shape = np.dtype(_TYPES[start[2]]), tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    if n_dimensions > _MAX_DIMENSIONS:
        raise ValueError(
            f"[read_idx] {path}: expected at most {_MAX_DIMENSIONS} dimensions, got {n_dimensions}"
        )
    # an empty array too has strides, the products of its other lengths
    if math.prod(max(n, 1) for n in shape) * dtype.itemsize > sys.maxsize:
        raise ValueError(f"[read_idx] {path}: expected an array that fits memory, got {shape}")
    return dtype, shape, 4 + len(lengths)


def _read_packed(path: Path, file: IO[bytes]) -> NDArray[Any]:
    packed_size = path.stat().st_size
    if packed_size < 20:  # a gzip header is 10 bytes, an empty stream 2, a trailer 8
        raise ValueError(f"[read_idx] {path}: the gzip file is truncated")
    file.seek(-4, 2)
    claimed = int.from_bytes(file.read(4), "little")  # the unpacked size modulo 2^32
    file.seek(0)
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            dtype, shape, offset = _read_header(path, stream)
            size = math.prod(shape) * dtype.itemsize
            if (offset + size) % 2**32 != claimed or size > packed_size * _DEFLATE_LIMIT:
                raise ValueError(
                    f"[read_idx] {path}: expected {offset + size} bytes for {shape}, "
                    f"got {claimed} unpacked"
                )
            data, got = np.empty(size, np.uint8), 0
            while got < size and (piece := stream.read(min(_PIECE, size - got))):
                data[got : got + len(piece)] = np.frombuffer(piece, np.uint8)
                got += len(piece)
            if got != size or stream.read(1):  # the last read also checks the stream's CRC
                raise ValueError(f"[read_idx] {path}: expected {size} bytes of data for {shape}")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"[read_idx] {path}: the gzip file is damaged ({error})") from error
    return data.view(dtype).reshape(shape)


def read_idx_folder(folder: str | Path) -> IdxFolder:
    """Read the four files of MNIST, Fashion-MNIST or another set that uses their names.

    Parameters
    ----------
    folder : str or Path
        Holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte``
        and ``t10k-labels-idx1-ubyte``, each plain or with ``.gz``; also with ``.idx`` for ``-idx``.

    Returns
    -------
    IdxFolder
        The images (B, H, W) and the labels (B,) to train on, and those to test with.

    Raises
    ------
    OSError
        If a file is missing (all that are missing are named), or cannot be read.
    ValueError
        If a file is damaged, or the files do not fit each other.
    """
    folder = Path(folder)
    names = _NAMES
    paths = [_find(folder, name) for name in names]
    missing = [name for name, path in zip(names, paths, strict=True) if path is None]
    if missing:
        raise FileNotFoundError(
            f"[read_idx_folder] {folder} lacks {', '.join(missing)} (plain or .gz)"
        )
    arrays = [read_idx(path) for path in paths if path is not None]
    for name, array, n_dimensions in zip(names, arrays, (3, 1, 3, 1), strict=True):
        if array.ndim != n_dimensions or array.dtype != np.uint8 or array.size == 0:
            raise ValueError(
                f"[read_idx_folder] {name}: expected uint8 values in {n_dimensions} dimensions, "
                f"got {array.dtype} {array.shape}"
            )
    for part, images, labels in (("train", *arrays[:2]), ("t10k", *arrays[2:])):
        if len(images) != len(labels):
            raise ValueError(
                f"[read_idx_folder] {part}: {len(images)} images but {len(labels)} labels"
            )
    if arrays[0].shape[1:] != arrays[2].shape[1:]:
        raise ValueError(
            f"[read_idx_folder] images to train on are {arrays[0].shape[1:]}, "
            f"those to test with {arrays[2].shape[1:]}"
        )
    return IdxFolder(*arrays)


def idx_files(folder: str | Path) -> list[Path]:
    """Return which files of a folder :func:`read_idx_folder` would read.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    list of Path
        At most four; those that are missing are left out.
    """
    found = [_find(Path(folder), name) for name in _NAMES]
    return [path for path in found if path is not None]


def _find(folder: Path, name: str) -> Path | None:
    """Return the file of that name, perhaps with a dot before idx or packed; None without one."""
    for variant in (name, name.replace("-idx", ".idx")):
        for suffix in ("", ".gz"):
            path = folder / (variant + suffix)
            if path.is_file():
                return path
    return None
