"""Model files: equal to the bit, written whole or not at all, refused when anything is wrong."""

import hashlib
import itertools
import json
import os
import stat
import struct
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from interrupts import descriptors, interrupt_at, least
from safetensors.numpy import load_file, save_file

import wbcore as wb
from wbcore.io import _safetensors, atomic, model

DATA = Path(__file__).parent / "data"


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
    texts = [metadata[name].encode() for name in ("architecture", "metadata", "contract")]
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
    calls, (fsync, link) = [], (os.fsync, os.link)

    def watched_fsync(descriptor):
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def watched_link(*names, **options):
        calls.append("name")
        link(*names, **options)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "link", watched_link)
    network().save(path)
    assert calls == ["file", "name", "folder"]


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
        match=r"\[load\] expected a whole safetensors file, got one that is damaged \(its tensors "
        rf"take 92 bytes, {92 + len(extra)} follow the header\)",
    ):
        wb.load(path)


def write(path, header, data):
    encoded = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)


def signed(header, data):
    """With the right sum, as one who changes a file on purpose would write it."""
    metadata = header["__metadata__"]
    names = ("architecture", "metadata", "contract")
    texts = [metadata[name].encode() for name in names if name in metadata]
    metadata["sha256"] = hashlib.sha256(b"\0".join([*texts, data])).hexdigest()
    return header


def change_architecture(**fields):
    def change(header):
        architecture = json.loads(header["__metadata__"]["architecture"]) | fields
        header["__metadata__"]["architecture"] = json.dumps(architecture)

    return change


def change_metadata(**fields):
    return lambda header: header["__metadata__"].update(fields)


def drop_contract(header):
    del header["__metadata__"]["contract"]


def shift(header):
    header["layers.0.biases"]["data_offsets"][0] += 4


def overlap(header):
    header["layers.1.weights"]["data_offsets"] = [44, 68]


def resize(header):  # of the same whole, but not as the shapes say
    header["layers.0.biases"]["data_offsets"] = [48, 56]
    header["layers.1.weights"]["data_offsets"] = [56, 84]


def negative(header):
    header["layers.0.weights"]["data_offsets"] = [-4, 48]


def fraction(header):
    header["layers.0.weights"]["data_offsets"] = [0.0, 48.0]


def more_fields(header):
    header["layers.0.weights"]["stride"] = 1


def swap_shape(header):
    header["layers.0.weights"]["shape"].reverse()


def rename(header):
    header["layers.0.weight"] = header.pop("layers.0.weights")


def claim_doubles(header):
    header["layers.0.biases"].update(dtype="F16", shape=[6])


def obeyed_type(header):
    header["layers.0.weights"]["dtype"] = OBEYED


def long_shape(header):
    header["layers.0.weights"]["shape"] = [1] * 10_000


