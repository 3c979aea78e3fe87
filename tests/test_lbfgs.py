"""L-BFGS: what `fit` does with it is what SciPy does by hand, and better than descent."""

import builtins
import pickle
import re

import numpy as np
import pytest

import wbcore as wb

scipy_optimize = pytest.importorskip("scipy.optimize")


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(200, 4))
    return X, np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.05 * rng.normal(size=200)


def network(dtype="float64", seed=1):
    return wb.Network.mlp([4, 12, 1], activation="tanh", seed=seed, dtype=dtype)


def fitted(problem, *, dtype="float64", optimizer=None, **options):
    net = network(dtype)
    history = net.fit(
        *problem,
        loss="mse",
        optimizer=optimizer or wb.LBFGS(),
        batch_size=len(problem[0]),
        **options,
    )
    return net, history


@pytest.mark.parametrize(("l2", "decay_biases"), [(0.0, False), (0.01, False), (0.01, True)])
@pytest.mark.parametrize("frozen", [False, True])
def test_it_is_scipy_by_hand(l2, decay_biases, frozen, problem):
    X, y = problem
    net, by_hand = network(), network()
    net[0].trainable = by_hand[0].trainable = not frozen
    moving = np.repeat([not frozen, True], [60, 13])
    decayed = moving & (decay_biases | np.repeat([True, False, True, False], [48, 12, 12, 1]))
    course = []

    def function(theta):
        by_hand.parameters[moving] = theta
        loss, grads = by_hand.loss_and_gradients(X, y, loss="mse")
        penalized = np.where(decayed, by_hand.parameters, 0)
        gradient = grads.flat + l2 * penalized
        return loss + l2 / 2 * penalized @ penalized, gradient[moving]

    def callback(theta):
        by_hand.parameters[moving] = theta
        course.append(by_hand.evaluate(X, y, loss="mse")["loss"])

    result = scipy_optimize.minimize(
        function,
        by_hand.parameters[moving],
        jac=True,
        method="L-BFGS-B",
        callback=callback,
        options={"maxiter": 40, "maxfun": 820, "maxcor": 7, "gtol": 1e-7, "ftol": 1e-9},
    )
    optimizer = wb.LBFGS(40, 1e-7, history_size=7, l2=l2, decay_biases=decay_biases)
    history = net.fit(X, y, loss="mse", optimizer=optimizer, batch_size=200)
    np.testing.assert_allclose(net.parameters[moving], result.x, rtol=1e-9)
    np.testing.assert_array_equal(net.parameters[~moving], network().parameters[~moving])
    np.testing.assert_allclose(history.loss, course, rtol=1e-9)
    assert len(history) == result.nit
    assert history.status == "completed"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_better_than_gradient_descent(dtype, problem):
    net, history = fitted(problem, dtype=dtype, epochs=100)
    descent = network(dtype).fit(
        *problem, loss="mse", optimizer=wb.SGD(0.1, 0.9), epochs=100, batch_size=32
    )
    assert history.loss[-1] < descent.loss[-1] / 2
    assert history.loss[-1] < 0.005
    drops = np.diff(history.loss)
    assert (drops <= 1e-7).all()
    assert net.evaluate(*problem, loss="mse")["loss"] == history.loss[-1]


def test_history_has_what_was_asked_for(problem):
    X, y = problem
    seen = []
    net, history = fitted(
        problem,
        epochs=5,
        metrics=["r2", "mae"],
        validation_data=(X[:20], y[:20]),
        track="epoch",
        callback=lambda epoch, history: seen.append((epoch, len(history))),
    )
    assert seen == [(e, e + 1) for e in range(5)]
    assert history.names == ("loss", "r2", "mae", "val_loss", "val_r2", "val_mae")
    assert len(history) == 5
    of_last = net.evaluate(X, y, loss="mse", metrics=["r2", "mae"])
    assert [history.loss[-1], history.r2[-1], history.mae[-1]] == list(of_last.values())
    assert history.val_mae[-1] == net.evaluate(X[:20], y[:20], loss="mse", metrics=["mae"])["mae"]
    assert len(history.parameters) == 6
    assert history.parameters.final == net.statistics()
    assert history.parameters.initial == network().statistics()
    assert history.learning_rate == []
    assert net.history is history
    assert "val_mae" in str(history)


