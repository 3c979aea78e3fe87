"""The rows that a network gets wrong, against NumPy and the losses of the core."""

import numpy as np
import pytest
from support import choices, levels, problem, row_of

import wbcore as wb
from wbcore.inspect import confused_pairs, error_by_quantile, worst_predictions

N = 60


def network(outputs, last="identity", dtype="float32"):
    net = wb.Network.mlp([4, 8, outputs], "tanh", output_activation=last, seed=1, dtype=dtype)
    net.parameters[:] *= 2
    return net


def last_of(loss):
    """The activation that goes with it."""
    return row_of("loss", loss).properties["undone"]


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("loss", [loss for loss in choices("loss") if levels(loss) == 1])
def test_the_mean_of_the_losses_is_the_loss(loss, outputs):
    X, y = problem(0, loss, N, 4, outputs)
    net = network(outputs, last_of(loss), "float64")
    table = worst_predictions(net, X, y, loss=loss, n=None)
    expected = net.evaluate(X, y, loss=loss)["loss"]
    assert np.mean(table["loss"]) == pytest.approx(expected, rel=1e-12)
    assert sorted(set(table["row"])) == list(range(N))
    assert {"true", "predicted"} < set(table.columns)


@pytest.mark.parametrize("last", ["identity", "softmax"])
def test_classes(last):
    X = np.random.default_rng(0).normal(size=(N, 4))
    y = np.arange(N) % 3
    net = network(3, last)
    table = worst_predictions(net, X, y, loss="cross_entropy", n=7)
    p = net.predict_proba(X, loss="cross_entropy")
    losses = -np.log(p[np.arange(N), y].astype(float))
    order = np.argsort(-losses, kind="stable")[:7]
    assert table["row"] == order.tolist()
    assert table["true"] == y[order].tolist()
    assert table["predicted"] == p[order].argmax(axis=1).tolist()
    assert table["p_true"] == p[order, y[order]].astype(float).tolist()
    assert table["p_predicted"] == p[order].max(axis=1).astype(float).tolist()
    assert table["loss"] == pytest.approx(losses[order], rel=1e-5)
    shares = worst_predictions(net, X, np.eye(3)[y], loss="cross_entropy", n=7)
    assert shares.rows == table.rows
    named = worst_predictions(net, X, y, loss="cross_entropy", n=7, class_names=["a", "b", "c"])
    assert named["true"] == ["abc"[label] for label in table["true"]]


def test_pairs_are_those_of_the_confusion_matrix():
    X = np.random.default_rng(0).normal(size=(N, 4))
    y = np.arange(N) % 3
    net = network(3)
    net.loss = "cross_entropy"
    table = confused_pairs(net, X, y)
    p = net.predict_proba(X)
    predicted = p.argmax(axis=1)
    assert table["count"] == sorted(table["count"], reverse=True)
    seen = set()
    for pair in table:
        rows = np.array(pair["rows"])
        assert set(rows) == set(
            np.flatnonzero((y == pair["true"]) & (predicted == pair["predicted"]))
        )
        assert pair["count"] == len(rows) > 0
        assert pair["share"] == len(rows) / (y == pair["true"]).sum()
        assert pair["p_true"] == pytest.approx(p[rows, pair["true"]].mean(), rel=1e-6)
        assert pair["p_predicted"] == pytest.approx(p[rows, pair["predicted"]].mean(), rel=1e-6)
        assert (np.diff(p[rows, pair["true"]]) >= 0).all()  # the worst first
        seen |= set(rows)
    assert seen == set(np.flatnonzero(predicted != y))
    assert table.title.endswith(f"in {len(seen)} of {N} rows")
    assert confused_pairs(net, X, y, n=2).rows == table.rows[:2]
    named = confused_pairs(net, X, y, class_names=["a", "b", "c"])
    assert named["predicted"] == ["abc"[label] for label in table["predicted"]]
    assert len(confused_pairs(net, X, predicted)) == 0


def test_long_lists_of_rows_are_printed_in_short():
    net = network(1, "sigmoid")
    net[1].weights[...], net[1].biases[...] = 0, 1
    table = confused_pairs(net, np.zeros((30, 4)), np.zeros(30), loss="binary_cross_entropy")
    assert table["rows"] == [tuple(range(30))]
    assert str(table).endswith("  0 1 2 3 4 .. (30)")
    assert "28, 29)" in table.to_csv()


