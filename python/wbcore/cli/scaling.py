"""Standardisation for training, and its way back into the weights and biases.

A network is trained on ``(x - shift) / scale``; `Network.fold_inputs` and `Network.fold_outputs`
make one of it that takes and gives raw values. What is left is rounding; :func:`fold` measures it
on the training rows, and takes float64 for the folded network where float32 would show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import wbcore as wb

__all__ = ["FOLD_TOLERANCE", "Scaling", "checked_scaling", "fold"]

FOLD_TOLERANCE = 1e-4
"""The largest difference of outputs accepted, relative to the largest output or 1.

A change of a logit by 1e-4 moves a probability by at most 0.25e-4: not seen in four decimals.
"""

# So that squares, and the weights by 1 / scale, are neither infinite nor 0.
_LARGEST, _SMALLEST = 1e150, 1e-150

_BLOCK = 1024  # rows or columns converted at a time; keeps temporaries small beside X


@dataclass(frozen=True)
class Scaling:
    """What was subtracted from each column, and what it was then divided by."""

    shift: NDArray[np.float64]
    """(I,)"""
    scale: NDArray[np.float64]
    """(I,)"""
    constant: NDArray[np.bool_]
    """(I,): the columns with one value in all rows, from which nothing can be learned."""

    @classmethod
    def of(cls, X: NDArray[Any], *, common: bool = False) -> "Scaling":
        """Return the scaling to mean 0 and standard deviation 1 of X (B, I).

        ``common`` is for pixels: one scale for all columns, so that a pixel which is hardly ever
        set is
        not blown up to the size of the others.
        """
        n_columns = X.shape[1]
        shift, variance = np.empty(n_columns), np.empty(n_columns)
        for start in range(0, n_columns, 64):
            columns = slice(start, start + 64)
            block = np.asarray(X[:, columns], np.float64)
            shift[columns], variance[columns] = block.mean(axis=0), block.var(axis=0)
        constant = X.min(axis=0) == X.max(axis=0)
        shift[constant] = X[0, constant]  # the value itself, not its rounded mean
        scale = np.full(n_columns, variance.mean()) if common else variance
        scale = np.sqrt(np.where(constant | (scale == 0.0), 1.0, scale))
        return cls(shift, scale, constant)

    def apply(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Return X (B, I) scaled, in float32."""
        scaled = np.empty(X.shape, np.float32)
        for start in range(0, len(X), _BLOCK):
            rows = slice(start, start + _BLOCK)
            scaled[rows] = (X[rows] - self.shift) / self.scale
        return scaled


def checked_scaling(names: Sequence[str], X: NDArray[Any], X_test: NDArray[Any]) -> Scaling:
    """Return the scaling of X, or refuse a column that cannot be trained on; before the training.

    Parameters
    ----------
    names : sequence of str
        Of the columns; the error names the first that is refused.
    X : ndarray of shape (B, I)
        The rows to train on.
    X_test : ndarray of shape (T, I)
        The rows for the test, if there are some.

    Returns
    -------
    Scaling

    Raises
    ------
    ValueError
        If a column has values beyond 1e150, differs by less than 1e-150, is constant but for
        rounding, or has test values too far from the others.
    """
    low, high = (_limits(X, X_test, reduce) for reduce in (np.min, np.max))
    for name, least, most in zip(names, low, high, strict=True):
        extreme = max(least, most, key=abs)
        if abs(extreme) > _LARGEST:
            raise ValueError(
                f"column {name!r} has the value {extreme:.6g}; expected at most {_LARGEST:g} in "
                "size: give it in another unit, or leave the field empty if it marks a missing "
                "value"
            )
        if least < most and most - least < _SMALLEST:
            raise ValueError(
                f"column {name!r} has values from {least:.6g} to {most:.6g}; expected them to "
                f"differ by at least {_SMALLEST:g}: give it in another unit"
            )
    scaling = Scaling.of(X)
    distance = np.maximum(high - scaling.shift, scaling.shift - low) / scaling.scale
    for i, name in enumerate(names):
        shift, scale = scaling.shift[i], scaling.scale[i]
        if not scaling.constant[i] and abs(shift) / scale * 2.0**-53 > FOLD_TOLERANCE:
            raise ValueError(
                f"column {name!r} has mean {shift:.6g} and standard deviation {scale:.3g}, for "
                "which float64 is too coarse: subtract its mean first"
            )
        if distance[i] > np.finfo(np.float32).max:
            raise ValueError(
                f"column {name!r} has a test value {distance[i]:.3g} standard deviations from "
                "the mean of the training rows, which float32 cannot express"
            )
    return scaling