# What a terminal would obey: a title for its window.
OBEYED = "\x1b]0;x\x07" * 3

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
    (
        change_metadata(contract="2"),
        r"arithmetic that is known, got one of contract 2, this wbcore knows 1: ",
    ),
    *(
        (change_metadata(contract=value), r"got one that is damaged \(contract '.*'\)")
        for value in ("", "0", "01", "-1", "1.0", " 1", "one", "\u0661", "9" * 30)
    ),
    (change_metadata(metadata='{"a": NaN}'), r"expected JSON objects in the metadata, got '{"),
    (change_metadata(metadata='{"a": [-Infinity]}'), r"expected JSON objects in the metadata"),
    (change_metadata(metadata='{"a": 1e999}'), r"expected JSON objects in the metadata"),
    (change_metadata(metadata='{"a": 1, "a": 2}'), r"expected JSON objects in the metadata"),
    (change_metadata(metadata='{"a": {"b": 1, "b": 1}}'), r"expected JSON objects in the meta"),
    (change_metadata(metadata='{"a": ' + "9" * 5000 + "}"), r"expected JSON objects in the meta"),
    (change_metadata(metadata="null"), r"expected JSON objects in the metadata, got 'null'"),
    (shift, r"damaged \(its tensors overlap or leave gaps\)"),
    (overlap, r"damaged \(its tensors overlap or leave gaps\)"),
    (resize, r"damaged \(layers.0.biases of that shape takes 8 bytes\)"),
    (negative, r"damaged \(its header is not one of tensors and metadata\)"),
    (fraction, r"damaged \(its header is not one of tensors and metadata\)"),
    (more_fields, r"damaged \(its header is not one of tensors and metadata\)"),
    (swap_shape, r"expected layers.0.weights to be F32 \[4, 3\], got F32 \[3, 4\]"),
    (rename, r"expected a tensor layers.0.weights, got none of that name"),
    (claim_doubles, r"expected layers.0.biases to be F32 \[3\], got F16 \[6\]"),
    (
        obeyed_type,
        r"expected layers.0.weights to be F32 \[4, 3\], got '\\x1b\]0;x\\x07.*' \[4, 3\]",
    ),
    (long_shape, r"expected layers.0.weights to be F32 \[4, 3\], got F32 \[1, 1, 1, "),
    (change_metadata(format=OBEYED), r"expected a model that wbcore saved"),
    (change_metadata(format_version=OBEYED * 99), r"expected format_version '1', got '\\x1b"),
    (change_metadata(contract=OBEYED), r"damaged \(contract '\\x1b"),
    (change_metadata(architecture=OBEYED), r"expected JSON objects in the metadata, got '\\x1b"),
    (change_metadata(metadata=OBEYED), r"expected JSON objects in the metadata, got '\\x1b"),
    (change_architecture(**{OBEYED: 1}), r"expected an architecture .* got "),
    (change_architecture(dtype=OBEYED), r"expected an architecture .* got "),
]


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(("change", "message"), TAMPERED)
def test_tampered_headers_are_refused_even_with_the_right_sum(path, change, message):
    network().save(path)
    header, data = parts(path)
    change(header)
    write(path, signed(header, data), data)
    with pytest.raises(wb.ModelFileError, match=r"\[load\] .*" + message) as refused:
        wb.load(path)
    text = str(refused.value)
    assert text.isprintable()
    assert len(text) < 300 + len(str(path))


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    "header",
    [
        [],
        {"__metadata__": []},
        {"__metadata__": {"format": "wbcore", "metadata": None}},
        {"__metadata__": {"format": "wbcore", "metadata": "\ud800"}},
        {"\ud800": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}},
        {"x": None},
        {"x": {"dtype": "F32", "shape": [1]}},
        {"x": {"dtype": 32, "shape": [1], "data_offsets": [0, 4]}},
        {"x": {"dtype": "F32", "shape": 1, "data_offsets": [0, 4]}},
        {"x": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}},
        {"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 4]}},
        {"x": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}},
        {"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 5]}},
        {"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 10**30]}},
    ],
)
def test_headers_that_safetensors_does_not_write(path, header):
    write(path, header, bytes(4))
    with pytest.raises(wb.ModelFileError, match=r"\[load\] expected a (whole safet|model that)"):
        wb.load(path)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    "text",
    ['{"x": 1', '{"__metadata__": {}, "__metadata__": {}}', "{}{}", "\ufeff{}", '{"x": NaN}'],
)
def test_headers_that_are_not_json(path, text):
    path.write_bytes(struct.pack("<Q", len(text.encode())) + text.encode())
    with pytest.raises(wb.ModelFileError, match="its header is not one of tensors and metadata"):
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


# Contract


def test_contract_is_in_the_file_and_in_the_sum(path):
    network().save(path)
    header, data = parts(path)
    assert header["__metadata__"]["contract"] == str(wb.CONTRACT) == "1"
    drop_contract(header)
    write(path, header, data)
    with pytest.raises(wb.ModelFileError, match="got another sha256"):
        wb.load(path)
    write(path, signed(header, data), data)
    assert wb.load(path) == network()


@pytest.mark.parametrize(
    ("dtype", "file", "parameters", "predictions"),
    [
        (
            "float32",
            "520d2c84edfc9d2f3902a6be505b3eb1da36981cd78ac1543439476cf3f77f22",
            "7c934fba203a0c7e306e1775ed984c780966201806491456abcd49b405373e7e",
            "9c84cc39c42872b04139182af50ac985a0bd8f2f9ac1341c9ef467812dd3b360",
        ),
        (
            "float64",
            "47e6880b45482223895a02431f6b22c964ad4454db7e35b59f01f0cc85dbd4eb",
            "242996349ba121b339826af80437d6216db49f9e037b863d9b01984ece780498",
            "811653caba706ff5ce62badb41366c65bbda900a645a080ed48cf53e91cfbe9d",
        ),
    ],
)
def test_files_of_before_the_contract_had_a_number(path, dtype, file, parameters, predictions):
    """Written before model files named their contract; they are of contract 1."""
    old = DATA / f"contract_unnamed_{dtype}.safetensors"
    assert hashlib.sha256(old.read_bytes()).hexdigest() == file
    net = wb.load(old)
    assert net.metadata == {"classes": ["a", "ä", "日本"], "depth": {"n": 3, "x": 0.1}}
    assert net.dtype == dtype
    X = np.linspace(-1, 1, 80).reshape(20, 4)
    for loaded in (net, saved_again(net, path)):
        assert hashlib.sha256(loaded.parameters.tobytes()).hexdigest() == parameters
        assert hashlib.sha256(loaded.predict(X).tobytes()).hexdigest() == predictions


