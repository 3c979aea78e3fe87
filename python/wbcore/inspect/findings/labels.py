"""Labels: which there are, how many of each, and how many rows for how many parameters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from wbcore.inspect.findings.code import Code
from wbcore.inspect.findings.finding import Finding, counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State
    from wbcore.inspect.findings.task import Task

__all__ = ["AFTER", "CHECKS", "CODES", "refused"]

# Of K classes: 2.5 % of two, 0.5 % of ten. What is rarer than a twentieth of an even share decides
# next to nothing in a mean over rows.
_RARE = 0.05
_ROWS_OF_RECALL = 2000
_HEARD = 0.8  # of the rare rows, found: nothing to be mended
_ROWS_A_CLASS, _PARAMETERS_A_ROW = 10, 10
_ROWS_OF_NUMBERS = 20
_FAR_TOO_MANY = 1000  # parameters a row

_NUMBERED = (
    "number the classes from 0 on: np.unique(y, return_inverse=True)[1], and give the last layer "
    "as many outputs"
)
_YES_OR_NO = "let the targets be 0 and 1: (y > 0).astype(float) of -1 and 1"
_SIGNS = "let the targets be -1 and 1, or 0 and 1"
_OTHERS = "other targets, or another loss"
_REFUSED = "fit ends with this error"
CLASSES = Code(
    "WB-CLASSES",
    "warning",
    "both",
    "outputs without a row, or targets that the loss does not take",
    "a class from 0 to O - 1 that no row has; an error when a target is refused",
    "an output without rows only learns to be small; a label out of range ends a fit",
    f"{_NUMBERED}; of one output, or several that each say yes or no, {_YES_OR_NO}",
)
IMBALANCE = Code(
    "WB-IMBALANCE",
    "warning",
    "both",
    "a class that is very rare",
    "a class with less than 5 % of an even share: of two classes 2.5 % of the rows, of K classes "
    "5 / K %, of several outputs that say yes or no the rarer answer of each, as of two. After a "
    "training only if less than 80 % of its rows are given that class, else a note; a note, too, "
    "where half of such outputs or more are so, as of tags",
    "the loss is a mean over rows, to which a rare class adds next to nothing: always saying the "
    "other one is nearly right",
    'class_weight="balanced" and bias_init="prior" in fit; judge by balanced_accuracy, f1 or '
    "average_precision, not by accuracy",
)
FEW_ROWS = Code(
    "WB-FEW-ROWS",
    "warning",
    "both",
    "too few rows for so many parameters",
    "fewer than 10 rows a class (of numbers: 20 rows) and more than 10 parameters a row; or more "
    "than 1000 parameters a row, unless validation rows are predicted nearly as well",
    "the network can learn the rows by heart, and nobody could tell from so few",
    "more rows; or fewer units and weight_decay, and cross-validation to judge by",
)
_WEIGHED = (
    "rows or classes were weighed already: more epochs, a higher learning rate or more units, and "
    "more rows of that class; judge by balanced_accuracy, f1 or average_precision"
)
_OF_OUTPUTS = (
    'bias_init="prior" in fit, loss=wb.losses.Focal(alpha={}), or sample_weight for the rows '
    "that have it; more units and epochs; judge such an output by its f1 or average_precision, and "
    "choose its threshold by them"
)
_TAGS = 0.5  # of several outputs: that many are rare by nature
_LISTED = 20
CODES = (CLASSES, IMBALANCE, FEW_ROWS)


def counts(state: State) -> NDArray[np.int64] | None:
    """Rows of each class, of all rows that were given; None where there are no classes."""
    if state.task is None or not state.task.classes:
        return None
    return np.bincount(state.task.labels(state.data.y), minlength=state.task.classes)


def refused(task: Task, said: dict[str, str]) -> Finding:
    """Of targets that the loss does not take: what it says of those of y and of validation_data."""
    of_y, of_validation = said.get("y", ""), said.get("validation_data", "")
    expected = of_y.partition(", got ")[0]
    if expected and of_validation.startswith(expected):
        of_validation = of_validation[len(expected) + 2 :]
    evidence = "; ".join(
        filter(None, (of_y, of_validation and f"validation_data: {of_validation}"))
    )
    advice = {"classes": _NUMBERED, "numbers": _OTHERS}.get(task.kind, _YES_OR_NO)
    if task.signs and task.kind != "classes":
        advice = _SIGNS
    return CLASSES.found(evidence, severity="error", advice=advice, why=_REFUSED)


def classes(state: State) -> Iterator[Finding]:
    """Outputs that have no row, where not all but one have none, which is WB-TARGET-CONSTANT."""
    found = counts(state)
    if found is None or found.all() or np.count_nonzero(found) == 1:
        return
    missing = np.flatnonzero(found == 0)
    yield CLASSES.found(
        f"{len(missing)} of {len(found)} classes {'has' if len(missing) == 1 else 'have'} no row "
        f"among {state.data.n:,}: "
        f"{', '.join(map(str, missing[:_LISTED]))}",
        advice=_NUMBERED,
        numbers={"missing": [int(k) for k in missing[:_LISTED]], "how_many": len(missing)},
    )


def imbalance(state: State) -> Iterator[Finding]:
    """Rare classes; after a training, how many of their rows are found."""
    found = counts(state)
    if found is None or (state.history is None and state.weighed):
        return
    shares = found / found.sum()
    rare = np.flatnonzero((shares < _RARE / len(found)) & (found > 0))
    if not len(rare):
        return
    first = int(rare[np.argmin(shares[rare])])
    evidence = f"class {first} has {found[first]:,} of {state.data.n:,} rows ({shares[first]:.2%})"
    numbers = {
        "class": first,
        "rows": int(found[first]),
        "share": float(shares[first]),
        "classes": [int(k) for k in rare[:_LISTED]],
    }
    severity = None
    if state.history is not None:
        recall = _recall(state, first)
        if recall >= _HEARD:
            if state.weighed or _is_lifted(state, first, float(shares[first])):
                return
            severity = "note"
        numbers["recall"] = recall
        evidence += f"; {recall:.0%} of them are given that class"
    advice = _WEIGHED if state.weighed else IMBALANCE.advice
    yield IMBALANCE.found(evidence, severity=severity, advice=advice, numbers=numbers)


def imbalance_of_outputs(state: State) -> Iterator[Finding]:
    """The same of several outputs that each say yes or no; it shows the one that is heard least."""
    if state.task is None or state.task.kind != "many" or (state.history is None and state.weighed):
        return
    if _are_shares_or_inputs(state):
        return
    wanted = state.task.labels(state.data.y)
    yes, n = wanted.sum(axis=0), len(wanted)
    fewest = np.minimum(yes, n - yes)
    rare = np.flatnonzero((fewest > 0) & (fewest < _RARE / 2 * n))
    if not len(rare):
        return
    answer = (yes[rare] < n - yes[rare]).astype(np.int64)
    heard = [
        _recall_of_output(state, wanted, int(k), int(said))
        for k, said in zip(rare, answer, strict=True)
    ]
    worst = int(np.argmin(heard if state.history is not None else fewest[rare]))
    first, rows = int(rare[worst]), int(fewest[rare[worst]])
    evidence = f"output {first} is to be {answer[worst]} in {rows:,} of {n:,} rows ({rows / n:.2%})"
    numbers: dict[str, object] = {"output": first, "rows": rows, "share": rows / n}
    numbers["how_many"] = len(rare)
    numbers["outputs"] = [int(k) for k in rare[:_LISTED]]
    is_note = len(rare) >= _TAGS * len(yes)
    if state.history is not None:
        if heard[worst] >= _HEARD and state.weighed:
            return
        is_note |= heard[worst] >= _HEARD
        numbers["recall"] = heard[worst]
        evidence += f"; {heard[worst]:.0%} of them are given that"
    if len(rare) > 1:
        evidence += f"; {len(rare)} of {len(yes)} outputs are as rare"
    severity = "note" if is_note else None
    advice = _OF_OUTPUTS.format(0.75 if answer[worst] else 0.25)  # the weight of targets of 1
    yield IMBALANCE.found(evidence, severity=severity, advice=advice, numbers=numbers)


def _are_shares_or_inputs(state: State) -> bool:
    """Whether targets are no answers: numbers between, or the pixels of an autoencoder."""
    y = state.y.reshape(len(state.y), -1)
    answers = (-1, 0, 1)
    return not np.isin(y, answers).all() or (
        y.shape == state.x.shape and bool((y == state.x).all())
    )


def _recall_of_output(state: State, wanted: NDArray[np.int64], output: int, answer: int) -> float:
    """Before a training nothing is given."""
    if state.history is None:
        return 0.0
    assert state.task is not None
    rows = np.flatnonzero(wanted[:, output] == answer)[:_ROWS_OF_RECALL]
    given = state.task.given(state.net.predict(state.data.part(rows)))
    return float((given[:, output] == answer).mean())


def _recall(state: State, rare: int) -> float:
    """The share of all rows of a class that are given it."""
    assert state.task is not None
    rows = np.flatnonzero(state.task.labels(state.data.y) == rare)[:_ROWS_OF_RECALL]
    return float((state.task.given(state.net.predict(state.data.part(rows))) == rare).mean())


def _is_lifted(state: State, rare: int, share: float) -> bool:
    """Whether a class is given half as often again as it comes: as after weights of classes."""
    assert state.task is not None
    return float((state.task.given(state.layers[-1]) == rare).mean()) > 1.5 * share


def few_rows(state: State) -> Iterator[Finding]:
    """Rows against parameters; acquitted by validation rows that are predicted nearly as well."""
    n, parameters = state.data.n, state.net.n_parameters
    found = counts(state)
    groups = 2 if found is None else max(2, int((found > 0).sum()))
    enough = _ROWS_OF_NUMBERS if found is None else _ROWS_A_CLASS * groups
    few = n < enough and parameters > _PARAMETERS_A_ROW * n
    far_too_many = parameters > _FAR_TOO_MANY * n
    if not few and (not far_too_many or _generalises(state)):
        return
    yield FEW_ROWS.found(
        f"{counted(n, 'row')} for {parameters:,} parameters: {math.ceil(parameters / n):,} a row",
        numbers={"rows": n, "parameters": parameters, "enough": enough},
    )


def _generalises(state: State) -> bool:
    if state.history is None or state.validation_score is None:
        return False
    return state.score.skill - state.validation_score.skill < 0.2


CHECKS = (classes, imbalance, imbalance_of_outputs, few_rows)
AFTER = CHECKS
