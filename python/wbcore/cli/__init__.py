"""The command line: ``wbcore train``, ``wbcore predict``, ``wbcore inspect``.

It needs the packages of the extra ``cli``: ``pip install 'wbcore[cli]'``.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line with the arguments of the process; the entry point of ``wbcore``."""
    try:
        from wbcore.cli.app import app
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("typer", "rich"):
            raise
        print(f"wbcore: needs {package}: pip install 'wbcore[cli]'", file=sys.stderr)
        raise SystemExit(2) from None
    app(prog_name="wbcore")
