"""The benchmarks run; contestants that compute something else than wbcore are refused."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

RUN = Path(__file__).parents[1] / "benchmarks" / "run.py"
pytestmark = pytest.mark.uninstrumented


def report(folder, *arguments, **variables):
    """What the benchmark writes."""
    path = folder / "report.md"
    command = [sys.executable, RUN, "--short", "--rounds", "1", "--write", path, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | variables)
    assert done.returncode == 0, done.stderr
    return path.read_text()


def test_the_short_benchmark(tmp_path):
    text = report(tmp_path, OPENBLAS_CORETYPE="Prescott")
    assert "`OPENBLAS_CORETYPE`" in text
    assert "kernels Prescott" not in text
    for words in ("| 784-128-10, 128 | wbcore |", "| numpy |", "| scikit-learn |", "frozen"):
        assert words in text
    for title in ("A training step", "A prediction", "What options cost", "Memory of an epoch"):
        assert f"## {title}" in text
    assert "## Two threads" in text or "one processor" in text
    assert "Fashion-MNIST are left out" in text


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(header + array.tobytes())


def test_whole_fits(tmp_path):
    rng = np.random.default_rng(0)
    for part in ("train", "t10k"):
        images, labels = rng.integers(0, 256, (256, 28, 28)), np.arange(256) % 10
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", images.astype(np.uint8))
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", labels.astype(np.uint8))
    text = report(tmp_path, "--parts", "fits", "--fashion", tmp_path)
    assert "## A whole fit of Fashion-MNIST" in text
    assert "| wbcore | 1 |" in text
    assert "| scikit-learn | 1 |" in text


def test_another_result_is_refused(monkeypatch):
    monkeypatch.syspath_prepend(RUN.parent)
    import predictions
    import predictors
    import workloads

    class Wrong(predictors.Wbcore):
        def predict(self):
            return super().predict() * 1.01

    monkeypatch.setitem(predictors.CONTESTANTS, "wrong", Wrong)
    options = {"dtype": "float32", "threads": 1, "rounds": 1}
    with pytest.raises(AssertionError, match="wrong"):
        list(predictions.rows_of(workloads.PREDICTION[0], options, ["wbcore", "wrong"]))
