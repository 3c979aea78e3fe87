"""What `check` and `diagnose` find, of what they leave alone, and how a finding reads."""

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

import wbcore as wb
from wbcore.inspect import Finding, Findings, check, diagnose, finding_codes

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
import ailments  # noqa: E402
import diagnosis  # noqa: E402
import trainings  # noqa: E402

sys.path.pop(0)

pytestmark = pytest.mark.filterwarnings("ignore::wbcore.TrainingWarning")


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    return X, (X[:, 0] + X[:, 1] > 0).astype(np.int64)


@pytest.fixture
def net():
    return wb.Network.mlp([4, 16, 2], seed=0)


def trained(net, X, y, **options):
    options = {"loss": "cross_entropy", "optimizer": wb.Adam(0.01), "epochs": 20, **options}
    return net.fit(X, y, **options)


@pytest.mark.parametrize("ailment", ailments.AILMENTS, ids=lambda ailment: ailment.name)
def test_what_is_wrong_is_found_and_gone_after_the_advice(ailment):
    base = trainings.base(ailment.bases[-1])
    before, after = diagnosis.looked_at(ailment.spoil(base), 0)
    calls = next(row["calls"] for row in finding_codes() if row["code"] == ailment.code)
    for call, found in (("check", before), ("diagnose", after)):
        if calls in (call, "both") and (call == "diagnose" or ailment.is_seen_before):
            assert ailment.code in found
            if ailment.code not in ("WB-NOISY-LABELS", "WB-NEARLY-DEAD", "WB-IMBALANCE"):
                assert not found.ok
    assert diagnosis.is_cured(ailment, base, 0)


@pytest.mark.parametrize(
    "name",
    ["wine, relu 32", "iris, sigmoid 16", "diabetes, relu 16", "200 moons, relu 128"],
)
def test_sound_trainings_have_no_findings(name):
    for found in diagnosis.looked_at(trainings.base(name), 0):
        assert found.ok, found


def test_a_network_without_trainable_layers(rows, net):
    """Nothing is to be checked before a training that there cannot be."""
    X, y = rows
    for layer in net:
        layer.trainable = False
    with pytest.raises(
        ValueError, match=r"^\[check\] expected a layer that is trainable, got none"
    ):
        check(net, X, y)
    (finding,) = diagnose(net, None, X, y, loss="cross_entropy").with_code("WB-UNDERFIT")
    assert "; then layers that are trainable, of which there is none: a copy" in finding.advice
    assert not any(layer.trainable for layer in net)


def test_nothing_changes(net, rows):
    X, y = rows
    optimizer = wb.Adam(0.01)
    history = trained(net, X, y, optimizer=optimizer)
    before = pickle.dumps((net, optimizer)), X.copy(), y.copy(), pickle.dumps(history)
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - the global one must not be drawn from
    first = check(net, X, y, validation_data=(X[:50], y[:50]))
    assert first == check(net, X, y, validation_data=(X[:50], y[:50]))
    assert diagnose(net, history, X, y) == diagnose(net, history, (X, y))
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert pickle.dumps((net, optimizer)) == before[0]
    assert (before[1] == X).all()
    assert (y == before[2]).all()
    assert pickle.dumps(history) == before[3]
    # and the training goes on as if nobody had looked
    other, same = pickle.loads(before[0])
    trained(net, X, y, optimizer=optimizer, epochs=2)
    trained(other, X, y, optimizer=same, epochs=2)
    assert net.parameters.tobytes() == other.parameters.tobytes()


def test_a_dead_unit_is_named(net, rows):
    X, y = rows
    net[0].biases[[3, 7]] = -50
    (finding,) = check(net, X, y, loss="cross_entropy").with_code("WB-DEAD")
    assert (finding.severity, finding.layer, finding.units) == ("note", 0, (3, 7))
    assert finding.numbers["dead"] == 2
    net[0].biases[:9] = -50
    (finding,) = check(net, X, y, loss="cross_entropy").with_code("WB-DEAD")
    assert (finding.severity, finding.units) == ("warning", tuple(range(9)))


