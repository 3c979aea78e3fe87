"""Model files, changed with sense and blindly: a network that is what the file says, or a refusal.

The sum in a changed file is often mended, so that the checks behind it are reached. What a file
says is read here a second time, by a reader of a few lines that shares nothing with the library's.
"""

import copy
import hashlib
import json
import math
import struct
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "stress"))
from harness import Round, main
from mutation import blind, corpus, limit_memory

import wbcore as wb

DTYPES = {"F32": "<f4", "F64": "<f8"}
ACTIVATIONS = [name for name in wb.activations.NAMES if name != "softmax"]
# What stands in the place of a number, a name, a list.
NUMBERS = (0, -1, 1, 2, 3, 2**31, 2**32, 2**53 + 1, 2**63, 2**64, 10**30, 1.0, 1.5, 1e300, True)
STRANGE = (None, "", "x", [], {}, [[]], "NaN", float("nan"), float("inf"), "\ud800", "\0", "1")


def sound_file(draw):
    """Header and data of a file as `save` writes them, by no code of the library's."""
    widths = [draw.randint(1, 5) for _ in range(draw.randint(2, 5))]
    names = [draw.choice(ACTIVATIONS) for _ in widths[2:]] + [
        draw.choice([*ACTIVATIONS, "softmax"])
    ]
    dtype = draw.choice(["float32", "float64"])
    code, size = ("F32", 4) if dtype == "float32" else ("F64", 8)
    header, start = {}, 0
    for layer, (inputs, outputs) in enumerate(pairwise(widths)):
        for name, shape in (("weights", [inputs, outputs]), ("biases", [outputs])):
            end = start + size * math.prod(shape)
            header[f"layers.{layer}.{name}"] = {
                "dtype": code,
                "shape": shape,
                "data_offsets": [start, end],
            }
            start = end
    values = [draw.uniform(-2, 2) for _ in range(start // size)]
    version = draw.choice(["1", "2", "3"])
    architecture = {"widths": widths, "activations": names}
    if version != "1":
        common = {"bias": True, "trainable": True}
        shares = [{"dropout": draw.choice([0, 0.0, 0.25, 0.999])} for _ in names[1:]]
        dropout = [*shares, {"dropout": 0.0}] if version == "3" else [{} for _ in names]
        architecture = {
            "layers": [
                {"inputs": inputs, "outputs": outputs, "activation": name} | common | share
                for (inputs, outputs), name, share in zip(
                    pairwise(widths), names, dropout, strict=True
                )
            ]
        }
    metadata = {
        "format": "wbcore",
        "format_version": version,
        "architecture": architecture | {"dtype": dtype},
        "metadata": draw.choice([{}, {"a": [1, None, "é"], "b": {"c": 1.5}}, {"classes": ["x"]}]),
    }
    return {"__metadata__": metadata, **header}, np.array(values, DTYPES[code]).tobytes()


def packed(draw, header, data, *, mend=True, spaces=0) -> bytes:
    """The bytes of a file, with the sum of what it holds when that is to be mended."""
    header = copy.deepcopy(header)
    meta = header.get("__metadata__")
    if isinstance(meta, dict):
        for name in ("architecture", "metadata"):
            if name in meta and not isinstance(meta[name], str):
                meta[name] = json.dumps(meta[name])
        if mend:
            text = str(meta.get("architecture", "")), str(meta.get("metadata", ""))
            preface = b"".join(part.encode(errors="surrogatepass") + b"\0" for part in text)
            meta.setdefault("sha256", hashlib.sha256(preface + data).hexdigest())
    text = json.dumps(header, ensure_ascii=draw.random() < 0.9).encode(errors="surrogatepass")
    text += b" " * (spaces or -len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


# Changes with sense


def other(draw, value):
    """Something in the place of a value."""
    if isinstance(value, bool) or value is None:
        return draw.choice([*NUMBERS, *STRANGE])
    if isinstance(value, (int, float)):
        near = [value + 1, value - 1, -value, value * 2, value + 2**32, float(value)]
        return draw.choice([*near, *NUMBERS, *STRANGE])
    if isinstance(value, str):
        return draw.choice([value[:-1], value + "x", value.upper(), "softmax", *STRANGE, *NUMBERS])
    if isinstance(value, list) and value:
        place = draw.randrange(len(value))
        changed = list(value)
        changed[place] = other(draw, changed[place])
        return draw.choice(
            [changed, changed, changed, value[:-1], [*value, value[-1]], value[::-1], []]
        )
    return draw.choice(STRANGE)


def change_tree(draw, tree):
    """One change somewhere in nested dicts: a value, a name, an entry more or less."""
    name = draw.choice(list(tree)) if tree else ""
    value = tree.get(name)
    if isinstance(value, dict) and value and draw.random() < 0.8:
        return change_tree(draw, value)
    kind = draw.randrange(6)
    if kind == 0 and tree:
        del tree[name]
    elif kind == 1 and tree:
        tree[str(other(draw, name)) if draw.random() < 0.2 else f"{name}x"] = tree.pop(name)
    elif kind == 2:
        tree[draw.choice(["extra", "layers.9.weights", "sha256", "", name])] = copy.deepcopy(value)
    else:
        tree[name] = other(draw, value)
    return None


def change_text(draw, meta):
    """JSON inside the metadata that Python's own writer would not write."""
    name = draw.choice(["architecture", "metadata"])
    text = json.dumps(meta.get(name)) if not isinstance(meta.get(name), str) else meta[name]
    meta[name] = draw.choice(
        [
            '{"a": NaN}',
            '{"a": [1, Infinity, {"b": -Infinity}]}',
            '{"a": 1e999}',
            '{"a": 1, "a": 2}',
            "[" * 2000 + "]" * 2000,
            '{"a":' * 3000 + "1" + "}" * 3000,
            "{" + " " * 5000 + "}",
            '{"a": "\\ud800"}',
            '{"a": %s}' % ("9" * 5000),
            text + " ",
            text + "x",
            text.replace("1", "1.0"),
            text.replace('"', "'"),
            text[: draw.randrange(len(text) + 1)],
            "\ufeff" + text,
            "null",
            "3",
            "",
        ]
    )


def changed(draw, header, data):
    """A file with some changes, each of which makes sense to one of the checks."""
    spaces = 0
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        meta = header.get("__metadata__")
        kind = draw.randrange(9)
        if kind == 0 and isinstance(meta, dict):
            change_text(draw, meta)
        elif kind == 1 and isinstance(meta, dict):
            change_tree(draw, meta)
        elif kind == 2:
            data = draw.choice([data[:-1], data + b"\0", b"", data[4:], data * 2, data[::-1]])
        elif kind == 3:  # numbers that a training never leaves
            data = bytearray(data)
            place = draw.randrange(max(1, len(data) - 4))
            data[place : place + 4] = draw.choice([b"\xff" * 4, b"\0\0\x80\x7f", b"\0\0\0\x80"])
            data = bytes(data)
        elif kind == 4:
            items = list(header.items())
            draw.shuffle(items)
            header = dict(items)
        elif kind == 5:
            spaces = draw.choice([1, 3, 8, 64, 4096])
        elif kind == 6 and len(header) > 2:  # two tensors in each other's place, or on one another
            one, two = draw.sample([n for n in header if n != "__metadata__"] * 2, 2)
            header[one], header[two] = header[two], copy.deepcopy(header[one])
        else:
            change_tree(draw, header)
    return packed(draw, header, data, mend=draw.random() < 0.85, spaces=spaces)


# What is right


def second_reading(content: bytes):
    """Widths, activations, dtype, metadata and parameters; whatever goes wrong is raised."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    data = content[8 + length :]
    meta = header.pop("__metadata__")
    told = json.loads(meta["architecture"])
    if meta["format_version"] != "1":
        told["widths"] = [told["layers"][0]["inputs"], *(la["outputs"] for la in told["layers"])]
        told["activations"] = [layer["activation"] for layer in told["layers"]]
        assert all(layer["bias"] is layer["trainable"] is True for layer in told["layers"])
        shares = [layer.get("dropout", 0) for layer in told["layers"]]
        assert all(0 <= share < 1 for share in shares)
        assert shares[-1] == 0
    widths, names, dtype = told["widths"], told["activations"], np.dtype(told["dtype"])
    parts = []
    for layer, shape in enumerate(pairwise(widths)):
        for name, expected in (("weights", list(shape)), ("biases", [shape[1]])):
            tensor = header.pop(f"layers.{layer}.{name}")
            start, end = tensor["data_offsets"]
            assert tensor["shape"] == expected
            assert end - start == math.prod(expected) * dtype.itemsize
            assert DTYPES[tensor["dtype"]] == dtype.str
            parts.append(data[start:end])
    assert not header, "tensors that are no part of the network"
    assert sum(map(len, parts)) == len(data), "data of no tensor"
    return widths, names, dtype, json.loads(meta["metadata"]), b"".join(parts)


def check(one: Round, content: bytes) -> None:
    path = one.scratch / "net.safetensors"
    path.write_bytes(content)
    try:
        net = wb.load(path)
    except wb.ModelFileError as error:
        assert str(error).startswith("[load] expected "), str(error)
        assert len(str(error)) < 1000 + len(str(path)), "a message of a page"
        one.count("refused")
        return
    widths, names, dtype, metadata, parameters = second_reading(content)
    assert net.widths == tuple(widths), "other widths"
    assert net.activation_names == tuple(names), "other activations"
    assert net.dtype == dtype, "another dtype"
    assert net.parameters.tobytes() == parameters, "other parameters"
    assert net.metadata == metadata, "other metadata"
    net.predict(np.zeros((1, widths[0])))
    one.count("loaded")
    json.dumps(net.metadata, allow_nan=False)  # whatever can be loaded can be saved
    if one.draw.random() < 0.1:
        net.save(path)
        assert wb.load(path).parameters.tobytes() == parameters
        one.count("saved")


def sound(one: Round) -> None:
    """A file that this program alone has written can be loaded."""
    check(one, packed(one.draw, *sound_file(one.draw)))


def with_sense(one: Round) -> None:
    check(one, changed(one.draw, *sound_file(one.draw)))


def bytewise(one: Round) -> None:
    check(one, blind(one.draw, packed(one.draw, *sound_file(one.draw))))


def kept(one: Round) -> None:
    """The committed inputs, as they are and changed blindly."""
    inputs = corpus("model_files")
    content = inputs[one.number // len(CASES) % len(inputs)]
    check(one, content if one.number < len(CASES) * len(inputs) else blind(one.draw, content))


CASES = {
    "kept": kept,
    "sense": with_sense,
    "more-sense": with_sense,
    "blind": bytewise,
    "sound": sound,
}

if __name__ == "__main__":
    limit_memory()
    main(CASES, short=1500, unit="executions")
