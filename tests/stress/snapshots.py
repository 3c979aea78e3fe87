"""Saves, copies, pickles and frozen copies of a network that another thread trains.

Each is the network as it was at the end of an epoch, or before the first: the callback of the
training writes down what those were.
"""

import copy
import pickle
import threading
import time

import numpy as np
from harness import Round, digest, main

import wbcore as wb

# Large enough that a copy takes a good part of an epoch: an epoch is a batch or two.
WIDTHS = ([64, 512, 10], [200, 700, 300, 10], [16, 1024, 4])


class Training:
    """A thread that trains a network, with the digests of its parameters after each epoch."""

    def __init__(self, draw, probe=None):
        self.widths = draw.choice(WIDTHS)
        self.net = wb.Network.mlp(self.widths, activation="tanh", seed=draw.getrandbits(20))
        rng = np.random.default_rng(draw.getrandbits(32))
        rows = draw.choice([8, 64, 200])
        self.X = rng.standard_normal((rows, self.widths[0]), np.float32)
        self.y = rng.integers(0, self.widths[-1], rows)
        self.batch_size = draw.choice([rows, 8])
        self.momentum = draw.choice([0.0, 0.9])
        self.probe = probe and rng.standard_normal((3, self.widths[0]), np.float32)
        self.seen, self.stop = set(), threading.Event()
        self.started = threading.Event()
        self.epochs = 0
        self.error = None
        self.record()
        self.thread = threading.Thread(target=self.run)

    def record(self):
        """Inside a callback the network stands still."""
        what = self.net.parameters if self.probe is None else self.net.predict(self.probe)
        self.seen.add(digest(what))

    def callback(self, *_):
        self.record()
        self.epochs += 1
        self.started.set()
        return self.stop.is_set()

    def run(self):
        try:
            self.net.fit(
                self.X,
                self.y,
                loss="cross_entropy",
                optimizer=wb.SGD(0.01, momentum=self.momentum),
                epochs=10**9,
                batch_size=self.batch_size,
                callback=self.callback,
            )
        except BaseException as error:  # noqa: BLE001
            self.error = error
        finally:
            self.started.set()

    def __enter__(self):
        self.thread.start()
        assert self.started.wait(60), "no epoch has ended"
        return self

    def is_at_first_epoch(self, since):
        """Whether it is there still; it may have to wait for a processor."""
        still = self.epochs < 2 and not self.error
        assert not still or time.monotonic() < since + 60, "the training stands still"
        return still

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive(), "the training does not end"
        if self.error:
            raise self.error


def taken(one: Round, name, take) -> None:
    """Takes networks for a while; each must be one that the callback has seen."""
    with Training(one.draw) as training:
        found, ends = [], time.monotonic() + 0.3
        while time.monotonic() < ends or training.is_at_first_epoch(ends):
            found.append(digest(take(training.net).parameters))
            time.sleep(one.draw.choice([0, 0.001]))
    unknown = sum(one_digest not in training.seen for one_digest in found)
    one.count(name, len(found))
    one.count("epochs beside them", training.epochs)
    assert not unknown, f"{unknown} of {len(found)} are of no epoch"


def saved(one: Round) -> None:
    """Every file can be loaded, and none is of no epoch."""
    path = one.folder / "net.safetensors"

    def take(net):
        net.save(path)
        return wb.load(path)

    taken(one, "saved", take)
    left = [entry.name for entry in one.folder.iterdir()]
    assert left == [path.name], f"the folder holds {left}"


def frozen(one: Round) -> None:
    """A predictor computes with the parameters of one epoch."""
    with Training(one.draw, probe=True) as training:
        found, ends = [], time.monotonic() + 0.3
        while time.monotonic() < ends:
            found.append(digest(training.net.freeze()(training.probe)))
    unknown = sum(one_digest not in training.seen for one_digest in found)
    one.count("frozen", len(found))
    assert not unknown, f"{unknown} of {len(found)} are of no epoch"


def in_the_callback(one: Round) -> None:
    """Where the network stands still, all of it works, and gives the epoch that has just ended."""
    draw = one.draw
    net = wb.Network.mlp([8, 32, 3], seed=draw.getrandbits(20))
    X = np.random.default_rng(0).standard_normal((64, 8))
    path = one.folder / "net.safetensors"

    def callback(*_):
        net.save(path)
        for twin in (wb.load(path), net.copy(), pickle.loads(pickle.dumps(net))):
            assert twin == net, "a copy in a callback is another network"
        assert digest(net.freeze()(X)) == digest(net.predict(X)), "a predictor of another epoch"
        one.count("in a callback")

    net.fit(X, np.arange(64) % 3, loss="cross_entropy", epochs=3, callback=callback)


def while_a_callback_waits(one: Round) -> None:
    """The callback waits for a thread that copies and saves: neither waits for ever."""
    net = wb.Network.mlp([8, 32, 3], seed=one.draw.getrandbits(20))
    X = np.random.default_rng(0).standard_normal((64, 8))
    path = one.folder / "net.safetensors"
    wrong = []

    def work(expected):
        net.save(path)
        twins = wb.load(path), net.copy(), pickle.loads(pickle.dumps(net))
        wrong.extend(twin for twin in twins if digest(twin.parameters) != expected)
        net.freeze()

    def callback(*_):
        thread = threading.Thread(target=work, args=(digest(net.parameters),))
        thread.start()
        thread.join(60)
        assert not thread.is_alive(), "a copy waits for the callback that waits for it"
        one.count("while a callback waits")

    net.fit(X, np.arange(64) % 3, loss="cross_entropy", epochs=2, callback=callback)
    assert not wrong, f"{len(wrong)} copies of no epoch"


if __name__ == "__main__":
    main(
        {
            "save": saved,
            "copy": lambda one: taken(one, "copied", wb.Network.copy),
            "deepcopy": lambda one: taken(one, "deepcopied", copy.deepcopy),
            "shallow": lambda one: taken(one, "shallow copies", copy.copy),
            "pickle": lambda one: taken(one, "pickled", lambda n: pickle.loads(pickle.dumps(n))),
            "freeze": frozen,
            "callback": in_the_callback,
            "waiting": while_a_callback_waits,
        },
        short=8,
    )
