"""IDX files: what is read, and what is refused before anything is allocated."""

import gzip
import os
import struct
import tracemalloc

import numpy as np
import pytest

from wbcore.io.idx import idx_files, read_idx, read_idx_folder

CODES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}


def idx(array, dtype="u1"):
    header = bytes([0, 0, CODES[dtype], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(dtype).tobytes()


def write_folder(folder, n_train=7, n_test=3, shape=(4, 5), suffix=""):
    """Four files with n_train and n_test images; returns their arrays."""
    rng = np.random.default_rng(0)
    arrays = []
    for part, n in (("train", n_train), ("t10k", n_test)):
        images, labels = rng.integers(0, 256, (n, *shape)), rng.integers(0, 10, n)
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            data = idx(array)
            path = folder / f"{part}-{name}-ubyte{suffix}"
            path.write_bytes(gzip.compress(data) if suffix else data)
            arrays.append(array)
    return arrays


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_type_is_read_plain_and_packed(tmp_path, dtype, packed):
    array = np.arange(-12, 12).reshape(2, 3, 4) if dtype != "u1" else np.arange(24).reshape(2, 3, 4)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(idx(array, dtype)) if packed else idx(array, dtype))
    found = read_idx(path)
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, array)
    assert isinstance(found, np.memmap) != packed


def test_a_mapped_file_cannot_be_written_to(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(idx(np.arange(5)))
    with pytest.raises(ValueError, match="read-only"):
        read_idx(path)[0] = 1


@pytest.mark.parametrize("packed", [False, True])
def test_an_empty_dimension_is_no_error(tmp_path, packed):
    data = idx(np.zeros((0, 28, 28)))
    (tmp_path / "file").write_bytes(gzip.compress(data) if packed else data)
    assert read_idx(tmp_path / "file").shape == (0, 28, 28)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not an IDX file"),
        (b"\0\0\x08", "is not an IDX file"),
        (b"PK\x03\x04" + bytes(20), "is not an IDX file: it starts with 50 4b 03 04"),
        (b"\0\0\x07\x01\0\0\0\x01\0", "is not an IDX file"),
        (b"\0\0\x08\0", "is not an IDX file"),
        (b"\0\0\x08\x03\0\0\0\x01", "ends inside its header"),
        (idx(np.arange(9))[:-1], r"expected 17 bytes for \(9,\), got 16"),
        (idx(np.arange(9)) + b"\0", r"expected 17 bytes for \(9,\), got 18"),
        (b"\0\0\x0e\x03" + b"\xff" * 12 + bytes(8), "an array that fits memory"),  # 2^99 bytes
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_wrong_file_is_refused(tmp_path, data, message, packed):
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(data) if packed else data)
    if packed:  # other words for the length, since it is that of the unpacked data
        message = message.replace(", got 16", "").replace(", got 18", "")
    with pytest.raises(ValueError, match=rf"\[read_idx\] .*{message}"):
        read_idx(path)


@pytest.mark.parametrize("packed", [False, True])
def test_a_header_that_promises_gigabytes_costs_none(tmp_path, packed):
    data = b"\0\0\x08\x02" + struct.pack(">2I", 1 << 16, 1 << 16) + bytes(1000)  # 4 GiB
    path = tmp_path / "file"
    packed_data = gzip.compress(data)
    if packed:  # a trailer that tells the same lie: 2^32 + 12 bytes modulo 2^32
        packed_data = packed_data[:-4] + struct.pack("<I", 12)
    path.write_bytes(packed_data if packed else data)
    tracemalloc.start()
    with pytest.raises(ValueError, match="bytes for"):
        read_idx(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("cut", [1, 4, 8, 20, 100])
def test_a_truncated_gzip_file_is_refused(tmp_path, cut):
    rng = np.random.default_rng(0)
    data = gzip.compress(idx(rng.integers(0, 256, 300)))
    (tmp_path / "file").write_bytes(data[:-cut])
    with pytest.raises(ValueError, match=r"\[read_idx\]"):
        read_idx(tmp_path / "file")


def test_a_changed_byte_in_a_gzip_file_is_found(tmp_path):
    data = bytearray(gzip.compress(idx(np.arange(200))))
    data[-6] ^= 1  # in the CRC
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(ValueError, match="the gzip file is damaged"):
        read_idx(tmp_path / "file")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_of_four_files(tmp_path, suffix):
    expected = write_folder(tmp_path, suffix=suffix)
    for found, array in zip(read_idx_folder(tmp_path), expected, strict=True):
        np.testing.assert_array_equal(found, array)


def test_the_other_spelling_of_the_names(tmp_path):
    expected = write_folder(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    np.testing.assert_array_equal(read_idx_folder(tmp_path).test_images, expected[2])


def test_missing_files_are_all_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    message = "lacks train-labels-idx1-ubyte, t10k-images-idx3-ubyte"
    with pytest.raises(FileNotFoundError, match=message):
        read_idx_folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-labels-idx1-ubyte", np.zeros(6), "train: 7 images but 6 labels"),
        ("train-labels-idx1-ubyte", np.zeros((7, 1)), "expected uint8 values in 1 dimensions"),
        ("t10k-images-idx3-ubyte", np.zeros((3, 5, 4)), r"\(4, 5\), those to test with \(5, 4\)"),
        ("t10k-images-idx3-ubyte", np.zeros((0, 4, 5)), r"got uint8 \(0, 4, 5\)"),
    ],
)
def test_files_that_do_not_fit_each_other(tmp_path, name, array, message):
    write_folder(tmp_path)
    (tmp_path / name).write_bytes(idx(array))
    with pytest.raises(ValueError, match=message):
        read_idx_folder(tmp_path)


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match=r"\[read_idx\] expected a file, got a pipe or device"):
        read_idx(tmp_path / "pipe")


def test_the_files_of_a_folder(tmp_path):
    assert idx_files(tmp_path) == []
    write_folder(tmp_path, suffix=".gz")
    assert sorted(idx_files(tmp_path)) == sorted(tmp_path.iterdir())
