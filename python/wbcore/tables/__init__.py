"""Tables with columns of any kind, and the numbers that a network takes for them.

`Encoding.fit` looks at a table and decides what becomes of each column; `Encoding.apply` makes
numbers of a table, the same one or another; `describe` says what each column became, `to_dict` is
all of it as JSON can express it, and `from_dict` reads it again. Estimators and the command line
share it::

    encoding = Encoding.fit(frame)             # columns to predict from, no target among them
    X = encoding.apply(frame)                  # (B, I), float64
    net.metadata["encoding"] = encoding.to_dict()
    ...
    X = Encoding.from_dict(net.metadata["encoding"]).apply(other_frame)

`TableModel` has that and the network in one, of a model file of the command line or of the
estimators: `TableModel.load("best.safetensors").predict(other_frame)`.
"""

from wbcore.tables.encoding import Encoding
from wbcore.tables.model import TableModel
from wbcore.tables.table import Column, Table

__all__ = ["Column", "Encoding", "Table", "TableModel"]
