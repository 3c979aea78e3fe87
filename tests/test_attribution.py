"""Attributions: complete, what their definitions say, and the same however they are had."""

import doctest
import importlib

import numpy as np
import pytest
from scipy import sparse
from support import choices, hidden_activations, row_of

import wbcore as wb
from wbcore.inspect import attribution, attribution_methods, path_integral, paths

MODULES = [
    *("attribution_result", "attributions", "column_groups", "importances", "mistakes"),
    *("permutation", "target_errors"),
]
KINKS = {a: row_of("activation", a).properties["kinks"] for a in choices("activation")}
STRAIGHT = [activation for activation, kinks in KINKS.items() if kinks is not None]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_documentation_run(name):
    found = doctest.testmod(importlib.import_module(f"wbcore.inspect.{name}"))
    assert found.failed == 0


def network(widths, activation, *, last="identity", dtype="float64", seed=1, spread=1.0):
    net = wb.Network.mlp(
        widths, activation, output_activation=last, initializer="he", seed=seed, dtype=dtype
    )
    rng = np.random.default_rng(seed)
    for layer in net:
        layer.weights[...] *= spread
        layer.biases[...] = rng.normal(size=layer.outputs)
    return net


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(13, 6)) * 2


def residual(found):
    return np.abs(found.residual / np.maximum(1, np.abs(found.change))).max()


@pytest.mark.parametrize("activation", choices("activation"))
def test_kinks_are_where_a_function_of_straight_pieces_bends(activation):
    """The property of each row, against the function itself."""
    kinks = KINKS[activation]
    if not row_of("activation", activation).properties["elementwise"]:
        assert kinks is None
        return
    net = wb.Network([wb.Dense(1, 1, activation, initializer="ones")], dtype="float64")
    z = np.arange(-64, 65) / 8
    bends = np.abs(np.diff(net.predict(z[:, None])[:, 0], n=2)) > 1e-9
    if kinks is None:
        assert bends.sum() > 20
    else:
        assert z[1:-1][bends].tolist() == list(kinks)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("widths", [(6, 3), (6, 17, 3), (6, 16, 15, 1), (6, 9, 8, 7, 5, 4)])
@pytest.mark.parametrize("activation", STRAIGHT)
def test_straight_pieces_are_integrated_exactly(X, activation, widths, dtype):
    net = network(widths, activation, dtype=dtype)
    targets = np.arange(len(X)) % widths[-1]
    for baseline in (None, 0.3, np.linspace(-1, 1, 6), X[::-1]):
        found = attribution(net, X, targets, baseline=baseline)
        assert found.exact
        assert residual(found) < 1e-13
        assert (found.points.max() > 1) == (bool(KINKS[activation]) and len(widths) > 2)


@pytest.mark.parametrize("activation", STRAIGHT)
def test_a_last_activation_of_pieces_is_integrated_exactly_too(X, activation):
    found = attribution(network((6, 8, 2), activation, last=activation), X, 1, output="output")
    assert found.exact
    assert residual(found) < 1e-13


def test_the_pieces_of_one_unit():
    """relu(x0 + 2 x1 - 1) from (0, 0) to (1, 1): nothing for a third, then a slope of 1 and 2."""
    net = wb.Network([wb.Dense(2, 1, "relu"), wb.Dense(1, 1, initializer="ones")])
    net[0].weights[...], net[0].biases[...] = [[1.0], [2.0]], -1.0
    found = attribution(net, [[1.0, 1.0]])
    assert found.values == pytest.approx(np.array([[2 / 3, 4 / 3]]), abs=1e-15)
    assert found.points.tolist() == [2]
    assert found.change.tolist() == [2.0]


def test_values_are_the_mean_gradient_of_many_points(X):
    """Not only their sum: each of them, by the definition."""
    net = network((6, 12, 9, 3), "relu")
    found = attribution(net, X, 2, baseline=0.5)
    total = np.zeros_like(X)
    n = 4000
    for t in (np.arange(n) + 0.5) / n:
        net.forward(0.5 + t * (X - 0.5))
        total += net.backward(np.eye(3)[np.full(len(X), 2)]).inputs
    assert found.values == pytest.approx((X - 0.5) * total / n, abs=5e-3)


