"""Times of runs in turn, and what the processor could do meanwhile."""

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from wbcore import _core


def alternating(runs, rounds):
    """Seconds of a call of each of `runs` (name: callable), by round, long enough for the clock."""
    repeats = {}
    for name, run in runs.items():
        run()  # compiled and warm
        began = time.perf_counter()
        run()
        once = time.perf_counter() - began
        repeats[name] = max(1, int(0.02 / max(once, 1e-7)))
    times = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.perf_counter()
            for _ in range(repeats[name]):
                run()
            times[name].append((time.perf_counter() - began) / repeats[name])
    return times


def ratio(times, name, to):
    """How many times longer `name` takes than `to`: the median over rounds, which time both."""
    pairs = zip(times[name], times[to], strict=True)
    return median(seconds / base for seconds, base in pairs)


def probe(dtype="float32"):
    """GFLOP/s of multiply-adds in registers and of the matrix product in L1, one thread."""
    return _core.probe(dtype == "float32", 0.1)


def probe_of_threads(n_threads, dtype="float32"):
    """GFLOP/s of multiply-adds of so many threads at once; each probe runs without the GIL."""
    with ThreadPoolExecutor(n_threads) as pool:
        return sum(peak for peak, _ in pool.map(probe, [dtype] * n_threads))


def between_probes(runs, rounds, dtype):
    """The times of `runs`, the probes before and after, and the processors that the rounds got.

    The probe is the best of many short runs and shows how fast the processor is; only the time that
    the process was given shows that others wanted it too.
    """
    before = probe(dtype)
    began, used = time.perf_counter(), time.process_time()
    times = alternating(runs, rounds)
    got = (time.process_time() - used) / (time.perf_counter() - began)
    return times, (before, probe(dtype)), got


def peer_rows(workload, measured, steps, operations):
    """One line a contestant: microseconds, how many times wbcore's, shares, the noise."""
    times, probes, got = measured
    peak = median(p for p, _ in probes)
    kernel = median(k for _, k in probes)
    ours = times["wbcore"]
    for name, seconds in times.items():
        rate = operations * steps / median(seconds) / 1e9
        yield [
            str(workload) if name == "wbcore" else "",
            name,
            f"{min(seconds) / steps * 1e6:.2f}",
            f"{median(seconds) / steps * 1e6:.2f}",
            f"{min(seconds) / min(ours):.2f}",
            f"{median(seconds) / median(ours):.2f}",
            f"{rate / peak:.2f}",
            f"{rate / kernel:.2f}",
            " / ".join(f"{p:.1f}" for p, _ in probes) if name == "wbcore" else "",
            f"{got:.2f}" if name == "wbcore" else "",
        ]


PEER_HEADINGS = [
    "net, batch",
    "",
    "best us",
    "median us",
    "x wbcore, best",
    "x wbcore, median",
    "of FMA peak",
    "of L1 probe",
    "FMA peak before / after",
    "processors got",
]
