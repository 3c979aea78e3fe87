"""Makes a tracked fit again, up to any of its steps, and proves by its records that it is that."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core, metrics
from wbcore._view import View, is_sparse
from wbcore.data._source import is_source
from wbcore.errors import ReplayError
from wbcore.inspect._calls import named
from wbcore.inspect.histories import history_of
from wbcore.optimizers import Optimizer, _rate
from wbcore.optimizers.state import OptimizerState, Position
from wbcore.training.identity import name_of
from wbcore.training.plan import Plan
from wbcore.training.recording import Recording, Sample, may_be_equal, samples_of
from wbcore.training.replay_places import Looks, StopAfter
from wbcore.training.run import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from wbcore._view import Foreign
    from wbcore.history import History
    from wbcore.losses import LossLike
    from wbcore.network import Network

__all__ = ["Replay", "digest_of", "records_of"]

_CHANGED = (
    "the data, the callbacks {callbacks} or somebody else wrote into the network, or this version "
    "or processor computes otherwise"
)


class Replay:
    """A fit that is made again.

    Parameters
    ----------
    operation : str
        For messages.
    history : History
        Of a fit with `track`.
    X, y : array-like, or a source and None
        As the fit had them.
    sample_weight : array-like, optional
        Likewise.
    loss, learning_rate, shuffle : callable, optional
        Where that of the fit was a function.
    validation_data : tuple or source, optional
        Where a schedule watches it.
    n_threads : int, optional

    Attributes
    ----------
    recording : Recording
    data : tuple
        X and y.
    sample_weight : array-like or None
    last : int
        How many steps the fit had done when it ended.

    Raises
    ------
    TypeError, ValueError
        When the history is of no such fit, or something that it needs is missing, or other data
        are there.
    """

    def __init__(
        self,
        operation: str,
        history: History,
        X: Foreign,
        y: Foreign = None,
        *,
        sample_weight: Foreign = None,
        loss: Foreign = None,
        learning_rate: Foreign = None,
        shuffle: Foreign = None,
        validation_data: Foreign = None,
        n_threads: int | None = None,
    ) -> None:
        self.operation, self.history = operation, history
        self.recording = _recording_of(operation, history)
        self._given = {"loss": loss, "learning_rate": learning_rate, "shuffle": shuffle}
        for name, function in self._given.items():
            self._require_function(name, function)
        self.data = X, y
        self.sample_weight = sample_weight
        self._validation_data = validation_data
        self._n_threads = n_threads
        self._require_watched()
        with named(operation, "fit"):
            self._require_data()

    @property
    def last(self) -> int:
        """How many steps the fit had done when it ended, or in its whole epochs while it runs."""
        if self.history._steps is not None:
            return self.history._steps
        return max(0, len(self.history) * self.recording.batches - self.recording.first[1])

    @property
    def loss(self) -> LossLike:
        """That of the fit, as it was given to it."""
        given: LossLike = self._given["loss"] or self.recording.settings["loss"]
        return given

    def beginning(self) -> Network:
        """A network as that of the fit was, whose optimizer remembers what it did."""
        recording = self.recording
        network = recording.kind._of_structure(recording.layers, recording.dtype)
        network.parameters[:] = recording.parameters
        network._starts_at_prior = recording.starts_at_prior
        settings = dict(recording.optimizer)
        if "learning_rate" in recording.functions:
            settings["learning_rate"] = self._given["learning_rate"]
        optimizer = Optimizer._of_row[recording.rule](**settings)
        position = recording.position
        if recording.first != (position.epoch, position.batch):
            position = Position(recording.first[0])
        made = optimizer._state(network._core)
        arrays = recording.arrays or made.arrays
        state = OptimizerState(
            {name: array.copy() for name, array in arrays.items()},
            recording.steps,
            position,
            recording.observations,
        )
        state._use(optimizer._needed_states())
        optimizer._states[network._core] = state
        network.optimizer = optimizer
        return network

    def at(self, step: int) -> Network:
        """The network after so many steps, proven by the records around it.

        Raises
        ------
        ReplayError
            When it is not what the records tell of.
        """
        network = self.beginning()
        with named(self.operation, "fit"):
            made = self.advance(network, 0, step, track=self.recording.settings["track"])
            if made is not None:
                self._require_equal(dict(records_of(made)))
            self._prove(network, step)
        network.history = None
        return network

    def advance(
        self,
        network: Network,
        start: int,
        end: int,
        *,
        track: str | int | None = None,
        sample_weight: Foreign = None,
        metrics: tuple[str, ...] | None = None,
    ) -> History | None:
        """Train a network on from step `start` of the fit to step `end`.

        Parameters
        ----------
        network : Network
            As `beginning` or this has left it.
        start, end : int
        track : str or int, optional
        sample_weight : array-like, optional
            In place of that of the fit.
        metrics : tuple of str, optional
            Likewise; from the beginning to the end in one go `needed_metrics` will do.

        Returns
        -------
        History or None
            None where there was nothing to do.
        """
        if start == end:
            return None
        recording = self.recording
        first, last = start + recording.first[1], end + recording.first[1]
        whole, rest = divmod(last, recording.batches)
        epochs = whole + bool(rest) - first // recording.batches
        X, y = self.data
        plan = self.plan(
            epochs=epochs,
            optimizer=network.optimizer,
            track=track,
            callbacks=[StopAfter(recording.first[0] + whole, rest)] if rest else [],
            sample_weight=self.sample_weight if sample_weight is None else sample_weight,
            metrics=self._metrics() if metrics is None else metrics,
        )
        return run(network, X, y, plan, warns=False)

    def held_out(self, network: Network) -> NDArray[np.int64]:
        """The rows that the fit is not trained on."""
        looks = Looks()
        X, y = self.data
        plan = self.plan(epochs=1, optimizer=network.optimizer, callbacks=[looks])
        before = network.history
        run(network, X, y, plan, warns=False)
        network.history = before
        return looks.held_out

    def plan(self, **settings: Any) -> Plan:  # noqa: ANN401
        """What the fit was to do, with other settings for some."""
        recorded = self.recording.settings
        names = ("batch_size", "class_weight", "seed", "shuffle_window", "validation_fraction")
        given: dict[str, Any] = {name: recorded[name] for name in names} | {
            "loss": self.loss,
            "shuffle": recorded["shuffle"] if "shuffle" not in self.recording.functions
            else self._given["shuffle"],
            "metrics": self._metrics(),
            "bias_init": None,  # starts_at_prior says it
            "validation_data": self._validation_data,
            "sample_weight": self.sample_weight,
            "n_threads": self._n_threads,
            "progress": False,
            "callback": None,
            "callbacks": (),
            "track": None,
            "first_epoch": None,
            "checkpoint": None,
            "checkpoint_every": "1 epoch",
            "resume": None,
        }  # fmt: skip
        return Plan(**(given | settings))

    def _metrics(self) -> tuple[str, ...]:
        """Those of the fit, whose sums a position within an epoch has."""
        texts: tuple[str, ...] = self.recording.settings["metrics"]
        if self._validation_data is not None or self.recording.settings["validation_fraction"]:
            return texts
        ranks = metrics.check(self.operation, texts, of_fit=True).ranks
        return tuple(text for text in texts if text not in ranks)

    @property
    def needed_metrics(self) -> tuple[str, ...]:
        """Those without which the training would be another one."""
        watches = _rate.watching(self.recording.optimizer.get("learning_rate")) is not None
        return self._metrics() if watches or self.recording.first[1] else ()

    # What is refused

    def _require_function(self, name: str, function: object) -> None:
        wanted = self.recording.functions.get(name)
        if wanted is None:
            if function is not None:
                raise ValueError(
                    f"[{self.operation}] expected no {name}, since that of the fit was no function "
                    f"and is known, got {_arguments.shown(function)}"
                )
        elif function is None:
            raise ValueError(
                f"[{self.operation}] expected {name} to be the function {wanted} of the fit, which "
                f"a history does not keep, got None"
            )
        elif not callable(function) or name_of(function) != wanted:
            raise ValueError(
                f"[{self.operation}] expected {name} to be the function {wanted} of the fit, got "
                f"{_arguments.shown(function)}"
            )

    def _require_watched(self) -> None:
        """A schedule that watches a series has it again."""
        recording = self.recording
        plateau = _rate.watching(recording.optimizer.get("learning_rate"))
        if plateau is None:
            return
        series = plateau.monitor
        validates = self._validation_data is not None or recording.settings["validation_fraction"]
        if series.startswith("val_") and not validates:
            raise ValueError(
                f"[{self.operation}] expected validation_data of the fit, whose schedule watches "
                f"{series}, got None"
            )
        texts = ("loss", *recording.settings["metrics"])
        if series.removeprefix("val_") not in texts:
            raise ValueError(
                f"[{self.operation}] expected a schedule that watches a series of wbcore's own, "
                f"got one that watches {series}, of a function that a history does not keep"
            )

    def _require_data(self) -> None:
        recording = self.recording
        self._require_arrays()
        plan = self.plan(epochs=1, optimizer=Optimizer._of_row[recording.rule]())
        like = recording.kind._of_structure(recording.layers, recording.dtype)
        found = samples_of(like, plan, *self.data, self.sample_weight)
        for name, wanted in recording.samples.items():
            got = found[name]
            if not may_be_equal(got, wanted):
                raise ValueError(
                    f"[{self.operation}] expected {name} of the fit, {_shown(wanted)}, "
                    f"got {'other numbers' if _shown(got) == _shown(wanted) else _shown(got)}"
                )

    def _require_arrays(self) -> None:
        """Refuse what is no array of numbers before it is looked at; of lists the fit does that."""
        X, y = self.data
        given = {"X": X, "y": y, "sample_weight": self.sample_weight}
        wanted = {"X"}
        if not is_source(X) or y is not None:
            wanted |= {"y"}
        for name, value in given.items():
            is_array = type(value) is np.ndarray or (name != "X" and is_sparse(value))
            if is_array or (name in wanted and not _has_rows(value)):
                _arguments.real_array(self.operation, name, value)

    # Proofs

    def _prove(self, network: Network, step: int) -> None:
        """Hold the network to the record of its step, or else what follows to the next one."""
        later = [(at, digest) for at, digest in records_of(self.history) if at >= step]
        if not later:
            return
        at, _ = min(later)
        if at != step:
            network = deepcopy((network, network.optimizer))[0]
            self.advance(network, step, at)
        self._require_equal({at: digest_of(network)})

    def _require_equal(self, found: dict[int, str]) -> None:
        """Refuse the first record that differs."""
        for step, wanted in records_of(self.history):
            if found.get(step, wanted) != wanted:
                epoch, batch = self.recording.batch_of(step)
                callbacks = ", ".join(self.recording.callbacks)
                reason = _CHANGED.format(callbacks=callbacks)
                if not callbacks:
                    reason = reason.replace(", the callbacks  or", " have changed,")
                where = (
                    f"after step {step}, batch {batch} of epoch {epoch}," if step else "at first"
                )
                raise ReplayError(
                    f"[{self.operation}] expected parameters of digest {wanted} {where} as the "
                    f"history has them, got {found[step]}: {reason}",
                    step,
                    wanted,
                    found[step],
                )


def records_of(history: History) -> Iterator[tuple[int, str]]:
    """Steps and digests of the records of a history."""
    for record in history.parameters:
        if getattr(record, "digest", ""):  # none in files that do not say
            yield record.step, record.digest


def digest_of(network: Network) -> str:
    """As records have it."""
    return f"{_core.digest(network._core):016x}"


def _recording_of(operation: str, history: object) -> Recording:
    found = history_of(operation, history)._recording
    if found is None:
        raise ValueError(
            f"[{operation}] expected the history of fit(..., track=...), which keeps how it began, "
            f"got one without; nor has one that went on from a checkpoint, that of LBFGS, or one "
            f"that was read from JSON"
        )
    return found


def _has_rows(value: Foreign) -> bool:
    """Whether it may be an X or y; a text has a length, too."""
    if isinstance(value, (str, bytes, Mapping)):
        return False
    is_known = is_source(value) or is_sparse(value) or isinstance(value, View)
    return is_known or hasattr(value, "__len__")


def _shown(sample: Sample) -> str:
    return "none" if sample is None else sample[0]
