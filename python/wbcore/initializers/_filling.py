"""What all initializers have in common: their checks, their docstring, and the call of the core."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core, _named
from wbcore._docstrings import Function, with_sections
from wbcore._draws import check_seed

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from wbcore._draws import Seed

_ROWS = _named.rows("initializer")

FUNCTIONS: dict[str, Callable[..., Any]] = {}


def initializer(own: str = "", about: str = "") -> Callable[[Function], Function]:
    """Registers a function, and completes its docstring with what all of them have in common."""
    own = f"{own}\n        {about}\n    " if own else ""
    complete = with_sections(f"""
    Parameters
    ----------
    fan_in, fan_out : int
        The layer's numbers of inputs and outputs, at least 1.
    {own}seed : int, numpy.random.Generator or numpy.random.RandomState, default 0
        Where draws come from; an integer from 0 to 2**64 - 1.
    layer : int, default 0
        Which of an integer seed's streams: layer l of a network uses stream l.
    dtype : {{"float64", "float32"}}
        To which the values, computed in float64, are rounded.

    Returns
    -------
    ndarray of shape (fan_in, fan_out)

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind or out of range, or a value not finite in dtype.
    """)

    def register(function: Function) -> Function:
        function.__module__ = "wbcore.initializers"  # as users import it, also in pickles
        FUNCTIONS[function.__name__] = function
        return complete(function)

    return register


def filled(
    name: str,
    shape: tuple[object, object],
    seed: object,
    layer: object,
    dtype: DTypeLike,
    **numbers: object,
) -> NDArray[Any]:
    """A matrix that the core fills; `numbers` are those of the initializer's row."""
    fan_in = _arguments.integer(name, "fan_in", shape[0])
    fan_out = _arguments.integer(name, "fan_out", shape[1])
    source = check_seed(name, seed)
    layer = _arguments.integer(name, "layer", layer, low=0, high=2**63 - 1)
    single = _arguments.dtype(name, dtype) == np.float32
    # NumPy says of a size that no address can count that it is a wrong value
    needed = fan_in * fan_out * np.dtype(np.float64).itemsize
    if needed > np.iinfo(np.intp).max:
        raise MemoryError(f"[{name}] expected {needed} bytes of memory, got less")
    row = _ROWS[name]
    choice = _core.Initializer(
        name,
        [
            _arguments.number(name, n.name, numbers[n.name], expected=n.expected, allowed=n.allows)
            for n in row.numbers
        ],
    )
    with _arguments.memory(name):
        if isinstance(source, int) or row.properties["draw"] == "none":
            key = source if isinstance(source, int) else 0

            def values(single: bool) -> NDArray[Any]:
                return choice.from_stream(key, layer, fan_in, fan_out, single)
        else:
            draws = _drawn(source, row.properties["draw"], (fan_in, fan_out))

            def values(single: bool) -> NDArray[Any]:
                return choice.from_draws(draws, single)

        result = values(single)
        if not np.isfinite(result).all():
            # once more, for the number that the message shows
            _arguments.require_finite(name, "its result", values(False), result)
        return result


def _drawn(source: Seed, draw: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Draws of NumPy's, of the kind that an initializer is made of."""
    assert not isinstance(source, int), "the core has its own"
    return source.standard_normal(shape) if draw == "normal" else source.random(shape)
