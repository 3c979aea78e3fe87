"""The two formats: their edges, neighbours of a number, words of numbers."""

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from conformance.lines import from_bits, to_bits
from wbcore.reference import FLOAT32, FLOAT64, Arithmetic, Stream

Asked = tuple[str, ...]


@dataclass(frozen=True)
class Format:
    """A format and the numbers at its edges."""

    dtype: str
    ulp: float
    """Of 1."""
    least: float
    """Above zero."""
    normal: float
    """Least that is not subnormal."""
    top: float
    """Largest power of two."""

    @property
    def arithmetic(self) -> Arithmetic:
        """Return the reference's arithmetic."""
        return FLOAT32 if self.dtype == "float32" else FLOAT64

    @property
    def largest(self) -> float:
        """Return the largest number."""
        return (2.0 - self.ulp) * self.top

    def rounded(self, x: float) -> float:
        """Round a binary64 number to the format."""
        if self.dtype == "float64":
            return x
        try:
            (value,) = struct.unpack("<f", struct.pack("<f", x))
        except OverflowError:
            return math.copysign(math.inf, x)
        return float(value)

    def neighbours(self, x: float) -> list[float]:
        """Return the number nearest to x, between those one unit to both sides."""
        x = self.rounded(x)
        pattern = int(to_bits(self.dtype, abs(x)), 16)
        digits = 8 if self.dtype == "float32" else 16
        near = [p for p in (pattern - 1, pattern, pattern + 1) if p >= 0]
        found = [math.copysign(from_bits(f"{p:0{digits}x}"), x) for p in near]
        return [y for y in found if math.isfinite(y)]

    def words(self, numbers: Iterable[float]) -> list[str]:
        """Bit patterns of numbers rounded to the format."""
        return [to_bits(self.dtype, self.rounded(x)) for x in numbers]

    def distinct(self, numbers: Iterable[float]) -> list[str]:
        """Bit patterns, each once."""
        return list(dict.fromkeys(self.words(numbers)))


FORMATS = (
    Format("float32", 2.0**-23, 2.0**-149, 2.0**-126, 2.0**127),
    Format("float64", 2.0**-52, 2.0**-1074, 2.0**-1022, 2.0**1023),
)
DTYPES = tuple(f.dtype for f in FORMATS)


def hexadecimal(*numbers: int) -> list[str]:
    """Words of whole numbers."""
    return [f"{n:x}" for n in numbers]


def spread(key: int, low: float, high: float, n: int) -> list[float]:
    """N numbers from low to high, the same ones in every run."""
    return [low + (high - low) * u for u in Stream((key, 0)).uniforms(n)]
