"""A table with a column for each kind of target; for the tests of the command line's options."""

import numpy as np
import pandas as pd

ROWS = 250


def write_data(path):
    """Writes data.csv: k is a rare class by a and b, v a value, n a number of events."""
    rng = np.random.default_rng(3)
    X = rng.normal((5, -2, 100), (1, 3, 20), (ROWS, 3))
    signal = (X[:, 0] - 5) + (X[:, 1] + 2) / 3
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame["k"] = np.where(signal + 0.7 * rng.normal(size=ROWS) > 1.5, "yes", "no")
    frame["v"] = 40 + 7 * signal + rng.normal(size=ROWS)
    frame["n"] = rng.poisson(np.exp(0.5 + 0.6 * signal))
    frame.to_csv(path / "data.csv", index=False)
    return path
