"""Makes a tracked fit again, up to any of its steps, and proves by its records that it is that."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import metrics
from wbcore.inspect._calls import named
from wbcore.optimizers import Optimizer, _rate
from wbcore.optimizers.state import OptimizerState, Position
from wbcore.training.plan import Plan
from wbcore.training.proofs import digest_of, records_of, require_equal
from wbcore.training.recording import RULES, samples_of
from wbcore.training.replay_arguments import (
    recording_of_fit,
    require_arrays,
    require_data,
    require_functions,
    require_watched,
)
from wbcore.training.replay_iterations import iterated
from wbcore.training.replay_places import Looks, StopAfter, StopWhen
from wbcore.training.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from wbcore._view import Foreign
    from wbcore.history import History
    from wbcore.losses import LossLike
    from wbcore.network import Network
    from wbcore.training.hooks import Internal

__all__ = ["Replay"]


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
    goes_on : bool, default True
        Whether it is to be trained on from a step, which a fit of L-BFGS cannot be.

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
        goes_on: bool = True,
    ) -> None:
        self.operation, self.history = operation, history
        self.recording = recording = recording_of_fit(operation, history, goes_on=goes_on)
        self._given = {"loss": loss, "learning_rate": learning_rate, "shuffle": shuffle}
        require_functions(operation, recording, self._given)
        require_watched(operation, recording, validation_data)
        self.data = X, y
        self.sample_weight = sample_weight
        self._validation_data = validation_data
        self._n_threads = n_threads
        like = recording.kind._of_structure(recording.layers, recording.dtype)
        with named(operation, "fit"):
            require_arrays(operation, X, y, sample_weight)
            plan = self.plan(epochs=1, optimizer=RULES[recording.rule]())
            require_data(operation, recording, samples_of(like, plan, X, y, sample_weight))

    @property
    def last(self) -> int:
        """How many steps the fit had done when it ended, or in its whole epochs while it runs."""
        if self.history._steps is not None:
            return self.history._steps
        return self.recording.steps_of(len(self.history), 0)

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
        if recording.rule == "lbfgs":
            return network
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
        is_of_steps = self.recording.rule != "lbfgs"
        track = self.recording.settings["track"]
        with named(self.operation, "fit"):
            if is_of_steps:
                made = self.advance(network, 0, step, track=track)
            else:
                made = iterated(self, network, step)
            if made is not None:
                self._require_equal(dict(records_of(made)))
            if is_of_steps or made is None:
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
        stops: Callable[[], bool] | None = None,
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
            In place of those that are needed, so that a fit can go on from there; from the
            beginning to the end in one go `needed_metrics` will do.
        stops : callable, optional
            Asked at the end of each epoch whether to leave it at that.

        Returns
        -------
        History or None
            None where there was nothing to do.
        """
        if start == end:
            return None
        recording = self.recording
        whole, rest = recording.done_of(end)
        epochs = whole + bool(rest) - recording.done_of(start)[0]
        X, y = self.data
        callbacks: list[Internal] = [] if stops is None else [StopWhen(stops)]
        if rest:
            callbacks.append(StopAfter(recording.first[0] + whole, rest))
        plan = self.plan(
            epochs=epochs,
            optimizer=network.optimizer,
            track=track,
            callbacks=callbacks,
            sample_weight=self.sample_weight if sample_weight is None else sample_weight,
            metrics=self._metrics_between(start, end) if metrics is None else metrics,
        )
        return run(network, X, y, plan, warns=False)

    def held_out(self, network: Network) -> NDArray[np.int64]:
        """The rows that the fit is not trained on."""
        looks = Looks()
        X, y = self.data
        plan = self.plan(
            epochs=1, optimizer=network.optimizer, callbacks=[looks], metrics=self.metrics
        )
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
            "metrics": (),
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

    @property
    def metrics(self) -> tuple[str, ...]:
        """Those of the fit, whose sums a position within an epoch has.

        But for what looks at all predictions at once, where the rows come in blocks and the
        validation data that it was taken of are not given.

        Raises
        ------
        ValueError
            When the fit began within an epoch, which only all of its metrics go on with.
        """
        texts: tuple[str, ...] = self.recording.settings["metrics"]
        in_blocks = self.data[1] is None or self.recording.settings["shuffle"] == "blocks"
        if not in_blocks or self._validation_data is not None:
            return texts
        ranks = metrics.check(self.operation, texts, of_fit=True).ranks
        if ranks and self.recording.first[1]:
            raise ValueError(
                f"[{self.operation}] expected validation_data of the fit, which began within an "
                f"epoch and took {ranks[0]} of them, got None"
            )
        return tuple(text for text in texts if text not in ranks)

    @property
    def needed_metrics(self) -> tuple[str, ...]:
        """Those without which the training would be another one, to the end of an epoch."""
        return self.metrics if self._watches or self.recording.first[1] else ()

    @property
    def _watches(self) -> bool:
        return _rate.watching(self.recording.optimizer.get("learning_rate")) is not None

    def _metrics_between(self, start: int, end: int) -> tuple[str, ...]:
        """Those that bits depend on: of a position within an epoch all, since it goes by them."""
        within = any(self.recording.done_of(step)[1] for step in (start, end))
        return self.metrics if within or self._watches else ()

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

    def _require_equal(self, found: Mapping[int, str]) -> None:
        require_equal(self.operation, self.history, self.recording, found)
