"""What a trained network has learned: nothing, too little, or too much of its rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding
from wbcore.inspect.findings.further import Further

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State
    from wbcore.inspect.findings.task import Score

__all__ = ["AFTER", "CODES"]

_GAP, _ERROR_GAP, _CLEAR_GAP = 0.25, 0.05, 0.1
_MISSED, _ERRORS_MISSED, _TIMES = 0.1, 0.02, 2.0
_SURE = 3.0  # standard errors: once in 700 by chance
_CONSTANT = 0.01
_OTHERS = 0.1
_MOST_SHARE, _COUNTLESS = 10.0, 1e6  # of the variance

COLLAPSED = Code(
    "WB-COLLAPSED",
    "error",
    "diagnose",
    "the same answer for all rows",
    "one class for all rows looked at, though more than 10 % have another and these can be told "
    "apart (see WB-UNDERFIT); or numbers that vary by less than 1 % of what the targets do",
    "the network says nothing about its inputs",
    "what else was found here; else less l2 and weight_decay, first of all where those of the fit "
    "are seen to be to blame; else begin again with a lower learning rate, scaled inputs and "
    "random initial weights",
)
OVERFIT = Code(
    "WB-OVERFIT",
    "warning",
    "diagnose",
    "validation rows are predicted much worse than training rows",
    "by 5 % of the rows (of the variance, of all outputs together) and a quarter of what the best "
    "constant makes wrong, and 3 standard errors, if the loss, of counts above the least "
    "that the targets allow, is more, too; or a validation loss above that of the best constant "
    "at a training loss below half of it, where the least loss is 0. Without "
    "validation_data by the series of the history, of accuracy from 10 % on",
    "what was learned holds for these rows alone",
    "EarlyStopping() with validation data, l2 or weight_decay, dropout, fewer units, more rows",
    needs="validation",
)
UNDERFIT = Code(
    "WB-UNDERFIT",
    "warning",
    "diagnose",
    "less was learned than there is",
    "the recipe for tables, a 64-32 relu network, is better on rows that it has not seen than this "
    "one on the rows that it was trained on: by 2 % of the rows (of the variance, of all outputs "
    "together), a tenth of what the best constant makes wrong (or, of classes, by half of this "
    "one's errors), and 3 standard errors; where rows or classes were weighed, or nobody knows (a "
    "network from a file), also by 2 % of the mean over classes. Or the loss is above that of the "
    "best constant, by 5 % of what this is above the least that the targets allow; where classes "
    "may be weighed, also with all classes counting the same, and not where rows of numbers were. "
    "Where no fit is known, only if the errors are more than those of the best constant, too",
    "the network is too small, or was not trained long or well enough",
    "what copies of the network learn in further steps says which: less weight_decay, l2 or "
    "dropout; what else was found here; then more epochs, a schedule that lasts or another "
    "learning rate, other initial weights, scaled inputs, or more units and a hidden layer more",
)
CODES = (COLLAPSED, OVERFIT, UNDERFIT)


def collapsed(state: State) -> Iterator[Finding]:
    """Only where there is something to be told apart."""
    of = state.yardstick_score
    if state.task is None or (of is not None and of.skill < _MISSED):
        return
    outputs = np.asarray(state.layers[-1], np.float64)
    if not np.isfinite(outputs).all():
        return
    if state.task.kind == "numbers":
        targets = state.task.values(state.y).std(axis=0)
        spread = outputs.std(axis=0)
        if len(state.x) > 1 and targets.any() and (spread < _CONSTANT * targets).all():
            yield COLLAPSED.found(
                f"outputs vary by {spread.max():.2g}, targets by {targets.max():.2g}, over "
                f"{state.data.text}",
                advice=_first_what_held(state),
                numbers={"spread": float(spread.max()), "of_targets": float(targets.max())},
            )
    elif state.task.classes:
        yield from _one_class(state, state.task.given(outputs), state.task.labels(state.y))


def _one_class(
    state: State, given: NDArray[np.int64], wanted: NDArray[np.int64]
) -> Iterator[Finding]:
    n, first = len(given), int(given[0])
    others = int((wanted != first).sum())
    if (given != first).any() or others <= _OTHERS * n + 2 * math.sqrt(0.09 * n):
        return
    yield COLLAPSED.found(
        f"every row looked at ({state.data.text}) is given class {first}, though {others:,} have "
        "another",
        advice=_first_what_held(state),
        numbers={"class": first, "others": others, "rows": n},
    )


def _first_what_held(state: State) -> str:
    """Of a fit that is known, where its penalties or dropout are to blame."""
    if state.further.is_held_back:
        return f"{state.further.cure()}; then what else was found here"
    return COLLAPSED.advice


def overfit(state: State) -> Iterator[Finding]:
    """Against validation rows."""
    of = state.validation_score
    if of is None or state.task is None:
        yield from _by_series(state)
        return
    train = state.score
    gap, skills = of.mean - train.mean, train.skill - of.skill
    error = math.hypot(_standard_error(train.errors), _standard_error(of.errors))
    apart = gap > _ERROR_GAP and skills > _GAP and gap > _SURE * error
    excess, excess_there = state.excess
    apart = apart and not excess_there <= excess
    loss, prior = state.validation_loss, state.loss_of_prior_in_validation
    overconfident = (
        prior is not None
        and loss > prior
        and state.task.least_is_zero
        and state.loss_now < (state.loss_of_prior or 0) / 2
    )
    if not apart and not overconfident:
        return
    above = ""
    if f"{excess:.4g}" != f"{state.loss_now:.4g}":  # of counts
        above = f", {excess:.4g} and {excess_there:.4g} above the least that the targets allow"
    what, how = "the rows", "wrong"
    if state.task.kind == "numbers":
        what, how = "the variance", "not explained"
    yield OVERFIT.found(
        f"{_share(train.mean, what)} {how} in training ({state.data.text}), {_share(of.mean)} in "
        f"validation; loss {state.loss_now:.4g} and {loss:.4g}{above}{_best(state)}",
        numbers={
            "error": train.mean,
            "validation_error": of.mean,
            "loss": state.loss_now,
            "validation_loss": loss,
            "prior": prior,
            "standard_error": error,
        },
    )


def _by_series(state: State) -> Iterator[Finding]:
    """What the history says of rows that were held out and are not there."""
    if state.validation is not None or state.task is None or state.history is None:
        return
    series = state.history.to_dict()
    last = {name: values[-1] for name, values in series.items() if values}
    name = _worse_series(state, last)
    if name is None:
        return
    yield OVERFIT.found(
        f"{name} is {last[name]:.4g} in training and {last['val_' + name]:.4g} in validation after "
        f"the last epoch{_best(state)}",
        numbers={"series": name, "prior": state.loss_of_prior, **last},
    )


def _worse_series(state: State, last: dict[str, float]) -> str | None:
    """The series by which it is found, if it is."""
    if {"accuracy", "val_accuracy"} <= last.keys() and state.task is not None:
        gap = last["accuracy"] - last["val_accuracy"]
        if gap > max(_CLEAR_GAP, _GAP * state.score.base):
            return "accuracy"
    prior, by_loss = state.loss_of_prior, "val_loss" in last
    by_loss = by_loss and state.task is not None and state.task.least_is_zero
    if {"r2", "val_r2"} <= last.keys() and last["r2"] - last["val_r2"] > _GAP:
        return None if by_loss and last["val_loss"] <= last["loss"] else "r2"
    if not by_loss or not prior:
        return None
    overconfident = last["val_loss"] > prior and last["loss"] < prior / 2
    apart = state.loss == "mse" and last["val_loss"] - last["loss"] > _GAP * prior
    return "loss" if overconfident or apart else None


def _best(state: State) -> str:
    """Where the validation loss was least, if there is a series of it."""
    assert state.history is not None
    series: list[float] = state.history.to_dict().get("val_loss", [])
    if not series or not all(map(math.isfinite, series)):
        return ""
    epoch = series.index(min(series))
    number = state.history.first_epoch + 1 + epoch
    return f"; the validation loss was least, {series[epoch]:.4g}, after epoch {number}"


def underfit(state: State) -> Iterator[Finding]:
    """Against what can be learned of the rows; whether the size is to blame, or the training."""
    if state.task is None:
        return
    of = state.yardstick_score
    if of is not None and _misses(state, of):
        what = "the variance" if state.task.kind == "numbers" else "the rows"
        yield UNDERFIT.found(
            f"{_share(state.score.mean, what)} wrong in training; the recipe for tables has "
            f"{_share(of.mean)} wrong of rows that it has not seen ({state.data.text}); the best "
            f"constant {of.base:.1%}",
            advice=_advice(state.further),
            numbers={
                "error": state.score.mean,
                "possible_error": of.mean,
                "base": of.base,
                "skill": state.score.skill,
                "possible_skill": of.skill,
                "skill_after_more_steps": state.further.skill(state.further.free),
                "large_enough": state.further.is_large_enough,
            },
        )
    elif state.is_worse_than_constant:
        further = Further(state, None)
        yield UNDERFIT.found(
            f"the loss in training is {state.loss_now:.4g}, that of the best constant "
            f"{state.loss_of_prior:.4g} ({state.data.text})",
            advice=_advice(further),
            numbers={
                "loss": state.loss_now,
                "prior": state.loss_of_prior,
                "large_enough": further.is_large_enough,
            },
        )


def _misses(state: State, of: Score) -> bool:
    """Whether the errors are clearly more than those of the yardstick."""
    missed = state.score.errors - of.errors
    gap = float(missed.mean())
    if state.may_be_weighed and float(missed @ state.balance) <= _ERRORS_MISSED:
        return False
    assert state.task is not None
    much = of.skill - state.score.skill > _MISSED
    if state.task.kind != "numbers":  # of which many a loss has another aim than their squares
        much |= state.score.mean > _TIMES * of.mean
    return much and gap > _ERRORS_MISSED and gap > _SURE * _standard_error(missed)


def _advice(further: Further) -> str:
    """What is known of the fit first, then what else was found, then what copies show."""
    if further.is_held_back:
        return f"first {further.cure()}; then what else was found here"
    prior = 'bias_init="prior" in fit, to begin at the best constant, and '
    where = prior if _came_from_afar(further.state) else ""
    return f"first what else was found here; then {where}{further.cure()}"


def _came_from_afar(state: State) -> bool:
    """Whether numbers are still on the way to where the best constant is."""
    assert state.task is not None
    if state.history is None or state.task.kind != "numbers" or not state.is_worse_than_constant:
        return False
    losses: list[float] = state.history.to_dict().get("loss", [])
    return len(losses) > 1 and losses[0] > losses[-1] == min(losses)


def _share(share: float, of: str = "") -> str:
    """In per cent, as long as anybody can read it."""
    if share < _MOST_SHARE:
        return f"{share:.1%} of {of}" if of else f"{share:.1%}"
    many = f"{share:,.0f}" if share < _COUNTLESS else f"more than {_COUNTLESS:,.0f}"
    return f"{many} times {of or 'that'}"


def _standard_error(values: NDArray[np.float64]) -> float:
    return float(values.std() / math.sqrt(len(values)))


AFTER = (collapsed, overfit, underfit)
