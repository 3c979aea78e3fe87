"""Every ```python block of README.md runs as written, in order.

X, y, X_val and y_val are there, and a table with the model that the command line made of it.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_runner import succeed

README = Path(__file__).parents[1] / "README.md"


def python_blocks(path):
    """The blocks of a Markdown file, each moved down by empty lines so that line numbers hold."""
    text = path.read_text(encoding="utf-8")
    for match in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield "\n" * text.count("\n", 0, match.start(1)) + match[1]


@pytest.fixture
def namespace():
    """What a reader has at hand: images of 8 x 8 as rows of 64 values in 0..1, and their labels."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 10
    X = (rng.random((200, 64)) + (np.arange(64) % 10 == y[:, None])).astype(np.float32) / 2
    return {"__name__": "readme", "X": X[:150], "y": y[:150], "X_val": X[150:], "y_val": y[150:]}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_readme_runs(namespace, dtype, tmp_path, monkeypatch):
    """Also for images in NumPy's own type, as a reader's data are: C would take their bytes."""
    monkeypatch.chdir(tmp_path)  # some blocks save files
    rows = {"size": [1, 2, 3, 4] * 9, "colour": ["red", "blue"] * 18, "k": ["no", "yes"] * 18}
    pd.DataFrame(rows).to_csv("data.csv", index=False)
    succeed("train", "data.csv", "--target", "k", "--epochs", 20, "-o", "model.safetensors")
    namespace["X"] = namespace["X"].astype(dtype)
    blocks = list(python_blocks(README))
    assert blocks, "README.md shows no Python"
    for block in blocks:
        exec(compile(block, README, "exec"), namespace)
        if "wbcore_predict(" in block:
            assert np.array_equal(namespace["out"], namespace["p"](namespace["X"]))
    assert "out" in namespace
    assert namespace["model"].columns == ("size", "colour")
    assert list(namespace["model"].predict(namespace["rows"])) == rows["k"]
