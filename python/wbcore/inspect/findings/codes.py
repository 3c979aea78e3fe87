"""The table of all codes, and the checks in the order in which they are made.

A group of checks is a file: its codes, and the functions that find them. A new one is a file of
that kind, and its name in these lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from wbcore.inspect.findings import (
    columns,
    course,
    labels,
    noise,
    numbers,
    outcome,
    overlap,
    signal,
    start,
    target_column,
    targets,
    units,
    validation,
    wrong_labels,
)
from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import SEVERITIES, Finding
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from wbcore.inspect.findings.state import State

__all__ = ["AFTER", "BEFORE", "CODES", "finding_codes"]

_GROUPS = (
    *(numbers, columns, targets, target_column, labels, overlap, validation),
    *(start, signal, units, course, outcome, noise, wrong_labels),
)

#: By their names, in the order of docs/findings.md.
CODES: dict[str, Code] = {code.code: code for group in _GROUPS for code in group.CODES}

Check = Callable[["State"], Iterator[Finding]]
_OF_DATA: tuple[Check, ...] = (
    *columns.CHECKS,
    *targets.CHECKS,
    *target_column.CHECKS,
    *labels.CHECKS,
    *overlap.CHECKS,
    *validation.CHECKS,
)

#: Of a network that is not trained yet.
BEFORE: tuple[Check, ...] = (*_OF_DATA, *start.BEFORE, *signal.BEFORE, *units.CHECKS)

#: Of a trained one.
AFTER: tuple[Check, ...] = (
    *course.AFTER,
    *_OF_DATA,
    *signal.AFTER,
    *units.CHECKS,
    # where labels are shuffled, or those of validation, that is why these are predicted badly
    *noise.AFTER,
    *wrong_labels.AFTER,
    *validation.AFTER,
    *outcome.AFTER,
)


def finding_codes() -> Table:
    """All codes that `check` and `diagnose` know: what they mean, and from where on they are found.

    Returns
    -------
    Table
        A row a code: ``code``, ``severity`` (the usual one), ``calls`` ("check", "diagnose" or
        "both"), ``needs`` ("rows", "validation" or "history": without what it is not found),
        ``title``, ``threshold``, ``why`` and ``advice``; docs/findings.md is made of it.

    Examples
    --------
    >>> "WB-DEAD" in finding_codes()["code"]
    True
    """
    names = ("code", "severity", "calls", "needs", "title", "threshold", "why", "advice")
    assert all(code.severity in SEVERITIES for code in CODES.values())
    rows = [[getattr(code, name) for name in names] for code in CODES.values()]
    return Table(names, rows, "What can be found")
