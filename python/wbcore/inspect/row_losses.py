"""The loss of each row by itself; the core gives means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _core, _named
from wbcore.inspect.float64_network import activated

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.float64_network import Floats

__all__ = ["includes_activation", "loss_inputs", "require_finite", "row_losses", "target_kind"]


def _properties(loss: str) -> dict[str, Any]:
    name, _ = _named.parsed("loss", "losses", "loss", loss)
    return _named.rows("loss")[name].properties


def includes_activation(loss: str) -> bool:
    """Whether a loss is one of the last layer's sums, as those of logits are."""
    return bool(_properties(loss)["undone"] != "identity")


def target_kind(loss: str) -> str:
    """What its targets are: numbers, counts, positives, probabilities, classes or signs."""
    return str(_properties(loss)["targets"])


def loss_inputs(loss: str, activation: str, Z: Floats) -> Floats:
    """What a loss is computed from, (B, O), of the sums of a last layer."""
    return Z if includes_activation(loss) else activated(activation, Z)


def require_finite(operation: str, sums: NDArray[Any]) -> None:
    """Refuse the last layer's sums (B, O) of a network that says nothing of some row."""
    finite = np.isfinite(sums)
    if not finite.all():
        value = sums[np.unravel_index(np.argmin(finite), sums.shape)]
        raise ValueError(
            f"[{operation}] expected outputs of the network to be finite, got {value!s}: its "
            f"parameters are NaN, infinite or too large (inspect.parameter_table)"
        )


def row_losses(loss: str, values: Floats, y: NDArray[Any]) -> Floats:
    """The loss of each row.

    Parameters
    ----------
    loss : str
    values : ndarray of shape (B, O)
        As from `loss_inputs`.
    y : ndarray of shape (B,) or (B, O)

    Returns
    -------
    ndarray of shape (B,)

    Raises
    ------
    TypeError, ValueError
        When the targets do not suit the loss.
    """
    _core.loss_and_gradient(loss, values, y)  # of all at once, so that a refusal names the row
    return np.array(
        [
            _core.loss_and_gradient(loss, values[row : row + 1], y[row : row + 1])[0]
            for row in range(len(values))
        ]
    )
