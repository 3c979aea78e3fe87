"""A folder for the time of a search, which the next one removes when this one was killed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from wbcore.searching.folder import refused

__all__ = ["scratch"]


@contextlib.contextmanager
def scratch(parent: Path | None) -> Iterator[Path]:
    """Make a folder there, or where the system has temporary files, and remove it at the end.

    It has a file that is locked as long as its process lives. The name has that of the machine,
    whose locks others need not see.
    """
    prefix = f".wbcore-search-{socket.gethostname()}-"
    within = parent or Path(tempfile.gettempdir())
    for left in within.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            _remove_if_left(left)
    try:
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    except OSError as error:
        raise refused(error, within, "a folder to write into") from None
    try:
        # without a buffer, which on a full disk would be written once more at the end, and refused
        with (made / "owner").open("wb", buffering=0) as owner:
            with contextlib.suppress(OSError):
                fcntl.flock(owner, fcntl.LOCK_EX)
                owner.write(b"locked")  # only now may another search find it left
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    if folder.lstat().st_uid != os.getuid():
        return
    descriptor = os.open(folder / "owner", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while the owner lives
        if os.fstat(descriptor).st_size:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)
