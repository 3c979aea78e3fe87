"""A process that starts searches, one child each, so that each can be killed.

For every line of its input, a JSON object of options, it forks a child that searches, and writes
the child's status. Imports are paid for once. A child ends at the first signal of a timer that is
set as it begins, which comes to it however long others wait for a processor.
"""

import json
import os
import pickle
import signal
import sys
from pathlib import Path

from epoch_estimator import EpochRegressor, X, Y

import wbcore as wb


def searched(options):
    estimator = EpochRegressor(**options["estimator"])
    space = {"rate": "log_uniform(1e-4, 0.5)", "units": "integers(2, 9)"}
    return wb.search(estimator, space, X, Y, cv=3, **options["search"])


if __name__ == "__main__":
    wb.search(EpochRegressor(epochs=1), None, X, Y, cv=2)  # imports what there is to import
    for line in sys.stdin:
        options = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.setitimer(signal.ITIMER_REAL, options["seconds"])
            result = searched(options)
            Path(options["result"]).write_bytes(pickle.dumps(result))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(status, flush=True)
