"""What can be read as a file: not what would wait for its other end, or never end."""

import os
import stat
from pathlib import Path

__all__ = ["refuse_pipe"]


def refuse_pipe(path: Path, operation: str, *, anonymous: bool = False) -> None:
    """Refuse a pipe, socket or device, before it is opened.

    Parameters
    ----------
    path : Path
    operation : str
        What error messages begin with.
    anonymous : bool, default False
        Let pipes pass that a shell has opened already and that have no name in a folder, as
        /dev/stdin and /dev/fd/63 can be: their other end is there.

    Raises
    ------
    OSError
        When there is no such file.
    ValueError
        When it is a pipe, socket or device.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return
    # Such a pipe's link in /proc leads to "pipe:[number]", which is no file.
    if anonymous and stat.S_ISFIFO(mode) and not os.path.lexists(os.path.realpath(path)):
        return
    raise ValueError(f"[{operation}] expected a file, got a pipe or device: {path}")
