"""Time wbcore beside its peers: same numbers, one run, in turn, medians.

    python benchmarks/run.py --short                 NumPy and scikit-learn, a minute
    python benchmarks/run.py --peers all --fashion DIR --write docs/benchmarks.md

The training steps, the predictions, and wbcore's options, sources and threads that promise it must
give the same result before they are timed; the shares are of the FMA peak and of the matrix product
on data in L1, both measured before and after the rounds. Each part has a fresh process, fresh.py.
"""

import argparse
import sys
from pathlib import Path

import defaults
import estimators
import fits
import fresh
import memory
import predictors
import recipe
import sources
import trainers
from contestants import installed

SHORT = ("numpy", "scikit-learn")
PARTS = (
    *("steps", "predictions", "options", "around", "sources", "threads", "memory", "fits"),
    *("searching", "defaults", "recipe", "estimators", "tracking"),
)
# These have two processors, whatever others have.
OF_TWO = {"threads": "Two threads against one", "searching": "A search of short fits"}
# These start a process for each of their measurements, the others have one.
STARTING = {
    "sources": sources,
    "memory": memory,
    "fits": fits,
    "defaults": defaults,
    "recipe": recipe,
    "estimators": estimators,
}


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="fewer rounds, small and middle nets")
    parser.add_argument(
        "--peers", nargs="+", default=list(SHORT), metavar="NAME", help="names, or all"
    )
    parser.add_argument(
        "--parts", nargs="+", default=list(PARTS), choices=PARTS, help="of the report (default all)"
    )
    parser.add_argument("--threads", type=int, default=1, help="of every contestant (default 1)")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--rounds", type=int, default=9, help="timings of each (default 9)")
    parser.add_argument(
        "--fashion", metavar="DIR", help="the four IDX files of Fashion-MNIST, for the whole fits"
    )
    parser.add_argument("--write", metavar="FILE", help="write the report as Markdown too")
    options = parser.parse_args()
    if options.short:
        options.rounds = min(options.rounds, 5)
    if not 1 <= options.threads <= len(fresh.processors()):
        parser.error(f"--threads: this process may use {len(fresh.processors())} processor(s)")
    return options


def packages(options):
    """What takes part, by the names of the packages."""
    known = {**trainers.CONTESTANTS, **predictors.CONTESTANTS}
    names = ["numpy", *installed(options.peers, known)]
    return sorted({name.split()[0] for name in names})  # torch compiled is torch


def measure(part, options):
    """The section of a part."""
    if part in OF_TWO and len(fresh.processors()) < 2:
        return f"{OF_TWO[part]} is left out: this process may use one processor.\n"
    if part in STARTING:
        return STARTING[part].section(vars(options))
    threads = 2 if part in OF_TWO else options.threads
    return fresh.call(f"{part}.section", vars(options), threads=threads)


def main():
    options = arguments()
    header = fresh.call(
        "machine.describe",
        packages(options),
        vars(options),
        fresh.tuning(),
        len(fresh.processors()),
        threads=options.threads,
    )
    command = f"The command: `python {' '.join(sys.argv)}`.\n"
    parts = ["# Benchmarks\n", header, command]
    print("\n".join(parts), flush=True)
    for part in PARTS:
        if part in options.parts:
            parts.append(measure(part, options))
            print(parts[-1], flush=True)
    if options.write:
        Path(options.write).write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
