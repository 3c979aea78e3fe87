"""Model files: equal to the bit, written whole or not at all, refused when anything is wrong."""

import hashlib
import json
import os
import stat
import struct
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import wbcore as wb
from wbcore.io import model


def network(dtype="float32", widths=(4, 3, 2)):
    net = wb.Network.mlp(widths, "tanh", output_activation="softmax", seed=1, dtype=dtype)
    net.metadata = {"classes": ["a", "ä"], "depth": {"n": 3, "x": 0.1}}
    return net


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("widths", [(1, 1), (4, 3, 2), (3, 20, 1), (2,) * 13, (1000, 700)])
def test_round_trip(path, dtype, widths):
    net = network(dtype, widths)
    net.save(path)
    loaded = wb.load(path)
    assert loaded == net
    assert loaded.parameters.tobytes() == net.parameters.tobytes()
    assert loaded.activations == net.activations
    assert loaded.metadata == net.metadata
    X = np.random.default_rng(0).random((5, widths[0]))
    assert loaded.predict(X).tobytes() == net.predict(X).tobytes()


def test_special_numbers_survive(path):
    net = network()
    net.parameters[:4] = [-0.0, np.nan, np.inf, np.float32(1e-45)]
    net.save(path)
    assert wb.load(path).parameters.tobytes() == net.parameters.tobytes()


@pytest.mark.parametrize("kind", [str, os.fsencode, lambda path: path])
def test_paths_of_every_kind(path, kind):
    network().save(kind(path))
    assert wb.load(kind(path)) == network()


def test_functions_of_io_are_the_methods(path):
    wb.io.save_network(network(), path)
    assert wb.io.load_network(path) == network()


def test_other_tools_read_the_file(path):
    net = network()
    net.save(path)
    tensors = load_file(path)
    assert set(tensors) == {f"layers.{i}.{name}" for i in (0, 1) for name in ("weights", "biases")}
    for layer in net:
        for name in ("weights", "biases"):
            tensor = tensors[f"layers.{layer.index}.{name}"]
            assert tensor.dtype == net.dtype
            assert (tensor == getattr(layer, name)).all()


@pytest.mark.uninstrumented
def test_same_network_gives_the_same_bytes(path, tmp_path):
    network().save(path)
    program = "import sys, wbcore as wb; wb.load(sys.argv[1]).save(sys.argv[2])"
    subprocess.run([sys.executable, "-c", program, path, tmp_path / "again"], check=True)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def parts(path):
    """The header as a dict, and the data."""
    raw = path.read_bytes()
    end = 8 + struct.unpack("<Q", raw[:8])[0]
    return json.loads(raw[8:end]), raw[end:]


def test_layout_of_the_file(path):
    net = network("float64")
    net.save(path)
    header, data = parts(path)
    assert data == net.parameters.tobytes()
    assert (path.stat().st_size - len(data)) % 8 == 0
    metadata = header["__metadata__"]
    assert metadata["format"] == "wbcore"
    assert metadata["format_version"] == "1"
    assert json.loads(metadata["architecture"]) == {
        "widths": [4, 3, 2],
        "activations": ["tanh", "softmax"],
        "dtype": "float64",
    }
    texts = [metadata[name].encode() for name in ("architecture", "metadata")]
    assert metadata["sha256"] == hashlib.sha256(b"\0".join([*texts, data])).hexdigest()


def test_file_of_another_writer_with_another_order_is_read(path):
    net = network(widths=(2,) * 13)  # layers.10 comes before layers.2 there
    net.save(path)
    metadata = parts(path)[0]["__metadata__"]
    save_file(load_file(path), path, metadata=metadata)
    assert wb.load(path) == net


# Saving


def left_over(path):
    return sorted(entry.name for entry in path.parent.iterdir() if entry != path)


def test_saving_replaces_and_leaves_nothing_else(path):
    path.write_text("old")
    network().save(path)
    assert wb.load(path) == network()
    assert left_over(path) == []


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_failure_leaves_the_old_file(path, function, monkeypatch):
    network().save(path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="disk full"):
        network("float64").save(path)
    assert path.read_bytes() == before
    assert left_over(path) == []


@pytest.mark.uninstrumented
@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_crash_leaves_the_old_file(path, function):
    network().save(path)
    program = f"""
import os, sys, wbcore as wb
net = wb.load(sys.argv[1])
net.parameters[:] = 7
os.{function} = lambda *_: os._exit(3)
net.save(sys.argv[1])
"""
    assert subprocess.run([sys.executable, "-c", program, path]).returncode == 3
    assert wb.load(path) == network()


def test_content_is_on_the_disk_before_the_name_and_the_name_after(path, monkeypatch):
    calls, (fsync, replace) = [], (os.fsync, os.replace)

    def watched_fsync(descriptor):
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def watched_replace(*names):
        calls.append("rename")
        replace(*names)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    network().save(path)
    assert calls == ["file", "rename", "folder"]