def test_numbers_that_are_none_are_findings(net, rows):
    X, y = rows
    net[1].weights[2, 1] = np.nan
    (finding,) = diagnose(net, None, X, y, loss="cross_entropy")
    assert (finding.code, finding.layer, finding.units) == ("WB-NONFINITE", 1, (1,))
    net[1].weights[2, 1] = 0
    X[17, 2] = np.inf
    (finding,) = check(net, X, y, loss="cross_entropy")
    assert finding.code == "WB-NONFINITE"
    assert "row 17, column 2" in finding.evidence


def test_a_fit_that_diverged(net, rows):
    X, y = rows
    with pytest.raises(wb.DivergenceError) as error:
        trained(net, 1e20 * X, y, optimizer=wb.SGD(1e20))
    found = diagnose(net, error.value.history, 1e20 * X, y, loss="cross_entropy")
    assert {"WB-DIVERGED", "WB-SCALE"} <= set(found.codes)


def test_a_target_that_the_loss_does_not_take(net, rows):
    X, y = rows
    (finding,) = check(net, X, y + 1, loss="cross_entropy")
    assert (finding.code, finding.severity) == ("WB-CLASSES", "error")
    assert "2" in finding.evidence


def test_targets_that_the_loss_does_not_take_are_one_finding_that_says_where(rows):
    X, y = rows
    signs = 2.0 * y - 1
    net = wb.Network.mlp([4, 8, 1], output_activation="sigmoid", seed=0)
    loss, held_out = "binary_cross_entropy", (X[:50], signs[:50])
    (finding,) = check(net, X, signs, loss=loss, validation_data=held_out)
    assert finding.evidence.count("expected") == 1
    assert "validation_data: got -1 at y[" in finding.evidence
    assert "0 and 1" in finding.advice
    assert "last layer" not in finding.advice
    (finding,) = check(net, X, y, loss=loss, validation_data=held_out)
    assert finding.evidence.startswith("validation_data: expected")
    (finding,) = check(wb.Network.mlp([4, 8, 2]), X, y + 1, loss="cross_entropy")
    assert "last layer" in finding.advice
    many = np.resize(X, (4000, 4)), np.zeros(4000)  # the row as it was given, not of the sample
    many[1][3210:] = 7
    (finding,) = check(net, *many, loss=loss)
    assert "y[3210]" in finding.evidence


@pytest.mark.parametrize("kind", ["views", "sparse", "large"])
def test_shared_rows_are_found_in_any_form(kind, rows):
    X, y = rows
    train, rest = X[:200], np.vstack([X[200:], X[:20]])
    if kind == "views":
        train = wb.Scaled(train, 1.0)
    elif kind == "sparse":
        sparse = pytest.importorskip("scipy.sparse")
        train, rest = sparse.csr_array(train), sparse.csr_array(rest)
    else:  # by some columns of all rows, and whole rows where these agree
        rng = np.random.default_rng(1)
        train = rng.integers(0, 9, (3000, 700)).astype(np.uint8)
        rest, y = train[2500:2700].copy(), rng.integers(0, 2, 3000)
        rest[20:, 5] = 9
    n, m = train.shape[0], rest.shape[0]
    net = wb.Network.mlp([train.shape[1], 8, 2])
    validation = (rest, np.resize(y, m))
    found = check(net, train, y[:n], loss="cross_entropy", validation_data=validation)
    (finding,) = found.with_code("WB-LEAK")
    assert finding.numbers["shared"] == 20


def test_equal_rows_by_nature_are_no_leak():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 2, (400, 4)).astype(float), rng.integers(0, 2, 400)
    net = wb.Network.mlp([4, 8, 2])
    validation = (X[300:], y[300:])
    found = check(net, X[:300], y[:300], loss="cross_entropy", validation_data=validation)
    assert "WB-LEAK" not in found


