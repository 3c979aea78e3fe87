"""What may stand on a terminal, and what to do when nobody takes the output."""

import contextlib
import io
import os
import sys
from typing import Any, TextIO

from rich.console import Console

__all__ = [
    "BROKEN_PIPE",
    "Stream",
    "buffer_output",
    "console",
    "discard_output",
    "visible",
    "write",
]

BROKEN_PIPE = 141
"""The exit code when the reader of the output went away: 128 + SIGPIPE, as a shell reports it."""


def visible(text: str) -> str:
    r"""Return a text of a file with every character that does not print as its escape.

    A terminal obeys some of those: they colour, move the cursor, rename the window, turn the
    direction of writing.

    Examples
    --------
    >>> print(visible("a\x1b[31mb"))
    a\x1b[31mb
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def buffer_output() -> None:
    """Put a buffer on standard output and stderr where they have none, as with PYTHONUNBUFFERED.

    A disk that fills up takes the first part of what is written, which is no error yet; only a
    buffer tries again with the rest.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(getattr(stream, "buffer", None), io.RawIOBase):
            buffered = open(  # noqa: SIM115, a descriptor that stays open to the end
                stream.fileno(),
                "w",
                encoding=stream.encoding,
                errors=stream.errors,
                closefd=False,
            )
            buffered.reconfigure(line_buffering=True)
            setattr(sys, name, buffered)


class Stream:
    """A text stream whose errors do not stop the writer; the first one is kept for the end.

    Parameters
    ----------
    stream : text stream or None
        None, as `sys.stdout` is when the process has none, takes everything.
    name : str
        What an error is about.
    """

    def __init__(self, stream: TextIO | None, name: str) -> None:
        self._stream: TextIO = io.StringIO() if stream is None else stream
        self._name = name
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write, unless an earlier write failed; what the encoding lacks comes as its escape."""
        encoding = self._stream.encoding or "utf-8"
        self._guarded(
            self._stream.write, text.encode(encoding, "backslashreplace").decode(encoding)
        )
        return len(text)

    def flush(self) -> None:
        """Flush, unless an earlier write failed."""
        self._guarded(self._stream.flush)

    def finish(self) -> None:
        """Flush, and raise the first error.

        Raises
        ------
        OSError
            BrokenPipeError when the reader went away.
        """
        self.flush()
        if self.error is not None:
            raise OSError(self.error.errno, self.error.strerror, self._name) from None

    def _guarded(self, call: Any, *arguments: str) -> None:  # noqa: ANN401, two methods of a stream
        if self.error is None:
            try:
                call(*arguments)
            except OSError as error:
                self.error = error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401, whatever else a stream has
        return getattr(self._stream, name)


def console(stream: Stream) -> Console:
    """Return rich's view of a stream. It would end the process when the stream breaks."""
    return Console(file=stream)  # type: ignore[arg-type]  # write and flush, and the rest handed on


def write(text: str) -> None:
    """Write data to standard output: to a terminal visibly, else as they are.

    Raises
    ------
    OSError
        When they cannot be written.
    """
    stream = Stream(sys.stdout, "stdout")
    if stream.isatty():
        text = "\n".join(map(visible, text.split("\n")))
    stream.write(text)
    stream.finish()


def discard_output(stream: TextIO | None = None) -> None:
    """Let a stream, standard output by default, take and forget all from here on.

    The end of Python would try to write the rest again, and end with a code of its own.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, (stream or sys.stdout).fileno())
        os.close(null)
