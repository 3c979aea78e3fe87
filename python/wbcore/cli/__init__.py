"""The command line: ``wbcore train``, ``wbcore predict``, ``wbcore inspect``.

It needs the packages of the extra ``cli``: ``pip install 'wbcore-nn[cli]'``.
"""

import sys

from wbcore._distribution import install_extra

__all__ = ["main"]


def main() -> None:
    """Run the command line with the arguments of the process; the entry point of ``wbcore``."""
    try:
        from wbcore.cli.app import app
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("typer", "rich"):
            raise
        print(f"wbcore: needs {package}: {install_extra('cli')}", file=sys.stderr)
        raise SystemExit(2) from None
    try:
        app(prog_name="wbcore")
    except OSError as error:  # the help is printed before a command that could say so begins
        print(f"wbcore: {error.strerror or error}", file=sys.stderr)
        raise SystemExit(2) from None
