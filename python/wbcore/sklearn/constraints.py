"""What each parameter may be, in the words of scikit-learn's validation."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from wbcore import _arguments

__all__ = ["CONSTRAINTS", "require_countable"]

_COUNT = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_BELOW_ONE = Interval(Real, 0, 1, closed="left")

# What wbcore checks itself has "no_validation": activations, losses, optimizers, schedules,
# initializers, metrics and callbacks, with messages that name what there is.
CONSTRAINTS: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": "no_validation",
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_BELOW_ONE],
    "beta_1": [_BELOW_ONE],
    "beta_2": [_BELOW_ONE],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "max_fun": [_COUNT],
    "loss": "no_validation",
    "initializer": "no_validation",
    "bias_init": "no_validation",
    "dropout": ["array-like", _BELOW_ONE],
    "class_weight": [dict, list, StrOptions({"balanced"}), None],
    "validation_data": [tuple, list, None],
    "metrics": "no_validation",
    "callbacks": ["array-like", None],
    "optimizer": "no_validation",
    "schedule": "no_validation",
    "clip_norm": [_POSITIVE, None],
    "l1": [_NOT_NEGATIVE],
    "n_threads": [_COUNT, None],
    "dtype": [StrOptions({"float32", "float64"}), type, np.dtype, None],
    "progress": ["boolean"],
    "missing": [StrOptions({"error", "mean", "mean+indicator"})],
}


def require_countable(estimator: Any) -> None:
    """Refuse whole numbers that neither a float nor a count of the core can be."""
    for name, value in estimator.get_params(deep=False).items():
        if isinstance(value, Integral) and int(value) >= 2**63:
            raise ValueError(
                f"[fit] expected {name} to be below 2**63, got {_arguments.shown(value)}"
            )
