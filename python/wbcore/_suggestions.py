"""What somebody may have meant by a name that is not there: for messages."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable

__all__ = ["suggested"]

_SHOWN = 5  # names in a message
_AT_MOST, _LONGEST = 1000, 200  # names that are compared, and their letters: more takes time


def suggested(unknown: Iterable[object], known: Iterable[str]) -> str:
    """The end of a message: which known name is closest to the first that has one, or nothing."""
    names = list(known)[:_AT_MOST]
    for name in itertools.islice(unknown, _SHOWN):
        if not isinstance(name, str) or len(name) > _LONGEST:
            continue
        if close := difflib.get_close_matches(name, names, 1):
            return f"; the closest to {name!r} is {close[0]!r}"
    return ""
