"""What the options of `fit` cost: wbcore beside itself."""

from statistics import median

import numpy as np
import report
import timing
import workloads

import wbcore as wb

CAPTION = """
wbcore alone, alternating: how many times longer an epoch takes than the plain one, which has plain
SGD, cross-entropy, float32 inputs, the rows in order and no metrics. All see the same numbers.
"""

# What each changes in the plain call: the type of X, the optimizer, further arguments of fit.
CASES = {
    "plain": ("float32", {}, {}),
    "momentum 0.9": ("float32", {"momentum": 0.9}, {}),
    "shuffle": ("float32", {}, {"shuffle": True}),
    "uint8 inputs": ("uint8", {}, {}),
    "float64 inputs": ("float64", {}, {}),
    "accuracy": ("float32", {}, {"metrics": ["accuracy"]}),
}
SAME_RESULT = ("uint8 inputs", "float64 inputs", "accuracy")
HEADINGS = ["net, batch", "", "best us", "median us", "x plain, best", "x plain, median"]


def fitter(workload, X, y, n_threads, case):
    """A network of that case, and what trains it by an epoch."""
    dtype, optimizer, arguments = case
    net = wb.Network.mlp(workload.widths, "relu", seed=0)
    arguments = {
        "optimizer": wb.SGD(workloads.LEARNING_RATE, **optimizer),
        "shuffle": False,
        **arguments,
    }
    inputs = X.astype(dtype)

    def epoch():
        net.fit(
            inputs,
            y,
            loss="cross_entropy",
            batch_size=workload.batch,
            n_threads=n_threads,
            **arguments,
        )

    return net, epoch


def rows_of(workload, options):
    rng = np.random.default_rng(0)
    rows = workloads.steps(workload) * workload.batch
    # Numbers that every type has, small enough for the learning rate.
    X = rng.integers(0, 4, (rows, workload.widths[0]))
    y = rng.integers(0, workload.widths[-1], rows)
    made = {name: fitter(workload, X, y, options["threads"], case) for name, case in CASES.items()}
    for _, epoch in made.values():
        epoch()
    plain = made["plain"][0]
    for name in SAME_RESULT:
        assert made[name][0] == plain, name
    runs = {name: epoch for name, (_, epoch) in made.items()}
    times = timing.alternating(runs, options["rounds"])
    for name, seconds in times.items():
        yield [
            str(workload) if name == "plain" else "",
            name,
            f"{min(seconds) / rows * workload.batch * 1e6:.2f}",
            f"{median(seconds) / rows * workload.batch * 1e6:.2f}",
            f"{min(seconds) / min(times['plain']):.2f}",
            f"{median(seconds) / median(times['plain']):.2f}",
        ]


def section(options):
    rows = (row for workload in workloads.CLASSIFYING for row in rows_of(workload, options))
    return report.section("What options cost, by the step", CAPTION, HEADINGS, rows, texts=2)
