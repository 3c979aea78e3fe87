"""Several networks of each kind side by side: means over them, and how sure these are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from wbcore import _arguments
from wbcore._statistics import exponent_of, statistics_of
from wbcore.inspect.correlation import pearson
from wbcore.inspect.intervals import correlation_interval, mean_interval
from wbcore.inspect.networks import is_network
from wbcore.inspect.table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["compare"]

_OF = ("distribution", "weights", "biases")
_NUMBERS = ("kind", "runs", "layer", "share_of_layers", "mean", "mean_abs", "q25", "median", "q75")
_SHARES = ("accuracy", "precision", "recall", "f1", "roc_auc", "top_k")
_CAUTION = "an association in these runs, not a cause"


class _Run(NamedTuple):
    net: Network
    score: float


def compare(
    runs: Mapping[str, Iterable[tuple[Network, float]]],
    of: str = "distribution",
    *,
    score: str = "score",
) -> Table:
    """Set the weights or biases of networks beside how good these are, over repeated trainings.

    Parameters
    ----------
    runs : mapping of str to iterables of (Network, float)
        For each kind of training its networks, each with its score on data that it was not trained
        on. Those of one kind should differ in their seed alone, and have as many layers; take ten
        or so: a single training says nothing of the next.
    of : {"distribution", "weights", "biases"}
        What to set beside the score.
    score : str, default "score"
        What the score is called, as a column. One that is called after a metric which is a share
        (accuracy, precision, recall, f1, roc_auc, top_k, average_precision: "test accuracy" too)
        has ends of its interval within 0 and 1, where Student's would lie beyond.

    Returns
    -------
    Table
        ``kind`` is a key of runs, ``runs`` the number of its networks. Other numbers are means over
        these; with ``_low`` and ``_high`` at the end of its name, the ends of Student's 95 %
        confidence interval of that mean, which are NaN for one network.

        "distribution": one row a kind, with the score; ``share_of_layers``, what part of the sum of
        absolute weights lies in each layer, in percent, "58-42"; and ``q25``, ``median``, ``q75``,
        the quartiles of absolute weights over all layers. Above it, the correlation of the score
        with that median over all networks, with its interval by Fisher's z.

        "weights", "biases": one row a kind and layer, with ``layer``, ``mean``, ``mean_abs`` (of
        absolute values) and the score. Layers without biases are left out.

        Ends of intervals that are not printed are there, as in every table.

    Raises
    ------
    TypeError, ValueError
        When runs is of the wrong kind or empty, networks of a kind differ in their number of
        layers, or a score or parameter is not finite.

    Notes
    -----
    These are associations. Kinds differ in more than their weights, in width or rate or activation,
    and what makes a network good may be what makes its weights small; that one goes with the other
    does not say that changing the weights would change the score. An interval is of the mean over
    seeds, on one data set: two kinds whose intervals overlap were not told apart by these runs.

    Examples
    --------
    >>> import wbcore as wb
    >>> def net(seed, width):
    ...     return wb.Network.mlp([4, width, 2], seed=seed)
    >>> runs = {f"{n} units": [(net(s, n), 0.9 + s / 100) for s in range(3)] for n in (2, 8)}
    >>> table = wb.inspect.compare(runs, score="accuracy")
    >>> table["kind"], table["runs"], [round(mean, 2) for mean in table["accuracy"]]
    (['2 units', '8 units'], [3, 3], [0.91, 0.91])
    """
    operation = "compare"
    of = _arguments.choice(operation, "of", of, _OF)
    if not isinstance(score, str):
        raise TypeError(f"[{operation}] expected score to be a str, got {_arguments.shown(score)}")
    if score in _NUMBERS:
        raise ValueError(
            f"[{operation}] expected score to be another name than {', '.join(_NUMBERS)}, "
            f"got {score!r}"
        )
    kinds = _checked(operation, runs)
    if of == "distribution":
        return _distribution(kinds, score)
    return _by_layer(kinds, of, score)


def _checked(operation: str, runs: object) -> dict[str, list[_Run]]:
    if not isinstance(runs, Mapping) or not runs:
        raise (ValueError if isinstance(runs, Mapping) else TypeError)(
            f"[{operation}] expected runs to be a mapping from names to pairs (network, score), "
            f"with at least one name, got {_arguments.shown(runs)}"
        )
    kinds = {
        str(kind): [
            _run(operation, kind, pair)
            for pair in _arguments.listed(operation, f"the runs of {kind!r}", runs[kind])
        ]
        for kind in runs
    }
    for kind, found in kinds.items():
        depths = {len(run.net) for run in found}
        if len(depths) != 1:
            raise ValueError(
                f"[{operation}] expected networks of one number of layers in {kind!r}, "
                f"got {sorted(depths) or 'no network'}"
            )
    return kinds


def _run(operation: str, kind: object, pair: object) -> _Run:
    if not isinstance(pair, Sequence) or len(pair) != 2 or not is_network(pair[0]):
        raise TypeError(
            f"[{operation}] expected pairs (network, score) in {kind!r}, "
            f"got {_arguments.shown(pair)}"
        )
    net = cast("Network", pair[0])
    score = _arguments.number(operation, f"the score of a network in {kind!r}", pair[1])
    if not np.isfinite(net.parameters).all():
        raise ValueError(
            f"[{operation}] expected finite parameters in {kind!r}, got NaN or infinity; leave "
            f"out what diverged, and say how many did"
        )
    return _Run(net, score)


def _interval(name: str, values: Sequence[float]) -> dict[str, float]:
    """A mean and its interval as columns."""
    mean, low, high = mean_interval(values)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


def _of_scores(name: str, runs: Sequence[_Run]) -> dict[str, float]:
    """Likewise of scores: the mean of shares is one, and so are the ends of its interval."""
    values = [run.score for run in runs]
    found = _interval(name, values)
    if _is_share(name) and all(0 <= value <= 1 for value in values):
        for end in (f"{name}_low", f"{name}_high"):
            if not math.isnan(found[end]):
                found[end] = min(max(found[end], 0.0), 1.0)
    return found


def _is_share(name: str) -> bool:
    """By the metric in its name; a loss or r2 may be beyond 1, or below 0."""
    return any(metric in name.lower() for metric in _SHARES)


def _sizes(net: Network) -> list[NDArray[np.float64]]:
    """The absolute values of the weights of each layer."""
    return [np.abs(layer.weights.astype(np.float64)) for layer in net]


def _sums(sizes: list[NDArray[np.float64]]) -> list[float]:
    """Of each layer, in a unit of the network's in which none overflows."""
    exponent = max(map(exponent_of, sizes))
    with np.errstate(under="ignore"):
        return [float(np.ldexp(of_layer, -exponent).sum()) for of_layer in sizes]


