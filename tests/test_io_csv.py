"""CSV files: what pandas would do in silence is said or not done."""

import bz2
import gzip
import os

import numpy as np
import pandas as pd
import pytest

from wbcore.io.table import read_features, read_table

MARKS = ("NA", "N/A", "None", "null", "nan", "NaN", "NULL", "n/a", "#N/A", "<NA>", "-nan")


@pytest.fixture
def write(tmp_path):
    """Writes text into table.csv and returns its path."""

    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.mark.parametrize(
    "text",
    [
        "a,b,a,y\n1,2,3,4\n5,6,7,8\n",
        "a,a,a.1,y\n1,2,3,4\n",
        '"a",b,a,y\n1,2,3,4\n',
        "\ufeffa,a,y\n1,2,3\n",
        "\n\na,a,y\n1,2,3\n",
        "b,y,a,a\n1,2,3,4\n",
    ],
)
def test_a_column_that_stands_twice_is_refused(write, text):
    path = write(text)
    with pytest.raises(ValueError, match="the column 'a' stands twice in the header"):
        read_table(path, "y")
    with pytest.raises(ValueError, match="the column 'a' stands twice in the header"):
        read_features(path, ["a", "y"])


def test_names_that_only_look_alike(write):
    path = write("a,A, a,a.1,y\n1,2,3,4,5\n2,3,4,5,6\n")
    assert read_table(path, "y", task="regression").features == ("a", "A", " a", "a.1")


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_of_a_missing_value_is_a_class_among_text(write, mark):
    rows = "".join(f"{k},{name}\n" for k, name in enumerate([mark, "EU", mark, "AS", "EU"]))
    data = read_table(write("x,region\n" + rows), "region")
    assert data.classes == tuple(sorted(["AS", "EU", mark]))
    assert [data.classes[k] for k in data.y] == [mark, "EU", mark, "AS", "EU"]


@pytest.mark.parametrize("target", ["first", "last"])
def test_classes_that_are_all_marks(write, target):
    """Of a column of nothing but marks pandas makes numbers."""
    path = write("first,x,last\nNA,1,null\nNone,2,None\nNA,3,null\n")
    other = {"first": "last", "last": "first"}[target]
    data = read_table(path, target, ignore=[other])
    assert len(data.classes) == 2
    assert data.y[0] == data.y[2] != data.y[1]


@pytest.mark.parametrize("empty", ["", '""'])
def test_an_empty_field_is_missing_among_text(write, empty):
    path = write(f"x,region\n1,EU\n2,{empty}\n3,NA\n")
    with pytest.raises(ValueError, match="'region' has 1 missing value, in row 2"):
        read_table(path, "region")


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize(
    "values", [("1", "2", "3"), ("0.5", "1e3", "-2"), ("True", "False", "True")]
)
def test_a_mark_is_missing_among_numbers_and_bools(write, mark, values):
    rows = [f"{k},{value},{value}" for k, value in enumerate(values)]
    path = write("\n".join(["x,f,y", *rows, f"4,{values[0]},{mark}", ""]))
    with pytest.raises(ValueError, match="target 'y' has 1 missing value, in row 4"):
        read_table(path, "y")
    path = write("\n".join(["x,f,y", *rows, f"4,{mark},{values[0]}", ""]))
    with pytest.raises(ValueError, match="column 'f' has 1 missing value, in row 4"):
        read_table(path, "y", task="classification")


