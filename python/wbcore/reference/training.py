"""The training loop over shuffled mini-batches, and evaluation (sections 6 to 8 and 10)."""

from collections.abc import Sequence

from .arithmetic import FLOAT64
from .arrays import Matrix
from .dense import Gradients
from .losses import ENTROPIES, Labels, count, loss_sum_and_gradient, target_rows
from .metrics import MetricSums
from .network import Network
from .optimizers import SGD
from .random import shuffle_stream


def zero_velocities(network: Network) -> list[Gradients]:
    """Return the velocities that a training starts with, one for each layer."""
    return [
        Gradients([[0.0] * len(row) for row in layer.weights], [0.0] * len(layer.biases))
        for layer in network.layers
    ]


def step(
    network: Network,
    gradients: Sequence[Gradients],
    velocities: Sequence[Gradients],
    optimizer: SGD,
) -> None:
    """Update all parameters and velocities of a network in place.

    Parameters
    ----------
    gradients, velocities : sequence of Gradients, one for each layer
    """

    def update(w: list[float], g: list[float], v: list[float], *, decayed: bool) -> None:
        for k in range(len(w)):
            w[k], v[k] = optimizer.update(network.arith, w[k], g[k], v[k], decayed=decayed)

    for layer, gradient, velocity in zip(network.layers, gradients, velocities, strict=True):
        for rows in zip(layer.weights, gradient.weights, velocity.weights, strict=True):
            update(*rows, decayed=True)
        update(layer.biases, gradient.biases, velocity.biases, decayed=optimizer.decay_biases)


def fit(
    network: Network,
    X: Matrix,
    y: Matrix | Labels,
    *,
    loss: str,
    optimizer: SGD,
    epochs: int,
    batch_size: int,
    shuffle: bool = True,
    seed: int = 0,
    delta: float = 1.0,
    velocities: Sequence[Gradients] | None = None,
    metrics: dict[str, list[float]] | None = None,
) -> list[float]:
    """Train a network in place.

    Parameters
    ----------
    network : Network
    X : matrix of shape (B, I)
    y : matrix of shape (B, O), or B labels for cross_entropy
    loss : str
    optimizer : SGD
    epochs, batch_size : int
        The last batch of an epoch takes the rows that are left.
    shuffle : bool
        Permute the rows in every epoch, always beginning from their own order.
    seed : int
        Of the shuffle.
    delta : float
        Of the loss huber.
    velocities : sequence of Gradients, optional
        To go on from an earlier training; they are updated in place. Default: zero.
    metrics : dict of lists, optional
        By name of the metric; every epoch appends its value, of the same outputs as the loss.

    Returns
    -------
    list of float
        The mean loss of each epoch, every row measured before the update of its batch: the sums of
        the batches, added in their order in binary64, and divided once.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64, Layer
    >>> net = Network([Layer([[0.0]], [0.0])], FLOAT64)
    >>> optimizer = SGD(learning_rate=0.25)
    >>> fit(net, [[1.0], [1.0]], [[1.0], [1.0]],
    ...     loss="mse", optimizer=optimizer, epochs=2, batch_size=2)
    [1.0, 0.0]
    >>> net.layers[0].weights, net.layers[0].biases
    ([[0.5]], [0.5])
    """
    targets = target_rows(y, len(network.layers[-1].biases))
    velocities = zero_velocities(network) if velocities is None else velocities
    history = []
    for epoch in range(epochs):
        order = shuffle_stream(seed, epoch).permutation(len(X)) if shuffle else range(len(X))
        total, sums = 0.0, MetricSums(loss)
        for low in range(0, len(X), batch_size):
            rows = order[low : low + batch_size]
            inputs, wanted = [X[r] for r in rows], [targets[r] for r in rows]
            batch_total, gradients, _ = network.loss_sum_and_gradients(inputs, wanted, loss, delta)
            total = FLOAT64.T(total + batch_total)
            if metrics:
                last = network.forward(inputs)[-1]
                sums.add(last.Z, last.A, network.rounded(wanted))
            step(network, gradients, velocities, optimizer)
        history.append(FLOAT64.T(total / count(loss, len(targets), len(targets[0]))))
        for name, values in (metrics or {}).items():
            values.append(sums.value(name))
    return history


def evaluate(
    network: Network,
    X: Matrix,
    y: Matrix | Labels,
    *,
    loss: str,
    metrics: Sequence[str] = (),
    delta: float = 1.0,
) -> dict[str, float]:
    """Loss and metrics of all rows, as one batch.

    Parameters
    ----------
    network : Network
    X : matrix of shape (B, I)
    y : matrix of shape (B, O), or B labels for cross_entropy
    loss : str
    metrics : sequence of str
    delta : float
        Of the loss huber.

    Examples
    --------
    >>> from wbcore.reference import FLOAT64, Layer
    >>> net = Network([Layer([[1.0]], [0.0])], FLOAT64)
    >>> evaluate(net, [[1.0], [3.0]], [[2.0], [5.0]], loss="mse", metrics=["mae"])
    {'loss': 2.5, 'mae': 1.5}
    """
    last = network.forward(X)[-1]
    targets = network.rounded(target_rows(y, len(last.Z[0])))
    outputs = last.Z if loss in ENTROPIES else last.A
    total, _ = loss_sum_and_gradient(network.arith, loss, outputs, targets, delta)
    sums = MetricSums(loss)
    sums.add(last.Z, last.A, targets)
    mean = FLOAT64.T(total / count(loss, len(targets), len(targets[0])))
    return {"loss": mean} | {name: sums.value(name) for name in metrics}