def test_over_fitting_is_seen_in_the_history_too():
    data = trainings.base("overlapping moons, relu 16").made(0)
    X, y = data.X[:90], data.y[:90]
    for metrics in ([], ["accuracy"]):
        net = wb.Network.mlp([2, 128, 128, 1], seed=0)
        options = {"loss": "binary_cross_entropy", "epochs": 300, "validation_fraction": 0.4}
        history = trained(net, X, y, metrics=metrics, **options)
        found = diagnose(net, history, X, y)
        assert "WB-OVERFIT" in found
        assert not any("over-fitting" in text for text in found.not_looked_at)
        assert "WB-OVERFIT" not in diagnose(net, None, X, y, loss="binary_cross_entropy")


def test_more_rows_than_are_looked_at():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 3)).astype(np.float32)
    found = check(wb.Network.mlp([3, 8, 2]), X, X[:, 0] > 0, loss="cross_entropy")
    assert found.looked_at == "2,000 of 5,000 rows"
    assert found == check(wb.Network.mlp([3, 8, 2]), X, X[:, 0] > 0, loss="cross_entropy")


@pytest.mark.parametrize("loss", ["mse", "mae", "huber(0.5)", "log_cosh", "quantile(0.1, 0.5)"])
def test_losses_of_numbers(loss, rows):
    X, _ = rows
    outputs = 2 if "," in loss else 1
    net = wb.Network.mlp([4, 32, outputs], "tanh", seed=0)
    history = trained(net, X, np.exp(X[:, 0]), loss=loss, epochs=60)
    found = diagnose(net, history, X, np.exp(X[:, 0]), loss=loss)
    assert found.ok, found
    quantiles = [text for text in found.not_looked_at if "quantiles" in text]
    assert bool(quantiles) == (outputs == 2)


@pytest.mark.parametrize(
    ("loss", "last"),
    [("poisson", "identity"), ("poisson", "exp"), ("gamma_deviance", "exp")],
)
def test_losses_of_counts_and_amounts(loss, last, rows):
    X, _ = rows
    y = np.round(np.exp(X[:, 0] + 1)) + 1
    net = wb.Network.mlp([4, 16, 1], "tanh", output_activation=last, seed=0)
    history = trained(net, X, y, loss=loss, epochs=60)
    assert diagnose(net, history, X, y, loss=loss).ok


def test_several_answers_a_row_and_hinges(rows):
    X, y = rows
    net = wb.Network.mlp([4, 16, 2], seed=0)
    both = np.stack([y, X[:, 2] > 0], axis=1).astype(float)
    history = trained(net, X, both, loss="binary_cross_entropy", epochs=40)
    assert diagnose(net, history, X, both).ok
    net = wb.Network.mlp([4, 16, 1], seed=0)
    history = trained(net, X, 2 * y - 1, loss="hinge", epochs=40)
    assert diagnose(net, history, X, 2 * y - 1).ok
    history = trained(net, X, np.roll(y, 1), loss="hinge", epochs=40)
    assert "WB-LABELS" in diagnose(net, history, X, np.roll(y, 1))


def test_a_loss_of_ones_own(net, rows):
    X, y = rows

    def loss(outputs, targets):
        return float((outputs**2).mean()), 2 * outputs / outputs.size

    found = check(net, X, y, loss=loss)
    assert found.ok
    assert any("function of your own" in text for text in found.not_looked_at)
    net[0].biases[:] = -50
    assert "WB-DEAD" in check(net, X, y, loss=loss)
    history = trained(net, X, y, loss=loss, epochs=1)
    assert "WB-DEAD" in diagnose(net, history, X, y)


