"""Write tests/data/torch_losses.txt: losses and gradients of torch, for tests/test_torch_losses.py.

Run with torch 2.13.0: python tools/torch_losses.py tests/data/torch_losses.txt
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from torch_loss_problem import LABELS, LEVELS, OUTPUTS, SHARES, SIGNS, SIZES  # noqa: E402


def pinball(y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return the mean over levels and rows; torch has none of its own."""
    q = torch.tensor(LEVELS)
    d = t[:, :1] - y
    return torch.maximum(q * d, (q - 1) * d).mean()


def gamma(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return the mean deviance, with the log link; torch has none of its own."""
    ratio = t * torch.exp(-z)
    return (2 * (ratio - torch.log(ratio) - 1)).mean()


def log_cosh(y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return the mean; torch has none of its own."""
    return torch.log(torch.cosh(y - t)).mean()


def kl_divergence(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return the mean over rows."""
    return functional.kl_div(functional.log_softmax(z, 1), t, reduction="batchmean")


LOSSES = {
    "quantile(0.1, 0.5, 0.9)": (pinball, SIZES),
    "poisson": (functional.poisson_nll_loss, SIZES),
    "gamma_deviance": (gamma, SIZES),
    "log_cosh": (log_cosh, SIZES),
    "hinge": (lambda y, t: torch.relu(1 - t * y).mean(), SIGNS),
    "squared_hinge": (lambda y, t: torch.relu(1 - t * y).square().mean(), SIGNS),
    "kl_divergence": (kl_divergence, SHARES),
    "cross_entropy(0.1)": (
        lambda z, t: functional.cross_entropy(z, t, label_smoothing=0.1),
        LABELS,
    ),
    "cross_entropy(0.25)": (
        lambda z, t: functional.cross_entropy(z, t, label_smoothing=0.25),
        SHARES,
    ),
    "mse[1, 0.5, 3]": (
        lambda y, t: ((y - t).square() * torch.tensor([1, 0.5, 3])).sum() / (len(y) * 4.5),
        SIZES,
    ),
}


def lines() -> list[str]:
    """Return a line for each loss: its text, a colon, its value, and its gradient row by row."""
    found = [f"# by torch {torch.__version__}, tools/torch_losses.py: text: value, then gradients"]
    for text, (function, targets) in LOSSES.items():
        outputs = torch.tensor(OUTPUTS, requires_grad=True)
        value = function(outputs, torch.tensor(np.asarray(targets)))
        value.backward()
        assert outputs.grad is not None
        numbers = [value.item(), *outputs.grad.flatten().tolist()]
        found.append(f"{text}: {' '.join(x.hex() for x in numbers)}")
    return found


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    Path(sys.argv[1]).write_text("\n".join(lines()) + "\n", encoding="ascii")
