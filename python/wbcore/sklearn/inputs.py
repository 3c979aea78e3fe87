"""X as estimators take it: checked by scikit-learn, so that its messages are those users know."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from wbcore import _arguments
from wbcore._view import in_rows, is_sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "FORMATS",
    "Filling",
    "callbacks_of",
    "checked",
    "of_validation",
    "options_of",
    "require_dense_targets",
    "require_missing",
    "sound",
    "tells_of_missing",
    "validation_parts",
]

#: Of sparse matrices; what comes in another one becomes the first of them.
FORMATS = ("csr",)

_FLOATS = (np.float64, np.float32)
_AT_ONCE = 2**18  # numbers that are looked at together
_MISSING = ("error", "mean", "mean+indicator")


def require_missing(missing: object) -> None:
    """Refuse what `missing` cannot be."""
    if missing not in _MISSING:
        raise ValueError(f"[missing] expected one of {', '.join(_MISSING)}, got {missing!r}")


def options_of(X: object, missing: str) -> dict[str, Any]:
    """What scikit-learn's validation is told of X.

    Integers stay what they are: the core reads them as they come, and a copy of eight bytes each
    would be the largest thing in memory.
    """
    whole = type(X) is np.ndarray and X.dtype.kind in "biu" and X.dtype.itemsize < 8
    return {
        "accept_sparse": list(FORMATS),
        "dtype": None if whole else _FLOATS,
        "ensure_all_finite": "allow-nan" if missing != "error" else True,
    }


def require_dense_targets(y: object) -> None:
    """Refuse targets of numbers in a sparse matrix."""
    if is_sparse(y):
        raise TypeError(
            f"[fit] expected y as an array of numbers, got {type(y).__name__}; pass y.toarray()"
        )


def sound(X: Any, operation: str) -> Any:
    """X; a sparse matrix in rows, refused before anybody follows its parts out of memory."""
    return in_rows(operation, "X", X) if is_sparse(X) and X.dtype.kind in "biuf" else X


def checked(estimator: Any, X: Any, missing: str) -> Any:
    """X of a prediction."""
    X = sound(X, "predict")
    options = options_of(X, missing)
    if not hasattr(estimator, "n_features_in_"):  # parameters were set by hand
        return check_array(X, **options)
    with tells_of_missing(estimator):
        return validate_data(estimator, X, reset=False, **options)


@contextlib.contextmanager
def tells_of_missing(estimator: Any) -> Iterator[None]:
    """Adds to scikit-learn's refusal of NaN in X what the estimator itself can do about it."""
    try:
        yield
    except ValueError as error:
        if "Input X contains NaN" not in str(error) or estimator.missing != "error":
            raise
        raise ValueError(
            f"{error}\nOr give {type(estimator).__name__}(missing='mean+indicator'): the mean, and "
            "a column that tells."
        ) from None


def validation_parts(given: Any) -> tuple[Any, Any, Any]:
    """X, y and weights of `validation_data`.

    Raises
    ------
    TypeError
        When it is no pair or triple.
    """
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise TypeError(
            "[fit] expected validation_data to be a pair (X, y) or a triple (X, y, sample_weight), "
            f"got {_arguments.shown(given)}"
        )
    X, y, *more = given
    return X, y, more[0] if more else None


@contextlib.contextmanager
def of_validation() -> Iterator[None]:
    """Says of scikit-learn's errors, which speak of X and y, that they are of `validation_data`."""
    try:
        yield
    except (TypeError, ValueError) as error:
        why = str(error)  # as it is: users know these, with their lines
        if why.startswith("["):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"[fit] expected validation_data to be as X and y of the training, got others: {why}"
        ) from None


def callbacks_of(estimator: Any) -> list[object]:
    """Its parameter as a list, which `Network.fit` then looks through."""
    given = estimator.callbacks
    if given is None:
        return []
    return _arguments.listed("fit", "callbacks", given, expected="a list of callbacks")


class Filling:
    """What stands in for missing values: the means of columns, and who tells that they do.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (B, I)
        Of the first fit; NaN where something is missing.
    weights : ndarray of shape (B,), optional
        Means are by them.
    indicates : bool
        Whether each column in which something was missing brings another one of 0 and 1.

    Attributes
    ----------
    means : ndarray of shape (I,)
        0 of a column that has nothing else.
    flagged : ndarray of int
        The columns that bring another one.
    """

    def __init__(self, X: Any, weights: NDArray[Any] | None, *, indicates: bool) -> None:
        w = np.ones(X.shape[0]) if weights is None else np.asarray(weights, np.float64)
        sums, gaps, lacks = np.zeros((3, X.shape[1]))
        step = max(1, _AT_ONCE // max(1, X.shape[1]))
        for start in range(0, X.shape[0], step):
            rows, columns, values = _known(X[start : start + step])
            missing = np.isnan(values)
            of_rows = w[start : start + step][rows]
            sums = _added(sums, columns, np.where(missing, 0, values) * of_rows)
            gaps = _added(gaps, columns[missing], of_rows[missing])
            counts = columns[missing & (of_rows > 0)]
            lacks += np.bincount(counts, minlength=X.shape[1])
        known = w.sum() - gaps
        self.means = np.divide(sums, known, out=np.zeros(X.shape[1]), where=known > 0)
        self.flagged = np.flatnonzero(lacks) if indicates else np.empty(0, np.intp)

    @property
    def added(self) -> int:
        """How many columns there are more."""
        return len(self.flagged)

    def __call__(self, X: Any) -> Any:
        """X without NaN; X itself where nothing is missing and no columns are added."""
        if hasattr(X, "tocsr"):
            return self._of_sparse(X)
        gaps = np.isnan(X) if X.dtype.kind == "f" else np.zeros(X.shape, bool)
        if not self.added and not gaps.any():
            return X
        given = X.shape[1]
        filled = np.empty((len(X), given + self.added), X.dtype)
        filled[:, :given] = X
        np.copyto(filled[:, :given], self.means.astype(X.dtype), where=gaps)
        filled[:, given:] = gaps[:, self.flagged]
        return filled

    def _of_sparse(self, X: Any) -> Any:
        from scipy.sparse import csr_matrix, hstack

        gaps = np.isnan(X.data)
        filled = X.copy() if gaps.any() else X
        filled.data[gaps] = self.means[X.indices[gaps]]
        if not self.added:
            return filled
        flags = csr_matrix((gaps.astype(X.dtype), X.indices, X.indptr), shape=X.shape)
        return hstack([filled, flags[:, self.flagged]], format="csr")


def _added(
    sums: NDArray[np.float64], columns: NDArray[Any], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The sums and the values of each column, one by one: the size of blocks does not show."""
    places = np.concatenate([np.arange(len(sums)), columns])
    found: NDArray[np.float64] = np.bincount(
        places, np.concatenate([sums, values]), len(sums)
    ).astype(np.float64, copy=False)
    return found


def _known(X: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Rows, columns and values of what X has."""
    if hasattr(X, "tocoo"):
        found = X.tocoo()
        return found.row, found.col, found.data
    rows, columns = np.indices(X.shape, np.int32, sparse=False).reshape(2, -1)
    return rows, columns, np.ravel(X).astype(np.float64, copy=False)
