"""Predictions for the rows of a table, as columns."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import wbcore as wb
from wbcore.cli.data import explained
from wbcore.cli.outputs import encoded_frame
from wbcore.io.frame import PARQUET_SUFFIXES, read_frame, require
from wbcore.io.table import read_features
from wbcore.tables.answers import answer_of
from wbcore.tables.metadata import encoding_of, feature_names

__all__ = ["csv_text", "encoded_table", "inputs", "predict_table"]

Columns = dict[str, NDArray[Any]]


def predict_table(net: "wb.Network", path: Path) -> Columns:
    """Return the predictions of a network for the rows of a CSV or Parquet file.

    The columns are matched by the names in the network's metadata, and become numbers as those of
    the training did. A network without them takes all columns as they are.

    Returns
    -------
    dict
        ``prediction`` and a ``probability_<class>`` for each class; of several decisions
        ``prediction_<target>``, ``probability_<target>=<class>``; of labels ``prediction_<target>``
        and ``probability_<target>``; predictions alone, for a regression and after a hinge loss; or
        ``output_<i>``, for a network that does not say what its outputs are.
    """
    answer = answer_of(net)
    return answer.columns(net.predict(inputs(net, path)))


def inputs(net: "wb.Network", path: Path) -> NDArray[Any]:
    """Return what the network takes for the rows of a file."""
    encoding = encoding_of(net)
    if encoding is None:
        X, n_inputs = read_features(path, feature_names(net)), net[0].inputs
        if X.shape[1] != n_inputs:
            raise ValueError(f"{path} has {X.shape[1]} columns, but the model takes {n_inputs}")
        return X
    frame = read_frame(path, "read_features", texts=encoding.categories)
    if encoding.is_named:
        require(path, "read_features", frame, encoding.required)
        frame = frame[list(encoding.required)]
    try:
        encoded: NDArray[Any] = encoding.apply(frame)
    except (TypeError, ValueError) as error:
        raise ValueError(explained(path, error)) from None
    return encoded


def csv_text(columns: Columns) -> str:
    """Return the columns as CSV."""
    import pandas as pd

    # As many digits as tell any two numbers of the type apart.
    numbers = list(columns.values())[-1]
    text: str = pd.DataFrame(columns).to_csv(
        index=False, float_format="%.9g" if numbers.dtype == np.float32 else "%.17g"
    )
    return text


def encoded_table(columns: Columns, suffix: str) -> bytes:
    """Return the columns as the bytes of a Parquet or CSV file, by the suffix of its name."""
    import pandas as pd

    if suffix not in PARQUET_SUFFIXES:
        return csv_text(columns).encode()
    return encoded_frame(pd.DataFrame(columns), suffix)
