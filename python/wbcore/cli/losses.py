"""The losses that a table can be trained with, and what they ask of targets and network."""

import wbcore as wb
from wbcore import _core, _named
from wbcore.cli.optimizer import explained

__all__ = ["bias_init", "check", "includes_exp", "of_task", "quantile_of", "require_targets"]

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
    if _targets(checked) not in _TARGETS[task]:
        rows = _named.rows("loss").items()
        known = [name for name, row in rows if row.properties["targets"] in _TARGETS[task]]
        kind = "classes" if task == "classification" else "values"
        raise ValueError(
            f"--loss: expected one of {', '.join(known)} for the {kind} of {target!r}, got {text}"
        )
    return checked


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
