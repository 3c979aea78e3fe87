"""What the docstrings of the estimators have in common."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

__all__ = ["completed"]

Class = TypeVar("Class", bound=Callable[..., object])

_SAME = """
hidden_layer_sizes : int or sequence of int, default (100,)
    Units of each hidden layer; () is a network without.
activation : str, Activation or a sequence of them, default "relu"
    Of the hidden layers: "identity", "logistic", "tanh", "relu", or any of
    `wbcore.activations`; a sequence has one for each.
solver : {"adam", "sgd", "lbfgs"}, default "adam"
alpha : float, default 0.0001
    Strength of the L2 penalty, which is divided by the rows of a batch, or by their weights.
batch_size : int or "auto", default "auto"
    "auto" is min(200, n_samples). Not for lbfgs.
learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
    Of sgd. "invscaling" divides the rate by a power of the rows so far, after each epoch;
    "adaptive" divides it by 5 where training would stop, down to 1e-6.
learning_rate_init : float, default 0.001
power_t : float, default 0.5
    The power of "invscaling".
max_iter : int, default 200
    Epochs at most; iterations of lbfgs.
shuffle : bool, default True
random_state : int, RandomState instance or None, default None
    Draws initial parameters, rows that are held out, and orders.
tol : float, default 1e-4
    What is no improvement by more than this counts as none; of lbfgs the largest element of the
    gradient that is small enough.
verbose : bool, default False
    Print each epoch.
warm_start : bool, default False
    Let `fit` go on from the parameters there are.
momentum : float, default 0.9
    Of sgd.
nesterovs_momentum : bool, default True
    Of sgd.
early_stopping : bool, default False
    Hold rows out, stop when their score has not got better for n_iter_no_change epochs, and
    take the parameters of the best.
validation_fraction : float, default 0.1
    What is held out.
beta_1, beta_2 : float, default 0.9 and 0.999
    Of adam.
epsilon : float, default 1e-8
    Of adam.
n_iter_no_change : int, default 10
    So many epochs without improvement are borne.
max_fun : int, default 15000
    Looks at all rows, at most; of lbfgs.
"""

_OWN = """
initializer : str or callable, optional
    Of the weights, as of `wbcore.Dense`; biases then begin at 0. Default: as scikit-learn draws
    them.
bias_init : str, float or callable, optional
    Of the biases, as `bias_initializer` of `wbcore.Dense`. "prior": the last layer begins with
    what the targets are on average.
dropout : float or sequence of float, default 0
    Of all hidden layers, or of each.
"""

_REST = """
validation_data : pair (X, y) or triple (X, y, sample_weight), optional
    Takes the place of rows that are held out; `history_` has its series in any case.
metrics : str or sequence, default ()
    Series of `history_`, by their names, as `Network.fit` takes them. Not for lbfgs.
callbacks : list, optional
    As `Network.fit` takes them. Not for lbfgs.
optimizer : Optimizer or str, optional
    Any of `wbcore.optimizers` in place of a solver; with its own rate, which is that of the loss
    as wbcore has it, a mean over all elements. alpha and l1 are added where it has no l1 and l2.
schedule : Schedule, str or callable, optional
    Any of `wbcore.schedules`, in place of learning_rate and learning_rate_init; rates are as those
    of `optimizer`. A name alone, such as "cosine" or "one_cycle", begins with the rate there is and
    lasts for max_iter epochs. After one that goes down to its end nothing is said of convergence.
clip_norm : float, optional
    The longest a gradient may be.
l1 : float, default 0
    Strength of the L1 penalty, as alpha.
n_threads : int, optional
    The result does not depend on it.
dtype : {"float32", "float64"}, optional
    Of the network. Default: float32 where X is, else float64.
progress : bool, default False
    Write a line to stderr.
missing : {"error", "mean", "mean+indicator"}, default "error"
    NaN in X is refused, or stands for the mean of its column in the first fit, or for that and
    a 1 in a column of its own.
"""

_ATTRIBUTES = """
coefs_, intercepts_ : list of ndarray
    Weights (inputs, outputs) and biases (outputs,) of each layer: live views of `network_`. What
    is assigned, to the whole or to one of them, is copied into the network.
loss_, best_loss_ : float
    `best_loss_` is None with early stopping.
loss_curve_ : list of float
    Loss and penalty of each epoch, averaged over its batches, by weights where there are some.
validation_scores_, best_validation_score_ : list of float, and float
    None without early stopping.
n_iter_, t_ : int
    Epochs, or iterations, and rows that training has seen.
n_layers_, n_outputs_, out_activation_ : int, int and str
n_features_in_, feature_names_in_ : int and ndarray of str
network_ : wbcore.Network
    The network inside. It takes numbers: X after validation and `missing`.
history_ : wbcore.History
    Of the last fit.
"""


def completed(cls: Class) -> Class:
    """Put the common parts where a class's docstring names them in braces."""
    text = inspect.cleandoc(cls.__doc__ or "")
    parts = {"same": _SAME, "own": _OWN, "rest": _REST, "attributes": _ATTRIBUTES}
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part.strip())
    cls.__doc__ = f"{text}\n"
    return cls
