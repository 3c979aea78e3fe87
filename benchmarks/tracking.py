"""What it costs to record the course of the parameters, and that no bit depends on it."""

import numpy as np
import report
import timing
import workloads

import wbcore as wb

CAPTION = """
The steps above with `track`: records of all parameters and units at the end of each epoch, after
every tenth batch, and after each. An epoch has at least 50 batches. How many times longer than
without, the median of alternating rounds; what a record takes is the difference of the medians for
every batch. The weights are the same to the bit.
"""
MODES = {"none": None, "epoch": "epoch", "10": 10, "1": 1}
HEADINGS = ["network, batch", "us a step", "epoch", "every 10", "every batch", "us a record"]
LEAST_STEPS = 50


def rows_of(workload, options):
    rng = np.random.default_rng(0)
    rows = max(workloads.steps(workload, 2e8), LEAST_STEPS) * workload.batch
    X = rng.standard_normal((rows, workload.widths[0]), options["dtype"])
    Y = rng.standard_normal((rows, workload.widths[-1]), options["dtype"])
    nets = {
        name: wb.Network.mlp(list(workload.widths), seed=0, dtype=options["dtype"])
        for name in MODES
    }

    def epoch(name):
        nets[name].fit(
            X,
            Y,
            loss="mse",
            optimizer=wb.SGD(1e-4),
            batch_size=workload.batch,
            shuffle=False,
            n_threads=options["threads"],
            track=MODES[name],
        )

    for name, net in nets.items():
        epoch(name)
        assert net == nets["none"], f"tracking ({name}) changed bits of {workload}"
    times = timing.alternating(
        {name: lambda name=name: epoch(name) for name in MODES}, options["rounds"]
    )
    steps = rows // workload.batch
    step, recorded = (np.median(times[name]) / steps * 1e6 for name in ("none", "1"))
    ratios = [f"{timing.ratio(times, name, 'none'):.3f}" for name in ("epoch", "10", "1")]
    yield [str(workload), f"{step:.2f}", *ratios, f"{recorded - step:.2f}"]


def section(options):
    chosen = workloads.training(options["short"])
    rows = (row for workload in chosen for row in rows_of(workload, options))
    return report.section("The course of the parameters", CAPTION, HEADINGS, rows)
