"""The classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import validate_data

from wbcore import _arguments
from wbcore.sklearn import scores
from wbcore.sklearn.classes import Classes, Decisions, classes_of, gives_probabilities, targets_of
from wbcore.sklearn.documentation import completed
from wbcore.sklearn.for_batches import ForBatches
from wbcore.sklearn.inputs import options_of, sound, tells_of_missing
from wbcore.sklearn.labels import (
    are_mixed,
    distinct_labels,
    has_mixed_classes,
    require_classes,
    same_type,
    unknown,
)
from wbcore.sklearn.mlp import MLP
from wbcore.sklearn.weights import balanced, row_weights, weights_by_class
from wbcore.sklearn.wholeness import all_or_nothing

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MLPClassifier"]


def _is_list(classes: Any) -> bool:
    try:
        return np.ndim(classes) == 1
    except ValueError:  # lists of different depths
        return False


def _labels_as(classes: Any, y: Any) -> NDArray[Any]:
    """Labels as an array of objects if y is one: of a list NumPy would make texts of numbers."""
    return np.asarray(classes, object if getattr(y, "dtype", None) == np.dtype(object) else None)


def _has_probabilities(estimator: MLPClassifier) -> bool:
    if not gives_probabilities(estimator.loss):
        raise AttributeError(f"outputs trained by the loss {estimator.loss!r} are no probabilities")
    return True


@completed
class MLPClassifier(ClassifierMixin, MLP):  # type: ignore[misc]  # scikit-learn ships no types
    """A multilayer perceptron for classes, as `sklearn.neural_network.MLPClassifier`.

    The same parameters, methods and fitted attributes, and the same numbers to rounding for the
    same `random_state`; and by name alone what scikit-learn has not, from `loss` on.

    Targets may be two classes, several, several at once (an indicator matrix), and several
    decisions a row, each of its own classes: these share the hidden layers, and each has a softmax.
    `classes_` and what `predict_proba` gives are then lists.

    Parameters
    ----------
    {same}
    loss : str, Loss or callable, default "log_loss"
        Or any of `wbcore.losses` for classes. Of a hinge there are no probabilities.
    {own}
    class_weight : dict, "balanced", list of dicts, optional
        What rows count by their class, times their own weight.
    {rest}

    Attributes
    ----------
    classes_ : ndarray, or list of them
    {attributes}

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from wbcore.sklearn import MLPClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> model = MLPClassifier((20,), solver="lbfgs", class_weight="balanced", random_state=0)
    >>> model.fit(scale(X), y).score(scale(X), y) > 0.98
    True
    >>> model.network_.widths
    (13, 20, 3)
    """

    _targets: Classes

    def __init__(
        self,
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
        loss: Any = "log_loss",
        initializer: Any = None,
        bias_init: Any = None,
        dropout: Any = 0.0,
        class_weight: Any = None,
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
        incremental: bool,
        fresh: bool,
    ) -> tuple[Any, Any]:
        X = sound(X, "fit")
        with tells_of_missing(self):
            X, y = validate_data(
                self, X, y, multi_output=True, reset=fresh, **options_of(X, self.missing)
            )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        y = same_type(y)
        if fresh and not incremental:
            self.classes_ = classes_of(y)
            self._targets = targets_of(y, self.classes_, self.loss)
        else:
            require_classes(y)
            self._require_known(y)
            if "_targets" not in self.__dict__ or fresh:
                self._targets = targets_of(y, self.classes_, self.loss)
        return X, y

    def _require_known(self, y: NDArray[Any]) -> None:
        """Refuse classes that the network has no outputs for."""
        known: Any = self.classes_
        if isinstance(known, list):
            if np.shape(y)[1:] != (len(known),):
                raise ValueError(
                    f"[fit] expected y of {len(known)} decisions a row, got shape {np.shape(y)}"
                )
            for j, column in enumerate(np.asarray(y).T):
                if new := unknown(column, known[j]):
                    raise ValueError(
                        f"`y` has classes not in `self.classes_[{j}]`: {new}, "
                        f"where there are {known[j]}."
                    )
            return
        classes = distinct_labels(y) if are_mixed(y) else unique_labels(y)
        if self.warm_start:
            if set(classes) != set(known):
                raise ValueError(
                    "warm_start can only be used where `y` has the same "
                    "classes as in the previous call to fit. Previously "
                    f"got {known}, `y` has {classes}"
                )
        elif unknown(classes, known):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {known}. 'y' has {classes}."
            )

    def _row_weights(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        of_training: bool = True,
    ) -> NDArray[Any] | None:
        given = self.class_weight
        if given is None:
            return row_weights(X, sample_weight)
        numbers = self._targets.numbers(y)
        if isinstance(given, str) and given == "balanced" and numbers.ndim == 1:
            if of_training:
                checked = row_weights(X, sample_weight)
                self._class_weight = balanced(numbers, len(self.classes_), checked)
            of_classes = self._class_weight[numbers]
        else:
            of_classes = weights_by_class(given, numbers, self._targets.decisions)
        return row_weights(X, sample_weight, of_classes)

    def _strata(self, y: NDArray[Any]) -> NDArray[Any] | None:
        # of one dimension: of two, scikit-learn makes a text of each row first, and draws the same
        return y.astype(bool) if y.ndim == 1 and self._targets.n_outputs == 1 else None

    @ForBatches
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
    ) -> MLPClassifier:
        """Update the model with one epoch over the given data.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
        classes : array-like of shape (n_classes,), or a list of them, optional
            All there will be; needed in the first call.

        Returns
        -------
        self
        """
        with all_or_nothing(self):
            self._take_classes(y, classes)
            self._fit(X, y, sample_weight, incremental=True)
        return self

    def _take_classes(self, y: Any, classes: Any) -> None:
        """Set `classes_` in the first of several partial fits."""
        if classes is not None and not _arguments.listed(
            "partial_fit", "classes", classes, expected="a list of labels"
        ):
            raise ValueError("[partial_fit] expected classes that there will be, got none")
        of_each = isinstance(classes, list) and all(map(_is_list, classes))
        if of_each and not hasattr(self, "classes_"):
            self.classes_ = [np.unique(each) for each in classes]
        elif classes is not None and are_mixed(labels := _labels_as(classes, y)):
            known, found = getattr(self, "classes_", None), distinct_labels(labels)
            if known is not None and not np.array_equal(known, found):
                raise ValueError(
                    f"`classes={classes}` is not the same as on last call to partial_fit, "
                    f"was: {known}"
                )
            self.classes_ = found
        elif not isinstance(
            getattr(self, "classes_", None), list
        ) and _check_partial_fit_first_call(self, classes):
            is_many = type_of_target(y).startswith("multilabel")
            self.classes_ = unique_labels(y) if is_many else unique_labels(self.classes_)

    def predict(self, X: Any) -> Any:
        """Predict classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        outputs = self._outputs(X)
        return self._targets.decode(outputs)

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:
        """Probabilities of classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or a list of them
            In the order of `classes_`.
        """
        outputs = self._outputs(X)
        return self._targets.probabilities(outputs)

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Any:
        """Logarithms of the probabilities of classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or a list of them
        """
        probabilities = self.predict_proba(X)
        if isinstance(probabilities, list):
            return [np.log(each, out=each) for each in probabilities]
        return np.log(probabilities, out=probabilities)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy; of several outputs the share of rows where all are right.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        if isinstance(self.__dict__.get("_targets"), Decisions):  # which accuracy_score refuses
            return scores.accuracy((self.predict(X) == np.asarray(y)).all(axis=1), sample_weight)
        if has_mixed_classes(self):  # likewise
            return scores.accuracy(self.predict(X) == np.asarray(y, object), sample_weight)
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
