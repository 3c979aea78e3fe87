"""The command line loses no trained model: not to a closed pipe, a full disk, Ctrl-C or a kill.

Nor part of an output in silence. Whatever comes, the model file is whole or absent, and it is
there when the training had ended.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness import Round, main

import wbcore as wb

COMMAND = [sys.executable, "-m", "wbcore.cli"]
SECONDS = 100
# A line that the report has when the training is over.
OVER = ("Trained in", "Saved the model")


def table(folder) -> Path:
    path = folder / "data.csv"
    draw = random.Random(0)
    rows = [(draw.gauss(0, 1), draw.gauss(5, 2), draw.choice("abc")) for _ in range(120)]
    path.write_text("x,z,kind\n" + "".join(f"{x},{z},{kind}\n" for x, z, kind in rows))
    return path


def command(one: Round, epochs: int):
    """The words of a training, and the model file that it makes."""
    output = one.folder / "model.safetensors"
    words = ["train", table(one.folder), "--target", "kind", "--epochs", epochs, "-o", output]
    return [*COMMAND, *map(str, words)], output


def whole(output, text="") -> bool:
    """Whether the model is there; it is never there in part, nor absent after a training."""
    if output.exists():
        assert wb.load(output).metadata["target"] == "kind"
        return True
    assert not any(line in text for line in OVER), (
        f"the training is over and no model is there: {text[-200:]}"
    )
    return False


def reader_goes(one: Round) -> None:
    """As `| head -1`: the reader takes some lines and closes its end."""
    words, output = command(one, 3)
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=one.folder, text=True
    ) as process:
        for _ in range(one.draw.choice([0, 1, 1, 2, 5])):
            process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(SECONDS)
    assert "Traceback" not in errors, errors[-300:]
    assert whole(output), f"a closed pipe lost the model: {errors[-300:]}"
    one.count("closed pipes")


def full(one: Round) -> None:
    """A disk without room for the report, on stdout or stderr or both."""
    words, output = command(one, 3)
    with Path("/dev/full").open("w") as device:
        streams = one.draw.choice(
            [{"stdout": device}, {"stdout": device, "stderr": device}, {"stderr": device}]
        )
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams}
        done = subprocess.run(words, **streams, cwd=one.folder, text=True, timeout=SECONDS)
    assert "Traceback" not in (done.stderr or ""), done.stderr[-300:]
    assert whole(output), f"a full disk under the report lost the model: {done.stderr}"
    one.count("full disks")


def part(one: Round) -> None:
    """A disk with room for a part of a prediction, or a reader that takes a part of it."""
    net = wb.Network.mlp([2, 3], seed=0)
    net.metadata["features"] = ["x", "z"]
    net.save(one.folder / "model.safetensors")
    data = one.folder / "data.csv"
    data.write_text("x,z\n" + "0.5,0.25\n" * one.draw.choice([2000, 20_000]))
    words = [*COMMAND, "predict", str(one.folder / "model.safetensors"), str(data)]
    environment = {**os.environ, "PYTHONUNBUFFERED": one.draw.choice(["", "1"])}
    streams = {"stderr": subprocess.PIPE, "env": environment, "text": True}
    if one.draw.random() < 0.5:
        blocks = one.draw.choice([0, 1, 8, 16])
        words = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *words]
        with (one.folder / "out").open("w") as file:
            done = subprocess.run(words, stdout=file, timeout=SECONDS, **streams)
        ended = (done.returncode, done.stderr)
        assert ended == (2, "wbcore: stdout: File too large\n"), f"{blocks} blocks: {ended}"
        one.count("outputs cut short by the disk")
        return
    with subprocess.Popen(words, stdout=subprocess.PIPE, **streams) as process:
        process.stdout.read(one.draw.choice([1, 100, 10_000]))
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(SECONDS)
    # what a pipe holds may be all that there is
    assert process.returncode in ((141,) if data.stat().st_size > 150_000 else (0, 141)), errors
    assert not errors, errors[-300:]
    one.count("outputs cut short by the reader")


@contextlib.contextmanager
def training(one: Round, epochs: int):
    """A training whose words go to a file."""
    words, output = command(one, epochs)
    said = one.folder / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(words, stdout=file, stderr=subprocess.STDOUT, cwd=one.folder)
    try:
        yield process, output, said
    finally:
        process.kill()
        process.wait()


def wait_for_words(process, said, what):
    ends = time.monotonic() + SECONDS
    while what not in said.read_text(errors="replace"):
        assert process.poll() is None, f"ended before {what!r}: {said.read_text()[-300:]}"
        assert time.monotonic() < ends, f"no {what!r} in {SECONDS} s"
        time.sleep(0.005)


def interrupted(one: Round, times: int) -> None:
    """Ctrl-C in mid-training, and again while the rest is done."""
    draw = one.draw
    with training(one, 10**6) as (process, output, said):
        wait_for_words(process, said, "network:")
        for _ in range(times):
            time.sleep(draw.random() * draw.choice([0.05, 0.5, 1.0]))
            process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
        text = said.read_text(errors="replace")
    there = whole(output, text)
    assert process.returncode in (0, 130), f"exit code {process.returncode}: {text[-300:]}"
    one.count("interrupted, model there" if there else "interrupted, no model")
    assert "Traceback" not in text, text[-400:]
    if times == 1 and process.returncode == 0:
        assert there, f"exit code 0 and no model: {text[-300:]}"
    left = [e.name for e in one.folder.iterdir() if e.name.endswith(".tmp")]
    assert not left, f"left in the folder: {left}"


def killed(one: Round) -> None:
    """kill -9 at any moment; what it leaves is gone after the next save."""
    draw = one.draw
    with training(one, draw.choice([1, 3, 2000])) as (process, output, said):
        wait_for_words(process, said, "network:")
        time.sleep(draw.random() * draw.choice([0.05, 0.5, 1.5]))
        process.send_signal(signal.SIGKILL)
        process.wait(SECONDS)
        text = said.read_text(errors="replace")
    one.count("killed, model there" if whole(output, text) else "killed, no model")
    wb.Network.mlp([2, 1]).save(one.folder / "other.safetensors")
    left = [e.name for e in one.folder.iterdir() if e.name.endswith(".tmp")]
    assert not left, f"left in the folder: {left}"


def resumed(one: Round) -> None:
    """Ctrl-C at any moment, and on again: the bytes of a training that nothing ended."""
    epochs = one.draw.choice([300, 3000])
    with training(one, epochs) as (process, output, said):
        wait_for_words(process, said, "network:")
        time.sleep(one.draw.random() * one.draw.choice([0.05, 0.5, 1.0]))
        process.send_signal(signal.SIGINT)
        process.wait(SECONDS)
    checkpoint = output.with_name(f"{output.name}.ckpt")
    words, _ = command(one, epochs)
    if not checkpoint.exists():
        assert process.returncode == 130 or "Interrupted" not in said.read_text()
        one.count("over before, or not begun")
        return
    for more in (["--resume"], []):
        done = subprocess.run([*words, *more], capture_output=True, text=True, cwd=one.folder)
        assert done.returncode == 0, done.stderr
        assert not checkpoint.exists(), f"left after the whole training, {more}"
        if more:
            found = output.read_bytes()
    assert found == output.read_bytes(), "going on has given other bytes"
    one.count("went on to the same bytes")


def own_input(one: Round) -> None:
    """A prediction never destroys the table or the model that it is made of."""
    words, output = command(one, 1)
    subprocess.run(words, capture_output=True, cwd=one.folder, timeout=SECONDS)
    data = one.folder / "data.csv"
    contents = data.read_bytes(), output.read_bytes()
    link = one.folder / "link.csv"
    link.symlink_to(data)
    hard = one.folder / "hard.csv"
    os.link(data, hard)
    goal = one.draw.choice([data, output, link, hard])
    words = [*COMMAND, "predict", output, data, "-o", goal]
    subprocess.run(list(map(str, words)), capture_output=True, cwd=one.folder, timeout=SECONDS)
    assert (data.read_bytes(), output.read_bytes()) == contents, f"-o {goal.name} destroyed it"
    one.count("inputs kept")


if __name__ == "__main__":
    main(
        {
            "pipe": reader_goes,
            "full": full,
            "part": part,
            "twice": lambda one: interrupted(one, 2),
            "kill": killed,
            "resume": resumed,
            "once": lambda one: interrupted(one, 1),
            "own-input": own_input,
        },
        short=5,
    )
