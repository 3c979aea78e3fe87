"""A model of a table, for raw rows: what ``wbcore predict`` does, in Python."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wbcore.errors import ModelFileError
from wbcore.loading import load
from wbcore.tables.answers import answer_of
from wbcore.tables.metadata import encoding_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network
    from wbcore.tables.encoding import Encoding

__all__ = ["TableModel"]


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
    classes : tuple of str, tuple of them or None
        The names of the classes, of several decisions those of each; None for labels and values,
        and where the file names none.
    targets : tuple of str or None
        The names of several decisions, labels or values.

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
        encoding, self._answer = encoding_of(network), answer_of(network)
        if encoding is None:
            raise ValueError(
                "[TableModel] expected a network whose metadata have the 'encoding' of a table, "
                "got one without, which takes numbers as they are: network.predict"
            )
        self.network = network
        self.encoding: Encoding = encoding
        self.columns = encoding.required
        self.classes: tuple[Any, ...] | None = self._answer.classes
        self.targets = self._answer.targets

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
        ndarray of shape (B,) or (B, n_targets)
            Names of classes, which are texts; 0 or 1 for each label; or values. Of a model that
            does not say what its outputs are, these, (B, O).
        """
        return self._answer.predicted(self._outputs(X))

    def predict_proba(self, X: Any) -> Any:  # noqa: ANN401
        """Probabilities of classes, of raw rows.

        Parameters
        ----------
        X : table-like of shape (B, C)

        Returns
        -------
        ndarray of shape (B, K), or a list of them
            In the order of `classes`, of labels of `targets`; a list of several decisions.

        Raises
        ------
        ValueError
            When the model has none: it is of values, or was trained by a hinge loss.
        """
        found = self._answer.probabilities(self._outputs(X))
        if found is None:
            what = (
                "one of values" if str(self._answer) == "values" else "one trained by a hinge loss"
            )
            raise ValueError(
                f"[predict_proba] expected a model that gives probabilities of classes, got {what}"
            )
        return found

    def _outputs(self, X: Any) -> NDArray[Any]:  # noqa: ANN401
        if isinstance(X, Mapping):
            raise TypeError(
                "[predict] expected X as a table, such as pandas.DataFrame(columns), got a dict"
            )
        return self.network.predict(self.encoding.apply(X, operation="predict"))

    def __repr__(self) -> str:
        return f"<TableModel: {len(self.columns)} columns, {self._answer}>"
