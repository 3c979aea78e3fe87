"""Losses and their gradients (section 6).

Most compare the outputs y of the last layer with the targets, and their gradient goes through its
activation.  Those that undo an activation work on the sums z of the last layer, whether its
activation is identity or that one, and give the gradient by z directly.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from .activations import ACTIVATIONS
from .arithmetic import FLOAT64, Arithmetic
from .arrays import Matrix, Vector
from .functions import exp, expm1, log, log1p, reduce, sigmoid, tanh
from .named import Choice, Table
from .softmax import softmax_parts

Labels = Sequence[int]
LOG_2 = 0.6931471805599453
Row = tuple[float, list[float]]


@dataclass(frozen=True)
class Loss(Choice):
    """A loss with its numbers."""

    undoes: ClassVar[tuple[str, ...]] = ()
    """The activations of the last layer that it includes: it works on the sums then, and takes no
    others.  None: it works on the outputs, whatever the activation."""
    targets: ClassVar[
        Literal["numbers", "probabilities", "classes", "counts", "positives", "signs"]
    ] = "numbers"
    """Numbers; from 0 to 1, each by itself; labels, or rows that sum to 1; at least 0; above 0; 0
    and 1 or -1 and 1, or labels."""
    output_weights: tuple[float, ...] = field(default=(), kw_only=True, repr=False)
    """Of the outputs, in the mean over elements.  None: all weigh alike."""

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        """Row loss and gradient of a row; n is T(N)."""
        elements = [
            self.element(arith, k, y_k, t_k, n)
            for k, (y_k, t_k) in enumerate(zip(y, t, strict=True))
        ]
        return self.total(arith, [loss for loss, _ in elements]), [slope for _, slope in elements]

    def element(
        self, arith: Arithmetic, k: int, y: float, t: float, n: float
    ) -> tuple[float, float]:
        """Loss and gradient of output k of a row; n is T(N)."""
        raise NotImplementedError

    def addends(self, arith: Arithmetic, y: Vector, t: Vector) -> tuple[Vector | None, Vector]:
        """What a row loss is the sum of: factors, if there are some, and addends."""
        pairs = zip(y, t, strict=True)
        return self._factors(arith), [
            self.element(arith, k, y_k, t_k, 1.0)[0] for k, (y_k, t_k) in enumerate(pairs)
        ]

    def _factors(self, arith: Arithmetic) -> Vector | None:
        return [arith.T(w) for w in self.output_weights] or None

    def total(self, arith: Arithmetic, losses: Vector) -> float:
        """Row loss of the losses of the elements of a row."""
        factors = self._factors(arith)
        if factors is None:
            return arith.feature_total(losses)
        return arith.feature_sum(0.0, factors, losses)

    @property
    def addend(self) -> str:
        """A formula of `addends`, of y or z and its target t."""
        raise NotImplementedError

    @property
    def slope(self) -> str:
        """Likewise of N times the gradient."""
        raise NotImplementedError

    @property
    def note(self) -> str:
        """What the names in these formulas are, where they are long."""
        return ""

    def weighed(self, arith: Arithmetic, row: Row) -> Row:
        """Weigh the gradient of a row by outputs."""
        if not self.output_weights:
            return row
        weights = [arith.T(w) for w in self.output_weights]
        return row[0], [arith.T(g * w) for g, w in zip(row[1], weights, strict=True)]

    @property
    def levels(self) -> int:
        """How many outputs there are for a target."""
        return 1

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Which of the targets the best constant outputs are, in turn.  None: their means."""
        return ()

    @property
    def smoothing(self) -> float:
        """The share of each target that all classes have alike."""
        return 0.0

    def count(self, rows: float, width: int) -> float:
        """Of what a loss is the mean: of elements, unless a subclass says otherwise.

        ``rows`` is their weight: their number where they have none of their own.
        """
        if not self.output_weights:
            return rows * width
        total = 0.0
        for weight in self.output_weights:
            total = FLOAT64.T(total + weight)
        return FLOAT64.T(rows * total)

    def works_on_sums(self, activation: str) -> bool:
        """Whether a loss works on z, and its gradient is by z, after a last activation.

        Raises
        ------
        ValueError
            When it does, but not with this activation.
        """
        if self.undoes and ACTIVATIONS.choice(activation).name not in self.undoes:
            known = " or ".join(self.undoes)
            message = f"[losses] {self} works on {known}, not {activation}"
            raise ValueError(message)
        return bool(self.undoes)

    def __str__(self) -> str:
        weights = ", ".join(repr(w).removesuffix(".0") for w in self.output_weights)
        return f"{super().__str__()}[{weights}]" if weights else super().__str__()


