"""Training steps of wbcore and its peers."""

import numpy as np
import report
import timing
import trainers
import workloads
from contestants import installed

CAPTION = """
Plain SGD, mean squared error, batches in order, the data already in each library's own arrays; an
epoch, divided by its steps. JAX runs the whole epoch in one call, the others step by step; what is
compiled is compiled before. `x wbcore`: how many times longer than wbcore, by the best and by the
median of the alternating rounds. The noise: where best and median disagree, or the rounds got fewer
processors than there are threads (processor time over time), other programs ran; where the FMA peak
(GFLOP/s, one thread, the best of short runs) was not the same before and after, the clock changed.
Shares are of the median, and count the operations of the matrix products alone.
"""


def rows_of(workload, options, names):
    X, Y, parameters = workloads.data(workload, options["dtype"])
    contestants = {
        name: trainers.CONTESTANTS[name](workload, X, Y, parameters, options["threads"])
        for name in names
    }
    for contestant in contestants.values():
        contestant.epoch()
    ours = contestants["wbcore"].parameters()
    for name, contestant in contestants.items():
        for mine, theirs in zip(ours, contestant.parameters(), strict=True):
            for a, b in zip(mine, theirs, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4, err_msg=name)
    runs = {name: contestant.epoch for name, contestant in contestants.items()}
    measured = timing.between_probes(runs, options["rounds"], options["dtype"])
    steps = len(X) // workload.batch
    return timing.peer_rows(workload, measured, steps, workload.step_operations)


def section(options):
    names = installed(options["peers"], trainers.CONTESTANTS)
    chosen = workloads.training(options["short"])
    rows = (row for workload in chosen for row in rows_of(workload, options, names))
    return report.section("A training step", CAPTION, timing.PEER_HEADINGS, rows, texts=2)
