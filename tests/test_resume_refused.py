"""What a checkpoint is refused for: another run, another file; in words, with nothing changed."""

import errno
import functools
import json
import os
import re
import struct

import numpy as np
import pytest
from resumed import Course, checkpoints_of, left_by
from small_network import LABELS, TARGETS, X, network

import wbcore as wb
from wbcore.callbacks import Callback, Checkpoint, CSVLogger, EarlyStopping, Progress, TimeLimit
from wbcore.io import atomic

ARGUMENTS = {"optimizer": "adam(0.01)", "metrics": ["accuracy"], "loss": "cross_entropy"}
ARGUMENTS |= {"epochs": 3, "batch_size": 16, "seed": 7}


@pytest.fixture
def path(tmp_path):
    """Of a checkpoint."""
    path = tmp_path / "run.ckpt"
    network().fit(X, LABELS, **ARGUMENTS, checkpoint=path)
    return path


def trained():
    """A network with an optimizer and a history of its own."""
    net = network()
    net.fit(X, LABELS, loss="cross_entropy", optimizer="sgd(0.1, 0.9)")
    return net


def refused(path, error, data=(X, LABELS), net=None, **more):
    """The message, of one line; nothing has been changed."""
    net = trained() if net is None else net
    before = left_by(net) if net.optimizer else None
    with pytest.raises(error) as found:
        net.fit(*data, **(ARGUMENTS | more), resume=path)
    if before is not None:
        assert left_by(net) == before
    assert "\n" not in str(found.value)
    return str(found.value).replace(repr(os.fspath(path)), "FILE")


CHANGED = X.copy()
CHANGED[17, 2] += 1e-9


def of(value):
    return value


FIELDS = {
    "layers": ({}, wb.Network.mlp([6, 9, 7, 3], "tanh", dtype="float64")),
    "dtype": ({}, network("float32")),
    "loss": ({"loss": "cross_entropy(0.1)"}, None),
    "optimizer": ({"optimizer": "nadam(0.01)"}, None),
    "optimizer.learning_rate": ({"optimizer": "adam(cosine(0.01, 10))"}, None),
    "optimizer.clip_norm": ({"optimizer": wb.Adam(0.01, clip_norm=1.0)}, None),
    "optimizer.epsilon_hat": ({"optimizer": wb.Adam(0.01, epsilon_hat=True)}, None),
    "optimizer.penalty_of_sum": ({"optimizer": wb.Adam(0.01, penalty_of_sum=True)}, None),
    "batch_size": ({"batch_size": 8}, None),
    "shuffle": ({"shuffle": False}, None),
    "seed": ({"seed": 0}, None),
    "metrics": ({"metrics": []}, None),
    "class_weight": ({"class_weight": {0: 2.0}}, None),
    "validation_fraction": ({"validation_fraction": 0.2}, None),
    "bias_init": ({"bias_init": "prior"}, None),
    "track": ({"track": "epoch"}, None),
    "first_epoch": ({"first_epoch": 0}, None),
    "callbacks": ({"callbacks": [EarlyStopping("loss")]}, None),
    "callback": ({"callback": lambda *_: None}, None),
    "sample_weight": ({"sample_weight": np.ones(50)}, None),
    "X_val": ({"validation_data": (X, LABELS)}, None),
}


@pytest.mark.parametrize("name", FIELDS)
def test_another_setting(name, path):
    options, net = FIELDS[name]
    text = refused(path, ValueError, net=net, **options)
    assert text.startswith(f"[fit] expected {name} of the run in FILE, "), text
    assert ", got " in text


def test_other_data(path):
    text = refused(path, ValueError, (CHANGED, LABELS))
    assert text.startswith("[fit] expected X of the run in FILE, 50 x 6, sha256 ")
    for data in ((X[:49], LABELS[:49]), (X[::-1], LABELS), (wb.Scaled(X, 2.0), LABELS)):
        assert "expected X of the run" in refused(path, ValueError, data)
    assert "expected y of the run" in refused(path, ValueError, (X, LABELS[::-1]))


OF_DATA = {
    "sample_weight": ({"sample_weight": np.arange(50)}, {"sample_weight": np.arange(50)[::-1]}),
    "X_val": ({"validation_data": (X, LABELS)}, {"validation_data": (CHANGED, LABELS)}),
    "y_val": ({"validation_data": (X, LABELS)}, {"validation_data": (X, LABELS[::-1])}),
    "sample_weight_val": (
        {"validation_data": (X, LABELS, np.ones(50))},
        {"validation_data": (X, LABELS, np.full(50, 2))},
    ),
    "shuffle_window": ({"shuffle": "blocks"}, {"shuffle": "blocks", "shuffle_window": 3}),
    "metrics": ({"metrics": [{"a": np.size}]}, {"metrics": [{"a": np.ndim}]}),
    "class_weight": ({"class_weight": {1: 2}}, {"class_weight": {1: 2.5}}),
}


