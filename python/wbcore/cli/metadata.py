"""Model files for the command line, and what they say in words; what is none is called that."""

from pathlib import Path
from typing import Any

import wbcore as wb
from wbcore.tables.metadata import encoding_of

__all__ = ["load_model", "without_encoding"]


def load_model(path: Path) -> "wb.Network":
    """Return the network of a model file; what is none is first called that.

    Raises
    ------
    ValueError
        If it is none, or one that is damaged or of a newer version.
    """
    try:
        return wb.load(path)
    except wb.ModelFileError as error:
        reason = str(error).removeprefix("[load] ").removesuffix(f": {str(path)!r}")
        raise ValueError(f"{path}: no model file that wbcore can read: {reason}") from None


def without_encoding(net: "wb.Network") -> tuple[dict[str, Any], list[str]]:
    """Return the metadata for a reader, and in a line each what became of a table's columns.

    What is there for programs alone is left out; what is unsound stays as it is.
    """
    metadata = dict(net.metadata)
    state = metadata.get("estimator")
    if isinstance(state, dict) and isinstance(state.get("class"), str):
        metadata["estimator"] = state["class"]
    try:
        encoding = encoding_of(net)
    except ValueError:
        return metadata, []
    metadata.pop("encoding", None)
    return metadata, [] if encoding is None else encoding.describe()
