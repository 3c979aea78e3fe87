"""Write the vectors anew: ``python -m conformance.write``.  The bytes are the same in every run."""

from wbcore import reference

from .answers import answer
from .cases import FILES, cases
from .lines import VECTORS, Line


def text(name: str) -> str:
    """Text of a file, each question asked once."""
    lines = [Line(asked, tuple(answer(reference, asked))) for asked in cases(name)]
    return "\n".join((f"# {FILES[name][0]}", *map(str, lines))) + "\n"


def main() -> None:
    """Write all files."""
    for name in FILES:
        (VECTORS / f"{name}.txt").write_text(text(name), encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
