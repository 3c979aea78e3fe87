"""What each option of `wbcore train` does: the bits of the same training by hand; what shows."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_folder import count_time
from cli_options import ROWS, write_data
from cli_runner import invoke, succeed

import wbcore as wb
from wbcore.callbacks import EarlyStopping
from wbcore.cli.data import load_table
from wbcore.cli.scaling import Scaling, fold
from wbcore.cli.words import parse_seconds, parse_weights
from wbcore.recipe import FOLDER, TABLE
from wbcore.schedules import Cosine, Polynomial, Step

TRAINED = ROWS * 4 // 5
EPOCHS = 12
STEPS = EPOCHS * 7  # 200 rows in batches of 32
L2 = 3 / TRAINED


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Holds data.csv."""
    return write_data(tmp_path_factory.mktemp("options"))


@pytest.fixture
def train(folder, tmp_path):
    """Trains on a column: the network, and what was printed."""

    def run(target, *words):
        ignored = ",".join({"k", "v", "n"} - {target})
        options = ["--target", target, "--ignore", ignored, "--epochs", EPOCHS]
        task = [] if target == "k" else ["--task", "regression"]
        model = tmp_path / "m.model"
        text = succeed("train", folder / "data.csv", *options, *task, *words, "-o", model)
        return wb.load(model), text

    return run


def by_hand(folder, target, network, **fit):
    """The network of the same training by the library's own calls."""
    task = "classification" if target == "k" else "regression"
    ignore = {"k", "v", "n"} - {target}
    data = load_table(folder / "data.csv", target, 0.2, 0, task=task, ignore=ignore)
    scaling = Scaling.of(data.X)
    X, X_test, y, y_test = scaling.apply(data.X), scaling.apply(data.X_test), data.y, data.y_test
    centre, spread = 0.0, 1.0
    if target == "v":
        centre, spread = y.mean(), y.std()
    if target != "k":
        y, y_test = (y - centre) / spread, (y_test - centre) / spread
    net = wb.Network.mlp([3, 64, 32, 2 if target == "k" else 1], "relu", **network)
    if "validation_fraction" not in fit:
        fit["validation_data"] = (X_test, y_test)
    loss = fit.pop("loss", "cross_entropy" if target == "k" else "mse")
    fit = {"epochs": EPOCHS, "bias_init": "prior"} | fit
    net.fit(X, y, loss=loss, **fit)
    return fold(net, data.X, X, scaling, (centre, spread))[0]


def cosine(rate=0.01, steps=STEPS):
    return Cosine(rate, steps)


