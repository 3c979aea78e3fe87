"""Model files: equal to the bit, the same bytes for the same network, read by other tools."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from saved import left_over, network, parts, saved_layer

import wbcore as wb


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
    assert loaded.activation_names == net.activation_names
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


def test_layout_of_the_file(path):
    net = network("float64")
    net.save(path)
    header, data = parts(path)
    assert data == net.parameters.tobytes()
    assert (path.stat().st_size - len(data)) % 8 == 0
    metadata = header["__metadata__"]
    assert metadata["format"] == "wbcore"
    assert metadata["format_version"] == "2"
    assert json.loads(metadata["architecture"]) == {
        "layers": [saved_layer(4, 3, "tanh"), saved_layer(3, 2, "softmax")],
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


# Metadata


def test_metadata_of_any_text(path):
    net = network()
    net.metadata = {"names": ["\ud800", "\0", '"', "日本", "\n"]}
    net.save(path)
    assert wb.load(path).metadata == net.metadata


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


@pytest.mark.parametrize(
    "metadata", [{"a": {1: "x", "1": "y"}}, {"a": float("inf")}, {"a": [float("-inf")]}]
)
def test_metadata_that_loading_would_refuse(path, metadata):
    net = network()
    net.metadata = metadata
    with pytest.raises(ValueError, match=r"\[save\] expected metadata to hold what JSON can"):
        net.save(path)
    assert not path.exists()