@pytest.mark.parametrize("output", ["logit", "probability"])
@pytest.mark.parametrize("activation", hidden_activations())
def test_curves_are_integrated_to_the_tolerance(X, activation, output):
    net = network((6, 9, 8, 3), activation, last="softmax")
    found = attribution(net, X[:5], "predicted", output=output)
    assert residual(found) <= 1e-6
    assert found.target.tolist() == net.predict(X[:5]).argmax(axis=1).tolist()
    finer = attribution(net, X[:5], "predicted", output=output, tolerance=1e-9)
    assert residual(finer) <= 1e-9
    assert np.abs(finer.values - found.values).max() <= 1e-6


def test_what_counts_are_the_halves(X):
    """Which the whole panels, compared with them, are far from: 8 nodes see 1e-7 of this curve."""
    found = attribution(network((6, 9, 8, 3), "tanh"), X, 1)
    assert residual(found) < 1e-8


@pytest.mark.parametrize("spread", [10.0, 100.0])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu"])
def test_steep_steps_between_the_nodes_are_found(activation, spread):
    """Units that go from one side to the other within a thousandth of the line."""
    rows = np.random.default_rng(3).normal(size=(6, 4))
    net = network((4, 12, 10, 2), activation, spread=spread)
    assert residual(attribution(net, rows, 1)) <= 1e-6


def test_a_step_that_no_node_sees_shows_in_the_change():
    """One steep unit, far from every node of the first two panels, and no other slope at all."""
    net = wb.Network([wb.Dense(1, 1, "sigmoid"), wb.Dense(1, 1, initializer="ones")])
    net[0].weights[...], net[0].biases[...] = 1e5, -0.5e5  # at 0.5 of the line, between two halves
    found = attribution(net, [[1.0]])
    assert found.values[0, 0] == pytest.approx(1.0, abs=1e-6)


def test_large_numbers(X):
    found = attribution(network((6, 32, 16, 3), "relu"), 1e4 * X, 0)
    assert np.abs(found.change).max() > 1e3
    assert residual(found) < 1e-10


@pytest.mark.parametrize(
    ("loss", "last", "y"),
    [
        ("cross_entropy", "softmax", np.arange(13) % 3),
        ("cross_entropy(0.1)", "identity", np.arange(13) % 3),
        ("mse", "tanh", np.linspace(-1, 1, 39).reshape(13, 3)),
        ("huber(0.5)", "identity", np.linspace(-1, 1, 39).reshape(13, 3)),
        ("poisson", "exp", np.arange(39).reshape(13, 3) % 4),
    ],
)
def test_a_loss_is_attributed(X, loss, last, y):
    net = network((6, 8, 3), "tanh", last=last)
    found = attribution(net, X, y, output="loss", loss=loss, baseline="mean")
    assert residual(found) <= 1e-6
    mean = np.broadcast_to(X.mean(axis=0), X.shape)
    change = net.evaluate(X, y, loss=loss)["loss"] - net.evaluate(mean, y, loss=loss)["loss"]
    assert found.change.mean() == pytest.approx(change, rel=1e-9)
    assert found.baseline == pytest.approx(X.mean(axis=0))


def test_what_is_attributed_is_what_the_network_says(X):
    net = network((6, 8, 1), "relu", last="sigmoid")
    at = {"baseline": X[:1].repeat(13, axis=0)}
    p = net.predict_proba(X)[:, 1]
    for output, values in (
        ("probability", p),
        ("output", net.predict(X)[:, 0]),
        ("logit", np.log(p) - np.log1p(-p)),
    ):
        found = attribution(net, X, output=output, **at)
        assert found.change == pytest.approx(values - values[0], abs=1e-12)
    logits = network((6, 8, 3), "relu")
    found = attribution(logits, X, 1, output="probability", loss="cross_entropy", **at)
    p = logits.predict_proba(X, loss="cross_entropy")[:, 1]
    assert found.change == pytest.approx(p - p[0], abs=1e-12)


