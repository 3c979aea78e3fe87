"""A model in JSON: what ``wbcore inspect --json`` prints."""

import json
import math
from typing import TYPE_CHECKING, Any

from wbcore.inspect import Table, parameter_table, weight_bias_correlation

if TYPE_CHECKING:
    from wbcore.network import Network

__all__ = ["json_text"]


def json_text(net: "Network") -> str:
    """Return the metadata and the two tables by their columns; null is a number not defined."""
    parameters = _columns(parameter_table(net))
    parameters["shape"] = [
        list(part.shape)
        for layer in net
        for part in (layer.weights, layer.biases)
        if part is not None
    ]
    found = {
        "metadata": net.metadata,
        "parameters": parameters,
        "correlation": _columns(weight_bias_correlation(net)),
    }
    return json.dumps(found, indent=2, allow_nan=False)


def _columns(table: Table) -> dict[str, list[Any]]:
    return {name: [_defined(value) for value in column] for name, column in table.to_dict().items()}


def _defined(value: Any) -> Any:  # noqa: ANN401, a cell holds anything
    return None if isinstance(value, float) and not math.isfinite(value) else value
