"""Outputs for rows, some of whose columns may come from other rows; and scores of outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore import _arguments, _core, _named, losses, metrics
from wbcore._loss_function import LossFunction
from wbcore._structure import LayerStructure
from wbcore._view import Foreign, View, dense, in_rows, is_sparse, n_rows
from wbcore.callbacks.monitor import sign_of
from wbcore.data._source import is_source, like
from wbcore.inspect.best_constant import best_constant
from wbcore.inspect.networks import is_network, loss_of
from wbcore.inspect.row_losses import require_finite

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["Permuted", "Score", "Targets", "divided", "score_of"]

#: Elements of X in the buffer that rows are gathered in: 8 MB of float64.
_AT_ONCE = 1 << 20


class Permuted:
    """Rows of X, block by block in one buffer, with some columns from other rows.

    Parameters
    ----------
    operation : str
    X : array-like or sparse matrix of shape (B, I), or a View of such
    predict : callable
        Outputs (b, ...) for a block (b, I).
    """

    def __init__(self, operation: str, X: Foreign, predict: Callable[[Foreign], Foreign]) -> None:
        self._view = X if isinstance(X, View) else None
        array = X if self._view is None else self._view.array
        if is_source(array):
            raise TypeError(
                f"[{operation}] expected X as an array, got a source, whose rows cannot be permuted"
            )
        if is_sparse(array):
            array = in_rows(operation, "X", array)
        else:
            array = _arguments.real_array(operation, "X", array)
        if len(array.shape) != 2 or not n_rows(array):
            raise ValueError(
                f"[{operation}] expected X of shape (B, I), at least one row, "
                f"got shape {tuple(array.shape)}"
            )
        self._array = array
        self._predict = predict
        self.rows, self.columns = int(array.shape[0]), int(array.shape[1])
        block = min(self.rows, max(1, _AT_ONCE // max(1, self.columns)))
        self._buffer = np.empty((block, self.columns), array.dtype)

    def outputs(
        self,
        columns: NDArray[np.int64] | None = None,
        order: NDArray[np.int64] | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Outputs (B, ...) where these columns of row i are those of row order[i]."""
        block = len(self._buffer)
        for begin in range(0, self.rows, block):
            end = min(begin + block, self.rows)
            rows = self._buffer[: end - begin]
            rows[...] = dense(self._array[begin:end])
            if columns is not None and order is not None:
                others = order[begin:end]
                if is_sparse(self._array):
                    rows[:, columns] = dense(self._array[others][:, columns])
                else:
                    rows[:, columns] = self._array[others[:, None], columns]
            found = np.asarray(self._predict(like(self._view, rows)))
            if out is None:
                out = np.empty((self.rows, *found.shape[1:]), found.dtype)
            out[begin:end] = found
        assert out is not None
        return out


class Targets(NamedTuple):
    """What outputs are held to, and what each row counts."""

    y: NDArray[Any]
    weights: NDArray[np.float64] | None

    def at(self, rows: NDArray[np.int64]) -> Targets:
        """Those of some rows, in their order."""
        return Targets(self.y[rows], None if self.weights is None else self.weights[rows])


@dataclass(frozen=True)
class Score:
    """A metric of outputs and targets.

    Parameters
    ----------
    name : str
    sign : float
        1 when larger is better, else -1.
    of : callable
        The metric of what `predict` gives and `Targets`.
    predict : callable
        What the metric is computed from, for a block of X.
    constant : callable
        Of targets, what `predict` would have to give for every row to be as good as a constant can
        be; None where that is not known.
    """

    name: str
    sign: float
    of: Callable[[NDArray[Any], Targets], float]
    predict: Callable[[Foreign], Foreign]
    constant: Callable[[Targets], NDArray[Any] | None] = lambda _: None

    def of_constant(self, outputs: NDArray[Any], targets: Targets) -> float:
        """The score of the best constant in place of these outputs; NaN where it is not known."""
        constant = self.constant(targets)
        if constant is None:
            return float("nan")
        constant = constant.astype(outputs.dtype).reshape(outputs.shape[1:])
        return self.of(np.repeat(constant[None], len(outputs), axis=0), targets)


