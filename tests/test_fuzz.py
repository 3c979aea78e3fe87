"""The short forms of the fuzz targets, and all inputs that are kept.

`tools/task fuzz` runs the long ones. That of the C interface, fuzz_c_api, is one of the C++ tests.
"""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.uninstrumented

FOLDER = Path(__file__).parent / "fuzz"
TARGETS = sorted(path for path in FOLDER.glob("*.py") if path.stem != "mutation")


@pytest.mark.parametrize("target", TARGETS, ids=lambda path: path.stem)
def test_short_form(target):
    command = [sys.executable, target, "--short"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failures" in done.stdout


def test_the_corpus_is_small():
    """Inputs are kept because each says something, not because a machine found them."""
    files = [path for path in (FOLDER / "corpus").rglob("*") if path.is_file()]
    assert len(files) > 50
    assert sum(path.stat().st_size for path in files) < 500_000
