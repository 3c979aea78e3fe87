"""What losses promise beyond their formulas: weights of outputs, targets that are refused, ends."""

import copy
import pickle
import re

import numpy as np
import pytest
import support

import wbcore as wb
from wbcore import reference

rng = np.random.default_rng(3)
OUTPUTS = rng.standard_normal((7, 3)) * 2
WEIGHTS = (0.5, 0.0, 2.5)
OF_ELEMENTS = [
    loss
    for loss in support.choices("loss")
    if support.row_of("loss", loss).properties["mean"] == "elements"
]


# ---- weights of outputs


@pytest.mark.parametrize("loss", OF_ELEMENTS)
def test_output_weights_make_a_weighted_mean(loss):
    _, y = support.problem(3, loss, 7, 3, 3, labels=False)
    weighted = f"{loss}[0.5, 0, 2.5]"
    value, gradient = wb.losses.loss_and_gradient(weighted, OUTPUTS, y)
    _, plain = wb.losses.loss_and_gradient(loss, OUTPUTS, y)
    # columns alone, each an output of the same loss; levels go with their column
    q = reference.LOSSES.choice(loss).numbers if support.levels(loss) > 1 else None
    columns = [
        wb.losses.loss_and_gradient(f"quantile({q[k]})" if q else loss, OUTPUTS[:, [k]], y[:, [k]])[
            0
        ]
        for k in range(3)
    ]
    assert value == pytest.approx(np.average(columns, weights=WEIGHTS), rel=1e-12)
    np.testing.assert_allclose(gradient, plain * WEIGHTS, rtol=1e-12)
    np.testing.assert_array_equal(gradient[:, 1], 0)


@pytest.mark.parametrize("dtype", support.DTYPES)
@pytest.mark.parametrize("loss", OF_ELEMENTS)
def test_output_weights_have_the_bits_of_the_reference(loss, dtype):
    text = f"{loss}[0.5, 0, 1.7]"
    _, y = support.problem(3, loss, 7, 3, 3, labels=False)
    arith = support.ARITHMETIC[dtype]
    value, gradient = wb.losses.loss_and_gradient(text, OUTPUTS.astype(dtype), y)
    targets = [[arith.T(t) for t in row] for row in y.tolist()]
    outputs = OUTPUTS.astype(dtype).tolist()
    expected, slopes = reference.loss_and_gradient(arith, text, outputs, targets)
    assert value.hex() == expected.hex()
    support.assert_same_bits(gradient, slopes)


@pytest.mark.parametrize("dtype", support.DTYPES)
def test_a_training_with_output_weights_has_the_bits_of_the_reference(dtype):
    X, y = support.problem(5, "huber", 150, 4, 3)
    net = wb.Network.mlp([4, 6, 3], "tanh", output_activation="softplus", seed=2, dtype=dtype)
    other = support.in_reference(net)
    loss = "huber(0.5)[0.5, 0, 1.7]"
    ours, expected = support.optimizer("sgd(0.05, 0.9)")
    history = net.fit(X, y, loss=loss, optimizer=ours, epochs=2, batch_size=140, n_threads=2)
    losses = reference.fit(
        other, X.tolist(), y.tolist(), loss=loss, optimizer=expected, epochs=2, batch_size=140
    )
    support.assert_same_layers(net, other.layers)
    assert history.loss == losses
    assert net.evaluate(X, y, loss=loss) == reference.evaluate(
        other, X.tolist(), y.tolist(), loss=loss
    )


def test_an_output_of_weight_0_might_as_well_not_be_there():
    X, y = support.problem(5, "mse", 40, 4, 2)
    one = wb.Network([wb.Dense(4, 1)], seed=1, dtype="float64")
    two = wb.Network([wb.Dense(4, 2)], seed=1, dtype="float64")
    two[0].weights[:, 0] = one[0].weights[:, 0]
    before = two[0].weights[:, 1].copy()
    one.fit(X, y[:, 0], loss="mse", epochs=3)
    two.fit(X, y, loss=wb.losses.MSE(output_weights=(1, 0)), epochs=3)
    np.testing.assert_allclose(two[0].weights[:, 0], one[0].weights[:, 0], rtol=1e-12)
    assert (two[0].weights[:, 1] == before).all()


def test_objects_with_weights_have_texts():
    loss = wb.losses.Huber(0.5, output_weights=np.array([1, 0.25, 1e-5]))
    assert str(loss) == "huber(0.5)[1, 0.25, 1e-05]"
    assert repr(loss) == "Huber(delta=0.5, output_weights=(1.0, 0.25, 1e-05))"
    assert wb.losses.base.check("test", "huber(0.5)[ 1, 0.25 ,1e-5 ]") == str(loss)
    assert loss == wb.losses.Huber(0.5, output_weights=[1, 0.25, 1e-5])
    assert hash(loss) != hash(wb.losses.Huber(0.5))
    assert repr(wb.losses.MSE()) == "MSE()"