def test_new_file_has_the_usual_permissions(path):
    old = os.umask(0o027)
    try:
        network().save(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_replaced_file_keeps_its_permissions(path):
    path.touch()
    path.chmod(0o604)
    network().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_symbolic_link_is_followed(path, tmp_path):
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "real.safetensors"
    path.symlink_to(target)
    for expected in (network(), network("float64")):  # a link to nothing yet, then to a file
        expected.save(path)
        assert path.is_symlink()
        assert not target.is_symlink()
        assert wb.load(target) == wb.load(path) == expected


def test_read_only_file_is_refused(path, monkeypatch):
    path.write_text("precious")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write to any file
    with pytest.raises(PermissionError, match=r"\[save\] expected a writable file"):
        network().save(path)
    assert path.read_text() == "precious"


def test_folders_and_devices_are_not_replaced(tmp_path):
    with pytest.raises(
        IsADirectoryError, match=r"\[save\] expected a file or a new name, got a folder"
    ):
        network().save(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        OSError, match=r"\[save\] expected a file or a new name, got a folder or device"
    ):
        network().save(tmp_path / "pipe")
    assert left_over(tmp_path / "pipe") == []


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        network().save(tmp_path / "none" / "net.safetensors")


@pytest.mark.parametrize(
    ("metadata", "error", "message"),
    [
        (
            {"a": {1, 2}},
            TypeError,
            r"\[save\] expected metadata to hold what JSON can express, got {'a': {1, 2}}",
        ),
        ({"a": np.float32(1)}, TypeError, r"metadata to hold what JSON can express.*float32"),
        ({"a": float("nan")}, ValueError, r"metadata to hold what JSON can express.*nan"),
        (
            {1: "a"},
            TypeError,
            r"\[save\] expected metadata to be a dict with str keys, got {1: 'a'}",
        ),
        (["a"], TypeError, r"\[save\] expected metadata to be a dict with str keys, got \['a'\]"),
        (
            {"a": "x" * 2**24},
            ValueError,
            r"\[save\] expected metadata that fit a header of 16777216 bytes, got",
        ),
    ],
)
def test_metadata_that_cannot_be_saved(path, metadata, error, message):
    net = network()
    net.metadata = metadata
    with pytest.raises(error, match=message):
        net.save(path)
    assert not path.exists()
    assert left_over(path) == []


def test_metadata_of_any_text(path):
    net = network()
    net.metadata = {"names": ["\ud800", "\0", '"', "日本", "\n"]}
    net.save(path)
    assert wb.load(path).metadata == net.metadata


# Loading what is wrong


@pytest.fixture
def no_network(monkeypatch):
    """Fails when memory for a network is asked for."""

    def refuse(*_):
        raise AssertionError("allocated before the file was found to be sound")

    monkeypatch.setattr(wb.Network, "_of_structure", refuse)


@pytest.mark.usefixtures("no_network")
def test_truncated_is_refused(path):
    network().save(path)
    raw = path.read_bytes()
    for size in [*range(0, len(raw), 5), *range(len(raw) - 9, len(raw))]:
        path.write_bytes(raw[:size])
        with pytest.raises(wb.ModelFileError):
            wb.load(path)


@pytest.mark.usefixtures("no_network")
def test_every_changed_byte_is_refused(path):
    network().save(path)
    raw = bytearray(path.read_bytes())
    for place in range(len(raw)):
        mask = (0x01, 0x80, 0xFF)[place % 3]
        raw[place] ^= mask
        path.write_bytes(raw)
        with pytest.raises(wb.ModelFileError):
            wb.load(path)
        raw[place] ^= mask


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("extra", [b"\0", b"\0" * 4096])
def test_oversized_is_refused(path, extra):
    network().save(path)
    path.write_bytes(path.read_bytes() + extra)
    with pytest.raises(
        wb.ModelFileError,
        match=r"\[load\] expected a whole safetensors file, got one that is damaged",
    ):
        wb.load(path)


def write(path, header, data):
    encoded = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)


def signed(header, data):
    """With the right sum, as one who changes a file on purpose would write it."""
    metadata = header["__metadata__"]
    texts = [metadata[name].encode() for name in ("architecture", "metadata")]
    metadata["sha256"] = hashlib.sha256(b"\0".join([*texts, data])).hexdigest()
    return header


def change_architecture(**fields):
    def change(header):
        architecture = json.loads(header["__metadata__"]["architecture"]) | fields
        header["__metadata__"]["architecture"] = json.dumps(architecture)

    return change


def change_metadata(**fields):
    return lambda header: header["__metadata__"].update(fields)


def swap_shape(header):
    header["layers.0.weights"]["shape"].reverse()


def rename(header):
    header["layers.0.weight"] = header.pop("layers.0.weights")