@pytest.mark.parametrize(
    ("loss", "last"), [("binary_cross_entropy", "sigmoid"), ("focal", "identity")]
)
def test_yes_or_no(loss, last):
    X = np.random.default_rng(0).normal(size=(N, 4))
    y = np.arange(N) % 2
    net = network(1, last)
    table = worst_predictions(net, X, y, loss=loss)
    p = net.predict_proba(X, loss=loss)
    rows = np.array(table["row"])
    assert table["p_true"] == pytest.approx(p[rows, y[rows]], abs=1e-7)
    assert table["p_predicted"] == pytest.approx(p[rows].max(axis=1), abs=1e-7)
    assert "output" not in table.columns
    soft = worst_predictions(net, X, 0.3 + 0.4 * y, loss=loss, n=None)
    assert soft["true"] == y[soft["row"]].tolist()  # a target above one half says 1
    wrong = (p.argmax(axis=1) != y).sum()
    assert sum(confused_pairs(net, X, y, loss=loss)["count"]) == wrong


def test_several_decisions_a_row():
    X = np.random.default_rng(0).normal(size=(N, 4))
    Y = np.random.default_rng(1).integers(0, 2, (N, 3))
    net = network(3, "sigmoid")
    table = worst_predictions(net, X, Y, loss="binary_cross_entropy", n=None)
    p = net.predict(X).astype(float)
    rows, outputs = np.array(table["row"]), np.array(table["output"])
    assert len(set(zip(rows, outputs, strict=True))) == 3 * N
    assert table["true"] == Y[rows, outputs].tolist()
    assert table["p_true"] == pytest.approx(np.where(Y == 1, p, 1 - p)[rows, outputs], abs=1e-7)
    pairs = confused_pairs(net, X, Y, loss="binary_cross_entropy")
    first = next(iter(pairs))
    of_output = (p[:, first["output"]] > 0.5) != Y[:, first["output"]]
    assert set(first["rows"]) <= set(np.flatnonzero(of_output))
    assert sum(pairs["count"]) == ((p > 0.5) != Y).sum()


def test_hinges_have_no_probabilities():
    X = np.random.default_rng(0).normal(size=(N, 4))
    table = worst_predictions(network(3), X, np.arange(N) % 3, loss="hinge")
    assert np.isnan(table["p_true"]).all()
    assert "nan" not in str(table)
    one = worst_predictions(network(1), X, np.where(np.arange(N) % 2, 1, -1), loss="hinge", n=None)
    decided = network(1).predict(X)[:, 0] > 0
    assert one["predicted"] == decided[one["row"]].astype(int).tolist()


def test_numbers():
    X = np.random.default_rng(0).normal(size=(N, 4))
    y = np.random.default_rng(1).normal(size=N)
    net = network(1)
    table = worst_predictions(net, X, y, loss="mae", n=5)
    residual = net.predict(X)[:, 0] - y.astype(np.float32)
    order = np.argsort(-np.abs(residual), kind="stable")[:5]
    assert table["row"] == order.tolist()
    assert table["residual"] == pytest.approx(residual[order], rel=1e-6)
    assert table["loss"] == pytest.approx(np.abs(residual[order]), rel=1e-6)
    several = worst_predictions(network(2), X, np.stack([y, y], axis=1), loss="mse[1, 3]", n=1)
    assert several.columns == ("row", "output", "true", "predicted", "residual", "loss")
    assert several["loss"][0] == pytest.approx(several["residual"][0] ** 2, rel=1e-6)


def test_errors_by_the_quantile_of_the_target():
    X = np.random.default_rng(0).normal(size=(N, 4))
    y = np.random.default_rng(1).normal(size=N).round(1)
    net = network(1, dtype="float64")
    table = error_by_quantile(net, X, y, loss="mse", bins=4)
    assert sum(table["rows"]) == N
    assert all(abs(rows - N / 4) < 6 for rows in table["rows"])
    error = net.predict(X)[:, 0] - y
    for low, part in zip([-np.inf, *table["to"]], table, strict=False):
        within = (y > low) & (y <= part["to"])
        assert part["rows"] == within.sum()
        assert part["from"] == y[within].min()
        assert part["mean_true"] == pytest.approx(y[within].mean(), abs=1e-12)
        assert part["mean_predicted"] == pytest.approx((y + error)[within].mean(), abs=1e-12)
        assert part["bias"] == pytest.approx(error[within].mean(), abs=1e-12)
        assert part["mae"] == pytest.approx(np.abs(error[within]).mean(), abs=1e-12)
        assert part["rmse"] == pytest.approx(np.sqrt((error[within] ** 2).mean()), abs=1e-12)
    assert len(error_by_quantile(net, X, 0 * y, loss="mse")) == 1
    two = error_by_quantile(network(2), X, np.stack([y, -y], axis=1), loss="mse", bins=2)
    assert two["output"] == [0, 0, 1, 1]


