"""What becomes of the columns of a table, and of the same columns of another."""

import datetime as dt
import json
import tracemalloc
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from wbcore.tables import Encoding, Table
from wbcore.tables.values import text_of_number

NAN = float("nan")


def encoded(values, more=None, **options):
    """Names and numbers of a frame of one column; with `more` of other rows of it."""
    frame = pd.DataFrame({"c": values})
    encoding = Encoding.fit(frame, **options)
    other = frame if more is None else pd.DataFrame({"c": more})
    return list(encoding.names), encoding.apply(other).tolist()


def back(encoding):
    """The same encoding from JSON text."""
    return Encoding.from_dict(json.loads(json.dumps(encoding.to_dict(), allow_nan=False)))


NUMBERS = {
    "floats": ([1.5, 2.5], [[1.5], [2.5]]),
    "few integers": ([1, 2, 1, 2], [[1], [2], [1], [2]]),
    "bools": ([True, False], [[1], [0]]),
    "texts": (["1.5", " -2e1 "], [[1.5], [-20]]),
    "decimals": ([Decimal("1.5"), Decimal(2)], [[1.5], [2]]),
    "nullable": (pd.array([1, 2], dtype="Int64"), [[1], [2]]),
    "durations": (pd.to_timedelta([36, 12], unit="h"), [[1.5], [0.5]]),
    "durations of Arrow": (
        pd.array([129600, 43200], dtype="duration[s][pyarrow]"),
        [[1.5], [0.5]],
    ),
    "constant": ([7, 7], [[7], [7]]),
    "nothing": ([None, None], [[0], [0]]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_stay_numbers(name):
    values, expected = NUMBERS[name]
    assert encoded(values) == (["c"], expected)


@pytest.mark.parametrize(
    "values",
    [
        [1.0, NAN, 3.0],
        [1, None, 3],
        ["1", "", "3"],
        ["1", None, "3"],
        pd.array([1, None, 3], dtype="Int64"),
        pd.array([1, None, 3], dtype="float32[pyarrow]"),
        pd.Series([1, pd.NA, 3], dtype=object),
        ["1", "nan", "3"],
    ],
)
def test_a_missing_number_is_the_mean_and_told(values):
    assert encoded(values) == (["c", "c missing"], [[1, 0], [2, 1], [3, 0]])
    assert encoded(values, missing="mean") == (["c"], [[1], [2], [3]])
    with pytest.raises(ValueError, match=r"\[fit\] expected no missing values.*'c' in row 2"):
        encoded(values, missing="error")


def test_missing_where_none_was_missing_is_the_mean():
    assert encoded([1.0, 3.0], [NAN, 4.0]) == (["c"], [[2], [4]])


def test_weights_count_rows():
    frame = pd.DataFrame({"n": [1.0, 4.0, NAN], "c": ["a", "b", "b"]})
    twice = pd.DataFrame({"n": [1.0, 4.0, 4.0, NAN, NAN], "c": ["a", "b", "b", "b", "b"]})
    weighted = Encoding.fit(frame, sample_weight=[1, 2, 2])
    assert weighted == Encoding.fit(twice)
    assert weighted.columns[0].fill == 3.0
    assert weighted.columns[1].rare == ("a",)
    assert Encoding.fit(frame, sample_weight=[2, 1, 1]).columns[1].kept == ("a", "b")


CATEGORIES = {
    "texts": ["b", "a", "b", "a"],
    "declared": pd.Categorical(["b", "a", "b", "a"]),
    "arrow": pd.array(["b", "a", "b", "a"], dtype="string[pyarrow]"),
    "objects": pd.Series(["b", "a", "b", "a"], dtype=object),
}


@pytest.mark.parametrize("name", CATEGORIES)
def test_categories_have_a_column_each(name):
    names, rows = encoded(CATEGORIES[name])
    assert names == ["c=a", "c=b"]
    assert rows == [[0, 1], [1, 0], [0, 1], [1, 0]]


def test_unknown_and_missing_categories_are_0_in_all_columns():
    names, rows = encoded(["a", "b", "a", "b"], ["z", None, "b"])
    assert (names, rows) == (["c=a", "c=b"], [[0, 0], [0, 0], [0, 1]])
    names, rows = encoded(["a", "b", "a", "b", None], ["z", None, ""])
    assert names == ["c=a", "c=b", "c missing"]
    assert rows == [[0, 0, 0], [0, 0, 1], [0, 0, 1]]


def test_rare_categories_share_a_column():
    names, rows = encoded(["a", "b", "a", "c"], ["c", "b", "a", "d"])
    assert names == ["c=a", "c rare"]
    assert rows == [[0, 1], [0, 1], [1, 0], [0, 0]]


def test_there_are_at_most_so_many():
    values = [text for k, text in enumerate("abcde") for _ in range(9 - k)]
    names, _ = encoded(values, max_categories=3)
    assert names == ["c=a", "c=b", "c rare"]
    assert encoded(values, max_categories=5)[0] == [f"c={text}" for text in "abcde"]
    assert Encoding.fit(pd.DataFrame({"c": values}), max_categories=3).columns[0].rare == (
        "c", "d", "e",
    )  # fmt: skip


def test_the_order_of_declared_categories_is_kept():
    sizes = pd.Categorical(["small", "large"] * 2, ["small", "none", "large"], ordered=True)
    assert encoded(sizes)[0] == ["c=small", "c=large"]
    enum = pl.DataFrame({"c": pl.Series(["b", "a", "b", "a"], dtype=pl.Enum(["b", "a"]))})
    assert Encoding.fit(enum).names == ("c=b", "c=a")
    assert encoded(["10", "9", "10", "9"], categories=["c"])[0] == ["c=9", "c=10"]


def test_numbers_that_are_said_to_be_categories_are_known_in_any_type():
    frame = pd.DataFrame({"c": [1, 2, 1, 2], "n": [1, 2, 3, 4]})
    for chosen in (["c"], [0]):
        encoding = Encoding.fit(frame, categories=chosen)
        assert encoding.names == ("c=1", "c=2", "n")
    for values in ([1.0, NAN], ["1", ""], [1, None], pd.array([1, None], dtype="Int64")):
        other = pd.DataFrame({"c": values, "n": [5, 6]})
        assert encoding.apply(other).tolist() == [[1, 0, 5], [0, 0, 6]]


def test_postal_codes_are_no_numbers():
    assert encoded(["01234", "20095"] * 2)[0] == ["c=01234", "c=20095"]


def test_an_identifier_is_left_out_with_a_warning():
    frame = pd.DataFrame({"id": ["u1", "u2", "u3"], "n": [1, 2, 3]})
    encoding = Encoding.fit(frame)
    assert encoding.names == ("n",)
    assert len(encoding.warnings) == 1
    assert "column 'id' has another text in each of its rows" in encoding.warnings[0]
    assert encoding.describe()[0] == "'id': left out, another category in every row"
    assert back(encoding).apply(frame).tolist() == [[1], [2], [3]]
    with pytest.raises(ValueError, match=r"\[fit\] expected a column to learn from, got .*'id'"):
        Encoding.fit(frame[["id"]])


DATES = {
    "texts": ["2026-01-05", "2026-01-06"],
    "moments": ["2026-01-05T00:00", "2026-01-06 00:00:00"],
    "zones": ["2026-01-05T02:00:00+02:00", "2026-01-05 22:30:00.000 -0130"],
    "Z": ["2026-01-05T00:00Z", "2026-01-06T00:00:00,0Z"],
    "dates": [dt.date(2026, 1, 5), dt.date(2026, 1, 6)],
    "datetimes": [dt.datetime(2026, 1, 5), dt.datetime(2026, 1, 6)],  # noqa: DTZ001
    "stamps": pd.to_datetime(["2026-01-05", "2026-01-06"]),
    "aware stamps": pd.to_datetime(["2026-01-05 02:00+02:00", "2026-01-06 02:00+02:00"]),
    "objects": pd.Series(pd.to_datetime(["2026-01-05", "2026-01-06"]), dtype=object),
    "arrow": pd.array([dt.date(2026, 1, 5), dt.date(2026, 1, 6)], dtype="date32[pyarrow]"),
}
FIRST = (dt.date(2026, 1, 5) - dt.date(1970, 1, 1)).days  # a Monday


@pytest.mark.parametrize("name", DATES)
def test_dates_are_days_and_what_differs(name):
    names, rows = encoded(DATES[name])
    assert names == ["c days", "c weekday"]
    assert rows == [[FIRST, 0], [FIRST + 1, 1]]


def test_parts_of_dates():
    values = ["2026-01-05 06:30", "2026-12-06 12:00", None, "1969-12-31 18:00"]
    names, rows = encoded(values)
    assert names == ["c days", "c month", "c weekday", "c hour", "c missing"]
    assert rows[0] == [FIRST + 6.5 / 24, 1, 0, 6.5, 0]
    assert rows[1][1:] == [12, 6, 12, 0]
    means = [np.mean(column) for column in zip(rows[0], rows[1], rows[3], strict=True)]
    assert rows[2] == [*map(pytest.approx, means[:4]), 1]
    assert rows[3] == [-0.25, 12, 2, 18, 0]


def test_texts_that_are_no_dates_are_categories():
    assert encoded(["2026-02-31", "2026-01-01"] * 2)[0] == ["c=2026-01-01", "c=2026-02-31"]


def frame_of_all():
    return pd.DataFrame(
        {
            "n": [1.0, NAN, 3.0, 4.0],
            "b": [True, False, True, True],
            "c": ["x", "y", "x", None],
            "d": ["2026-01-05", "2026-02-06T10:00", "", "2026-03-01"],
            "k": pd.Categorical(["lo", "hi", "lo", "hi"]),
            "i": [3, 2, 1, 0],
        }
    )


def test_it_is_the_same_from_json():
    frame = frame_of_all()
    encoding = Encoding.fit(frame, max_categories=7, missing="mean+indicator")
    again = back(encoding)
    assert again == encoding
    assert again.names == encoding.names
    assert again.describe() == encoding.describe()
    assert np.array_equal(again.apply(frame), encoding.apply(frame))
    assert again != Encoding.fit(frame, missing="mean")


def test_polars_and_pandas_are_one():
    frame = frame_of_all()
    polar = pl.from_pandas(frame)
    encoding = Encoding.fit(frame)
    assert Encoding.fit(polar) == encoding
    assert np.array_equal(encoding.apply(polar), encoding.apply(frame))
    assert np.array_equal(Encoding.fit(polar.lazy()).apply(polar), encoding.apply(frame))
    dates = pl.DataFrame({"c": [dt.date(2026, 1, 5), None, dt.date(2026, 1, 6)]})
    assert Encoding.fit(dates).apply(dates)[:, 0].tolist() == [FIRST, FIRST + 0.5, FIRST + 1]
    spans = pl.DataFrame({"c": [dt.timedelta(hours=36), None]})
    assert Encoding.fit(spans).apply(spans).tolist() == [[1.5, 0], [1.5, 1]]


def test_whatever_has_to_pandas():
    import pyarrow as pa

    frame = frame_of_all().drop(columns="k")
    table = pa.Table.from_pandas(frame)
    assert Encoding.fit(table) == Encoding.fit(frame)


def test_arrays_and_lists():
    rows = [["red", 1, None], ["blue", 2.5, True], ["red", 3, False], ["blue", 4, True]]
    for given in (rows, np.array(rows, object)):
        encoding = Encoding.fit(given)
        assert encoding.names == ("x0=blue", "x0=red", "x1", "x2", "x2 missing")
        assert encoding.apply(given)[0].tolist() == [0, 1, 1, pytest.approx(2 / 3), 1]
        assert not encoding.is_named
    texts = np.array([["1", "a"], ["2", "b"], ["3", "a"], ["", "b"]])
    assert Encoding.fit(texts).names == ("x0", "x0 missing", "x1=a", "x1=b")


def test_columns_are_found_by_name():
    frame = frame_of_all()
    encoding = Encoding.fit(frame)
    other = frame[list(reversed(frame.columns))].assign(more=1)
    assert np.array_equal(encoding.apply(other), encoding.apply(frame))
    numbers = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["a", "b"])
    encoding = Encoding.fit(numbers)
    assert np.array_equal(encoding.apply(numbers[["b", "a"]]), numbers)
    with pytest.raises(ValueError, match=r"\[apply\] expected column 'a' beside .*got column 'b'"):
        encoding.apply(numbers[["b"]])
    with pytest.raises(ValueError, match=r"\[predict\] expected 2 columns, got 1"):
        encoding.apply(np.ones((3, 1)), operation="predict")


def test_an_array_that_needs_no_change_is_not_copied():
    for dtype in ("float64", "float32", "int64", "uint8"):
        X = np.arange(12).reshape(4, 3).astype(dtype)
        encoding = Encoding.fit(X)
        assert encoding.is_plain
        assert encoding.apply(X) is X
    frame = pd.DataFrame(np.arange(12.0).reshape(4, 3))
    assert np.shares_memory(Encoding.fit(frame).apply(frame), frame)
    gaps = np.array([[1.0, NAN], [3.0, 4.0]], np.float32)
    filled = Encoding.fit(gaps).apply(gaps)
    assert filled.dtype == np.float32
    assert filled.tolist() == [[1, 4, 1], [3, 4, 0]]
    assert np.isnan(gaps[0, 1])


def test_an_array_is_as_its_columns():
    X = np.array([[1.0, NAN, 5.0, 2.0], [3.0, 4.0, NAN, 2.0], [8.0, NAN, NAN, 2.0]])
    whole = Encoding.fit(X)
    single = Encoding.fit(X.astype(object))
    assert whole == single
    assert np.array_equal(whole.apply(X), single.apply(X.astype(object)))
    nothing = np.full((2, 1), NAN)
    assert Encoding.fit(nothing).apply(nothing).tolist() == [[0], [0]]


REFUSED = {
    "a dict": ([{"a": 1}, 2], TypeError, "column 'c': .*must be a string or a real number.*dict"),
    "a list": ([[1], [2]], TypeError, "column 'c': .* got list"),
    "a complex number": ([1j, 2], (TypeError, ValueError), "column 'c': .*[Cc]omplex"),
    "infinity": ([1.0, np.inf], ValueError, "finite numbers in column 'c', got inf in row 2"),
    "infinity in words": (["1", "-inf"], ValueError, "column 'c', got -inf in row 2"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    values, kind, message = REFUSED[name]
    for frame in (pd.DataFrame({"c": values}), pd.DataFrame({"c": values, "d": "x"})):
        with pytest.raises(kind, match=message):
            Encoding.fit(frame)


@pytest.mark.parametrize(
    ("values", "others", "message"),
    [
        ([1, 2], ["1", "x"], r"expected numbers in column 'c', as in training, got 'x' in row 2"),
        ([1, 2], pd.to_datetime(["2026-01-05"] * 2), "expected numbers .* got dates"),
        (["2026-01-05"] * 2, [1, 2], "expected dates in column 'c', as in training, got numbers"),
        (["2026-01-05"] * 2, ["soon"] * 2, "expected dates in column 'c'.*got 'soon'"),
    ],
)
def test_columns_that_hold_something_else_later(values, others, message):
    encoding = Encoding.fit(pd.DataFrame({"c": values}))
    with pytest.raises(ValueError, match=rf"\[apply\] {message}"):
        encoding.apply(pd.DataFrame({"c": others}))


def test_tables_that_are_none():
    with pytest.raises(ValueError, match="Reshape your data"):
        Encoding.fit([1, 2, 3])
    with pytest.raises(ValueError, match=r"got shape \(0, 2\)"):
        Encoding.fit(np.ones((0, 2)))
    with pytest.raises(ValueError, match="Complex data not supported"):
        Encoding.fit(np.ones((2, 2), complex))
    twice = pd.DataFrame(np.ones((2, 2)), columns=["a", "a"])
    with pytest.raises(ValueError, match=r"\[fit\] expected each column once, got two .* 'a'"):
        Encoding.fit(twice)


def test_arguments():
    frame = pd.DataFrame({"c": [1, 2]})
    for categories, kind in (("c", TypeError), (["d"], ValueError), ([1], ValueError)):
        with pytest.raises(kind, match="expected categories to be 'auto' or a list"):
            Encoding.fit(frame, categories=categories)
    with pytest.raises(ValueError, match="expected missing to be"):
        Encoding.fit(frame, missing="drop")
    with pytest.raises(ValueError, match="max_categories"):
        Encoding.fit(frame, max_categories=1)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"missing": "often"},
        {"columns": [{"kind": "number"}]},
        {"columns": [{"kind": "tensor"}]},
        {"columns": [{"kind": "date", "name": "d", "fills": {"year": 1}, "indicator": False}]},
        {"columns": 7},
    ],
)
def test_states_that_are_none(change):
    state = Encoding.fit([[1.0], [2.0]]).to_dict() | change
    with pytest.raises(ValueError, match=r"\[load\] expected the encoding of a table"):
        Encoding.from_dict(state)


