"""What the programs of the lessons share: handwritten digits, trainings, and many of these."""

from concurrent.futures import ThreadPoolExecutor

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import wbcore as wb
from wbcore.inspect.intervals import mean_interval

EPOCHS = 30
SEEDS = 10


def digits():
    """Images of 8 x 8 pixels as rows of 64 values from -0.5 to 0.5; a fifth is for the test."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16 - 0.5, y, test_size=0.2, stratify=y, random_state=0)


def train(net, X, y, **options):
    optimizer = wb.SGD(learning_rate=0.02, momentum=0.9)
    settings = {"loss": "cross_entropy", "optimizer": optimizer, "epochs": EPOCHS} | options
    return net.fit(X, y, **settings)


def accuracy(net, X, y):
    return float((net.predict(X).argmax(axis=1) == y).mean())


def at_once(function, arguments):
    """The function's results, on both processors: a fit of one thread holds up no other."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda given: function(*given), arguments))


def repeated(widths, activation, data):
    """Networks of every seed with their test accuracies, as `inspect.compare` takes them."""
    X, X_test, y, y_test = data

    def one(seed):
        net = wb.Network.mlp(widths, activation=activation, seed=seed)
        train(net, X, y, seed=seed, n_threads=1)
        return net, accuracy(net, X_test, y_test)

    return at_once(one, [(seed,) for seed in range(SEEDS)])


def mean_and_interval(values):
    """As text: the mean over the seeds, and how far its 95 % interval goes to either side."""
    mean, _, high = mean_interval(values.tolist())
    return f"{mean:.3f} ± {high - mean:.3f}"
