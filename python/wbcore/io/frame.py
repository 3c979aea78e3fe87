"""Data frames from CSV and Parquet files, and numbers from their columns, with all complaints."""

import importlib
import lzma
import numbers as numbers_abc
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from wbcore._arguments import row_of_table
from wbcore._distribution import install_extra
from wbcore._suggestions import suggested
from wbcore.io.csv_file import read_csv
from wbcore.io.files import refuse_pipe

__all__ = [
    "PARQUET_SUFFIXES",
    "Column",
    "Frame",
    "first_row",
    "missing_values",
    "numbers",
    "read_frame",
    "require",
    "require_package",
]

# pandas ships no types, and is imported only when a table is read.
Frame: TypeAlias = Any
Column: TypeAlias = Any

PARQUET_SUFFIXES = (".parquet", ".pq")
_PARSED = (str, bytes, numbers_abc.Number, Decimal)  # what to_numeric takes; lists end it
_LONGEST = 60  # characters of a value in a message
_SHOWN = 5  # names in a message; more would bury the first


# What pandas and what unpacks for it raise when the content is not what the name says.
_UNREADABLE = (
    ValueError,
    OSError,
    EOFError,
    NotImplementedError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    TypeError,  # of a type of Arrow that pandas's notes in a Parquet file name, unknown to it
)


def read_frame(
    path: str | Path,
    operation: str,
    target: str | None = None,
    texts: Collection[str] = (),
    classes: Collection[str] = (),
) -> Frame:
    """Return the file as a data frame with text for column names and at least one row.

    In a CSV file's column ``target`` only an empty field is missing, if it is text; the columns
    ``texts`` stay texts there, also where they look like numbers or bools, and so do ``classes`` in
    the target.
    """
    path = Path(path)
    parquet = path.suffix.lower() in PARQUET_SUFFIXES
    refuse_pipe(path, operation, anonymous=not parquet)
    with path.open("rb"):  # what is wrong with the file itself is said by the system
        pass
    require_package("pandas", f"[{operation}] {path}")
    if parquet:
        require_package("pyarrow", f"[{operation}] {path}")  # pandas reads Parquet through it
    import pandas as pd

    try:
        frame = pd.read_parquet(path) if parquet else read_csv(path, target, texts, classes)
    except ImportError as error:  # of what unpacks a .zst
        raise ModuleNotFoundError(f"[{operation}] {path}: {error}") from error
    except _UNREADABLE as error:
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


def require_package(package: str, what: str) -> None:
    """Import a package, or say what needs it and how to install it."""
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        cure = "pip install pyarrow" if error.name == "pyarrow" else install_extra("cli")
        raise ModuleNotFoundError(f"{what} needs {error.name}: {cure}", name=error.name) from error


def require(path: str | Path, operation: str, frame: Frame, names: Sequence[str]) -> None:
    """Refuse a frame that lacks some of the columns; they are named."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ValueError(
            f"[{operation}] {path} lacks {_listed(missing)}; it has {_listed(list(frame.columns))}"
            f"{suggested(missing, frame.columns)}"
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
    """Return why a column cannot be used, or an empty text."""
    import pandas as pd

    kinds = pd.api.types
    numeric = kinds.is_numeric_dtype(column) and not kinds.is_complex_dtype(column)
    if not numeric and kinds.infer_dtype(column, skipna=True) != "boolean":
        plain = [value if isinstance(value, _PARSED) else None for value in column]
        converted = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce")
        wrong = converted.isna().to_numpy() & column.notna().to_numpy()
        if not wrong.any():  # numbers of another kind, as Decimal
            return f"is not numeric but {column.dtype}"
        row = first_row(wrong)
        value = _shortened(str(column.iloc[row]))
        return f"is not numeric: {value!r} in {row_of_table(row)}"
    missing = column.isna()
    if missing.any():
        return missing_values(missing)
    infinite = ~np.isfinite(column.to_numpy(np.float64))
    if infinite.any():
        return f"has an infinite value in {row_of_table(first_row(infinite))}"
    return ""


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def first_row(found: Column) -> int:
    """Return the number of the first row found, counted from 0."""
    return int(np.argmax(np.asarray(found, bool)))


def missing_values(missing: Column) -> str:
    """Return what is wrong with a column that has missing values, by where they are."""
    count = int(missing.sum())
    where = f"in {row_of_table(first_row(missing))}"
    return (
        f"has {count} missing values, the first {where}"
        if count > 1
        else (f"has 1 missing value, {where}")
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(str(name)) for name in names[:_SHOWN])
    more = len(names) - _SHOWN
    return (
        ("column " if len(names) == 1 else "columns ")
        + shown
        + (f" and {more} more" if more > 0 else "")
    )
