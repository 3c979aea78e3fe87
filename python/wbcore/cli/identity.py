"""What makes a training of the command line the one that a checkpoint is of: options and rows."""

import json
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

import wbcore as wb
from wbcore.callbacks import Callback
from wbcore.cli.data import Dataset, rows_digest
from wbcore.cli.settings import TrainSettings
from wbcore.io.checkpoint import SavedRun, read_checkpoint

__all__ = ["Identity", "identity", "require_same"]

_ROWS = ("rows to train on", "test rows")

# Together they say what the optimizer is; epochs and batches how long its schedule lasts.
_OF_OPTIMIZER = (
    "--optimizer", "--schedule", "--learning-rate", "--momentum", "--weight-decay", "--l2",
    "--epochs",
)  # fmt: skip
_DIGITS = 12  # of a digest, as much as one compares
_LONGEST = 200  # characters of a list of names


def identity(
    data: Dataset,
    settings: TrainSettings,
    optimizer: wb.Optimizer,
    ignore: Iterable[str],
    categories: Iterable[str],
) -> dict[str, Any]:
    """Return what has to be the same, as JSON can express it, causes before what follows from them.

    Defaults are there as what they are for these data. Not among them is a time limit, nor where
    files are.
    """
    hidden = ",".join(map(str, settings.hidden))
    of_rows = (_digest(data.X, data.y), _digest(data.X_test, data.y_test))
    found = {
        "--target": data.target,
        "--ignore": ",".join(sorted(set(ignore))),
        "--categories": ",".join(sorted(set(categories))) or None,
        "--task": data.task,
        "--test": "FILE" if data.test_name else None,
        "--test-fraction": settings.test_fraction,
        "--seed": settings.seed,
        "columns": ", ".join(data.features),
        "classes": None if data.classes is None else ", ".join(data.classes),
        **dict(zip(_ROWS, of_rows, strict=True)),
        "--hidden": hidden,
        "--activation": settings.activation,
        "--dropout": settings.dropout,
        "--bias-init": settings.bias_init,
        "--loss": settings.loss,
        "--class-weight": _weights(settings.weights),
        "--batch-size": settings.batch_size,
        "--early-stopping": settings.early_stopping,
        "optimizer": f"{optimizer}, l2 {optimizer.l2!r}, weight decay {optimizer.weight_decay!r}",
    }
    of_optimizer = {name: getattr(settings, name[2:].replace("-", "_")) for name in _OF_OPTIMIZER}
    return found | of_optimizer


class Identity(Callback):
    """Keeps in a checkpoint what training it is of.

    Parameters
    ----------
    of : mapping
        What `identity` returns.
    """

    def __init__(self, of: Mapping[str, Any]) -> None:
        self._text = json.dumps(of)

    def before_fit(self, run: wb.callbacks.Run) -> None:
        """Nothing to do: it is there for its state."""

    def state(self) -> dict[str, Any]:
        """Return all of it, as one text."""
        return {"training": self._text}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Nothing to do: it has been found to be the same."""


def require_same(checkpoint: Path, now: Mapping[str, Any]) -> SavedRun:
    """Return what the checkpoint says, or refuse another training, naming the option or the data.

    Raises
    ------
    ValueError
        Also when the file is no checkpoint of a training of the command line.
    """
    anew = f"remove {checkpoint} to begin anew"
    try:
        saved = read_checkpoint(str(checkpoint))
    except ValueError as error:
        words = str(error).replace("fit(checkpoint=...)", "wbcore train").removeprefix("[fit] ")
        raise ValueError(f"--resume: {words}; {anew}") from None
    before = _kept(saved)
    if before is None:
        raise ValueError(f"--resume: {checkpoint} is no checkpoint of wbcore train; {anew}")
    name = _other(before, now)
    if name is not None:
        raise ValueError(f"--resume: {_refusal(name, before.get(name), now[name], anew)}")
    done, begun = saved.position[0] - saved.first_epoch, saved.position[1] > 0
    if now["--epochs"] < done + begun:
        raise ValueError(
            f"--resume: expected --epochs of at least {done + begun}, which {checkpoint} has "
            f"{'begun' if begun else 'done'}, got {now['--epochs']}"
        )
    return saved


def _kept(saved: SavedRun) -> dict[str, Any] | None:
    """Return the identity in a checkpoint; others may have written that."""
    texts = [state["training"] for state in saved.callbacks if "training" in state]
    try:
        kept = json.loads(texts[0]) if texts and isinstance(texts[0], str) else None
    except (ValueError, RecursionError):
        return None
    return kept if isinstance(kept, dict) else None


def _other(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Return the first thing that is another one.

    Words for the same optimizer may differ, and so may epochs that its schedule does not know of.
    """
    for name, value in now.items():
        if name in _OF_OPTIMIZER or before.get(name) == value:
            continue
        if name == "optimizer":
            return next((n for n in _OF_OPTIMIZER if before.get(n) != now[n]), name)
        return name
    return None


def _refusal(name: str, before: object, now: object, anew: str) -> str:
    if name.startswith("--"):
        was, got = _word(name, before), _word(name, now)
        same = f"leave {name} out" if was.startswith("no ") else f"give {was}"
        return f"expected {was} as the training began, got {got}; {same} to go on, or {anew}"
    what = name if name == "optimizer" else f"the data as the training began, {name}"
    return f"expected {what} {_cut(before)}, got {_cut(now)}; {anew}"


def _word(option: str, value: object) -> str:
    if value is None or (value == "" and option != "--hidden"):
        return f"no {option}"
    return f"{option} {shlex.quote(str(value).removesuffix('.0'))}"


def _cut(value: object) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]}.."


def _weights(weights: str | dict[str, float] | None) -> str | None:
    if not isinstance(weights, dict):
        return weights
    return ",".join(f"{name}={weight!r}" for name, weight in sorted(weights.items()))


def _digest(X: NDArray[Any], y: NDArray[Any]) -> str:
    return f"{len(X)} x {X.shape[1]}, sha256 {rows_digest(X, y)[:_DIGITS]}.."
