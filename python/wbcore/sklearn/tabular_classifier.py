"""The classifier of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_y

from wbcore.sklearn import scores, tabular_saving
from wbcore.sklearn.classes import (
    Classes,
    Decisions,
    Many,
    classes_of,
    gives_probabilities,
    kind_of,
    require_metrics,
    targets_of,
)
from wbcore.sklearn.labels import (
    has_mixed_classes,
    require_classes,
    require_known,
    require_none_missing,
    same_type,
)
from wbcore.sklearn.tabular import Tabular
from wbcore.sklearn.tabular_documentation import completed
from wbcore.sklearn.tabular_parameters import CONSTRAINTS, DEFAULTS
from wbcore.sklearn.weights import balanced, row_weights, weights_by_class

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

__all__ = ["TabularClassifier"]


def _has_probabilities(estimator: TabularClassifier) -> bool:
    if not gives_probabilities(estimator.loss):
        raise AttributeError(f"outputs trained by the loss {estimator.loss!r} are no probabilities")
    return True


@completed
class TabularClassifier(ClassifierMixin, Tabular):  # type: ignore[misc]
    """A classifier for tables, with columns of any kind.

    {about}

    Targets may be two classes, several, several at once (an indicator matrix), and several
    decisions a row, each of its own classes; `classes_` and what `predict_proba` gives are then
    lists.

    Parameters
    ----------
    {parameters}
    loss : str, Loss or callable, default "log_loss"
        Or any of `wbcore.losses` for classes. Of a hinge there are no probabilities.
    {training}
    class_weight : dict, "balanced", list of dicts, optional
        What rows count by their class, times their own weight.
    {rest}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or a list of them
    {attributes}

    See Also
    --------
    TabularRegressor : For numbers.
    MLPClassifier : With the parameters and the numbers of scikit-learn's.

    Examples
    --------
    >>> import pandas as pd
    >>> from wbcore.sklearn import TabularClassifier
    >>> table = pd.DataFrame({
    ...     "size": [1.0, 2.5, None, 3.5, 0.5, 3.0],
    ...     "colour": ["red", "blue", "red", "blue", "red", "blue"],
    ... })
    >>> model = TabularClassifier(random_state=0).fit(table, ["no", "yes"] * 3)
    >>> model.predict(pd.DataFrame({"colour": ["blue", "red"], "size": [2.0, 1.0]})).tolist()
    ['yes', 'no']
    >>> for line in model.encoder_.describe():
    ...     print(line)
    'size': a number; where it is missing the mean, 2.1, and 'size missing' is 1
    'colour': 1 for each of 2 categories (blue, red); 0 of unknown ones
    """

    _parameter_constraints = CONSTRAINTS | {
        "class_weight": [dict, list, StrOptions({"balanced"}), None]
    }
    _task = "classification"
    classes_: Any  # an array, or a list of them
    _targets: Classes

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = DEFAULTS["hidden_layer_sizes"],
        activation: str | Activation | Sequence[str | Activation] = DEFAULTS["activation"],
        *,
        loss: LossLike = "log_loss",
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
        class_weight: dict[Any, float] | list[dict[Any, float]] | str | None = None,
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
        try:
            return self._labels(y, known=known)
        except (TypeError, ValueError):
            require_none_missing(y)
            raise

    def _labels(self, y: Any, *, known: bool) -> NDArray[Any]:
        checked = _check_y(y, multi_output=True, estimator=self)
        if checked.ndim == 2 and checked.shape[1] == 1:
            checked = column_or_1d(checked, warn=True)
        checked = same_type(checked)
        require_classes(checked)
        if known:
            is_matrix = isinstance(self._targets, Many)
            require_known(checked, self.classes_, is_matrix=is_matrix)
        found: NDArray[Any] = checked
        return found

    def _begin_targets(self, y: NDArray[Any]) -> None:
        self.classes_ = classes_of(y)
        self._targets = self._targets_of(y, self.classes_)
        require_metrics(self)

    def _targets_of(self, y: Any, classes: Any) -> Classes:
        """Two classes have an output each, too: as the command line has them."""
        several = isinstance(classes, np.ndarray) and len(classes) > 1
        one_each = several and not kind_of(y).startswith("multilabel")
        softmax = one_each and isinstance(self.loss, str) and self.loss == "log_loss"
        return targets_of(y, classes, "cross_entropy" if softmax else self.loss)

    def _contents(self, y: NDArray[Any]) -> NDArray[Any]:
        return self._targets.encode(y)

    def _scale_targets(self, y: NDArray[Any], weights: NDArray[Any] | None) -> None:
        """Classes have no scale."""

    def _encoded_targets(self, y: NDArray[Any]) -> NDArray[Any]:
        return self._targets.encode(y)

    def _class_weights(
        self,
        y: NDArray[Any],
        weights: NDArray[Any] | None,
        *,
        of_training: bool = True,
    ) -> NDArray[Any] | None:
        given = self.class_weight
        if given is None:
            return weights
        numbers = self._targets.numbers(y)
        if isinstance(given, str) and numbers.ndim == 1:  # by the rows of the training
            if of_training:
                self._balance = balanced(numbers, len(self.classes_), weights)
            return row_weights(y, weights, self._balance[numbers])
        of_classes = weights_by_class(given, numbers, self._targets.decisions)
        return row_weights(y, weights, of_classes)

    def _last_layer(self) -> tuple[int, str, Any]:
        answer = self._targets.answer
        return answer.width, answer.activation, answer.loss

    def _target_scaling(self) -> None:
        return None

    def _start_biases(self, network: Network, y: NDArray[Any], weights: Any) -> str | None:
        if self.bias_init != "prior" or not gives_probabilities(self.loss):
            return None
        if isinstance(self._targets, Decisions):
            self._targets.start_at_prior(network, y, weights)
            return None
        return "prior" if isinstance(self._targets.answer.loss, str) else None

    def _described(self) -> dict[str, Any]:
        classes = self.classes_
        decides, is_many = isinstance(classes, list), isinstance(self._targets, Many)
        named = [list(map(str, each.tolist())) for each in (classes if decides else [classes])]
        several: dict[str, Any] = {}
        if decides or is_many:
            several["targets"] = tabular_saving.names_of_targets(self, len(classes))
        if decides:
            several["decisions"] = named
        return {
            "classes": None if several else named[0],
            "several": several,
            "kind": type(self._targets).__name__,
            "is_sparse": getattr(self._targets, "is_sparse", False),
            "labels": [tabular_saving.typed(each) for each in (classes if decides else [classes])],
        }

    def _restore_targets(self, state: dict[str, Any], given: dict[str, Any]) -> None:  # noqa: ARG002
        found = [tabular_saving.labels(each) for each in state["labels"]]
        kind = state["kind"]
        self.classes_ = found if kind == "Decisions" else found[0]
        y = np.eye(2, len(found[0]), dtype=int) if kind == "Many" else found[0]
        self._targets = self._targets_of(y, self.classes_)
        if isinstance(self._targets, Many):
            self._targets.is_sparse = bool(state["is_sparse"])
        if type(self._targets).__name__ != kind:
            raise ValueError(f"targets of the kind {kind!r}")

    def predict(self, X: Any) -> Any:
        """Predict classes.

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

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:
        """Probabilities of classes.

        Parameters
        ----------
        X : table-like of shape (n_samples, n_features)

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
        X : table-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or a list of them
        """
        found = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return [np.log(each) for each in found] if isinstance(found, list) else np.log(found)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy; of several outputs the share of rows where all are right.

        Parameters
        ----------
        X : table-like of shape (n_samples, n_features)
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
        if not hasattr(y, "tocsr"):
            y = same_type(np.asarray(y))
        return float(super().score(X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
