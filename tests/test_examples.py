"""The examples run, and print what they promise."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

pytestmark = pytest.mark.uninstrumented


def run(name, cwd):
    command = [sys.executable, EXAMPLES / name]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    began = time.perf_counter()
    text = run("lessons.py", tmp_path_factory.mktemp("lessons"))
    assert time.perf_counter() - began < 60
    return text


def block(text, title):
    """The lines of the table whose title starts so, without title, header and rule."""
    found = text[text.index(f"\n{title}") + 1 :]
    return found.split("\n\n")[0].splitlines()[3:]


def test_lessons_print_all_ten_tables(lessons):
    numbers = [int(n) for n in re.findall(r"^Table (\d+): ", lessons, re.MULTILINE)]
    assert numbers == list(range(1, 11))
    for number in numbers:
        rows = block(lessons, f"Table {number}: ")
        assert len(rows) >= 3, f"table {number}"
        assert "nan" not in " ".join(rows), f"table {number}"


def test_the_neuron_of_the_lessons(lessons):
    assert "0.78\n" in lessons
    assert "0.6856801139382539\n" in lessons


def test_only_random_weights_break_the_symmetry(lessons):
    rows = {row.split()[0]: row.split()[1:] for row in block(lessons, "Breaking symmetry")}
    assert rows["zeros"][:2] == ["16", "1"]
    for initializer in ("xavier", "he"):
        assert rows[initializer][:2] == ["16", "16"]
        assert float(rows[initializer][2]) > 90 > float(rows["zeros"][2])


def test_the_networks_of_the_lessons_learn(lessons):
    accuracy = re.search(r"Test accuracy of this network, .*: ([\d.]+)%", lessons)
    assert float(accuracy[1]) > 90
    losses = [float(row.split()[1]) for row in block(lessons, "Loss by epoch")]
    assert losses == sorted(losses, reverse=True)


def test_a_loop_of_ones_own_learns(tmp_path):
    text = run("own_loop.py", tmp_path)
    assert float(re.search(r"test accuracy ([\d.]+)%", text)[1]) > 95
