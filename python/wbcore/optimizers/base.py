"""What all optimizers have in common: checked settings, and a state for each network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, SupportsIndex
from weakref import WeakKeyDictionary

import numpy as np

from wbcore import _arguments, _copying, _core, _foreign, _named, schedules
from wbcore._docstrings import with_parameters
from wbcore.gradients import Gradients
from wbcore.optimizers import _rate
from wbcore.optimizers.options import DEFAULTS, LIMITS, check_of, plain, signature
from wbcore.optimizers.state import OptimizerState, Position, check_position
from wbcore.schedules.base import rate_of

if TYPE_CHECKING:
    import inspect

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Optimizer"]


class _HasCore(Protocol):
    _core: _core._Network


class Optimizer:
    """What all optimizers have in common: settings that are checked, a state for each network.

    Settings may be changed between steps, between fits, and in the callback of a `fit`, which goes
    on with them from its next batch; a value assigned is checked at once. In place of a number
    `learning_rate` may be a schedule of `wbcore.schedules`, its text, or any function of the step.

    Beside those of its own rule every optimizer takes, by name, what stands between a gradient and
    that rule, in this order::

        clip_value     each element of the gradient is held to -clip_value .. clip_value
        clip_norm      the gradient g of all layers that are trained, as one vector, becomes
                       g * clip_norm / |g| where its norm |g| is larger
        l1, l2         g = g + l1 * sign(w) + l2 * w            for weights
        weight_decay   g = g + weight_decay * w                 for weights; of AdamW and Lion
                       w = w - learning_rate * weight_decay * w instead

    and after it `max_norm`: the weights into a unit, a column of `layer.weights`, are shrunk where
    their norm is larger. With `decay_biases` l1, l2 and weight_decay count for biases too. Norms
    are sums in a fixed order; one that is not finite changes nothing, so that a training diverges
    where it would have without a limit.

    l1 and l2 are beside the mean loss of a batch: a smaller one counts as much as they do. With
    `penalty_of_sum` they are beside the sum of its rows' losses, as scikit-learn's alpha is: each
    step divides both by the sum of the weights of its rows, their number where they have none (and
    takes none of them where that is 0). A step of one's own takes it from `gradients.weight`.

    What l1, l2 and weight_decay, but not that of AdamW and Lion, add to the loss is a series of
    `fit`: ``metrics=["penalty"]``. The exact operations are in docs/arithmetic.md, section 7.

    `str(optimizer)` is the rule with its numbers, in the notation that `fit` takes; what every
    optimizer has, from decay_biases on, is in the `repr`, and copies and pickles keep all of it.

    An optimizer keeps one state for each network that it is used with, for as long as that network
    lives: a second `fit` goes on where the first ended, with its steps and from its epoch. `reset`
    forgets them. The two pickled together, or copied by one `copy.deepcopy`, keep them:
    `pickle.dumps((net, optimizer))`. Neither a network alone nor a model file has them, nor has
    `copy.copy(optimizer)`, which has the settings; what `state` gives can be kept beside them, and
    `set_state` sets it. (A pickle of an optimizer alone is as large as one with its networks, which
    are gone when it is loaded.)

    See Also
    --------
    SGD, Adam, AdamW, NAdam, RMSprop, Adagrad, Rprop, Lion : Those that there are.

    Examples
    --------
    >>> import wbcore as wb
    >>> isinstance(wb.SGD(), wb.Optimizer), str(wb.SGD(0.1, momentum=0.9))
    (True, 'sgd(0.1, 0.9)')
    >>> wb.Adam(0.01, l2=1e-4, clip_norm=1.0).clip_norm
    1.0
    """

    _row: ClassVar[_core.Row]
    _rule_states: ClassVar[tuple[tuple[str, tuple[str | None, str | None]], ...]]
    _checks: ClassVar[dict[str, Callable[[object], object]]]
    _defaults: ClassVar[dict[str, object]]
    _others: ClassVar[Callable[[Optimizer], tuple[object, ...]]]  # all settings but the rate
    _of_row: ClassVar[dict[str, type[Optimizer]]] = {}

    __signature__: ClassVar[inspect.Signature | None] = None

    __slots__ = (
        "__weakref__",
        "_latest",
        "_states",
        "clip_norm",
        "clip_value",
        "decay_biases",
        "l1",
        "l2",
        "learning_rate",
        "max_norm",
        "penalty_of_sum",
        "weight_decay",
    )

    learning_rate: Any  # a number, a schedule, or a function of the step
    weight_decay: float
    decay_biases: bool
    l1: float
    l2: float
    penalty_of_sum: bool
    clip_norm: float | None
    clip_value: float | None
    max_norm: float | None

    def __init_subclass__(cls, *, row: str | None = None) -> None:
        super().__init_subclass__()
        if row is None:  # a base of several, or a subclass of the user's
            cls.__signature__ = None
            return
        cls._of_row[row] = cls
        cls._row = _named.rows("optimizer")[row]
        cls._rule_states = tuple(cls._row.properties["states"].items())
        cls._checks = {number.name: check_of(cls.__name__, number) for number in cls._row.numbers}
        rate = cls._row.numbers[0]
        cls._checks[rate.name] = lambda value: schedules.check(cls.__name__, rate.name, value, rate)
        cls._checks["decay_biases"] = lambda value: _arguments.flag(
            cls.__name__, "decay_biases", value
        )
        cls._checks |= {name: check_of(cls.__name__, number) for name, number in LIMITS.items()}
        cls._others = attrgetter(*(name for name in cls._checks if name != rate.name))
        cls._defaults = {
            number.name: plain(number, number.standard) for number in cls._row.numbers
        } | DEFAULTS
        cls.__signature__ = signature(cls, cls._defaults)
        with_parameters(cls)

    def __init__(self, **settings: object) -> None:
        # A network's core is the key: networks compare by value and so cannot be keys themselves.
        self._states: WeakKeyDictionary[_core._Network, OptimizerState] = WeakKeyDictionary()
        self._latest: tuple[object, tuple[object, ...], _core.OptimizerSettings] | None = None
        if unknown := settings.keys() - self._defaults.keys():
            raise TypeError(
                f"[{type(self).__name__}] expected settings among {', '.join(self._defaults)}, "
                f"got {', '.join(sorted(unknown))}{_foreign.cure(min(unknown), self._defaults)}"
            )
        for name, value in (self._defaults | settings).items():
            setattr(self, name, value)
        self._check()

    def __setattr__(self, name: str, value: object) -> None:
        check = self._checks.get(name)
        super().__setattr__(name, check(value) if check else value)

    def _check(self) -> None:
        """Refuse settings that do not go together."""

    @property
    def _numbers(self) -> list[float]:
        rate, *others = self._row.numbers
        first = _rate.base(self.learning_rate, rate)
        return [first, *(float(getattr(self, number.name)) for number in others)]

    def _settings(self, rate: float | None = None) -> _core.OptimizerSettings:
        """All of them, as the core takes them: a limit of 0 is none.

        With the rate of a step where a function says it. Made anew only when some setting is
        another one, since steps of one's own are as short as that takes. (The rate by identity: two
        functions need not be comparable.)
        """
        learning_rate, others, latest = self.learning_rate, type(self)._others(self), self._latest
        if rate is None and latest and latest[0] is learning_rate and latest[1] == others:
            return latest[2]
        made = _core.OptimizerSettings(
            rule=self._row.name,
            numbers=self._numbers,
            decay_biases=self.decay_biases,
            l1=self.l1,
            l2=self.l2,
            penalty_of_sum=self.penalty_of_sum,
            clip_norm=self.clip_norm or 0.0,
            clip_value=self.clip_value or 0.0,
            max_norm=self.max_norm or 0.0,
            schedule=_rate.schedule_of(self.learning_rate),
            rate=rate,
        )
        if rate is None:
            self._latest = learning_rate, others, made
        return made

    def _next_settings(self, operation: str, state: OptimizerState) -> _core.OptimizerSettings:
        """Those of the next step, whose rate a function may say."""
        function = _rate.function_of(self.learning_rate)
        rate = rate_of(function, operation, state.steps + 1) if function else None
        return self._settings(rate)

    def _equals(self, other: Optimizer) -> bool:
        """Whether it is of the same class, with the same settings."""
        return type(self) is type(other) and all(
            getattr(self, name) == getattr(other, name) for name in self._checks
        )

    def __repr__(self) -> str:
        shown = [
            name
            for name in self._checks
            if name not in LIMITS or getattr(self, name) != self._defaults[name]
        ]
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__name__}({settings})"

    def __str__(self) -> str:
        return _rate.placed(self._row.name, self._numbers, self.learning_rate)

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __copy__(self) -> Optimizer:
        copy: Optimizer = _copying.restored(*self._reduced([]))
        return copy

    def __reduce_ex__(self, _: SupportsIndex) -> tuple[Any, ...]:
        # Pickles and deep copies find a network's core again when they meet it twice.
        return self._reduced(
            [(core, state._snapshot(core)) for core, state in list(self._states.items())]
        )

    def _reduced(self, states: list[tuple[_core._Network, OptimizerState]]) -> tuple[Any, ...]:
        last = [last_of(core) is self for core, _ in states]
        arguments = type(self), states, last
        return _copying.reduced(self, _with_states, arguments, frozenset({"_states", "_latest"}))

    def _needed_states(self) -> dict[str, str | None]:
        """The states that these settings need, and the number that each is at first."""
        return {
            name: starts_as
            for name, (needed_by, starts_as) in self._rule_states
            if needed_by is None or getattr(self, needed_by)
        }

    def _start(self, number: str | None) -> float:
        if number == self._row.numbers[0].name:
            return _rate.at(self.learning_rate, 1, 0)
        return float(getattr(self, number)) if number else 0.0

    def _state(self, core: _core._Network) -> OptimizerState:
        self._check()
        needed = self._needed_states()
        state = self._states.get(core)
        if state is None or not state._has(needed):
            state = self._made_state(core, state, needed)
        state._use(needed)
        return state

    def _made_state(
        self, core: _core._Network, state: OptimizerState | None, needed: dict[str, str | None]
    ) -> OptimizerState:
        """A new one, or that which is there with the arrays that it lacks."""
        _core.check_optimizer(core, self._settings())
        kept = {} if state is None else state.arrays
        fresh = {
            name: kept[name] if name in kept else _filled(core, self._start(number))
            for name, number in needed.items()
        }
        steps, position = (0, Position()) if state is None else (state.steps, state.position)
        observations = None if state is None else state.observations
        made = OptimizerState(kept | fresh, steps, position, observations)
        if state is None:  # of two threads that come here together both get the one that stays
            return self._states.setdefault(core, made)
        self._states[core] = made
        return made

    def state(self, network: _HasCore) -> OptimizerState:
        """What the optimizer remembers of a network: its steps, and arrays like the parameters.

        Parameters
        ----------
        network : Network

        Returns
        -------
        OptimizerState
            Live: steps and arrays may be written between steps and between fits; a fit sets them
            as its epochs end. For a network that the optimizer has not been used with, as they are
            before the first step: zeros, but for the sums of Adagrad and the sizes of Rprop.

        Raises
        ------
        TypeError
            When network is something else.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network.mlp([2, 3, 1], seed=0)
        >>> wb.Adam().state(net)
        <OptimizerState after 0 steps: m, v>
        """
        return self._state(_core_of("state", network))

    def set_state(
        self,
        network: _HasCore,
        steps: int,
        arrays: Mapping[str, ArrayLike] | None = None,
        *,
        position: Position | int = 0,
        observations: Mapping[str, float | None] | None = None,
    ) -> None:
        """Set what the optimizer remembers of a network, for example from a file of one's own.

        Parameters
        ----------
        network : Network
        steps : int
            At least 0.
        arrays : mapping of str to array-like of shape (n_parameters,)
            One for each name that these settings need, as `state(network).arrays` of a fresh
            optimizer has them; finite.
        position : Position or int, default 0
            Where the next fit goes on, or the epoch alone.
        observations : mapping of str to float, optional
            Of a `Plateau`, as `state(network).observations` has them. Default: none so far.

        Raises
        ------
        TypeError, ValueError
            When an argument is of the wrong kind, name, shape or range. Nothing has been changed
            then.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network.mlp([2, 3, 1], seed=0)
        >>> optimizer, other = wb.Adam(), wb.Adam()
        >>> state = optimizer.state(net)
        >>> other.set_state(net, state.steps, state.arrays, position=state.position)
        """
        core = _core_of("set_state", network)
        steps = _arguments.integer("set_state", "steps", steps, low=0, high=2**63 - 1)
        names = self._needed_states()
        given = {} if arrays is None else arrays
        if not isinstance(given, Mapping):
            raise TypeError(
                f"[set_state] expected arrays to be a mapping of names to arrays, "
                f"got {_arguments.shown(given)}"
            )
        if set(given) != set(names):
            if not names:
                raise ValueError(
                    f"[set_state] expected no arrays, since {self} needs none, "
                    f"got {', '.join(map(str, given))}"
                )
            raise ValueError(
                f"[set_state] expected arrays named {', '.join(names)}, "
                f"got {', '.join(map(str, given)) or 'none'}"
            )
        where = check_position(
            "set_state", position if isinstance(position, tuple) else Position(position)
        )
        parameters = core.parameters
        made = {}
        for name in names:
            values = _arguments.floats("set_state", name, given[name])
            if values.shape != parameters.shape:
                raise ValueError(
                    f"[set_state] expected {name} of shape {parameters.shape}, "
                    f"got shape {values.shape}"
                )
            rounded = _arguments.rounded("set_state", name, values, parameters.dtype)
            made[name] = rounded.copy()
        self._states[core] = OptimizerState(made, steps, where, observations)

    def step(self, network: _HasCore, gradients: Gradients) -> None:
        """Apply one update to all trainable parameters of the network.

        Parameters
        ----------
        network : Network
        gradients : Gradients
            From `network.backward` or `network.loss_and_gradients`; finite. With `penalty_of_sum`
            they must say what their rows count, `gradients.weight`, as those do.

        Raises
        ------
        TypeError
            When an argument is something else.
        ValueError
            When the gradients are of a network of another shape or dtype, or not finite, or a
            setting is out of range in the network's dtype, or `penalty_of_sum` is set and the
            gradients have no weight. Nothing has been changed then.
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
        core = _core_of("step", network)
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
        weight = _weight_of(gradients) if self.penalty_of_sum else 1.0
        state = self._state(core)
        _core.step(core, flat, state._core, self._next_settings("step", state), weight)

    def observe(self, network: _HasCore, value: float) -> float:
        """Tell a `Plateau` what it watches; for loops of one's own, `fit` does it after each epoch.

        Parameters
        ----------
        network : Network
        value : float
            Such as a loss on validation data. NaN is never better than another one.

        Returns
        -------
        float
            The learning rate of the next step.

        Raises
        ------
        TypeError, ValueError
            When an argument is of the wrong kind, or learning_rate is no `Plateau`.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network.mlp([2, 3, 1], seed=0)
        >>> optimizer = wb.SGD(wb.schedules.Plateau(0.5, factor=0.5, patience=2))
        >>> [optimizer.observe(net, loss) for loss in (3.0, 2.0, 2.0, 2.5)]
        [0.5, 0.5, 0.5, 0.25]
        """
        core = _core_of("observe", network)
        value = _arguments.number(
            "observe", "value", value, expected="a number", allowed=lambda _: True
        )
        if _rate.watching(self.learning_rate) is None:
            raise ValueError(
                f"[observe] expected learning_rate to be a Plateau, "
                f"got {_arguments.shown(self.learning_rate)}"
            )
        schedule, state = _rate.schedule_of(self.learning_rate), self._state(core)
        assert schedule is not None, "a plateau is computed by the core"
        state._core.observations = schedule.observed(state._core.observations, value)
        return self._rate_after(state.steps, state)

    def _rate_after(self, steps: int, state: OptimizerState) -> float:
        return _rate.at(self.learning_rate, steps + 1, state._core.observations.reductions)

    def reset(self) -> None:
        """Forget the states of all networks, as if they had not been trained before.

        Examples
        --------
        >>> import wbcore as wb
        >>> wb.SGD(momentum=0.9).reset()
        """
        self._states.clear()


