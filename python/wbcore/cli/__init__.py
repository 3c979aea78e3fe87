"""The command line: ``wbcore train``, ``wbcore predict``, ``wbcore inspect``.

It needs the packages of the extra ``cli``: ``pip install 'wbcore-nn[cli]'``.
"""

import atexit
import signal
import sys

from wbcore._distribution import install_extra

__all__ = ["main"]


def main() -> None:
    """Run the command line with the arguments of the process; the entry point of ``wbcore``."""
    try:
        _main()
    except KeyboardInterrupt:  # before a command began that could say more
        print("wbcore: interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    finally:  # all is done and said: a Ctrl-C now could only print a traceback
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


def _main() -> None:
    try:
        from wbcore.cli.app import app
        from wbcore.cli.terminal import buffer_output
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("typer", "rich"):
            raise
        print(f"wbcore: needs {package}: {install_extra('cli')}", file=sys.stderr)
        raise SystemExit(2) from None
    buffer_output()
    app(prog_name="wbcore")
