"""Predictions of wbcore and its peers."""

import numpy as np
import predictors
import report
import timing
import workloads
from contestants import installed

CAPTION = """
One call from Python; the columns are those of the training steps. `wbcore frozen` is
`net.freeze()` with an output array that is used again.
"""


def rows_of(workload, options, names):
    _, _, parameters = workloads.data(workload, options["dtype"], operations=0)
    rng = np.random.default_rng(1)
    X = rng.standard_normal((workload.batch, workload.widths[0]), options["dtype"])
    contestants = {
        name: predictors.CONTESTANTS[name](workload, X, parameters, options["threads"])
        for name in names
    }
    expected = contestants["wbcore"].predict()
    for name, contestant in contestants.items():
        np.testing.assert_allclose(
            contestant.predict(), expected, rtol=1e-3, atol=1e-4, err_msg=name
        )
    runs = {name: contestant.predict for name, contestant in contestants.items()}
    measured = timing.between_probes(runs, options["rounds"], options["dtype"])
    return timing.peer_rows(workload, measured, 1, workload.prediction_operations)


def section(options):
    names = installed(options["peers"], predictors.CONTESTANTS)
    rows = (row for workload in workloads.PREDICTION for row in rows_of(workload, options, names))
    return report.section("A prediction", CAPTION, timing.PEER_HEADINGS, rows, texts=2)
