"""What a network is trained on: digits, a folder of IDX files, or a table; and its test part."""

import hashlib
import re
import shlex
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wbcore._distribution import install_extra
from wbcore.io.frame import Column, require
from wbcore.io.idx import read_idx_folder
from wbcore.io.table import RawTable, read_raw_table
from wbcore.random import permutation
from wbcore.tables import Encoding
from wbcore.tables.values import matched, text_of_number

__all__ = [
    "Dataset",
    "class_numbers",
    "explained",
    "load_digits",
    "load_folder",
    "load_table",
    "rows_digest",
    "split",
]


@dataclass(frozen=True)
class Dataset:
    """Rows to train on and rows for the test, as they are in the file or in numbers."""

    name: str
    source: str
    """digits, folder or table"""
    X: NDArray[Any]
    """(B, I)"""
    y: NDArray[Any]
    """(B,): class numbers, or values."""
    X_test: NDArray[Any]
    """(T, I); T is 0 where there is no test."""
    y_test: NDArray[Any]
    """(T,)"""
    features: tuple[str, ...]
    target: str
    classes: tuple[str, ...] | None
    image_shape: tuple[int, int] | None = None
    encoding: Encoding | None = None
    """Of a table: what its columns became."""
    columns: Any = None
    """Of a table: the rows to train on as they stand in the file, a data frame."""
    test_name: str | None = None
    """Of the table that the rows for the test are from, if that is another one."""

    @property
    def task(self) -> str:
        """Return "classification" or "regression"."""
        return "regression" if self.classes is None else "classification"

    @property
    def score(self) -> str:
        """Return the name of the metric that says how good a network is."""
        return "r2" if self.classes is None else "accuracy"

    @property
    def n_outputs(self) -> int:
        """Return how many outputs a network for these data has."""
        return 1 if self.classes is None else len(self.classes)

    def _counted(self) -> str:
        inputs = f"{len(self.features)} features"
        if self.encoding is None or len(self.encoding.columns) == len(self.features):
            return inputs
        return f"{len(self.encoding.columns)} columns, {inputs}"

    def describe_columns(self, most: int = 12) -> list[str]:
        """Return what became of the columns that are not numbers without gaps, a line each.

        Those that were left out are in the encoding's warnings.
        """
        columns = [] if self.encoding is None else self.encoding.columns
        lines = [c.describe() for c in columns if c.names() not in ([c.name], [])]
        more = [f"and {len(lines) - most} columns more (wbcore inspect shows all)"]
        return [*lines[:most], *more[: len(lines) > most]]

    def describe(self) -> str:
        """Return what the data are, in one line."""
        n_rows = len(self.X) + (0 if self.test_name else len(self.X_test))
        if self.image_shape is None:
            rows = f"{n_rows} rows of {self._counted()}"
        else:
            height, width = self.image_shape
            rows = f"{n_rows} images of {height} x {width}"
        target = (
            f"values of {self.target!r}" if self.classes is None else f"{len(self.classes)} classes"
        )
        of = f" of {self.test_name}" if self.test_name else ""
        test = f"{len(self.X_test) or 'none'}{of} for the test"
        return f"{self.name}: {rows}, {target}; {len(self.X)} to train on, {test}"


def load_digits(test_fraction: float, seed: int) -> Dataset:
    """Return scikit-learn's 1797 handwritten digits of 8 x 8 pixels with 17 grey levels."""
    try:
        from sklearn import datasets
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the digits come with scikit-learn: {install_extra('cli')}", name=error.name
        ) from error
    X, y = datasets.load_digits(return_X_y=True)
    train, test = split(y, test_fraction, seed, stratify=True)
    classes = tuple(str(digit) for digit in range(10))
    names = _pixel_names(8, 8)
    return Dataset(
        "digits", "digits", X[train], y[train], X[test], y[test], names, "digit", classes, (8, 8)
    )


