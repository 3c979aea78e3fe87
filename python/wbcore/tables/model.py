"""A model of a table, for raw rows: what ``wbcore predict`` does, in Python."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.activations import ELEMENTWISE, name_of, softmax
from wbcore.errors import ModelFileError
from wbcore.loading import load
from wbcore.tables.metadata import class_names, encoding_of, has_margins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network
    from wbcore.tables.encoding import Encoding

__all__ = ["TableModel", "predicted", "probabilities"]


class TableModel:
    """A model that takes the raw rows of a table, as ``wbcore predict`` does, and gives the same.

    ``wbcore train`` and the `save` of `TabularClassifier` and `TabularRegressor` write such files.
    Columns of categories need scikit-learn. Where their zeros count, as in postal codes, read them
    as texts, as the command line does: ``pandas.read_csv(path, dtype={"zip": str})``.

    Parameters
    ----------
    network : Network
        With the metadata of such a file.

    Attributes
    ----------
    network : Network
        It takes the numbers that the columns become.
    encoding : Encoding
        What the columns become.
    columns : tuple of str
        Those that rows must have; columns that the training left out are not among them.
    classes : tuple of str or None
        The names of the classes; None for values, and where the file names none.

    Raises
    ------
    ValueError
        When the metadata do not say what becomes of columns, or are wrong.

    Examples
    --------
    >>> import pathlib, tempfile, pandas as pd, wbcore as wb
    >>> frame = pd.DataFrame({"size": [1.0, 2.5, None, 3.5], "weight": [7.0, 3.0, 6.5, 2.0]})
    >>> encoding = wb.tables.Encoding.fit(frame)
    >>> net = wb.Network.mlp([len(encoding.names), 8, 2], seed=0)
    >>> _ = net.fit(encoding.apply(frame), [0, 1, 0, 1], loss="cross_entropy", epochs=200)
    >>> net.metadata.update(encoding=encoding.to_dict(), classes=["no", "yes"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "best.safetensors")
    ...     net.save(path)
    ...     model = wb.tables.TableModel.load(path)
    >>> model.columns, model.classes
    (('size', 'weight'), ('no', 'yes'))
    >>> model.predict(frame).tolist()
    ['no', 'yes', 'no', 'yes']
    >>> model.predict_proba(frame).shape
    (4, 2)
    """

    def __init__(self, network: Network) -> None:
        encoding, classes = encoding_of(network), class_names(network)
        if encoding is None:
            raise ValueError(
                "[TableModel] expected a network whose metadata have the 'encoding' of a table, "
                "got one without, which takes numbers as they are: network.predict"
            )
        self.network = network
        self.encoding: Encoding = encoding
        self.columns = encoding.required
        self.classes = None if classes is None else tuple(classes)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TableModel:
        """Read a model file.

        Parameters
        ----------
        path : str or path-like

        Returns
        -------
        TableModel

        Raises
        ------
        wbcore.ModelFileError
            When the file is damaged, or none of a table.
        OSError
            When it cannot be read.
        """
        network = load(path)
        try:
            return cls(network)
        except ValueError as error:
            reason = str(error).removeprefix("[TableModel] ")
            raise ModelFileError(f"[load] {reason}: {os.fsdecode(path)!r}") from None

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: ANN401, tables of any library
        """Predict classes or values of raw rows.

        Parameters
        ----------
        X : table-like of shape (B, C)
            With the raw values of `columns`, by their names in any order; others are left alone.

        Returns
        -------
        ndarray of shape (B,)
            Names of classes, which are texts, or values. Of a model that does not say what its
            outputs are, these, (B, O).
        """
        return predicted(self.network, self._outputs(X))

    def predict_proba(self, X: Any) -> NDArray[Any]:  # noqa: ANN401
        """Probabilities of classes, of raw rows.

        Parameters
        ----------
        X : table-like of shape (B, C)

        Returns
        -------
        ndarray of shape (B, K)
            In the order of `classes`.

        Raises
        ------
        ValueError
            When the model has none: it is of values, or was trained by a hinge loss.
        """
        if self.classes is None or has_margins(self.network):
            what = "one of values" if self.classes is None else "one trained by a hinge loss"
            raise ValueError(
                f"[predict_proba] expected a model that gives probabilities of classes, got {what}"
            )
        return probabilities(self.network, self._outputs(X))

    def _outputs(self, X: Any) -> NDArray[Any]:  # noqa: ANN401
        if isinstance(X, Mapping):
            raise TypeError(
                "[predict] expected X as a table, such as pandas.DataFrame(columns), got a dict"
            )
        return self.network.predict(self.encoding.apply(X, operation="predict"))

    def __repr__(self) -> str:
        what = "values" if self.classes is None else f"{len(self.classes)} classes"
        return f"<TableModel: {len(self.columns)} columns, {what}>"


def predicted(network: Network, outputs: NDArray[Any]) -> NDArray[Any]:
    """What outputs (B, O) say: names of classes or values, (B,); else the outputs as they are."""
    classes = class_names(network)
    if classes is not None:
        named: NDArray[Any] = np.array(classes)[outputs.argmax(axis=1)]
        return named
    is_value = network.metadata.get("task") == "regression" and outputs.shape[1] == 1
    return outputs[:, 0] if is_value else outputs


def probabilities(network: Network, outputs: NDArray[Any]) -> NDArray[Any]:
    """The probabilities of classes, (B, K), of outputs that are theirs, or logits."""
    if name_of(network[-1].activation) not in ELEMENTWISE:
        return outputs
    found: NDArray[Any] = softmax(outputs)
    return found
