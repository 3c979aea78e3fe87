"""wbcore's own random numbers: Philox streams, the same words on every machine.

Philox 4x64 with 10 rounds (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1,
2, 3", 2011). A stream is chosen by a key of two 64-bit numbers, of which networks use the first for
the seed; what the second is used for is in docs/arithmetic.md, section 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wbcore import _arguments, _core

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "dropout_mask",
    "held_out_rows",
    "permutation",
    "philox_words",
    "standard_normal",
    "uniform",
]

_MAX_COUNT = 2**48  # far beyond any memory, and no product with an element's size overflows


def _stream(operation: str, seed: int, stream: int, count: int) -> tuple[int, int, int]:
    return (
        _arguments.seed(operation, seed),
        _arguments.seed(operation, stream, "stream"),
        _arguments.integer(operation, "count", count, low=0, high=_MAX_COUNT),
    )


def philox_words(key0: int, key1: int, start: int, count: int) -> NDArray[np.uint64]:
    """Raw words of a key's stream: those of `numpy.random.Philox(key=[key0, key1], counter=0)`.

    Parameters
    ----------
    key0, key1 : int
        From 0 to 2**64 - 1.
    start : int
        Index of the first word wanted, from 0.
    count : int
        How many.

    Returns
    -------
    ndarray of shape (count,) and dtype uint64

    Raises
    ------
    TypeError, ValueError
        When an argument is no integer or out of range.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> words = wb.random.philox_words(1, 2, start=3, count=4)
    >>> bool((words == np.random.Philox(key=[1, 2], counter=0).random_raw(7)[3:]).all())
    True
    """
    return _core.philox_words(
        _arguments.seed("philox_words", key0, "key0"),
        _arguments.seed("philox_words", key1, "key1"),
        _arguments.integer("philox_words", "start", start, low=0, high=2**62),
        _arguments.integer("philox_words", "count", count, low=0, high=_MAX_COUNT),
    )


def uniform(seed: int, stream: int, count: int) -> NDArray[np.float64]:
    """Uniform draws from [0, 1): the upper 53 bits of each word of the stream (seed, stream).

    Parameters
    ----------
    seed, stream : int
        From 0 to 2**64 - 1; layer l of a network draws its weights from stream l.
    count : int
        How many.

    Returns
    -------
    ndarray of shape (count,) and dtype float64

    Raises
    ------
    TypeError, ValueError
        When an argument is no integer or out of range.

    Examples
    --------
    >>> import wbcore as wb
    >>> print(f"{wb.random.uniform(seed=0, stream=0, count=10_000).mean():.2f}")
    0.50
    """
    return _core.uniform(*_stream("uniform", seed, stream, count))


def standard_normal(seed: int, stream: int, count: int) -> NDArray[np.float64]:
    """Draws from N(0, 1), one word of the stream (seed, stream) each, by inversion.

    Parameters
    ----------
    seed, stream : int
        From 0 to 2**64 - 1; layer l of a network draws its weights from stream l.
    count : int
        How many.

    Returns
    -------
    ndarray of shape (count,) and dtype float64

    Raises
    ------
    TypeError, ValueError
        When an argument is no integer or out of range.

    Examples
    --------
    >>> import wbcore as wb
    >>> print(f"{wb.random.standard_normal(seed=0, stream=0, count=10_000).std():.2f}")
    1.00
    """
    return _core.standard_normal(*_stream("standard_normal", seed, stream, count))


def permutation(n: int, seed: int = 0, epoch: int = 0) -> NDArray[np.int64]:
    """The order in which `Network.fit(shuffle=True)` takes n rows in an epoch.

    Parameters
    ----------
    n : int
        Number of rows, at least 0.
    seed : int, default 0
        From 0 to 2**64 - 1.
    epoch : int, default 0
        Counted from 0.

    Returns
    -------
    ndarray of shape (n,) and dtype int64
        0 to n - 1, each once.

    Raises
    ------
    TypeError, ValueError
        When an argument is no integer or out of range.

    Examples
    --------
    >>> import wbcore as wb
    >>> sorted(wb.random.permutation(5, seed=3).tolist())
    [0, 1, 2, 3, 4]
    """
    return _core.permutation(
        _arguments.integer("permutation", "n", n, low=0, high=_MAX_COUNT),
        _arguments.seed("permutation", seed),
        _arguments.integer("permutation", "epoch", epoch, low=0),
    )


def held_out_rows(
    n: int, fraction: float, seed: int = 0, classes: ArrayLike | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which rows `fit(validation_fraction=fraction, seed=seed)` trains on, and which it holds out.

    Parameters
    ----------
    n : int
        How many rows there are, at least 2.
    fraction : float
        Above 0 and below 1. To nearest, but at least one row and not all are held out.
    seed : int, default 0
        0 <= seed < 2**64.
    classes : array-like of int and shape (n,), optional
        The class of each row. Each gives its share, to less than one row more or less.

    Returns
    -------
    training, validation : ndarray of int64
        In ascending order; the rule is in docs/arithmetic.md, section 7.6.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> import wbcore as wb
    >>> training, validation = wb.random.held_out_rows(8, 0.25, classes=[0, 0, 0, 0, 1, 1, 1, 1])
    >>> validation.tolist(), len(training)
    ([1, 4], 6)
    """
    n = _arguments.integer("held_out_rows", "n", n, low=2, high=_MAX_COUNT)
    fraction = _arguments.number(
        "held_out_rows",
        "fraction",
        fraction,
        expected="a number above 0 and below 1",
        allowed=lambda value: 0 < value < 1,
    )
    seed = _arguments.seed("held_out_rows", seed)
    groups = None
    if classes is not None:
        array = _arguments.real_array("held_out_rows", "classes", classes)
        if array.dtype.kind not in "biu" or array.shape != (n,):
            raise ValueError(
                f"[held_out_rows] expected classes to be integers of shape ({n},), "
                f"got {_arguments.shown(array)}"
            )
        groups = np.ascontiguousarray(array, dtype=np.int64)
    return _core.held_out_rows(n, fraction, seed, groups)


def dropout_mask(
    rows: int, units: int, dropout: float, *, layer: int = 0, step: int = 1, seed: int = 0
) -> NDArray[np.bool_]:
    """Which outputs of a layer stay in a step of a training; the others are 0.

    Parameters
    ----------
    rows, units : int
        Of the batch, and of the layer. A row or a unit more changes nothing in the others.
    dropout : float
        The layer's, at least 0 and below 1.
    layer : int, default 0
        Its place in the network, from 0.
    step : int, default 1
        The number of the step, from 1, over all trainings of the optimizer's state.
    seed : int, default 0
        Of the fit, from 0 to 2**64 - 1.

    Returns
    -------
    ndarray of shape (rows, units) and dtype bool

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> import wbcore as wb
    >>> stays = wb.random.dropout_mask(1000, 100, 0.2)
    >>> stays.shape, round(float(stays.mean()), 2)
    ((1000, 100), 0.8)
    """
    operation = "dropout_mask"
    rows = _arguments.integer(operation, "rows", rows, low=0)
    units = _arguments.integer(operation, "units", units)
    share = _arguments.number(
        operation,
        "dropout",
        dropout,
        expected="a number of at least 0 and below 1",
        allowed=lambda value: 0 <= value < 1,
    )
    numbers = _core.dropout_numbers(
        _arguments.seed(operation, seed),
        _arguments.integer(operation, "step", step, high=2**63),
        _arguments.integer(operation, "layer", layer, low=0),
        0,
        rows,
        units,
    )
    return numbers[:, :units] >= min(65535, int(share * 65536 + 0.5))
