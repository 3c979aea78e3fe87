"""The pages name files that exist, and the choices as the core's tables have them."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from wbcore import _core

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "conformance/vectors/README.md",
    *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")),
]
SUFFIXES = "c|cpp|cmake|h|hpp|inc|json|md|py|pyi|safetensors|toml|txt"
# Names of files and folders as pages have them, "src/pass.cpp", "benchmarks/instructions.*", "io/".
NAMED = re.compile(rf"`([\w.*<>/-]+\.(?:{SUFFIXES}|\*)|[\w.<>/-]+/)`")
# Of the user's, in examples.
OTHERS = {"model.safetensors"}


def files():
    """Every file of the project, and every folder with a slash at its end."""
    skipped = {".git", ".venv", "build", "__pycache__"}
    for path in ROOT.rglob("*"):
        inside = path.relative_to(ROOT)
        if not any(part in skipped or part.startswith(".venv") for part in inside.parts):
            yield f"{inside.as_posix()}{'/' if path.is_dir() else ''}"


@pytest.fixture(scope="module")
def known():
    return list(files())


def exists(named, known):
    """Whether a path ends like that; what is in angle brackets stands for any name."""
    pattern = re.sub(r"<\w+>", "*", named)
    return any(fnmatch(f"/{path}", f"*/{pattern}") for path in known)


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page, known):
    named = set(NAMED.findall((ROOT / page).read_text("utf-8"))) - OTHERS
    assert not [name for name in sorted(named) if not exists(name, known)]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page):
    text = (ROOT / page).read_text("utf-8")
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    assert not [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]


def test_what_is_looked_for_is_found(known):
    """The pages that name files name some, and a file that is not there is missed."""
    counts = {page: len(NAMED.findall((ROOT / page).read_text("utf-8"))) for page in PAGES}
    assert counts["docs/architecture.md"] > 80
    assert counts["CONTRIBUTING.md"] > 15
    assert counts["docs/reliability.md"] > 30
    for there in ("src/pass.cpp", "kernels_<isa>.cpp", "io/", "benchmarks/instructions.*"):
        assert exists(there, known)
    for absent in ("src/passes.cpp", "ass.cpp", "kernels_<isa>.inc", "o/"):
        assert not exists(absent, known)


SECTIONS = {"activation": 5, "loss": 6, "optimizer": 7, "schedule": 7, "initializer": 9}
ROWS = [
    pytest.param(kind, row, id=f"{kind}-{row.name}")
    for kind in SECTIONS
    for row in _core.rows(kind)
]


def stated(section):
    """What a section of docs/arithmetic.md defines: names, and the text of their numbers.

    It stands in the first cell of a table, in a heading, or at the start of a line.
    """
    text = (ROOT / "docs" / "arithmetic.md").read_text("utf-8")
    (body,) = re.findall(rf"^## {section}\. .*?(?=^## )", text, re.MULTILINE | re.DOTALL)
    start = r"^(?:\| |\*\*[\d.]+ |)(\w+\b(?:\([^()]*\))?(?:, \w+)*)"
    for names in re.findall(start, body, re.MULTILINE):
        yield from re.findall(r"(\w+)\b(?:\(([^()]*)\))?(?:, |$)", names)


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_every_choice_is_in_the_arithmetic(kind, row):
    """With its numbers and their defaults, in their order."""
    found = [numbers for name, numbers in stated(SECTIONS[kind]) if name == row.name]
    assert found, f"{row.name} is not in section {SECTIONS[kind]}"
    pairs = [text.split(" = ") for text in found[0].split(", ") if text]
    assert [(name, float(value)) for name, value in pairs] == [
        (number.name, number.standard) for number in row.numbers
    ]
