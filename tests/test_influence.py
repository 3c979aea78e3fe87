"""What a row did: the same training with its weight 0, on any workers, kept in a folder."""

import dataclasses
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse
from small_network import LABELS, X, network, settings

import wbcore as wb
from wbcore import inspect
from wbcore.inspect.left_out import Without
from wbcore.training.replaying import Replay

X_EVAL, Y_EVAL = X[:20] + 0.1, LABELS[:20]


@pytest.fixture(scope="module")
def history():
    net = network("float32", dropout=0.2)
    return net.fit(
        X, LABELS, track="epoch", **settings(optimizer=wb.Adam(0.01), metrics=["accuracy"])
    )


def influence(history, **options):
    return inspect.influence(
        history, X, LABELS, **({"evaluation_data": (X_EVAL, Y_EVAL)} | options)
    )


def without(row, **options):
    """The network of a fit without that row, by hand."""
    weights = np.ones(50)
    if row is not None:
        weights[row] = 0
    net = network("float32", dropout=0.2)
    net.fit(X, LABELS, sample_weight=weights, **settings(optimizer=wb.Adam(0.01)) | options)
    return net


def test_it_is_the_training_without_the_row(history):
    table = influence(history, output=1)
    assert table["row"] == list(range(50))
    base = without(None)
    assert base == history.replay(X, LABELS)
    whole = base.evaluate(X_EVAL, Y_EVAL, loss="cross_entropy")["loss"]
    for line in list(table)[::7]:
        net = without(line["row"])
        loss = net.evaluate(X_EVAL, Y_EVAL, loss="cross_entropy")["loss"]
        assert line["loss"] == loss
        assert line["change"] == loss - whole != 0
        changes = net.predict(X_EVAL).astype(float) - base.predict(X_EVAL)
        assert line["largest"] == np.abs(changes).max()
        assert line["output"] == changes[:, 1].mean()


def test_a_training_that_nobody_waits_for_ends_with_its_epoch(history):
    """Not after all its rows, which could take hours."""
    replay = Replay("influence", history, X, LABELS)
    task = Without.of(replay, without(None), X_EVAL, LABELS[:20], 0)
    asked = []

    def stops():
        asked.append(None)
        return len(asked) > 2

    assert dataclasses.replace(task, stops=stops).many([1, 2, 3]) == []
    assert len(asked) == 6  # before the row, at two ends of epochs, before each other row, at last
    assert len(dataclasses.replace(task, stops=bool).many([1, 2])) == 2


def test_threads_of_ones_own_are_told(history, monkeypatch):
    told = []
    honest = Without.findings

    def findings(self, row):
        told.append(self.stops)
        return honest(self, row)

    monkeypatch.setattr(Without, "findings", findings)
    influence(history, rows=[1, 2])
    assert [stops() for stops in told if stops is not None] == [True, True]  # by now
    told.clear()
    with ThreadPoolExecutor(1) as pool:
        influence(history, rows=[1, 2], executor=pool)
    assert told == [None, None, None]


def test_evaluation_data_may_be_sparse(history, tmp_path):
    wanted = influence(history, rows=[3, 9]).rows
    data = sparse.csr_matrix(X_EVAL), Y_EVAL.tolist()
    for folder in (None, tmp_path, tmp_path):
        assert influence(history, rows=[3, 9], evaluation_data=data, folder=folder).rows == wanted
    with pytest.raises(TypeError, match=r"\[influence\] expected X_eval .*, got a source"):
        influence(history, evaluation_data=([(X_EVAL, Y_EVAL)], None))


def test_the_bits_are_those_of_any_workers(history):
    rows = [3, 9, 40, 3]
    alone = influence(history, rows=rows, n_jobs=1)
    assert alone["row"] == [3, 9, 40]
    assert influence(history, rows=rows, n_jobs=3).rows == alone.rows
    with ThreadPoolExecutor(2) as pool:
        assert influence(history, rows=rows, executor=pool).rows == alone.rows


@pytest.mark.uninstrumented
def test_other_processes_find_the_same(history):
    context = multiprocessing.get_context("fork")
    found = influence(history, rows=[3, 9], executor=lambda: ProcessPoolExecutor(1, context))
    assert found.rows == influence(history, rows=[3, 9]).rows


