"""The history of a training, its tables and texts."""

import copy
import json
import math
import pickle
import sys

import numpy as np
import pandas as pd
import pytest

import wbcore as wb

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((40, 3)), rng.integers(0, 2, 40)
X_VAL, Y_VAL = rng.standard_normal((10, 3)), rng.integers(0, 2, 10)


def network():
    return wb.Network.mlp([3, 5, 2], seed=1)


def fit(net, **options):
    settings = {"loss": "cross_entropy", "epochs": 4, "batch_size": 16}
    return net.fit(X, Y, **settings | options)


@pytest.fixture
def history():
    return fit(network(), validation_data=(X_VAL, Y_VAL), metrics=["accuracy"], track="epoch")


def test_one_value_an_epoch(history):
    names = {"loss", "val_loss", "accuracy", "val_accuracy"}
    assert set(history.to_dict()) == set(history.names) == names
    assert len(history) == 4
    for name in names:
        series = getattr(history, name)
        assert len(series) == 4
        assert all(type(value) is float for value in series)
        assert history.to_dict()[name] == series
        assert history.to_dict()[name] is not series
    assert names <= set(dir(history))
    assert pd.DataFrame(history.to_dict()).shape == (4, 4)


def test_values_are_what_evaluate_gives():
    net, seen = network(), []

    def callback(epoch, history):
        values = net.evaluate(X_VAL, Y_VAL, loss="cross_entropy", metrics=["accuracy"])
        seen.append((epoch, len(history), history.val_loss[-1], history.val_accuracy[-1], values))

    fit(net, validation_data=(X_VAL, Y_VAL), metrics=["accuracy"], callback=callback)
    assert [entry[:2] for entry in seen] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    for _, _, loss, accuracy, values in seen:
        assert values == {"loss": loss, "accuracy": accuracy}


def test_loss_of_an_epoch_in_one_batch_is_that_before_it():
    net = network()
    before = net.evaluate(X, Y, loss="cross_entropy")["loss"]
    assert fit(net, epochs=1, batch_size=40, shuffle=False).loss == [before]


def test_loss_of_an_epoch_is_weighted_by_rows():
    net = network()
    # So small a step does not change float32 parameters: every batch sees the same network.
    history = fit(net, epochs=1, batch_size=16, optimizer=wb.SGD(1e-30))
    whole = net.evaluate(X, Y, loss="cross_entropy")["loss"]
    assert history.loss[0] == pytest.approx(whole, rel=1e-6)


def test_fit_keeps_its_history():
    net = network()
    assert net.history is None
    assert fit(net) is net.history


@pytest.mark.parametrize("answer", [True, np.True_])
def test_callback_stops(answer):
    history = fit(network(), epochs=10, callback=lambda epoch, _: answer if epoch == 2 else None)
    assert len(history) == 3
    assert history.status == "stopped"
    assert not history.interrupted


@pytest.mark.parametrize("answer", [None, False, 1, "yes", [0], np.False_])
def test_only_true_stops(answer):
    history = fit(network(), callback=lambda _, __: answer)
    assert (len(history), history.status) == (4, "completed")


def test_error_in_a_callback_leaves_history_and_network():
    net = network()

    def callback(epoch, history):
        assert history.status == "running"
        if epoch == 1:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        fit(net, epochs=10, callback=callback)
    assert (len(net.history), net.history.status) == (2, "failed")
    same = network()
    fit(same, epochs=2)
    assert net == same


def test_interrupt_in_a_callback():
    net = network()

    def callback(epoch, _):
        if epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(net, epochs=10, callback=callback)
    assert net.history.interrupted
    assert len(net.history) == 2


def test_table(history):
    lines = str(history).splitlines()
    assert lines[0].split() == ["epoch", *history.names]
    assert set(lines[1]) == {"-"}
    assert len({len(line) for line in lines}) == 1
    assert [line.split()[0] for line in lines[2:]] == ["1", "2", "3", "4"]
    column = history.names.index("val_loss") + 1
    assert [float(line.split()[column]) for line in lines[2:]] == pytest.approx(
        history.val_loss, abs=1e-5
    )


def test_long_table_is_cut_in_the_middle():
    lines = str(fit(network(), epochs=200)).splitlines()
    first = [line.split()[0] for line in lines[2:]]
    assert first == [*map(str, range(1, 31)), "...", *map(str, range(171, 201))]


def test_repr(history):
    assert repr(history).startswith("<History: 4 epochs, completed, loss ")


def test_unknown_series(history):
    with pytest.raises(
        AttributeError, match=r"\[History\] expected one of the series \(loss, .*'r2'"
    ):
        _ = history.r2
    assert not hasattr(history, "r2")


