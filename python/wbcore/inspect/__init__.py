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
    from wbcore.inspect.attribution_result import Attribution
    from wbcore.inspect.attributions import attribution
    from wbcore.inspect.batches import Batch, batch_of
    from wbcore.inspect.changes import bias_changes, weight_changes
    from wbcore.inspect.comparison import compare
    from wbcore.inspect.correlation import weight_bias_correlation
    from wbcore.inspect.difference import Difference, first_difference
    from wbcore.inspect.digests import digest
    from wbcore.inspect.divergence import NonFinite, find_divergence
    from wbcore.inspect.findings.calls import check, diagnose
    from wbcore.inspect.findings.codes import finding_codes
    from wbcore.inspect.findings.finding import Finding, Findings
    from wbcore.inspect.forking import fork
    from wbcore.inspect.importances import PermutationImportance
    from wbcore.inspect.influences import influence
    from wbcore.inspect.mistakes import confused_pairs, worst_predictions
    from wbcore.inspect.parameters import parameter_table
    from wbcore.inspect.permutation import permutation_importance
    from wbcore.inspect.profiling import Profile, profile
    from wbcore.inspect.signals import activations
    from wbcore.inspect.stepping import step
    from wbcore.inspect.table import Table
    from wbcore.inspect.target_errors import error_by_quantile
    from wbcore.inspect.tracing import trace
    from wbcore.inspect.units import unit_table

__all__ = [
    "Attribution",
    "Batch",
    "Difference",
    "Finding",
    "Findings",
    "NonFinite",
    "PermutationImportance",
    "Profile",
    "Table",
    "activations",
    "attribution",
    "batch_of",
    "bias_changes",
    "check",
    "compare",
    "confused_pairs",
    "diagnose",
    "digest",
    "error_by_quantile",
    "find_divergence",
    "finding_codes",
    "first_difference",
    "fork",
    "influence",
    "parameter_table",
    "permutation_importance",
    "profile",
    "step",
    "trace",
    "unit_table",
    "weight_bias_correlation",
    "weight_changes",
    "worst_predictions",
]

if not TYPE_CHECKING:  # with them, checkers would find any name
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "Attribution": "wbcore.inspect.attribution_result",
            "Batch": "wbcore.inspect.batches",
            "Difference": "wbcore.inspect.difference",
            "Finding": "wbcore.inspect.findings.finding",
            "Findings": "wbcore.inspect.findings.finding",
            "NonFinite": "wbcore.inspect.divergence",
            "PermutationImportance": "wbcore.inspect.importances",
            "Profile": "wbcore.inspect.profiling",
            "Table": "wbcore.inspect.table",
            "activations": "wbcore.inspect.signals",
            "attribution": "wbcore.inspect.attributions",
            "batch_of": "wbcore.inspect.batches",
            "bias_changes": "wbcore.inspect.changes",
            "check": "wbcore.inspect.findings.calls",
            "compare": "wbcore.inspect.comparison",
            "confused_pairs": "wbcore.inspect.mistakes",
            "diagnose": "wbcore.inspect.findings.calls",
            "digest": "wbcore.inspect.digests",
            "error_by_quantile": "wbcore.inspect.target_errors",
            "find_divergence": "wbcore.inspect.divergence",
            "finding_codes": "wbcore.inspect.findings.codes",
            "first_difference": "wbcore.inspect.difference",
            "fork": "wbcore.inspect.forking",
            "influence": "wbcore.inspect.influences",
            "parameter_table": "wbcore.inspect.parameters",
            "permutation_importance": "wbcore.inspect.permutation",
            "profile": "wbcore.inspect.profiling",
            "step": "wbcore.inspect.stepping",
            "trace": "wbcore.inspect.tracing",
            "unit_table": "wbcore.inspect.units",
            "weight_bias_correlation": "wbcore.inspect.correlation",
            "weight_changes": "wbcore.inspect.changes",
            "worst_predictions": "wbcore.inspect.mistakes",
        },
    )
