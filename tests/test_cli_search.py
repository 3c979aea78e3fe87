"""`wbcore train --cv` and `--search`: what is compared, shown, stored, and gone on with."""

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_folder import FULL, broken_pipe
from cli_options import write_data
from cli_runner import fail, invoke
from rich.console import Console
from sklearn.metrics import make_scorer, mean_pinball_loss
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

import wbcore as wb
from wbcore.cli import report
from wbcore.cli.candidates import Candidates
from wbcore.cli.checkpoint import Ending
from wbcore.cli.comparison import folder_of
from wbcore.cli.data import load_table
from wbcore.cli.searching import SPACE
from wbcore.cli.words import class_weights
from wbcore.searching.running import Running
from wbcore.sklearn import TabularClassifier, TabularRegressor

OUTPUT = Path("new.model")
FOLDER = folder_of(OUTPUT)
OF_V = ("data.csv", "--target", "v", "--ignore", "k,n", "--epochs", 6, "-o", OUTPUT)
OF_K = ("data.csv", "--target", "k", "--ignore", "v,n", "--epochs", 6, "-o", OUTPUT)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with data.csv; a search goes on there, not in another test."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path)


def train(*words):
    """What is printed, and what stderr has beside the line of progress."""
    result = invoke("train", *words)
    assert result.exit_code == 0, result.output
    said = [line for line in result.stderr.splitlines() if not line.startswith("search ")]
    return result.stdout, said


def parameters():
    return wb.load(OUTPUT).parameters.tobytes()


def comparison():
    return wb.load(OUTPUT).metadata["comparison"]


def test_cv_is_that_of_the_estimator_and_trains_as_ever():
    train(*OF_V)
    alone = parameters()
    text, said = train(*OF_V, "--cv", 3, "--hidden", "64,32")
    assert said == []
    assert parameters() == alone
    rows = load_table(Path("data.csv"), "v", 0.2, 0, ignore=("k", "n"))
    estimator = TabularRegressor(epochs=6, early_stopping=False, random_state=0)
    scores = cross_val_score(
        estimator, rows.columns, rows.y, cv=KFold(3, shuffle=True, random_state=0)
    )
    found = comparison()
    assert found == {
        "candidates": 1,
        "folds": 3,
        "best_candidate": 0,
        "score": "r2",
        "mean": float(np.mean(scores)),
        "spread": float(np.std(scores)),
        "by_fold": scores.tolist(),
    }
    assert "1 candidate, 3 folds, by r2\n" in text
    assert f"Cross-validation: r2 {found['mean']:.4f} ± {found['spread']:.2g} over 3 folds" in text
    assert "too good" not in text
    assert "Test R² " in text
    assert not FOLDER.exists()


def test_cv_of_classes_keeps_their_shares_and_weights():
    train(*OF_K, "--cv", 4, "--class-weight", "no=1,yes=5")
    rows = load_table(Path("data.csv"), "k", 0.2, 0, ignore=("v", "n"))
    estimator = TabularClassifier(
        epochs=6, early_stopping=False, random_state=0, class_weight={0: 1.0, 1: 5.0}
    )
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    scores = cross_val_score(estimator, rows.columns, rows.y, cv=folds)
    assert comparison()["by_fold"] == scores.tolist()


def test_of_a_quantile_its_loss_is_shown():
    text, _ = train(*OF_V, "--cv", 3, "--loss", "quantile(0.9)")
    rows = load_table(Path("data.csv"), "v", 0.2, 0, ignore=("k", "n"))
    estimator = TabularRegressor(
        epochs=6, early_stopping=False, random_state=0, loss="quantile(0.9)"
    )
    scorer = make_scorer(mean_pinball_loss, alpha=0.9)
    folds = KFold(3, shuffle=True, random_state=0)
    scores = cross_val_score(estimator, rows.columns, rows.y, cv=folds, scoring=scorer)
    assert comparison()["by_fold"] == scores.tolist()
    assert min(scores) > 0
    assert "Cross-validation: pinball loss " in text


