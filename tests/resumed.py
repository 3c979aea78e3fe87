"""Runs that a checkpoint cuts in two, beside the same run in one piece."""

import json
import shutil

import numpy as np
from small_network import LABELS, X, network

import wbcore as wb
from wbcore.training import checkpoints


class Course:
    """A run that can be begun any number of times: what it trains, on what, and how.

    Its three functions take nothing and are called for each fit, so that none knows of another:
    they give the arguments of `fit`, the network, and the data.
    """

    def __init__(self, arguments, net=network, data=lambda: (X, LABELS)):
        self.net, self.arguments, self.data = net, arguments, data

    def fit(self, net=None, **more):
        """All that one fit leaves behind, as texts and bytes; of the network, and its history."""
        net = self.net() if net is None else net
        given = {"loss": "cross_entropy", "epochs": 3, "batch_size": 16, "seed": 7}
        given |= self.arguments() | more
        net.fit(*self.data(), **given)
        return left_by(net)


def left_by(net):
    """What a training leaves behind, but for the seconds."""
    state = net.optimizer.state(net)
    history = json.loads(net.history.to_json())
    del history["seconds"]
    return {
        "parameters": net.parameters.tobytes(),
        "history": history,
        "series": net.history.names,
        "tracked": list(net.history.parameters),
        "optimizer": repr(net.optimizer),
        "state": {name: array.tobytes() for name, array in state.arrays.items()},
        "position": (state.steps, state.position, state.observations),
        "prior": net._starts_at_prior,
    }


def checkpoints_of(course, folder, monkeypatch, every="1 batch", **more):
    """The files that a run in one piece writes, each of them kept; and what it leaves behind."""
    path, found = folder / "run.ckpt", []
    write = checkpoints.write_checkpoint

    def kept(where, saved):
        write(where, saved)
        found.append(folder / f"{len(found)}.ckpt")
        shutil.copy(where, found[-1])

    monkeypatch.setattr(checkpoints, "write_checkpoint", kept)
    left = course.fit(checkpoint=path, checkpoint_every=every, **more)
    monkeypatch.undo()
    return found, left


def other(net):
    """The same structure, with other parameters."""
    net.parameters[:] = np.random.default_rng(8).standard_normal(net.parameters.size)
    return net


def require_exact(course, folder, monkeypatch, **more):
    """Gone on with from each of its checkpoints, a run is the one that never stopped."""
    whole = course.fit()
    files, left = checkpoints_of(course, folder, monkeypatch, **more)
    assert left == whole, "a checkpoint changes nothing"
    for file in files:
        assert course.fit(other(course.net()), resume=file) == whole, file
    return files


def small(**options):
    return lambda: wb.Network.mlp([6, 9, 8, 3], "tanh", seed=1, **options)
