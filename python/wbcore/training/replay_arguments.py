"""What is refused before a fit is made again: what it needs and has not, and other data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from wbcore import _arguments
from wbcore._view import View, is_sparse
from wbcore.data._source import is_source
from wbcore.inspect.histories import history_of
from wbcore.optimizers import _rate
from wbcore.training.identity import name_of
from wbcore.training.recording import may_be_equal

if TYPE_CHECKING:
    from wbcore._view import Foreign
    from wbcore.training.recording import Recording, Sample

__all__ = [
    "recording_of_fit",
    "require_arrays",
    "require_data",
    "require_functions",
    "require_watched",
]


def recording_of_fit(operation: str, history: object, *, goes_on: bool) -> Recording:
    """How the fit of a history began.

    Parameters
    ----------
    operation : str
    history : History
    goes_on : bool
        Whether it is to be trained on from a step, which L-BFGS cannot be.
    """
    known = history_of(operation, history)
    found = known._recording
    if found is None:
        raise ValueError(f"[{operation}] {known._without_beginning()}")
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


def require_arrays(operation: str, X: Foreign, y: Foreign, sample_weight: Foreign) -> None:
    """Refuse what is no array of numbers before it is looked at; of lists the fit does that."""
    given = {"X": X, "y": y, "sample_weight": sample_weight}
    wanted = {"X"} if is_source(X) and y is None else {"X", "y"}
    for name, value in given.items():
        is_array = type(value) is np.ndarray or (name != "X" and is_sparse(value))
        if is_array or isinstance(value, type) or (name in wanted and not _has_rows(value)):
            array = _arguments.real_array(operation, name, value)
            if array.ndim == 0:
                raise ValueError(f"[{operation}] expected {name} to have rows, got a single number")


def _has_rows(value: Foreign) -> bool:
    """Whether it may be an X or y; a text has a length, too."""
    if isinstance(value, (str, bytes, Mapping)):
        return False
    is_known = is_source(value) or is_sparse(value) or isinstance(value, View)
    return is_known or hasattr(value, "__len__")


def require_data(operation: str, recording: Recording, found: Mapping[str, Sample]) -> None:
    """Of shapes and numbers as those of the fit, as far as a look tells."""
    for name, wanted in recording.samples.items():
        got = found[name]
        if not may_be_equal(got, wanted):
            raise ValueError(
                f"[{operation}] expected {name} of the fit, {_shown(wanted)}, "
                f"got {'other numbers' if _shown(got) == _shown(wanted) else _shown(got)}"
            )


def _shown(sample: Sample) -> str:
    return "none" if sample is None else sample[0]
