"""wbcore.search: what it computes, on one worker."""

import pickle
import warnings

import numpy as np
import pytest
from epoch_estimator import EpochRegressor, X, Y, same, trainings
from scipy.sparse import coo_matrix, csr_array
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GroupKFold, KFold, ParameterGrid, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import wbcore as wb
from wbcore.searching.fits import configured
from wbcore.searching.space import seeded

SPACE = {"rate": "log_uniform(1e-4, 0.5)", "units": "integers(2, 9)"}


def search(estimator=None, space=SPACE, **options):
    estimator = EpochRegressor() if estimator is None else estimator
    return wb.search(estimator, space, X, Y, **{"n_candidates": 12, "cv": 3} | options)


@pytest.fixture(scope="module")
def found():
    return search()


def test_scores_are_those_of_whole_fits(found):
    """A candidate of the last rung has the bits of a fit that never stopped."""
    last = [row for row in range(len(found)) if found.table["rung"][row] == 2]
    assert len(last) == 4
    for row in last:
        parameters = {name: found.table[f"param_{name}"][row] for name in SPACE}
        estimator = configured(seeded(EpochRegressor(), 0), parameters)
        whole = cross_val_score(estimator, X, Y, cv=3)
        assert [found.table[f"fold_{fold}"][row] for fold in range(3)] == whole.tolist()
        assert found.table["score"][row] == np.mean(whole)
        assert found.table["std"][row] == np.std(whole)
        assert found.table["epochs"][row] == 40


def test_scores_of_the_first_rung_are_those_of_its_epochs(found):
    row = len(found) - 1
    assert found.table["rung"][row] == 1
    assert found.table["epochs"][row] == 14
    parameters = {name: found.table[f"param_{name}"][row] for name in SPACE}
    estimator = configured(seeded(EpochRegressor(), 0), parameters)
    for fold, (training, test) in enumerate(KFold(3).split(X)):
        estimator = configured(estimator, {})._train_until(X[training], Y[training], 14)
        assert found.table[f"fold_{fold}"][row] == estimator.score(X[test], Y[test])


def test_survivors_go_on_from_where_they_were(tmp_path):
    search(EpochRegressor(log=str(tmp_path)), halving=2)
    spans = [tuple(map(int, name.split()[-2:])) for name, *_ in trainings(tmp_path)]
    counts = {span: spans.count(span) for span in set(spans)}
    # 12, 6, 3 and 2 candidates on 3 folds; and the last fit, of all rows
    assert counts == {(0, 5): 36, (5, 10): 18, (10, 20): 9, (20, 40): 6, (0, 40): 1}


def test_the_best_is_fitted_on_all_rows(found):
    own = seeded(EpochRegressor(**found.best_params_), 0).fit(X, Y)
    np.testing.assert_array_equal(found.best_estimator_.predict(X), own.predict(X))
    assert found.best_score_ == found.table["score"][0]
    assert found.best_candidate_ == found.table["candidate"][0]
    assert not hasattr(search(n_candidates=1, refit=False), "best_estimator_")


def test_ranks(found):
    table = found.table
    assert table["rank"].tolist() == list(range(1, 13))
    keys = list(zip(-table["rung"], -table["score"], table["candidate"], strict=True))
    assert keys == sorted(keys)


def test_ties_go_to_the_smaller_number():
    class Same(BaseEstimator):
        def __init__(self, a=0):
            self.a = a

        def fit(self, X, y):
            return self

        def score(self, X, y):
            return 0.5

    found = wb.search(Same(), {"a": list(range(9))}, X, Y, cv=2)
    assert found.table["candidate"].tolist() == list(range(9))
    assert found.best_params_ == {"a": 0}


def test_candidate_0_is_the_estimator_itself(found):
    row = found.table["candidate"].tolist().index(0)
    assert (found.table["param_rate"][row], found.table["param_units"][row]) == (0.01, 4)


def test_more_candidates_are_these_and_further_ones(found):
    more = search(n_candidates=20, halving=None, min_epochs=1)

    def drawn(result, count):
        rows = {c: r for r, c in enumerate(result.table["candidate"]) if c < count}
        return [[result.table[f"param_{n}"][rows[c]] for n in SPACE] for c in range(count)]

    assert drawn(more, 12) == drawn(found, 12)
    assert drawn(search(seed=1, halving=None), 12)[1:] != drawn(found, 12)[1:]


def test_no_space_is_cross_validation():
    for space in (None, {}, []):
        found = search(Ridge(), space, cv=4)
        np.testing.assert_array_equal(
            [found.table[f"fold_{fold}"][0] for fold in range(4)],
            cross_val_score(Ridge(), X, Y, cv=4),
        )
    assert str(found).splitlines()[0] == "1 candidate, 4 folds, by score"


