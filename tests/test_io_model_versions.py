"""Model files of all versions: those of before are read to the same bits, others are refused."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from saved import network, parts, saved_again, saved_layer, signed, version_1, write

import wbcore as wb
from wbcore._structure import LayerStructure
from wbcore.io.model import read_model, write_model

DATA = Path(__file__).parent / "data"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def drop_contract(header):
    del header["__metadata__"]["contract"]


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


@pytest.mark.parametrize(
    ("dtype", "activations", "sums"),
    [
        (
            "float32",
            ("leaky_relu", "softmax"),
            [
                "00b1fab5a92a9d1672f18552891d716dca553c4e9c743db7e84a929d6c075c0f",
                "cc8f763ccd68fc305c5ec468259a4c90dc1345cb8bc94ed7a006808c8629477f",
                "764b8811f20f8864858472270a03d85a502b2ae90054769dd44cc20917ec852b",
            ],
        ),
        (
            "float64",
            ("elu", "elu", "identity"),
            [
                "8478b7cb41ffe1841cfa5770c84b9c9651a37311aac1096113037728fb3fe8bb",
                "2dcb30af9dfa0d175ec0607ff516b186e5ec012c9ffc5635dc5081654f66adb2",
                "ed9b39a128e731e97ab6143364d26d2608039c9cde5ff972cdbfbba514b0ab88",
            ],
        ),
    ],
)
def test_files_of_format_version_1(path, dtype, activations, sums):
    """Written by the last wbcore before version 2, with a contract and metadata."""
    file, parameters, predictions = sums
    old = DATA / f"format_1_{dtype}.safetensors"
    assert hashlib.sha256(old.read_bytes()).hexdigest() == file
    texts = parts(old)[0]["__metadata__"]
    assert (texts["format_version"], texts["contract"]) == ("1", "1")
    net = wb.load(old)
    assert net.activation_names == activations
    assert net.dtype == dtype
    assert net.metadata["classes"] == ["a", "ä", "日本"]
    assert net.metadata["features"][-1] == f"f{net.widths[0] - 1}"
    X = np.linspace(-1, 1, 20 * net.widths[0]).reshape(20, -1)
    for loaded in (net, saved_again(net, path)):
        assert hashlib.sha256(loaded.parameters.tobytes()).hexdigest() == parameters
        assert hashlib.sha256(loaded.predict(X).tobytes()).hexdigest() == predictions
    assert parts(path)[0]["__metadata__"]["format_version"] == "2"


@pytest.mark.parametrize("widths", [(1, 1), (4, 3, 2), (2,) * 13])
def test_both_versions_say_the_same(path, widths):
    net = network(widths=widths)
    net.save(path)
    header, data = parts(path)
    version_1(header)
    write(path, signed(header, data), data)
    assert wb.load(path) == net
    assert wb.load(path).metadata == net.metadata


def test_dropout_makes_a_file_of_version_3(path):
    """Without it a file is one that older releases read, byte for byte."""
    net = network(widths=(4, 3, 2))
    net.save(path)
    plain = path.read_bytes()
    net[0].dropout = 0.25
    net.save(path)
    header, data = parts(path)
    metadata = header["__metadata__"]
    assert metadata["format_version"] == "3"
    layers = json.loads(metadata["architecture"])["layers"]
    assert layers == [
        saved_layer(4, 3, dropout=0.25),
        saved_layer(3, 2, "softmax", dropout=0.0),
    ]
    assert wb.load(path) == net
    assert read_model(path).layers == (
        LayerStructure(4, 3, "tanh", dropout=0.25),
        LayerStructure(3, 2, "softmax"),
    )
    for share in (0, 0.0, 0.5):  # a whole number is one too, as JSON has only one kind
        layers[0]["dropout"] = share
        metadata["architecture"] = json.dumps({"layers": layers, "dtype": "float32"})
        write(path, signed(header, data), data)
        assert wb.load(path)[0].dropout == share
    net[0].dropout = 0
    net.save(path)
    assert path.read_bytes() == plain


def test_layers_without_bias_or_not_trainable(path):
    network(widths=(4, 3, 2)).save(path)
    header, data = parts(path)
    bare = [saved_layer(4, 3, bias=False), saved_layer(3, 2, "softmax", trainable=False)]
    header["__metadata__"]["architecture"] = json.dumps({"layers": bare, "dtype": "float32"})
    del header["layers.0.biases"]
    for name in ("layers.1.weights", "layers.1.biases"):
        header[name]["data_offsets"] = [end - 12 for end in header[name]["data_offsets"]]
    data = data[:48] + data[60:]
    write(path, signed(header, data), data)
    model = read_model(path)
    assert model.layers == tuple(LayerStructure(**fields) for fields in bare)
    assert model.parameters.tobytes() == data
    again = path.with_name("again")
    write_model(again, model)
    assert parts(again)[1] == data
    assert parts(again)[0].keys() == header.keys()
    net = wb.load(path)
    assert net[0].biases is None
    assert [layer.trainable for layer in net] == [True, False]
    assert net.activation_names == ("tanh", "softmax")
    net.save(again)
    assert parts(again)[1] == data
    assert wb.load(again) == net


def test_initializers_are_beside_what_older_releases_read(path):
    layers = [
        wb.Dense(4, 3, "relu", bias_initializer=0.5),
        wb.Dense(3, 3, initializer=np.eye, bias=False),
        wb.Dense(3, 2, initializer="normal(0, 0.1)", bias_initializer="prior"),
    ]
    net = wb.Network(layers, seed=0)
    known = (("he", "constant(0.5)"), (None, "zeros"), ("normal(0, 0.1)", None))
    net.save(path)
    header, data = parts(path)
    metadata = header["__metadata__"]
    assert metadata["format_version"] == "2"
    assert json.loads(metadata["initializers"]) == [list(pair) for pair in known]
    assert read_model(path).initializers == known
    assert signed(json.loads(json.dumps(header)), data) == header, "the sum is without them"
    assert wb.load(path)._initializers == known
    before = path.read_bytes()
    wb.load(path).save(path)
    assert path.read_bytes() == before
    for name in ("initializers", "initializers_sha256"):
        del metadata[name]
    write(path, header, data)
    assert wb.load(path) == net
    assert read_model(path).initializers is None
    wb.load(path).save(path)
    assert "initializers" not in parts(path)[0]["__metadata__"], "nothing is made up"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "initializers that are none of its layers"),
        ("{}", "initializers that are none of its layers"),
        ('[["he", "zeros"]', "initializers that are none of its layers"),
        ("[" * 10**5, "initializers that are none of its layers"),
        ('[["he", "zeros"], "he"]', "initializers that are none of its layers"),
        ('[["he", "zeros"], ["he"]]', "initializers that are none of its layers"),
        ('[["he", "zeros"], ["him", null]]', "expected initializers that are known, got"),
        ('[["he", "zeros"], [null, 0.5]]', "expected initializers that are known, got"),
        ('[["he", "zeros"], [null, "normal(0, -1)"]]', "expected initializers that are known, got"),
    ],
)
def test_other_initializers_are_refused(path, text, message):
    network().save(path)
    header, data = parts(path)
    digest = hashlib.sha256(text.encode()).hexdigest()
    header["__metadata__"].update(initializers=text, initializers_sha256=digest)
    write(path, header, data)
    with pytest.raises(wb.ModelFileError, match=message):
        wb.load(path)


def test_a_loss_is_beside_what_older_releases_read(path):
    net = network()
    net.save(path)
    assert "loss" not in parts(path)[0]["__metadata__"], "of what was never trained"
    net.loss = "huber(2.5)"
    net.save(path)
    header, data = parts(path)
    metadata = header["__metadata__"]
    assert metadata["format_version"] == "2"
    assert metadata["loss"] == "huber(2.5)"
    assert signed(json.loads(json.dumps(header)), data) == header, "the sum is without it"
    assert wb.load(path).loss == read_model(path).loss == "huber(2.5)"
    for name in ("loss", "loss_sha256"):  # as an older wbcore wrote it
        del metadata[name]
    write(path, header, data)
    assert wb.load(path) == net
    assert wb.load(path).loss is None


@pytest.mark.parametrize(
    ("text", "digest_of", "message"),
    [
        ("mse", "mae", "a loss that was changed"),
        ("", "", "a loss that was changed"),
        (None, "mse", "a loss that was changed"),
        ("mse", None, "a loss that was changed"),
        ("mess", "mess", "expected a loss that is known, got 'mess'"),
        ("huber(-1)", "huber(-1)", "expected a loss that is known, got"),
    ],
)
def test_another_loss_is_refused(path, text, digest_of, message):
    network().save(path)
    header, data = parts(path)
    if text is not None:
        header["__metadata__"]["loss"] = text
    if digest_of is not None:
        digest = hashlib.sha256(digest_of.encode()).hexdigest()
        header["__metadata__"]["loss_sha256"] = digest
    write(path, header, data)
    with pytest.raises(wb.ModelFileError, match=message):
        wb.load(path)


@pytest.mark.parametrize("loss", ["mess", 3])
def test_what_is_no_loss_is_not_saved(path, loss):
    net = network()
    net.loss = loss
    with pytest.raises((TypeError, ValueError), match=r"\[save\] expected loss to be one of"):
        net.save(path)
    assert not path.exists()