def test_a_layer_without_biases(rows):
    X, y = rows
    layers = [wb.Dense(4, 16, "relu", bias=False), wb.Dense(16, 2, bias=False)]
    net = wb.Network(layers, seed=0)
    assert check(net, X, y, loss="cross_entropy").ok
    assert diagnose(net, trained(net, X, y), X, y).ok


def test_weighed_classes_are_heard():
    data = trainings.base("10 % positives, relu 16").made(0)
    rare = np.flatnonzero(data.y)[20:]
    X, y = np.delete(data.X, rare, axis=0), np.delete(data.y, rare)
    net = wb.Network.mlp([10, 16, 2], seed=0)
    assert "WB-IMBALANCE" in check(net, X, y, loss="cross_entropy")
    assert "WB-IMBALANCE" not in check(net, X, y, loss="cross_entropy", class_weight="balanced")


@pytest.mark.parametrize("track", ["epoch", 2])
def test_records_of_a_training_are_used(net, rows, track):
    X, y = rows
    history = trained(net, X, y, track=track)
    assert diagnose(net, history, X, y).ok
    net = wb.Network.mlp([4, 16, 2], seed=0)
    net[0].biases[:] = -50
    history = trained(net, X, y, track=track, epochs=2)
    (finding,) = diagnose(net, history, X, y).with_code("WB-DEAD")
    last = 300 if track == "epoch" else 44
    assert finding.evidence.endswith(
        f", and in no row of the last window of the training ({last} rows)"
    )
    net = wb.Network.mlp([4, *[8] * 8, 2], "sigmoid", seed=0, dtype="float64")
    history = trained(net, X, y, optimizer=wb.SGD(0.01), epochs=1, track=1)
    (finding,) = diagnose(net, history, X, y).with_code("WB-VANISHING")[:1]
    assert finding.layer == 0


def test_arguments_are_refused(net, rows):
    X, y = rows
    with pytest.raises(TypeError, match=r"\[check\] expected net to be a Network, got 3"):
        check(3, X, y, loss="mse")
    with pytest.raises(ValueError, match=r"\[diagnose\] expected loss, since the network knows no"):
        diagnose(net, None, X, y)
    with pytest.raises(ValueError, match=r"\[diagnose\] expected X of shape \(B, 4\).*\(300, 3\)"):
        diagnose(net, None, X[:, :3], y, loss="cross_entropy")
    with pytest.raises(ValueError, match=r"\[check\] expected y of shape \(300,\)"):
        check(net, X, y[:7], loss="cross_entropy")
    with pytest.raises(TypeError, match=r"\[diagnose\] expected history to be what fit returned"):
        diagnose(net, [1.0], X, y, loss="cross_entropy")
    with pytest.raises(TypeError, match=r"\[check\] expected validation_data to be a pair"):
        check(net, X, y, loss="cross_entropy", validation_data=X)
    with pytest.raises(TypeError, match=r"\[check\] expected X as arrays X and y, got a source"):
        check(net, wb.data.Blocks(X, y), None, loss="cross_entropy")
    with pytest.raises(ValueError, match=r"\[check\] expected loss to be one of"):
        check(net, X, y, loss="nonsense")


def test_findings_read_and_turn_into_data():
    worse = Finding("WB-A", "error", "a | b", {"n": np.float64(np.nan), "k": [1]}, layer=2)
    note = Finding("WB-B", "note", "c", why="because", advice="that", threshold="1")
    found = Findings([note, worse], "9 rows", ["over-fitting"])
    assert [finding.code for finding in found] == ["WB-A", "WB-B"]
    lines = str(found).splitlines()
    assert lines[0] == "1 error: WB-A; 1 note: WB-B"
    assert lines[1:3] == ["looked at: 9 rows", "not looked at: over-fitting"]
    assert "WB-A (error, layer 2): a | b" in lines
    assert lines[-2:] == ["  try: that", "  why: because"]
    assert (found.codes, found.ok, len(found)) == (("WB-A", "WB-B"), False, 2)
    assert "WB-B" in found
    assert worse in found
    assert "WB-C" not in found
    data = json.loads(found.to_json())
    assert data == found.to_dict()
    assert data["findings"][0]["numbers"] == {"n": None, "k": [1]}
    table = [line for line in found.to_markdown().splitlines() if line.startswith("|")]
    assert len(table) == 4
    assert table[2].startswith(r"| WB-A | error | layer 2 | a \| b |")
    assert Findings([note]).ok
    assert str(Findings([note])).startswith("nothing wrong was found for sure; 1 note: WB-B")
    fact = Finding("WB-B", "note", "c", why="because")
    assert Findings([fact]).verdict == "nothing wrong was found; 1 note: WB-B"
    assert "  try:" not in str(fact)
    with pytest.raises(AttributeError):
        note.code = "WB-C"


