"""Files that are written whole or not at all, whatever stops the writer.

The content goes to a file without a name, which the system removes with the process. It is given
the name when all of it is on the disk: at once where there was no file; to replace one, by way of
a temporary name, since a link replaces nothing. A writer that is killed between the two leaves that
name behind; the next one in that folder removes it. Where there are no files without a name (NFS,
FUSE, old systems), the temporary name is there from the start.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import select
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from wbcore import _arguments

__all__ = ["open_descriptor", "replacing", "target_of"]

_TEMPORARY = re.compile(r"\.wbcore-([0-9a-f]{8})-[0-9a-f]{16}\.tmp")

_UNKNOWN = "0" * 8  # a system that does not say which it is

# After so long a temporary file of another system, whose locks may not be seen here, is left over.
_A_DAY = 24 * 60 * 60


def target_of(path: str | os.PathLike[str], operation: str) -> Path:
    """The file that is to be written, with links followed, or the error that writing would raise.

    Parameters
    ----------
    path : str or path-like
        A file, or a new name in a folder that is there.
    operation : str
        What error messages begin with.

    Returns
    -------
    Path

    Raises
    ------
    OSError
        When there is no such folder, it or the file is not writable, or the path is that of a
        folder or device.
    """
    name = _arguments.path(operation, "path", path)
    target = Path(os.path.realpath(name))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise _named_error(error, operation, name) from None
    if mode is not None and not stat.S_ISREG(mode):  # a rename would put a file in its place
        code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(
            code, f"[{operation}] expected a file or a new name, got a folder or device", name
        )
    if mode is not None and not os.access(target, os.W_OK):  # which a rename would not mind
        raise PermissionError(errno.EACCES, f"[{operation}] expected a writable file", name)
    folder = target.parent
    if not folder.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, f"[{operation}] expected a folder that is there, got {folder}", name
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(
            errno.EACCES, f"[{operation}] expected a writable folder, got {folder}", name
        )
    return target


@contextlib.contextmanager
def replacing(
    path: str | os.PathLike[str], operation: str = "save", *, durable: bool = True
) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name, or another's place, when the block ends well.

    Whoever opens the path finds the old content or the new one, also after a kill or a power
    failure. When the block or the writing fails or is interrupted, the old content stays and
    nothing else is left. A symbolic link is followed; a file that is replaced keeps its owner and
    permissions.

    Parameters
    ----------
    path : str or path-like
        A file, or a new name in a folder that is there.
    operation : str, default "save"
        What error messages begin with.
    durable : bool, default True
        False does not wait for the disk: a kill still finds the old content or the new one, a
        power failure may find neither.

    Yields
    ------
    binary file
        Buffered, for writing and reading. The block should do no more than fill it: an OSError
        that names no file is taken for one about this file.

    Raises
    ------
    OSError
        When the file cannot be written; it names the path that was given.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wbcore.io.atomic import replacing
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "notes.txt")
    ...     with replacing(path) as file:
    ...         _ = file.write(b"all of it")
    ...     path.read_text(), len(list(path.parent.iterdir()))
    ('all of it', 1)
    """
    target = target_of(path, operation)
    temporary = str(target.with_name(f".wbcore-{_system()}-{secrets.token_hex(8)}.tmp"))
    try:
        _remove_leftovers(target.parent)
        with _nameless(target.parent) or _named(temporary) as file:
            _take_over_permissions(target, file)
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            _give_name(file, temporary, target)
        if durable:
            _sync_folder(target.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108, a name, as above
        if isinstance(error, OSError) and _is_of(error, temporary, target):
            raise _named_error(error, operation, os.fsdecode(path)) from None
        raise


def open_descriptor(path: str | os.PathLike[str], flags: int, mode: str) -> BinaryIO:
    """Open a file with flags that `open` does not know.

    `map` calls `os.open` and hands the descriptor to `open` without a step of Python in between,
    where an interrupt would lose the number and nobody would close it.

    Parameters
    ----------
    path : str or path-like
    flags : int
        As for `os.open`.
    mode : str
        As for `open`, of a binary file.

    Returns
    -------
    binary file

    Raises
    ------
    OSError
        When the file cannot be opened.
    """
    numbers = map(os.open, (os.fspath(path),), (flags | os.O_CLOEXEC,), (0o666,))
    return cast("BinaryIO", next(map(open, numbers, (mode,))))


def _sync_folder(folder: Path) -> None:
    """Have the names in the folder on the disk."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    # As above: an object that closes its descriptor when it is dropped. `open` takes no folder,
    # this any descriptor; a `__del__` of one's own could be interrupted in its turn.
    owners = map(select.epoll.fromfd, map(os.open, (str(folder),), (flags,)))
    with next(owners) as owner:
        try:
            os.fsync(owner.fileno())
        except OSError as error:
            if error.errno != errno.EINVAL:  # some network file systems cannot do this
                raise


def _nameless(folder: Path) -> BinaryIO | None:
    """A locked file in that folder's file system that nobody sees, or None if there are none."""
    try:
        file = open_descriptor(folder, os.O_TMPFILE | os.O_RDWR, "w+b")
    except OSError as error:
        # EISDIR from systems that do not know the flag, the others from those that refuse it
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
            return None
        raise
    _lock(file)
    return file


def _named(temporary: str) -> BinaryIO:
    """A locked file of that name."""
    while True:
        file = open_descriptor(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, "w+b")
        _lock(file)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # another writer took it for a leftover before it was locked


def _lock(file: BinaryIO) -> None:
    """Show that the file has a living writer, until it is closed."""
    with contextlib.suppress(OSError):  # what cannot be locked is not removed by others either
        fcntl.flock(file, fcntl.LOCK_EX)


def _take_over_permissions(old: Path, new: BinaryIO) -> None:
    with contextlib.suppress(FileNotFoundError):
        status = old.stat()
        with contextlib.suppress(PermissionError):  # only root can give files away
            os.fchown(new.fileno(), status.st_uid, status.st_gid)
        os.fchmod(new.fileno(), stat.S_IMODE(status.st_mode))


def _give_name(file: BinaryIO, temporary: str, target: Path) -> None:
    if os.fstat(file.fileno()).st_nlink == 0:
        with contextlib.suppress(OSError):  # as a rule because there is such a file
            _link(file, str(target))
            return
        try:
            _link(file, temporary)
        except OSError:  # no /proc, or a file system that gives no name to a nameless file
            _copy(file, temporary, target)
            return
    os.replace(temporary, target)  # noqa: PTH105, the tests simulate a crash here


def _link(file: BinaryIO, name: str) -> None:
    # os.link follows the symbolic link in /proc only when it is given a descriptor, of whatever.
    source = f"/proc/self/fd/{file.fileno()}"
    os.link(source, name, src_dir_fd=file.fileno(), follow_symlinks=True)


def _copy(file: BinaryIO, temporary: str, target: Path) -> None:
    file.seek(0)
    with _named(temporary) as copy:
        _take_over_permissions(target, copy)
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.fsync(copy.fileno())
        os.replace(temporary, target)  # noqa: PTH105, as above


def _is_of(error: OSError, temporary: str, target: Path) -> bool:
    """Whether the error is about the file that is being written."""
    name = str(error.filename)
    ours = ("None", temporary, str(target), str(target.parent))
    return name in ours or name.startswith("/proc/self/fd/")


def _named_error(error: OSError, operation: str, name: str) -> OSError:
    got = error.strerror or str(error)
    message = f"[{operation}] expected to write the file, got: {got}"
    return OSError(error.errno or errno.EIO, message, name)


def _remove_leftovers(folder: Path) -> None:
    """Remove what writers that were killed have left there."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _TEMPORARY.fullmatch(entry.name)
            if found:
                with contextlib.suppress(OSError):
                    _remove_if_left(entry.path, found[1])


def _remove_if_left(path: str, system: str) -> None:
    # not through a link, and without waiting for the other end of a pipe
    with open_descriptor(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, "r+b") as file:
        status = os.fstat(file.fileno())
        ours = system == _system() != _UNKNOWN
        old = time.time() - status.st_mtime > _A_DAY
        if stat.S_ISREG(status.st_mode) and (ours or old):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while the writer lives
            if os.fstat(file.fileno()).st_nlink:
                os.unlink(path)  # noqa: PTH108, a name as scandir gives it


def _system() -> str:
    """The running system, whose processes see each other's locks, in eight digits."""
    try:
        found = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except (OSError, ValueError):
        return _UNKNOWN
    return found if re.fullmatch("[0-9a-f]{8}", found) else _UNKNOWN
