"""Model files for the tests: made, taken apart, changed, written again."""

import hashlib
import json
import struct

import wbcore as wb


def network(dtype="float32", widths=(4, 3, 2)):
    net = wb.Network.mlp(widths, "tanh", output_activation="softmax", seed=1, dtype=dtype)
    net.metadata = {"classes": ["a", "ä"], "depth": {"n": 3, "x": 0.1}}
    return net


def parts(path):
    """The header as a dict, and the data."""
    raw = path.read_bytes()
    end = 8 + struct.unpack("<Q", raw[:8])[0]
    return json.loads(raw[8:end]), raw[end:]


def saved_layer(inputs, outputs, activation="tanh", **fields):
    """A layer as the architecture names it."""
    common = {"inputs": inputs, "outputs": outputs, "activation": activation}
    return common | {"bias": True, "trainable": True} | fields


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


def version_1(header):
    """The architecture as files of format_version 1 have it."""
    metadata = header["__metadata__"]
    architecture = json.loads(metadata["architecture"])
    layers = architecture["layers"]
    widths = [layers[0]["inputs"], *(layer["outputs"] for layer in layers)]
    names = [layer["activation"] for layer in layers]
    fields = {"widths": widths, "activations": names, "dtype": architecture["dtype"]}
    metadata.update(format_version="1", architecture=json.dumps(fields))


def saved_again(net, path):
    net.save(path)
    return wb.load(path)


def left_over(path):
    return sorted(entry.name for entry in path.parent.iterdir() if entry != path)