def _limits(X: NDArray[Any], X_test: NDArray[Any], reduce: Any) -> NDArray[np.float64]:  # noqa: ANN401
    both = [reduce(part, axis=0) for part in (X, X_test) if len(part)]
    return np.asarray(reduce(both, axis=0), np.float64)


def fold(
    net: "wb.Network",
    X: NDArray[Any],
    X_scaled: NDArray[np.float32],
    inputs: Scaling,
    target: tuple[float, float] = (0.0, 1.0),
    *,
    names: Sequence[str] | None = None,
) -> tuple["wb.Network", float]:
    """Return the network that takes raw values, and how far its outputs are from those of ``net``.

    Parameters
    ----------
    net : Network
        Trained on scaled inputs (and on a scaled target, if any).
    X : ndarray of shape (B, I)
        Raw training rows.
    X_scaled : ndarray of shape (B, I)
        The same rows as ``net`` takes them.
    inputs : Scaling
        What was done to X.
    target : tuple of two floats
        What was subtracted from the target, and what it was then divided by. Needs identity as last
        activation.
    names : sequence of str, optional
        Of the columns, for the error.

    Returns
    -------
    folded : Network
        In float32, or in float64 where float32 is too coarse for raw values (a time stamp in
        seconds has a rounding error of a minute in float32). Weights from constant columns are 0,
        so that other values in them, of which the network knows nothing, change nothing.
    difference : float
        The largest absolute difference between the outputs over the training rows, in the unit of
        ``net``'s outputs.

    Raises
    ------
    ValueError
        If float64 is too coarse as well; it tells the column that is rounded most, by its number
        without ``names``.
    """
    expected = net.predict(X_scaled).astype(np.float64)
    limit = FOLD_TOLERANCE * max(1.0, float(np.abs(expected).max()))
    largest = np.maximum(np.asarray(X.max(axis=0), np.float64), -np.asarray(X.min(axis=0), float))
    for dtype in ("float32", "float64"):
        folded = _folded(net, inputs, target, dtype)
        if folded is None or largest.max() > np.finfo(dtype).max:
            continue
        outputs = (folded.predict(X).astype(np.float64) - target[0]) / target[1]
        difference = float(np.abs(outputs - expected).max())
        if difference <= limit:
            return folded, difference
    rounding = largest / inputs.scale * np.abs(net[0].weights).max(axis=1)
    worst = int(np.argmax(np.where(inputs.constant, 0.0, rounding)))
    column = f"{worst + 1} of the features" if names is None else repr(names[worst])
    raise ValueError(
        f"[fold] float64 is too coarse for column {column}, with mean "
        f"{inputs.shift[worst]:.6g} and standard deviation {inputs.scale[worst]:.3g}: "
        "subtract its mean first"
    )


def _folded(
    net: "wb.Network", inputs: Scaling, target: tuple[float, float], dtype: str
) -> "wb.Network | None":
    """The network of raw values, or None where the dtype cannot express its parameters."""
    known = net.copy()
    known[0].weights[inputs.constant] = 0.0
    try:
        folded = known.fold_inputs(inputs.shift, inputs.scale, dtype=dtype)
        return folded if target == (0.0, 1.0) else folded.fold_outputs(*target)
    except ValueError:
        return None
