"""Metrics, in binary64 whatever the format of the network (section 10).

All but the areas of `rankings` come of sums over the rows of a batch; the sums of the batches are
added in their order, and divided once at the end.  A row counts as often as its weight says.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from .arithmetic import FLOAT64
from .arrays import Matrix, Vector, columns
from .losses import LOSSES, Loss
from .named import Choice, Table


@dataclass
class MetricSums:
    """The sums of an epoch, or of an evaluation.

    Parameters
    ----------
    loss : str or Loss
        Decisions are one a row where its targets are classes, else one an output.

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
    rows: float = 0.0
    """Their weight: their number where they have none of their own."""
    outputs: int = 0
    first: list[float] = field(default_factory=list)
    """The targets of the first row that counts: r2 looks at the distances to them."""
    absolute: list[float] = field(default_factory=list)
    """One sum for each output, as the next three."""
    squared: list[float] = field(default_factory=list)
    centred: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)
    correct: float = 0.0
    hits: list[float] = field(default_factory=list)
    """One for each class, as the next two; or two for each output, of the answers no and yes."""
    wanted: list[float] = field(default_factory=list)
    guessed: list[float] = field(default_factory=list)
    places: list[float] = field(default_factory=list)
    """Of classes: how much has its label among the first k + 1."""
    entropy: float = 0.0

    def add(self, Z: Matrix, Y: Matrix, targets: Matrix, weights: Vector | None = None) -> None:
        """Add a batch.

        Parameters
        ----------
        Z, Y : matrices of shape (B, O)
            Sums and outputs of the last layer.
        targets : matrix of shape (B, O)
            In the format of the network.
        weights : vector of length B, optional
            Likewise.
        """
        w = [1.0] * len(targets) if weights is None else list(weights)
        if self.outputs == 0:
            self._begin(len(targets[0]))
        if not self.first:
            self.first = next((list(t) for t, w_r in zip(targets, w, strict=True) if w_r), [])
        self.rows = self.rows + FLOAT64.row_total(w)
        self._add_decisions(Z, targets, w)
        self._add_entropy(Z, targets, w)
        if self.of_classes or not self.first:
            return
        for k, (y, t) in enumerate(zip(columns(Y), columns(targets), strict=True)):
            errors = [y_r - t_r for y_r, t_r in zip(y, t, strict=True)]
            distances = [t_r - self.first[k] for t_r in t]
            for sums, terms in (
                (self.absolute, [abs(e) for e in errors]),
                (self.squared, [e * e for e in errors]),
                (self.centred, distances),
                (self.squares, [c * c for c in distances]),
            ):
                sums[k] = sums[k] + FLOAT64.row_total(_weighted(w, terms))

    def _begin(self, outputs: int) -> None:
        self.outputs = outputs
        answers = outputs if self.of_classes else 2 * outputs
        self.absolute, self.squared, self.centred, self.squares = ([0.0] * outputs for _ in "1234")
        self.hits, self.wanted, self.guessed = ([0.0] * answers for _ in "123")
        self.places = [0.0] * outputs

    def _add_decisions(self, Z: Matrix, targets: Matrix, w: Vector) -> None:
        if self.of_classes:
            guesses: list[tuple[int, ...]] = [(_largest(z),) for z in Z]
            labels: list[tuple[int, ...]] = [(_largest(t),) for t in targets]
        else:
            # a probability above one half is a positive z
            guesses = [tuple(2 * k + (z_k > 0.0) for k, z_k in enumerate(z)) for z in Z]
            labels = [tuple(2 * k + (t_k > 0.5) for k, t_k in enumerate(t)) for t in targets]
        pairs = list(zip(guesses, labels, strict=True))
        right = [float(sum(g == t for g, t in zip(*pair, strict=True))) for pair in pairs]
        self.correct = self.correct + FLOAT64.row_total(_weighted(w, right))
        for k in range(len(self.hits)):
            for sums, counts in (
                (self.hits, [k in g and k in t for g, t in pairs]),
                (self.wanted, [k in t for _, t in pairs]),
                (self.guessed, [k in g for g, _ in pairs]),
            ):
                sums[k] = sums[k] + FLOAT64.row_total(_where(counts, w))
        if self.of_classes:
            places = [_place(z, label[0]) for z, label in zip(Z, labels, strict=True)]
            for k in range(self.outputs):
                counts = [place <= k for place in places]
                self.places[k] = self.places[k] + FLOAT64.row_total(_where(counts, w))

    def _add_entropy(self, Z: Matrix, targets: Matrix, w: Vector) -> None:
        if LOSSES.choice(self.loss).targets not in ("probabilities", "classes"):
            return
        entropy = LOSSES.choice("cross_entropy" if self.of_classes else "binary_cross_entropy")
        terms = [entropy.row(FLOAT64, z, t, 1.0)[0] for z, t in zip(Z, targets, strict=True)]
        self.entropy = self.entropy + FLOAT64.row_total(_weighted(w, terms))

    def value(self, metric: "str | Metric") -> float:
        """Return a metric of all rows that were added.

        Parameters
        ----------
        metric : str or Metric
            One of `METRICS`, with its number where it is not the default: "top_k(3)".

        Raises
        ------
        ValueError
            For an unknown name.
        """
        return METRICS.choice(metric).of(self)

    @property
    def of_classes(self) -> bool:
        """Whether the targets are classes."""
        return self.labels or LOSSES.choice(self.loss).targets == "classes"

    @property
    def elements(self) -> float:
        """Weight of the rows times the number of outputs."""
        return self.rows * float(self.outputs)

    @property
    def decisions(self) -> float:
        """Weight of all decisions."""
        return self.rows if self.of_classes else self.elements