@pytest.mark.parametrize("name", OF_DATA)
def test_others_of_what_a_run_has(name, tmp_path):
    first, second = OF_DATA[name]
    path = tmp_path / "run.ckpt"
    if name == "metrics":
        first, second = (
            {"metrics": [{"a": function}]}
            for function in (lambda a, b: 0.0, functools.partial(lambda a, b: 0.0))
        )
    network().fit(X, LABELS, **(ARGUMENTS | first), checkpoint=path)
    text = refused(path, ValueError, **second)
    assert text.startswith(f"[fit] expected {name} of the run in FILE, "), text
    net = network()
    net.fit(X, LABELS, **(ARGUMENTS | first), resume=path)


def test_other_blocks(tmp_path):
    def blocks(size):
        return [(X[i : i + size], LABELS[i : i + size]) for i in range(0, 50, size)]

    path = tmp_path / "run.ckpt"
    network().fit(blocks(10), **ARGUMENTS, shuffle="blocks", checkpoint=path)
    text = refused(path, ValueError, (blocks(25),), shuffle="blocks")
    assert text.startswith(
        "[fit] expected rows of blocks of the run in FILE, 50 in 5 blocks, sha256"
    )


def test_other_targets_of_functions(tmp_path):
    def loss(outputs, targets):
        return ((outputs - targets) ** 2).mean(), 2 * (outputs - targets) / outputs.size

    def other(outputs, targets):
        return loss(outputs, targets)

    path = tmp_path / "run.ckpt"
    arguments = {"loss": loss, "optimizer": "sgd(0.1)"}
    network().fit(X, TARGETS, **arguments, checkpoint=path)
    with pytest.raises(ValueError, match="expected loss of the run in"):
        network().fit(X, TARGETS, **(arguments | {"loss": other}), resume=path)
    rounded = TARGETS.astype("f4").astype("f8")
    with pytest.raises(ValueError, match="expected y of the run in"):
        network().fit(X, rounded, **arguments, resume=path)


def test_fewer_epochs_than_were_done(tmp_path, monkeypatch):
    course = Course(lambda: dict(ARGUMENTS))
    files, _ = checkpoints_of(course, tmp_path, monkeypatch)
    expected = "[fit] expected epochs of at least the {} that the run in FILE has done, got 1"
    assert refused(files[-1], ValueError, epochs=1) == expected.format("3")
    text = refused(files[5], ValueError, epochs=1)
    assert text == expected.format("1 and a part of the next")


def test_functions_that_a_callback_has_set(tmp_path):
    def falling(step):
        return 1 / step

    class Sets:
        def after_epoch(self, run):
            run.optimizer.learning_rate = falling

    path = tmp_path / "run.ckpt"
    network().fit(X, LABELS, **ARGUMENTS, callbacks=[Sets()], checkpoint=path)
    text = refused(path, ValueError, callbacks=[Sets()], epochs=5)
    assert text.startswith("[fit] expected learning_rate to be the function <test_functions_that_")
    last = ARGUMENTS | {"optimizer": wb.Adam(falling), "epochs": 5}
    assert len(network().fit(X, LABELS, **last, callbacks=[Sets()], resume=path)) == 5


class Keeps(Callback):
    def __init__(self, value):
        self.value = value

    def after_epoch(self, run):
        pass

    def state(self):
        return {"value": self.value}

    def set_state(self, state):
        self.value = state["value"]


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, np.array(["a"]), 1j, np.longdouble(1)])
def test_a_state_that_no_file_can_hold(value, tmp_path):
    path = tmp_path / "run.ckpt"
    net = trained()
    before = net.parameters.copy()
    with pytest.raises(
        TypeError, match="expected the state of Keeps to be of numbers, texts, None"
    ):
        net.fit(X, LABELS, **ARGUMENTS, callbacks=[Keeps(value)], checkpoint=path)
    assert (net.parameters == before).all()
    assert not path.exists()


DECIDING = {
    "monitor": (EarlyStopping("loss"), EarlyStopping("accuracy", mode="min")),
    "mode": (EarlyStopping("loss"), EarlyStopping("loss", mode="max")),
    "min_delta": (EarlyStopping("loss"), EarlyStopping("loss", min_delta=0.5)),
    "patience": (EarlyStopping("loss", patience=5), EarlyStopping("loss", patience=2)),
    "restore_best": (EarlyStopping("loss"), EarlyStopping("loss", restore_best=False)),
    "min_epochs": (EarlyStopping("loss"), EarlyStopping("loss", min_epochs=1)),
    "best_only": (Checkpoint("a", "loss"), Checkpoint("a", "loss", best_only=True)),
    "every": (Checkpoint("a"), Checkpoint("a", every=2)),
}


