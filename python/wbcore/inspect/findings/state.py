"""What the checks look at: a network, its data and its history, and what several of them need."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore._saturation import saturated
from wbcore.inspect.findings.further import Further
from wbcore.inspect.findings.task import Score, Task
from wbcore.inspect.findings.yardstick import yardstick
from wbcore.inspect.passes import forwards
from wbcore.layers import Dense
from wbcore.network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.history import History
    from wbcore.inspect.findings.data import Data
    from wbcore.inspect.findings.yardstick import Yardstick

__all__ = ["State"]

_WORSE = 0.05  # steps that never end keep a loss a little above the least that they can reach
_LARGE = 3.0  # mean or deviation of a column
_HARDLY_ANY = 1e-12  # of a count of 0, of which there is no logarithm


class State:
    """A network with its data: all is computed when it is first asked for, and nothing changed.

    Attributes
    ----------
    net : Network
    task : Task or None
        None for a loss of the caller's own, of which nobody knows what its targets are.
    loss : str
    data : Data
    validation : Data or None
    history : History or None
        None before a training.
    weighed : bool
        Whether classes or rows are weighed in the training.
    may_be_weighed : bool
        Or nobody knows.
    """

    def __init__(
        self,
        net: Network,
        data: Data,
        *,
        loss: str | None,
        validation: Data | None = None,
        history: History | None = None,
        weighed: bool = False,
        may_be_weighed: bool = False,
        seed: int = 0,
    ) -> None:
        self.net, self.data, self.validation = net, data, validation
        self.history, self.weighed, self.seed = history, weighed, seed
        self.may_be_weighed = may_be_weighed or weighed
        self.loss = loss or ""
        self.task = None if loss is None else Task(net, loss, data.y.ndim)

    @property
    def x(self) -> NDArray[np.float64]:
        """The rows of the sample, (R, I)."""
        return self.data.x

    @property
    def y(self) -> NDArray[Any]:
        """Their targets."""
        return self.data.y_of_rows

    @cached_property
    def layers(self) -> list[NDArray[Any]]:
        """Outputs of every layer for the sample, (R, O) each."""
        return self.net.activations(self.x)

    @cached_property
    def has_unscaled_inputs(self) -> bool:
        """Whether a column is so large that it drowns others: long before it is WB-SCALE."""
        spread = self.x.std(axis=0)
        varies = spread > 0
        size = np.maximum(np.abs(self.x.mean(axis=0)), spread)[varies]
        return bool((size > _LARGE).any())

    @cached_property
    def flat(self) -> list[NDArray[np.bool_] | None]:
        """Where the outputs of every layer, (R, O) each, are saturated; None where none can be."""
        blocks = list(forwards(self.net, self.x))
        found: list[NDArray[np.bool_] | None] = []
        for layer in self.net:
            parts = [
                saturated(layer.activation, block.z[layer.index], block.a[layer.index])
                for block in blocks
            ]
            known = [part for part in parts if part is not None]
            found.append(np.vstack(known) if known else None)
        return found

    @cached_property
    def score(self) -> Score:
        """Of the network, on the sample."""
        assert self.task is not None
        return self.task.score(self.layers[-1], self.y, self.y)

    @cached_property
    def validation_score(self) -> Score | None:
        """Of the network, on validation rows; by the constant of the training rows."""
        if self.validation is None or self.task is None or not self.task.scored:
            return None
        rows = self.validation
        return self.task.score(self.net.predict(rows.x), rows.y_of_rows, self.y)

    @cached_property
    def yardstick(self) -> Yardstick | None:
        """What can be learned of the sample."""
        return None if self.task is None else yardstick(self.x, self.y, self.task, seed=self.seed)

    @cached_property
    def yardstick_score(self) -> Score | None:
        """Of its predictions for rows that it has not seen."""
        if self.yardstick is None or self.task is None:
            return None
        if self.yardstick.values is not None:
            wanted = self.task.values(self.y)
            return self.task.score_of_numbers(self.yardstick.values, wanted, wanted)
        assert self.yardstick.labels is not None
        labels = self.task.labels(self.y)
        return self.task.score_of_labels(self.yardstick.labels, labels, labels)

    @property
    def has_learned(self) -> bool:
        """Whether nothing that can be learned is missing: what should do harm then does none."""
        of = self.yardstick_score
        if of is None or self.is_worse_than_constant:
            return False
        if self.score.skill >= of.skill - 0.02:
            return True
        return self.may_be_weighed and float((self.score.errors - of.errors) @ self.balance) <= 0

    @cached_property
    def further(self) -> Further:
        """What it takes for a copy to learn what is possible."""
        return Further(self, self.yardstick_score)

    @cached_property
    def balance(self) -> NDArray[np.float64]:
        """What each row of the sample counts where all classes count the same, (R,); sum 1.

        A training with weights pays for rare rows with errors of others: by all rows alike it is
        worse than one without, as it is meant to be.
        """
        n = len(self.x)
        if self.task is None or not self.task.classes:
            return np.full(n, 1 / n)
        labels = self.task.labels(self.y)
        counts = np.bincount(labels, minlength=self.task.classes)
        return np.asarray(1 / (np.count_nonzero(counts) * counts[labels]), np.float64)

    @cached_property
    def loss_now(self) -> float:
        """Of the network, on the sample."""
        return self._loss_of(self.net)

    @cached_property
    def loss_of_prior(self) -> float | None:
        """Of the best constant outputs; None where the last layer can have none."""
        net = self.net.copy()
        try:
            net.start_at_prior(self.y, loss=self.loss)
            return self._loss_of(net)
        except (TypeError, ValueError):  # no biases, or a mean that its activation cannot have
            return None

    @cached_property
    def loss_of_prior_in_validation(self) -> float | None:
        """Of these constants, on validation rows."""
        if self.validation is None:
            return None
        net, rows = self.net.copy(), self.validation
        try:
            net.start_at_prior(self.y, loss=self.loss)
            return net.evaluate(rows.x, rows.y_of_rows, loss=self.loss)["loss"]
        except (TypeError, ValueError):
            return None

    @cached_property
    def reference(self) -> float | None:
        """A loss without knowledge: of outputs of 0 (log K of K classes), or the prior's."""
        net = self.net.copy()
        last = net[-1]
        last.weights[...] = 0
        if last.biases is not None:
            last.biases[...] = 0
        known = [self.loss_of_prior, self._loss_of(net)]
        finite = [value for value in known if value is not None and np.isfinite(value)]
        return max(finite, default=None)

    @cached_property
    def least_loss(self) -> float:
        """What no outputs are below: 0 of most losses, that of the counts themselves of counts."""
        return self._least_loss(self.y)

    @cached_property
    def validation_loss(self) -> float:
        """Of the network, on validation rows."""
        assert self.validation is not None
        rows = self.validation
        return self.net.evaluate(rows.x, rows.y_of_rows, loss=self.loss)["loss"]

    @cached_property
    def excess(self) -> tuple[float, float]:
        """The losses in training and in validation above the least that the targets allow there."""
        assert self.validation is not None
        least = self._least_loss(self.validation.y_of_rows)
        return self.loss_now - self.least_loss, self.validation_loss - least

    @cached_property
    def is_worse_than_constant(self) -> bool:
        """Whether the loss is above that of the best constant, by 5 % of what this has to lose.

        Where classes are weighed, or may be, also with all classes counting the same. What weights
        of numbers were worth nobody knows. Of a network whose fit nobody knows the rows may be ones
        that it was not trained on: then its errors have to say the same.
        """
        if self.task is None or self.loss_of_prior is None or self._counts_otherwise:
            return False
        if self.task.scored:
            if self.score.base == 0:  # of one target that constant is all there is
                return False
            if not self._fit_is_known and self.score.skill > 0:
                return False
        return self._exceeds(self.loss_now, self.loss_of_prior) and (
            not self.may_be_weighed or self._is_worse_by_classes
        )

    @property
    def _fit_is_known(self) -> bool:
        of_history = self.history is not None and self.history.to_dict().get("loss")
        return bool(of_history) or self.net.history is not None

    @property
    def _counts_otherwise(self) -> bool:
        return self.weighed and self.task is not None and not self.task.classes

    @property
    def _is_worse_by_classes(self) -> bool:
        constant, weights = self.net.copy(), self.balance
        constant.start_at_prior(self.y, loss=self.loss, sample_weight=weights)
        now, prior = (
            net.evaluate(self.x, self.y, loss=self.loss, sample_weight=weights)["loss"]
            for net in (self.net, constant)
        )
        return self._exceeds(now, prior)

    def _exceeds(self, loss: float, prior: float) -> bool:
        return loss - prior > _WORSE * (prior - self.least_loss)

    def _least_loss(self, y: NDArray[Any]) -> float:
        if self.task is None or self.task.least_is_zero:
            return 0.0
        values = self.task.values(y)
        net = Network([Dense(values.shape[1], values.shape[1])], dtype="float64")
        net[0].weights[...] = np.eye(values.shape[1])
        logarithms = np.log(np.maximum(values, _HARDLY_ANY))
        return net.evaluate(logarithms, y, loss=self.loss)["loss"]

    def _loss_of(self, net: Network) -> float:
        return net.evaluate(self.x, self.y, loss=self.loss)["loss"]
