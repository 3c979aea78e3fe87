"""Lines of vectors: words, bit patterns, and the numbers that are drawn instead of written.

``vectors/README.md`` gives the grammar.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from wbcore.reference.named import Choice, Table

C = TypeVar("C", bound=Choice)

VECTORS = Path(__file__).parent / "vectors"
_LAYOUTS = {"float32": ("<f", "<I", 8), "float64": ("<d", "<Q", 16)}


@dataclass(frozen=True)
class Line:
    """What is asked, and what is answered, both as words."""

    asked: tuple[str, ...]
    answer: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((*self.asked, "=", *self.answer))


def read(path: Path) -> Iterator[Line]:
    """Read the lines of a file, without comments."""
    for text in path.read_text(encoding="ascii").splitlines():
        words = text.split(" ")
        if text and words[0] != "#":
            middle = words.index("=")
            yield Line(tuple(words[:middle]), tuple(words[middle + 1 :]))


def to_bits(dtype: str, x: float) -> str:
    """Bit pattern of a number: 8 or 16 hexadecimal digits.

    Examples
    --------
    >>> to_bits("float32", 1.0), to_bits("float64", -0.0)
    ('3f800000', '8000000000000000')
    """
    number, whole, digits = _LAYOUTS[dtype]
    (pattern,) = struct.unpack(whole, struct.pack(number, x))
    return f"{pattern:0{digits}x}"


def from_bits(word: str) -> float:
    """Return the number of a bit pattern, float32 if it has 8 digits and float64 if 16.

    Examples
    --------
    >>> from_bits("3f800000"), from_bits("bff8000000000000")
    (1.0, -1.5)
    """
    number, whole, _ = _LAYOUTS["float32" if len(word) == 8 else "float64"]
    (value,) = struct.unpack(number, struct.pack(whole, int(word, 16)))
    return float(value)


def all_bits(dtype: str, numbers: Iterable[float]) -> list[str]:
    """Bit patterns of many numbers."""
    return [to_bits(dtype, x) for x in numbers]


def rows_of(values: Sequence[Any], width: int) -> list[list[Any]]:
    """Cut a flat sequence into rows."""
    return [list(values[low : low + width]) for low in range(0, len(values), width)]


class Drawn:
    """Numbers of a format made of Philox words, so that long inputs need not be written.

    Number i keeps the sign and the last bits of word i of the stream (key, 2^61), and has one of
    eight exponents: its size is from 2^-5 to below 2^3.  No operation is rounded.
    """

    def __init__(self, ref: ModuleType, dtype: str, key: int) -> None:
        self._words = ref.Stream((key, 2**61)).words()
        self._single = dtype == "float32"

    def word(self) -> int:
        """Take the next word as it is."""
        return int(next(self._words))

    def number(self) -> float:
        """Take the next number."""
        word = self.word()
        if self._single:
            word >>= 32
            pattern = word & 0x807FFFFF | (122 + (word >> 23 & 7)) << 23
            return from_bits(f"{pattern:08x}")
        pattern = word & 0x800FFFFFFFFFFFFF | (1018 + (word >> 52 & 7)) << 52
        return from_bits(f"{pattern:016x}")

    def vector(self, n: int) -> list[float]:
        """Take the next n numbers."""
        return [self.number() for _ in range(n)]

    def matrix(self, rows: int, width: int) -> list[list[float]]:
        """Take the next rows * width numbers, row by row."""
        return [self.vector(width) for _ in range(rows)]

    def targets(self, kind: str, rows: int, width: int) -> list[Any]:
        """Targets of a kind: labels, eighths, sizes, signs, or the numbers as they are."""
        if kind == "classes":
            return [self.word() % width for _ in range(rows)]
        matrix = self.matrix(rows, width)
        match kind:
            case "probabilities":
                return [[abs(t) / 8 for t in row] for row in matrix]
            case "counts" | "positives":
                return [[abs(t) for t in row] for row in matrix]
            case "signs":
                return [[1.0 if t > 0.0 else -1.0 for t in row] for row in matrix]
        return matrix

    def weights(self, rows: int) -> list[float]:
        """Weights of rows: numbers by size, but for each fourth row none."""
        sizes = [abs(w) for w in self.vector(rows)]
        return [0.0 if row % 4 == 3 else w for row, w in enumerate(sizes)]


def word_of(choice: Choice) -> str:
    """Word of a choice: its name, and a colon and its numbers where they are not the defaults.

    Output weights of a loss follow a stroke.

    Examples
    --------
    >>> from wbcore.reference import LOSSES
    >>> word_of(LOSSES.choice("huber(0.5)")), word_of(LOSSES.choice("huber(1)"))
    ('huber:3fe0000000000000', 'huber')
    """
    numbers = ",".join(all_bits("float64", choice.numbers))
    weights = ",".join(all_bits("float64", getattr(choice, "output_weights", ())))
    word = f"{choice.name}:{numbers}" if numbers else choice.name
    return f"{word}/{weights}" if weights else word


def choice_of(table: Table[C], word: str) -> C:
    """Return the choice of a word.

    Examples
    --------
    >>> from wbcore.reference import LOSSES
    >>> choice_of(LOSSES, "huber:3fe0000000000000")
    Huber(delta=0.5)
    """
    before, _, weights = word.partition("/")
    name, _, numbers = before.partition(":")
    choice = table[name](*(from_bits(bits) for bits in numbers.split(",") if bits))
    if not weights:
        return choice
    return replace(choice, output_weights=tuple(map(from_bits, weights.split(","))))  # type: ignore[call-arg]


def switch(word: str) -> bool:
    """Read an option that is on (1) or off (0)."""
    return {"0": False, "1": True}[word]


def fields(words: Sequence[str]) -> dict[str, str]:
    """Read words such as rows:a1."""
    return dict(word.split(":", 1) for word in words)
