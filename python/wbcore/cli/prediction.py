"""Predictions for the rows of a table, as columns."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import wbcore as wb
from wbcore.io.table import read_features

__all__ = ["predict_table", "write_table"]

Columns = dict[str, NDArray[Any]]


def predict_table(net: "wb.Network", path: Path) -> Columns:
    """Return the predictions of a network for the rows of a CSV or Parquet file.

    The columns are matched by the names in the network's metadata. A network without them takes all
    columns as they are.

    Returns
    -------
    dict
        ``prediction`` and a ``probability_<class>`` for each class; or ``prediction`` alone, for a
        regression; or ``output_<i>``, for a network that does not say what its outputs are.
    """
    features, n_inputs = net.metadata.get("features"), net[0].inputs
    if features is not None and len(features) != n_inputs:
        raise ValueError(
            f"the model's metadata name {len(features)} features, "
            f"but its first layer takes {n_inputs}"
        )
    X = read_features(path, features)
    if X.shape[1] != n_inputs:
        raise ValueError(f"{path} has {X.shape[1]} columns, but the model takes {n_inputs}")
    outputs = net.predict(X)
    classes = net.metadata.get("classes")
    if classes is not None and len(classes) == outputs.shape[1]:
        is_probability = net[-1].activation == "softmax"
        probabilities = outputs if is_probability else wb.softmax(outputs)
        columns = {"prediction": np.array(classes)[outputs.argmax(axis=1)]}
        return columns | {
            f"probability_{name}": probabilities[:, k] for k, name in enumerate(classes)
        }
    if net.metadata.get("task") == "regression" and outputs.shape[1] == 1:
        return {"prediction": outputs[:, 0]}
    return {f"output_{k}": outputs[:, k] for k in range(outputs.shape[1])}


def write_table(columns: Columns, path: Path | None) -> str:
    """Write columns as Parquet or CSV, by the path's suffix; without a path return the CSV text."""
    import pandas as pd

    frame = pd.DataFrame(columns)
    if path is not None and path.suffix.lower() in (".parquet", ".pq"):
        frame.to_parquet(path, index=False)
        return ""
    # As many digits as tell any two numbers of the type apart.
    numbers = list(columns.values())[-1]
    text: str = frame.to_csv(
        index=False, float_format="%.9g" if numbers.dtype == np.float32 else "%.17g"
    )
    if path is not None:
        path.write_text(text, encoding="utf-8")
        return ""
    return text
