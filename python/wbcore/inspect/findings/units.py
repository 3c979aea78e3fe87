"""Units that are always 0, or always at the end of their range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.columns import inputs_are_scaled
from wbcore.inspect.findings.finding import Finding, are
from wbcore.inspect.findings.records import last_active
from wbcore.layers import Dense, Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State
    from wbcore.network import Network

__all__ = ["CHECKS", "CODES", "begins_by_default"]

_HALF, _MANY, _NEARLY = 0.5, 0.25, 0.01
_SATURATED, _SURELY = 0.75, 0.9
_WIDE = 5.0  # times the deviation that the default initializer gives
_NEARLY_ALWAYS = 0.95  # of the rows: a saturated unit
_FEWEST_ROWS = 20
_LISTED = 100

DEAD = Code(
    "WB-DEAD",
    "warning",
    "both",
    "units whose output is always 0",
    "an output of exactly 0 in all rows looked at (at least 20). An error when it is all units of "
    "a layer, a note when it is less than half of them or when all was learned that can be (see "
    "WB-UNDERFIT)",
    "such a unit contributes nothing, and no gradient reaches its weights to wake it up",
    "begin again with a lower learning rate; the default initializer, biases of 0 and scaled "
    "inputs, where these are others; centered inputs, where the same weights are active for them; "
    "leaky_relu cannot die",
)
NEARLY_DEAD = Code(
    "WB-NEARLY-DEAD",
    "note",
    "both",
    "units that are nearly always 0",
    "an output of 0 in all rows but fewer than 1 %, of a quarter of the units of a layer or more",
    "they are made for a handful of rows, and learn from no others",
    "as for WB-DEAD, or fewer units",
)
SATURATED = Code(
    "WB-SATURATED",
    "warning",
    "both",
    "units at the flat ends of their activation",
    "the derivative below 5 % of its maximum in 75 % of all pairs of a row and a unit of a layer "
    "(tanh beyond 0.975, sigmoid nearer than 0.013 to 0 or 1, softsign beyond 0.776, softplus "
    "below 0.051, elu below -0.95). A note before a training below 90 %, and after it when all was "
    "learned that can be (see WB-UNDERFIT), unless another initializer than the default is known "
    "to have begun the layer, and its weights are 5 times as wide as that one's",
    "next to no gradient passes: what lies before the layer hardly learns",
    "the default initializer (xavier), scaled inputs, a lower learning rate, weight_decay",
)
# Before a training no learning rate is to blame.
_SATURATED_BEFORE = "the default initializer (xavier) and scaled inputs"
CODES = (DEAD, NEARLY_DEAD, SATURATED)


@dataclass(frozen=True)
class _Some:
    """Units of a layer."""

    layer: Layer
    units: NDArray[np.int64]
    severity: str = "note"
    advice: str = ""
    recorded: str = ""


def dead(state: State) -> Iterator[Finding]:
    """Of hidden layers."""
    n = len(state.x)
    if n < _FEWEST_ROWS:
        return
    dead, nearly = [], []
    for layer, outputs in zip(list(state.net)[:-1], state.layers, strict=False):
        active = np.count_nonzero(outputs, axis=0)
        units = np.flatnonzero(active == 0)
        if len(units):
            severity = _severity(state, len(units) / layer.outputs)
            advice, recorded = _advice(state, layer, units), _recorded(state, layer.index, units)
            dead.append(_Some(layer, units, severity, advice, recorded))
        units = np.flatnonzero((active > 0) & (active < _NEARLY * n))
        if len(units) >= _MANY * layer.outputs:
            nearly.append(_Some(layer, units))
    yield from _by_severity(DEAD, "dead", dead, f"0 in {state.data.text}", n)
    rarely = f"not 0 in fewer than 1 % of {state.data.text}"
    yield from _by_severity(NEARLY_DEAD, "nearly_dead", nearly, rarely, n)


def _severity(state: State, share: float) -> str:
    """Of dead units, by their share of a layer."""
    if share == 1:
        return "error"
    harms = share >= _HALF and not (state.history is not None and state.has_learned)
    return "warning" if harms else "note"


def _by_severity(
    code: Code, name: str, found: list[_Some], what: str, rows: int
) -> Iterator[Finding]:
    """One finding of all layers of a severity: what is wrong in several has one cause and cure."""
    for severity in dict.fromkeys(some.severity for some in found):
        those = [some for some in found if some.severity == severity]
        first, counts = those[0], [len(some.units) for some in those]
        listed = _listed_counts(those)
        units = first.layer.outputs
        numbers: dict[str, object] = {name: counts[0], "units": units, "rows": rows}
        numbers["share"] = counts[0] / units
        if len(those) > 1:
            numbers["layers"] = [some.layer.index for some in those]
            numbers[f"{name}_of_layers"] = counts
        yield code.found(
            f"{listed} units ({first.layer.activation}) {are(sum(counts))} {what}"
            + first.recorded * (len(those) == 1),
            severity=severity,
            advice=max((some.advice for some in those), key=len) or code.advice,
            layer=first.layer.index,
            units=_listed(first.units),
            numbers=numbers,
        )


def _listed_counts(those: list[_Some]) -> str:
    """As "1 of 8, 3 of 16", or "1, 3 of 8"."""
    if len({some.layer.outputs for some in those}) == 1:
        return f"{', '.join(str(len(some.units)) for some in those)} of {those[0].layer.outputs}"
    return ", ".join(f"{len(some.units)} of {some.layer.outputs}" for some in those)


def _advice(state: State, layer: Layer, units: NDArray[np.int64]) -> str:
    """Without what the network is known to have."""
    cures = ["a lower learning rate"] if state.history is not None else []
    if not begins_by_default(state.net, layer):
        cures.append("the default initializer")
    if _biases_may_kill(state, layer, units):
        cures.append("biases of 0")
    if not inputs_are_scaled(state):
        cures.append("scaled inputs")
    elif layer.index == 0 and _centering_revives(state, layer, units):
        cures.append("centered inputs, X - X.mean(axis=0) of the training rows, which revive them")
    if not cures:
        return "other initial weights, by another seed; leaky_relu cannot die"
    listed = " and ".join(filter(None, (", ".join(cures[:-1]), cures[-1])))
    return f"{'' if state.history is None else 'begin again with '}{listed}; leaky_relu cannot die"


def begins_by_default(net: Network, layer: Layer) -> bool:
    """Whether a layer is known to have begun with the initializer of its activation."""
    known = net._initializers
    default = Dense(1, 1, layer.activation).initializer
    return known is not None and known[layer.index][0] == default


def _begins_wide(net: Network, layer: Layer) -> bool:
    """Whether its initializer is known to be another, and its weights are far wider by it."""
    if net._initializers is None or begins_by_default(net, layer):
        return False
    default = math.sqrt(2 / (layer.inputs + layer.outputs))
    return float(np.asarray(layer.weights, np.float64).std()) > _WIDE * default


def _biases_may_kill(state: State, layer: Layer, units: NDArray[np.int64]) -> bool:
    """Whether they were not 0 before the training; unless records say it, those that weigh most.

    A bias of less than the norm of the weights leaves some inputs of unit scale above 0.
    """
    if layer.biases is None:
        return False
    biases = np.asarray(layer.biases, np.float64)[units]
    if state.history is None:
        return bool(biases.any())
    initial = (
        state.history.parameters.initial[layer.index].biases if state.history.parameters else None
    )
    if initial is not None:
        return initial.zeros < initial.n
    norms = np.linalg.norm(np.asarray(layer.weights, np.float64)[:, units], axis=0)
    return bool((biases < -norms).any())


def _centering_revives(state: State, layer: Layer, units: NDArray[np.int64]) -> bool:
    """Whether most of the first layer's dead units are active for inputs of mean 0.

    Inputs that are all positive add a large sum of one sign to whatever else tells rows apart.
    """
    centered = state.x - state.x.mean(axis=0)
    sums = centered @ np.asarray(layer.weights, np.float64)[:, units]
    if layer.biases is not None:
        sums += np.asarray(layer.biases, np.float64)[units]
    return float((sums > 0).any(axis=0).mean()) > _HALF


def _recorded(state: State, layer: int, units: NDArray[np.int64]) -> str:
    """What the training itself counted last."""
    found = None if state.history is None else last_active(state.history, layer, units)
    if found is None:
        return ""
    rows, active = found
    if not active:
        return f", and in no row of the last window of the training ({rows:,} rows)"
    return f"; of the last {rows:,} rows of the training each was active in at most {active:,}"


def saturation(state: State) -> Iterator[Finding]:
    """Of hidden layers."""
    for layer, ends in zip(list(state.net)[:-1], state.flat, strict=False):
        if ends is None:
            continue
        share = float(ends.mean())
        if share < _SATURATED:
            continue
        units = np.flatnonzero(ends.mean(axis=0) > _NEARLY_ALWAYS)
        harmless = share < _SURELY if state.history is None else state.has_learned
        harmless = harmless and not _begins_wide(state.net, layer)
        yield SATURATED.found(
            f"{share:.0%} of the outputs ({layer.activation}) are where it is flat, in "
            f"{state.data.text}; {len(units)} of {layer.outputs} units in more than 95 % of the "
            "rows",
            severity="note" if harmless else None,
            advice=_SATURATED_BEFORE if state.history is None else SATURATED.advice,
            layer=layer.index,
            units=_listed(units),
            numbers={"share": share, "saturated": len(units), "units": layer.outputs},
        )


def _listed(units: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(unit) for unit in units[:_LISTED])


CHECKS = (dead, saturation)