def load_folder(folder: Path) -> Dataset:
    """Return the images of a folder in the format of MNIST, with the test part that it has."""
    X, y, X_test, y_test = read_idx_folder(folder)
    n_classes = max(int(y.max()), int(y_test.max())) + 1
    height, width = X.shape[1:]
    return Dataset(
        folder.resolve().name,
        "folder",
        X.reshape(len(X), -1),
        y.astype(np.int64),
        X_test.reshape(len(X_test), -1),
        y_test.astype(np.int64),
        _pixel_names(height, width),
        "label",
        tuple(str(label) for label in range(n_classes)),
        (height, width),
    )


def load_table(
    path: Path,
    target: str,
    test_fraction: float,
    seed: int,
    *,
    task: str | None = None,
    ignore: Collection[str] = (),
    categories: Sequence[str] = (),
    test_path: Path | None = None,
) -> Dataset:
    """Return the rows of a CSV or Parquet file, each column as numbers.

    What becomes of a column is found from the rows to train on alone, but for those that are said
    to be ``categories``. The rows of ``test_path``, if it is given, are for the test beside the
    fraction.
    """
    raw = read_raw_table(path, target, task=task, ignore=ignore, texts=categories)
    _check_categories(path, raw, categories, ignore)
    plain = {name: _plain(raw.frame[name]) for name in categories}
    raw = replace(raw, frame=raw.frame.assign(**plain))
    if raw.classes is not None:
        _refuse_identifier(path, target, np.bincount(raw.y), test_fraction)
    train, test = split(raw.y, test_fraction, seed, stratify=raw.classes is not None)
    encoding, X, X_test = _encoded(path, raw, train, test, categories)
    y_test = raw.y[test]
    if test_path is not None:
        X_test, y_test = _test_rows(test_path, raw, encoding, ignore)
    return Dataset(
        path.stem,
        "table",
        X,
        raw.y[train],
        X_test,
        y_test,
        encoding.names,
        raw.target,
        raw.classes,
        encoding=encoding,
        columns=raw.frame.iloc[train],
        test_name=None if test_path is None else test_path.name,
    )


def _plain(column: Column) -> Column:
    """A column of texts of a file; the numbers that they are, where these lose none of them.

    Then a table of numbers, too, has these categories.
    """
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        return column
    texts = column.dropna().unique()
    numbers = {text_of_number(text) if isinstance(text, str) else None for text in texts}
    is_lossless = len(numbers) == len(texts) and None not in numbers
    return pd.to_numeric(column) if is_lossless else column


def _check_categories(
    path: Path, raw: RawTable, categories: Sequence[str], ignore: Collection[str]
) -> None:
    """Refuse categories that are no columns to learn from."""
    for name in categories:
        if name == raw.target or name in ignore:
            what = "the target" if name == raw.target else "left out by --ignore"
            raise ValueError(
                f"--categories: expected columns to predict from, got {name!r}, which is {what}"
            )
    try:
        require(path, "read_table", raw.frame, categories)
    except ValueError as error:
        raise ValueError(f"--categories: {str(error).removeprefix('[read_table] ')}") from None