def score_of(
    operation: str,
    model: Foreign,
    metric: Foreign,
    loss: Foreign,
    greater_is_better: object,
    *,
    weighs: bool,
) -> Score:
    """What a model is judged by.

    Parameters
    ----------
    operation : str
    model : Network or callable
    metric : Metric, str, callable or None
    loss : Loss, str or None
        Of a network, to which its metrics belong.
    greater_is_better : bool or None
    weighs : bool
        Whether rows have weights, which a function then must take.
    """
    if greater_is_better is not None:
        greater_is_better = _arguments.flag(operation, "greater_is_better", greater_is_better)
    if is_network(model):
        return _of_network(operation, model, metric, loss, greater_is_better, weighs=weighs)
    if not callable(model):
        raise TypeError(
            f"[{operation}] expected a Network, or a function such as model.predict_proba, "
            f"got {_arguments.shown(model)}"
        )
    if not callable(metric) or isinstance(metric, type):
        raise TypeError(
            f"[{operation}] expected metric to be a function (outputs, targets) for a model that "
            f"is a function, got {_arguments.shown(metric)}"
        )
    if loss is not None:  # which nobody asks for then
        losses.check_given(operation, loss)
    name = getattr(metric, "__name__", "metric")
    name = "metric" if name == "<lambda>" else name
    _require_takes(operation, metric, weighs=weighs)

    def of(outputs: NDArray[Any], targets: Targets) -> float:
        return metrics.of_predictions(operation, {name: metric}, outputs, *targets)[name]

    return Score(name, -1.0 if greater_is_better is False else 1.0, of, model)


def _require_takes(operation: str, metric: Foreign, *, weighs: bool) -> None:
    """Rows that count differently must not count alike without a word."""
    if weighs and not _arguments.takes(metric, "sample_weight"):
        raise ValueError(
            f"[{operation}] expected metric to take sample_weight, which is given, "
            f"got {_arguments.shown(metric)}"
        )


def _of_network(
    operation: str,
    net: Network,
    metric: Foreign,
    loss: Foreign,
    greater: bool | None,
    *,
    weighs: bool,
) -> Score:
    """By way of the last layer's sums: a network of one layer makes metrics of them."""
    if loss is None and net.loss is None and isinstance(metric, str) and metric != "loss":
        loss = _suited(operation, net, metric)
    given: Foreign = loss_of(operation, net, loss)
    if metric is None:
        metric = _usual(given)
    sums, head = divided(net)
    if callable(metric) and not isinstance(metric, type) and not isinstance(metric, _named.Choice):
        name = getattr(metric, "__name__", "metric")
        metric = {name if name.isidentifier() else "metric": metric}
    chosen: Foreign = ()
    if isinstance(metric, str) and metric == "loss":
        name, sign = "loss", -1.0
    else:
        checked = metrics.check(operation, metric if isinstance(metric, dict) else [metric])
        if len(checked.texts) + len(checked.functions) != 1:
            raise ValueError(
                f"[{operation}] expected metric to be one, got {_arguments.shown(metric)}"
            )
        for function in checked.functions.values():
            _require_takes(operation, function, weighs=weighs)
        name = next(iter((*checked.texts, *checked.functions)))
        chosen = metric if isinstance(metric, dict) else (name,)
        sign = (sign_of(name) if checked.texts else None) or 1.0
    if greater is not None:
        sign = 1.0 if greater else -1.0

    def of(outputs: NDArray[Any], targets: Targets) -> float:
        y, weights = targets
        return head.evaluate(outputs, y, loss=given, metrics=chosen, sample_weight=weights)[name]

    def predict(X: Foreign) -> NDArray[Any]:
        found = sums.predict(X)
        require_finite(operation, found)
        return found

    return Score(name, sign, of, predict, _constant_of(operation, net, given, name))


def _constant_of(
    operation: str, net: Network, loss: str | LossFunction, metric: str
) -> Callable[[Targets], NDArray[Any] | None]:
    def constant(targets: Targets) -> NDArray[Any] | None:
        y, weights = targets
        return best_constant(operation, net, loss, metric, y, sample_weight=weights)

    return constant


def _usual(loss: str | LossFunction) -> str:
    """Accuracy for decisions, else r2; of a function nobody knows what its targets are."""
    if isinstance(loss, LossFunction):
        return "loss"
    name, _ = _named.parsed("loss", "metric", "loss", loss)
    kind = _named.rows("loss")[name].properties["targets"]
    return "accuracy" if kind in ("classes", "probabilities", "signs") else "r2"


def _suited(operation: str, net: Network, metric: str) -> str:
    """A loss that a metric by name goes with: it says what targets and outputs are, no more."""
    (name,) = metrics.check(operation, [metric]).texts
    if _named.rows("metric")[name.partition("(")[0]].properties["judges"] == "errors":
        return "mse"
    last = net._structure[-1]
    if last.activation == "tanh":
        return "hinge"
    is_binary = last.outputs == 1 or last.activation == "sigmoid"
    return "binary_cross_entropy" if is_binary else "cross_entropy"


def divided(net: Network) -> tuple[Network, Network]:
    """The network up to its last sums, and one layer that makes of these what it makes of them."""
    *first, last = net._structure
    sums = net._of_structure([*first, last._replace(activation="identity", dropout=0.0)], net.dtype)
    _core.write_parameters(sums._core, _core.snapshot(net._core))
    layer = LayerStructure(last.outputs, last.outputs, last.activation, bias=False)
    head = net._of_structure([layer], net.dtype)
    head.parameters[:] = np.eye(last.outputs).ravel()
    return sums, head