def test_a_search_trains_by_the_best_settings_which_can_be_given_again():
    words_of_both = (*OF_V[:-4], "--epochs", 18, "-o", OUTPUT)
    text, said = train(*words_of_both, "--search", 6, "--cv", 3)
    assert said == []
    assert "6 candidates, 3 folds, by r2; trained: 6 for 6, 2 for 18 epochs; those that" in text
    assert " over 3 folds of the rows to train on; the best of 6, so rather too good\n" in text
    found = comparison()
    assert found["candidates"] == 6
    assert found["best_candidate"] > 0
    assert len(found["by_fold"]) == 3
    line = next(line for line in text.splitlines() if line.startswith("The best is candidate "))
    words = line.partition(": ")[2].split()
    assert words[0] == "--hidden"
    numbers = [float(word) for word in (words[3], words[5])]  # of the rate and of l2
    assert [float(f"{number:.3g}") for number in numbers] == numbers
    searched, settings = parameters(), wb.load(OUTPUT).metadata["training"]
    train(*words_of_both, *words)
    assert parameters() == searched
    assert wb.load(OUTPUT).metadata["training"] == settings
    assert "comparison" not in wb.load(OUTPUT).metadata


def test_said_options_stay():
    words = ("--hidden", 5, "--dropout", 0.1, "--batch-size", 50, "--l2", 0.01)
    text, _ = train(*OF_K, *words, "--search", 4, "--cv", 2)
    settings = wb.load(OUTPUT).metadata["training"]
    assert settings["hidden"] == [5]
    assert [settings[name] for name in ("dropout", "batch_size", "l2")] == [0.1, 50, 0.01]
    assert "  rate  " in text
    assert "  dropout  " not in text


def test_fits_at_once_change_nothing():
    models = []
    for jobs in (1, 3):
        train(*OF_K, "--search", 4, "--cv", 3, "--jobs", jobs)
        models.append(OUTPUT.read_bytes())
    assert models[0] == models[1]


def test_columns_that_a_fold_would_see_otherwise_are_what_they_are_in_all_rows():
    """One text among numbers makes a category of them, of a fold without it too."""
    frame = pd.read_csv("data.csv")
    frame["size"] = np.where(np.arange(len(frame)) % 2, "1", "2")
    frame["id"] = [f"K{k}" for k in range(len(frame))]
    place = load_table(Path("data.csv"), "v", 0.2, 0).columns.index[0]
    frame.loc[place, "size"] = "large"
    frame.to_csv("data.csv", index=False)
    _, said = train(*OF_V, "--cv", 3)
    assert len(said) == 1  # of the identifier
    assert np.isfinite(comparison()["by_fold"]).all()


class Press:
    """Presses Ctrl-C when so many fits are done."""

    def __init__(self, fits):
        self.fits, self.take = fits, Running._take

    def __enter__(self):
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(Running, "_take", self.counting())
        return self

    def counting(self):
        def take(running, *arguments, **keywords):
            self.take(running, *arguments, **keywords)
            self.fits -= 1
            if self.fits == 0:
                signal.raise_signal(signal.SIGINT)

        return take

    def __exit__(self, *_):
        self.patch.undo()


def test_ctrl_c_in_a_search_and_on_again():
    words = (*OF_K, "--search", 4, "--cv", 3, "--jobs", 1)
    train(*words)
    model = OUTPUT.read_bytes()
    with Press(5):
        result = invoke("train", *words)
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == (
        f"wbcore: interrupted with 1 of 4 candidates compared; --resume goes on, from {FOLDER}"
    )
    assert FOLDER.is_dir()
    line = fail("train", *words)
    assert f"{FOLDER}: a comparison for {OUTPUT} did not come to its end: give --resume" in line
    assert "--resume: expected --cv or --search as the comparison in " in fail(
        "train", *OF_K, "--resume"
    )
    result = invoke("train", *words, "--resume")
    assert result.exit_code == 0
    assert "  5 found  " in result.stderr
    assert OUTPUT.read_bytes() == model
    assert not FOLDER.exists()


