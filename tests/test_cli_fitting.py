"""The calls of fit that a training of the command line is made of."""

import numpy as np

import wbcore as wb
from wbcore.cli.fitting import fit, phases_of
from wbcore.cli.settings import TrainSettings

N_ROWS = 37


def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, 3)).astype(np.float32)
    return X, rng.integers(0, 2, N_ROWS)


def network():
    return wb.Network.mlp([3, 5, 2], activation="tanh", seed=1)


def test_phases_are_one_training():
    """Each begins where the one before it ended; together they have all epochs."""
    for epochs in range(1, 25):
        phases = phases_of(TrainSettings(epochs=epochs))
        starts = [sum(before.epochs for before in phases[:i]) for i in range(len(phases))]
        assert [phase.first_epoch for phase in phases] == starts
        assert sum(phase.epochs for phase in phases) == epochs
        assert len(phases) == 1 + (epochs > 3)


def test_the_slow_epochs_take_row_orders_of_their_own():
    """Not those of the fast ones once more: as if each epoch's rows were put in order by hand."""
    settings = TrainSettings(epochs=7, batch_size=8, learning_rate=0.1, momentum=0.5, seed=5)
    (X, y), trained, by_hand = data(), network(), network()
    curves, _ = fit(trained, {"X": X, "y": y, "loss": "cross_entropy"}, settings)

    optimizer = wb.SGD(0.1, momentum=0.5)
    orders, losses = [], []
    for epoch in range(settings.epochs):
        optimizer.learning_rate = 0.1 if epoch < 5 else 0.1 * 0.1  # 3/10 of 7 are slow
        order = wb.random.permutation(N_ROWS, settings.seed, epoch)
        options = {"loss": "cross_entropy", "optimizer": optimizer, "batch_size": 8}
        losses += by_hand.fit(X[order], y[order], shuffle=False, **options).loss
        orders.append(tuple(order))
    assert len(set(orders)) == settings.epochs
    assert curves["loss"] == losses
    assert trained.parameters.tobytes() == by_hand.parameters.tobytes()
