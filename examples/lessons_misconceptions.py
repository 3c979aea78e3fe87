"""Five beliefs about neural networks, each beside a measurement."""

import numpy as np
from lessons_trainings import SEEDS, accuracy, at_once, mean_and_interval, train

import wbcore as wb
from wbcore.inspect import Table, parameter_table, permutation_importance


def misconceptions(data):
    """Tables and sentences, one belief after another."""
    yield "1. Weights are not the importance of a feature."
    yield "The largest weights are the unrelated feature's, and its importance may well be 0."
    yield large_weights_on_nothing()
    yield "2. Biases are not prejudice: they shift, and so offset an imbalance."
    yield "A bias moves the place where the curve passes one half."
    yield shifted()
    yield "Without a bias the mean probability is ten times the rate of the class."
    yield imbalance()
    yield "3. Deeper is not always better: with wrong labels the large network is worst."
    yield "On clean rows it is a little better; wrong labels it learns by heart."
    yield depth(data)
    yield "4. A network is not a black box: it is arithmetic that can be followed."
    yield "What predict gives is a sum that can be written down, pixel by pixel."
    yield opened(data)
    yield "5. A network is not perfect."
    yield "On images unlike those of the training it is often wrong, and still sure."
    yield limits(data)


def useless_feature(seed=0):
    """A regression on two features that matter and one, in a small unit, that does not.

    Returns
    -------
    names, net, X_test, y_test
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1200, 3)) * [1.0, 1.0, 0.01]  # the third as if in metres, not centimetres
    y = np.sin(2 * X[:, 0]) + X[:, 1] + rng.normal(0, 0.3, len(X))
    net = wb.Network.mlp([3, 16, 1], activation="tanh", seed=seed)
    net.fit(X[:400], y[:400], loss="mse", optimizer=wb.Adam(0.01), epochs=150, seed=seed)
    return ("first", "second", "unrelated"), net, X[400:], y[400:]


def large_weights_on_nothing():
    """The largest weights belong to the feature that the target has nothing to do with."""
    names, net, X, y = useless_feature()
    found = permutation_importance(net, X, y, metric="loss", n_repeats=20, feature_names=names)
    rows = []
    for column, name in enumerate(names):
        size = float(np.abs(net[0].weights[column]).mean())
        worse_by = float(found.importances_mean[column])
        low, high = found.interval[column].tolist()
        rows.append((name, float(X[:, column].std()), size, worse_by, low, high))
    columns = ("feature", "std", "mean |w|", "importance", "low", "high")
    title = "First-layer weights, and what the loss gains when the feature is shuffled"
    note = (
        f"importance: the mean of 20 permutations, with its 95 % interval; mse on the "
        f"{found.rows} rows, not trained on: {found.score:.4f}"
    )
    return Table(columns, rows, title, note=note)


def shifted():
    """Where a neuron of the weight 1 crosses one half."""
    rows = []
    for bias in (-2.0, 0.0, 2.0):
        z = wb.dense([[0.0], [1.0], [2.0]], weights=[[1.0]], biases=[bias])
        at = wb.sigmoid(z)[:, 0].tolist()
        rows.append((bias, *at, 0.0 - bias))
    columns = ("bias", "at x = 0", "at x = 1", "at x = 2", "0.5 at x =")
    return Table(columns, rows, "sigmoid(x + bias): the same curve, shifted")


def imbalance():
    """One row in twenty is of class 1: with biases a network says so, without it cannot."""
    rng = np.random.default_rng(0)
    y = (rng.random(20_000) < 0.05).astype(float)
    X = rng.normal(size=(len(y), 2)) + y[:, None]
    rows = []
    for bias in (True, False):
        net = wb.Network([wb.Dense(2, 1, "sigmoid", bias=bias)], seed=0)
        options = {"loss": "binary_cross_entropy", "optimizer": wb.SGD(0.1, momentum=0.9)}
        net.fit(X[:10_000], y[:10_000], epochs=20, batch_size=100, **options)
        found = net.evaluate(X[10_000:], y[10_000:], loss="binary_cross_entropy")
        biases = [row["mean"] for row in parameter_table(net) if row["of"] == "biases"]
        said = float(net.predict(X[10_000:]).mean())
        rows.append(("yes" if bias else "no", biases[0] if bias else None, said, found["loss"]))
    rate = float(y[10_000:].mean())
    columns = ("biases", "bias", "mean probability", "loss")
    title = f"Imbalance: {rate:.1%} of the test rows are of class 1"
    # Of two normal distributions one apart in each of two features: log odds - |mean|^2 / 2
    best = float(np.log(0.05 / 0.95) - 1)
    note = f"the bias that the data were made with: {best:.3f}"
    return Table(columns, rows, title, note=note)


def worse(X, y, kind, rng):
    """The training rows as they are, with wrong labels, or with pixels that are missing."""
    X, y = X.copy(), y.copy()
    if kind == "noisy":
        wrong = rng.random(len(y)) < 0.3
        y[wrong] = rng.integers(0, 10, wrong.sum())
    if kind == "incomplete":
        X[rng.random(X.shape) < 0.6] = X.mean()
    return X, y


def depth(data):
    """Simple and large networks on few clean, noisy and incomplete rows."""
    X, X_test, y, y_test = data
    hidden = {"none": (), "16": (16,), "256-256-256": (256, 256, 256)}
    kinds = ("clean", "noisy", "incomplete")

    def one(kind, widths, seed):
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(y))[:300]
        net = wb.Network.mlp([64, *widths, 10], seed=seed)
        train(net, *worse(X[rows], y[rows], kind, rng), epochs=60, seed=seed, n_threads=1)
        return accuracy(net, X_test, y_test)

    settings = [(k, w, s) for k in kinds for w in hidden.values() for s in range(SEEDS)]
    scores = np.reshape(at_once(one, settings), (len(kinds), len(hidden), SEEDS))
    rows = [
        (name, sum_of_parameters(widths), *map(mean_and_interval, scores[:, index]))
        for index, (name, widths) in enumerate(hidden.items())
    ]
    columns = ("hidden layers", "parameters", *kinds)
    title = f"Test accuracy after 300 training rows, means over {SEEDS} seeds"
    note = (
        "±: to the ends of the 95 % interval of the mean\n"
        "noisy: 30 % of the labels drawn anew; incomplete: 60 % of the pixels replaced"
    )
    return Table(columns, rows, title, note=note)


def sum_of_parameters(widths):
    return wb.Network.mlp([64, *widths, 10]).n_parameters


def opened(data):
    """One prediction of a relu network as a sum over pixels, which is exact: no approximation."""
    X, X_test, y, y_test = data
    net = wb.Network.mlp([64, 32, 16, 10], seed=0, dtype="float64")
    train(net, X, y)
    x = X_test[:1]
    path, shift = np.eye(64), np.zeros(64)
    for layer, a in zip(net, net.activations(x), strict=True):
        on = a[0] > 0 if layer.activation == "relu" else np.ones(layer.outputs)
        path, shift = path @ layer.weights * on, (shift @ layer.weights + layer.biases) * on
    said = net.predict(x)[0]
    chosen = int(said.argmax())
    parts = x[0] * path[:, chosen]
    order = np.argsort(-np.abs(parts))
    rows = [(f"pixel {i // 8},{i % 8}", float(parts[i])) for i in order[:5]]
    rows.append((f"the {64 - 5} other pixels", float(parts[order[5:]].sum())))
    rows.append(("biases, through the layers", float(shift[chosen])))
    total = sum(value for _, value in rows)
    rows.append(("their sum", total))
    rows.append(("what predict gives", float(said[chosen])))
    title = f"Why test row 0, a {y_test[0]}, is taken for a {chosen}: its output is this sum"
    note = f"sum - predict: {total - said[chosen]:.1e}"
    return Table(("part", "output"), rows, title, note=note)


def limits(data):
    """The same network on rows like those it was trained on, and on others."""
    X, X_test, y, y_test = data
    net = wb.Network.mlp([64, 32, 10], seed=0)
    train(net, X, y)
    rng = np.random.default_rng(0)
    images = X_test.reshape(-1, 8, 8)
    kinds = {
        "as in training": images,
        "one pixel to the right": np.roll(images, 1, axis=2),
        "with noise": images + rng.normal(0, 0.5, images.shape),
        "upside down": images[:, ::-1],
        "noise alone": rng.normal(0, 0.4, images.shape),
    }
    rows = []
    for name, some in kinds.items():
        shares = net.predict_proba(some.reshape(-1, 64))
        right = None
        if name != "noise alone":
            right = float((shares.argmax(axis=1) == y_test).mean())
        rows.append((name, right, float(shares.max(axis=1).mean())))
    shares = net.predict_proba(X_test)
    wrong = np.flatnonzero(shares.argmax(axis=1) != y_test)
    worst = wrong[shares[wrong].max(axis=1).argmax()]
    note = (
        f"{len(wrong)} of {len(y_test)} test rows are wrong; the surest mistake is row {worst}: "
        f"a {y_test[worst]}, {shares[worst].max():.0%} sure of a {shares[worst].argmax()}"
    )
    columns = ("images", "accuracy", "mean of its largest probability")
    return Table(columns, rows, "Where it works, and how sure it is where it does not", note=note)
