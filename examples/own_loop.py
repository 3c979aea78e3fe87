"""A training loop of one's own: forward, a loss, backward, step.

    python examples/own_loop.py

Two spirals of points, told apart by a small network. ``fit`` does the same in one call; the loop
is for losses and schedules that it does not have: here the learning rate falls along a cosine.
"""

import numpy as np

import wbcore as wb

STEPS, BATCH = 3000, 64


def spirals(n, rng):
    """n points (n, 2) of two spirals, and which of the two each belongs to (n,)."""
    label = rng.integers(0, 2, n)
    turn = np.sqrt(rng.random(n)) * 3 * np.pi
    angle = turn + np.pi * label
    X = np.stack([turn * np.cos(angle), turn * np.sin(angle)], axis=1) / (3 * np.pi)
    return X + rng.normal(0, 0.01, (n, 2)), label


def main():
    rng = np.random.default_rng(0)
    X, y = spirals(2000, rng)
    X_test, y_test = spirals(1000, rng)
    net = wb.Network.mlp([2, 32, 32, 2], activation="tanh", seed=0)
    optimizer = wb.SGD(learning_rate=0.2, momentum=0.9)

    for step in range(STEPS):
        optimizer.learning_rate = 0.1 * (1 + np.cos(np.pi * step / STEPS)) + 1e-4
        rows = rng.integers(0, len(X), BATCH)
        probabilities = wb.softmax(net.forward(X[rows]))  # (BATCH, 2)
        dZ = probabilities.copy()  # the gradient of the mean cross-entropy by the logits
        dZ[np.arange(BATCH), y[rows]] -= 1
        optimizer.step(net, net.backward(dZ / BATCH))
        if step % 500 == 0:
            loss = -np.log(probabilities[np.arange(BATCH), y[rows]]).mean()
            print(f"step {step:4d}  loss {loss:.4f}")

    right = (net.predict(X_test).argmax(axis=1) == y_test).mean()
    print(f"test accuracy {right:.1%}")


if __name__ == "__main__":
    main()
