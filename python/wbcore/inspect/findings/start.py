"""Before a training: the first loss, and whether one batch can be learned by heart."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.columns import inputs_are_scaled, target_scale
from wbcore.inspect.findings.finding import Finding
from wbcore.inspect.findings.units import begins_by_default
from wbcore.inspect.findings.yardstick import run_steps
from wbcore.layers import Dense
from wbcore.network import Network
from wbcore.optimizers.adam import Adam

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State

__all__ = ["BEFORE", "CODES"]

_HIGH = 10.0
_OF_UNIT_SIZE = 3.0  # default initial weights give outputs of 1 to 2
_BATCH, _FEWEST = 16, 4
_STEPS, _AT_ONCE = 200, 20
_RATES = (0.01, 0.05)
_LEARNED = 0.5
_MOST_WORK = 1e9  # of multiplications: less than a tenth of a second each

_AT_PRIOR = 'bias_init="prior" in fit: a copy that begins so learns these rows; check takes it, too'
_OTHERS = (
    "what else was found here; else other labels for equal rows, a last activation that does not "
    "suit the targets (relu for negative numbers), frozen layers, or too few units"
)
START = Code(
    "WB-START",
    "warning",
    "check",
    "a first loss far above that of knowing nothing",
    "the loss before the first step above 10 times that of outputs of 0 or of the best constant, "
    "whichever is larger (of K classes log K; of numbers their mean square). A note of numbers "
    "where outputs are of unit size, their root mean square at most 3, so that it is the targets "
    "that vary little, and WB-TARGET-SCALE is not found",
    "the first steps only undo the initial weights, and may be so large that the training never "
    "recovers",
    "the default initializers, scaled inputs and scaled targets, where these are others; else "
    'bias_init="prior" in fit',
)
ONE_BATCH = Code(
    "WB-ONE-BATCH",
    "error",
    "check",
    "one batch cannot be learned by heart",
    "of at most 16 rows, a fourth of the parameters at most, the loss stays above half that of "
    "the best constant, and so do the errors, in 200 steps of Adam with rates of 0.01 and 0.05, "
    "without dropout",
    "what cannot learn 16 rows by heart learns nothing of thousands: something is broken or too "
    "small",
    f'bias_init="prior", where a copy that begins so learns them; else {_OTHERS}',
)
CODES = (START, ONE_BATCH)


def start(state: State) -> Iterator[Finding]:
    """The loss at step 0."""
    if state.task is None or not state.reference:
        return
    loss, prior = state.loss_now, state.loss_of_prior
    if math.isfinite(loss) and loss <= _HIGH * state.reference:
        return
    of_prior = "" if prior is None else f", of the best constant {prior:.4g}"
    said = (
        f"the first loss is {loss:.4g}; of outputs of 0, or without knowledge, it is "
        f"{state.reference:.4g}{of_prior}"
    )
    numbers = {"loss": loss, "reference": state.reference, "prior": prior}
    if _is_of_unit_size(state):
        why = "the first steps are spent on it, no more: scaled targets would save them"
        yield START.found(said, severity="note", why=why, numbers=numbers)
    else:
        yield START.found(said, advice=_advice(state), numbers=numbers)


def _is_of_unit_size(state: State) -> bool:
    """Whether the loss is high by targets that vary little, not by the initial weights."""
    if state.task is None or state.task.kind != "numbers" or any(target_scale(state)):
        return False
    outputs = np.asarray(state.layers[-1], np.float64)
    return bool(np.sqrt(np.mean(outputs**2)) <= _OF_UNIT_SIZE)


def _advice(state: State) -> str:
    """What the network and its data do not have yet."""
    cures = []
    if not all(begins_by_default(state.net, layer) for layer in state.net):
        cures.append("the default initializers")
    if not inputs_are_scaled(state):
        cures.append("scaled inputs")
    if any(target_scale(state)):
        cures.append("scaled targets")
    if not cures and state.loss_of_prior is not None:
        return 'bias_init="prior" in fit'
    return " and ".join(cures) or "initial weights nearer to 0"


def one_batch(state: State) -> Iterator[Finding]:
    """On copies of the network."""
    rows = min(_BATCH, state.net.n_parameters // (4 * state.net.widths[-1]), len(state.x))
    if state.task is None or not state.task.scored or rows < _FEWEST:
        return
    x, y = _drawn(state, rows)
    steps = min(_STEPS, int(_MOST_WORK / (6 * rows * state.net.n_parameters)))
    if steps < _STEPS // 4:
        return
    knows_nothing, is_possible = _prior(state, x, y)
    base = state.task.score(state.net.predict(x), y, y).base  # what is left without a prior
    if (base if knows_nothing is None else knows_nothing) <= 0:
        return  # the same target for all
    losses = _tried(state, state.net, (x, y), steps, knows_nothing)
    if losses is None:
        return
    begun = _at_prior(state)
    is_cured = begun is not None and _tried(state, begun, (x, y), steps, knows_nothing) is None
    constant = ""
    if knows_nothing is not None:
        constant = f", that of the best constant is {knows_nothing:.4g}"
    last = state.net[-1]
    if knows_nothing is not None and not is_possible and last.biases is not None:
        constant += f", which no bias of the last layer ({last.activation}) is known to give"
    yield ONE_BATCH.found(
        f"after {steps} steps on the same {rows} rows the loss is {min(losses):.4g}{constant}",
        advice=_AT_PRIOR if is_cured else _OTHERS,
        numbers={"rows": rows, "steps": steps, "loss": min(losses), "prior": knows_nothing},
    )


def _at_prior(state: State) -> Network | None:
    """A copy that begins as with bias_init="prior"; None where that is no other or cannot be."""
    net = state.net.copy()
    try:
        net.start_at_prior(state.y, loss=state.loss)
    except (TypeError, ValueError):
        return None
    return None if net == state.net else net


def _tried(
    state: State,
    begun: Network,
    batch: tuple[NDArray[Any], NDArray[Any]],
    steps: int,
    knows_nothing: float | None,
) -> list[float] | None:
    """The loss that each rate ends with; None as soon as the rows are learned."""
    assert state.task is not None
    x, y = batch
    least = -math.inf
    if knows_nothing is not None:
        entropy = _entropy(state, y)
        least = entropy + _LEARNED * (knows_nothing - entropy)
    losses = []
    for rate in _RATES:
        net = begun.copy()
        for layer in net:
            layer.dropout = 0.0
        adam, loss = Adam(rate), math.inf
        for _ in range(0, steps, _AT_ONCE):
            if run_steps(net, x, y, state.loss, adam, steps=_AT_ONCE, batch_size=len(x)) is None:
                break
            loss = net.evaluate(x, y, loss=state.loss)["loss"]
            score = state.task.score(net.predict(x), y, y)
            if loss <= least or score.skill >= _LEARNED:
                return None  # by either: the least loss of counts and of smoothed labels is not 0
        losses.append(loss)
    return losses


def _entropy(state: State, y: NDArray[Any]) -> float:
    """What a cross-entropy is not below, of targets that are probabilities between 0 and 1."""
    y = np.asarray(y, np.float64)
    if state.loss == "cross_entropy" and y.ndim == 2:
        return float(np.mean(np.sum(_information(y), axis=1)))
    if state.loss == "binary_cross_entropy":
        return float(np.mean(_information(y) + _information(1 - y)))
    return 0.0


def _information(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    some = np.where(shares > 0, shares, 1.0)
    return -some * np.log(some)


def _drawn(state: State, rows: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows from anywhere: neighbours in sorted data are nearly equal, and so are their targets."""
    chosen = np.random.default_rng(0).choice(len(state.x), rows, replace=False)
    return state.x[chosen], state.y[chosen]


def _prior(state: State, x: NDArray[Any], y: NDArray[Any]) -> tuple[float | None, bool]:
    """The loss of the best constant for a batch, and whether the network can give that.

    A last layer without biases, or of values that targets do not have, cannot: then it is that of a
    layer that can. None where that has none either, and errors alone are left to be looked at.
    """
    net, widths = state.net.copy(), state.net.widths
    known = _prior_of(net, state.loss, x, y)
    if known is not None:
        return known, True
    anything = Network([Dense(widths[0], widths[-1])], dtype=state.net.dtype.name)
    return _prior_of(anything, state.loss, x, y), False


def _prior_of(net: Network, loss: str, x: NDArray[Any], y: NDArray[Any]) -> float | None:
    """The loss of a network that is given the best constant; None where it cannot be."""
    try:
        net.start_at_prior(y, loss=loss)
        return net.evaluate(x, y, loss=loss)["loss"]
    except (TypeError, ValueError):
        return None


BEFORE = (start, one_batch)