def last_of(core: _core._Network) -> Optimizer | None:
    """The optimizer that a network was last trained with.

    The core has it rather than the network, so that an optimizer that is unpickled with it can set
    it again.
    """
    found: Optimizer | None = getattr(core, "optimizer", None)
    return found


def _weight_of(gradients: Gradients) -> float:
    """What their rows count together."""
    if gradients.weight is None:
        raise ValueError(
            "[step] expected gradients that say what their rows count, which penalty_of_sum divides"
            " by, got None as their weight; set gradients.weight to the number of rows"
        )
    return _arguments.number(
        "step",
        "the gradients' weight",
        gradients.weight,
        expected="a finite number of at least 0",
        allowed=lambda weight: 0 <= weight < float("inf"),
    )


def _filled(core: _core._Network, value: float) -> NDArray[Any]:
    array = np.zeros_like(core.parameters)
    array.fill(value)
    return array


def _core_of(operation: str, network: object) -> _core._Network:
    core = getattr(network, "_core", None)
    if not isinstance(core, (_core.Network32, _core.Network64)):
        raise TypeError(f"[{operation}] expected a Network, got {_arguments.shown(network)}")
    return core


def _with_states(
    cls: type[Optimizer],
    states: list[tuple[_core._Network, OptimizerState]],
    last: list[bool],
) -> Optimizer:
    """For copies and pickles, before the other attributes are set."""
    optimizer = cls.__new__(cls)
    optimizer._states = WeakKeyDictionary(states)
    optimizer._latest = None
    for (core, _), was_last in zip(states, last, strict=True):
        if was_last:
            core.optimizer = optimizer
    return optimizer
