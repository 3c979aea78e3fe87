"""What the test_errors_* share: every refusal has its kind, its text, and has touched nothing.

Tables hold an expression and, below it, the error: its class, then its text, in which * stands for
anything and names in braces for the texts in `TEXTS`.
"""

import builtins
import re

import numpy as np
import pytest

import wbcore as wb
from wbcore import _core

X = np.random.default_rng(0).standard_normal((10, 4))
Y = np.random.default_rng(1).standard_normal((10, 3))
LABELS = np.arange(10) % 3
ONE_HOT = np.eye(3)[LABELS]
NAN, INF = float("nan"), float("inf")


def _forms(kind):
    """All choices of a kind as messages list them."""
    forms = []
    for row in _core.rows(kind):
        numbers = ", ".join(number.name for number in row.numbers)
        forms.append(f"{row.name}({numbers})" if numbers else row.name)
    return ", ".join(forms)


TEXTS = {
    "SIZE": "an integer from 1 to 2147483647",
    "SEED": "an integer from 0 to 2**64 - 1",
    "ACTIVATIONS": _forms("activation"),
    "INITIALIZERS": "zeros, ones, constant, normal, uniform, truncated_normal, xavier, he, "
    "glorot_normal, glorot_uniform, he_uniform, lecun_normal, lecun_uniform, orthogonal",
    "BIAS": "a number, an array, a function or one of",
    "BIASES": "zeros, ones, constant, normal, uniform, truncated_normal",
    "LOSSES": _forms("loss"),
    "METRICS": _forms("metric"),
    "DTYPES": "'float32' or 'float64'",
    "THREADS": "None or an integer from 1 to 1024",
    "GENERATORS": "a numpy.random.Generator or a numpy.random.RandomState",
}


def changed(array, value):
    array = np.array(array, dtype=float)
    array[6, 2] = value
    return array


def layer(inputs=3, outputs=3, *rest, **options):
    return wb.Dense(inputs, outputs, *rest, **options)


def start(initializer):
    return wb.Network([wb.Dense(3, 2), wb.Dense(2, 4, initializer=initializer)])


def start_biases(initializer):
    return wb.Network([wb.Dense(3, 2), wb.Dense(2, 4, bias_initializer=initializer)])


def network(output_activation="identity", widths=(4, 5, 3)):
    return wb.Network.mlp(widths, "tanh", output_activation=output_activation, seed=1)


def gradients(**options):
    return wb.Network.mlp([4, 3], **options).loss_and_gradients(X, Y, loss="mse")[1]


def read_only(array):
    array.flags.writeable = False
    return array


def cases(table):
    """(expression, error class, text) of a table."""
    lines, found = [line for line in table.splitlines() if line.strip()], []
    for expression, error in zip(lines[::2], lines[1::2], strict=True):
        kind, _, text = error.strip().partition(" ")
        for name, value in TEXTS.items():
            text = text.replace(f"{{{name}}}", value)
        found.append(pytest.param(expression, getattr(builtins, kind), text, id=expression))
    return found


def check(error, text, call):
    # Two stars are a power.
    pattern = ".*".join(map(re.escape, re.split(r"(?<!\*)\*(?!\*)", text)))
    with pytest.raises(error, match=pattern) as caught:
        call()
    assert type(caught.value) is error
    # One line in one style, from Python and from the core alike.
    assert re.fullmatch(r"\[[\w ,]+\] .*expected .*, got .*", str(caught.value))


def evaluated(expression, **names):
    """What an expression of a table is, with the names above."""
    return eval(expression, globals() | names)
