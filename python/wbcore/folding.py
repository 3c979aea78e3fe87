"""The scaling of inputs and targets, put into the first and the last layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core
from wbcore._methods import network_method

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from wbcore.network import Network

__all__ = ["fold_inputs", "fold_outputs"]


@network_method
def fold_inputs(
    self: Network, mean: ArrayLike, scale: ArrayLike, *, dtype: DTypeLike | None = None
) -> Network:
    """A copy that takes raw inputs where this network takes (X - mean) / scale.

    Its first layer has the weights W / scale and the biases b - sum(mean * W / scale), computed in
    float64 and rounded once; the biases from the weights as they are rounded, so that the error of
    a weight is multiplied by the distance from the mean, not by the value itself. A first layer
    without biases gets them, unless every mean is 0.

    As mathematics both networks are one function. As numbers, with the rounding unit u of the copy
    (2**-24 in float32, 2**-53 in float64) the sums z of the first layer differ by at most

        (I + 3) u (abs(b) + sum(abs(W / scale) * (abs(x) + abs(mean))))

    beside the rounding of the scaled inputs themselves. It shows where a mean is many times its
    scale, as that of a time stamp: then float64 is the dtype for the copy.

    Parameters
    ----------
    mean, scale : float, or array-like of shape (I,)
        Finite; no scale is 0. One number stands for all.
    dtype : {"float32", "float64"}, optional
        Of the copy. Default: that of the network.

    Returns
    -------
    Network
        With everything else as here.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, or a new parameter is not finite in
        the copy's dtype.

    See Also
    --------
    fold_outputs : The same at the other end.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X = np.random.default_rng(0).normal(50, 10, (100, 3))
    >>> mean, scale = X.mean(axis=0), X.std(axis=0)
    >>> net = wb.Network.mlp([3, 8, 1], seed=0)
    >>> raw = net.fold_inputs(mean, scale)
    >>> bool(np.allclose(raw.predict(X), net.predict((X - mean) / scale), atol=1e-5))
    True
    """
    operation, first = "fold_inputs", self[0]
    centre = _numbers(operation, "mean", mean, first.inputs)
    spread = _scales(operation, scale, first.inputs)
    wanted = self.dtype if dtype is None else _arguments.dtype(operation, dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        W = (_float64(first.weights) / spread[:, None]).astype(wanted)
    _require_finite(operation, "weight", W, wanted)
    b: NDArray[Any] | None = None
    if first.biases is not None or centre.any():
        # in the order of the contract, not in that of a BLAS, which is another one on each machine
        start = np.zeros(first.outputs) if first.biases is None else _float64(first.biases)
        b = _rounded(operation, _core.dense(-centre[None, :], _float64(W), start)[0], wanted)
    return _with_layer(self, 0, W, b, wanted)


@network_method
def fold_outputs(
    self: Network, mean: ArrayLike, scale: ArrayLike, *, dtype: DTypeLike | None = None
) -> Network:
    """A copy that gives out * scale + mean where this network gives out.

    So a network that was trained on (y - mean) / scale predicts y itself. Its last layer has the
    weights W * scale and the biases b * scale + mean, computed in float64 and rounded once. A last
    layer without biases gets them, unless every mean is 0.

    With I inputs of the last layer and the rounding unit u of the copy, outputs differ from out *
    scale + mean by at most (2 I + 4) u (abs(mean) + abs(scale) * (abs(b) + sum(abs(x W)))).

    Parameters
    ----------
    mean, scale : float, or array-like of shape (O,)
        Finite; no scale is 0. One number stands for all. The last activation is identity; or relu
        or leaky_relu, with means of 0 and scales above 0.
    dtype : {"float32", "float64"}, optional
        Of the copy. Default: that of the network.

    Returns
    -------
    Network
        With everything else as here.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, the last activation does not allow
        it, or a new parameter is not finite in the copy's dtype.

    See Also
    --------
    fold_inputs : The same at the other end.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([3, 8, 1], seed=0)
    >>> raw = net.fold_outputs(mean=150.0, scale=77.0)
    >>> x = [[0.3, -0.2, 1.0]]
    >>> bool(np.allclose(raw.predict(x), net.predict(x) * 77 + 150))
    True
    """
    operation, last = "fold_outputs", self[len(self) - 1]
    centre = _numbers(operation, "mean", mean, last.outputs)
    spread = _scales(operation, scale, last.outputs)
    _require_linear(operation, last.activation, centre, spread)
    wanted = self.dtype if dtype is None else _arguments.dtype(operation, dtype)
    with np.errstate(over="ignore"):
        W = (_float64(last.weights) * spread).astype(wanted)
        b: NDArray[Any] | None = None
        if last.biases is not None:
            b = _float64(last.biases) * spread + centre
        elif centre.any():
            b = centre
    _require_finite(operation, "weight", W, wanted)
    rounded = None if b is None else _rounded(operation, b, wanted)
    return _with_layer(self, len(self) - 1, W, rounded, wanted)


def _float64(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(values, np.float64)


def _numbers(operation: str, name: str, value: ArrayLike, n: int) -> NDArray[np.float64]:
    array = _arguments.floats(operation, name, value).astype(np.float64)
    if array.ndim and array.shape != (n,):
        raise ValueError(
            f"[{operation}] expected {name} to be a number or an array of shape ({n},), "
            f"got shape {array.shape}"
        )
    return np.full(n, array) if array.ndim == 0 else array


def _scales(operation: str, value: ArrayLike, n: int) -> NDArray[np.float64]:
    scales = _numbers(operation, "scale", value, n)
    if not scales.all():
        where = int(np.argmin(scales != 0))
        raise ValueError(
            f"[{operation}] expected scale other than 0, got 0{_arguments.at('scale', (where,))}; "
            f"for what is the same in all rows pass 1"
        )
    return scales


def _require_linear(
    operation: str, activation: str, mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> None:
    name = activation.partition("(")[0]
    if name == "identity":
        return
    if name not in ("relu", "leaky_relu"):
        raise ValueError(
            f"[{operation}] expected a last activation identity, relu or leaky_relu, "
            f"got {activation}"
        )
    if mean.any() or (scale < 0).any():
        raise ValueError(
            f"[{operation}] expected mean 0 and scale above 0 with the last activation "
            f"{activation}, got mean up to {np.abs(mean).max():g} and scale from {scale.min():g}"
        )


def _rounded(operation: str, values: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        result = values.astype(dtype)
    _require_finite(operation, "bias", result, dtype)
    return result


def _require_finite(operation: str, what: str, values: NDArray[Any], dtype: np.dtype[Any]) -> None:
    if np.isfinite(values).all():
        return
    cure = "; pass dtype='float64'" if dtype == np.float32 else ""
    raise ValueError(
        f"[{operation}] expected every {what} to be finite in {dtype}, got one that is not{cure}"
    )


def _with_layer(
    network: Network,
    index: int,
    weights: NDArray[Any],
    biases: NDArray[Any] | None,
    dtype: np.dtype[Any],
) -> Network:
    """A copy with the parameters of one layer, which may have got biases, and in another dtype."""
    arrays = [(layer.weights, layer.biases) for layer in network]
    arrays[index] = weights, biases
    copy = network._restructured({index: biases is not None}, dtype)
    for layer, (W, b) in zip(copy, arrays, strict=True):
        layer.weights = W
        if b is not None:
            layer.biases = b
    return copy
