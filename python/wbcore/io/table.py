"""Tables of numbers from CSV and Parquet files, through pandas."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wbcore import _arguments
from wbcore.io.frame import Column, Frame, missing_values, numbers, read_frame, require

__all__ = [
    "MAX_INTEGER_CLASSES",
    "TASKS",
    "RawTable",
    "TableData",
    "read_features",
    "read_raw_table",
    "read_table",
]

TASKS = ("classification", "regression")

MAX_INTEGER_CLASSES = 20
"""Integers with more distinct values than this are taken for a quantity, not for classes."""


@dataclass(frozen=True)
class TableData:
    """A table ready for ``fit``: features, and the target if there is one."""

    X: NDArray[np.float64]
    """(B, I)"""
    features: tuple[str, ...]
    """The names of the I columns of X."""
    y: NDArray[Any]
    """(B,): class numbers (int64) for classification, values (float64) for regression."""
    target: str
    """The name of the target's column."""
    classes: tuple[str, ...] | None
    """The names of the classes in the order of their numbers; None for regression."""

    @property
    def task(self) -> str:
        """Return "classification" or "regression"."""
        return "regression" if self.classes is None else "classification"


@dataclass(frozen=True)
class RawTable:
    """A table whose columns are as they stand in the file, and its target."""

    frame: Frame
    """The features, of any kind, missing values among them."""
    y: NDArray[Any]
    """(B,): class numbers (int64) for classification, values (float64) for regression."""
    target: str
    """The name of the target's column."""
    classes: tuple[str, ...] | None
    """The names of the classes in the order of their numbers; None for regression."""


def read_raw_table(
    path: str | Path,
    target: str,
    *,
    task: str | None = None,
    ignore: Iterable[str] = (),
    texts: Collection[str] = (),
    classes: Collection[str] = (),
) -> RawTable:
    """Read a table and take one column as the target; the others stay as they are.

    Parameters and errors are those of :func:`read_table`, but that features may be of any kind, and
    that the columns ``texts`` of a CSV file stay texts, also where they look like numbers or bools,
    and so do ``classes``, those that are known, in the target of a classification.
    """
    if task is not None:
        _arguments.choice("read_table", "task", task, TASKS)
    frame = read_frame(path, "read_table", target, texts, classes)
    features = _feature_names(path, frame, target, tuple(ignore))
    column = frame[target]
    complaint = _target_complaint(column)
    if complaint:
        raise ValueError(f"[read_table] {path}: the target {target!r} {complaint}")
    if (task or _task_of(column)) == "regression":
        targets = numbers(path, "read_table", frame, [target])[:, 0]
        return RawTable(frame[features], targets, target, None)
    values, codes = np.unique(column.to_numpy(), return_inverse=True)
    return RawTable(frame[features], codes.astype(np.int64), target, tuple(map(str, values)))


def read_table(
    path: str | Path, target: str, *, task: str | None = None, ignore: Iterable[str] = ()
) -> TableData:
    """Read a table and take one column as the target, all others as features.

    Parameters
    ----------
    path : str or Path
        A Parquet file if its name ends in ``.parquet`` or ``.pq``, else a CSV file with a header.
    target : str
        The name of the column to predict.
    task : {"classification", "regression"}, optional
        By default the target's type decides: text, bools and integers with at most 20 distinct
        values are classes, floats and other integers are values. In a text target of a CSV file
        only an empty field is missing: NA, None, null or nan are classes.
    ignore : iterable of str
        Columns to leave out.

    Returns
    -------
    TableData
        Features in the order of the file. Bools count as 0 and 1. Classes are sorted: numbers by
        value, text by letters.

    Raises
    ------
    ModuleNotFoundError
        If pandas, or pyarrow for Parquet, is not installed.
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If the task is unknown, the file is not a table, a column does not exist, or a column that
        is used is not numeric or has a missing or infinite value; the columns are named.
    """
    raw = read_raw_table(path, target, task=task, ignore=ignore)
    features = tuple(raw.frame.columns)
    X = numbers(path, "read_table", raw.frame, features)
    return TableData(X, features, raw.y, target, raw.classes)


def read_features(path: str | Path, names: Sequence[str] | None = None) -> NDArray[np.float64]:
    """Read the columns that a model takes.

    Parameters
    ----------
    path : str or Path
        As for :func:`read_table`.
    names : sequence of str, optional
        The columns by name, in the order wanted; the file may have them in any order, and others
        beside them. Without it, all columns as they are.

    Returns
    -------
    ndarray of shape (B, I)
        The values, in float64.

    Raises
    ------
    ModuleNotFoundError, OSError, ValueError
        As :func:`read_table`.
    """
    frame = read_frame(path, "read_features")
    if names is None:
        names = list(frame.columns)
    require(path, "read_features", frame, names)
    return numbers(path, "read_features", frame, names)


def _feature_names(
    path: str | Path, frame: Frame, target: str, ignore: tuple[str, ...]
) -> list[str]:
    require(path, "read_table", frame, [target, *ignore])
    if target in ignore:
        raise ValueError(f"[read_table] {target!r} is the target and cannot be left out")
    features = [name for name in frame.columns if name != target and name not in ignore]
    if not features:
        raise ValueError(f"[read_table] {path}: no column is left beside the target {target!r}")
    for name in features:
        if name.startswith("Unnamed: "):  # what pandas calls a column without a name
            raise ValueError(
                f"[read_table] {path}: column {name!r} has no name in the file and is probably a "
                "row number: give it a name or leave it out"
            )
    return features


def _target_complaint(column: Column) -> str:
    import pandas as pd

    missing = column.isna()
    if missing.any():
        return missing_values(missing)
    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        return "is a time, neither a class nor a number"
    strange = _neither_class_nor_number(column)
    if strange:
        return strange
    if column.nunique() < 2:
        return f"is {column.iloc[0]} in every row"
    return ""


def _neither_class_nor_number(column: Column) -> str:
    """Return a complaint about lists, structures, dates: what Parquet has besides."""
    if column.dtype != object:
        return ""
    for row, value in enumerate(column):
        if not isinstance(value, (str, bytes, bool, int, float)):
            kind = type(value).__name__
            where = _arguments.row_of_table(row)
            return f"holds values of type {kind}, neither class nor number, the first in {where}"
    return ""


def _task_of(column: Column) -> str:
    import pandas as pd

    kinds = pd.api.types
    if kinds.is_float_dtype(column):
        return "regression"
    if kinds.is_integer_dtype(column) and column.nunique() > MAX_INTEGER_CLASSES:
        return "regression"
    return "classification"