def test_history_is_true_even_when_empty():
    empty = wb.History({})
    assert len(empty) == 0
    assert empty
    assert str(empty).splitlines()[0] == "epoch"
    assert repr(empty) == "<History: 0 epochs, running>"
    with pytest.raises(AttributeError, match=r"none, since no epoch was completed"):
        _ = empty.loss


def test_copies(history):
    for other in (copy.copy(history), copy.deepcopy(history), pickle.loads(pickle.dumps(history))):
        assert other == history
        assert other.val_loss == history.val_loss


# Parameters


def test_tracked_statistics_are_those_of_the_networks():
    net = network()
    states = [net.statistics()]
    history = fit(net, track="epoch", callback=lambda *_: states.append(net.statistics()))
    assert list(history.parameters) == states
    assert history.parameters[1:3] == states[1:3]
    assert history.parameters.initial == states[0]
    assert history.parameters.final == states[-1]
    for layer, changes in enumerate(history.parameters.change):
        for part, change in zip(("weights", "biases"), changes, strict=True):
            for name in change._fields:
                initial, final = (
                    getattr(getattr(state[layer], part), name) for state in (states[0], states[-1])
                )
                assert getattr(change, name) == final - initial


def test_statistics_are_numpys():
    net = network()
    net[0].biases[:] = [-3, 0, 1, 2, 10]
    for layer, statistics in zip(net, net.statistics(), strict=True):
        for array, found in [
            (layer.weights, statistics.weights),
            (layer.biases, statistics.biases),
        ]:
            a = array.astype(np.float64)
            expected = (a.mean(), np.abs(a).mean(), a.std(), a.min(), a.max())
            assert found == pytest.approx(expected, rel=1e-14, abs=1e-16)


def test_tracking_changes_nothing_else():
    tracked, plain = network(), network()
    fit(tracked, track="epoch")
    fit(plain)
    assert tracked == plain
    assert tracked.history.loss == plain.history.loss


def test_parameter_table(history):
    lines = str(history.parameters).splitlines()
    assert lines[0] == "means after 4 epochs"
    assert [line.split()[0] for line in lines[3:5]] == ["0", "1"]
    assert lines[5:7] == ["", "norms; moved: norm of the difference from the start"]
    assert [line.split()[0] for line in lines[9:]] == ["0", "1"]
    assert max(map(len, lines)) <= 100
    numbers = [float(text) for text in lines[3].split()[1:]]
    first, last = history.parameters.initial[0], history.parameters.final[0]
    expected = []
    for part in ("weights", "biases"):
        a, b = getattr(first, part).mean, getattr(last, part).mean
        expected += [a, b, b - a]
    assert numbers == pytest.approx(expected, abs=6e-6, rel=1e-3)
    norms = [float(text) for text in lines[9].split()[1:]]
    parts = (last.weights, last.biases)
    expected = [value for one in parts for value in (one.norm, one.change)]
    assert norms == pytest.approx(expected, abs=6e-6, rel=1e-3)


def test_parameters_of_a_layer_without_biases_are_printed():
    net = wb.Network([wb.Dense(2, 3), wb.Dense(3, 1, bias=False)], seed=0)
    history = net.fit(np.ones((4, 2)), np.ones(4), loss="mse", epochs=2, track="epoch")
    lines = str(history.parameters).splitlines()
    assert len(lines[9].split()) == 5
    assert len(lines[10].split()) == 3


def test_parameter_columns(history):
    columns = history.parameters.to_dict()
    frame = pd.DataFrame(columns)
    assert frame.shape == (10, 12)
    assert columns["epoch"] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert columns["layer"] == [0, 1] * 5
    assert columns["biases_max"][9] == history.parameters.final[1].biases.max


def test_untracked_parameters_are_empty():
    parameters = fit(network()).parameters
    assert len(parameters) == 0
    assert str(parameters) == "<ParameterHistory: none tracked>"
    assert not any(parameters.to_dict().values())
    with pytest.raises(
        ValueError, match=r'\[history.parameters\] expected fit\(..., track="epoch"\)'
    ):
        _ = parameters.initial


# Beside the series


def test_seconds(history):
    assert len(history.seconds) == 4
    assert all(type(value) is float and value > 0 for value in history.seconds)
    assert "seconds" not in history.to_dict()
    assert "seconds" not in str(history)
    other = copy.deepcopy(history)
    other.seconds[0] += 1
    assert other == history
    assert wb.History({}).seconds == []


def test_seconds_are_of_training_and_validation_alone():
    import time

    asleep = []

    def callback(*_):
        began = time.perf_counter()
        time.sleep(0.05)
        asleep.append(time.perf_counter() - began)

    began = time.perf_counter()
    history = fit(network(), callback=callback)
    assert sum(history.seconds) < time.perf_counter() - began - sum(asleep)


