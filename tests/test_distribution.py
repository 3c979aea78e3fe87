"""The name of the distribution: on PyPI, wbcore is the package of another project."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

from wbcore import _distribution

ROOT = Path(__file__).parents[1]

# wbcore as the name of what is installed: not wbcore-nn, wbcore_nn-0.1.0.whl, or ./wbcore.
WRONG = re.compile(r"""pip3?\s+install\b[^\n`]*?[\s'"=]wbcore(?![\w./-])""")


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("wbcore", True),
        ("wbcore`.", True),
        ("'wbcore[cli]'", True),
        ("--force-reinstall wbcore==0.1.0", True),
        ("--target=here wbcore # its name", True),
        ("numpy wbcore", True),
        ("'wbcore-nn[cli]'", False),
        ("wbcore_nn-0.1.0-cp311-cp311-linux_x86_64.whl", False),
        ("./wbcore", False),
        ("numpy", False),
    ],
)
def test_the_pattern_itself(words, wrong):
    assert bool(WRONG.search(f"`pip {'install'} {words}")) == wrong


@pytest.mark.uninstrumented
def test_no_text_installs_the_package_of_another_project():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert ROOT / "README.md" in paths
    found = [
        f"{path}: {match[0]}"
        for path in paths
        if path.is_file()
        for match in WRONG.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert not found


def test_the_installed_name():
    assert importlib.metadata.version("wbcore-nn")
    assert _distribution.distribution_name() == "wbcore-nn"
    extras = importlib.metadata.metadata("wbcore-nn").get_all("Provides-Extra")
    assert {"cli", "test", "dev"} <= set(extras)


@pytest.mark.parametrize(
    ("installed", "name"),
    [
        (["wbcore-nn"], "wbcore-nn"),
        (["another", "wbcore-nn"], "wbcore-nn"),
        (["packaged-again"], "packaged-again"),
        ([], "wbcore-nn"),  # a checkout on the path
    ],
)
def test_messages_take_the_name_that_is_installed(installed, name, monkeypatch):
    monkeypatch.setattr(
        importlib.metadata,
        "packages_distributions",
        lambda: {"wbcore": installed} if installed else {},
    )
    assert _distribution.install_extra("cli") == f"pip install '{name}[cli]'"


@pytest.mark.uninstrumented
def test_the_name_costs_nothing_before_it_is_needed():
    code = "import sys, wbcore, wbcore.cli; print('importlib.metadata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
