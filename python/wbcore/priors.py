"""Output biases that say how often each answer comes: at the start, and for another base rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from wbcore import _arguments, _core, _named, losses
from wbcore._loss_function import LossFunction
from wbcore._methods import network_method
from wbcore.data._source import CheckedSource, as_blocks, is_source
from wbcore.training.weights import row_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import Foreign
    from wbcore.data._source import Source
    from wbcore.losses import Loss, LossLike
    from wbcore.network import Network
    from wbcore.training.weights import ClassWeight

__all__ = ["check_bias_init", "prior_biases", "start_at_prior", "with_priors"]

_KINDS = frozenset({"classes", "probabilities", "numbers", "counts", "positives"})  # with a mean
_ROWS = 2**14  # of targets that are numbers of Python at a time


@network_method
def start_at_prior(
    self: Network,
    y: ArrayLike | Source,
    *,
    loss: Loss | str,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
) -> None:
    """Let the last layer begin with what is known without inputs: how often each answer comes.

    Its weights become 0 and its biases what gives the shares of the targets, whatever the input,
    so that the first loss is the entropy of the shares, or the variance of the numbers; without it
    the first epochs of a rare class are spent on learning that it is rare.

    - Losses of probabilities (binary_cross_entropy, focal): log(p / (1 - p)), p being the mean of
      an output's targets.
    - Losses of classes (cross_entropy): log(p), p being the share of a class.
    - Losses that include another activation: its inverse at the mean.
    - All others: the mean of an output's targets, through the inverse of the last activation.

    What never occurs (a class, a 0 or a 1 of a probability) counts as half a row of mean weight, so
    that all biases are finite. Sums are exact and rounded once, logarithms are wbcore's own: the
    same bits on every machine (docs/arithmetic.md, section 9.4).

    `fit(..., bias_init="prior")` does it with the targets and weights of the fit, before its first
    step; so does the first fit of a network whose last layer has ``bias_initializer="prior"``.

    Parameters
    ----------
    y : array-like of shape (B,) or (B, O), or a source
        As the loss takes them. Of a source (`wbcore.data`) those of all its blocks, which are read
        once, with the same result.
    loss : Loss or str
        One of `wbcore.losses`; a function in its place says nothing about its targets.
    sample_weight : array-like of shape (B,), optional
        At least 0, not all 0. Not beside a source, whose blocks may have weights of their own.
    class_weight : dict or "balanced", optional
        As for `fit`; not beside a source.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, the last layer has no biases, or the
        mean is no value that its activation can have. Nothing has been changed then.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network.mlp([2, 8, 3], seed=0)
    >>> net.start_at_prior([0, 0, 1, 2], loss="cross_entropy")
    >>> wb.softmax(net.predict([[0.3, -7]])).round(6).tolist()
    [[0.5, 0.25, 0.25]]
    """
    weights = sample_weight
    if class_weight is not None:
        if _is_source(y):
            raise TypeError(
                f"[start_at_prior] expected no class_weight beside a source, got "
                f"{_arguments.shown(class_weight)}"
            )
        weights, _ = row_weights(
            "start_at_prior",
            self,
            _named_loss("start_at_prior", loss),
            cast("ArrayLike", y),
            sample_weight=sample_weight,
            class_weight=class_weight,
        )
    biases = prior_biases("start_at_prior", self, y, loss, weights)
    last = self[len(self) - 1]
    rounded = _arguments.rounded("start_at_prior", "the biases", biases, self.dtype)
    last.weights[...] = 0
    last.biases[...] = rounded
    self._starts_at_prior = False


@network_method
def with_priors(
    self: Network, old: ArrayLike, new: ArrayLike, *, independent: bool | None = None
) -> Network:
    """A copy for another base rate: its output biases alone are shifted, exactly by Bayes' rule.

    A classifier that has learned on data with the base rates `old` gives posteriors for these.
    Where the answers come with the rates `new`, and inputs of each answer look as before, the
    posteriors are those times new / old, made to sum to 1 again; on logits that is a sum:
    log(new / old) for classes, and for a probability log(new / (1 - new)) - log(old / (1 - old)).

    Parameters
    ----------
    old, new : float, or array-like of shape (O,)
        Above 0 and below 1. For classes one each, which sum to 1. For probabilities that of a
        target of 1, one for each output, or one for all.
    independent : bool, optional
        Whether each output is a probability by itself rather than one of O classes. Default: by the
        last activation, sigmoid or softmax; where that is identity, and the outputs are logits,
        whether there is only one.

    Returns
    -------
    Network
        With everything else as here.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, the last layer has no biases, or its
        activation is none of identity, sigmoid and softmax.

    Examples
    --------
    Trained on as many frauds as others, used where one in 200 is one:

    >>> import wbcore as wb
    >>> net = wb.Network.mlp([3, 8, 1], output_activation="sigmoid", seed=0)
    >>> x = [[0.5, -1.0, 2.0]]
    >>> p, q = net.predict(x).item(), net.with_priors(0.5, 0.005).predict(x).item()
    >>> abs(q - p * 0.005 / (p * 0.005 + (1 - p) * 0.995)) < 1e-7
    True
    """
    operation = "with_priors"
    last = self[len(self) - 1]
    _require_biases(operation, self)
    alone = _independent(operation, last.activation, last.outputs, independent)
    before, after = (
        _rates(operation, name, value, last.outputs, alone)
        for name, value in (("old", old), ("new", new))
    )
    shift = _logits(after, alone) - _logits(before, alone)
    biases = np.asarray(last.biases, np.float64) + shift
    copy = self.copy()
    copy[len(self) - 1].biases = biases
    return copy


def check_bias_init(operation: str, value: object) -> str | None:
    """None, or "prior"."""
    if value is None:
        return None
    return _arguments.choice(operation, "bias_init", value, ["prior"], expected="None or")


def prior_biases(
    operation: str,
    network: Network,
    y: ArrayLike | Source,
    loss: LossLike | LossFunction,
    sample_weight: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """The biases that `start_at_prior` sets, (O,), in float64; nothing is changed."""
    text = _named_loss(operation, loss)
    _require_biases(operation, network)
    targets = _targets(operation, network, y, text, sample_weight)
    biases = _biases(operation, network, text, targets)
    _arguments.rounded(operation, "the biases", biases, network.dtype)  # or refused
    return biases


def _named_loss(operation: str, loss: LossLike | LossFunction) -> str:
    given = losses.check_given(operation, loss)
    if isinstance(given, LossFunction):
        raise TypeError(
            f"[{operation}] expected a loss with a name for biases that begin at the prior, got a "
            f"function, of which nobody knows what its targets are; call start_at_prior(y, "
            f"loss='mse') before the fit, or set the last layer's biases"
        )
    return given


def _biases(operation: str, network: Network, loss: str, targets: _Targets) -> NDArray[np.float64]:
    row = _named.rows("loss")[loss.partition("(")[0].partition("[")[0]]
    last = network[len(network) - 1]
    undone: str = row.properties["undone"]
    if row.properties["targets"] not in _KINDS:
        raise ValueError(f"[{operation}] expected a loss whose targets have a mean, got {loss}")
    if row.properties["targets"] == "classes":
        counts = np.array(targets.classes(last.outputs))
        counts[counts == 0] = targets.half_a_row
        return _log(counts / math.fsum(counts))
    if undone == "sigmoid":
        ones, zeros = targets.sums(_as_they_are, _from_one)
        ones[ones == 0] = zeros[zeros == 0] = targets.half_a_row
        return _log(ones / zeros)
    (sums,) = targets.sums(_as_they_are)
    sums = np.repeat(sums, last.outputs // len(sums))  # of quantiles, one after another
    if undone == "identity":
        return _inverse(operation, last.activation, sums / targets.total)
    sums[sums == 0] = targets.half_a_row
    return _inverse(operation, undone, sums / targets.total)


_Function = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]


class _Targets:
    """Weighted sums over the rows of targets: exact, rounded once, whatever their order.

    Parameters
    ----------
    parts : callable
        Gives some rows of targets at a time, all over again: a large array is never copied whole,
        and a source is read.
    rows : int
        Those whose weight is not 0.
    weights : ndarray of shape (B,), optional
    """

    def __init__(
        self,
        parts: Callable[[], Iterable[NDArray[Any]]],
        rows: int,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self._parts, self._weights = parts, weights
        self.total = float(rows) if weights is None else math.fsum(weights.tolist())
        self.half_a_row = 0.5 * (self.total / rows)

    def _weighted_parts(self) -> Iterator[tuple[NDArray[Any], NDArray[np.float64] | None]]:
        first = 0
        for part in self._parts():
            for start in range(0, len(part), _ROWS):
                targets = part[start : start + _ROWS]
                end = first + len(targets)
                yield targets, None if self._weights is None else self._weights[first:end]
                first = end

    def classes(self, outputs: int) -> list[float]:
        """Of each class, the weights of the rows that are of it."""
        counts = [0.0] * outputs
        sums = [_Sum() for _ in range(outputs)]
        for targets, weights in self._weighted_parts():
            if targets.ndim == 2:
                _add_columns(sums, targets, weights)
            elif weights is None:
                found = np.bincount(targets.astype(np.intp), minlength=outputs)
                counts = [before + float(n) for before, n in zip(counts, found, strict=True)]
            else:
                for label, total in enumerate(sums):
                    total.add(weights[targets == label])
        return [n + total.value() for n, total in zip(counts, sums, strict=True)]

    def sums(self, *functions: _Function) -> list[NDArray[np.float64]]:
        """Of each function of the targets, the sums of its columns; all in one pass."""
        found: list[list[_Sum]] = [[] for _ in functions]
        for targets, weights in self._weighted_parts():
            rows = np.asarray(targets, np.float64).reshape(len(targets), -1)
            for of, sums in zip(functions, found, strict=True):
                if not sums:
                    sums.extend(_Sum() for _ in range(rows.shape[1]))
                _add_columns(sums, of(rows), weights)
        return [np.array([total.value() for total in sums]) for sums in found]


class _Sum:
    """Of numbers that come in parts: exact until it is asked for, so that the parts do not show."""

    def __init__(self) -> None:
        self._terms: list[float] = []

    def add(self, numbers: NDArray[np.float64]) -> None:
        """Keep the sum as few terms, each the rounded rest of those before."""
        given = [*self._terms, *numbers.tolist()]
        terms: list[float] = []
        try:
            while (rest := math.fsum([*given, *(-term for term in terms)])) != 0:
                terms.append(rest)
                if math.isinf(rest):
                    break
        except OverflowError:
            terms = [math.inf]
        self._terms = terms

    def value(self) -> float:
        """Rounded."""
        return math.fsum(self._terms)


def _add_columns(sums: list[_Sum], rows: NDArray[Any], weights: NDArray[np.float64] | None) -> None:
    values = np.asarray(rows, np.float64)
    if weights is not None:
        values = values * weights[:, None]
    for total, column in zip(sums, values.T, strict=True):
        total.add(column)


def _as_they_are(targets: NDArray[np.float64]) -> NDArray[np.float64]:
    return targets


def _from_one(targets: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 - targets


def _targets(
    operation: str, network: Network, y: Foreign, loss: str, sample_weight: ArrayLike | None
) -> _Targets:
    """Those of an array, or of a source, which is read for them."""
    if not _is_source(y):
        targets = _core.targets(network._core, operation, y, loss)
        if len(targets) == 0:
            raise ValueError(f"[{operation}] expected y with at least one row, got none")
        weights = _weights(operation, sample_weight, len(targets))
        rows = len(targets) if weights is None else int(np.count_nonzero(weights))
        return _Targets(lambda: [targets], rows, weights)
    if sample_weight is not None:
        raise TypeError(
            f"[{operation}] expected sample_weight to be None beside a source, got "
            f"{_arguments.shown(sample_weight)}"
        )
    source = as_blocks(operation, y)
    rows = sum(source.rows)
    weights = None
    if source.first.weights is not None:  # read for them, and then for its targets
        parts = [block.weights for block in source.blocks() if block.weights is not None]
        weights = _weights(operation, np.concatenate(parts), rows)
    return _Targets(
        lambda: _of_source(operation, network, source, loss),
        rows if weights is None else int(np.count_nonzero(weights)),
        weights,
    )


def _is_source(y: Foreign) -> bool:
    """Also what can only be iterated over, time and again, of which NumPy makes nothing."""
    if isinstance(y, CheckedSource) or is_source(y):
        return True
    is_array_like = hasattr(y, "__len__") or hasattr(y, "__array__")
    return hasattr(y, "__iter__") and not is_array_like and not isinstance(y, Iterator)


def _of_source(
    operation: str, network: Network, source: CheckedSource, loss: str
) -> Iterator[NDArray[Any]]:
    for k, block in enumerate(source.blocks()):
        if block.y is None:
            raise ValueError(f"[{operation}] expected blocks (X, y), got ones whose y is None")
        try:
            yield _core.targets(network._core, operation, block.y, loss)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{error} (block {k} of the source)") from None


def _weights(
    operation: str, sample_weight: ArrayLike | None, rows: int
) -> NDArray[np.float64] | None:
    if sample_weight is None:
        return None
    weights = _arguments.floats(operation, "sample_weight", sample_weight).astype(np.float64)
    if weights.shape != (rows,):
        raise ValueError(
            f"[{operation}] expected sample_weight of shape ({rows},), as y has rows, "
            f"got shape {weights.shape}"
        )
    if not (weights >= 0).all() or not weights.any():
        raise ValueError(
            f"[{operation}] expected sample_weight of at least 0, and not all 0, "
            f"got {weights.min():g} to {weights.max():g}"
        )
    return weights


def _require_biases(operation: str, network: Network) -> None:
    if network[len(network) - 1].biases is None:
        raise ValueError(f"[{operation}] expected a last layer with biases, got one without")


def _log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The core's own, whose bits are the same on every machine."""
    return _core.elementwise("log", np.ascontiguousarray(x, np.float64))


