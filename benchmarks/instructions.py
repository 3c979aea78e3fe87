"""Count the instructions of small workloads, and compare them with benchmarks/instructions.json.

Times on a busy machine vary by half; the counts of callgrind repeat. A workload runs once with one
unit of work and once with two: the difference is free of the start of the program.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

COMMITTED = Path(__file__).with_suffix(".json")
ISA = "avx2"  # the widest that valgrind shows to a program
TOLERANCE = 0.02
HOW_TO_UPDATE = "tools/task instructions --update"


def output_of(command):
    """What the command writes, both streams together; its failure ends this program."""
    # The machine's own settings of wbcore must not show in a count.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WBCORE_")}
    done = subprocess.run(
        command,
        env=environment | {"WBCORE_ISA": ISA},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}")
    return done.stdout


def instructions(program, workload, units):
    callgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    report = output_of([*callgrind, program, workload, str(units)])
    (line,) = [line for line in report.splitlines() if "Collected :" in line]
    return int(line.split()[-1])


def measure(program):
    """Instructions of one step or one call of each workload."""
    listed = [line.split("\t") for line in output_of([program, "--list"]).splitlines()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [
            [pool.submit(instructions, program, name, units) for units in (1, 2)]
            for _, name in listed
        ]
        return {
            name: round((two.result() - one.result()) / int(parts))
            for (parts, name), (one, two) in zip(listed, runs, strict=True)
        }


def print_table(counts, committed):
    """One line for each workload. Returns those that changed too much or are in one list only."""
    changed = []
    print(
        f"{'instructions of one step or call':45} {'committed':>10} {'measured':>10} {'change':>8}"
    )
    for name in counts | committed:
        new, old = counts.get(name), committed.get(name)
        both = new is not None and old is not None
        change = f"{(new - old) / old:+.1%}" if both else "-"
        print(f"{name:45} {old or '-':>10} {new or '-':>10} {change:>8}")
        if not both or abs(new - old) > TOLERANCE * old:
            changed.append(name)
    return changed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path, help="the built benchmarks/instructions.cpp")
    parser.add_argument("--update", action="store_true", help=f"rewrite {COMMITTED.name}")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="another compiler than that of the counts is a failure",
    )
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit(
            "this needs valgrind to count instructions; "
            "on Debian or Ubuntu: sudo apt-get install valgrind"
        )

    compiler = output_of([options.program, "--compiler"]).strip()
    committed = json.loads(COMMITTED.read_text())
    counts = measure(options.program)
    changed = print_table(counts, committed["counts"])

    if options.update:
        record = {"compiler": compiler, "isa": ISA, "counts": counts}
        COMMITTED.write_text(json.dumps(record, indent=2) + "\n")
        print(f"{COMMITTED.name} holds the measured counts now")
    elif compiler.split(".")[0] != committed["compiler"].split(".")[0]:
        print(
            f"not compared: the committed counts are those of {committed['compiler']}, "
            f"this program was compiled by {compiler}"
        )
        sys.exit(1 if options.strict else 0)
    elif changed:
        sys.exit(
            f"more than {TOLERANCE:.0%} away from {COMMITTED.name}: {'; '.join(changed)}\n"
            f"If that is meant, gain or loss: {HOW_TO_UPDATE}, and commit the file"
        )
    else:
        print(f"all within {TOLERANCE:.0%} of {COMMITTED.name}")


if __name__ == "__main__":
    main()
