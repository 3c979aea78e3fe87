"""The benchmark runs; it refuses contestants that compute something else than wbcore."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "benchmarks" / "run.py"


@pytest.mark.uninstrumented
def test_the_short_benchmark(tmp_path):
    report = tmp_path / "report.md"
    command = [sys.executable, RUN, "--short", "--rounds", "1", "--write", report]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    text = report.read_text()
    for words in ("| 784-128-10, 128 | wbcore |", "| numpy |", "| scikit-learn |", "frozen"):
        assert words in text