def test_ctrl_c_in_the_training_behind_a_search_and_on_again():
    words = (*OF_K, "--batch-size", 2, "--search", 3, "--cv", 2)
    train(*words)
    model = OUTPUT.read_bytes()

    after_batch = Ending.after_batch

    def press(ending, run):
        if run.step == 200:  # the end of the second epoch of 100 batches
            signal.raise_signal(signal.SIGINT)
        after_batch(ending, run)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ending, "after_epoch", press)
        text, _ = train(*words)
    assert text.endswith(f"The same command with --resume goes on, from {OUTPUT}.ckpt\n")
    assert FOLDER.is_dir()
    assert OUTPUT.read_bytes() != model
    assert wb.load(OUTPUT).metadata["comparison"]["folds"] == 2
    text, _ = train(*words, "--resume")
    assert re.search(r"\ngoing on after epoch 2 of 6, from ", text)
    assert OUTPUT.read_bytes() == model
    assert not FOLDER.exists()


STANDS_STILL = """
import sys, time, wbcore.cli
from wbcore.searching.running import Running

take, taken = Running._take, []

def some(running, *arguments, **keywords):
    take(running, *arguments, **keywords)
    taken.append(1)
    if len(taken) == 5:
        print("five are done", flush=True)
        time.sleep(10**6)

Running._take = some
sys.argv = ["wbcore", *sys.argv[1:]]
wbcore.cli.main()
"""


def test_a_killed_search_goes_on():
    words = [*map(str, OF_K[:-4]), "--epochs", "20", "-o", str(OUTPUT), "--search", "12"]
    command = [sys.executable, "-c", STANDS_STILL, "train", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while (line := process.stdout.readline()) != "five are done\n":
            assert line
        os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not OUTPUT.exists()
    result = invoke("train", *words, "--resume")
    assert result.exit_code == 0
    assert " found  " in result.stderr
    resumed = OUTPUT.read_bytes()
    train(*words)
    assert OUTPUT.read_bytes() == resumed


def test_settings_that_cannot_be_fitted_leave_no_folder():
    line = invoke("train", *OF_V, "--cv", 2, "--optimizer", "sgd(1e30)")
    assert line.exit_code == 2
    assert "expected a candidate that can be fitted, got, of candidate 0: " in line.stderr
    assert not FOLDER.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--cv", 1], "--cv: expected at least 2, got 1"),
        (["--search", 1], "--search: expected at least 2, got 1"),
        (["--search", 3, "--jobs", 0], "--jobs: expected at least 1, got 0"),
        (["--jobs", 2], "--jobs: expected --cv or --search beside it, got 2 alone"),
        (["--cv", 2, "--time-limit", "5s"], "--time-limit: expected none with --cv or --search"),
        (["--cv", 101], "--cv: expected at most 100 folds, since each needs 2 rows, and those to "),
    ],
)
def test_one_line_says_what_is_wrong(words, message):
    assert message in fail("train", *OF_V, *words)
    assert not FOLDER.exists()
    assert not OUTPUT.exists()


def test_classes_limit_the_folds():
    assert "since the largest class has 1" in fail("train", *OF_K, "--cv", 200)
    options = "--hidden 4 --learning-rate 0.1 --l2 0 --dropout 0 --batch-size 9 --activation tanh"
    line = fail("train", *OF_K, "--search", 3, *options.split())
    assert "--search: expected an option to be left to it, got all of them" in line


def test_only_tables_are_compared():
    line = fail("train", "digits", "--cv", 2)
    assert line == "wbcore: --cv and --search are for CSV and Parquet files, got digits\n"


def compared():
    """Five candidates, with numbers of every length."""
    rows = load_table(Path("data.csv"), "v", 0.2, 0, ignore=("k", "n"))
    model = TabularRegressor(epochs=2, early_stopping=False, hidden_layer_sizes=(2,))
    space = {{"hidden": "hidden_layer_sizes"}.get(name, name): SPACE[name] for name in SPACE}
    found = wb.search(model, space, rows.columns, rows.y, n_candidates=5, halving=None, refit=False)
    return found, Candidates(found, "r2")


@pytest.mark.parametrize("width", range(27, 80))
def test_where_it_is_narrow_tables_lose_columns_not_digits(width):
    _, candidates = compared()
    for table in (candidates.scores(by_fold=False), candidates.settings()):
        shown = {}
        for columns in (width, 400):
            screen = Console(file=io.StringIO(), width=columns)
            report.show_table(screen, table)
            shown[columns] = screen.file.getvalue().partition("candidate")[2]
        words = shown[width].partition("(a wider")[0].replace("─", "").split()
        assert set(words) <= set(shown[400].split())
        assert max(map(len, shown[width].splitlines()[:-1])) <= width
        assert len(words) >= 5 * (2 if width < 60 else 4)


