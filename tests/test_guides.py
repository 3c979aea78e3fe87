"""Every ```python block of the guides runs as written."""

from pathlib import Path

import numpy as np
import pytest
from test_readme import python_blocks

import wbcore as wb

DOCS = Path(__file__).parents[1] / "docs"


def images():
    """What the page for PyTorch and Keras takes for granted: X, y, and weights from elsewhere."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 10
    X = (rng.random((200, 64)) + (np.arange(64) % 10 == y[:, None])).astype(np.float32) / 2
    model = wb.Network.mlp([64, 32, 10], seed=5)
    state = {}
    for key, layer in zip(("0", "2"), model, strict=True):
        state |= {f"{key}.weight": layer.weights.T.copy(), f"{key}.bias": layer.biases.copy()}
    return {
        "X": X[:150],
        "y": y[:150],
        "X_val": X[150:],
        "y_val": y[150:],
        "state": state,
        "weights": [array for layer in model for array in (layer.weights, layer.biases)],
        "expected": model.predict(X[:150]),
    }


# That fits end where they are told to is no news, to readers of scikit-learn either.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("page", "given", "fewest"),
    [
        ("from-scikit-learn.md", dict, 5),
        ("from-pytorch-and-keras.md", images, 6),
        ("findings.md", dict, 2),
        ("inspect.md", images, 8),
        ("exact.md", dict, 7),
        ("importance.md", dict, 8),
    ],
)
def test_page_runs(page, given, fewest, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some blocks save files
    namespace = {"__name__": "guide", **given()}
    blocks = list(python_blocks(DOCS / page))
    assert len(blocks) >= fewest
    for block in blocks:
        exec(compile(block, DOCS / page, "exec"), namespace)


def test_what_the_page_on_findings_shows_is_what_is_printed(capsys):
    page = DOCS / "findings.md"
    first = next(iter(python_blocks(page)))
    exec(compile(first, page, "exec"), {"__name__": "guide"})
    printed = capsys.readouterr().out
    assert f"```text\n{printed}```\n" in page.read_text("utf-8")
    assert "WB-DEAD (warning, layer 0)" in printed


def test_what_the_page_on_exactness_shows_is_what_is_printed(capsys):
    """Its tables and lines stand in the page as they come out."""
    page = DOCS / "exact.md"
    namespace = {"__name__": "guide"}
    for block in python_blocks(page):
        exec(compile(block, page, "exec"), namespace)
    printed = capsys.readouterr().out.splitlines()
    shown = [line[4:] for line in page.read_text().splitlines() if line.startswith("    ")]
    begins = ("One ", "layer", "0 ", "update", "step ", "Z[")
    shown = [line for line in shown if line.startswith(begins)]
    assert len(shown) >= 8
    assert set(shown) <= set(printed)
    assert namespace["worst"] == 80
    assert namespace["places"] == [0, 10, 1]  # and on average over seeds
    assert (namespace["mean"][80].round(4), namespace["spread"][80].round(4)) == (-0.0027, 0.0026)
    place = namespace["place"]  # of the training that diverged
    assert (place.phase, place.layer, place.unit, place.row) == ("forward", 1, (0,), 24)
