"""Who is asked while a network is trained: `fit(..., callbacks=[...])`.

A callback is an object with some of the methods of `Callback`, each of which gets one `Run`. Those
that are built in stop early, keep files, write logs and show progress.
"""

from wbcore.callbacks.base import HOOKS as HOOKS
from wbcore.callbacks.base import Callback
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
