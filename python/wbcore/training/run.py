"""Runs a training: the core's one call, and around it history, callbacks and errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from wbcore import _core
from wbcore._loss_function import LossFunction
from wbcore._view import Foreign, in_rows
from wbcore.callbacks.progress import Progress
from wbcore.callbacks.run import Run
from wbcore.data._rows import Rows
from wbcore.data._source import is_source
from wbcore.errors import DivergenceError
from wbcore.history import History, Record
from wbcore.metrics import Chosen
from wbcore.optimizers import LBFGS, Optimizer, _rate
from wbcore.training import full_batch, outcome
from wbcore.training.followed import Followed
from wbcore.training.hooks import Hooks, OwnSeries, PlainFunction
from wbcore.training.own_metrics import OwnMetrics
from wbcore.training.rows import (
    end_of,
    order_text,
    output_biases,
    training_rows,
    validation_rows,
    validation_weights,
    weighed,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.data._source import Source
    from wbcore.network import Network
    from wbcore.training.nonfinite import NonFinite
    from wbcore.training.plan import Plan
    from wbcore.training.resuming import Resumption
    from wbcore.training.session import Session

__all__ = ["run"]

Findings: TypeAlias = dict[str, Any]


def run(
    network: Network,
    X: ArrayLike | SparseLike | Source,
    y: ArrayLike | None,
    plan: Plan,
    *,
    warns: bool = True,
) -> History:
    """Train the network as planned; its history is kept as `network.history`.

    Parameters
    ----------
    network : Network
    X, y : array-like, or a source and None
        The core looks at them before it changes anything.
    plan : Plan
    warns : bool, default True
        Whether an outcome that looks wrong is warned of.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        When X or y do not suit the network or the loss.
    DivergenceError
        When the loss becomes NaN or infinite.
    RuntimeError
        When another thread is training the network.
    """
    return _Training(network, plan, warns=warns).run(X, y)


class _Training:
    """One call of `fit`."""

    def __init__(self, network: Network, plan: Plan, *, warns: bool = True) -> None:
        assert isinstance(plan.optimizer, (Optimizer, LBFGS)), "Plan has made it one"
        self.warns = warns
        self.network = network
        self.plan = plan
        self.optimizer = plan.optimizer
        self.record: Record = {}
        self.history = History(self.record)
        self.running = Run(network, cast("Optimizer", self.optimizer), plan, self.history)
        self.moment = self.running._moment
        watched = isinstance(self.optimizer, Optimizer) and _rate.watching(
            self.optimizer.learning_rate
        )
        self.own = OwnSeries()
        self.session = _session(network, plan)
        last = self.session.checkpoints if self.session else None
        self.hooks = Hooks(self.running, _callbacks(plan, self.own, last), watched=bool(watched))
        self.before = network.optimizer, network.history
        self.findings: Findings | None = None
        self.first_step = 0
        self.data: tuple[Foreign, Foreign] = (None, None)
        self.reason = ""  # why a fit is completed that may be so early

    def run(self, X: Foreign, y: Foreign) -> History:
        error: BaseException | None = None
        try:
            try:
                self._end(*self._train(X, y))
            except BaseException as raised:  # noqa: BLE001, it is raised when all callbacks know
                self._fail(raised)
                error = raised
            error = self._write_last(error)
            late = self.hooks.after_fit()
            if late is not None and error is None:
                self._fail(late)
        finally:  # Ctrl-C may come at any moment of these, too
            self._keep()
        try:
            if error is not None or late is not None:
                raise error or late  # type: ignore[misc]
        finally:
            del error, late  # whose tracebacks have this frame
        if not self.warns:
            return self.history
        is_told = outcome.warned_of_no_rate(self.network, self.history, self.first_step)
        if self.findings and not is_told:
            outcome.warn(self.findings, self.network.activation_names)
        return self.history

    def _train(self, X: Foreign, y: Foreign) -> tuple[str, int, int, Findings | None]:
        plan, hooks, core = self.plan, self.hooks, self.network._core
        X = in_rows("fit", "X", X)
        self.data = X, y
        if y is not None:  # what a source has beside its rows is seen as they come
            given_weights = plan.class_weight, plan.sample_weight
            self.history._weighed = any(weight is not None for weight in given_weights)
        weights, classes = weighed(self.network, y, plan)
        weights_val = validation_weights(self.network, plan, classes)
        given = Rows(X, y, weights)
        if isinstance(self.optimizer, LBFGS):
            of_validation: Foreign = plan.validation_data or (None, None)
            validation = Rows(of_validation[0], of_validation[1], weights_val)
            self._take_own(given, validation)
            how, epoch, batch, self.reason = full_batch.trained(
                plan, hooks, given, validation, lambda: self._keep_beginning(prior_is_due=False)
            )
            return how, epoch, batch, None
        session = self.session
        resumption = session.resumption if session else None
        state = self.optimizer._state(core)
        steps = self.first_step = state.steps
        end = resumption.end if resumption else end_of(plan, state)
        due = plan.bias_init is not None or self.network._starts_at_prior
        rows = validation = Rows(None, None)
        try:
            rows = training_rows(self.network, X, y, weights, plan, end=end)
            validation = validation_rows(self.network, plan, weights_val, end=end)
            # arrays are all in memory, in whatever order their rows are trained on
            self._take_own(rows if y is None else given, validation)
            if session:
                session.take_settings(rows)
            if resumption:
                due, steps = resumption.saved.prior_is_due, resumption.saved.steps
                self.first_step = steps
            biases = output_biases(self.network, rows, plan) if due else []
            followed = Followed(self.optimizer, core, resumption)

            def before_fit() -> bool:
                if session is None:
                    stops = hooks.before_fit()
                else:
                    data = X, y, rows, validation
                    stops = session.begin(hooks, followed, data, prior_is_due=due)
                if plan.track is not None and resumption is None:
                    self._keep_beginning(prior_is_due=due)
                return stops

            ended = _core.fit(
                core,
                rows.X,
                rows.y,
                rows.weights,
                validation.X,
                validation.y,
                validation.weights,
                options=_options(plan, hooks, biases, order_text(rows, plan), resumption),
                optimizer=followed,
                record=self.record,
                moment=self.moment,
                before_fit=before_fit,
                after_batch=hooks.after_batch,
                after_epoch=hooks.after_epoch,
                windows=rows.windows,
                validation_windows=validation.windows,
                row_order=resumption.row_order if resumption else plan.row_order,
            )
            return (resumption.status, *ended[1:]) if resumption and resumption.is_over else ended
        finally:
            rows.close()
            validation.close()
            # until the first step the network is as it was
            if self.network._starts_at_prior and self.optimizer._state(core).steps != steps:
                self.network._starts_at_prior = False

    def _keep_beginning(self, *, prior_is_due: bool) -> None:
        """What `history.replay` needs."""
        from wbcore.training.recording import recorded  # hashlib is not loaded by `import wbcore`

        self.history._recording = recorded(
            self.network, self.plan, self.hooks, self.data, prior_is_due=prior_is_due
        )

    def _write_last(self, error: BaseException | None) -> BaseException | None:
        """Write how the fit ended; an error of that is the fit's, unless it has one."""
        if self.session is None or self.session.checkpoints is None:
            return error
        try:
            self.session.checkpoints.end(self.hooks)
        except BaseException as late:  # noqa: BLE001, it is raised when all callbacks know of it
            if error is None:
                self.hooks.failed_in = self.session.checkpoints.label
                self._fail(late)
                return late
            self.history.reason += f"; no checkpoint of that was written: {late}"
        return error

    def _take_own(self, rows: Rows, validation: Rows) -> None:
        """The data that metrics of one's own are taken of."""
        plan = self.plan
        assert isinstance(plan.loss, (str, LossFunction)), "Plan has made it one"
        assert isinstance(plan.metrics, Chosen), "likewise"
        if not plan.metrics.functions:
            return
        operation, judged = "fit", rows
        if plan.validation_data is not None:
            operation, judged = "fit, validation_data", validation
        own = OwnMetrics.of_rows(operation, self.network, plan.metrics.functions, plan.loss, judged)
        self.own.take(own, "val_" if plan.validates else "")

    def _end(self, status: str, epoch: int, batch: int, findings: Findings | None) -> None:
        self.findings = findings
        history, epochs = self.history, self.plan.epochs
        history.status = status
        if status == "completed":
            history.reason = self.reason or (
                f"all {epochs} epochs were done" if epochs > 1 else "its epoch was done"
            )
        elif status == "stopped":
            history.reason = self.running._reason or "a callback asked for it"
        elif status == "diverged":
            history.reason = (
                f"the loss or a parameter became NaN or infinite in batch {batch + 1} of epoch "
                f"{epoch + 1}"
            )
            self._count_steps((epoch, batch))
            epoch -= self.moment.first_epoch  # the error counts those of this fit
            error = outcome.divergence(self.plan, self._rate(batch), epoch, batch, history)
            error.first = self._first_nonfinite()
            raise error

    def _first_nonfinite(self) -> NonFinite | None:
        """Where a tracked fit on arrays diverged, by another look at its last epoch."""
        is_one = self.history._recording is not None and isinstance(self.optimizer, Optimizer)
        if not is_one or is_source(self.data[0]):
            return None
        return self.network._first_nonfinite(self.network, self.history, self.plan, self.data)

    def _count_steps(self, diverged: tuple[int, int] | None = None) -> None:
        """How many there were that a replay may ask for; the one that diverged is none of them."""
        recording = self.history._recording
        if recording is None or self.history._steps is not None:
            return
        if diverged:
            self.history._steps = recording.step_of(*diverged) - 1
        elif isinstance(self.optimizer, LBFGS):
            self.history._steps = len(self.history)
        else:
            # not the steps of the state, which a callback may set
            batch = self.optimizer._state(self.network._core).position.batch
            self.history._steps = recording.steps_of(len(self.history), batch)

    def _rate(self, batch: int) -> float | None:
        """The learning rate of a batch of the epoch after the last whole one."""
        optimizer = self.optimizer
        if isinstance(optimizer, LBFGS):
            return None
        state = optimizer._state(self.network._core)
        return optimizer._rate_after(state.steps + batch, state)

    def _fail(self, error: BaseException) -> None:
        history = self.history
        if isinstance(error, DivergenceError) and error.history is history:
            return
        where = f" in {self.hooks.failed_in}" if self.hooks.failed_in else ""
        if isinstance(error, KeyboardInterrupt):
            history.status = "interrupted"
            epoch = self.moment.first_epoch + len(history)
            history.reason = f"Ctrl-C came{where or f' in epoch {epoch + 1}'}"
        else:
            history.status = "failed"
            text = " ".join(str(error).split())
            history.reason = f"{type(error).__name__}{where}" + (f": {text}" if text else "")

    def _keep(self) -> None:
        """Refused arguments leave no trace: the history and optimizer of the last fit stay."""
        history = self.history
        self._count_steps()
        if history.status == "running":
            history.status, history.reason = "interrupted", "Ctrl-C came when it had just ended"
        if history.status != "failed" or self.record or self.hooks.failed_in:
            self.network.history = history
            loss = self.plan.loss
            self.network.loss = None if isinstance(loss, LossFunction) else str(loss)
        else:
            self.network._core.optimizer, self.network.history = self.before


