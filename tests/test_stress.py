"""The short forms of the stress programs; `tools/task stress` runs the long ones."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.uninstrumented

FOLDER = Path(__file__).parent / "stress"
PROGRAMS = sorted(path for path in FOLDER.glob("*.py") if path.stem != "harness")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_short_form(program):
    command = [sys.executable, program, "--short"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{program.stem}: "), done.stdout
    assert " 0 failures" in done.stdout


PROGRAM = """
import os, signal, sys, time
sys.path.insert(0, {folder!r})
import harness

def fails(one):
    assert one.number % 8 != 1, "of its own"

def dies(one):
    if one.number == 2:
        os.kill(os.getpid(), signal.SIGSEGV)

def exits(one):
    if one.number == 3:
        os._exit(0)

def hangs(one):
    if one.number == 4:
        time.sleep(1000)

def leaves(one):
    (one.folder / "file").touch()
    child = os.fork()
    if child == 0:
        time.sleep(1000)
    print("left", child, one.folder, flush=True)

harness.still_seconds = lambda place: 1 if place[:1] == bytes([4]) else 120
harness.main(
    {{"passes": lambda one: None, "fails": fails, "dies": dies, "exits": exits, "hangs": hangs,
      "leaves": leaves, "6": lambda one: None, "7": lambda one: None}},
    short=8,
)
"""


def alive(process):
    """A zombie that nobody waits for is dead."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def test_the_harness_sees_what_goes_wrong_and_leaves_nothing(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(folder=str(FOLDER)))
    command = [sys.executable, program, "--short", "--seed", "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1]
    assert last.startswith("program: 8 rounds, 4 failures"), done.stdout
    for words in ("AssertionError", "SIGSEGV", "exited with 0", "stood still"):
        assert words in done.stderr
    _, child, folder = done.stdout.splitlines()[0].split()
    assert not Path(folder).exists()
    ends = time.monotonic() + 60
    while alive(child):  # it was killed, and may wait for a processor to end on
        assert time.monotonic() < ends
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_program_that_is_stopped_leaves_nothing(number, tmp_path):
    command = [sys.executable, FOLDER / "killed_saves.py", "--seconds", "100"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        began = time.monotonic()
        while not list(tmp_path.glob("*/*/place")):  # not below, where folders come and go
            assert time.monotonic() < began + 60
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(60) != 0
    assert not list(tmp_path.iterdir())


TASK = Path(__file__).parents[1] / "tools" / "task"


def task(*words):
    return subprocess.run([TASK, *words], capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize(("name", "program"), [("stress", "labels"), ("fuzz", "c_api")])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nosuch"], "no program has 'nosuch' in its name; known: "),
        (["{}", "nosuch"], "no program has 'nosuch' in its name; known: "),
        (["harness"], "no program has 'harness' in its name; known: "),
        (["--second", "3"], "no option '--second'; known: --seconds --help"),
        (["--seconds"], "--seconds: expected a number, got ''"),
        (["--seconds", "{}"], "--seconds: expected a number, got '{}'"),
    ],
)
def test_a_campaign_of_nothing_is_refused(name, program, words, message):
    done = task(name, *(word.format(program) for word in words))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message.format(program))
    assert done.stderr.count("\n") == 1
    if "known: " in message and "option" not in message:
        assert program in done.stderr.split()


@pytest.mark.parametrize(("name", "program"), [("stress", "labels"), ("fuzz", "c_api")])
def test_the_usage_of_a_campaign(name, program):
    done = task(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: tools/task {name} [--seconds N] [WORD...]")
    assert program in done.stdout.split()