def test_gradients_are_those_of_the_network(X):
    net = network((6, 8, 7, 3), "gelu")
    net.forward(X)
    slopes = net.backward(np.eye(3)[np.full(len(X), 1)]).inputs
    saliency = attribution(net, X, 1, "saliency")
    assert saliency.values == pytest.approx(np.abs(slopes), abs=1e-14)
    assert saliency.residual is None
    found = attribution(net, X, 1, "gradient_x_input", baseline=0.25)
    assert found.values == pytest.approx((X - 0.25) * slopes, abs=1e-14)
    assert found.residual == pytest.approx(found.values.sum(axis=1) - found.change)


def test_occlusion_puts_the_baseline_in_the_place_of_columns(X):
    net = network((6, 8, 3), "tanh")
    baseline = np.linspace(-1, 1, 6)
    groups = {"left": [0, 4], "right": [5]}
    found = attribution(net, X, 2, "occlusion", baseline=baseline, groups=groups)
    assert found.feature_names == ("left", "right")
    for g, columns in enumerate(groups.values()):
        without = X.copy()
        without[:, columns] = baseline[columns]
        change = net.predict(X)[:, 2] - net.predict(without)[:, 2]
        assert found.values[:, g] == pytest.approx(change, abs=1e-13)


def test_groups_add_up(X):
    net = network((6, 8, 3), "relu")
    alone = attribution(net, X, 0)
    names = list("abcdef")
    grouped = attribution(net, X, 0, groups=[["a", "c"], [1, 3, 5], "e"], feature_names=names)
    assert grouped.feature_names == ("a+c", "b+d+f", "e")
    sums = [alone.values[:, columns].sum(axis=1) for columns in ([0, 2], [1, 3, 5], [4])]
    assert grouped.values == pytest.approx(np.stack(sums, axis=1), abs=1e-14)
    assert residual(grouped) < 1e-13
    numbered = attribution(net, X, 0, groups=[7, 9, 7, 9, 8, 9])
    assert numbered.feature_names == ("x0+x2", "x4", "x1+x3+x5")
    assert (numbered.values == grouped.values[:, [0, 2, 1]]).all()


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion", "saliency"])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_bits_depend_on_the_row_alone(X, monkeypatch, activation, method):
    """Not on threads, nor on the rows beside it, nor on how many are worked on at once."""
    net = network((6, 11, 7, 3), activation)
    before, x0 = net.copy(), X[::-1] / 2
    found = attribution(net, X, 1, method, baseline=x0)
    with wb.num_threads(1):
        assert (attribution(net, X, 1, method, baseline=x0).values == found.values).all()
    alone = attribution(net, X[4:5], 1, method, baseline=x0[4:5])
    assert (alone.values == found.values[4]).all()
    monkeypatch.setattr(attribution_methods, "_AT_ONCE", 1)
    monkeypatch.setattr(paths, "_AT_ONCE", 40)
    assert (attribution(net, X, 1, method, baseline=x0).values == found.values).all()
    assert net == before


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_float32_network_is_attributed_in_float64(X, activation):
    net = network((6, 8, 3), activation, dtype="float32")
    twin = network((6, 8, 3), activation)
    twin.parameters[:] = net.parameters
    found = attribution(net, X.astype(np.float32), 1)
    assert found.values.dtype == np.float64
    assert (found.values == attribution(twin, X.astype(np.float32), 1).values).all()
    narrow = attribution(net, np.asfortranarray((X * 10).astype(np.int8)), 1)
    assert (narrow.values == attribution(twin, (X * 10).astype(np.int8), 1).values).all()


