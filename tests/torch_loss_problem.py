"""Outputs and targets of tests/test_torch_losses.py, in operations that are exact."""

import numpy as np

_k = np.arange(36).reshape(12, 3)

OUTPUTS = ((_k * 7) % 23 - 11) / 4 + 0.015625
SIZES = ((_k * 5) % 17 + 1) / 8
SIGNS = np.where((_k * 11) % 7 < 3, 1.0, -1.0)
LABELS = np.arange(12) * 5 % 3
SHARES = np.array([[0.25, 0.75, 0.0], [0.5, 0.25, 0.25], [0.0, 0.0, 1.0], [0.125, 0.375, 0.5]] * 3)
LEVELS = [0.1, 0.5, 0.9]
