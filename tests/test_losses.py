"""Losses as functions: values, gradients, targets."""

import dataclasses

import numpy as np
import pytest
import support

import wbcore as wb
from wbcore import _core

rng = np.random.default_rng(1)
OUTPUTS = rng.standard_normal((7, 3)) * 2
REAL_TARGETS = rng.standard_normal((7, 3))
SHARES = rng.dirichlet(np.ones(3), 7)
LABELS = rng.integers(0, 3, 7)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def plain_huber(d, delta):
    m = np.abs(d)
    return np.where(m <= delta, d**2 / 2, delta * (m - delta / 2)).mean()


def binary_cross_entropy(z, t):
    p = sigmoid(z)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()


CASES = [
    ("mse", REAL_TARGETS, lambda z, t: ((z - t) ** 2).mean()),
    ("mae", REAL_TARGETS, lambda z, t: np.abs(z - t).mean()),
    ("huber(0.75)", REAL_TARGETS, lambda z, t: plain_huber(z - t, 0.75)),
    ("binary_cross_entropy", SHARES, binary_cross_entropy),
    ("cross_entropy", SHARES, lambda z, t: -(t * np.log(softmax(z))).sum(axis=1).mean()),
]


def test_all_losses_are_here():
    """Every row of the core is a class, with the numbers of the row."""
    classes = support.classes(wb.losses, wb.losses.Loss)
    assert set(classes) == set(wb.losses.NAMES)
    for row in _core.rows("loss"):
        made = classes[row.name]()
        assert classes[row.name].__name__ in wb.losses.__all__
        numbers = {n.name: n.standard for n in row.numbers}
        assert dataclasses.asdict(made) == {"output_weights": None} | numbers
        assert str(made) == row.name


@pytest.mark.parametrize(("loss", "targets", "formula"), CASES)
def test_value(loss, targets, formula):
    value, _ = wb.losses.loss_and_gradient(loss, OUTPUTS, targets)
    assert isinstance(value, float)
    assert value == pytest.approx(formula(OUTPUTS, targets), rel=1e-13)


@pytest.mark.parametrize(("loss", "targets", "formula"), CASES)
def test_gradient_by_central_differences(loss, targets, formula):
    _, gradient = wb.losses.loss_and_gradient(loss, OUTPUTS, targets)
    h = 1e-6
    for place in np.ndindex(OUTPUTS.shape):
        step = np.zeros_like(OUTPUTS)
        step[place] = h
        slope = (formula(OUTPUTS + step, targets) - formula(OUTPUTS - step, targets)) / (2 * h)
        assert gradient[place] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("loss", support.choices("loss"))
def test_objects_are_the_losses_by_their_text(loss):
    name, numbers = _core.parse_choice("loss", "test", "loss", loss)
    choice = support.classes(wb.losses, wb.losses.Loss)[name](*numbers)
    assert str(choice) == loss
    outputs, targets = support.problem(3, loss, 7, 3, 3)
    value, gradient = wb.losses.loss_and_gradient(loss, outputs, targets)
    same_value, same_gradient = wb.losses.loss_and_gradient(choice, outputs, targets)
    assert choice(outputs, targets) == value == same_value
    assert gradient.tobytes() == same_gradient.tobytes()


@pytest.mark.parametrize("loss", support.choices("loss"))
def test_every_gradient_by_central_differences(loss):
    outputs, targets = support.problem(4, loss, 5, 3, 3, labels=False)
    _, gradient = wb.losses.loss_and_gradient(loss, outputs, targets)
    h = 1e-6
    for place in np.ndindex(outputs.shape):
        values = []
        for step in (h, -h):
            moved = outputs.copy()
            moved[place] += step
            values.append(wb.losses.loss_and_gradient(loss, moved, targets)[0])
        slope = (values[0] - values[1]) / (2 * h)
        assert gradient[place] == pytest.approx(slope, abs=1e-7)


def test_float32_outputs_compute_in_float32():
    value, gradient = wb.losses.loss_and_gradient("mse", OUTPUTS.astype("f4"), REAL_TARGETS)
    assert gradient.dtype == np.float32
    assert value != wb.losses.MSE()(OUTPUTS, REAL_TARGETS)
    assert value == pytest.approx(wb.losses.MSE()(OUTPUTS, REAL_TARGETS), rel=1e-5)


def test_labels_have_the_bits_of_one_hot_targets():
    one_hot = np.eye(3)[LABELS]
    value, gradient = wb.losses.loss_and_gradient("cross_entropy", OUTPUTS, LABELS)
    same_value, same_gradient = wb.losses.loss_and_gradient("cross_entropy", OUTPUTS, one_hot)
    assert value == same_value
    assert gradient.tobytes() == same_gradient.tobytes()


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64, ">i4"])
def test_labels_of_any_integer_dtype(dtype):
    expected = wb.losses.CrossEntropy()(OUTPUTS, LABELS)
    assert wb.losses.CrossEntropy()(OUTPUTS, LABELS.astype(dtype)) == expected


def test_one_output_may_be_flat():
    z, y = OUTPUTS[:, :1], REAL_TARGETS[:, :1]
    expected = wb.losses.MSE()(z, y)
    assert wb.losses.MSE()(z[:, 0], y[:, 0]) == expected
    assert wb.losses.MSE()(z, y[:, 0]) == expected
    _, gradient = wb.losses.loss_and_gradient("mse", z[:, 0], y)
    assert gradient.shape == (7,)


def test_entropies_are_stable():
    assert wb.losses.BinaryCrossEntropy()([[1000.0, -1000.0]], [[0, 1]]) == 1000
    assert wb.losses.CrossEntropy()([[1000.0, -1000.0]], [1]) == 2000
    assert wb.losses.BinaryCrossEntropy()([[1000.0, -1000.0]], [[1, 0]]) == 0


def test_subgradient_at_zero_is_zero():
    _, gradient = wb.losses.loss_and_gradient("mae", [[1.0]], [[1.0]])
    assert gradient.tolist() == [[0]]


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8", "f8", "g", "u1", "?"])
def test_labels_of_any_type_that_holds_whole_numbers(dtype):
    rng = np.random.default_rng(0)
    X, labels = rng.standard_normal((90, 4)), rng.integers(0, 2, 90)
    nets = [wb.Network.mlp([4, 8, 3], seed=0) for _ in range(2)]
    options = {"loss": "cross_entropy", "epochs": 3, "metrics": ["accuracy"]}
    for net, y in zip(nets, (labels, labels.astype(dtype)), strict=True):
        net.fit(X, y, validation_data=(X, y), **options)
    assert nets[0] == nets[1]
    assert nets[0].history.to_dict() == nets[1].history.to_dict()
    y = labels.astype(dtype)
    of_labels = nets[0].loss_and_gradients(X, labels, "cross_entropy")
    of_floats = nets[0].loss_and_gradients(X, y.tolist(), "cross_entropy")
    assert of_labels[0] == of_floats[0]
    assert of_labels[1].flat.tobytes() == of_floats[1].flat.tobytes()
    assert wb.losses.CrossEntropy()([[0.0, 1], [1, 0]], [1.0, 0.0]) == pytest.approx(0.3132617)