WRONG_WEIGHTS = [
    (lambda: wb.losses.MSE(output_weights=2), TypeError, r"output_weights to be a sequence .* 2"),
    (lambda: wb.losses.MSE(output_weights=()), TypeError, "output_weights to be a sequence"),
    (
        lambda: wb.losses.MSE(output_weights=memoryview(np.ones((2, 2)))),
        TypeError,
        "output_weights to be a sequence .*, got <memory at",
    ),
    (
        lambda: wb.losses.MSE(output_weights=np.array(2.0)),
        TypeError,
        "output_weights to be a sequence",
    ),
    (lambda: wb.losses.MSE(output_weights="12"), TypeError, "output_weights to be a sequence"),
    (lambda: wb.losses.MSE(output_weights=(1, -1)), ValueError, "finite number of at least 0, got"),
    (lambda: wb.losses.MSE(output_weights=(1, np.nan)), ValueError, "at least 0, got nan"),
    (lambda: wb.losses.MSE(output_weights=(0, 0)), ValueError, "not all 0, got"),
    (lambda: wb.losses.CrossEntropy(output_weights=(1, 2)), ValueError, "classes of one decision"),
    (lambda: wb.losses.base.check("x", "kl_divergence[1, 2]"), ValueError, "classes of one dec"),
    (lambda: wb.losses.base.check("x", "mse[]"), ValueError, "numbers such as"),
    (lambda: wb.losses.base.check("x", "mse[1, a]"), ValueError, "numbers such as"),
    (lambda: wb.losses.base.check("x", "mse[1, -2]"), ValueError, "at least 0 each, got -2"),
    (lambda: wb.losses.base.check("x", "mse[0]"), ValueError, "a finite sum above 0"),
    (lambda: wb.losses.base.check("x", "mse[1"), ValueError, "to be one of mse, mae"),
    (lambda: wb.losses.base.check("x", "mse]"), ValueError, "to be one of mse, mae"),
    (
        lambda: wb.losses.loss_and_gradient("mse[1, 2]", OUTPUTS, OUTPUTS),
        ValueError,
        "expected 3 output weights, one for each output, got 2",
    ),
    (
        lambda: wb.Network.mlp([2, 3]).fit([[1, 2]], [[1, 2, 3]], loss="mse[1, 2]"),
        ValueError,
        r"\[fit\] expected 3 output weights",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), WRONG_WEIGHTS)
def test_weights_that_are_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


# ---- objects


@pytest.mark.parametrize("loss", support.choices("loss"))
def test_objects_are_copied_and_pickled(loss):
    name, numbers = wb._core.parse_choice("loss", "test", "loss", loss)
    cls = support.classes(wb.losses, wb.losses.Loss)[name]
    weights = (1.0, 2.0) if cls._row.properties["mean"] == "elements" else None
    made = cls(*numbers, output_weights=weights)
    for other in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
        assert other == made
        assert str(other) == str(made)
        assert hash(other) == hash(made)
    with pytest.raises(AttributeError):
        made.output_weights = None


# ---- quantiles


def test_targets_of_quantiles_stand_for_their_outputs():
    """T targets with Q levels: target by target, as the docstring says."""
    y = rng.standard_normal((7, 2))
    outputs = rng.standard_normal((7, 6))
    loss = "quantile(0.1, 0.5, 0.9)"
    value, gradient = wb.losses.loss_and_gradient(loss, outputs, y)
    same, same_gradient = wb.losses.loss_and_gradient(loss, outputs, np.repeat(y, 3, axis=1))
    assert value == same
    assert gradient.tobytes() == same_gradient.tobytes()
    d = y[:, :, None] - outputs.reshape(7, 2, 3)
    q = np.array([0.1, 0.5, 0.9])
    assert value == pytest.approx(np.maximum(q * d, (q - 1) * d).mean(), rel=1e-13)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("dtype", support.DTYPES)
def test_fewer_targets_than_outputs_train_alike(dtype, shuffle):
    """Gathered in order and by an order, of a type that must be converted and of the net's own."""
    X, y = rng.standard_normal((40, 16)).astype(dtype), rng.standard_normal((40, 16))
    loss = wb.losses.Quantile(0.25, 0.75)
    nets = []
    for given in (y, y.astype(dtype), np.repeat(y, 2, axis=1), np.asfortranarray(y)):
        net = wb.Network.mlp([16, 5, 32], seed=1, dtype=dtype)
        arguments = {"loss": loss, "batch_size": 16, "epochs": 2, "shuffle": shuffle}
        net.fit(X, given, **arguments, metrics=["mae"], validation_data=(X, given))
        nets.append(net.parameters.tobytes())
    assert len(set(nets)) == 1


