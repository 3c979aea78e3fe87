"""What `fit` and `evaluate` take as metrics, and what functions of one's own give."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from wbcore import _arguments, _named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.metrics.choices import Metric

__all__ = ["NAMES", "Choices", "Chosen", "Function", "check", "of_predictions"]

NAMES: tuple[str, ...] = tuple(_named.rows("metric"))

#: The series that a fit may have beside its metrics.
PENALTY = "penalty"

#: A metric of one's own: `function(outputs, targets)` on NumPy arrays.
Function: TypeAlias = "Callable[..., float]"
Choices: TypeAlias = (
    "Sequence[Metric | str | Function | Mapping[str, Function]] | Mapping[str, Function]"
)


@dataclass(frozen=True)
class Chosen:
    """The metrics of a fit or an evaluation: texts for the core, and functions by their names.

    Of a fit also whether it is to say what the optimizer's penalties add to the loss.
    """

    texts: tuple[str, ...]
    functions: Mapping[str, Function]
    penalty: bool = False

    @property
    def ranks(self) -> tuple[str, ...]:
        """Those of the texts that look at all predictions at once."""
        rows = _named.rows("metric")
        return tuple(
            text for text in self.texts if rows[text.partition("(")[0]].properties["ranks"]
        )


_NONE = Chosen((), {})  # the default of every fit


def check(
    operation: str, metrics: object, *, reserved: Iterable[str] = (), of_fit: bool = False
) -> Chosen:
    """Known metrics, each once.

    Parameters
    ----------
    operation : str
    metrics : object
        A sequence of metrics, texts, functions, and dicts of functions by name; or one such dict.
    reserved : iterable of str
        Names that no function may have, beside those of metrics.
    of_fit : bool
        Whether "penalty" is one, which no metric of outputs is.

    Returns
    -------
    Chosen
    """
    if type(metrics) is tuple and not metrics:
        return _NONE
    texts: list[str] = []
    penalties: list[str] = []
    functions: list[tuple[str, Function]] = []
    given = [metrics] if isinstance(metrics, Mapping) else _listed(operation, metrics)
    for one in given:
        if isinstance(one, Mapping):
            functions += one.items()
        elif callable(one) and not isinstance(one, type):
            functions.append((getattr(one, "__name__", ""), one))
        elif of_fit and isinstance(one, str) and one.strip() == PENALTY:
            penalties.append(PENALTY)
        else:
            texts.append(_named.text("metric", operation, "metrics", one))
    for name, function in functions:
        _require_function(operation, name, function, ("loss", PENALTY, *NAMES, *reserved))
    names = [*penalties, *texts, *(name for name, _ in functions)]
    if len(set(names)) < len(names):
        raise ValueError(f"[{operation}] expected each of metrics once, got {names}")
    return Chosen(tuple(texts), dict(functions), bool(penalties))


def _listed(operation: str, metrics: object) -> tuple[object, ...]:
    if isinstance(metrics, Iterable) and not isinstance(metrics, str):
        # arrays without dimensions only look like one, and a memoryview of two has no rows
        with contextlib.suppress(TypeError, NotImplementedError):
            return tuple(metrics)
    raise TypeError(
        f"[{operation}] expected metrics to be a sequence of names such as ['mae'], "
        f"got {_arguments.shown(metrics)}"
    )


def _require_function(
    operation: str, name: object, function: object, reserved: tuple[str, ...]
) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(
            f"[{operation}] expected a metric of one's own to have a name such as 'cost', "
            f"got {_arguments.shown(name)}; pass {{'cost': function}}"
        )
    if not callable(function):
        raise TypeError(
            f"[{operation}] expected the metric {name} to be callable as "
            f"function(outputs, targets), got {_arguments.shown(function)}"
        )
    if name in reserved or name.startswith("val_"):
        raise ValueError(
            f"[{operation}] expected a metric of one's own to have a name of its own, "
            f"got {name!r}, which stands for something else; pass {{'my_{name}': function}}"
        )


def of_predictions(
    operation: str,
    functions: Mapping[str, Function],
    outputs: NDArray[Any],
    targets: NDArray[Any],
    weights: NDArray[Any] | None,
) -> dict[str, float]:
    """What functions of one's own give.

    Parameters
    ----------
    operation : str
    functions : mapping of str to callable
    outputs : ndarray of shape (B, O)
    targets : ndarray
        Labels (B,), or of the shape of outputs.
    weights : ndarray of shape (B,), optional
        Given, by name, to functions that take `sample_weight`.
    """
    values = {}
    for name, function in functions.items():
        named = {}
        if _arguments.takes(function, "sample_weight"):
            named = {"sample_weight": weights}
        values[name] = _arguments.number(
            operation,
            f"what the metric {name} returns",
            _plain(function(outputs, targets, **named)),
            expected="a number",
            allowed=lambda _: True,
        )
    return values


def _plain(value: object) -> object:
    """A number for an array without dimensions."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
