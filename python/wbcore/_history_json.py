"""Histories as JSON: what is written, and the check of what is read."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wbcore import _arguments, _record_bytes
from wbcore.training.recording_fields import fields_of, require_fields

if TYPE_CHECKING:
    from wbcore.training.recording import Recording

__all__ = ["SCHEMA", "beginning", "read", "written"]

SCHEMA = 2
# Of those that are read, how a field was then.
_OLDEST = 1

# JSON has no such numbers.
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

_STATUS = ("running", "completed", "stopped", "interrupted", "diverged", "failed")


def written(fields: dict[str, Any]) -> str:
    """The text of these fields."""
    return json.dumps({"schema": SCHEMA} | _encoded(fields), allow_nan=False)


def beginning(
    recording: Recording | None, done: int | None, known: dict[str, Any] | None
) -> dict[str, Any]:
    """What a text has of how a fit began: nothing, what is given, or what was read."""
    if recording is not None:
        return {"beginning": {"done": done, **fields_of(recording)}}
    return {} if known is None else {"beginning": known}


def read(text: object) -> dict[str, Any]:
    """The fields of a text, each of its type; or an error."""
    if not isinstance(text, str):
        raise TypeError(f"[from_json] expected text to be a str, got {_arguments.shown(text)}")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"[from_json] expected JSON, got {error}") from None
    if not isinstance(found, dict) or "schema" not in found:
        raise ValueError(f"[from_json] expected a history of wbcore, got {_arguments.shown(found)}")
    if type(found["schema"]) is not int or not _OLDEST <= found["schema"] <= SCHEMA:
        raise ValueError(
            f"[from_json] expected schema {_OLDEST} or {SCHEMA}, "
            f"got {_arguments.shown(found['schema'])}; a newer wbcore may read it"
        )
    fields = {}
    for name, is_sound in _CHECKS.items():
        value = _decoded(found.get(name))
        if name not in found or not is_sound(value):
            raise ValueError(
                f"[from_json] expected {name} of a history, got "
                f"{_arguments.shown(found.get(name, 'none'))}"
            )
        fields[name] = value
    fields["beginning"] = _beginning(found.get("beginning"))
    if found["schema"] == SCHEMA:
        entries = fields["parameters"]
        fields["parameters"] = [_record(entry) for entry in entries]
        _require_one_network(entries)
    else:
        fields["parameters"] = [
            [tuple(values and tuple(values) for values in layer) for layer in entry]
            for entry in fields["parameters"]
        ]
    return fields


def _beginning(given: Any) -> dict[str, Any] | None:  # noqa: ANN401, whatever JSON has
    """How the fit began, and "done", its number of steps; None in texts without."""
    if given is None:
        return None
    try:
        fields: dict[str, Any] = _decoded(given)
        done = fields["done"]
        if not (done is None or _is_count(done)):
            raise ValueError("no number of steps")
        require_fields({name: value for name, value in fields.items() if name != "done"})
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"[from_json] expected beginning of a history, got {_arguments.shown(given)}"
        ) from None
    return fields


def _record(fields: Any) -> bytes:  # noqa: ANN401, whatever JSON has
    try:
        return _record_bytes.written(fields)
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError, struct.error):
        raise ValueError(
            f"[from_json] expected parameters of a history, got {_arguments.shown(fields)}"
        ) from None


def _require_one_network(entries: list[dict[str, Any]]) -> None:
    """Refuse records of which one has other layers than the first."""

    def sizes(entry: dict[str, Any]) -> list[tuple[int, int | None]]:
        """How many weights and biases each layer has."""
        return [
            (layer["weights"]["n"], layer["biases"] and layer["biases"]["n"])
            for layer in entry["layers"]
        ]

    other = next((entry for entry in entries if sizes(entry) != sizes(entries[0])), None)
    if other is not None:
        raise ValueError(
            f"[from_json] expected parameters of a history, all of layers with as many weights and "
            f"biases, {sizes(entries[0])}, got {sizes(other)}"
        )


def _encoded(value: Any) -> Any:  # noqa: ANN401, whatever JSON has
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {name: _encoded(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encoded(item) for item in value]
    return value


def _decoded(value: Any) -> Any:  # noqa: ANN401, whatever JSON has
    """Numbers of lists and of records: nothing else in a history may be one of the texts."""
    if isinstance(value, dict):
        return {
            name: _NOT_FINITE.get(item, item) if isinstance(item, str) else _decoded(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_NOT_FINITE.get(i, i) if isinstance(i, str) else _decoded(i) for i in value]
    return value


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _are_numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(item) in (int, float) for item in value)


def _are_series(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(map(_are_numbers, value.values()))
        and len({len(values) for values in value.values()}) <= 1
    )


def _are_statistics(value: object) -> bool:
    """Of each epoch and layer those of weights and those of biases, or None."""

    def of_array(entry: object) -> bool:
        return entry is None or (_are_numbers(entry) and len(entry) == 5)  # type: ignore[arg-type]

    def of_layer(entry: object) -> bool:
        return isinstance(entry, list) and len(entry) == 2 and all(map(of_array, entry))

    return isinstance(value, list) and all(
        isinstance(entry, list) and all(map(of_layer, entry)) for entry in value
    )


def _are_records(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "status": lambda value: value in _STATUS,
    "reason": lambda value: isinstance(value, str),
    "first_epoch": _is_count,
    "best_epoch": lambda value: value is None or _is_count(value),
    "series": _are_series,
    "learning_rate": _are_numbers,
    "seconds": _are_numbers,
    "parameters": lambda value: _are_statistics(value) or _are_records(value),
}
