"""Trainings in which something is wrong, and sound ones: what `diagnosis.py` tries findings on."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn import datasets

import wbcore as wb

VALIDATION_SHARE = 0.3


def of_sklearn(name, part=1.0):
    """A data set that scikit-learn has, or a share of it by the seed."""

    def made(rng):
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        rows = rng.permutation(len(X))[: round(part * len(X))]
        return X[rows], y[rows]

    return made


digits = of_sklearn("digits")
wine = of_sklearn("wine")
breast_cancer = of_sklearn("breast_cancer")
diabetes = of_sklearn("diabetes")
iris = of_sklearn("iris")


def seed_of(rng):
    return int(rng.integers(2**31))


def moons(n=1000, noise=0.2):
    return lambda rng: datasets.make_moons(n, noise=noise, random_state=seed_of(rng))


def circles(n=1000, noise=0.1):
    return lambda rng: datasets.make_circles(n, noise=noise, factor=0.5, random_state=seed_of(rng))


def blobs(rng):
    return datasets.make_blobs(1200, 8, centers=5, cluster_std=3, random_state=seed_of(rng))


def friedman(rng):
    return datasets.make_friedman1(800, noise=0.5, random_state=seed_of(rng))


def waves(rng, n=1000):
    X = rng.uniform(-3, 3, (n, 2))
    return X, np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] ** 2 + rng.normal(0, 0.1, n)


def counts(rng, n=1000):
    """How often something happens, by a rate."""
    X = rng.normal(size=(n, 4))
    return X, rng.poisson(np.exp(0.5 * X[:, 0] + 0.3 * X[:, 1] * X[:, 2] + 0.5))


def clouds(share, n=2000, distance=2.0):
    """Two of them in ten columns, the second with a share of the rows."""

    def made(rng):
        y = (np.arange(n) < round(n * share)).astype(np.int64)
        X = rng.normal(size=(n, 10))
        X[:, :4] += distance * y[:, None]
        return X, y

    return made


@dataclass
class Data:
    X: Any
    y: Any
    X_val: Any
    y_val: Any


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained on what; the fields are what an ailment or its cure changes."""

    name: str
    data: Callable[..., Any]
    hidden: tuple[int, ...] = (32,)
    activation: str = "relu"
    optimizer: Callable[[], Any] = lambda: wb.Adam(0.01)
    epochs: int = 40
    batch_size: int = 32
    loss: str = "cross_entropy"
    dtype: str = "float32"
    initializer: str | None = None
    scaled: bool = True
    dropout: float = 0.0
    fit: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Data, Any], None] | None = None
    """Changes the data: what is wrong with them, or the cure."""
    of_network: Callable[[Any], None] | None = None
    """Changes the network before the training."""

    def made(self, seed):
        """The data of a seed."""
        rng = np.random.default_rng(seed)
        X, y = self.data(rng)
        y = np.asarray(y, np.int64 if self.loss == "cross_entropy" else np.float64)
        order = rng.permutation(len(X))
        val = order[: round(len(X) * VALIDATION_SHARE)]
        train = order[len(val) :]
        data = Data(X[train].astype(float), y[train], X[val].astype(float), y[val])
        if self.scaled:
            mean, std = data.X.mean(axis=0), data.X.std(axis=0)
            std[std == 0] = 1
            data.X, data.X_val = (data.X - mean) / std, (data.X_val - mean) / std
            if self.loss in ("mse", "mae", "huber(1)"):
                mean, std = data.y.mean(), data.y.std()
                data.y, data.y_val = (data.y - mean) / std, (data.y_val - mean) / std
        if self.before is not None:
            self.before(data, rng)
        return data

    def network(self, data, seed):
        outputs = 1
        if self.loss == "cross_entropy":
            outputs = int(max(data.y.max(), data.y_val.max())) + 1
        net = wb.Network.mlp(
            [data.X.shape[1], *self.hidden, outputs],
            self.activation,
            initializer=self.initializer,
            dropout=self.dropout,
            seed=seed,
            dtype=self.dtype,
        )
        if self.of_network is not None:
            self.of_network(net)
        return net

    def trained(self, seed):
        """Network, history and data."""
        data = self.made(seed)
        net = self.network(data, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wb.TrainingWarning)
            try:
                history = net.fit(
                    data.X,
                    data.y,
                    loss=self.loss,
                    optimizer=self.optimizer(),
                    epochs=self.epochs,
                    batch_size=self.batch_size,
                    validation_data=(data.X_val, data.y_val),
                    seed=seed,
                    **self.fit,
                )
            except wb.DivergenceError as error:
                history = error.history
        return net, history, data


