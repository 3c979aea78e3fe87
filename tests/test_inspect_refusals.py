"""Whatever is given to `wbcore.inspect` in place of a network, a history or an array is refused.

By a message that names the function and the argument, and never by an error from within.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.neural_network import MLPClassifier as OfOthers

import wbcore as wb
from wbcore import inspect
from wbcore.histogram import Histogram
from wbcore.inspect import Table
from wbcore.sklearn import MLPClassifier

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
Y = np.arange(24) % 3
NET = wb.Network.mlp([3, 4, 3], seed=0)
HISTORY = NET.fit(X, Y, loss="cross_entropy", epochs=2, batch_size=8, track="epoch")
LOOP: list[object] = []
LOOP.append(LOOP)
NUMBERS = wb.Network.mlp([3, 4, 1], seed=0)
ESTIMATOR = MLPClassifier(max_iter=1, hidden_layer_sizes=(2,), random_state=0)
ESTIMATOR.partial_fit(X, Y, classes=[0, 1, 2])
FROZEN = NET.freeze()

NO_NETWORK = [None, 5, "x", [], FROZEN, ESTIMATOR, wb.Network, HISTORY, OfOthers(), object()]
NO_ARRAY = [
    None, 5, "x", [], FROZEN, ESTIMATOR, {"a": 1}, object(), [[1], [1, 2]], np.array(["a", "b"]),
    np.full((24, 3), np.nan), np.zeros((24, 0)), np.zeros((0, 3)), np.zeros((24, 7)),
    np.zeros((2, 3, 4)), X.astype(complex), len,
]  # fmt: skip
NO_LOSS = [
    -1, 1.5, np.nan, "x", "", b"mse", [], ["mse"], {}, {"mse"}, object(), X, wb.losses.MSE, NET,
    np.array("mse"), np.array(["mse"]), wb.Network, wb.metrics.R2(), "mse(1)", "mse[nan]",
]  # fmt: skip
NO_GROUPS = [
    -1, 1.5, np.nan, "x", "", b"x", b"xyz", [], (), {}, object(), len, int, wb.Network, FROZEN,
    HISTORY, [[]], [9], [None], [1.5], [np.nan] * 3, [np.nan, 0, 1], np.full(3, np.nan), ["q"],
    np.array(1), np.array(None), np.zeros(3), np.zeros((3, 3)), np.zeros(7, int), X, [True] * 3,
    [[1], [2, [0]]], [[[0]], "x0", None], [[0], [1, 3]], [[-1]], [[0], [0]], {"a": [0], "b": [0]},
    {"a": None}, {"a": []}, {"a": {}}, {"a": {0}}, {"a": [[0, 1], [2]]}, {"a": np.nan}, {"a": "q"},
    {"a": object()}, [10**400], [{}], [2**63] * 4, LOOP, csr_matrix(X), (len for _ in range(3)),
]  # fmt: skip
NO_LIST = [5, 2.5, object(), len, FROZEN, {"a": 1}]


def refused(operation, call, values, **allowed):
    """All of the values are, but for those of `allowed`, by name."""
    for value in values:
        if any(value is one for one in allowed.values()):
            call(value)
            continue
        with pytest.raises((TypeError, ValueError)) as error:
            call(value)
        assert str(error.value).startswith(f"[{operation}"), (value, error.value)


def of(function, **given):
    """A call of the function with one argument changed."""
    return lambda name: lambda value: function(**(given | {name: value}))


DATA = {"X": X, "y": Y, "loss": "cross_entropy"}
WITH_NETWORKS = {
    "parameter_table": of(inspect.parameter_table),
    "digest": of(inspect.digest),
    "weight_bias_correlation": of(inspect.weight_bias_correlation),
    "unit_table": of(inspect.unit_table, net=NET, **DATA),
    "activations": of(inspect.activations, net=NET, **DATA),
    "profile": of(inspect.profile, net=NET, repeats=1, **DATA),
    "worst_predictions": of(inspect.worst_predictions, net=NET, **DATA),
    "confused_pairs": of(inspect.confused_pairs, net=NET, **DATA),
    "error_by_quantile": of(
        inspect.error_by_quantile, net=NUMBERS, X=X, y=X[:, 0], loss="mse", bins=2
    ),
    "attribution": of(inspect.attribution, net=NET, X=X, target=0),
    "step": of(inspect.step, net=NET, x=X[:2], y=Y[:2], loss="cross_entropy"),
    "trace": of(inspect.trace, net=NET, x=X[0]),
}


@pytest.mark.parametrize("operation", WITH_NETWORKS)
def test_what_is_no_network(operation):
    refused(operation, WITH_NETWORKS[operation]("net"), NO_NETWORK)
    with pytest.raises(
        TypeError, match=r"expected net to be a Network, got .*; pass its network_$"
    ):
        WITH_NETWORKS[operation]("net")(ESTIMATOR)


def test_what_is_no_network_of_permutations():
    functions = [FROZEN, wb.Network, len]  # which may be one; what they give has no metric then
    call = of(inspect.permutation_importance, net=NET, n_repeats=1, **DATA)
    refused("permutation_importance", call("net"), [*NO_NETWORK, *functions])


@pytest.mark.parametrize(
    "operation", ["unit_table", "activations", "profile", "worst_predictions", "confused_pairs",
                  "error_by_quantile"]
)  # fmt: skip
def test_what_is_no_x_and_no_y(operation):
    for name in ("X", "y"):
        # without them there is less in the first two tables
        may = {"none": None} if operation in ("unit_table", "activations") and name == "y" else {}
        refused(operation, WITH_NETWORKS[operation](name), NO_ARRAY, **may)


def test_what_is_no_x_and_no_y_of_others():
    permuted = of(inspect.permutation_importance, net=NET, n_repeats=1, **DATA)
    for name in ("X", "y"):
        refused("permutation_importance", permuted(name), NO_ARRAY)
    refused("attribution", WITH_NETWORKS["attribution"]("X"), NO_ARRAY)
    for name in ("x", "y"):
        refused("step", WITH_NETWORKS["step"](name), NO_ARRAY)
    refused("trace", WITH_NETWORKS["trace"]("x"), NO_ARRAY)


def test_names_and_numbers():
    for operation in ("worst_predictions", "confused_pairs"):
        refused(operation, WITH_NETWORKS[operation]("class_names"), [*NO_LIST, [], "abc"])
        refused(operation, WITH_NETWORKS[operation]("n"), ["x", [], {}, 0, -1, 1.5, FROZEN])
    permuted = of(inspect.permutation_importance, net=NET, n_repeats=1, **DATA)
    for call, operation in (
        (WITH_NETWORKS["attribution"], "attribution"),
        (permuted, "permutation_importance"),
    ):
        refused(operation, call("feature_names"), [*NO_LIST, [], "abc"])
        refused(operation, call("groups"), NO_GROUPS)
        refused(operation, call("loss"), NO_LOSS)
    of_function = of(
        inspect.permutation_importance, net=NET.predict, metric=lambda a, t: 0.0, X=X, y=Y
    )
    refused("permutation_importance", of_function("loss"), NO_LOSS)
    refused("permutation_importance", permuted("metric"), [5, "x", [], {}, X, wb.Network])
    refused("permutation_importance", permuted("train"), [5, "x", (1, 2), (X, 5), (None, None)])


@pytest.mark.parametrize("function", [inspect.weight_changes, inspect.bias_changes])
def test_what_is_no_history_of_changes(function):
    refused(function.__name__, function, [None, 5, "x", [], FROZEN, NET, ESTIMATOR, object()])
    with pytest.raises(
        TypeError, match=r"expected history to be a History, got .*pass its history"
    ):
        function(NET)


OTHERS = {
    "replay": of(HISTORY.replay, X=X, y=Y),
    "fork": of(inspect.fork, history=HISTORY, X=X, y=Y, at=0),
    "influence": of(inspect.influence, history=HISTORY, X=X, y=Y, evaluation_data=(X, Y), rows=[1]),
    "find_divergence": of(inspect.find_divergence, history=HISTORY, X=X, y=Y),
    "batch_of": of(inspect.batch_of, history=HISTORY, X=X, y=Y),
}


@pytest.mark.parametrize("operation", OTHERS)
def test_what_is_done_again(operation):
    call = OTHERS[operation]
    for name in ("X", "y"):
        refused(operation, call(name), NO_ARRAY)
    refused(operation, call("sample_weight"), [5, "x", [], X, np.ones(24), object()])
    if operation != "replay":
        refused(operation, call("history"), [None, 5, "x", [], FROZEN, NET, ESTIMATOR])
        refused(operation, call("functions"), [5, "x", [1], {"q": len}, {5: len}, {"loss": 5}])


def test_the_arguments_of_influence():
    call = OTHERS["influence"]
    refused("influence", call("rows"), [*NO_LIST, "x", [99], [1.5], ["a"]])
    shut = ThreadPoolExecutor(1)
    shut.shutdown()
    no_executor = [0, 5, "", "loky", [], {}, X, X[0, 0], len, lambda a: a, shut]
    refused("influence", call("executor"), [*no_executor, dict, {}.copy, lambda: shut])
    refused("influence", call("folder"), [5, [], {}, FROZEN, "a\0b", "\ud800", Path("\ud800")])
    refused("influence", call("evaluation_data"), [None, 5, "xy", [], (X,), (5, None)])
    with pytest.raises(TypeError, match=r"\[influence\] expected rows to be a list of rows of X,"):
        call("rows")(5)
    with pytest.raises(TypeError, match=r"\[influence\] expected folder to be a path, got 5"):
        call("folder")(5)


def test_what_is_no_run_of_two():
    run = (HISTORY, X, Y)
    refused(
        "first_difference",
        lambda value: inspect.first_difference(value, run),
        [None, 5, "x", [], FROZEN, HISTORY, (X, Y, HISTORY), (None, X, Y), (HISTORY, None, Y)],
    )
    refused(
        "first_difference",
        lambda value: inspect.first_difference(run, (*run, value)),
        [5, "x", [1], {"q": 1}, {5: 1}, {"loss": len}],
    )
    with pytest.raises(ValueError, match="each name of others of run_b to be one of sample_weight"):
        inspect.first_difference(run, (*run, {"weights": Y}))


def test_what_is_no_kind_of_runs():
    refused("compare", inspect.compare, [None, 5, "x", [], {}, {"a": 5}, {"a": None}, {"a": "xy"}])
    for net in NO_NETWORK:
        refused("compare", lambda pairs: inspect.compare({"a": pairs}), [[(net, 1.0)]])
    refused("compare", lambda score: inspect.compare({"a": [(NET, score)]}), [None, "1", np.nan, X])


def test_what_is_no_table():
    good = {"columns": ["a", "b"], "rows": [[1, 2]]}
    call = of(Table, **good)
    refused("Table", call("columns"), [*NO_LIST, None, "ab", [1, 2], [["a"], "b"], ["a", "a"]])
    refused("Table", call("rows"), [*NO_LIST, None, "ab", [1], ["ab"], [None], [[1]], [[1, 2, 3]]])
    refused("Table", call("title"), [None, 5, ["x"]])
    refused("Table", call("note"), [None, 5, ["x"]])
    for name in ("printed", "spare", "undefined"):
        refused("Table", call(name), [*NO_LIST, "a", [1], ["c"]])
    for column in ("c", None, 5, X, ["a"], FROZEN):
        with pytest.raises(KeyError, match=r"\[Table\] expected one of the columns a, b, got "):
            Table(**good)[column]


def test_what_is_no_histogram():
    for values in (None, "x", {"a": 1}, [[1], [1, 2]], 1j, [1, None]):
        with pytest.raises((TypeError, ValueError), match=r"^\[Histogram\] expected values to be"):
            Histogram.of(values)
    good = {"bins": [1, 2], "counts": [3, 4], "zeros": 1, "min": 0.0, "max": 1.0}
    call = of(Histogram, **good)
    wholes = [None, "x", 5, [1], [1.5, 2.5], [[1, 2]], ["a", "b"], [1, 2**70], [-2, -1], {}]
    for name in ("bins", "counts"):
        refused("Histogram", call(name), wholes)
    refused("Histogram", call("bins"), [[2, 1], [1, 1], [4095, 4096]])
    refused("Histogram", call("zeros"), [None, "x", -1, 1.5])
    for name in ("min", "max"):
        refused("Histogram", call(name), [None, "x", [1], True])
    for q in (None, "x", -0.1, 1.1, np.nan, [2], True):
        with pytest.raises((TypeError, ValueError), match=r"^\[quantile\] expected q to be"):
            Histogram(**good).quantile(q)


@pytest.mark.parametrize("output", ["logit", "probability", "output", "loss"])
def test_what_is_no_loss_of_an_attribution(output):
    """Also where F is not the loss, which then is not asked for."""
    call = of(inspect.attribution, net=NET, X=X, target=Y, output=output, method="saliency")("loss")
    refused("attribution", call, [*NO_LOSS, len, lambda a, t: (0.0, a)])
    with pytest.raises(ValueError, match=r"expected loss to be one of mse, .* got 'x'"):
        call("x")
    call("cross_entropy")


def test_what_are_no_findings():
    found = inspect.Finding("WB-DEAD", "warning", "all of them")
    wrong = inspect.Finding("WB-DEAD", "loud", "all of them")
    refused("Findings", inspect.Findings, [*NO_LIST, None, "ab", [1], [found, None], [wrong]])
    refused("Findings", of(inspect.Findings)("not_looked_at"), [*NO_LIST, None, "ab"])


def test_what_is_no_path():
    call = of(inspect.parameter_table(NET).to_csv)("path")
    refused("to_csv", call, [5, [], {}, X, FROZEN, len, "a\0b", "\ud800", Path("\ud800")])
