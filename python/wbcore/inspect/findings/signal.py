"""How a signal goes through the layers, and the gradient back: its spread, and who is equal."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.columns import makes_up_for_scale
from wbcore.inspect.findings.finding import Finding
from wbcore.inspect.findings.records import update_ratios

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State
    from wbcore.layers import Layer

__all__ = ["AFTER", "BEFORE", "CODES"]

_LOST, _EXPLODED = 1e-3, 1e3
_NO_GRADIENT = 1e-4

SIGNAL = Code(
    "WB-SIGNAL",
    "warning",
    "both",
    "a signal that vanishes or explodes on its way through the layers",
    "the standard deviation over rows of a hidden layer's outputs below 0.001 or above 1000, by "
    "itself and over that of the inputs; by itself where the first layer makes up for columns far "
    "from unit scale (see WB-SCALE). Layers of outputs that are all equal are WB-DEAD's or "
    "WB-SYMMETRY's",
    "what is lost in one layer no later one sees; what has exploded makes the first steps "
    "arbitrarily large",
    "the default initializers (he for the relu family, else xavier); of many sigmoid layers fewer, "
    "or tanh or relu",
)
VANISHING = Code(
    "WB-VANISHING",
    "warning",
    "both",
    "layers that hardly move",
    "the gradient of a layer's weights times these, which no scaling of layers changes, below "
    "0.0001 of that of another layer; with records of the training, the median of its "
    "update_ratio; after a training only if less was learned than there is (see WB-UNDERFIT)",
    "the layer stays what it was at random while the others learn",
    "relu or tanh in place of sigmoid, fewer layers, the default initializers, Adam in place of "
    "SGD",
)
SYMMETRY = Code(
    "WB-SYMMETRY",
    "error",
    "both",
    "units that are each other's copies",
    "at most half as many different units as there are in a hidden layer, compared to the bit; "
    "before a training only with equal weights behind them too",
    "units with equal weights get equal gradients and stay equal: the layer has the power of as "
    "many units as are different",
    "random initial weights: the default initializer, not zeros or another constant",
)
CODES = (SIGNAL, VANISHING, SYMMETRY)


def _groups(layer: Layer, behind: NDArray[np.floating] | None) -> NDArray[np.int64]:
    """For each unit the number of the first one that is equal to it, (O,)."""
    columns = [np.asarray(layer.weights).T]
    if layer.biases is not None:
        columns.append(np.asarray(layer.biases)[:, None])
    if behind is not None:
        columns.append(np.asarray(behind))
    rows = np.ascontiguousarray(np.hstack(columns) + 0.0)  # -0 is 0
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(row.tobytes(), unit) for unit, row in enumerate(rows)])


def symmetry(state: State) -> Iterator[Finding]:
    """Of hidden layers."""
    layers = list(state.net)
    for layer, following in itertools.pairwise(layers):
        if layer.outputs < 2:
            continue
        groups = _groups(layer, following.weights if state.history is None else None)
        different = len(np.unique(groups))
        if different > layer.outputs / 2:
            continue
        units = tuple(int(u) for u in np.flatnonzero(np.bincount(groups, minlength=1)[groups] > 1))
        yield SYMMETRY.found(
            f"{different} different unit{'s' * (different > 1)} among {layer.outputs}, equal to "
            "the bit",
            layer=layer.index,
            units=units,
            numbers={"units": layer.outputs, "different": different},
        )


def signal(state: State) -> Iterator[Finding]:
    """Of hidden layers: the first in which it has vanished or exploded.

    What inputs vary by is no measure where the first layer makes up for it: it hears 1. Elsewhere
    what has vanished or exploded has by either measure: what large inputs do is WB-SCALE's.
    """
    inputs = _spread(state.x)
    if inputs == 0:
        return
    is_folded = makes_up_for_scale(state)
    before, behind = state.x, 1.0 if is_folded else inputs
    for layer, outputs in zip(list(state.net)[:-1], state.layers, strict=False):
        spread = _spread(outputs)
        ratios = [spread] if is_folded else [spread / inputs, spread]
        if spread == 0 or any(_LOST <= ratio <= _EXPLODED for ratio in ratios):
            before, behind = outputs, spread
            continue
        gain = _gain(layer, before) / behind
        scaled = ", which the first layer takes as 1" * is_folded
        yield SIGNAL.found(
            f"outputs vary by {spread:.2g} over {state.data.text}, inputs by {inputs:.2g}{scaled}: "
            f"{ratios[0]:.2g} of it is left; this layer's weights multiply by about {gain:.2g}",
            layer=layer.index,
            numbers={"spread": spread, "of_inputs": inputs, "ratio": ratios[0], "gain": gain},
        )
        return


def _gain(layer: Layer, before: NDArray[np.floating]) -> float:
    """What the sums of a layer vary by, if the columns before it are independent."""
    with np.errstate(over="ignore", invalid="ignore"):
        variances = np.asarray(before, np.float64).var(axis=0)
        return float(np.sqrt((variances @ np.square(layer.weights, dtype=np.float64)).mean()))


def _spread(values: NDArray[np.floating]) -> float:
    """Root of the mean variance over rows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sqrt(np.mean(np.asarray(values, np.float64).var(axis=0))))


def vanishing(state: State) -> Iterator[Finding]:
    """By records where there are some, else by the gradient of the sample."""
    if state.history is not None and state.has_learned:
        return
    ratios = _recorded(state) or _of_gradient(state)
    moving = {layer: ratio for layer, ratio in ratios.items() if ratio > 0}
    if not moving:
        return
    largest = max(moving, key=lambda layer: moving[layer])
    still = {at: ratio for at, ratio in moving.items() if ratio < _NO_GRADIENT * moving[largest]}
    if not still:
        return
    first = min(still)
    listed = ", ".join(f"{ratio:.2g}" for ratio in still.values())
    yield VANISHING.found(
        f"{'they move' if len(still) > 1 else 'it moves'} by {listed} in units of the weights, "
        f"layer {largest} by {moving[largest]:.2g}",
        layer=first,
        numbers={
            "ratio": still[first],
            "largest": moving[largest],
            "layer_of_largest": largest,
            "layers": list(still),
            "ratios": list(still.values()),
        },
    )


def _of_gradient(state: State) -> dict[int, float]:
    if state.task is None:
        return {}
    _, gradients = state.net.loss_and_gradients(state.x, state.y, state.loss)
    found = {}
    for layer, gradient in zip(state.net, gradients, strict=True):
        if layer.trainable:
            both = np.asarray(layer.weights, np.float64) * np.asarray(gradient.weights, np.float64)
            with np.errstate(over="ignore"):  # infinite is large enough, and no news for a console
                found[layer.index] = float(np.linalg.norm(both))
    return found


def _recorded(state: State) -> dict[int, float]:
    if state.history is None:
        return {}
    found = update_ratios(state.history)
    return {
        layer: float(np.median(ratios))
        for layer, ratios in enumerate(found)
        if len(ratios) and state.net[layer].trainable
    }


BEFORE = (symmetry, signal, vanishing)
AFTER = (symmetry, signal, vanishing)
