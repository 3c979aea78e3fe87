"""What a tracked fit keeps beside its records, so that each of its steps can be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from wbcore._loss_function import LossFunction
from wbcore._structure import LayerStructure
from wbcore._view import Foreign, View, is_sparse
from wbcore.data._source import like
from wbcore.layers import structure
from wbcore.metrics import Chosen
from wbcore.optimizers import LBFGS, Optimizer, _rate
from wbcore.optimizers.state import Position
from wbcore.training.identity import name_of, type_of_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.network import Network
    from wbcore.optimizers.state import OptimizerState
    from wbcore.training.hooks import Hooks
    from wbcore.training.plan import Plan

__all__ = ["RULES", "Recording", "Sample", "network_kind", "recorded", "samples_of"]

RULES: dict[str, type[Optimizer | LBFGS]] = {**Optimizer._of_row, "lbfgs": LBFGS}
"""The classes of optimizers by their rows."""

Sample: TypeAlias = "tuple[str, ...] | None"  # a shape, and a digest of some numbers

# Of an array, that are looked at to tell others from it: microseconds, whatever its size.
_ROWS, _COLUMNS = 8, 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """A fit as it was when it began; it can be copied and pickled, and no array of it is shared.

    Parameters
    ----------
    kind : type
        `Network`, whatever subclass the network was of.
    layers, dtype
        The network's structure.
    parameters : ndarray of shape (n_parameters,)
        Before the first step.
    starts_at_prior : bool
        Whether the first step was to set the biases of the last layer.
    rule : str
        The row of the optimizer, or "lbfgs", each of whose iterations is an epoch of one batch.
    optimizer : dict
        Its settings; without a learning rate that is a function.
    steps, position, observations, arrays
        What it remembered; no arrays where they were those of a first step.
    settings : dict
        Those arguments of `fit` that decide bits, but for functions.
    functions : dict of str to str
        Which arguments were functions, by their names; no history keeps them.
    callbacks : tuple of str
        The names of those that were asked, and may have changed something.
    batches : int
        Of an epoch.
    first : tuple of int
        Epoch and batch that the fit began with; the batch is as many as there are where all it had
        to do of the epoch was to end it.
    samples : dict of str to tuple
        Of X, y and sample_weight: shapes, and of arrays a digest of some of their numbers, by which
        others are told before anything is made again; that all are the same the digests of records
        tell. No number itself is kept: histories are shown to others.
    """

    kind: type[Network]
    layers: tuple[LayerStructure, ...]
    dtype: str
    parameters: NDArray[Any]
    starts_at_prior: bool
    rule: str
    optimizer: Mapping[str, Any]
    steps: int
    position: Position
    observations: Mapping[str, float | None]
    arrays: Mapping[str, NDArray[Any]] | None
    settings: Mapping[str, Any]
    functions: Mapping[str, str]
    callbacks: tuple[str, ...]
    batches: int
    first: tuple[int, int]
    samples: Mapping[str, Sample]

    def step_of(self, epoch: int, batch: int) -> int:
        """How many steps of the fit were done after that batch."""
        return (epoch - self.first[0]) * self.batches + batch + 1 - self.first[1]

    def batch_of(self, step: int) -> tuple[int, int]:
        """Epoch and batch after which so many steps were done; of none the one before the first."""
        epochs, batch = divmod(step - 1 + self.first[1], self.batches)
        return self.first[0] + epochs, batch

    def steps_of(self, epochs: int, batch: int) -> int:
        """How many steps were done after so many whole epochs, and batches of the next one."""
        return max(0, epochs * self.batches - self.first[1] + batch)

    def done_of(self, step: int) -> tuple[int, int]:
        """How many epochs of the fit are ended after so many steps, and batches of the next one."""
        if step == 0:
            return 0, self.first[1]
        return divmod(step + self.first[1], self.batches)


def recorded(
    network: Network, plan: Plan, hooks: Hooks, data: tuple[Foreign, Foreign], *, prior_is_due: bool
) -> Recording:
    """The fit that is about to take its first step.

    Parameters
    ----------
    network : Network
    plan : Plan
    hooks : Hooks
        Which have been asked before the fit.
    data : tuple
        X and y as they were given.
    prior_is_due : bool
    """
    optimizer, run = plan.optimizer, hooks.run
    assert isinstance(optimizer, (Optimizer, LBFGS)), "Plan has made it one"
    assert isinstance(plan.metrics, Chosen), "likewise"
    settings = {name: getattr(optimizer, name) for name in optimizer._checks}
    functions = {}
    if isinstance(optimizer, Optimizer) and _rate.function_of(optimizer.learning_rate):
        functions["learning_rate"] = name_of(settings.pop("learning_rate"))
    if isinstance(plan.loss, LossFunction):
        functions["loss"] = name_of(plan.loss.function)
    if plan.row_order is not None:
        functions["shuffle"] = name_of(plan.row_order)
    names, weights = (
        ("batch_size", "seed", "shuffle_window", "validation_fraction"),
        plan.class_weight,
    )
    return Recording(
        kind=network_kind(network),
        layers=tuple(structure(network)),
        dtype=network.dtype.name,
        parameters=network.parameters.copy(),
        starts_at_prior=prior_is_due,
        optimizer=settings,
        **_remembered(optimizer, network, run.epoch),
        settings={name: getattr(plan, name) for name in names}
        | {
            "class_weight": dict(weights) if isinstance(weights, Mapping) else weights,
            "loss": None if "loss" in functions else str(plan.loss),
            "shuffle": None if "shuffle" in functions else plan.shuffle,
            "track": plan.track,
            "validation_data": plan.validation_data is not None,
            "epochs": plan.epochs,
            "metrics": (*(["penalty"] if plan.metrics.penalty else []), *plan.metrics.texts),
        },
        functions=functions,
        callbacks=_names(plan),
        batches=run.batches,
        first=(run.epoch, run.batch),
        samples=samples_of(network, plan, *data, plan.sample_weight),
    )


def network_kind(network: Network) -> type[Network]:
    """`Network`, of which a user's class may be one."""
    return next(kind for kind in type(network).__mro__ if kind.__module__ == "wbcore.network")


