"""What an optimizer remembers of a network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from wbcore import _arguments, _core

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OptimizerState", "Position"]

_LARGEST = 2**63 - 1


class Position(NamedTuple):
    """Where the next fit of a network goes on: `optimizer.state(net).position`.

    Between two epochs all but `epoch` is as it is by default. When a fit was stopped in the middle
    of an epoch, the next one takes the rest of it, if it has the same rows, batches, shuffle, seed,
    loss and metrics, and weights or none, which `epoch_of` names; any other begins that epoch anew.

    Parameters
    ----------
    epoch : int, default 0
        The next one, counted from 0; so many have been done.
    batch : int, default 0
        The next one of that epoch.
    loss_sum : float, default 0
        Of the row losses of that epoch's batches so far.
    weight_sum : float, default 0
        Of the rows of these batches: their number where they have no weights.
    metric_sums : tuple of float, default ()
        Likewise, as the core has them.
    epoch_of : str, default ""
        Rows and settings that these sums are of.

    Examples
    --------
    >>> import wbcore as wb
    >>> net, optimizer = wb.Network.mlp([2, 3, 1], seed=0), wb.Adam()
    >>> _ = net.fit([[1, 2], [3, 4]], [5, 6], loss="mse", optimizer=optimizer, epochs=3)
    >>> optimizer.state(net).position.epoch
    3
    """

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    weight_sum: float = 0.0
    metric_sums: tuple[float, ...] = ()
    epoch_of: str = ""


_BEGINNING = Position()


class OptimizerState:
    """What an optimizer remembers of one network: `optimizer.state(net)`.

    With the parameters it is all that a training needs to go on.

    Attributes
    ----------
    steps : int
        How many steps the optimizer has done with the network; may be assigned.
    epoch, batch : int
        Where the next fit goes on: how many epochs have been done, and how many batches of the
        next one. An epoch may be assigned; the fit then begins with its first batch.
    position : Position
        The same, and in the middle of an epoch the sums of its batches so far; may be assigned.
    arrays : dict of str to ndarray of shape (n_parameters,)
        By name ("velocity" of SGD with momentum; "m" and "v" of Adam), laid out like
        `net.parameters` and of its dtype. They are the arrays themselves: writing into one changes
        what the next step does.
    observations : dict of str to float
        What a `Plateau` remembers: "best" (None before the first), "waited", "reductions"; may be
        assigned.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(1, 1, initializer="ones")])
    >>> optimizer = wb.Adam()
    >>> _, grads = net.loss_and_gradients([[2.0]], [1.0], loss="mse")
    >>> optimizer.step(net, grads)
    >>> state = optimizer.state(net)
    >>> state.steps, state.epoch, sorted(state.arrays)
    (1, 0, ['m', 'v'])
    """

    __slots__ = ("_arrays", "_core", "_used")

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __init__(
        self,
        arrays: dict[str, NDArray[Any]],
        steps: int,
        position: Position = _BEGINNING,
        observations: Mapping[str, float | None] | None = None,
    ) -> None:
        self._core = _core.OptimizerState(list(arrays.values()), steps, position)
        if observations is not None:
            self.observations = observations
        self._arrays = arrays
        self._used = tuple(arrays)

    def _has(self, names: Mapping[str, object]) -> bool:
        return names.keys() <= self._arrays.keys()

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
        self._core.steps = _arguments.integer("state", "steps", value, low=0, high=_LARGEST)

    @property
    def epoch(self) -> int:
        """How many epochs there have been."""
        return self._core.position[0]

    @epoch.setter
    def epoch(self, value: int) -> None:
        self.position = Position(value)

    @property
    def batch(self) -> int:
        """How many batches of the next epoch there have been."""
        return self._core.position[1]

    @property
    def position(self) -> Position:
        """Where the next fit goes on."""
        return _as_position(self._core.position)

    @position.setter
    def position(self, value: Position) -> None:
        self._core.position = check_position("state", value)

    @property
    def observations(self) -> dict[str, float | None]:
        """What a `Plateau` has observed and done: best, waited, reductions."""
        memory = self._core.observations
        best = None if math.isnan(memory.best) else memory.best
        return {"best": best, "waited": memory.waited, "reductions": memory.reductions}

    @observations.setter
    def observations(self, values: Mapping[str, float | None]) -> None:
        names = ("best", "waited", "reductions")
        given: object = values
        if not isinstance(given, Mapping) or set(given) != set(names):
            raise TypeError(
                f"[state] expected observations to be a mapping of {', '.join(names)}, "
                f"got {_arguments.shown(values)}"
            )
        best = math.nan if values["best"] is None else values["best"]
        self._core.observations = _core.Observations(
            _arguments.number("state", "best", best, expected="a number", allowed=lambda _: True),
            *(
                _arguments.integer("state", name, values[name], low=0, high=2**53)
                for name in names[1:]
            ),
        )

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by name."""
        return dict(self._arrays)

    def _snapshot(self, network: _core._Network) -> OptimizerState:
        """A copy, of one moment between the steps of whoever trains the network."""
        used = self._used
        found = _core.snapshot_state(network, self._core)
        copies = dict(zip(used, found.arrays, strict=True))
        arrays = {
            name: copies[name] if name in copies else array.copy()
            for name, array in self._arrays.items()
        }
        copy = OptimizerState(arrays, found.steps, _as_position(found.position))
        copy._core.observations = found.observations
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        return OptimizerState, (self._arrays, self.steps, self.position, self.observations)

    def __repr__(self) -> str:
        names = ", ".join(self._arrays) or "no arrays"
        return f"<OptimizerState after {self.steps} steps: {names}>"


def _as_position(found: tuple[int, int, float, float, Sequence[float], str]) -> Position:
    """As the core has it."""
    epoch, batch, loss_sum, weight_sum, metric_sums, epoch_of = found
    return Position(epoch, batch, loss_sum, weight_sum, tuple(metric_sums), epoch_of)


def check_position(operation: str, value: object) -> Position:
    """A position whose numbers are what the core may take, or an error."""
    if not isinstance(value, tuple) or len(value) != len(Position._fields):
        raise TypeError(
            f"[{operation}] expected position to be a Position, got {_arguments.shown(value)}"
        )
    epoch, batch, loss_sum, weight_sum, metric_sums, epoch_of = value
    if not isinstance(metric_sums, (tuple, list)) or not isinstance(epoch_of, str):
        raise TypeError(
            f"[{operation}] expected position to have numbers as metric_sums and a text as "
            f"epoch_of, got {_arguments.shown(value)}"
        )
    return Position(
        _arguments.integer(operation, "epoch", epoch, low=0, high=_LARGEST),
        _arguments.integer(operation, "batch", batch, low=0, high=_LARGEST),
        _arguments.number(operation, "loss_sum", loss_sum),
        _arguments.number(operation, "weight_sum", weight_sum),
        tuple(_arguments.number(operation, "metric_sums", number) for number in metric_sums),
        epoch_of,
    )
