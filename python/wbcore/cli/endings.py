"""How a command ends: one line on stderr for what is wrong, and a code."""

import re
import sys
from collections.abc import Callable

import typer

import wbcore as wb
from wbcore.cli.terminal import BROKEN_PIPE, Stream, discard_output, visible

__all__ = ["exit_code", "warn"]

ERROR, INTERRUPTED = 2, 130


def exit_code(call: Callable[[], int | None]) -> int:
    """Run a command or all of them; what is wrong becomes one line on stderr, and a code.

    2 for an error, 130 after Ctrl-C, 141 without a word when the reader of the output went away.
    """
    try:
        return _code(call)
    finally:  # of progress that stderr did not take, the end of Python would make a code of its own
        _settle(Stream(sys.stderr, "stderr"))


def _code(call: Callable[[], int | None]) -> int:
    try:
        return call() or 0
    except BrokenPipeError:
        return _unread()
    except SystemExit as end:  # with 1, as rich and typer end the help that nobody reads
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        return _unread()
    except (KeyboardInterrupt, typer.Abort) as interrupt:  # some versions of typer turn it into one
        _say(f"interrupted{''.join(interrupt.args)}")
        return INTERRUPTED
    except Exception as error:
        message = _message(error)
        if message is None:
            raise
    if message:
        _say(message)
    return ERROR


def warn(message: str) -> None:
    """Write a warning, one line on stderr."""
    _say(f"warning: {message}")


def _unread() -> int:
    discard_output()
    return BROKEN_PIPE


def _message(error: Exception) -> str | None:
    """Return what is wrong; None if that is a fault of this program."""
    if isinstance(error, (ValueError, ModuleNotFoundError, wb.DivergenceError)):
        return str(error)
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}"
    if isinstance(error, OSError):
        names = [str(n) for n in (error.filename, error.filename2) if n is not None]
        if names == ["stdout"]:
            discard_output()
        return ": ".join([*names, error.strerror or str(error)])
    return _usage(error) if hasattr(error, "format_message") else None


def _usage(error: Exception) -> str:
    """Return what is wrong with the words of the command line, or nothing after the whole help.

    The class of these errors is click's or typer's own, by the version of typer.
    """
    message = str(error.format_message())  # type: ignore[attr-defined]
    if type(error).__name__ == "NoArgsIsHelpError" or not message:
        return ""
    context = getattr(error, "ctx", None)
    return f"{message.rstrip('.')}; see {context.command_path} --help" if context else message


def _say(message: str) -> None:
    """Write the one line; where nobody takes it there is nothing to be done."""
    # The library names the operation first, "[fit] ...": of use to a caller, not here.
    message = re.sub(r"(^|: )\[\w+\] ", r"\1", " ".join(message.split()), count=1)
    errors = Stream(sys.stderr, "stderr")
    errors.write(f"wbcore: {visible(message)}\n")
    _settle(errors)


def _settle(errors: Stream) -> None:
    errors.flush()
    if errors.error is not None:
        discard_output(sys.stderr)
