"""Holds what was made again to the digests of a history's records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _core
from wbcore.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wbcore.history import History
    from wbcore.network import Network
    from wbcore.training.recording import Recording

__all__ = ["digest_of", "records_of", "require_equal"]

_CHANGED = (
    "the data, the callbacks {callbacks} or somebody else wrote into the network, or this version "
    "or processor computes otherwise"
)


def records_of(history: History) -> Iterator[tuple[int, str]]:
    """Steps and digests of the records of a history."""
    for record in history.parameters:
        if getattr(record, "digest", ""):  # none in files that do not say
            yield record.step, record.digest


def digest_of(network: Network) -> str:
    """As records have it."""
    return f"{_core.digest(network._core):016x}"


def require_equal(
    operation: str, history: History, recording: Recording, found: Mapping[int, str]
) -> None:
    """Refuse the first record whose digest differs from that which was found after its step.

    Raises
    ------
    ReplayError
    """
    for step, wanted in records_of(history):
        if found.get(step, wanted) != wanted:
            epoch, batch = recording.batch_of(step)
            callbacks = ", ".join(recording.callbacks)
            reason = _CHANGED.format(callbacks=callbacks)
            if not callbacks:
                reason = reason.replace(", the callbacks  or", " have changed,")
            where = f"after step {step}, batch {batch} of epoch {epoch}," if step else "at first"
            raise ReplayError(
                f"[{operation}] expected parameters of digest {wanted} {where} as the "
                f"history has them, got {found[step]}: {reason}",
                step,
                wanted,
                found[step],
            )
