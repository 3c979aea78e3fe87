"""A sub-interpreter is refused, at once and with a reason, and the main one does not notice."""

import subprocess
import sys

import pytest

INTERPRETERS = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
pytest.importorskip(INTERPRETERS)

PROGRAM = f"""
import sys
import {INTERPRETERS} as interpreters

IMPORT = '''
try:
    import wbcore
except ImportError as error:
    print(error, flush=True)
'''


def attempt(*kind, **options):
    interpreter = interpreters.create(*kind, **options)
    interpreters.run_string(interpreter, IMPORT)
    interpreters.destroy(interpreter)


def train():
    import numpy as np
    import wbcore as wb

    net = wb.Network.mlp([3, 8, 1], seed=0)
    net.fit(np.eye(3), np.ones(3), loss="mse", n_threads=2)
    assert net.predict(np.eye(3)).shape == (3, 1)
    try:
        net.predict(3)
    except ValueError:
        return
    raise SystemExit("errors no longer work")


positional, options = (), {{}}
if sys.argv[1] == "shared GIL" and sys.version_info >= (3, 13):
    positional = ("legacy",)
elif sys.argv[1] == "shared GIL":
    options = {{"isolated": False}}
if sys.argv[2] == "after":
    train()
attempt(*positional, **options)
attempt(*positional, **options)
train()
attempt(*positional, **options)
train()
"""


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("kind", ["own GIL", "shared GIL"])
def test_import_is_refused(kind, order):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind, order], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert line.startswith("[wbcore] expected the main interpreter, got a sub-interpreter")
