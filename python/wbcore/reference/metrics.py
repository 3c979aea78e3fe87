"""Metrics, in binary64 whatever the format of the network (section 10).

Every metric comes of sums over the rows of a batch; the sums of the batches are added in their
order, and divided once at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .arithmetic import FLOAT64
from .arrays import Matrix, Vector, columns
from .losses import LOSSES, Loss

METRICS = ("accuracy", "mae", "mse", "r2")


@dataclass
class MetricSums:
    """The sums of an epoch, or of an evaluation.

    Parameters
    ----------
    loss : str or Loss
        Accuracy is that of the largest output where the targets are classes, else that of each.

    Examples
    --------
    >>> sums = MetricSums("mse")
    >>> sums.add([[1.0], [2.0]], [[1.0], [2.0]], [[1.0], [3.0]])
    >>> sums.add([[4.0]], [[4.0]], [[5.0]])
    >>> sums.value("mse") == 2 / 3, sums.value("r2")
    (True, 0.75)
    """

    loss: str | Loss
    labels: bool = False
    """Whether the targets were labels, of any loss."""
    rows: int = 0
    correct: int = 0
    first: list[float] = field(default_factory=list)
    """The targets of the first row of all: r2 looks at the distances to them."""
    absolute: list[float] = field(default_factory=list)
    """One sum for each output, as the next three."""
    squared: list[float] = field(default_factory=list)
    centred: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)

    def add(self, Z: Matrix, Y: Matrix, targets: Matrix) -> None:
        """Add a batch.

        Parameters
        ----------
        Z, Y : matrices of shape (B, O)
            Sums and outputs of the last layer.
        targets : matrix of shape (B, O)
            In the format of the network.
        """
        if self.rows == 0:
            self.first = list(targets[0])
            zeros = [0.0] * len(targets[0])
            self.absolute, self.squared = zeros[:], zeros[:]
            self.centred, self.squares = zeros[:], zeros[:]
        self.rows += len(targets)
        if self._of_classes:
            pairs = zip(Z, targets, strict=True)
            self.correct += sum(_largest(z) == _largest(t) for z, t in pairs)
            return
        for z, t in zip(Z, targets, strict=True):
            # a probability above one half is a positive z
            self.correct += sum((z_k > 0.0) == (t_k > 0.5) for z_k, t_k in zip(z, t, strict=True))
        for k, (y, t) in enumerate(zip(columns(Y), columns(targets), strict=True)):
            errors = [y_r - t_r for y_r, t_r in zip(y, t, strict=True)]
            distances = [t_r - self.first[k] for t_r in t]
            for sums, terms in (
                (self.absolute, [abs(e) for e in errors]),
                (self.squared, [e * e for e in errors]),
                (self.centred, distances),
                (self.squares, [c * c for c in distances]),
            ):
                sums[k] = sums[k] + FLOAT64.row_total(terms)

    def value(self, name: str) -> float:
        """Return a metric of all rows that were added.

        Parameters
        ----------
        name : str
            One of `METRICS`.

        Raises
        ------
        ValueError
            For an unknown name.
        """
        elements = float(self.rows * len(self.first))
        match name:
            case "accuracy":
                decisions = float(self.rows) if self._of_classes else elements
                return float(self.correct) / decisions
            case "mae":
                return _in_order(self.absolute) / elements
            case "mse":
                return _in_order(self.squared) / elements
            case "r2":
                shares = [self._explained(k) for k in range(len(self.first))]
                return _in_order(shares) / float(len(shares))
            case _:
                message = f"[metrics] unknown metric {name!r}; known: {', '.join(METRICS)}"
                raise ValueError(message)

    @property
    def _of_classes(self) -> bool:
        return self.labels or LOSSES.choice(self.loss).targets == "classes"

    def _explained(self, k: int) -> float:
        """Share of the spread of output k that is explained."""
        spread = self.squares[k] - self.centred[k] * self.centred[k] / float(self.rows)
        if spread > 0.0:
            return 1.0 - self.squared[k] / spread
        # a constant target is explained fully or not at all
        return 0.0 if self.squared[k] > 0.0 else 1.0


def _largest(values: Vector) -> int:
    """Position of the largest number, the first of equals."""
    best = 0
    for k in range(1, len(values)):
        if values[k] > values[best]:
            best = k
    return best


def _in_order(values: Sequence[float]) -> float:
    total = 0.0
    for value in values:
        total = total + value
    return total
