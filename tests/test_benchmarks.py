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


def test_the_recipe_for_tables(tmp_path):
    text = report(tmp_path, "--parts", "recipe")
    assert "on 2 tables, 1 seeds each" in text
    titles = ("## The recipe for tables", "## The recipe for tables, classes", "| wine |", "values")
    for words in (*titles, "| diabetes |"):
        assert words in text
    assert text.count("| the recipe | ") == text.count("| glorot_uniform | ") == 3


@pytest.fixture
def benchmarks(monkeypatch):
    """Their folder can be imported from."""
    monkeypatch.syspath_prepend(RUN.parent)


@pytest.mark.usefixtures("benchmarks")
def test_what_errors_say_of_recipes():
    import verdicts

    # two recipes, three tables, two seeds: twice as many errors on the first table, half on another
    errors = np.array([[[1, 3], [2, 2], [4, 4]], [[2.1, 6], [1, 1], [4, 4]]], float)
    np.testing.assert_allclose(verdicts.ratios(errors), [[1, 1, 1], [2.025, 0.5, 1]])
    np.testing.assert_allclose(verdicts.more(errors), [0, 100 * (2.025 * 0.5) ** (1 / 3) - 100])
    np.testing.assert_allclose(
        verdicts.spread(errors)[1], np.std([100 * 1.05 ** (1 / 3), 100], ddof=1)
    )
    better, worse = verdicts.beyond_chance(errors)  # of the first table's two seeds none can say
    assert (better.tolist(), worse.tolist()) == ([0, 1], [0, 0])
    np.testing.assert_allclose(verdicts.ranks(errors), [1.5, 1.5])
    many = np.ones((2, 12, 1))
    many[1] = np.linspace(0.8, 0.9, 12)[:, None]
    assert verdicts.p_values(many)[1] == pytest.approx(2 / 2**12)  # all of one sign


@pytest.mark.usefixtures("benchmarks")
def test_recipes_differ_in_one_thing():
    from dataclasses import fields

    import recipes

    own, *others = recipes.variants().values()
    for other in others:
        changed = [f.name for f in fields(own) if getattr(own, f.name) != getattr(other, f.name)]
        assert len(changed) == 1 or changed in (["optimizer", "l2"], ["initializer", "activation"])


def test_the_estimators(tmp_path):
    text = report(tmp_path, "--parts", "estimators")
    for title in ("fits", "predictions", "memory of a fit", "a grid search"):
        assert f"## Estimators: {title}" in text
    assert "Fashion-MNIST is left out" in text
    for name, count in (("wbcore MLP", 7), ("wbcore Tabular", 6), ("scikit-learn", 7)):
        assert text.count(f"| {name} | ") == count  # two tables three times, and the grid


@pytest.mark.usefixtures("benchmarks")
def test_estimators_with_other_results_are_refused(monkeypatch):
    import learners

    from wbcore.sklearn import MLPClassifier

    ours, theirs = np.array([0.9, 0.92]), np.array([0.9, 0.94])
    learners.require_same_scores("wine", {learners.OURS: ours, learners.THEIRS: theirs})
    with pytest.raises(AssertionError, match=r"wine: wbcore MLP has a score of 0\.8100"):
        learners.require_same_scores("wine", {learners.OURS: ours - 0.1, learners.THEIRS: theirs})
    learners.require_same_grids([0.9, 0.8], [0.92, 0.805], [0.03, 0.0])
    with pytest.raises(AssertionError, match=r"candidate 1 has a score of 0\.82"):
        learners.require_same_grids([0.9, 0.8], [0.92, 0.82], [0.03, 0.0])

    names, problem = (learners.OURS, learners.THEIRS), learners.PROBLEMS["iris"]
    X, y, X_test, _ = problem.split(None, 0)
    learners.require_same_predictions(names, problem, X, y, X_test)
    right = MLPClassifier.predict_proba
    monkeypatch.setattr(MLPClassifier, "predict_proba", lambda self, X: right(self, X) + 1e-11)
    with pytest.raises(AssertionError, match=r"wbcore MLP is off by \S+e-11"):
        learners.require_same_predictions(names, problem, X, y, X_test)
