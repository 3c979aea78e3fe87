"""What is said of a training that went wrong: a warning when it ended without an error, or one."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wbcore.errors import DivergenceError, TrainingWarning
from wbcore.optimizers import Optimizer, _rate
from wbcore.schedules.base import text_of

if TYPE_CHECKING:
    from types import FrameType

    from wbcore.history import History
    from wbcore.network import Network
    from wbcore.training.plan import Plan

__all__ = ["divergence", "warn", "warned_of_no_rate"]


def divergence(
    plan: Plan, rate: float | None, epoch: int, batch: int, history: History
) -> DivergenceError:
    """The error of a loss that is not finite; epoch and batch are counted from 0."""
    back = f"those after epoch {epoch}" if epoch else "the initial ones"
    slower = "" if rate is None else f"A learning rate below {rate:g} may help, or "
    cure = f"{slower}X and y scaled to about unit size{'' if slower else ' may help'}"
    return DivergenceError(
        f"[fit] expected a finite loss, got NaN or infinity in epoch {epoch + 1} of {plan.epochs}, "
        f"batch {batch + 1}; the parameters are {back}. {cure}",
        epoch,
        batch,
        history,
    )


def warn(findings: dict[str, Any], activations: Sequence[str]) -> None:
    """One warning of all that the core has found, where the user called `fit`.

    Parameters
    ----------
    findings : dict
        Of `_core.fit`.
    activations : sequence of str
        One a layer.
    """
    said = [
        *_outcome(findings),
        *(_dead(layer, activations[layer]) for layer in findings["dead_layers"]),
        *(
            _scale(name, *findings[kind])
            for name, kind in (("X", "inputs"), ("y", "targets"))
            if findings[kind]
        ),
    ]
    text = f"[fit] of {findings['rows']} rows looked at after the training: {'; '.join(said)}"
    warnings.warn(text, TrainingWarning, stacklevel=_depth_of_user())


def warned_of_no_rate(network: Network, history: History, first: int) -> bool:
    """Warn of a fit that cannot have learned anything, since all learning rates were 0.

    Parameters
    ----------
    network : Network
        As the fit has left it.
    history : History
        With the rates of the epochs' last steps: only where these are 0 the others are looked at.
    first : int
        How many steps were done before the fit.
    """
    optimizer, rates = network.optimizer, history.learning_rate
    if not isinstance(optimizer, Optimizer) or any(rates) or not rates:
        return False
    state, rate = optimizer._state(network._core), optimizer.learning_rate
    if not _rate.all_zero(rate, first + 1, state.steps, state._core.observations.reductions):
        return False
    cure = "pass an optimizer with another learning_rate"
    if first:
        cure = (
            f"{text_of(rate)} counts all steps of the optimizer, of which {first} were done "
            f"before; {cure}, or call net.optimizer.reset(), after which they count from 0"
        )
    text = (
        f"[fit] all {state.steps - first} steps had a learning rate of 0, so that nothing was "
        f"learned; {cure}"
    )
    warnings.warn(text, TrainingWarning, stacklevel=_depth_of_user())
    return True


def _outcome(findings: dict[str, Any]) -> list[str]:
    if findings["one_class"] is not None and not findings["constant"]:
        return [f"all are given class {findings['one_class']}, though many have another"]
    if not findings["constant"]:
        return []
    said = "all are given the same outputs, though their targets differ"
    if findings["dead_layers"] or findings["inputs"] or findings["targets"]:
        return [said]  # for which there are reasons
    return [f"{said}; scaled inputs, another learning rate or random initial weights may help"]


def _dead(layer: int, activation: str) -> str:
    return (
        f"all outputs of layer {layer} ({activation}) are 0, so that nothing behind it sees the "
        f"inputs and nothing before it learns; begin again with a lower learning rate, scaled "
        f"inputs, or leaky_relu"
    )


def _scale(name: str, columns: int, column: int, mean: float, spread: float) -> str:
    many = "1 column" if columns == 1 else f"{columns} columns"
    cure = f"({name} - {name}.mean(axis=0)) / {name}.std(axis=0)"
    return (
        f"{name} has {many} far from unit scale (column {column}: mean {mean:.3g}, spread "
        f"{spread:.3g}), with which training is slow or fails; pass {cure}"
    )


def _depth_of_user() -> int:
    """The `stacklevel` of `warn`'s call that names the first frame outside this package."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame):
        depth, frame = depth + 1, frame.f_back
    return depth


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "wbcore"