def test_losses_of_classes(problem):
    X, _ = problem
    labels = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    net = wb.Network.mlp([4, 8, 3], seed=0)
    history = net.fit(
        X, labels, loss="cross_entropy", optimizer="lbfgs", epochs=60, batch_size=200,
        metrics=["accuracy"],
    )  # fmt: skip
    assert history.accuracy[-1] > 0.97


def test_a_callback_stops(problem):
    net, history = fitted(problem, epochs=50, callback=lambda epoch, _: epoch == 3)
    assert (history.status, len(history)) == ("stopped", 4)
    assert net == fitted(problem, epochs=4)[0]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_a_callback_raises_leaves_the_last_iteration(error, problem):
    net = network()

    def callback(epoch, _):
        if epoch == 3:
            raise error

    with pytest.raises(error):
        net.fit(
            *problem, loss="mse", optimizer=wb.LBFGS(), epochs=50, batch_size=200, callback=callback
        )
    status = "interrupted" if error is KeyboardInterrupt else "failed"
    assert (net.history.status, len(net.history)) == (status, 4)
    assert net == fitted(problem, epochs=4)[0]


def test_ctrl_c_within_an_iteration_leaves_the_last_one(problem, monkeypatch):
    from wbcore.training import full_batch

    calls, of_data = [], full_batch._FullBatch._of_data

    def interrupted(self):
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return of_data(self)

    monkeypatch.setattr(full_batch._FullBatch, "_of_data", interrupted)
    net = network()
    with pytest.raises(KeyboardInterrupt):
        net.fit(*problem, loss="mse", optimizer=wb.LBFGS(), epochs=50, batch_size=200)
    monkeypatch.undo()
    assert net.history.interrupted
    assert net.evaluate(*problem, loss="mse")["loss"] == net.history.loss[-1] > 0


def test_it_ends_early(problem):
    _, rough = fitted(problem, optimizer=wb.LBFGS(tolerance=0.05), epochs=500)
    assert (rough.status, len(rough) < 60) == ("completed", True)
    net, _ = fitted(problem, optimizer=wb.LBFGS(tolerance=0.05), epochs=500)
    _, grads = net.loss_and_gradients(*problem, loss="mse")
    assert abs(grads.flat).max() <= 0.05
    _, lazy = fitted(problem, optimizer=wb.LBFGS(loss_tolerance=0.05), epochs=500)
    assert len(lazy) < 60


def test_evaluations_are_limited(problem, monkeypatch):
    from wbcore.training import full_batch

    calls, of_data = [], full_batch._FullBatch._of_data
    counted = lambda self: calls.append(1) or of_data(self)  # noqa: E731
    monkeypatch.setattr(full_batch._FullBatch, "_of_data", counted)
    net, history = fitted(problem, optimizer=wb.LBFGS(max_evaluations=9), epochs=100)
    assert 9 < len(calls) < 20
    assert 0 < len(history) < 10
    assert history.status == "completed"
    assert re.fullmatch(r"L-BFGS took 1\d evaluations, at most 9 were to be", history.reason)
    assert net == fitted(problem, epochs=len(history))[0]


