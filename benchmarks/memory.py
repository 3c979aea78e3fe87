"""The memory that training takes, each contestant in a process of its own."""

import importlib
import resource
import sys

import fresh
import report
import trainers
import workloads
from contestants import installed

CAPTION = """
MiB; each contestant in a fresh process that imports NumPy and the library, makes the data, builds
the network and trains one epoch. The growth is the peak resident memory of the process (ru_maxrss)
after that epoch, less the one before building: parameters, workspaces, compiled code, copies of
the data, and what the library loads only when first used; not the library as imported, nor the
user's arrays, which are in the column before it.
"""
HEADINGS = ["net, batch", "", "data", "peak after import, with the data", "growth"]


def peak():
    """MiB of resident memory at most so far; it begins with the parent's, which must be small."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def growth(name, index, dtype, n_threads):
    """Of the data, before and after: MiB in this process, which must be fresh."""
    contestant = trainers.CONTESTANTS[name]
    importlib.import_module(contestant.module)
    workload = workloads.LARGE[index]
    X, Y, parameters = workloads.data(workload, dtype)
    before = peak()
    contestant(workload, X, Y, parameters, n_threads).epoch()
    return (X.nbytes + Y.nbytes) / 2**20, before, peak() - before


def rows_of(options):
    names = installed(options["peers"], trainers.CONTESTANTS)
    threads = options["threads"]
    for index, workload in enumerate(workloads.LARGE):
        for name in names:
            measured = fresh.call(
                "memory.growth", name, index, options["dtype"], threads, threads=threads
            )
            yield [
                str(workload) if name == "wbcore" else "",
                name,
                *(f"{value:.1f}" for value in measured),
            ]


def section(options):
    return report.section(
        "Memory of an epoch of training", CAPTION, HEADINGS, rows_of(options), texts=2
    )