def _test_rows(
    path: Path, trained: RawTable, encoding: Encoding, ignore: Iterable[str]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return X and y of a table for the test, in the numbers of the one to train on."""
    task = "regression" if trained.classes is None else "classification"
    texts = encoding.categories
    classes = trained.classes or ()
    raw = read_raw_table(
        path, trained.target, task=task, ignore=ignore, texts=texts, classes=classes
    )
    require(path, "read_table", raw.frame, encoding.required)
    try:
        X = encoding.apply(raw.frame)
    except (TypeError, ValueError) as error:
        raise ValueError(explained(path, error)) from None
    if trained.classes is None:
        return X, raw.y
    return X, class_numbers(path, raw, trained.classes, "the rows to train on do not have")


def class_numbers(
    path: Path, raw: RawTable, classes: Sequence[str], lacking: str
) -> NDArray[np.int64]:
    """Return the numbers (B,) that the classes of a table have among those that are known.

    Raises
    ------
    ValueError
        If one is not; ``lacking`` says whose they are.
    """
    assert raw.classes is not None
    names = matched(raw.classes, classes)
    unknown = [name for name in names if name not in classes]
    if unknown:
        raise ValueError(
            f"{path}: the target {raw.target!r} has the class {unknown[0]!r}, which {lacking}"
        )
    number = np.array([classes.index(name) for name in names])
    return np.asarray(number[raw.y], np.int64)


def rows_digest(X: NDArray[Any], y: NDArray[Any]) -> str:
    """Return the SHA-256 of rows and targets: of their bytes, types and shapes."""
    digest = hashlib.sha256()
    for array in (X, y):
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _encoded(
    path: Path,
    raw: RawTable,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    categories: Sequence[str],
) -> tuple[Encoding, NDArray[Any], NDArray[Any]]:
    """Return what becomes of the columns, the rows to train on, and those for the test."""
    try:
        try:
            encoding = Encoding.fit(raw.frame.iloc[train], categories=categories)
        except ValueError:
            Encoding.fit(raw.frame, categories=categories)  # names the row of the file
            raise
        try:
            X, X_test = (encoding.apply(raw.frame.iloc[part]) for part in (train, test))
        except ValueError:
            encoding.apply(raw.frame)  # names the row of the file
            raise
    except (TypeError, ValueError) as error:
        raise ValueError(explained(path, error)) from None
    return encoding, X, X_test


def explained(path: Path, error: Exception) -> str:
    """Return what is wrong with a table, by the name of its file; not what a library says of it."""
    message = re.sub(r"^\[\w+\] ", "", str(error))
    return f"{path}: {re.sub(r': Input X contains .*', '', message)}"


def _refuse_identifier(
    path: Path, target: str, rows: NDArray[np.int64], test_fraction: float
) -> None:
    """Refuse a target most of whose classes have one row, so that none has one for the test."""
    single = int((rows == 1).sum())
    if 2 * single <= len(rows) or any(_for_test(n, test_fraction) for n in rows):
        return
    which = f"each of the {len(rows)}" if single == len(rows) else f"{single} of the {len(rows)}"
    raise ValueError(
        f"{path}: {which} classes of {target!r} {'has' if single == len(rows) else 'have'} one "
        f"row, as those of an identifier have: choose another --target and leave this one out with "
        f"--ignore {shlex.quote(target)}, or give --task regression if it is a quantity"
    )


def _for_test(n_rows: int, test_fraction: float) -> int:
    """Return how many rows of a class are for the test; one is always left to train on."""
    return min(round(int(n_rows) * test_fraction), int(n_rows) - 1)


def split(
    y: NDArray[Any], test_fraction: float, seed: int, *, stratify: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows to train on and those for the test, both in ascending order.

    Drawn from wbcore's own random stream, so that the same seed takes the same rows anywhere.
    Stratified, each class gives its share to the test, but always keeps a row to train on. A
    fraction of 0 is no test.
    """
    if test_fraction == 0:
        return np.arange(len(y)), np.empty(0, np.int64)
    order = permutation(len(y), seed)
    groups = [order[y[order] == k] for k in np.unique(y)] if stratify else [order]
    counts = [_for_test(len(group), test_fraction) for group in groups]
    test = np.sort(np.concatenate([g[:n] for g, n in zip(groups, counts, strict=True)]))
    if not len(test):
        raise ValueError(
            f"{len(y)} rows are too few for a test fraction of {test_fraction}"
            + _too_small(max(map(len, groups)), stratify=stratify)
        )
    return np.setdiff1d(order, test), test


def _too_small(largest: int, *, stratify: bool) -> str:
    """Return what the fraction falls short of, and the least that does not."""
    if largest < 2:
        return ""
    whole = f"the largest class, of {largest} rows" if stratify else "them"
    return f": that is less than a row of {whole}; --test-fraction {1 / largest:.2g} is one row"


def _pixel_names(height: int, width: int) -> tuple[str, ...]:
    return tuple(f"pixel_{row}_{column}" for row in range(height) for column in range(width))
