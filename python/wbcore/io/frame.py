"""Data frames from CSV and Parquet files, and numbers from their columns, with all complaints."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Column", "Frame", "first_row", "numbers", "read_frame", "require"]

# pandas ships no types, and is imported only when a table is read.
Frame: TypeAlias = Any
Column: TypeAlias = Any

_PARQUET_SUFFIXES = (".parquet", ".pq")
_SHOWN = 5  # names in a message; more would bury the first


def read_frame(path: str | Path, operation: str) -> Frame:
    """Return the file as a data frame with text for column names and at least one row."""
    path = Path(path)
    with path.open("rb"):  # what is wrong with the file itself is said by the system
        pass
    parquet = path.suffix.lower() in _PARQUET_SUFFIXES
    try:
        import pandas as pd

        if parquet:
            importlib.import_module("pyarrow")  # pandas reads Parquet through it
    except ModuleNotFoundError as error:
        extra = "pyarrow" if error.name == "pyarrow" else "'wbcore[cli]'"
        raise ModuleNotFoundError(
            f"[{operation}] {path} needs {error.name}: pip install {extra}", name=error.name
        ) from error
    try:
        frame = pd.read_parquet(path) if parquet else pd.read_csv(path, **_exact(pd.__version__))
    except (ValueError, OSError) as error:
        kind = "Parquet" if parquet else "CSV"
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(
            f"[{operation}] {path} is not a readable {kind} file: {reason[0]}"
        ) from error
    frame.columns = pd.Index([str(name) for name in frame.columns])
    if not len(frame):
        raise ValueError(f"[{operation}] {path} has no rows")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()]
        raise ValueError(f"[{operation}] {path} has the column {twice[0]!r} twice")
    return frame


def _exact(version: str) -> dict[str, Any]:
    """Return what makes pandas of this version read a decimal as the nearest float64."""
    major, minor = (int(number) for number in version.split(".")[:2])
    exact = {} if (major, minor) >= (3, 1) else {"float_precision": "round_trip"}
    return {"low_memory": False, **exact}  # whole columns, so that each has one type


def require(path: str | Path, operation: str, frame: Frame, names: Sequence[str]) -> None:
    """Refuse a frame that lacks some of the columns; they are named."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ValueError(
            f"[{operation}] {path} lacks {_listed(missing)}; it has {_listed(list(frame.columns))}"
        )


def numbers(
    path: str | Path, operation: str, frame: Frame, names: Sequence[str]
) -> NDArray[np.float64]:
    """Return the columns as float64 (B, I), or name all that cannot be used."""
    X = np.empty((len(frame), len(names)))
    complaints = []
    for i, name in enumerate(names):
        complaint = _complaint(frame[name])
        if complaint:
            complaints.append(f"{name!r} {complaint}")
        else:
            X[:, i] = frame[name].to_numpy(np.float64)
    if complaints:
        more = len(complaints) - _SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        raise ValueError(f"[{operation}] {path}: column " + "; ".join(complaints[:_SHOWN]) + rest)
    return X


def _complaint(column: Column) -> str:
    """Return why a column cannot be used, or an empty text. Rows count from 1."""
    import pandas as pd

    kinds = pd.api.types
    numeric = kinds.is_numeric_dtype(column) and not kinds.is_complex_dtype(column)
    if not numeric and kinds.infer_dtype(column, skipna=True) != "boolean":
        wrong = pd.to_numeric(column, errors="coerce").isna() & column.notna()
        if not wrong.any():  # numbers of another kind, as Decimal
            return f"is not numeric but {column.dtype}"
        row = first_row(wrong)
        return f"is not numeric: {str(column.iloc[row - 1])!r} in row {row}"
    missing = column.isna()
    if missing.any():
        return f"has {int(missing.sum())} missing values, the first in row {first_row(missing)}"
    infinite = ~np.isfinite(column.to_numpy(np.float64))
    if infinite.any():
        return f"has an infinite value in row {first_row(infinite)}"
    return ""


def first_row(found: Column) -> int:
    """Return the number of the first row found; rows count from 1."""
    return int(np.argmax(np.asarray(found, bool))) + 1


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(str(name)) for name in names[:_SHOWN])
    more = len(names) - _SHOWN
    return (
        ("column " if len(names) == 1 else "columns ")
        + shown
        + (f" and {more} more" if more > 0 else "")
    )