def test_names_are_unique():
    frame = pd.DataFrame({"a": [1.0, NAN], "a missing": [3, 4]})
    assert Encoding.fit(frame).names == ("a", "a missing", "a missing (2)")


def test_names_that_are_no_texts_are_none():
    frame = pd.DataFrame({0: [1, 2], "b": [3, 4]})
    table = Table(frame, "fit")
    assert (table.names, table.is_named) == (("x0", "x1"), False)


def test_descriptions_say_what_numbers_mean():
    lines = Encoding.fit(frame_of_all()).describe()
    assert lines[0] == (
        "'n': a number; where it is missing the mean, 2.66667, and 'n missing' is 1"
    )
    assert lines[1].startswith("'b': a number (0 for no, 1 for yes)")
    assert "'c rare' for 1 others (y)" in lines[2]
    assert "'d days' days since 1970-01-01" in lines[3]
    assert "'d weekday' 0 for Monday to 6 for Sunday" in lines[3]
    assert lines[4] == "'k': 1 for each of 2 categories (hi, lo); 0 of unknown ones"


def test_numbers_without_gaps_are_looked_at_in_blocks():
    from wbcore.tables.gaps import gaps_in

    X, names = np.zeros((8000, 784), np.float32), [str(i) for i in range(784)]
    tracemalloc.start()
    assert gaps_in(X, names, "fit") is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < X.size / 3  # a mask of all has a byte for each
    X[7999, 5] = NAN
    gaps = gaps_in(X, names, "fit")
    assert np.argwhere(gaps).tolist() == [[7999, 5]]