def test_long_texts_are_broken_between_words():
    words = "units that are never-active " * 9
    found = Findings([Finding("WB-A", "note", words, why=words, advice=words)], words, [words])
    lines = str(found).splitlines()
    assert max(map(len, lines)) <= 100
    assert "  try: units that are never-active units" in str(found)
    assert " ".join(str(found).split()).count(words.strip()) == 5


def test_what_a_check_cannot_see_is_said(net, rows):
    X, y = rows
    found = check(net, X, y, loss="cross_entropy", validation_data=(X[:9] + 1, y[:9]))
    (text,) = found.not_looked_at
    assert text.startswith("the learning rate, and whether labels fit the inputs")
    after = diagnose(net, None, X, y, loss="cross_entropy")
    assert not any("rate" in text for text in after.not_looked_at)


@pytest.mark.parametrize(("activation", "bias"), [("relu", -50), ("tanh", 50)])
def test_before_a_training_no_rate_is_to_blame(activation, bias, rows):
    X, y = rows
    net = wb.Network.mlp([4, 16, 2], activation, seed=0)
    net[0].biases[:] = bias
    code = "WB-DEAD" if activation == "relu" else "WB-SATURATED"
    (before,) = check(net, X, y, loss="cross_entropy").with_code(code)
    (after,) = diagnose(net, None, X, y, loss="cross_entropy").with_code(code)
    assert "rate" not in before.advice
    assert "lower learning rate" in after.advice


def test_a_loss_that_only_falls_is_not_said_to_rise(net, rows):
    X, y = rows
    trained(net, X, y, optimizer=wb.SGD(30.0), epochs=2)
    for losses, rises in ([0.9, 0.5], False), ([0.5, 0.9], True):
        history = wb.History({"loss": losses}, "finished")
        (finding,) = diagnose(net, history, X, y).with_code("WB-RATE")
        assert "after 60 steps" in finding.evidence
        assert ("the loss rose by up to" in finding.evidence) == rises


def test_a_rate_that_may_have_done_harm_is_no_note():
    """Where all was learned of the training rows, and validation rows are predicted badly."""
    (ailment,) = (one for one in ailments.AILMENTS if one.code == "WB-RATE")
    _, found = diagnosis.looked_at(ailment.spoil(trainings.base("wine, relu 32")), 2)
    severities = {finding.code: finding.severity for finding in found}
    assert severities["WB-OVERFIT"] == severities["WB-RATE"] == "warning"