def test_reasons(history):
    assert (history.status, history.reason) == ("completed", "all 4 epochs were done")
    assert fit(network(), epochs=1).reason == "its epoch was done"
    assert fit(network(), callback=lambda epoch, _: epoch == 1).reason == (
        "callback returned True after epoch 2"
    )
    net = network()
    with pytest.raises(ZeroDivisionError):
        fit(net, callback=lambda *_: 1 / 0)
    assert net.history.reason == "ZeroDivisionError in callback: division by zero"
    assert wb.History({}).reason == ""


def test_numbers_of_epochs(history):
    assert (history.first_epoch, list(history.epochs)) == (0, [1, 2, 3, 4])
    later = fit(network(), first_epoch=5)
    assert (later.first_epoch, list(later.epochs)) == (5, [6, 7, 8, 9])
    assert [line.split()[0] for line in str(later).splitlines()[2:]] == ["6", "7", "8", "9"]
    assert list(wb.History({}).epochs) == []


def test_data_frame(history):
    frame = history.to_pandas()
    assert list(frame.columns) == [*history.names, "learning_rate", "seconds"]
    assert frame.index.name == "epoch"
    assert frame.index.tolist() == [1, 2, 3, 4]
    for name in (*history.names, "learning_rate", "seconds"):
        assert frame[name].tolist() == getattr(history, name)
    assert fit(network(), first_epoch=5).to_pandas().index.tolist() == [6, 7, 8, 9]
    assert wb.History({}).to_pandas().shape == (0, 0)


def test_without_pandas(history, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match=r"\[to_pandas\] expected the package pandas"):
        history.to_pandas()


def same_in_all(one, other):
    return one == other and all(
        getattr(one, name) == getattr(other, name)
        for name in ("seconds", "status", "reason", "first_epoch", "best_epoch")
    )


def test_json(history):
    history.best_epoch = 2
    text = history.to_json()
    read = wb.History.from_json(text)
    assert same_in_all(read, history)
    assert read.parameters.final == history.parameters.final
    assert str(read.parameters) == str(history.parameters)
    fields = json.loads(text)
    assert fields["schema"] == 2
    assert fields["series"] == history.to_dict()
    for plain in (wb.History({}), fit(network(), first_epoch=7)):
        assert same_in_all(wb.History.from_json(plain.to_json()), plain)


def test_json_of_numbers_that_are_not_finite():
    history = wb.History({"loss": [math.nan, math.inf, -math.inf, 1.0]}, "diverged")
    history.reason = "NaN"
    text = history.to_json()
    json.loads(text, parse_constant=pytest.fail)
    read = wb.History.from_json(text)
    assert [repr(value) for value in read.loss] == ["nan", "inf", "-inf", "1.0"]
    assert read.reason == "NaN"


def test_json_of_layers_without_biases():
    net = wb.Network([wb.Dense(3, 2, bias=False)], seed=0)
    history = fit(net, track="epoch")
    assert same_in_all(wb.History.from_json(history.to_json()), history)


SOUND = json.loads(wb.History({"loss": [1.0], "seconds": [0.5]}, "completed").to_json())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 3}, r"expected schema 1 or 2, got 3; a newer wbcore may read it"),
        ({"schema": "1"}, r"expected schema 1 or 2, got '1'"),
        ({"status": "good"}, r"expected status of a history, got 'good'"),
        ({"reason": 3}, r"expected reason of a history, got 3"),
        ({"first_epoch": -1}, r"expected first_epoch of a history, got -1"),
        ({"first_epoch": True}, r"expected first_epoch of a history, got True"),
        ({"best_epoch": "x"}, r"expected best_epoch of a history, got 'x'"),
        ({"series": [1]}, r"expected series of a history, got \[1\]"),
        ({"series": {"loss": ["a"]}}, r"expected series of a history"),
        ({"series": {"loss": [1.0], "mae": []}}, r"expected series of a history"),
        ({"seconds": None}, r"expected seconds of a history, got None"),
        ({"parameters": [[[[1, 2], None]]]}, r"expected parameters of a history"),
    ],
)
def test_json_that_is_refused(change, message):
    with pytest.raises(ValueError, match=rf"\[from_json\] {message}"):
        wb.History.from_json(json.dumps(SOUND | change))


@pytest.mark.parametrize("text", ["", "{", "3", "[]", '{"loss": [1]}', "[" * 10**5])
def test_text_that_is_no_history(text):
    with pytest.raises(ValueError, match=r"\[from_json\] expected "):
        wb.History.from_json(text)
    for field in SOUND.keys() - {"schema"}:
        left = {name: value for name, value in SOUND.items() if name != field}
        with pytest.raises(ValueError, match=rf"\[from_json\] expected {field} of a history"):
            wb.History.from_json(json.dumps(left))
    with pytest.raises(TypeError, match=r"\[from_json\] expected text to be a str, got 3"):
        wb.History.from_json(3)


