"""Checkpoints, changed with sense and blindly: a fit goes on from them, or refuses them in words.

The sum in a changed file is often mended, so that the checks behind it are reached. A file that was
not changed is gone on with to the bit; one that was may be another run, which is the changer's.
"""

import copy
import hashlib
import json
import struct
import sys
import warnings
from functools import cache
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "stress"))
from harness import Round, digest, main
from model_files import change_tree
from mutation import blind, limit_memory

import wbcore as wb
from wbcore.callbacks import CSVLogger, EarlyStopping, TimeLimit

X = np.random.default_rng(0).standard_normal((30, 3))
LABELS = np.arange(30) % 2
SUMMED = ("settings", "run", "contract")
KINDS = 6


class Stop:
    """Ends a session within the second epoch."""

    def __init__(self, step=-1):
        self.step = step

    def after_batch(self, run):
        if run.step == self.step:
            run.stop(resumable=True)


def fit(kind, folder, stop=-1, **more):
    """A run of some kind; what it leaves behind."""
    net = wb.Network.mlp([3, 4, 2], "tanh", seed=1, dropout=0.1 * (kind % 3))
    callbacks = [Stop(stop)]
    if kind % 2:
        log = CSVLogger(folder / "log.csv")
        callbacks += [EarlyStopping("loss", patience=1), TimeLimit(1000), log]
    options = [
        {"optimizer": "adam(0.01)", "metrics": ["accuracy", "roc_auc"]},
        {"optimizer": "sgd(cosine(0.1, 20), 0.9)", "track": "epoch", "metrics": ["log_loss"]},
        {"optimizer": "rmsprop(plateau(0.1, 0.5, 1) of loss)", "validation_fraction": 0.3},
    ][kind // 2]
    options |= {"loss": "cross_entropy", "epochs": 3, "batch_size": 8, "callbacks": callbacks}
    net.fit(X, LABELS, **options, **more)
    return digest(net.parameters), net.history


@cache
def sound(kind, stop, folder):
    """The bytes of a checkpoint, and how the run ends."""
    path = folder / "sound.ckpt"
    path.unlink(missing_ok=True)
    fit(kind, folder, stop, checkpoint=path)
    return path.read_bytes(), fit(kind, folder)


def unpacked(content):
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    meta = header["__metadata__"]
    for name in ("settings", "run"):
        meta[name] = json.loads(meta[name])
    return header, content[8 + length :]


def packed(header, data, *, mend):
    header = copy.deepcopy(header)
    meta = header.get("__metadata__")
    if isinstance(meta, dict):
        for name in ("settings", "run"):
            if not isinstance(meta.get(name, ""), str):
                meta[name] = json.dumps(meta[name])
        if mend:
            texts = "".join(f"{meta.get(name)}\0" for name in SUMMED)
            meta["sha256"] = hashlib.sha256(texts.encode(errors="replace") + data).hexdigest()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def changed(draw, content):
    """Some changes of the header, of what it says in JSON, and of the numbers."""
    header, data = unpacked(content)
    for _ in range(draw.choice([1, 1, 2, 5])):
        meta = header.get("__metadata__")
        kind = draw.randrange(8)
        if kind < 5 and isinstance(meta, dict):
            part = meta.get(draw.choice(["run", "run", "settings"]))
            change_tree(draw, part if isinstance(part, dict) and part else meta)
        elif kind == 5:
            data = draw.choice([data[:-8], data + b"\0" * 8, b"", data[::-1]])
        elif kind == 6:
            place = draw.randrange(max(1, len(data) - 4))
            change = draw.choice([b"\xff" * 4, b"\0\0\x80\x7f", b"\0\0\0\x80"])
            data = data[:place] + change + data[place + 4 :]
        else:
            change_tree(draw, header)
    return packed(header, data, mend=draw.random() < 0.9)


def check(one: Round, change) -> None:
    kind, stop = one.draw.randrange(KINDS), one.draw.choice([2, 5, 6, -1])
    content, whole = sound(kind, stop, one.scratch)
    given = change(one.draw, content)
    path = one.scratch / "given.ckpt"
    path.write_bytes(given)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wb.TrainingWarning)
            found = fit(kind, one.folder, resume=path)
    except (ValueError, TypeError) as error:
        assert str(error).startswith("["), repr(error)
        assert len(str(error)) < 1000 + len(str(path)), "a message of a page"
        assert given != content, f"a sound file was refused: {error}"
        one.count("refused")
    except wb.DivergenceError:  # of numbers that a training never leaves
        assert given != content
        one.count("diverged")
    else:
        assert given != content or found == whole, "another run"
        assert len(found[1]) <= 3
        one.count("gone on")


CASES = {
    "sound": lambda one: check(one, lambda _, content: content),
    "sense": lambda one: check(one, changed),
    "more-sense": lambda one: check(one, changed),
    "blind": lambda one: check(one, blind),
}

if __name__ == "__main__":
    limit_memory()
    main(CASES, short=400, unit="executions")
