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
    with explained("--loss", "loss"):
        checked = wb.losses.check("loss", text)
    if "[" in checked:
        raise ValueError(f"--loss: expected no weights of outputs, got {text}")
    name, numbers = _named.parsed("loss", "loss", "loss", checked)
    levels = sum(number > 0 for number in numbers)
    if _row(name).properties["has_levels"] and levels != 1:
        raise ValueError(f"--loss: expected one quantile for the one target, got {text}")
    return checked


def of_task(text: str | None, task: str, target: str) -> str:
    """Return a loss in the one notation, None being that of the task; or refuse another task's."""
    checked = check(_OF_TASK[task] if text is None else text)
    _require_one_of(_TARGETS[task], checked, task, target)
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
    with explained("--loss", "loss"):
        checked = wb.losses.check("loss", text)
    outputs = net[-1].outputs
    answers = outputs == 1 and _targets(checked) == "probabilities"  # yes or no: two classes
    if task in _TARGETS:
        known = _TARGETS[str(task)] + ("probabilities",) * (task == "classification")
        _require_one_of(known, checked, str(task), target)
    wanted = 2 if _targets(checked) == "classes" else 1
    if _row(checked).properties["has_levels"]:
        _, levels = _named.parsed("loss", "loss", "loss", checked)
        wanted = sum(number > 0 for number in levels)
    classes = _targets(checked) in _TARGETS["classification"]
    if outputs != wanted and not (classes and outputs >= wanted):
        raise ValueError(
            f"--loss: expected one of a network with {_counted(outputs)} and the one column "
            f"{target!r}, got {text}, of a network with {_counted(wanted)}{' or more' * classes}"
        )
    return checked, "classification" if classes or answers else "regression"


def _counted(outputs: int) -> str:
    return f"{outputs} output{'s' * (outputs > 1)}"


def _require_one_of(known: tuple[str, ...], text: str, task: str, target: str) -> None:
    if _targets(text) not in known:
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
