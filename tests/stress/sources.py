"""Sources of blocks: the bits of their rows; an error for what goes wrong while they are read.

A round trains by a source of drawn blocks, windows, batches and threads, and compares with the
rows in the order that `row_order` tells; or something goes wrong in a block that was drawn, or the
file of a map is cut at a moment that was.
"""

import contextlib
import itertools
import os
import threading
import time

import numpy as np
from harness import Round, digest, main, require_no_reader

import wbcore as wb

RNG = np.random.default_rng(0)
X = RNG.standard_normal((700, 9)).astype(np.float32)
Y = RNG.integers(0, 3, len(X))


def net():
    return wb.Network.mlp([9, 6, 3], "tanh", seed=2)


def drawn_blocks(draw):
    """Of all rows, by their sizes."""
    ends = sorted({0, len(X), *(draw.randrange(len(X)) for _ in range(draw.randrange(20)))})
    return [(X[a:b], Y[a:b]) for a, b in itertools.pairwise(ends)]


def drawn_options(draw):
    return {
        "loss": "cross_entropy",
        "batch_size": draw.choice([1, 7, 32, 100, 1000]),
        "n_threads": draw.choice([1, 2, 3]),
        "seed": draw.getrandbits(64),
    }


class Late:
    """Blocks that take their time."""

    def __init__(self, items, draw):
        self.items, self.draw = items, draw
        self.rows = [len(item[0]) for item in items]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, k):
        if self.draw.random() < 0.2:
            time.sleep(self.draw.random() * 0.01)
        return self.items[k]


def bits(one: Round) -> None:
    draw = one.draw
    blocks, options = drawn_blocks(draw), drawn_options(draw)
    window, epochs = draw.choice([1, 2, 3, 8, 50]), 2
    trained, expected = net(), net()
    optimizers = wb.Adam(0.01), wb.Adam(0.01)
    source = Late(blocks, draw) if draw.random() < 0.5 else blocks
    trained.fit(
        source,
        shuffle="blocks",
        shuffle_window=window,
        epochs=epochs,
        optimizer=optimizers[0],
        **options,
    )
    sizes = [len(y) for _, y in blocks]
    for e in range(epochs):
        order = wb.data.row_order(sizes, seed=options["seed"], epoch=e, shuffle_window=window)
        expected.fit(X[order], Y[order], shuffle=False, optimizer=optimizers[1], **options)
    assert digest(trained.parameters) == digest(expected.parameters), "other bits"
    found = expected.evaluate(source, loss="cross_entropy", metrics=["accuracy"])
    assert found == expected.evaluate(X, Y, loss="cross_entropy", metrics=["accuracy"])
    assert expected.predict(source).tobytes() == expected.predict(X).tobytes()
    require_no_reader()
    one.count("of the same bits")


class Wrong(Late):
    """Gives something else for a while."""

    def __getitem__(self, k):
        block = super().__getitem__(k)
        if self.draw.random() > 0.05:
            return block
        X_k, y_k = block
        kind = self.draw.randrange(6)
        if kind == 0:
            raise OSError("of its own")
        bad = np.full_like(X_k, np.nan)
        return [None, (X_k[:, 1:], y_k), (bad, y_k), (X_k, y_k - 5), (X_k[1:], y_k[1:]), 7][kind]


def errors(one: Round) -> None:
    draw = one.draw
    trained = net()
    source = Wrong(drawn_blocks(draw), draw)
    shuffle = draw.choice(["blocks", False])
    try:
        trained.fit(source, shuffle=shuffle, epochs=3, **drawn_options(draw))
        one.count("trained")
    except (OSError, ValueError, TypeError) as error:
        assert "of its own" in str(error) or str(error).startswith("[fit] "), str(error)
        one.count("refused")
    assert np.isfinite(trained.parameters).all()
    require_no_reader()
    trained.fit(X, Y, loss="cross_entropy")


def truncated(one: Round) -> None:
    draw, path = one.draw, one.folder / "X.npy"
    np.save(path, X)
    source = wb.data.Blocks(np.load(path, mmap_mode="r"), Y, rows=draw.choice([1, 10, 300]))
    trained, delay, left = net(), draw.random() * 0.05, draw.randrange(X.nbytes)

    def cut():
        time.sleep(delay)
        os.truncate(path, left)

    thread = threading.Thread(target=cut)
    thread.start()
    with contextlib.suppress(OSError):
        is_cut = False
        while not is_cut:
            is_cut = not thread.is_alive()  # what begins now must find it
            trained.fit(source, shuffle=draw.choice(["blocks", False]), **drawn_options(draw))
            trained.evaluate(source, loss="cross_entropy")
            trained.predict(source)
        raise AssertionError("no error of a file that is cut")
    thread.join()
    assert np.isfinite(trained.parameters).all()
    require_no_reader()
    one.count("cut")


main({"bits": bits, "errors": errors, "truncated": truncated}, short=12)
