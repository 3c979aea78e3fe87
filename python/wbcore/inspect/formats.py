"""A table's cells in the notations of others: what stands in a cell stays one cell, and a text.

Texts in tables are names that somebody else chose, of columns, classes and files. Whatever a
notation would read as its own is escaped in them: a bar ends a cell in Markdown, a dollar begins a
formula in LaTeX, and a spreadsheet computes what begins with an equals sign.
"""

from __future__ import annotations

import numbers
import re
import unicodedata
from collections.abc import Iterable, Sequence

__all__ = [
    "comma_separated",
    "csv_cell",
    "csv_text",
    "is_text",
    "latex",
    "latex_text",
    "markdown",
    "markdown_text",
    "printed",
    "printed_cell",
]

# Inline marks of GitHub's Markdown, which a backslash makes characters again. What begins a block,
# as "#" does, begins none within a cell.
_MARKDOWN = re.compile(r"[\\`*_\[\]|~$]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": "<br>", "\r": "&#13;", "\t": "&#9;"}
_ENTITIES["{"] = "&#123;"  # two of which begin an expression, where pages are made of templates

# What HTML has no reference for: control characters, halves of letters, and what is no character.
_NAMELESS = ("Cc", "Cs", "Cn")

_LATEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}

# What makes a spreadsheet compute a cell (OWASP, "CSV injection"): = + - @, and their full-width
# forms, which Chinese and Japanese keyboards have; and the mark itself, so that taking it away is
# one rule.
_COMPUTED = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20", "'")

_LONGEST = 100  # characters of a cell in print: no line is meant to be longer
_SURROGATES = re.compile("[\ud800-\udfff]")  # of which UTF-8 has none

_SEPARATORS = re.compile(r'[",\r\n]')
_EMPTY_ROW = '""'  # of one cell: an empty line would be none


def printed(text: str) -> str:
    """A text of one line: what cannot be printed, such as a line break, as Python writes it."""
    return "".join(c if c.isprintable() else _as_python(c) for c in text)


def printed_cell(text: str) -> str:
    """Likewise in a cell; one of more than 100 characters is cut."""
    return printed(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}...")


def is_text(value: str) -> bool:
    """Whether it is all letters, as against the halves of some that a file's name may have."""
    return _SURROGATES.search(value) is None


def _as_python(character: str) -> str:
    return character.encode("unicode_escape").decode()


def markdown_text(text: str) -> str:
    r"""A text as a cell of a Markdown table.

    What cannot be seen, such as the marks that turn the direction of letters, is a reference by
    number; a control character, which has none, is written as Python writes it.

    Examples
    --------
    >>> from wbcore.inspect.formats import markdown_text
    >>> print(markdown_text("a|b_c <i>"))
    a\|b\_c &lt;i&gt;
    """
    escaped = _MARKDOWN.sub(r"\\\g<0>", text)
    escaped = "".join(map(_in_html, escaped))
    # Spaces at the ends would be taken for those beside the bars.
    inner = escaped.strip(" ")
    start = len(escaped) - len(escaped.lstrip(" ")) if inner else len(escaped)
    return "&#32;" * start + inner + "&#32;" * (len(escaped) - start - len(inner))


def _in_html(character: str) -> str:
    if character in _ENTITIES or character.isprintable():
        return _ENTITIES.get(character, character)
    if unicodedata.category(character) in _NAMELESS:
        return f"\\{_as_python(character)}"
    return f"&#{ord(character)};"


def latex_text(text: str) -> str:
    r"""A text as a cell of a LaTeX tabular; line breaks and tabs are spaces there.

    What cannot be seen is written as Python writes it: no LaTeX takes a control character, and not
    every one a mark that turns the direction of letters.

    Examples
    --------
    >>> from wbcore.inspect.formats import latex_text
    >>> print(latex_text("50 % of x_1 & $x^2$"))
    50 \% of x\_1 \& \$x\textasciicircum{}2\$
    """
    return "".join(_LATEX[c] if c in _LATEX else _in_latex(c) for c in text)


def _in_latex(character: str) -> str:
    if character in "\n\r\t":
        return " "
    if character.isprintable():
        return character
    return _as_python(character).replace("\\", _LATEX["\\"])


def csv_text(text: str) -> str:
    """A text as a cell of a CSV file that no spreadsheet takes for a formula.

    What begins with = + - @, a tab or a line break gets a ' before it, be it after spaces or what
    is not seen, and so does what begins with a ': whoever reads the file takes one leading ' away.
    Halves of letters, of which UTF-8 has none, are written as Python writes them.

    Examples
    --------
    >>> from wbcore.inspect.formats import csv_text
    >>> csv_text("=1+1"), csv_text("a-b")
    ("'=1+1", 'a-b')
    """
    text = _SURROGATES.sub(lambda found: _as_python(found[0]), text)
    seen = next((at for at, c in enumerate(text) if c.isprintable() and not c.isspace()), 0)
    return f"'{text}" if text.startswith(_COMPUTED) or text.startswith(_COMPUTED, seen) else text


def csv_cell(value: object) -> str:
    """A value as a cell of a CSV file: numbers with all their digits, None empty."""
    if value is None:
        return ""
    return str(value) if isinstance(value, numbers.Number) else csv_text(str(value))


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
