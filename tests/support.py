"""What several test files share: the choices there are, data for any loss, bits, pairs.

Choices come from the rows of the core, their example numbers from `conformance/cases/examples.py`:
a new row is tested without a new list, and one with a number that has no example fails by name.
"""

import dataclasses
import hashlib
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from wbcore import _core, optimizers, reference

sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.cases.examples import examples_of

DTYPES = ["float32", "float64"]
ARITHMETIC = {"float32": reference.FLOAT32, "float64": reference.FLOAT64}
BITS = {np.dtype("float32"): np.uint32, np.dtype("float64"): np.uint64}


# ---- choices


def numbers_of(row):
    """Values to try for each number of a row, the default first."""
    return {
        number.name: list(dict.fromkeys([number.standard, *examples_of(row.name, number.name)]))
        for number in row.numbers
    }


def choices(kind):
    """The texts of all rows of a kind, each with its default numbers and with its examples."""
    found = []
    for row in _core.rows(kind):
        values = numbers_of(row).values()
        longest = max(map(len, values), default=1)
        found += [
            _core.choice_text(kind, row.name, [v[min(i, len(v) - 1)] for v in values])
            for i in range(longest)
        ]
    return list(dict.fromkeys(found))


def classes(package, base):
    """Those that a package offers of a base class, by the names of their rows; all are loaded."""
    offered = [getattr(package, name) for name in package.__all__]
    return {
        cls._row.name: cls
        for cls in offered
        if isinstance(cls, type) and issubclass(cls, base) and cls is not base
    }


def optimizer_settings():
    """Texts of optimizers that have every pair of values of two numbers, where both may stand."""
    return [
        _core.choice_text("optimizer", row.name, list(case.values()))
        for row in _core.rows("optimizer")
        for case in pairs(numbers_of(row), lambda case, row=row: _may_stand(row, case))
    ]


def _may_stand(row, case):
    """Whether an optimizer takes these numbers, with defaults or with examples for the others."""
    values = numbers_of(row)
    return any(
        _is_taken(row, [case.get(name, of[at]) for name, of in values.items()]) for at in (0, -1)
    )


def _is_taken(row, numbers):
    try:
        optimizers.check("support", _core.choice_text("optimizer", row.name, numbers))
    except ValueError:
        return False
    return True


def optimizer(text, **options):
    """An optimizer of its text and of what every one takes, ours and the reference's."""
    ours = optimizers.check("support", text)
    for name, value in options.items():
        setattr(ours, name, value)
    return ours, dataclasses.replace(reference.OPTIMIZERS.choice(text), **options)


OPTIONS = {
    "decay_biases": [False, True],
    "l1": [0.0, 0.01],
    "l2": [0.0, 0.1],
    "penalty_of_sum": [False, True],
    "clip_norm": [None, 0.3, 1e30],
    "clip_value": [None, 0.1],
    "max_norm": [None, 0.8],
}
"""What every optimizer takes beside the numbers of its row."""


def row_of(kind, text):
    """The row that a text chooses."""
    name, _ = _core.parse_choice(kind, "support", kind, text)
    return next(row for row in _core.rows(kind) if row.name == name)


def last_activations(loss):
    """Those that the last layer may have with a loss."""
    properties = row_of("loss", loss).properties
    if properties["targets"] == "signs":
        return ["identity", "tanh"]
    undone = properties["undone"]
    return choices("activation") if undone == "identity" else ["identity", undone]


def tame_losses():
    """Those that include no exponential, whose gradients run away at the rates that tests have."""
    return [loss for loss in choices("loss") if row_of("loss", loss).properties["undone"] != "exp"]


def levels(loss):
    """How many outputs a loss has for each target."""
    return reference.LOSSES.choice(loss).levels


def hidden_activations():
    """Those of which each output depends on one z; not exp, which runs away in a few steps."""
    names = [a for a in choices("activation") if a != "exp"]
    return [a for a in names if row_of("activation", a).properties["elementwise"]]


# ---- data and networks


