"""Whole fits, as a user of each library writes them: how long they take, and how good they are."""

import time
import warnings
from statistics import mean, median, stdev

import fresh
import numpy as np
import problems
import report
from contestants import installed

SEEDS = 5
CAPTION = f"""
ReLU networks and Adam at 0.001 everywhere: the same widths, batches, epochs, and rows, shuffled; no
validation and no early end. Initial weights are Glorot's, uniform, as scikit-learn draws them (of
wbcore that is `initializer="glorot_uniform"`), and PyTorch's its own. Fashion-MNIST is timed from
its uint8 images in memory, so scaling them to 0 to 1 counts: wbcore does it batch by batch
(`wb.Scaled`), the others have a scaled copy of all images made first. The tables are float32, of
mean 0 and deviation 1 (numbers that are predicted, too). PyTorch has its fused Adam, and draws
batches by index from one tensor, which is faster than its DataLoader. Seconds are those of seeds,
of which there are at most {SEEDS}, in turn with the others'; the score is that of the rows that
were not trained on, mean and deviation over the seeds: the accuracy of classes, R2 of numbers.
`at least`: what is aimed at.
"""
HEADINGS = [
    "problem",
    "",
    "best s",
    "median s",
    "x wbcore, best",
    "x wbcore, median",
    "at least",
    "score",
    "+-",
]


class Wbcore:
    name, module = "wbcore", "wbcore"

    def __init__(self, problem, n_threads):
        self.problem, self.n_threads = problem, n_threads

    def inputs(self, X):
        import wbcore as wb

        return X if self.problem.scale is None else wb.Scaled(X, self.problem.scale)

    def fit(self, X, y, seed):
        import wbcore as wb

        problem = self.problem
        loss = "cross_entropy" if problem.classifies else "mse"
        self.net = wb.Network.mlp(problem.widths, "relu", initializer="glorot_uniform", seed=seed)
        self.net.fit(
            self.inputs(X),
            y,
            loss="binary_cross_entropy" if problem.binary else loss,
            optimizer=wb.Adam(problem.learning_rate),
            epochs=problem.epochs,
            batch_size=problem.batch,
            seed=seed,
            n_threads=self.n_threads,
        )

    def predict(self, X):
        outputs = self.net.predict(self.inputs(X))
        if self.problem.binary:
            return outputs[:, 0] > 0
        return outputs.argmax(axis=1) if self.problem.classifies else outputs[:, 0]


class ScikitLearn:
    name, module = "scikit-learn", "sklearn.neural_network"

    def __init__(self, problem, n_threads):
        from threadpoolctl import threadpool_limits

        self.problem = problem
        self.limit = threadpool_limits(n_threads)

    def inputs(self, X):
        return X if self.problem.scale is None else X * np.float32(self.problem.scale)

    def fit(self, X, y, seed):
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        problem = self.problem
        self.model = (MLPClassifier if problem.classifies else MLPRegressor)(
            hidden_layer_sizes=problem.widths[1:-1],
            solver="adam",
            alpha=0,
            batch_size=problem.batch,
            learning_rate_init=problem.learning_rate,
            max_iter=problem.epochs,
            n_iter_no_change=problem.epochs + 1,
            random_state=seed,
        )
        with warnings.catch_warnings():
            # That it stops where it was told to is no news.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.fit(self.inputs(X), y)

    def predict(self, X):
        return self.model.predict(self.inputs(X))


class Torch:
    name, module = "torch", "torch"

    def __init__(self, problem, n_threads):
        import torch

        torch.set_num_threads(n_threads)
        self.problem = problem

    def inputs(self, X):
        import torch

        scale = self.problem.scale
        given = torch.from_numpy(X)
        return given if scale is None else given.float().mul_(scale)

    def targets(self, y):
        import torch

        if self.problem.classifies and not self.problem.binary:
            return torch.from_numpy(y).long()
        return torch.from_numpy(y).float().unsqueeze(1)

    def loss(self):
        from torch.nn import functional

        if self.problem.binary:
            return functional.binary_cross_entropy_with_logits
        return functional.cross_entropy if self.problem.classifies else functional.mse_loss

    def fit(self, X, y, seed):
        import torch

        torch.manual_seed(seed)
        modules = []
        for i, o in self.problem.layers:
            modules += [torch.nn.Linear(i, o), torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*modules[:-1])
        optimizer = torch.optim.Adam(
            self.model.parameters(), lr=self.problem.learning_rate, fused=True
        )
        inputs, targets, loss = self.inputs(X), self.targets(y), self.loss()
        for _ in range(self.problem.epochs):
            for rows in torch.randperm(len(inputs)).split(self.problem.batch):
                optimizer.zero_grad()
                loss(self.model(inputs[rows]), targets[rows]).backward()
                optimizer.step()

    def predict(self, X):
        import torch

        with torch.inference_mode():
            outputs = self.model(self.inputs(X))
        if self.problem.binary:
            return outputs[:, 0].numpy() > 0
        return (outputs.argmax(1) if self.problem.classifies else outputs[:, 0]).numpy()


CONTESTANTS = {contestant.name: contestant for contestant in (Wbcore, ScikitLearn, Torch)}


def measure(name, folder, names, n_threads, seeds):
    """Seconds and scores by seed, of each contestant."""
    problem = problems.PROBLEMS[name]
    X, y, X_test, y_test = problem.load(folder)
    contestants = {who: CONTESTANTS[who](problem, n_threads) for who in names}
    warm = 4 * problem.batch
    for contestant in contestants.values():
        contestant.fit(X[:warm], y[:warm], 0)  # imported and warm
    seconds = {who: [] for who in names}
    scores = {who: [] for who in names}
    for seed in range(seeds):
        for who, contestant in contestants.items():
            began = time.perf_counter()
            contestant.fit(X, y, seed)
            seconds[who].append(time.perf_counter() - began)
            scores[who].append(problem.score(contestant.predict(X_test), y_test))
    return {who: (seconds[who], scores[who]) for who in names}


def rows_of(name, options):
    names = installed(options["peers"], CONTESTANTS)
    seeds = min(2 if options["short"] else SEEDS, options["rounds"])
    threads = options["threads"]
    measured = fresh.call(
        "fits.measure", name, options["fashion"], names, threads, seeds, threads=threads
    )
    at_least = dict(zip(("scikit-learn", "torch"), problems.PROBLEMS[name].at_least, strict=True))
    ours = measured["wbcore"][0]
    for who, (seconds, scores) in measured.items():
        yield [
            name if who == "wbcore" else "",
            who,
            f"{min(seconds):.3f}",
            f"{median(seconds):.3f}",
            f"{min(seconds) / min(ours):.2f}",
            f"{median(seconds) / median(ours):.2f}",
            f"{at_least[who]:.1f}" if who in at_least else "",
            f"{mean(scores):.4f}",
            f"{stdev(scores) if len(scores) > 1 else 0:.4f}",
        ]


def section(options):
    chosen = [
        name
        for name, problem in problems.PROBLEMS.items()
        if problem.scale is None or options["fashion"] is not None
    ]
    caption = CAPTION
    if len(chosen) < len(problems.PROBLEMS):
        caption += "Fashion-MNIST is left out: `--fashion` says where its files are.\n"
    rows = (row for name in chosen for row in rows_of(name, options))
    return report.section("Whole fits", caption, HEADINGS, rows, texts=2)