CASES = {
    "defaults": ("k", [], {}, {"optimizer": wb.Adam(cosine(), l2=L2)}),
    "values": ("v", [], {}, {"optimizer": wb.Adam(cosine(), l2=8 / TRAINED)}),
    "optimizer": (
        "k",
        ["--optimizer", "adamw(0.005)"],
        {},
        {"optimizer": wb.AdamW(cosine(0.005))},
    ),
    "its numbers": (
        "k",
        ["--optimizer", "sgd", "--learning-rate", "0.05", "--momentum", "0.5"],
        {},
        {"optimizer": wb.SGD(cosine(0.05), momentum=0.5)},
    ),
    "rate alone": (
        "k",
        ["--learning-rate", "0.002"],
        {},
        {"optimizer": wb.Adam(cosine(0.002), l2=L2)},
    ),
    "schedule of the optimizer": (
        "k",
        ["--optimizer", "adam(polynomial(0.01, 30))"],
        {},
        {"optimizer": wb.Adam(Polynomial(0.01, steps=30))},
    ),
    "whole schedule": (
        "k",
        ["--optimizer", "sgd", "--schedule", "step(0.1, 20, 0.5)"],
        {},
        {"optimizer": wb.SGD(Step(0.1, every=20, factor=0.5))},
    ),
    "schedule without optimizer": (
        "k",
        ["--schedule", "cosine(0.004, 50)"],
        {},
        {"optimizer": wb.Adam(cosine(0.004, 50), l2=L2)},
    ),
    "schedule by name": (
        "k",
        ["--optimizer", "sgd(0.1)", "--schedule", "polynomial after warmup(10)"],
        {},
        {"optimizer": wb.SGD(Polynomial(0.1, steps=STEPS - 10).after_warmup(10))},
    ),
    "constant rate": (
        "k",
        ["--schedule", "constant"],
        {},
        {"optimizer": wb.Adam(0.01, l2=L2)},
    ),
    "l2": ("k", ["--l2", "0.3"], {}, {"optimizer": wb.Adam(cosine(), l2=0.3)}),
    "weight decay": (
        "k",
        ["--optimizer", "adamw", "--weight-decay", "0.2"],
        {},
        {"optimizer": wb.AdamW(cosine(0.001), weight_decay=0.2)},
    ),
    "weight decay in place of l2": (
        "k",
        ["--weight-decay", "0"],
        {},
        {"optimizer": wb.Adam(cosine())},
    ),
    "dropout": (
        "k",
        ["--dropout", "0.3"],
        {"dropout": 0.3},
        {"optimizer": wb.Adam(cosine(), l2=L2)},
    ),
    "label smoothing": (
        "k",
        ["--loss", "cross_entropy(0.1)"],
        {},
        {"optimizer": wb.Adam(cosine(), l2=L2), "loss": "cross_entropy(0.1)"},
    ),
    "hinge": (
        "k",
        ["--loss", "hinge"],
        {},
        {"optimizer": wb.Adam(cosine(), l2=L2), "loss": "hinge", "bias_init": None},
    ),
    "huber": (
        "v",
        ["--loss", "huber(0.5)"],
        {},
        {"optimizer": wb.Adam(cosine(), l2=8 / TRAINED), "loss": "huber(0.5)"},
    ),
    "poisson": (
        "n",
        ["--loss", "poisson"],
        {"output_activation": "exp"},
        {"optimizer": wb.Adam(cosine(), l2=8 / TRAINED), "loss": "poisson"},
    ),
    "bias init": (
        "k",
        ["--bias-init", "zeros"],
        {},
        {"optimizer": wb.Adam(cosine(), l2=L2), "bias_init": None},
    ),
    "class weights": (
        "k",
        ["--class-weight", "yes=5"],
        {},
        {"optimizer": wb.Adam(cosine(), l2=L2), "class_weight": {1: 5.0}},
    ),
    "balanced": (
        "k",
        ["--class-weight", "balanced"],
        {},
        {"optimizer": wb.Adam(cosine(), l2=L2), "class_weight": "balanced"},
    ),
    "early stopping": (
        "k",
        ["--early-stopping", "2"],
        {},
        {
            "optimizer": wb.Adam(cosine(steps=EPOCHS * 6), l2=L2),  # of 180 rows
            "validation_fraction": 0.1,
            "callbacks": [EarlyStopping(patience=2)],
        },
    ),
    "plateau": (
        "k",
        ["--schedule", "plateau"],
        {},
        {
            "optimizer": wb.Adam(wb.schedules.Plateau(0.01), l2=L2),
            "validation_fraction": 0.1,
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_option_is_that_of_the_library(folder, train, case):
    target, words, network, fit = CASES[case]
    net, _ = train(target, *words)
    expected = by_hand(folder, target, network, **fit)
    assert net.parameters.tobytes() == expected.parameters.tobytes()


@pytest.mark.parametrize("case", [case for case in CASES if case not in ("defaults", "values")])
def test_an_option_changes_the_network(train, case):
    target, words, *_ = CASES[case]
    assert train(target, *words)[0] != train(target)[0]


def test_settings_are_printed_and_stored(train, tmp_path):
    words = ["--optimizer", "adamw(0.005)", "--l2", 0.01, "--dropout", 0.2, "--loss"]
    words += ["cross_entropy(0.1)", "--class-weight", "yes=5", "--early-stopping", "20"]
    words += ["--time-limit"]
    net, text = train("k", *words, "5min")
    assert "network: 3 - 64 - 32 - 2, relu, dropout 0.2\n" in text
    (line,) = (line for line in text.splitlines() if line.startswith("training: "))
    assert line == (
        "training: cross_entropy(0.1), adamw(cosine(0.005, 72)) with l2 0.01, 12 epochs in batches "
        "of 32, biases from the prior, seed 0; class weights yes=5; 10% of these rows for "
        "validation, to decide by; ending 20 epochs after the best one; at most 300 s"
    )
    stored = net.metadata["training"]
    expected = {"optimizer": "adamw(cosine(0.005, 72))", "l2": 0.01, "weight_decay": 0.01}
    expected |= {"dropout": 0.2, "loss": "cross_entropy(0.1)", "class_weight": {"yes": 5.0}}
    expected |= {"early_stopping": 20, "validation_fraction": 0.1, "time_limit": 300.0}
    expected |= {"bias_init": "prior", "ended": "all 12 epochs were done", "hidden": [64, 32]}
    assert {name: stored[name] for name in expected} == expected
    shown = " ".join(succeed("inspect", tmp_path / "m.model").split())
    for part in ("adamw(cosine(0.005, 72))", "class weight yes 5", "early stopping 20"):
        assert part in shown
    assert (
        json.loads(succeed("inspect", tmp_path / "m.model", "--json"))["metadata"] == net.metadata
    )


def test_what_was_not_asked_for_is_not_shown(train, tmp_path):
    train("k")
    assert "None" not in succeed("inspect", tmp_path / "m.model")


def recall(net, folder):
    frame = pd.read_csv(folder / "data.csv")
    found = np.array(net.metadata["classes"])[net.predict(frame[["a", "b", "c"]]).argmax(axis=1)]
    return (found == "yes")[frame["k"] == "yes"].mean()


def test_class_weights_find_more_of_a_rare_class(folder, train):
    plain, weighted = train("k")[0], train("k", "--class-weight", "balanced")[0]
    assert recall(weighted, folder) > recall(plain, folder) + 0.05


def test_a_quantile_is_one(folder, train):
    net, _ = train("v", "--loss", "quantile(0.9)", "--epochs", 200)
    frame = pd.read_csv(folder / "data.csv")
    below = frame["v"] < net.predict(frame[["a", "b", "c"]])[:, 0]
    assert 0.8 < below.mean() < 0.97


def test_margins_are_no_probabilities(folder, train, tmp_path):
    for loss, columns in (("hinge", 1), ("cross_entropy", 3)):
        train("k", "--loss", loss)
        text = succeed("predict", tmp_path / "m.model", folder / "data.csv")
        assert text.splitlines()[0].count(",") == columns - 1
        assert text.startswith("prediction")


def test_counts_are_predicted_as_counts(folder, train):
    net, text = train("n", "--loss", "poisson")
    frame = pd.read_csv(folder / "data.csv")
    rates = net.predict(frame[["a", "b", "c"]])[:, 0]
    assert net.activation_names[-1] == "exp"
    assert (rates > 0).all()
    assert rates.mean() == pytest.approx(frame["n"].mean(), rel=0.15)
    assert "Test R² " in text


def test_early_stopping_keeps_the_best_epoch(train):
    net, text = train("k", "--early-stopping", 3, "--epochs", 500, "--optimizer", "adam(0.05)")
    stored = net.metadata["training"]
    assert stored["kept_epoch"] == stored["epochs_run"] - 3 < 497
    assert f"Ended after {stored['epochs_run']} epochs: val_loss had not got better" in text
    assert f"The network is that of epoch {stored['kept_epoch']}, the best one\n" in text


@pytest.mark.parametrize("words", [("--early-stopping",), ("--early-stopping", TABLE.patience)])
@pytest.mark.parametrize("first", [True, False])
def test_early_stopping_needs_no_number(folder, tmp_path, words, first):
    data = [folder / "data.csv", "--target", "k", "--epochs", 2, "-o", tmp_path / "m"]
    succeed("train", *words, *data) if first else succeed("train", *data, *words)
    assert wb.load(tmp_path / "m").metadata["training"]["early_stopping"] == TABLE.patience


def test_rows_for_the_test_decide_nothing(folder, tmp_path, monkeypatch):
    """Early stopping looks at rows that were taken of those to train on."""
    seen = []
    fit = wb.Network.fit
    monkeypatch.setattr(
        wb.Network, "fit", lambda net, **given: [seen.append(given), fit(net, **given)]
    )
    for words in (["--early-stopping"], ["--schedule", "plateau"], []):
        options = ["--target", "k", "--epochs", 2, "-o", tmp_path / "m"]
        succeed("train", folder / "data.csv", *options, *words)
    assert ["validation_data" in given for given in seen] == [False, False, True]


def test_a_time_limit_ends_a_training(folder, tmp_path, monkeypatch):
    count_time(monkeypatch, 0.001)
    words = [folder / "data.csv", "--target", "k", "--epochs", 10**7, "-o", tmp_path / "m"]
    text = succeed("train", *words, "--time-limit", "0.2s")
    assert "epochs: the time limit of 0.2 s had passed\n" in text
    stored = wb.load(tmp_path / "m").metadata["training"]
    assert stored["ended"] == "the time limit of 0.2 s had passed"
    assert 1 <= stored["epochs_run"] < 10**7


def test_what_training_warns_of_is_a_line_of_ours(folder, tmp_path, monkeypatch):
    def warn(net, **given):
        fit(net, **given)
        text = "[fit] of 200 rows looked at:\nall are the same"
        warnings.warn(text, wb.TrainingWarning, stacklevel=2)

    fit = wb.Network.fit
    monkeypatch.setattr(wb.Network, "fit", warn)
    result = invoke(
        "train", folder / "data.csv", "--target", "k", "--epochs", 2, "-o", tmp_path / "m"
    )
    assert result.exit_code == 0
    expected = "wbcore: warning: of 200 rows looked at: all are the same\n"
    assert result.stderr == expected
    assert (tmp_path / "m").exists()


def test_words_of_options():
    texts = ("90", "90s", "1.5 min", "2h", "1e2")
    assert [parse_seconds(text) for text in texts] == [90.0, 90.0, 90.0, 7200.0, 100.0]
    assert parse_weights('"a,b=2", c=d=0.5') == {"a,b": 2.0, "c=d": 0.5}


def test_readme_tells_the_defaults():
    text = " ".join((Path(__file__).parents[1] / "README.md").read_text("utf-8").split())
    two = " and ".join(map(str, TABLE.hidden))
    rows = TABLE.most_steps // TABLE.most_epochs * TABLE.batch_size
    for words in (
        f"two hidden layers of {two} by Adam, whose rate of {TABLE.learning_rate} ",
        f"for {TABLE.most_epochs} epochs in batches of {TABLE.batch_size} ",
        f"Above {rows:,} rows to train on, epochs are fewer: some {TABLE.most_steps:,} steps, ",
        f" steps, but at least {TABLE.fewest_epochs} epochs.",
        f"From {TABLE.stopping_rows:,} rows on early stopping is done unasked.",
        f"one hidden layer of {FOLDER.hidden[0]}, a rate of ",
        f" a rate of {FOLDER.learning_rate}, and {FOLDER.most_epochs} epochs in ",
        f" epochs in batches of {FOLDER.batch_size}.",
    ):
        assert words in text, words
