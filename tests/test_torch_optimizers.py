"""Optimizers against trajectories of torch.optim, which are committed as bits: torch is not needed.

They were written by torch 2.13.0 with `gradient` below, in float64 on one thread, by
tests/data/write_torch_optimizers.py. Torch has no Lion: that is held to the formula of its paper.
"""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

import wbcore as wb

FILE = Path(__file__).parent / "data" / "torch_optimizers.txt"

START = np.array([0.5, -0.25, 1.0, -1.5, 0.125, 2.0])

# Each with the numbers that it has in tests/data/write_torch_optimizers.py.
OPTIMIZERS = {
    "adam": lambda: wb.Adam(0.01),
    "adam:decay": lambda: wb.Adam(0.02, 0.8, 0.99, 1e-6, weight_decay=0.1),
    "adamw:decay": lambda: wb.AdamW(0.02, 0.8, 0.99, 1e-6, weight_decay=0.1),
    "rmsprop": lambda: wb.RMSprop(0.01),
    "rmsprop:momentum": lambda: wb.RMSprop(0.005, 0.9, 1e-6, momentum=0.8),
    "rmsprop:centered": lambda: wb.RMSprop(0.01, 0.95, 1e-3, centered=True),
    "rmsprop:all": lambda: wb.RMSprop(0.005, 0.9, 1e-3, 0.7, True, weight_decay=0.1),
    "nadam": lambda: wb.NAdam(0.01),
    "nadam:all": lambda: wb.NAdam(0.02, 0.8, 0.99, 1e-6, 0.05, weight_decay=0.1),
    "nadam:constant": lambda: wb.NAdam(0.02, 0.95, 0.9, 1e-4, 0.0),
    "nadam:fast": lambda: wb.NAdam(0.02, 0.999, 0.99, 1e-4, 3.0),
    "adagrad": lambda: wb.Adagrad(0.1),
    "adagrad:all": lambda: wb.Adagrad(0.2, 0.01, 0.3, 1e-6, weight_decay=0.1),
    "adagrad:initial": lambda: wb.Adagrad(0.5, initial_sum=2.0),
    "rprop": lambda: wb.Rprop(0.01),
    "rprop:etas": lambda: wb.Rprop(0.05, 0.4, 1.1, 1e-3, 0.2),
}


def trajectories():
    """By optimizer, the parameters after some of 200 steps."""
    found = {}
    for line in FILE.read_text("ascii").splitlines():
        if line.startswith("#"):
            continue
        name, step, _, *words = line.split()
        numbers = [struct.unpack(">d", bytes.fromhex(word))[0] for word in words]
        found.setdefault(name, {})[int(step, 16)] = numbers
    return found


TRAJECTORIES = trajectories()
IN_FLOAT64 = {name: t for name, t in TRAJECTORIES.items() if "@" not in name}


def gradient(w, step):
    """Of a quadratic whose minimum moves, in operations that every IEEE machine does alike."""
    places = np.arange(len(w))
    noise = (step * 7919 + places * 104729) % 64 - 32
    return (places + 1) / 4 * (w - np.roll(w, 1) / 2) + 0.1 * noise / 32


def trained(optimizer, steps):
    """The parameters after each step of an own loop, all of them decayed as torch decays."""
    net = wb.Network([wb.Dense(2, 3, bias=False)], dtype="float64")
    net.parameters[:] = START
    _, gradients = net.loss_and_gradients(np.zeros((1, 2)), np.zeros((1, 3)), loss="mse")
    for step in range(1, steps + 1):
        gradients.flat[:] = gradient(net.parameters, step)
        optimizer.step(net, gradients)
        yield step, net.parameters


@pytest.mark.parametrize(("name", "expected"), IN_FLOAT64.items())
def test_two_hundred_steps(name, expected):
    for step, parameters in trained(OPTIMIZERS[name](), 200):
        if step in expected:
            np.testing.assert_allclose(parameters, expected[step], rtol=1e-12, atol=0)
    assert max(expected) == 200


def test_each_has_its_trajectory():
    assert IN_FLOAT64.keys() == OPTIMIZERS.keys()
    here = {name.partition(":")[0] for name in OPTIMIZERS}
    assert here == set(wb.optimizers.NAMES) - {"sgd", "lion"}  # tests of their own


def test_the_page_says_how_far_torch_is_off_where_its_default_is_float32():
    page = (Path(__file__).parents[1] / "docs" / "arithmetic.md").read_text()
    told = re.search(r"Torch keeps P in its default.*?by up to ([\d.e-]+)", page, re.DOTALL)
    off = [
        np.abs(np.array(TRAJECTORIES[f"{name}@float32"][step]) / expected - 1).max()
        for name, found in IN_FLOAT64.items()
        if name.startswith("nadam")
        for step, expected in found.items()
    ]
    assert len(off) == 24
    assert float(told[1]) == float(f"{max(off):.1e}")


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_lion_is_that_of_its_paper(decay):
    """Algorithm 2 of arXiv:2302.06675, in its own words."""
    eta, beta1, beta2 = 0.01, 0.9, 0.95
    theta, m = START.copy(), np.zeros(6)
    for step, parameters in trained(wb.Lion(eta, beta1, beta2, weight_decay=decay), 200):
        g = gradient(theta, step)
        c = beta1 * m + (1 - beta1) * g
        theta = theta - eta * (np.sign(c) + decay * theta)
        m = beta2 * m + (1 - beta2) * g
        np.testing.assert_allclose(parameters, theta, rtol=1e-11, atol=1e-13)


def test_sgd_of_a_quadratic_is_its_closed_form():
    net = wb.Network([wb.Dense(1, 1, bias=False)], dtype="float64")
    net.parameters[:] = 1.0
    _, gradients = net.loss_and_gradients([[0.0]], [[0.0]], loss="mse")
    optimizer = wb.SGD(0.1)
    for _ in range(200):
        gradients.flat[:] = net.parameters
        optimizer.step(net, gradients)
    np.testing.assert_allclose(net.parameters, 0.9**200, rtol=1e-12)
