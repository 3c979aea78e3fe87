"""Schedules against rates of torch's schedulers, which are committed as bits: torch is not needed.

`tests/data/write_torch_schedules.py` wrote them with torch 2.13.0; what each is stands there.
"""

import struct
from pathlib import Path

import numpy as np
import pytest

import wbcore as wb
from wbcore import schedules

RATES = Path(__file__).parent / "data" / "torch_schedules.txt"

SCHEDULES = {
    "step": schedules.Step(0.1, every=7, factor=0.3),
    "exponential": schedules.Exponential(0.1, factor=0.9),
    "polynomial": schedules.Polynomial(0.1, steps=40, power=2.5),
    "linear": schedules.Polynomial(0.1, steps=40),
    "cosine": schedules.Cosine(0.1, steps=59, minimum=0.01),
    "restarts": schedules.Cosine(0.1, steps=7, minimum=0.01, restarts=True),
    "doubled": schedules.Cosine(0.1, steps=7, minimum=0.01, restarts=True, multiplier=2),
    "one_cycle": schedules.OneCycle(0.1, steps=60),
    "one_cycle:other": schedules.OneCycle(0.1, 60, rising=0.45, divisor=5, final_divisor=50),
    "warmup": schedules.Cosine(0.1, steps=50).after_warmup(10),
    # torch's patience is one less
    "plateau": schedules.Plateau(
        0.1, "loss", factor=0.5, patience=3, min_delta=0.125, minimum=0.002
    ),
}


def torch_rates():
    for line in RATES.read_text("ascii").splitlines():
        if not line.startswith("#"):
            name, *words = line.split()
            yield name, [struct.unpack(">d", bytes.fromhex(word))[0] for word in words]


def watched(step):
    """As the program that wrote the rates has it."""
    return (step * 37 % 23) / 16 + 4 / (step + 1)


@pytest.mark.parametrize(("name", "expected"), list(torch_rates()))
def test_sixty_steps(name, expected):
    schedule = SCHEDULES[name]
    if isinstance(schedule, schedules.Plateau):
        net, optimizer = wb.Network.mlp([1, 1]), wb.SGD(schedule)
        told = (optimizer.observe(net, watched(step)) for step in range(1, 60))
        rates = [schedule.learning_rate, *told]
    else:
        rates = schedule.rates(60)
    np.testing.assert_allclose(rates, expected, rtol=1e-12, atol=1e-18)
    assert len(set(expected)) > 4


def test_all_were_compared():
    assert {name for name, _ in torch_rates()} == set(SCHEDULES)
