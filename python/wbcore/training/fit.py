"""Training: what `Network.fit` takes and promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore._methods import network_method
from wbcore.training.plan import Plan
from wbcore.training.run import run

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from wbcore.history import History
    from wbcore.losses import LossLike
    from wbcore.metrics import Choices
    from wbcore.network import Network
    from wbcore.optimizers import Optimizer
    from wbcore.training.plan import Callback, ValidationData
    from wbcore.training.weights import ClassWeight

__all__ = ["fit"]


@network_method
def fit(
    self: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: LossLike,
    optimizer: Optimizer | str | None = None,
    epochs: int = 1,
    batch_size: int = 32,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
    validation_data: ValidationData | None = None,
    metrics: Choices = (),
    progress: bool = False,
    shuffle: bool = True,
    seed: int = 0,
    n_threads: int | None = None,
    callback: Callback | None = None,
    track: str | None = None,
    first_epoch: int = 0,
) -> History:
    """Train on mini-batches, going on from the parameters as they are.

    The result depends on the parameters, the data and the arguments alone, to the bit: not on
    the number of threads, the machine, or the dtype and layout in which the same numbers come.

    A function as `loss` is called on the calling thread for each batch, as
    `function(outputs, targets)`: outputs are an array (B, O) of the network's dtype, its own to
    keep; targets the rows of y, in y's dtype and read-only. The epoch's loss is the mean of the
    batches', each counted by its rows, or by their weights; that of validation data, and of
    `evaluate`, the mean over blocks of 128 rows. Metrics compare outputs with y as for numbers:
    "mae", "mse" and "r2", and only when y has the shape of the outputs. What the function raises
    ends the fit with the parameters of the last whole batch. It may predict with the network, whose
    parameters are those of the last epoch meanwhile.

    Ctrl-C raises KeyboardInterrupt within about a second; the network is usable, with the
    parameters of the last whole batch (after a batch of seconds perhaps of the last epoch), and
    `net.history` has the epochs so far.

    Parameters
    ----------
    {X}
    {y}
    {loss}
    optimizer : Optimizer or str, optional
        Such as `Adam(0.001)` or "adam(0.001)". Default: SGD(learning_rate=0.01). What it remembers
        of this network (`optimizer.state(net)`) goes on from one fit to the next.
    epochs : int, default 1
    batch_size : int, default 32
        The last batch of an epoch takes what is left.
    {weights}
    validation_data : pair (X_val, y_val) or triple (X_val, y_val, sample_weight_val), optional
        Evaluated after each epoch, with the class weights of the training data.
    metrics : sequence of Metric, str, callable, or dict of callables
        Beside the loss, in the history: of `wbcore.metrics`, such as "accuracy" or `TopK(3)`; or a
        function of what `predict` gives and the targets, which are of its shape, or labels, or
        what a function as loss takes (when the network has one output, (B,) becomes (B, 1)). Its
        series has its name, or the key in a dict: `{"cost": function}`. A function that takes
        `sample_weight` gets the weights, else they do not touch it. Functions, areas under the ROC
        curve and average precisions are taken of the validation data after each epoch; without
        any, of the training data, at the cost of another pass over them.
    progress : bool, default False
        Write a line to stderr: one that overwrites itself on a terminal, else one an epoch.
    shuffle : bool, default True
        Take the rows in the order `wbcore.random.permutation(B, seed, epoch)`.
    seed : int, default 0
        Of the shuffles, 0 <= seed < 2**64.
    {n_threads}
    callback : callable, optional
        `callback(epoch, history)` after each epoch, counted from first_epoch. Returning True stops.
        It may look at the network, copy it, and write into its parameters: training goes on from
        what it leaves. Changes of the optimizer count from the next `fit`.
    track : {None, "epoch"}
        "epoch" keeps the statistics of all weights and biases, initially and after each epoch,
        in `history.parameters`.
    first_epoch : int, default 0
        The number of the first epoch, for a training that goes on where another one ended: the
        shuffles are then those of the epochs first_epoch, first_epoch + 1, and so on.

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
        epoch.
    RuntimeError
        When another thread is training the network, or its own callback tries to.

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
    """
    plan = Plan(
        loss=loss,
        optimizer=optimizer,
        epochs=epochs,
        batch_size=batch_size,
        sample_weight=sample_weight,
        class_weight=class_weight,
        validation_data=validation_data,
        metrics=metrics,
        progress=progress,
        shuffle=shuffle,
        seed=seed,
        n_threads=n_threads,
        callback=callback,
        track=track,
        first_epoch=first_epoch,
    )
    return run(self, X, y, plan)
