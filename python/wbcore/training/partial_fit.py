"""One step on rows that come as they come: what `Network.partial_fit` takes and promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _arguments, _core, losses, optimizers
from wbcore._methods import network_method
from wbcore.errors import DivergenceError
from wbcore.history import History
from wbcore.optimizers import LBFGS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.losses import LossLike
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer

__all__ = ["partial_fit"]


@network_method
def partial_fit(
    self: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: LossLike,
    optimizer: Optimizer | str | None = None,
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
    seed = _arguments.seed("partial_fit", seed)
    if self._starts_at_prior:
        raise ValueError(
            "[partial_fit] expected the biases of the last layer to be set, got 'prior', for which "
            "a batch is not enough; call net.start_at_prior(y, loss=...) with all targets before"
        )
    state = chosen._state(core)
    value, is_finite = _core.partial_fit(
        core, X, y, given, chosen._next_settings("partial_fit", state), state._core, seed
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
