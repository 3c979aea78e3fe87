"""What a network would have to say of every row alike to be as right as that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wbcore import _named
from wbcore._loss_function import LossFunction
from wbcore._target_sums import read
from wbcore.priors import _biases

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore.network import Network

__all__ = ["best_constant"]

_OF_SHARES = ("accuracy", "log_loss")
_OF_MEANS = ("mse", "rmse", "r2")

_NEVER = 1e-300  # what stands for a share of 0, whose logarithm is taken


def best_constant(
    operation: str,
    net: Network,
    loss: str | LossFunction,
    metric: str,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None,
) -> NDArray[Any] | None:
    """The last layer's sums (O,) that give, of all constants, the best score for these targets.

    Those of `start_at_prior`, but that what does not come among the targets has no share at all:
    shares of classes for accuracy (the largest class) and log_loss, means for mse, rmse and r2,
    medians for mae, and for "loss" what that gives of the loss.

    Returns
    -------
    ndarray of float64, or None
        None where it is not known: of other metrics, losses of signs and of one's own, and where
        the last activation cannot give it.
    """
    text = _loss_of(loss, metric)
    if text is None:
        return None
    try:
        targets = read(operation, net, y, text, sample_weight)
        targets.half_a_row = _NEVER
        return _biases(operation, net, text, targets)
    except ValueError:  # of targets without a mean, or one that the activation has not
        return None


def _loss_of(loss: str | LossFunction, metric: str) -> str | None:
    """By whose targets the constant is the best one."""
    if isinstance(loss, LossFunction):
        return None
    if metric == "loss":
        return loss
    row = _named.rows("loss")[loss.partition("(")[0].partition("[")[0]]
    if row.properties["targets"] in ("classes", "probabilities"):
        return row.name if metric in _OF_SHARES else None
    if row.properties["has_levels"] or row.properties["targets"] == "signs":
        return None
    if row.properties["undone"] != "identity":
        return row.name if metric in _OF_MEANS else None
    return "mse" if metric in _OF_MEANS else "mae" if metric == "mae" else None