def test_text_is_read_as_it_stands(write):
    """A text target is read a second time: quotes, blank lines and spaces give the same rows."""
    text = 'x,y\n1,"a, b"\n\n2, NA \n3,"say ""NA"""\n4,1e5\n\n5,"two\nlines"\n'
    data = read_table(write(text), "y")
    names = ["a, b", " NA ", 'say "NA"', "1e5", "two\nlines"]
    assert [data.classes[k] for k in data.y] == names
    np.testing.assert_array_equal(data.X[:, 0], [1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    "text", ["a,y\n1,2,3\n4,5,6\n", "a,y\n0,2,3\n1,5,6\n", "a,y\n1,2,3,4\n4,5,6,7\n"]
)
def test_rows_longer_than_the_header_are_refused(write, text):
    """Pandas would take their first fields for names of rows, and move the columns."""
    with pytest.raises(ValueError, match="rows have more fields than the header, which has 2"):
        read_table(write(text), "y")


def test_an_empty_field_at_the_end_of_each_row_is_no_column(write):
    data = read_table(write("a,y\n1,2,\n4,5,\n"), "y", task="regression")
    assert (data.X[:, 0].tolist(), data.y.tolist()) == ([1, 4], [2, 5])
    data = read_table(write("a,y\n1,NA,\n4,x,\n6,NA,\n"), "y")
    assert (data.X[:, 0].tolist(), data.classes) == ([1, 4, 6], ("NA", "x"))
    assert data.y.tolist() == [0, 1, 0]


def test_packed_files(write):
    text = b"x,y\n1,NA\n2,b\n3,NA\n4,b\n"
    for name, content in (("t.csv.gz", gzip.compress(text)), ("t.csv.bz2", bz2.compress(text))):
        assert read_table(write(content, name), "y").classes == ("NA", "b")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.csv.gz", gzip.compress(b"x,y\n" + os.urandom(999).hex().encode())[:-99]),
        ("changed.csv.gz", gzip.compress(b"x,y\n1,2\n")[:-9] + b"\xff" * 9),
        ("plain.csv.gz", b"x,y\n1,2\n"),
        ("plain.csv.bz2", b"x,y\n1,2\n"),
        ("plain.csv.xz", b"x,y\n1,2\n"),
        ("plain.csv.zip", b"x,y\n1,2\n"),
        ("plain.tar", b"x,y\n1,2\n"),
        ("empty.parquet", b""),
        ("magic.parquet", b"PAR1" * 9),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # bytes are others in each process
)
def test_damaged_files_are_one_kind_of_error(write, name, content):
    path = write(content, name)
    with pytest.raises(ValueError, match=f"{name} is not a readable ") as caught:
        read_table(path, "y")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["pipe.csv", "pipe.parquet"])
def test_a_named_pipe_is_refused_at_once(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match=r"\[read_table\] expected a file, got a pipe or device"):
        read_table(tmp_path / name, "y")
    (tmp_path / "link.csv").symlink_to(name)
    with pytest.raises(ValueError, match="expected a file, got a pipe or device"):
        read_features(tmp_path / "link.csv")


def test_a_device_is_refused():
    with pytest.raises(ValueError, match="expected a file, got a pipe or device: /dev/zero"):
        read_features("/dev/zero")


def test_an_open_pipe_is_read_once():
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        stream.write("x,y\n1,NA\n2,b\n3,NA\n")
    try:
        assert read_table(f"/dev/fd/{reader}", "y").classes == ("NA", "b")
    finally:
        os.close(reader)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([[1, 2]] * 4, "ndarray"),
        ([{"a": 1}] * 4, "dict"),
        ([None, {"a": 1}, {"a": 1}, {"a": 1}], "dict"),
        ([pd.Timestamp("2020-01-01").date()] * 4, "date"),
    ],
)
def test_a_parquet_target_of_neither_classes_nor_numbers(tmp_path, values, kind):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": values}).to_parquet(path)
    missing = values[0] is None
    message = (
        "has 1 missing value, in row" if missing else f"holds values of type {kind}, neither class"
    )
    with pytest.raises(ValueError, match=f"the target 'y' {message}"):
        read_table(path, "y")
    for task in ("classification", "regression"):
        with pytest.raises(ValueError, match=f"the target 'y' {message}"):
            read_table(path, "y", task=task)


@pytest.mark.parametrize("values", [[[1.0, 2.0]] * 4, [{"a": 1}] * 4, [None, [1.0], [2.0], [3.0]]])
def test_a_parquet_feature_of_lists(tmp_path, values):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"x": values, "y": [1.0, 2.0, 3.0, 4.0]}).to_parquet(path)
    with pytest.raises(ValueError, match=r"column 'x' is not numeric: ['\"].* in row [12]"):
        read_table(path, "y")


@pytest.mark.parametrize("header", ["a,b,", ",a,b"])
def test_a_column_without_a_name_is_no_target(tmp_path, header):
    path = tmp_path / "data.csv"
    path.write_text(f"{header}\n1,2,3\n4,5,6\n")
    with pytest.raises(ValueError, match=r"\[read_table\] .* lacks column ''"):
        read_table(path, "")
