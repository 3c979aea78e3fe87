"""Columns of pandas, polars and NumPy, each as numbers, moments of time, or codes of levels.

None of these libraries is imported: who has a frame has imported its library.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import numbers
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.tables.values import DAYS, are_numbers, measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["frame_of", "numbers_of", "of_array", "of_series"]

# Data frames of any library have no types that could be named here.
_Frame = Any
_Parts = dict[str, Any]

_DAY = np.timedelta64(1, "D")
_BOOLS = (object(), object())
_KNOWN = (
    str, bool, numbers.Real, Decimal, np.bool_, dt.date, np.datetime64, dt.time, dt.timedelta
)  # fmt: skip
_MEASURES = (dt.time, dt.timedelta, np.timedelta64)


def frame_of(X: object) -> _Frame | None:
    """A pandas or polars frame of a table, or None of what is none, such as an array."""
    if isinstance(X, (np.ndarray, list, tuple)):
        return None
    kind = _library(X)
    if kind == "polars" and type(X).__name__ == "LazyFrame":
        return X.collect()  # type: ignore[attr-defined]
    if kind in ("pandas", "polars") and hasattr(X, "columns") and hasattr(X, "dtypes"):
        return X
    if hasattr(X, "columns") or hasattr(X, "column_names"):
        if hasattr(X, "to_pandas"):
            return X.to_pandas()
        if hasattr(X, "__dataframe__"):
            import pandas as pd

            return pd.api.interchange.from_dataframe(X)
    return None


def _library(X: object) -> str:
    return type(X).__module__.partition(".")[0]


def numbers_of(frame: _Frame) -> NDArray[Any] | None:
    """The values of a frame of nothing but NumPy's numbers; None where there is more to read."""
    if _library(frame) == "polars":
        if not all(dtype.is_numeric() for dtype in frame.dtypes) or not frame.width:
            return None
        if any(frame.null_count().row(0)) or any("Decimal" in str(d) for d in frame.dtypes):
            return None
        array = frame.to_numpy()
    else:
        plain = all(isinstance(dtype, np.dtype) and dtype.kind in "iuf" for dtype in frame.dtypes)
        if not plain or not frame.shape[1]:
            return None
        array = frame.to_numpy()
    return array if array.dtype.kind in "iuf" else None


def of_array(values: NDArray[Any]) -> _Parts:
    """The parts of a column of an array, (B,)."""
    kind = values.dtype.kind
    if kind in "biuf":
        return {"numbers": values}
    if kind == "c":
        raise ValueError("Complex data not supported")
    if kind == "M":
        return {"dates": values}
    if kind == "m":
        return {"numbers": values / _DAY, "unit": DAYS}
    if kind == "U":
        levels, codes = np.unique(values, return_inverse=True)
        return _coded(codes, levels.tolist())
    return _of_objects(values.tolist())


def of_series(frame: _Frame, index: int) -> _Parts:
    """The parts of a column of a pandas or polars frame."""
    if _library(frame) == "polars":
        return _of_polars(frame[:, index])
    return _of_pandas(frame.iloc[:, index])


def _of_pandas(series: _Frame) -> _Parts:
    import pandas as pd

    kinds, dtype = pd.api.types, series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        levels = [_category(level) for level in series.cat.categories]
        return _coded(series.cat.codes.to_numpy(), levels) | {"declared": True}
    if kinds.is_complex_dtype(dtype):
        raise ValueError("Complex data not supported")
    if kinds.is_bool_dtype(dtype) or kinds.is_numeric_dtype(dtype):
        if isinstance(dtype, np.dtype):
            return {"numbers": series.to_numpy()}
        return {"numbers": series.to_numpy(np.float64, na_value=np.nan)}
    if kinds.is_datetime64_any_dtype(dtype):
        if not isinstance(dtype, np.dtype):  # with a zone, or of Arrow
            series = pd.to_datetime(series.astype(object), utc=True).dt.tz_localize(None)
        return {"dates": series.to_numpy("datetime64[us]")}
    if dtype.kind == "m":
        if not isinstance(dtype, np.dtype):  # of Arrow
            series = pd.to_timedelta(series.astype(object))
        return {"numbers": series.to_numpy() / _DAY, "unit": DAYS}
    if isinstance(dtype, pd.PeriodDtype):
        return {"dates": series.dt.start_time.to_numpy("datetime64[us]")}
    return _of_others(series)


def _category(level: Any) -> Any:  # noqa: ANN401
    """A declared category, of which any has a text, such as an interval of `pandas.cut`."""
    return level if isinstance(level, _KNOWN) and not isinstance(level, _MEASURES) else str(level)


