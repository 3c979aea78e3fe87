"""WBCORE_ISA obeys or raises, in processes of their own: the choice is made once in each."""

import os
import subprocess
import sys

import pytest

import wbcore as wb

# A test that starts Python again is of no use under sanitizers that were loaded for this one.
pytestmark = pytest.mark.uninstrumented


def run(code, isa=None):
    environment = {key: value for key, value in os.environ.items() if key != "WBCORE_ISA"}
    if isa is not None:
        environment["WBCORE_ISA"] = isa
    command = [sys.executable, "-c", f"import numpy as np, wbcore as wb\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def printed(code, isa=None):
    done = run(code, isa)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_plain_is_always_there_and_the_names_are_known():
    assert wb.available_isas()[0] == "plain"
    assert set(wb.available_isas()) <= {"plain", "sse2", "avx2", "avx512", "neon"}


@pytest.mark.parametrize("isa", wb.available_isas())
def test_each_one_can_be_forced(isa):
    # The computed number shows that the chosen kernels do run.
    code = "print(wb.isa(), wb.dense([0.5, 0.3], weights=[[0.8], [0.6]], biases=[0.2])[0])"
    name, value = printed(code, isa).split()
    assert name == isa
    assert float(value) == pytest.approx(0.78, rel=1e-15)


@pytest.mark.parametrize("nothing", [None, ""])
def test_the_fastest_is_chosen_unless_told(nothing):
    assert printed("print(wb.isa())", nothing) == wb.available_isas()[-1]


def test_the_choice_is_made_once():
    code = "wb.isa(); import os; os.environ['WBCORE_ISA'] = 'nonsense'; print(wb.isa())"
    assert printed(code, "plain") == "plain"


USES = {
    "isa": "wb.isa()",
    "activation": "wb.sigmoid(np.zeros(3))",
    "dense": "wb.dense([0.5], weights=[[1.0]], biases=[0.0])",
    "initializer": "wb.initializers.he(3, 4, seed=0)",
    "network": "wb.Network.mlp([3, 4, 2])",
    "fit": "net.fit(X, y, loss='cross_entropy')",
    "fit, threads": "net.fit(X, y, loss='cross_entropy', n_threads=3, batch_size=500)",
    "predict": "net.predict(X, n_threads=1)",
    "predict, threads": "net.predict(X, n_threads=4)",
    "evaluate": "net.evaluate(X, y, loss='cross_entropy', n_threads=4)",
    "loss_and_gradients": "net.loss_and_gradients(X, y, 'cross_entropy')",
}
# No initial weight is drawn for this one, so the network is made before anything is computed.
SETUP = """
net = wb.Network([wb.Dense(3, 4, initializer="zeros"), wb.Dense(4, 2, initializer="zeros")])
X, y = np.ones((1000, 3)), np.zeros(1000, int)
"""


@pytest.mark.parametrize("use", USES)
def test_an_unknown_one_is_an_error_wherever_it_is_met_first(use):
    """Twice: the failed choice leaves nothing half done. And available_isas still answers."""
    code = f"""{SETUP if "net." in USES[use] else ""}
for _ in range(2):
    try:
        {USES[use]}
    except RuntimeError as error:
        print(error)
print(wb.available_isas())
"""
    expected = f"[WBCORE_ISA] expected one of {', '.join(wb.available_isas())}, got 'sse9'"
    assert printed(code, "sse9").splitlines() == [expected, expected, str(wb.available_isas())]


NOT_HERE = {"AVX2", " plain", "plain,avx2", "avx", "sse2", "avx512", "neon"}.difference(
    wb.available_isas()
)


@pytest.mark.parametrize("isa", sorted(NOT_HERE))
def test_only_exact_names_of_this_machine_count(isa):
    done = run("wb.isa()", isa)
    assert done.returncode == 1
    assert f"got '{isa}'" in done.stderr.splitlines()[-1]
    assert "RuntimeError" in done.stderr.splitlines()[-1]