def problem(seed, loss, rows, inputs, outputs, *, labels=True):
    """Inputs, and targets that the loss takes; both in float64, whatever the network has."""
    rng = np.random.default_rng(seed)
    X = rng.normal(0, 1.5, (rows, inputs))
    X[rng.random(X.shape) < 0.05] = 0.0
    targets = row_of("loss", loss).properties["targets"]
    if targets == "classes" and labels:
        return X, rng.integers(0, outputs, rows)
    y = rng.random((rows, outputs))
    match targets:
        case "counts":
            return X, np.floor(4 * y)
        case "positives":
            return X, 0.1 + 2 * y
        case "signs" if not labels or outputs == 1:
            return X, np.where(y < 0.5, -1.0, 1.0)
        case "signs":
            return X, rng.integers(0, outputs, rows)
    if targets == "classes":
        # Shares of whole 64ths, so that their sum is 1 in both precisions.
        return X, rng.multinomial(64, y[0] / y[0].sum(), rows) / 64
    return X, y if targets == "probabilities" else 3 * y - 1.5


def awkward_biases(net, seed):
    """Biases other than the zeros that networks start with."""
    rng = np.random.default_rng(seed)
    for layer in net:
        if layer.biases is not None:
            layer.biases[:] = rng.normal(0, 0.5, layer.biases.shape)


def in_reference(net):
    """The same network in the reference."""
    layers = [
        reference.Layer(
            layer.weights.tolist(),
            None if layer.biases is None else layer.biases.tolist(),
            layer.activation,
            layer.trainable,
            layer.dropout,
        )
        for layer in net
    ]
    return reference.Network(layers, ARITHMETIC[str(net.dtype)])


# ---- bits


def digest(*parts):
    """SHA-256 of arrays and numbers, in the byte order that digests are committed in."""
    sha = hashlib.sha256()
    for part in parts:
        array = np.asarray(part)
        sha.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return sha.hexdigest()


def assert_same_bits(ours, expected, what=""):
    """Equal in shape and in every bit, the sign of zero too; ours is an array, expected a list."""
    expected = np.array(expected, dtype=ours.dtype)
    assert ours.shape == expected.shape
    kind = BITS[ours.dtype]
    wrong = np.ascontiguousarray(ours).view(kind) != expected.view(kind)
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        pytest.fail(
            f"{what}: {wrong.sum()} of {wrong.size} differ, first at {index}: "
            f"core {float(ours[index]).hex()}, reference {float(expected[index]).hex()}"
        )


def assert_same_layers(ours, expected, what=""):
    """Of parameters or gradients."""
    for index, (layer, other) in enumerate(zip(ours, expected, strict=True)):
        assert_same_bits(layer.weights, other.weights, f"{what} weights of layer {index}")
        assert (layer.biases is None) == (other.biases is None)
        if layer.biases is not None:
            assert_same_bits(layer.biases, other.biases, f"{what} biases of layer {index}")


# ---- examples of hypothesis


def examples(n):
    """So many of hypothesis, or as many fewer as the profile in use has than its usual hundred."""
    return max(1, n * settings.default.max_examples // 100)


# ---- every pair of choices, in place of every product


def pairs(choices, possible=lambda _: True):
    """Few cases, each a dict, that together have every two values of any two choices.

    ``choices`` has a list of values for each name. ``possible`` says of a case, also of one that is
    not complete, whether its values may stand together; a pair that no possible case has is left
    out. Greedy: a case starts from the first pair that is missing and takes, choice by choice,
    the value that adds most of those that are.
    """
    names = list(choices)
    missing = {
        frozenset([(a, i), (b, j)]): None  # a dict keeps their order
        for a, b in itertools.combinations(names, 2)
        for i, j in itertools.product(range(len(choices[a])), range(len(choices[b])))
    }
    cases = []

    def values(case):
        return {name: choices[name][case[name]] for name in names if name in case}

    def completed(case):
        name = next((name for name in names if name not in case), None)
        if name is None:
            return case
        n = len(choices[name])

        def order(i):
            gain = sum(frozenset([(name, i), other]) in missing for other in case.items())
            return -gain, (i - len(cases)) % n  # of values that add as many, another each time

        for i in sorted(range(n), key=order):
            longer = {**case, name: i}
            if possible(values(longer)) and (whole := completed(longer)):
                return whole
        return None

    while missing:
        first = next(iter(missing))
        case = completed(dict(first)) if possible(values(dict(first))) else None
        if case is None:
            del missing[first]
            continue
        for pair in itertools.combinations(case.items(), 2):
            missing.pop(frozenset(pair), None)
        cases.append(values(case))
    return cases
