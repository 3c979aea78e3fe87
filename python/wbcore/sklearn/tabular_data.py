"""Rows as estimators of tables take them: checked, encoded, weighted, with names of columns."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight, check_array

from wbcore._suggestions import suggested
from wbcore._view import is_sparse
from wbcore.sklearn.distinct import distinct
from wbcore.standardized import Standardized
from wbcore.tables import Table
from wbcore.tables.moments import moments
from wbcore.tables.table import unmasked

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["Scaling", "counted", "present", "read", "take_names", "without_copies"]


@dataclass(frozen=True)
class Scaling:
    """What is subtracted from columns, and what they are then divided by.

    Parameters
    ----------
    mean, scale : ndarray of shape (I,)
    constant : ndarray of bool and shape (I,)
        Of columns that are the same in all rows, of which nothing can be learned.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    constant: NDArray[np.bool_]

    @classmethod
    def of(cls, X: Any, weights: NDArray[Any] | None) -> Scaling:
        """To mean 0 and standard deviation 1 of X (B, I)."""
        found = moments(X, weights)
        if not np.isfinite(found.scale).all():
            column = int(np.argmin(np.isfinite(found.scale)))
            raise ValueError(
                f"[fit] expected numbers whose squares are finite in float64, got larger ones in "
                f"column {column}; scale them first"
            )
        return cls(found.mean, found.scale, found.constant)

    def apply(self, X: Any) -> Standardized:
        """X as the network is trained on it; nothing is copied."""
        return Standardized(X, mean=self.mean, scale=self.scale)

    @property
    def is_coarse_in_float32(self) -> bool:
        """Whether raw values, whose scaling is in the weights, want more than float32.

        A mean of 2^10 standard deviations costs 10 of 24 bits. Beyond 1e30 some are none.
        """
        mean, scale = np.abs(self.mean[~self.constant]), self.scale[~self.constant]
        return bool(((mean / scale > 2**10) | (mean + scale > 1e30)).any())


def read(estimator: Any, X: Any, operation: str) -> Table:
    """X as a table; arrays are refused in scikit-learn's words."""
    table = None
    if is_sparse(X) or hasattr(X, "columns") or hasattr(X, "column_names"):
        table = Table(X, operation)
    else:
        array = X if isinstance(X, np.ndarray) else _array(X)
        if isinstance(array, np.ma.MaskedArray):
            array = unmasked(array)
        checked = check_array(
            array, dtype=None, ensure_all_finite=False, estimator=estimator, input_name="X"
        )
        table = Table(checked, operation)
    if table.sparse is not None and not table.names:
        raise ValueError(
            f"Found array with 0 feature(s) (shape=({table.n_rows}, 0)) while a minimum of 1 is "
            f"required by {type(estimator).__name__}."
        )
    if not table.n_rows:
        raise ValueError(
            f"Found array with 0 sample(s) (shape=({table.n_rows}, {len(table.names)})) while a "
            f"minimum of 1 is required by {type(estimator).__name__}."
        )
    return table


def _array(X: Any) -> NDArray[Any]:
    """An array of a list, in which numbers beside texts stay numbers."""
    array = np.asarray(X)
    return np.array(X, dtype=object) if array.dtype.kind in "US" else array


def take_names(estimator: Any, table: Table) -> None:
    """Set what estimators tell of their inputs."""
    estimator.n_features_in_ = len(table.names)
    estimator.__dict__.pop("feature_names_in_", None)
    if table.is_named:
        estimator.feature_names_in_ = np.array(table.names, object)


def present(estimator: Any, table: Table) -> None:
    """Refuse a table whose columns are not those of the fit; their order may be another."""
    name, encoding = type(estimator).__name__, estimator.encoder_
    if table.is_named and encoding.is_named:
        unseen = [column for column in table.names if column not in encoding.inputs]
        lacking = [column for column in encoding.required if column not in table.names]
        if unseen or lacking:
            raise ValueError(_other_names(unseen, lacking))
        return
    if len(table.names) != len(encoding.inputs):
        raise ValueError(
            f"X has {len(table.names)} features, but {name} is expecting "
            f"{len(encoding.inputs)} features as input."
        )
    if table.is_named:
        warnings.warn(
            f"X has feature names, but {name} was fitted without feature names", stacklevel=2
        )
    elif encoding.is_named:
        warnings.warn(
            f"X does not have valid feature names, but {name} was fitted with feature names",
            stacklevel=2,
        )


def _other_names(unseen: list[str], lacking: list[str]) -> str:
    """In scikit-learn's words."""
    lines = ["The feature names should match those that were passed during fit."]
    if unseen:
        lines += ["Feature names unseen at fit time:", *_items(unseen)]
    if lacking:
        lines += ["Feature names seen at fit time, yet now missing:", *_items(lacking)]
    if closest := suggested(sorted(unseen), lacking):
        lines.append(f"Of these {closest.removeprefix('; ')}.")
    return "\n".join(lines) + "\n"


def _items(names: list[str]) -> list[str]:
    shown = [f"- {name}" for name in sorted(names)[:5]]
    return [*shown, "- ..."] if len(names) > len(shown) else shown


def counted(
    table: Table,
    y: NDArray[Any],
    sample_weight: Any,
) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]:
    """Which rows count, None being all, and their weights: a row of weight 0 is not there."""
    if table.n_rows != y.shape[0]:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"{[table.n_rows, y.shape[0]]}"
        )
    if sample_weight is None:
        return None, None
    weights = _check_sample_weight(sample_weight, y, ensure_non_negative=True).astype(np.float64)
    if not weights.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    rows = np.flatnonzero(weights)
    return (None, weights) if len(rows) == len(weights) else (rows, weights[rows])


def without_copies(
    X: Any,
    y: NDArray[Any],
    contents: NDArray[Any],
    weights: NDArray[np.float64] | None,
) -> tuple[Any, NDArray[Any], NDArray[np.float64] | None]:
    """X, y and weights of distinct rows, where many are copies or some count differently.

    What is drawn by rows, held out or left out by dropout, is then the same for a row that is there
    twice and one of weight 2; and so is every rounding.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (B, I)
    y : ndarray of shape (B,) or (B, O)
    contents : ndarray of shape (B,) or (B, O)
        y in numbers, by which copies are told.
    weights : ndarray of shape (B,), optional
    """
    found = distinct(X, contents, weights)
    if found is None:
        return X, y, weights
    rows, totals = found
    return X[rows], y[rows], totals