@pytest.mark.parametrize("name", DECIDING)
def test_another_setting_of_a_callback(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "run.ckpt"
    first, other = ([TimeLimit(60), callback] for callback in DECIDING[name])
    network().fit(X, LABELS, **ARGUMENTS, callbacks=first, checkpoint=path)
    text = refused(path, ValueError, callbacks=other)
    assert text.startswith(f"[fit] expected callbacks[1].{name} of the run in FILE, "), text


def test_settings_of_callbacks_that_decide_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "run.ckpt"

    def callbacks(name, seconds):
        return [TimeLimit(seconds), CSVLogger(f"{name}.csv"), Progress(), Checkpoint(name)]

    more = {"callbacks": [*callbacks("a", 60), EarlyStopping("loss")]}
    network().fit(X, LABELS, **ARGUMENTS, **more, checkpoint=path)
    more = {"callbacks": [*callbacks("b", 90), EarlyStopping("loss", mode="min")]}
    assert len(network().fit(X, LABELS, **(ARGUMENTS | {"epochs": 4}), **more, resume=path)) == 4


def test_a_callback_that_refuses_its_state(tmp_path, monkeypatch):
    path = tmp_path / "run.ckpt"
    network().fit(X, LABELS, **ARGUMENTS, callbacks=[EarlyStopping("loss")], checkpoint=path)
    monkeypatch.setattr(EarlyStopping, "state", lambda _: {"best": None})
    other = tmp_path / "other.ckpt"
    network().fit(X, LABELS, **ARGUMENTS, callbacks=[EarlyStopping("loss")], checkpoint=other)
    text = refused(other, ValueError, callbacks=[EarlyStopping("loss")])
    assert text.startswith("[EarlyStopping] expected a state of best, best_epoch, first_epoch, ")
    text = refused(path, ValueError, callbacks=[EarlyStopping("loss"), CSVLogger(tmp_path / "x")])
    assert text == (
        "[fit] expected callbacks of the run in FILE, ['EarlyStopping'], "
        "got ['EarlyStopping', 'CSVLogger']; with resume=False the fit begins anew"
    )


WRONG = {
    "checkpoint=7": (TypeError, "expected checkpoint to be a str or path-like, got 7"),
    "checkpoint=''": (ValueError, "expected checkpoint to be a str or path-like, got ''"),
    "checkpoint='a\\0b'": (ValueError, "expected checkpoint to be a str or path-like, got 'a"),
    "checkpoint=b'x'": (TypeError, "expected checkpoint to be a str or path-like, got b'x'"),
    "resume=7": (TypeError, "expected resume to be a str or path-like, True or False, got 7"),
    "resume=True": (ValueError, "expected a checkpoint with resume=True, which goes on from it"),
    "checkpoint='x', checkpoint_every=5": (
        TypeError,
        "expected checkpoint_every to be a text such",
    ),
    "checkpoint='x', checkpoint_every='soon'": (ValueError, "or '500 batches', got 'soon'"),
    "checkpoint='x', checkpoint_every='0 s'": (ValueError, "or '500 batches', got '0 s'"),
    "checkpoint='x', checkpoint_every='1.5 epochs'": (ValueError, "epochs and batches are whole"),
    "checkpoint='x', checkpoint_every='3 h'": (ValueError, "such as '30s', '5 min', '1 epoch' or"),
    "checkpoint='x', optimizer='lbfgs'": (ValueError, "expected no checkpoint with LBFGS, which"),
    "resume='x', optimizer='lbfgs'": (ValueError, "expected no resume with LBFGS, which remembers"),
    "resume='none.ckpt'": (FileNotFoundError, "none.ckpt"),
    "resume='.'": (IsADirectoryError, "expected resume to be a checkpoint, got a folder"),
    "checkpoint='none/x'": (FileNotFoundError, "expected a folder that is there, got"),
    "checkpoint='.'": (IsADirectoryError, "expected a file or a new name, got a folder or device"),
}


@pytest.mark.parametrize("words", WRONG)
def test_arguments(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error, text = WRONG[words]
    net = trained()
    before = left_by(net)
    arguments = ARGUMENTS | eval(f"dict({words})")
    with pytest.raises(error, match=re.escape(text)):
        net.fit(X, LABELS, **arguments)
    assert left_by(net) == before
    assert not list(tmp_path.iterdir())


def test_a_model_file_and_other_files(path, tmp_path):
    model = tmp_path / "net.safetensors"
    network().save(model)
    assert refused(model, wb.ModelFileError) == (
        "[fit] expected a file that fit(checkpoint=...) wrote, got a network that was saved: FILE"
    )
    notes = tmp_path / "notes.txt"
    notes.write_text("no checkpoint")
    assert refused(notes, wb.ModelFileError).startswith("[fit] expected a safetensors file with a")
    with pytest.raises(wb.ModelFileError, match="got the checkpoint of a fit, which resume takes"):
        wb.load(path)


def texts_of(content):
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length])["__metadata__"], content[8 + length :]