def _distribution(kinds: dict[str, list[_Run]], score: str) -> Table:
    rows: list[dict[str, Any]] = []
    medians, scores = [], []
    for kind, found in kinds.items():
        sizes = [_sizes(run.net) for run in found]
        sums = np.array([_sums(of_net) for of_net in sizes])
        shares = (100 * sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-300)).mean(axis=0)
        quartiles = np.array(
            [
                np.quantile(np.concatenate([s.ravel() for s in net]), (0.25, 0.5, 0.75))
                for net in sizes
            ]
        )
        row: dict[str, Any] = {"kind": kind}
        row["share_of_layers"] = "-".join(f"{share:.0f}" for share in shares)
        row["runs"] = len(found)
        row |= _of_scores(score, found)
        for name, column in zip(("q25", "median", "q75"), quartiles.T, strict=True):
            row |= _interval(name, column.tolist())
        rows.append(row)
        medians += quartiles[:, 1].tolist()
        scores += [run.score for run in found]
    r, low, high = correlation_interval(pearson(np.array(medians), np.array(scores)), len(scores))
    note = ""
    if not math.isnan(low):
        note = (
            f"{score} and median over all {len(scores)} runs: r = {r:.2f}, {low:.2f} to {high:.2f}"
        )
    title = f"Weights beside {score}: shares of the sum of |w| by layer, quartiles of |w|"
    ends = [f"{name}_{end}" for name in ("q25", "median", "q75") for end in ("low", "high")]
    return _table(rows, title, note, score=score, without=ends)


def _by_layer(kinds: dict[str, list[_Run]], of: str, score: str) -> Table:
    rows: list[dict[str, Any]] = []
    for kind, found in kinds.items():
        for index in range(len(found[0].net)):
            arrays = [getattr(run.net[index], of) for run in found]
            if any(array is None for array in arrays):
                continue
            statistics = [statistics_of(array.astype(np.float64).reshape(-1)) for array in arrays]
            row: dict[str, Any] = {"kind": kind, "layer": index, "runs": len(found)}
            row |= _interval("mean", [one.mean for one in statistics])
            row |= _interval("mean_abs", [one.mean_abs for one in statistics])
            row |= _of_scores(score, found)
            rows.append(row)
    without = [f"{name}_{end}" for name in ("mean", score) for end in ("low", "high")]
    return _table(rows, f"{of.capitalize()} beside {score}, by layer", score=score, without=without)


def _table(
    rows: list[dict[str, Any]], title: str, note: str = "", *, score: str, without: Sequence[str]
) -> Table:
    columns = tuple(rows[0]) if rows else ("kind",)
    held = ", of a share within 0 and 1" if _is_share(score) else ""
    lines = [f"means over runs; low, high: 95 % interval of the mean{held}; {_CAUTION}"]
    lines += [note] * bool(note)
    return Table(
        columns,
        [tuple(row.values()) for row in rows],
        title,
        note="\n".join(lines),
        printed=[name for name in columns if name not in without],
        undefined=[name for name in columns if name.endswith(("_low", "_high"))],
    )
