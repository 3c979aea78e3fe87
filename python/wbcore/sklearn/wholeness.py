"""Fits that are done or were never begun: what an estimator is when one is cut short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wbcore.errors import DivergenceError

__all__ = ["all_or_nothing"]


@contextmanager
def all_or_nothing(estimator: Any) -> Iterator[None]:
    """Give the estimator back what it had, if what happens meanwhile raises.

    Else it would have the classes and columns of one fit and the network of another, after Ctrl-C
    while data are looked at, or targets that are refused. A fit that goes on from an earlier one
    (`warm_start`, `partial_fit`) shares its network, whose parameters stay where they have come to.
    After a divergence the estimator is the one of the last finite epoch.
    """
    before = dict(vars(estimator))
    for curve in ("loss_curve_", "validation_scores_"):  # lists that grow
        if before.get(curve) is not None:
            before[curve] = list(before[curve])
    try:
        yield
    except BaseException as error:
        if not isinstance(error.__context__, DivergenceError):
            estimator.__dict__ = before  # in one step, which nothing interrupts
        raise
