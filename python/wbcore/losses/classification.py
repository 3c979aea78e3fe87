"""Losses of decisions: of two classes, or of several."""

from __future__ import annotations

from dataclasses import dataclass

from wbcore.losses.base import Loss

__all__ = ["BinaryCrossEntropy", "CrossEntropy", "Focal", "Hinge", "KLDivergence", "SquaredHinge"]


@dataclass(frozen=True, repr=False)
class BinaryCrossEntropy(Loss, row="binary_cross_entropy"):
    """Mean of -y log(p) - (1 - y) log(1 - p) with p = sigmoid(logits), without forming p; in nats.

    Targets are from 0 to 1.

    Parameters
    ----------
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Examples
    --------
    >>> import wbcore as wb
    >>> round(wb.losses.BinaryCrossEntropy()([0.0, 1000.0], [1, 1]), 4)
    0.3466
    """


@dataclass(frozen=True, repr=False)
class CrossEntropy(Loss, row="cross_entropy"):
    """Mean over rows of -sum(y log(p)) with p = softmax(logits), without forming p; in nats.

    Targets are labels, whole numbers from 0 to O - 1; or one row of shares for each row, at least 0
    and summing to 1.

    Parameters
    ----------
    label_smoothing : float, default 0
        From 0 to below 1. Targets y become (1 - label_smoothing) y + label_smoothing / O, so that
        no class is ever aimed at with certainty (Szegedy and others, 2016); as in
        `torch.nn.CrossEntropyLoss`.
    output_weights : None
        Not for this loss: its outputs are the classes of one decision.

    Raises
    ------
    TypeError, ValueError
        When label_smoothing is no number from 0 to below 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> round(wb.losses.CrossEntropy()([[0.0, 0.0], [1000.0, 0.0]], [1, 0]), 4)
    0.3466
    >>> smoothed = wb.losses.CrossEntropy(label_smoothing=0.1)
    >>> smoothed([[10.0, 0.0]], [0]) > 0.5, str(smoothed)
    (True, 'cross_entropy(0.1)')
    """

    label_smoothing: float = 0.0

    @property
    def _smoothing(self) -> float:
        return self.label_smoothing


@dataclass(frozen=True, repr=False)
class Focal(Loss, row="focal"):
    """Binary cross-entropy in which what is already right counts little (Lin and others, 2017).

    The mean of -y alpha (1 - p)^gamma log(p) - (1 - y) (1 - alpha) p^gamma log(1 - p) with
    p = sigmoid(logits), without forming p; in nats. Targets are from 0 to 1. With gamma = 0 and
    alpha = 0.5 it is half of `BinaryCrossEntropy`.

    Parameters
    ----------
    gamma : float, default 2
        At least 0; the larger, the less counts what is already right.
    alpha : float, default 0.25
        From 0 to 1, the weight of targets of 1; that of targets of 0 is 1 - alpha. Where 1 is rare
        and more should be found, 0.5 and above.
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Raises
    ------
    TypeError, ValueError
        When gamma is no number of at least 0, or alpha none from 0 to 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> focal = wb.losses.Focal(gamma=1.0)
    >>> round(focal([0.0, 1000.0], [1, 1]), 4), str(focal)
    (0.0433, 'focal(1)')
    """

    gamma: float = 2.0
    alpha: float = 0.25


@dataclass(frozen=True, repr=False)
class Hinge(Loss, row="hinge"):
    """By how much outputs miss a margin: the mean of max(0, 1 - s * outputs), s the targets' sign.

    The loss of linear support vector machines (Cortes and Vapnik, 1995). The last activation is
    identity (or tanh); an output above 0 says 1. The gradient is 0 where the margin is just kept.

    Targets are 0 and 1, or -1 and 1, each output by itself, as in Keras; or integer labels (B,)
    when there are several outputs: each label stands for 1 at its output and -1 at the others, one
    against the rest, as in scikit-learn's `LinearSVC`. Accuracy with labels is that of the largest
    output.

    Parameters
    ----------
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.Hinge()([2.0, 0.5, -0.5], [1, 1, 1]), wb.losses.Hinge()([0.5], [-1])
    (0.6666666666666666, 1.5)
    >>> wb.losses.Hinge()([[2.0, -1.0, 0.0]], [0])
    0.3333333333333333
    """


@dataclass(frozen=True, repr=False)
class SquaredHinge(Loss, row="squared_hinge"):
    """The mean of max(0, 1 - s * outputs)^2, s the targets' sign; otherwise as `Hinge`.

    Its gradient bends where that of `Hinge` jumps. The default of scikit-learn's `LinearSVC`.

    Parameters
    ----------
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.SquaredHinge()([2.0, 0.5, -0.5], [1, 1, 1])
    0.8333333333333334
    """


@dataclass(frozen=True, repr=False)
class KLDivergence(Loss, row="kl_divergence"):
    """Mean over rows of sum(y (log(y) - log(p))) with p = softmax(logits), without forming p; nats.

    How far shares are from those of the targets (Kullback and Leibler, 1951): `CrossEntropy` less
    the entropy of the targets, with the same gradient; 0 where p is y. As
    `torch.nn.KLDivLoss(reduction="batchmean")` of log-softmax.

    Targets are one row of shares for each row, at least 0 and summing to 1; or integer labels from
    0 to O - 1, of which it is the cross-entropy.

    Parameters
    ----------
    output_weights : None
        Not for this loss: its outputs are the classes of one decision.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.KLDivergence()([[1.0, 1.0]], [[0.5, 0.5]])
    0.0
    >>> round(wb.losses.KLDivergence()([[0.0, 0.0]], [[0.25, 0.75]]), 4)
    0.1308
    """
