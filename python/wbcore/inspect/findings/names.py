"""What the columns of the inputs are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wbcore._view import Foreign
    from wbcore.network import Network

__all__ = ["Columns", "columns_of"]


class Columns:
    """Columns as an evidence names them: "column 3", or "column 'size'".

    Parameters
    ----------
    names : sequence of I str, or None for their numbers
    """

    def __init__(self, names: Sequence[str] | None = None) -> None:
        self._names = names

    def name(self, column: int) -> str:
        """Of one, as it stands behind "column"."""
        return str(column) if self._names is None else repr(self._names[column])

    def listed(self, columns: Sequence[int], most: int) -> str:
        """As "column 3", "columns 3, 7", "columns 3, 7, ..."."""
        some = ", ".join(self.name(column) for column in columns[:most])
        return f"column{'s' * (len(columns) > 1)} {some}{', ...' * (len(columns) > most)}"


def columns_of(X: Foreign, net: Network) -> Columns:
    """By the names of a data frame, else by those in the metadata of the network, if there are."""
    names = getattr(X, "columns", None)
    if names is None or not all(isinstance(name, str) for name in names):
        return Columns(_of_network(net))
    return Columns(list(names))


def _of_network(net: Network) -> list[str] | None:
    if "features" not in net.metadata:
        return None
    from wbcore.tables.metadata import feature_names

    try:
        return feature_names(net)
    except ValueError:  # others wrote it: no finding depends on it
        return None