def test_a_jump_of_the_gradient_is_closed_in_on():
    """The slope of elu(0.5) jumps at 0: halves of halves, to the tolerance and no further."""
    net = wb.Network([wb.Dense(1, 1, "elu(0.5)", initializer="ones")], dtype="float64")
    found = attribution(net, [[1.0]], baseline=-0.7, output="output")
    assert found.values[0, 0] == pytest.approx(1 + 0.5 * (1 - np.exp(-0.7)), abs=1e-6)
    most = 8 * (1 + 2 * path_integral._MOST_BISECTIONS * 2)
    assert 8 * 20 < found.points[0] < most


@pytest.mark.parametrize("activation", ["tanh", "elu(0.5)"])
def test_what_roundings_forbid_is_given_up(X, activation):
    """A tolerance below that of float64 ends, as near as it gets."""
    found = attribution(network((6, 8, 3), activation), X[:3], 1, tolerance=1e-30)
    assert residual(found) < 1e-12


def test_it_prints_its_top_features(X):
    net = network((6, 8, 3), "relu")
    found = attribution(net, X, 1, feature_names=list("abcdef"))
    table = found.table(row=-1, n=2)
    order = np.argsort(-np.abs(found.values[-1]))[:2]
    assert table["feature"] == ["abcdef"[i] for i in order]
    assert table["value"] == found.values[-1, order].tolist()
    assert table.title == "integrated_gradients of the logit of output 1, row 12; baseline: zeros"
    assert table["measured"] == X[-1, order].tolist()
    assert table["baseline"] == [0.0, 0.0]
    assert table.note.splitlines()[1:] == ["4 more features: table(row=12, n=6) has all"]
    assert found.table()["mean_abs"] == sorted(np.abs(found.values).mean(axis=0), reverse=True)
    assert "largest residual of completeness" in str(found)
    wide = attribution(network((14, 3, 1), "relu"), np.ones((2, 14)), "predicted")
    assert "\n4 more features: table(n=14) has all\n" in repr(wide)
    assert "of each row's own output, 2 rows" in repr(wide)
    assert "residual" not in str(attribution(net, X, 1, "saliency"))


@pytest.mark.parametrize("method", ["gradient_x_input", "integrated_gradients", "occlusion"])
@pytest.mark.parametrize("output", ["logit", "probability", "loss"])
def test_a_row_says_what_its_values_add_up_to(X, method, output):
    net = network((6, 8, 3), "tanh", last="softmax")
    y = np.arange(13) % 3
    given = {"output": output, "loss": "cross_entropy", "baseline": X[::-1]}
    found = attribution(net, X, y, method, **given)
    if output == "probability":
        there = net.predict_proba(X[::-1])[np.arange(13), y]
        assert found.start == pytest.approx(there, abs=1e-12)
        assert found.start + found.change == pytest.approx(net.predict_proba(X)[np.arange(13), y])
    table = found.table(row=3)
    assert table["baseline"] == [X[9, int(name[1])] for name in table["feature"]]
    values = [found.start[3] + found.change[3], found.start[3], found.change[3]]
    said = "the {} is {:.5g} for the row, {:.5g} for the baseline: a change of {:.5g}; the values "
    assert table.note == (said.format(output, *values) + f"add up to {found.values[3].sum():.5g}")


