"""Writes torch_optimizers.txt, what torch.optim does.

Needs torch 2.13.0 and NumPy alone; in float64, on one thread. The default dtype is float64 too:
NAdam keeps its product of momenta in that, whatever the parameters are. What it does where that is
float32, as usual, is written as "nadam@float32".
"""

import struct
from pathlib import Path

import numpy as np
import torch

START = [0.5, -0.25, 1.0, -1.5, 0.125, 2.0]
STEPS = (1, 2, 10, 50, 100, 200)
HEAD = (
    "# Parameters after steps of torch.optim (torch 2.13.0, float64): optimizer, step, = their "
    "bits; tests/test_torch_optimizers.py says of what."
)

o = torch.optim
OPTIMIZERS = {
    "adam": lambda w: o.Adam(w, lr=0.01),
    "adam:decay": lambda w: o.Adam(w, 0.02, (0.8, 0.99), 1e-6, 0.1),
    "adamw:decay": lambda w: o.AdamW(w, 0.02, (0.8, 0.99), 1e-6, 0.1),
    "rmsprop": lambda w: o.RMSprop(w, lr=0.01),
    "rmsprop:momentum": lambda w: o.RMSprop(w, lr=0.005, alpha=0.9, eps=1e-6, momentum=0.8),
    "rmsprop:centered": lambda w: o.RMSprop(w, lr=0.01, alpha=0.95, eps=1e-3, centered=True),
    "rmsprop:all": lambda w: o.RMSprop(w, 0.005, 0.9, 1e-3, 0.1, 0.7, centered=True),
    "nadam": lambda w: o.NAdam(w, lr=0.01),
    "nadam:all": lambda w: o.NAdam(w, 0.02, (0.8, 0.99), 1e-6, 0.1, 0.05),
    "nadam:constant": lambda w: o.NAdam(w, 0.02, (0.95, 0.9), 1e-4, 0.0, 0.0),
    "nadam:fast": lambda w: o.NAdam(w, 0.02, (0.999, 0.99), 1e-4, 0.0, 3.0),
    "adagrad": lambda w: o.Adagrad(w, lr=0.1),
    "adagrad:all": lambda w: o.Adagrad(w, 0.2, 0.01, 0.1, 0.3, 1e-6),
    "adagrad:initial": lambda w: o.Adagrad(w, lr=0.5, initial_accumulator_value=2.0),
    "rprop": lambda w: o.Rprop(w, lr=0.01),
    "rprop:etas": lambda w: o.Rprop(w, 0.05, (0.4, 1.1), (1e-3, 0.2)),
}


def gradient(w, step):
    """The same as in the test."""
    places = np.arange(len(w))
    noise = (step * 7919 + places * 104729) % 64 - 32
    return (places + 1) / 4 * (w - np.roll(w, 1) / 2) + 0.1 * noise / 32


def trajectory(make):
    """By step, the parameters after it."""
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = make([w])
    found = {}
    for step in range(1, max(STEPS) + 1):
        w.grad = torch.from_numpy(gradient(w.detach().numpy().copy(), step))
        optimizer.step()
        if step in STEPS:
            found[step] = w.detach().numpy().copy()
    return found


def lines_of(name, found):
    """With each number as bits."""
    for step, w in found.items():
        yield f"{name} {step:x} = {' '.join(struct.pack('>d', x).hex() for x in w)}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    lines = [HEAD]
    for name, make in OPTIMIZERS.items():
        lines += lines_of(name, trajectory(make))
    torch.set_default_dtype(torch.float32)
    for name, make in OPTIMIZERS.items():
        if name.startswith("nadam"):
            lines += lines_of(f"{name}@float32", trajectory(make))
    Path(__file__).with_name("torch_optimizers.txt").write_text("\n".join(lines) + "\n", "ascii")
