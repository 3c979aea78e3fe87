"""Rows that training and validation have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.copies import Copies
from wbcore.inspect.findings.finding import Finding
from wbcore.inspect.findings.nature import equal_by_nature

if TYPE_CHECKING:
    from wbcore.inspect.findings.data import Data
    from wbcore.inspect.findings.state import State

__all__ = ["CHECKS", "CODES"]

_FEWEST = 3  # a row or two may be equal by chance: one pair of iris's 150 rows is
_SHARE = 0.01
_SURE = 2.5  # standard errors: 3 would pass a third of few rows
_BY_NATURE = 0.01  # pairs
_AS_OFTEN = 0.5  # times the share in validation: that of training rows which have an equal
_NO_DIGITS = 1e-5  # of a target: what another file or float32 leaves off
_OTHER_TARGETS = 0.05  # of the rows that are shared; copies have the same

_OF_ONE_THING = (
    "where equal rows are records of one thing, as replicates or embeddings of ids, and things "
    "will be new later, keep the rows of each together when the two are parted; of copies "
)

LEAK = Code(
    "WB-LEAK",
    "error",
    "both",
    "validation rows that are training rows",
    "at least 3 validation rows, and 1 %, that stand among the training rows, and more than twice "
    "the share of training rows that have an equal among themselves, by 3 standard errors; where "
    "rows may be equal by nature, without two columns of measurements, also more than between two "
    "sets of rows that are dealt out at random. Whatever lies within the training: at least 3 "
    "different ones, and 1 %, where less than 0.01 pairs would be equal by nature, by the product "
    "over columns of the chance that two rows agree, as of three columns of measurements; a note "
    "where half as large a share of the training rows or more have an equal, and 5 % of those "
    "shared or more another target than theirs: records of the same things. Equal to "
    "the bit as the network's numbers (float32 "
    "or float64), or up to 0.00002 of each column's spread; of a single measurement 0.0000005",
    "what was learned by heart looks like what was understood: the validation score is too good, "
    "and early stopping comes too late",
    "drop from validation the rows that are in training, and look at how the two were made: "
    "np.unique(rows, axis=0) before they are parted; rows are repeated or drawn with replacement, "
    "as for a rare class, in training alone, after the split",
    needs="validation",
)
CODES = (LEAK,)


def leak(state: State) -> Iterator[Finding]:
    """Of all training rows and the sample of validation rows: nearly equal ones, else equal ones.

    The second are found where many rows are near each other by chance, as in a single column.
    """
    validation = state.validation
    if validation is None:
        return
    copies = Copies(state.data, state.net.dtype)
    equal, near = copies.equal(validation.x), copies.near(validation.x)
    for shared, among in ((near, copies.near), (equal, copies.equal)):
        n, many = len(shared), sum(shared)
        if many < max(_FEWEST, _SHARE * n):
            return
        own = sum(among(state.x, itself=True))
        apart = shared is near  # equal rows are, too
        are_copies = apart and _are_copies(copies, state, shared)
        if not are_copies and not _are_unlike(copies, state, shared, own, apart=apart):
            continue
        twins = own / len(state.x)
        rows = [int(row) for row, there in zip(validation.rows, shared, strict=True) if there]
        other, said = many - sum(equal), ""
        fields: dict[str, Any] = {}
        if are_copies and twins >= _AS_OFTEN * many / n:
            said, fields = _as_within(_with_other_targets(copies, state, equal))
        nearly = f" ({other:,} of them but for a millionth or so)" if other > 0 else ""
        yield LEAK.found(
            f"{many:,} of {n:,} validation rows are training rows{nearly}: {many / n:.1%}, the "
            f"first is validation row {rows[0]}; of the training rows {twins:.1%} have an equal "
            f"among themselves{said}",
            **fields,
            numbers={
                "shared": many,
                "to_the_bit": min(sum(equal), many),
                "validation_rows": n,
                "share": many / n,
                "twins": twins,
                "rows": rows[:20],
            },
        )
        return


def _as_within(differ: float) -> tuple[str, dict[str, Any]]:
    """What equal rows are that the training has among its own, too, and fields of the finding."""
    if differ < _OTHER_TARGETS:
        return ": copies that were made before the split", {}
    fields = {"severity": "note", "asks": True, "advice": _OF_ONE_THING + LEAK.advice}
    return f"; {differ:.1%} of those shared have another target there", fields


def _with_other_targets(copies: Copies, state: State, equal: list[bool]) -> float:
    """The share of validation rows whose equal in training, to the bit, has another target."""
    assert state.validation is not None
    shared = np.flatnonzero(equal)
    rows = copies.first_equal(state.validation.x[shared])
    pairs = [(at, row) for at, row in zip(shared, rows, strict=True) if row is not None]
    if not pairs:
        return 0.0
    at, row = map(list, zip(*pairs, strict=True))
    there, here = (
        np.asarray(targets, np.float64).reshape(len(pairs), -1)
        for targets in (state.validation.y_of_rows[at], state.data.y[row])
    )
    return float((np.abs(there - here) > _NO_DIGITS * np.abs(here)).any(axis=1).mean())


def _are_copies(copies: Copies, state: State, shared: list[bool]) -> bool:
    """Whether so many different rows are equal as by nature are not, however often they are there.

    One row may be there often by nature where measurements are: all 0 where nothing was measured.
    """
    assert state.validation is not None
    validation = state.validation.x
    rows, others = copies.different(state.x), copies.different(validation)
    both = copies.different(validation[np.array(shared)])
    if len(both) < max(_FEWEST, _SHARE * len(others)):
        return False
    pairs = len(rows) * len(others) * (state.data.n / len(state.x))
    return equal_by_nature(rows, pairs) < _BY_NATURE


def _are_unlike(copies: Copies, state: State, shared: list[bool], own: int, *, apart: bool) -> bool:
    """Whether rows are shared more often than they are equal within the training.

    Rows that are near each other by chance may be none among few: where they may be a little apart
    one more is assumed.
    """
    n, many, within = len(shared), sum(shared), len(state.x)
    least = min((own + apart) / within, 1.0)
    if many / n <= 2 * least + 3 * math.sqrt(least * (1 - least) / n):
        return False
    return copies.measured or _are_more(many, n, own, state.data)


def _are_more(shared: int, n: int, own: int, data: Data) -> bool:
    """Whether pairs lie between the two sets more often than rows that were dealt out at random.

    Of rows that are all there each pair within the training is counted twice, as a row and as its
    equal.
    """
    twice = 2 if len(data.rows) == data.n else 1
    pairs, rows = shared + own / twice, n + len(data.rows) / twice
    expected = pairs * n / rows
    return shared - expected > _SURE * math.sqrt(expected * (1 - n / rows))


CHECKS = (leak,)
