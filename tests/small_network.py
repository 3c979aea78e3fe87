"""A small network, data for it, and settings to train it with."""

import numpy as np

import wbcore as wb

rng = np.random.default_rng(0)
X = rng.standard_normal((50, 6))
LABELS = rng.integers(0, 3, 50)
TARGETS = rng.standard_normal((50, 3))
DTYPES = ["float32", "float64"]


def network(dtype="float64", activation="tanh", **options):
    return wb.Network.mlp([6, 9, 8, 3], activation, seed=1, dtype=dtype, **options)


def settings(**options):
    return {"loss": "cross_entropy", "epochs": 3, "batch_size": 16} | options


def trained(**options):
    net = network("float32")
    net.fit(X, LABELS, **settings(optimizer=wb.SGD(0.1, momentum=0.9), **options))
    return net
