"""What `check` and `diagnose` say of data: weak and shuffled labels, one target, leaks, weights."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

import wbcore as wb
from wbcore.inspect import check, diagnose
from wbcore.inspect.findings import chance, noise
from wbcore.inspect.findings.copies import Copies
from wbcore.inspect.findings.data import Data
from wbcore.inspect.findings.yardstick import Yardstick

pytestmark = pytest.mark.filterwarnings("ignore::wbcore.TrainingWarning")


def by_heart(X, y, loss="cross_entropy", hidden=64, epochs=60, **options):
    """What is said of a network that was trained on these rows."""
    outputs = 1 if loss != "cross_entropy" else int(y.max()) + 1
    net = wb.Network.mlp([X.shape[1], hidden, outputs], seed=0)
    history = net.fit(X, y, loss=loss, optimizer=wb.Adam(0.01), epochs=epochs)
    return diagnose(net, history, X, y, **options).with_code("WB-LABELS")


def linear(seed, share_right, n=750):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 10))
    y = X @ rng.normal(size=10) > 0
    return X, np.where(rng.random(n) < share_right, y, ~y).astype(np.int64)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_labels_that_are_right_in_60_percent_are_no_error(seed):
    X, y = linear(seed, 0.6)
    for held_out in (None, linear(seed + 9, 0.5)):  # a validation that is predicted no better
        found = by_heart(X, y, validation_data=held_out)
        assert all(finding.severity != "error" for finding in found)


def test_shuffled_labels_by_heart_are_no_note():
    """Where unseen rows are predicted a little better than by chance, by chance."""
    rng = np.random.default_rng(22)
    X = rng.normal(size=(240, 5))
    y = (rng.permutation(240) < 120).astype(np.int64)
    (finding,) = by_heart(X, y)
    assert 2 <= finding.numbers["deviations"] < 3
    assert finding.severity == "warning"
    assert "hardly better than for shuffled labels" in finding.evidence
    assert finding.evidence.endswith("wrong of them, so it knows them by heart")
    net = wb.Network.mlp([5, 64, 2], seed=0)  # one that knows nothing by heart
    found = diagnose(net, None, X, y, loss="cross_entropy")
    (finding,) = found.with_code("WB-LABELS")
    assert finding.severity == "note"
    assert finding.advice
    assert found.verdict == "nothing wrong was found for sure; 1 note: WB-LABELS"


def test_shuffled_labels_are_named_before_over_fitting():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 5))
    y = (X[:, 0] > 0).astype(np.int64)
    net = wb.Network.mlp([5, 64, 2], seed=0)
    train = X[:300], rng.permutation(y[:300])
    history = net.fit(*train, loss="cross_entropy", optimizer=wb.Adam(0.01), epochs=60)
    found = diagnose(net, history, *train, validation_data=(X[300:], y[300:]))
    codes = [finding.code for finding in found if finding.severity != "note"]
    assert codes == ["WB-LABELS", "WB-OVERFIT"]


def test_shuffled_labels_are_no_note_where_validation_is_over_fitted():
    """Where one direction tells all, labels that go with it by chance go with validation, too."""
    X, y = load_breast_cancer(return_X_y=True)
    rng = np.random.default_rng(4)
    order = rng.permutation(len(X))
    X, y = X[order], y[order]
    X = (X - X[:426].mean(axis=0)) / X[:426].std(axis=0)
    train, rest = (X[:426], rng.permutation(y[:426])), (X[426:], y[426:])
    net = wb.Network.mlp([30, 32, 2], seed=4)
    history = net.fit(*train, loss="cross_entropy", optimizer="adam(0.01)", epochs=100, seed=4)
    found = diagnose(net, history, *train, validation_data=rest)
    labels, over_fitted = found[:2]
    assert (labels.code, labels.severity) == ("WB-LABELS", "warning")
    assert 2 <= labels.numbers["deviations"] < 3
    assert "% of the validation rows" in labels.evidence
    assert over_fitted.code == "WB-OVERFIT"
    assert over_fitted.advice.startswith("first what WB-LABELS says: ")
    assert "EarlyStopping" in over_fitted.advice


@pytest.mark.parametrize("seed", [0, 2, 4])
def test_numbers_of_which_little_can_be_told_are_no_error(seed):
    rng = np.random.default_rng(seed)
    X, slopes = rng.normal(size=(750, 10)), rng.normal(size=10)
    explained = X @ (0.22 * slopes / np.linalg.norm(slopes))  # 5 % of the variance
    y = explained + 0.97 * rng.normal(size=750)
    assert all(f.severity != "error" for f in by_heart(X, y, "mse", hidden=128))


def test_a_weak_relation_of_many_rows_is_none():
    assert not by_heart(*linear(0, 0.65), hidden=8, epochs=2)


def test_shuffled_labels_are_an_error_where_they_were_learned_by_heart():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(700, 8)), rng.integers(0, 2, 700)
    held_out = rng.normal(size=(100, 8)), rng.integers(0, 2, 100)
    (finding,) = by_heart(X, y, validation_data=held_out)
    assert finding.severity == "error"
    assert "so it knows them by heart, and " in finding.evidence
    assert "% of the validation rows" in finding.evidence
    (finding,) = by_heart(X, y, hidden=4, epochs=1)  # this one has learned nothing
    assert finding.severity == "warning"
    assert "heart" not in finding.evidence


def test_few_rows_of_many_columns_are_no_evidence():
    """Of 400 rows and ten columns a weak relation could not be seen: a warning at most."""
    rng = np.random.default_rng(1)
    (finding,) = by_heart(rng.normal(size=(400, 10)), rng.integers(0, 2, 400))
    assert finding.numbers["deviations"] < 0.5
    assert finding.numbers["skill"] > 0.5
    assert finding.severity == "warning"


def test_what_is_predicted_in_validation_was_not_learned_by_heart_alone():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(700, 8)), rng.integers(0, 2, 700)
    a_third_wrong = np.where(rng.random(700) < 0.38, 1 - y, y)
    for validation, severity in ((None, "error"), ((X, a_third_wrong), "warning")):
        (finding,) = by_heart(X, y, validation_data=validation)
        assert finding.severity == severity


def test_two_halves_count_once():
    """Predictions by covariances: what one half says of the other is what that says of it."""
    rng = np.random.default_rng(0)
    X, found = rng.normal(size=(60, 5)), []
    for _ in range(400):
        y = rng.normal(size=60)
        values = np.r_[X[:30] @ (X[30:].T @ y[30:]), X[30:] @ (X[:30].T @ y[:30])]
        found.append(noise.of_halves(Yardstick(values=values[:, None]), y[:, None]))
    assert abs(np.mean(found)) < 0.2
    assert 0.85 < np.std(found) < 1.15


def test_shuffled_answers_of_several_outputs_are_found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6))
    y = np.stack([X[:, 0] > 0, X[:, 1] > 0, X[:, 2] > 1], axis=1).astype(float)
    net = wb.Network.mlp([6, 16, 3], seed=0)
    loss = "binary_cross_entropy"
    assert "WB-LABELS" not in diagnose(net, None, X, y, loss=loss)
    assert "WB-LABELS" in diagnose(net, None, X, rng.permutation(y), loss=loss)


def test_moments_over_permutations_are_exact():
    """Over all 24 permutations of 4 rows."""
    from itertools import permutations

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 2)) ** 3, rng.exponential(size=(4, 3))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    all_of_them = [np.sum((x.T @ y[list(order)]) ** 2) for order in permutations(range(4))]
    moments = chance._moments(4, chance._traces(x), chance._traces(y))
    np.testing.assert_allclose(moments, (np.mean(all_of_them), np.var(all_of_them)))
    products = [np.sum(x[:, :1] * y[list(order), :1]) for order in permutations(range(4))]
    found = chance.of_predictions(x[:, :1], y[:, :1])
    np.testing.assert_allclose(found, products[0] / np.std(products))


def test_nothing_to_go_with_is_no_deviation():
    x = np.ones((9, 2))
    assert chance.of_columns(x, x) == (0, 0)
    assert chance.of_predictions(x, x) == 0
    assert chance.of_columns(x[:3], x[:3]) == (0, 0)


# loss, outputs, the target of all rows, and that of another row
CONSTANT = {
    "a number": ("mse", 1, 5.0, 6.0),
    "numbers": ("mse", 2, [1.0, 2.0], [3.0, 4.0]),
    "a class": ("cross_entropy", 3, 1, 0),
    "rows of a class": ("cross_entropy", 3, [0, 1, 0], [0, 0, 1]),
    "an answer": ("binary_cross_entropy", 1, 0, 1),
    "a sign": ("hinge", 1, -1, 1),
    "a count": ("poisson", 1, 3, 4),
    "quantiles": ("quantile(0.1, 0.9)", 2, 3.0, 4.0),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_one_target_for_all_rows_is_an_error(name):
    loss, outputs, target, other = CONSTANT[name]
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.array([target] * 40)
    net = wb.Network.mlp([3, 8, outputs], seed=0)
    for found in (check(net, X, y, loss=loss), diagnose(net, None, X, y, loss=loss)):
        (finding,) = found.with_code("WB-TARGET-CONSTANT")
        assert finding.severity == "error"
        assert "all 40 rows" in finding.evidence
        assert "WB-CLASSES" not in found
    assert "WB-TARGET-CONSTANT" not in check(net, X[:4], y[:4], loss=loss)
    y[7] = other
    assert "WB-TARGET-CONSTANT" not in check(net, X, y, loss=loss)


def test_targets_that_are_one_in_float32_are_one():
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = 1 + 1e-9 * X[:, 0]
    for dtype, there in (("float32", True), ("float64", False)):
        found = check(wb.Network.mlp([3, 8, 1], seed=0, dtype=dtype), X, y, loss="mse")
        assert ("WB-TARGET-CONSTANT" in found) == there


@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_of_one_target_nothing_is_missed(loss):
    """The mean of 120 times 0.7 is not 0.7."""
    X = np.random.default_rng(0).normal(size=(120, 3))
    y = np.full(120, 0.7)
    found = diagnose(wb.Network.mlp([3, 8, 1], seed=0), None, X, y, loss=loss)
    assert found.codes == ("WB-TARGET-CONSTANT",)


def test_some_constant_targets_are_a_warning():
    X = np.random.default_rng(0).normal(size=(40, 3))
    net = wb.Network.mlp([3, 8, 2], seed=0)
    (finding,) = check(net, X, np.c_[X[:, 0], np.ones(40)], loss="mse")
    assert (finding.code, finding.severity) == ("WB-TARGET-CONSTANT", "warning")
    assert finding.numbers["targets"] == [1]
    found = check(net, X, np.c_[X[:, 0] > 0, np.ones(40)], loss="binary_cross_entropy")
    assert found.codes == ("WB-TARGET-CONSTANT",)
    net = wb.Network.mlp([3, 8, 3], seed=0)  # a class without rows is WB-CLASSES
    assert check(net, X, X[:, 0] > 0, loss="cross_entropy").codes == ("WB-CLASSES",)


def leak(X, V, dtype="float32", **options):
    net = wb.Network.mlp([X.shape[1], 8, 2], seed=0, dtype=dtype)
    y = np.arange(len(X)) % 2
    validation = V, np.arange(len(V)) % 2
    options = {"loss": "cross_entropy", "validation_data": validation, **options}
    return check(net, X, y, **options).with_code("WB-LEAK")


NOISES = {
    "none": lambda V, rng: V,
    "1e-9": lambda V, rng: V + 1e-9 * rng.normal(size=V.shape),
    "1e-6": lambda V, rng: V + 1e-6 * rng.normal(size=V.shape),
    "relative 1e-6": lambda V, rng: V * (1 + 1e-6 * rng.normal(size=V.shape)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("columns", "noise"),
    [
        *[("measured", noise) for noise in NOISES],
        *[("rounded", noise) for noise in NOISES],
        ("one", "none"),  # of a single measurement 1e-6 is no copy
        ("one", "1e-9"),
    ],
)
def test_copies_are_found_but_for_next_to_nothing(columns, noise, dtype):
    rng = np.random.default_rng(0)
    X, V = rng.normal(size=(300, 12)), rng.normal(size=(100, 12))
    if columns == "rounded":
        X, V = np.round(X, 1), np.round(V, 1)
    elif columns == "one":
        X[:, 1:], V[:, 1:] = np.round(X[:, 1:]), np.round(V[:, 1:])
    V[:20] = X[40:60]
    V = NOISES[noise](V, rng)
    (finding,) = leak(X, V, dtype)
    assert finding.numbers["shared"] == 20
    assert finding.numbers["rows"] == list(range(20))
    assert ("but for a millionth or so" in finding.evidence) == (finding.numbers["to_the_bit"] < 20)
    assert finding.numbers["to_the_bit"] == 20 or noise != "none"


@pytest.mark.parametrize("kind", ["integers", "categories", "one column", "two columns", "skewed"])
@pytest.mark.parametrize("seed", range(4))
def test_rows_that_are_near_by_nature_are_no_leak(kind, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1500, {"one column": 1, "two columns": 2}.get(kind, 4)))
    if kind == "integers":
        X = np.round(3 * X)
    elif kind == "categories":
        X = np.c_[rng.integers(0, 3, (1500, 5)), X[:, :1]]
    elif kind == "skewed":
        X = np.round(np.exp(3 * X))  # whole numbers far below the spread
    assert not leak(X[:1000], X[1000:])
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    assert not leak(scaled[:1000], scaled[1000:], "float64")


REPEATED = {
    "all 2 times": lambda X: np.repeat(X, 2, axis=0),
    "all 4 times": lambda X: np.repeat(X, 4, axis=0),
    "all 10 times": lambda X: np.repeat(X, 10, axis=0),
    "a tenth twice": lambda X: np.r_[X, X[:30]],
    "half twice": lambda X: np.r_[X, X[:150]],
    "a rare class oversampled": lambda X: np.r_[X, np.repeat(X[:20], 12, axis=0)],
    "but for 1e-6": lambda X: np.repeat(X, 4, axis=0) + 1e-6 * np.arange(4).repeat(300)[:, None],
}


@pytest.mark.parametrize("columns", [3, 6])
@pytest.mark.parametrize("repeated", REPEATED)
def test_measurements_that_were_repeated_before_the_split_are_a_leak(repeated, columns):
    """However many copies lie within the training: no two rows are equal by nature."""
    rng = np.random.default_rng(0)
    X = rng.permutation(REPEATED[repeated](rng.normal(size=(300, columns))))
    (finding,) = leak(X[: len(X) * 2 // 3], X[len(X) * 2 // 3 :])
    assert finding.numbers["share"] > 0.05


def things(kind, rng):
    """Rows of a few things, and a target of each row."""
    if kind == "replicates":
        X = np.repeat(rng.normal(size=(150, 4)), 2, axis=0)
        return X, X[:, 0] + 0.1 * rng.normal(size=300)
    X = rng.normal(size=(100, 8))[rng.integers(0, 100, 300)]
    return X, X[:, 0] + rng.normal(size=300) > 1


@pytest.mark.parametrize("kind", ["replicates", "embeddings"])
def test_records_of_the_same_things_are_a_note_unless_they_are_copies(kind):
    rng = np.random.default_rng(0)
    X, y = things(kind, rng)
    order = rng.permutation(300)
    net = wb.Network.mlp([X.shape[1], 8, 1], seed=0)

    def found(y):
        train, rest = order[:200], order[200:]
        validation = X[rest], y[rest].astype(np.float32)
        found = check(net, X[train], y[train], loss="mse", validation_data=validation)
        return found.with_code("WB-LEAK")[0]

    note = found(y.astype(float))
    assert note.severity == "note"
    assert " of those shared have another target there" in note.evidence
    assert note.advice.startswith("where equal rows are records of one thing")
    copied = found(X[:, 0])
    assert copied.severity == "error"
    assert copied.evidence.endswith(" among themselves: copies that were made before the split")


ONE_HOT = [3, 4, 5, 6]


def categories(rng, n):
    return np.column_stack([np.eye(k)[rng.integers(0, k, n)] for k in ONE_HOT])


def inactive(rng, n):
    return rng.normal(size=(n, 6)) * (rng.random((n, 1)) < 0.7)


def functions(rng, n):
    whole = rng.integers(0, 300, n)
    return np.c_[whole, whole**2, np.log1p(whole), np.sqrt(whole)]


def hours(rng, n):
    angle = rng.integers(0, 24, n) * np.pi / 12
    return np.c_[np.sin(angle), np.cos(angle), rng.integers(0, 7, n)]


def products(rng, n):
    bits = rng.integers(0, 2, (n, 10))
    return np.c_[bits, bits[:, :9] * bits[:, 1:], bits[:, :8] * bits[:, 2:]]


@pytest.mark.parametrize("made", [categories, inactive, functions, hours, products])
def test_rows_that_are_equal_by_nature_are_no_leak(made):
    """Columns that go with others do not tell rows apart, and one row may be there often."""
    X = made(np.random.default_rng(0), 900)
    assert len(np.unique(X, axis=0)) < len(X) - 100
    assert not leak(X[:600], X[600:])


def test_rows_that_are_there_twice_by_nature_are_no_leak():
    """Wherever they are parted: as many lie within the training."""
    rng = np.random.default_rng(0)
    measured = rng.permutation(np.tile(rng.normal(size=(150, 2)), (2, 1)))
    assert not leak(measured[:200], measured[200:])  # of two columns nobody knows
    # four pairs between the two of few rounded rows, and none within the training
    rounded = rng.permutation(np.arange(400))[:100, None] * np.array([1.0, 0.0])
    assert not leak(rounded[:70], np.r_[rounded[:4], rounded[70:]])
    assert leak(rounded[:70], np.r_[rounded[:12], rounded[70:]])


def test_how_near_a_copy_is():
    rng = np.random.default_rng(0)

    def copies(columns, dtype="float32"):
        X = rng.normal(size=(500, columns))
        data = Data("check", "X", X, np.zeros(500), inputs=columns, seed=0)
        return X, Copies(data, np.dtype(dtype))

    for columns, near in ((1, 3e-7), (2, 1e-5)):
        X, found = copies(columns)
        assert all(found.near(X + near))
        assert sum(found.near(X + 10 * near)) < 25
        assert not any(found.near(X, itself=True))
        assert not any(found.near(rng.normal(size=(200, columns))))
    X, found = copies(1)
    assert all(found.equal(X.astype(np.float32)))
    assert 300 < sum(found.equal(X + 1e-9)) < 500
    X, found = copies(1, "float64")
    assert all(found.equal(X))
    assert not any(found.equal(X + 1e-9))


def test_weights_are_refused_as_by_fit():
    X = np.random.default_rng(0).normal(size=(40, 3))
    y, net = (X[:, 0] > 0).astype(np.int64), wb.Network.mlp([3, 8, 2], seed=0)
    refused = [
        {"sample_weight": [1]},
        {"sample_weight": -np.ones(40)},
        {"sample_weight": np.full(40, np.nan)},
        {"sample_weight": np.zeros(40)},
        {"sample_weight": "x"},
        {"sample_weight": np.ones((40, 1))},
        {"class_weight": {7: 2}},
        {"class_weight": {0: -1}},
        {"class_weight": "b"},
        {"class_weight": 3},
        {"validation_data": (X, y, [1])},
    ]
    for options in refused:
        with pytest.raises((TypeError, ValueError)) as of_fit:
            net.fit(X, y, loss="cross_entropy", epochs=1, **options)
        for call in ("check", "diagnose"):
            history = () if call == "check" else (None,)
            with pytest.raises(of_fit.type) as error:
                {"check": check, "diagnose": diagnose}[call](
                    net, *history, X, y, loss="cross_entropy", **options
                )
            said = str(error.value).replace(" to be an array", " as an array")
            assert said == str(of_fit.value).replace("[fit", f"[{call}")
    for options in ({"sample_weight": np.ones(40)}, {"class_weight": {0: 1, 1: 3}}):
        assert check(net, X, y, loss="cross_entropy", **options).ok
    with pytest.raises(ValueError, match=r"\[check\] expected class_weight with a loss of classes"):
        check(net, X, X[:, :2], loss="mse", class_weight="balanced")
    with pytest.raises(ValueError, match=r"\[check\] expected no class_weight with a function"):
        check(net, X, y, loss=lambda a, _: (0.0, 0 * a), class_weight="balanced")


@pytest.mark.parametrize(
    ("loss", "last", "outputs", "said"),
    [
        ("mse", "identity", 3, r"expected y of shape \(B, 3\), got int64 of shape \(40,\)"),
        ("cross_entropy", "sigmoid", 2, "expected a last layer with activation identity or softm"),
        ("hinge", "softmax", 2, "expected a last layer with activation identity or tanh"),
        ("quantile(0.1, 0.9)", "identity", 1, "expected a last layer with 2 outputs for each targ"),
    ],
)
def test_a_loss_that_does_not_suit_the_network_is_refused(loss, last, outputs, said):
    X = np.random.default_rng(0).normal(size=(40, 3))
    y = (X[:, 0] > 0).astype(np.int64)
    net = wb.Network.mlp([3, 8, outputs], output_activation=last, seed=0)
    with pytest.raises(ValueError, match=rf"^\[check\] {said}"):
        check(net, X, y, loss=loss)
    with pytest.raises(ValueError, match=rf"^\[diagnose\] {said}"):
        diagnose(net, None, X, y, loss=loss)


def test_a_hinge_takes_the_numbers_of_classes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    net = wb.Network.mlp([3, 16, 3], seed=0)
    history = net.fit(X, y, loss="hinge", optimizer=wb.Adam(0.01), epochs=40)
    assert diagnose(net, history, X, y).ok
    assert "WB-LABELS" in diagnose(net, history, X, rng.permutation(y))


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softsign", "softplus", "elu"])
def test_saturated_units_are_those_of_the_unit_table(activation):
    X = np.random.default_rng(0).normal(size=(100, 3))
    net = wb.Network.mlp([3, 8, 2], activation, seed=0)
    net[0].weights[...] *= 2
    net[0].biases[:7] = -30
    y = (X[:, 0] > 0).astype(np.int64)
    (finding,) = check(net, X, y, loss="cross_entropy").with_code("WB-SATURATED")
    shares = wb.inspect.unit_table(net, X, layer=0)["saturated"]
    assert finding.units == tuple(k for k, share in enumerate(shares) if share > 0.95)
    assert finding.units == tuple(range(7))
    np.testing.assert_allclose(finding.numbers["share"], np.mean(shares))


def yes_or_no(shares, n=4000):
    """Inputs, and an output for each share of the rows, told by a column of its own."""
    X = np.random.default_rng(0).normal(size=(n, len(shares) + 1))
    limits = [np.quantile(X[:, k], 1 - share) for k, share in enumerate(shares)]
    return X, (X[:, :-1] > limits).astype(float)


def test_a_rare_output_of_several_is_an_imbalance():
    X, Y = yes_or_no([0.5, 0.4, 0.01])
    net = wb.Network.mlp([4, 16, 3], seed=0)
    (finding,) = check(net, X, Y, loss="binary_cross_entropy").with_code("WB-IMBALANCE")
    assert finding.severity == "warning"
    assert finding.evidence == "output 2 is to be 1 in 40 of 4,000 rows (1.00%)"
    assert "Focal(alpha=0.75)" in finding.advice
    (finding,) = check(net, X, 1 - Y, loss="binary_cross_entropy").with_code("WB-IMBALANCE")
    assert finding.evidence == "output 2 is to be 0 in 40 of 4,000 rows (1.00%)"
    assert "Focal(alpha=0.25)" in finding.advice
    history = net.fit(X, Y, loss="binary_cross_entropy", epochs=1)
    (finding,) = diagnose(net, history, X, Y).with_code("WB-IMBALANCE")
    assert finding.severity == "warning"
    assert finding.evidence.endswith("; 0% of them are given that")
    focal = wb.losses.Focal(alpha=0.75)
    history = net.fit(X, Y, loss=focal, epochs=60, optimizer="adam(0.01)")
    (finding,) = diagnose(net, history, X, Y).with_code("WB-IMBALANCE")
    assert finding.severity == "note"
    assert finding.numbers["recall"] >= 0.8


def test_outputs_that_are_rare_by_nature_are_a_note_and_those_that_are_no_answers_none():
    X, Y = yes_or_no([0.01, 0.5, 0.98])
    net = wb.Network.mlp([4, 16, 3], seed=0)
    (finding,) = check(net, X, Y, loss="binary_cross_entropy").with_code("WB-IMBALANCE")
    assert finding.severity == "note"
    assert finding.numbers["outputs"] == [0, 2]
    assert "output 0 is to be 1 in 40" in finding.evidence
    assert finding.evidence.endswith("; 2 of 3 outputs are as rare")
    shares = np.where(Y == 1, 0.9, 0.0)
    assert "WB-IMBALANCE" not in check(net, X, shares, loss="binary_cross_entropy")
    pixels = wb.Network.mlp([3, 16, 3], seed=0)
    assert "WB-IMBALANCE" not in check(pixels, Y, Y, loss="binary_cross_entropy")


def test_saturation_by_an_initializer_is_a_warning_wherever_it_is():
    """Below 90 % of the outputs, and after all was learned; by the default one it is not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y = (X[:, 0] > 0).astype(np.int64)
    wide = wb.Network(
        [wb.Dense(2, 16, "tanh", initializer="normal(0, 8)"), wb.Dense(16, 2)], seed=0
    )
    (finding,) = check(wide, X, y, loss="cross_entropy").with_code("WB-SATURATED")
    assert finding.numbers["share"] < 0.9
    assert finding.severity == "warning"
    history = wide.fit(X, y, loss="cross_entropy", epochs=100, optimizer=wb.Adam(0.01))
    found = diagnose(wide, history, X, y)
    assert found.codes == ("WB-SATURATED",)
    assert found[0].severity == "warning"
    default = wb.Network.mlp([2, 16, 2], "tanh", seed=0)
    default.parameters[...] = wide.parameters
    (finding,) = check(default, X, y, loss="cross_entropy").with_code("WB-SATURATED")
    assert finding.severity == "note"
    other = wb.Network([wb.Dense(2, 16, "tanh", initializer="he"), wb.Dense(16, 2)], seed=0)
    (finding,) = check(other, 9 * X, y, loss="cross_entropy").with_code("WB-SATURATED")
    assert finding.severity == "note"  # by the inputs