def test_the_title_names_the_baseline_and_the_output(X):
    net = network((6, 8, 3), "relu")
    for baseline, said in (
        *((None, "zeros"), (0.0, "zeros"), (0.25, "0.25"), ("mean", "mean")),
        *((np.ones(6), "given array"), (np.zeros(6), "zeros"), (X[::-1], "given rows")),
    ):
        found = attribution(net, X, 1, baseline=baseline, class_names=["a", "b", "c"])
        assert (
            found.table().title
            == f"integrated_gradients of the logit of b, 13 rows; baseline: {said}"
        )
    found = attribution(net, X, "predicted", class_names=["a", "b", "c"])
    assert f"logit of {'abc'[found.target[4]]}, row 4;" in found.table(row=4).title
    one = attribution(network((6, 8, 1), "relu"), X, class_names=["no", "yes"])
    assert "logit of yes, 13 rows" in str(one)
    assert "baseline" not in str(attribution(net, X, 1, "saliency"))
    with pytest.raises(
        ValueError, match=r"^\[attribution\] expected class_names to be 3 names, got "
    ):
        attribution(net, X, 1, class_names=["a", "b"])


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_columns_far_from_a_baseline_of_zeros_are_counted(X, kind):
    net, raw = network((6, 8, 3), "relu"), X.copy()
    raw[:, 2:] += [50, -50, 3, 0]  # of a deviation of 2
    raw[:, 0] = np.abs(raw[:, 0]) // 4  # black is what occurs
    said = '2 of 6 columns lie far from 0: their values hold that offset; baseline="mean" has an '
    for given in ({}, {"groups": [[0, 2], [3]]}):
        found = attribution(net, kind(raw), 1, **given)
        assert said in str(found)
        assert said in found.table(row=0).note
    for rows, other in (
        *((X, {}), (raw[:5], {}), (raw, {"baseline": "mean"}), (raw, {"method": "saliency"})),
        (raw, {"baseline": raw[0]}),
    ):
        assert "offset" not in str(attribution(net, kind(rows), 1, **other))


def test_a_group_of_columns_has_no_one_value(X):
    found = attribution(network((6, 8, 3), "relu"), X, 1, groups={"a": [0, 2], "b": [3]})
    rows = {row["feature"]: row for row in found.table(row=1)}
    assert (rows["a"]["measured"], rows["a"]["baseline"]) == (None, None)
    assert (rows["b"]["measured"], rows["b"]["baseline"]) == (X[1, 3], 0.0)


def test_what_was_attributed_stays(X):
    found = attribution(network((6, 8, 3), "relu"), X, 1)
    before = str(found.table(row=0))
    X[...] = 7
    assert str(found.table(row=0)) == before


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"net": 3}, TypeError, r"expected net to be a Network, got 3"),
        ({"X": [[1.0, 2.0]]}, ValueError, r"expected X of shape \(B, 6\), at least one row, got "),
        ({"X": np.full((2, 6), np.nan)}, ValueError, r"expected X to be finite, got nan at X\[0, "),
        ({"target": None}, TypeError, r"the number of one of 3 outputs, .* got None"),
        ({"target": 3}, ValueError, r"the number of one of 3 outputs, .* got 3"),
        ({"target": [0, 1]}, ValueError, r"13 such numbers, one for each row, .* got \[0, 1\]"),
        ({"target": 0.5}, TypeError, r"got 0.5"),
        ({"target": "best"}, ValueError, r"or 'predicted', got 'best'"),
        (
            {"method": "shap"},
            ValueError,
            r"expected method to be one of saliency, gradient_x_input",
        ),
        ({"output": "class"}, ValueError, r"expected output to be one of logit, probability, outp"),
        ({"output": "probability"}, ValueError, r"attribution\(\.\.\., loss='cross_entropy'\)"),
        (
            {"output": "loss", "target": np.ones(13)},
            ValueError,
            r"expected loss to be what the network was trained with",
        ),
        ({"output": "loss", "loss": "mse", "target": None}, TypeError, r"expected target to be y"),
        ({"output": "loss", "loss": "mse", "target": [1]}, ValueError, r"with 13 rows as X has"),
        (
            {"output": "loss", "loss": len, "target": np.ones(13)},
            TypeError,
            r"expected one of wbcore.losses",
        ),
        ({"baseline": [1.0]}, ValueError, r"an array of shape \(6,\) or \(13, 6\), got shape \(1,"),
        ({"baseline": "median"}, ValueError, r"expected baseline to be an array or mean, got 'me"),
        ({"n_steps": 0}, ValueError, r"expected n_steps to be an integer from 1 to 1000, got 0"),
        ({"tolerance": 0.0}, ValueError, r"expected tolerance to be a number above 0, got 0.0"),
        ({"groups": [[0], [0]]}, ValueError, r"with no column twice, got column 0 twice"),
        ({"groups": []}, ValueError, r"got none"),
        ({"groups": {"a": []}}, ValueError, r"got a group of no column"),
        ({"groups": {"a": ["z"]}}, ValueError, r"got a column 'z'"),
        ({"groups": [0, 1]}, ValueError, r"an array of 6 numbers of groups"),
        ({"groups": "ab"}, TypeError, r"expected groups to be a dict"),
        ({"groups": [[6]]}, ValueError, r"every column of groups to be an integer from 0 to 5"),
        ({"groups": [[0]], "method": "saliency"}, ValueError, r"expected no groups with saliency"),
        ({"feature_names": ["a"]}, ValueError, r"expected feature_names to be 6 distinct names"),
    ],
)
def test_what_is_refused(X, change, error, message):
    arguments = {"net": network((6, 5, 3), "relu"), "X": X, "target": 1, **change}
    with pytest.raises(error, match=r"^\[attribution\] .*" + message):
        attribution(**arguments)


