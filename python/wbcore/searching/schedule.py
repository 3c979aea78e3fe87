"""Rungs of successive halving: how many candidates train how far before they are compared.

Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
2016. All fits of a rung are over before the next begins: who goes on does not depend on who was
first.
"""

from __future__ import annotations

import dataclasses

__all__ = ["Rung", "rungs"]


@dataclasses.dataclass(frozen=True)
class Rung:
    """One comparison: the best `candidates` train to 1/`divisor` of their epochs."""

    candidates: int
    divisor: int
    min_epochs: int

    def epochs(self, total: int) -> int:
        """How far a fit of so many epochs in all trains: at least min_epochs, at most all."""
        return max(-(-total // self.divisor), min(self.min_epochs, total))


def rungs(candidates: int, halving: int | None, total: int | None, min_epochs: int) -> list[Rung]:
    """Return the rungs, the last of which trains at least two candidates to their end.

    Parameters
    ----------
    candidates : int
    halving : int or None
        One in so many goes on to the next rung; None is one rung, of all.
    total : int or None
        How many epochs the estimator has at most: the first rung trains at least `min_epochs` of
        them. None is an estimator that trains at once: one rung.
    min_epochs : int

    Examples
    --------
    >>> from wbcore.searching.schedule import rungs
    >>> [(rung.candidates, rung.epochs(200)) for rung in rungs(50, 3, 200, 5)]
    [(50, 8), (17, 23), (6, 67), (2, 200)]
    >>> [(rung.candidates, rung.epochs(20)) for rung in rungs(50, 3, 20, 5)]
    [(50, 7), (17, 20)]
    """
    counts = [candidates]
    if halving is not None and total is not None:
        divisor = halving
        while -(-counts[-1] // halving) >= 2 and total // divisor >= min_epochs:
            counts.append(-(-counts[-1] // halving))
            divisor *= halving
    last = len(counts) - 1
    return [
        Rung(count, (halving or 1) ** (last - place), min_epochs)
        for place, count in enumerate(counts)
    ]