def test_quantiles_are_met():
    X = rng.uniform(-1, 1, (4000, 1))
    y = X[:, 0] + rng.exponential(1, 4000)
    net = wb.Network.mlp([1, 16, 3], seed=0)
    loss = wb.losses.Quantile(0.1, 0.5, 0.9)
    net.fit(X, y, loss=loss, optimizer=wb.Adam(0.002), epochs=40, batch_size=128)
    assert (y[:, None] < net.predict(X)).mean(axis=0) == pytest.approx([0.1, 0.5, 0.9], abs=0.05)


def test_quantiles_that_are_refused():
    with pytest.raises(ValueError, match=r"\[Quantile\] expected q1 to be a number above 0 and be"):
        wb.losses.Quantile(1)
    with pytest.raises(ValueError, match=r"\[Quantile\] expected quantiles between 0 and 1"):
        wb.losses.Quantile(0.1, 0, 0.9)
    with pytest.raises(ValueError, match="the levels of quantile to be between 0 and 1, got 0 b"):
        wb.losses.base.check("fit", "quantile(0.1, 0, 0.9)")
    with pytest.raises(ValueError, match="3 outputs for each target, one for each level"):
        wb.losses.Quantile(0.1, 0.5, 0.9)(np.zeros((2, 4)), np.zeros(2))
    with pytest.raises(ValueError, match=r"expected y of shape \(B, 2\), got"):
        wb.losses.Quantile(0.1, 0.5, 0.9)(np.zeros((2, 6)), np.zeros((2, 4)))


# ---- hinges


def test_labels_of_hinges_are_one_against_the_rest():
    labels = rng.integers(0, 3, 7)
    signs = np.where(np.eye(3)[labels] > 0, 1, -1)
    for loss in ("hinge", "squared_hinge"):
        value, gradient = wb.losses.loss_and_gradient(loss, OUTPUTS, labels)
        for y in (signs, np.eye(3)[labels], signs.astype(float)):
            same, same_gradient = wb.losses.loss_and_gradient(loss, OUTPUTS, y)
            assert value == same
            assert gradient.tobytes() == same_gradient.tobytes()
    net = wb.Network([wb.Dense(3, 3)])
    net[0].weights[:], net[0].biases[:] = np.eye(3), 0
    correct = (OUTPUTS.argmax(axis=1) == labels).mean()
    each = ((OUTPUTS > 0) == (signs > 0)).mean()
    assert net.evaluate(OUTPUTS, labels, loss="hinge", metrics=["accuracy"])["accuracy"] == correct
    assert net.evaluate(OUTPUTS, signs, loss="hinge", metrics=["accuracy"])["accuracy"] == each
    history = net.fit(OUTPUTS, labels, loss="squared_hinge", epochs=1, metrics=["accuracy"])
    assert history.accuracy == [pytest.approx(correct)]


def test_hinges_want_outputs_on_both_sides_of_0():
    net = wb.Network([wb.Dense(2, 1, "sigmoid")])
    with pytest.raises(ValueError, match="activation identity or tanh for the loss hinge, got sig"):
        net.fit([[1, 2]], [1], loss="hinge")


# ---- the last layer of rates


@pytest.mark.parametrize("loss", ["poisson", "gamma_deviance"])
def test_rates_and_their_logarithms_train_alike(loss):
    X, y = support.problem(2, loss, 30, 3, 2)
    nets = [
        wb.Network.mlp([3, 4, 2], "tanh", output_activation=last, seed=1)
        for last in ("identity", "exp")
    ]
    for net in nets:
        net.fit(X, y, loss=loss, epochs=3)
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    np.testing.assert_allclose(nets[1].predict(X), np.exp(nets[0].predict(X)), rtol=1e-5)
    with pytest.raises(ValueError, match=f"activation identity or exp for the loss {loss}, got "):
        wb.Network([wb.Dense(3, 2, "softplus")]).fit(X, y, loss=loss)


def test_a_poisson_regression_finds_its_rates():
    X = rng.uniform(-1, 1, (5000, 2))
    y = rng.poisson(np.exp(0.5 + X @ [1.0, -0.5]))
    net = wb.Network([wb.Dense(2, 1, "exp")], seed=0)
    net.fit(X, y, loss="poisson", optimizer=wb.Adam(0.05), epochs=20, batch_size=128)
    assert net[0].weights[:, 0] == pytest.approx([1.0, -0.5], abs=0.1)
    assert net[0].biases[0] == pytest.approx(0.5, abs=0.1)


# ---- targets that are refused