def test_the_reason_says_why_it_ended(problem):
    X, y = problem
    for optimizer, epochs, reason in (
        (wb.LBFGS(), 5, "all 5 epochs were done"),
        (wb.LBFGS(), 1, "its epoch was done"),
        (wb.LBFGS(tolerance=0.05), 500, "L-BFGS found no element of the gradient above 0.05"),
        (wb.LBFGS(loss_tolerance=0.05), 500, "L-BFGS lowered the loss by less than 0.05 of it"),
    ):
        assert fitted(problem, optimizer=optimizer, epochs=epochs)[1].reason == reason
    function = lambda outputs, targets: (-float(outputs.sum()), np.ones_like(outputs))  # noqa: E731
    history = network().fit(
        X, y[:, None], loss=function, optimizer=wb.LBFGS(), epochs=9, batch_size=200
    )  # whose gradient points the wrong way
    assert history.reason == "L-BFGS found no step that lowers the loss"


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_weights_are_those_of_a_weighted_mean(loss, problem):
    """Whole ones are repetitions, 0 is absence, and their sum does not matter, also beside l2."""
    X, y = problem
    if loss == "cross_entropy":
        y = (y > 0).astype(int)
    weights = np.random.default_rng(2).integers(0, 4, 200)
    rows = np.repeat(np.arange(200), weights)
    of_held = rows[rows < 50]
    widths = [4, 6, 1 if loss == "mse" else 2]
    nets = [wb.Network.mlp(widths, "tanh", seed=1, dtype="float64") for _ in range(4)]
    found = [
        net.fit(*data, loss=loss, optimizer=wb.LBFGS(20, l2=0.01), batch_size=1000, **options)
        for net, data, options in (
            (
                nets[0],
                (X, y),
                {"sample_weight": weights, "validation_data": (X[:50], y[:50], weights[:50])},
            ),
            (nets[1], (X[rows], y[rows]), {"validation_data": (X[of_held], y[of_held])}),
            (nets[2], (X, y), {"sample_weight": 8 * weights}),
            (nets[3], (X, y), {}),
        )
    ]
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-7)
    np.testing.assert_allclose(found[0].loss, found[1].loss, rtol=1e-9)
    np.testing.assert_allclose(found[0].val_loss, found[1].val_loss, rtol=1e-9)
    assert nets[0] == nets[2]  # by a power of two, exactly
    assert abs(nets[0].parameters - nets[3].parameters).max() > 1e-3
    own = nets[0].evaluate(X, y, loss=loss, sample_weight=weights)["loss"]
    assert own == found[0].loss[-1]


def test_steps_too_far_are_shortened():
    """Where the loss overflows, the line search comes back."""
    X = np.linspace(-1, 1, 50)[:, None]
    net = wb.Network([wb.Dense(1, 8, "elu"), wb.Dense(8, 1)], seed=0)
    history = net.fit(
        1e3 * X, 1e15 * X[:, 0], loss="mse", optimizer=wb.LBFGS(), epochs=20, batch_size=50
    )
    assert np.isfinite(net.parameters).all()
    assert all(np.isfinite(history.loss)) if len(history) else True


def test_a_loss_that_is_not_finite_at_once(problem):
    X, _ = problem
    net = network("float32")
    before = net.parameters.copy()
    with pytest.raises(wb.DivergenceError, match="expected a finite loss, got NaN or infinity"):
        net.fit(X, np.full(200, 1e30), loss="mse", optimizer=wb.LBFGS(), batch_size=200)
    np.testing.assert_array_equal(net.parameters, before)
    assert net.history.status == "diverged"


def test_progress_is_written(problem, capsys):
    fitted(problem, epochs=3, progress=True)
    assert "epoch 3/3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 32}, r"a batch_size of at least the 200 rows of X, .* pass batch_size=len"),
        ({"epochs": 7, "optimizer": wb.LBFGS(9)}, "epochs or max_iterations of LBFGS, .* 7 and 9"),
        ({"X": np.ones((200, 5))}, r"^\[fit\] .* 5 columns"),
        ({"y": np.full(200, np.nan)}, r"^\[fit\] expected finite values in y"),
        ({"validation_data": (np.ones((2, 5)), np.ones(2))}, r"^\[fit, validation_data\] "),
    ],
)
def test_refused(options, message, problem):
    X, y = problem
    net = network()
    arguments = {
        "X": X, "y": y, "loss": "mse", "optimizer": wb.LBFGS(), "batch_size": 200,
    } | options  # fmt: skip
    with pytest.raises(ValueError, match=message):
        net.fit(**arguments)
    assert net == network()
    assert net.history is None