def saved_again(net, path):
    net.save(path)
    return wb.load(path)


# Files that change


def after_header(monkeypatch, change):
    """Have something done to the file between its header and its data."""
    read_data = _safetensors.read_data

    def changed(path, file, header):
        change()
        return read_data(path, file, header)

    monkeypatch.setattr(_safetensors, "read_data", changed)


def rewritten(path, content):
    def change():
        with path.open("r+b") as file:
            file.write(content)
            file.truncate()

    return change


def test_the_network_is_made_of_the_bytes_that_were_checked(path, monkeypatch):
    network().save(path)
    of_structure = wb.Network._of_structure

    def late(*arguments):
        path.write_bytes(b"something else")  # in place: a mapping would show it, or die of it
        return of_structure(*arguments)

    monkeypatch.setattr(wb.Network, "_of_structure", late)
    assert wb.load(path) == network()


@pytest.mark.usefixtures("no_network")
def test_rewritten_between_header_and_data(path, monkeypatch):
    net = network(widths=(100, 100, 2))  # more than is read at once with the header
    net.save(path)
    before = path.read_bytes()
    net.parameters[:] = 7
    net.save(path)
    content = path.read_bytes()
    path.write_bytes(before)
    after_header(monkeypatch, rewritten(path, content))
    with pytest.raises(wb.ModelFileError, match="got another sha256"):
        wb.load(path)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw[:-1], "was cut short while it was read"),
        (lambda _: b"", "was cut short while it was read"),
        (lambda raw: raw + b"0", "grew while it was read"),
        (lambda raw: raw + bytes(10**6), "grew while it was read"),
    ],
)
def test_cut_or_grown_while_it_is_read(path, monkeypatch, change, message):
    net = network(widths=(100, 100, 2))
    net.save(path)
    after_header(monkeypatch, rewritten(path, change(path.read_bytes())))
    with pytest.raises(wb.ModelFileError, match=rf"\[load\] .*damaged \(it {message}\)"):
        wb.load(path)


REWRITER = """
import sys
old, new = (open(name, "rb").read() for name in sys.argv[2:])
print("ready", flush=True)
while True:
    for content in (old, new):
        with open(sys.argv[1], "r+b") as file:
            file.write(content)
            file.truncate()
"""


def outcome(path, nets):
    try:
        net = wb.load(path)
    except wb.ModelFileError:
        return "refused"
    assert net in nets
    return "old" if net == nets[0] else "new"


