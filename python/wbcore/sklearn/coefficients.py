"""`coefs_` and `intercepts_`: lists of live views, into which users may write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["Parameters", "views"]


class Parameters(list[Any]):
    """The arrays of all layers; what is assigned to a place is copied into the network.

    Parameters
    ----------
    name : str
        "coefs_" or "intercepts_", for messages.
    arrays : list of ndarray
        Live views.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str, arrays: Iterable[NDArray[Any]]) -> None:
        super().__init__(arrays)
        self._name = name

    def __setitem__(self, place: Any, value: Any) -> None:
        if isinstance(place, slice):
            _write(self._name, self[place], value)
        else:
            _write(f"{self._name}[{place}]", [self[place]], [value])

    def take(self, values: Iterable[Any]) -> None:
        """Copy an array for each layer into the network.

        Raises
        ------
        ValueError
            When one has another shape. Nothing has been written then.
        """
        _write(self._name, self, values)

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)  # copies are no views


def views(network: Network, name: str) -> Parameters:
    """Those of a network by their name in scikit-learn."""
    if name == "coefs_":
        return Parameters(name, (layer.weights for layer in network))
    return Parameters(name, (layer.biases for layer in network))


def _write(name: str, arrays: list[Any], values: Iterable[Any]) -> None:
    given = [np.asarray(value) for value in values]
    wanted = [array.shape for array in arrays]
    if [value.shape for value in given] != wanted:
        raise ValueError(
            f"[{name}] expected arrays of the shapes {wanted}, got "
            f"{[value.shape for value in given]}"
        )
    for array, value in zip(arrays, given, strict=True):
        if array is not value:
            array[...] = value
