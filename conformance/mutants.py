"""Planted mistakes in the reference, each of which some vector must notice.

A mutant is one piece of the reference's source, what it becomes, and the files of vectors that are
asked.  As a program: ``python -m conformance.mutants`` names those that no vector noticed.
"""

import importlib.abc
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from itertools import count
from pathlib import Path
from types import CodeType, ModuleType

from wbcore import reference

from .answers import answer
from .lines import VECTORS, Line, read

_numbers = count()


@dataclass(frozen=True)
class Mutant:
    """One mistake: `old` stands once in the module, and becomes `new`."""

    name: str
    module: str
    old: str
    new: str
    files: tuple[str, ...]


def planted() -> list[Mutant]:
    """All mutants of mutants.txt: module, name and files; what stands there; what it becomes."""
    mutants = []
    path = Path(__file__).with_name("mutants.txt")
    for text in path.read_text(encoding="ascii").strip().split("\n\n"):
        title, old, new = text.split("\n")
        head, files = title.split(" | ")
        module, name = head.split(": ", 1)
        before, after = (line[2:].replace("\\n", "\n") for line in (old, new))
        mutants.append(Mutant(name, module, before, after, tuple(files.split())))
    return mutants


# What hundreds of copies have in common is compiled and read once.


@cache
def _compiled(path: str) -> CodeType:
    return compile(Path(path).read_text(encoding="utf-8"), path, "exec", dont_inherit=True)


@cache
def _lines(file: str) -> list[Line]:
    """The vectors of a file, every 16th first, so that each kind of question is met soon.

    Ranks of thousands of equal rows take the reference seconds: they come last.
    """
    lines = list(read(VECTORS / f"{file}.txt"))
    spread = [line for start in range(16) for line in lines[start::16]]
    return sorted(spread, key=lambda line: "tied" in line.asked)


class _Loader(SourceFileLoader):
    """Loads one module of the copy, with the mistake if it is the one that has it."""

    def __init__(self, name: str, path: str, mutant: Mutant | None) -> None:
        super().__init__(name, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        if self._mutant is None:
            return _compiled(self.path)
        source = Path(self.path).read_text(encoding="utf-8")
        found = source.count(self._mutant.old)
        if found != 1:
            message = f"[mutants] expected {self._mutant.old!r} once in {fullname}, got {found}"
            raise ValueError(message)
        source = source.replace(self._mutant.old, self._mutant.new)
        return compile(source, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of a copy of the reference under another name."""

    def __init__(self, name: str, folder: Path, mutant: Mutant) -> None:
        self._name, self._folder, self._mutant = name, folder, mutant

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        if fullname != self._name and not fullname.startswith(self._name + "."):
            return None
        part = fullname[len(self._name) + 1 :] or "__init__"
        file = self._folder / f"{part}.py"
        mutant = self._mutant if part == self._mutant.module else None
        return importlib.util.spec_from_file_location(
            fullname,
            file,
            loader=_Loader(fullname, str(file), mutant),
            submodule_search_locations=[str(self._folder)] if part == "__init__" else None,
        )


@contextmanager
def mutated(mutant: Mutant) -> Iterator[ModuleType]:
    """Give a copy of the reference with a mistake in it."""
    name = f"mutant_{next(_numbers)}"
    assert reference.__file__ is not None, "the reference is a package of files"
    finder = _Finder(name, Path(reference.__file__).parent, mutant)
    sys.meta_path.insert(0, finder)
    try:
        yield importlib.import_module(name)
    finally:
        sys.meta_path.remove(finder)
        for module in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
            del sys.modules[module]


def noticed_by(mutant: Mutant) -> Line | None:
    """First vector that a mutant answers otherwise, or None."""
    with mutated(mutant) as ref:
        for file in mutant.files:
            for line in _lines(file):
                if not _meets(ref, line):
                    return line
    return None


def _meets(ref: ModuleType, line: Line) -> bool:
    try:
        return tuple(answer(ref, line.asked)) == line.answer
    except (ArithmeticError, ValueError, IndexError):
        return False


def main() -> int:
    """Name the survivors."""
    mutants = planted()
    survivors = [m for m in mutants if noticed_by(m) is None]
    for mutant in survivors:
        print(f"survives: {mutant.module}: {mutant.name}")
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} mutants noticed by a vector")
    return int(bool(survivors))


if __name__ == "__main__":
    sys.exit(main())
