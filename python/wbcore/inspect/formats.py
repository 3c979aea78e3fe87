"""A table's cells in the notations of others: what stands in a cell stays one cell, and a text.

Texts in tables are names that somebody else chose, of columns, classes and files. Whatever a
notation would read as its own is escaped in them: a bar ends a cell in Markdown, a dollar begins a
formula in LaTeX, and a spreadsheet computes what begins with an equals sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = [
    "comma_separated",
    "csv_text",
    "latex",
    "latex_text",
    "markdown",
    "markdown_text",
    "printed",
]

# Inline marks of GitHub's Markdown, which a backslash makes characters again. What begins a block,
# as "#" does, begins none within a cell.
_MARKDOWN = re.compile(r"[\\`*_\[\]|~$]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": "<br>", "\r": "&#13;", "\t": "&#9;"}

_LATEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}

# What makes a spreadsheet compute a cell (OWASP, "CSV injection"), the full-width forms of Chinese
# and Japanese keyboards included; and the mark itself, so that taking it away is one rule.
_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")  # noqa: RUF001

_SEPARATORS = re.compile(r'[",\r\n]')
_EMPTY_ROW = '""'  # of one cell: an empty line would be none


def printed(text: str) -> str:
    """A text of one line: what cannot be printed, such as a line break, as Python writes it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def markdown_text(text: str) -> str:
    r"""A text as a cell of a Markdown table.

    Examples
    --------
    >>> from wbcore.inspect.formats import markdown_text
    >>> print(markdown_text("a|b_c <i>"))
    a\|b\_c &lt;i&gt;
    """
    escaped = _MARKDOWN.sub(r"\\\g<0>", text)
    escaped = "".join(_ENTITIES.get(character, character) for character in escaped)
    # Spaces at the ends would be taken for those beside the bars.
    inner = escaped.strip(" ")
    start = len(escaped) - len(escaped.lstrip(" ")) if inner else len(escaped)
    return "&#32;" * start + inner + "&#32;" * (len(escaped) - start - len(inner))


def latex_text(text: str) -> str:
    r"""A text as a cell of a LaTeX tabular; line breaks and tabs are spaces there.

    Examples
    --------
    >>> from wbcore.inspect.formats import latex_text
    >>> print(latex_text("50 % of x_1 & $x^2$"))
    50 \% of x\_1 \& \$x\textasciicircum{}2\$
    """
    return "".join(
        " " if character in "\n\r\t" else _LATEX.get(character, character) for character in text
    )


def csv_text(text: str) -> str:
    """A text as a cell of a CSV file that no spreadsheet takes for a formula.

    What begins with = + - @, a tab or a line break gets a ' before it, and so does what begins
    with a ': whoever reads the file takes one leading ' away.

    Examples
    --------
    >>> from wbcore.inspect.formats import csv_text
    >>> csv_text("=1+1"), csv_text("a-b")
    ("'=1+1", 'a-b')
    """
    return f"'{text}" if text.startswith(_COMPUTED) else text


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[bool]) -> str:
    """Cells that are escaped already as a table of GitHub's Markdown."""
    rule = ["---:" if is_right else "---" for is_right in right]
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *rows))


def latex(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[bool]) -> str:
    """Likewise as a tabular of LaTeX, which needs no package."""
    lines = [rf"\begin{{tabular}}{{{''.join('r' if is_right else 'l' for is_right in right)}}}"]
    lines += [r"\hline", rf"{' & '.join(header)} \\", r"\hline"]
    # Behind the end of a row LaTeX takes [ and * for its arguments: an empty group is between.
    cells = (" & ".join(row) for row in rows)
    lines += [rf"{'{}' if text.startswith(('[', '*')) else ''}{text} \\" for text in cells]
    return "\n".join([*lines, r"\hline", r"\end{tabular}"])


def comma_separated(lines: Iterable[Sequence[str]]) -> str:
    """Cells as CSV: commas, quotes where they are needed, a line feed after each row."""
    return "".join(f"{','.join(map(_quoted, line)) or _EMPTY_ROW}\n" for line in lines)


def _quoted(cell: str) -> str:
    # The module csv leaves a carriage return bare where lines end in a line feed.
    return '"' + cell.replace('"', '""') + '"' if _SEPARATORS.search(cell) else cell
