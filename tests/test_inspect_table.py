"""Tables in the notations of others: every text comes back as it was, and no cell becomes two."""

import csv
import html
import io
import re
import unicodedata
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import examples

from wbcore import _text_table
from wbcore.inspect import Table
from wbcore.inspect.exact_table import ExactTable

pytestmark = pytest.mark.pure

HOSTILE = [
    "plain",
    "a|b",
    "a\\|b\\",
    "$x^2$ _and_ *stars* `code`",
    "</script><b>&amp;",
    "[text](link) ~~gone~~",
    "two\nlines\r\n, a \t tab",
    " spaces at both ends  ",
    "   ",
    "",
    '"quoted", and\'s',
    "=1+1",
    "+1",
    "-1",
    "@cmd",
    "\t=1",
    "\r=1",
    "'=1",
    "''",
    "＝1",  # noqa: RUF001, what keyboards of Chinese and Japanese have in place of =
    " =1",
    "\N{NO-BREAK SPACE}=1",
    "\N{ZERO WIDTH SPACE}\N{BYTE ORDER MARK}@1",
    "=cmd|' /C calc'!A0",
    "</script><img src=x onerror=alert(1)>",
    "{{7*7}} {% x %}",
    r"$\frac$",
    "\N{RIGHT-TO-LEFT MARK}\N{RIGHT-TO-LEFT ISOLATE}marks\N{LINE SEPARATOR}",
    "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}",
    10_000 * "x",
    "\N{GRINNING FACE} \u202eright to left\u202c",
    r"50 % & # {braces} ^ ~ < > \alpha",
]


# What no HTML has a reference for, and with how it is written in Markdown and LaTeX.
NAMELESS = [
    ("a\0b", r"a\x00b"),
    ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
    ("\x85\x9f", r"\x85\x9f"),
    ("half \ud800 of a letter", r"half \ud800 of a letter"),
    ("\ufdd0", r"\ufdd0"),
]


def table():
    rows = [(text, index, index / 3, None) for index, text in enumerate(HOSTILE)]
    return Table(["name", "n", "third", "none"], rows, "Names")


def test_csv_comes_back():
    header, *lines = csv.reader(io.StringIO(table().to_csv(), newline=""))
    assert header == ["name", "n", "third", "none"]
    assert [line[0].removeprefix("'") for line in lines] == HOSTILE
    assert [int(line[1]) for line in lines] == list(range(len(HOSTILE)))
    assert [float(line[2]) for line in lines] == table()["third"]  # all digits
    assert {line[3] for line in lines} == {""}


def test_no_text_of_a_csv_file_is_a_formula_and_numbers_stay_numbers():
    text = Table(["=name", "x"], [(name, -1.5) for name in HOSTILE]).to_csv()
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    assert header == ["'=name", "x"]
    for name, number in lines:
        seen = "".join(c for c in name if c.isprintable()).lstrip()
        for first in (name, seen):
            assert not first.startswith(tuple("=+-@\t\r\n＝"))  # noqa: RUF001, as above
        assert number == "-1.5"


def test_an_empty_cell_is_a_row():
    text = Table(["x"], [[None], [""], [1]]).to_csv()
    assert list(csv.reader(io.StringIO(text))) == [["x"], [""], [""], ["1"]]


def test_csv_goes_into_a_file(tmp_path):
    path = tmp_path / "table.csv"
    assert table().to_csv(path) is None
    assert path.read_bytes() == table().to_csv().encode()
    frame = pd.read_csv(path, keep_default_na=False)
    assert [name.removeprefix("'") for name in frame["name"]] == HOSTILE
    with pytest.raises(FileNotFoundError, match=r"\[to_csv\]"):
        table().to_csv(tmp_path / "none" / "table.csv")


def test_numbers_that_are_not_finite_are_in_csv():
    text = Table(["x"], [[float("nan")], [float("inf")], [-float("inf")]]).to_csv()
    assert text == "x\nnan\ninf\n-inf\n"