def test_true_is_another_category_than_1():
    values = np.array([[1], [True], [np.bool_(True)], [1.0], [False], [False]], object)
    encoding = Encoding.fit(values, categories=[0])
    assert encoding.names == ("x0=1", "x0=False", "x0=True")
    together = encoding.apply(values).tolist()
    alone = [encoding.apply(values[[row]]).tolist()[0] for row in range(6)]
    assert together == alone
    assert together[0] == together[3] != together[1] == together[2]


@pytest.mark.parametrize(
    ("value", "dtype"), [([1], "list[int64]"), ({"a": 1}, "struct<a: int64>")], ids=str
)
def test_arrow_columns_of_lists_are_refused_as_others_are(value, dtype):
    pa = pytest.importorskip("pyarrow")
    kind = pa.list_(pa.int64()) if "list" in dtype else pa.struct([("a", pa.int64())])
    frame = pd.DataFrame({"c": pd.Series([value, None], dtype=pd.ArrowDtype(kind))})
    with pytest.raises(
        TypeError, match=r"^\[fit\] column 'c': a value's argument must be a string"
    ):
        Encoding.fit(frame)


def test_missing_durations_of_arrow():
    durations = pd.array([86400, None, 172800], dtype="duration[s][pyarrow]")
    assert encoded(durations)[1] == [[1, 0], [1.5, 1], [2, 0]]
    assert encoded(pd.to_timedelta([1, 3], unit="ns"))[1] == [[1 / 864e11], [3 / 864e11]]


