"""Time wbcore beside its peers: same numbers, one run, in turn, medians.

    python benchmarks/run.py --short                 NumPy and scikit-learn, a minute
    python benchmarks/run.py --peers all --write docs/benchmarks.md

Every contestant must compute the same result before it is timed. Shares are of the FMA peak and of
the matrix product on data in L1, both measured between the rounds of the same run.
"""

import argparse
import os
import platform
import sys
import time
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np
import predictors
import trainers
import workloads

import wbcore as wb
from wbcore import _core

SHORT = ("numpy", "scikit-learn")
PACKAGES = {"torch compiled": "torch", "scikit-learn": "sklearn"}


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="fewer rounds, small and middle nets")
    parser.add_argument(
        "--peers", nargs="+", default=list(SHORT), metavar="NAME", help="names, or all"
    )
    parser.add_argument("--threads", type=int, default=1, help="of every contestant (default 1)")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--rounds", type=int, default=9, help="timings of each (default 9)")
    parser.add_argument("--write", metavar="FILE", help="write the report as Markdown too")
    return parser.parse_args()


def installed(names, contestants):
    """The contestants that take part: wbcore's own, and the peers that were asked for and exist."""
    wanted = contestants if "all" in names else [n for n in contestants if n in names]
    own = [n for n in contestants if n.startswith("wbcore")]
    peers = [n for n in wanted if n not in own and find_spec(PACKAGES.get(n, n)) is not None]
    return own + peers


def timed(contestants, run, rounds):
    """Seconds of one `run` for each contestant, by round, each long enough for the clock."""
    repeats = {}
    for name, contestant in contestants.items():
        run(contestant)  # compiled and warm
        began = time.perf_counter()
        run(contestant)
        once = time.perf_counter() - began
        repeats[name] = max(1, int(0.02 / max(once, 1e-7)))
    times = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            began = time.perf_counter()
            for _ in range(repeats[name]):
                run(contestant)
            times[name].append((time.perf_counter() - began) / repeats[name])
    return times


def probe(dtype):
    return _core.probe(dtype == "float32", 0.1)


def rows_of(workload, times, steps, operations, probes):
    """One line a contestant: microseconds (best and median), ratio to wbcore, shares."""
    peak = median(p for p, _ in probes)
    kernel = median(k for _, k in probes)
    ours = median(times["wbcore"]) / steps
    for name, seconds in times.items():
        best, middle = min(seconds) / steps, median(seconds) / steps
        rate = operations / middle / 1e9
        yield [
            str(workload) if name == "wbcore" else "",
            name,
            f"{best * 1e6:.2f}",
            f"{middle * 1e6:.2f}",
            f"{middle / ours:.2f}",
            f"{rate / peak:.2f}",
            f"{rate / kernel:.2f}",
        ]


def train(workload, options, names):
    X, Y, parameters = workloads.data(workload, options.dtype)
    contestants = {
        name: trainers.CONTESTANTS[name](workload, X, Y, parameters, options.threads)
        for name in names
    }
    for contestant in contestants.values():
        contestant.epoch()
    ours = contestants["wbcore"].parameters()
    for name, contestant in contestants.items():
        for mine, theirs in zip(ours, contestant.parameters(), strict=True):
            for a, b in zip(mine, theirs, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4, err_msg=name)
    before = probe(options.dtype)
    times = timed(contestants, lambda c: c.epoch(), options.rounds)
    probes = [before, probe(options.dtype)]
    steps = len(X) // workload.batch
    return rows_of(workload, times, steps, workload.step_operations, probes)


def predict(workload, options, names):
    _, _, parameters = workloads.data(workload, options.dtype, operations=0)
    rng = np.random.default_rng(1)
    X = rng.standard_normal((workload.batch, workload.widths[0])).astype(options.dtype)
    contestants = {
        name: predictors.CONTESTANTS[name](workload, X, parameters, options.threads)
        for name in names
    }
    expected = contestants["wbcore"].predict()
    for name, contestant in contestants.items():
        np.testing.assert_allclose(
            contestant.predict(), expected, rtol=1e-3, atol=1e-4, err_msg=name
        )
    before = probe(options.dtype)
    times = timed(contestants, lambda c: c.predict(), options.rounds)
    probes = [before, probe(options.dtype)]
    return rows_of(workload, times, 1, workload.prediction_operations, probes)


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def versions(names):
    found = [f"Python {platform.python_version()}", f"wbcore {wb.__version__}"]
    for name in ["numpy", *names]:
        package = "torch" if name == "torch compiled" else name
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(dict.fromkeys(found))


HEADINGS = ["net, batch", "", "best us", "median us", "x wbcore", "of FMA peak", "of L1 probe"]


def table(title, rows):
    lines = [f"## {title}", "", "| " + " | ".join(HEADINGS) + " |"]
    lines.append("| --- | --- |" + " ---: |" * (len(HEADINGS) - 2))
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, ""])


def main():
    options = arguments()
    if options.short:
        options.rounds = min(options.rounds, 5)
    training = workloads.TRAINING[:5] if options.short else workloads.TRAINING
    trainer_names = installed(options.peers, trainers.CONTESTANTS)
    predictor_names = installed(options.peers, predictors.CONTESTANTS)
    # The same for all, also for those that only look at the processors they have.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    wb.set_num_threads(options.threads)
    machine = (
        f"{processor()}, instruction set {wb.isa()}, {options.dtype}, {options.threads} thread(s) "
        f"on as many processors for every contestant, {datetime.now(timezone.utc).date()}.\n"
    )
    reading = (
        "Medians of alternating rounds; `x wbcore` says how many times longer than wbcore a "
        "contestant takes. Shares count the operations of the matrix products alone. "
        f"The command: `python {' '.join(sys.argv)}`.\n"
    )
    names = versions([*trainer_names, *predictor_names]) + ".\n"
    parts = ["# Benchmarks\n", machine, names, reading]
    print("\n".join(parts))
    for title, work, jobs, names in (
        ("A training step: plain SGD, mean squared error", train, training, trainer_names),
        ("A prediction, from Python", predict, workloads.PREDICTION, predictor_names),
    ):
        rows = []
        for workload in jobs:
            new = list(work(workload, options, names))
            rows += new
            for row in new:
                print("  ".join(f"{cell:>16}" for cell in row), flush=True)
        parts.append(table(title, rows))
    if options.write:
        Path(options.write).write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
