"""The call of ``Network.fit`` of a training: what Ctrl-C leaves of it, and what it warns of."""

import warnings
from typing import Any, NamedTuple, TypeAlias

import wbcore as wb
from wbcore.cli.interrupts import Interrupts

__all__ = ["Curves", "Fitted", "fit"]

Curves: TypeAlias = dict[str, list[float]]
"""Loss and score of training rows, and with ``val_`` of others; one value an epoch."""


class Fitted(NamedTuple):
    """What a call of ``fit`` leaves beside the network."""

    history: wb.History
    interrupted: bool
    """Whether Ctrl-C ended it before its time."""
    is_best: bool
    """Whether the network has the parameters of the best epoch, if there is one."""
    warnings: tuple[str, ...]
    error: OSError | None
    """Why a checkpoint could not be written, which ended it too."""

    @property
    def kept_epoch(self) -> int:
        """Which epoch's parameters the network has, counted from 1 among all there were."""
        best = self.history.best_epoch
        return best + 1 if best is not None and self.is_best else len(self.history)


def fit(net: wb.Network, arguments: dict[str, Any], interrupts: Interrupts | None = None) -> Fitted:
    """Train the network; Ctrl-C ends it early, and so does a checkpoint that cannot be written.

    Parameters
    ----------
    net : Network
        Changed in place.
    arguments : dict
        Of ``Network.fit``.
    interrupts : Interrupts, optional
        Told when the training is over, so that Ctrl-C does no harm to its result.

    Raises
    ------
    ValueError
        If the training is not the one that it is to go on with.
    OSError
        If a checkpoint cannot be read, or not written before the first epoch ended.
    KeyboardInterrupt
        If Ctrl-C came before the first epoch ended, so that nothing was learned.
    """
    raised, failure = False, None
    # Whatever the filters say: a warning that became an error would cost the training.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", wb.TrainingWarning)
        try:
            net.fit(**arguments)
            if interrupts is not None:
                interrupts.defer()
        except KeyboardInterrupt:
            raised = True
        except ValueError as error:
            if arguments.get("resume") is None:
                raise
            raise ValueError(_refusal(str(error))) from None
        except OSError as error:
            if net.history is None or not len(net.history):
                raise
            failure = error
    if net.history is None or not len(net.history):
        raise KeyboardInterrupt("; no epoch has ended, so there is no model")
    said = tuple(str(warning.message) for warning in caught)
    asked = interrupts is not None and interrupts.asked and net.history.status == "stopped"
    return Fitted(net.history, raised or asked, not raised and failure is None, said, failure)


def _refusal(message: str) -> str:
    """Return what the library refuses where the options were the same; its cure is none here."""
    return f"--resume: {message.removeprefix('[fit] ').partition('; with resume=False')[0]}"
