"""What all other rows say of the class of each, without a network.

No network learns wrong labels by heart here: where a fifth of them are wrong, neighbours that vote
or a line through all rows are nearer to the truth than a network that was trained on half of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["of_lines", "of_neighbours"]

# Of so many an error of one in three is outvoted nearly always; of few rows a twentieth, as those
# that are farther away are of other classes by right.
_MOST, _FEWEST, _SHARE = 25, 5, 20
_RIDGE = 0.1  # of the rows: columns of deviation 1 that say little add next to nothing


def of_neighbours(
    x: NDArray[np.float64], labels: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """The share of each class among the rows nearest to each of x (R, I), itself not: (R, K)."""
    n = len(x)
    k = min(max(n // _SHARE, _FEWEST), _MOST)
    squares = np.sum(x * x, axis=1)
    distances = squares[:, None] + squares - 2 * x @ x.T
    np.fill_diagonal(distances, np.inf)
    nearest = labels[np.argpartition(distances, k, axis=1)[:, :k]]
    return np.stack([(nearest == label).mean(axis=1) for label in range(classes)], axis=1)


def of_lines(
    x: NDArray[np.float64], labels: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """What a linear function that was fitted to all rows but one gives for that, (R, K).

    Least squares with a ridge, for which leaving out a row is a division by 1 less its leverage
    (D. M. Allen, 1974). x (R, I) is of mean 0.
    """
    n, wanted = len(x), (labels[:, None] == np.arange(classes)).astype(np.float64)
    mean = wanted.mean(axis=0)
    solved = np.linalg.solve(x.T @ x + _RIDGE * n * np.eye(x.shape[1]), x.T)
    leverage = np.sum(x * solved.T, axis=1) + 1 / n
    given = mean + x @ (solved @ (wanted - mean))
    return np.asarray(wanted - (wanted - given) / (1 - leverage)[:, None], np.float64)
