"""What a training step costs on this machine, layer by layer and phase by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wbcore import _arguments, _core, losses
from wbcore._docstrings import with_parameters
from wbcore._view import n_rows
from wbcore.inspect.networks import require_network
from wbcore.inspect.suggested_loss import known_or_suggested_loss
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.losses import Loss
    from wbcore.network import Network

__all__ = ["Profile", "profile"]

_COLUMNS = (
    "layer",
    "phase",
    "ms_per_batch",
    "us_per_batch",
    "share",
    "gflops",
    "share_of_peak",
    "ns_per_weight",
)


class _Times(Table):
    """Microseconds are printed to the nanosecond, however many there are."""

    __slots__ = ()

    def _shown(self, column: str) -> list[str]:
        shown = super()._shown(column)
        if column != "us_per_batch":
            return shown
        return [
            f"{value:.3f}" if isinstance(value, float) else text
            for value, text in zip(self[column], shown, strict=True)
        ]


class Profile(_Times):
    """The times of a training step: a table with a row a phase, from :func:`profile`.

    Attributes
    ----------
    batch_size : int
        Rows of the step.
    step_ms : float
        Milliseconds of a step without a look at the clock.
    timed_step_ms : float
        Milliseconds of all phases of a step, each timed by itself.
    timer_ns : float
        Nanoseconds of a look at the clock, of which the time of each phase contains one.
    gflops, share_of_peak : float
        Of the step without a look at the clock: 10^9 operations a second of all its matrix
        products, and what part of the FMA peak that is.
    peak_gflops : float
        The FMA peak of one thread, measured in the same call: 10^9 operations a second of
        multiply-adds in registers, each of which counts two.

    See Also
    --------
    profile : Measures one.
    """

    __slots__ = (
        "_weights",
        "batch_size",
        "gflops",
        "peak_gflops",
        "share_of_peak",
        "step_ms",
        "timed_step_ms",
        "timer_ns",
    )

    def __init__(self, measured: dict[str, Any], weights: list[int], batch_size: int) -> None:
        self._weights = weights
        self.batch_size = batch_size
        self.step_ms: float = measured["step"]
        self.timed_step_ms: float = measured["timed_step"]
        self.timer_ns: float = measured["reading"]
        self.peak_gflops: float = measured["fma_peak"]
        total = sum(ms for _, _, ms, _ in measured["phases"])
        rows = [
            (
                layer,
                phase,
                ms,
                ms * 1e3,
                _over(ms, total),
                *self._rates(operations, ms),
                self._each(layer, ms),
            )
            for phase, layer, ms, operations in measured["phases"]
        ]
        self.gflops = _over(sum(each[3] for each in measured["phases"]), self.step_ms * 1e6)
        self.share_of_peak = _over(self.gflops, self.peak_gflops)
        title = (
            f"A training step on {batch_size} rows, one thread: {_time(self.step_ms)}, "
            f"{self.gflops:.1f} GFLOP/s, {self.share_of_peak:.0%} of the FMA peak"
        )
        note = (
            f"each phase contains one look at the clock, {self.timer_ns:.0f} ns; phases / step "
            f"without: {self.ratio:.2f}; FMA peak: {self.peak_gflops:.1f} GFLOP/s\n"
            "us: microseconds; share: of the sum of all phases; update: dW, db and the rule"
        )
        printed = [name for name in _COLUMNS if name != "ms_per_batch"]
        super().__init__(_COLUMNS, rows, title, note=note, printed=printed)

    @property
    def ratio(self) -> float:
        """What timing costs: `timed_step_ms` by `step_ms`."""
        return _over(self.timed_step_ms, self.step_ms)

    def by_layer(self) -> Table:
        """Return the times of all phases of a layer together, and by its weights.

        Returns
        -------
        Table
            One row a layer: ``layer``, ``weights`` (I * O), ``ms_per_batch`` (forward, backward,
            update and transpose of this layer, in milliseconds), ``us_per_batch`` (the same in
            microseconds, which is printed) and ``ns_per_weight`` (in nanoseconds, divided by the
            number of weights). The phases "gather" and "loss" are of no layer, and not in it.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> net = wb.Network.mlp([4, 8, 3], seed=0)
        >>> times = wb.inspect.profile(net, np.ones((32, 4)), np.ones((32, 3)), loss="mse")
        >>> times.by_layer().select("layer", "weights").to_dict()
        {'layer': [0, 1], 'weights': [32, 24]}
        """
        rows = []
        for index, weights in enumerate(self._weights):
            ms = sum(row["ms_per_batch"] for row in self if row["layer"] == index)
            rows.append((index, weights, ms, ms * 1e3, ms * 1e6 / weights))
        title = (
            "Time per weight: forward, backward, update and transpose, "
            f"batches of {self.batch_size}, one thread"
        )
        columns = ("layer", "weights", "ms_per_batch", "us_per_batch", "ns_per_weight")
        printed = [name for name in columns if name != "ms_per_batch"]
        note = "without the phases gather and loss, which are of no layer"
        return _Times(columns, rows, title, note=note, printed=printed)

    def _rates(self, operations: float, ms: float) -> tuple[float | None, float | None]:
        if not operations:
            return None, None
        rate = _over(operations, ms * 1e6)
        return rate, _over(rate, self.peak_gflops)

    def _each(self, layer: int | None, ms: float) -> float | None:
        return None if layer is None else ms * 1e6 / self._weights[layer]


def _time(ms: float) -> str:
    """Of a step, in the unit in which it is readable."""
    return f"{ms * 1e3:.4g} us" if ms < 1 else f"{ms:.4g} ms"


def _over(value: float, by: float) -> float:
    return value / by if by else float("nan")  # of what was too short for the clock


@with_parameters
def profile(
    net: Network,
    X: ArrayLike | SparseLike,
    y: ArrayLike,
    *,
    loss: Loss | str | None = None,
    batch_size: int = 32,
    repeats: int = 50,
) -> Profile:
    """Measure where the time of a training step goes, layer by layer and phase by phase.

    Steps of plain SGD are done on the first batch of X, on one thread and on a copy: the network
    itself is not changed. Steps that are timed phase by phase and steps without a look at the clock
    are done in turn.

    Parameters
    ----------
    net : Network
        The network.
    {X}
    {y}
    loss : Loss or str, optional
        Default: that of the network's last fit; before one what y and the last layer suggest,
        "cross_entropy" for labels of several outputs, "binary_cross_entropy" for targets of 0 and
        1, else "mse". A step takes about as long with each.
    batch_size : int, default 32
        Rows a batch.
    repeats : int, default 50
        Steps of each kind, at least 1; medians of them are shown, which one interruption does not
        move.

    Returns
    -------
    Profile
        A :class:`Table` with one row a phase, in the order of a step:

        ==================  ========================================================================
        ``layer``           None for phases of no layer
        ``phase``           "gather" (the batch, as the network's type), "forward", "loss" (and its
                            gradient), "backward" (the gradient by the layer's inputs), "update"
                            (that by its parameters and the rule, in one product), "transpose" (of
                            the new weights, for the next "backward")
        ``ms_per_batch``    milliseconds, the median over the steps
        ``us_per_batch``    the same in microseconds, which is printed
        ``share``           of the sum of all phases
        ``gflops``          10^9 operations a second of the phase's matrix product, a multiply-add
                            counting two; activations, dropout and the rule are not counted, their
                            time is; None without a product
        ``share_of_peak``   ``gflops`` as a part of the FMA peak
        ``ns_per_weight``   nanoseconds, divided by the layer's number of weights
        ==================  ========================================================================

        and with attributes for what stands above it: the time of a step that is not timed phase by
        phase, the clock's own, and the FMA peak.

    Raises
    ------
    TypeError, ValueError
        As `fit`.

    Notes
    -----
    The times are of this machine at this moment. Where ``ratio`` is far above 1, as for networks
    whose step takes a microsecond, much of what is shown is the clock: only ``step_ms`` is the
    network's then. `fit` may use several threads, and another rule than SGD costs more.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([4, 8, 3], seed=0)
    >>> times = wb.inspect.profile(net, np.ones((32, 4)), np.ones((32, 3)), loss="mse", repeats=3)
    >>> times["phase"][:4], times["layer"][:4]
    (['gather', 'forward', 'forward', 'loss'], [None, 0, 1, None])
    >>> times.step_ms > 0, len(times.by_layer())
    (True, 2)
    """
    operation = "profile"
    require_network(operation, net)
    rows = _arguments.integer(operation, "batch_size", batch_size)
    repeats = _arguments.integer(operation, "repeats", repeats)
    given = known_or_suggested_loss(operation, net, None, y) if loss is None else loss
    text = losses.check(operation, given)
    measured = _core.profile(net._core, X, y, text, rows, repeats)
    weights = [layer.weights.size for layer in net]
    return Profile(measured, weights, min(rows, n_rows(X)))
