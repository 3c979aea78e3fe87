"""Tables from CSV and Parquet: what is read, and the names of columns that cannot be used."""

import sys

import numpy as np
import pandas as pd
import pytest

from wbcore.io.table import read_features, read_table

ROWS = 30


@pytest.fixture
def frame():
    """Features of several types, and a target of each kind."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "height": rng.normal(170, 10, ROWS),
            "rooms": rng.integers(0, 9, ROWS),
            "lift": rng.integers(0, 2, ROWS).astype(bool),
            "kind": np.array(["flat", "house", "hut"])[np.arange(ROWS) % 3],
            "sold": np.arange(ROWS) % 2 == 0,
            "grade": np.arange(ROWS) % 4 + 7,
            "number": np.arange(ROWS),
            "price": rng.normal(size=ROWS),
        }
    )


@pytest.fixture
def table(frame, tmp_path):
    """Writes the frame with these changes and returns the path."""

    def write(suffix=".csv", **changes):
        path = tmp_path / f"table{suffix}"
        changed = frame.assign(**changes)
        if suffix == ".csv":
            changed.to_csv(path, index=False)
        else:
            changed.to_parquet(path)
        return path

    return write


NUMERIC = ("height", "rooms", "lift")
OTHERS = ("kind", "sold", "grade", "number", "price")


def ignoring(target):
    return [name for name in OTHERS if name != target]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(
    ("target", "classes"),
    [
        ("kind", ("flat", "house", "hut")),
        ("sold", ("False", "True")),
        ("grade", ("7", "8", "9", "10")),  # by value, not by letters
        ("number", None),  # 30 distinct integers
        ("price", None),
    ],
)
def test_the_type_of_the_target_decides(table, frame, suffix, target, classes):
    data = read_table(table(suffix), target, ignore=ignoring(target))
    assert (data.classes, data.target, data.features) == (classes, target, NUMERIC)
    assert data.X.dtype == np.float64
    np.testing.assert_array_equal(data.X, frame[list(NUMERIC)].to_numpy(np.float64))
    if classes is None:
        assert data.task == "regression"
        np.testing.assert_array_equal(data.y, frame[target].to_numpy(np.float64))
    else:
        assert data.task == "classification"
        assert [classes[k] for k in data.y] == [str(value) for value in frame[target]]


def test_the_task_can_be_chosen(table):
    grades = read_table(table(), "grade", task="regression", ignore=ignoring("grade"))
    assert grades.classes is None
    assert sorted(set(grades.y)) == [7, 8, 9, 10]
    numbers = read_table(table(), "number", task="classification", ignore=ignoring("number"))
    assert numbers.classes == tuple(map(str, range(ROWS)))
    with pytest.raises(ValueError, match="column 'kind' is not numeric: 'flat' in row 1"):
        read_table(table(), "kind", task="regression", ignore=ignoring("kind"))


def test_an_unknown_task_is_refused(table):
    message = r"\[read_table\] expected task to be one of classification, regression, got 'rank'"
    with pytest.raises(ValueError, match=message):
        read_table(table(), "price", task="rank")


def test_columns_that_are_not_numeric_are_named(table):
    path = table(rooms=["3"] * 4 + ["?"] * (ROWS - 4))
    message = (
        r"\[read_table\] .*table.csv: column 'rooms' is not numeric: '\?' in row 5 \(.*\); 'kind' "
    )
    with pytest.raises(ValueError, match=message):
        read_table(path, "price")


def test_missing_values_are_named(table, frame):
    holes = frame["height"].where(frame.index != 6)
    with pytest.raises(ValueError, match=r"column 'height' has 1 missing .* in row 7"):
        read_table(table(height=holes), "price", ignore=ignoring("price"))
    bools = frame["lift"].astype(object).where(frame.index > 1)
    with pytest.raises(ValueError, match="column 'lift' has 2 missing values, the first in row 1"):
        read_table(table(lift=bools), "price", ignore=ignoring("price"))
    kinds = frame["kind"].where(frame.index != 2)
    with pytest.raises(ValueError, match="target 'kind' has 1 missing value, in row 3"):
        read_table(table(kind=kinds), "kind", ignore=ignoring("kind"))


def test_an_infinite_value_is_named(table, frame):
    path = table(height=frame["height"].where(frame.index != 3, -np.inf))
    with pytest.raises(ValueError, match="column 'height' has an infinite value in row 4"):
        read_table(path, "price", ignore=ignoring("price"))


@pytest.mark.parametrize(
    "column",
    [
        pd.date_range("2020", periods=ROWS),
        pd.Categorical(["a", "b"] * (ROWS // 2)),
        pd.timedelta_range("1h", periods=ROWS),
    ],
)
def test_types_that_only_parquet_has(table, column):
    path = table(".parquet", height=column)
    with pytest.raises(ValueError, match="column 'height' is not numeric"):
        read_table(path, "price", ignore=ignoring("price"))


def test_a_time_is_no_target(table):
    path = table(".parquet", price=pd.date_range("2020", periods=ROWS))
    with pytest.raises(ValueError, match="the target 'price' is a time"):
        read_table(path, "price", ignore=ignoring("price"))


def test_nullable_columns_of_parquet(table, frame):
    whole = table(".parquet", rooms=frame["rooms"].astype("Int64"))
    data = read_table(whole, "price", ignore=ignoring("price"))
    np.testing.assert_array_equal(data.X[:, 1], frame["rooms"])
    holes = table(".parquet", rooms=frame["rooms"].astype("Int64").where(frame.index != 0))
    with pytest.raises(ValueError, match="column 'rooms' has 1 missing value, in row 1"):
        read_table(holes, "price", ignore=ignoring("price"))


def test_a_target_without_a_choice_is_refused(table):
    with pytest.raises(ValueError, match="the target 'kind' is hut in every row"):
        read_table(table(kind="hut"), "kind", ignore=ignoring("kind"))


def test_columns_that_are_not_there_are_named(table):
    message = r"lacks column 'cost'; it has columns 'height', .* and 3 more"
    with pytest.raises(ValueError, match=message):
        read_table(table(), "cost")
    with pytest.raises(ValueError, match="lacks columns 'a', 'b'"):
        read_table(table(), "price", ignore=["a", "b"])
    with pytest.raises(ValueError, match="'price' is the target and cannot be left out"):
        read_table(table(), "price", ignore=["price"])
    with pytest.raises(ValueError, match="no column is left beside the target 'price'"):
        read_table(table(), "price", ignore=[*NUMERIC, *ignoring("price")])


def test_a_row_number_saved_by_mistake_is_refused(frame, tmp_path):
    path = tmp_path / "indexed.csv"
    frame[["height", "price"]].to_csv(path)
    with pytest.raises(ValueError, match="column 'Unnamed: 0' has no name in the file"):
        read_table(path, "price")
    assert read_table(path, "price", ignore=["Unnamed: 0"]).features == ("height",)


def test_features_are_matched_by_name(table, frame):
    X = read_features(table(), ["lift", "height"])
    np.testing.assert_array_equal(X, frame[["lift", "height"]].to_numpy(np.float64))
    with pytest.raises(ValueError, match=r"\[read_features\] .* lacks columns 'depth', 'width'"):
        read_features(table(), ["depth", "height", "width"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "is not a readable CSV file: No columns"),
        ("header.csv", b"a,b\n", "has no rows"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3,4\n", "is not a readable CSV file: "),
        ("binary.csv", bytes(range(256)), "is not a readable CSV file: "),
        ("text.parquet", b"a,b\n1,2\n", "is not a readable Parquet file: "),
    ],
)
def test_files_that_are_no_tables(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"\[read_table\] .*{name} {message}") as caught:
        read_table(path, "a")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "none.csv", "a")
    with pytest.raises(IsADirectoryError):
        read_table(tmp_path, "a")


def test_a_missing_package_is_named_with_its_cure(table, tmp_path, monkeypatch):
    csv, parquet = table(), tmp_path / "table.parquet"
    parquet.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModuleNotFoundError, match=r"needs pyarrow: pip install pyarrow$"):
        read_table(parquet, "price")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match=r"needs pandas: pip install 'wbcore-nn\[cli\]'$"):
        read_table(csv, "price")