def test_constant_targets_that_are_inputs_or_few_are_a_note():
    """As the pixels of an autoencoder that are always 0."""
    rng = np.random.default_rng(0)
    X = np.c_[rng.normal(size=(40, 4)), np.zeros(40)]
    found = check(wb.Network.mlp([5, 8, 5], seed=0), X, X, loss="mse")
    assert [f.severity for f in found.with_code("WB-TARGET-CONSTANT")] == ["note"]
    assert found.ok
    Y = X[:, [0, 4]]  # 0 is a column of X, but another one
    found = check(wb.Network.mlp([5, 8, 2], seed=0), X, Y, loss="mse")
    assert [f.severity for f in found.with_code("WB-TARGET-CONSTANT")] == ["warning"]
    Y = np.c_[rng.normal(size=(40, 9)), np.ones(40)]
    found = check(wb.Network.mlp([5, 8, 10], seed=0), X, Y, loss="mse")
    assert [f.severity for f in found.with_code("WB-TARGET-CONSTANT")] == ["note"]


def test_one_of_several_targets_that_is_shuffled_is_named():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 6))
    Y = X @ rng.normal(size=(6, 3)) + 0.1 * rng.normal(size=(600, 3))
    shuffled = np.c_[Y[:, :2], rng.permutation(Y[:, 2])]
    for y, there in ((Y, False), (shuffled, True)):
        net = wb.Network.mlp([6, 16, 3], seed=0)
        history = net.fit(X[:450], y[:450], loss="mse", optimizer=wb.Adam(0.01), epochs=30)
        found = diagnose(net, history, X[:450], y[:450], validation_data=(X[450:], y[450:]))
        assert ("WB-LABELS" in found) == there
    (finding,) = found.with_code("WB-LABELS")
    assert (finding.severity, finding.numbers["outputs"]) == ("warning", [2])
    rare = np.c_[Y[:, :2], (np.arange(600) % 30 == 0) * 1.0]  # of 15 rows nothing can be said
    net = wb.Network.mlp([6, 16, 3], seed=0)
    history = net.fit(X[:450], rare[:450], loss="mse", epochs=5)
    assert "WB-LABELS" not in diagnose(net, history, X[:450], rare[:450])


