"""Losses of one's own: functions of outputs and targets in the place of a loss."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from small_network import DTYPES, TARGETS, X, network

import wbcore as wb

N = len(X)


def squares(outputs, targets):
    """The operations of mse, in its order where it shows in parameters."""
    d = outputs - targets.astype(outputs.dtype)
    return (d * d).mean(dtype=np.float64), d * outputs.dtype.type(2 / d.size)


def settings(**more):
    return {"optimizer": wb.SGD(0.05, momentum=0.9), "epochs": 3, "batch_size": 16, **more}


def trained(loss, dtype="float32", **more):
    net = network(dtype)
    net.fit(X, TARGETS, loss=loss, **settings(**more))
    return net


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
def test_mse_as_a_function_has_the_bits_of_mse(dtype, shuffle):
    expected = trained("mse", dtype, shuffle=shuffle)
    for n_threads in (1, 2, 3):
        net = trained(squares, dtype, shuffle=shuffle, n_threads=n_threads)
        assert net.parameters.tobytes() == expected.parameters.tobytes()
        assert net.history.loss == pytest.approx(expected.history.loss, rel=1e-6)


def test_so_it_has_after_an_activation_that_is_not_the_identity():
    nets = [
        wb.Network.mlp([X.shape[1], 5, 3], output_activation=last, seed=1)
        for last in ("tanh", "softmax")
        for _ in range(2)
    ]
    for net, loss in zip(nets, ["mse", squares] * 2, strict=True):
        net.fit(X, TARGETS, loss=loss, **settings())
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    assert nets[2].parameters.tobytes() == nets[3].parameters.tobytes()


def test_the_loss_of_an_epoch_counts_batches_by_their_rows():
    def sizes(outputs, targets):
        return float(len(targets)), np.zeros_like(outputs)

    net = network()
    history = net.fit(X, TARGETS, loss=sizes, **settings(epochs=1, batch_size=16))
    full, rest = divmod(N, 16)
    assert history.loss == [pytest.approx((full * 16 * 16 + rest * rest) / N)]
    # an evaluation has blocks of 128 rows
    many = np.tile(X, (5, 1))[:200]
    value = net.evaluate(many, np.zeros(200), loss=sizes)["loss"]
    assert value == (128 * 128 + 72 * 72) / 200


@pytest.mark.parametrize("shuffle", [True, False])
def test_targets_are_the_rows_of_y_as_they_were_given(shuffle):
    y = np.arange(N * 4, dtype=np.int16).reshape(N, 2, 2)
    seen = []

    def watch(outputs, targets):
        assert outputs.shape == (len(targets), 3)
        assert outputs.dtype == np.float32
        assert not targets.flags.writeable
        seen.append(targets.copy())
        return 0.0, np.zeros_like(outputs)

    network("float32").fit(X, y, loss=watch, **settings(epochs=1, shuffle=shuffle, seed=3))
    order = wb.random.permutation(N, 3, 0) if shuffle else np.arange(N)
    all_seen = np.concatenate(seen)
    assert all_seen.dtype == np.int16
    assert (all_seen == y[order]).all()


def test_nan_in_targets_may_mean_that_there_is_none():
    y = np.where(np.arange(N * 3).reshape(N, 3) % 4 == 0, np.nan, TARGETS)

    def masked(outputs, targets):
        known = np.isfinite(targets)
        d = np.where(known, outputs - np.where(known, targets, 0), 0)
        return (d * d).sum() / known.sum(), 2 * d / known.sum()

    history = network().fit(X, y, loss=masked, **settings(epochs=20))
    assert history.loss[-1] < history.loss[0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_are_those_of_the_whole_batch(dtype):
    many, y = np.tile(X, (30, 1)), np.tile(TARGETS, (30, 1))  # more than a block of rows
    net = network(dtype)
    calls = []

    def counted(outputs, targets):
        calls.append(len(outputs))
        return squares(outputs, targets)

    value, gradients = net.loss_and_gradients(many, y, loss=counted)
    expected, same = net.loss_and_gradients(many, y, loss="mse")
    assert calls == [len(many)]
    assert value == pytest.approx(expected, rel=1e-6)
    assert gradients.flat.tobytes() == same.flat.tobytes()


def test_evaluation_and_validation_ask_it_with_their_own_targets():
    net = network()
    X_val, y_val = X[::-1].copy(), TARGETS[::-1] + 1
    history = net.fit(X, TARGETS, loss=squares, validation_data=(X_val, y_val), **settings())
    for n_threads in (1, 2):
        values = net.evaluate(X_val, y_val, loss=squares, n_threads=n_threads)
        assert values == {"loss": history.val_loss[-1]}
    assert history.val_loss[-1] == pytest.approx(net.evaluate(X_val, y_val, loss="mse")["loss"])


def test_metrics_of_numbers_compare_outputs_with_y():
    history = network().fit(X, TARGETS, loss=squares, metrics=["mse", "mae", "r2"], **settings())
    same = network().fit(X, TARGETS, loss="mse", metrics=["mse", "mae", "r2"], **settings())
    for name in ("mse", "mae", "r2"):
        assert getattr(history, name) == getattr(same, name)


REFUSED = [
    ({"metrics": ["accuracy"]}, ValueError, "metrics that go with the loss of one's own, got 'acc"),
    ({"y": TARGETS[:, :2], "metrics": ["mae"]}, ValueError, r"expected y of shape \(B, 3\)"),
    ({"y": TARGETS[1:]}, ValueError, r"expected y with 50 rows, as X has, got shape \(49, 3\)"),
    ({"y": np.array(["a"] * N)}, TypeError, "expected y to be an array of real numbers"),
    ({"y": np.ones(N, complex)}, TypeError, "expected y to be an array of real numbers"),
    ({"y": wb.Scaled(TARGETS, 2.0)}, TypeError, "got a Scaled, which is for X"),
    ({"loss": wb.losses.MSE}, TypeError, "expected loss to be one of mse, "),
    ({"loss": 7}, TypeError, "expected loss to be one of mse, "),
]


@pytest.mark.parametrize(("given", "error", "text"), REFUSED)
def test_what_is_refused_before_anything_changes(given, error, text):
    net = network()
    before = net.parameters.copy()
    given = {"loss": squares, **given}
    y = given.pop("y", TARGETS)
    with pytest.raises(error, match=rf"\[fit\].*{text}"):
        net.fit(X, y, **settings(), **given)
    assert (net.parameters == before).all()


ANSWERS = [
    (
        lambda _, __: 1.0,
        TypeError,
        r"expected the loss to return a pair \(value, gradient\), got 1",
    ),
    (lambda o, t: (1.0, o, t), TypeError, "expected the loss to return a pair"),
    (lambda _, __: None, TypeError, "expected the loss to return a pair .*, got None"),
    (lambda o, _: ("a", o), TypeError, "the mean of the batch as a number, got 'a'"),
    (lambda o, _: (o, o), TypeError, "the mean of the batch as a number, got an array of shape"),
    (lambda o, _: (1.0, o[:, :2]), ValueError, r"shape of the outputs, \(\d+, 3\), got \(\d+, 2\)"),
    (lambda _, __: (1.0, None), TypeError, "gradient that the loss returns to be an array of real"),
    (lambda o, _: (1.0, o * np.nan), ValueError, r"to be finite in float32, got nan at \[0, 0\]"),
    (lambda o, _: (1.0, np.full(o.shape, 1e300)), ValueError, r"finite in float32, got 1e\+300 at"),
]


@pytest.mark.parametrize(("answer", "error", "text"), ANSWERS)
@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_answer_that_cannot_be_used_ends_the_fit_after_the_epoch_before(
    answer, error, text, n_threads
):
    def third(outputs, targets):
        third.calls += 1
        return answer(outputs, targets) if third.calls == 7 else squares(outputs, targets)

    third.calls = 0
    net, same = network("float32"), network("float32")
    with pytest.raises(error, match=rf"\[fit\] .*{text}"):
        net.fit(X, TARGETS, loss=third, **settings(n_threads=n_threads))
    # 50 rows are four batches: an epoch, and two of the next, of which nothing stays
    same.fit(X, TARGETS, loss=squares, **settings(epochs=1))
    assert net.parameters.tobytes() == same.parameters.tobytes()
    assert net.history.status == "failed"
    assert len(net.history.loss) == 1
    with pytest.raises(error, match=r"\[loss_and_gradients\]"):
        net.loss_and_gradients(X, TARGETS, loss=answer)


def test_what_a_function_raises_comes_out_as_it_is():
    class MineError(Exception):
        pass

    def fails(_, __):
        raise MineError("of one's own")

    net = network()
    for call in (
        lambda: net.fit(X, TARGETS, loss=fails, n_threads=2, batch_size=16),
        lambda: net.evaluate(X, TARGETS, loss=fails, n_threads=2),
        lambda: net.loss_and_gradients(X, TARGETS, loss=fails),
    ):
        with pytest.raises(MineError, match="of one's own"):
            call()
    validated = iter([squares] * 4)

    def fails_later(outputs, targets):
        return next(validated, fails)(outputs, targets)

    before = network()
    before.fit(X, TARGETS, loss=squares, **settings(epochs=1))
    with pytest.raises(MineError):
        net.fit(X, TARGETS, loss=fails_later, validation_data=(X, TARGETS), **settings())
    assert net.parameters.tobytes() == before.parameters.tobytes()


def test_a_value_that_is_not_finite_is_a_divergence():
    net = network()
    before = net.parameters.copy()
    values = iter([1.0, np.inf])
    with pytest.raises(wb.DivergenceError, match="batch 2"):
        net.fit(X, TARGETS, loss=lambda o, _: (next(values), o), **settings())
    assert (net.parameters == before).all()


def test_nan_among_inputs_is_refused_and_the_function_not_asked():
    bad = X.astype("f4").copy()
    bad[20, 1] = np.nan
    seen = []

    def watch(outputs, targets):
        seen.append(np.isfinite(outputs).all())
        return squares(outputs, targets)

    with pytest.raises(ValueError, match=r"\[fit\] expected finite values in X, got nan at X\[20"):
        network().fit(bad, TARGETS, loss=watch, **settings(shuffle=False))
    assert seen == [True]


def test_other_threads_run_meanwhile():
    """The GIL is free while the core computes, and taken by others while the loss waits for it."""
    stop = threading.Event()
    counted = [0]

    def busy():
        while not stop.is_set():
            counted[0] += sum(range(500))

    others = [threading.Thread(target=busy) for _ in range(2)]
    for other in others:
        other.start()
    try:
        nets = [trained(squares, epochs=2, n_threads=2) for _ in range(2)]
    finally:
        stop.set()
        for other in others:
            other.join()
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()
    assert nets[0].parameters.tobytes() == trained(squares, epochs=2).parameters.tobytes()


def test_two_fits_at_once_do_not_wait_for_one_another():
    nets = [network() for _ in range(3)]
    threads = [
        threading.Thread(
            target=net.fit, args=(X, TARGETS), kwargs={"loss": squares, **settings(n_threads=2)}
        )
        for net in nets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert len({net.parameters.tobytes() for net in nets}) == 1


@pytest.mark.parametrize("n_threads", [1, 2])
def test_ctrl_c_ends_it(n_threads):
    def slow(outputs, targets):
        if len(started) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        started.append(time.monotonic())
        time.sleep(0.01)
        return squares(outputs, targets)

    started = []
    net = network()
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, TARGETS, loss=slow, **settings(epochs=10_000, n_threads=n_threads))
    assert len(started) < 100
    assert np.isfinite(net.parameters).all()
    assert net.history.status == "interrupted"


def test_the_network_is_busy_while_its_loss_is_asked():
    net = network()

    def nested(outputs, targets):
        net.predict(X)
        with pytest.raises(RuntimeError, match="is training"):
            net.fit(X, TARGETS, loss="mse")
        return squares(outputs, targets)

    net.fit(X, TARGETS, loss=nested, **settings(epochs=1))


def test_one_output_may_have_a_flat_gradient():
    y = TARGETS[:, 0]
    nets = [wb.Network.mlp([X.shape[1], 4, 1], seed=1) for _ in range(2)]

    def flat(outputs, targets):
        value, gradient = squares(outputs[:, 0], targets)
        return value, gradient

    nets[0].fit(X, y, loss=flat, **settings())
    nets[1].fit(X, y, loss="mse", **settings())
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()


def test_its_targets_are_never_written_to():
    y = TARGETS.copy()

    def writes(outputs, targets):
        targets[:] = 0
        return squares(outputs, targets)

    with pytest.raises(ValueError, match="read-only"):
        network().fit(X, y, loss=writes, **settings(shuffle=False))
    assert (y == TARGETS).all()
    assert y.flags.writeable


def test_targets_without_a_second_axis_are_told_of():
    net = wb.Network.mlp([X.shape[1], 5, 1], seed=1)
    text = (
        r"shape of the outputs, \(16, 1\), got \(16, 16\); that is what NumPy makes of outputs "
        r"\(16, 1\) and targets \(16,\): pass y\[:, None\]$"
    )
    with pytest.raises(ValueError, match=text):
        net.fit(X, TARGETS[:, 0], loss=squares, **settings())
    net.fit(X, TARGETS[:, :1], loss=squares, **settings())