def test_pandas_has_all_columns_with_their_types():
    some = Table(["a", "b"], [[1, "x"], [2, "y"]], "Title", note="What b is.", printed=["b"])
    frame = some.to_pandas()
    assert frame.to_dict("list") == some.to_dict()
    assert frame["a"].dtype.kind == "i"
    assert frame.attrs == {"title": "Title", "note": "What b is."}
    assert Table(["a", "b"], []).to_pandas().columns.tolist() == ["a", "b"]


def unescaped_markdown(cell):
    """What a reader of Markdown sees in a cell: escapes and entities undone."""
    text = cell.strip(" ").replace("<br>", "\n")
    return html.unescape(re.sub(r"\\([\\`*_\[\]|~$])", r"\1", text))


def test_markdown_comes_back():
    title, empty, header, rule, *lines = table().to_markdown().split("\n")
    assert (title, empty) == ("**Names**", "")
    assert header == "| name | n | third | none |"
    assert rule == "| --- | ---: | ---: | ---: |"
    assert len(lines) == len(HOSTILE)
    for text, line in zip(HOSTILE, lines, strict=True):
        first, *_ = cells = re.findall(r"((?:\\.|[^|\\])*)\|", line[1:])
        assert len(cells) == 4
        assert unescaped_markdown(first) == text


@pytest.mark.parametrize("mark", list("\\`*_[]|~$<>&"))
def test_no_mark_is_left_bare_in_markdown(mark):
    cell = Table(["x"], [[mark]]).to_markdown().split("\n")[-1][2:-2]
    assert cell in {f"\\{mark}", html.escape(mark)}


LATEX = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\textquotedbl{}": '"',
}


def unescaped_latex(cell):
    pattern = "|".join(map(re.escape, LATEX)) + r"|\\[&%$#_{}]"
    assert not re.search(r"[\\&%$#_{}~^<>|]", re.sub(pattern, "", cell)), "a bare mark"
    return re.sub(pattern, lambda m: LATEX.get(m[0], m[0][1:]), cell)


def test_latex_comes_back_but_for_line_breaks():
    lines = table().to_latex().split("\n")
    assert lines[2] == r"\caption{Names}"
    assert lines[3:7] == [
        r"\begin{tabular}{lrrr}",
        r"\hline",
        r"name & n & third & none \\",
        r"\hline",
    ]
    assert lines[-3:] == [r"\hline", r"\end{tabular}", r"\end{table}"]
    rows = lines[7:-3]
    assert len(rows) == len(HOSTILE)
    for text, row in zip(HOSTILE, rows, strict=True):
        cells = re.split(r"(?<!\\) ?& ?", row.removesuffix(r" \\").removeprefix("{}"))
        assert len(cells) == 4
        shown = as_python(re.sub(r"[\n\r\t]", " ", text).strip(" "))
        assert unescaped_latex(cells[0]).strip() == shown


def as_python(text):
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@pytest.mark.parametrize(("text", "shown"), NAMELESS)
def test_what_has_no_name_is_written_as_python_does(text, shown):
    some = Table([text], [[text], [1.5]])
    header, _, cell, _ = some.to_markdown().split("\n")
    for line in (header, cell):
        assert unescaped_markdown(line[2:-2]) == shown
    lines = some.to_latex().split("\n")
    for line in (lines[2], lines[4]):
        assert unescaped_latex(line.removesuffix(r" \\")) == shown
    assert str(some).splitlines()[0] == shown.ljust(len(str(some).splitlines()[1])).rstrip()
    assert all(as_python(line) == line for line in lines + str(some).splitlines())


@pytest.mark.parametrize("text", [text for text, _ in NAMELESS])
def test_what_has_no_name_is_in_csv_and_pandas(text, tmp_path):
    some = Table([text, "n"], [[text, 1], [None, 2]])
    path = tmp_path / "table.csv"
    some.to_csv(path)
    assert path.read_text("utf-8") == some.to_csv()
    wanted = text.replace("\ud800", r"\ud800")  # which UTF-8 has not
    frame = pd.read_csv(path, keep_default_na=False)
    assert frame.columns.tolist() == [wanted, "n"]
    assert frame[wanted].tolist() == [wanted, ""]
    frame = some.to_pandas()
    assert frame.columns.tolist() == [text, "n"]
    assert frame[text].tolist()[0] == text
    assert frame["n"].dtype.kind == "i"