@pytest.mark.uninstrumented
def test_loads_while_another_process_rewrites_the_file_in_place(path, tmp_path):
    nets = [network(widths=(200, 300, 2)), network(widths=(200, 300, 3))]
    names = [tmp_path / "old", tmp_path / "new"]
    for net, name in zip(nets, names, strict=True):
        net.save(name)
    path.write_bytes(names[0].read_bytes())
    results = {"old": 0, "new": 0, "refused": 0}
    command = [sys.executable, "-c", REWRITER, path, *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        for _ in range(300):
            results[outcome(path, nets)] += 1
        process.kill()
    assert sum(results.values()) == 300
    assert results["refused"] > 0, results


def test_saved_while_another_thread_trains(path):
    net = wb.Network.mlp([50, 100, 3], seed=0)
    X = np.random.default_rng(0).random((64, 50), np.float32)
    thread = threading.Thread(
        target=net.fit, args=(X, X[:, :3]), kwargs={"loss": "mse", "epochs": 1500, "batch_size": 8}
    )
    thread.start()
    saved = 0
    while thread.is_alive() or saved < 3:
        net.save(path)
        assert np.isfinite(wb.load(path).parameters).all()
        saved += 1
    thread.join()
    assert saved > 3
    assert saved_again(net, path) == net


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("size", [2**33, 2**43])
def test_sparse_file_of_any_size(path, size):
    """One that is larger than it says, and one that is not but cannot be in memory."""
    net = network(widths=(1, 1))
    net.save(path)
    os.truncate(path, size)
    with pytest.raises(wb.ModelFileError, match=r"its tensors take 8 bytes, \d+ follow the head"):
        wb.load(path)
    rows = 2**43 // 8
    header = {
        "__metadata__": {
            "format": "wbcore",
            "format_version": "1",
            "architecture": json.dumps(
                {"widths": [rows, 1], "activations": ["tanh"], "dtype": "float64"}
            ),
            "metadata": "{}",
        },
        "layers.0.weights": {"dtype": "F64", "shape": [rows, 1], "data_offsets": [0, 8 * rows]},
        "layers.0.biases": {
            "dtype": "F64",
            "shape": [1],
            "data_offsets": [8 * rows, 8 * rows + 8],
        },
    }
    write(path, header, b"")
    os.truncate(path, path.stat().st_size + 8 * rows + 8)
    with pytest.raises(wb.ModelFileError, match=r"expected a file that fits the memory, got \d+ "):
        wb.load(path)


def test_no_memory_for_the_data(path, monkeypatch):
    network().save(path)

    def refuse(*_):
        raise MemoryError

    monkeypatch.setattr(np, "empty", refuse)
    with pytest.raises(wb.ModelFileError, match=r"expected a file that fits the memory, got 92 "):
        wb.load(path)


@pytest.mark.uninstrumented
def test_memory_of_save_and_load(path):
    net = network(widths=(1000, 1000, 2))
    for function in (lambda: net.save(path), lambda: wb.load(path)):
        function()  # what it imports
        tracemalloc.start()
        try:
            function()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        # NumPy's arrays are traced, the network's own buffer is not: one copy of the parameters.
        assert net.parameters.nbytes < peak < 1.2 * net.parameters.nbytes


def test_one_descriptor_and_none_is_left(path, monkeypatch):
    network().save(path)
    opened, os_open = [], os.open
    monkeypatch.setattr(os, "open", lambda *got: opened.append(got[0]) or os_open(*got))
    before = descriptors()
    wb.load(path)
    assert opened == [str(path)]
    path.write_bytes(b"no model")
    with pytest.raises(wb.ModelFileError):
        wb.load(path)
    assert descriptors() == before


def test_file_that_becomes_a_pipe_is_not_waited_for(path, monkeypatch):
    network().save(path)
    os_stat, pipe = os.stat, path.with_name("pipe")
    os.mkfifo(pipe)
    monkeypatch.setattr(
        os, "stat", lambda name, **o: os_stat(path if name == str(pipe) else name, **o)
    )
    with pytest.raises(wb.ModelFileError, match="got a device or pipe"):
        wb.load(pipe)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of files closed since nobody has them
@pytest.mark.uninstrumented
@pytest.mark.parametrize(("event", "step"), [("line", 1), ("opcode", 7)])
@pytest.mark.parametrize("operation", ["save", "load"])
def test_interrupt_anywhere(path, operation, event, step):
    old, new = network(widths=(1, 1)), network(widths=(2, 1))
    old.save(path)
    files = {module.__file__ for module in (atomic, model, _safetensors)}
    before = descriptors()
    for n in itertools.count(1, step):
        interrupted = False
        try:
            with interrupt_at(n, event, files) as counted:
                new.save(path) if operation == "save" else wb.load(path)
        except KeyboardInterrupt:
            interrupted = True
        assert descriptors() == before, n
        assert left_over(path) == []
        assert wb.load(path) in (old, new)
        if counted[0] < n:
            break
        old.save(path)
    assert not interrupted
    assert n > least(event)


# What saving would refuse


@pytest.mark.parametrize(
    "metadata", [{"a": {1: "x", "1": "y"}}, {"a": float("inf")}, {"a": [float("-inf")]}]
)
def test_metadata_that_loading_would_refuse(path, metadata):
    net = network()
    net.metadata = metadata
    with pytest.raises(ValueError, match=r"\[save\] expected metadata to hold what JSON can"):
        net.save(path)
    assert not path.exists()