def _session(network: Network, plan: Plan) -> Session | None:
    if plan.checkpoint is None and plan.resume in (None, False):
        return None
    # hashlib, json, shutil and others are not loaded by `import wbcore`
    from wbcore.training.session import Session

    return Session(network, plan)


def _callbacks(plan: Plan, own: OwnSeries, last: object | None) -> Iterator[object]:
    """All of them in the order in which they are asked."""
    assert isinstance(plan.metrics, Chosen), "Plan has made it one"
    if plan.metrics.functions:
        yield own
    if plan.progress:
        yield Progress()
    yield from plan.callbacks
    if plan.callback is not None:
        yield PlainFunction(plan.callback)
    if last is not None:
        yield last


def _options(
    plan: Plan,
    hooks: Hooks | None = None,
    biases: Sequence[float] = (),
    order: str = "",
    resumption: Resumption | None = None,
) -> _core.TrainingOptions:
    """What the core is told beside the data."""
    assert isinstance(plan.loss, (str, LossFunction)), "Plan has made it one"
    assert isinstance(plan.metrics, Chosen), "likewise"
    return _core.TrainingOptions(
        loss=plan.loss,
        epochs=max(1, resumption.epochs_left) if resumption else plan.epochs,
        first_epoch=None if resumption else plan.first_epoch,
        batch_size=plan.batch_size,
        validation_fraction=plan.validation_fraction or 0.0,
        shuffle=plan.shuffle is True,
        seed=plan.seed,
        n_threads=plan.n_threads or 0,
        metrics=plan.metrics.texts,
        track=0 if plan.track == "epoch" else cast("int | None", plan.track),
        seconds_between_batches=hooks.seconds_between_batches if hooks else 0.0,
        batches_between=hooks.batches_between if hooks else 0,
        output_biases=biases,
        order=order,
        penalty=plan.metrics.penalty,
        patience=hooks.patience if hooks else None,
    )
