"""Files: models (safetensors), tables (CSV, Parquet), images of the MNIST kind (IDX).

What a file needs (safetensors, pandas) is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wbcore.io.idx import read_idx
    from wbcore.io.model import load_network, save_network
    from wbcore.io.table import read_table

__all__ = ["load_network", "read_idx", "read_table", "save_network"]

_HOMES = {
    "load_network": "model",
    "save_network": "model",
    "read_table": "table",
    "read_idx": "idx",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
