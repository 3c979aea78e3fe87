"""The regressor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils.validation import validate_data

from wbcore.sklearn.documentation import completed
from wbcore.sklearn.for_batches import ForBatches
from wbcore.sklearn.inputs import options_of, require_dense_targets, sound, tells_of_missing
from wbcore.sklearn.mlp import MLP
from wbcore.sklearn.targets import Numbers
from wbcore.sklearn.weights import row_weights
from wbcore.sklearn.wholeness import all_or_nothing

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MLPRegressor"]


@completed
class MLPRegressor(RegressorMixin, MLP):  # type: ignore[misc]  # scikit-learn ships no types
    """A multilayer perceptron for numbers, as `sklearn.neural_network.MLPRegressor`.

    The same parameters, methods and fitted attributes, and the same numbers to rounding for the
    same `random_state`; and by name alone what scikit-learn has not, from `initializer` on.

    Parameters
    ----------
    loss : str, Loss or callable, default "squared_error"
        "squared_error", "poisson", or any of `wbcore.losses` for numbers, of one output a target.
    {same}
    {own}
    {rest}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from wbcore.sklearn import MLPRegressor
    >>> X = np.linspace(-1, 1, 100).reshape(-1, 1)
    >>> model = MLPRegressor(activation="tanh", solver="lbfgs", random_state=0, max_iter=1000)
    >>> model.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    _targets: Numbers

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        initializer: Any = None,
        bias_init: Any = None,
        dropout: Any = 0.0,
        validation_data: Any = None,
        metrics: Any = (),
        callbacks: Any = None,
        optimizer: Any = None,
        schedule: Any = None,
        clip_norm: Any = None,
        l1: Any = 0.0,
        n_threads: Any = None,
        dtype: Any = None,
        progress: Any = False,
        missing: Any = "error",
    ) -> None:
        given = dict(locals())  # of this class: a subclass may have other parameters
        del given["self"]
        for name, value in given.items():
            setattr(self, name, value)

    def _checked_data(
        self,
        X: Any,
        y: Any,
        *,
        incremental: bool,  # noqa: ARG002
        fresh: bool,
    ) -> tuple[Any, Any]:
        X = sound(X, "fit")
        require_dense_targets(y)
        with tells_of_missing(self):
            X, y = validate_data(
                self,
                X,
                y,
                multi_output=True,
                y_numeric=True,
                reset=fresh,
                **options_of(X, self.missing),
            )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        outputs = 1 if y.ndim == 1 else y.shape[1]
        if fresh or "_targets" not in self.__dict__:
            self._targets = Numbers(outputs, self.loss)
        elif outputs != self._targets.n_outputs:
            raise ValueError(
                f"[fit] expected y of {self._targets.n_outputs} outputs, got {outputs}"
            )
        return X, y

    def _row_weights(
        self,
        X: Any,
        y: Any,  # noqa: ARG002
        sample_weight: Any,
        *,
        of_training: bool = True,  # noqa: ARG002
    ) -> NDArray[Any] | None:
        return row_weights(X, sample_weight)

    def _strata(self, y: NDArray[Any]) -> NDArray[Any] | None:  # noqa: ARG002
        return None

    @ForBatches
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Update the model with one epoch over the given data.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        with all_or_nothing(self):
            self._fit(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        outputs = self._outputs(X)
        return self._targets.decode(outputs)