@pytest.mark.parametrize(("width", "whole"), [(60, False), (80, True), (120, True)])
def test_the_tables_fit_a_terminal(width, whole):
    found, candidates = compared()
    screen = Console(file=io.StringIO(), width=width)
    assert report.fits(screen, candidates.scores(by_fold=True)) == whole
    assert report.fits(screen, candidates.scores(by_fold=False))
    scores = candidates.scores(by_fold=False)
    assert list(scores.columns) == ["candidate", "r2", "spread", "least", "most"]
    assert scores["candidate"] == found.table["candidate"].tolist()
    assert scores["most"][0] == max(found.table[f"fold_{k}"][0] for k in range(5))
    report.show_table(screen, candidates.settings())
    shown = screen.file.getvalue()
    assert "recipe" in shown
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown


@pytest.mark.parametrize(
    "words", [["--schedule", "plateau"], ["--optimizer", "adam(plateau(0.02))"]]
)
def test_folds_hold_rows_out_for_a_plateau(words):
    train(*OF_V, "--cv", 3, *words)
    rows = load_table(Path("data.csv"), "v", 0.2, 0, ignore=("k", "n"))
    given = {"schedule": "plateau"} if words[1] == "plateau" else {"optimizer": words[1]}
    estimator = TabularRegressor(epochs=6, early_stopping=False, random_state=0, **given)
    folds = KFold(3, shuffle=True, random_state=0)
    scores = cross_val_score(estimator, rows.columns, rows.y, cv=folds)
    assert comparison()["by_fold"] == scores.tolist()
    assert wb.load(OUTPUT).metadata["training"]["validation_fraction"] == 0.1


@pytest.mark.uninstrumented
@pytest.mark.parametrize("words", [("--cv", 3), ("--search", 3)])
@pytest.mark.parametrize("kind", ["full", "left"])
def test_progress_that_nobody_takes_costs_nothing(words, kind):
    """As that of a training without a comparison."""
    command = [sys.executable, "-m", "wbcore.cli", "train", *OF_V, *words]
    with FULL.open("w") if kind == "full" else broken_pipe() as stream:
        done = subprocess.run(
            list(map(str, command)), stdout=subprocess.DEVNULL, stderr=stream, timeout=100
        )
    assert done.returncode == 0
    assert comparison()["candidates"] == (1 if words[0] == "--cv" else 3)
    assert not FOLDER.exists()


@pytest.mark.parametrize("name", [None, "all.csv", "all.parquet"])
def test_all_candidates_are_in_a_file(name):
    words = () if name is None else ("--table", name)
    text, _ = train(*OF_V, "--search", 12, "--cv", 2, *words)
    path = Path(name or "new.search.csv")
    assert f"All 12 candidates are in {path}\n" in text
    found = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    assert sorted(found["candidate"]) == list(range(12))
    assert found["candidate"][0] == comparison()["best_candidate"]
    assert found["r2"][0] == comparison()["mean"]
    assert list(found.columns) == [
        "candidate", "r2", "spread", "fold 1", "fold 2", *SPACE, "epochs", "error",
    ]  # fmt: skip
    given = found[found["candidate"] == 0].iloc[0]
    assert given["hidden"] == "64,32" or pd.isna(given["hidden"])


def test_a_table_of_what_is_not_compared_or_no_name_of_one():
    assert "--table: expected --cv or --search beside it" in fail("train", *OF_V, "--table", "a")
    line = fail("train", *OF_V, "--cv", 2, "--table", "a.png")
    assert "--table: expected a name that ends in one of .csv" in line
    line = fail("train", *OF_V, "--search", 2, "--table", "data.csv")
    assert "data.csv: the table of candidates would take the place of the data" in line
    train(*OF_V, "--cv", 2)
    assert not Path("new.search.csv").exists()


def test_the_weights_of_classes_are_those_of_all():
    """A fold may lack the class that is named."""
    assert class_weights({"b": 2.0}, ["a", "b", "c"], "y") == {0: 1.0, 1: 2.0, 2: 1.0}
