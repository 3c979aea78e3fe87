"""Optimizers: how a gradient changes the parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, SupportsIndex, TypedDict
from weakref import WeakKeyDictionary

import numpy as np

from wbcore import _arguments, _copying, _core
from wbcore.gradients import Gradients

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["SGD"]


class _Options(TypedDict):
    """SGD's hyper-parameters and state as the core takes them."""

    learning_rate: float
    momentum: float
    nesterov: bool
    weight_decay: float
    decay_biases: bool
    velocity: NDArray[Any] | None


def _number(
    name: str, expected: str, allowed: Callable[[float], bool]
) -> Callable[[object], float]:
    return lambda value: _arguments.number("SGD", name, value, expected=expected, allowed=allowed)


# A learning rate or decay that is infinite in float32 is a slip in float64 too.
_CHECKS: dict[str, Callable[[object], object]] = {
    "learning_rate": _number(
        "learning_rate", "a finite number above 0", lambda v: 0 < v <= _arguments.FLOAT32_MAX
    ),
    "momentum": _number("momentum", "a number from 0 to below 1", lambda v: 0 <= v < 1),
    "nesterov": lambda value: _arguments.flag("SGD", "nesterov", value),
    "weight_decay": _number(
        "weight_decay", "a finite number of at least 0", lambda v: 0 <= v <= _arguments.FLOAT32_MAX
    ),
    "decay_biases": lambda value: _arguments.flag("SGD", "decay_biases", value),
}


