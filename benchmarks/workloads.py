"""The networks that are timed, and the data they learn."""

from dataclasses import dataclass

import numpy as np

LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Workload:
    """Widths of a ReLU network with linear outputs, and the rows of a batch."""

    widths: tuple[int, ...]
    batch: int

    def __str__(self):
        return "-".join(map(str, self.widths)) + f", {self.batch}"

    @property
    def layers(self):
        return list(zip(self.widths[:-1], self.widths[1:], strict=True))

    @property
    def step_operations(self):
        """Of the matrix products of one step: forward, dW, and dX for all layers but the first."""
        products = sum(6 * i * o for i, o in self.layers) - 2 * self.widths[0] * self.widths[1]
        return products * self.batch

    @property
    def prediction_operations(self):
        return sum(2 * i * o for i, o in self.layers) * self.batch


TRAINING = [
    Workload((4, 16, 3), 16),
    Workload((64, 64, 10), 32),
    Workload((32, 128, 64, 1), 256),
    Workload((8, 32, 32, 32, 32, 1), 64),
    Workload((784, 128, 10), 128),
    Workload((784, 512, 256, 10), 128),
    Workload((1024, 1024, 1024, 1024), 512),
]
LARGE = TRAINING[4:6]  # where the memory is measured
CLASSIFYING = [TRAINING[1], TRAINING[4]]
PREDICTION = [
    Workload(widths, batch)
    for widths in ((4, 16, 3), (64, 64, 10), (784, 128, 10), (784, 512, 256, 10))
    for batch in (1, 1024)
]


def training(short):
    """All, or without the two that take longest."""
    return TRAINING[:5] if short else TRAINING


def steps(workload, operations=2e9):
    """Of an epoch so many operations long: 4 to 200."""
    return int(np.clip(operations / workload.step_operations, 4, 200))


def data(workload, dtype, operations=2e9):
    """Inputs, targets, initial parameters, for an epoch of `operations`."""
    rng = np.random.default_rng(0)
    rows = steps(workload, operations) * workload.batch
    # Drawn in their own type: a copy in float64 would hide in the peak of the memory.
    X = rng.standard_normal((rows, workload.widths[0]), dtype)
    Y = rng.standard_normal((rows, workload.widths[-1]), dtype)
    parameters = [
        (
            (rng.standard_normal((i, o)) * np.sqrt(2 / i)).astype(dtype),
            (rng.standard_normal(o) * 0.1).astype(dtype),
        )
        for i, o in workload.layers
    ]
    return X, Y, parameters
