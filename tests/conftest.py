"""What test reports start with, which run leaves out which tests, and fixtures of several files."""

import signal

import hypothesis
import levels
import numpy as np
import pytest
import safetensors
from cli_folder import ROWS

import wbcore as wb

# The same examples in each run, however long one takes.
hypothesis.settings.register_profile(
    "tests",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tests")
# Under sanitizers an example takes ten times as long; it finds what it finds in the first few.
hypothesis.settings.register_profile("fewer", hypothesis.settings.default, max_examples=20)

# A shell that starts the tests in the background lets them ignore Ctrl-C, and all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MARKERS = {"alone": levels.ALONE, "long": levels.LONG, "pure": levels.PURE}


def pytest_report_header():
    """The versions and the instruction set that a report is about."""
    versions = ", ".join(
        f"{module.__name__} {module.__version__}" for module in (wb, np, safetensors, hypothesis)
    )
    sets = ", ".join(wb.available_isas())
    return f"{versions}; instruction set {wb.isa()} of {sets}; {wb.get_num_threads()} threads"


@pytest.fixture
def no_network(monkeypatch):
    """Fails when memory for a network is asked for."""

    def refuse(*_):
        raise AssertionError("allocated before the file was found to be sound")

    monkeypatch.setattr(wb.Network, "_of_structure", refuse)


@pytest.fixture
def cli_folder(tmp_path, monkeypatch):
    """The current folder, with data.csv (target k) and model.safetensors that fits it."""
    import pandas as pd

    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 2))
    kinds = np.where(X.sum(axis=1) > 0, "yes", "no")
    pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "k": kinds}).to_csv("data.csv", index=False)
    net = wb.Network.mlp([2, 3, 2], seed=0)
    net.metadata.update(features=["a", "b"], classes=["no", "yes"])
    net.save("model.safetensors")
    return tmp_path


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    for item in items:
        keys = {item.path.name, f"{item.path.name}::{getattr(item, 'originalname', item.name)}"}
        for marker, listed in MARKERS.items():
            if keys & listed.keys():
                item.add_marker(marker)
