"""Writes the checkpoints of a fit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core
from wbcore.io.atomic import target_of
from wbcore.io.checkpoint import SavedRun, write_checkpoint
from wbcore.io.container import can_hold
from wbcore.optimizers import Optimizer
from wbcore.schedules.base import is_callable
from wbcore.training.checkpoint_every import Every
from wbcore.training.hooks import Internal
from wbcore.training.identity import optimizer_settings
from wbcore.training.recording_fields import fields_of

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run
    from wbcore.history import History
    from wbcore.training.hooks import Hooks
    from wbcore.training.plan import Plan
    from wbcore.training.resuming import Resumption

__all__ = ["Checkpoints"]


class Checkpoints(Internal):
    """A hook that is asked after all others, so that what they have changed counts.

    Parameters
    ----------
    plan : Plan
        With a path, and how often to write.

    Raises
    ------
    OSError
        When no file can be written there.
    """

    label = "the checkpoint"

    def __init__(self, plan: Plan) -> None:
        assert isinstance(plan.optimizer, Optimizer), "L-BFGS has no checkpoints"
        assert isinstance(plan.checkpoint_every, Every), "Plan has made it one"
        self._path, self._plan = str(plan.checkpoint), plan
        self._optimizer, self._every = plan.optimizer, plan.checkpoint_every
        target_of(self._path, "fit")
        self._settings: dict[str, Any] | None = None
        self._is_late = self._was_over = False

    @property
    def seconds_between_batches(self) -> float:
        """Within an epoch it is asked by the clock, or not for its sake."""
        return self._every.number if self._every.unit == "seconds" else math.inf

    @property
    def batches_between(self) -> int:
        """Or by the number of batches."""
        return int(self._every.number) if self._every.unit == "batches" else 0

    def begin(
        self, run: Run, settings: Mapping[str, Any], resumption: Resumption | None, due: bool
    ) -> None:
        """All callbacks have begun, and the network is what it begins with.

        Parameters
        ----------
        run : Run
        settings : mapping
            Of the run, its data among them.
        resumption : Resumption, optional
            What it goes on from.
        due : bool
            Whether the first step is to set the biases of the last layer.
        """
        self._was_over = resumption is not None and resumption.saved.is_over
        self._settings = dict(settings if resumption is None else resumption.saved.settings)
        self._first_step, self._prior_was_due = run.step, due
        self._was_scheduled = is_callable(self._optimizer.learning_rate)
        self._states()  # what cannot be kept is refused now

    def after_batch(self, run: Run) -> None:
        """Write, if it is time."""
        if run._reason is not None:  # the fit ends now, which is written
            return
        batches = self.batches_between
        if batches and (run.step - self._first_step) % batches:
            return  # others are asked more often
        if run.batch == run.batches:
            self._is_late = True  # the epoch ends, and is written when it has
            return
        run.sync()
        if np.isfinite(run.network.parameters).all():  # else it is about to diverge
            self._write(run, "running")

    def after_epoch(self, run: Run) -> None:
        """Write, if it is its turn or that of its last batch, and something is left to do."""
        done = run.epoch - run.first_epoch + 1
        if run._reason is not None or done == run.epochs:
            return
        if self._is_late or (self._every.unit == "epochs" and done % self._every.number == 0):
            self._write(run, "running")

    def end(self, hooks: Hooks) -> None:
        """Write how the fit ended, if it did not fail; `after_fit` is still to come.

        Where Ctrl-C came when some callbacks had been told of a batch or an epoch and others not,
        the run goes on from an earlier checkpoint.
        """
        run = hooks.run
        if self._settings is None or run.status not in ("completed", "stopped", "interrupted"):
            return
        if run.status != "interrupted":
            self._write(run, run.status)
            return
        if self._was_over:  # and so it stays, though nobody came to say it again
            return
        state = self._optimizer._state(run.network._core)
        if hooks.have_seen(state.epoch, state.batch):
            # Ctrl-C may come when a callback has just asked for the end
            self._write(run, "interrupted" if run._reason is None else "stopped")

    def _write(self, run: Run, status: str) -> None:
        assert self._settings is not None, "it has begun"
        core, history = run.network._core, run.history
        tracking = run._moment.tracking() if self._plan.track is not None else None
        if tracking == b"":  # records are of batches that Ctrl-C has undone: the last file stays
            return
        state = self._optimizer._state(core)._snapshot(core)
        record = history._whole()
        records = record.pop("parameters", [])
        if not record and is_callable(self._optimizer.learning_rate) != self._was_scheduled:
            # whether the rate is a series of its own was decided when the fit began
            record = {"learning_rate" if self._was_scheduled else "_learning_rate": []}
        saved = SavedRun(
            settings=self._settings,
            status=status,
            reason="" if status == "running" else run._reason or history.reason,
            first_epoch=run.first_epoch,
            best_epoch=history.best_epoch,
            is_over=status == "stopped" and run._is_over,
            prior_is_due=self._prior_was_due and state.steps == self._first_step,
            steps=state.steps,
            position=state.position,
            observations=state.observations,
            optimizer=optimizer_settings(self._optimizer),
            series=record,
            callbacks=self._states(),
            parameters=_core.snapshot(core),
            states=state.arrays,
            tracking=tracking,
            records=tuple(records),
            **_beginning(history),
        )
        write_checkpoint(self._path, saved)
        self._is_late = False

    def _states(self) -> list[dict[str, Any]]:
        """What the callbacks remember, each with what a file can hold."""
        return [_state_of(callback) for callback in self._plan.callbacks]


def _beginning(history: History) -> dict[str, Any]:
    """Of the whole run, if it is known: not where it went on from a file without."""
    recording = history._recording
    if recording is None:
        return {}
    arrays = {f"optimizer.{name}": array for name, array in (recording.arrays or {}).items()}
    return {
        "beginning": fields_of(recording),
        "beginning_arrays": {"parameters": recording.parameters} | arrays,
    }


def _state_of(callback: object) -> dict[str, Any]:
    if not all(callable(getattr(callback, name, None)) for name in ("state", "set_state")):
        return {}
    state = callback.state()  # type: ignore[attr-defined]
    found: dict[str, Any] = {}
    for name, value in state.items():
        plain = value.item() if isinstance(value, np.generic) else value
        is_tensor = isinstance(plain, np.ndarray) and can_hold(plain)
        if not is_tensor and not (plain is None or type(plain) in (bool, int, float, str)):
            raise TypeError(
                f"[fit] expected the state of {type(callback).__name__} to be of numbers, texts, "
                f"None and arrays of numbers for a checkpoint, got {_arguments.shown(plain)} "
                f"as {name}"
            )
        found[name] = plain
    return found
