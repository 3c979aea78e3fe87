"""How much each feature of a row contributed to what a network says of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from wbcore import _arguments
from wbcore._view import in_rows, is_sparse
from wbcore.inspect._calls import named
from wbcore.inspect.attributed_output import (
    OUTPUTS,
    loss_targets_of,
    require_loss,
    scalar_of,
    targets_of,
)
from wbcore.inspect.attribution_methods import Rows, attributed
from wbcore.inspect.attribution_result import Attribution
from wbcore.inspect.column_groups import feature_names_of, read_groups
from wbcore.inspect.float64_network import Float64Network
from wbcore.inspect.networks import require_network
from wbcore.inspect.paths import is_straight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from wbcore._view import Foreign, SparseLike
    from wbcore.inspect.column_groups import GroupsLike
    from wbcore.inspect.float64_network import Floats
    from wbcore.losses import Loss
    from wbcore.network import Network

__all__ = ["Attribution", "attribution"]

Method: TypeAlias = Literal["saliency", "gradient_x_input", "integrated_gradients", "occlusion"]
Output: TypeAlias = Literal["logit", "probability", "output", "loss"]


@named("attribution", "loss_and_gradient")
def attribution(
    net: Network,
    X: ArrayLike | SparseLike,
    target: ArrayLike | Literal["predicted"] | None = None,
    method: Method = "integrated_gradients",
    *,
    output: Output = "logit",
    baseline: ArrayLike | Literal["mean"] | None = None,
    n_steps: int | None = None,
    tolerance: float = 1e-6,
    loss: Loss | str | None = None,
    groups: GroupsLike | None = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
) -> Attribution:
    """Divide what a network says of each row among the features of the row.

    Everything is computed in float64 on a copy of the parameters; the network does not change. For
    what the methods mean, which baseline to take and what a sign says, see docs/importance.md.

    Parameters
    ----------
    net : Network
    X : array-like or sparse matrix of shape (B, I)
        Finite real numbers. Of a sparse matrix some rows at a time are made dense, and the values
        of all features are, too.
    target : int, array-like of shape (B,), "predicted" or None
        The number of the output that is attributed, for all rows or for each; "predicted" is the
        largest one of each row. May be left out when there is one output. For output="loss" it is
        y.
    method : {"saliency", "gradient_x_input", "integrated_gradients", "occlusion"}
        ``|dF/dx|``; ``(x - x0) dF/dx`` at x, with x0 the baseline; ``(x - x0)`` times the mean of
        dF/dx on the line from x0 to x (Sundararajan, Taly and Yan, 2017); or F(x) minus F of the
        row in which the feature has the baseline's value.
    output : {"logit", "probability", "output", "loss"}
        What F is: the last layer's sum before its activation; a probability as `predict_proba`
        gives it, of a single output that of class 1; what `predict` gives; or the row's loss.
    baseline : float, array-like of shape (I,) or (B, I), "mean" or None
        What stands for an absent feature; "mean" are the means of the columns of X. Default: 0.
    n_steps : int, optional
        Of integrated gradients: nodes of Gauss and Legendre on the whole line. Default: exact where
        the network is made of straight pieces (relu, leaky_relu, identity), else adaptive.
    tolerance : float, default 1e-6
        Of the adaptive integral: the residual of a row is at most tolerance * max(1, |change|).
    loss : Loss or str, optional
        Where output is "loss", or "probability" after a last layer of identity. Default: that of
        the last fit.
    groups : dict of lists, list of lists or array-like of shape (I,), optional
        Columns that are taken together, each in one group at most: those of a category, or a block
        of pixels. Occlusion sets them to the baseline at once; the other methods add up their
        values, of which saliency has none to add.
    feature_names : sequence of I str, optional
        Default: "x0", "x1", ...
    class_names : sequence of O str, optional
        What the outputs are called in print; of a single output, the names of both classes.

    Returns
    -------
    Attribution
        With `values`, `residual`, `baseline`, `change`, and `table(row)`.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, shape or range.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> net = wb.Network.mlp([4, 16, 3], activation="relu", seed=0)
    >>> X = np.random.default_rng(0).normal(size=(50, 4))
    >>> found = wb.inspect.attribution(net, X, target="predicted")
    >>> found.values.shape, bool((np.abs(found.residual) < 1e-10).all())
    ((50, 4), True)
    """
    operation = "attribution"
    require_network(operation, net)
    _arguments.choice(operation, "method", method, get_args(Method))
    _arguments.choice(operation, "output", output, OUTPUTS)
    if n_steps is not None:
        n_steps = _arguments.integer(operation, "n_steps", n_steps, high=1000)
    tolerance = _arguments.number(
        operation, "tolerance", tolerance, expected="a number above 0", allowed=lambda t: t > 0
    )
    require_loss(operation, output, loss)
    f64 = Float64Network(net)
    x = _rows(operation, X, f64.inputs)
    features = feature_names_of(operation, feature_names, f64.inputs)
    outputs = _class_names(operation, class_names, f64.outputs)
    taken = read_groups(operation, groups, features)
    if groups is not None and method == "saliency":
        raise ValueError(f"[{operation}] expected no groups with saliency, got some")
    rows = Rows(operation, f64, x, _baseline(operation, baseline, x))
    with _within_float64(operation):
        if output == "loss":
            targets = loss_targets_of(operation, target, len(rows))
        else:
            predicted = rows.last_sums
            targets = targets_of(operation, target, len(rows), f64.outputs, predicted=predicted)
        scalar = scalar_of(operation, net, targets, output=output, loss=loss)
        found = attributed(rows, scalar, method, taken, n_steps=n_steps, tolerance=tolerance)
    by_row = output == "loss" or isinstance(target, str) or (target is not None and np.ndim(target))
    return Attribution(
        values=found.values,
        residual=None if method == "saliency" else found.values.sum(axis=1) - found.change,
        change=found.change,
        start=found.start,
        X=x.copy(),
        baseline=rows.baseline,
        compared_with=_told(baseline, rows.baseline),
        points=found.points,
        method=method,
        output=output,
        target=targets if by_row else int(targets[0]),
        feature_names=taken.names,
        columns=taken.columns,
        class_names=outputs,
        exact=method == "integrated_gradients" and n_steps is None and is_straight(f64, scalar),
    )


@contextlib.contextmanager
def _within_float64(operation: str) -> Iterator[None]:
    """Refuse what overflows on the way, be it in NumPy or in what the core is then given."""
    try:
        with np.errstate(over="raise", invalid="raise"):
            yield
    except (FloatingPointError, ValueError) as error:
        if isinstance(error, ValueError) and not str(error).startswith("[predict]"):
            raise
        raise ValueError(
            f"[{operation}] expected sums and gradients within float64, got some that are not "
            f"finite there: parameters are NaN, infinite or too large, or rows are"
        ) from None


def _rows(operation: str, X: ArrayLike | SparseLike, inputs: int) -> Foreign:
    """X as it is, if it is an array or sparse: rows become float64 some at a time."""
    x = in_rows(operation, "X", X) if is_sparse(X) else _arguments.real_array(operation, "X", X)
    if len(x.shape) != 2 or x.shape[1] != inputs or not x.shape[0]:
        raise ValueError(
            f"[{operation}] expected X of shape (B, {inputs}), at least one row, "
            f"got shape {x.shape}"
        )
    return x


def _class_names(operation: str, names: Foreign, outputs: int) -> tuple[str, ...]:
    """A name for each output; none where none were given."""
    if names is None:
        return ()
    known = _arguments.names(operation, "class_names", names)
    wanted = max(outputs, 2)
    if len(known) != wanted:
        raise ValueError(
            f"[{operation}] expected class_names to be {wanted} names, "
            f"got {_arguments.shown(names)}"
        )
    return known if outputs > 1 else known[1:]


def _told(given: Foreign, baseline: Floats) -> str:
    """A baseline in a few words."""
    if not baseline.any():
        return "zeros"
    if isinstance(given, str):
        return "mean"
    if np.ndim(given):
        return "given array" if baseline.ndim == 1 else "given rows"
    return f"{baseline[0]:g}"


def _baseline(operation: str, given: Foreign, x: Foreign) -> Floats:
    """Of shape (I,), or (B, I) when that was given."""
    if given is None:
        return np.zeros(x.shape[1])
    if isinstance(given, str):
        _arguments.choice(operation, "baseline", given, ("mean",), expected="an array or")
        mean = x.mean(axis=0, dtype=np.float64)  # of a sparse matrix it is a matrix
        return np.asarray(mean, np.float64).reshape(-1)
    array = _arguments.floats(operation, "baseline", given).astype(np.float64)
    if array.shape not in ((), x.shape[1:], x.shape):
        raise ValueError(
            f"[{operation}] expected baseline to be a number or an array of shape "
            f"{x.shape[1:]} or {x.shape}, got shape {array.shape}"
        )
    return array if array.ndim else np.full(x.shape[1], array)
