"""Where two trainings part: the first step, and in it the first parameter, that is not the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments
from wbcore.errors import ReplayError
from wbcore.inspect.exact_table import exactly, pattern
from wbcore.training.proofs import records_of
from wbcore.training.replaying import Replay
from wbcore.training.twins import twin_of

if TYPE_CHECKING:
    from wbcore.layers import Layer
    from wbcore.network import Network

__all__ = ["Difference", "first_difference"]


@dataclass(frozen=True)
class Difference:
    """The first parameter in which two trainings differ.

    Attributes
    ----------
    step : int
        How many steps each had done; 0 is the state before the first. Where one began later than
        the other, as a fork does, those that the earlier one had done.
    epoch, batch : int
        Of that step, in the first training, from 0, as in records.
    layer : int or None
        None where the trainings cannot be made again here, so that only records tell.
    name : {"W", "b", None}
    index : tuple of int
        Input and unit of a weight, or the unit of a bias.
    values : pair of float
    bits : pair of str
        The same as bit patterns.
    count : int
        How many parameters differ after that step.
    """

    step: int
    epoch: int
    batch: int
    layer: int | None = None
    name: str | None = None
    index: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    bits: tuple[str, ...] = ()
    count: int = 0
    reason: str = ""

    def __str__(self) -> str:
        where = "before the first step" if self.step == 0 else (
            f"step {self.step}: epoch {self.epoch}, batch {self.batch} (counted from 0)"
        )  # fmt: skip
        if self.layer is None:
            return f"{where} at the latest; {self.reason}"
        place = ", ".join(map(str, self.index))
        dtype = "float32" if len(self.bits[0]) == 10 else "float64"
        shown = " against ".join(
            f"{bits} ({exactly(value, dtype)})"
            for bits, value in zip(self.bits, self.values, strict=True)
        )
        more = "it alone" if self.count == 1 else f"{self.count} parameters differ"
        return f"{where}, layer {self.layer}, {self.name}[{place}]: {shown}; {more}"


def first_difference(run_a: Any, run_b: Any) -> Difference | None:  # noqa: ANN401, X of any kind
    """Find where two trainings part, to the step and the parameter.

    The digests of records that both have say between which steps; from the last one that is the
    same both are made again, halving what is between. Epochs and batches are held against those of
    the same number: a fork, or another fit that went on, is compared from where it began.

    Parameters
    ----------
    run_a, run_b : tuple ``(history, X, y)``, or ``(history, X, y, others)``
        Two fits with `track`, not of `LBFGS`, of networks of one structure, and what each was
        trained on; others is a dict with what else `History.replay` takes: ``sample_weight``,
        functions, ``validation_data``.

    Returns
    -------
    Difference or None
        None where the two are the same, to the bit, to the end of the shorter one. Printed, it is
        one line.

    Raises
    ------
    TypeError, ValueError
        When a history is none of a fit with `track`, the networks have other structures, X and y
        are not those of the fit, or one began later than the other, which ended before that or has
        other batches an epoch.
    ReplayError
        When neither of the two can be made again here.

    Examples
    --------
    >>> import numpy as np, wbcore as wb
    >>> X, y = np.linspace(-1, 1, 64)[:, None], np.zeros(64)
    >>> other = y.copy()
    >>> other[20] = 1e-3
    >>> runs = []
    >>> for targets in (y, other):
    ...     net = wb.Network.mlp([1, 4, 1], activation="tanh", seed=0)
    ...     history = net.fit(X, targets, loss="mse", epochs=2, batch_size=16, track="epoch")
    ...     runs.append((history, X, targets))
    >>> found = first_difference(*runs)
    >>> found.epoch, found.layer, found.name
    (0, 0, 'W')
    """
    a, b = _Side("run_a", run_a), _Side("run_b", run_b)
    _require_alike(a.replay, b.replay)
    _align(a, b)
    low, high = _between(a, b)
    if high is None:
        return None
    try:
        at = a.at(low), b.at(low)
        if low == high or not _equal(*at):
            return _difference(a, low, *at)
        ends = a.from_here(at[0], low, high), b.from_here(at[1], low, high)
    except ReplayError as error:
        return _by_records(a, b, high, error)
    if _equal(*ends):
        return _by_records(a, b, high, None) if _records_differ(a, b, high) else None
    while high - low > 1:
        middle = (low + high) // 2
        halfway = a.from_here(at[0], low, middle), b.from_here(at[1], low, middle)
        if _equal(*halfway):
            low, at = middle, halfway
        else:
            high, ends = middle, halfway
    return _difference(a, high, *ends)


# What `History.replay` takes beside epoch and batch.
_OTHERS = ("sample_weight", "loss", "learning_rate", "shuffle", "validation_data", "n_threads")


class _Side:
    """One of the two trainings; steps are those of the one that began first."""

    def __init__(self, name: str, given: Any) -> None:  # noqa: ANN401, looked at here
        if not isinstance(given, (tuple, list)) or len(given) not in (3, 4):
            raise TypeError(
                f"[first_difference] expected {name} to be (history, X, y), or with a dict of what "
                f"else replay takes, got {_arguments.shown(given)}"
            )
        history, X, y, others = (*given, None)[:4]
        others = _arguments.mapping("first_difference", f"others of {name}", others, _OTHERS)
        self.replay = Replay("first_difference", history, X, y, **others)
        self.history = history
        self.begins = 0
        """At which step."""

    @property
    def digests(self) -> dict[int, str]:
        """Of its records, by their steps."""
        return {step + self.begins: digest for step, digest in records_of(self.history)}

    @property
    def last(self) -> int:
        """The step that it ended with."""
        return self.begins + self.replay.last

    def batch_of(self, step: int) -> tuple[int, int]:
        """Epoch and batch of a step."""
        return self.replay.recording.batch_of(step - self.begins)

    def at(self, step: int) -> Network:
        """The network there, proven."""
        return self.replay.at(step - self.begins)

    def from_here(self, network: Network, start: int, end: int) -> Network:
        """A copy, trained on."""
        twin = twin_of(network)
        self.replay.advance(twin, start - self.begins, end - self.begins)
        return twin


def _require_alike(a: Replay, b: Replay) -> None:
    for name in ("layers", "dtype"):
        ours, theirs = getattr(a.recording, name), getattr(b.recording, name)
        if name == "layers":
            ours, theirs = ([(*layer[:2], layer.bias) for layer in side] for side in (ours, theirs))
        if ours != theirs:
            raise ValueError(
                f"[first_difference] expected networks of the same {name}, got {ours} and {theirs}"
            )


def _align(a: _Side, b: _Side) -> None:
    """Let the one that began later begin at that step of the other."""
    recordings = a.replay.recording, b.replay.recording
    (first, other), batches = (one.first for one in recordings), [one.batches for one in recordings]
    if first == other:
        return
    if batches[0] != batches[1]:
        raise ValueError(
            f"[first_difference] expected fits of one number of batches an epoch where one begins "
            f"later, got {batches[0]} and {batches[1]}"
        )
    early, late = (a, b) if first < other else (b, a)
    epoch, batch = late.replay.recording.first
    late.begins = early.replay.recording.step_of(epoch, batch - 1)
    if late.begins > early.replay.last:
        raise ValueError(
            f"[first_difference] expected fits that have a step in common, got one that ended with "
            f"batch {early.batch_of(early.last)[1]} of epoch {early.batch_of(early.last)[0]} and "
            f"one that began with batch {batch} of epoch {epoch}"
        )


def _between(a: _Side, b: _Side) -> tuple[int, int | None]:
    """Steps after which they are the same, and after which they are not, or the last of both."""
    low, last = max(a.begins, b.begins), min(a.last, b.last)
    starts = [one.replay.recording.parameters.tobytes() for one in (a, b)]
    if low == 0 and starts[0] != starts[1]:
        return 0, 0
    ours, theirs = a.digests, b.digests
    for step in sorted(ours.keys() & theirs.keys()):
        if ours[step] != theirs[step]:
            return low, step
        low = step
    return (low, last) if low < last else (low, None)


def _equal(a: Network, b: Network) -> bool:
    return a.parameters.tobytes() == b.parameters.tobytes()


def _records_differ(a: _Side, b: _Side, step: int) -> bool:
    ours, theirs = a.digests.get(step), b.digests.get(step)
    return ours is not None and theirs is not None and ours != theirs


def _by_records(a: _Side, b: _Side, step: int, error: ReplayError | None) -> Difference:
    """What is known where one of the two was not computed as here."""
    if error is not None and not _records_differ(a, b, step):
        raise error
    reason = "by their records; one of the two was computed otherwise than here"
    return Difference(step, *a.batch_of(step), reason=reason)


def _difference(side: _Side, step: int, a: Network, b: Network) -> Difference:
    """The first parameter, in their order, whose bits are not the same."""
    kind = np.uint32 if a.dtype == np.float32 else np.uint64
    differ = a.parameters.view(kind) != b.parameters.view(kind)
    place = int(np.argmax(differ))
    values = tuple(float(net.parameters[place]) for net in (a, b))
    bits = tuple(pattern(value, a.dtype.name) for value in values)
    layer, name, index = _place(list(a), place)
    found = side.batch_of(step)
    count = int(differ.sum())
    return Difference(step, *found, layer.index, name, index, values, bits, count)


def _place(layers: list[Layer], place: int) -> tuple[Layer, str, tuple[int, ...]]:
    """Whose parameter the flat array has there."""
    for layer in layers:
        n = layer.inputs * layer.outputs
        if place < n:
            return layer, "W", divmod(place, layer.outputs)
        place -= n
        if layer.bias and place < layer.outputs:
            return layer, "b", (place,)
        place -= layer.outputs * layer.bias
    raise AssertionError("a place of another network")
