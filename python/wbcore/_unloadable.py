"""Why the extension module cannot be loaded, and what to do about it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["explained"]


def explained(error: ImportError) -> ImportError:
    """The error for users, from Python's."""
    if "subinterpreter" in str(error):
        return ImportError(
            "[wbcore] expected the main interpreter, got a sub-interpreter; use threads, which run "
            "beside each other in wbcore's calls, or processes"
        )
    # A checkout has the sources of the extension module but not the module itself.
    here = Path(__file__).parent
    built = any(path.suffix != ".pyi" for path in here.glob("_core.*"))
    return ImportError(
        f"wbcore's extension module could not be loaded ({error}). "
        + (
            "It was built for another Python or machine: install it again from its wheel or "
            "sources, with `python -m pip install --force-reinstall WHEEL_OR_FOLDER`."
            if built
            else f"It has not been built in {here}: run `pip install .` in the folder that has "
            "pyproject.toml, then start Python in another folder."
        )
    )
