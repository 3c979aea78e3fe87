"""Write the vectors anew: ``python -m conformance.write``.  The bytes are the same in every run."""

from wbcore import reference

from .answers import answer
from .cases import FILES
from .lines import VECTORS, Line


def text(name: str) -> str:
    """Text of a file, each question asked once."""
    cases = FILES[name]
    lines = [Line(asked, tuple(answer(reference, asked))) for asked in dict.fromkeys(cases())]
    return "\n".join((f"# {cases.__doc__}", *map(str, lines))) + "\n"


def main() -> None:
    """Write all files."""
    for name in FILES:
        (VECTORS / f"{name}.txt").write_text(text(name), encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
