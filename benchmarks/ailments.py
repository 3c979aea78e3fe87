"""What can be wrong with a training: each changes a sound one, and has the advice that mends it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from trainings import Recipe, clouds, sgd

import wbcore as wb
from wbcore.callbacks import EarlyStopping


def changed(change):
    """Of a recipe whose data are changed, after what it does to them itself."""

    def made(recipe, _attempt=0):
        return replace(recipe, before=change)

    return made


def fields(**changes):
    return lambda recipe, _attempt=0: replace(recipe, **changes)


def unchanged(recipe, _attempt=0):
    """Of which the cure is what was done wrong."""
    return recipe


def rate_times(factor):
    """Of the rate, and for a cure a tenth for each attempt."""

    def made(recipe, attempt=0):
        def optimizer():
            made = recipe.optimizer()
            made.learning_rate *= factor / 10**attempt
            return made

        return replace(recipe, optimizer=optimizer)

    return made


def large(data, _rng):
    data.X, data.X_val = 1e4 * data.X, 1e4 * data.X_val


def shuffled(data, rng):
    data.y = rng.permutation(data.y)


def constant(data, rng):
    column = int(rng.integers(data.X.shape[1]))
    data.X[:, column] = data.X_val[:, column] = 3.0


def ten_rows(data, _rng):
    data.X, data.y = data.X[:10], data.y[:10]


def sixty_rows(data, _rng):
    data.X, data.y = data.X[:60], data.y[:60]


def repeated(data, rng):
    n = len(data.X_val) // 3
    rows = rng.permutation(len(data.X))[:n]
    data.X_val[:n], data.y_val[:n] = data.X[rows], data.y[rows]


def from_one_on(data, _rng):
    data.y, data.y_val = data.y + 1, data.y_val + 1


def wrong_labels(data, rng):
    """A quarter of them."""
    rows = rng.permutation(len(data.y))[: len(data.y) // 4]
    classes = int(data.y.max()) + 1
    data.y[rows] = (data.y[rows] + rng.integers(1, classes, len(rows))) % classes


def raw_targets(data, _rng):
    data.y, data.y_val = 1000 + 100 * data.y, 1000 + 100 * data.y_val


def given_away(data, _rng):
    """The target as a last column."""
    data.X, data.X_val = (
        np.column_stack([X, y / max(1, np.abs(data.y).max())])
        for X, y in ((data.X, data.y), (data.X_val, data.y_val))
    )


def one_target(data, _rng):
    data.y[:] = data.y_val[:] = data.y[0]


def tiny(data, _rng):
    data.X, data.X_val = 1e-8 * data.X, 1e-8 * data.X_val


def nearly_repeated(data, rng):
    """As from another file, with fewer digits."""
    repeated(data, rng)
    data.X_val *= 1 + 1e-6 * rng.normal(size=data.X_val.shape)


def not_scaled(data, rng):
    """Validation as it was measured: columns of any unit, of positive numbers most of all."""
    units = 10 ** rng.normal(size=data.X.shape[1])
    data.X_val = units * (data.X_val + 3)


def shuffled_apart(data, rng):
    data.y_val = rng.permutation(data.y_val)


def not_a_number(net):
    net[0].weights[0, 0] = float("nan")


def biases_of(value):
    def change(net):
        net[0].biases[...] = value

    return change


def runaway():
    """A rate that is right for fifty steps."""
    return wb.SGD(lambda step: 0.01 if step < 50 else 1e30)


def decaying():
    return wb.Adam(0.01, l2=10)


WEIGHED = {"class_weight": "balanced", "bias_init": "prior"}


@dataclass(frozen=True)
class Ailment:
    """What is wrong, the code by which it must be found, and the advice that comes with it."""

    name: str
    code: str
    spoil: Callable[..., Recipe]
    cure: Callable[..., Recipe]
    """(recipe that was sound, attempt from 1) -> recipe."""
    bases: tuple[str, ...]
    attempts: int = 1
    is_seen_before: bool = True
    """Whether `check` can find it, if it looks for the code."""


FIVE = (
    *("digits, relu 64-32, SGD", "wine, relu 32", "moons, tanh 16-16, SGD"),
    *("waves, relu 64, huber, SGD", "friedman1, relu 64-32"),
)
TANH = (
    *("digits, tanh 256", "breast_cancer, tanh 16, SGD", "moons, tanh 16-16, SGD"),
    *("circles, tanh 16", "diabetes, tanh 8, SGD, float64", "waves, tanh 32-32"),
)
RELU = (
    "digits, relu 64-32, SGD",
    "moons, relu 32",
    "breast_cancer, relu 32-16",
    "waves, relu 64, huber, SGD",
)
CLASSES = (
    "digits, relu 64-32, SGD",
    "iris, sigmoid 16",
    "moons, relu 32",
    "blobs, no hidden layer",
)
RELU_OF_ALL = ("digits, relu 64-32, SGD", "wine, relu 64-64-32", "friedman1, relu 64-32")
BENT = ("digits, relu 64-32, SGD", "circles, tanh 16", "moons, relu 32", "waves, tanh 32-32")
OF_NUMBERS = ("waves, tanh 32-32", "friedman1, relu 64-32", "diabetes, relu 16")
EXPLODING = (
    "digits, relu 64-32, SGD",
    "diabetes, tanh 8, SGD, float64",
    "waves, relu 64, huber, SGD",
)
MANY_COLUMNS = (
    *("digits, relu 64-32, SGD", "breast_cancer, tanh 16, SGD", "friedman1, relu 64-32"),
    *("diabetes, relu 16", "blobs, no hidden layer"),
)
IMBALANCED = ("10 % positives, relu 16", "5 % positives, gelu 16")

AILMENTS = [
    Ailment(
        "rate x 100",
        "WB-RATE",
        rate_times(100),
        rate_times(100),
        (*FIVE, "circles, tanh 16", "10 % positives, relu 16"),
        3,
    ),
    Ailment("initial weights 0", "WB-SYMMETRY", fields(initializer="zeros"), unchanged, FIVE),
    Ailment(
        "initial weights all 0.3",
        "WB-SYMMETRY",
        fields(initializer="constant(0.3)"),
        unchanged,
        FIVE,
    ),
    Ailment(
        "initial deviation 10, tanh",
        "WB-SATURATED",
        fields(initializer="normal(0, 10)"),
        unchanged,
        TANH,
    ),
    Ailment("inputs x 1e4", "WB-SCALE", changed(large), unchanged, FIVE),
    Ailment("shuffled labels", "WB-LABELS", changed(shuffled), unchanged, (*CLASSES, *OF_NUMBERS)),
    Ailment(
        "a constant column",
        "WB-CONSTANT",
        changed(constant),
        unchanged,
        ("wine, relu 32", "diabetes, relu 16", "iris as it is, tanh 16"),
    ),
    Ailment(
        "0.5 % positives",
        "WB-IMBALANCE",
        fields(data=clouds(0.005)),
        fields(data=clouds(0.005), fit=WEIGHED),
        IMBALANCED,
    ),
    Ailment(
        "10 rows, 10^4 weights",
        "WB-FEW-ROWS",
        lambda r: replace(r, before=ten_rows, hidden=(96, 96)),
        unchanged,
        FIVE,
    ),
    Ailment(
        "NaN after 50 steps",
        "WB-DIVERGED",
        fields(optimizer=runaway),
        fields(optimizer=lambda: wb.SGD(0.001, clip_norm=1)),
        EXPLODING,
    ),
    Ailment("biases of -10, relu", "WB-DEAD", fields(of_network=biases_of(-10)), unchanged, RELU),
    Ailment(
        "training rows in validation",
        "WB-LEAK",
        changed(repeated),
        unchanged,
        (*CLASSES, *OF_NUMBERS),
    ),
    Ailment("one hidden unit", "WB-UNDERFIT", fields(hidden=(1,)), fields(hidden=(64,)), BENT),
    Ailment(
        "60 noisy rows, relu 128-128",
        "WB-OVERFIT",
        lambda r: replace(r, before=sixty_rows, hidden=(128, 128), epochs=300),
        fields(fit={"callbacks": [EarlyStopping()]}),
        ("overlapping moons, relu 16", "friedman1, relu 64-32", "diabetes, relu 16"),
    ),
    Ailment(
        "eight sigmoid layers, SGD",
        "WB-SIGNAL",
        fields(hidden=(16,) * 8, activation="sigmoid", optimizer=sgd(0.05)),
        fields(hidden=(16,) * 8, activation="tanh", optimizer=sgd(0.05)),
        ("digits, relu 64-32, SGD", "moons, relu 32", "wine, relu 32"),
    ),
    Ailment("labels from 1 on", "WB-CLASSES", changed(from_one_on), unchanged, CLASSES),
    Ailment(
        "a quarter of wrong labels",
        "WB-NOISY-LABELS",
        changed(wrong_labels),
        unchanged,
        (
            *("digits, relu 64-32, SGD", "breast_cancer, relu 32-16", "moons, relu 32"),
            "blobs, no hidden layer",
        ),
    ),
    Ailment(
        "targets of 1000 +- 100",
        "WB-TARGET-SCALE",
        changed(raw_targets),
        unchanged,
        ("waves, relu 64, huber, SGD", "friedman1, relu 64-32"),
    ),
    Ailment(
        "the same target in all rows",
        "WB-TARGET-CONSTANT",
        changed(one_target),
        unchanged,
        (*CLASSES, "breast_cancer, relu 32-16", *OF_NUMBERS),
    ),
    Ailment(
        "the target is a column",
        "WB-TARGET-COLUMN",
        changed(given_away),
        unchanged,
        (*CLASSES, "breast_cancer, relu 32-16", *OF_NUMBERS),
    ),
    Ailment(
        "initial deviation 3, relu",
        "WB-START",
        fields(initializer="normal(0, 3)"),
        unchanged,
        (*RELU_OF_ALL, "waves, relu 64, huber, SGD", "breast_cancer, relu 32-16"),
    ),
    Ailment(
        "twelve sigmoid layers, SGD",
        "WB-VANISHING",
        fields(hidden=(16,) * 12, activation="sigmoid", optimizer=sgd(0.05)),
        fields(hidden=(16,) * 12, activation="tanh", optimizer=sgd(0.05)),
        ("digits, relu 64-32, SGD", "wine, relu 32", "friedman1, relu 64-32"),
    ),
    Ailment(
        "training rows in validation, but for 1e-6",
        "WB-LEAK",
        changed(nearly_repeated),
        unchanged,
        (*CLASSES, *OF_NUMBERS),
    ),
    Ailment(
        "validation as it was measured",
        "WB-VALIDATION",
        changed(not_scaled),
        unchanged,
        (*MANY_COLUMNS, "wine, relu 64-64-32"),
    ),
    Ailment(
        "shuffled labels of validation",
        "WB-VALIDATION",
        changed(shuffled_apart),
        unchanged,
        (*MANY_COLUMNS, "moons, relu 32", "waves, tanh 32-32"),
        is_seen_before=False,
    ),
    Ailment(
        "inputs x 1e-8",
        "WB-ONE-BATCH",
        changed(tiny),
        unchanged,
        ("digits, relu 64-32, SGD", "moons, tanh 16-16, SGD", "friedman1, relu 64-32"),
    ),
    Ailment("l2 of 10", "WB-COLLAPSED", fields(optimizer=decaying), unchanged, FIVE),
    Ailment(
        "a weight of NaN",
        "WB-NONFINITE",
        fields(of_network=not_a_number),
        unchanged,
        ("digits, relu 64-32, SGD", "diabetes, relu 16"),
    ),
    Ailment(
        "biases of -3, relu, SGD of 0.0001",
        "WB-NEARLY-DEAD",
        fields(of_network=biases_of(-3), optimizer=sgd(1e-4)),
        unchanged,
        (
            *("digits, relu 64-32, SGD", "friedman1, relu 64-32"),
            *("breast_cancer, relu 32-16", "10 % positives, relu 16"),
        ),
    ),
]
