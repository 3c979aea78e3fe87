"""What the two multilayer perceptrons have in common."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from wbcore import _arguments
from wbcore.network import Network
from wbcore.schedules import count_steps
from wbcore.sklearn import coefficients
from wbcore.sklearn.classes import require_metrics
from wbcore.sklearn.constraints import CONSTRAINTS, require_countable
from wbcore.sklearn.course import Course, Rows
from wbcore.sklearn.distinct import distinct
from wbcore.sklearn.fit_tasks import CallbackSupport, FitTasks
from wbcore.sklearn.holding_out import held_out
from wbcore.sklearn.inputs import (
    Filling,
    checked,
    of_validation,
    require_missing,
    validation_parts,
)
from wbcore.sklearn.lbfgs import AllRows
from wbcore.sklearn.plain_state import PlainState
from wbcore.sklearn.rates import set_schedule
from wbcore.sklearn.solvers import solver_of, takes_all_rows
from wbcore.sklearn.start import names_prior, require_prior, started
from wbcore.sklearn.stopping import Validation
from wbcore.sklearn.structure import OWN_NAME, hidden_activations, hidden_sizes, layers_of
from wbcore.sklearn.wholeness import all_or_nothing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.sklearn.targets import Targets

__all__ = ["MLP"]


@cache
def _names_of(cls: type[MLP]) -> list[str]:
    """The names of a class's parameters: reading them from its signature takes a tenth of a ms."""
    names: list[str] = super(MLP, cls)._get_param_names()  # type: ignore[misc]
    return names


_SINGLE = ("float32", np.float32, np.dtype(np.float32))


