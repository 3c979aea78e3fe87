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
PREDICTION = [
    Workload(widths, batch)
    for widths in ((4, 16, 3), (64, 64, 10), (784, 128, 10), (784, 512, 256, 10))
    for batch in (1, 1024)
]


def data(workload, dtype, operations=2e9):
    """Inputs, targets, initial parameters; an epoch is `operations` long, 4 to 200 steps."""
    rng = np.random.default_rng(0)
    steps = int(np.clip(operations / workload.step_operations, 4, 200))
    rows = steps * workload.batch
    X = rng.standard_normal((rows, workload.widths[0])).astype(dtype)
    Y = rng.standard_normal((rows, workload.widths[-1])).astype(dtype)
    parameters = [
        (
            (rng.standard_normal((i, o)) * np.sqrt(2 / i)).astype(dtype),
            (rng.standard_normal(o) * 0.1).astype(dtype),
        )
        for i, o in workload.layers
    ]
    return X, Y, parameters
