"""Groups of columns that are taken together, and the names of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from wbcore import _arguments
from wbcore._suggestions import suggested
from wbcore._view import is_sparse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from wbcore._view import Foreign

__all__ = ["Groups", "GroupsLike", "feature_names_of", "read_groups"]

#: Columns by the name of their group; or lists of columns; or for each column a group's number.
GroupsLike: TypeAlias = (
    "Mapping[str, Sequence[int | str]] | Sequence[Sequence[int | str]] | ArrayLike"
)


_GROUPS = (
    "a dict of lists of columns by name, a list of such lists, or an array of {n} numbers of "
    "groups, with no column twice"
)


class Groups(NamedTuple):
    """Columns that are taken together, and what they are called."""

    names: tuple[str, ...]
    columns: tuple[NDArray[np.int64], ...]


def feature_names_of(operation: str, names: Foreign, n: int) -> tuple[str, ...]:
    """Of n columns: those given, or "x0", "x1", ..."""
    if names is None:
        return tuple(f"x{column}" for column in range(n))
    given = _arguments.names(operation, "feature_names", names)
    if len(given) != n or len(set(given)) != n:
        raise ValueError(
            f"[{operation}] expected feature_names to be {n} distinct names, "
            f"got {_arguments.shown(names)}"
        )
    return given


def read_groups(operation: str, groups: Foreign, features: tuple[str, ...]) -> Groups:
    """The groups, each of at least one column, no column in two; without any, each column alone.

    Raises
    ------
    TypeError, ValueError
        When they are something else.
    """
    n = len(features)
    if groups is None:
        return Groups(features, tuple(np.arange(n)[:, None]))
    names: Sequence[str]
    if isinstance(groups, Mapping):
        names, members = tuple(map(str, groups)), list(groups.values())
    else:
        if is_sparse(groups):  # which gives its rows
            raise TypeError(_expected(operation, n, _arguments.shown(groups)))
        members = _arguments.listed(operation, "groups", groups, expected=_GROUPS.format(n=n))
        if members and all(_is_one(m) and not isinstance(m, str) for m in members):
            members = _by_number(operation, members, n)
        names = ()
    columns = tuple(_columns(operation, member, features) for member in members)
    taken = np.concatenate(columns) if columns else np.zeros(0, np.int64)
    if not columns or len(np.unique(taken)) < len(taken):
        got = "none" if not columns else f"column {_twice(taken)} twice"
        raise ValueError(_expected(operation, n, got))
    called = names or tuple(_called(member, features) for member in columns)
    if len(set(called)) < len(called):
        called = tuple(f"group {g}" for g in range(len(columns)))
    return Groups(tuple(called), columns)


def _expected(operation: str, n: int, got: str) -> str:
    return f"[{operation}] expected groups to be {_GROUPS.format(n=n)}, got {got}"


def _is_one(member: Foreign) -> bool:
    """Whether it is one thing and not several, such as a list."""
    try:
        return np.ndim(member) == 0
    except ValueError:  # lists of different lengths, or of depths
        return False


def _by_number(operation: str, groups: Foreign, n: int) -> list[NDArray[np.int64]]:
    """The columns of each number, in the order of the numbers."""
    numbers = np.asarray(groups)
    if numbers.shape != (n,) or numbers.dtype.kind not in "iu":
        raise ValueError(_expected(operation, n, _arguments.shown(groups)))
    return [np.flatnonzero(numbers == number) for number in np.unique(numbers)]


def _columns(operation: str, member: Foreign, features: tuple[str, ...]) -> NDArray[np.int64]:
    """The numbers of the columns of a group, which may be given by name."""
    listed = [member] if isinstance(member, str) or _is_one(member) else list(member)
    if not listed:
        raise ValueError(_expected(operation, len(features), "a group of no column"))
    found = []
    for column in listed:
        if isinstance(column, str):
            if column not in features:
                got = f"a column {column!r}{suggested([column], features)}"
                raise ValueError(_expected(operation, len(features), got))
            found.append(features.index(column))
        else:
            high = len(features) - 1
            found.append(
                _arguments.integer(operation, "every column of groups", column, low=0, high=high)
            )
    return np.array(found, np.int64)


def _called(columns: NDArray[np.int64], features: tuple[str, ...]) -> str:
    names = [features[column] for column in columns]
    return "+".join(names) if len(names) <= 3 else f"{names[0]}+..+{names[-1]}"


def _twice(taken: NDArray[np.int64]) -> int:
    values, counts = np.unique(taken, return_counts=True)
    return int(values[counts > 1][0])
