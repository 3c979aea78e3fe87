"""Output biases that begin with how often each answer comes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import numpy as np

from wbcore import _arguments, losses
from wbcore._loss_function import LossFunction
from wbcore._methods import network_method
from wbcore.training.weights import row_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._target_sums import Targets
    from wbcore.data._source import Source
    from wbcore.losses import Loss, LossLike
    from wbcore.network import Network
    from wbcore.training.weights import ClassWeight

__all__ = ["check_bias_init", "prior_biases", "require_biases", "start_at_prior"]

_KINDS = frozenset({"classes", "probabilities", "numbers", "counts", "positives"})  # with a mean


@network_method
def start_at_prior(
    self: Network,
    y: ArrayLike | Source,
    *,
    loss: Loss | str,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
) -> None:
    """Let the last layer begin with what is known without inputs: how often each answer comes.

    Its weights become 0 and its biases what gives the shares of the targets, whatever the input,
    so that the first loss is the entropy of the shares, or the variance of the numbers; without it
    the first epochs of a rare class are spent on learning that it is rare.

    - Losses of probabilities (binary_cross_entropy, focal): log(p / (1 - p)), p being the mean of
      an output's targets.
    - Losses of classes (cross_entropy): log(p), p being the share of a class.
    - Losses that include another activation: its inverse at the mean.
    - Losses of quantiles (quantile, mae): the quantile, or median, of an output's targets, through
      the inverse of the last activation. Of several it is the smallest.
    - All others: the mean of an output's targets, through the same.

    With label smoothing p is the smoothed share. So the first loss is the least of any constant,
    but for focal, huber and log_cosh, whose best constants have no formula.

    What never occurs (a class, a 0 or a 1 of a probability) counts as half a row of mean weight, so
    that all biases are finite; classes that are smoothed need not. Sums are exact and rounded once,
    logarithms are wbcore's own: the same bits on every machine (docs/arithmetic.md, section 9.4).

    `fit(..., bias_init="prior")` does it with the targets and weights of the fit, before its first
    step; so does the first fit of a network whose last layer has ``bias_initializer="prior"``.

    Parameters
    ----------
    y : array-like of shape (B,) or (B, O), or a source
        As the loss takes them. Of a source (`wbcore.data`) those of all its blocks, which are read
        once, with the same result.
    loss : Loss or str
        One of `wbcore.losses`; a function in its place says nothing about its targets.
    sample_weight : array-like of shape (B,), optional
        At least 0, not all 0. Not beside a source, whose blocks may have weights of their own.
    class_weight : dict or "balanced", optional
        As for `fit`; not beside a source.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, the last layer has no biases, or the
        mean or quantile is no value that its activation can have. Nothing has been changed then.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network.mlp([2, 8, 3], seed=0)
    >>> net.start_at_prior([0, 0, 1, 2], loss="cross_entropy")
    >>> wb.softmax(net.predict([[0.3, -7]])).round(6).tolist()
    [[0.5, 0.25, 0.25]]
    """
    weights = sample_weight
    if class_weight is not None:
        from wbcore._target_sums import is_of_source

        if is_of_source(y):
            raise TypeError(
                f"[start_at_prior] expected no class_weight beside a source, got "
                f"{_arguments.shown(class_weight)}"
            )
        weights, _ = row_weights(
            "start_at_prior",
            self,
            _named_loss("start_at_prior", loss),
            cast("ArrayLike", y),
            sample_weight=sample_weight,
            class_weight=class_weight,
        )
    biases = prior_biases("start_at_prior", self, y, loss, weights)
    last = self[len(self) - 1]
    rounded = _arguments.rounded("start_at_prior", "the biases", biases, self.dtype)
    last.weights[...] = 0
    last.biases[...] = rounded
    self._starts_at_prior = False


def check_bias_init(operation: str, value: object) -> str | None:
    """None, or "prior"."""
    if value is None:
        return None
    return _arguments.choice(operation, "bias_init", value, ["prior"], expected="None or")


def prior_biases(
    operation: str,
    network: Network,
    y: ArrayLike | Source,
    loss: LossLike | LossFunction,
    sample_weight: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """The biases that `start_at_prior` sets, (O,), in float64; nothing is changed."""
    from wbcore._target_sums import read

    text = _named_loss(operation, loss)
    require_biases(operation, network)
    targets = read(operation, network, y, text, sample_weight)
    biases = _biases(operation, network, text, targets)
    _arguments.rounded(operation, "the biases", biases, network.dtype)  # or refused
    return biases


def _named_loss(operation: str, loss: LossLike | LossFunction) -> str:
    given = losses.check_given(operation, loss)
    if isinstance(given, LossFunction):
        raise TypeError(
            f"[{operation}] expected a loss with a name for biases that begin at the prior, got a "
            f"function, of which nobody knows what its targets are; call start_at_prior(y, "
            f"loss='mse') before the fit, or set the last layer's biases"
        )
    return given


def _biases(operation: str, network: Network, loss: str, targets: Targets) -> NDArray[np.float64]:
    from wbcore._inverses import inverse, log
    from wbcore._target_sums import as_they_are, from_one
    from wbcore.losses.reading import from_text

    chosen = from_text(loss)
    properties = chosen._row.properties
    last = network[len(network) - 1]
    undone: str = properties["undone"]
    if properties["targets"] not in _KINDS:
        raise ValueError(f"[{operation}] expected a loss whose targets have a mean, got {loss}")
    if properties["targets"] == "classes":
        return log(_shares(chosen, targets, last.outputs))
    if undone == "sigmoid":
        ones, zeros = targets.sums(as_they_are, from_one)
        ones[ones == 0] = zeros[zeros == 0] = targets.half_a_row
        return log(ones / zeros)
    if chosen._quantiles:
        quantiles = targets.quantiles(chosen._quantiles, last.outputs)
        return inverse(operation, last.activation, "quantile", quantiles)
    (sums,) = targets.sums(as_they_are)
    if undone == "identity":
        return inverse(operation, last.activation, "mean", sums / targets.total)
    sums[sums == 0] = targets.half_a_row
    return inverse(operation, undone, "mean", sums / targets.total)


def _shares(loss: Loss, targets: Targets, outputs: int) -> NDArray[np.float64]:
    """Of the classes, as the loss sees them: none is 0."""
    counts = np.array(targets.classes(outputs))
    if loss._smoothing == 0:
        counts[counts == 0] = targets.half_a_row
    shares = counts / math.fsum(counts)
    return (1 - loss._smoothing) * shares + loss._smoothing / outputs


def require_biases(operation: str, network: Network) -> None:
    """Refuses a network whose last layer has none."""
    if network[len(network) - 1].biases is None:
        raise ValueError(f"[{operation}] expected a last layer with biases, got one without")
