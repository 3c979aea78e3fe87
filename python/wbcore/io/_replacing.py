"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["replacing", "target_of"]


def target_of(path: str | os.PathLike[str], operation: str) -> Path:
    """Return the file that is to be written, links followed, or raise what writing would raise."""
    name = os.fsdecode(path)
    target = Path(os.path.realpath(name))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise _named_error(error, operation, name) from None
    if mode is not None and not stat.S_ISREG(mode):
        code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(
            code, f"[{operation}] expected a file or a new name, got a folder or device", name
        )
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, f"[{operation}] expected a writable file", name)
    if not target.parent.is_dir():
        raise FileNotFoundError(
            errno.ENOENT,
            f"[{operation}] expected a folder that is there, got {target.parent}",
            name,
        )
    return target


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], operation: str = "save") -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name when the block ends well."""
    target = target_of(path, operation)
    temporary = target.with_name(f".wbcore-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(temporary)):
            raise _named_error(error, operation, os.fsdecode(path)) from None
        raise


def _named_error(error: OSError, operation: str, name: str) -> OSError:
    message = f"[{operation}] expected to write the file, got: {error.strerror or error}"
    return OSError(error.errno or errno.EIO, message, name)
