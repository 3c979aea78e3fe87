"""What the options of `fit` cost, by the step: wbcore beside itself."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
import report
import timing
import workloads
from workloads import LEARNING_RATE

import wbcore as wb

CAPTION = """
wbcore alone: how many times longer an epoch takes than the plain one, which has plain SGD,
cross-entropy, float32 inputs, the rows in order and no metrics. Each case and the plain call run in
turn, and the ratio is the median over the rounds, each of which times both; microseconds are
medians. `at most` is what is aimed at. All see the same numbers. Of 784-512-256-10 an epoch has
few steps, so that what happens once in an epoch, such as copying what the optimizer remembers of
half a million parameters, is in its figures.
"""
HEADINGS = ["net, batch", "", "us", "plain us", "x plain", "at most"]


@dataclass(frozen=True)
class Case:
    """What it changes in the plain call.

    `at_most`: how many times longer it may take, of each net of `AIMED_AT`.
    """

    optimizer: wb.Optimizer = field(default_factory=lambda: wb.SGD(LEARNING_RATE))
    dtype: str = "float32"
    dropout: float = 0.0
    weighted: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)
    at_most: tuple[float, ...] = ()
    same_result: bool = False


AIMED_AT = workloads.TRAINING[4:6]
CASES = {
    "momentum": Case(wb.SGD(LEARNING_RATE, momentum=0.9), at_most=(1.05, 1.05)),
    "Adam": Case(wb.Adam(LEARNING_RATE), at_most=(1.10, 1.08)),
    "AdamW": Case(wb.AdamW(LEARNING_RATE), at_most=(1.10, 1.08)),
    "RMSprop": Case(wb.RMSprop(LEARNING_RATE)),
    "NAdam": Case(wb.NAdam(LEARNING_RATE)),
    "Adagrad": Case(wb.Adagrad(LEARNING_RATE)),
    # its steps grow until the signs of gradients change, which those of batches may not
    "Rprop": Case(wb.Rprop(LEARNING_RATE, max_step=LEARNING_RATE)),
    "Lion": Case(wb.Lion(LEARNING_RATE / 10)),
    "sample_weight": Case(weighted=True, at_most=(1.02, 1.02)),
    "class_weight": Case(arguments={"class_weight": "balanced"}, at_most=(1.02, 1.02)),
    "dropout 0.5, all hidden layers": Case(dropout=0.5, at_most=(1.12, 1.12)),
    "clip_norm": Case(wb.SGD(LEARNING_RATE, clip_norm=1.0), at_most=(1.25, 1.25)),
    "clip_value": Case(wb.SGD(LEARNING_RATE, clip_value=0.01)),
    "max_norm": Case(wb.SGD(LEARNING_RATE, max_norm=1.0)),
    "l1": Case(wb.SGD(LEARNING_RATE, l1=1e-5)),
    "l2": Case(wb.SGD(LEARNING_RATE, l2=1e-4)),
    "l2 and its penalty": Case(wb.SGD(LEARNING_RATE, l2=1e-4), arguments={"metrics": ["penalty"]}),
    "shuffle": Case(arguments={"shuffle": True}),
    "uint8 inputs": Case(dtype="uint8", same_result=True),
    "float64 inputs": Case(dtype="float64", same_result=True),
    "accuracy": Case(arguments={"metrics": ["accuracy"]}, same_result=True),
}


def data(workload, operations):
    """Numbers that every type has, small enough for the learning rate; labels; weights."""
    rng = np.random.default_rng(0)
    rows = workloads.steps(workload, operations) * workload.batch
    X = rng.integers(0, 4, (rows, workload.widths[0]))
    y = rng.integers(0, workload.widths[-1], rows)
    return X, y, rng.random(rows, dtype=np.float32) + np.float32(0.5)


def fitter(workload, X, y, n_threads, case):
    """A network of that case, and what trains it by an epoch. `X`: by dtype, `y`: with weights."""
    net = wb.Network.mlp(workload.widths, "relu", dropout=case.dropout, seed=0)
    labels, weights = y
    arguments = {"shuffle": False, **case.arguments}
    if case.weighted:
        arguments["sample_weight"] = weights

    def epoch():
        net.fit(
            X[case.dtype],
            labels,
            loss="cross_entropy",
            optimizer=case.optimizer,
            batch_size=workload.batch,
            n_threads=n_threads,
            **arguments,
        )

    return net, epoch


def rows_of(workload, options):
    X, *y = data(workload, 2e9 if options["short"] else 31e9)
    inputs = {dtype: X.astype(dtype) for dtype in ("float32", "float64", "uint8")}
    plain = Case()
    for name, case in CASES.items():
        nets = {
            which: fitter(workload, inputs, y, options["threads"], what)
            for which, what in (("plain", plain), (name, case))
        }
        for _, epoch in nets.values():
            epoch()
        assert not case.same_result or nets[name][0] == nets["plain"][0], name
        runs = {which: epoch for which, (_, epoch) in nets.items()}
        times = timing.alternating(runs, options["rounds"])
        at_most = (
            case.at_most[AIMED_AT.index(workload)]
            if workload in AIMED_AT[: len(case.at_most)]
            else None
        )
        microseconds = 1e6 * workload.batch / len(X)
        yield [
            str(workload) if name == next(iter(CASES)) else "",
            name,
            f"{median(times[name]) * microseconds:.2f}",
            f"{median(times['plain']) * microseconds:.2f}",
            f"{timing.ratio(times, name, 'plain'):.3f}",
            "" if at_most is None else f"{at_most:.2f}",
        ]


def section(options):
    chosen = [workloads.TRAINING[1], *AIMED_AT[: 1 if options["short"] else 2]]
    rows = (row for workload in chosen for row in rows_of(workload, options))
    return report.section("What options cost, by the step", CAPTION, HEADINGS, rows, texts=2)
