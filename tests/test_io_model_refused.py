"""Model files with anything wrong are refused, before memory for a network is asked for."""

import json
import os
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file
from saved import network, parts, saved_layer, signed, version_1, write

import wbcore as wb

pytestmark = pytest.mark.usefixtures("no_network")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def test_truncated_is_refused(path):
    network().save(path)
    raw = path.read_bytes()
    for size in [*range(0, len(raw), 5), *range(len(raw) - 9, len(raw))]:
        path.write_bytes(raw[:size])
        with pytest.raises(wb.ModelFileError):
            wb.load(path)


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


def test_wrong_sum_is_named(path):
    network().save(path)
    header, data = parts(path)
    write(path, header, data[:-1] + b"?")
    message = (
        r"\[load\] expected the content that was saved, got another sha256: .*net.safetensors'"
    )
    with pytest.raises(wb.ModelFileError, match=message):
        wb.load(path)


def test_huge_header_is_not_read(path):
    path.write_bytes(struct.pack("<Q", 2**25) + b" " * 8)
    os.truncate(path, 2**26)
    message = r"header of 1 to 16777216 bytes, got 33554432 as its size in a file of 67108864 bytes"
    with pytest.raises(wb.ModelFileError, match=message):
        wb.load(path)


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


@pytest.mark.parametrize("path", [None, 5, 1.5, [], {}, object(), "a\0b", b"a\0b", "\ud800"])
def test_what_is_no_path(path):
    net = wb.Network.mlp([1, 1])
    with pytest.raises(
        (TypeError, ValueError), match=r"^\[load\] expected path to be a path, got "
    ):
        wb.load(path)
    with pytest.raises(
        (TypeError, ValueError), match=r"^\[save\] expected path to be a path, got "
    ):
        net.save(path)


def test_refused_files_are_value_errors():
    assert issubclass(wb.ModelFileError, ValueError)


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


@pytest.mark.parametrize(
    "text",
    ['{"x": 1', '{"__metadata__": {}, "__metadata__": {}}', "{}{}", "\ufeff{}", '{"x": NaN}'],
)
def test_headers_that_are_not_json(path, text):
    path.write_bytes(struct.pack("<Q", len(text.encode())) + text.encode())
    with pytest.raises(wb.ModelFileError, match="its header is not one of tensors and metadata"):
        wb.load(path)


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
            "format_version": "2",
            "architecture": json.dumps({"layers": [saved_layer(rows, 1)], "dtype": "float64"}),
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


# Changed on purpose, with the right sum


def change_architecture(**fields):
    def change(header):
        architecture = json.loads(header["__metadata__"]["architecture"]) | fields
        header["__metadata__"]["architecture"] = json.dumps(architecture)

    return change


def change_version_1(**fields):
    def change(header):
        version_1(header)
        change_architecture(**fields)(header)

    return change


def change_layer(index=1, **fields):
    def change(header):
        layers = json.loads(header["__metadata__"]["architecture"])["layers"]
        layers[index].update(fields)
        change_architecture(layers=layers)(header)

    return change


def without(name):
    def change(header):
        first, second = json.loads(header["__metadata__"]["architecture"])["layers"]
        del second[name]
        change_architecture(layers=[first, second])(header)

    return change


def change_metadata(**fields):
    return lambda header: header["__metadata__"].update(fields)