def test_names_of_series_may_be_those_of_other_fields():
    history = wb.History({"loss": [1.0], "names": [2.0]})
    assert history.to_dict()["names"] == [2.0]


def test_the_best_epoch_of_a_second_fit_and_of_two_watchers():
    stops = wb.callbacks.EarlyStopping
    net, stopping = network(), [stops(name, mode="max") for name in ("loss", "accuracy")]
    for k, callbacks in enumerate((stopping[:1], stopping[:1], stopping, stopping[::-1])):
        history = fit(net, metrics=["accuracy"], callbacks=callbacks)
        assert history.first_epoch == 4 * k
        at = history.best_epoch - history.first_epoch
        assert history.best_epoch == max(it.monitor.best_epoch for it in callbacks)
        assert any(getattr(history, it.monitor.name)[at] == it.best for it in callbacks)
        assert history.to_pandas().loc[history.best_epoch + 1]["loss"] == history.loss[at]


def test_records_are_joined_by_the_epoch_of_the_history():
    """Also of a second fit, and of one that has several records an epoch."""
    net, optimizer = network(), wb.SGD(0.01)
    for track in ("epoch", 1):
        history = fit(net, optimizer=optimizer, track=track)
        first = history.first_epoch
        course = history.parameters.to_pandas().join(history.to_pandas(), on="epoch")
        assert course["epoch"].iloc[0] == first
        assert course["batch"].iloc[0] == 0
        assert np.isnan(course["loss"].iloc[0])
        for row in course[course["step"] > 0].itertuples():
            assert row.loss == history.loss[row.epoch - 1 - first]
            record = history.parameters.at(row.epoch - 1, row.batch - 1)
            assert record.step == row.step
    assert history.first_epoch == 4
    ends = {record.epoch: record.step for record in history.parameters}  # the last of each
    assert [history.parameters.at(epoch).step for epoch in range(3, 8)] == list(ends.values())
    per_epoch = fit(net, optimizer=optimizer, track="epoch")
    assert per_epoch.parameters.to_dict()["epoch"][::2] == [8, 9, 10, 11, 12]
    assert wb.inspect.weight_changes(per_epoch, layer=0)["epoch"] == [9, 10, 11, 12]
    assert str(per_epoch.parameters).startswith("means after 4 epochs\n")


def test_records_are_found_by_epoch():
    net = wb.Network([wb.Dense(1, 1)], seed=0)
    history = net.fit([[1.0]], [1.0], loss="mse", epochs=600, track="epoch")
    records = history.parameters
    assert records.at(-1) == records.initial
    assert records.at(599) == records.final
    assert records.at(5).epoch == 5 != records[6].epoch
    assert records.at(5, batch=0) == records.at(5)
    for arguments, message in (
        ((4,), "epoch to be one with a record, got 4; the nearest are 3 and 5"),
        ((600,), "epoch to be one with a record, got 600; the nearest is 599"),
        ((5, 1), "batch to be one with a record, got 1; the nearest is 0"),
        ((-2,), "epoch to be an integer from -1"),
    ):
        with pytest.raises(ValueError, match=rf"^\[at\] expected {message}"):
            records.at(*arguments)
    with pytest.raises(ValueError, match=r'expected fit\(..., track="epoch"\)'):
        fit(network()).parameters.at(0)
    lines = str(wb.inspect.weight_changes(history, layer=0)).splitlines()
    assert len(lines) == 3 + 61
    assert lines[33].split() == ["..."] * 4
    assert len(wb.inspect.weight_changes(history, layer=0)) == len(records) - 1


def test_parameters_in_markdown_and_latex_have_both_tables(history):
    parameters = history.parameters
    for name in ("to_markdown", "to_latex"):
        text = getattr(parameters, name)()
        tables = [getattr(of(), name)() for of in (parameters.changes, parameters.moves)]
        assert text == "\n\n".join(tables)
    last = parameters.final[1].weights
    assert parameters.moves()["weights norm"][1] == last.norm
    assert parameters.moves()["weights moved"][1] == last.change


def test_what_a_record_has_not_is_a_dash_and_an_empty_cell(history):
    table = history.parameters.table()
    first = dict(zip(table.columns, table.to_csv().splitlines()[1].split(","), strict=True))
    assert first["update_ratio"] == first["gradient_norm"] == first["change"] == ""
    assert "nan" not in str(table)
    assert "nan" not in table.to_csv()
