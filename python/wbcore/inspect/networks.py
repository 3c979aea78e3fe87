"""The network and the loss that an inspection is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _arguments, losses

if TYPE_CHECKING:
    from wbcore._loss_function import LossFunction
    from wbcore._view import Foreign
    from wbcore.network import Network

__all__ = ["is_network", "loss_of", "require_network"]


def is_network(value: Foreign) -> bool:
    """Whether it is a Network, by what is asked of it: that module imports this package."""
    return not isinstance(value, type) and all(
        hasattr(value, name) for name in ("_core", "activation_names")
    )


def require_network(operation: str, net: Foreign) -> None:
    """Raises a TypeError for anything else, which says what to pass of an estimator."""
    if not is_network(net):
        cure = "; pass its network_" if hasattr(net, "network_") else ""
        raise TypeError(
            f"[{operation}] expected net to be a Network, got {_arguments.shown(net)}{cure}"
        )


def loss_of(operation: str, net: Network, loss: Foreign) -> str | LossFunction:
    """The loss that is given, else that of the network's last fit.

    Raises
    ------
    ValueError
        When there is neither.
    """
    if loss is None and net.loss is None:
        raise ValueError(
            f"[{operation}] expected loss to be what the network was trained with, got None and a "
            f"network that knows none; pass loss='cross_entropy', or another"
        )
    return losses.check_given(operation, net.loss if loss is None else loss)
