"""Files of arrays, one a block."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from wbcore._view import Foreign

__all__ = ["Files"]

_Path = str | os.PathLike[str]


class Files:
    """NumPy's files as a source: each is a block, whose number of rows its header tells.

    Parameters
    ----------
    X : sequence of path-like
        Files .npz that have X and y in them; or files .npy with X alone.
    y : sequence of path-like, optional
        As many files .npy. Only with files .npy, and then needed by `fit` and `evaluate`.
    names : tuple of str, default ("X", "y")
        Of the arrays in files .npz; with a third name, that of the weights of rows.
    sample_weight : sequence of path-like, optional
        As many files .npy with the weights of rows. Only with files .npy.

    Attributes
    ----------
    rows : tuple of int
        Of each block.

    Raises
    ------
    TypeError, ValueError
        When there is no file, one is of another kind or lacks an array, or X and y differ in
        number. Tables: `Parquet`; text (.csv) is read anew in every epoch, so write it once as one
        of these.
    OSError
        When a file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, wbcore as wb
    >>> rng = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [pathlib.Path(folder, f"{k}.npz") for k in range(3)]
    ...     for path in paths:
    ...         np.savez(path, X=rng.random((50, 4)), y=rng.integers(0, 2, 50))
    ...     source = wb.data.Files(paths)
    ...     net = wb.Network.mlp([4, 8, 2], seed=0)
    ...     history = net.fit(source, loss="cross_entropy", shuffle="blocks", shuffle_window=2)
    >>> source.rows
    (50, 50, 50)
    """

    def __init__(
        self,
        X: Sequence[_Path],
        y: Sequence[_Path] | None = None,
        *,
        names: tuple[str, str] | tuple[str, str, str] = ("X", "y"),
        sample_weight: Sequence[_Path] | None = None,
    ) -> None:
        self._X = _paths("X", X)
        self._y = None if y is None else _paths("y", y)
        self._weights = None if sample_weight is None else _paths("sample_weight", sample_weight)
        self._names = names
        if len(names) not in (2, 3):
            raise ValueError(
                f"[Files] expected names of X and y, and perhaps of weights, got {names!r}"
            )
        beside = {"y": self._y, "sample_weight": self._weights}
        kinds = {path.suffix for paths in (self._X, *beside.values()) for path in paths or ()}
        if kinds - {".npy", ".npz"} or len(kinds) != 1:
            raise ValueError(
                f"[Files] expected files of one kind, .npy or .npz, got "
                f"{', '.join(sorted(kinds))}; tables: wb.data.Parquet; text: np.loadtxt it once "
                f"and np.save it"
            )
        self._packed = kinds == {".npz"}
        for name, paths in beside.items():
            if self._packed and paths is not None:
                raise ValueError(
                    f"[Files] expected files .npz to have {name} in them, got files of {name} too"
                )
            if paths is not None and len(paths) != len(self._X):
                raise ValueError(
                    f"[Files] expected as many files of {name} as of X, {len(self._X)}, "
                    f"got {len(paths)}"
                )
        self._rows = tuple(self._length(path) for path in self._X)

    @property
    def rows(self) -> tuple[int, ...]:
        """Of each block."""
        return self._rows

    def __len__(self) -> int:
        return len(self._X)

    def __getitem__(self, k: int) -> tuple[Any, ...]:
        """Block k, (X, y), y None when there is none; or with weights (X, y, sample_weight)."""
        if self._packed:
            return tuple(_loaded(self._X[k], self._names))
        X, y = _loaded(self._X[k]), None if self._y is None else _loaded(self._y[k])
        return (X, y) if self._weights is None else (X, y, _loaded(self._weights[k]))

    def _length(self, path: Path) -> int:
        """Rows that a file's header tells."""
        try:
            if not self._packed:
                with path.open("rb") as file:
                    return _rows_of(file, path)
            with zipfile.ZipFile(path) as archive, archive.open(f"{self._names[0]}.npy") as member:
                return _rows_of(member, path)
        except KeyError:
            raise ValueError(
                f"[Files] expected an array named {self._names[0]} in {os.fspath(path)!r}, "
                f"got none; pass names="
            ) from None
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise _unreadable(path, error) from None

    def __repr__(self) -> str:
        return f"Files({len(self)} files, {sum(self.rows)} rows)"


def _paths(name: str, given: Foreign) -> list[Path]:
    if isinstance(given, (str, os.PathLike)):
        raise TypeError(
            f"[Files] expected {name} to be a list of files, got one; pass [{name}], or for one "
            f"large file wb.data.Blocks(np.load({name}, mmap_mode='r'), ..)"
        )
    paths = [Path(path) for path in given]
    if not paths:
        raise ValueError(f"[Files] expected {name} to be a list of files, got none")
    return paths


def _rows_of(file: IO[bytes], path: Path) -> int:
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape = read(file)[0]
    if not shape:
        raise ValueError(f"[Files] expected rows in {os.fspath(path)!r}, got a number")
    return int(shape[0])


def _loaded(path: Path, names: Sequence[str] = ()) -> Foreign:
    """The array of a file, or those of these names."""
    try:
        with path.open("rb") as file:  # NumPy leaves it open when what it reads is no archive
            found = np.load(file, allow_pickle=False)
            if not names:
                return found
            missing = [name for name in names if name not in found.files]
            if missing:
                raise ValueError(
                    f"[Files] expected arrays named {' and '.join(names)} in "
                    f"{os.fspath(path)!r}, got {', '.join(found.files)}; pass names="
                )
            return [found[name] for name in names]
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> ValueError:
    if str(error).startswith("[Files]"):
        return ValueError(str(error))
    return ValueError(
        f"[Files] expected a whole file of NumPy in {os.fspath(path)!r}, got one that cannot be "
        f"read: {error}"
    )