def _of_others(series: _Frame) -> _Parts:
    """Texts, and what may be anything."""
    import pandas as pd

    if not isinstance(series.dtype, np.dtype) or series.dtype.kind != "O":
        with contextlib.suppress(NotImplementedError):  # Arrow's, of lists and the like
            codes, levels = pd.factorize(series)
            return _coded(codes, levels.tolist() if hasattr(levels, "tolist") else list(levels))
    return _of_objects(series.to_numpy(object, na_value=None).tolist())


def _of_polars(series: _Frame) -> _Parts:
    dtype = series.dtype
    name = str(dtype)
    if dtype.is_numeric() or name == "Boolean":
        whole = not series.null_count() and "Decimal" not in name
        if whole:
            return {"numbers": series.to_numpy()}
        return {"numbers": series.cast(_polars_float(series)).to_numpy()}
    if name.startswith(("Datetime", "Date")):
        return {"dates": series.to_numpy()}
    if name.startswith("Duration"):
        return {"numbers": series.to_numpy() / _DAY, "unit": DAYS}
    if name.startswith(("Categorical", "Enum")):
        return _of_polars_categories(series) | {"declared": True}
    return _of_objects(series.to_list())


def _of_polars_categories(series: _Frame) -> _Parts:
    """An Enum has an order; in a Categorical categories stand as they came."""
    values = series.to_list()
    if str(series.dtype).startswith("Enum"):
        levels = series.dtype.categories.to_list()
    else:
        levels = sorted({value for value in values if value is not None})
    places = {level: place for place, level in enumerate(levels)}
    return _coded(np.array([places.get(value, -1) for value in values], np.int64), levels)


def _polars_float(series: _Frame) -> Any:  # noqa: ANN401, a type of polars
    return sys.modules[type(series).__module__.partition(".")[0]].Float64


def _of_objects(values: Sequence[Any]) -> _Parts:
    """Values of several types, or texts: the different ones, in the order in which they come."""
    known: dict[Any, int] = {}
    codes: list[int] = []
    levels: list[Any] = []
    try:
        for value in values:
            if value is None or value != value:  # noqa: PLR0124, so NaN and NaT are told
                codes.append(-1)
                continue
            # True equals 1, and is another category
            key = _BOOLS[bool(value)] if isinstance(value, (bool, np.bool_)) else value
            code = known.setdefault(key, len(known))
            if code == len(levels):
                levels.append(value)
            codes.append(code)
    except InvalidOperation:  # Decimal("sNaN"), which refuses to be compared
        return _of_objects([None if _is_signaling(value) else value for value in values])
    except (TypeError, ValueError):  # what has no hash, or is compared element by element
        raise _strange(value) from None
    return _coded(np.array(codes, np.int64), levels)


def _coded(codes: NDArray[Any], levels: list[Any]) -> _Parts:
    """Codes and levels. An empty text is what is missing, and "nan" among numbers.

    Numbers, where all levels are durations or times of day.
    """
    levels = [_start(level) if type(level).__name__ == "Period" else level for level in levels]
    for level in levels:
        if not isinstance(level, _KNOWN):
            raise _strange(level)
    lacks = [level == "" for level in levels]
    if any(_is_nan(level) for level in levels):
        others = [level for level in levels if level != "" and not _is_nan(level)]
        if are_numbers(others):
            lacks = [level == "" or _is_nan(level) for level in levels]
    codes = np.asarray(codes, np.int64)
    if any(lacks):
        places = np.where(lacks, -1, np.cumsum(np.logical_not(lacks)) - 1)
        codes = np.append(places, -1)[codes]
        levels = [level for level, lack in zip(levels, lacks, strict=True) if not lack]
    if any(isinstance(level, _MEASURES) for level in levels):
        found = measured(levels)
        if found is None:
            raise _strange(next(level for level in levels if isinstance(level, _MEASURES)))
        return {"numbers": np.append(found[0], np.nan)[codes], "unit": found[1]}
    return {"codes": codes, "levels": levels}


def _start(period: Any) -> Any:  # noqa: ANN401, pandas.Period
    """The moment with which it begins."""
    return period.start_time if hasattr(period, "start_time") else period


def _is_signaling(value: object) -> bool:
    return isinstance(value, Decimal) and value.is_snan()


def _is_nan(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() == "nan"


def _strange(value: object) -> TypeError:
    return TypeError(
        "a value's argument must be a string or a real number, a date or, as all others of its "
        f"column, a time of day or a duration, got {type(value).__name__}; make the column texts, "
        "as by .astype(str), or numbers"
    )
