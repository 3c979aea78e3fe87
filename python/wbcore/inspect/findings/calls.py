"""The two calls: before a training, and after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, losses
from wbcore._docstrings import with_parameters
from wbcore._loss_function import LossFunction
from wbcore._view import Foreign
from wbcore.history import History
from wbcore.inspect.findings import labels as _labels
from wbcore.inspect.findings.beginning import as_begun
from wbcore.inspect.findings.codes import AFTER, BEFORE
from wbcore.inspect.findings.data import Data
from wbcore.inspect.findings.finding import Finding, Findings
from wbcore.inspect.findings.names import columns_of
from wbcore.inspect.findings.numbers import not_finite_data, not_finite_parameters
from wbcore.inspect.findings.state import State
from wbcore.inspect.findings.weighing import are_weighed, were_weighed
from wbcore.inspect.findings.yardstick import FEWEST_ROWS
from wbcore.inspect.suggested_loss import suggested_loss
from wbcore.network import Network
from wbcore.priors import check_bias_init

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.losses import LossLike

__all__ = ["check", "diagnose"]


@with_parameters
def check(
    net: Network,
    X: ArrayLike | SparseLike | tuple[Foreign, Foreign],
    y: ArrayLike | None = None,
    *,
    loss: LossLike | None = None,
    validation_data: tuple[Foreign, ...] | None = None,
    class_weight: Foreign = None,
    sample_weight: Foreign = None,
    bias_init: str | None = None,
    seed: int = 0,
) -> Findings:
    """Look for what will go wrong, before a training. Nothing changes.

    In milliseconds: it looks at no more than 2,000 rows, drawn by the seed, of X and of the
    validation data (labels are counted in all rows, and rows that both have are looked for among
    all of X), and trains copies of the network on 16 rows for 200 steps.

    Parameters
    ----------
    net : Network
        As it would be given to `fit`.
    {X}
    {y}
        Or X is the pair of both, (X, y), as for validation_data.
    {loss}
        Default: that of the network's last fit; before one what y and the last layer suggest,
        "cross_entropy" for labels of several outputs, "binary_cross_entropy" for targets of 0 and
        1, else "mse", and the findings say so.
    validation_data : tuple (X, y), optional
        As for `fit`; without it rows that both have are not looked for, nor whether both are of
        one scale.
    class_weight, sample_weight : optional
        As they would be given to `fit`: a class that is rare is no finding then.
    bias_init : {None, "prior"}
        As it would be given to `fit`: with "prior", and without it where the last layer has
        ``bias_initializer="prior"``, a copy is looked at that begins as that fit would.
    seed : int, default 0
        Of the rows that are looked at.

    Returns
    -------
    Findings
        Print it; its first line is the verdict. With a loss of your own only what needs no targets
        is looked at.

    Raises
    ------
    TypeError, ValueError
        When arguments are of the wrong kind or shape, network and loss do not go together, or no
        layer is trainable. Numbers that are not finite, and targets that the loss does not take,
        are findings.

    See Also
    --------
    diagnose : After a training.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.random.default_rng(0).normal(size=(200, 4))
    >>> net = wb.Network.mlp([4, 16, 2], initializer="zeros")
    >>> found = check(net, X, X[:, 0] > 0, loss="cross_entropy")
    >>> found.ok, "WB-SYMMETRY" in found
    (False, True)
    >>> check(wb.Network.mlp([4, 16, 2]), X, X[:, 0] > 0)
    nothing wrong was found
    looked at: all 200 rows; loss cross_entropy, as y and the last layer suggest
    not looked at: the learning rate, and whether labels fit the inputs: after the fit, by diagnose
    not looked at: rows that training and validation share: no validation_data
    """
    at_prior = check_bias_init("check", bias_init) is not None
    weights = (sample_weight, class_weight)
    return _findings(
        *("check", net, (X, y), loss, validation_data),
        at_prior=at_prior,
        seed=seed,
        weights=weights,
    )


@with_parameters
def diagnose(
    net: Network,
    history: History | None,
    X: ArrayLike | SparseLike | tuple[Foreign, Foreign],
    y: ArrayLike | None = None,
    *,
    loss: LossLike | None = None,
    validation_data: tuple[Foreign, ...] | None = None,
    class_weight: Foreign = None,
    sample_weight: Foreign = None,
    seed: int = 0,
) -> Findings:
    """Look for what went wrong in a training. Nothing changes.

    It looks at no more than 2,000 rows, drawn by the seed, and holds beside the network what can be
    learned of them: two small networks, each trained on one half of the rows for 600 steps and
    asked about the other. That takes some tenths of a second.

    Parameters
    ----------
    net : Network
        After the fit.
    history : History or None
        What `fit` returned; after a `DivergenceError` its `history`. None for a network whose
        training nobody recorded, such as one from a file.
    {X}
    {y}
        Or X is the pair of both, (X, y), as for validation_data.
    {loss}
        Default: that of the network's last fit; of a network from a file, which does not know it,
        that of the history, if it has records (`track`).
    validation_data : tuple (X, y), optional
        Rows that were not trained on; without it over-fitting is seen in what the history says of
        a validation, or not at all.
    class_weight, sample_weight : optional
        As they were given to `fit`: a rare class is then a finding only if its rows are not found,
        and errors of other rows that were paid for them are none. A fit of this process is known to
        have had some; for a network from a file pass them.
    seed : int, default 0
        Of the rows that are looked at.

    Returns
    -------
    Findings
        Print it; its first line is the verdict. Records of a training with `track` are used where
        there are some.

    Raises
    ------
    TypeError, ValueError
        As `check`.

    See Also
    --------
    check : Before a training.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.random.default_rng(0).normal(size=(200, 4))
    >>> net = wb.Network.mlp([4, 16, 2], seed=0)
    >>> net[0].biases[3] = -30
    >>> history = net.fit(X, X[:, 0] > 0, loss="cross_entropy", epochs=5)
    >>> found = diagnose(net, history, X, X[:, 0] > 0)
    >>> finding = found.with_code("WB-DEAD")[0]
    >>> finding.severity, finding.layer, finding.units
    ('note', 0, (3,))
    """
    if history is not None and not isinstance(history, History):
        raise TypeError(
            f"[diagnose] expected history to be what fit returned, or None, got "
            f"{_arguments.shown(history)}"
        )
    weights = (sample_weight, class_weight)
    given = history if history is not None else History({}, "unknown")
    return _findings(
        "diagnose", net, (X, y), loss, validation_data, history=given, seed=seed, weights=weights
    )


def _require_history_of(net: Network, history: History) -> None:
    """Where there are records, they say of how many weights and biases each layer was."""
    if not history.parameters:
        return
    trained = [
        (layer.weights.n, 0 if layer.biases is None else layer.biases.n)
        for layer in history.parameters.initial
    ]
    there = [
        (layer.weights.size, 0 if layer.biases is None else layer.biases.size) for layer in net
    ]
    if trained != there:
        raise ValueError(
            f"[diagnose] expected the history of this network, whose layers have {there} weights "
            f"and biases, got one of {trained}"
        )


def _findings(
    operation: str,
    net: Network,
    rows: tuple[Foreign, Foreign],
    loss: LossLike | None,
    validation_data: Foreign,
    *,
    history: History | None = None,
    at_prior: bool = False,
    seed: int,
    weights: tuple[Foreign, Foreign],
) -> Findings:
    if not isinstance(net, Network):
        raise TypeError(f"[{operation}] expected net to be a Network, got {_arguments.shown(net)}")
    if history is not None:
        _require_history_of(net, history)
    elif not any(layer.trainable for layer in net):
        raise ValueError(f"[{operation}] expected a layer that is trainable, got none")
    seed, inputs = _arguments.seed(operation, seed), net.widths[0]
    X, y = rows[0] if _are_a_pair(rows) else rows
    like: dict[str, Any] = {"inputs": inputs, "seed": seed, "columns": columns_of(X, net)}
    data = Data(operation, "X", X, y, **like)
    given, is_suggested = _loss(operation, net, loss, history, data.y)
    weighed = are_weighed(
        operation, net, given, data.y, sample_weight=weights[0], class_weight=weights[1]
    )
    known = were_weighed(history, net.history) if history is not None else False
    validation = None
    if validation_data is not None:
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in {2, 3}:
            raise TypeError(
                f"[{operation}] expected validation_data to be a pair (X, y), got "
                f"{_arguments.shown(validation_data)}"
            )
        X_val, y_val, of_validation = (*validation_data, None)[:3]
        validation = Data(operation, "validation_data", X_val, y_val, **like)
        where = f"{operation}, validation_data"
        are_weighed(where, net, given, validation.y, sample_weight=of_validation, class_weight=None)
    state = State(
        net,
        data,
        loss=given if isinstance(given, str) else None,
        validation=validation,
        history=history,
        weighed=weighed or bool(known),
        may_be_weighed=weighed or known is not False,
        seed=seed,
    )
    found = list(_unsound(operation, state))
    if not found:
        state.net = as_begun(operation, net, data, given, at_prior=at_prior, weights=weights)
        checks = BEFORE if history is None else AFTER
        found = _explained([finding for one in checks for finding in one(state)])
    elif history is not None:
        found += AFTER[0](state)  # which looks at the history alone
    looked_at = _looked_at(state, is_suggested)
    if state.net is not net:
        looked_at += "; the last layer at the prior, as fit begins with it"
    return Findings(found, looked_at, _not_looked_at(state))


def _explained(found: list[Finding]) -> list[Finding]:
    """Rows of another kind, or targets that are not their rows', are why validation is worse."""
    codes = {finding.code for finding in found}
    if "WB-VALIDATION" in codes:
        first, rest = "first what WB-VALIDATION says: these rows may be no measure of it", False
    elif "WB-LABELS" in codes:
        first, rest = "first what WB-LABELS says: of targets that are shuffled nothing holds", True
    else:
        return found
    return [
        replace(finding, advice=f"{first}; then {finding.advice}" if rest else first)
        if finding.code == "WB-OVERFIT"
        else finding
        for finding in found
    ]


