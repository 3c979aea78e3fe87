"""Searches with two workers whose nets could use more threads each: no more run than processors."""

import collections
import os
import pathlib
import select
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.uninstrumented

# What runs is seen from outside, in /proc, so that nothing in it knows of being watched.
SEARCH = """
import os, sys, warnings
os.sched_setaffinity(0, [int(n) for n in sys.argv[2].split()])
import joblib, numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn_use import classifier

warnings.simplefilter("ignore")
draw = np.random.default_rng(0)
X, y = draw.standard_normal((1600, 64)), draw.integers(0, 10, 1600)
net = classifier(hidden_layer_sizes=(256, 256), max_iter=4, batch_size=100)
search = GridSearchCV(net, {"alpha": [1e-4, 1e-2, 1.0]}, cv=2, refit=False)
with joblib.parallel_config(sys.argv[1], n_jobs=2):
    search.fit(X[:40], y[:40])  # the workers start
    print("begins", flush=True)
    search.fit(X, y)
print("ends", flush=True)
sys.stdin.read()  # the workers are looked at before they go
"""


def threads_of(pid):
    """Number, name and state of each thread of a process and of those that it has started."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        try:
            name, state = (task / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            children = (task / "children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        found.append((int(task.name), name, state.split()[0]))
        for child in children:
            found += threads_of(child)
    return found


def watched(backend, processors):
    """The names of threads that ran at a time, until the search is over, and of all at its end.

    But for those that only hand work out: the first of the program, and with processes all of it.
    """
    environment = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).parent))
    program = subprocess.Popen(
        [sys.executable, "-c", SEARCH, backend, " ".join(map(str, processors))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=environment,
    )
    with program:
        assert program.stdout.readline() == b"begins\n"
        own = {int(task.name) for task in pathlib.Path(f"/proc/{program.pid}/task").iterdir()}
        hand_out = own if backend == "loky" else {program.pid}
        running = []
        while not select.select([program.stdout], [], [], 0.002)[0]:
            found = threads_of(program.pid)
            running.append([name for n, name, s in found if s == "R" and n not in hand_out])
        return running, [name for _, name, _ in threads_of(program.pid)]


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_no_more_threads_run_than_processors(backend):
    processors = sorted(os.sched_getaffinity(0))[:2]
    if len(processors) < 2:
        pytest.skip("one processor: every call has one thread")
    running, at_the_end = watched(backend, processors)
    assert len(running) > 20
    counts, seen = (
        np.array([len(names) for names in running]),
        collections.Counter(map(str, running)),
    )
    # What began before another one came ends with the threads that it has: a batch of them.
    helped = np.array(["wbcore" in names for names in running])
    assert np.mean((counts > 2) & helped) < 0.05, seen
    # A third one that runs without ours is joblib's: with "threading" its pool has threads that
    # hand tasks out and results back, ready between two fits, in up to 5 of 100 looks on a busy
    # machine, where who is ready waits long. Processes are handed out to from outside of them.
    assert np.mean(counts > 2) < (0.1 if backend == "threading" else 0.05), seen
    assert np.mean(counts == 2) > 0.2, seen
    assert at_the_end.count("wbcore") <= (1 if backend == "threading" else 0)
