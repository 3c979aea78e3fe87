"""Searches with two workers whose nets could use more threads each: no more run than processors."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.uninstrumented

# Threads are known by their names in /proc, so that nothing in a fit knows of being watched.
BEGINNING = """
import contextlib, json, os, pathlib, sys, threading, time, warnings
os.sched_setaffinity(0, json.loads(sys.argv[1]))
import joblib, numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn_use import classifier
from wbcore.callbacks import Callback

warnings.simplefilter("ignore")
draw = np.random.default_rng(0)
X, y = draw.standard_normal((1600, 64)), draw.integers(0, 10, 1600)
GRID = {"alpha": [1e-4, 1e-2, 1.0]}


def net(**options):
    return classifier(hidden_layer_sizes=(256, 256), max_iter=4, batch_size=100, **options)


def helpers(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            if (task / "comm").read_text() == "wbcore\\n":
                found.append(int(task.name))
            for child in (task / "children").read_text().split():
                found += helpers(child)
    return found
"""

IN_THREADS = """
both, seen = threading.Barrier(2), []


def used():
    # Linux's clock of the processor time of a thread that is known by its number
    return sum(time.clock_gettime((~number << 3) | 6) for number in helpers(os.getpid()))


class Together(Callback):
    # Two fits are under way from the third of their 32 batches to the 30th: what began before
    # another one came has ended the batch with the threads that it had.

    def after_batch(self, run):
        if run.step in (3, 30):
            if both.wait(60) == 0:
                seen.append((used(), time.process_time()))
            both.wait(60)


net(n_threads=2).fit(X, y)
assert used() > 0
options = json.loads(sys.argv[2])
search = GridSearchCV(net(callbacks=[Together()], **options), GRID, cv=2, refit=False)
with joblib.parallel_config("threading", n_jobs=2):
    search.fit(X, y)
spent = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(seen[::2], seen[1::2])]
print(json.dumps({"helpers": len(helpers(os.getpid())), "spent": spent}))
"""

IN_PROCESSES = """
with joblib.parallel_config("loky", n_jobs=2):
    GridSearchCV(net(), GRID, cv=2, refit=False).fit(X, y)
    print(json.dumps({"helpers": len(helpers(os.getpid()))}))  # before the workers go
"""


def search(program, **options):
    """What a search says that may run on two processors."""
    processors = sorted(os.sched_getaffinity(0))[:2]
    if len(processors) < 2:
        pytest.skip("one processor: every call has one thread")
    environment = dict(os.environ, PYTHONPATH=str(pathlib.Path(__file__).parent))
    command = [sys.executable, "-c", BEGINNING + program, json.dumps(processors)]
    command.append(json.dumps(options))
    return json.loads(subprocess.check_output(command, env=environment))


@pytest.mark.parametrize(("options", "help_each_other"), [({}, False), ({"n_threads": 2}, True)])
def test_threads_that_fit_at_once_have_one_each(options, help_each_other):
    """The thread that could help either has nothing to do, unless one says so."""
    found = search(IN_THREADS, **options)
    assert 1 <= found["helpers"] <= 1 + help_each_other
    assert len(found["spent"]) == 3
    for by_helpers, by_all in found["spent"]:
        assert (by_helpers > 0.05 * by_all) == help_each_other


def test_processes_start_no_helpers():
    assert search(IN_PROCESSES)["helpers"] == 0
