"""The ten tables of a lesson on weights and biases, from networks trained on handwritten digits.

    pip install '.[cli]'
    python examples/lessons.py

Every number printed is measured on a network that this program trains; it takes seconds.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import wbcore as wb
from wbcore.inspect import (
    Table,
    bias_changes,
    parameter_table,
    time_per_update,
    weight_bias_correlation,
    weight_changes,
)

EPOCHS = 30


def digits():
    """Images of 8 x 8 pixels as rows of 64 values from -0.5 to 0.5; a fifth is for the test."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16 - 0.5, y, test_size=0.2, stratify=y, random_state=0)


def train(net, X, y, **options):
    optimizer = wb.SGD(learning_rate=0.02, momentum=0.9)
    return net.fit(X, y, loss="cross_entropy", optimizer=optimizer, epochs=EPOCHS, **options)


def accuracy(net, X, y):
    return float((net.predict(X).argmax(axis=1) == y).mean())


def one_neuron():
    """Two inputs, two weights, a bias: the weighted sum, then the activation."""
    z = wb.dense([0.5, 0.3], weights=[[0.8], [0.6]], biases=[0.2])
    rows = [("z = 0.5 * 0.8 + 0.3 * 0.6 + 0.2", repr(float(z[0])))]
    rows.append(("sigmoid(z)", repr(float(wb.sigmoid(z)[0]))))
    return Table(("a neuron", "value"), rows, "A single neuron")


def loss_by_epoch(history):
    chosen = [epoch for epoch in (1, 2, 3, 5, 10, 20, 30) if epoch <= len(history.loss)]
    rows = [(epoch, history.loss[epoch - 1]) for epoch in chosen]
    return Table(("epoch", "loss"), rows, "Loss by epoch")


def averages(net, of):
    """Tables 1 and 2: the averages of weights or biases, layer by layer."""
    found = [row for row in parameter_table(net) if row["of"] == of]
    rows = [(row["layer"], row["mean"], row["mean_abs"]) for row in found]
    number = 1 if of == "weights" else 2
    return Table(("layer", "mean", "mean_abs"), rows, f"Table {number}: average {of} by layer")


def numbered(number, table):
    """The same table under its number in the lesson."""
    return Table(table.columns, table.rows, f"Table {number}: {table.title}")


def accuracy_and_distribution(data):
    """Table 7: how weights are spread, in networks of several widths, and how good these are."""
    X, X_test, y, y_test = data
    rows = []
    for hidden in ((4,), (8,), (16,), (64,), (128,), (64, 32)):
        net = wb.Network.mlp([64, *hidden, 10], activation="relu", seed=0)
        train(net, X, y)
        sizes = [float(np.abs(layer.weights).sum()) for layer in net]
        shares = "-".join(f"{100 * size / sum(sizes):.0f}" for size in sizes)
        weights = np.concatenate([np.ravel(layer.weights) for layer in net])
        quartiles = np.percentile(np.abs(weights), (25, 50, 75)).tolist()
        score = 100 * accuracy(net, X_test, y_test)
        rows.append((" ".join(map(str, hidden)), score, shares, *quartiles))
    columns = ("hidden", "test_accuracy_%", "share_of_layers_%", "|w| 25 %", "|w| 50 %", "|w| 75 %")
    return Table(columns, rows, "Table 7: accuracy and the distribution of weights")


def activations(data):
    """Tables 8 and 9: the same network with three activations, each from its usual initializer."""
    X, X_test, y, y_test = data
    weights, biases = [], []
    for activation in ("sigmoid", "relu", "tanh"):
        net = wb.Network.mlp([64, 32, 10], activation=activation, seed=0)
        train(net, X, y)
        score = 100 * accuracy(net, X_test, y_test)
        for row in parameter_table(net):
            found = weights if row["of"] == "weights" else biases
            found.append((activation, row["layer"], row["mean"], row["mean_abs"], score))
    columns = ("activation", "layer", "mean", "mean_abs", "test_accuracy_%")
    yield Table(columns, weights, "Table 8: activations and weights")
    yield Table(columns, biases, "Table 9: activations and biases")


def symmetry(data):
    """Equal units get equal gradients and stay equal: only random weights tell them apart."""
    X, X_test, y, y_test = data
    rows = []
    for initializer in ("zeros", "xavier", "he"):
        layers = [
            wb.Dense(64, 16, "sigmoid", initializer=initializer),
            wb.Dense(16, 10, initializer=initializer),
        ]
        net = wb.Network(layers, seed=0)
        train(net, X, y)
        different = np.unique(net[0].weights, axis=1).shape[1]
        rows.append((initializer, 16, different, 100 * accuracy(net, X_test, y_test)))
    columns = ("initializer", "hidden_units", "different_after_training", "test_accuracy_%")
    return Table(columns, rows, "Breaking symmetry: hidden units with weights of their own")


def main():
    data = digits()
    X, X_test, y, y_test = data
    net = wb.Network.mlp([64, 32, 16, 10], activation="relu", seed=0)
    history = train(net, X, y, track="epoch")

    print(one_neuron(), end="\n\n")
    print(loss_by_epoch(history), end="\n\n")
    print(f"Test accuracy of this network, 64-32-16-10: {accuracy(net, X_test, y_test):.1%}\n")
    print(averages(net, "weights"), end="\n\n")
    print(averages(net, "biases"), end="\n\n")
    print(numbered(3, parameter_table(net)), end="\n\n")
    print(numbered(4, weight_changes(history)), end="\n\n")
    print(numbered(5, bias_changes(history)), end="\n\n")
    print(numbered(6, weight_bias_correlation(net)), end="\n\n")
    print(accuracy_and_distribution(data), end="\n\n")
    for table in activations(data):
        print(table, end="\n\n")
    print(numbered(10, time_per_update(net, X, y, loss="cross_entropy", batch_size=32)), end="\n\n")
    print(symmetry(data), end="\n\n")
    print(
        "What these tables do not say: a weight is not a feature's importance, since its size\n"
        "depends on the feature's unit and on all other weights. And prediction never changes\n"
        "a weight: only training does."
    )


if __name__ == "__main__":
    main()