def sgd(rate, momentum=0.9):
    return lambda: wb.SGD(rate, momentum=momentum)


def adam(rate):
    return lambda: wb.Adam(rate)


BCE = "binary_cross_entropy"

#: Sound trainings: of other sizes, activations, optimizers and data than each other's.
HEALTHY = [
    Recipe(name="digits, relu 64-32, SGD", data=digits, hidden=(64, 32), optimizer=sgd(0.02)),
    Recipe(
        name="digits as they are, relu 64",
        data=digits,
        hidden=(64,),
        scaled=False,
        optimizer=adam(0.003),
    ),
    Recipe(
        name="digits, tanh 256",
        data=digits,
        hidden=(256,),
        activation="tanh",
        optimizer=adam(0.003),
        epochs=20,
    ),
    Recipe(
        name="a fifth of digits, relu 32", data=of_sklearn("digits", 0.2), optimizer=adam(0.005)
    ),
    Recipe(name="wine, relu 32", data=wine),
    Recipe(name="wine, relu 64-64-32", data=wine, hidden=(64, 64, 32), optimizer=adam(0.003)),
    Recipe(
        name="breast_cancer, relu 32-16",
        data=breast_cancer,
        hidden=(32, 16),
        loss=BCE,
        optimizer=adam(0.003),
    ),
    Recipe(
        name="breast_cancer, tanh 16, SGD",
        data=breast_cancer,
        hidden=(16,),
        activation="tanh",
        optimizer=sgd(0.01),
    ),
    Recipe(
        name="iris as it is, tanh 16",
        data=iris,
        hidden=(16,),
        activation="tanh",
        scaled=False,
        epochs=80,
    ),
    Recipe(name="iris, sigmoid 16", data=iris, hidden=(16,), activation="sigmoid", epochs=100),
    Recipe(
        name="diabetes, relu 16",
        data=diabetes,
        hidden=(16,),
        loss="mse",
        optimizer=adam(0.003),
        epochs=30,
    ),
    Recipe(
        name="diabetes, tanh 8, SGD, float64",
        data=diabetes,
        hidden=(8,),
        activation="tanh",
        loss="mse",
        optimizer=sgd(0.005),
        dtype="float64",
        epochs=30,
    ),
    Recipe(name="moons, relu 32", data=moons()),
    Recipe(name="200 moons, relu 128", data=moons(200, 0.25), hidden=(128,), epochs=60),
    Recipe(
        name="moons, tanh 16-16, SGD",
        data=moons(),
        hidden=(16, 16),
        activation="tanh",
        optimizer=sgd(0.1),
        epochs=60,
    ),
    Recipe(name="overlapping moons, relu 16", data=moons(600, 0.4), hidden=(16,), loss=BCE),
    Recipe(
        name="circles, tanh 16",
        data=circles(),
        hidden=(16,),
        activation="tanh",
        optimizer=adam(0.02),
        epochs=60,
    ),
    Recipe(
        name="circles, sigmoid 16",
        data=circles(),
        hidden=(16,),
        activation="sigmoid",
        optimizer=adam(0.03),
        epochs=100,
    ),
    Recipe(name="blobs, no hidden layer", data=blobs, hidden=()),
    Recipe(name="blobs, leaky_relu 32, dropout", data=blobs, activation="leaky_relu", dropout=0.2),
    Recipe(
        name="friedman1, relu 64-32",
        data=friedman,
        hidden=(64, 32),
        loss="mse",
        optimizer=adam(0.003),
        epochs=60,
    ),
    Recipe(
        name="waves, tanh 32-32",
        data=waves,
        hidden=(32, 32),
        activation="tanh",
        loss="mse",
        epochs=60,
    ),
    Recipe(
        name="waves, relu 64, huber, SGD",
        data=waves,
        hidden=(64,),
        loss="huber(1)",
        optimizer=sgd(0.02),
        epochs=80,
    ),
    Recipe(
        name="counts, softplus 16, poisson",
        data=counts,
        hidden=(16,),
        activation="softplus",
        loss="poisson",
        optimizer=adam(0.003),
        epochs=20,
    ),
    Recipe(name="waves, tanh 32, mae", data=waves, activation="tanh", loss="mae", epochs=60),
    Recipe(
        name="10 % positives, relu 16",
        data=clouds(0.1),
        hidden=(16,),
        optimizer=adam(0.003),
        epochs=30,
    ),
    Recipe(
        name="5 % positives, gelu 16",
        data=clouds(0.05),
        hidden=(16,),
        activation="gelu",
        optimizer=adam(0.003),
        epochs=30,
    ),
]
_OF = {recipe.name: recipe for recipe in HEALTHY}


def base(name):
    """The sound training of a name."""
    return _OF[name]
