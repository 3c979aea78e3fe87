"""A training that can go on: its checkpoint beside the model, until that is there."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wbcore.callbacks import TimeLimit

__all__ = ["EVERY", "SessionLimit", "check_resume", "checkpoint_of"]

EVERY = "30s"

_FOREVER = 1e9  # seconds


def checkpoint_of(output: Path) -> Path:
    """Return where the checkpoint of a training is, by its model file."""
    return output.with_name(f"{output.name}.ckpt")


def check_resume(checkpoint: Path, output: Path, *, resume: bool) -> None:
    """Refuse to go on from nothing, and to begin anew over what could go on."""
    if resume and not checkpoint.exists():
        raise ValueError(
            f"--resume: expected {checkpoint}, the checkpoint of a training to {output} that did "
            f"not come to its end, got no such file"
        )
    if not resume and checkpoint.exists():
        raise ValueError(
            f"{checkpoint}: a training to {output} did not come to its end: give --resume to go "
            f"on with it, or remove this file to begin anew"
        )


class SessionLimit(TimeLimit):
    """The time limit of one command, whatever others the training has been through; or none.

    It is there without a limit too, so that a training with one may go on without, and one without
    within one.
    """

    def __init__(self, seconds: float | None) -> None:
        super().__init__(_FOREVER if seconds is None else seconds)

    @property
    def has_passed(self) -> bool:
        """Whether it ended the training."""
        return time.monotonic() >= self._end

    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Nothing to do."""
