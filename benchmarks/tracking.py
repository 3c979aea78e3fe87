"""What it costs to record the course of the parameters, and that no bit depends on it."""

import numpy as np
import report
import timing
import workloads

import wbcore as wb

CAPTION = """
The steps above with `track`: records of all parameters and units at the end of each epoch, after
every tenth batch, and after each. An epoch has at least 50 batches, a fit so many epochs that it
has at least 1000. How many times longer than without, the median of alternating rounds; what a
record takes is the difference of the medians for every batch. A fit that is tracked begins with a
record and keeps what it began with: what that takes, of a fit of one batch. The weights are the
same to the bit.
"""
MODES = {"none": None, "epoch": "epoch", "10": 10, "1": 1}
HEADINGS = [
    *("network, batch", "us a step", "epoch", "every 10", "every batch"),
    *("us a record", "us a fit"),
]
LEAST_STEPS, LEAST_STEPS_OF_A_FIT = 50, 1000


def rows_of(workload, options):
    rng = np.random.default_rng(0)
    steps = max(workloads.steps(workload, 2e8), LEAST_STEPS)
    epochs = 1 if options["short"] else -(-LEAST_STEPS_OF_A_FIT // steps)
    if workload.step_operations > 1e9:  # a fit of minutes says no more
        epochs = 1
    rows = steps * workload.batch
    X = rng.standard_normal((rows, workload.widths[0]), options["dtype"])
    Y = rng.standard_normal((rows, workload.widths[-1]), options["dtype"])
    nets = {
        name: wb.Network.mlp(list(workload.widths), seed=0, dtype=options["dtype"])
        for name in MODES
    }

    def fit(name, net, rows=rows, epochs=1):
        net.fit(
            X[:rows],
            Y[:rows],
            loss="mse",
            optimizer=wb.SGD(1e-4),
            batch_size=workload.batch,
            epochs=epochs,
            shuffle=False,
            n_threads=options["threads"],
            track=MODES[name],
        )

    for name, net in nets.items():
        fit(name, net)
        assert net == nets["none"], f"tracking ({name}) changed bits of {workload}"
    times = timing.alternating(
        {name: lambda name=name: fit(name, nets[name], epochs=epochs) for name in MODES},
        options["rounds"],
    )
    one = timing.alternating(
        {name: lambda name=name: fit(name, nets[name], workload.batch) for name in ("none", "1")},
        5 * options["rounds"],
    )
    step, recorded = (np.median(times[name]) / steps / epochs * 1e6 for name in ("none", "1"))
    start = (np.median(one["1"]) - np.median(one["none"])) * 1e6
    ratios = [f"{timing.ratio(times, name, 'none'):.3f}" for name in ("epoch", "10", "1")]
    yield [str(workload), f"{step:.2f}", *ratios, f"{recorded - step:.2f}", f"{start:.0f}"]


def section(options):
    chosen = workloads.training(options["short"])
    rows = (row for workload in chosen for row in rows_of(workload, options))
    return report.section("The course of the parameters", CAPTION, HEADINGS, rows)