def test_refused_settings():
    for name, value, error in (
        ("max_iterations", 0, ValueError),
        ("tolerance", -1, ValueError),
        ("history_size", 1.5, TypeError),
        ("max_evaluations", 0, ValueError),
        ("max_evaluations", 9.5, TypeError),
        ("l2", np.nan, ValueError),
        ("decay_biases", 1, TypeError),
    ):
        with pytest.raises(error, match=rf"^\[LBFGS\] expected {name} to be"):
            wb.LBFGS(**{name: value})
        with pytest.raises(error):
            setattr(wb.LBFGS(), name, value)


def test_nothing_to_train(problem):
    net = network()
    for layer in net:
        layer.trainable = False
    with pytest.raises(ValueError, match="a layer that is trainable, got none"):
        net.fit(*problem, loss="mse", optimizer=wb.LBFGS(), batch_size=200)


def test_without_scipy_the_extra_is_named(problem, monkeypatch):
    imported = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("scipy"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        ImportError, match=r"^\[LBFGS\] expected SciPy, .*pip install '.*\[scipy\]'"
    ):
        fitted(problem)


def test_settings_are_copied_with_it():
    optimizer = wb.LBFGS(
        9, 1e-3, 4, loss_tolerance=0.1, max_evaluations=7, l2=0.5, decay_biases=True
    )
    assert repr(pickle.loads(pickle.dumps(optimizer))) == repr(optimizer)


def test_one_at_a_time(problem):
    net = network()

    def callback(*_):
        with pytest.raises(RuntimeError, match=r"^\[fit\] expected a network that is not being"):
            net.fit(*problem, loss="mse")
        with pytest.raises(RuntimeError, match=r"^\[trainable\] "):
            net[0].trainable = False
        net.evaluate(*problem, loss="mse")  # but looked at it may be

    net.fit(*problem, loss="mse", optimizer=wb.LBFGS(), epochs=2, batch_size=200, callback=callback)
    inner = {"loss": "mse", "optimizer": wb.LBFGS(), "batch_size": 200}
    with pytest.raises(RuntimeError, match=r"^\[fit\] expected a network that is not being"):
        net.fit(
            *problem, loss="mse", optimizer="sgd", callback=lambda *_: net.fit(*problem, **inner)
        )
    net.fit(*problem, **inner)  # the turn was given back


def test_its_text(problem):
    for text, said in (
        ("lbfgs(30)", r"got 'lbfgs\(30\)'; with numbers pass wb.LBFGS\(max_iterations=30\)$"),
        ("bfgs", r"expected optimizer to be one of sgd\(.*\), lbfgs, got 'bfgs'$"),
        ("momentum", r", lbfgs, got 'momentum'; it is 'sgd' here$"),
        ("sgd(-1)", r"^\[fit\] expected learning_rate of sgd to be a finite number above 0, got"),
    ):
        with pytest.raises(ValueError, match=said):
            network().fit(*problem, loss="mse", optimizer=text)
    nets = [fitted(problem, optimizer=it, epochs=2)[0] for it in ("lbfgs", "lbfgs()", wb.LBFGS())]
    assert nets[0] == nets[1] == nets[2]


def test_early_stopping_gives_back_an_earlier_iteration(problem):
    X, y = problem
    stopping = wb.callbacks.EarlyStopping(patience=3)
    data = {"validation_data": (X[:40], y[:40] + np.sin(20 * X[:40, 1])), "epochs": 200}
    net, history = fitted((X[40:], y[40:]), callbacks=[stopping], **data)
    assert history.best_epoch < len(history) - 1
    assert net.evaluate(*data["validation_data"], loss="mse")["loss"] == stopping.best
