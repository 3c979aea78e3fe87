"""Long calls let the other Python threads run: the interpreter's lock is not held in them.

Beside each call a thread counts; the longest time in which it could not is held against the time
that the call took. Of several calls the best counts, so that a busy machine is no failure.
"""

import numpy as np
from harness import Round, main, share_held

import wbcore as wb

SHARE = 0.4  # of a call's time: a lock that is held all through it gives nearly 1


def network():
    return wb.Network.mlp([1500, 1500, 1500, 1500, 10], "tanh", initializer="ones")


def calls():  # noqa: C901
    """What makes the calls; each is prepared when its turn comes."""
    rng = np.random.default_rng(0)

    def rows(n, m=1500):
        return rng.standard_normal((n, m), np.float32)

    def forward():
        net, X = network(), rows(300)
        return lambda: net.forward(X)

    def backward():
        net, dY = network(), rows(300, 10)
        net.forward(rows(300))
        return lambda: net.backward(dY)

    def step():
        net = wb.Network.mlp([4000, 4000, 4000, 10], initializer="ones")
        optimizer = wb.SGD(1e-6, momentum=0.9, weight_decay=0.1)
        _, gradients = net.loss_and_gradients(rows(2, 4000), [1, 2], "cross_entropy")
        return lambda: optimizer.step(net, gradients)

    def freeze():
        net = wb.Network.mlp([4000, 4000, 4000, 10], initializer="ones")
        return net.freeze

    def dense():
        x, W, b = rows(400), rows(1500, 1500), rows(1, 1500)[0]
        return lambda: wb.dense(x, W, b)

    def function(name):
        z, compute = np.linspace(-30, 30, 6_000_000), getattr(wb, name)
        return lambda: compute(z)

    def softmax():
        z = rows(5000, 1000).astype(np.float64)
        return lambda: wb.softmax(z)

    def predict():
        net, X = network(), rows(300)
        return lambda: net.predict(X, n_threads=1)

    def evaluate():
        net, X, y = network(), rows(300), np.arange(300) % 10
        return lambda: net.evaluate(X, y, loss="cross_entropy", n_threads=1)

    def gradients():
        net, X, y = network(), rows(300), np.arange(300) % 10
        return lambda: net.loss_and_gradients(X, y, "cross_entropy")

    def fit():
        net, X, y = network(), rows(300), np.arange(300) % 10
        return lambda: net.fit(X, y, loss="cross_entropy", n_threads=1)

    def statistics():
        net = network()
        return net.statistics

    def loss():
        outputs, y = rows(4000, 1000), np.arange(4000) % 1000
        return lambda: wb.losses.CrossEntropy()(outputs, y)

    def normal():
        return lambda: wb.initializers.normal(2000, 2000)

    def orthogonal():
        return lambda: wb.initializers.orthogonal(400, 400)

    return {
        "forward": forward,
        "backward": backward,
        "step": step,
        "freeze": freeze,
        "dense": dense,
        "sigmoid": lambda: function("sigmoid"),
        "tanh": lambda: function("tanh"),
        "softmax": softmax,
        "predict": predict,
        "evaluate": evaluate,
        "loss_and_gradients": gradients,
        "fit": fit,
        "statistics": statistics,
        "loss": loss,
        "normal": normal,
        "orthogonal": orthogonal,
    }


def held(one: Round, name: str) -> None:
    share = share_held(calls()[name](), SHARE)
    one.count("calls watched")
    assert share < SHARE, f"for {share:.0%} of a call, at best, no other thread could run"


if __name__ == "__main__":
    names = list(calls())
    main({n: lambda one, n=n: held(one, n) for n in names}, short=8)