def test_half_a_letter_is_a_category():
    names, numbers = encoded(pd.Series(["a\ud800", "b"] * 2, dtype=object))
    assert names == ["c=a\ud800", "c=b"]
    assert numbers[0] == [1, 0]


def test_numbers_that_no_float_holds():
    values = [[Decimal("sNaN")], [Decimal(1)], [Decimal(3)]]
    assert Encoding.fit(np.array(values, object)).apply(values).tolist() == [[2, 1], [1, 0], [3, 0]]
    for huge, text in ((10**400, "inf"), (-(10**400), "-inf")):
        with pytest.raises(
            ValueError, match=rf"expected finite numbers in .*, got {text} in row 2"
        ):
            Encoding.fit(np.array([[1], [huge]], object))
    encoding = Encoding.fit(np.array([[10**400], [1]] * 2, object), categories=[0])
    assert encoding.apply([[10**400]]).sum() == 1


def test_what_is_masked_is_missing():
    mask = [[True], [False], [False]]
    for values in ([9.0, 1.0, 3.0], [9, 1, 3]):
        given = np.ma.masked_array(np.array(values)[:, None], mask)
        assert Encoding.fit(given).apply(given).tolist() == [[2, 1], [1, 0], [3, 0]]
        assert Encoding.fit(np.ma.masked_array(given.data)).is_plain
    days = np.ma.masked_array(np.array([["2026-01-01"], ["2026-01-02"]], "M8[D]"), mask[:2])
    assert Encoding.fit(days).names == ("x0 days", "x0 missing")
    texts = np.ma.masked_array(np.array([["a"], ["b"], ["b"]]), mask)
    assert Encoding.fit(texts).names == ("x0=b", "x0 missing")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", "1"),
        ("1.0", "1"),
        (" +1.50 ", "1.5"),
        ("1e3", "1000"),
        ("-0.25", "-0.25"),
        ("01001", None),  # whose zero a number has not
        ("9007199254740993", None),  # 2**53 + 1, nor that digit
        ("0.10000000000000000001", None),
        ("inf", None),
        ("1e999", None),
        ("a", None),
        ("", None),
    ],
)
def test_texts_of_numbers_that_lose_nothing(text, number):
    assert text_of_number(text) == number