def samples_of(
    network: Network, plan: Plan, X: Foreign, y: Foreign, weights: Foreign
) -> dict[str, Sample]:
    """What tells the data of a fit from most others, at no cost; None for what is not there."""
    if y is None:
        return {"X": ("a source",), "y": None, "sample_weight": None}
    of_y = type_of_targets(network, plan, y) if isinstance(y, np.ndarray) else network.dtype
    return {
        "X": _sample(X, network.dtype),
        "y": _sample(y, of_y),
        "sample_weight": None if weights is None else _sample(weights, np.dtype(float)),
    }


def may_be_equal(found: Sample, wanted: Sample) -> bool:
    """Whether nothing that is known of both tells the one from the other.

    Of a list the rows are known, of a sparse matrix the shape, of an array some numbers, too.
    """
    if found is None or wanted is None:
        return found is wanted
    shapes = found[0], wanted[0]
    if any(shape.endswith("rows") for shape in shapes):
        shapes = shapes[0].split()[0], shapes[1].split()[0]
    return shapes[0] == shapes[1] and (len(found) < 2 or len(wanted) < 2 or found == wanted)


def _sample(array: Foreign, dtype: np.dtype[Any]) -> Sample:
    """Of an array; of what would have to be made one, the number of rows alone.

    Numbers are those that the network sees, and -0 is 0.
    """
    inner = array.array if isinstance(array, View) else array
    if is_sparse(inner):
        return (" x ".join(map(str, inner.shape)),)
    if type(inner) is not np.ndarray:
        return (f"{len(inner)} rows",) if hasattr(inner, "__len__") else ("rows",)
    shape = " x ".join(map(str, inner.shape))
    some = inner[:: max(1, len(inner) // _ROWS)][:_ROWS]
    with np.errstate(all="ignore"):
        seen = np.asarray(like(array, some) if isinstance(array, View) else some, dtype)
        seen = seen[:, :_COLUMNS] if seen.ndim > 1 else seen
        return shape, _digest(seen + dtype.type(0))


def _digest(some: NDArray[Any]) -> str:
    little = some.astype(some.dtype.newbyteorder("<"), copy=False)
    return hashlib.blake2b(little.tobytes(), digest_size=8).hexdigest()


def _remembered(optimizer: Optimizer | LBFGS, network: Network, epoch: int) -> dict[str, Any]:
    if isinstance(optimizer, LBFGS):
        nothing = {"best": None, "waited": 0, "reductions": 0}
        position = Position(epoch)
        return {"rule": "lbfgs", "steps": 0, "position": position, "observations": nothing,
                "arrays": None}  # fmt: skip
    state = optimizer._state(network._core)
    return {
        "rule": optimizer._row.name,
        "steps": state.steps,
        "position": state.position,
        "observations": state.observations,
        "arrays": _beyond_a_start(optimizer, state),
    }


def _beyond_a_start(
    optimizer: Optimizer, state: OptimizerState
) -> Mapping[str, NDArray[Any]] | None:
    """Copies of its arrays, unless they are those that an optimizer makes for its first step."""
    if state.steps == 0 and _rate.function_of(optimizer.learning_rate) is None:
        arrays, starts = state._arrays, optimizer._needed_states()
        if all((arrays[name] == optimizer._start(number)).all() for name, number in starts.items()):
            return None
    return {name: array.copy() for name, array in state._arrays.items()}


def _names(plan: Plan) -> tuple[str, ...]:
    names = [type(callback).__name__ for callback in plan.callbacks]
    return (*names, *([] if plan.callback is None else [name_of(plan.callback)]))
