"""The plain result of every inspection: rows with named columns."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from wbcore import _arguments, _text_table
from wbcore._lazy import pandas_for_frames
from wbcore.inspect import formats
from wbcore.io.atomic import replacing

__all__ = ["Table"]

_WIDTH = 100  # of the aligned table
_NONE = "–"  # of what is not known, or not defined


class Table:
    """Rows with named columns; prints as an aligned table.

    Parameters
    ----------
    columns : sequence of str
        The names of the columns, each once.
    rows : iterable of sequences
        The rows, each with one value a column. None is what there is not, and prints as a dash.
    title : str, optional
        What the table shows; printed above it.
    note : str, optional
        What its numbers mean, where that needs saying; printed under the title, line by line.
    printed : sequence of str, optional
        The columns that are printed, in Markdown and LaTeX too, and in which order. Default: all.
    spare : sequence of str, optional
        Those of them that are left out, one after another, until a line of the aligned table is
        not longer than 100 characters.
    undefined : collection of str, optional
        The columns in which NaN says that a number is not defined: it prints as a dash and is an
        empty cell of a CSV file. In others it is one that went wrong, and is shown as "nan".

    Attributes
    ----------
    columns, rows, title, note, printed

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, a name occurs twice or is not one of the columns, or a
        row has another number of values than there are columns.

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
    >>> print(table.to_markdown())
    **Weights**
    <BLANKLINE>
    | layer | mean |
    | ---: | ---: |
    | 0 | 0.25000 |
    | 1 | -1.50000 |
    """

    __slots__ = ("_spare", "_undefined", "columns", "note", "printed", "rows", "title")

    def __init__(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        title: str = "",
        *,
        note: str = "",
        printed: Sequence[str] | None = None,
        spare: Sequence[str] = (),
        undefined: Collection[str] = (),
    ) -> None:
        self.columns = _names("columns", columns)
        each = _arguments.listed("Table", "rows", rows, expected="a list of rows")
        self.rows = tuple(
            tuple(_arguments.listed("Table", "each row", row, expected="a list of values"))
            for row in each
        )
        for name, text in (("title", title), ("note", note)):
            if not isinstance(text, str):
                raise TypeError(
                    f"[Table] expected {name} to be a str, got {_arguments.shown(text)}"
                )
        self.title = title
        self.note = note
        if len(set(self.columns)) != len(self.columns):
            raise ValueError(f"[Table] expected distinct column names, got {self.columns}")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"[Table] expected {len(self.columns)} values a row, got {len(row)}"
                )
        self.printed = self.columns if printed is None else _names("printed", printed)
        self._spare = _names("spare", spare)
        self._undefined = frozenset(_names("undefined", undefined))
        for column in (*self.printed, *self._spare, *self._undefined):
            _arguments.choice("Table", "a name of a column", column, self.columns)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Go over the rows, each as a dict from column name to value."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def __getitem__(self, column: str) -> list[Any]:
        """Return the values of a column, by its name."""
        name: object = column  # which may be an array, that is compared element by element
        if not isinstance(name, str) or name not in self.columns:
            known, got = ", ".join(self.columns), _arguments.shown(column)
            raise KeyError(f"[Table] expected one of the columns {known}, got {got}")
        place = self.columns.index(column)
        return [row[place] for row in self.rows]

    def select(self, *columns: str, title: str | None = None) -> Table:
        """Return some of the columns, or others in print, as a table of its own.

        Parameters
        ----------
        *columns : str
            Their names, in the order that the new table has.
        title : str, optional
            Of the new table. Default: that of this one.

        Returns
        -------
        Table
            With the same rows and note; all its columns are printed.

        Raises
        ------
        KeyError
            If there is no such column.

        Examples
        --------
        >>> Table(["layer", "mean", "std"], [[0, 0.5, 1.0]]).select("layer", "std")
        layer      std
        --------------
            0  1.00000
        """
        rows = zip(*(self[column] for column in columns), strict=True)
        return Table(
            columns,
            rows,
            self.title if title is None else title,
            note=self.note,
            spare=[name for name in self._spare if name in columns],
            undefined=self._undefined & set(columns),
        )

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns by name, each a list with one value a row, printed or not."""
        return {column: self[column] for column in self.columns}

    def to_pandas(self) -> Any:  # noqa: ANN401, a data frame
        """Return all columns as a pandas.DataFrame; its `attrs` have the title and the note.

        Raises
        ------
        ModuleNotFoundError
            When pandas is not installed.

        Examples
        --------
        >>> Table(["layer", "mean"], [[0, 0.25], [1, -1.5]]).to_pandas()["mean"].sum()
        np.float64(-1.25)
        """
        pd = pandas_for_frames("to_dict")
        kept = dict(enumerate(self[name] for name in self.columns))
        frame = pd.DataFrame({n: pd.Series(of, dtype=_kind(of)) for n, of in kept.items()})
        frame.columns = pd.Index(self.columns, dtype=_kind(self.columns))
        frame.attrs = {"title": self.title, "note": self.note}
        return frame

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write all columns as CSV: a header, then a line a row, without title and note.

        Numbers have all their digits; None, and a NaN that says "not defined", are empty cells, and
        one that went wrong is "nan". A text that a spreadsheet would take for a formula, since it
        begins with = + - @, a tab or a line break, be it after spaces, gets a ' before it, and so
        does one that begins with a '; a name of a column likewise.

        Parameters
        ----------
        path : str or path-like, optional
            The file, in UTF-8, which is written whole or not at all. Default: the text is returned.

        Returns
        -------
        str or None

        Raises
        ------
        OSError
            When the file cannot be written.

        Examples
        --------
        >>> print(Table(["feature", "mean"], [["=A1", -0.1]]).to_csv(), end="")
        feature,mean
        '=A1,-0.1
        """
        lines = [[formats.csv_text(column) for column in self.columns]]
        lines += [
            [
                formats.csv_cell(None if self._is_undefined(column, value) else value)
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]
        text = formats.comma_separated(lines)
        if path is None:
            return text
        with replacing(path, "to_csv") as file:
            file.write(text.encode())
        return None

    def to_markdown(self) -> str:
        r"""Return the printed columns as a table of GitHub's Markdown, under title and note.

        Numbers are as in print; every mark of Markdown in a text is escaped.

        Examples
        --------
        >>> print(Table(["feature", "mean"], [["a|b", 0.5]]).to_markdown())
        | feature | mean |
        | --- | ---: |
        | a\|b | 0.50000 |
        """
        escape = formats.markdown_text
        text = formats.markdown(*self._cells(self.printed, escape), self._are_numbers())
        above = [f"**{escape(self.title)}**"] * bool(self.title)
        above += [escape(self.note)] * bool(self.note)
        return "\n\n".join([*above, text])

    def to_latex(self) -> str:
        r"""Return the printed columns as a tabular of LaTeX; with a title in a table environment.

        Title and note are the caption. It needs no package.

        Examples
        --------
        >>> print(Table(["feature", "mean"], [["x_1", 0.5]]).to_latex())
        \begin{tabular}{lr}
        \hline
        feature & mean \\
        \hline
        x\_1 & 0.50000 \\
        \hline
        \end{tabular}
        """
        escape = formats.latex_text
        tabular = formats.latex(*self._cells(self.printed, escape), self._are_numbers())
        caption = ". ".join(escape(text) for text in (self.title, self.note) if text)
        if not caption:
            return tabular
        lines = [r"\begin{table}[htbp]", r"\centering", rf"\caption{{{caption}}}", tabular]
        return "\n".join([*lines, r"\end{table}"])

    def _are_numbers(self) -> list[bool]:
        return [not is_text for is_text in self._are_texts(self.printed)]

    def _are_texts(self, columns: Sequence[str]) -> list[bool]:
        """Which of the columns stand on the left of their cells."""
        return [any(isinstance(value, str) for value in self[column]) for column in columns]

    def _cells(
        self, columns: Sequence[str], escape: Callable[[str], str]
    ) -> tuple[list[str], list[list[str]]]:
        """Header and rows in a notation."""
        header = [escape(column) for column in columns]
        cells = [[escape(text) for text in self._shown(c)] for c in columns]
        return header, [list(row) for row in zip(*cells, strict=True)]

    def _shown(self, column: str) -> list[str]:
        """A column as it is printed, its numbers in one notation where that shows no less."""
        values = [None if self._is_undefined(column, value) else value for value in self[column]]
        text = _text_table.notation(value for value in values if isinstance(value, float))
        return [
            _NONE if value is None else text(value) if isinstance(value, float) else str(value)
            for value in values
        ]

    def _is_undefined(self, column: str, value: object) -> bool:
        return column in self._undefined and isinstance(value, float) and math.isnan(value)

    def __str__(self) -> str:
        columns = list(self.printed)
        lines = self._aligned(columns)
        for spare in self._spare:
            if max(map(len, lines.splitlines())) <= _WIDTH:
                break
            columns.remove(spare)
            lines = self._aligned(columns)
        above = [self.title] * bool(self.title) + self.note.splitlines()
        above = [formats.printed(text) for text in above]
        return "\n".join([*above, lines])

    def _aligned(self, columns: Sequence[str]) -> str:
        texts = self._are_texts(columns)
        left = len(texts) - texts[::-1].index(True) if any(texts) else 0
        return _text_table.table(*self._cells(columns, formats.printed_cell), left)

    __repr__ = __str__


def _names(argument: str, given: object) -> tuple[str, ...]:
    """Names of columns; others than text are refused."""
    names = _arguments.listed("Table", argument, given, expected="a list of names")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(
                f"[Table] expected each of {argument} to be a str, got {_arguments.shown(name)}"
            )
    return tuple(names)


def _kind(values: Iterable[object]) -> type[object] | None:
    """What pandas keeps them as: halves of letters as objects, since its text is UTF-8."""
    texts = (value for value in values if isinstance(value, str))
    return None if all(map(formats.is_text, texts)) else object
