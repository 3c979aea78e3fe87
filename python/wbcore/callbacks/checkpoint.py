"""Keeps networks as files while a training goes on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from string import Formatter
from typing import TYPE_CHECKING, Any

from wbcore import _arguments
from wbcore.callbacks.base import Callback, require_names
from wbcore.callbacks.monitor import STATE as _MONITOR
from wbcore.callbacks.monitor import Monitor

if TYPE_CHECKING:
    from wbcore.callbacks.run import Run

__all__ = ["Checkpoint"]


class Checkpoint(Callback):
    """Saves the network after an epoch, as `Network.save` does: whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Of the file. Fields in braces are filled in: the epoch as the history's table counts it,
        from 1, and the history's last values: "net-{epoch:03d}-{val_loss:.4f}.safetensors". Without
        a field each file takes the place of the one before.
    monitor : str, optional
        A series of the history, for `best_only`.
    best_only : bool, default False
        Whether only an epoch is saved that is better than all before it in this fit.
    mode : {"auto", "min", "max"}
        As for `EarlyStopping`.
    every : int, default 1
        Save after every so many epochs.

    Attributes
    ----------
    last_path : str or None
        Of the file that was written last.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range, or in `fit` when it has no such
        series.
    OSError
        In `fit`, when a file cannot be written: the training ends.

    Examples
    --------
    >>> import os, tempfile, wbcore as wb
    >>> net = wb.Network.mlp([2, 3, 1], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "net-{epoch}.safetensors")
    ...     callbacks = [wb.callbacks.Checkpoint(path, every=2)]
    ...     _ = net.fit([[1, 2], [3, 4]], [5, 6], loss="mse", epochs=4, callbacks=callbacks)
    ...     sorted(os.listdir(folder))
    ['net-2.safetensors', 'net-4.safetensors']
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        monitor: str | None = None,
        *,
        best_only: bool = False,
        mode: str = "auto",
        every: int = 1,
    ) -> None:
        name = type(self).__name__
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"[{name}] expected path to be a str or path-like, got {_arguments.shown(path)}"
            )
        self.path = os.fsdecode(path)
        self.best_only = _arguments.flag(name, "best_only", best_only)
        self.every = _arguments.integer(name, "every", every)
        if self.best_only and monitor is None:
            raise ValueError(f"[{name}] expected a monitor with best_only, got None")
        self.monitor = None if monitor is None else Monitor(name, monitor, mode)
        self.last_path: str | None = None
        self._check_path(("epoch",), only_syntax=True)

    def before_fit(self, run: Run) -> None:
        """Begin anew; refuse fields that the fit does not have."""
        if self.monitor is not None:
            self.monitor.begin(run)
        self._check_path(("epoch", *run.series), only_syntax=False)

    def after_epoch(self, run: Run) -> None:
        """Save, if it is this epoch's turn."""
        is_best = self.monitor is None or self.monitor.improves(run)
        due = (run.epoch - run.first_epoch + 1) % self.every == 0
        if not due or (self.best_only and not is_best):
            return
        values = {name: getattr(run.history, name)[-1] for name in run.series}
        path = self.path.format_map(values | {"epoch": run.epoch + 1})
        run.network.save(path)
        self.last_path = path
        if self.best_only:
            run.history.best_epoch = run.epoch

    def _deciding_settings(self) -> dict[str, Any]:
        watched = {} if self.monitor is None else self.monitor.settings()
        return watched | {"best_only": self.best_only, "every": self.every}

    def state(self) -> dict[str, Any]:
        """The best value and epoch, if it watches one."""
        return {} if self.monitor is None else self.monitor.state()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on as the one that `state` was taken from."""
        require_names(self, state, () if self.monitor is None else _MONITOR)
        if self.monitor is not None:
            self.monitor.set_state(state)

    def _check_path(self, known: tuple[str, ...], *, only_syntax: bool) -> None:
        try:
            fields = [field for _, field, _, _ in Formatter().parse(self.path) if field is not None]
        except ValueError as error:
            raise ValueError(
                f"[Checkpoint] expected path to have fields such as {{epoch}}, "
                f"got {self.path!r}: {error}"
            ) from None
        unknown = [field for field in fields if field not in known]
        if unknown and not only_syntax:
            raise ValueError(
                f"[Checkpoint] expected fields of path to be among {', '.join(known)}, "
                f"got {', '.join(map(repr, unknown))}"
            )
