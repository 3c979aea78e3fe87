"""What a layer takes as its initializer: a text that the core reads, or a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from wbcore import _arguments, _core, _foreign
from wbcore.initializers._filling import FUNCTIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore._draws import Seed

# A name, with numbers or without, or a function of fan_in and fan_out that returns what NumPy takes
# for a matrix.
Initializer: TypeAlias = str | Callable[..., Any]


def check(
    operation: str,
    name: str,
    initializer: object,
    known: tuple[str, ...],
    *,
    expected: str = "a function or one of",
) -> Initializer:
    """A function as it is, or the text of a known initializer in its one spelling."""
    is_function = callable(initializer) and not isinstance(initializer, type)
    if is_function:
        return cast("Callable[..., Any]", initializer)
    try:
        _arguments.choice(operation, name, _name_of(initializer), known, expected=expected)
    except ValueError as error:
        here = _foreign.named_here("initializer", str(initializer), known)
        raise ValueError(f"{error}; it is '{here}' here" if here else str(error)) from None
    assert isinstance(initializer, str), "a choice is a text"
    try:
        return str(_core.Initializer.parse(name, initializer.encode("ascii", "replace")))
    except ValueError as error:
        raise ValueError(f"[{operation}] {error}") from None


def _name_of(text: object) -> object:
    return text.partition("(")[0].strip(" ") if isinstance(text, str) else text


def draw(
    operation: str, initializer: Initializer, shape: tuple[int, int], seed: Seed, stream: int
) -> NDArray[Any]:
    """What an initializer gives for a network's layer, as it comes: float32 or float64."""
    options: dict[str, Any] = {"seed": seed, "layer": stream}
    if isinstance(initializer, str):
        choice = _core.Initializer.parse("initializer", initializer.encode())
        function, options = FUNCTIONS[choice.name], options | choice.numbers
    else:
        function = initializer
        options = {name: options[name] for name in _open(function) & {*options}}
    with _arguments.memory(operation):
        return _arguments.floats(operation, "its result", function(*shape, **options))


def _open(function: Callable[..., Any]) -> set[str]:
    """The keyword parameters that the function has and that functools.partial has not fixed."""
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # some builtins have no signature
        return set()
    return set(parameters) - set(getattr(function, "keywords", ()))
