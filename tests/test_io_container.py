"""The container of model files and checkpoints: texts, named tensors, a sum over both."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from saved import parts

import wbcore as wb
from wbcore.io import container
from wbcore.io.container import TensorKind

TEXTS = {"kind": "test", "note": "ä", "loose": "not in the sum"}
SUMMED = ["note", "kind"]
TENSORS = {
    "b": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a": np.array([7.0], np.float32),
    "c": np.array([[8.0], [9.0]], np.float32),
}
KINDS = {name: TensorKind("float32", tensor.shape) for name, tensor in TENSORS.items()}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "some.safetensors"
    container.write(path, "save", TEXTS, SUMMED, TENSORS)
    return path


def read(path, kinds=KINDS, summed=SUMMED):
    with container.opened(str(path)) as reader:
        reader.require(kinds)
        return reader.read_joined(summed, "float32")


def test_what_was_written_is_read(path):
    assert read(path).tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    found = load_file(path)  # by the format's own library
    assert all((found[name] == tensor).all() for name, tensor in TENSORS.items())
    with container.opened(str(path)) as reader:
        assert list(reader.texts) == [*TEXTS, "sha256"]
        assert {name: reader.texts[name] for name in TEXTS} == TEXTS


def test_another_order_in_the_file_is_put_right(path):
    texts = parts(path)[0]["__metadata__"]
    save_file(load_file(path), path, metadata=texts)
    places = [parts(path)[0][name]["data_offsets"] for name in TENSORS]
    assert places != sorted(places)
    assert read(path).tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9]


def test_the_sum_covers_what_is_named_and_all_tensors(path):
    raw = path.read_bytes()
    for before, after, sound in [
        (b"not in the sum", b"NOT in the sum", True),
        (b"test", b"Test", False),
        (rb"\u00e4", rb"\u00e5", False),
        (np.float32(8).tobytes(), np.float32(2).tobytes(), False),
    ]:
        assert raw.count(before) == 1
        path.write_bytes(raw.replace(before, after))
        if sound:
            read(path)
        else:
            with pytest.raises(wb.ModelFileError, match="got another sha256"):
                read(path)
    path.write_bytes(raw)
    with pytest.raises(wb.ModelFileError, match="got another sha256"):
        read(path, summed=["kind", "note"])  # in another order


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d": TensorKind("float32", (1,))}, "expected 4 tensors, got 3"),
        ({"a": TensorKind("float64", (1,))}, r"expected a to be F64 \[1\], got F32 \[1\]"),
        ({"b": TensorKind("float32", (3, 2))}, r"expected b to be F32 \[3, 2\], got F32 \[2, 3\]"),
    ],
)
def test_other_tensors_are_refused(path, change, message):
    with pytest.raises(wb.ModelFileError, match=rf"\[load\] {message}: "):
        read(path, KINDS | change)


def test_a_tensor_of_another_name_is_refused(path):
    kinds = {name.replace("c", "d"): kind for name, kind in KINDS.items()}
    with pytest.raises(wb.ModelFileError, match="expected a tensor d, got none of that name"):
        read(path, kinds)


def test_the_same_content_gives_the_same_bytes(path, tmp_path):
    container.write(tmp_path / "again", "save", TEXTS, SUMMED, TENSORS)
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("value", [{}, {"a": [1, None, {"b": "ä"}], "c": 0.1}])
def test_json_goes_there_and_back(value):
    assert container.json_object("path", container.json_text("save", "state", value)) == value


def test_json_names_what_it_refuses():
    with pytest.raises(TypeError, match=r"\[save\] expected state to be a dict with str keys, got"):
        container.json_text("save", "state", [1])
    with pytest.raises(ValueError, match=r"\[save\] expected state to hold what JSON can express"):
        container.json_text("save", "state", {"a": float("nan")})
