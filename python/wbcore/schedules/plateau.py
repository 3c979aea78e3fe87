"""A rate that falls when the training does not get on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wbcore import _arguments, _core
from wbcore.schedules.base import Schedule

__all__ = ["Plateau"]

# Of which more is better; of all other values less.
_GAINS = ("accuracy", "auc", "f1", "precision", "r2", "recall")


@dataclass(frozen=True)
class Plateau(Schedule, row="plateau"):
    """Times a factor whenever what is watched has not become better for a while.

    A value is better when it differs from the best so far by more than `min_delta`. After
    `patience` values that are not, the rate is multiplied by `factor`, but not below `minimum`, and
    the waiting begins anew. `fit` looks at each epoch's value of its history; a loop of one's own
    says it to `optimizer.observe(net, value)`. What has been observed belongs to the optimizer's
    state of a network: `optimizer.state(net).observations`.

    Keras' `ReduceLROnPlateau` counts in the same way. That of torch reduces one value later
    (its `patience` is ours minus 1), and its threshold is relative unless told otherwise.

    Parameters
    ----------
    learning_rate : float
        Above 0.
    monitor : str, default "val_loss"
        The name of a series of the history: "loss", a metric, or "val_" and one of these.
    factor : float, default 0.1
        Above 0, at most 1.
    patience : int, default 10
        At least 1.
    min_delta : float, default 0.0001
        At least 0, in the unit of what is watched.
    minimum : float, default 0
        At most `learning_rate`.
    mode : {"auto", "min", "max"}, default "auto"
        Whether less or more is better; "auto" goes by the name: more for accuracies, precision,
        recall, f1, areas under curves (auc) and r2.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 8, 1], activation="tanh", seed=0)
    >>> rate = wb.schedules.Plateau(0.5, monitor="loss", factor=0.5, patience=3)
    >>> history = net.fit(X, X**2, loss="mse", optimizer=wb.SGD(rate), epochs=60)
    >>> history.learning_rate[0], history.learning_rate[-1] < 0.5
    (0.5, True)
    """

    learning_rate: float
    monitor: str = "val_loss"
    factor: float = 0.1
    patience: int = 10
    min_delta: float = 0.0001
    minimum: float = 0.0
    mode: Literal["auto", "min", "max"] = "auto"

    def __post_init__(self) -> None:
        monitor: object = self.monitor
        if not isinstance(monitor, str) or not monitor.isidentifier():
            raise TypeError(
                f"[Plateau] expected monitor to be the name of a series of the history, such as "
                f"'val_loss', got {_arguments.shown(self.monitor)}"
            )
        _arguments.choice("Plateau", "mode", self.mode, ["auto", "min", "max"])
        super().__post_init__()
        if self.minimum > self.learning_rate:
            raise ValueError(
                f"[Plateau] expected minimum to be at most learning_rate, "
                f"got {self.minimum:g} and {self.learning_rate:g}"
            )

    def _assign(self, name: str, value: object) -> None:
        if name != "maximize":
            super()._assign(name, value)

    @property
    def maximize(self) -> bool:
        """Whether more is better."""
        return self.mode == "max" or (self.mode == "auto" and _is_gain(self.monitor))

    def __str__(self) -> str:
        numbers = [
            0.0 if number.name == "maximize" else getattr(self, number.name)
            for number in self._row.numbers
        ]
        text = _core.choice_text("schedule", self._row.name, numbers)
        if self.maximize != _is_gain(self.monitor):
            return f"{text} of {'highest' if self.maximize else 'lowest'} {self.monitor}"
        return text if self.monitor == "val_loss" else f"{text} of {self.monitor}"


def _is_gain(name: str) -> bool:
    return any(gain in name for gain in _GAINS)
