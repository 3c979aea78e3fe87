"""The defaults of `wbcore train` beside those of scikit-learn's MLPs, on eight small tables."""

import time
import warnings

import fresh
import numpy as np
import report
from contestants import installed

SEEDS = range(5)
TEST_FRACTION = 0.2
CAPTION = f"""
What someone gets who sets nothing: `wbcore train` (its Python code, without reading a file and
drawing a picture), and scikit-learn's MLPClassifier and MLPRegressor with raw inputs and behind a
StandardScaler. wbcore scales inputs and values by itself. The same rows are trained on, and the
same {TEST_FRACTION:.0%} tested on, stratified by class; {len(SEEDS)} seeds, each of the split, of
the initial weights and of the order of rows. The defaults were chosen on these data sets and 13
others, by other seeds.
Accuracy, or R2 for the values of diabetes and friedman1: mean and standard deviation over the
seeds, and the median of the seconds of a training, one thread. `margin` is how much better wbcore's
mean is than that of the better one of scikit-learn's, with the standard deviation of the seeds'
differences; negative where wbcore loses. friedman1 has 1000 rows with noise 1, moons 1000 with
noise 0.3; rare is a make_classification of 2000 rows and 40 columns, 12 of which tell, with 10 % of
one class.
"""
HEADINGS = ["data", "rows", "columns", "", "score", "spread", "margin", "median s"]


def data_sets():
    """X, y and whether y are classes, by name."""
    from sklearn import datasets

    found = {}
    for name in ("digits", "breast_cancer", "wine", "iris", "diabetes"):
        found[name] = (*getattr(datasets, f"load_{name}")(return_X_y=True), name != "diabetes")
    found["friedman1"] = (*datasets.make_friedman1(1000, noise=1.0, random_state=0), False)
    found["moons"] = (*datasets.make_moons(1000, noise=0.3, random_state=0), True)
    rare = datasets.make_classification(
        2000, 40, n_informative=8, n_redundant=4, weights=[0.9], random_state=0
    )
    found["rare"] = (*rare, True)
    return found


class Wbcore:
    name, module = "wbcore train", "wbcore"

    def __init__(self, data, seed):
        self.data, self.seed = data, seed

    def fit(self):
        from wbcore.cli.settings import settings_for
        from wbcore.cli.training import train

        self.trained = train(self.data, settings_for(self.data, {"seed": self.seed}))

    def score(self):
        return self.trained.test[self.data.score]


class ScikitLearn:
    name, module = "scikit-learn, raw", "sklearn.neural_network"

    def __init__(self, data, seed):
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        kind = MLPRegressor if data.classes is None else MLPClassifier
        self.data, self.model = data, kind(random_state=seed)

    def fit(self):
        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():
            # Its 200 epochs are not enough everywhere, but they are its default.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.fit(self.data.X, self.data.y)

    def score(self):
        return self.model.score(self.data.X_test, self.data.y_test)


class Scaled(ScikitLearn):
    name = "scikit-learn, scaled"

    def __init__(self, data, seed):
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        super().__init__(data, seed)
        self.model = make_pipeline(StandardScaler(), self.model)


CONTESTANTS = {contestant.name: contestant for contestant in (Wbcore, ScikitLearn, Scaled)}


def split(name, X, y, are_classes, seed):
    """A data set as the command line has it."""
    from wbcore.cli import data

    train, test = data.split(y, TEST_FRACTION, seed, stratify=are_classes)
    names = tuple(f"column {k}" for k in range(X.shape[1]))
    classes = tuple(str(k) for k in range(y.max() + 1)) if are_classes else None
    parts = (part[rows] for rows in (train, test) for part in (X, y))
    return data.Dataset(name, "table", *parts, names, "target", classes)


def measure(names, seeds):
    """Scores and seconds by seed, of each contestant on each data set."""
    found = {}
    for name, (X, y, are_classes) in data_sets().items():
        results = {contestant: [] for contestant in names}
        for seed in seeds:
            data = split(name, X, y, are_classes, seed)
            for contestant in names:
                model = CONTESTANTS[contestant](data, seed)
                began = time.perf_counter()
                model.fit()
                results[contestant].append((model.score(), time.perf_counter() - began))
        found[name] = (X.shape, results)
    return found


def rows_of(options):
    peers = ["scikit-learn"] if "all" in options["peers"] else options["peers"]
    chosen = [
        name for name in CONTESTANTS if name == Wbcore.name or name.partition(",")[0] in peers
    ]
    names = installed(chosen, CONTESTANTS)
    measured = fresh.call("defaults.measure", names, list(SEEDS)[: options["rounds"]], threads=1)
    for name, (shape, results) in measured.items():
        scores = {n: np.array([score for score, _ in found]) for n, found in results.items()}
        others = [n for n in names if n != Wbcore.name]
        best = max(others, key=lambda n: scores[n].mean(), default=None)
        for contestant, found in results.items():
            first, margin = contestant == Wbcore.name, ""
            if first and best is not None:
                differences = scores[contestant] - scores[best]
                margin = f"{differences.mean():+.4f} ± {differences.std():.4f}"
            yield [
                name if first else "",
                str(shape[0]) if first else "",
                str(shape[1]) if first else "",
                contestant,
                f"{scores[contestant].mean():.4f}",
                f"{scores[contestant].std():.4f}",
                margin,
                f"{np.median([seconds for _, seconds in found]):.3f}",
            ]


def section(options):
    return report.section(
        "The defaults of the command line", CAPTION, HEADINGS, rows_of(options), texts=1
    )
