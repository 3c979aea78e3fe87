"""What somebody may have meant by a name that is not there: for messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["suggested"]

_AT_MOST = 1000  # names that are compared, which takes time


def suggested(unknown: Iterable[str], known: Iterable[str]) -> str:
    """The end of a message: which known name is closest to the first that has one, or nothing."""
    names = list(known)[:_AT_MOST]
    for name in unknown:
        if close := difflib.get_close_matches(name, names, 1):
            return f"; the closest to {name!r} is {close[0]!r}"
    return ""
