"""What an estimator's targets are: how the network is trained on them, and what its outputs say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _named, losses
from wbcore._loss_function import LossFunction
from wbcore.losses.reading import from_text
from wbcore.sklearn import scores
from wbcore.sklearn.structure import SKLEARN_NAME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["Answer", "Targets", "kind_of_loss"]


@dataclass(frozen=True)
class Answer:
    """What the last layer gives, and by what it is trained.

    Parameters
    ----------
    width : int
        Of the last layer.
    activation : str
        Of it.
    loss : str or LossFunction
    slope : float
        What our gradient is multiplied by to be scikit-learn's. Ours are of a mean over all
        elements, which its are not, for the squared error and for several logistic outputs.
    scale : float
        What our loss is multiplied by to be scikit-learn's, likewise.
    """

    width: int
    activation: str
    loss: str | LossFunction
    slope: float = 1.0
    scale: float = 1.0

    @property
    def out_activation(self) -> str:
        """As scikit-learn calls it."""
        return SKLEARN_NAME.get(self.activation, self.activation)


class Targets:
    """What all kinds of targets have in common.

    Parameters
    ----------
    answer : Answer
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    @property
    def n_outputs(self) -> int:
        """`n_outputs_` of the estimator."""
        return self.answer.width

    def encode(self, y: Any) -> NDArray[Any]:
        """The targets as the network is trained on them."""
        raise NotImplementedError

    def decode(self, outputs: NDArray[Any]) -> Any:
        """What `predict` gives, of outputs of shape (B, O)."""
        raise NotImplementedError

    def score(
        self, encoded: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None
    ) -> float:
        """What early stopping goes by: larger is better."""
        raise NotImplementedError

    def start_at_prior(
        self, network: Network, encoded: NDArray[Any], weights: NDArray[Any] | None
    ) -> None:
        """Let the last layer begin with what the targets are on average."""
        loss: Any = self.answer.loss  # no function, which `require_prior` refuses
        network.start_at_prior(encoded, loss=loss, sample_weight=weights)

    def constant(self, encoded: NDArray[Any], weights: NDArray[Any] | None) -> float:  # noqa: ARG002
        """What scikit-learn's loss has beside ours, whatever the outputs."""
        return 0.0


def kind_of_loss(loss: object, theirs: str) -> tuple[str | LossFunction, dict[str, Any]]:
    """A loss as the core takes it, and the properties of its row; none of a function.

    Parameters
    ----------
    loss : object
    theirs : str
        scikit-learn's name, which the estimator takes, too.

    Raises
    ------
    TypeError, ValueError
        When there is no such loss; the message lists those that there are.
    """
    try:
        given = losses.check_given("loss", loss)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("one of ", f"one of {theirs}, ", 1)) from None
    if isinstance(given, LossFunction):
        return given, {}
    return given, dict(_named.rows("loss")[given.partition("(")[0].partition("[")[0]].properties)


def _require_output_each(loss: str | LossFunction, outputs: int) -> None:
    """Refuse several quantiles of one column: an estimator has one output for each column of y."""
    if isinstance(loss, LossFunction) or not loss.startswith("quantile"):
        return
    levels = len(from_text(loss.partition("[")[0])._quantiles)
    if outputs % levels:
        raise ValueError(
            f"[loss] expected one quantile, since an estimator has one output for each column of y "
            f"and y has {outputs}, got {loss!r}; fit an estimator for each, or to y with each "
            f"column {levels} times, np.repeat(np.c_[y], {levels}, axis=1)"
        )


class Numbers(Targets):
    """Numbers: one or several a row.

    Parameters
    ----------
    outputs : int
    loss : object
        scikit-learn's names, or any of ours.
    """

    def __init__(self, outputs: int, loss: object) -> None:
        name = loss if isinstance(loss, str) else None
        if name == "squared_error":
            answer = Answer(outputs, "identity", "mse", slope=outputs / 2, scale=0.5)
        elif name == "poisson":
            answer = Answer(outputs, "exp", "poisson", slope=outputs, scale=outputs)
        else:
            given, known = kind_of_loss(loss, "squared_error")
            if known and known["targets"] not in ("numbers", "counts", "positives"):
                raise ValueError(
                    f"[loss] expected a loss of numbers, such as 'huber', got {loss!r}"
                )
            _require_output_each(given, outputs)
            answer = Answer(outputs, str(known["undone"]) if known else "identity", given)
        super().__init__(answer)
        self.is_poisson = name == "poisson"

    def encode(self, y: Any) -> NDArray[Any]:
        return np.asarray(y)

    def decode(self, outputs: NDArray[Any]) -> NDArray[Any]:
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    def score(
        self, encoded: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None
    ) -> float:
        return scores.r2(encoded, outputs, weights)

    def constant(self, encoded: NDArray[Any], weights: NDArray[Any] | None) -> float:
        if not self.is_poisson:
            return 0.0
        y = np.reshape(encoded, (len(encoded), -1)).astype(np.float64)
        own = np.where(y > 0, y * np.log(np.where(y > 0, y, 1)), 0) - y
        return float(np.average(own, axis=0, weights=weights).sum())
