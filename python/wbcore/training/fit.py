"""Training: what `Network.fit` takes and promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import optimizers
from wbcore._foreign import explains_arguments
from wbcore._methods import network_method
from wbcore.data._order import WINDOW

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from wbcore._view import SparseLike
    from wbcore.data._source import Source
    from wbcore.history import History
    from wbcore.losses import LossLike
    from wbcore.metrics import Choices
    from wbcore.network import Network
    from wbcore.optimizers import LBFGS, Optimizer
    from wbcore.training.plan import Callback, RowOrder, ValidationData
    from wbcore.training.weights import ClassWeight

__all__ = ["fit"]

_LOSSES = (
    "loss='cross_entropy' for classes, 'binary_cross_entropy' for two of them, 'mse' for numbers"
)


@network_method
@explains_arguments("fit", needs={"loss": _LOSSES})
def fit(
    self: Network,
    X: ArrayLike | SparseLike | Source,
    y: ArrayLike | None = None,
    *,
    loss: LossLike,
    optimizer: Optimizer | LBFGS | str | None = None,
    epochs: int = 1,
    batch_size: int = 32,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
    bias_init: str | None = None,
    validation_data: ValidationData | None = None,
    validation_fraction: float | None = None,
    metrics: Choices = (),
    progress: bool = False,
    shuffle: bool | str | RowOrder = True,
    shuffle_window: int = WINDOW,
    seed: int = 0,
    n_threads: int | None = None,
    callback: Callback | None = None,
    callbacks: Sequence[object] = (),
    track: str | int | None = None,
    first_epoch: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: str = "1 epoch",
    resume: str | os.PathLike[str] | bool | None = None,
) -> History:
    """Train on mini-batches, going on from the parameters as they are.

    The result depends on the parameters, the data and the arguments alone, to the bit: not on
    the number of threads, the machine, or the dtype and layout in which the same numbers come.

    A second `fit` goes on where the first ended: with its optimizer, unless it is given another
    one, the optimizer's steps and states, and its epoch. So two fits of 5 epochs are one of 10, to
    the bit.
    A function as `loss` is called on the calling thread for each batch, as `function(outputs,
    targets)`: outputs are an array (B, O) of the network's dtype, its own to keep; targets the rows
    of y, of y's shape behind the first axis and in its dtype, read-only: where y is (N,), they are
    (B,), and minus outputs of (B, 1) NumPy makes that (B, B); so pass y[:, None]. The epoch's loss
    is the mean of the batches', each counted by its rows, or by their weights; that of validation
    data, and of `evaluate`, the mean over blocks of 128 rows. Metrics compare outputs with y as for
    numbers: "mae", "mse" and "r2", and only when y has the shape of the outputs. What the function
    raises ends the fit with the parameters of the last epoch. It may predict with the network,
    whose parameters are those of the last epoch meanwhile.

    With `checkpoint` and `resume` a run survives the process that it is in.

    Ctrl-C raises KeyboardInterrupt within about a second; the network is usable, with the
    parameters of the last whole batch (after a batch of seconds perhaps of the last epoch), and
    `net.history` has the epochs so far. The next `fit` goes on with the next batch.

    Parameters
    ----------
    {X or source}
    {y}
    {loss}
    optimizer : Optimizer or LBFGS or str, optional
        Such as `Adam(0.001)`, "adam(0.001)" or "adam(cosine(0.001, 5000))". Default:
        `net.optimizer`, that of the last fit, and SGD(learning_rate=0.01) for the first one; a text
        that says what it is goes on with it, too. What it remembers of this network
        (`optimizer.state(net)`) goes on from one fit to the next. A learning rate that is a
        function of the step is asked for all steps of an epoch before it begins; what is no rate
        ends the fit there.
    epochs : int, default 1
        How many more. One that was begun and stopped in the middle is the first of them.
    batch_size : int, default 32
        The last batch of an epoch takes what is left.
    {weights}
    bias_init : {None, "prior"}
        "prior" lets the last layer begin with how often each answer comes among the targets, by
        their weights, as `start_at_prior` does, before the first step; a source is read once more
        for that. Default: the parameters as they are, but where the last layer has
        ``bias_initializer="prior"`` and has not been trained yet.
    validation_data : pair (X_val, y_val) or triple (X_val, y_val, sample_weight_val), or a source
        Evaluated after each epoch, with the class weights of the training data.
    validation_fraction : float, optional
        Above 0 and below 1: hold out this share of the rows and evaluate on them, each with its own
        weight, without a copy of X; the rows are those of `wbcore.random.held_out_rows`, drawn by
        `seed`. Of classes (labels, shares, and decisions of one output) each gives its share.
        Epochs have the batches of the others alone. Of arrays: a source,
        shuffle="blocks" and LBFGS take validation_data.
    metrics : sequence of Metric, str, callable or dict of callables, or such a dict
        Beside the loss, in the history: of `wbcore.metrics`, such as "accuracy" or `TopK(3)`; or a
        function of what `predict` gives and the targets, which are of its shape, or labels, or
        what a function as loss takes (when the network has one output, (B,) becomes (B, 1)). Its
        series has its name, or the key in a dict: `{"cost": function}`. A function that takes
        `sample_weight` gets the weights, else they do not touch it. Functions, areas under the ROC
        curve and average precisions are taken of the validation data after each epoch; without
        any, of the training data, at the cost of another pass over them, unless they are a source.
        "penalty" is no metric of outputs: it is what the optimizer's l1, l2 and weight_decay add to
        the loss, of the parameters before each step, a mean over the epoch as the loss is; loss and
        penalty together are what the steps lower. It has no series of validation data.
    progress : bool, default False
        Write a line to stderr: one that overwrites itself on a terminal, else one an epoch;
        `callbacks.Progress` offers more.
    shuffle : {True, "rows", "blocks", False} or callable, default True
        True or "rows": take the rows in the order `wbcore.random.permutation(B, seed, epoch)`; of a
        source, all rows are read into memory for that, or refused when they do not fit. "blocks":
        in that of `wbcore.data.row_order`, blocks at random and the rows within some of them; of
        arrays, by blocks of 4096 rows. False: as they come.
        A function says the rows of each epoch itself: `function(epoch)`, with the number of the
        epoch as `first_epoch` counts, gives an array of integers from 0 to B - 1, in any order,
        some of them left out or repeated, for each epoch as many. It is asked once, on the calling
        thread, before that epoch's first batch; the array is copied, X is not. Batches, steps and
        `run.rows` go by their number; metrics of all predictions are of these rows, balanced
        class weights and prior biases of all rows. What it raises ends the fit with the last
        epoch. An epoch that was stopped in its middle is gone on with where it gives the same
        rows again. Not with LBFGS or validation_fraction.
    shuffle_window : int, default 8
        For "blocks": of how many blocks the rows are mixed, which are then in memory.
    seed : int, default 0
        Of the shuffles, of what `dropout` leaves out, and of the rows that are held out;
        0 <= seed < 2**64.
    {n_threads}
    callback : callable, optional
        `callback(epoch, history)` after each epoch, numbered like `first_epoch`. Returning True
        stops. It may look at the network, copy it, and write into its parameters: training goes on
        from what it leaves. So it does with the optimizer: another learning rate, momentum or decay
        counts from the next batch, and so does what is written into its state, or a reset.
    callbacks : list of objects
        Each with some of the methods of `wbcore.callbacks.Callback`, such as
        `EarlyStopping(patience=5)`; asked in this order, before `callback`.
    track : {None, "epoch"} or int
        What to record in `history.parameters` of all weights, biases and units, beside their
        initial state: "epoch" at the end of each epoch, a number after each so many batches of this
        fit and after its last one (docs/tracking.md). No bit of the training depends on it. It
        takes memory for three more copies of the parameters, and at most 512 records stay. With it
        any step can be made again, `history.replay`, and a `DivergenceError` says where it began.
        "epoch" alone with LBFGS.
    first_epoch : int, optional
        The number of the first epoch, from 0: the shuffles are those of the epochs first_epoch,
        first_epoch + 1, and so on. Default: where the optimizer's state of this network stands,
        `optimizer.state(net).epoch`. After a fit that was stopped or interrupted in the middle of
        an epoch it goes on with that epoch's next batch, if it has the same rows, batch_size,
        shuffle, seed, loss and metrics, and else begins that epoch anew.
    checkpoint : str or path-like, optional
        A file that holds all the run needs to go on: parameters, optimizer, position, history, what
        callbacks remember. It is replaced in one step, as often as `checkpoint_every` says and when
        the fit ends, be it by Ctrl-C, unless by an error. Before it begins all data are read once,
        for sums of them that tell them from others. Not with LBFGS.
    checkpoint_every : str, default "1 epoch"
        "30s", "5 min", "2 epochs" or "500 batches". Between two of them a checkpoint costs nothing.
    resume : str or path-like, or True or False, optional
        Go on from that checkpoint; True: from that of `checkpoint` if there is one yet, else begin,
        so that a script that is run again goes on. False: begin anew, and replace the file of
        `checkpoint`. Default: begin, but refuse to replace the checkpoint of a run that is not
        over, or what is none; that of a run that is over is replaced.
        What goes on gives the result of a run that never stopped, to the bit: parameters,
        optimizer, history but for its seconds. `epochs` is their number in the whole run, and may
        be raised; what is over, by their number or by a callback, returns at once. All else must be
        as it was, but n_threads and progress: structure of the network, whose parameters are
        replaced, settings (those of the optimizer as they were at first, or last), and the numbers
        of X, y, weights and validation data, in whatever arrays, types or blocks they come;
        callbacks in their order, by their classes, and of `EarlyStopping` and `Checkpoint` all
        settings but the path. Functions are known by their names.

    Returns
    -------
    History
        Also kept as `net.history`.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, not finite, or does not suit the
        network. Nothing has been changed then, except when somebody changed X or y during the
        fit: the numbers of a batch are looked at as they are read, NaN, infinity and labels of
        no class are refused, and the parameters are those of the last epoch without.
    DivergenceError
        When the loss becomes NaN or infinite. The parameters are those of the last finite
        epoch, or of the checkpoint that the fit went on from.
    ModelFileError
        When the file to go on from, or to replace without a word, is no checkpoint or is damaged.
    OSError
        When a checkpoint cannot be read or written. What was written before stays.
    Exception
        Whatever a callback raises. The parameters are those of the last epoch that ended.
    RuntimeError
        When another thread is training the network, or its own callback tries to.

    Warns
    -----
    TrainingWarning
        Once, at the end, when the outcome looks wrong: one constant prediction, dead layers, inputs
        or targets far from unit scale, learning rates that were all 0; with what to do.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
    >>> history = net.fit(
    ...     X, X**2, loss="mse", optimizer=wb.SGD(0.1, momentum=0.9), epochs=100, metrics=["r2"]
    ... )
    >>> len(history), history.loss[-1] < history.loss[0] / 10
    (100, True)

    A loss of one's own, which counts outputs that are too small twice:

    >>> def lopsided(outputs, targets):
    ...     d = outputs - targets
    ...     weight = np.where(d < 0, 2, 1)
    ...     return (weight * d**2).mean(), 2 * weight * d / d.size
    >>> history = net.fit(X, X**2, loss=lopsided, epochs=10)

    A run that may be killed at any moment, and is then started again:

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run.ckpt")
    ...     for epochs in (2, 5):
    ...         net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
    ...         history = net.fit(
    ...             X, X**2, loss="mse", epochs=epochs, checkpoint=path, checkpoint_every="30s",
    ...             resume=True,
    ...         )
    >>> len(history)
    5
    """
    from wbcore.training.plan import Plan
    from wbcore.training.run import run

    plan = Plan(
        loss=loss,
        optimizer=optimizers.going_on("fit", self._core, optimizer),
        epochs=epochs,
        batch_size=batch_size,
        sample_weight=sample_weight,
        class_weight=class_weight,
        bias_init=bias_init,
        validation_data=validation_data,
        validation_fraction=validation_fraction,
        metrics=metrics,
        progress=progress,
        shuffle=shuffle,
        shuffle_window=shuffle_window,
        seed=seed,
        n_threads=n_threads,
        callback=callback,
        callbacks=callbacks,
        track=track,
        first_epoch=first_epoch,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
        resume=resume,
    )
    return run(self, X, y, plan)