class MLP(CallbackSupport, PlainState, BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn ships no types
    """What the classifier and the regressor have in common: a network, and how it is trained."""

    _parameter_constraints: dict[str, Any] = CONSTRAINTS

    _targets: Targets
    _course: Course | AllRows | None
    network_: Network

    @classmethod
    def _get_param_names(cls) -> list[str]:
        return list(_names_of(cls))

    # What the two have of their own

    @abstractmethod
    def _checked_data(self, X: Any, y: Any, *, incremental: bool, fresh: bool) -> tuple[Any, Any]:
        """X and y as scikit-learn's validation leaves them; sets what targets are."""

    @abstractmethod
    def _row_weights(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        of_training: bool = True,
    ) -> NDArray[Any] | None:
        """What each row counts; rows that only validate, by the classes of the others."""

    @abstractmethod
    def _strata(self, y: NDArray[Any]) -> NDArray[Any] | None:
        """By what rows are held out, of encoded targets."""

    # Fits

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLP:
        """Fit the model to data.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        tasks = FitTasks.of(self, X, y, sample_weight, self.max_iter)
        with all_or_nothing(self):
            self._fit(X, y, sample_weight, tasks=tasks)
        if tasks is not None:
            tasks.end()
        return self

    def _total_epochs(self, n_rows: int) -> int:  # noqa: ARG002, as of other estimators
        """How many epochs a fit has at most."""
        return int(self.max_iter)

    @property
    def _trained_epochs(self) -> int:
        return int(getattr(self, "n_iter_", 0))

    @property
    def _is_over(self) -> bool:
        """Whether a fit would go on."""
        return hasattr(self, "network_") and self.__dict__.get("_course") is None

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def _train_until(
        self,
        X: Any,
        y: Any,
        epochs: int,
        sample_weight: Any = None,
    ) -> MLP:
        """Train until so many epochs have been done, going on from those that have been.

        `fit` is all of them, to the bit, wherever stops lie between.
        """
        if self._is_over:
            return self
        course = self.__dict__.get("_course")
        if course is None:
            with all_or_nothing(self):
                return self._fit(X, y, sample_weight, epochs=epochs)
        if epochs > self._trained_epochs:
            X, y = self._checked_data(X, y, incremental=True, fresh=False)
            run = self._run_all_rows if isinstance(course, AllRows) else self._run
            run(course, self._rows(X, y, sample_weight), epochs)
        return self

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        incremental: bool = False,
        epochs: int | None = None,
        tasks: FitTasks | None = None,
    ) -> MLP:
        require_countable(self)
        sizes = hidden_sizes(self.hidden_layer_sizes)
        require_missing(self.missing)
        fresh = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, y = self._checked_data(X, y, incremental=incremental, fresh=fresh)
        require_metrics(self)
        if fresh:
            require_prior(self)
            for name in ("network_", "_given_coefs", "_given_intercepts", "_filling"):
                self.__dict__.pop(name, None)
        self._course = None
        data = self._rows(X, y, sample_weight)
        self._random_state = check_random_state(self.random_state)
        if fresh or "network_" not in self.__dict__:
            self._build(sizes, data.X, fresh=fresh)
        if takes_all_rows(self):
            if fresh and names_prior(self.bias_init):
                self._targets.start_at_prior(self.network_, data.y, data.weights)
            self._run_all_rows(AllRows(self), data, epochs or self.max_iter, tasks)
            return self
        if not fresh and not self._counts_likewise():
            self._count_anew()
        course = self._begun(data, incremental=incremental)
        course.tasks = tasks
        if incremental:
            course.run(self, data, None, 1)
        else:
            self._run(course, data, epochs or self.max_iter)
        return self

    def _rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        """The data as the network takes them."""
        weights = self._row_weights(X, y, sample_weight)
        if self.missing != "error" and "_filling" not in self.__dict__:
            self._filling = Filling(X, weights, indicates=self.missing.endswith("indicator"))
        given = None
        if self.validation_data is not None:
            X_val, y_val, w_val = validation_parts(self.validation_data)
            with of_validation():
                X_val, y_val = self._checked_data(X_val, y_val, incremental=True, fresh=False)
                weights_val = self._row_weights(X_val, y_val, w_val, of_training=False)
            given = self._filled(X_val), self._targets.encode(y_val), weights_val
        return Rows(self._filled(X), self._targets.encode(y), weights, given)

    def _filled(self, X: Any) -> Any:
        filling = self.__dict__.get("_filling")
        return X if filling is None else filling(X)

    def _build(self, sizes: list[int], X: Any, *, fresh: bool) -> None:
        """The network, and the attributes that count what becomes of it."""
        answer = self._targets.answer
        texts = hidden_activations(self.activation, len(sizes))
        last = answer.width, answer.activation
        layers = layers_of(X.shape[1], sizes, texts, last, self.dropout)
        dtype = np.dtype(X.dtype if X.dtype == np.float32 else np.float64)
        if self.dtype is not None:
            dtype = _arguments.dtype("fit", self.dtype)
        if fresh:
            self.network_ = started(
                layers,
                dtype,
                self._random_state,
                initializer=self.initializer,
                bias_init=self.bias_init,
                activation=self.activation,
            )
        else:
            self._take_given(layers, dtype)
        self.n_layers_ = len(layers) + 1
        self.n_outputs_ = self._targets.n_outputs
        self.out_activation_ = answer.out_activation
        if fresh:
            self.n_iter_, self.t_ = 0, 0
            if not takes_all_rows(self):
                self._count_anew()

    def _counts_likewise(self) -> bool:
        """Whether the fit that this one goes on from was by batches, and stopped by the same."""
        scores = self.__dict__.get("validation_scores_")
        return "loss_curve_" in self.__dict__ and (scores is not None) == bool(self.early_stopping)

    def _count_anew(self) -> None:
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_ = -np.inf if self.early_stopping else None
        self.best_loss_ = None if self.early_stopping else np.inf

    def _begun(self, data: Rows, *, incremental: bool) -> Course:
        """A course whose rows are chosen, and that has done nothing."""
        is_new = not incremental or "_optimizer" not in self.__dict__
        if is_new:
            self._optimizer = solver_of(self, self._targets.answer, self.network_.dtype)
        else:
            self._optimizer.take_penalties(self, self._targets.answer)
        rows, out, merged, weights = np.arange(len(data.y)), None, None, None
        shares = self.dropout if isinstance(self.dropout, (list, tuple)) else [self.dropout]
        holds_out = self.early_stopping and data.validation_data is None
        # Of float32 the order of rows is seen in the last digits that predictions have.
        if holds_out or any(shares) or self.dtype in _SINGLE:
            merged = distinct(data.X, data.y, data.weights)
            if merged is not None:
                rows, totals = merged
                weights = np.zeros(len(data.y))
                weights[rows] = totals
        if holds_out:
            strata = self._strata(data.y[rows])
            train, held = held_out(
                len(rows),
                self.validation_fraction,
                self._random_state,
                strata,
                are_distinct=merged is not None,
            )
            rows, out = rows[train], rows[held]
        seed = int(self._random_state.randint(np.iinfo(np.int32).max)) if any(shares) else 0
        self.n_iter_ = 0
        batch_size = self._batch_size(len(rows))
        if is_new and self.schedule is not None:
            steps = count_steps(len(rows), batch_size=batch_size, epochs=self.max_iter)
            set_schedule(self._optimizer.optimizer, self.schedule, steps)
        return Course(
            random_state=self._random_state,
            solver=self._optimizer,
            rows=rows,
            shuffles=self.shuffle,
            held_out=out,
            batch_size=batch_size,
            seed=seed,
            weights=weights,
            has_prior=names_prior(self.bias_init) and self.t_ == 0,
        )

    def _batch_size(self, rows: int) -> int:
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than "
                "sample size. It is going to be clipped",
                stacklevel=2,
            )
        return int(np.clip(self.batch_size, 1, rows))

    def _run(self, course: Course, data: Rows, epochs: int) -> None:
        """Train until so many epochs have been done."""
        total = self._total_epochs(len(data.y))
        validation = None
        if self.early_stopping:
            if data.validation_data is not None:
                validation = Validation(self._targets, *data.validation_data)
            else:
                out = course.held_out
                of_rows = data.weights if course.weights is None else course.weights
                weights = None if of_rows is None else of_rows[out]
                validation = Validation(self._targets, data.X[out], data.y[out], weights)
        is_over = course.run(self, data, validation, min(epochs, total))
        if not is_over and self.n_iter_ >= total:
            course.warn_unless_converged(self)
            is_over = True
        self._course = None if is_over else course

    def _run_all_rows(
        self, course: AllRows, data: Rows, epochs: int, tasks: FitTasks | None = None
    ) -> None:
        """The same of the solver lbfgs."""
        most = min(epochs, self._total_epochs(len(data.y)))
        is_over = course.run(self, _merged(data), most, tasks)
        self._course = None if is_over else course

    # Outputs

    def _outputs(self, X: Any) -> NDArray[Any]:
        """What the network gives for X, of shape (B, O)."""
        known = self.__dict__
        if (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype.char in "fd"
            and X.shape[0]
            and "network_" in known
            and X.shape[1] == known.get("n_features_in_")
            and "feature_names_in_" not in known
            and known.get("_filling") is None
        ):
            try:
                return _as_wide(known["network_"].predict(X, n_threads=self.n_threads), X)
            except ValueError:  # NaN or infinity, which scikit-learn has its own words for
                pass
        return self._checked_outputs(X)

    def _checked_outputs(self, X: Any) -> NDArray[Any]:
        check_is_fitted(self)
        X = self._filled(checked(self, X, self.missing))
        return _as_wide(self._network().predict(X, n_threads=self.n_threads), X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing != "error"
        tags.target_tags.multi_output = True
        return tags

    # Parameters, which users may set

    def _network(self) -> Network:
        if "network_" not in self.__dict__:
            self._take_given(self._given_layers(), None)
        return self.network_

    def _given_layers(self) -> list[Any]:
        """The structure that parameters have which were set by hand."""
        shapes = [np.shape(W) for W in self.coefs_]
        texts = hidden_activations(self.activation, len(shapes) - 1)
        last = OWN_NAME.get(self.out_activation_, self.out_activation_)
        sizes = [shape[1] for shape in shapes]
        return layers_of(shapes[0][0], sizes[:-1], texts, (sizes[-1], last), 0.0)

    def _take_given(self, layers: list[Any], dtype: np.dtype[Any] | None) -> None:
        """A network of the parameters that were set by hand."""
        coefs, intercepts = self.coefs_, self.intercepts_
        given = np.result_type(*map(np.asarray, coefs), np.float32)
        network = Network._of_structure(layers, dtype or given)
        coefficients.views(network, "coefs_").take(coefs)
        coefficients.views(network, "intercepts_").take(intercepts)
        self.network_ = network
        self.__dict__.pop("_given_coefs", None)
        self.__dict__.pop("_given_intercepts", None)

    @property
    def coefs_(self) -> list[Any]:
        """The weights of each layer, of shape (inputs, outputs): live views of `network_`."""
        return self._parameters("coefs_")

    @coefs_.setter
    def coefs_(self, values: Any) -> None:
        self._set_parameters("coefs_", values)

    @property
    def intercepts_(self) -> list[Any]:
        """The biases of each layer, of shape (outputs,): live views of `network_`."""
        return self._parameters("intercepts_")

    @intercepts_.setter
    def intercepts_(self, values: Any) -> None:
        self._set_parameters("intercepts_", values)

    def _parameters(self, name: str) -> list[Any]:
        known = self.__dict__
        if "network_" in known:
            return coefficients.views(known["network_"], name)
        try:
            given: list[Any] = known[f"_given_{name[:-1]}"]
        except KeyError:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            ) from None
        return given

    def _set_parameters(self, name: str, values: Any) -> None:
        known = self.__dict__
        if "network_" in known:
            coefficients.views(known["network_"], name).take(values)
        else:
            known[f"_given_{name[:-1]}"] = list(values)


def _as_wide(outputs: NDArray[Any], X: Any) -> NDArray[Any]:
    """Outputs in the type that NumPy gives X and parameters together."""
    if outputs.dtype.char == "f" and X.dtype.char != "f":
        return outputs.astype(np.float64)
    return outputs


def _merged(data: Rows) -> Rows:
    """The same rows, each kind once where `distinct` says so.

    Line searches make a difference in the last digit one in the fourth.
    """
    merged = distinct(data.X, data.y, data.weights)
    if merged is None:
        return data
    rows, totals = merged
    return Rows(data.X[rows], data.y[rows], totals)
