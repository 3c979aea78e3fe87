"""A run that goes on from a checkpoint: whether it is the same one, and what it begins with."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core
from wbcore._view import Foreign
from wbcore.errors import ModelFileError
from wbcore.history import Record
from wbcore.io._safetensors import file_error
from wbcore.io.checkpoint import read_checkpoint
from wbcore.optimizers import Optimizer
from wbcore.optimizers.state import OptimizerState, Position
from wbcore.schedules import parsed
from wbcore.schedules.base import is_callable
from wbcore.training.beginning import beginning_of_run
from wbcore.training.identity import DATA, optimizer_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wbcore.callbacks.run import Run
    from wbcore.network import Network
    from wbcore.training.plan import Plan, RowOrder
    from wbcore.training.recording import Recording

__all__ = ["Resumption", "require_over"]


def require_over(path: str) -> None:
    """Refuse to begin anew over a file that may be wanted, when nobody has said so.

    Raises
    ------
    ValueError
        When it is the checkpoint of a run that can go on.
    ModelFileError
        When it is something else, or damaged.
    """
    try:
        saved = read_checkpoint(path)
    except ModelFileError as error:
        raise ModelFileError(f"{error}; resume=False replaces that file") from None
    if saved.status != "completed" and not saved.is_over:
        done = saved.position[0] - saved.first_epoch
        raise ValueError(
            f"[fit] expected resume=True, to go on with the run in {path!r} that is not over "
            f"(epochs done: {done}), or resume=False, to begin anew and replace it, got None"
        )


class Resumption:
    """What a checkpoint says, held against a fit, then given to it; until then nothing changes.

    Parameters
    ----------
    path : str
    network : Network
        Of the same structure; its parameters do not matter.
    plan : Plan

    Attributes
    ----------
    saved : SavedRun
    state : OptimizerState
        What the optimizer is to remember of the network; there from `require_settings` on.
    optimizer : Optimizer
        One with the settings of that moment, likewise.
    recording : Recording or None
        How the run began, for `History.replay`, from `require_data` on; None where the file does
        not have it.

    Raises
    ------
    ModelFileError
        When the file is no checkpoint.
    OSError
        When it is missing or cannot be read.
    """

    def __init__(self, path: str, network: Network, plan: Plan) -> None:
        assert isinstance(plan.optimizer, Optimizer), "L-BFGS has no checkpoints"
        self.path, self.saved = path, read_checkpoint(path)
        self._network, self._plan = network, plan
        self.optimizer: Optimizer = plan.optimizer
        self.state: OptimizerState
        self.recording: Recording | None = None

    @property
    def epochs_left(self) -> int:
        """Those that are to be ended, of which the first may have begun."""
        return self.end - self.saved.position[0]

    @property
    def end(self) -> int:
        """The number of the epoch before which the run ends."""
        return self.saved.first_epoch + self._plan.epochs

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.saved.is_over or self.epochs_left == 0

    @property
    def status(self) -> str:
        """Of a run that is over."""
        return "stopped" if self.saved.is_over else "completed"

    @property
    def row_order(self) -> RowOrder | None:
        """The plan's, asked for no epoch behind the last one, where it may have nothing to say."""
        function = self._plan.row_order
        if function is None:
            return None
        return lambda epoch: function(min(epoch, max(self.end - 1, 0)))

    def require_settings(self, settings: Mapping[str, Any]) -> None:
        """Refuse another run than that of the checkpoint, but for its data.

        Raises
        ------
        ValueError
            Naming the first field that differs.
        ModelFileError
            When what the file has does not suit its own settings.
        """
        for name, value in settings.items():
            allowed = [self.saved.settings.get(name)]
            part, _, setting = name.partition(".")
            if part == "optimizer" and setting in self.saved.optimizer:
                allowed.append(self.saved.optimizer[setting])  # a callback may have changed it
            if value not in allowed:
                raise self._refusal(name, allowed[0], value)
        epochs, batch = self.saved.position[0] - self.saved.first_epoch, self.saved.position[1]
        if epochs < 0:
            raise self._unsuitable("a position")
        if not self.saved.is_over and self.epochs_left < (1 if batch else 0):
            begun = " and a part of the next" if batch else ""
            raise ValueError(
                f"[fit] expected epochs of at least the {epochs}{begun} that the run in "
                f"{self.path!r} has done, got {self._plan.epochs}"
            )
        self._make_state()

    def require_data(self, sums: Mapping[str, str | None], data: tuple[Foreign, Foreign]) -> None:
        """Refuse other data, likewise."""
        for name in DATA:
            wanted, got = self.saved.settings.get(name), sums[name]
            if wanted != got:
                raise self._refusal(name, wanted, got)
        self._require_history()
        if self.saved.beginning is not None:
            try:
                self.recording = beginning_of_run(self._network, self._plan, self.saved, data)
            except (TypeError, ValueError):
                raise self._unsuitable("a beginning") from None

    def _refusal(self, name: str, wanted: object, got: object) -> ValueError:
        return ValueError(
            f"[fit] expected {name} of the run in {self.path!r}, {_shown(wanted)}, "
            f"got {_shown(got)}; with resume=False the fit begins anew"
        )

    def _make_state(self) -> None:
        saved, core = self.saved, self._network._core
        like = core.parameters
        if saved.parameters.shape != like.shape or saved.parameters.dtype != like.dtype:
            raise self._unsuitable("parameters")
        if len(saved.callbacks) != len(self._plan.callbacks):
            raise self._unsuitable("callbacks")
        self.optimizer = self._as_it_was(self.optimizer)
        needed = self.optimizer._needed_states()
        if not needed.keys() <= saved.states.keys():
            raise self._unsuitable("states of the optimizer")
        arrays = {name: array.copy() for name, array in saved.states.items()}
        position = Position(*saved.position)
        self.state = OptimizerState(arrays, saved.steps, position, saved.observations)
        self.state._use(needed)

    def _require_history(self) -> None:
        saved, epochs = self.saved, self.saved.position[0] - self.saved.first_epoch
        names = saved.series.keys() - {"seconds", "learning_rate", "_learning_rate"}
        lengths = {len(values) for values in saved.series.values()}
        if lengths - {epochs} or (epochs and names != set(self._plan.series)):
            raise self._unsuitable("series")
        tracks = self._plan.track is not None
        if tracks != (saved.tracking is not None) or tracks != bool(saved.records):
            raise self._unsuitable("records of parameters")

    def _unsuitable(self, what: str) -> ValueError:
        return file_error(self.path, f"{what} as its settings have them", "others")

    def _as_it_was(self, given: Optimizer) -> Optimizer:
        """A copy with the settings of that moment; a function cannot be stored."""
        optimizer = copy(given)
        current = optimizer_settings(given)
        if current.keys() != self.saved.optimizer.keys():
            raise self._unsuitable("settings of the optimizer")
        for name, value in self.saved.optimizer.items():
            if value == current[name]:
                continue
            if isinstance(value, str) and "<" in value:
                raise ValueError(
                    f"[fit] expected {name} to be the function {value}, as it was when "
                    f"{self.path!r} was written and which no file can hold, got {current[name]!r}"
                )
            try:
                setattr(optimizer, name, parsed("fit", value) if isinstance(value, str) else value)
            except (TypeError, ValueError):
                raise self._unsuitable(f"{name} of the optimizer") from None
        return optimizer

    def record(self) -> Record:
        """Of the history so far."""
        record: Record = {name: list(values) for name, values in self.saved.series.items()}
        if self.saved.records:
            record["parameters"] = list(self.saved.records)
        return record

    def restore(self, run: Run) -> None:
        """Give all of it to the fit, whose callbacks have begun."""
        saved, network, given = self.saved, self._network, self._plan.optimizer
        assert isinstance(given, Optimizer), "L-BFGS has no checkpoints"
        if (run.epoch, run.batch) != saved.position[:2]:
            raise self._unsuitable("an epoch")
        for callback, state in zip(self._plan.callbacks, saved.callbacks, strict=True):
            if state:
                callback.set_state(state)  # type: ignore[attr-defined]
        for name in optimizer_settings(self.optimizer):
            value = getattr(self.optimizer, name)
            if is_callable(value) or value != getattr(given, name):
                setattr(given, name, value)
        given._states[network._core] = self.state
        run.history._recording = self.recording
        run.history.best_epoch = saved.best_epoch
        if saved.best_epoch is not None:
            run._moment.best_epoch = saved.best_epoch
        if saved.tracking is not None:
            run._moment.restore_tracking(saved.tracking)
        network._starts_at_prior = saved.prior_is_due and self._plan.bias_init is None
        _core.write_parameters(network._core, saved.parameters)
        # the fit has them by now, and need not have them twice
        self.saved = replace(
            saved,
            parameters=np.empty(0),
            states={},
            tracking=None,
            records=(),
            callbacks=[],
            beginning_arrays={},
        )


def _shown(value: object) -> str:
    if isinstance(value, str) and ", sha256 " in value:
        return f"{value[:-48]}.."  # of the sum as much as one compares
    return "none" if value is None else _arguments.shown(value)
