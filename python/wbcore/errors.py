"""The errors and warnings that are wbcore's own. Wrong arguments raise ValueError or TypeError."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wbcore.history import History
    from wbcore.training.nonfinite import NonFinite

__all__ = ["DivergenceError", "ModelFileError", "ReplayError", "TrainingWarning"]


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
    first : NonFinite or None
        Of a fit with `track` on arrays: the first value that was not finite, by step, phase, layer,
        unit and row, which the message names, too; `wbcore.inspect.find_divergence` says more. For
        that the epoch is done again.

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
        self.first: NonFinite | None = None

    def __str__(self) -> str:
        text = str(self.args[0])
        if self.first is None:
            return text
        return f"{text}. The first non-finite value: {self.first._told(', {:g}, ')}"


class ModelFileError(ValueError):
    """A file is no model of wbcore, or is truncated, oversized, altered, or of a newer format.

    Raised by `wbcore.load` before memory for the network is allocated, and by `fit(resume=...)` of
    checkpoints before anything is changed. A file that is missing or unreadable raises OSError as
    usual.

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


class ReplayError(ValueError):
    """A training that is made again does not give the parameters that its history tells of.

    So it had other data, a callback or somebody else wrote into the network, or it was made by a
    version or a processor that computes otherwise.

    Attributes
    ----------
    step : int
        Of the first record that differs, counted from 0, the state before the training.
    recorded, replayed : str
        The digests of the parameters there.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> class Meddler:
    ...     def after_epoch(self, run):
    ...         run.network.parameters[0] += 1
    >>> X, y = np.ones((40, 2)), np.ones(40)
    >>> net = wb.Network.mlp([2, 1], seed=0)
    >>> history = net.fit(X, y, loss="mse", epochs=2, track="epoch", callbacks=[Meddler()])
    >>> try:
    ...     history.replay(X, y)
    ... except wb.ReplayError as error:
    ...     print(error.step)
    4
    """

    def __init__(self, message: str, step: int, recorded: str, replayed: str) -> None:
        super().__init__(message, step, recorded, replayed)
        self.step = step
        self.recorded = recorded
        self.replayed = replayed

    def __str__(self) -> str:
        return str(self.args[0])


class TrainingWarning(UserWarning):
    """A `fit` ended without an error, and yet something is probably wrong.

    At its end a fit looks at up to 128 of its rows, if that takes less than a hundredth of its
    time, and warns once of what it finds, with what to do:

    - outputs that are the same for all rows, though the targets differ; or the same class, though
      clearly more than one row in ten has another;
    - a hidden layer of the relu family all outputs of which are 0;
    - columns of X, or of y where targets are numbers, whose mean or spread (standard deviation) is
      above 30 in absolute value, or all of which have both below 0.001.

    And, of any fit, of learning rates that were all 0: a schedule that was over before it began.

    Of a fit that is over within some tenths of a millisecond it looks at 16 to 32 rows, if that
    takes less than 3 % of its time, and warns only where the first of these comes with another: in
    so few steps either alone is no wonder.

    Nothing is changed by it. To be rid of it:
    ``warnings.simplefilter("ignore", wb.TrainingWarning)``.

    Examples
    --------
    >>> import warnings, numpy as np, wbcore as wb
    >>> X = np.linspace(0, 1000, 200).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], seed=0)
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = net.fit(X, X[:, 0] > 500, loss="binary_cross_entropy", epochs=100)
    >>> [warning.category.__name__ for warning in caught]
    ['TrainingWarning']
    """
