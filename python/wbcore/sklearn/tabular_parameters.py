"""What each parameter of an estimator for tables may be, and the defaults of the recipe."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from wbcore.recipe import TABLE

__all__ = ["CONSTRAINTS", "DEFAULTS"]

DEFAULTS: dict[str, Any] = {
    "hidden_layer_sizes": TABLE.hidden,
    "activation": TABLE.activation,
    "batch_size": TABLE.batch_size,
    "validation_fraction": TABLE.validation_fraction,
    "patience": TABLE.patience,
}

_COUNT = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")

# What wbcore checks itself has "no_validation", with messages that name what there is.
CONSTRAINTS: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": "no_validation",
    "loss": "no_validation",
    "initializer": "no_validation",
    "bias_init": [StrOptions({"prior", "zeros"})],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "optimizer": "no_validation",
    "learning_rate": [Interval(Real, 0, None, closed="neither"), None],
    "schedule": "no_validation",
    "l2": [_NOT_NEGATIVE, None],
    "epochs": [_COUNT, None],
    "batch_size": [_COUNT],
    "early_stopping": ["boolean", StrOptions({"auto"})],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "patience": [_COUNT],
    "validation_data": "no_validation",
    "categories": [StrOptions({"auto"}), "array-like"],
    "max_categories": [Interval(Integral, 2, None, closed="left")],
    "missing": [StrOptions({"mean+indicator", "mean", "error"})],
    "random_state": ["random_state"],
    "metrics": "no_validation",
    "callbacks": ["array-like", None],
    "n_threads": [_COUNT, None],
    "dtype": [StrOptions({"float32", "float64"}), type, np.dtype],
    "progress": ["boolean"],
}
