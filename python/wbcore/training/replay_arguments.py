"""What is refused before a fit is made again: what it needs and has not, and other data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _arguments
from wbcore.history import History
from wbcore.optimizers import _rate
from wbcore.training.identity import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wbcore.training.recording import Recording, Sample

__all__ = ["recording_of_fit", "require_data", "require_functions", "require_watched"]


def recording_of_fit(operation: str, history: object, *, goes_on: bool) -> Recording:
    """How the fit of a history began.

    Parameters
    ----------
    operation : str
    history : History
    goes_on : bool
        Whether it is to be trained on from a step, which L-BFGS cannot be.
    """
    if not isinstance(history, History):
        raise TypeError(f"[{operation}] expected a History, got {_arguments.shown(history)}")
    found = history._recording
    if found is None:
        raise ValueError(f"[{operation}] {history._without_beginning()}")
    if goes_on and found.rule == "lbfgs":
        raise ValueError(
            f"[{operation}] expected a fit that can go on from each step, got one of LBFGS, which "
            f"remembers nothing of the steps before; history.replay makes it again"
        )
    return found


def require_functions(operation: str, recording: Recording, given: Mapping[str, object]) -> None:
    """Those of the fit, by their names, and no others."""
    for name, function in given.items():
        wanted = recording.functions.get(name)
        if wanted is None:
            if function is not None:
                raise ValueError(
                    f"[{operation}] expected no {name}, since that of the fit was no function "
                    f"and is known, got {_arguments.shown(function)}"
                )
        elif function is None:
            raise ValueError(
                f"[{operation}] expected {name} to be the function {wanted} of the fit, which "
                f"a history does not keep, got None"
            )
        elif not callable(function) or name_of(function) != wanted:
            raise ValueError(
                f"[{operation}] expected {name} to be the function {wanted} of the fit, got "
                f"{_arguments.shown(function)}"
            )


def require_watched(operation: str, recording: Recording, validation_data: object) -> None:
    """A schedule that watches a series has it again."""
    plateau = _rate.watching(recording.optimizer.get("learning_rate"))
    if plateau is None:
        return
    series = plateau.monitor
    validates = validation_data is not None or recording.settings["validation_fraction"]
    if series.startswith("val_") and not validates:
        raise ValueError(
            f"[{operation}] expected validation_data of the fit, whose schedule watches "
            f"{series}, got None"
        )
    texts = ("loss", *recording.settings["metrics"])
    if series.removeprefix("val_") not in texts:
        raise ValueError(
            f"[{operation}] expected a schedule that watches a series of wbcore's own, "
            f"got one that watches {series}, of a function that a history does not keep"
        )


def require_data(operation: str, recording: Recording, found: Mapping[str, Sample]) -> None:
    """Of shapes and numbers as those of the fit, as far as a look tells."""
    for name, wanted in recording.samples.items():
        got = found[name]
        if got != wanted:
            raise ValueError(
                f"[{operation}] expected {name} of the fit, {_shown(wanted)}, "
                f"got {'other numbers' if _shown(got) == _shown(wanted) else _shown(got)}"
            )


def _shown(sample: Sample) -> str:
    return "none" if sample is None else sample[0]
