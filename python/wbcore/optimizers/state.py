"""What an optimizer remembers of a network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from wbcore import _arguments, _core

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OptimizerState"]


class OptimizerState:
    """What an optimizer remembers of one network: `optimizer.state(net)`.

    Attributes
    ----------
    steps : int
        How many steps the optimizer has done with the network; may be assigned.
    arrays : dict of str to ndarray of shape (n_parameters,)
        By name ("velocity" of SGD with momentum; "m" and "v" of Adam), laid out like
        `net.parameters` and of its dtype. They are the arrays themselves: writing into one changes
        what the next step does.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="ones")])
    >>> optimizer = wb.Adam()
    >>> _, grads = net.loss_and_gradients([[2.0]], [1.0], loss="mse")
    >>> optimizer.step(net, grads)
    >>> state = optimizer.state(net)
    >>> state.steps, sorted(state.arrays)
    (1, ['m', 'v'])
    """

    __slots__ = ("_arrays", "_core", "_used")

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __init__(self, arrays: dict[str, NDArray[Any]], steps: int) -> None:
        self._core = _core.OptimizerState(list(arrays.values()), steps)
        self._arrays = arrays
        self._used = tuple(arrays)

    def _use(self, names: Iterable[str]) -> None:
        """Let the core take those of these names, in their order; others are kept."""
        if self._used != (used := tuple(names)):
            self._core.arrays = [self._arrays[name] for name in used]
            self._used = used

    @property
    def steps(self) -> int:
        """How many steps there have been."""
        return self._core.steps

    @steps.setter
    def steps(self, value: int) -> None:
        self._core.steps = _arguments.integer("state", "steps", value, low=0, high=2**63 - 1)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by name."""
        return dict(self._arrays)

    def __repr__(self) -> str:
        names = ", ".join(self._arrays) or "no arrays"
        return f"<OptimizerState after {self.steps} steps: {names}>"