class Metric(Choice):
    """A metric, with its number."""

    ranks: ClassVar[bool] = False
    """Whether it looks at all predictions at once: then it is of `rankings`."""

    def of(self, sums: MetricSums) -> float:
        """Return its value."""
        return self._value(sums)

    def _value(self, _: MetricSums) -> float:
        message = f"[metrics] {self} is none of sums: it looks at all predictions at once"
        raise ValueError(message)


METRICS: Table[Metric] = Table("metrics", "metric")


@METRICS.add
class Accuracy(Metric):
    """Share of the decisions that are right."""

    name = "accuracy"

    def _value(self, sums: MetricSums) -> float:
        return sums.correct / sums.decisions


@METRICS.add
class MAE(Metric):
    """Mean absolute error."""

    name = "mae"

    def _value(self, sums: MetricSums) -> float:
        return _in_order(sums.absolute) / sums.elements


@METRICS.add
class MSE(Metric):
    """Mean squared error."""

    name = "mse"

    def _value(self, sums: MetricSums) -> float:
        return _in_order(sums.squared) / sums.elements


@METRICS.add
class R2(Metric):
    """Share of the spread of an output that is explained, the mean over outputs."""

    name = "r2"

    def _value(self, sums: MetricSums) -> float:
        shares = [self._explained(sums, k) for k in range(sums.outputs)]
        return _in_order(shares) / float(len(shares))

    def _explained(self, sums: MetricSums, k: int) -> float:
        spread = sums.squares[k] - sums.centred[k] * sums.centred[k] / sums.rows
        if spread > 0.0:
            return 1.0 - sums.squared[k] / spread
        # a constant target is explained fully or not at all
        return 0.0 if sums.squared[k] > 0.0 else 1.0


@METRICS.add
class RMSE(Metric):
    """Root of an output's mean squared error, the mean over outputs."""

    name = "rmse"

    def _value(self, sums: MetricSums) -> float:
        roots = [math.sqrt(s / sums.rows) for s in sums.squared]
        return _in_order(roots) / float(len(roots))


@METRICS.add
class BalancedAccuracy(Metric):
    """Mean recall of the classes that there are, or of each output's two answers."""

    name = "balanced_accuracy"

    def _value(self, sums: MetricSums) -> float:
        size = len(sums.hits) if sums.of_classes else 2
        means = []
        for low in range(0, len(sums.hits), size):
            recalls = [
                sums.hits[k] / sums.wanted[k] for k in range(low, low + size) if sums.wanted[k]
            ]
            means.append(FLOAT64.divide(_in_order(recalls), float(len(recalls))))
        return _in_order(means) / float(len(means))


@METRICS.add
@dataclass(frozen=True)
class TopK(Metric):
    """Share of the rows whose label is among the k largest outputs."""

    name = "top_k"
    k: float = 5.0

    def _value(self, sums: MetricSums) -> float:
        return sums.places[min(int(self.k), sums.outputs) - 1] / sums.rows


@dataclass(frozen=True)
class _OfLabel(Metric):
    """Of one label, or, with -1, the mean of those there are."""

    label: float = -1.0

    def _value(self, sums: MetricSums) -> float:
        every = range(sums.outputs)
        yes = every if sums.of_classes else [2 * k + 1 for k in every]
        if self.label >= 0.0:
            single = not sums.of_classes and sums.outputs == 1
            return self._score(sums, int(self.label) if single else yes[int(self.label)])
        # a class that nobody wanted or guessed is none
        present = [k for k in yes if not sums.of_classes or sums.wanted[k] + sums.guessed[k]]
        scores = [self._score(sums, k) for k in present]
        return FLOAT64.divide(_in_order(scores), float(len(scores)))

    def _score(self, sums: MetricSums, k: int) -> float:
        raise NotImplementedError


@METRICS.add
class Precision(_OfLabel):
    """Share of what was taken for a label that has it."""

    name = "precision"

    def _score(self, sums: MetricSums, k: int) -> float:
        return _ratio(sums.hits[k], sums.guessed[k])


@METRICS.add
class Recall(_OfLabel):
    """Share of what has a label that was taken for it."""

    name = "recall"

    def _score(self, sums: MetricSums, k: int) -> float:
        return _ratio(sums.hits[k], sums.wanted[k])


@METRICS.add
class F1(_OfLabel):
    """Harmonic mean of precision and recall."""

    name = "f1"

    def _score(self, sums: MetricSums, k: int) -> float:
        return _ratio(2.0 * sums.hits[k], sums.wanted[k] + sums.guessed[k])


@METRICS.add
class LogLoss(Metric):
    """The entropy of the targets, whatever the loss."""

    name = "log_loss"

    def _value(self, sums: MetricSums) -> float:
        return sums.entropy / sums.decisions


def _ratio(part: float, whole: float) -> float:
    """Return a share, 0 of nothing."""
    return part / whole if whole > 0.0 else 0.0


def _weighted(weights: Vector, terms: Iterable[float]) -> list[float]:
    """Terms times the weights of their rows; what has no weight is nothing, whatever it is."""
    return [0.0 if w == 0.0 else w * term for w, term in zip(weights, terms, strict=True)]


def _where(counts: Iterable[bool], weights: Vector) -> list[float]:
    return [w if counted else 0.0 for counted, w in zip(counts, weights, strict=True)]


def _largest(values: Vector) -> int:
    """Position of the largest number, the first of equals."""
    best = 0
    for k in range(1, len(values)):
        if values[k] > values[best]:
            best = k
    return best


def _place(values: Vector, k: int) -> int:
    """How many numbers come before number k: larger ones, and equal ones on its left."""
    return sum(v > values[k] or (v == values[k] and i < k) for i, v in enumerate(values))


def _in_order(values: Sequence[float]) -> float:
    total = 0.0
    for value in values:
        total = total + value
    return total