def test_a_long_text_is_cut_in_print_alone():
    some = Table(["a", "b" * 200], [["x" * 10_000, 1]], "t" * 200)
    title, *lines = str(some).splitlines()
    assert title == "t" * 200
    assert max(map(len, lines)) == 202
    assert lines[-1].startswith("x" * 97 + "...  ")
    for whole in (some.to_csv(), some.to_markdown(), some.to_latex()):
        assert "x" * 10_000 in whole
        assert "b" * 200 in whole


def test_print_has_a_line_a_row_whatever_is_in_it():
    lines = str(table()).splitlines()
    assert len(lines) == 3 + len(HOSTILE)
    assert r"two\nlines\r\n, a \t tab" in str(table())
    assert "\u202e" not in str(table())


def test_none_and_what_is_undefined_are_dashes():
    nan = float("nan")
    text = str(Table(["a", "b", "c"], [[nan, nan, None]], undefined=["b"]))
    assert text.splitlines()[-1].split() == ["nan", "–", "–"]


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ([0.25, -1.5], ["0.25000", "-1.50000"]),
        ([0.00307, 4.858e-4], ["0.0030700", "0.0004858"]),
        ([812.5, 0.0, 1.25e-5], ["812.50000000", "0.00000000", "0.00001250"]),
        ([0.00307, 4.858e-7, 0.0], ["3.070e-03", "4.858e-07", "0.000e+00"]),
        ([1e-4, np.nan, np.inf], ["1.000e-04", "nan", "inf"]),
        ([0.375, 1e-9], ["0.37500", "1.000e-09"]),  # neither shows no less
        ([1234.5, 4.858e-4], ["1234.50000", "4.858e-04"]),
        ([9.9999e-4, 0.5], ["0.0010000", "0.5000000"]),
        ([], []),
    ],
)
def test_numbers_of_a_column_have_one_notation(numbers, shown):
    table = Table(["of", "x"], [("a", number) for number in numbers])
    assert [line.split()[1] for line in str(table).splitlines()[2:]] == shown


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.floats(-1e7, 1e7), max_size=6))
def test_no_notation_shows_less_than_numbers_alone(values):
    table = Table(["of", "x"], [("a", value) for value in values])
    cells = [line.split()[1] for line in str(table).splitlines()[2:]]
    for cell, value in zip(cells, values, strict=True):
        alone = float(_text_table.number(value))
        assert abs(float(cell) - value) <= abs(alone - value) * (1 + 1e-9) + 5e-4 * abs(value)
    exponents = {"e" in cell for cell, value in zip(cells, values, strict=True) if value}
    sizes = [abs(value) for value in values if value]
    if len(exponents) == 2:
        assert max(sizes) >= 1e3 or (min(sizes) < 1e-5 and max(sizes) >= 0.1)


def test_a_note_stands_under_the_title():
    some = Table(["a"], [[1]], "Title", note="b_c")
    assert str(some) == "Title\nb_c\na\n-\n1"
    assert some.to_markdown().startswith("**Title**\n\nb\\_c\n\n| a |")
    assert r"\caption{Title. b\_c}" in some.to_latex()


def test_some_columns_are_printed_and_all_are_there():
    some = Table(["a", "b", "c"], [[1, 2, 3]], printed=["c", "a"], undefined=["a"])
    assert str(some).splitlines()[0].split() == ["c", "a"]
    assert some.to_markdown().startswith("| c | a |")
    assert some.to_csv() == "a,b,c\n1,2,3\n"
    assert some.select("b").to_csv() == "b\n2\n"
    assert str(some.select("b", "a", title="New")).splitlines()[:2] == ["New", "b  a"]
    for refused in ({"printed": ["d"]}, {"undefined": ["d"]}):
        with pytest.raises(ValueError, match=r"\[Table\] expected a name of a column .* got 'd'"):
            Table(["a"], [[1]], **refused)
    with pytest.raises(KeyError, match=r"\[Table\] expected one of the columns a, b, c, got 'd'"):
        some.select("d")


