"""Attributions against Captum's, which are committed as bits: neither torch nor Captum is needed.

They were written by captum 0.9.0 with tools/captum_attributions.py, in float64; without an argument
that program compares larger networks with the installed wbcore.
"""

from pathlib import Path

import captum_problem as problem
import numpy as np
import pytest

import wbcore as wb

FOUND = {
    tuple(names.split(", ")): np.array([float.fromhex(word) for word in numbers.split()])
    for names, _, numbers in (
        line.partition(": ")
        for line in (Path(__file__).parent / "data" / "captum_attributions.txt")
        .read_text("ascii")
        .splitlines()
        if not line.startswith("#")
    )
}


def network(case, dtype="float64"):
    hidden, last, _ = problem.CASES[case]
    net = wb.Network.mlp(problem.WIDTHS, hidden, output_activation=last, dtype=dtype)
    for layer, (weights, biases) in zip(net, problem.PARAMETERS, strict=True):
        layer.weights[...], layer.biases[...] = weights, biases
    return net


def test_all_are_here():
    assert FOUND.keys() == {(case, name) for case in problem.CASES for name in problem.METHODS}


# The numbers of the problem are whole 2048ths: a float32 network is the same network.
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", problem.METHODS)
@pytest.mark.parametrize("case", problem.CASES)
def test_values_are_those_of_captum(case, name, dtype):
    method, n_steps = problem.METHODS[name]
    found = wb.inspect.attribution(
        network(case, dtype),
        problem.X,
        problem.TARGETS,
        method,
        output=problem.CASES[case][2],
        baseline=problem.baseline_of(method),
        n_steps=n_steps,
    )
    values = FOUND[case, name].reshape(problem.X.shape)
    assert np.abs(values).max() > 1e-3
    assert np.abs(found.values - values).max() < 1e-13


@pytest.mark.parametrize("case", problem.CASES)
def test_more_nodes_come_nearer_to_the_integral(case):
    """What Captum tends to is what is found without a number of nodes."""
    exact = wb.inspect.attribution(
        network(case), problem.X, problem.TARGETS, output=problem.CASES[case][2],
        baseline=problem.BASELINE,
    )  # fmt: skip
    off = {
        n: np.abs(FOUND[case, f"integrated_gradients {n}"].reshape(4, 5) - exact.values).max()
        for n in (7, 50)
    }
    assert off[50] < off[7]
    assert off[50] < 0.1
