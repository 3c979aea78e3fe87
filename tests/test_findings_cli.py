"""``wbcore inspect --data``: findings of a model from a file, and the exit code of --fail-on."""

import json

import numpy as np
import pandas as pd
import pytest
from cli_runner import fail, invoke, succeed

import wbcore as wb
from wbcore.cli.data import load_table
from wbcore.cli.settings import settings_for
from wbcore.cli.training import train


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table with texts and gaps, a model of it, and that model with dead units."""
    path = tmp_path_factory.mktemp("findings")
    rng = np.random.default_rng(0)
    n = 400
    frame = pd.DataFrame(
        {
            "size": rng.normal(1000, 50, n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "age": np.where(rng.random(n) < 0.05, np.nan, rng.normal(40, 9, n)),
        }
    )
    score = (frame["size"] - 1000) / 50 + (frame["colour"] == "red") + rng.normal(0, 0.2, n)
    frame["kind"] = np.where(score > 0.3, "big", "small")
    frame[:300].to_csv(path / "train.csv", index=False)
    frame[300:].to_csv(path / "test.csv", index=False)
    frame.drop(columns="kind").assign(price=100 * score + 5000).to_csv(path / "p.csv", index=False)
    model = path / "model.safetensors"
    for table, target, name in (("train", "kind", "model"), ("p", "price", "price")):
        data = load_table(path / f"{table}.csv", target, 0.2, 0)
        settings = settings_for(data, {"hidden": (16,), "epochs": 30})
        train(data, settings).net.save(path / f"{name}.safetensors")
    net = wb.load(model)
    net[0].biases[...] = -1e6
    net.save(path / "dead.safetensors")
    return path


def test_a_sound_model(folder):
    words = (
        "--data",
        folder / "train.csv",
        "--target",
        "kind",
        "--validation",
        folder / "test.csv",
    )
    codes = "WB-DEAD,WB-OVERFIT,WB-UNDERFIT,WB-SCALE,WB-LABELS"
    text = succeed("inspect", folder / "model.safetensors", *words, "--fail-on", codes)
    assert text.startswith("nothing wrong was found")
    assert "all 240 rows, all 100 rows for validation" in text
    text = succeed("inspect", folder / "price.safetensors", "--data", folder / "p.csv")
    assert text.startswith("nothing wrong was found")
    assert "all 320 rows, all 80 rows for validation" in text


def test_a_sick_one_fails_by_the_codes_that_are_named(folder):
    words = ("inspect", folder / "dead.safetensors", "--data", folder / "train.csv")
    result = invoke(*words, "--fail-on", "WB-CONSTANT, WB-DEAD")
    assert result.exit_code == 1
    assert "WB-DEAD (error, layer 0): 16 of 16 units" in result.stdout
    assert invoke(*words, "--fail-on", "WB-CONSTANT").exit_code == 0
    data = json.loads(succeed(*words, "--json"))
    assert "WB-DEAD" in [finding["code"] for finding in data["findings"]]
    assert invoke(*words, "--json", "--fail-on", "WB-DEAD").exit_code == 1


def test_codes_that_cannot_fire_are_refused(folder):
    """A check that passes whatever is wrong is none."""
    words = ("inspect", folder / "model.safetensors", "--data", folder / "test.csv")
    validated = (*words, "--validation", folder / "train.csv")
    for code in ("WB-OVERFIT", "WB-LEAK"):
        assert f"--fail-on: {code} needs --validation" in fail(*words, "--fail-on", code)
        succeed(*validated, "--fail-on", code)
    for code, why in (
        ("WB-RATE", "needs the history of a training, which a model file does not have"),
        ("WB-DIVERGED", "needs the history of a training, which a model file does not have"),
        ("WB-START", "is found before a training, by inspect.check, not in a model file"),
        ("WB-ONE-BATCH", "is found before a training, by inspect.check, not in a model file"),
        ("WB-NEARLY-DEAD", "is always a note, and notes do not count"),
        ("WB-NOISY-LABELS", "is always a note, and notes do not count"),
    ):
        assert f"{code} {why}" in " ".join(fail(*validated, "--fail-on", code).split())
    said = " ".join(fail(*words, "--fail-on", "WB-DEAD,WB-LEAK,WB-RATE").split())
    assert "--fail-on: WB-LEAK needs --validation; WB-RATE needs the history" in said


def test_notes_do_not_fail(folder, tmp_path):
    net = wb.load(folder / "model.safetensors")
    net[0].biases[0] = -1e6
    net.save(tmp_path / "one.safetensors")
    words = ("inspect", tmp_path / "one.safetensors", "--data", folder / "train.csv")
    text = succeed(*words, "--fail-on", "WB-DEAD")
    assert "WB-DEAD (note, layer 0): 1 of 16 units" in text


def test_a_network_without_metadata(folder, tmp_path):
    frame = pd.read_csv(folder / "train.csv")[["size", "kind"]]
    frame["size"] = (frame["size"] - 1000) / 50
    frame.to_csv(tmp_path / "t.csv", index=False)
    wb.Network.mlp([1, 8, 2], seed=0).save(tmp_path / "plain.safetensors")
    words = ("inspect", tmp_path / "plain.safetensors", "--data", tmp_path / "t.csv")
    assert "does not say its target: give --target" in fail(*words)
    assert "does not say its loss: give --loss" in fail(*words, "--target", "kind")
    text = succeed(*words, "--target", "kind", "--loss", "cross_entropy")
    assert "WB-UNDERFIT" in text.splitlines()[0]
    frame.assign(other=0.5).to_csv(tmp_path / "t.csv", index=False)
    said = fail(*words, "--target", "kind", "--loss", "cross_entropy")
    assert "has 2 columns beside the target, but the model takes 1" in said


def test_what_is_refused(folder, tmp_path):
    model = folder / "model.safetensors"
    words = ("inspect", model, "--data", folder / "train.csv")
    assert "--fail-on: expected codes among WB-NONFINITE" in fail(*words, "--fail-on", "WB-DAED")
    assert "got WB-DAED" in fail(*words, "--fail-on", "WB-DEAD,WB-DAED")
    assert "--fail-on: expected codes" in fail(*words, "--fail-on", ",")
    for option in ("--target", "--loss", "--fail-on"):
        assert f"{option} is for --data" in fail("inspect", model, option, "x")
    frame = pd.read_csv(folder / "train.csv")
    frame["kind"] = frame["kind"].replace("big", "huge")
    frame.to_csv(tmp_path / "other.csv", index=False)
    assert "has the class 'huge', which the model does not know" in fail(
        "inspect", model, "--data", tmp_path / "other.csv"
    )
    frame.drop(columns="size").to_csv(tmp_path / "less.csv", index=False)
    assert "lacks column 'size'" in fail("inspect", model, "--data", tmp_path / "less.csv")
    assert "lacks column 'nobody'" in fail(*words, "--target", "nobody")
    said = " ".join(fail(*words, "--target", "size").split())
    assert "--target: expected its target 'kind', got 'size', a column that" in said


def test_a_loss_that_does_not_fit_the_model(folder, tmp_path):
    words = ("inspect", folder / "model.safetensors", "--data", folder / "train.csv", "--loss")
    for loss in ("mse", "poisson", "binary_cross_entropy", "quantile(0.5)"):
        said = fail(*words, loss)
        assert "--loss: expected one of cross_entropy, hinge, squared_hinge" in said
        assert f"for the classes of 'kind', got {loss}" in " ".join(said.split())
    assert "--loss: expected no weights of outputs, got mse[1,2]" in fail(*words, "mse[1,2]")
    assert "--loss: expected one of mse" in fail(*words, "nonsense")
    succeed(*words, "hinge")
    words = ("inspect", folder / "price.safetensors", "--data", folder / "p.csv", "--loss")
    said = " ".join(fail(*words, "cross_entropy").split())
    assert "--loss: expected one of mse, mae, huber" in said
    assert "for the values of 'price', got cross_entropy" in said
    said = " ".join(fail(*words, "quantile(0.1,0.9)").split())
    assert "--loss: expected one for 1 output and the one column 'price'" in said
    assert "which is for 2 outputs" in said
    succeed(*words, "quantile(0.5)")
    frame = pd.read_csv(folder / "p.csv").assign(price=lambda frame: frame["price"] - 1e4)
    frame.to_csv(tmp_path / "negative.csv", index=False)
    said = fail(*words[:3], tmp_path / "negative.csv", "--loss", "poisson")
    assert "--loss: expected values of at least 0 in column 'price' for poisson" in said


def test_what_a_network_without_metadata_is_asked(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=90)})
    frame["k"] = 2 * (frame["x"] > 0)  # of three classes the first and the last
    frame.to_csv(tmp_path / "t.csv", index=False)
    of_text = frame.assign(k=np.where(frame["k"], "yes", "no"))
    of_text.to_csv(tmp_path / "text.csv", index=False)
    nets = {f"{n}.safetensors": wb.Network.mlp([1, 8, n], seed=0) for n in (1, 3)}
    for name, net in nets.items():
        net.save(tmp_path / name)

    def words(outputs, table, loss):
        model = tmp_path / f"{outputs}.safetensors"
        data = tmp_path / f"{table}.csv"
        return "inspect", model, "--data", data, "--target", "k", "--loss", loss

    text = succeed(*words(3, "t", "cross_entropy"))
    assert "1 of 3 classes has no row among 90: 1" in text
    assert "WB-" in succeed(*words(1, "text", "binary_cross_entropy"))
    assert "which is for 2 outputs or more" in fail(*words(1, "t", "cross_entropy"))
    assert "which is for 1 output" in fail(*words(3, "t", "mse"))
    assert "column 'k' is not numeric" in fail(*words(1, "text", "mse"))
    frame.assign(k=np.arange(90) % 3).to_csv(tmp_path / "more.csv", index=False)
    said = " ".join(fail(*words(1, "more", "binary_cross_entropy")).split())
    assert "has 3 classes, but the model tells 2 apart" in said
    # a second table has the numbers of the first: its class z is not one of them
    of_text.assign(k=np.where(frame["k"], "yes", "z")).to_csv(tmp_path / "z.csv", index=False)
    said = fail(*words(1, "text", "binary_cross_entropy"), "--validation", tmp_path / "z.csv")
    assert "has the class 'z', which the model does not know" in " ".join(said.split())


def test_weights_of_classes_have_the_names_of_classes(folder, tmp_path):
    net = wb.load(folder / "model.safetensors")
    words = ("inspect", tmp_path / "weighed.safetensors", "--data", folder / "train.csv")
    for weights, known in (("balanced", True), ({"big": 5.0}, True), ({"huge": 5.0}, False)):
        net.metadata["training"] = {**net.metadata["training"], "class_weight": weights}
        net.save(words[1])
        if known:
            succeed(*words)
        else:
            assert "expected classes among big, small, got 'huge'" in fail(*words)
