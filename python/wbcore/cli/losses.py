"""The losses that a table can be trained with, and what they ask of targets and network."""

import wbcore as wb
from wbcore import _core, _named
from wbcore.cli.optimizer import explained

__all__ = [
    "bias_init",
    "check",
    "includes_exp",
    "of_model",
    "of_task",
    "quantile_of",
    "require_targets",
]

_OF_TASK = {"classification": "cross_entropy", "regression": "mse"}

# What the targets of a loss are, by the task; those of the others are no column of a table.
_TARGETS = {
    "classification": ("classes", "signs"),
    "regression": ("numbers", "counts", "positives"),
}
_LOWEST = {"counts": "of at least 0", "positives": "above 0"}


def check(text: str) -> str:
    """Return a loss in the one notation, or refuse what is none for a column of a table."""
    checked = _checked(text)
    if _levels(checked) > 1:
        raise ValueError(f"--loss: expected one quantile for the one target, got {text}")
    return checked


def _checked(text: str) -> str:
    with explained("--loss", "loss"):
        checked = wb.losses.check("loss", text)
    if "[" in checked:
        raise ValueError(f"--loss: expected no weights of outputs, got {text}")
    return checked


def _levels(text: str) -> int:
    """How many outputs a loss of quantiles compares with a target; 0 of another loss."""
    name, numbers = _named.parsed("loss", "loss", "loss", text)
    return sum(number > 0 for number in numbers) if _row(name).properties["has_levels"] else 0


def of_task(text: str | None, task: str, target: str) -> str:
    """Return a loss in the one notation, None being that of the task; or refuse another task's."""
    checked = check(_OF_TASK[task] if text is None else text)
    _require_one_of(_TARGETS[task], text or checked, task, target)
    return checked


def of_model(text: str, net: "wb.Network", task: object, target: str) -> tuple[str, str]:
    """Return a loss in the one notation, and the task of the target's column; or refuse it.

    Parameters
    ----------
    text : str
    net : Network
    task : str or None
        What the model says of its task: "classification", "regression", or something else.
    target : str
        The column's name.

    Raises
    ------
    ValueError
        If it is of another task than the model, or of other outputs than this network has.
    """
    checked, outputs = _checked(text), net[-1].outputs
    targets, levels = _targets(checked), _levels(checked)
    # One output says yes or no of two classes, several each of its own question.
    of_answers = ("probabilities",) if outputs == 1 else ("classes",)
    known = _TARGETS | {"classification": (*of_answers, "signs")}
    if task in known:
        _require_one_of(known[str(task)], text, str(task), target)
    least = levels or (2 if targets == "classes" else 1)
    if outputs < least or (outputs > least and targets not in _TARGETS["classification"]):
        more = " or more" if targets in _TARGETS["classification"] else ""
        raise ValueError(
            f"--loss: expected one for {_counted(outputs)} and the one column {target!r}, got "
            f"{text}, which is for {_counted(least)}{more}"
        )
    of_classes = targets in known["classification"]
    return checked, "classification" if of_classes else "regression"


def _counted(outputs: int) -> str:
    return f"{outputs} output{'s' * (outputs > 1)}"


def _require_one_of(known: tuple[str, ...], text: str, task: str, target: str) -> None:
    if _targets(_checked(text)) not in known:
        rows = _named.rows("loss").items()
        names = [name for name, row in rows if row.properties["targets"] in known]
        kind = "classes" if task == "classification" else "values"
        raise ValueError(
            f"--loss: expected one of {', '.join(names)} for the {kind} of {target!r}, got {text}"
        )


def require_targets(text: str, lowest: float, target: str) -> None:
    """Refuse values that the loss has no meaning for."""
    wanted = _LOWEST.get(_targets(text))
    if wanted is not None and (lowest < 0 or (lowest == 0 and wanted == _LOWEST["positives"])):
        raise ValueError(
            f"--loss: expected values {wanted} in column {target!r} for {text}, got {lowest:.6g}"
        )


def includes_exp(text: str) -> bool:
    """Return whether the loss is of logarithms of rates, so that targets keep their unit."""
    return bool(_row(text).properties["undone"] == "exp")


def quantile_of(text: str) -> float | None:
    """Return the share of targets that is to lie below the outputs, or None of another loss."""
    name, numbers = _named.parsed("loss", "loss", "loss", text)
    return max(numbers) if _row(name).properties["has_levels"] else None


def bias_init(text: str, given: str | None) -> str:
    """Return how output biases begin: at the prior, where the targets of the loss have a mean."""
    has_mean = _targets(text) != "signs"
    if given == "prior" and not has_mean:
        raise ValueError(f"--bias-init: expected zeros with the loss {text}, got {given}")
    return given or ("prior" if has_mean else "zeros")


def _row(text: str) -> _core.Row:
    return _named.rows("loss")[text.partition("(")[0]]


def _targets(text: str) -> str:
    return str(_row(text).properties["targets"])