def test_categories_are_found_by_the_number_that_a_text_is():
    codes = pd.DataFrame({"code": ["1", "1", "01", "01", "2.50", "2.50"]})
    encoding = Encoding.fit(codes)
    assert encoding.names == ("code=1", "code=01", "code=2.50")
    asked = pd.DataFrame({"code": ["1.0", "01", "2.5", "001"]})
    assert encoding.apply(asked).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]


TIMES = [dt.time(8, 30), None, dt.time(0, 0, 1, 500000), dt.time(8, 30)]
PERIODS = [pd.Period("2026-01", "M"), None, pd.Period("2026-03", "M"), pd.Period("2026-01", "M")]
DURATIONS = [dt.timedelta(hours=6), None, dt.timedelta(days=2), dt.timedelta(hours=6)]
FORMS = {
    "frame": lambda values: pd.DataFrame({"x0": values}),
    "objects": lambda values: pd.DataFrame({"x0": pd.Series(values, dtype=object)}),
    "array": lambda values: np.array(values, object)[:, None],
    "rows": lambda values: [[value] for value in values],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    ("values", "names", "numbers"),
    [
        (TIMES, ["x0"], [30600, 1.5]),
        (PERIODS, ["x0 days", "x0 month", "x0 weekday"], [20454, 20513]),
        (DURATIONS, ["x0"], [0.25, 2]),
    ],
    ids=["times", "periods", "durations"],
)
def test_times_periods_and_durations(form, values, names, numbers):
    table = form(values)
    encoding = Encoding.fit(table)
    assert list(encoding.names) == [*names, "x0 missing"]
    found = encoding.apply(table)
    assert found[[0, 2], 0].tolist() == numbers
    assert found[:, -1].tolist() == [0, 1, 0, 0]