def test_spare_columns_are_left_out_where_lines_are_too_long():
    names = ["a" * 60, "b" * 20, "c" * 20, "d"]
    some = Table(names, [[1, 2, 3, 4]], spare=names[1:3])
    assert str(some).splitlines()[0].split() == [names[0], names[2], names[3]]
    assert some.to_markdown().startswith(f"| {' | '.join(names)} |")
    some = Table(names, [[1, 2, 3, "d" * 60]], spare=names[1:3])
    assert str(some).splitlines()[0].split() == [names[0], names[3]]
    assert str(some.select(*names)) == str(some)
    assert str(some.select(names[2])).splitlines()[0] == names[2]


def test_an_exact_table_is_exact_in_every_notation():
    some = ExactTable(["a|b", "x"], [["c", 0.20000000298023224], ["d", None]], dtype="float32")
    assert str(some).splitlines()[2].split() == ["c", "0.2"]
    assert some.to_markdown().splitlines()[2:] == ["| c | 0.2 |", "| d |  |"]
    assert some.to_csv() == "a|b,x\nc,0.20000000298023224\nd,\n"


def test_no_row_of_latex_is_an_argument_of_the_end_before_it():
    lines = Table(["f", "v"], [["[0, 10)", 1], ["*b", 2], ["a", 3]]).to_latex().split("\n")
    assert [line for line in lines if "&" in line][1:] == [
        r"{}[0, 10) & 1 \\",
        r"{}*b & 2 \\",
        r"a & 3 \\",
    ]


MARKS = st.sampled_from([*"=+-@'\t\r\n\" |\\`*_[]~$<>&{};#%^,", "\u202e", "\ufeff", "\0"])
TEXTS = st.text(st.one_of(MARKS, st.characters(exclude_categories=["Cs"])), max_size=9)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3))
def test_any_texts_stay_in_their_cells(rows):
    some = Table(["a", "b"], rows)
    text = some.to_csv()
    # in place of NUL, which the reader of Python 3.10 refuses
    nul = next(c for c in map(chr, range(0xE000, 0xF8FF)) if c not in text)
    _, *lines = csv.reader(io.StringIO(text.replace("\0", nul), newline=""))
    for row, line in zip(rows, lines, strict=True):
        cells = [cell.replace(nul, "\0") for cell in line]
        assert [cell.removeprefix("'") for cell in cells] == list(row)
        for cell in cells:
            seen = "".join(c for c in cell if c.isprintable()).lstrip()
            assert not cell.startswith(tuple("=+-@\t\r\n"))
            assert not seen.startswith(tuple("=+-@"))
    for row, line in zip(rows, some.to_markdown().split("\n")[2:], strict=True):
        cells = re.findall(r"((?:\\.|[^|\\])*)\|", line[1:])
        for cell, text in zip(cells, row, strict=True):
            if not any(unicodedata.category(c) in ("Cc", "Cn") for c in text if c not in "\n\r\t"):
                assert unescaped_markdown(cell) == text
    latex = some.to_latex().split("\n")
    assert len(latex) == 6 + len(rows)
    for lines in (some.to_markdown().split("\n"), latex, str(some).split("\n")):
        assert all(c.isprintable() for line in lines for c in line)


def test_whatever_is_no_number_is_a_text_in_csv():
    class Named:
        def __str__(self):
            return "=1,2"

    values = [Named(), Path("=x"), b"=1", Fraction(1, 3), np.int8(-1), np.float32(0.5), True]
    text = Table(["a"], [[value] for value in values]).to_csv()
    lines = [line for (line,) in csv.reader(io.StringIO(text))]
    assert lines == ["a", "'=1,2", "'=x", "b'=1'", "1/3", "-1", "0.5", "True"]


def test_what_is_not_defined_is_a_dash_and_an_empty_cell():
    """And a NaN elsewhere is a number that went wrong, and is shown."""
    table = Table(["a", "b"], [[np.nan, np.nan], [1.0, None]], undefined=["a"])
    assert [line.split() for line in str(table).splitlines()[2:]] == [
        ["–", "nan"],
        ["1.00000", "–"],
    ]
    assert table.to_csv() == "a,b\n,nan\n1.0,\n"
    assert np.isnan(table["a"][0])
