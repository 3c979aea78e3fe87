"""The ten tables of a lesson on weights and biases, and what five beliefs about them are worth.

    pip install '.[cli]'
    python examples/lessons.py

Every number printed is measured on networks that this program trains, on handwritten digits and on
data made for the purpose. Tables 7 to 9 and the third belief are of ten seeds, with 95 % intervals
of the mean: one training, as behind the other tables, says little of the next. It takes some
twenty seconds.
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
    digest,
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
    yield "A neuron adds up products and its bias, and bends the sum; that is all it does."
    yield one_neuron()
    yield "Training lowers the loss, fast at first and then slowly."
    yield loss_by_epoch(history)
    yield f"Test accuracy of this network, 64-32-16-10: {accuracy(net, X_test, y_test):.1%}"
    yield unchanged(net, X_test)
    yield (
        "Means of weights are near 0 and say little; mean_abs, the mean of the absolute values,\n"
        "says how large they are: the fewer inputs a layer has, the larger."
    )
    yield numbered(1, averages(net, "weights"))
    yield (
        "Biases are smaller than weights here. Those of the last layer have a mean of 0 but for\n"
        "roundings: of each row the gradients of the outputs add up to 0, and so do the steps."
    )
    yield numbered(2, averages(net, "biases"))
    yield "All parameters at a glance: none is exactly 0."
    yield numbered(3, parameter_table(net))
    yield (
        "Training made weights larger, most so in the last layer. change: of mean_abs, final\n"
        "minus initial; not how far single weights moved."
    )
    yield numbered(4, weight_changes(history))
    yield "Biases began at 0, so that all they are is change."
    yield numbered(5, bias_changes(history))
    yield (
        "Where low and high have one sign, the two go together in this network; elsewhere chance\n"
        "would do."
    )
    yield numbered(6, weight_bias_correlation(net))
    yield from many_networks(data)
    times = profile(net, X, y, loss="cross_entropy", batch_size=32)
    yield "A small layer takes more time per weight: starting a product costs as much as ever."
    yield numbered(10, times.by_layer())
    yield "The same by phases: most time goes to the layer with most weights."
    yield times
    yield (
        "Outputs grow from layer to layer, and gradients on their way back, by small factors:\n"
        "nothing vanishes, and nothing explodes."
    )
    yield activations(net, X_test, y_test)
    yield "A few units carry the layer; some might be left out for nothing."
    yield worth(net, X_test, y_test)
    yield "Units that begin equal stay equal: sixteen of them are worth one."
    yield symmetry(data)


def unchanged(net, X):
    """The digest, over the bits of all parameters, before and after a prediction."""
    before = digest(net)
    net.predict(X)
    return (
        "Prediction never changes a weight: the digest of all parameters is "
        f"{before} before predict, {digest(net)} after."
    )


def many_networks(data):
    """Tables 7 to 9, each of ten seeds."""
    hidden = ((4,), (8,), (16,), (64,), (128,), (64, 32))
    widths = {"-".join(map(str, h)): repeated([64, *h, 10], "relu", data) for h in hidden}
    yield (
        "Wider networks have smaller weights, and are better, though by less and less. 70-30:\n"
        "70 % of the sum of |w| is in the first layer, 30 % in the second."
    )
    yield numbered(7, compare(widths, "distribution", score="accuracy"))
    kinds = {name: repeated([64, 32, 10], name, data) for name in ("sigmoid", "relu", "tanh")}
    yield (
        "Activations need weights of other sizes for a similar accuracy. The means of the last\n"
        "layer are equal: the same seeds draw the same weights there, and cross-entropy keeps\n"
        "their mean, since of each row the gradients of the outputs add up to 0."
    )
    yield numbered(8, compare(kinds, "weights", score="accuracy"))
    yield (
        "Only relu's hidden biases have a mean far from 0. That of the last layer's biases began\n"
        "at 0 and stays there, for the same reason: what is shown are roundings."
    )
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
        "a weight, as the digests above show: only training does."
    )


if __name__ == "__main__":
    main()
