"""The name that pip knows this package by, for messages that say what to install."""

__all__ = ["distribution_name", "install_extra"]

_OWN_NAME = "wbcore-nn"


def distribution_name() -> str:
    """Return the name under which the package is installed, such as "wbcore-nn".

    Read from the installed metadata, since who packages it again may name it otherwise. That takes
    a look at every installed package: only for a message.
    """
    from importlib import metadata

    names = metadata.packages_distributions().get("wbcore", [])
    return names[0] if names and _OWN_NAME not in names else _OWN_NAME


def install_extra(extra: str) -> str:
    """Return the command that installs an extra.

    Examples
    --------
    >>> install_extra("cli")
    "pip install 'wbcore-nn[cli]'"
    """
    return f"pip install '{distribution_name()}[{extra}]'"
