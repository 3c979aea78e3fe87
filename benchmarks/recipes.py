"""The recipe for tables, what could have been in its place, and a training by any of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Recipe:
    """How a network is trained on a table.

    batch, epochs : callables
        `batch(n_rows)` and `epochs(n_rows, batch_size)`.
    l2 : callable
        `l2(classifies, n_rows)`.
    patience : callable
        `patience(n_rows)` is the epochs that early stopping waits, with a tenth of the rows held
        out, or None where nothing is held out.
    scaling : callable
        `scaling(X)` gives what is subtracted from each column and what it is divided by.
    """

    hidden: tuple[int, ...]
    initializer: str
    optimizer: str
    learning_rate: float
    schedule: str | None
    batch: Callable
    epochs: Callable
    l2: Callable
    patience: Callable
    scaling: Callable
    activation: str
    dropout: float = 0.0
    prior: bool = True
    scales_targets: bool = True


def standard(X):
    deviation = X.std(axis=0)
    return X.mean(axis=0), np.where(deviation == 0, 1, deviation)


def ranges(X):
    """To -1 to 1."""
    low, high = X.min(axis=0), X.max(axis=0)
    return (low + high) / 2, np.where(low == high, 1, (high - low) / 2)


def quartiles(X):
    """By the median and the range of the middle half, where there is one."""
    low, middle, high = np.percentile(X, [25, 50, 75], axis=0)
    return middle, np.where(low == high, standard(X)[1], (high - low) / 1.35)


def raw(_):
    return 0.0, 1.0


def chosen():
    """The recipe of the package."""
    from wbcore.recipe import TABLE

    def l2(classifies, n_rows):
        return TABLE.l2("classification" if classifies else "regression", n_rows)

    return Recipe(
        hidden=TABLE.hidden,
        activation=TABLE.activation,
        initializer=TABLE.initializer or "he",
        optimizer=TABLE.optimizer,
        learning_rate=TABLE.learning_rate,
        schedule=TABLE.schedule,
        batch=always(TABLE.batch_size),
        epochs=TABLE.epochs,
        l2=l2,
        patience=lambda n_rows: TABLE.patience if TABLE.stops_early(n_rows) else None,
        scaling=standard,
    )


def times(function, factor):
    return lambda *arguments: function(*arguments) * factor


def share_of_rows(smallest, largest):
    """Batches of a thirtieth of the rows, a power of two."""

    def batch(n_rows):
        return int(np.clip(2 ** round(np.log2(n_rows / 30)), smallest, largest))

    return batch


def always(value):
    return lambda *_: value


def variants():
    """Recipes that differ from the chosen one, which is the first, in one thing each."""
    own = chosen()
    changes = {
        "glorot_uniform": {"initializer": "glorot_uniform"},
        "he_uniform": {"initializer": "he_uniform"},
        "orthogonal": {"initializer": "orthogonal"},
        "rate / 10": {"learning_rate": own.learning_rate / 10},
        "rate / 3": {"learning_rate": own.learning_rate / 3},
        "rate x 3": {"learning_rate": own.learning_rate * 3},
        "constant rate": {"schedule": None},
        "one_cycle": {"schedule": "one_cycle"},
        "batches of 16": {"batch": always(16)},
        "batches of 64": {"batch": always(64)},
        "batches of 200": {"batch": always(200)},
        "batches of rows / 30": {"batch": share_of_rows(16, 256)},
        "hidden 32": {"hidden": (32,)},
        "hidden 100": {"hidden": (100,)},
        "hidden 128, 64": {"hidden": (128, 64)},
        "hidden 64, 64, 64": {"hidden": (64, 64, 64)},
        "no l2": {"l2": always(0.0)},
        "l2 / 3": {"l2": times(own.l2, 1 / 3)},
        "l2 x 3": {"l2": times(own.l2, 3)},
        "AdamW": {"optimizer": "adamw", "l2": always(0.0)},
        "epochs / 4": {"epochs": scaled_epochs(own.epochs, 1 / 4)},
        "epochs / 2": {"epochs": scaled_epochs(own.epochs, 1 / 2)},
        "epochs x 2": {"epochs": scaled_epochs(own.epochs, 2)},
        "stopping, 10": {"patience": always(10)},
        "stopping, 30": {"patience": always(30)},
        "scaled to -1, 1": {"scaling": ranges},
        "scaled by quartiles": {"scaling": quartiles},
        "raw inputs": {"scaling": raw},
        "raw targets": {"scales_targets": False},
        "biases from 0": {"prior": False},
        "dropout 0.1": {"dropout": 0.1},
        "gelu": {"activation": "gelu"},
        "tanh": {"activation": "tanh", "initializer": "glorot_uniform"},
    }
    return {"the recipe": own} | {name: replace(own, **change) for name, change in changes.items()}


def scaled_epochs(epochs, factor):
    return lambda n_rows, batch: max(1, round(epochs(n_rows, batch) * factor))


class Trained:
    """A network, trained on a table by a recipe."""

    def __init__(self, recipe, table, seed):
        self.recipe, self.table, self.seed = recipe, table, seed
        self.shift, self.scale = recipe.scaling(table.X)
        values = table.y.reshape(len(table.y), -1)
        self.centre, self.unit = standard(values) if recipe.scales_targets else (0.0, 1.0)

    def scaled(self, X):
        return ((X - self.shift) / self.scale).astype(np.float32)

    def fit(self):
        import wbcore as wb

        recipe, X, y = self.recipe, self.scaled(self.table.X), self.table.y
        if not self.table.classifies:
            y = (y.reshape(len(y), -1) - self.centre) / self.unit
        batch = recipe.batch(len(X))
        epochs, patience = recipe.epochs(len(X), batch), recipe.patience(len(X))
        n_outputs = y.max() + 1 if self.table.classifies else y.shape[1]
        self.net = wb.Network.mlp(
            [X.shape[1], *recipe.hidden, n_outputs],
            recipe.activation,
            initializer=recipe.initializer,
            dropout=recipe.dropout,
            seed=self.seed,
        )
        stopping = {}
        if patience is not None:
            stopping = {
                "validation_fraction": 0.1,
                "callbacks": [wb.callbacks.EarlyStopping(patience=patience)],
            }
        self.net.fit(
            X,
            y,
            loss="cross_entropy" if self.table.classifies else "mse",
            optimizer=self.optimizer(len(X), batch, epochs),
            epochs=epochs,
            batch_size=batch,
            bias_init="prior" if recipe.prior else None,
            seed=self.seed,
            n_threads=1,
            **stopping,
        )

    def optimizer(self, n_rows, batch, epochs):
        import wbcore as wb

        recipe = self.recipe
        n_train = n_rows if recipe.patience(n_rows) is None else n_rows - n_rows // 10
        steps = wb.schedules.count_steps(n_train, batch, epochs)
        rate = recipe.learning_rate
        if recipe.schedule is not None:
            rate = f"{recipe.schedule}({rate}, {steps})"
        optimizer = wb.optimizers.check("optimizer", f"{recipe.optimizer}({rate})")
        optimizer.l2 = recipe.l2(self.table.classifies, n_rows)
        return optimizer

    def errors(self):
        """The share that is not right (1 - accuracy, 1 - R2), and the loss, on the test's rows."""
        outputs = self.net.predict(self.scaled(self.table.X_test)).astype(np.float64)
        y = self.table.y_test
        if self.table.classifies:
            outputs -= outputs.max(axis=1, keepdims=True)
            log_p = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
            wrong = outputs.argmax(axis=1) != y
            return float(wrong.mean()), float(-log_p[np.arange(len(y)), y].mean())
        y = y.reshape(len(y), -1)
        squares = ((outputs * self.unit + self.centre - y) ** 2).mean(axis=0)
        return float((squares / y.var(axis=0)).mean()), float(squares.mean())
