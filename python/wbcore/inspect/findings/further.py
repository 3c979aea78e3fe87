"""Why less was learned than there is: what copies learn in further steps, and what it takes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from wbcore.inspect.findings.yardstick import new_like, run_steps, standardized
from wbcore.optimizers.adam import Adam, AdamW, Lion
from wbcore.schedules import Cosine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.inspect.findings.state import State
    from wbcore.inspect.findings.task import Score
    from wbcore.network import Network

__all__ = ["Further"]

_STEPS, _RATES = 600, (0.01, 0.001)  # of many inputs the larger one kills units
_MOST_PARAMETERS = 300_000  # of a network that is tried more than once: a second each
# Half of what is a finding: less skill, or more errors of classes, than is possible.
_SHORT, _TIMES, _FEW = 0.05, 1.5, 0.01
_RAN_OUT = 0.01  # of the highest rate
_PENALTIES = ("weight_decay", "l2", "l1")


class Further:
    """Trials with copies of a network, each made when it is first asked for.

    Parameters
    ----------
    state : State
    possible : Score or None
        What is to be reached; None for a loss below that of the best constant.
    """

    def __init__(self, state: State, possible: Score | None) -> None:
        self.state, self.possible = state, possible
        optimizer = state.net.optimizer
        known = {name: getattr(optimizer, name, 0.0) for name in _PENALTIES}
        self._penalties = {name: value for name, value in known.items() if value}

    @property
    def held_by(self) -> str:
        """The settings of the fit that hold a network back, as far as anybody knows."""
        said = [f"{name} (it was {value:g})" for name, value in self._penalties.items()]
        dropout = max(layer.dropout for layer in self.state.net)
        return " and ".join([*said, *([f"dropout (it was {dropout:g})"] if dropout else [])])

    @cached_property
    def free(self) -> Network | None:
        """A copy after further steps, without penalties and dropout."""
        net = self._copied()
        for layer in net:
            layer.dropout = 0.0
        return self._trained(net)

    @property
    def _is_frozen(self) -> bool:
        return not any(layer.trainable for layer in self.state.net)

    def _copied(self) -> Network:
        """A copy that can be trained."""
        net = self.state.net.copy()
        for layer in net:
            layer.trainable |= self._is_frozen
        return net

    @cached_property
    def is_large_enough(self) -> bool:
        """Whether that gets there."""
        return self._gets_there(self.free)

    @property
    def _is_small(self) -> bool:
        return self.state.net.n_parameters <= _MOST_PARAMETERS

    @cached_property
    def _new(self) -> Network | None:
        """A new network after such steps, with the inputs as they are."""
        return self._trained(new_like(self.state.net)) if self._is_small else None

    @cached_property
    def is_held_back(self) -> bool:
        """Whether one that gets there does not with the penalties and the dropout of the fit."""
        if not self.held_by or not self._is_small:
            return False
        free = self.free if self.is_large_enough else self._new
        if free is None or not self._gets_there(free):
            return False
        net = self._copied()
        if not self.is_large_enough:  # what penalties made of a network may last
            net = new_like(net)
            for layer, of in zip(net, self.state.net, strict=True):
                layer.dropout = of.dropout
        optimizer = self.state.net.optimizer
        kind = AdamW if isinstance(optimizer, (AdamW, Lion)) else Adam
        settings: dict[str, Any] = {"weight_decay": 0.0, **self._penalties}
        settings["penalty_of_sum"] = getattr(optimizer, "penalty_of_sum", False)
        held = self._trained(net, kind=kind, **settings)
        if held is None or self.possible is None:
            return not self._gets_there(held)
        less = self._score(free, self.state.x).skill - self._score(held, self.state.x).skill
        return less > _SHORT and not self._gets_there(held)

    def cure(self) -> str:
        """What to try when nothing else was found."""
        who = "copy that is trained on" if self.is_large_enough else "new network that is trained"
        there = f"a {who} by Adam for {_STEPS} steps gets there"
        if self.is_held_back:
            return f"less {self.held_by}: {there} without, and does not with it"
        if self.is_large_enough:
            return f"{self._longer()}: {there}, so the network is large enough"
        if self._gets_there(self._new):
            return f"begin again from the default initial weights: {there}, this one does not"
        return self._other_network()

    def _other_network(self) -> str:
        state, last = self.state, self.state.net[-1]
        scaled = standardized(state.x)
        may_help = self._is_small and state.has_unscaled_inputs
        if may_help and self._gets_there(self._trained(new_like(state.net), scaled), scaled):
            return (
                "scaled inputs, wb.Standardized(X): a new network of this size gets there with "
                f"them in {_STEPS} steps of Adam, and does not with these"
            )
        if state.loss_of_prior is None and last.biases is not None:
            return (
                f"another activation of the last layer ({last.activation}), which no bias brings "
                "to the mean of the targets"
            )
        return (
            f"more units, or a hidden layer more: {_STEPS} further steps of Adam do not get there"
        )

    def _longer(self) -> str:
        if self._is_frozen:
            return "layers that are trainable, of which there is none"
        history = self.state.history
        rates = [] if history is None else list(history.learning_rate)
        if rates and rates[-1] < _RAN_OUT * max(rates):
            return (
                f"a schedule that lasts, or ends at a higher rate (that of the last epoch was "
                f"{rates[-1]:.2g}, the highest {max(rates):.2g}), for as many epochs or more"
            )
        return "more epochs, or another learning rate"

    def skill(self, net: Network | None) -> float | None:
        """Of a network, on the sample."""
        assert self.state.task is not None
        return None if net is None else self._score(net, self.state.x).skill

    def _score(self, net: Network, x: NDArray[Any]) -> Score:
        assert self.state.task is not None
        return self.state.task.score(net.predict(x), self.state.y, self.state.y)

    def _gets_there(self, net: Network | None, x: NDArray[Any] | None = None) -> bool:
        """Whether it learned nearly what is possible; of other inputs than the sample's, if any."""
        state, of = self.state, self.possible
        if net is None:
            return False
        inputs = state.x if x is None else x
        if of is None:
            prior = state.loss_of_prior
            loss = net.evaluate(inputs, state.y, loss=state.loss)["loss"]
            return prior is not None and loss < prior
        reached = self._score(net, inputs)
        assert state.task is not None
        if state.task.kind != "numbers" and reached.mean > max(_TIMES * of.mean, of.mean + _FEW):
            return False
        return of.skill - reached.skill <= _SHORT

    def _trained(
        self,
        net: Network,
        x: NDArray[Any] | None = None,
        *,
        kind: Any = Adam,  # noqa: ANN401, a class of optimizers
        **settings: Any,  # noqa: ANN401, its own
    ) -> Network | None:
        """One after the steps, at the first rate that gets it there; None if none was finite."""
        state, found = self.state, None
        inputs = state.x if x is None else x
        for rate in _RATES if self._is_small else _RATES[1:]:
            one, optimizer = net.copy(), kind(Cosine(rate, steps=_STEPS), **settings)
            given = (inputs, state.y, state.loss, optimizer)
            if run_steps(one, *given, steps=_STEPS, batch_size=32) is None:
                continue
            if self._gets_there(one, inputs):
                return one
            found = one if found is None else found
        return found