def test_other_versions_and_contracts(path):
    content = path.read_bytes()
    for name, text in (("contract", "99"), ("format_version", "2")):
        old = f'"{name}":"{texts_of(content)[0][name]}"'.encode()
        new = f'"{name}":"{text}"'.encode()
        path.write_bytes(changed(content, old, new))
        assert f"expected a checkpoint of {name} " in refused(path, wb.ModelFileError)


def changed(content, old, new):
    """With another text in the header."""
    (length,) = struct.unpack("<Q", content[:8])
    header = content[8 : 8 + length].replace(old, new)
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


def test_damaged(path):
    content = path.read_bytes()
    for cut in (0, 5, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        refused(path, wb.ModelFileError)
    for place in range(9, len(content), 41):
        damaged = bytearray(content)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        assert refused(path, wb.ModelFileError).startswith("[fit] expected ")
    path.write_bytes(content + b"\0")
    refused(path, wb.ModelFileError)
    path.write_bytes(content)
    network().fit(X, LABELS, **ARGUMENTS, resume=path)


def test_an_unwritable_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.os, "access", lambda *_: False)
    net = trained()
    before = left_by(net)
    with pytest.raises(PermissionError, match="expected a writable folder"):
        net.fit(X, LABELS, **ARGUMENTS, checkpoint=tmp_path / "run.ckpt")
    assert left_by(net) == before


class Full:
    """A disk that is full from the n-th file on."""

    def __init__(self, monkeypatch, n):
        self.left = n
        sync = os.fsync

        def fsync(file):
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(file)

        monkeypatch.setattr(atomic.os, "fsync", fsync)


@pytest.mark.parametrize("every", ["1 epoch", "1 batch", "2 batches"])
@pytest.mark.parametrize("n", [2, 4])  # of the file and of the folder
def test_a_full_disk(n, every, tmp_path, monkeypatch):
    path = tmp_path / "run.ckpt"
    net, whole = network(), network()
    whole.fit(X, LABELS, **ARGUMENTS)
    with monkeypatch.context() as full:
        Full(full, n)
        with pytest.raises(OSError, match="No space left on device") as found:
            net.fit(X, LABELS, **ARGUMENTS, checkpoint=path, checkpoint_every=every)
    assert found.value.errno == errno.ENOSPC
    assert found.value.filename == str(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.ckpt"]
    history = net.history
    assert history.status == "failed"
    assert "in the checkpoint" in history.reason
    assert net.optimizer.state(net).position.epoch == len(history)
    one = network()  # from the file that was written before
    one.fit(X, LABELS, **ARGUMENTS, resume=path)
    assert one == whole
    left = 3 - len(history)
    if left:  # and from where it stands
        net.fit(X, LABELS, **(ARGUMENTS | {"epochs": left}))
    assert net == whole


def test_a_full_disk_at_the_end(tmp_path, monkeypatch):
    net, whole = network(), network()
    whole.fit(X, LABELS, **ARGUMENTS)
    seen = []

    class Look:
        def after_fit(self, run):
            seen.append((run.status, run.reason))

    Full(monkeypatch, 0)
    with pytest.raises(OSError, match="No space left"):
        net.fit(
            X, LABELS, **ARGUMENTS, callbacks=[Look()], checkpoint=tmp_path / "run",
            checkpoint_every="1 min",
        )  # fmt: skip
    assert seen[0][0] == "failed"
    assert "No space left on device" in seen[0][1]
    assert net == whole


def test_a_divergence_leaves_the_last_good_checkpoint(tmp_path):
    path = tmp_path / "run.ckpt"
    arguments = {"loss": "mse", "optimizer": "sgd(10)", "epochs": 500}
    with pytest.raises(wb.DivergenceError):
        network().fit(X, TARGETS, **arguments, checkpoint=path, checkpoint_every="1 batch")
    net = network()
    with pytest.raises(wb.DivergenceError) as found:
        net.fit(X, TARGETS, **arguments, resume=path)
    assert len(found.value.history) == found.value.epoch
    assert np.isfinite(net.parameters).all()
