"""Two threads against one: wbcore beside itself, on two processors."""

from statistics import median

import numpy as np
import report
import timing
import trainers
import workloads

COUNTS = (1, 2)
ASKED = {1: 1, 2: None}  # None: as many as pay, and two are allowed
CAPTION = """
wbcore alone, alternating, on two processors: a training step with one thread, and with two
allowed, of which wbcore takes the second when a step is long enough; the bits are the same. The
gain is one thread's time over that of two, by the best of each, and the median over the rounds,
each of which times both: on the smallest nets, where one thread is what pays, at least 0.97 is
aimed at. Beside it is what the machine can give: the
multiply-adds that two threads do at once, each in its registers, over those that one does. Each is
the best of short runs, so other programs, which do cost the step its gain, do not show in it.
"""
HEADINGS = [
    "net, batch",
    "1 thread, best us",
    "2 threads, best us",
    "1 thread, median us",
    "2 threads, median us",
    "gain, best",
    "gain, median",
    "FMA GFLOP/s, 1 / 2 threads",
    "FMA gain",
]


def row_of(workload, options):
    X, Y, parameters = workloads.data(workload, options["dtype"])
    contestants = {n: trainers.Wbcore(workload, X, Y, parameters, ASKED[n]) for n in COUNTS}
    for contestant in contestants.values():
        contestant.epoch()
    np.testing.assert_array_equal(contestants[1].net.parameters, contestants[2].net.parameters)
    peaks = [[timing.probe_of_threads(n, options["dtype"]) for n in COUNTS]]
    runs = {n: contestant.epoch for n, contestant in contestants.items()}
    times = timing.alternating(runs, options["rounds"])
    peaks.append([timing.probe_of_threads(n, options["dtype"]) for n in COUNTS])
    one, two = (median(peak) for peak in zip(*peaks, strict=True))
    microseconds = 1e6 * workload.batch / len(X)
    return [
        str(workload),
        *(f"{min(times[n]) * microseconds:.2f}" for n in COUNTS),
        *(f"{median(times[n]) * microseconds:.2f}" for n in COUNTS),
        f"{min(times[1]) / min(times[2]):.2f}",
        f"{timing.ratio(times, 1, 2):.3f}",
        f"{one:.1f} / {two:.1f}",
        f"{two / one:.2f}",
    ]


def section(options):
    rows = (row_of(workload, options) for workload in workloads.training(options["short"]))
    return report.section("Two threads", CAPTION, HEADINGS, rows)