def _are_a_pair(rows: tuple[Foreign, Foreign]) -> bool:
    """Whether X is the pair of both, and not a list of rows."""
    return rows[1] is None and isinstance(rows[0], tuple) and len(rows[0]) == 2


def _loss(
    operation: str, net: Network, loss: LossLike | None, history: History | None, y: Foreign
) -> tuple[str | LossFunction | None, bool]:
    """The loss that was given, or that of the last fit, None if that was a function.

    Before a training what y suggests; and whether it is that.
    """
    known = net.loss if loss is None else loss
    if known is not None:
        return losses.check_given(operation, known), False
    if net.history is not None:  # trained here, by a function
        return None, False
    is_known, name = _loss_of(history)
    if is_known:
        return None if name is None else losses.check_given(operation, name), False
    if history is None:
        return suggested_loss(net, y), True
    raise ValueError(
        f"[{operation}] expected loss, since the network knows none: it was not trained in "
        "this process, and no history with records says it; pass the loss of its training, "
        "loss='cross_entropy'"
    )


def _loss_of(history: History | None) -> tuple[bool, str | None]:
    """Whether a history has the loss of its fit, as one with records does; None of a function."""
    if history is not None and history._recording is not None:
        settings, functions = history._recording.settings, history._recording.functions
    elif history is not None and history._beginning is not None:
        settings, functions = history._beginning["settings"], history._beginning["functions"]
    else:
        return False, None
    name = settings.get("loss")
    return "loss" in functions or isinstance(name, str), name


