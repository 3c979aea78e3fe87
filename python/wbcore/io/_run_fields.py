"""The fields of a run that a checkpoint has as JSON, each with what it must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["CHECKS", "TENSOR"]

#: Stands for an array in what a callback remembers.
TENSOR = {"tensor": True}


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _is_plain(value: object) -> bool:
    return value is None or type(value) in (bool, int, float, str)


def _is_plain_object(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_plain, value.values()))


def _is_position(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 6:
        return False
    epoch, batch, loss_sum, weight_sum, sums, epoch_of = value
    return (
        all(map(_is_count, (epoch, batch)))
        and all(map(_is_number, (loss_sum, weight_sum)))
        and isinstance(sums, list)
        and all(map(_is_number, sums))
        and isinstance(epoch_of, str)
    )


def _is_observations(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"best", "waited", "reductions"}
        and (value["best"] is None or _is_number(value["best"]))
        and all(
            _is_count(value[name]) and value[name] <= 2**53 for name in ("waited", "reductions")
        )
    )


def _are_callbacks(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(state, dict) and all(_is_plain(v) or v == TENSOR for v in state.values())
        for state in value
    )


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


CHECKS: dict[str, Callable[[Any], bool]] = {
    "status": lambda value: value in ("running", "completed", "stopped", "interrupted"),
    "reason": lambda value: isinstance(value, str),
    "first_epoch": _is_count,
    "best_epoch": lambda value: value is None or _is_count(value),
    "is_over": lambda value: type(value) is bool,
    "prior_is_due": lambda value: type(value) is bool,
    "steps": _is_count,
    "position": _is_position,
    "observations": _is_observations,
    "optimizer": _is_plain_object,
    "series": lambda value: _are_names(value) and len(set(value)) == len(value),
    "callbacks": _are_callbacks,
}
