"""The course of a training: divergence, and steps that are too large."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding
from wbcore.inspect.findings.outcome import overfit
from wbcore.inspect.findings.yardstick import new_like, run_steps
from wbcore.optimizers.base import Optimizer

if TYPE_CHECKING:
    from wbcore.inspect.findings.state import State

__all__ = ["AFTER", "CODES"]

_HIGH = 3.0  # an epoch's loss, in units of the loss that a network begins with
_RISE, _LATE_RISE = 0.1, 0.15
_FEWEST_EPOCHS = 6  # of fewer the second half is still the beginning
_STEPS, _BATCH = 60, 32
_MOST_WORK = 6e9

DIVERGED = Code(
    "WB-DIVERGED",
    "error",
    "diagnose",
    "a loss that became NaN or infinite",
    'history.status is "diverged", or a loss of the history is not finite',
    "from there on nothing is learned; the parameters are those of the last good epoch",
    "begin again from initial weights, with scaled X (and y of a regression), a tenth of the "
    "learning rate and clip_norm=1",
    needs="history",
)
RATE = Code(
    "WB-RATE",
    "warning",
    "diagnose",
    "a learning rate that is too large",
    "an epoch with a mean loss above 3 times what a new network begins with, when in one that is "
    "tried for 60 steps with the optimizer of the fit the loss leaps so, too; or a loss after "
    "these steps above twice that of a tenth or a hundredth of the rate and 5 % of that of the "
    "best constant (1.1 times if between two epochs the loss also rose by 10 % of that); or, "
    "without dropout, a rise by 15 % of it between two epochs of the second half, of 6 epochs or "
    "more, at a rate that did not rise. Losses are what is above the least that these targets "
    "allow. A note when the second half of the epochs is calm, all was learned that can be (see "
    "WB-UNDERFIT), and WB-OVERFIT is not found",
    "steps beyond the valley: the loss leaps, units die or saturate, and what is learned last is "
    "noise",
    "begin again from initial weights with a tenth of the learning rate, and a tenth of that if it "
    "is found again; a schedule with warm-up; clip_norm=1",
    needs="history",
)
CODES = (DIVERGED, RATE)
_SCALED = "scaled inputs, wb.Standardized(X), since large ones make large steps; then "


def diverged(state: State) -> Iterator[Finding]:
    """By the history alone."""
    history = state.history
    if history is None:
        return
    series: list[float] = history.to_dict().get("loss", [])
    bad = [epoch for epoch, loss in enumerate(series) if not math.isfinite(loss)]
    if history.status != "diverged" and not bad:
        return
    epoch = history.first_epoch + 1 + (bad[0] if bad else len(series))
    last = f"; the last finite loss was {series[-1]:.4g}" if series and not bad else ""
    yield DIVERGED.found(
        f"the loss was NaN or infinite in epoch {epoch}{last}", numbers={"epoch": epoch}
    )


@dataclass(frozen=True)
class _Trial:
    """New networks after some steps at the rate of the fit, and at less."""

    rate: float
    last: float
    slower: float
    """At a tenth and at a hundredth of the rate: the one with the lower loss."""
    last_of_slower: float
    highest: float
    """The largest loss on the way, at the rate of the fit."""


def rate(state: State) -> Iterator[Finding]:
    """By the curve of losses, and by trying."""
    history = state.history
    reference = None if state.task is None else state.reference
    if history is None or reference is None or reference <= state.least_loss:
        return
    losses: list[float] = [x for x in history.to_dict().get("loss", []) if math.isfinite(x)]
    net = new_like(state.net)
    initial = max(reference, net.evaluate(state.x, state.y, loss=state.loss)["loss"])
    trial = _tried(state)
    # What begins high for other reasons, such as its initial weights, does not in a new network.
    least = state.least_loss
    high = least + _HIGH * (initial - least)
    leaps = trial is None or trial.highest > high
    if losses and max(losses) > high and leaps:
        epoch = history.first_epoch + 1 + losses.index(max(losses))
        yield RATE.found(
            f"epoch {epoch} has a mean loss of {max(losses):.4g}, a new network one of "
            f"{initial:.4g}",
            severity="note" if _is_harmless(state, losses, initial) else None,
            numbers={"epoch": epoch, "loss": max(losses), "initial": initial},
        )
        return
    prior = state.loss_of_prior
    unit = (prior if prior is not None and prior > least else reference) - least
    found = None if trial is None else _slower_is_better(state, trial, losses, unit)
    found = found or _late_leap(state, losses, reference - least if state.may_be_weighed else unit)
    if found is not None:
        yield found


def _is_harmless(state: State, losses: list[float], level: float) -> bool:
    """Whether the second half of the epochs has no leap, and what was learned is all and true."""
    later, least = losses[-max(len(losses) // 2, 1) :], state.least_loss
    is_calm = max(later) - least < _RISE * (level - least)
    return is_calm and state.has_learned and not any(overfit(state))


def _slower_is_better(
    state: State, trial: _Trial, losses: list[float], unit: float
) -> Finding | None:
    rise = max((b - a for a, b in itertools.pairwise(losses)), default=0.0)
    last, of_slower = (loss - state.least_loss for loss in (trial.last, trial.last_of_slower))
    clear = last > 2 * of_slower + 0.05 * unit
    leaps = last > 1.1 * of_slower and rise > _RISE * unit
    if not clear and not leaps:
        return None
    is_harmless = losses and _is_harmless(state, losses, state.least_loss + unit)
    rose = f"; between two epochs the loss rose by up to {rise:.2g}" if rise > 0 else ""
    return RATE.found(
        f"after {_STEPS} steps at a rate of {trial.rate:g} a new network has a loss of "
        f"{trial.last:.4g}, at {trial.slower:g} one of {trial.last_of_slower:.4g}{rose}",
        severity="note" if is_harmless else None,
        numbers={
            "learning_rate": trial.rate,
            "loss": trial.last,
            "slower": trial.slower,
            "loss_of_slower": trial.last_of_slower,
            "steps": _STEPS,
            "rise": rise,
        },
    )


def _late_leap(state: State, losses: list[float], unit: float) -> Finding | None:
    """What slow first steps do not show: an end that is as wild as the beginning."""
    if len(losses) < _FEWEST_EPOCHS or any(layer.dropout for layer in state.net):
        return None  # whose losses leap by chance
    assert state.history is not None
    rates = state.history.learning_rate
    was_raised = [b > a for a, b in itertools.pairwise(rates)] or [False] * len(losses)
    rises = [
        (losses[k] - losses[k - 1], k)
        for k in range(len(losses) - len(losses) // 2, len(losses))
        if not was_raised[k - 1]
    ]
    rise, k = max(rises, default=(0.0, 0))
    if rise <= _LATE_RISE * unit:
        return None
    epoch = state.history.first_epoch + k + 1
    return RATE.found(
        f"the mean loss was {losses[k - 1]:.4g} in epoch {epoch - 1} and {losses[k]:.4g} in epoch "
        f"{epoch} of {state.history.first_epoch + len(losses)}: a rise by {rise / unit:.0%} of "
        "what knowing nothing costs",
        advice=_SCALED + RATE.advice if state.has_unscaled_inputs else RATE.advice,
        numbers={"epoch": epoch, "loss": losses[k], "before": losses[k - 1], "unit": unit},
    )


def _rate_of(state: State) -> float | None:
    """The largest learning rate of the fit, as far as anybody knows."""
    assert state.history is not None
    known = list(state.history.learning_rate)
    given = getattr(state.net.optimizer, "learning_rate", None)
    if isinstance(given, float):
        known.append(given)
    return max((float(rate) for rate in known if rate > 0), default=None)


def _tried(state: State) -> _Trial | None:
    """None where nobody knows the optimizer, or trying would take seconds."""
    optimizer, used = state.net.optimizer, _rate_of(state)
    work = 3 * 6 * _STEPS * _BATCH * state.net.n_parameters
    if used is None or not isinstance(optimizer, Optimizer) or work > _MOST_WORK:
        return None
    last, highest = _after_steps(state, optimizer, used)
    less = {slower: _after_steps(state, optimizer, slower)[0] for slower in (used / 10, used / 100)}
    slower = min(less, key=lambda rate: less[rate])
    return _Trial(used, last, slower, less[slower], highest)


def _after_steps(state: State, optimizer: Optimizer, used: float) -> tuple[float, float]:
    """The last loss of a new network, and the largest on the way."""
    of_trial: Any = copy.copy(optimizer)  # the settings, and no network's state
    of_trial.learning_rate = used
    net = new_like(state.net)
    losses = run_steps(net, state.x, state.y, state.loss, of_trial, steps=_STEPS, batch_size=_BATCH)
    last = math.inf if losses is None else net.evaluate(state.x, state.y, loss=state.loss)["loss"]
    if losses is None or not math.isfinite(last):
        return math.inf, math.inf
    return last, max(losses)


AFTER = (diverged, rate)
