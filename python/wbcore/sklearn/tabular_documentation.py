"""What the docstrings of the estimators for tables have in common."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

__all__ = ["completed"]

Class = TypeVar("Class", bound=Callable[..., object])

_ABOUT = """
It is sensible without any argument. Columns of any kind become numbers (`wbcore.tables.Encoding`):
texts and declared categories a column of 0 and 1 each, dates and durations days, times of day
seconds, what is missing the mean and a column that tells. All are scaled, and the scaling is put
into the first layer of `network_` afterwards. What is not said is that of `wbcore.recipe`, as in
``wbcore train``.

Columns are found by their names where there are some, in any order. Categories that are unknown,
and values that are missing where none was, are no errors in `predict`; lacking columns are, but for
those that the fit left out, and so are others than those of the fit, as scikit-learn demands
(``wbcore predict`` and `wbcore.tables.TableModel` leave them alone).

Columns of a sparse X are numbers, what is not stored 0. It becomes dense batch by batch, and gives
the bits of an array of the same numbers.
"""

_PARAMETERS = """
hidden_layer_sizes : int or sequence of int, default (64, 32)
    Units of each hidden layer; () is a network without.
activation : str, Activation or a sequence of them, default "relu"
    Any of `wbcore.activations`; a sequence has one for each hidden layer.
"""

_REST = """
initializer : str or callable, optional
    Of the weights, as of `wbcore.Dense`. Default: the one that suits the activation.
bias_init : {"prior", "zeros"}, default "prior"
    Where the output biases begin: with what the targets are on average, or at 0.
dropout : float, default 0
    Of the hidden layers.
optimizer : Optimizer or str, optional
    Any of `wbcore.optimizers` that takes batches. Default: Adam with a little l2, which is divided
    by the rows, or by what they weigh together.
learning_rate : float, optional
    Default: 0.01, or that of `optimizer`.
schedule : Schedule or str, optional
    A name alone, such as "constant", "one_cycle" or "cosine after warmup(100)", takes the rate
    there is and lasts as long as the fit; a `Schedule`, or a text with numbers, has its own rate.
    Default: "cosine", down to 0 at the end, unless the optimizer has a schedule. For one that
    watches a series of validation, as "plateau" does, rows are held out.
l2 : float, optional
    Of the weights, divided by nothing.
epochs : int, optional
    Default: 200; of more than 6400 rows so many that there are 40,000 steps, but at least 20.
batch_size : int, default 32
early_stopping : bool or "auto", default "auto"
    Hold rows out, stop when their loss has not got better for some epochs, and take the parameters
    of the best. "auto": of 40,000 rows and more.
validation_fraction : float, default 0.1
    What is held out then, or for a schedule, of each class its share.
patience : int, default 10
    So many epochs.
validation_data : pair (X, y) or triple (X, y, sample_weight), optional
    A table of its own in place of rows that are held out, with columns and targets as those of
    `fit`; `history_` has its series in any case.
{extra}
categories : "auto" or sequence of str or int, default "auto"
    Names, or numbers, of columns that are categories though they look like numbers or dates.
max_categories : int, default 50
    The most columns that one becomes; rare categories share one.
missing : {"mean+indicator", "mean", "error"}, default "mean+indicator"
    What becomes of missing values: the mean with a column that tells where, if some are missing in
    `fit`; the mean alone; or they are refused.
random_state : int, RandomState instance or None, default None
    Draws initial weights, orders of rows, and those that are held out.
metrics : str or sequence, default ()
    Series of `history_`, by their names, as `Network.fit` takes them; of targets as the network has
    them.
callbacks : list, optional
    As `Network.fit` takes them.
n_threads : int, optional
    The result does not depend on it.
dtype : {"float32", "float64"}, default "float32"
    In which is trained. `network_` is of float64 where raw values want it, such as time stamps.
    Predictions are of float32 if X was in `fit`, else of float64.
progress : bool, default False
    Write a line to stderr.
"""

_ATTRIBUTES = """
network_ : wbcore.Network
    The network inside. It takes `encoder_.apply(X)`: scaling is in its layers.
encoder_ : wbcore.tables.Encoding
    What became of the columns; `encoder_.describe()` says it.
history_ : wbcore.History
    The course of the fit.
n_iter_ : int
    Epochs that were done.
loss_ : float
    That of the last epoch.
n_outputs_ : int
    Of the network.
n_features_in_, feature_names_in_ : int and ndarray of str
    Columns of the table.
"""


def completed(cls: Class) -> Class:
    """Put the common parts where a class's docstring names them in braces."""
    before, _, behind = _REST.partition("{extra}\n")
    parts = {
        "about": _ABOUT,
        "parameters": _PARAMETERS,
        "training": before,
        "rest": behind,
        "attributes": _ATTRIBUTES,
    }
    text = inspect.cleandoc(cls.__doc__ or "")
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part.strip())
    cls.__doc__ = f"{text}\n"
    return cls
