"""Losses: how far outputs are from their targets, as a mean over the batch.

A loss is a small object, such as `Huber(delta=0.5)`; its text, "huber(0.5)", is taken wherever a
loss is. Called with outputs and targets it gives its value. The same functions, in the same
arithmetic, train networks (docs/arithmetic.md, section 6). All are means over all elements, but
`CrossEntropy` and `KLDivergence` are means over rows. Outputs may weigh differently in those over
elements: `MSE(output_weights=(1, 2))`, "mse[1, 2]".

Some include the last activation. In `Network.fit` they take what the last layer gives: with the
activation identity those are logits, or logarithms of rates, with the activation itself
probabilities or rates, and both are computed fused, from the z before it, with the same gradients.
Called, they take z.

============================================  ==================  =====================
losses                                        include             targets
============================================  ==================  =====================
`MSE`, `MAE`, `Huber`, `LogCosh`, `Quantile`  nothing             numbers
`BinaryCrossEntropy`, `Focal`                 sigmoid             from 0 to 1
`CrossEntropy`, `KLDivergence`                softmax             labels, or shares
`Poisson`                                     exp                 at least 0
`GammaDeviance`                               exp                 above 0
`Hinge`, `SquaredHinge`                       nothing             0/1, -1/1, or labels
============================================  ==================  =====================

A loss of one's own is any function `(outputs, targets) -> (value, gradient)`; see `Network.fit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore._lazy import lazy as _lazy
from wbcore.losses.base import (
    METRICS,
    NAMES,
    Loss,
    LossLike,
    loss_and_gradient,
)
from wbcore.losses.base import check as check  # these are for the package, not for its users
from wbcore.losses.base import check_given as check_given

if TYPE_CHECKING:
    from wbcore.losses.classification import (
        BinaryCrossEntropy,
        CrossEntropy,
        Focal,
        Hinge,
        KLDivergence,
        SquaredHinge,
    )
    from wbcore.losses.regression import (
        MAE,
        MSE,
        GammaDeviance,
        Huber,
        LogCosh,
        Poisson,
        Quantile,
    )

__all__ = [
    "MAE",
    "METRICS",
    "MSE",
    "NAMES",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Focal",
    "GammaDeviance",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossLike",
    "Poisson",
    "Quantile",
    "SquaredHinge",
    "loss_and_gradient",
]

if not TYPE_CHECKING:  # classes take milliseconds to make: texts do without
    __getattr__, __dir__ = _lazy(
        __name__,
        {
            "BinaryCrossEntropy": "wbcore.losses.classification",
            "CrossEntropy": "wbcore.losses.classification",
            "Focal": "wbcore.losses.classification",
            "GammaDeviance": "wbcore.losses.regression",
            "Hinge": "wbcore.losses.classification",
            "Huber": "wbcore.losses.regression",
            "KLDivergence": "wbcore.losses.classification",
            "LogCosh": "wbcore.losses.regression",
            "MAE": "wbcore.losses.regression",
            "MSE": "wbcore.losses.regression",
            "Poisson": "wbcore.losses.regression",
            "Quantile": "wbcore.losses.regression",
            "SquaredHinge": "wbcore.losses.classification",
        },
    )
