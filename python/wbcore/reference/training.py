"""The training loop over shuffled mini-batches, and evaluation (sections 6 to 8 and 10)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from . import rankings
from .arithmetic import FLOAT64
from .arrays import Matrix, Vector
from .dense import Gradients
from .dropout import DropoutStep
from .losses import LOSSES, Labels, Loss, loss_sum_and_gradient, target_rows, total_weight
from .metrics import METRICS, MetricSums
from .network import Network
from .optimizers import Optimizer, Rule, States
from .random import row_order, shuffle_stream
from .schedules import Observations, Plateau, Schedule, observed


@dataclass
class State:
    """What an optimizer keeps of one network from step to step.

    Parameters
    ----------
    steps : int
        Steps that were taken.
    arrays : dict of lists of Gradients, one for each layer
        By the names of the optimizer's states.
    epoch : int
        Epochs that were done, by the number of the last of them.
    """

    steps: int
    arrays: dict[str, list[Gradients]]
    epoch: int = 0
    observations: Observations = field(default_factory=Observations)


def new_state(network: Network, optimizer: Optimizer) -> State:
    """Return the state that a training starts with: no steps, and what each number starts as."""
    state = State(0, {})
    for name in optimizer.states:
        value = optimizer.start(network.arith, name)
        state.arrays[name] = [
            Gradients(
                [[value] * len(row) for row in layer.weights],
                None if layer.biases is None else [value] * len(layer.biases),
            )
            for layer in network.layers
        ]
    return state


def step(
    network: Network,
    gradients: Sequence[Gradients],
    state: State,
    optimizer: Optimizer,
    schedule: Schedule | None = None,
    *,
    weight: float = 1.0,
) -> None:
    """Update the trainable parameters of a network and their states in place.

    Parameters
    ----------
    gradients : sequence of Gradients, one for each layer
    state : State
        Of this optimizer and this network.
    schedule : Schedule, optional
        Says the learning rate in place of the optimizer.
    weight : float
        What the rows count together, for a penalty of their sum.
    """
    state.steps += 1
    optimizer = optimizer.of_mean(weight)
    if schedule is not None:
        rate = schedule.rate_at(state.steps, state.observations.reductions)
        optimizer = replace(cast("Any", optimizer), learning_rate=rate)
    arith = network.arith
    factor = _clipping(network, gradients, optimizer)

    def rule(*, decayed: bool) -> Rule:
        update = optimizer.rule(arith, state.steps, decayed=decayed)

        def prepared(w: float, g: float, states: States) -> tuple[float, States]:
            g = arith.T(factor * optimizer.clipped(arith, g))
            return update(w, optimizer.penalized(arith, w, g) if decayed else g, states)

        return prepared

    weights, biases = rule(decayed=True), rule(decayed=optimizer.decay_biases)
    for index, (layer, gradient) in enumerate(zip(network.layers, gradients, strict=True)):
        if not layer.trainable:
            continue
        kept = [array[index] for array in state.arrays.values()]
        for r, rows in enumerate(zip(layer.weights, gradient.weights, strict=True)):
            _update(weights, *rows, [k.weights[r] for k in kept])
        layer.weights[:] = optimizer.limited(arith, layer.weights)
        if layer.biases is not None and gradient.biases is not None:
            _update(biases, layer.biases, gradient.biases, [k.biases or [] for k in kept])


def _decayed(network: Network, optimizer: Optimizer) -> list[Sequence[float]]:
    """Rows of the parameters that weight_decay, l1 and l2 count for."""
    return [
        row
        for layer in network.layers
        if layer.trainable
        for row in (*layer.weights, (layer.biases or []) if optimizer.decay_biases else [])
    ]


def _clipping(network: Network, gradients: Sequence[Gradients], optimizer: Optimizer) -> float:
    """By what the whole gradient of a step is multiplied."""
    rows = [
        [optimizer.clipped(network.arith, g) for g in row]
        for layer, gradient in zip(network.layers, gradients, strict=True)
        if layer.trainable
        for row in (*gradient.weights, gradient.biases or [])
    ]
    return optimizer.factor(network.arith, rows)


def _update(rule: Rule, w: list[float], g: list[float], states: list[list[float]]) -> None:
    for k in range(len(w)):
        w[k], new = rule(w[k], g[k], tuple(s[k] for s in states))
        for s, value in zip(states, new, strict=True):
            s[k] = value


def fit(
    network: Network,
    X: Matrix,
    y: Matrix | Labels,
    *,
    loss: str | Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int,
    shuffle: bool | Callable[[int], Sequence[int]] = True,
    seed: int = 0,
    blocks: tuple[Sequence[int], int] | None = None,
    first_epoch: int | None = None,
    state: State | None = None,
    metrics: dict[str, list[float]] | None = None,
    schedule: Schedule | None = None,
    sample_weight: Vector | None = None,
) -> list[float]:
    """Train a network in place.

    Parameters
    ----------
    network : Network
    X : matrix of shape (B, I)
    y : matrix of shape (B, O), or B labels for a loss of classes
    loss : str or Loss
        With its numbers where they are not the defaults: "huber(0.5)".
    optimizer : Optimizer
    epochs, batch_size : int
        The last batch of an epoch takes the rows that are left.
    shuffle : bool or callable
        Permute the rows in every epoch, always beginning from their own order; or a function of
        the epoch that gives its rows.
    seed : int
        Of the shuffle, and of dropout.
    blocks : pair of (sequence of int, int), optional
        Rows of each block and blocks in a window: shuffle by blocks.
    first_epoch : int, optional
        The epochs are first_epoch, first_epoch + 1, .. in the order of rows. Default: that of the
        state.
    state : State, optional
        To go on from an earlier training; it is updated in place. Default: `new_state`.
    metrics : dict of lists, optional
        By name of the metric; every epoch appends its value, of the same outputs as the loss. One
        that ranks is that of all rows after the epoch, or of those that a function gave. "penalty"
        is what the optimizer's penalties add to the loss.
    schedule : Schedule, optional
        Says the learning rate in place of the optimizer; a plateau watches the loss of each epoch.
    sample_weight : vector of length B, optional
        What each row counts, at least 0 and not all of them 0.

    Returns
    -------
    list of float
        The mean loss of each epoch, every row measured before the update of its batch: the sums of
        the batches, added in their order in binary64, and divided once by the weights likewise.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64, SGD, Layer
    >>> net = Network([Layer([[0.0]], [0.0])], FLOAT64)
    >>> optimizer = SGD(learning_rate=0.25)
    >>> fit(net, [[1.0], [1.0]], [[1.0], [1.0]],
    ...     loss="mse", optimizer=optimizer, epochs=2, batch_size=2)
    [1.0, 0.0]
    >>> net.layers[0].weights, net.layers[0].biases
    ([[0.5]], [0.5])
    """
    chosen = LOSSES.choice(loss)
    targets = target_rows(y, network.layers[-1].outputs)
    state = new_state(network, optimizer) if state is None else state
    first_epoch = state.epoch if first_epoch is None else first_epoch
    history = []
    for epoch in range(first_epoch, first_epoch + epochs):
        order = _row_order(len(X), shuffle, seed, epoch, blocks)
        total, weight, penalties, sums = 0.0, 0.0, 0.0, MetricSums(chosen, isinstance(y[0], int))
        for low in range(0, len(order), batch_size):
            rows = order[low : low + batch_size]
            inputs, wanted = [X[r] for r in rows], [targets[r] for r in rows]
            own = None if sample_weight is None else [sample_weight[r] for r in rows]
            weights = network.rounded_weights(own)
            dropout = DropoutStep(seed, state.steps + 1)
            batch_total, gradients, _ = network.loss_sum_and_gradients(
                inputs, wanted, chosen, inputs=False, dropout=dropout, sample_weight=weights
            )
            total = FLOAT64.T(total + batch_total)
            of_batch = total_weight(inputs, weights)
            weight = FLOAT64.T(weight + of_batch)
            if metrics is not None and "penalty" in metrics:
                penalties = penalties + optimizer.penalty(_decayed(network, optimizer), of_batch)
            if metrics:
                last = network.forward(inputs, dropout)[-1]
                sums.add(last.Z, last.A, network.rounded(wanted), weights)
            step(network, gradients, state, optimizer, schedule, weight=of_batch)
        history.append(FLOAT64.T(total / chosen.count(weight, len(targets[0]))))
        for name, values in (metrics or {}).items():
            if name == "penalty":
                values.append(penalties / weight)
            elif METRICS.choice(name).ranks:
                rows = order if callable(shuffle) else range(len(X))
                ranked = evaluate(
                    network,
                    [X[r] for r in rows],
                    cast("Labels", [y[r] for r in rows]),  # or a matrix
                    loss=chosen,
                    metrics=[name],
                    sample_weight=sample_weight and [sample_weight[r] for r in rows],
                )
                values.append(ranked[name])
            else:
                values.append(sums.value(name))
        state.epoch = epoch + 1
        if isinstance(schedule, Plateau):
            state.observations = observed(schedule, state.observations, history[-1])
    return history


def _row_order(
    n: int,
    shuffle: bool | Callable[[int], Sequence[int]],
    seed: int,
    epoch: int,
    blocks: tuple[Sequence[int], int] | None,
) -> Sequence[int]:
    """The rows of an epoch, of n, in the order in which batches are cut from them."""
    if callable(shuffle):
        return shuffle(epoch)
    if not shuffle:
        return range(n)
    if blocks is not None:
        return row_order(blocks[0], seed=seed, epoch=epoch, window=blocks[1])
    return shuffle_stream(seed, epoch).permutation(n)


def evaluate(
    network: Network,
    X: Matrix,
    y: Matrix | Labels,
    *,
    loss: str | Loss,
    metrics: Sequence[str] = (),
    sample_weight: Vector | None = None,
) -> dict[str, float]:
    """Loss and metrics of all rows, as one batch.

    Parameters
    ----------
    network : Network
    X : matrix of shape (B, I)
    y : matrix of shape (B, O), or B labels for a loss of classes
    loss : str or Loss
    metrics : sequence of str
    sample_weight : vector of length B, optional
        What each row counts, at least 0 and not all of them 0.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64, Layer
    >>> net = Network([Layer([[1.0]], [0.0])], FLOAT64)
    >>> evaluate(net, [[1.0], [3.0]], [[2.0], [5.0]], loss="mse", metrics=["mae"])
    {'loss': 2.5, 'mae': 1.5}
    """
    chosen = LOSSES.choice(loss)
    last = network.forward(X)[-1]
    targets = network.rounded(target_rows(y, len(last.Z[0])))
    by_sums = chosen.works_on_sums(network.layers[-1].activation)
    weights = network.rounded_weights(sample_weight)
    outputs = last.Z if by_sums else last.A
    total, _ = loss_sum_and_gradient(network.arith, chosen, outputs, targets, weights)
    sums = MetricSums(chosen, isinstance(y[0], int))
    sums.add(last.Z, last.A, targets, weights)
    values = {"loss": FLOAT64.T(total / chosen.count(sums.rows, len(targets[0])))}
    for name in metrics:
        metric = METRICS.choice(name)
        values[name] = (
            rankings.value(
                metric,
                network.arith,
                chosen,
                network.layers[-1].activation,
                Y=last.A,
                targets=targets,
                weights=weights or [1.0] * len(targets),
                labels=sums.of_classes,
            )
            if metric.ranks
            else sums.value(metric)
        )
    return values
