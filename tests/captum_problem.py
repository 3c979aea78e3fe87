"""The networks, rows and baseline of which Captum's attributions are committed.

Shared by tests/test_captum_attributions.py and tools/captum_attributions.py.
"""

from itertools import pairwise

import numpy as np

ROWS, WIDTHS = 4, (5, 7, 6, 3)

#: Hidden activation, what follows the last layer, and what is attributed.
CASES = {
    "relu logit": ("relu", "softmax", "logit"),
    "relu probability": ("relu", "softmax", "probability"),
    "leaky_relu(0.2) logit": ("leaky_relu(0.2)", "identity", "logit"),
    "tanh logit": ("tanh", "identity", "logit"),
    "tanh probability": ("tanh", "softmax", "probability"),
    "sigmoid probability": ("sigmoid", "sigmoid", "probability"),
    "softplus logit": ("softplus", "identity", "logit"),
    "gelu probability": ("gelu", "softmax", "probability"),
}

#: The methods, with the number of nodes where there are some.
METHODS = {
    "integrated_gradients 50": ("integrated_gradients", 50),
    "integrated_gradients 7": ("integrated_gradients", 7),
    "saliency": ("saliency", None),
    "gradient_x_input": ("gradient_x_input", None),
    "occlusion": ("occlusion", None),
}


def _waves(rows, columns, pace):
    """Numbers from -1 to 1 that every machine has alike: halves of whole 1024ths."""
    index = np.arange(rows * columns).reshape(rows, columns)
    return ((index * pace + 311) % 2048 - 1024) / 1024


#: Weights (I, O) and biases (O,) of each layer.
PARAMETERS = [
    (1.5 * _waves(i, o, 389 + 2 * layer), 0.5 * _waves(1, o, 677 + 2 * layer)[0])
    for layer, (i, o) in enumerate(pairwise(WIDTHS))
]
X = 2 * _waves(ROWS, WIDTHS[0], 1013)
BASELINE = 0.25 * _waves(1, WIDTHS[0], 521)[0]
TARGETS = np.arange(ROWS) % WIDTHS[-1]


def baseline_of(method):
    """Captum has none for input times gradient: 0, which saliency does not look at."""
    return None if method in ("gradient_x_input", "saliency") else BASELINE
