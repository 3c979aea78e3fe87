"""What a fit trains on and is measured by: arrays as they were given, or windows of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore import priors
from wbcore._loss_function import LossFunction
from wbcore._view import Foreign
from wbcore.data._rows import Rows, rows_of
from wbcore.optimizers import Optimizer

if TYPE_CHECKING:
    from wbcore.network import Network
    from wbcore.training.plan import Plan

__all__ = ["order_text", "output_biases", "training_rows", "validation_rows"]


def training_rows(network: Network, X: Foreign, y: Foreign, plan: Plan) -> Rows:
    """What is trained on.

    Raises
    ------
    TypeError, ValueError
        When X and y are no source and no arrays, or a source is to hold rows out.
    """
    rows = rows_of(
        "fit",
        network._core,
        X,
        y,
        loss=_loss(plan),
        compared=bool(plan.metrics),
        piece=plan.batch_size,
        end=_end(network, plan),
        shuffle=plan.shuffle,
        window=plan.shuffle_window,
        seed=plan.seed,
    )
    if rows.windows is not None and plan.validation_fraction is not None:
        rows.close()
        raise ValueError(
            "[fit] expected validation_data beside a source or shuffle='blocks', got "
            "validation_fraction, which holds out rows of arrays"
        )
    return rows


def validation_rows(network: Network, plan: Plan) -> Rows:
    """What each epoch is measured by, if anything."""
    pair: Foreign = plan.validation_data
    if pair is None:
        return Rows(None, None)
    return rows_of(
        "fit, validation_data",
        network._core,
        *pair,
        loss=_loss(plan),
        compared=bool(plan.metrics),
        end=_end(network, plan),
    )


def output_biases(network: Network, rows: Rows, plan: Plan) -> list[float]:
    """Those that the last layer begins with, or none where it goes on as it is."""
    if plan.bias_init is None and not network._starts_at_prior:
        return []
    y = rows.y if rows.windows is None else rows.windows.source
    return list(map(float, priors.prior_biases("fit", network, y, _loss(plan))))


def order_text(rows: Rows, plan: Plan) -> str:
    """What beside the settings of the core makes an epoch of a source another one."""
    if rows.windows is None:
        return ""
    return f" of blocks {rows.windows.source.rows}, {plan.shuffle} by {plan.shuffle_window}"


def _end(network: Network, plan: Plan) -> int:
    """The number of the epoch before which the fit ends."""
    assert isinstance(plan.optimizer, Optimizer), "L-BFGS takes arrays alone"
    first = plan.first_epoch
    if first is None:
        first = plan.optimizer._state(network._core).epoch
    return first + plan.epochs


def _loss(plan: Plan) -> str | LossFunction:
    assert isinstance(plan.loss, (str, LossFunction)), "Plan has made it one"
    return plan.loss
