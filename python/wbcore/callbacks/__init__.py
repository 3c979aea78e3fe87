"""Who is asked while a network is trained: `fit(..., callbacks=[...])`.

A callback is an object with some of the methods of `Callback`, each of which gets one `Run`. Those
that are built in stop early, keep files, write logs and show progress.
"""

from typing import TYPE_CHECKING

from wbcore._lazy import lazy as _lazy
from wbcore.callbacks.base import HOOKS as HOOKS
from wbcore.callbacks.base import Callback

if TYPE_CHECKING:
    from wbcore.callbacks.checkpoint import Checkpoint
    from wbcore.callbacks.csv_logger import CSVLogger
    from wbcore.callbacks.early_stopping import EarlyStopping
    from wbcore.callbacks.progress import Progress
    from wbcore.callbacks.run import Run
    from wbcore.callbacks.tensorboard import TensorBoard
    from wbcore.callbacks.time_limit import TimeLimit

__all__ = [
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "Progress",
    "Run",
    "TensorBoard",
    "TimeLimit",
]

if not TYPE_CHECKING:  # who trains without them does not wait for them
    __getattr__, __dir__ = _lazy(
        __name__,
        {
            "CSVLogger": "wbcore.callbacks.csv_logger",
            "Checkpoint": "wbcore.callbacks.checkpoint",
            "EarlyStopping": "wbcore.callbacks.early_stopping",
            "Progress": "wbcore.callbacks.progress",
            "Run": "wbcore.callbacks.run",
            "TensorBoard": "wbcore.callbacks.tensorboard",
            "TimeLimit": "wbcore.callbacks.time_limit",
        },
    )
