"""The network as a fit begins with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore.inspect._calls import named

if TYPE_CHECKING:
    from wbcore._view import Foreign
    from wbcore.inspect.findings.data import Data
    from wbcore.network import Network

__all__ = ["as_begun"]


def as_begun(
    operation: str,
    net: Network,
    data: Data,
    loss: Foreign,
    *,
    at_prior: bool,
    weights: tuple[Foreign, Foreign],
) -> Network:
    """The network, or where its last layer waits for the prior of the targets a copy that has it.

    Parameters
    ----------
    operation : str
    net : Network
    data : Data
    loss : str or LossFunction
        Of which a function has no prior, and is refused.
    at_prior : bool
        Whether the fit is told so; a network may know it by itself.
    weights : tuple
        Of rows, and of classes: as the fit has them.

    Raises
    ------
    TypeError, ValueError
        As `fit`, where there is no such prior.
    """
    if not at_prior and not net._starts_at_prior:
        return net
    begun = net.copy()
    with named(operation, "start_at_prior"):
        begun.start_at_prior(data.y, loss=loss, sample_weight=weights[0], class_weight=weights[1])
    return begun