def test_a_folder_keeps_what_is_done(history, tmp_path, monkeypatch):
    done = []
    honest = Without.findings

    def counted(self, row):
        done.append(row)
        if row == 30:
            raise KeyboardInterrupt
        return honest(self, row)

    monkeypatch.setattr(Without, "findings", counted)
    folder = tmp_path / "new" / "folder"
    with pytest.raises(KeyboardInterrupt):
        influence(history, folder=folder, n_jobs=1)
    kept = [*folder.glob("*/*.json")]
    assert {int(path.stem) for path in kept} == set(range(24))  # whole parts of 8 rows
    monkeypatch.setattr(Without, "findings", honest)
    whole = influence(history)

    done.clear()
    kept[0].write_text("damaged")
    monkeypatch.setattr(
        Without, "findings", lambda self, row: (done.append(row), honest(self, row))[1]
    )
    assert influence(history, folder=folder).rows == whole.rows
    assert sorted(row for row in done if row is not None) == sorted(
        [int(kept[0].stem), *range(24, 50)]
    )
    done.clear()
    assert influence(history, folder=folder, rows=[1, 49]).rows == whole.rows[1::48]
    assert done == [None]
    # other evaluation data are another question
    influence(history, folder=folder, rows=[1], evaluation_data=(X_EVAL[:9], Y_EVAL[:9]))
    assert done == [None, None, 1]
    influence(history, folder=folder, rows=[1], evaluation_data=(X_EVAL + 1, Y_EVAL))
    assert done == [None, None, 1, None, 1]


def test_predictions_alone_and_a_fit_with_weights():
    weights = np.random.default_rng(5).random(50) + 0.1
    net = network("float32", dropout=0.2)
    tracked = settings(optimizer=wb.Adam(0.01), track="epoch", sample_weight=weights)
    history = net.fit(X, LABELS, **tracked)
    found = influence(
        history, rows=[4], sample_weight=weights, evaluation_data=(X_EVAL[:1], None), output=2
    )
    assert found.columns == ("row", "largest", "output")
    other = network("float32", dropout=0.2)
    weights[4] = 0
    other.fit(X, LABELS, **tracked)
    change = float(other.predict(X_EVAL[:1])[0, 2]) - float(net.predict(X_EVAL[:1])[0, 2])
    assert found["output"] == [change]


def test_progress_is_a_line(history, capsys):
    influence(history, rows=range(20), progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("influence  fit 20/20")
    assert len(lines) >= 3


def test_what_influence_refuses(history):
    for options, text in [
        ({"rows": [50]}, r"expected each of rows to be an integer from 0 to 49, got 50"),
        ({"output": 3}, r"expected output to be an integer from 0 to 2, got 3"),
        ({"n_jobs": 0}, r"expected n_jobs to be"),
        ({"n_jobs": 1, "executor": ThreadPoolExecutor}, r"expected n_jobs or executor, got both"),
        ({"evaluation_data": (X_EVAL[:, :3], Y_EVAL)}, r"X has 3 columns"),
        ({"evaluation_data": (X_EVAL, Y_EVAL + 7)}, r"expected class labels y"),
    ]:
        with pytest.raises(ValueError, match=rf"\[influence\] {text}"):
            influence(history, **options)
    with pytest.raises(TypeError, match=r"\[influence\] expected evaluation_data to be a pair"):
        influence(history, evaluation_data=X_EVAL)
    with pytest.raises(TypeError, match=r"\[influence\] expected X and y as arrays"):
        inspect.influence(history, [(X, LABELS)], None, evaluation_data=(X_EVAL, Y_EVAL))
    with pytest.raises(ValueError, match=r"\[influence\] expected X of the fit"):
        inspect.influence(history, X[:9], LABELS[:9], evaluation_data=(X_EVAL, Y_EVAL))


def test_the_ten_that_changed_most_are_printed(history):
    table = influence(history)
    lines = str(table).splitlines()
    assert lines[-1] == "40 more rows changed less"
    largest = np.argsort(-np.abs(table["change"]), kind="stable")[:10]
    assert [int(line.split()[0]) for line in lines[-11:-1]] == largest.tolist()
    assert "above 0 the row helped" in lines[1]
    few = influence(history, rows=range(3), evaluation_data=(X_EVAL, None), output=2)
    text = str(few)
    assert "more rows" not in text
    assert "mean change of output 2" in text
    assert "helped" not in text


def test_the_table_says_that_it_is_of_one_fit(history):
    table = influence(history, rows=[0])
    assert "exact for this fit; with other seeds a row may have the other sign" in str(table)
