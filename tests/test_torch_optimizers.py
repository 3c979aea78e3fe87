"""Optimizers against trajectories of torch.optim, which are committed as bits: torch is not needed.

They were written by torch 2.13.0 with `gradient` below, in float64 on one thread.
"""

import struct
from pathlib import Path

import numpy as np
import pytest

import wbcore as wb

TRAJECTORIES = Path(__file__).parent / "data" / "torch_optimizers.txt"

START = np.array([0.5, -0.25, 1.0, -1.5, 0.125, 2.0])

# Adam as torch has it but for a lr of 0.01; then Adam and AdamW, each with a lr of 0.02, betas of
# 0.8 and 0.99, an eps of 1e-6 and a weight_decay of 0.1.
OPTIMIZERS = {
    "adam": lambda: wb.Adam(0.01),
    "adam:decay": lambda: wb.Adam(0.02, 0.8, 0.99, 1e-6, weight_decay=0.1),
    "adamw:decay": lambda: wb.AdamW(0.02, 0.8, 0.99, 1e-6, weight_decay=0.1),
}


def trajectories():
    """By optimizer, the parameters after some of 200 steps."""
    found = {}
    for line in TRAJECTORIES.read_text("ascii").splitlines():
        if line.startswith("#"):
            continue
        name, step, _, *words = line.split()
        numbers = [struct.unpack(">d", bytes.fromhex(word))[0] for word in words]
        found.setdefault(name, {})[int(step, 16)] = numbers
    return found


def gradient(w, step):
    """Of a quadratic whose minimum moves, in operations that every IEEE machine does alike."""
    places = np.arange(len(w))
    noise = (step * 7919 + places * 104729) % 64 - 32
    return (places + 1) / 4 * (w - np.roll(w, 1) / 2) + 0.1 * noise / 32


@pytest.mark.parametrize(("name", "expected"), trajectories().items())
def test_two_hundred_steps(name, expected):
    net = wb.Network([wb.Dense(2, 3, bias=False)], dtype="float64")
    net.parameters[:] = START
    _, gradients = net.loss_and_gradients(np.zeros((1, 2)), np.zeros((1, 3)), loss="mse")
    optimizer = OPTIMIZERS[name]()
    for step in range(1, 201):
        gradients.flat[:] = gradient(net.parameters, step)
        optimizer.step(net, gradients)
        if step in expected:
            np.testing.assert_allclose(net.parameters, expected[step], rtol=1e-12, atol=0)
    assert max(expected) == 200
