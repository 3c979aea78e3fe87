"""The plain result of every inspection: rows with named columns."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from wbcore import _text_table

__all__ = ["Table"]


class Table:
    """Rows with named columns; prints as an aligned table.

    Parameters
    ----------
    columns : sequence of str
        The names of the columns, each once.
    rows : iterable of sequences
        The rows, each with one value a column.
    title : str, optional
        What the table shows; printed above it.

    Raises
    ------
    ValueError
        If a name occurs twice, or a row has another number of values than there are columns.

    Examples
    --------
    >>> table = Table(["layer", "mean"], [[0, 0.25], [1, -1.5]], title="Weights")
    >>> table
    Weights
    layer      mean
    ---------------
        0   0.25000
        1  -1.50000
    >>> table["mean"]
    [0.25, -1.5]
    >>> table.to_dict()
    {'layer': [0, 1], 'mean': [0.25, -1.5]}
    """

    __slots__ = ("columns", "rows", "title")

    def __init__(
        self, columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = ""
    ) -> None:
        self.columns = tuple(columns)
        self.rows = tuple(tuple(row) for row in rows)
        self.title = title
        if len(set(self.columns)) != len(self.columns):
            raise ValueError(f"[Table] expected distinct column names, got {self.columns}")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"[Table] expected {len(self.columns)} values a row, got {len(row)}"
                )

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Go over the rows, each as a dict from column name to value."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def __getitem__(self, column: str) -> list[Any]:
        """Return the values of a column, by its name."""
        if column not in self.columns:
            known = ", ".join(self.columns)
            raise KeyError(f"[Table] expected one of the columns {known}, got {column!r}")
        place = self.columns.index(column)
        return [row[place] for row in self.rows]

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns by name, each a list with one value a row.

        ``pandas.DataFrame(table.to_dict())`` is the same table as a data frame.
        """
        return {column: self[column] for column in self.columns}

    def __str__(self) -> str:
        cells = [list(map(_shown, self.columns, row)) for row in self.rows]
        text = [any(isinstance(value, str) for value in self[column]) for column in self.columns]
        left = len(text) - text[::-1].index(True) if any(text) else 0
        lines = _text_table.table(self.columns, cells, left)
        return f"{self.title}\n{lines}" if self.title else lines

    __repr__ = __str__


def _shown(column: str, value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    if column == "correlation" and math.isnan(value):  # one that is not defined
        return "–"
    return _text_table.number(value)
