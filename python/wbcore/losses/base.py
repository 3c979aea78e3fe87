"""What all losses have in common, and how they are read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias

from wbcore import _arguments, _core, _named, metrics
from wbcore._loss_function import LossFunction

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["METRICS", "NAMES", "Loss", "LossLike", "loss_and_gradient"]

NAMES: tuple[str, ...] = tuple(_named.rows("loss"))

#: The names of `wbcore.metrics`.
METRICS: tuple[str, ...] = metrics.NAMES


@dataclass(frozen=True, repr=False)
class Loss(_named.Choice, kind="loss"):
    """What all losses have in common: `loss(outputs, y)` is its value, `str(loss)` its text.

    Parameters
    ----------
    output_weights : sequence of O floats, optional
        Weights of the outputs, at least 0: the loss is then the weighted mean over all elements,
        sum(w * element) / (B * sum(w)). In texts they follow in brackets, "mse[1, 2]". Default: all
        weigh alike. Not for the losses of classes, `CrossEntropy` and `KLDivergence`.

    Examples
    --------
    >>> import wbcore as wb
    >>> isinstance(wb.losses.Huber(0.5), wb.losses.Loss), str(wb.losses.Huber(0.5))
    (True, 'huber(0.5)')
    >>> loss = wb.losses.MSE(output_weights=(1, 3))
    >>> loss([[0.0, 0.0]], [[2.0, 4.0]]), str(loss)
    (13.0, 'mse[1, 3]')
    """

    output_weights: Sequence[float] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.output_weights is not None:
            weights = _output_weights(type(self).__name__, self.output_weights)
            if self._row.properties["mean"] == "rows":
                raise ValueError(
                    f"[{type(self).__name__}] expected no output_weights for a loss whose outputs "
                    f"are classes of one decision, got {_arguments.shown(weights)}"
                )
            object.__setattr__(self, "output_weights", weights)  # the way of frozen dataclasses

    @property
    def _quantiles(self) -> tuple[float, ...]:
        """Which of the targets the best constant outputs are, in turn; none: their means."""
        return ()

    @property
    def _smoothing(self) -> float:
        """The share of each target that all classes have alike."""
        return 0.0

    def __str__(self) -> str:
        numbers = [getattr(self, number.name) for number in self._row.numbers]
        return _core.choice_text("loss", self._row.name, numbers, self.output_weights or ())

    def __repr__(self) -> str:
        shown = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if not f.kw_only]
        return self._repr(shown)

    def _repr(self, shown: list[str]) -> str:
        if self.output_weights is not None:
            shown.append(f"output_weights={self.output_weights!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __call__(self, outputs: ArrayLike, y: ArrayLike) -> float:
        """The loss of outputs for targets.

        Parameters
        ----------
        outputs : array-like of shape (B, O) or (B,)
            Finite real numbers; (B,) stands for (B, 1). Of the losses that include an activation
            these are the numbers before it: logits, logarithms of rates.
        y : array-like
            Targets of the shape of outputs; when O is 1, either may be (B,) and the other (B, 1).
            For `CrossEntropy` and `KLDivergence` integer labels (B,), or shares (B, O); each loss
            says what it takes.

        Returns
        -------
        float
            Computed in float32 when outputs are, else in float64.

        Raises
        ------
        TypeError, ValueError
            When an array is of the wrong kind or shape, or not finite, or a target out of range.

        Examples
        --------
        >>> import wbcore as wb
        >>> wb.losses.MSE()([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])
        3.0
        """
        return loss_and_gradient(self, outputs, y)[0]


#: What `fit`, `evaluate` and `loss_and_gradients` take for a loss.
LossLike: TypeAlias = Loss | str | Callable[..., Any]


def loss_and_gradient(
    loss: Loss | str, outputs: ArrayLike, y: ArrayLike
) -> tuple[float, NDArray[Any]]:
    """A loss and its gradient by the outputs, or by what comes before an activation it includes.

    Parameters
    ----------
    loss : Loss or str
        Such as `Huber(0.5)` or "huber(0.5)".
    outputs : array-like of shape (B, O) or (B,)
        Finite real numbers; (B,) stands for (B, 1).
    y : array-like
        Targets, as the loss takes them.

    Returns
    -------
    loss : float
    gradient : ndarray of the shape of outputs
        float32 when outputs are, else float64.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range, or not finite.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.loss_and_gradient("mse", [[1.0], [3.0]], [[1.0], [2.0]])
    (0.5, array([[0.],
           [1.]]))
    """
    text = check("loss_and_gradient", loss)
    name = text.partition("(")[0]
    values = _arguments.floats(name, "outputs", outputs)
    if values.ndim not in (1, 2) or values.size == 0:
        raise ValueError(
            f"[{name}] expected outputs of shape (B, O) or (B,), at least one of each, "
            f"got shape {values.shape}"
        )
    rows = values if values.ndim == 2 else values.reshape(-1, 1)
    value, gradient = _core.loss_and_gradient(text, rows, y)
    return value, gradient.reshape(values.shape)


def check(operation: str, loss: object) -> str:
    """The text of a loss."""
    return _named.text("loss", operation, "loss", loss)


def check_given(operation: str, loss: object) -> str | LossFunction:
    """The text of a loss, or a function in its place."""
    if isinstance(loss, LossFunction):
        return loss
    of_ours = isinstance(loss, (str, _named.Choice, type))  # a class is a slip: MSE for MSE()
    return LossFunction(loss) if callable(loss) and not of_ours else check(operation, loss)


def _output_weights(operation: str, weights: object) -> tuple[float, ...]:
    expected = "a sequence of numbers of at least 0, one for each output, not all 0"
    given: tuple[object, ...] = ()
    if isinstance(weights, Iterable) and not isinstance(weights, str):
        # arrays without dimensions only look like one, and a memoryview of two has no rows
        with contextlib.suppress(TypeError, NotImplementedError):
            given = tuple(weights)
    if not given:
        raise TypeError(
            f"[{operation}] expected output_weights to be {expected}, "
            f"got {_arguments.shown(weights)}"
        )
    numbers = tuple(
        _arguments.number(
            operation,
            "each of output_weights",
            weight,
            expected="a finite number of at least 0",
            allowed=lambda x: 0 <= x <= _arguments.FLOAT32_MAX,
        )
        for weight in given
    )
    if not 0 < sum(numbers) <= _arguments.FLOAT32_MAX:
        raise ValueError(
            f"[{operation}] expected output_weights to be {expected}, "
            f"got {_arguments.shown(numbers)}"
        )
    return numbers