def test_outputs_beyond_float64_are_refused():
    net = wb.Network([wb.Dense(1, 1, "exp", initializer="ones")])
    with pytest.raises(ValueError, match=r"expected outputs to be finite in float64, got those of"):
        attribution(net, [[1.0], [800.0]], output="output")


def test_of_an_estimator_its_network_is_asked_for():
    class Fitted:
        network_ = None

    with pytest.raises(TypeError, match=r"; pass its network_$"):
        attribution(Fitted(), [[1.0]])


@pytest.mark.parametrize("method", ["saliency", "integrated_gradients", "occlusion"])
@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
@pytest.mark.parametrize("baseline", [None, "mean"])
def test_a_sparse_x_is_its_rows(X, method, kind, baseline, monkeypatch):
    X[np.abs(X) < 1] = 0
    net = network([6, 5, 3], "tanh")
    given = {"target": "predicted", "method": method, "baseline": baseline}
    wanted = attribution(net, X, **given)
    found = attribution(net, kind(X), **given)
    if baseline is None:
        assert (found.values == wanted.values).all()
    # sums over columns are added up in another order
    assert found.baseline == pytest.approx(wanted.baseline, rel=1e-14, abs=1e-15)
    assert found.values == pytest.approx(wanted.values, abs=1e-9)
    monkeypatch.setattr(attribution_methods, "_AT_ONCE", 1)  # a row at a time
    assert attribution(net, kind(X), **given).values == pytest.approx(wanted.values, abs=1e-9)


def test_a_number_that_is_not_finite_is_named_by_its_row(X, monkeypatch):
    net = network([6, 5, 1], "relu")
    X[9, 2] = np.inf
    monkeypatch.setattr(attribution_methods, "_AT_ONCE", 1)
    for given in (X, sparse.csr_array(X)):
        with pytest.raises(ValueError, match=r"expected X to be finite, got inf at X\[9, 2\]"):
            attribution(net, given)
    with pytest.raises(ValueError, match=r"expected X of shape \(B, 6\), at least one row, got"):
        attribution(net, sparse.csr_array((3, 5)))


@pytest.mark.parametrize(
    ("activation", "value"),
    [("relu", np.nan), ("relu", np.inf), ("relu", 1e308), ("tanh", np.nan), ("tanh", np.inf)],
)
@pytest.mark.parametrize("method", ["saliency", "integrated_gradients", "occlusion"])
def test_parameters_of_which_nothing_can_be_computed(X, activation, method, value):
    net = network([6, 5, 3], activation)
    net[0].weights[:2] = net[1].weights[1] = value
    message = r"^\[attribution\] expected (outputs of the network|sums and gradients)"
    with pytest.raises(ValueError, match=message):
        attribution(net, X, target=1, method=method)


def test_large_values_have_finite_means():
    net = network([6, 5, 1], "relu")
    net[1].weights[...] = 1e300
    table = attribution(net, [[1.0] * 6, [2.0] * 6]).table()
    for name in ("mean", "mean_abs", "std"):
        assert np.isfinite(table[name]).all()
    assert max(table["std"]) > 1e298
