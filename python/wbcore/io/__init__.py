"""Files: models (safetensors), tables (CSV, Parquet), images of the MNIST kind (IDX).

What a file needs (safetensors, pandas) is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wbcore._lazy import lazy

if TYPE_CHECKING:
    from wbcore.io.idx import read_idx
    from wbcore.io.saving import save_network
    from wbcore.io.table import read_table
    from wbcore.loading import load_network

__all__ = ["load_network", "read_idx", "read_table", "save_network"]

if not TYPE_CHECKING:  # with them, checkers would find any name
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "load_network": "wbcore.loading",
            "save_network": "wbcore.io.saving",
            "read_table": "wbcore.io.table",
            "read_idx": "wbcore.io.idx",
        },
    )