def test_other_estimators_are_fitted_whole():
    iris = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), GaussianNB())
    space = {"gaussiannb__var_smoothing": [0.01, 1.0]}
    found = wb.search(model, space, *iris, scoring="neg_log_loss")
    assert len(found) == 3
    assert found.table["rung"].tolist() == [1, 1, 1]
    for V, score in zip(
        found.table["param_gaussiannb__var_smoothing"], found.table["score"], strict=True
    ):
        own = model.set_params(gaussiannb__var_smoothing=V)
        assert score == np.mean(cross_val_score(own, *iris, cv=5, scoring="neg_log_loss"))


def test_a_pipeline_trains_by_epochs(tmp_path):
    model = make_pipeline(StandardScaler(), EpochRegressor(log=str(tmp_path)))
    space = {f"epochregressor__{name}": values for name, values in SPACE.items()}
    found = search(model, space, halving=2)
    assert any(name.endswith(" 20 40") for name, *_ in trainings(tmp_path))
    own = {n: found.best_params_[n] for n in space}
    whole = cross_val_score(configured(seeded(model, 0), own), X, Y, cv=3)
    assert [found.table[f"fold_{fold}"][0] for fold in range(3)] == whole.tolist()


def test_one_that_is_over_is_not_trained_again(tmp_path):
    search(EpochRegressor(log=str(tmp_path), patience=3), refit=False)
    assert len(trainings(tmp_path)) == 36


def test_scoring():
    found = search(Ridge(), None, scoring=lambda model, X, y: float(np.max(model.predict(X) - y)))
    assert found.best_score_ != search(Ridge(), None).best_score_
    scorer = make_scorer(mean_absolute_error, greater_is_better=False)
    by_scorer, by_name = (
        search(Ridge(), None, scoring=s) for s in (scorer, "neg_mean_absolute_error")
    )
    assert by_scorer.best_score_ == by_name.best_score_


def test_weights_are_repetitions():
    """In fit and score, alone and in a Pipeline."""
    weight = np.tile([1, 2, 3], 20)
    rows = np.repeat(np.arange(60), weight)
    folds = [(np.arange(60)[i::2], np.arange(60)[1 - i :: 2]) for i in (0, 1)]
    repeated = [tuple(np.flatnonzero(np.isin(rows, part)) for part in fold) for fold in folds]
    weighted = search(Ridge(), None, cv=folds, sample_weight=weight)
    plain = wb.search(Ridge(), None, X[rows], Y[rows], cv=repeated)
    assert weighted.best_score_ == pytest.approx(plain.best_score_, rel=1e-12)
    assert weighted.best_score_ != search(Ridge(), None, cv=folds).best_score_
    model = make_pipeline(StandardScaler(with_mean=False, with_std=False), Ridge())
    piped = search(model, None, cv=folds, sample_weight=weight)
    assert piped.best_score_ == pytest.approx(weighted.best_score_, rel=1e-12)


def test_folds_by_groups():
    groups = np.arange(60) % 6
    found = search(Ridge(), None, cv=GroupKFold(3), groups=groups)
    expected = cross_val_score(Ridge(), X, Y, cv=GroupKFold(3), groups=groups)
    assert [found.table[f"fold_{fold}"][0] for fold in range(3)] == expected.tolist()


def test_failed_candidates_rank_last_and_say_why():
    with pytest.warns(FitFailedWarning, match="1 of 2 candidates failed and rank last, of candid"):
        found = search(space=ParameterGrid({"fails": [True]}))
    assert found.table["candidate"].tolist() == [0, 1]
    assert found.table["error"].tolist() == ["", "FloatingPointError: as it was told"]
    assert np.isnan(found.table["score"][1])
    assert found.table["rung"].tolist() == [1, 1]


def test_refused_where_all_fail():
    with pytest.raises(
        ValueError,
        match=r"^\[search\] expected a candidate that can be fitted, got, of candidate 0: Float",
    ):
        search(EpochRegressor(fails=True))


def test_a_survivor_is_never_a_failed_one():
    """Of twelve candidates nine fail; the four that go on are the other three and one of these."""
    space = {"fails": [False] + [True] * 3, "rate": "log_uniform(1e-4, 0.5)"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitFailedWarning)
        found = search(space=space, n_candidates=12)
    fails = found.table["param_fails"].astype(bool)
    assert 0 < fails.sum() < 12
    assert not fails[: 12 - fails.sum()].any()
    assert np.isnan(found.table["score"][fails]).all()


