"""Text tables of fixed width."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["number", "table"]


def number(value: float) -> str:
    """Five decimals, so that points line up, or an exponent where they would show too little.

    Examples
    --------
    >>> from wbcore._text_table import number
    >>> number(0.25), number(-0.0000123456), number(0)
    ('0.25000', '-1.235e-05', '0.00000')
    """
    return f"{value:.5f}" if value == 0 or 1e-3 <= abs(value) < 1e6 else f"{value:.3e}"


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