class LossTable(Table[Loss]):
    """The losses, whose texts may end in output weights: "mse[1, 2]"."""

    def _parse(self, text: str) -> Loss:
        before, opened, rest = text.strip().partition("[")
        loss = super()._parse(before)
        if not opened:
            return loss
        weights = tuple(float(word) for word in rest.removesuffix("]").split(","))
        return replace(loss, output_weights=weights)


LOSSES: Table[Loss] = LossTable("losses", "loss")


def loss_and_gradient(
    arith: Arithmetic, loss: str | Loss, outputs: Matrix, targets: Matrix
) -> tuple[float, list[list[float]]]:
    """Mean loss over a batch and its gradient.

    Parameters
    ----------
    loss : str or Loss
        One of `LOSSES`, with its numbers where they are not the defaults.
    outputs : matrix of shape (B, O)
        Outputs y of the last layer, or its sums z for a loss that undoes an activation.
    targets : matrix of shape (B, O)
        In the format of ``arith``; labels go through `target_rows` first.

    Returns
    -------
    loss : float
        In binary64.
    gradient : matrix of shape (B, O)
        By ``outputs``.

    Raises
    ------
    ValueError
        For an unknown name.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> loss_and_gradient(FLOAT64, "mse", [[1.0, 2.0]], [[1.0, 0.0]])
    (2.0, [[0.0, 2.0]])
    >>> loss_and_gradient(FLOAT64, "huber(0.5)", [[1.0, 2.0]], [[1.0, 0.0]])
    (0.4375, [[0.0, 0.25]])
    >>> value, gradient = loss_and_gradient(FLOAT64, "cross_entropy", [[0.0, 0.0]], [[0.0, 1.0]])
    >>> round(value, 12), gradient
    (0.69314718056, [[0.5, -0.5]])
    """
    chosen = LOSSES.choice(loss)
    total, gradient = loss_sum_and_gradient(arith, chosen, outputs, targets)
    return FLOAT64.T(total / chosen.count(len(outputs), len(outputs[0]))), gradient


def loss_sum_and_gradient(
    arith: Arithmetic,
    loss: str | Loss,
    outputs: Matrix,
    targets: Matrix,
    weights: Vector | None = None,
) -> tuple[float, list[list[float]]]:
    """Sum of the row losses of a batch, and the gradient of their mean.

    Parameters, errors and gradient are those of `loss_and_gradient`, and

    weights : vector of length B, optional
        In the format of ``arith``: what each row counts. Default: 1.
    """
    rows = weighed_rows(arith, LOSSES.choice(loss), outputs, targets, weights)
    return arith.row_total([row_loss for row_loss, _ in rows]), [gradient for _, gradient in rows]


def weighed_rows(
    arith: Arithmetic, loss: Loss, outputs: Matrix, targets: Matrix, weights: Vector | None = None
) -> list[Row]:
    """Of each row of a batch its loss and its part of the gradient, times what the row counts."""
    count = loss.count(total_weight(outputs, weights), len(outputs[0]))
    scale = 1.0 if weights is None else _scale(count)
    n = arith.T(count * scale if count > 0.0 else 1.0)
    rows = [
        loss.weighed(arith, loss.row(arith, y, t, n)) for y, t in zip(outputs, targets, strict=True)
    ]
    if weights is None:
        return rows
    return [_weighed(arith, w, scale, row) for w, row in zip(weights, rows, strict=True)]