def of_two_classes(seed, wrong=0.0, distance=6.0, n=600):
    """Two clouds in eight columns, and a share of labels that are another class's."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    X = rng.normal(size=(n, 8))
    X[:, 0] += distance * y
    return X, np.where(rng.random(n) < wrong, 1 - y, y)


def noise_of(train, epochs=30, **options):
    net = wb.Network.mlp([8, 32, 2], seed=0)
    history = net.fit(*train, loss="cross_entropy", optimizer=wb.Adam(0.005), epochs=epochs)
    return diagnose(net, history, *train, **options).with_code("WB-NOISY-LABELS")


@pytest.mark.parametrize("wrong", [0.2, 0.3])
@pytest.mark.parametrize("seed", range(3))
def test_wrong_labels_of_two_classes_are_found(seed, wrong):
    (finding,) = noise_of(of_two_classes(seed, wrong))
    assert "most confidence" in finding.evidence
    assert finding.numbers["share"] > 0.1


@pytest.mark.parametrize("seed", range(3))
def test_classes_that_overlap_are_not_noisy(seed):
    for distance in (1.0, 2.0, 3.0, 6.0):
        train = of_two_classes(seed, distance=distance)
        assert not noise_of(train, validation_data=of_two_classes(seed + 9, distance=distance))


def test_a_validation_that_is_better_than_the_training_is_a_sign_of_wrong_labels():
    train, rest = of_two_classes(0, 0.08, n=2000), of_two_classes(1)
    assert not noise_of(train, epochs=5)
    (finding,) = noise_of(train, epochs=5, validation_data=rest)
    assert "in validation: labels of the training are wrong" in finding.evidence


def test_after_weights_a_rare_class_asks_for_more_of_it():
    X = np.random.default_rng(0).normal(size=(2000, 4))
    y = (X[:, 0] + X[:, 1] > 3.2).astype(np.int64)
    net = wb.Network([wb.Dense(4, 2)])
    net[0].weights[...], net[0].biases[...] = 0, (1, 0)  # which has learned nothing
    history = wb.History({}, "completed")
    for weights, word in (({}, "class_weight"), ({"class_weight": "balanced"}, "already")):
        found = diagnose(net, history, X, y, loss="cross_entropy", **weights)
        assert all(word in finding.advice for finding in found.with_code("WB-IMBALANCE"))
        assert "WB-IMBALANCE" in found


def test_of_one_class_no_label_is_wrong():
    X = np.random.default_rng(0).normal(size=(60, 3))
    net = wb.Network.mlp([3, 8, 1], seed=0)
    found = diagnose(net, None, X, np.zeros(60, np.int64), loss="cross_entropy")
    assert found.codes == ("WB-TARGET-CONSTANT",)


def test_numbers_whose_squares_overflow_warn_nobody(recwarn):
    X = np.random.default_rng(0).normal(size=(60, 3)) * 1e150
    net = wb.Network.mlp([3, 8, 1], seed=0, dtype="float64")
    assert "WB-SCALE" in check(net, X, X[:, 0] / 1e150, loss="mse")
    assert [one for one in recwarn if one.category is RuntimeWarning] == []
