"""Loads of a file that another process rewrites, replaces, cuts and lengthens meanwhile.

What comes is one of the networks that were ever whole in that file, or ModelFileError or OSError.
"""

import os
import random
import time

import numpy as np
from harness import Forked, Round, digest, main

import wbcore as wb


def networks(draw, folder):
    """The bytes of some model files, and what is in them; two of one structure, one of another."""
    widths = draw.choice([[4, 3], [64, 128, 10], [200, 700, 10]])
    files, known = [], set()
    for number, shape in enumerate((widths, widths, [widths[0], 33, widths[-1]])):
        net = wb.Network.mlp(shape, seed=draw.getrandbits(20))
        net.metadata["number"] = number
        path = folder / f"{number}.safetensors"
        net.save(path)
        files.append(path.read_bytes())
        known.add((number, tuple(shape), digest(net.parameters)))
    return files, known


def write_in_place(path, content, draw):
    pieces = draw.choice([1, 2, 7])
    size = -(-len(content) // pieces)
    with path.open("r+b", buffering=0) as file:
        for start in range(0, len(content), size):
            file.write(content[start : start + size])
        file.truncate(len(content))


def replace(path, content, draw):
    other = path.with_suffix(".new")
    other.write_bytes(content)
    other.replace(path)


def cut(path, content, draw):
    os.truncate(path, draw.randrange(len(content)))
    time.sleep(draw.choice([0, 1e-4]))
    write_in_place(path, content, draw)


def lengthen(path, content, draw):
    with path.open("ab") as file:
        file.write(content[: draw.randrange(1, len(content))])
    time.sleep(draw.choice([0, 1e-4]))
    write_in_place(path, content, draw)


def empty_first(path, content, draw):
    path.write_bytes(content)  # as most programs write: cut to nothing, then written


CHANGES = {
    "in-place": write_in_place,
    "replaced": replace,
    "cut": cut,
    "lengthened": lengthen,
    "written-anew": empty_first,
}


def for_ever(work):
    """Until this process is killed, or its parent is gone."""
    parent = os.getppid()
    while os.getppid() == parent:
        work()


def loads(one: Round, name: str) -> None:
    draw, path = one.draw, one.folder / "net.safetensors"
    files, known = networks(draw, one.folder)
    path.write_bytes(files[0])
    others = random.Random(draw.getrandbits(32))
    wrong = 0

    def change():
        CHANGES[name](path, others.choice(files), others)

    with Forked(lambda: for_ever(change)):
        ends, done = time.monotonic() + 0.25, 0
        while time.monotonic() < ends:
            done += 1
            try:
                net = wb.load(path)
            except wb.ModelFileError as error:
                assert str(error).startswith("[load] expected "), str(error)
                assert name != "replaced", f"a file that was whole at every moment: {error}"
                one.count("refused")
            except OSError:
                one.count("OSError")
            else:
                found = net.metadata.get("number"), net.widths, digest(net.parameters)
                wrong += found not in known
                assert np.isfinite(net.parameters).all() or found not in known
                one.count("loaded")
    assert not wrong, f"{wrong} of {done} loads gave a network that never was in the file"


if __name__ == "__main__":
    main({name: lambda one, name=name: loads(one, name) for name in CHANGES}, short=10)