def claim_doubles(header):
    header["layers.0.biases"].update(dtype="F16", shape=[6])


TAMPERED = [
    (
        change_metadata(format="other"),
        r"expected a model that wbcore saved, got another safetensors file",
    ),
    (
        change_metadata(format_version="2"),
        r"expected format_version '1', got '2' of a newer wbcore",
    ),
    (change_metadata(metadata="[1]"), r"expected JSON objects in the metadata, got '\[1\]'"),
    (change_metadata(metadata="{" * 100_000), r"expected JSON objects in the metadata"),
    (change_metadata(architecture="[" * 100_000), r"expected JSON objects in the metadata"),
    (
        change_architecture(widths=[4, 3, 10**9]),
        r"layers.1.weights to be F32 \[3, 1000000000\], got F32 \[3, 2\]",
    ),
    (
        change_architecture(widths=[4, 3]),
        r"expected an architecture of widths, activations and dtype, got",
    ),
    (change_architecture(widths=[4, -3, 2]), r"expected an architecture"),
    (change_architecture(widths=[4, 3.0, 2]), r"expected an architecture"),
    (change_architecture(widths=[4, True, 2]), r"expected an architecture"),
    (change_architecture(widths=5), r"expected an architecture"),
    (change_architecture(activations=["tanh", "none"]), r"expected an architecture"),
    (change_architecture(activations=["softmax", "tanh"]), r"expected an architecture"),
    (change_architecture(activations=[["tanh"], "tanh"]), r"expected an architecture"),
    (change_architecture(dtype="float16"), r"expected an architecture"),
    (change_architecture(dtype=["float32"]), r"expected an architecture"),
    (
        change_architecture(dtype="float64"),
        r"expected layers.0.weights to be F64 \[4, 3\], got F32 \[4, 3\]",
    ),
    (change_architecture(more=1), r"expected an architecture"),
    (
        change_architecture(widths=[4, 3, 2, 2], activations=["tanh"] * 3),
        r"expected 6 tensors, got 4",
    ),
    (swap_shape, r"expected layers.0.weights to be F32 \[4, 3\], got F32 \[3, 4\]"),
    (rename, r"expected a tensor layers.0.weights, got none of that name"),
    (claim_doubles, r"expected layers.0.biases to be F32 \[3\], got F16 \[6\]"),
]


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(("change", "message"), TAMPERED)
def test_tampered_headers_are_refused_even_with_the_right_sum(path, change, message):
    network().save(path)
    header, data = parts(path)
    change(header)
    write(path, signed(header, data), data)
    with pytest.raises(wb.ModelFileError, match=r"\[load\] .*" + message):
        wb.load(path)


@pytest.mark.usefixtures("no_network")
def test_wrong_sum_is_named(path):
    network().save(path)
    header, data = parts(path)
    write(path, header, data[:-1] + b"?")
    message = (
        r"\[load\] expected the content that was saved, got another sha256: .*net.safetensors'"
    )
    with pytest.raises(wb.ModelFileError, match=message):
        wb.load(path)


@pytest.mark.usefixtures("no_network")
def test_huge_header_is_not_read(path):
    path.write_bytes(struct.pack("<Q", 2**25) + b" " * 8)
    os.truncate(path, 2**26)
    message = r"header of 1 to 16777216 bytes, got 33554432 as its size in a file of 67108864 bytes"
    with pytest.raises(wb.ModelFileError, match=message):
        wb.load(path)


@pytest.mark.usefixtures("no_network")
def test_other_files(path, tmp_path):
    for content in (b"", b"\0" * 8, b"\0" * 100, b"no model, but some text"):
        path.write_bytes(content)
        with pytest.raises(wb.ModelFileError, match=r"\[load\] expected a safetensors file"):
            wb.load(path)
    save_file({"x": np.ones(3)}, path)
    with pytest.raises(wb.ModelFileError, match=r"expected a model that wbcore saved"):
        wb.load(path)
    with pytest.raises(IsADirectoryError, match=r"\[load\] expected a model file, got a folder"):
        wb.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        wb.ModelFileError, match=r"\[load\] expected a model file, got a device or pipe"
    ):
        wb.load(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError):
        wb.load(tmp_path / "none")


def test_refused_files_are_value_errors():
    assert issubclass(wb.ModelFileError, ValueError)


def test_large_tensors_are_read_in_parts(path, monkeypatch):
    net = network(widths=(300, 500, 3))
    net.save(path)
    monkeypatch.setattr(model, "_CHUNK", 64 * 1024)
    largest = 0

    def watched(file, name, shape, parts=model._parts):
        nonlocal largest
        for start, part in parts(file, name, shape):
            largest = max(largest, part.nbytes)
            yield start, part

    monkeypatch.setattr(model, "_parts", watched)
    assert wb.load(path) == net
    assert 0 < largest <= 64 * 1024