REFUSED = [
    ("poisson", [1, -1, 2], "targets y of at least 0 for poisson, got -1 at y[1]; for numbers of"),
    ("gamma_deviance", [1, 0, 2], "targets y above 0 for gamma_deviance, got 0 at y[1]; where 0"),
    ("hinge", [1, 0, 2], "of 0 and 1, or of -1 and 1, for hinge, got 2 at y[2]; for labels of"),
    ("hinge", [1, 0, -1], "of 0 and 1, or of -1 and 1, for hinge, got -1 at y[2] and 0 at y[1]"),
    ("squared_hinge", [1, 0.5, 1], "for squared_hinge, got 0.5 at y[1]"),
    ("poisson", [1, np.nan, 2], "expected finite values in y, got nan at y[1]"),
    ("log_cosh", [1, np.inf, 2], "expected finite values in y, got inf at y[1]"),
]


@pytest.mark.parametrize(("loss", "y", "text"), REFUSED)
def test_targets_that_a_loss_cannot_take(loss, y, text):
    net = wb.Network([wb.Dense(1, 1)], seed=1)
    before = net.parameters.copy()
    for call in (
        lambda: net.fit([[1], [2], [3]], y, loss=loss),
        lambda: net.evaluate([[1], [2], [3]], y, loss=loss),
        lambda: wb.losses.loss_and_gradient(loss, [1.0, 2.0, 3.0], y),
    ):
        with pytest.raises(ValueError, match=re.escape(text)):
            call()
    assert (net.parameters == before).all()


def test_what_becomes_0_in_float32_is_not_above_0():
    assert np.isfinite(wb.losses.GammaDeviance()([0.0], [1e-60]))
    with pytest.raises(ValueError, match="above 0 for gamma_deviance, got 1e-60"):
        wb.losses.GammaDeviance()(np.zeros(1, "f4"), [1e-60])
    assert np.isfinite(wb.losses.GammaDeviance()(np.zeros(1, "f4"), [1e-45]))


@pytest.mark.parametrize("y", [[[0.5, 0.6]], [[1.5, -0.5]]])
def test_shares_of_kl_divergence(y):
    with pytest.raises(ValueError, match=r"expected class targets y (that sum to 1|of at least 0)"):
        wb.losses.KLDivergence()([[0.0, 0.0]], y)


# ---- ends of the range


@pytest.mark.parametrize("dtype", support.DTYPES)
def test_far_outputs_have_finite_losses_where_there_are_any(dtype):
    far = np.array([[-1e30], [1e30]], dtype)

    def ask(loss, z, y):
        value, gradient = wb.losses.loss_and_gradient(loss, z, y)
        assert np.isfinite(gradient).all()
        return value

    ones = np.ones((2, 1))
    assert ask("log_cosh", far, ones) == pytest.approx(1e30)
    assert ask("quantile(0.25)", far, ones) == pytest.approx(5e29)
    assert ask("hinge", far, ones) == pytest.approx(5e29)
    assert ask("poisson", far[:1], ones[:1]) == pytest.approx(1e30)
    assert ask("gamma_deviance", far[1:], ones[:1]) == pytest.approx(2e30)
    wide = np.array([[-1e30, 1e30]], dtype)
    assert ask("cross_entropy(0.1)", wide, [1]) == pytest.approx(1e29)
    assert ask("kl_divergence", wide, [[0.5, 0.5]]) == pytest.approx(1e30)
    assert ask("kl_divergence", wide, [[0.0, 1.0]]) == 0


def test_small_differences_lose_no_digits():
    d = np.array([1e-150, 1e-100, 1e-30, 1e-8, 1e-4, 0.2499, 0.2501, 0.9999, 1.0001, 3.0])
    for at in d:
        series = at**2 / 2 - at**4 / 12 if at < 1e-3 else np.log(np.cosh(at))
        assert wb.losses.LogCosh()([at], [0.0]) == pytest.approx(series, rel=1e-13)
    for at in (1e-9, 1e-6, 1e-4):
        series = at**2 + at**3 / 3 + at**4 / 12  # 2 (e^u - 1 - u), u = -z
        assert wb.losses.GammaDeviance()([-at], [1.0]) == pytest.approx(series, rel=1e-12)


def test_smoothing_of_0_changes_no_bit():
    labels = rng.integers(0, 3, 7)
    value, gradient = wb.losses.loss_and_gradient("cross_entropy", OUTPUTS, labels)
    same, same_gradient = wb.losses.loss_and_gradient("cross_entropy(0)", OUTPUTS, labels)
    assert value == same
    assert gradient.tobytes() == same_gradient.tobytes()
    assert str(wb.losses.CrossEntropy(0)) == "cross_entropy"
