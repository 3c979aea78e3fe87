"""Candidates: the estimator's own parameters, and those drawn from a space.

Candidate 0 is the estimator as it was given. Each parameter is drawn from a stream of its own, that
of the seed and its name, so that more candidates are the same ones and further ones, and another
parameter changes nothing in those that were there.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from wbcore import _arguments, random
from wbcore.searching.digests import of_value
from wbcore.searching.distributions import Distribution, distribution
from wbcore.searching.fits import configured

__all__ = ["Space", "candidates", "seeded"]

#: Values by the names of parameters; several such mappings are alternatives.
Space = Mapping[str, Any] | Sequence[Mapping[str, Any]] | Iterable[Mapping[str, Any]] | None

# A grid of more points is drawn from point by point: their order would not fit into memory.
_LARGEST_GRID = 100_000

# So many draws in a row that were there before: the space has no more, or hardly any.
_MOST_REPEATS = 1000

_WORDS = 1024  # that a parameter draws at once


def candidates(estimator: Any, space: Space, count: int | None, seed: int) -> list[dict[str, Any]]:
    """Return the parameters of each candidate, no two of which make the same estimator.

    Parameters
    ----------
    estimator : estimator
        Candidate 0, whose dict is empty.
    space : mapping, sequence of mappings, iterable of mappings or None
        As `search` takes it.
    count : int or None
        How many at most, candidate 0 included. None is 20, or all that are listed.
    seed : int

    Raises
    ------
    TypeError, ValueError
        When space is no such thing, or names what is no parameter.
    """
    if space is None:
        space = {}
    listed = not isinstance(space, (Mapping, list, tuple))
    points = _listed(space) if listed else _drawn(space, seed)  # type: ignore[arg-type]
    limit = count if count is not None else (math.inf if listed else 20)
    found: dict[str, dict[str, Any]] = {of_value(estimator): {}}
    repeats = 0
    for drawn in points:
        if len(found) >= limit or repeats == _MOST_REPEATS:
            break
        before = len(found)
        point = {name: _seeded_value(value, seed) for name, value in drawn.items()}
        found.setdefault(of_value(_configured(estimator, point)), point)
        repeats = repeats + 1 if len(found) == before else 0
    return list(found.values())


def seeded(estimator: Any, seed: int) -> Any:
    """A clone in which each random_state that was None is a number that follows from the seed."""
    from sklearn.base import clone

    number = int(random.philox_words(seed, _stream("random_state"), 0, 1)[0] >> np.uint64(33))
    made = clone(estimator)
    states = {
        name: number
        for name, value in made.get_params(deep=True).items()
        if value is None and (name == "random_state" or name.endswith("__random_state"))
    }
    return made.set_params(**states)


def _seeded_value(value: Any, seed: int) -> Any:
    """A step of a Pipeline, for one, may be a parameter."""
    is_estimator = hasattr(value, "get_params") and not isinstance(value, type)
    return seeded(value, seed) if is_estimator else value


def _configured(estimator: Any, point: dict[str, Any]) -> Any:
    try:
        return configured(estimator, point)
    except ValueError as error:
        raise ValueError(
            f"[search] expected space to name parameters of {type(estimator).__name__}, "
            f"got {_arguments.shown(list(point))}: {error}"
        ) from None


def _listed(space: Any) -> Iterator[dict[str, Any]]:
    # a matrix has rows, not dicts, and a sparse one not even these
    is_other = isinstance(space, (str, bytes)) or getattr(space, "ndim", 1) != 1
    try:
        points = None if is_other else iter(space)
    except TypeError:
        points = None
    if points is None:
        raise TypeError(
            f"[search] expected space to be a dict of lists and distributions, got "
            f"{_arguments.shown(space)}"
        )
    for point in points:
        if not isinstance(point, Mapping):
            raise TypeError(
                f"[search] expected space to give dicts of parameters, got "
                f"{_arguments.shown(point)}"
            )
        _require_names(point)
        yield dict(point)


def _drawn(
    space: Mapping[str, Any] | Sequence[Mapping[str, Any]], seed: int
) -> Iterator[dict[str, Any]]:
    spaces = [space] if isinstance(space, Mapping) else list(space)
    spaces = [_checked(one) for one in spaces]
    if not any(spaces):
        return
    listed = all(isinstance(values, list) for one in spaces for values in one.values())
    sizes = [math.prod(map(len, one.values())) for one in spaces] if listed else []
    if listed and sum(sizes) <= _LARGEST_GRID:
        grid = list(itertools.chain.from_iterable(map(_grid, spaces)))
        for place in random.permutation(len(grid), seed):
            yield grid[place]
        return
    which = _uniform(seed, " ")  # no parameter has this name
    draws = [{name: _values(source, seed, name) for name, source in one.items()} for one in spaces]
    while True:
        chosen = draws[int(next(which) * len(draws))]
        yield {name: next(values) for name, values in chosen.items()}


def _checked(space: object) -> dict[str, Any]:
    """Each parameter's values as a list, or something to draw from."""
    if not isinstance(space, Mapping):
        raise TypeError(
            f"[search] expected space to be a dict of lists and distributions, or several, got "
            f"{_arguments.shown(space)}"
        )
    _require_names(space)
    checked: dict[str, Any] = {}
    for name, source in space.items():
        if isinstance(source, str):
            checked[name] = distribution(source)
        elif isinstance(source, Distribution) or hasattr(source, "rvs"):
            checked[name] = source
        elif (isinstance(source, Sequence) or _has_rows(source)) and len(source):
            checked[name] = list(source)
        else:
            raise TypeError(
                f"[search] expected a list of values, a distribution or its text for {name}, got "
                f"{_arguments.shown(source)}"
            )
    return checked


def _require_names(space: Mapping[Any, Any]) -> None:
    for name in space:
        if not isinstance(name, str):
            raise TypeError(
                f"[search] expected space to have names of parameters, got {_arguments.shown(name)}"
            )


def _has_rows(source: object) -> bool:
    return isinstance(source, np.ndarray) and source.ndim > 0


def _grid(space: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for point in itertools.product(*space.values()):
        yield dict(zip(space, point, strict=True))


def _values(source: Any, seed: int, name: str) -> Iterator[Any]:
    """Draws without an end."""
    if isinstance(source, list):
        return (source[int(u * len(source))] for u in _uniform(seed, name))
    if isinstance(source, Distribution):
        return (source.value(u) for u in _uniform(seed, name))
    return (_of_stranger(source, u) for u in _uniform(seed, name))


def _of_stranger(source: Any, u: float) -> Any:
    """A draw of a distribution of SciPy's kind, from a generator of its own."""
    generator = np.random.RandomState(int(u * 2**32))
    value = source.rvs(random_state=generator)
    return value.item() if isinstance(value, (np.generic, np.ndarray)) and not value.ndim else value


def _uniform(seed: int, name: str) -> Iterator[float]:
    stream = _stream(name)
    for first in itertools.count(0, _WORDS):
        words = random.philox_words(seed, stream, first, _WORDS)
        yield from ((words >> np.uint64(11)) * 2.0**-53).tolist()


def _stream(name: str) -> int:
    content = f"wbcore.search {name}".encode()
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "little")
