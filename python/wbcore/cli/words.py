"""Options that are more than a number: widths, lengths of time, weights of classes."""

import csv
import math
import re
from collections.abc import Sequence

__all__ = [
    "class_weights",
    "is_number",
    "parse_patience",
    "parse_seconds",
    "parse_weights",
    "parse_widths",
]

_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
_TIME = re.compile(r"\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([a-z]*)\s*")

_LARGEST_WEIGHT = 1e18  # as of `Network.fit`
_NAMES_LISTED = 12


def parse_widths(text: str) -> tuple[int, ...]:
    """Return the widths in a text like "64,32"; an empty text is a network without hidden layers.

    Examples
    --------
    >>> parse_widths("64,32"), parse_widths("")
    ((64, 32), ())
    """
    try:
        return tuple(int(word) for word in text.split(",")) if text.strip() else ()
    except ValueError:
        raise ValueError(f"--hidden: expected widths like 64,32, got {text!r}") from None


def is_number(text: str) -> bool:
    """Return whether a word was meant as a number, sound or not."""
    return re.fullmatch(r"[+-]?[0-9][0-9.eE+-]*", text) is not None


def parse_patience(text: str) -> int:
    """Return the epochs of ``--early-stopping``; that they are enough is checked with the rest."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f"--early-stopping: expected a whole number of epochs, got {text}"
        ) from None


def parse_seconds(text: str) -> float:
    """Return the seconds in a text like "90", "1.5min" or "2h".

    Examples
    --------
    >>> parse_seconds("90"), parse_seconds("1.5min"), parse_seconds("2 h")
    (90.0, 90.0, 7200.0)
    """
    found = _TIME.fullmatch(text)
    try:
        seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    except (KeyError, ValueError):
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise ValueError(
            f"--time-limit: expected seconds above 0, or a time such as 90s, 5min or 2h, "
            f"got {text!r}"
        )
    return seconds


def parse_weights(text: str) -> str | dict[str, float]:
    """Return "balanced", or the weights by the names of classes in a text like "a=1,b=5".

    Quotes round a pair keep a comma in its name. A name may have a =; the last one counts.

    Examples
    --------
    >>> parse_weights("no=1, yes=5"), parse_weights('"a, b=2"')
    ({'no': 1.0, 'yes': 5.0}, {'a, b': 2.0})
    """
    if text.strip() == "balanced":
        return "balanced"
    weights: dict[str, float] = {}
    for pair in next(csv.reader([text], skipinitialspace=True), []):
        name, equals, number = (word.strip() for word in pair.rpartition("="))
        try:
            weight = float(number) if equals else -1.0
        except ValueError:
            weight = -1.0
        if not 0 <= weight <= _LARGEST_WEIGHT:
            raise ValueError(
                f"--class-weight: expected 'balanced', or pairs like no=1,yes=5 with weights from "
                f"0 to 1e18, got {pair!r}"
            )
        if name in weights:
            raise ValueError(f"--class-weight: expected each class once, got {name!r} twice")
        weights[name] = weight
    if not weights:
        raise ValueError(
            f"--class-weight: expected 'balanced', or pairs like no=1,yes=5, got {text!r}"
        )
    if not any(weights.values()):
        raise ValueError(f"--class-weight: expected a weight above 0, got {text!r}")
    return weights


def class_weights(
    given: str | dict[str, float] | None, classes: Sequence[str] | None, target: str
) -> str | dict[int, float] | None:
    """Return the weights as `Network.fit` takes them, by the numbers of the classes.

    Raises
    ------
    ValueError
        If the target has no classes, or none of such a name.
    """
    if given is None:
        return None
    if classes is None:
        raise ValueError(f"--class-weight: expected a target of classes, got values of {target!r}")
    if isinstance(given, str):
        return given
    numbers = {name: k for k, name in enumerate(classes)}
    for name in given:
        if name not in numbers:
            known = ", ".join(classes[:_NAMES_LISTED]) + (", …" * (len(classes) > _NAMES_LISTED))
            raise ValueError(f"--class-weight: expected classes among {known}, got {name!r}")
    # of every class: the rows of a fold may lack one that is named
    return {k: given.get(name, 1.0) for name, k in numbers.items()}
