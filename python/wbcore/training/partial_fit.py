"""One step on rows that come as they come: what `Network.partial_fit` takes and promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _arguments, _core, losses, optimizers
from wbcore._foreign import explains_arguments
from wbcore._methods import network_method
from wbcore.errors import DivergenceError
from wbcore.history import History
from wbcore.optimizers import LBFGS
from wbcore.training.weights import row_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.losses import LossLike
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer

__all__ = ["partial_fit"]


@network_method
@explains_arguments("partial_fit")
def partial_fit(
    self: Network,
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    *,
    loss: LossLike,
    optimizer: Optimizer | str | None = None,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping[int, float] | None = None,
    seed: int = 0,
) -> float:
    """One step on these rows as one batch, in their order.

    With the batches of an epoch one after another it gives the bits of `fit`, whatever the
    optimizer; also with `pickle.loads(pickle.dumps((net, optimizer)))` in between.

    Parameters
    ----------
    {X}
    {y}
    {loss}
    optimizer : Optimizer or str, optional
        As for `fit`: by default that of the last step, `net.optimizer`. Its steps are counted; its
        epoch stays, since nobody knows where one ends.
    sample_weight : array-like of shape (B,), optional
        As for `fit`.
    class_weight : dict, optional
        As for `fit`. Not "balanced", for which a batch is not enough.
    seed : int, default 0
        Of what `dropout` leaves out, as for `fit`.

    Returns
    -------
    float
        Mean loss of the rows, before the step.

    Raises
    ------
    TypeError, ValueError
        As `fit`. Nothing has been changed then.
    DivergenceError
        When the loss, or a parameter after the step, is NaN or infinite. Nothing has been changed.
    RuntimeError
        When another thread is training the network.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="zeros")])
    >>> [net.partial_fit([[1.0]], [1.0], loss="mse", optimizer="sgd(0.25)") for _ in range(3)]
    [1.0, 0.0, 0.0]
    """
    core = self._core
    chosen = optimizers.going_on("partial_fit", core, optimizer)
    given = losses.check_given("partial_fit", loss)
    if isinstance(chosen, LBFGS):
        raise TypeError(
            "[partial_fit] expected an optimizer that takes a batch at a time, such as Adam(), got "
            "LBFGS, which takes all rows in fit"
        )
    if isinstance(class_weight, str):
        raise ValueError(
            f"[partial_fit] expected class_weight to be a dict such as {{0: 1.0, 1: 5.0}}, got "
            f"{class_weight!r}, for which a batch is not enough; count the classes of all rows"
        )
    weights, _ = row_weights(
        "partial_fit", self, given, y, sample_weight=sample_weight, class_weight=class_weight
    )
    seed = _arguments.seed("partial_fit", seed)
    if self._starts_at_prior:
        raise ValueError(
            "[partial_fit] expected the biases of the last layer to be set, got 'prior', for which "
            "a batch is not enough; call net.start_at_prior(y, loss=...) with all targets before"
        )
    state = chosen._state(core)
    value, is_finite = _core.partial_fit(
        core, X, y, weights, given, chosen._next_settings("partial_fit", state), state._core, seed
    )
    core.optimizer = chosen
    if not is_finite:
        raise DivergenceError(
            "[partial_fit] expected a finite loss and parameters, got NaN or infinity; the "
            "parameters are those before. A smaller learning rate may help, or X and y scaled to "
            "about unit size",
            0,
            0,
            History({}, "diverged"),
        )
    return value
