"""The regressor of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _check_y

from wbcore.sklearn import tabular_saving
from wbcore.sklearn.inputs import require_dense_targets
from wbcore.sklearn.tabular import Tabular
from wbcore.sklearn.tabular_documentation import completed
from wbcore.sklearn.tabular_parameters import DEFAULTS
from wbcore.sklearn.targets import Numbers
from wbcore.tables.moments import moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike, NDArray

    from wbcore.activations import Activation
    from wbcore.initializers import Initializer
    from wbcore.losses import LossLike
    from wbcore.metrics import Choices
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer
    from wbcore.schedules import Schedule

__all__ = ["TabularRegressor"]


@completed
class TabularRegressor(RegressorMixin, Tabular):  # type: ignore[misc]
    """A regressor for tables, with columns of any kind.

    {about} Targets are scaled likewise, unless the loss is one of rates, such as poisson.

    Parameters
    ----------
    {parameters}
    loss : str, Loss or callable, default "mse"
        Or any of `wbcore.losses` for numbers, of one output a target: of targets that have mean 0
        and standard deviation 1.
    {training}
    {rest}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    TabularClassifier : For classes.
    MLPRegressor : With the parameters and the numbers of scikit-learn's.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from wbcore.sklearn import TabularRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = TabularRegressor(random_state=0).fit(X[:300], y[:300])
    >>> model.score(X[300:], y[300:]) > 0.4
    True
    """

    _task = "regression"

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = DEFAULTS["hidden_layer_sizes"],
        activation: str | Activation | Sequence[str | Activation] = DEFAULTS["activation"],
        *,
        loss: LossLike = "mse",
        initializer: Initializer | None = None,
        bias_init: str = "prior",
        dropout: float = 0.0,
        optimizer: Optimizer | str | None = None,
        learning_rate: float | None = None,
        schedule: Schedule | str | None = None,
        l2: float | None = None,
        epochs: int | None = None,
        batch_size: int = DEFAULTS["batch_size"],
        early_stopping: bool | str = "auto",
        validation_fraction: float = DEFAULTS["validation_fraction"],
        patience: int = DEFAULTS["patience"],
        validation_data: Any = None,
        categories: str | Sequence[str | int] = "auto",
        max_categories: int = 50,
        missing: str = "mean+indicator",
        random_state: int | np.random.RandomState | None = None,
        metrics: Choices = (),
        callbacks: Sequence[object] | None = None,
        n_threads: int | None = None,
        dtype: DTypeLike = "float32",
        progress: bool = False,
    ) -> None:
        given = dict(locals())  # of this class: a subclass may have other parameters
        del given["self"]
        for name, value in given.items():
            setattr(self, name, value)

    def _checked_targets(self, y: Any, *, known: bool) -> NDArray[Any]:
        require_dense_targets(y)
        checked = _check_y(y, multi_output=True, y_numeric=True, estimator=self)
        if checked.ndim == 2 and checked.shape[1] == 1:
            checked = column_or_1d(checked, warn=True)
        if known:
            width = 1 if checked.ndim == 1 else checked.shape[1]
            if width != self._targets.answer.width:
                raise ValueError(
                    f"[fit] expected {self._targets.answer.width} targets a row, as those of the "
                    f"fit, got {width}"
                )
        return np.asarray(checked, np.float64)

    def _begin_targets(self, y: NDArray[Any]) -> None:
        self._targets = Numbers(1 if y.ndim == 1 else y.shape[1], self.loss)

    def _contents(self, y: NDArray[Any]) -> NDArray[Any]:
        return y

    def _scale_targets(self, y: NDArray[Any], weights: NDArray[Any] | None) -> None:
        width = self._targets.answer.width
        self._centre, self._spread = np.zeros(width), np.ones(width)
        if self._targets.answer.activation == "identity":
            found = moments(y.reshape(len(y), -1), weights)
            if not np.isfinite(found.scale).all():
                raise ValueError(
                    "[fit] expected targets whose squares are finite in float64, got larger ones; "
                    "scale them first"
                )
            self._centre, self._spread = found.mean, found.scale

    def _encoded_targets(self, y: NDArray[Any]) -> NDArray[Any]:
        encoded: NDArray[Any] = (y.reshape(len(y), -1) - self._centre) / self._spread
        return encoded

    def _class_weights(
        self,
        y: NDArray[Any],  # noqa: ARG002, as of the classifier
        weights: NDArray[Any] | None,
        *,
        of_training: bool = True,  # noqa: ARG002
    ) -> NDArray[Any] | None:
        return weights

    def _last_layer(self) -> tuple[int, str, Any]:
        answer = self._targets.answer
        return answer.width, answer.activation, answer.loss

    def _target_scaling(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        if self._targets.answer.activation != "identity":
            return None
        return self._centre, self._spread

    def _start_biases(self, network: Network, y: NDArray[Any], weights: Any) -> str | None:  # noqa: ARG002
        named = isinstance(self._targets.answer.loss, str)
        return "prior" if self.bias_init == "prior" and named else None

    def _described(self) -> dict[str, Any]:
        width = self._targets.answer.width
        several = {"targets": tabular_saving.names_of_targets(self, width)} if width > 1 else {}
        return {"classes": None, "several": several, "width": width}

    def _restore_targets(self, state: dict[str, Any], given: dict[str, Any]) -> None:  # noqa: ARG002
        self._targets = Numbers(int(state["width"]), self.loss)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict numbers.

        Parameters
        ----------
        X : table-like of shape (n_samples, n_features)
            With the columns of the fit, in any order where they have names.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        outputs = self._outputs(X)
        return self._targets.decode(outputs)
