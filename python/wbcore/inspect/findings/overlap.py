"""Rows that training and validation have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

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
    "over columns of the chance that two rows agree, as of three columns of measurements. Equal to "
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
        other = many - sum(equal)
        nearly = f" ({other:,} of them but for a millionth or so)" if other > 0 else ""
        yield LEAK.found(
            f"{many:,} of {n:,} validation rows are training rows{nearly}: {many / n:.1%}, the "
            f"first is validation row {rows[0]}; of the training rows {twins:.1%} have an equal "
            "among themselves",
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
