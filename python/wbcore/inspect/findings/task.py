"""What targets are: classes, answers yes or no, or numbers; and how wrong outputs are by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _named
from wbcore.activations import name_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["Score", "Task"]

# Losses that outliers hardly move, and networks by them: squares would judge them by outliers.
_ABSOLUTE = ("mae", "huber", "log_cosh")
_FARTHEST_OF_ABSOLUTE = 9.0
_FARTHEST = 1e30  # so that a mean of errors, and of their squares, is finite


@dataclass(frozen=True)
class Score:
    """How wrong outputs are, row by row, in a unit that has no scale.

    Attributes
    ----------
    errors : ndarray of shape (R,)
        Of classes 0 or 1; of numbers the squared error over the variance of the targets, of several
        outputs a mean in which each counts what it does in the loss; where the loss is one of
        absolute errors, that of outliers is held at 3 standard deviations.
    base : float
        What the best constant makes of them on average.
    """

    errors: NDArray[np.float64]
    base: float

    @property
    def mean(self) -> float:
        """The share of wrong rows, or of the variance that is not explained."""
        return float(self.errors.mean())

    @property
    def skill(self) -> float:
        """1 for no error, 0 for those of the best constant: R2, and its like for classes."""
        return 1 - self.mean / self.base if self.base > 0 else 0.0


class Task:
    """What the targets of a loss are.

    Attributes
    ----------
    kind : {"classes", "binary", "many", "numbers"}
        One of K classes; one output that says yes or no; several such; numbers.
    classes : int
        K; 2 of "binary", 0 of the others.

    Parameters
    ----------
    net : Network
    loss : str
    dimensions : int
        Of the targets as they were given.
    """

    def __init__(self, net: Network, loss: str, dimensions: int) -> None:
        row = _named.rows("loss")[loss.partition("(")[0].partition("[")[0]]
        targets, outputs = row.properties["targets"], net.widths[-1]
        name = row.name
        self.signs = targets == "signs"
        self.kind = "numbers"
        # Of several outputs a hinge takes the number of the one that is to be 1, or all signs.
        if targets == "classes" or (self.signs and outputs > 1 and dimensions == 1):
            self.kind = "classes"
        elif targets in ("probabilities", "signs"):
            self.kind = "binary" if outputs == 1 else "many"
        self.classes = {"classes": outputs, "binary": 2}.get(self.kind, 0)
        self.outputs = outputs
        #: Whether outputs can be held against targets: those of quantiles lie beside them.
        self.scored = not row.properties["has_levels"]
        self.absolute = name in _ABSOLUTE
        self._name = name
        last = name_of(net.activation_names[-1])
        #: Counts and amounts have a least loss of any sign.
        self.least_is_zero = row.properties["undone"] != "exp"
        self._of_logarithms = row.properties["undone"] == "exp" and last == "identity"
        self._rounding = float(np.finfo(net.dtype).eps)
        self._half = 0.5 if last == "sigmoid" else 0.0

    def labels(self, y: NDArray[Any]) -> NDArray[np.int64]:
        """The class of each row, (R,); of "many" (R, O)."""
        if self.kind == "classes":
            return np.asarray(y.argmax(axis=1) if y.ndim == 2 else y, np.int64)
        yes = (y > (0 if self.signs else 0.5)).astype(np.int64)
        return yes.reshape(len(y), -1) if self.kind == "many" else yes.reshape(len(y))

    def given(self, outputs: NDArray[Any]) -> NDArray[np.int64]:
        """The class that outputs (R, O) stand for, (R,); of "many" (R, O)."""
        if self.kind == "classes":
            return np.asarray(outputs.argmax(axis=1), np.int64)
        yes = (outputs > self._half).astype(np.int64)
        return yes if self.kind == "many" else yes[:, 0]

    def values(self, y: NDArray[Any]) -> NDArray[np.float64]:
        """Numbers, (R, O)."""
        return np.asarray(y, np.float64).reshape(len(y), -1)

    def score(self, outputs: NDArray[Any], y: NDArray[Any], of: NDArray[Any]) -> Score:
        """How wrong outputs (R, O) are for targets y; `of` are those whose constant is the base."""
        if self.kind == "numbers":
            given = self.values(outputs)
            if self._of_logarithms:
                with np.errstate(over="ignore"):
                    given = np.exp(given)
            return self.score_of_numbers(given, self.values(y), self.values(of))
        return self.score_of_labels(self.given(outputs), self.labels(y), self.labels(of))

    def score_of_labels(
        self, given: NDArray[np.int64], wanted: NDArray[np.int64], of: NDArray[np.int64]
    ) -> Score:
        """The same of classes."""
        wrong = (given != wanted).astype(np.float64)
        if self.kind == "many":
            share = of.mean(axis=0)
            return Score(wrong.mean(axis=1), float(np.minimum(share, 1 - share).mean()))
        return Score(wrong, 1 - float(np.bincount(of).max() / len(of)))

    def score_of_numbers(
        self, given: NDArray[np.float64], wanted: NDArray[np.float64], of: NDArray[np.float64]
    ) -> Score:
        """The same of numbers."""
        centre = np.median(of, axis=0) if self.absolute else of.mean(axis=0)
        unit = of.var(axis=0)
        if self.absolute:  # of a normal distribution that is the variance too
            unit = np.pi / 2 * np.abs(of - centre).mean(axis=0) ** 2
        # of numbers that are all one the mean may be beside them by a rounding
        varies = unit > (self._rounding * np.abs(of).max(axis=0)) ** 2
        if not varies.any():
            return Score(np.zeros(len(wanted)), 0.0)
        most = _FARTHEST_OF_ABSOLUTE if self.absolute else _FARTHEST
        counts = self._in_the_loss(unit[varies], of.mean(axis=0)[varies])
        share = counts / counts.sum()

        def errors(given: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
            with np.errstate(over="ignore"):  # of outputs that have exploded
                squares = (given - wanted)[:, varies] ** 2 / unit[varies]
            return np.asarray(np.minimum(squares, most) @ share, np.float64)

        return Score(errors(given, wanted), float(errors(centre, of).mean()))

    def _in_the_loss(
        self, unit: NDArray[np.float64], mean: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """About what the best constant costs in each output, up to a factor, (O,).

        One that hardly varies is hardly learned, as the loss is one mean of all outputs: an equal
        share for each would be about those that nobody asked the training for.
        """
        if self._name == "mae":
            return np.asarray(np.sqrt(unit), np.float64)
        # (y - m)^2 / m of counts, and (y - m)^2 / m^2 of amounts, is twice what they cost near m
        powers = {"poisson": 1, "gamma_deviance": 2}
        return np.asarray(unit / mean ** powers.get(self._name, 0), np.float64)
