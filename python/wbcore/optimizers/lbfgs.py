"""L-BFGS on full batches, which SciPy drives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wbcore import _arguments
from wbcore._distribution import install_extra
from wbcore._foreign import explains_constructor
from wbcore._view import Foreign

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LBFGS"]


@explains_constructor
class LBFGS:
    """L-BFGS: quasi-Newton steps on the loss of all rows at once, with a line search.

    For data and networks that are small enough to look at all rows for each step, a regression of
    some thousand rows for example, it often ends far below what steps along gradients reach. SciPy
    drives it, `scipy.optimize.minimize(method="L-BFGS-B")` (Byrd, Lu, Nocedal and Zhu, 1995), which
    is the extra `scipy` of this package.

    In `fit` an epoch is one iteration of the method, and `batch_size` must be at least the number
    of rows. The history has a value an iteration: the loss after it, without the penalty of `l2`,
    which is the series of ``metrics=["penalty"]``.
    The fit ends early, as completed, when `tolerance`, `loss_tolerance` or `max_evaluations` is
    reached or no step along the direction lowers the loss; `history.reason` says which. What the
    network has is the last iteration, whose loss is the lowest so far, also after Ctrl-C and when a
    callback raised; that of the lowest validation loss may be an earlier one, which `EarlyStopping`
    gives back. A callback that writes into the parameters is not heeded. Nothing is remembered from
    one fit to the next, `shuffle` and `seed` have no meaning, and there is no step for loops of
    one's own.

    With ``track="epoch"`` `history.replay` makes any iteration again, with all that are before it.
    The bits of a result are those of the SciPy at hand: only the loss and its gradient are computed
    by the rules of docs/arithmetic.md.

    Parameters
    ----------
    max_iterations : int, optional
        Takes the place of `epochs` of `fit`, which then stays at its default.
    tolerance : float, default 1e-5
        At least 0. The fit ends when no element of the gradient is larger.
    history_size : int, default 10
        Pairs of steps and gradients that it goes by.
    loss_tolerance : float, default 1e-9
        At least 0. The fit ends when an iteration lowers the loss by a smaller part of it.
    max_evaluations : int, optional
        The fit ends after the iteration that takes the number of times that all rows were looked
        at, loss and gradient being one, beyond it. Default: 20 for each iteration, and 20.
    l2 : float, default 0
        At least 0: `l2 / 2` times the sum of squares of the trainable weights is added to the loss.
    decay_biases : bool, default False
        Whether l2 counts for biases too.
    penalty_of_sum : bool, default False
        Whether l2 is beside the sum of the rows' losses in place of their mean: it is divided by
        the sum of their weights, by their number where they have none.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.LBFGS(max_iterations=200)  # doctest: +NORMALIZE_WHITESPACE
    LBFGS(max_iterations=200, tolerance=1e-05, history_size=10, loss_tolerance=1e-09,
    max_evaluations=None, l2=0.0, decay_biases=False,
    penalty_of_sum=False)

    A fit takes all rows at once, in up to `epochs` iterations:

    >>> import numpy as np
    >>> scipy = __import__("pytest").importorskip("scipy")
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0, dtype="float64")
    >>> history = net.fit(
    ...     X, np.sin(3 * X), loss="mse", optimizer=wb.LBFGS(), epochs=100, batch_size=len(X)
    ... )
    >>> len(history) <= 100, history.loss[-1] < 0.001
    (True, True)
    """

    _checks: ClassVar[dict[str, Callable[[str, object], Any]]]  # by the name of a setting

    __slots__ = (
        "__dict__",
        "decay_biases",
        "history_size",
        "l2",
        "loss_tolerance",
        "max_evaluations",
        "max_iterations",
        "penalty_of_sum",
        "tolerance",
    )

    def __init__(
        self,
        max_iterations: int | None = None,
        tolerance: float = 1e-5,
        history_size: int = 10,
        *,
        loss_tolerance: float = 1e-9,
        max_evaluations: int | None = None,
        l2: float = 0.0,
        decay_biases: bool = False,
        penalty_of_sum: bool = False,
    ) -> None:
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.history_size = history_size
        self.loss_tolerance = loss_tolerance
        self.max_evaluations = max_evaluations
        self.l2 = l2
        self.decay_biases = decay_biases
        self.penalty_of_sum = penalty_of_sum

    def __setattr__(self, name: str, value: object) -> None:
        check = self._checks.get(name)
        super().__setattr__(name, check(name, value) if check else value)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._checks)
        return f"LBFGS({settings})"

    __array_ufunc__ = None  # `==` with an array is False, not an array


def _count(name: str, value: object) -> int:
    return _arguments.integer("LBFGS", name, value)


def _most(name: str, value: object) -> int | None:
    return None if value is None else _count(name, value)


def _limit(name: str, value: object) -> float:
    return _arguments.number(
        "LBFGS",
        name,
        value,
        expected="a finite number of at least 0",
        allowed=lambda x: 0 <= x < float("inf"),
    )


LBFGS._checks = {
    "max_iterations": _most,
    "tolerance": _limit,
    "history_size": _count,
    "loss_tolerance": _limit,
    "max_evaluations": _most,
    "l2": _limit,
    "decay_biases": lambda name, value: _arguments.flag("LBFGS", name, value),
    "penalty_of_sum": lambda name, value: _arguments.flag("LBFGS", name, value),
}


def scipy_minimize() -> Callable[..., Any]:
    """SciPy's function; an ImportError that names the extra where there is none."""
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise ImportError(
            f"[LBFGS] expected SciPy, which could not be imported ({error}); "
            f"{install_extra('scipy')}"
        ) from error
    return minimize  # type: ignore[no-any-return]


def minimized(
    optimizer: LBFGS,
    function: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    start: NDArray[np.float64],
    iterations: int,
    after_iteration: Callable[[NDArray[np.float64]], None],
) -> str:
    """Minimize a function that gives its value and its gradient in float64; says why it ended."""
    # else as many as the line searches may take
    most = optimizer.max_evaluations or 20 * iterations + 20
    result = scipy_minimize()(
        function,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=after_iteration,
        options={
            "maxiter": iterations,
            "maxfun": most,
            "maxcor": optimizer.history_size,
            "gtol": optimizer.tolerance,
            "ftol": optimizer.loss_tolerance,
        },
    )
    return _reason(optimizer, result, iterations, most)


def _reason(optimizer: LBFGS, result: Foreign, iterations: int, most: int) -> str:
    """Not SciPy's text, which differs from version to version."""
    if result.nit >= iterations:
        return f"all {iterations} epochs were done" if iterations > 1 else "its epoch was done"
    if result.status == 1:
        return f"L-BFGS took {result.nfev} evaluations, at most {most} were to be"
    if result.status != 0:
        return "L-BFGS found no step that lowers the loss"
    largest = np.abs(result.jac).max()
    if largest <= optimizer.tolerance:
        return f"L-BFGS found no element of the gradient above {optimizer.tolerance:g}"
    return f"L-BFGS lowered the loss by less than {optimizer.loss_tolerance:g} of it"