def test_as_a_table(found):
    frame = found.to_pandas()
    assert frame.index.tolist() == list(range(1, 13))
    assert frame["score"].tolist() == found.table["score"].tolist()
    lines = str(found).splitlines()
    assert lines[0] == "12 candidates, 3 folds, by score; trained: 12 for 14, 4 for 40 epochs"
    assert lines[1].split() == ["rank", "candidate", "score", "std", "epochs", "rate", "units"]
    assert lines[-1] == "and 2 more"
    assert repr(found).startswith("<SearchResult: 12 candidates, best 0.99")
    assert same(pickle.loads(pickle.dumps(found)), found)


def test_progress_in_a_few_lines(capsys):
    search(progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("search  rung 1/2  fit  5/48")
    assert " fits/s  0:0" in lines[0]
    assert " left  best " in lines[0]
    assert lines[-1].startswith("search  rung 2/2  fit 48/48")
    assert "(candidate 11)" in lines[-1]
    search(n_candidates=1)
    assert capsys.readouterr().err == ""


def test_progress_on_a_terminal(monkeypatch):
    from test_progress import on_terminal

    terminal = on_terminal(monkeypatch, columns=200)
    monkeypatch.setattr("wbcore.searching.progress._SECONDS_BETWEEN_UPDATES", 0)
    search(n_candidates=2, progress=True)
    assert terminal.getvalue().count("\r") == 7
    (line, end) = terminal.screen()
    assert line.startswith("search  fit 6/6  ")
    assert end == ""
    narrow = on_terminal(monkeypatch, columns=20)
    search(n_candidates=2, progress=True)
    assert max(map(len, narrow.screen())) <= 19


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"space": {"size": [1]}},
            ValueError,
            "expected space to name parameters of EpochRegressor",
        ),
        (
            {"space": {"rate": 0.1}},
            TypeError,
            "expected a list of values, a distribution or its text",
        ),
        (
            {"space": {"rate": []}},
            TypeError,
            "expected a list of values, a distribution or its text",
        ),
        ({"space": {"rate": "normal(0, 1)"}}, ValueError, r"got 'normal\(0, 1\)'"),
        ({"space": 3}, TypeError, "expected space to be a dict of lists and distributions, got 3"),
        ({"space": iter([3])}, TypeError, "expected space to give dicts of parameters, got 3"),
        ({"space": {1: [2]}}, TypeError, "expected space to have names of parameters, got 1"),
        ({"space": iter([{1: 2}])}, TypeError, "expected space to have names of parameters, got"),
        ({"space": coo_matrix(np.eye(2))}, TypeError, "expected space to be a dict of lists and"),
        ({"space": np.eye(2)}, TypeError, "expected space to be a dict of lists and distributi"),
        ({"folder": ""}, ValueError, "expected folder to be a path, got ''"),
        ({"space": [3]}, TypeError, "expected space to be a dict of lists and distributions, or"),
        ({"n_candidates": 0}, ValueError, "expected n_candidates to be an integer from 1"),
        ({"halving": 1}, ValueError, "expected halving to be an integer from 2"),
        ({"min_epochs": 0}, ValueError, "expected min_epochs to be an integer from 1"),
        ({"scoring": ["r2"]}, TypeError, "expected scoring to be None, one name or a function"),
        ({"cv": []}, ValueError, "expected cv to give folds, got none"),
        ({"refit": 1}, TypeError, "expected refit to be True or False, got 1"),
        ({"seed": None}, TypeError, "expected seed to be an integer"),
        (
            {"estimator": wb.Network.mlp([3, 1])},
            TypeError,
            "expected estimator to be one as scikit",
        ),
        ({"estimator": Ridge}, TypeError, "expected estimator to be one as scikit-learn has them"),
        ({"space": np.array(1)}, TypeError, "expected space to be a dict of lists and distribut"),
        ({"space": ""}, TypeError, "expected space to be a dict of lists and distributions, got"),
        ({"space": {"rate": np.array(1)}}, TypeError, "expected a list of values, a distribution"),
        ({"scoring": "r3"}, ValueError, "expected scoring to be None, a name of sklearn.metrics.g"),
        ({"scoring": mean_absolute_error}, ValueError, "expected scoring to be None, a name"),
        ({"scoring": dict}, TypeError, "expected scoring to be None, one name or a function"),
        ({"n_jobs": 0}, ValueError, "expected n_jobs to be None, an integer from 1 to 1024, or -1"),
        ({"n_jobs": 1.5}, TypeError, "expected n_jobs to be None, an integer from 1 to 1024, or"),
        ({"n_jobs": "all"}, TypeError, "expected n_jobs to be None, an integer from 1 to 1024"),
        ({"folder": 5}, TypeError, "expected folder to be a path, got 5"),
        ({"folder": "a\0b"}, ValueError, "expected folder to be a path, got 'a"),
        ({"executor": len}, TypeError, "expected executor to be a concurrent.futures.Executor or"),
        ({"executor": "loky"}, TypeError, "expected executor to be a concurrent.futures.Executor"),
        ({"executor": 2}, TypeError, "expected executor to be a concurrent.futures.Executor or"),
        ({"executor": dict}, TypeError, "expected executor to be a concurrent.futures.Executor or"),
        ({"executor": {}.copy}, TypeError, "expected executor to make a concurrent.futures.Ex"),
        (
            {"executor": {}.copy, "n_jobs": 2},
            ValueError,
            "expected n_jobs or executor, got both",
        ),
    ],
)
def test_refused(options, error, message):
    with pytest.raises(error, match=rf"^\[search\] {message}" if message[0] != "g" else message):
        search(**options)


