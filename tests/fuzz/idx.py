"""IDX files, plain and packed, changed with sense and blindly: the file's array, or a refusal."""

import gzip
import math
import struct
import sys
import zlib
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "stress"))
from harness import Round, main
from mutation import blind, corpus, limit_memory

from wbcore.io import read_idx
from wbcore.io.idx import read_idx_folder

TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
LENGTHS = (0, 1, 2, 255, 256, 65535, 2**31 - 1, 2**31, 2**32 - 1)


def plain(draw) -> bytes:
    """A sound file."""
    code = draw.choice(list(TYPES))
    shape = [draw.choice([0, 1, 2, 3, 7]) for _ in range(draw.choice([1, 1, 2, 3, 4, 40]))]
    if len(shape) > 4:
        shape = [min(length, 1) for length in shape]
    size = math.prod(shape) * np.dtype(TYPES[code]).itemsize
    return header(code, shape) + draw.randbytes(size)


def header(code, shape) -> bytes:
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


def changed(draw) -> bytes:
    """A file whose header promises something else than it holds."""
    code = draw.choice([*TYPES, *TYPES, 0, 10, 255])
    shape = [
        draw.choice([*LENGTHS, 1, 2, 3]) for _ in range(draw.choice([0, 1, 2, 3, 33, 65, 255]))
    ]
    size = draw.choice([0, 1, 7, 100])
    if draw.random() < 0.5 and code in TYPES:
        promised = math.prod(shape) * np.dtype(TYPES[code]).itemsize
        size = promised if promised < 10_000 else promised % 2**16
    return header(code, shape) + bytes(size)


def gzipped(draw, content: bytes) -> bytes:
    """Packed, sometimes with a wrong trailer, in two members, or with something behind it."""
    packed = gzip.compress(content, compresslevel=draw.choice([0, 1, 9]), mtime=0)
    kind = draw.randrange(8)
    if kind == 0:
        packed = packed[:-4] + struct.pack("<I", draw.choice([*LENGTHS, len(content) + 1]))
    elif kind == 1:
        packed = packed[:-8] + struct.pack("<II", draw.getrandbits(32), len(content) % 2**32)
    elif kind == 2:
        packed += draw.choice([b"\0", b"x", gzip.compress(b"", mtime=0), packed])
    elif kind == 3:
        half = len(content) // 2
        packed = gzip.compress(content[:half], mtime=0) + gzip.compress(content[half:], mtime=0)
    elif kind == 4:
        packed = packed[: draw.randrange(len(packed))]
    return packed


def second_reading(content: bytes):
    """The array, by a reader of a few lines; whatever goes wrong is raised."""
    if content[:2] == b"\x1f\x8b":
        stream, rest = b"", content
        while rest.strip(b"\0"):
            # flags that the format reserves are refused by zlib and passed over by others
            rest = rest[:3] + bytes(flags & 0x1F for flags in rest[3:4]) + rest[4:]
            one = zlib.decompressobj(31)
            stream += one.decompress(rest)
            assert one.eof, "a stream without an end"
            rest = one.unused_data
        content = stream
    assert content[:2] == b"\0\0"
    code, dimensions = content[2], content[3]
    assert dimensions > 0
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    data = content[4 + 4 * dimensions :]
    assert len(data) == math.prod(shape) * np.dtype(TYPES[code]).itemsize
    return np.frombuffer(data, TYPES[code]).reshape(shape)


def check(one: Round, content: bytes) -> None:
    path = one.scratch / "file"
    path.write_bytes(content)
    try:
        array = read_idx(path)
    except ValueError as error:
        assert str(error).startswith("[read_idx] "), str(error)
        one.count("refused")
        return
    expected = second_reading(content)
    assert (array.dtype, array.shape) == (expected.dtype, expected.shape), "another shape"
    assert array.tobytes() == expected.tobytes(), "other numbers"
    one.count("read")


def folder(one: Round) -> None:
    """Four files that fit each other, or not."""
    draw = one.draw
    for part in ("train", "t10k"):
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            if draw.random() < 0.1:
                continue
            shape = [3, 2, 2] if kind.startswith("images") else [3]
            if draw.random() < 0.15:
                shape[draw.randrange(len(shape))] = draw.choice([0, 1, 2, 5])
            content = header(draw.choice([8] * 15 + [9]), shape) + draw.randbytes(math.prod(shape))
            content = blind(draw, content) if draw.random() < 0.1 else content
            packed = draw.random() < 0.3
            path = one.folder / (f"{part}-{kind}" + ".gz" * packed)
            path.write_bytes(gzipped(draw, content) if packed else content)
    try:
        found = read_idx_folder(one.folder)
    except (ValueError, OSError) as error:
        assert str(error).startswith("[read_idx"), str(error)
        one.count("refused")
        return
    assert len(found.train_images) == len(found.train_labels) > 0
    assert len(found.test_images) == len(found.test_labels) > 0
    assert found.train_images.shape[1:] == found.test_images.shape[1:]
    assert {array.dtype for array in found} == {np.dtype("u1")}
    one.count("read")


def kept(one: Round) -> None:
    """The committed inputs, as they are and changed blindly."""
    inputs = corpus("idx")
    content = inputs[one.number // len(CASES) % len(inputs)]
    check(one, content if one.number < len(CASES) * len(inputs) else blind(one.draw, content))


CASES = {
    "kept": kept,
    "plain": lambda one: check(one, plain(one.draw)),
    "header": lambda one: check(one, changed(one.draw)),
    "blind": lambda one: check(one, blind(one.draw, plain(one.draw))),
    "gzip": lambda one: check(one, gzipped(one.draw, plain(one.draw))),
    "gzip-header": lambda one: check(one, gzipped(one.draw, changed(one.draw))),
    "gzip-blind": lambda one: check(one, blind(one.draw, gzipped(one.draw, plain(one.draw)))),
    "folder": folder,
}

if __name__ == "__main__":
    limit_memory()
    main(CASES, short=2000, unit="executions")
