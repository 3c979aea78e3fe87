"""One training without a row, and where what it found is kept."""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wbcore._view import n_rows
from wbcore.data._rows import Rows
from wbcore.io.atomic import replacing
from wbcore.searching.digests import digest, of_array
from wbcore.training.batches import as_read
from wbcore.training.identity import data_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from wbcore._view import Foreign
    from wbcore.network import Network
    from wbcore.training.replaying import Replay

__all__ = ["Findings", "Without", "key_of"]


class Findings(NamedTuple):
    """What a training without a row leads to, on the evaluation data."""

    loss: float
    """NaN where there are no targets."""
    largest: float
    """Change of an output."""
    mean: float
    """Change of the output that was asked for."""

    @classmethod
    def read(cls, folder: Path, row: int) -> Findings | None:
        """Those that were kept, if there is a sound file of them."""
        with contextlib.suppress(OSError, TypeError, ValueError):
            loss, *others = json.loads(_file(folder, row).read_text(encoding="ascii"))
            return cls(math.nan if loss is None else float(loss), *map(float, others))
        return None

    def write(self, folder: Path, row: int) -> None:
        """Keep them; Python writes numbers so that they are read back to the bit."""
        loss = None if math.isnan(self.loss) else self.loss
        text = json.dumps([loss, self.largest, self.mean])
        with replacing(_file(folder, row), "influence", durable=False) as file:
            file.write(text.encode("ascii"))


@dataclass(frozen=True)
class Without:
    """What is done for each row; it can be pickled, for other processes.

    Parameters
    ----------
    replay : Replay
    weights : ndarray of shape (B,)
        Of all rows.
    X, y
        To evaluate on; y may be None.
    outputs : ndarray of shape (E, O)
        Predictions for X with all rows.
    output : int
    stops : callable, optional
        Asked while it goes on whether nobody waits for it any more.
    """

    replay: Replay
    weights: NDArray[np.float64]
    X: Any
    y: Any
    outputs: NDArray[Any]
    output: int
    stops: Callable[[], bool] | None = None

    @classmethod
    def of(cls, replay: Replay, whole: Network, X: Foreign, y: Foreign, output: int) -> Without:
        """Of a training; `whole` is the network that it led to."""
        given = replay.sample_weight
        n = n_rows(replay.data[0])
        weights = np.ones(n) if given is None else np.array(given, np.float64)
        return cls(replay, weights, X, y, whole.predict(X, n_threads=1), output)

    def many(self, rows: Sequence[int]) -> list[tuple[int, Findings]]:
        """Of some rows, one after another; when nobody waits, of none."""
        stopped = self.stops if self.stops is not None else bool
        found = [(row, self.findings(row)) for row in rows if not stopped()]
        return [] if stopped() else found

    def findings(self, row: int | None) -> Findings:
        """What the training without this row leads to; None: with all of them."""
        network = self.network(row)
        changes = network.predict(self.X, n_threads=1).astype(float) - self.outputs
        loss = math.nan
        if self.y is not None:
            loss = network.evaluate(self.X, self.y, loss=self.replay.loss, n_threads=1)["loss"]
        return Findings(loss, float(np.abs(changes).max()), float(changes[:, self.output].mean()))

    def network(self, row: int | None) -> Network:
        """Trained without that row."""
        weights = self.weights
        if row is not None:
            weights = weights.copy()
            weights[row] = 0.0
        network = self.replay.beginning()
        self.replay.advance(
            network,
            0,
            self.replay.last,
            sample_weight=weights,
            metrics=self.replay.needed_metrics,
            stops=self.stops,
        )
        return network


def key_of(task: Without) -> str:
    """A digest of all that the findings of a row depend on."""
    replay = task.replay
    recording, network = replay.recording, replay.beginning()
    plan = replay.plan(epochs=1, optimizer=network.optimizer, sample_weight=task.weights)
    X, y = replay.data
    sums = data_of(network, plan, X, y, rows=Rows(X, y, task.weights), validation=Rows(None, None))
    parts = [
        repr([tuple(layer) for layer in recording.layers]),
        recording.dtype,
        of_array(recording.parameters),
        repr((recording.starts_at_prior, recording.rule, dict(recording.optimizer))),
        repr((recording.steps, recording.position, dict(recording.observations))),
        *(of_array(array) for _, array in sorted((recording.arrays or {}).items())),
        repr(sorted(recording.settings.items(), key=lambda item: item[0])),
        repr((sorted(recording.functions.items()), recording.first, replay.last)),
        repr(sorted(sums.items())),
        of_array(as_read(network, task.X)),
        "none" if task.y is None else of_array(task.y),
        repr(task.output),
    ]
    return digest(parts)[:32]


def _file(folder: Path, row: int) -> Path:
    return folder / f"{row}.json"
