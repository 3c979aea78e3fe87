"""What a fit trains on and is measured by: arrays as they were given, or windows of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import _arguments, priors
from wbcore._loss_function import LossFunction
from wbcore._view import Foreign
from wbcore.data._rows import Rows, rows_of
from wbcore.metrics import Chosen
from wbcore.training.weights import row_weights

if TYPE_CHECKING:
    from wbcore.network import Network
    from wbcore.optimizers.state import OptimizerState
    from wbcore.training.plan import Plan
    from wbcore.training.weights import ClassWeights

__all__ = [
    "end_of",
    "order_text",
    "output_biases",
    "require_no_class_weight",
    "training_rows",
    "validation_rows",
    "validation_weights",
    "weighed",
]


def weighed(network: Network, y: Foreign, plan: Plan) -> tuple[Foreign, ClassWeights | None]:
    """The weights of the rows of arrays, and of classes; a source has its own.

    Raises
    ------
    TypeError, ValueError
        When there are weights that do not suit the loss, or y, or weights of classes for a source.
    """
    if y is None:
        require_no_class_weight("fit", plan.class_weight)
        return plan.sample_weight, None
    return row_weights(
        "fit",
        network,
        _loss(plan),
        y,
        sample_weight=plan.sample_weight,
        class_weight=plan.class_weight,
    )


def require_no_class_weight(operation: str, class_weight: object) -> None:
    """Of a source nobody knows all labels, and its blocks have weights of their own."""
    if class_weight is not None:
        raise TypeError(
            f"[{operation}] expected no class_weight beside a source, whose blocks may be "
            f"(X, y, sample_weight), got {_arguments.shown(class_weight)}"
        )


def validation_weights(network: Network, plan: Plan, classes: ClassWeights | None) -> Foreign:
    """Those of validation arrays: their own, times those of the classes of the training data."""
    if plan.validation_data is None:
        return None
    triple: Foreign = plan.validation_data
    _, y, weights = triple
    loss = _loss(plan)
    if isinstance(loss, LossFunction):
        loss.require_takes("fit, validation_data", weights, None)
    elif classes is not None:
        if y is None:
            require_no_class_weight("fit, validation_data", plan.class_weight)
        return classes.of_validation().times(y, weights, loss=loss, outputs=network.widths[-1])
    return weights


def training_rows(
    network: Network, X: Foreign, y: Foreign, weights: Foreign, plan: Plan, *, end: int
) -> Rows:
    """What is trained on, up to the epoch `end`.

    Raises
    ------
    TypeError, ValueError
        When X and y are no source and no arrays, or a source is to hold rows out, or to be ranked.
    """
    assert isinstance(plan.metrics, Chosen), "Plan has made it one"
    rows = rows_of(
        "fit",
        network._core,
        X,
        y,
        loss=_loss(plan),
        weights=weights,
        compared=bool(plan.metrics.texts),
        piece=plan.batch_size,
        end=end,
        shuffle=True if callable(plan.shuffle) else plan.shuffle,
        window=plan.shuffle_window,
        seed=plan.seed,
    )
    if rows.windows is not None and plan.validation_fraction is not None:
        rows.close()
        raise ValueError(
            "[fit] expected validation_data beside a source or shuffle='blocks', got "
            "validation_fraction, which holds out rows of arrays"
        )
    if rows.windows is not None and plan.validation_data is None and plan.metrics.ranks:
        rows.close()
        raise ValueError(
            f"[fit] expected validation_data for the metric {plan.metrics.ranks[0]} beside a "
            f"source or shuffle='blocks', got none: it looks at all predictions at once"
        )
    return rows


def validation_rows(network: Network, plan: Plan, weights: Foreign, *, end: int) -> Rows:
    """What each epoch up to `end` is measured by, if anything."""
    assert isinstance(plan.metrics, Chosen), "Plan has made it one"
    triple: Foreign = plan.validation_data
    if triple is None:
        return Rows(None, None)
    return rows_of(
        "fit, validation_data",
        network._core,
        *triple[:2],
        loss=_loss(plan),
        weights=weights,
        compared=bool(plan.metrics.texts),
        end=end,
    )


def output_biases(network: Network, rows: Rows, plan: Plan) -> list[float]:
    """Those that the last layer begins with."""
    y, weights = rows.y, rows.weights
    if rows.windows is not None:
        y, weights = rows.windows.source, None  # whose blocks have their own
    return list(map(float, priors.prior_biases("fit", network, y, _loss(plan), weights)))


def order_text(rows: Rows, plan: Plan) -> str:
    """What beside the settings of the core makes an epoch of a source another one."""
    if rows.windows is None or plan.shuffle != "blocks":
        return ""  # the order of arrays
    return f" of blocks {rows.windows.source.rows}, {plan.shuffle} by {plan.shuffle_window}"


def end_of(plan: Plan, state: OptimizerState) -> int:
    """The number of the epoch before which the fit ends."""
    return (state.epoch if plan.first_epoch is None else plan.first_epoch) + plan.epochs


def _loss(plan: Plan) -> str | LossFunction:
    assert isinstance(plan.loss, (str, LossFunction)), "Plan has made it one"
    return plan.loss