def _unsound(operation: str, state: State) -> list[Finding]:
    """What no other check gets through."""
    found = list(not_finite_parameters(state.net))
    found += not_finite_data("X", state.data, state.net)
    if state.validation is not None:
        found += not_finite_data("validation_data", state.validation, state.net)
    if found or state.task is None:
        return found
    refused = {}
    for name, rows in (("y", state.data), ("validation_data", state.validation)):
        if rows is None:
            continue
        _require_fit(operation if name == "y" else f"{operation}, {name}", state, rows)
        said = _refusal(state, rows)
        if said:
            refused[name] = said
    if refused:
        found.append(_labels.refused(state.task, refused))
    return found


def _refusal(state: State, rows: Data) -> str:
    """What the loss says of targets that it does not take; nothing of others."""
    try:
        state.net.evaluate(rows.x, rows.y_of_rows, loss=state.loss)
        return ""
    except (TypeError, ValueError) as of_sample:
        said = of_sample
    try:
        state.net.evaluate(rows.X, rows.y, loss=state.loss)
    except (TypeError, ValueError) as of_all:  # the same, with the row as it was given
        said = of_all
    return str(said).partition("] ")[2]


def _require_fit(operation: str, state: State, rows: Data) -> None:
    """Network, loss and shape of y go together: tried with a target that every loss takes."""
    assert state.task is not None
    target = np.full_like(rows.y[:1], 0 if state.task.kind == "classes" and rows.y.ndim == 1 else 1)
    if state.task.kind == "classes" and rows.y.ndim == 2:
        target[:, 1:] = 0
    try:
        state.net.evaluate(np.zeros((1, state.net.widths[0])), target, loss=state.loss)
    except (TypeError, ValueError) as error:
        said = error
        try:
            state.net.evaluate(rows.X, rows.y, loss=state.loss)
        except (TypeError, ValueError) as of_all:  # the same, with the shape that was given
            said = of_all
        raise type(said)(f"[{operation}] {str(said).partition('] ')[2]}") from None


def _looked_at(state: State, is_suggested: bool) -> str:
    text = state.data.text
    if state.validation is not None:
        text += f", {state.validation.text} for validation"
    if is_suggested:
        text += f"; loss {state.loss}, as y and the last layer suggest"
    return text


def _not_looked_at(state: State) -> list[str]:
    after, missing = state.history is not None, []
    if not after:
        what = "the learning rate, and whether labels fit the inputs"
        missing.append(f"{what}: after the fit, by diagnose")
    if state.task is None:
        missing.append("what needs to know the targets: the loss is a function of your own")
    if state.validation is None:
        series = {} if state.history is None else state.history.to_dict()
        unseen = after and "val_loss" not in series
        what = "rows that training and validation share" + (", over-fitting" if unseen else "")
        missing.append(f"{what}: no validation_data")
    if after and state.task is not None and not state.task.scored:
        missing.append("over-fitting, under-fitting and labels: outputs are quantiles")
    elif after and state.task is not None and len(state.x) < FEWEST_ROWS:
        missing.append(f"under-fitting and labels: fewer than {FEWEST_ROWS} rows")
    return missing
