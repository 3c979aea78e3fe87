"""What happens after each epoch: losses and scores are kept, and training ends when they say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _core
from wbcore.training.hooks import Internal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.callbacks.run import Run
    from wbcore.history import History
    from wbcore.network import Network
    from wbcore.sklearn.solvers import Solver
    from wbcore.sklearn.targets import Targets

__all__ = ["Bookkeeping", "Validation"]

_REASON = "it did not get better any more"


@dataclass
class Validation:
    """The rows that early stopping goes by.

    Parameters
    ----------
    targets : Targets
    X : ndarray or CSR matrix of shape (B, I)
    y : ndarray
        As `Targets.encode` gives them.
    weights : ndarray of shape (B,), optional
    """

    targets: Targets
    X: Any
    y: NDArray[Any]
    weights: NDArray[Any] | None
    best: NDArray[Any] | None = field(default=None, init=False)

    def score(self, network: Network) -> float:
        """The score of a network; NaN when an output is not finite."""
        outputs = network.predict(self.X)
        if not np.isfinite(outputs).all():
            return float("nan")
        return self.targets.score(self.y, outputs, self.weights)


class Bookkeeping(Internal):
    """Writes scikit-learn's attributes into an estimator, and stops by its rules.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    solver : Solver
    rows : int
        Of an epoch.
    constant : float
        What scikit-learn's loss has beside ours.
    validation : Validation, optional
        With early stopping; its `best` are the parameters of the best score.
    """

    label = "scikit-learn's rules"

    def __init__(
        self,
        estimator: Any,
        solver: Solver,
        rows: int,
        constant: float,
        validation: Validation | None,
    ) -> None:
        self._estimator = estimator
        self._solver = solver
        self._rows = rows
        self._constant = constant
        self._validation = validation
        self._began = estimator.n_iter_, estimator.t_
        scores = getattr(estimator, "validation_scores_", None) or ()
        self._curves = len(estimator.loss_curve_), len(scores)
        # Epochs of this fit that have been counted; then the best loss or score, and for how many
        # epochs there was no better one.
        best = -estimator.best_loss_ if validation is None else estimator.best_validation_score_
        self._state: tuple[int, float, int] = (0, best, estimator._no_improvement_count)
        self.is_over = False

    @property
    def validates(self) -> bool:
        """Whether rows are held out."""
        return self._validation is not None

    @property
    def best(self) -> NDArray[Any] | None:
        """The parameters of the best score, if it goes by scores."""
        return None if self._validation is None else self._validation.best

    @property
    def patience(self) -> _core.Patience | None:
        """What tells the core when it is over, so that it need not ask after each epoch.

        None where there is something to be done then, or to be said.
        """
        estimator, answer = self._estimator, self._estimator._targets.answer
        if self.validates or estimator.verbose or self._solver.mode != "constant":
            return None
        _, best, waited = self._state
        return _core.Patience(
            scale=answer.scale,
            constant=self._constant,
            slope=answer.slope,
            tol=estimator.tol,
            epochs=estimator.n_iter_no_change,
            best=best,
            waited=waited,
        )

    def after_epoch(self, run: Run) -> bool:
        """One epoch has been done."""
        self._see(run.network, run.history)
        if self.is_over:
            run.stop(_REASON)
        return False

    def after_fit(self, run: Run) -> None:
        """The core has not asked after the epochs, of which it knew by itself which is the last."""
        if self.catch_up(run.network, run.history) and run.history.status == "stopped":
            run.history.reason = _REASON

    def catch_up(self, network: Network, history: History) -> bool:
        """Count the epochs of this fit that have not been counted; says whether there were some.

        Ctrl-C may end it at any place: it then goes on from there.
        """
        epochs, counted = len(history._record.get("loss", ())), self._state[0]
        while self._state[0] < epochs:
            self._see(network, history)
        return counted < epochs

    def _see(self, network: Network, history: History) -> None:
        """Count the next epoch; nothing of it is done twice, should it begin again."""
        estimator, answer, record = (
            self._estimator,
            self._estimator._targets.answer,
            history._record,
        )
        epoch = self._state[0]
        loss = answer.scale * record["loss"][epoch] + self._constant
        self._count(epoch, loss + answer.slope * record["penalty"][epoch])
        score = self._validation.score(network) if self._validation else None
        waited = self._judge(epoch, score, network)
        self._solver.end_epoch(network, estimator.t_)
        best = -estimator.best_loss_ if score is None else estimator.best_validation_score_
        self._state = epoch + 1, best, waited
        if waited > estimator.n_iter_no_change:
            self.is_over = self._ends(network)
            if not self.is_over:
                estimator._no_improvement_count = 0
                self._state = epoch + 1, best, 0

    def _count(self, epoch: int, loss: float) -> None:
        """Keep the loss of an epoch of this fit."""
        estimator = self._estimator
        n_iter, t = self._began
        estimator.n_iter_ = n_iter + epoch + 1
        estimator.loss_ = loss
        estimator.t_ = t + (epoch + 1) * self._rows
        estimator.loss_curve_[self._curves[0] + epoch :] = [loss]
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")

    def fail(self, epochs: int) -> None:
        """Keep that all epochs up to this one had no finite loss."""
        estimator = self._estimator
        while estimator.n_iter_ < epochs:
            self._count(estimator.n_iter_ - self._began[0], float("nan"))
            if self._validation is not None:
                estimator.validation_scores_.append(float("nan"))

    def _judge(self, epoch: int, score: float | None, network: Network) -> int:
        """For how many epochs there has been no better loss, or no better score."""
        estimator = self._estimator
        _, best, waited = self._state
        if score is None:
            value = -estimator.loss_
        else:
            value = score
            estimator.validation_scores_[self._curves[1] + epoch :] = [score]
            if estimator.verbose:
                print(f"Validation score: {score:f}")
        waited = waited + 1 if value < best + estimator.tol else 0
        estimator._no_improvement_count = waited
        if value > best:
            if score is None:
                estimator.best_loss_ = estimator.loss_
            else:
                estimator.best_validation_score_ = score
                self._keep(network)
        return waited

    def _keep(self, network: Network) -> None:
        assert self._validation is not None, "who else has a score"
        if self._validation.best is None:
            self._validation.best = network.parameters.copy()
        else:
            np.copyto(self._validation.best, network.parameters)

    def _ends(self, network: Network) -> bool:
        estimator = self._estimator
        what = "Training loss" if self._validation is None else "Validation score"
        said = (
            f"{what} did not improve more than tol={estimator.tol:f} for "
            f"{estimator.n_iter_no_change} consecutive epochs."
        )
        done = self._solver.lowered(network)
        if estimator.verbose:
            print(f"{said} {done}" if done else said + self._solver.last_words)
        return not done
