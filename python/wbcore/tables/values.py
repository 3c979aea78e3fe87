"""Single values of columns: as texts of categories, numbers, and moments of time."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import re
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BOOLS", "DAYS", "EPOCH", "SECONDS", "are_dates", "are_numbers", "as_dates", "as_numbers",
    "as_text", "matched", "measured", "text_of_number",
]  # fmt: skip

EPOCH = "1970-01-01"
"""Days are counted from its beginning."""

BOOLS, DAYS, SECONDS = "0 for no, 1 for yes", "days", "seconds of the day"
"""Units of numbers that were bools, durations and times of day."""

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
# As a postal code has it: such a text is a name, whose zeros a number would lose.
_LEADING_ZERO = re.compile(r"\s*0\d")
_INFINITE = {"inf", "-inf", "+inf", "infinity", "-infinity"}  # read, and then refused
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?)?"
)
_MICROSECONDS = "datetime64[us]"


def as_text(value: object) -> str:
    """The one text of a category, whatever type it comes in: 1, 1.0 and "1" are the same."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (dt.date, np.datetime64)):
        return str(np.datetime64(_moment(value)).astype("datetime64[s]"))
    number = _float(value)
    if math.isinf(number):  # a whole number beyond float64, or a Decimal
        return str(value)
    if math.isfinite(number) and number == int(number) and abs(number) < 2**53:
        return str(int(number))
    return repr(number)


def text_of_number(text: str) -> str | None:
    """What `as_text` makes of the number that a text is: "1" of "1.0".

    None where a number would lose something, as the zeros of "01001" or of 2**53 + 1 the last
    digit, and of what is no number.
    """
    if not _is_number(text) or text.strip().lower() in _INFINITE:
        return None
    found = as_text(_float(text))
    return found if Decimal(text.strip()) == Decimal(found) else None


def matched(texts: Sequence[str], known: Collection[str]) -> list[str]:
    """Each text, or where it is unknown the known one that is its number, or its bool or moment.

    "1.0" is "1", "TRUE" is "true", "2020-01-01" is "2020-01-01T00:00:00"; unless several of the
    known ones would be meant.
    """
    unknown = {t: text_of_number(t) or _plain(t) for t in texts if t not in known}
    if not unknown:
        return list(texts)
    meant: dict[str, str | None] = {}
    for name in known:
        plain = _plain(name)
        meant[plain] = None if plain in meant else name
    meant |= {name: name for name in known}
    found = {text: meant.get(plain) or text for text, plain in unknown.items()}
    return [found.get(text, text) for text in texts]


def _plain(text: str) -> str:
    """What `as_text` makes of the bool or moment that a text is; else the text."""
    if (bare := text.strip().lower()) in ("true", "false"):
        return bare.capitalize()
    if _DATE.fullmatch(text.strip()):
        with contextlib.suppress(ValueError):
            moment = _moment(text)
            return as_text(moment) if moment == moment.astype("datetime64[s]") else text
    return text


def are_numbers(levels: Sequence[Any]) -> bool:
    """Whether all are numbers, or texts of numbers without leading zeros."""
    return all(_is_number(level) for level in levels)


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        if value.strip().lower() in _INFINITE:
            return True
        return bool(_NUMBER.fullmatch(value)) and not _LEADING_ZERO.match(value)
    return not isinstance(value, (dt.date, np.datetime64))


def measured(levels: Sequence[Any]) -> tuple[NDArray[np.float64], str] | None:
    """Durations as days and times of day as seconds, with the unit; None of anything else."""
    if levels and all(isinstance(level, dt.time) for level in levels):
        return np.array([_seconds(level) for level in levels]), SECONDS
    if levels and all(isinstance(level, (dt.timedelta, np.timedelta64)) for level in levels):
        return np.array([np.timedelta64(level) / np.timedelta64(1, "D") for level in levels]), DAYS
    return None


def _seconds(time: dt.time) -> float:
    return time.hour * 3600 + time.minute * 60 + time.second + time.microsecond / 10**6


def _of_unit(text: str, unit: str) -> float | None:
    """The number that a text of a bool or a time of day is, where such are numbers."""
    if unit == BOOLS:
        return {"true": 1.0, "false": 0.0}.get(text.strip().lower())
    if unit == SECONDS and ":" in text:
        with contextlib.suppress(ValueError):
            return _seconds(dt.time.fromisoformat(text.strip()))
    return None


def as_numbers(levels: Iterable[Any], unit: str = "") -> NDArray[np.float64]:
    """Numbers of numbers and of texts of them, or of bools and times of day if the unit is theirs.

    Raises
    ------
    ValueError
        With the first value that is no number.
    """
    found = []
    for level in levels:
        if isinstance(level, str) and (number := _of_unit(level, unit)) is not None:
            found.append(number)
            continue
        if isinstance(level, str) and not (
            _NUMBER.fullmatch(level) or level.strip().lower() in _INFINITE
        ):
            raise ValueError(repr(level))
        if isinstance(level, (dt.date, np.datetime64)):
            raise ValueError(repr(level))
        found.append(_float(level))
    return np.array(found, np.float64)


def _float(value: Any) -> float:  # noqa: ANN401, of any type of numbers
    """As a float; what is too large for one is infinite, which is refused with its place."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def are_dates(levels: Sequence[Any]) -> bool:
    """Whether all are dates, or texts of dates as ISO 8601 writes them."""
    try:
        as_dates(levels)
    except ValueError:
        return False
    return True


def as_dates(levels: Iterable[Any]) -> NDArray[np.datetime64]:
    """Moments of dates and of texts of them, in UTC where a zone is stated.

    Raises
    ------
    ValueError
        With the first value that is no date.
    """
    return np.array([_moment(level) for level in levels], _MICROSECONDS)


def _moment(value: object) -> np.datetime64:
    if isinstance(value, np.datetime64):
        moment: np.datetime64 = value.astype(_MICROSECONDS)
        return moment
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, dt.datetime):  # pandas.Timestamp is one
        if value.tzinfo is not None:
            value = value.astimezone(dt.timezone.utc).replace(tzinfo=None)
        return np.datetime64(value, "us")
    if isinstance(value, dt.date):
        return np.datetime64(value, "us")
    raise ValueError(repr(value))


def _parsed(text: str) -> dt.datetime:
    trimmed = text.strip()
    found = _DATE.fullmatch(trimmed)
    if not found:
        raise ValueError(repr(text))
    zone = found[4] or ""
    moment = trimmed[: len(trimmed) - len(zone)].strip().replace(",", ".")
    whole, _, fraction = moment.partition(".")
    try:
        parsed = dt.datetime.fromisoformat(whole)
    except ValueError:  # the 31st of February
        raise ValueError(repr(text)) from None
    parsed = parsed.replace(microsecond=int((fraction + "000000")[:6]))
    return parsed - _offset(zone)


def _offset(zone: str) -> dt.timedelta:
    if zone in ("", "Z"):
        return dt.timedelta(0)
    digits = zone[1:].replace(":", "") + "00"
    minutes = int(digits[:2]) * 60 + int(digits[2:4])
    return dt.timedelta(minutes=-minutes if zone[0] == "-" else minutes)
