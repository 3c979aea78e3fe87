"""One training at two paces: most epochs at the learning rate, the last ones at a tenth of it."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import wbcore as wb
from wbcore.cli.interrupts import Interrupts
from wbcore.cli.settings import TrainSettings

__all__ = ["Curves", "OnEpoch", "Phase", "fast_epochs", "fit", "phases_of"]

Curves: TypeAlias = dict[str, list[float]]
"""Loss and score of training rows, and with ``val_`` of held-out rows; one value an epoch."""

OnEpoch: TypeAlias = Callable[[int, Curves], None]

# A constant learning rate leaves the weights trembling around the minimum: on Fashion-MNIST ten
# epochs then end anywhere from 87.3 to 88.5 % test accuracy, and from 89.1 to 89.5 % when the last
# three are slow.
_SLOW_SHARE, _SLOW_FACTOR = 0.3, 0.1


class Phase(NamedTuple):
    """Epochs at one learning rate."""

    first_epoch: int
    """How many epochs of the training came before."""
    epochs: int
    learning_rate: float


def phases_of(settings: TrainSettings) -> list[Phase]:
    """Return the calls of ``Network.fit`` that a training is made of, none without epochs."""
    fast = fast_epochs(settings)
    slow_rate = settings.learning_rate * _SLOW_FACTOR
    phases = [
        Phase(0, fast, settings.learning_rate),
        Phase(fast, settings.epochs - fast, slow_rate),
    ]
    return [phase for phase in phases if phase.epochs]


def fast_epochs(settings: TrainSettings) -> int:
    """Return after how many epochs the learning rate falls."""
    return settings.epochs - int(settings.epochs * _SLOW_SHARE)


def fit(
    net: wb.Network,
    arguments: dict[str, Any],
    settings: TrainSettings,
    on_epoch: OnEpoch | None = None,
    interrupts: Interrupts | None = None,
) -> tuple[Curves, bool]:
    """Train the network; return the curves, and whether Ctrl-C ended it before its time.

    Parameters
    ----------
    net : Network
        Changed in place.
    arguments : dict
        Arguments of ``Network.fit`` that say what to learn: data, loss, validation data, metrics.
    settings : TrainSettings
        Epochs, batch size, seed, and what the optimizer needs.
    on_epoch : callable, optional
        ``on_epoch(epoch, curves)`` after each epoch, counted from 0; the curves end with it.
    interrupts : Interrupts, optional
        Told when the training is over, so that Ctrl-C does no harm to its result.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C came before the first epoch ended, so that nothing was learned.
    """
    optimizer = wb.SGD(
        settings.learning_rate, momentum=settings.momentum, weight_decay=settings.weight_decay
    )
    histories = _Histories(net, on_epoch)
    interrupted = False
    try:
        for phase in phases_of(settings):
            optimizer.learning_rate = phase.learning_rate
            net.fit(
                **arguments,
                optimizer=optimizer,
                epochs=phase.epochs,
                first_epoch=phase.first_epoch,
                batch_size=settings.batch_size,
                seed=settings.seed,
                callback=histories.callback(phase),
            )
        if interrupts is not None:
            interrupts.defer()
    except KeyboardInterrupt:
        interrupted = True
    curves = histories.curves()
    if not curves["loss"]:
        raise KeyboardInterrupt("; no epoch has ended, so there is no model")
    return curves, interrupted


class _Histories:
    """The histories of calls of ``net.fit`` one after another, wherever Ctrl-C comes in between."""

    def __init__(self, net: wb.Network, on_epoch: OnEpoch | None) -> None:
        self._net = net
        self._on_epoch = on_epoch
        self._histories: dict[Phase, wb.History] = {}

    def callback(self, phase: Phase) -> Callable[[int, wb.History], None]:
        """Return what ``Network.fit`` calls in this phase."""

        def on_epoch(epoch: int, history: wb.History) -> None:
            self._histories[phase] = history  # grows with the epochs that follow
            if self._on_epoch is not None:
                self._on_epoch(epoch, history.to_dict())

        return on_epoch

    def curves(self) -> Curves:
        """Return the curves of all epochs that ended."""
        found = list(self._histories.values())
        last = self._net.history  # which no callback has seen if Ctrl-C came before it
        if last is not None and all(last is not history for history in found):
            found.append(last)
        curves: Curves = {"loss": []}
        for history in found:
            for name, values in history.to_dict().items():
                curves[name] = curves.get(name, []) + values
        return curves
