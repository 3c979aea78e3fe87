"""A training that can go on: its checkpoint beside the model, until that is there."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wbcore.callbacks import Run, TimeLimit
from wbcore.cli.interrupts import Interrupts
from wbcore.io.checkpoint import SavedRun

__all__ = ["EVERY", "Ending", "check_new", "checkpoint_of", "going_on", "seconds_before"]

EVERY = "30s"

_FOREVER = 1e9  # seconds


def checkpoint_of(output: Path) -> Path:
    """Return where the checkpoint of a training is, by its model file."""
    return output.with_name(f"{output.name}.ckpt")


def check_new(checkpoint: Path, output: Path, *, resume: bool) -> None:
    """Refuse to begin anew over what could go on."""
    if not resume and checkpoint.exists():
        raise ValueError(
            f"{checkpoint}: a training to {output} did not come to its end: give --resume to go "
            f"on with it, or remove this file to begin anew"
        )


def going_on(checkpoint: Path, saved: SavedRun | None, epochs: int) -> list[str]:
    """Say in one line from where a training goes on, or that there is nothing to go on from."""
    if saved is None:
        return [f"no checkpoint {checkpoint}: the training begins"]
    done, batch = saved.position[0] - saved.first_epoch, saved.position[1]
    where = f"within epoch {done + 1}" if batch else f"after epoch {done}"
    return [f"going on {where} of {epochs}, from {checkpoint}"]


def seconds_before(saved: SavedRun | None) -> float:
    """Return what the epochs took that ended in earlier sessions."""
    return 0.0 if saved is None else sum(saved.series.get("seconds", []))


class Ending(TimeLimit):
    """Ends the training of one command: by Ctrl-C or its time limit, whatever others it has had.

    It is there without a limit too, so that a training with one may go on without, and one without
    within one. As a callback it ends the training between two batches, with all that the others
    have to do, where an exception could come into the midst of that.
    """

    def __init__(self, seconds: float | None, interrupts: Interrupts) -> None:
        super().__init__(_FOREVER if seconds is None else seconds)
        self._interrupts = interrupts
        self.ended = False
        """Whether it has, so that the training can go on."""
        self.steps = 0
        """How many there were by then."""

    def before_fit(self, run: Run) -> None:
        """Begin to count, or end before the first batch."""
        super().before_fit(run)
        self.after_batch(run)

    def after_batch(self, run: Run) -> None:
        """End it, if it is time."""
        self.steps = run.step
        if self._interrupts.asked:
            run.stop("Ctrl-C came", resumable=True)
        else:
            super().after_batch(run)
        self.ended = self._interrupts.asked or time.monotonic() >= self._end

    after_epoch = after_batch

    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Nothing to do."""