def total_weight(rows: Matrix, weights: Vector | None) -> float:
    """Return what rows count together, in binary64: their number where they have no weights."""
    return float(len(rows)) if weights is None else FLOAT64.row_total(weights)


def _scale(count: float) -> float:
    """The power of two that brings N to between 1/2 and 1."""
    _, exponent = math.frexp(count)
    return math.ldexp(1.0, -min(max(exponent, -126), 126)) if count > 0.0 else 1.0


def _weighed(arith: Arithmetic, weight: float, scale: float, row: Row) -> Row:
    """A row loss and its gradient times the weight of the row; without weight there is none."""
    T = arith.T
    row_loss, gradient = row
    if weight == 0.0:
        return 0.0, [0.0] * len(gradient)
    factor = T(weight * scale)
    return T(weight * row_loss), [T(d * factor) for d in gradient]


def target_rows(targets: Matrix | Labels, width: int) -> Matrix:
    """Turn integer labels into rows that are 1 at the label and 0 elsewhere; fill other rows up.

    Parameters
    ----------
    targets : matrix of shape (B, O), or B whole numbers
        Or (B, T), T being a divisor of O: each target stands for O / T outputs side by side.
    width : int
        O.

    Returns
    -------
    matrix of shape (B, O)

    Examples
    --------
    >>> target_rows([1, 0], 2)
    [[0.0, 1.0], [1.0, 0.0]]
    >>> target_rows([[0.5, 2.0]], 4)
    [[0.5, 0.5, 2.0, 2.0]]
    """
    return [
        [float(k == target) for k in range(width)]
        if isinstance(target, int)
        else [target[k * len(target) // width] for k in range(width)]
        for target in targets
    ]


def _differences(arith: Arithmetic, y: Vector, t: Vector) -> list[float]:
    return [arith.T(y_k - t_k) for y_k, t_k in zip(y, t, strict=True)]


def _surprises(arith: Arithmetic, z: Vector, t: Vector) -> list[float]:
    """-log softmax(z); what is not expected costs nothing, even where z - M is out of range."""
    T = arith.T
    M, _, S = softmax_parts(arith, z)
    log_S = log(arith, S)
    return [0.0 if t_k == 0.0 else T(log_S - T(z_k - M)) for z_k, t_k in zip(z, t, strict=True)]


def _softmax_slopes(arith: Arithmetic, z: Vector, t: Vector, n: float) -> list[float]:
    T = arith.T
    c = T(1.0 / n)
    _, e, S = softmax_parts(arith, z)
    return [T(T(T(e_k / S) - t_k) * c) for e_k, t_k in zip(e, t, strict=True)]


@LOSSES.add
@dataclass(frozen=True)
class MSE(Loss):
    """Mean squared error."""

    name = "mse"

    @property
    def addend(self) -> str:
        return "(y - t)^2" if self.output_weights else "y - t"

    @property
    def slope(self) -> str:
        return "2 (y - t)"

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        c = arith.T(2.0 / n)
        factors, addends = self.addends(arith, y, t)
        assert factors is not None
        slopes = [arith.T(d * c) for d in _differences(arith, y, t)]
        return arith.feature_sum(0.0, factors, addends), slopes

    def addends(self, arith: Arithmetic, y: Vector, t: Vector) -> tuple[Vector | None, Vector]:
        d = _differences(arith, y, t)
        if self.output_weights:
            return self._factors(arith), [arith.T(d_k * d_k) for d_k in d]
        return d, d


@LOSSES.add
@dataclass(frozen=True)
class MAE(Loss):
    """Mean absolute error."""

    name = "mae"

    @property
    def addend(self) -> str:
        return "|y - t|"

    @property
    def slope(self) -> str:
        return "sign(y - t)"

    @property
    def quantiles(self) -> tuple[float, ...]:
        return (0.5,)

    def element(
        self, arith: Arithmetic, k: int, y: float, t: float, n: float
    ) -> tuple[float, float]:
        c, d = arith.T(1.0 / n), arith.T(y - t)
        return abs(d), c if d > 0.0 else -c if d < 0.0 else 0.0


@LOSSES.add
@dataclass(frozen=True)
class Huber(Loss):
    """A square that turns into a line where the difference is delta."""

    name = "huber"
    delta: float = 1.0

    @property
    def addend(self) -> str:
        return f"|y - t| h - h^2 / 2, h = min(|y - t|, {self.delta:g})"

    @property
    def slope(self) -> str:
        return f"(y - t), held to -{self.delta:g} .. {self.delta:g},"

    def element(
        self, arith: Arithmetic, k: int, y: float, t: float, n: float
    ) -> tuple[float, float]:
        T = arith.T
        delta, c, d = T(self.delta), T(1.0 / n), T(y - t)
        m = abs(d)
        loss = T(T(0.5 * d) * d) if m <= delta else T(delta * T(m - T(0.5 * delta)))
        held = delta if d > delta else -delta if d < -delta else d
        return loss, T(held * c)


@LOSSES.add
@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Of sigmoid's probabilities, each output by itself."""

    name = "binary_cross_entropy"
    undoes = ("identity", "sigmoid")
    targets = "probabilities"

    @property
    def addend(self) -> str:
        return "log(1 + exp(z)) - t z"

    @property
    def slope(self) -> str:
        return "(sigmoid(z) - t)"

    def element(
        self, arith: Arithmetic, k: int, z: float, t: float, n: float
    ) -> tuple[float, float]:
        T = arith.T
        above = arith.fma(-z, t, z if z > 0.0 else 0.0)
        loss = T(above + log1p(arith, exp(arith, -abs(z))))
        return loss, T(T(sigmoid(arith, z) - t) * T(1.0 / n))


@LOSSES.add
@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Of softmax's probabilities, of classes that exclude one another."""

    name = "cross_entropy"
    undoes = ("identity", "softmax")
    targets = "classes"
    label_smoothing: float = 0.0

    @property
    def smoothing(self) -> float:
        return self.label_smoothing

    def count(self, rows: float, width: int) -> float:
        return rows

    @property
    def addend(self) -> str:
        return "-log softmax(z), 0 where t is 0"

    @property
    def slope(self) -> str:
        return "(softmax(z) - smoothed t)" if self.label_smoothing else "(softmax(z) - t)"

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        factors, addends = self.addends(arith, y, t)
        return arith.feature_sum(0.0, factors, addends), _softmax_slopes(arith, y, factors, n)

    def addends(self, arith: Arithmetic, y: Vector, t: Vector) -> tuple[Vector, Vector]:
        factors = self._smoothed(arith, t)
        return factors, _surprises(arith, y, factors)

    def _smoothed(self, arith: Arithmetic, t: Vector) -> Vector:
        if not self.label_smoothing:
            return t
        T = arith.T
        smoothing = T(self.label_smoothing)
        kept, added = T(1.0 - smoothing), T(smoothing / T(len(t)))
        return [arith.fma(kept, t_k, added) for t_k in t]


@LOSSES.add
@dataclass(frozen=True)
class Focal(Loss):
    """Binary cross-entropy, less where the probability of the target is large."""

    name = "focal"
    undoes = ("identity", "sigmoid")
    targets = "probabilities"
    gamma: float = 2.0
    alpha: float = 0.25

    @property
    def addend(self) -> str:
        return "focal(z, t)"

    @property
    def slope(self) -> str:
        return "slope(z, t)"

    @property
    def note(self) -> str:
        gamma, one, zero = f"{self.gamma:g}", f"{self.alpha:g} t", f"{1.0 - self.alpha:g} (1 - t)"
        return (
            f"focal(z, t) = -{one} q^{gamma} log(p) - {zero} p^{gamma} log(q), "
            f"p = sigmoid(z), q = 1 - p\n"
            f"slope(z, t) = {one} q^{gamma} ({gamma} p log(p) - q) + "
            f"{zero} p^{gamma} (p - {gamma} q log(q))"
        )

    def element(
        self, arith: Arithmetic, k: int, z: float, t: float, n: float
    ) -> tuple[float, float]:
        T, fma = arith.T, arith.fma
        gamma, alpha, c = T(self.gamma), T(self.alpha), T(1.0 / n)
        u = log1p(arith, exp(arith, -abs(z)))
        a, b = T((-z if z < 0.0 else 0.0) + u), T((z if z > 0.0 else 0.0) + u)
        v, w = exp(arith, T(-gamma * b)), exp(arith, T(-gamma * a))
        f, h = T(t * alpha), T(T(1.0 - t) * T(1.0 - alpha))
        p, q = sigmoid(arith, z), sigmoid(arith, -z)
        one = T(v * fma(gamma, T(p * a), q))
        zero = T(w * fma(gamma, T(q * b), p))
        loss = fma(f, T(v * a), T(h * T(w * b)))
        return loss, T(fma(-f, one, T(h * zero)) * c)


@LOSSES.add
@dataclass(frozen=True)
class Quantile(Loss):
    """Of levels, each an output of a target: too small costs q, too large 1 - q."""

    name = "quantile"
    q1: float = 0.5
    q2: float = 0.0
    q3: float = 0.0
    q4: float = 0.0
    q5: float = 0.0
    q6: float = 0.0
    q7: float = 0.0
    q8: float = 0.0
    q9: float = 0.0

    @property
    def levels(self) -> int:
        return len(self.numbers) or 1

    @property
    def quantiles(self) -> tuple[float, ...]:
        return self.numbers or (self.q1,)

    @property
    def addend(self) -> str:
        return "q (t - y) below t, (1 - q) (y - t) above"

    @property
    def slope(self) -> str:
        return "-q below t, 1 - q above,"

    def element(
        self, arith: Arithmetic, k: int, y: float, t: float, n: float
    ) -> tuple[float, float]:
        T = arith.T
        q = T(self.quantiles[k % self.levels])
        c, d = T(1.0 / n), T(y - t)
        if d > 0.0:
            return T(T(1.0 - q) * d), T(T(1.0 - q) * c)
        return T(q * -d), T(-q * c) if d < 0.0 else 0.0


@LOSSES.add
@dataclass(frozen=True)
class Poisson(Loss):
    """Of counts, whose rate is exp(z)."""

    name = "poisson"
    undoes = ("identity", "exp")
    targets = "counts"

    @property
    def addend(self) -> str:
        return "exp(z) - t z"

    @property
    def slope(self) -> str:
        return "(exp(z) - t)"

    def element(
        self, arith: Arithmetic, k: int, y: float, t: float, n: float
    ) -> tuple[float, float]:
        T = arith.T
        rate = exp(arith, y)
        return arith.fma(-t, y, rate), T(T(rate - t) * T(1.0 / n))


@LOSSES.add
@dataclass(frozen=True)
class GammaDeviance(Loss):
    """Of positive numbers, whose mean is exp(z)."""

    name = "gamma_deviance"
    undoes = ("identity", "exp")
    targets = "positives"

    @property
    def addend(self) -> str:
        return "2 (t exp(-z) - 1 - log t + z)"

    @property
    def slope(self) -> str:
        return "2 (1 - t exp(-z))"

    def element(
        self, arith: Arithmetic, k: int, y: float, t: float, n: float
    ) -> tuple[float, float]:
        T = arith.T
        u = T(log(arith, t) - y)
        if abs(u) <= 0.25:
            p = reduce(arith, u)[2]
            above_one, above_line = T(u + p), p
        else:
            above_one = T(exp(arith, u) - 1.0)
            above_line = T(above_one - u)
        return T(above_line + above_line), T(-above_one * T(2.0 / n))


@LOSSES.add
@dataclass(frozen=True)
class LogCosh(Loss):
    """Half a square near 0, a line far away."""

    name = "log_cosh"

    @property
    def addend(self) -> str:
        return "log cosh(y - t)"

    @property
    def slope(self) -> str:
        return "tanh(y - t)"

    def element(
        self, arith: Arithmetic, k: int, y: float, t: float, n: float
    ) -> tuple[float, float]:
        T = arith.T
        d = T(y - t)
        m = abs(d)
        if m < 1.0:
            x = expm1(arith, -m)
            loss = log1p(arith, arith.divide(T(x * x), T(2.0 + T(2.0 * x))))
        else:
            loss = T(m + T(log1p(arith, exp(arith, T(-2.0 * m))) - T(LOG_2)))
        return loss, T(tanh(arith, d) * T(1.0 / n))


@LOSSES.add
@dataclass(frozen=True)
class Hinge(Loss):
    """By how much an output misses a margin of 1 on its side of 0."""

    name = "hinge"
    targets = "signs"

    @property
    def addend(self) -> str:
        return "max(0, 1 - s y), s = 1 or -1 by t"

    @property
    def slope(self) -> str:
        return "-s where s y < 1, s = 1 or -1 by t,"

    def element(
        self, arith: Arithmetic, k: int, y: float, t: float, n: float
    ) -> tuple[float, float]:
        above = t > 0.0
        miss, c = arith.T(1.0 - (y if above else -y)), arith.T(1.0 / n)
        return (miss, -c if above else c) if miss > 0.0 else (0.0, 0.0)


@LOSSES.add
@dataclass(frozen=True)
class SquaredHinge(Loss):
    """The square of what an output misses."""

    name = "squared_hinge"
    targets = "signs"

    @property
    def addend(self) -> str:
        return "max(0, 1 - s y)^2, s = 1 or -1 by t"

    @property
    def slope(self) -> str:
        return "-2 s max(0, 1 - s y), s = 1 or -1 by t,"

    def element(
        self, arith: Arithmetic, k: int, y: float, t: float, n: float
    ) -> tuple[float, float]:
        T = arith.T
        above = t > 0.0
        miss, c = T(1.0 - (y if above else -y)), T(2.0 / n)
        size = T(miss * c)
        return (T(miss * miss), -size if above else size) if miss > 0.0 else (0.0, 0.0)


@LOSSES.add
@dataclass(frozen=True)
class KLDivergence(Loss):
    """Of softmax's shares from those of the targets."""

    name = "kl_divergence"
    undoes = ("identity", "softmax")
    targets = "classes"

    def count(self, rows: float, width: int) -> float:
        return rows

    @property
    def addend(self) -> str:
        return "log t - log softmax(z), 0 where t is 0"

    @property
    def slope(self) -> str:
        return "(softmax(z) - t)"

    def row(self, arith: Arithmetic, y: Vector, t: Vector, n: float) -> Row:
        factors, addends = self.addends(arith, y, t)
        return arith.feature_sum(0.0, factors, addends), _softmax_slopes(arith, y, t, n)

    def addends(self, arith: Arithmetic, y: Vector, t: Vector) -> tuple[Vector, Vector]:
        # log(0) of a target of 0 is not asked.
        return t, [
            0.0 if t_k == 0.0 else arith.T(log(arith, t_k) + surprise)
            for t_k, surprise in zip(t, _surprises(arith, y, t), strict=True)
        ]
