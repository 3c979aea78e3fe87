"""The largest weights may belong to a feature that does not matter.

    python examples/importance.py

A turbine's output depends on temperature and pressure. Its humidity is measured, too, has nothing
to do with it, and comes in kg per cubic metre: in a unit so large that its numbers are tiny. A
network for raw values needs large weights to see such numbers at all, and so |w| calls humidity the
most important feature by far. Permuting its column says that it is none.
"""

import numpy as np

import wbcore as wb
from wbcore import inspect

FEATURES = ("temperature [K]", "pressure [hPa]", "humidity [kg/m3]")
MEANS, SPREADS = np.array([600.0, 900.0, 0.012]), np.array([25.0, 60.0, 0.003])


def measurements(n, rng):
    """n rows of the three features (n, 3), and what the turbine gives (n,)."""
    Z = rng.normal(size=(n, 3))
    y = np.tanh(Z[:, 0]) + 0.5 * Z[:, 1] ** 2 + 0.3 * rng.normal(size=n)
    return MEANS + SPREADS * Z, y


def compare(seed=0):
    """A network for raw values, the sizes of its first weights, and two kinds of importance.

    Returns the mean |w| of each feature (3,), a PermutationImportance and an Attribution, both of
    rows that the network has not been trained on.
    """
    rng = np.random.default_rng(seed)
    X, y = measurements(1000, rng)
    X_held_out, y_held_out = measurements(1000, rng)
    standardized = wb.Standardized(X)
    net = wb.Network.mlp([3, 16, 1], activation="relu", seed=seed, dtype="float64")
    net.fit(standardized, y, loss="mse", optimizer="adam(0.01)", epochs=40)
    net = net.fold_inputs(standardized.mean, standardized.scale)

    sizes = np.abs(net[0].weights).mean(axis=1)
    permuted = inspect.permutation_importance(
        net, X_held_out, y_held_out, n_repeats=10, feature_names=FEATURES, train=(X, y), loss="mse"
    )
    attributed = inspect.attribution(
        net, X_held_out, baseline=X.mean(axis=0), feature_names=FEATURES
    )
    return sizes, permuted, attributed


def main():
    sizes, permuted, attributed = compare()
    order = np.argsort(-sizes)
    rows = [(FEATURES[i], float(sizes[i])) for i in order]
    print(inspect.Table(("feature", "mean_abs"), rows, "First-layer weights: what |w| says"), "\n")
    print(permuted, "\n")
    print(attributed)


if __name__ == "__main__":
    main()
