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
    for title in (
        *("A training step", "A prediction", "What options cost", "Around the steps"),
        *("Data beyond memory", "Memory of an epoch", "Whole fits"),
    ):
        assert f"## {title}" in text
    for words in ("Adam", "EarlyStopping", "uint8", "breast_cancer"):
        assert words in text
    for title in ("Two threads", "A search of short fits"):
        assert f"## {title}" in text or "one processor" in text
    assert "Fashion-MNIST is left out" in text


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
    assert "left out" not in text
    lines = text[text.index("## Whole fits") :].splitlines()
    problems = [line for line in lines if "| wbcore |" in line]
    assert len(problems) == 6
    assert "| Fashion-MNIST |" in problems[0]
    assert len([line for line in lines if "| scikit-learn |" in line]) == len(problems)


def test_the_defaults_of_the_command_line(tmp_path):
    text = report(tmp_path, "--parts", "defaults")
    assert "## The defaults of the command line" in text
    sets = ("digits", "breast_cancer", "wine", "iris", "diabetes", "friedman1", "moons", "rare")
    for name in sets:
        assert f"| {name} | " in text
    assert text.count("| wbcore train | ") == text.count("| scikit-learn, scaled | ") == len(sets)


def test_ratio_is_that_of_rounds(monkeypatch):
    monkeypatch.syspath_prepend(RUN.parent)
    import timing

    # of a machine that was three times slower in one round, and twice in another
    assert timing.ratio({"plain": [1, 3, 2], "other": [1.5, 4.5, 4]}, "other", "plain") == 1.5


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
