"""The committed vectors: the reference writes them, the core meets them, mistakes are noticed."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wbcore as wb
from wbcore import reference

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from conformance import answers, core, lines, mutants, write  # noqa: E402
from conformance.cases import FILES  # noqa: E402
from conformance.cases.examples import choices  # noqa: E402

WORD = r"[A-Za-z0-9_]+(?::[A-Za-z0-9_,]*){,2}(?:/[0-9a-f,]+)?"
LINE = re.compile(rf"{WORD}(?: {WORD})* =(?: [0-9a-f]+)+")


@pytest.mark.parametrize("name", FILES)
def test_the_reference_writes_what_is_committed(name):
    committed = (lines.VECTORS / f"{name}.txt").read_text(encoding="ascii")
    assert write.text(name) == committed
    first, *rest = committed.splitlines()
    assert first.startswith("# ")
    assert all(LINE.fullmatch(line) for line in rest)
    assert len(set(rest)) == len(rest) > 20


def test_the_folder_is_whole_and_small():
    files = {path.name for path in lines.VECTORS.iterdir()}
    assert files == {"README.md", *(f"{name}.txt" for name in FILES)}
    assert sum(path.stat().st_size for path in lines.VECTORS.iterdir()) < 2_000_000


def test_every_question_is_explained():
    page = (lines.VECTORS / "README.md").read_text(encoding="ascii")
    table, _, _ = page.partition("## Drawn numbers")
    asked = {line.asked[0] for name in FILES for line in lines.read(lines.VECTORS / f"{name}.txt")}
    assert asked == set(re.findall(r"^\| `(\w+)", table, re.MULTILINE))


def test_choices_of_lines_are_those_of_the_reference():
    """Each row, with its default numbers and with others."""
    files = {
        "activations": ("forward", reference.ACTIVATIONS),
        "losses": ("loss", reference.LOSSES),
        "initializers": ("initialize", reference.INITIALIZERS),
        "optimizers": ("update", reference.OPTIMIZERS),
    }
    for file, (question, table) in files.items():
        read = list(lines.read(lines.VECTORS / f"{file}.txt"))
        at = 2 if question == "update" else 1
        asked = {line.asked[at] for line in read if line.asked[0] == question}
        assert {lines.word_of(choice) for choice in choices(table)} <= asked
        for word in asked:
            assert lines.word_of(lines.choice_of(table, word)) == word


def test_defaults_of_a_training_are_those_of_the_page():
    page = (lines.VECTORS / "README.md").read_text(encoding="ascii")
    listed = dict(re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`|-) \|", page, re.MULTILINE))
    assert listed == answers.TRAINING


def test_helpers_do_what_they_say():
    assert doctest.testmod(lines).failed == 0


def test_the_core_meets_all_vectors(capsys):
    assert core.main() == 0, capsys.readouterr().out


@pytest.mark.uninstrumented
@pytest.mark.parametrize("isa", wb.available_isas())
def test_so_does_each_instruction_set(isa):
    environment = os.environ | {"WBCORE_ISA": isa}
    command = [sys.executable, "-m", "conformance.core"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{isa}: ")


def test_a_line_that_differs_is_named(tmp_path, capsys):
    text = (lines.VECTORS / "quantile.txt").read_text(encoding="ascii")
    start = text.rindex(" = ") + 3
    altered = text[:start] + ("0" if text[start] != "0" else "1") + text[start + 1 :]
    (tmp_path / "quantile.txt").write_text(altered, encoding="ascii")
    assert core.main(tmp_path) == 1
    out = capsys.readouterr().out
    assert out.count("quantile.txt: quantile ") == 1
    assert ", 1 not, " in out


def test_what_the_core_cannot_be_asked_is_little():
    """Sums of nothing, blocks of other counters, and some sums known by their rounded mean."""
    unasked = [
        line.asked[0]
        for name in ("sums", "random")
        for line in lines.read(lines.VECTORS / f"{name}.txt")
        if core.answer(line.asked) is None
    ]
    assert len(unasked) < 20
    assert set(unasked) == {"sum", "philox"}


# ---- mutants


def test_each_mutant_is_noticed_by_a_vector():
    """Every third one; with THOROUGH all of them."""
    planted = mutants.planted()
    assert len(planted) >= 60
    assert len({m.name for m in planted}) == len(planted)
    tried = planted if os.environ.get("THOROUGH") else planted[::3]
    assert [m for m in tried if mutants.noticed_by(m) is None] == []


def test_each_mutant_has_its_place():
    folder = Path(reference.__file__).parent
    counts = {
        m.name: (folder / f"{m.module}.py").read_text(encoding="utf-8").count(m.old)
        for m in mutants.planted()
    }
    assert {name for name, count in counts.items() if count != 1} == set()


def test_a_copy_without_a_mistake_meets_its_vectors():
    """So the mutants die of their mistakes, not of being copies."""
    same = mutants.Mutant("none", "losses", "LOSSES:", "LOSSES:", ("losses", "quantile"))
    with mutants.mutated(same) as copy:
        assert copy is not reference
        assert copy.losses.__name__ != reference.losses.__name__
        for line in lines.read(lines.VECTORS / "losses.txt"):
            assert tuple(answers.answer(copy, line.asked)) == line.answer
    assert mutants.noticed_by(same) is None


def test_a_mutant_of_text_that_is_not_there_is_refused():
    absent = mutants.Mutant("none", "losses", "nothing of the kind", "", ("losses",))
    with pytest.raises(ValueError, match=r"\[mutants\] expected 'nothing of the kind' once"):
        mutants.noticed_by(absent)
