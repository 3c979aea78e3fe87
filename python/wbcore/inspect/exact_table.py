"""A table whose numbers are shown so that they can be told from all others of their format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from wbcore.inspect.table import Table

__all__ = ["ExactTable", "exactly", "pattern"]

_MOST = 200  # rows in print


class ExactTable(Table):
    """A table of numbers of one format, each printed with as many digits as tell it from others.

    Of more than 200 rows the first and the last hundred are printed; `to_text` has all.

    Parameters
    ----------
    columns, rows, title, note
        As of a `Table`. Numbers are Python's floats, or NumPy's float64 where one is of binary64
        whatever the others are; None stands for what a row has not.
    dtype : {"float32", "float64"}
        The format of the numbers.

    Examples
    --------
    >>> ExactTable(["step", "result"], [["x", 0.20000000298023224], ["y", 1.0]], dtype="float32")
    step  result
    ------------
    x        0.2
    y        1.0
    """

    __slots__ = ("dtype",)

    def __init__(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        title: str = "",
        *,
        dtype: str = "float64",
        note: str = "",
    ) -> None:
        super().__init__(columns, rows, title, note=note)
        self.dtype = dtype

    def bits(self, column: str) -> list[str | None]:
        """Return the bit patterns of a column's numbers, in hexadecimal digits.

        Parameters
        ----------
        column : str

        Returns
        -------
        list of str or None
            None where a row has no number there.

        Examples
        --------
        >>> ExactTable(["result"], [[0.78]], dtype="float32").bits("result")
        ['0x3f47ae14']
        """
        values = self[column]
        return [pattern(v, self.dtype) if isinstance(v, float) else None for v in values]

    def to_text(self) -> str:
        """Return what is printed, with all rows.

        Examples
        --------
        >>> table = ExactTable(["result"], [[0.5]] * 300)
        >>> len(str(table).splitlines()), len(table.to_text().splitlines())
        (203, 302)
        """
        return super().__str__()

    def __str__(self) -> str:
        if len(self) <= _MOST:
            return self.to_text()
        half = _MOST // 2
        rows = self.rows[:half] + self.rows[-half:]
        made = ExactTable(self.columns, rows, self.title, dtype=self.dtype, note=self.note)
        lines = made.to_text().splitlines()
        more = f"... {len(self) - _MOST:,} more lines; print(table.to_text()) shows all"
        return "\n".join([*lines[:-half], more, *lines[-half:]])

    __repr__ = __str__

    def _shown(self, column: str) -> list[str]:
        """As in print, in Markdown and LaTeX too."""
        return [
            "" if value is None
            else exactly(value, self.dtype) if isinstance(value, float)
            else str(value)
            for value in self[column]
        ]  # fmt: skip


def exactly(value: float, dtype: str) -> str:
    """The shortest decimal number that is nearest to this one alone, in its format.

    Examples
    --------
    >>> exactly(0.20000000298023224, "float32"), exactly(0.1 + 0.2, "float64")
    ('0.2', '0.30000000000000004')
    """
    return str(value if isinstance(value, np.float64) else np.dtype(dtype).type(value))


def pattern(value: float, dtype: str) -> str:
    """The bits of a number in its format, in hexadecimal digits.

    Examples
    --------
    >>> pattern(1.0, "float32"), pattern(-0.0, "float64")
    ('0x3f800000', '0x8000000000000000')
    """
    kind = np.dtype(np.float64 if isinstance(value, np.float64) else dtype)
    return f"0x{np.array(value, kind.newbyteorder('>')).tobytes().hex()}"