def _expm1(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return _core.elementwise("expm1", np.ascontiguousarray(x, np.float64))


class _Inverse(NamedTuple):
    """Of an activation with the number a, if it has one: its values, and the z that gives one."""

    low: Callable[[float], float]
    high: float
    of: Callable[[NDArray[np.float64], float], NDArray[np.float64]]


def _anything(_: float) -> float:
    return -math.inf


def _above_zero(_: float) -> float:
    return 0.0


# What is not here has none, as gelu, or none that a gradient would come through.
_INVERSES = {
    "identity": _Inverse(_anything, math.inf, lambda m, _: m),
    "sigmoid": _Inverse(_above_zero, 1.0, lambda m, _: _log(m / (1 - m))),
    "tanh": _Inverse(lambda _: -1.0, 1.0, lambda m, _: 0.5 * _log((1 + m) / (1 - m))),
    "softsign": _Inverse(lambda _: -1.0, 1.0, lambda m, _: m / (1 - np.abs(m))),
    "relu": _Inverse(_above_zero, math.inf, lambda m, _: m),
    "exp": _Inverse(_above_zero, math.inf, lambda m, _: _log(m)),
    "softplus": _Inverse(_above_zero, math.inf, lambda m, _: m + _log(-_expm1(-m))),
    "leaky_relu": _Inverse(
        lambda a: -math.inf if a > 0 else 0.0,
        math.inf,
        lambda m, a: np.where(m > 0, m, m / (a or 1.0)),
    ),
    "elu": _Inverse(
        lambda a: -a,
        math.inf,
        lambda m, a: np.where(m > 0, m, _log(np.where(m > 0, a, m + a) / a)),
    ),
}


def _inverse(operation: str, activation: str, means: NDArray[np.float64]) -> NDArray[np.float64]:
    """The z at which an activation gives these values."""
    name, numbers = _named.parsed("activation", operation, "activation", activation)
    if name not in _INVERSES:
        raise ValueError(
            f"[{operation}] expected a last activation with an inverse ({', '.join(_INVERSES)}), "
            f"got {activation}"
        )
    inverse = _INVERSES[name]
    number = numbers[0] if numbers else 0.0
    low, high = inverse.low(number), inverse.high
    for output, mean in enumerate(means.tolist()):
        if not low < mean < high:
            raise ValueError(
                f"[{operation}] expected the mean of y to be between {low:g} and {high:g}, which "
                f"the last activation {activation} gives, got {mean:g} for output {output}"
            )
    return inverse.of(means, number)


def _independent(operation: str, activation: str, outputs: int, independent: object) -> bool:
    """Whether each output is a probability by itself."""
    if activation not in ("identity", "sigmoid", "softmax"):
        raise ValueError(
            f"[{operation}] expected a last activation identity, sigmoid or softmax, "
            f"got {activation}"
        )
    by_activation = activation == "sigmoid" or (activation == "identity" and outputs == 1)
    if independent is None:
        return by_activation
    wanted = _arguments.flag(operation, "independent", independent)
    if wanted != by_activation and (activation != "identity" or outputs == 1):
        raise ValueError(
            f"[{operation}] expected independent to be {by_activation} with {outputs} "
            f"output{'s' * (outputs != 1)} of {activation}, got {wanted}"
        )
    return wanted


def _rates(
    operation: str, name: str, value: ArrayLike, outputs: int, alone: bool
) -> NDArray[np.float64]:
    rates = _arguments.floats(operation, name, value).astype(np.float64)
    if alone and rates.ndim == 0:
        rates = np.full(outputs, rates)
    if rates.shape != (outputs,):
        wanted = "a number, or an array" if alone else "an array"
        raise ValueError(
            f"[{operation}] expected {name} to be {wanted} of shape ({outputs},), "
            f"got shape {rates.shape}"
        )
    if not ((rates > 0) & (rates < 1)).all() and not (outputs == 1 and not alone):
        raise ValueError(
            f"[{operation}] expected {name} above 0 and below 1, got {rates.min():g} to "
            f"{rates.max():g}"
        )
    if not alone and abs(math.fsum(rates) - 1) > 1e-6:
        raise ValueError(
            f"[{operation}] expected {name} of {outputs} classes to sum to 1, "
            f"got {math.fsum(rates):.9g}"
        )
    return rates


def _logits(rates: NDArray[np.float64], alone: bool) -> NDArray[np.float64]:
    return _log(rates) - _log(1 - rates) if alone else _log(rates)