def test_times_of_polars_and_of_texts():
    frame = pl.DataFrame({"t": TIMES, "d": DURATIONS})
    encoding = Encoding.fit(frame)
    assert encoding.describe()[0].startswith("'t': a number (seconds of the day)")
    assert encoding.describe()[1].startswith("'d': a number (days)")
    assert encoding.apply(frame)[2].tolist() == [1.5, 0, 2, 0]
    written = pd.DataFrame({"t": ["08:30:00", "00:00:01.500000", ""], "d": [0.25, 2, None]})
    assert encoding.apply(written)[:, 0].tolist() == [30600, 1.5, encoding.columns[0].fill]
    for text in ("25:00", "noon"):
        with pytest.raises(ValueError, match=rf"numbers in column 't'.*got '{text}' in row 1"):
            encoding.apply(pd.DataFrame({"t": [text], "d": [1.0]}))
    assert encoding.apply(pd.DataFrame({"t": ["120000"], "d": [1.0]}))[0, 0] == 120000


def test_intervals_are_taken_as_declared_categories_alone():
    sizes = pd.cut(pd.Series([1.0, 2, 9, 8]), [0, 5, 10])
    encoding = Encoding.fit(pd.DataFrame({"a": sizes}))
    assert encoding.names == ("a=(0, 5]", "a=(5, 10]")
    assert encoding.apply(pd.DataFrame({"a": sizes})).tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    for column in (sizes.astype(object), pd.Series(pd.IntervalIndex(sizes))):
        with pytest.raises(TypeError, match=r"\[fit\] column 'a': .* Interval; .*\.astype\(str\)"):
            Encoding.fit(pd.DataFrame({"a": column}))
    with pytest.raises(TypeError, match=r"column 'a': .*, got time; "):
        Encoding.fit(pd.DataFrame({"a": [dt.time(8), 1.0]}))


