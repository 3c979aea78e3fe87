"""What a network is made of, as numbers: weights and biases, before, in and after training.

Every function returns a :class:`Table`: rows with named columns that print as an aligned table and
turn into a dict of columns with :meth:`Table.to_dict`.

Two things these numbers do not say:

- **A weight is not a feature's importance.** Its size depends on the unit of the feature, a large
  weight may be undone by another one in the same or in a later layer, and what a feature
  contributes goes through all units of all layers. To learn how much a network relies on a feature,
  measure it on data, for example by permuting that feature's column and looking at the loss.
- **Prediction never changes a weight.** Weights and biases change in ``fit`` and in an optimizer's
  ``step``, and when you write to them; ``predict`` and ``evaluate`` leave every bit as it was, and
  so does everything in this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore._lazy import lazy

if TYPE_CHECKING:
    from wbcore.inspect.changes import bias_changes, weight_changes
    from wbcore.inspect.correlation import weight_bias_correlation
    from wbcore.inspect.digests import digest
    from wbcore.inspect.findings.calls import check, diagnose
    from wbcore.inspect.findings.codes import finding_codes
    from wbcore.inspect.findings.finding import Finding, Findings
    from wbcore.inspect.parameters import parameter_table
    from wbcore.inspect.stepping import step
    from wbcore.inspect.table import Table
    from wbcore.inspect.timing import time_per_update
    from wbcore.inspect.tracing import trace
    from wbcore.inspect.units import unit_table

__all__ = [
    "Finding",
    "Findings",
    "Table",
    "bias_changes",
    "check",
    "diagnose",
    "digest",
    "finding_codes",
    "parameter_table",
    "step",
    "time_per_update",
    "trace",
    "unit_table",
    "weight_bias_correlation",
    "weight_changes",
]

if not TYPE_CHECKING:  # with them, checkers would find any name
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "Finding": "wbcore.inspect.findings.finding",
            "Findings": "wbcore.inspect.findings.finding",
            "Table": "wbcore.inspect.table",
            "check": "wbcore.inspect.findings.calls",
            "diagnose": "wbcore.inspect.findings.calls",
            "finding_codes": "wbcore.inspect.findings.codes",
            "bias_changes": "wbcore.inspect.changes",
            "digest": "wbcore.inspect.digests",
            "parameter_table": "wbcore.inspect.parameters",
            "step": "wbcore.inspect.stepping",
            "time_per_update": "wbcore.inspect.timing",
            "trace": "wbcore.inspect.tracing",
            "unit_table": "wbcore.inspect.units",
            "weight_bias_correlation": "wbcore.inspect.correlation",
            "weight_changes": "wbcore.inspect.changes",
        },
    )
