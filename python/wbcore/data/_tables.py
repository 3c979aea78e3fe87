"""Tables of pyarrow: named columns, by row group or record batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from wbcore import _arguments
from wbcore._suggestions import suggested
from wbcore._view import Foreign

__all__ = ["Arrow", "Parquet"]

_Path = str | os.PathLike[str]

#: Columns that are taken out of a row group at a time: few enough to need little beside the block.
_AT_ONCE = 16


class _Table:
    """What both have in common: the names of columns, and how they become arrays."""

    def __init__(
        self,
        operation: str,
        schema: Foreign,
        targets: Foreign,
        columns: Foreign,
        dtype: Foreign,
        *,
        sample_weight: Foreign,
    ) -> None:
        names = list(schema.names)
        self._operation = operation
        self._one = isinstance(targets, str)
        self._targets = [] if targets is None else [targets] if self._one else list(targets)
        if sample_weight is not None and not isinstance(sample_weight, str):
            raise TypeError(
                f"[{operation}] expected sample_weight to be the name of a column, "
                f"got {_arguments.shown(sample_weight)}"
            )
        self._weight = [] if sample_weight is None else [sample_weight]
        others = [*self._targets, *self._weight]
        wanted = [n for n in names if n not in others] if columns is None else list(columns)
        for name in [*wanted, *others]:
            if names.count(name) != 1:
                raise ValueError(
                    f"[{operation}] expected columns among {', '.join(names)}, each name once, "
                    f"got {name!r}{suggested([name], set(names) - {name})}"
                )
        if not wanted:
            raise ValueError(f"[{operation}] expected at least one column for X, got none")
        self.columns = tuple(wanted)
        types = {name: self._numpy(schema.field(name)) for name in [*wanted, *others]}
        self._X_dtype = np.dtype(dtype or np.result_type(*(types[name] for name in wanted)))
        self._y_dtype = (
            np.result_type(*(types[name] for name in self._targets)) if self._targets else None
        )
        self._weight_dtype = types[sample_weight] if self._weight else None

    def _numpy(self, field: Foreign) -> np.dtype[Any]:
        try:
            dtype: np.dtype[Any] = np.dtype(field.type.to_pandas_dtype())
        except (NotImplementedError, TypeError):
            dtype = np.dtype(object)
        if dtype.kind not in "biuf":
            raise TypeError(
                f"[{self._operation}] expected columns of real numbers, got {field.name!r} of type "
                f"{field.type}; leave it out by columns=[..], or write codes in its place"
            )
        return dtype

    def _block(self, rows: int, columns_of: Foreign) -> tuple[Any, ...]:
        X, y = self._array(rows, self.columns, self._X_dtype, columns_of), None
        if self._y_dtype is not None:
            y = self._array(rows, self._targets, self._y_dtype, columns_of)
            y = y[:, 0] if self._one else y
        if not self._weight:
            return X, y
        return X, y, self._array(rows, self._weight, self._weight_dtype, columns_of)[:, 0]

    def _array(
        self, rows: int, names: Sequence[str], dtype: Foreign, columns_of: Foreign
    ) -> Foreign:
        out = np.empty((rows, len(names)), dtype)
        for start in range(0, len(names), _AT_ONCE):
            some = list(names[start : start + _AT_ONCE])
            for j, (name, column) in enumerate(zip(some, columns_of(some), strict=True), start):
                if column.null_count:
                    raise ValueError(
                        f"[{self._operation}] expected a number in every row, got "
                        f"{column.null_count} nulls in column {name!r}; fill them, or drop the rows"
                    )
                if len(column) != rows:
                    raise ValueError(
                        f"[{self._operation}] expected {rows} rows in column {name!r}, "
                        f"got {len(column)}"
                    )
                out[:, j] = column.to_numpy()
        return out


class Parquet(_Table):
    """Files of Parquet as a source: a row group is a block, columns are chosen by their names.

    Needs pyarrow.

    Parameters
    ----------
    paths : path-like, or sequence of path-like
        With the same columns.
    targets : str, or sequence of str, optional
        The column y, then of shape (B,), or those of y, (B, O). Needed by `fit` and `evaluate`.
    columns : sequence of str, optional
        Those of X, in this order. Default: all but the targets and weights, in the order of the
        first file.
    dtype : dtype, optional
        Of X. Default: that of all its columns in common.
    sample_weight : str, optional
        The column of the weights of rows.

    Attributes
    ----------
    rows : tuple of int
        Of each row group. Memory is needed for windows of them: write with a row_group_size of some
        thousand rows.
    columns : tuple of str

    Raises
    ------
    ImportError
        Without pyarrow.
    TypeError, ValueError
        When a column is not there, or none of real numbers, or files differ in their columns; as
        blocks are read, when a number is null.
    OSError
        When a file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, wbcore as wb
    >>> pa = __import__("pytest").importorskip("pyarrow")
    >>> import pyarrow.parquet
    >>> rng = np.random.default_rng(0)
    >>> table = pa.table({name: rng.random(100) for name in ("height", "age", "price")})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "houses.parquet")
    ...     pyarrow.parquet.write_table(table, path, row_group_size=30)
    ...     source = wb.data.Parquet(path, targets="price")
    ...     net = wb.Network.mlp([2, 8, 1], seed=0)
    ...     history = net.fit(source, loss="mse", shuffle="blocks")
    >>> source.columns, source.rows
    (('height', 'age'), (30, 30, 30, 10))
    """

    def __init__(
        self,
        paths: _Path | Sequence[_Path],
        targets: str | Sequence[str] | None = None,
        *,
        columns: Sequence[str] | None = None,
        dtype: Foreign = None,
        sample_weight: str | None = None,
    ) -> None:
        parquet = _pyarrow("Parquet").parquet
        listed = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        if not listed:
            raise ValueError("[Parquet] expected at least one file, got none")
        self._groups: list[tuple[str, int]] = []
        counts: list[int] = []
        for path in [os.fspath(path) for path in listed]:
            with _opened(parquet, path) as file:
                if path == os.fspath(listed[0]):
                    super().__init__(
                        "Parquet",
                        file.schema_arrow,
                        targets,
                        columns,
                        dtype,
                        sample_weight=sample_weight,
                    )
                self._require_columns(file.schema_arrow, path)
                groups = range(file.metadata.num_row_groups)
                found = [(g, file.metadata.row_group(g).num_rows) for g in groups]
                self._groups += [(path, g) for g, n in found if n]
                counts += [n for _, n in found if n]
        self._rows = tuple(counts)

    def _require_columns(self, schema: Foreign, path: str) -> None:
        for name in [*self.columns, *self._targets, *self._weight]:
            if schema.names.count(name) != 1:
                raise ValueError(
                    f"[Parquet] expected a column {name!r} in every file, got none in {path!r}"
                )
            self._numpy(schema.field(name))

    @property
    def rows(self) -> tuple[int, ...]:
        """Of each block."""
        return self._rows

    def __len__(self) -> int:
        return len(self._groups)

    def __getitem__(self, k: int) -> tuple[Any, ...]:
        """Block k, (X, y), y None when there is none; or with weights (X, y, sample_weight)."""
        path, group = self._groups[k]
        with _opened(_pyarrow("Parquet").parquet, path) as file:
            if group >= file.metadata.num_row_groups:
                raise ValueError(
                    f"[Parquet] expected row group {group} in {path!r}, "
                    f"got {file.metadata.num_row_groups}; files must not change while they are read"
                )

            def columns_of(names: list[str]) -> Iterable[Any]:
                table = file.read_row_group(group, columns=names, use_threads=False)
                return [table.column(name) for name in names]

            return self._block(self._rows[k], columns_of)

    def __repr__(self) -> str:
        return f"Parquet({len(self)} row groups, {sum(self.rows)} rows)"


class Arrow(_Table):
    """A table of pyarrow, or a file of Arrow (Feather), as a source: a record batch is a block.

    Needs pyarrow.

    Parameters
    ----------
    table : pyarrow.Table, or path-like
        Of a file in Arrow's file format.
    targets, columns, dtype, sample_weight
        As for `Parquet`.

    Attributes
    ----------
    rows : tuple of int
        Of each record batch.
    columns : tuple of str

    Raises
    ------
    ImportError, TypeError, ValueError, OSError
        As for `Parquet`.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> pa = __import__("pytest").importorskip("pyarrow")
    >>> table = pa.table({"a": np.arange(9.0), "b": np.ones(9), "label": np.arange(9) % 2})
    >>> source = wb.data.Arrow(table, targets="label")
    >>> source.columns, source[0][0].shape
    (('a', 'b'), (9, 2))
    """

    def __init__(
        self,
        table: Foreign,
        targets: str | Sequence[str] | None = None,
        *,
        columns: Sequence[str] | None = None,
        dtype: Foreign = None,
        sample_weight: str | None = None,
    ) -> None:
        ipc = _pyarrow("Arrow").ipc
        self._path = os.fspath(table) if isinstance(table, (str, os.PathLike)) else None
        if self._path is None and not hasattr(table, "to_batches"):
            raise TypeError(
                f"[Arrow] expected a pyarrow.Table or the path of a file, "
                f"got {type(table).__name__}"
            )
        self._batches: list[Any] = []
        if self._path is None:
            super().__init__(
                "Arrow", table.schema, targets, columns, dtype, sample_weight=sample_weight
            )
            self._batches = [batch for batch in table.to_batches() if batch.num_rows]
            self._rows = tuple(batch.num_rows for batch in self._batches)
            return
        with _source_of(self._path) as file:
            reader = ipc.open_file(file)
            super().__init__(
                "Arrow", reader.schema, targets, columns, dtype, sample_weight=sample_weight
            )
            counts = [reader.get_batch(k).num_rows for k in range(reader.num_record_batches)]
        self._numbers = [k for k, n in enumerate(counts) if n]
        self._rows = tuple(n for n in counts if n)

    @property
    def rows(self) -> tuple[int, ...]:
        """Of each block."""
        return self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, k: int) -> tuple[Any, ...]:
        """Block k, (X, y), y None when there is none; or with weights (X, y, sample_weight)."""
        if self._path is None:
            return self._block(self._rows[k], _columns_of(self._batches[k]))
        with _source_of(self._path) as file:
            batch = _pyarrow("Arrow").ipc.open_file(file).get_batch(self._numbers[k])
            return self._block(self._rows[k], _columns_of(batch))

    def __repr__(self) -> str:
        return f"Arrow({len(self)} record batches, {sum(self.rows)} rows)"


def _columns_of(batch: Foreign) -> Foreign:
    def columns_of(names: list[str]) -> list[Any]:
        # a column of a batch may share memory with all of it, and a bool has to be unpacked
        return [_Whole(batch.column(batch.schema.names.index(name))) for name in names]

    return columns_of


class _Whole:
    """A column of a record batch, with the words of a table's."""

    def __init__(self, column: Foreign) -> None:
        self._column = column
        self.null_count = column.null_count

    def __len__(self) -> int:
        return len(self._column)

    def to_numpy(self) -> Foreign:
        return self._column.to_numpy(zero_copy_only=False)


def _pyarrow(operation: str) -> Foreign:
    """The package, with two of its modules; it is optional, and takes half a second to import."""
    try:
        import pyarrow as pa
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            f"[{operation}] expected pyarrow to be installed, got: {error}; pip install pyarrow"
        ) from None
    return pa


def _opened(parquet: Foreign, path: str) -> Foreign:
    import pyarrow as pa

    try:
        return parquet.ParquetFile(path, memory_map=False)
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"[Parquet] expected a file of Parquet in {path!r}, got: {error}"
        ) from None


def _source_of(path: str) -> Foreign:
    import pyarrow as pa

    return pa.OSFile(path)  # not a map: see _mapped.py