@pytest.mark.parametrize("values", [[True, False, True], [True, None, False]])
def test_texts_of_bools_are_bools_where_such_were(values):
    encoding = Encoding.fit(pd.DataFrame({"a": pd.Series(values), "b": [1.0, 2, 3]}))
    given = pd.DataFrame({"a": ["True", "false"], "b": [1, 2]})
    assert encoding.apply(given)[:, 0].tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"expected numbers in column 'b'.*got 'True' in row 1"):
        encoding.apply(pd.DataFrame({"a": [True], "b": ["True"]}))


def test_categories_are_found_by_the_bool_or_date_that_a_text_is():
    days = [pd.Timestamp(t) for t in ("2020-01-01", "2020-01-02", "2020-01-01 12:30")]
    frame = pd.DataFrame(
        {
            "flag": pd.Categorical(["true", "false", "x"] * 2),
            "day": pd.Categorical(list(days) * 2),
            "text": ["2020-01-01", "2020-01-02", "x"] * 2,
        }
    )
    encoding = Encoding.fit(frame)
    rows = encoding.apply(frame)[:2]
    for asked in (
        {"flag": [True, False], "day": ["2020-01-01", "2020-01-02"], "text": days[:2]},
        {"flag": ["TRUE", "False"], "day": ["2020-01-01 00:00", "2020-01-02T00:00:00Z"],
         "text": ["2020-01-01T00:00", "2020-01-02 00:00:00"]},
    ):  # fmt: skip
        assert np.array_equal(encoding.apply(pd.DataFrame(asked)), rows)
    half = pd.DataFrame({"flag": ["yes"], "day": ["2020-01-01 00:00:00.5"], "text": ["2020-01-03"]})
    assert not encoding.apply(half).any()
    both = Encoding.fit(pd.DataFrame({"flag": ["true", "TRUE", "x"] * 2}))
    assert not both.apply(pd.DataFrame({"flag": [True]})).any(), "which one is not said"