NO_ROWS = [
    -1, 1.5, np.nan, "x", b"x", {}, {"a": 1}, {1}, object(), len, dict, wb.Network, np.array(3),
    np.array(None, object), (i for i in range(60)), 10**5000,
]  # fmt: skip
OTHER_ROWS = [[], [1], np.zeros(7), np.zeros((7, 60)), np.zeros((2, 3, 4)), [[1], [1, 2]]]


@pytest.mark.parametrize("name", ["X", "y", "groups", "sample_weight"])
def test_what_has_no_rows_is_refused(name):
    given = {"X": X, "y": Y, "groups": np.arange(60) % 6, "sample_weight": np.ones(60)}
    for value in NO_ROWS:
        with pytest.raises(TypeError, match=rf"^\[search\] expected {name} to have rows, as an ar"):
            wb.search(Ridge(), None, **given | {name: value})
    for value in OTHER_ROWS:  # X says how many there are
        other = "y" if name == "X" else name
        with pytest.raises(ValueError, match=rf"^\[search\] expected {other} with \d+ rows, as X"):
            wb.search(Ridge(), None, **given | {name: value})


def test_what_are_no_groups_is_refused():
    uneven = [[1]] * 59 + [[1, 2]]
    for value in (np.zeros((60, 1)), np.zeros((60, 7)), csr_array(X), [[1, 2]] * 60, uneven):
        with pytest.raises(ValueError, match=r"^\[search\] expected groups to be 60 labels, one f"):
            search(cv=GroupKFold(3), groups=value)
    for labels in (np.arange(60.0), np.arange(60).astype(object), np.arange(60).astype("M8[D]")):
        labels[7] = np.nan if labels.dtype.kind != "M" else "NaT"
        with pytest.raises(
            ValueError, match=r"one for each row, got Na[NT] at groups\[7\]|got nan"
        ):
            search(cv=GroupKFold(3), groups=labels)
    # of which no splitter makes groups
    for value in (None, np.zeros(60), np.array([object()] * 60), ["a", 1] * 30):
        with pytest.raises(
            ValueError,
            match=r"^\[search\] expected cv to be a number of folds, a .*"
            r"divides these rows, and groups where it goes by them, got GroupKFold",
        ):
            search(cv=GroupKFold(3), groups=value)


def test_what_is_no_cv_is_refused():
    for value in ("x", b"x", {}, {1: 2}, KFold, int):
        with pytest.raises(
            TypeError, match=r"^\[search\] expected cv to be a number of folds, a spl"
        ):
            search(cv=value)
    few = [-1, 0, 1, True, 61, 10**30, 10**5000]
    for value in (*few, 1.5, np.nan, object(), len, np.array(3), {1}, [1], [[1]]):
        with pytest.raises(
            ValueError, match=r"^\[search\] expected cv to be a number of folds, a sp"
        ):
            search(cv=value)
    good = np.arange(60) < 30
    for one in ([], [60], [-61], [0.5], ["a"], [[1, 2]], [None], good[:7], np.zeros(60, bool)):
        for pair in ((one, [0]), ([0], one)):
            with pytest.raises(
                ValueError, match=r"^\[search\] expected cv to give numbers of rows, "
            ):
                search(cv=[pair])
    masks = search(n_candidates=1, cv=[(good, ~good)])
    rows = search(n_candidates=1, cv=[(np.flatnonzero(good), np.flatnonzero(~good))])
    assert same(masks, rows)


def test_what_is_refused_makes_no_folder(tmp_path):
    for options in ({"n_jobs": 0}, {"executor": 5}, {"refit": 1}, {"progress": 1}, {"cv": 0}):
        with pytest.raises((TypeError, ValueError), match=r"^\[search\] expected "):
            search(folder=tmp_path / "kept", **options)
    assert not list(tmp_path.iterdir())