def with_dropout(*shares):
    """Format 3, in which each layer has its share."""

    def change(header):
        architecture = json.loads(header["__metadata__"]["architecture"])
        for layer, share in zip(architecture["layers"], shares, strict=False):
            layer["dropout"] = share
        header["__metadata__"].update(format_version="3", architecture=json.dumps(architecture))

    return change


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
        change_metadata(format_version="4"),
        r"expected format_version '1', '2' or '3', got '4' of a newer wbcore",
    ),
    (change_metadata(metadata="[1]"), r"expected JSON objects in the metadata, got '\[1\]'"),
    (change_metadata(metadata="{" * 100_000), r"expected JSON objects in the metadata"),
    (change_metadata(architecture="[" * 100_000), r"expected JSON objects in the metadata"),
    (
        change_layer(outputs=10**9),
        r"layers.1.weights to be F32 \[3, 1000000000\], got F32 \[3, 2\]",
    ),
    (
        change_architecture(layers=[]),
        r"expected an architecture of layers and dtype, got",
    ),
    (change_layer(0, inputs=0), r"expected an architecture of layers"),
    (change_layer(0, inputs=-4), r"expected an architecture of layers"),
    (change_layer(0, inputs=4.0), r"expected an architecture of layers"),
    (change_layer(outputs=True), r"expected an architecture of layers"),
    (change_layer(outputs=None), r"expected an architecture of layers"),
    (change_layer(inputs=4), r"expected an architecture of layers"),  # layer 0 has 3 outputs
    (change_layer(activation="none"), r"expected an architecture of layers"),
    (change_layer(activation="TANH"), r"expected an architecture of layers"),
    (change_layer(activation=["tanh"]), r"expected an architecture of layers"),
    (change_layer(0, activation="softmax"), r"expected an architecture of layers"),
    (change_layer(bias=1), r"expected an architecture of layers"),
    (change_layer(bias=None), r"expected an architecture of layers"),
    (change_layer(bias=False), r"expected 3 tensors, got 4"),
    (change_layer(trainable="true"), r"expected an architecture of layers"),
    (change_layer(dropout=0.5), r"expected an architecture of layers"),
    *(
        (without(name), r"expected an architecture of layers")
        for name in ("inputs", "outputs", "activation", "bias", "trainable")
    ),
    *(
        (with_dropout(*shares), r"expected an architecture of layers")
        for shares in (
            (0.5, 0.5),  # the last layer has none
            (1, 0),
            (-0.25, 0),
            (1.5, 0),
            (True, 0),
            ("0.5", 0),
            (None, 0),
            ([0.5], 0),
            (10**400, 0),
            (0.5,),  # a layer without the field
        )
    ),
    (with_dropout(float("nan"), 0), r"expected JSON objects in the metadata"),
    (change_metadata(format_version="3"), r"expected an architecture of layers"),
    (change_architecture(layers=5), r"expected an architecture of layers"),
    (change_architecture(layers=[5]), r"expected an architecture of layers"),
    (change_architecture(layers="ab"), r"expected an architecture of layers"),
    (change_architecture(layers=[None, None]), r"expected an architecture of layers"),
    (change_architecture(layers={"inputs": 4}), r"expected an architecture of layers"),
    (change_architecture(dtype="float16"), r"expected an architecture of layers"),
    (change_architecture(dtype=["float32"]), r"expected an architecture of layers"),
    (
        change_architecture(dtype="float64"),
        r"expected layers.0.weights to be F64 \[4, 3\], got F32 \[4, 3\]",
    ),
    (change_architecture(more=1), r"expected an architecture of layers"),
    (
        change_architecture(layers=[saved_layer(4, 3), saved_layer(3, 2), saved_layer(2, 2)]),
        r"expected 6 tensors, got 4",
    ),
    # the layout of one version under the number of the other
    (change_metadata(format_version="1"), r"expected an architecture of widths, activations"),
    (change_version_1(layers=[]), r"expected an architecture of widths, activations"),
    (
        lambda header: (version_1(header), change_metadata(format_version="2")(header)),
        r"expected an architecture of layers",
    ),
    *((change_metadata(format_version=v), r"'2' or '3', got '.*' of a newer") for v in ("", "02")),
    (
        change_version_1(widths=[4, 3, 10**9]),
        r"layers.1.weights to be F32 \[3, 1000000000\], got F32 \[3, 2\]",
    ),
    (
        change_version_1(widths=[4, 3]),
        r"expected an architecture of widths, activations and dtype, got",
    ),
    (change_version_1(widths=[4, -3, 2]), r"expected an architecture"),
    (change_version_1(widths=[4, 3.0, 2]), r"expected an architecture"),
    (change_version_1(widths=[4, True, 2]), r"expected an architecture"),
    (change_version_1(widths=5), r"expected an architecture"),
    (change_version_1(activations=["tanh", "none"]), r"expected an architecture"),
    (change_version_1(activations=["softmax", "tanh"]), r"expected an architecture"),
    (change_version_1(activations=[["tanh"], "tanh"]), r"expected an architecture"),
    (change_version_1(dtype="float16"), r"expected an architecture"),
    (change_version_1(dtype=["float32"]), r"expected an architecture"),
    (
        change_version_1(dtype="float64"),
        r"expected layers.0.weights to be F64 \[4, 3\], got F32 \[4, 3\]",
    ),
    (change_version_1(more=1), r"expected an architecture"),
    (
        change_version_1(widths=[4, 3, 2, 2], activations=["tanh"] * 3),
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
    (
        change_metadata(format_version=OBEYED * 99),
        r"expected format_version '1', '2' or '3', got '\\x1b",
    ),
    (change_metadata(contract=OBEYED), r"damaged \(contract '\\x1b"),
    (change_metadata(architecture=OBEYED), r"expected JSON objects in the metadata, got '\\x1b"),
    (change_metadata(metadata=OBEYED), r"expected JSON objects in the metadata, got '\\x1b"),
    (change_architecture(**{OBEYED: 1}), r"expected an architecture .* got "),
    (change_architecture(dtype=OBEYED), r"expected an architecture .* got "),
]


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
