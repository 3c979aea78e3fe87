"""The one recipe: numbers, and that the command line has them."""

import numpy as np
import pytest

from wbcore import recipe
from wbcore.cli.data import Dataset
from wbcore.cli.settings import settings_for


@pytest.mark.parametrize(
    ("n_rows", "batch", "expected"),
    [
        *[(1, 32, 200), (6400, 32, 200), (6401, 32, 199), (64_000, 32, 20), (10**7, 32, 20)],
        *[(6401, 64, 200), (320, 1, 125)],
    ],
)
def test_epochs_are_fewer_where_the_steps_are_enough(n_rows, batch, expected):
    assert recipe.TABLE.epochs(n_rows, batch) == expected
    if batch == recipe.TABLE.batch_size:
        assert recipe.TABLE.epochs(n_rows) == expected


def test_a_folder_has_its_own_number_of_epochs():
    assert {recipe.FOLDER.epochs(n) for n in (1, 60_000, 10**7)} == {10}


def test_l2_is_divided_by_the_rows():
    assert recipe.TABLE.l2("classification", 300) == recipe.TABLE.l2_classification / 300
    assert recipe.TABLE.l2("regression", 0.5) == recipe.TABLE.l2_regression * 2


def test_only_many_rows_spare_some_for_stopping():
    rows = recipe.TABLE.stopping_rows
    assert not recipe.TABLE.stops_early(rows - 1)
    assert recipe.TABLE.stops_early(rows)


@pytest.mark.parametrize("source", ["table", "folder", "digits"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_command_line_takes_it(source, task):
    chosen = {"table": recipe.TABLE, "folder": recipe.FOLDER, "digits": recipe.DIGITS}[source]
    X, y = np.zeros((7000, 2)), np.arange(7000) % 2
    classes = ("0", "1") if task == "classification" else None
    data = Dataset("d", source, X, y, X, y, ("a", "b"), "t", classes)
    settings = settings_for(data, {})
    assert settings.hidden == chosen.hidden
    assert settings.activation == chosen.activation
    assert settings.optimizer == chosen.optimizer
    assert settings.learning_rate == chosen.learning_rate
    assert settings.batch_size == chosen.batch_size
    assert settings.epochs == chosen.epochs(7000)
    assert settings.bias_init == chosen.bias_init
    assert settings.l2 == chosen.l2(task, 7000)
    assert chosen.schedule in str(settings.made_optimizer(100))


@pytest.mark.parametrize("source", ["table", "digits"])
def test_the_command_line_stops_early_where_estimators_do(source):
    n = recipe.TABLE.stopping_rows
    X, y = np.zeros((n, 1), np.float32), np.arange(n) % 2
    many = Dataset("d", source, X, y, X[:2], y[:2], ("a",), "t", ("0", "1"))
    unasked = settings_for(many, {}).early_stopping
    assert unasked == (recipe.TABLE.patience if source == "table" else None)
    assert settings_for(many, {"early_stopping": 0}).early_stopping is None
    assert settings_for(many, {"early_stopping": 3}).early_stopping == 3
    few = Dataset("d", source, X[1:], y[1:], X[:2], y[:2], ("a",), "t", ("0", "1"))
    assert settings_for(few, {}).early_stopping is None