class SGD:
    """Stochastic gradient descent, with momentum and weight decay.

    For a parameter w with the gradient g of the batch and the velocity v, which starts at 0::

        g = g + weight_decay * w           for weights; for biases only with decay_biases
        v = momentum * v + g
        w = w - learning_rate * v          or, with nesterov: w - learning_rate * (g + momentum * v)

    (Polyak, 1964; Nesterov, 1983, in the form of Sutskever and others, 2013.) The exact operations
    are in docs/arithmetic.md, section 7.

    An optimizer keeps one velocity for each network that it is used with, for as long as that
    network lives: a second `fit` goes on where the first ended. `reset` forgets it, and so do a
    copy of the optimizer and of the network.

    Parameters
    ----------
    learning_rate : float, default 0.01
        Above 0. A network of float32 refuses numbers that are something else in float32: a rate,
        momentum or decay above 0 that becomes 0, a momentum below 1 that becomes 1.
    momentum : float, default 0
        From 0 to below 1.
    nesterov : bool, default False
        Needs momentum above 0.
    weight_decay : float, default 0
        At least 0.
    decay_biases : bool, default False
        Whether biases decay like weights.

    Attributes
    ----------
    learning_rate, momentum, nesterov, weight_decay, decay_biases
        May be changed between steps and between fits (a `fit` goes on with what it began with); a
        value assigned is checked at once.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([2, 8, 1], activation="tanh", seed=0)
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> optimizer = wb.SGD(learning_rate=0.1, momentum=0.9)
    >>> for step in range(500):
    ...     loss, grads = net.loss_and_gradients(X, y, loss="mse")
    ...     optimizer.step(net, grads)
    >>> net.predict(X).round(1).ravel().tolist() == [0, 1, 1, 0]
    True
    """

    learning_rate: float
    momentum: float
    nesterov: bool
    weight_decay: float
    decay_biases: bool

    __slots__ = (*_CHECKS, "__weakref__", "_velocities")

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decay_biases: bool = False,
    ) -> None:
        # A network's core is the key: networks compare by value and so cannot be keys themselves.
        self._velocities: WeakKeyDictionary[_core._Network, NDArray[Any]] = WeakKeyDictionary()
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.decay_biases = decay_biases
        self._check_nesterov()

    def __setattr__(self, name: str, value: object) -> None:
        check = _CHECKS.get(name)
        super().__setattr__(name, check(value) if check else value)

    def _check_nesterov(self) -> None:
        if self.nesterov and self.momentum == 0:
            raise ValueError("[SGD] expected momentum above 0 with nesterov=True, got 0.0")

    def _check_float32(self) -> None:
        """Refuse what is another hyper-parameter in float32: no rate, no decay, all momentum."""
        for name in ("learning_rate", "momentum", "weight_decay"):
            value = getattr(self, name)
            if 0 < value <= _arguments.ZERO_IN_FLOAT32:
                raise ValueError(
                    f"[SGD] expected {name} to be above 0 in float32, the network's dtype, "
                    f"got {value!r}"
                )
        if self.momentum >= _arguments.ONE_IN_FLOAT32:
            raise ValueError(
                f"[SGD] expected momentum to be below 1 in float32, the network's dtype, "
                f"got {self.momentum!r}"
            )

    def __repr__(self) -> str:
        return f"SGD({', '.join(f'{name}={getattr(self, name)!r}' for name in _CHECKS)})"

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __reduce_ex__(self, _: SupportsIndex) -> tuple[Any, ...]:
        # The velocities belong to networks, of which a copy has none.
        without = frozenset({"_velocities"})
        return _copying.reduced(self, _without_velocities, (type(self),), without)

    def _options(self, core: _core._Network) -> _Options:
        """What the core's fit and sgd_step take; the velocity is updated in place."""
        self._check_nesterov()
        if isinstance(core, _core.Network32):
            self._check_float32()
        velocity = self._velocities.get(core)
        if velocity is None and self.momentum:
            velocity = self._velocities.setdefault(core, np.zeros_like(core.parameters))
        return _Options(
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
            decay_biases=self.decay_biases,
            velocity=velocity if self.momentum else None,
        )

    def step(self, network: Network, gradients: Gradients) -> None:
        """Apply one update to all parameters of the network.

        Parameters
        ----------
        network : Network
        gradients : Gradients
            From `network.backward` or `network.loss_and_gradients`; finite.

        Raises
        ------
        TypeError
            When an argument is something else.
        ValueError
            When the gradients are of a network of another shape or dtype, or not finite, or a
            hyper-parameter is 0 or 1 in the network's dtype. Nothing has been changed then.
        RuntimeError
            When another thread is training the network.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network([wb.Dense(1, 1, initializer="ones")])
        >>> _, grads = net.loss_and_gradients([[2.0]], [1.0], loss="mse")
        >>> wb.SGD(learning_rate=0.125).step(net, grads)
        >>> net.parameters  # from 1 and 0, the gradients being 4 and 2
        array([ 0.5 , -0.25], dtype=float32)
        """
        core = getattr(network, "_core", None)
        if not isinstance(core, (_core.Network32, _core.Network64)):
            raise TypeError(f"[step] expected a Network, got {_arguments.shown(network)}")
        if not isinstance(gradients, Gradients):
            raise TypeError(f"[step] expected Gradients, got {_arguments.shown(gradients)}")
        flat, parameters = gradients.flat, core.parameters
        if flat.shape != parameters.shape or flat.dtype != parameters.dtype:
            raise ValueError(
                f"[step] expected gradients of {parameters.size} parameters in {parameters.dtype}, "
                f"got {flat.size} in {flat.dtype}"
            )
        if not np.isfinite(flat).all():
            raise ValueError("[step] expected finite gradients, got NaN or infinity")
        core.sgd_step(flat, **self._options(core))

    def reset(self) -> None:
        """Forget the velocities of all networks, as if they had not been trained before.

        Examples
        --------
        >>> import wbcore as wb
        >>> wb.SGD(momentum=0.9).reset()
        """
        self._velocities.clear()


def _without_velocities(cls: type[SGD]) -> SGD:
    """For copies and pickles, before the other attributes are set."""
    optimizer = cls.__new__(cls)
    optimizer._velocities = WeakKeyDictionary()
    return optimizer
