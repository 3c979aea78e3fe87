"""Writes torch_schedules.txt: ``python tests/data/write_torch_schedules.py``, with torch 2.13.0.

The learning rates of torch's schedulers in steps 1, 2, .., 60, as bits: a line a schedule.
"""

import struct
import warnings
from pathlib import Path

import torch
from torch.optim import SGD
from torch.optim import lr_scheduler as lr

STEPS = 60

SCHEDULES = {
    "step": (0.1, lambda o: lr.StepLR(o, 7, 0.3)),
    "exponential": (0.1, lambda o: lr.ExponentialLR(o, 0.9)),
    "polynomial": (0.1, lambda o: lr.PolynomialLR(o, 40, 2.5)),
    "linear": (0.1, lambda o: lr.PolynomialLR(o, 40, 1.0)),
    "cosine": (0.1, lambda o: lr.CosineAnnealingLR(o, STEPS - 1, 0.01)),
    "restarts": (0.1, lambda o: lr.CosineAnnealingWarmRestarts(o, 7, 1, 0.01)),
    "doubled": (0.1, lambda o: lr.CosineAnnealingWarmRestarts(o, 7, 2, 0.01)),
    "one_cycle": (0.1, lambda o: lr.OneCycleLR(o, 0.1, STEPS)),
    "one_cycle:other": (
        0.1,
        lambda o: lr.OneCycleLR(o, 0.1, STEPS, pct_start=0.45, div_factor=5, final_div_factor=50),
    ),
    "warmup": (
        0.1,
        lambda o: lr.SequentialLR(
            o, [lr.LinearLR(o, 1 / 11, total_iters=10), lr.CosineAnnealingLR(o, 50)], [10]
        ),
    ),
    "plateau": (
        0.1,
        lambda o: lr.ReduceLROnPlateau(
            o, factor=0.5, patience=2, threshold=0.125, threshold_mode="abs", min_lr=0.002
        ),
    ),
}


def watched(step):
    """What the plateau is told after a step."""
    return (step * 37 % 23) / 16 + 4 / (step + 1)


def main():
    lines = [
        "# Learning rates of steps 1 .. 60 of torch 2.13.0, written by write_torch_schedules.py"
    ]
    warnings.simplefilter("ignore")
    for name, (rate, make) in SCHEDULES.items():
        optimizer = SGD([torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))], lr=rate)
        schedule = make(optimizer)
        rates = []
        for step in range(1, STEPS + 1):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            if step < STEPS:
                schedule.step(*([watched(step)] if name == "plateau" else []))
        lines.append(" ".join([name, *(struct.pack(">d", rate).hex() for rate in rates)]))
    path = Path(__file__).with_name("torch_schedules.txt")
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