@pytest.mark.parametrize(("n", "severity"), [(500, "error"), (150, "warning")])
def test_shuffled_labels_of_few_rows_are_a_warning(n, severity):
    """Of more rows they are an error, where a network has learned them by heart."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(n, 4)), rng.integers(0, 2, n)
    net = wb.Network.mlp([4, 128, 2], seed=0)
    history = trained(net, X, y, epochs=100)
    (finding,) = diagnose(net, history, X, y, loss="cross_entropy").with_code("WB-LABELS")
    assert finding.severity == severity
    assert "no better than for shuffled labels (" in finding.evidence
    assert "standard deviations; 3 are needed)" in finding.evidence
    assert ("too few to tell" in finding.evidence) == (n < 200)
    assert ("knows them by heart" in finding.evidence) == (severity == "error")


def test_the_loss_of_a_network_that_knows_none_is_that_of_the_history(net, rows, tmp_path):
    X, y = rows
    history = trained(net, X, y, epochs=2, track="epoch")
    plain = trained(net.copy(), X, y, epochs=2)
    net.save(tmp_path / "m")
    loaded = wb.load(tmp_path / "m")
    wanted = diagnose(loaded, history, X, y, loss="cross_entropy")
    assert diagnose(loaded, history, X, y) == wanted
    loaded.loss = None  # as of an older file
    for known in (history, wb.History.from_json(history.to_json())):
        assert diagnose(loaded, known, X, y) == wanted
    for unknown in (plain, None):
        with pytest.raises(ValueError, match="and no history with records says it; pass the loss"):
            diagnose(loaded, unknown, X, y)

    def squares(outputs, targets):
        gradient = outputs - targets
        return 0.5 * float(np.mean(gradient**2)), gradient / gradient.size

    history = net.fit(X, np.eye(2)[y], loss=squares, epochs=1, track="epoch")
    found = diagnose(loaded, wb.History.from_json(history.to_json()), X, np.eye(2)[y])
    assert "the loss is a function of your own" in str(found)


def test_a_dead_unit_is_advised_what_the_network_has_not(rows):
    X, y = rows

    def advice(net, X=X, fit=None):
        net[0].weights[:, :9] = 0
        history = None if fit is None else trained(net, X, y, epochs=1, **fit)
        call = check if history is None else lambda *data, **loss: diagnose(net, history, *data[1:])
        (finding,) = call(net, X, y, loss="cross_entropy").with_code("WB-DEAD")
        return finding.advice

    def mlp(**options):
        return wb.Network.mlp([4, 16, 2], seed=0, **options)

    last = "; leaky_relu cannot die"
    assert advice(mlp()) == f"other initial weights, by another seed{last}"
    assert advice(mlp(initializer="normal(0, 1)")) == f"the default initializer{last}"
    assert advice(mlp(), 1000 * X) == f"scaled inputs{last}"
    low = mlp(initializer="normal(0, 1)")
    low[0].biases[:] = -10
    said = f"the default initializer, biases of 0 and scaled inputs{last}"
    assert advice(low, 40 + X) == said
    assert advice(mlp(), fit={}) == f"begin again with a lower learning rate{last}"
    for track in (None, "epoch"):
        low = mlp()
        low[0].biases[:] = -10
        said = f"begin again with a lower learning rate and biases of 0{last}"
        assert advice(low, fit={"track": track}) == said


def test_notes_that_ask_for_nothing_have_no_advice(net, rows):
    X, y = rows
    net[0].biases[0] = -100
    history = trained(net, X, y)
    (finding,) = diagnose(net, history, X, y)
    assert (finding.code, finding.severity, finding.advice) == ("WB-DEAD", "note", "")
    assert finding.evidence.startswith("1 of 16 units (relu) is 0 in all 300 rows")
    assert diagnose(net, history, X, y).verdict == "nothing wrong was found; 1 note: WB-DEAD"


def test_one_is_one(net, rows):
    X, y = rows
    X[3, 1] = np.nan
    said = str(check(net, X, y, loss="cross_entropy"))
    assert "1 number of X is NaN or infinite in all 300 rows, the first in row 3, column 1" in said
    net[0].weights[0, 0] = np.nan
    said = str(check(net, X, y, loss="cross_entropy"))
    assert "1 parameter of layer 0 is NaN or infinite, in 1 of 16 units" in said
    X[4, 1] = np.inf
    assert "2 numbers of X are NaN" in str(check(net, X, y, loss="cross_entropy"))


@pytest.mark.parametrize("many", [1, 2, 5, 6])
def test_columns_that_are_far_from_unit_scale_are_named(many):
    X = np.random.default_rng(0).normal(size=(100, 8))
    X[:, :many] += 100 * np.arange(1, many + 1)
    net = wb.Network.mlp([8, 4, 2], seed=0)
    (finding,) = check(net, X, X[:, 7] > 0, loss="cross_entropy").with_code("WB-SCALE")
    assert finding.evidence.startswith(f"{many} of 8 columns far from unit scale, in all 100 rows")
    named = [k for k in range(8) if f"column {k} has mean {100 * (k + 1)}" in finding.evidence]
    assert named == list(range(many))[-5:]
    assert finding.evidence.endswith("; ...") == (many > 5)


def test_one_class_for_all_rows_is_said_plainly(rows):
    X, y = rows
    net = wb.Network.mlp([4, 16, 2], seed=0)
    net[1].biases[:] = 50, 0
    (finding,) = diagnose(net, None, X, y, loss="cross_entropy").with_code("WB-COLLAPSED")
    assert finding.evidence.startswith(
        "every row looked at (all 300 rows) is given class 0, though"
    )


def test_the_page_has_the_table_of_codes():
    page = (ROOT / "docs" / "findings.md").read_text("utf-8")
    assert diagnosis.codes_table() in page
    for ailment in ailments.AILMENTS:
        assert f"| {ailment.name} | {ailment.code} |" in page
    assert {ailment.code for ailment in ailments.AILMENTS} == set(finding_codes()["code"])


def test_codes_are_each_one():
    table = finding_codes()
    assert len(set(table["code"])) == len(table)
    assert all(cell for row in table.rows for cell in row)
    assert set(table["calls"]) == {"check", "diagnose", "both"}
    assert set(table["needs"]) == {"rows", "validation", "history"}


def test_what_a_code_needs_is_true():
    """Without validation rows, or without a history, the codes that need them are not found."""
    needs = dict(zip(finding_codes()["code"], finding_codes()["needs"], strict=True))
    for ailment in ailments.AILMENTS:
        if needs[ailment.code] == "rows":
            continue
        recipe = ailment.spoil(trainings.base(ailment.bases[-1]))
        net, _, data = recipe.trained(0)
        validation = (data.X_val, data.y_val)
        if needs[ailment.code] == "validation":
            found = diagnose(net, None, data.X, data.y, loss=recipe.loss)
        else:
            net = net.copy()  # which knows no optimizer, as one from a file
            options = {"loss": recipe.loss, "validation_data": validation}
            found = diagnose(net, None, data.X, data.y, **options)
        assert ailment.code not in found


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_sorted_rows_can_be_learned_by_heart(activation):
    x = np.linspace(-1, 1, 500)[:, None]
    y = np.sin(3 * (x[:, 0] + 1))
    net = wb.Network.mlp([1, 32, 32, 1], activation=activation, seed=0)
    assert "WB-ONE-BATCH" not in check(net, x, y, loss="mse")


@pytest.mark.parametrize(
    ("last", "targets"),
    [
        ("relu", lambda z: -abs(z) - 1),
        ("sigmoid", lambda z: abs(z) + 5),
        ("tanh", lambda z: z + 3),
        ("gelu", lambda z: -abs(z) - 1),  # which has no inverse
    ],
)
def test_an_output_that_cannot_be_what_the_targets_are_is_found(last, targets):
    """Where no bias gives the best constant, too."""
    X = np.random.default_rng(0).normal(size=(200, 4))
    net = wb.Network.mlp([4, 16, 1], output_activation=last, seed=0)
    (finding,) = check(net, X, targets(X[:, 0]), loss="mse").with_code("WB-ONE-BATCH")
    assert f"which no bias of the last layer ({last}) is known to give" in finding.evidence
    assert finding.numbers["prior"] < finding.numbers["loss"]
    suited = wb.Network.mlp([4, 16, 1], seed=0)
    assert "WB-ONE-BATCH" not in check(suited, X, targets(X[:, 0]), loss="mse")


def test_what_learns_without_a_prior_is_no_finding():
    X = np.random.default_rng(0).normal(size=(200, 4))
    layers = [wb.Dense(4, 16, "tanh"), wb.Dense(16, 1, bias=False)]
    assert "WB-ONE-BATCH" not in check(wb.Network(layers, seed=0), X, X[:, 0], loss="mse")
    net = wb.Network.mlp([4, 16, 1], output_activation="gelu", seed=0)
    assert "WB-ONE-BATCH" not in check(net, X, abs(X[:, 0]), loss="mse")
    net = wb.Network.mlp([4, 16, 1], seed=0)
    for rare in (2.5, 0.0):  # of some batches all targets are one
        for y in (X[:, 0] > rare, X[:, 0] < rare):
            assert "WB-ONE-BATCH" not in check(net, X, np.where(y, 1, -1), loss="hinge")
    dead = wb.Network.mlp([4, 16, 1], initializer="zeros")
    (finding,) = check(dead, X, np.sign(X[:, 0]), loss="hinge").with_code("WB-ONE-BATCH")
    assert finding.numbers["prior"] is None
    assert finding.evidence.endswith(f"the loss is {finding.numbers['loss']:.4g}")


def test_the_history_of_another_network_is_refused():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    net, other = wb.Network.mlp([3, 4, 2], seed=0), wb.Network.mlp([3, 5, 2], seed=0)
    history = other.fit(X, y, loss="cross_entropy", epochs=1, track="epoch")
    with pytest.raises(ValueError, match=r"\[diagnose\] expected the history of this network"):
        diagnose(net, history, X, y, loss="cross_entropy")


def test_what_is_wrong_in_several_layers_is_one_finding(rows):
    X, y = rows
    net = wb.Network.mlp([4, 16, 16, 8, 2], seed=0)
    for layer in net[:-1]:
        layer.weights[...] = np.abs(layer.weights)  # so that what is active stays so
    net[0].biases[[3, 7]] = net[1].biases[[5]] = -90
    net[2].biases[:5] = -900
    note, warning = sorted(check(net, X, y).with_code("WB-DEAD"), key=lambda f: f.severity)
    assert (note.layer, note.units, note.numbers["layers"]) == (0, (3, 7), [0, 1])
    assert note.numbers["dead_of_layers"] == [2, 1]
    assert note.evidence.startswith("2, 1 of 16 units (relu) are 0")
    assert str(note).startswith("WB-DEAD (note, layers 0, 1):")
    assert (warning.severity, warning.layer, warning.place) == ("warning", 2, "layer 2")
    deep = wb.Network.mlp([4] + [16] * 12 + [2], "sigmoid", seed=0)
    (finding,) = check(deep, X, y).with_code("WB-VANISHING")
    assert finding.layer == 0
    assert finding.numbers["layers"] == list(range(len(finding.numbers["ratios"])))
    assert f"layers 0 to {finding.numbers['layers'][-1]}" in str(finding)


def test_inputs_that_are_all_positive_are_named_where_they_kill():
    rng = np.random.default_rng(3)
    X = 5 + 0.3 * rng.normal(size=(200, 4))
    net = wb.Network.mlp([4, 16, 2], seed=4)
    net[0].weights[...] = -np.abs(net[0].weights)
    (finding,) = check(net, X, X[:, 0] > 5).with_code("WB-DEAD")
    assert "centered inputs" in finding.advice
    X -= X.mean(axis=0)
    assert "WB-DEAD" not in check(net, X, X[:, 0] > 0)
    net[0].biases[...] = -30
    (finding,) = check(net, X, X[:, 0] > 0).with_code("WB-DEAD")
    assert "centered" not in finding.advice
