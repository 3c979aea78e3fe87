"""Inputs times a number, computed batch by batch: a large array of images is never copied whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore._view import Foreign, View, dense, in_rows, is_sparse, n_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from wbcore._view import SparseLike

# Times the largest integer of 64 bits this is still a finite float32.
_LARGEST_FACTOR = 1e18


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Scaled(View):
    """An array and a factor for its elements, in place of the X of a network's methods.

    A network of dtype T sees each element, converted to T, times the factor, converted to T: to
    the bit what ``np.asarray(scaled, T)`` gives, without the array that this makes. Targets y are
    given as an array.

    Parameters
    ----------
    array : array-like or sparse matrix
        Real numbers of any dtype and memory layout. It is not copied; a sparse matrix of another
        format than CSR is converted to that.
    factor : float
        Finite, from -1e18 to 1e18.

    Attributes
    ----------
    array : ndarray or sparse matrix
        What was given.
    factor : float
        Its factor.

    Raises
    ------
    TypeError
        If the array is not one of real numbers, is masked or scaled already, or the factor is not
        a real number.
    ValueError
        If the array's rows differ in length, or the factor is too large or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> import wbcore as wb
    >>> images = np.array([[0, 51, 255], [255, 0, 102]], np.uint8)
    >>> X = wb.Scaled(images, 1 / 255)
    >>> net = wb.Network.mlp([3, 4, 2], "relu", seed=0)
    >>> _ = net.fit(X, [0, 1], loss="cross_entropy", epochs=2)
    >>> bool((net.predict(X) == net.predict(images * np.float32(1 / 255))).all())
    True
    """

    array: NDArray[Any]
    factor: float

    def __init__(self, array: ArrayLike | SparseLike, factor: float) -> None:
        if isinstance(array, View):
            raise TypeError(
                f"[Scaled] expected array to be an array of real numbers, "
                f"got a {type(array).__name__} one"
            )
        expected = "a finite number from -1e18 to 1e18"
        factor = _arguments.number(
            "Scaled",
            "factor",
            factor,
            expected=expected,
            allowed=lambda f: abs(f) <= _LARGEST_FACTOR,
        )
        array = (
            in_rows("Scaled", "array", array)
            if is_sparse(array)
            else _arguments.real_array("Scaled", "array", array)
        )
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "factor", factor)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the array."""
        return self.array.shape

    @property
    def ndim(self) -> int:
        """That of the array."""
        return self.array.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """What NumPy makes of it unasked: float32 for small integers, float64 for large ones."""
        return np.result_type(self.array.dtype, np.float32)

    def _like(self, array: Foreign) -> Scaled:
        return Scaled(array, self.factor)

    def _is_like(self, other: View) -> bool:
        return isinstance(other, Scaled) and self.factor == other.factor

    def __len__(self) -> int:
        return n_rows(self.array)

    def __getitem__(self, key: slice | list[int] | NDArray[Any]) -> Scaled:
        """Some of the rows, with the same factor."""
        return Scaled(self.array[key], self.factor)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("[Scaled] expected copy to be None or True, got False")
        wanted = self.dtype if dtype is None else np.dtype(dtype)
        computed = wanted if wanted.kind == "f" else self.dtype
        # (a product of arrays without dimensions is a number)
        numbers = np.asarray(dense(self.array).astype(computed) * np.asarray(self.factor, computed))
        return numbers.astype(wanted, copy=False)

    def __repr__(self) -> str:
        kind = "sparse matrix" if is_sparse(self.array) else "array"
        return f"Scaled({self.array.dtype} {kind} of shape {self.shape}, factor={self.factor:g})"
