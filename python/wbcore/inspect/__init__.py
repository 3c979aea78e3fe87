"""What a network is made of, as numbers: weights and biases, before, in and after training.

Functions return a :class:`Table`, rows with named columns that print as an aligned table and turn
into a dict of columns with :meth:`Table.to_dict`, or an object that prints as one.

Two things these numbers do not say:

- **A weight is not a feature's importance.** Its size depends on the unit of the feature, a large
  weight may be undone by another one in the same or in a later layer, and what a feature
  contributes goes through all units of all layers. To learn how much a network relies on a feature,
  measure it on data: :func:`permutation_importance`, and row by row :func:`attribution`.
- **Prediction never changes a weight.** Weights and biases change in ``fit`` and in an optimizer's
  ``step``, and when you write to them; ``predict`` and ``evaluate`` leave every bit as it was, and
  so does everything in this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore._lazy import lazy

if TYPE_CHECKING:
    from wbcore.inspect.attributions import Attribution, attribution
    from wbcore.inspect.correlation import weight_bias_correlation
    from wbcore.inspect.mistakes import confused_pairs, error_by_quantile, worst_predictions
    from wbcore.inspect.parameters import bias_changes, parameter_table, weight_changes
    from wbcore.inspect.permutation import PermutationImportance, permutation_importance
    from wbcore.inspect.table import Table
    from wbcore.inspect.timing import time_per_update

__all__ = [
    "Attribution",
    "PermutationImportance",
    "Table",
    "attribution",
    "bias_changes",
    "confused_pairs",
    "error_by_quantile",
    "parameter_table",
    "permutation_importance",
    "time_per_update",
    "weight_bias_correlation",
    "weight_changes",
    "worst_predictions",
]

if not TYPE_CHECKING:  # with them, checkers would find any name
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "Attribution": "wbcore.inspect.attributions",
            "PermutationImportance": "wbcore.inspect.permutation",
            "Table": "wbcore.inspect.table",
            "attribution": "wbcore.inspect.attributions",
            "bias_changes": "wbcore.inspect.parameters",
            "confused_pairs": "wbcore.inspect.mistakes",
            "error_by_quantile": "wbcore.inspect.mistakes",
            "parameter_table": "wbcore.inspect.parameters",
            "permutation_importance": "wbcore.inspect.permutation",
            "time_per_update": "wbcore.inspect.timing",
            "weight_bias_correlation": "wbcore.inspect.correlation",
            "weight_changes": "wbcore.inspect.parameters",
            "worst_predictions": "wbcore.inspect.mistakes",
        },
    )
