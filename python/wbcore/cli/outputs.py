"""The files that a command writes, looked at before the work that they are to hold."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from wbcore.io.atomic import replacing, target_of
from wbcore.io.frame import PARQUET_SUFFIXES, Frame, require_package
from wbcore.io.idx import idx_files

__all__ = [
    "PICTURES", "check_outputs", "check_suffix", "check_table", "encoded_frame", "write_file"
]  # fmt: skip

PICTURES = (".png", ".jpg", ".jpeg", ".svg", ".pdf")
_TABLES = (".csv", ".txt", "", ".parquet", ".pq")


def check_suffix(path: Path, known: tuple[str, ...], option: str) -> None:
    """Refuse a name whose suffix says what the file would not be."""
    if path.suffix.lower() not in known:
        names = ", ".join(suffix for suffix in known if suffix)
        raise ValueError(f"{option}: expected a name that ends in one of {names}, got {path}")


def check_outputs(inputs: Mapping[str, Path], outputs: Mapping[str, Path]) -> None:
    """Find out before the work what would lose its result.

    Parameters
    ----------
    inputs, outputs : mapping of str to Path
        The files by what they hold: "data", "model", "picture", "checkpoint", "result". A folder
        stands for the IDX files in it.

    Raises
    ------
    ValueError
        If an output is one of the inputs or another output, by whatever name.
    OSError
        If a file cannot be made where an output is to be.
    """
    named = [(what, file) for what, path in inputs.items() for file in _files(path)]
    for what, path in outputs.items():
        for other, file in named:
            if _same(path, file):
                raise ValueError(
                    f"{path}: the {what} would take the place of the {other}; "
                    "each needs a file of its own"
                )
        named.append((what, path))
    for path in outputs.values():
        _try_to_write(path)


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with replacing(path, "write") as file:
        file.write(content)


def encoded_frame(frame: Frame, suffix: str) -> bytes:
    """Return a data frame as the bytes of a Parquet or CSV file, by the suffix of its name."""
    if suffix not in PARQUET_SUFFIXES:
        text: str = frame.to_csv(index=False)
        return text.encode()
    content: bytes = frame.to_parquet(index=False)
    return content


def check_table(path: Path, option: str) -> None:
    """Refuse a name of no table, and Parquet where nothing writes it."""
    check_suffix(path, _TABLES, option)
    if path.suffix.lower() in PARQUET_SUFFIXES:
        require_package("pyarrow", str(path))


def _files(path: Path) -> list[Path]:
    return [path, *idx_files(path)] if path.is_dir() else [path]


def _same(one: Path, other: Path) -> bool:
    """Return whether both are one file: by links of either kind, or by the name of one to come."""
    with contextlib.suppress(OSError):
        return one.samefile(other)
    return os.path.realpath(one) == os.path.realpath(other)


def _try_to_write(path: Path) -> None:
    target = target_of(path, "write")
    try:
        with contextlib.suppress(FileNotFoundError):
            target.lstat()  # a name too long is found out here
        # Permissions do not tell all: the superuser has them on read-only and virtual file systems.
        tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as error:
        raise OSError(
            error.errno or errno.EIO, f"cannot write here ({error.strerror})", str(path)
        ) from None
