"""The errors that are wbcore's own. Wrong arguments raise ValueError or TypeError."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wbcore.history import History

__all__ = ["DivergenceError", "ModelFileError"]


class DivergenceError(ArithmeticError):
    """Training stopped because the loss became NaN or infinite.

    The network's parameters and the optimizer's state are back at the last epoch whose loss was
    finite.

    Attributes
    ----------
    epoch : int
        The epoch of this fit in which it happened, counted from 0 whatever `first_epoch` is, so
        that it is also the number of epochs in `history`. (The message counts from 1, like a table
        of losses.)
    batch : int
        The batch of that epoch, counted from 0.
    history : History
        The epochs before.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([1, 1], seed=0)
    >>> try:
    ...     net.fit(np.full((8, 1), 1e3), np.ones(8), loss="mse", epochs=50, batch_size=4)
    ... except wb.DivergenceError as error:
    ...     print(len(error.history) == error.epoch, np.isfinite(net.parameters).all())
    True True
    """

    def __init__(self, message: str, epoch: int, batch: int, history: History) -> None:
        super().__init__(message, epoch, batch, history)
        self.epoch = epoch
        self.batch = batch
        self.history = history

    def __str__(self) -> str:
        return str(self.args[0])


class ModelFileError(ValueError):
    """A file is no model of wbcore, or is truncated, oversized, altered, or of a newer format.

    Raised by `wbcore.load` before memory for the network is allocated. A file that is missing or
    unreadable raises OSError as usual.

    Examples
    --------
    >>> import pathlib, tempfile, wbcore as wb
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "notes.txt")
    ...     _ = path.write_text("no model")
    ...     try:
    ...         wb.load(path)
    ...     except wb.ModelFileError as error:
    ...         print(str(error).partition(" with")[0])
    [load] expected a safetensors file
    """
