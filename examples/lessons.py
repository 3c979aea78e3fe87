"""The ten tables of a lesson on weights and biases, and what five beliefs about them are worth.

    pip install '.[cli]'
    python examples/lessons.py

Every number printed is measured on networks that this program trains, on handwritten digits and on
data made for the purpose. Most are of ten seeds: one training says little of the next. It takes
some twenty seconds.
"""

import numpy as np
from lessons_misconceptions import misconceptions
from lessons_trainings import accuracy, digits, repeated, train

import wbcore as wb
from wbcore.inspect import (
    Table,
    activations,
    bias_changes,
    compare,
    parameter_table,
    profile,
    unit_table,
    weight_bias_correlation,
    weight_changes,
)


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
    rows = [(row["layer"], row["mean"], row["mean_abs"], row["std"]) for row in found]
    return Table(("layer", "mean", "mean_abs", "std"), rows, f"Average {of} by layer")


def numbered(number, table):
    """The same table under its number in the lesson."""
    return table.select(*table.printed, title=f"Table {number}: {table.title}")


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
        units = unit_table(net, layer=0)
        alone = units["twin"].count(None)
        different = np.unique(net[0].weights, axis=1).shape[1]
        rows.append((initializer, 16, different, alone, 100 * accuracy(net, X_test, y_test)))
    columns = ("initializer", "hidden_units", "different", "without_twin", "test_accuracy_%")
    return Table(columns, rows, "Breaking symmetry: hidden units with weights of their own")


def tables(data):
    """The ten tables, and what goes with them."""
    X, X_test, y, y_test = data
    net = wb.Network.mlp([64, 32, 16, 10], activation="relu", seed=0)
    history = train(net, X, y, track="epoch")
    yield one_neuron()
    yield loss_by_epoch(history)
    yield f"Test accuracy of this network, 64-32-16-10: {accuracy(net, X_test, y_test):.1%}"
    yield numbered(1, averages(net, "weights"))
    yield numbered(2, averages(net, "biases"))
    yield numbered(3, parameter_table(net))
    yield numbered(4, weight_changes(history))
    yield numbered(5, bias_changes(history))
    yield numbered(6, weight_bias_correlation(net))
    yield from many_networks(data)
    times = profile(net, X, y, loss="cross_entropy", batch_size=32)
    yield numbered(10, times.by_layer())
    yield times
    yield activations(net, X_test, y_test)
    yield worth(net, X_test, y_test)
    yield symmetry(data)


def many_networks(data):
    """Tables 7 to 9, each of ten seeds."""
    hidden = ((4,), (8,), (16,), (64,), (128,), (64, 32))
    widths = {"-".join(map(str, h)): repeated([64, *h, 10], "relu", data) for h in hidden}
    yield numbered(7, compare(widths, "distribution", score="accuracy"))
    kinds = {name: repeated([64, 32, 10], name, data) for name in ("sigmoid", "relu", "tanh")}
    yield numbered(8, compare(kinds, "weights", score="accuracy"))
    yield numbered(9, compare(kinds, "biases", score="accuracy"))


def worth(net, X, y):
    """The units of a layer by what the loss on the test rows gains when each is left out."""
    units = unit_table(net, X, y, layer=1)
    found = sorted(units, key=lambda row: -row["increase"])
    columns = ("unit", "bias", "fan_in_norm", "active", "loss_without", "increase")
    rows = [[row[name] for name in columns] for row in found]
    return Table(columns, rows, units.title, note=units.note)


def main():
    data = digits()
    for shown in tables(data):
        print(shown, end="\n\n")
    for shown in misconceptions(data):
        print(shown, end="\n\n")
    print(
        "What these tables do not say: a weight is not a feature's importance, since its size\n"
        "depends on the feature's unit and on all other weights. And prediction never changes\n"
        "a weight: only training does."
    )


if __name__ == "__main__":
    main()
