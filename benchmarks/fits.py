"""A whole fit of Fashion-MNIST, from its uint8 images, as a user of each library writes it."""

import time
import warnings
from itertools import pairwise
from statistics import median

import fresh
import numpy as np
import report
from contestants import installed

WIDTHS = (784, 128, 10)
BATCH, EPOCHS, LEARNING_RATE = 128, 10, 0.1
ROUNDS = 3
CAPTION = f"""
{"-".join(map(str, WIDTHS))}, ReLU, cross-entropy, batches of {BATCH}, {EPOCHS} epochs of plain SGD
at {LEARNING_RATE}, shuffled, initial weights as each library draws them. Timed from the uint8
images in memory until the network is trained, so scaling them to 0 to 1 counts: wbcore does it
batch by batch (`wb.Scaled`), the others have a scaled copy of all images made first. PyTorch draws
batches by index from one tensor, which is faster than its DataLoader. Seconds of at most {ROUNDS}
alternating rounds; the accuracy is that of the last, on the test images. Each number of threads has
a process of its own, on as many processors.
"""
HEADINGS = ["", "threads", "best s", "median s", "x wbcore, best", "x wbcore, median", "accuracy"]


class Wbcore:
    name, module = "wbcore", "wbcore"

    def __init__(self, n_threads):
        self.n_threads = n_threads

    def fit(self, images, labels):
        import wbcore as wb

        self.net = wb.Network.mlp(WIDTHS, "relu", seed=0)
        self.net.fit(
            wb.Scaled(images, 1 / 255),
            labels,
            loss="cross_entropy",
            optimizer=wb.SGD(LEARNING_RATE),
            epochs=EPOCHS,
            batch_size=BATCH,
            n_threads=self.n_threads,
        )

    def predict(self, images):
        import wbcore as wb

        return self.net.predict(wb.Scaled(images, 1 / 255)).argmax(axis=1)


class ScikitLearn:
    name, module = "scikit-learn", "sklearn.neural_network"

    def __init__(self, n_threads):
        from threadpoolctl import threadpool_limits

        self.limit = threadpool_limits(n_threads)

    def fit(self, images, labels):
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        X = images * np.float32(1 / 255)
        self.model = MLPClassifier(
            hidden_layer_sizes=WIDTHS[1:-1],
            solver="sgd",
            alpha=0,
            batch_size=BATCH,
            learning_rate_init=LEARNING_RATE,
            momentum=0,
            nesterovs_momentum=False,
            max_iter=EPOCHS,
            n_iter_no_change=EPOCHS + 1,
            random_state=0,
        )
        with warnings.catch_warnings():
            # That it stops where it was told to is no news.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.fit(X, labels)

    def predict(self, images):
        return self.model.predict(images * np.float32(1 / 255))


class Torch:
    name, module = "torch", "torch"

    def __init__(self, n_threads):
        import torch

        torch.set_num_threads(n_threads)

    def fit(self, images, labels):
        import torch

        torch.manual_seed(0)
        X = torch.from_numpy(images).float().mul_(1 / 255)
        y = torch.from_numpy(labels).long()
        modules = []
        for i, o in pairwise(WIDTHS):
            modules += [torch.nn.Linear(i, o), torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*modules[:-1])
        optimizer = torch.optim.SGD(self.model.parameters(), lr=LEARNING_RATE, fused=True)
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(X)).split(BATCH):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(self.model(X[rows]), y[rows]).backward()
                optimizer.step()

    def predict(self, images):
        import torch

        with torch.inference_mode():
            return self.model(torch.from_numpy(images).float().mul_(1 / 255)).argmax(1).numpy()


CONTESTANTS = {contestant.name: contestant for contestant in (Wbcore, ScikitLearn, Torch)}


def measure(folder, names, n_threads, rounds):
    """Seconds by round, and the accuracy, of each."""
    from wbcore.io.idx import read_idx_folder

    # Copied, since PyTorch warns of arrays that it may not write to.
    images, labels, test_images, test_labels = (part.copy() for part in read_idx_folder(folder))
    images, test_images = (part.reshape(len(part), -1) for part in (images, test_images))
    contestants = {name: CONTESTANTS[name](n_threads) for name in names}
    for contestant in contestants.values():
        contestant.fit(images[:BATCH], labels[:BATCH])  # imported and warm
    times = {name: [] for name in names}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            began = time.perf_counter()
            contestant.fit(images, labels)
            times[name].append(time.perf_counter() - began)
    return {
        name: (times[name], float(np.mean(contestant.predict(test_images) == test_labels)))
        for name, contestant in contestants.items()
    }


def rows_of(options):
    names = installed(options["peers"], CONTESTANTS)
    rounds = min(ROUNDS, options["rounds"])
    for n_threads in range(1, min(2, len(fresh.processors())) + 1):
        measured = fresh.call(
            "fits.measure", options["fashion"], names, n_threads, rounds, threads=n_threads
        )
        ours = measured["wbcore"][0]
        for name, (seconds, accuracy) in measured.items():
            yield [
                name,
                str(n_threads),
                f"{min(seconds):.2f}",
                f"{median(seconds):.2f}",
                f"{min(seconds) / min(ours):.2f}",
                f"{median(seconds) / median(ours):.2f}",
                f"{accuracy:.4f}",
            ]


def section(options):
    return report.section("A whole fit of Fashion-MNIST", CAPTION, HEADINGS, rows_of(options))
