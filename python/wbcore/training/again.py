"""What a network's class knows of fits that are made again: reached without a circle of imports.

A history and a running fit know a network, and by it what makes fits again, which needs both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wbcore._view import Foreign
    from wbcore.history import History
    from wbcore.network import Network
    from wbcore.training.nonfinite import NonFinite
    from wbcore.training.plan import Plan
    from wbcore.training.recording import Recording

__all__ = ["begun", "first_nonfinite", "replayed"]


def replayed(
    history: History,
    X: Foreign,
    y: Foreign,
    *,
    epoch: Foreign,
    batch: Foreign,
    step: Foreign,
    **given: Foreign,
) -> Network:
    """What `History.replay` promises."""
    from wbcore.training.replay_places import step_named
    from wbcore.training.replaying import Replay

    replay = Replay("replay", history, X, y, goes_on=False, **given)
    return replay.at(step_named("replay", replay, epoch, batch, step))


def begun(history: History, network: Network) -> Recording:
    """What `History.set_beginning` promises."""
    from wbcore.training.beginning import beginning_of

    return beginning_of(history, network)


def first_nonfinite(
    network: Network, history: History, plan: Plan, data: tuple[Foreign, Foreign]
) -> NonFinite | None:
    """Where a fit began to diverge that has just done so, if that can be found."""
    from wbcore.training.nonfinite import found_in

    try:
        return found_in(network, history, plan, data)
    except Exception:  # noqa: BLE001 - a callback may have changed whatever is done again
        return None
