"""Rows that training and validation have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.copies import Copies
from wbcore.inspect.findings.finding import Finding

if TYPE_CHECKING:
    from wbcore.inspect.findings.data import Data
    from wbcore.inspect.findings.state import State

__all__ = ["CHECKS", "CODES"]

_FEWEST = 3  # a row or two may be equal by chance: one pair of iris's 150 rows is
_SHARE = 0.01
_SURE = 2.5  # standard errors: 3 would pass a third of few rows

LEAK = Code(
    "WB-LEAK",
    "error",
    "both",
    "validation rows that are training rows",
    "at least 3 validation rows, and 1 %, that stand among the training rows, and more than twice "
    "the share of training rows that have an equal among themselves, by 3 standard errors; where "
    "rows may be equal by nature, without two columns of measurements, also more than between two "
    "sets of rows that are dealt out at random. Equal to the bit as the network's numbers (float32 "
    "or float64), or up to 0.00002 of each column's spread; of a single measurement 0.0000005",
    "what was learned by heart looks like what was understood: the validation score is too good, "
    "and early stopping comes too late",
    "drop from validation the rows that are in training, and look at how the two were made: "
    "np.unique(rows, axis=0) before they are parted, no drawing with replacement",
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
        # Rows that are near each other by chance may be none among few: one more is assumed.
        own = sum(among(state.x, itself=True))
        twins = own / len(state.x)
        least = min(twins + (shared is near) / len(state.x), 1.0)
        if many / n <= 2 * least + 3 * math.sqrt(least * (1 - least) / n):
            continue
        if not copies.measured and not _are_more(many, n, own, state.data):
            continue
        rows = [int(row) for row, there in zip(validation.rows, shared, strict=True) if there]
        apart = many - sum(equal)
        nearly = f" ({apart:,} of them but for a millionth or so)" if apart > 0 else ""
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