@pytest.mark.parametrize("function", [worst_predictions, confused_pairs, error_by_quantile])
def test_what_is_refused(function):
    name = function.__name__
    X, y = np.zeros((3, 4)), np.array([0, 1, 1])
    with pytest.raises(TypeError, match=rf"^\[{name}\] expected net to be a Network, got 3"):
        function(3, X, y)
    with pytest.raises(ValueError, match=rf"^\[{name}\] expected loss to be what the network was"):
        function(network(3), X, y)
    with pytest.raises(TypeError, match=rf"^\[{name}\] expected one of wbcore.losses, got a fun"):
        function(network(3), X, y, loss=lambda a, t: (0, a))
    with pytest.raises(ValueError, match=rf"^\[{name}\] expected y with 3 rows, as X has, got 2"):
        function(network(3), X, y[:2], loss="cross_entropy")
    with pytest.raises(
        ValueError, match=rf"^\[{name}\] expected an output for each target, got 2 o"
    ):
        function(network(2), X, y, loss="quantile(0.1, 0.9)")
    with pytest.raises(ValueError, match=rf"^\[{name}\] .*y"):
        function(network(3), X, y + 7, loss="cross_entropy")


def test_classes_and_numbers_have_tables_of_their_own():
    X, y = np.zeros((3, 4)), np.array([0, 1, 1])
    with pytest.raises(
        ValueError, match=r"expected targets that are classes, got numbers; worst_p"
    ):
        confused_pairs(network(1), X, y, loss="mse")
    with pytest.raises(
        ValueError, match=r"expected targets that are numbers, got classes; confuse"
    ):
        error_by_quantile(network(2), X, y, loss="cross_entropy")
    with pytest.raises(
        ValueError, match=r"expected class_names to be at least 2 names, got \['a'\]"
    ):
        worst_predictions(network(2), X, y, loss="cross_entropy", class_names=["a"])
    with pytest.raises(ValueError, match=r"expected class_names to be None for numbers"):
        worst_predictions(network(1), X, y, loss="mse", class_names=["a"])
    with pytest.raises(ValueError, match=r"\[confused_pairs\] expected n to be an integer from 1"):
        confused_pairs(network(2), X, y, loss="cross_entropy", n=0)


def test_parts_are_no_more_than_rows():
    net = wb.Network([wb.Dense(1, 1, initializer="ones")])
    y = [1.0, 2.0, 4.0]
    many = error_by_quantile(net, [[1.0], [2.0], [3.0]], y, loss="mse", bins=10**9)
    assert many["rows"] == [1, 1, 1]


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_a_network_that_says_nothing_is_refused(value):
    X = np.random.default_rng(0).normal(size=(N, 4))
    for function, outputs, y, loss in (
        (worst_predictions, 3, np.arange(N) % 3, "cross_entropy"),
        (confused_pairs, 3, np.arange(N) % 3, "cross_entropy"),
        (error_by_quantile, 1, X[:, 0], "mse"),
    ):
        net = network(outputs)
        net[1].weights[...] = value
        message = rf"^\[{function.__name__}\] expected outputs of the network to be finite, got "
        with pytest.raises(ValueError, match=message):
            function(net, X, y, loss=loss)


def test_errors_of_any_size_are_finite():
    net = wb.Network([wb.Dense(1, 1, initializer="ones")], dtype="float64")
    X = np.array([[1e200], [2e200], [-1e200], [3e200]])
    row = next(iter(error_by_quantile(net, X, np.zeros(4), loss="mse", bins=1)))
    wanted = {"mean_predicted": 1.25e200, "bias": 1.25e200, "mae": 1.75e200}
    assert {name: row[name] for name in wanted} == pytest.approx(wanted)
    assert row["rmse"] == pytest.approx(np.sqrt(15 / 4) * 1e200)
