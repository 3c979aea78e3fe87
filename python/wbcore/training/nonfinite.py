"""Where a training that diverged began to: the step, by halving, and in it the first value."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from wbcore._loss_function import LossFunction
from wbcore.errors import DivergenceError
from wbcore.optimizers import Optimizer, _rate
from wbcore.optimizers.state import Position
from wbcore.training.nonfinite_step import NonFinite, nonfinite_of_step
from wbcore.training.replaying import Replay
from wbcore.training.twins import twin_of

if TYPE_CHECKING:
    from wbcore._view import Foreign
    from wbcore.history import History
    from wbcore.network import Network
    from wbcore.training.plan import Plan

__all__ = ["NonFinite", "first_nonfinite", "found_in"]


def first_nonfinite(
    replay: Replay, network: Network, start: int, diverged: int
) -> NonFinite | None:
    """Find where it began.

    Parameters
    ----------
    replay : Replay
    network : Network
        As it was after step `start`; it is not changed.
    start : int
        All is finite there.
    diverged : int
        The step that was found to have diverged.

    Returns
    -------
    NonFinite or None
        None where nothing is found: the training was not that one.
    """
    low, at = start, network
    high = diverged  # the first step after which a parameter may not be finite
    while high - low > 1:
        middle = (low + high) // 2
        twin = twin_of(at)
        try:
            replay.advance(twin, low, middle)
        except DivergenceError:  # a fit that is stopped looks at its parameters
            high = middle
        else:
            low, at = middle, twin
    return nonfinite_of_step(replay, at, low)


def found_in(
    network: Network, history: History, plan: Plan, data: tuple[Foreign, Foreign]
) -> NonFinite | None:
    """The first value that is not finite of a fit that has just diverged.

    Parameters
    ----------
    network : Network
        Back at the end of the last whole epoch, or where the fit went on from a checkpoint.
    history : History
    plan : Plan
    data : tuple
        X and y.
    """
    optimizer = plan.optimizer
    assert isinstance(optimizer, Optimizer), "L-BFGS keeps no beginning"
    replay = Replay(
        "fit",
        history,
        *data,
        sample_weight=plan.sample_weight,
        loss=plan.loss.function if isinstance(plan.loss, LossFunction) else None,
        learning_rate=_rate.function_of(optimizer.learning_rate),
        shuffle=plan.row_order,
        validation_data=plan.validation_data,
    )
    twin = twin_of(network)
    # by the epochs: a callback may have reset the optimizer, whose state then counts anew
    recording = replay.recording
    state = cast("Optimizer", twin.optimizer).state(twin)
    start = recording.steps_of(len(history), state.position.batch)
    epoch = recording.first[0] + len(history)
    if state.position.epoch != epoch:
        state.position = Position(epoch)
    twin._starts_at_prior = recording.starts_at_prior and start == 0
    return first_nonfinite(replay, twin, start, replay.last + 1)
