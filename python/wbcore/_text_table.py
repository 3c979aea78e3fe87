"""Text tables of fixed width."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

__all__ = ["column", "notation", "number", "table"]

_LEAST = 1e-3  # with three digits of five decimals
# Of a column with smaller ones: 8 decimals at most, and 11 digits.
_LEAST_IN_DECIMALS, _MOST_IN_DECIMALS = 1e-5, 1e3
_MOST_BESIDE_EXPONENTS = 0.1  # of which five decimals show four digits, as an exponent does


def number(value: float) -> str:
    """Five decimals, so that points line up, or an exponent where they would show too little.

    Examples
    --------
    >>> from wbcore._text_table import number
    >>> number(0.25), number(-0.0000123456), number(0)
    ('0.25000', '-1.235e-05', '0.00000')
    """
    return f"{value:.5f}" if value == 0 or _LEAST <= abs(value) < 1e6 else f"{value:.3e}"


def notation(values: Iterable[float]) -> Callable[[float], str]:
    """Of the numbers of one column: `number`, unless that would mix points and exponents.

    Then all have so many decimals that the smallest shows four digits, or all an exponent. Where
    the one is too long, and the other shows less, each has its own.

    Examples
    --------
    >>> from wbcore._text_table import notation
    >>> list(map(notation([0.25, 0.0004858]), [0.25, 0.0004858]))
    ['0.2500000', '0.0004858']
    >>> list(map(notation([0.025, 4.858e-9]), [0.025, 4.858e-9]))
    ['2.500e-02', '4.858e-09']
    """
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    least, most = min(sizes, default=1.0), max(sizes, default=1.0)
    if least >= _LEAST or most < _LEAST:
        return number
    if least >= _LEAST_IN_DECIMALS and most < _MOST_IN_DECIMALS:
        return f"{{:.{3 - math.floor(math.log10(least))}f}}".format
    return "{:.3e}".format if most < _MOST_BESIDE_EXPONENTS else number


def column(values: Sequence[float | None]) -> list[str]:
    """The numbers of a column in their notation; nothing stands for None."""
    text = notation(value for value in values if value is not None)
    return ["" if value is None else text(value) for value in values]


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 0) -> str:
    """Columns two spaces apart, under a rule; no line ends in spaces.

    Parameters
    ----------
    header : sequence of str
        One for each column.
    rows : sequence of sequences of str
        Each as long as the header. An empty row becomes another rule.
    left : int, default 0
        How many of the first columns hold text, and are aligned to the left.

    Returns
    -------
    str
        Without a line break at the end.

    Examples
    --------
    >>> from wbcore._text_table import table
    >>> print(table(["layer", "units"], [["first", "32"], ["second", "7"]], left=1))
    layer   units
    -------------
    first      32
    second      7
    """
    widths = [max(map(len, column)) for column in zip(header, *filter(None, rows), strict=True)]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [header, (), *rows]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        if line
        else rule
        for line in lines
    )
