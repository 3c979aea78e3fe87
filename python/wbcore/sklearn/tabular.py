"""What the two estimators for tables have in common."""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from wbcore.layers import Dense
from wbcore.network import Network
from wbcore.random import held_out_rows
from wbcore.recipe import TABLE
from wbcore.schedules import count_steps
from wbcore.sklearn import tabular_saving
from wbcore.sklearn.fit_tasks import CallbackSupport, FitTasks
from wbcore.sklearn.inputs import callbacks_of, of_validation, validation_parts
from wbcore.sklearn.plain_state import PlainState
from wbcore.sklearn.structure import hidden_activations, hidden_sizes
from wbcore.sklearn.tabular_course import Course, Stopping
from wbcore.sklearn.tabular_data import (
    Scaling,
    counted,
    present,
    read,
    take_names,
    without_copies,
)
from wbcore.sklearn.tabular_optimizer import optimizer_of, watches_validation
from wbcore.sklearn.tabular_parameters import CONSTRAINTS
from wbcore.sklearn.wholeness import all_or_nothing
from wbcore.tables import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from wbcore.history import History
    from wbcore.tables import Table

__all__ = ["Tabular"]

_AT_ONCE = 2**15
"""Rows of a table that are encoded at a time in a prediction."""


class Tabular(CallbackSupport, PlainState, BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn ships no types
    """What the classifier and the regressor of tables have in common."""

    _parameter_constraints: dict[str, Any] = CONSTRAINTS
    _task: str

    network_: Network
    encoder_: Encoding
    history_: History

    # What the two have of their own

    @abstractmethod
    def _checked_targets(self, y: Any, *, known: bool) -> NDArray[Any]:
        """The targets as validation leaves them; refuses what are none, or unlike known ones."""

    @abstractmethod
    def _begin_targets(self, y: NDArray[Any]) -> None:
        """Look at all targets of a fit; sets what they are."""

    @abstractmethod
    def _contents(self, y: NDArray[Any]) -> NDArray[Any]:
        """The targets in numbers, before they are scaled."""

    @abstractmethod
    def _scale_targets(self, y: NDArray[Any], weights: NDArray[Any] | None) -> None:
        """Find the scaling of targets, if they have one."""

    @abstractmethod
    def _encoded_targets(self, y: NDArray[Any]) -> NDArray[Any]:
        """The targets as the network is trained on them."""

    @abstractmethod
    def _class_weights(
        self,
        y: NDArray[Any],
        weights: NDArray[Any] | None,
        *,
        of_training: bool = True,
    ) -> NDArray[Any] | None:
        """The weights of rows by which is trained; others, by the classes of those."""

    @abstractmethod
    def _last_layer(self) -> tuple[int, str, Any]:
        """Width and activation of the last layer, and the loss."""

    @abstractmethod
    def _target_scaling(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """What was subtracted from targets and what they were divided by, or None."""

    @abstractmethod
    def _start_biases(self, network: Network, y: NDArray[Any], weights: Any) -> str | None:
        """Sets biases of its own, or says what `bias_init` of `Network.fit` is to be."""

    @abstractmethod
    def _described(self) -> dict[str, Any]:
        """What the targets are, for the model file."""

    # Fits

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Fit the model to a table.

        Parameters
        ----------
        X : table-like of shape (n_samples, n_features)
            A pandas or polars data frame, an array of numbers or objects, a sparse matrix of
            numbers, or a list of rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self
        """
        with all_or_nothing(self):
            self._course: Course | None = None
            self._trained_epochs = 0
            return self._train(X, y, None, sample_weight)

    def _total_epochs(self, n_rows: int) -> int:
        """How many epochs a fit has at most."""
        if self.epochs is not None:
            return int(self.epochs)
        return TABLE.epochs(n_rows, min(int(self.batch_size), n_rows))

    @property
    def _is_over(self) -> bool:
        """Whether the fit would not go on."""
        return "network_" in self.__dict__ and self.__dict__.get("_course") is None

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def _train_until(self, X: Any, y: Any, epochs: int, sample_weight: Any = None) -> Any:
        """Train until so many epochs have been done, going on from those that have been.

        `fit` is all of them, to the bit, wherever stops lie between.
        """
        if self._is_over or epochs <= self.__dict__.get("_trained_epochs", 0):
            return self
        with all_or_nothing(self):
            return self._train(X, y, epochs, sample_weight)

    def _train(self, X: Any, y: Any, epochs: int | None, sample_weight: Any) -> Any:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        course, given = self.__dict__.get("_course"), (X, y, sample_weight)
        self._target_names = tabular_saving.target_names(y)
        y = self._checked_targets(y, known=course is not None)
        table = read(self, X, "fit")
        rows, weights = counted(table, y, sample_weight)
        if course is None:
            take_names(self, table)
            self._begin_targets(y)
        if rows is not None:
            table, y = table.rows(rows), y[rows]
        if course is None:
            self.encoder_ = Encoding.fit(
                table,
                categories=self.categories,
                max_categories=self.max_categories,
                missing=self.missing,
                sample_weight=weights,
            )
            for message in self.encoder_.warnings:
                warnings.warn(f"[fit] {message}", stacklevel=4)
        else:
            present(self, table)
        inputs = self.encoder_.apply(table, operation="fit")
        count = y.shape[0] if weights is None else max(y.shape[0], float(weights.sum()))
        decides = self._stops_early(y.shape[0]) or self._holds_out(y.shape[0])
        if decides or self.dropout or y.shape[0] <= self.batch_size:
            inputs, y, weights = without_copies(inputs, y, self._contents(y), weights)
        if course is None:
            self._scale_targets(y, weights)
        targets, shares = self._encoded_targets(y), self._class_weights(y, weights)
        if course is None:
            scaling = Scaling.of(inputs, weights)
            total = self._total_epochs(table.n_rows)
            course = self._begun(inputs, targets, shares, scaling, count=count, epochs=total)
        self._dtype = np.dtype(np.float32 if inputs.dtype == np.float32 else np.float64)
        self._plain = tabular_saving.plain_shape(self.encoder_)
        tasks = FitTasks.of(self, *given, course.epochs) if epochs is None else None
        until = course.epochs if epochs is None else epochs
        validation = self._validation(course.scaling)
        self._run(course, (course.scaling.apply(inputs), targets, shares), validation, until, tasks)
        self._take(course, table.n_rows)
        if tasks is not None:
            tasks.end()
        return self

    def _validation(self, scaling: Scaling) -> tuple[Any, Any, Any] | None:
        """What is validated on, as `Network.fit` takes it."""
        if self.validation_data is None:
            return None
        X, y, weights = validation_parts(self.validation_data)
        with of_validation():
            y = self._checked_targets(y, known=True)
            table = read(self, X, "fit, validation_data")
            rows, weights = counted(table, y, weights)
            present(self, table)
            if rows is not None:
                table, y = table.rows(rows), y[rows]
            inputs = self.encoder_.apply(table, operation="fit, validation_data")
            shares = self._class_weights(y, weights, of_training=False)
        return scaling.apply(inputs), self._encoded_targets(y), shares

    def _run(
        self,
        course: Course,
        data: tuple[Any, Any, Any],
        validation: tuple[Any, Any, Any] | None,
        epochs: int,
        tasks: FitTasks | None,
    ) -> None:
        """Train until so many epochs have been done."""
        callbacks = callbacks_of(self)
        if tasks is not None:
            tasks.fitted = lambda: self._as_of(course)
            callbacks.append(tasks)
        others = {
            "callbacks": callbacks,
            "metrics": [self.metrics] if isinstance(self.metrics, str) else self.metrics,
            "progress": self.progress,
            "n_threads": self.n_threads,
            "validation_data": validation,
        }
        course.run(*data, epochs, others)

    def _as_of(self, course: Course) -> dict[str, Any]:
        """The attributes of a fit that ends with the epoch that a course has just done."""
        running = course.network.history
        assert running is not None, "an epoch is done"
        network = course.folded(self._target_scaling())
        return {
            "network_": network,
            "n_outputs_": network.widths[-1],
            "n_iter_": len(running),
            "loss_": running.loss[-1],
        }

    def _stops_early(self, n_rows: int) -> bool:
        if isinstance(self.early_stopping, str):
            return TABLE.stops_early(n_rows)
        return bool(self.early_stopping)

    def _holds_out(self, n_rows: int) -> bool:
        """Whether rows are kept for early stopping, or for a schedule that watches."""
        if self.validation_data is not None:
            return False
        return self._stops_early(n_rows) or watches_validation(self)

    def _begun(
        self,
        inputs: Any,
        targets: NDArray[Any],
        shares: NDArray[Any] | None,
        scaling: Scaling,
        *,
        count: float,
        epochs: int,
    ) -> Course:
        """A course that has done nothing."""
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        n_rows, fraction = len(targets), float(self.validation_fraction)
        stops, holds_out = self._stops_early(n_rows), self._holds_out(n_rows)
        if holds_out:
            if n_rows < 2:
                why = "early stopping" if stops else "the schedule"
                raise ValueError(
                    "[fit] expected at least two different rows, one of them to be held out for "
                    f"{why}, got n_samples = 1"
                )
            labels = targets if targets.ndim == 1 and targets.dtype.kind in "iu" else None
            n_rows = len(held_out_rows(n_rows, fraction, seed, labels)[0])
        batch = min(int(self.batch_size), n_rows)
        steps = count_steps(n_rows, batch_size=batch, epochs=epochs)
        width, last, loss = self._last_layer()
        network = self._network(inputs.shape[1], width, last, seed, np.dtype(self.dtype))
        options = {
            "loss": loss,
            "batch_size": batch,
            "seed": seed,
            "bias_init": self._start_biases(network, targets, shares),
            "validation_fraction": fraction if holds_out else None,
        }
        return Course(
            network,
            optimizer_of(self, self._task, count, steps),
            scaling,
            epochs,
            options,
            Stopping(int(self.patience)) if stops else None,
        )

    def _network(
        self, inputs: int, width: int, last: str, seed: int, dtype: np.dtype[Any]
    ) -> Network:
        sizes = hidden_sizes(self.hidden_layer_sizes)
        texts = hidden_activations(self.activation, len(sizes))
        widths = [inputs, *sizes]
        hidden = [
            Dense(widths[i], widths[i + 1], text, self.initializer, dropout=float(self.dropout))
            for i, text in enumerate(texts)
        ]
        layers = [*hidden, Dense(widths[-1], width, last, self.initializer)]
        return Network(layers, seed=seed, dtype=dtype)

    def _take(self, course: Course, n_rows: int) -> None:
        """Set what the course has come to."""
        network = course.folded(self._target_scaling())
        assert course.history is not None, "it has been run"
        self.history_ = course.history
        self.n_iter_ = self._trained_epochs = course.trained
        self.loss_ = course.history.loss[-1] if course.trained else float("nan")
        self.n_outputs_ = network.widths[-1]
        self.network_ = network
        network.metadata = tabular_saving.metadata(self, n_rows, str(course.options["loss"]))
        self._course = None if course.is_over else course

    # Outputs

    def _outputs(self, X: Any) -> NDArray[Any]:
        """What the network gives for X, of shape (B, O)."""
        known = self.__dict__
        is_plain = type(X) is np.ndarray and X.dtype.char in "fd"
        if is_plain and X.shape[1:] == known.get("_plain") and "network_" in known:
            try:
                outputs = known["network_"].predict(X, n_threads=self.n_threads)
                return outputs if outputs.dtype == known["_dtype"] else self._in_dtype(outputs)
            except ValueError:  # NaN, which is filled in, or infinity; no rows
                pass
        check_is_fitted(self, "network_")
        table = read(self, X, "predict")
        present(self, table)
        parts = [
            self._in_dtype(self.network_.predict(inputs, n_threads=self.n_threads))
            for inputs in self._encoded(table)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _encoded(self, table: Table) -> Iterator[Any]:
        """The numbers of a table, some rows at a time, so that many rows need little memory."""
        if table.n_rows <= _AT_ONCE:
            yield self.encoder_.apply(table, operation="predict")
            return
        for start in range(0, table.n_rows, _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            yield self.encoder_.apply(table.rows(rows), operation="predict")

    def _in_dtype(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """In float32 if the table was, else in float64, whatever the network computes in."""
        return outputs.astype(self._dtype, copy=False)

    # Files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, without pickle.

        It is a model file of wbcore: `load` makes this estimator of it, `wbcore.load` the network,
        whose inputs are the numbers that the table's columns become, and ``wbcore predict`` takes
        it too. A file that is there is replaced in one step.

        Parameters
        ----------
        path : str or path-like
            Such as "model.safetensors".

        Raises
        ------
        OSError
            When the file cannot be written.
        ValueError
            When two labels would be one text, such as 1 and "1".
        """
        check_is_fitted(self, "network_")
        tabular_saving.require_names(self)
        self.network_.save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Any:
        """Read a model that `save` wrote; it predicts the same, to the bit.

        Parameters
        ----------
        path : str or path-like

        Returns
        -------
        estimator
            Fitted. Optimizers, losses and the like are texts. What neither a text nor JSON says,
            such as callbacks, or an optimizer whose l1 no text has, is that of a new one.

        Raises
        ------
        wbcore.ModelFileError
            When the file is damaged, or none of this class.
        OSError
            When it cannot be read.
        """
        return tabular_saving.loaded(cls, path)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.categorical = True
        tags.input_tags.sparse = isinstance(self.categories, str) or not self.categories
        tags.input_tags.allow_nan = self.missing != "error"
        tags.target_tags.multi_output = True
        return tags
