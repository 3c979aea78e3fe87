"""Losses and gradients against those of torch, which are committed as bits: torch is not needed.

They were written by torch 2.13.0 with tools/torch_losses.py, in float64. Of what torch lacks
(pinball, gamma deviance, log cosh, hinges, output weights) it gives the gradient of the formula.
"""

from pathlib import Path

import numpy as np
import pytest
from torch_loss_problem import LABELS, OUTPUTS, SHARES, SIGNS, SIZES

import wbcore as wb

FOUND = {
    text: [float.fromhex(word) for word in numbers.split()]
    for text, _, numbers in (
        line.partition(": ")
        for line in (Path(__file__).parent / "data" / "torch_losses.txt")
        .read_text("ascii")
        .splitlines()
        if not line.startswith("#")
    )
}
TARGETS = {
    "quantile(0.1, 0.5, 0.9)": SIZES[:, 0],
    "poisson": SIZES,
    "gamma_deviance": SIZES,
    "log_cosh": SIZES,
    "hinge": SIGNS,
    "squared_hinge": (SIGNS + 1) / 2,  # 0 and 1 are the same as -1 and 1
    "kl_divergence": SHARES,
    "cross_entropy(0.1)": LABELS,
    "cross_entropy(0.25)": SHARES,
    "mse[1, 0.5, 3]": SIZES,
}


def test_all_are_here():
    assert FOUND.keys() == TARGETS.keys()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", FOUND)
def test_values_and_gradients_are_those_of_torch(loss, dtype):
    value, gradient = wb.losses.loss_and_gradient(loss, OUTPUTS.astype(dtype), TARGETS[loss])
    expected, *slopes = FOUND[loss]
    eps = float(np.finfo(dtype).eps)
    # 36 terms below 100, each with a few roundings
    assert value == pytest.approx(expected, rel=40 * eps, abs=40 * eps)
    assert gradient.ravel() == pytest.approx(slopes, rel=40 * eps, abs=4 * eps)
