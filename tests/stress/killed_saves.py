"""Processes that are killed in save, and processes that save side by side.

After a kill the file is the old one or the new one, whole; and what the killed process left in the
folder is gone after the next save.
"""

import contextlib
import os
import time

from harness import Forked, Round, digest, main

import wbcore as wb


def pair(draw, sizes):
    """Two networks, and what can be in the file."""
    nets = [wb.Network.mlp(draw.choice(sizes), seed=draw.getrandbits(20)) for _ in range(2)]
    return nets, {digest(net.parameters) for net in nets}


def leftovers(folder, keep):
    return [entry.name for entry in folder.iterdir() if entry.name not in keep]


def killed(one: Round) -> None:
    """kill -9 at a random moment of a loop of saves."""
    draw, path = one.draw, one.folder / "net.safetensors"
    nets, known = pair(draw, [[3, 2], [100, 200, 10], [500, 800, 10]])
    nets[0].save(path)

    def save_for_ever():
        while True:
            for net in nets:
                net.save(path)

    for _ in range(5):
        with Forked(save_for_ever):
            time.sleep(draw.random() * draw.choice([0.001, 0.01, 0.05]))
        one.count("kills")
        assert digest(wb.load(path).parameters) in known, "a network that was never saved"
        left = leftovers(one.folder, {path.name})
        one.count("files left by a kill", len(left))
    nets[0].save(path)
    left = leftovers(one.folder, {path.name})
    assert not left, f"after the next save the folder still has {left}"
    assert wb.load(path) == nets[0]


def old_leftover(one: Round) -> None:
    """What a process of another system left two days ago; what is of today, or of others, stays."""
    folder, old = one.folder, (time.time() - 2 * 86400,) * 2
    stale = folder / ".wbcore-00000000-0123456789abcdef.tmp"
    stale.write_bytes(b"half a model")
    os.utime(stale, old)
    today = ".wbcore-00000000-fedcba9876543210.tmp"
    others = [".wbcore-notes.txt", "wbcore-0123456789abcdef.tmp", ".other-0123456789abcdef.tmp"]
    for name in (today, *others):
        (folder / name).write_bytes(b"somebody's")
        if name != today:
            os.utime(folder / name, old)
    wb.Network.mlp([3, 2]).save(folder / "net.safetensors")
    left = leftovers(folder, {"net.safetensors", today, *others})
    assert not left, f"after a save the folder still has {left}"
    assert all((folder / name).read_bytes() == b"somebody's" for name in (today, *others))
    one.count("old leftovers")


def side_by_side(one: Round) -> None:
    """Processes that save into one folder, some of them the same file: none takes another's."""
    draw = one.draw
    nets, known = pair(draw, [[3, 2], [100, 200, 10], [500, 800, 10]])
    paths = [one.folder / f"{number % 2}.safetensors" for number in range(3)]

    def save_often(path):
        for number in range(20):
            nets[number % 2].save(path)
            assert digest(wb.load(path).parameters) in known

    with contextlib.ExitStack() as stack:
        children = [stack.enter_context(Forked(lambda p=path: save_often(p))) for path in paths]
        failures = [failure for child in children if (failure := child.failure())]
    assert not failures, f"a process that saves beside others {failures[0]}"
    left = leftovers(one.folder, {path.name for path in paths})
    assert not left, f"the folder still has {left}"
    one.count("saves side by side", 60)


if __name__ == "__main__":
    main({"kill": killed, "old": old_leftover, "side-by-side": side_by_side}, short=12)
