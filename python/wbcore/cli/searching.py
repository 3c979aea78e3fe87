"""``--cv`` and ``--search``: how good settings are on folds, and which are the best."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from joblib import parallel_config
from sklearn.exceptions import FitFailedWarning

import wbcore as wb
from wbcore.cli import losses
from wbcore.cli.data import Dataset
from wbcore.cli.endings import warn
from wbcore.cli.settings import TrainSettings
from wbcore.cli.words import class_weights
from wbcore.searching import LogUniform, SearchResult
from wbcore.sklearn import TabularClassifier, TabularRegressor

__all__ = [
    "SPACE",
    "best_options",
    "check_folds",
    "estimator_of",
    "searched",
]


class _Rounded(LogUniform):
    """Of three digits: what is shown and stored can be given again as it is."""

    def value(self, u: float) -> float:
        return float(f"{super().value(u):.3g}")


# What is tried where the command does not say it: by the names of its options, as `wb.search`
# draws them. Around the recipe, whose own values are the first candidate.
SPACE: dict[str, Any] = {
    "hidden": [(32,), (64,), (128,), (64, 32), (128, 64), (256, 128)],
    "learning_rate": _Rounded(0.001, 0.03),
    "l2": _Rounded(1e-05, 0.1),
    "dropout": [0.0, 0.0, 0.1, 0.2, 0.3],
    "batch_size": [16, 32, 64, 128],
    "activation": ["relu", "tanh", "silu"],
}

_PARAMETERS = {"hidden": "hidden_layer_sizes"}  # of estimators, where they are called otherwise


def check_folds(data: Dataset, settings: TrainSettings, folds: int) -> None:
    """Refuse what cannot be cross-validated, before anything is done.

    Raises
    ------
    ValueError
        If the data are no table, too few for the folds, or the training has a limit of time.
    """
    if data.columns is None:
        raise ValueError(f"--cv and --search are for CSV and Parquet files, got {data.name}")
    if settings.time_limit is not None:
        raise ValueError(
            "--time-limit: expected none with --cv or --search, whose fits are whole, "
            f"got {settings.time_limit:g}"
        )
    most, why = _most_folds(data)
    if folds > most:
        at_most = f"at most {most} folds" if most > 1 else "more rows"
        raise ValueError(f"--cv: expected {at_most}, since {why}, got {folds} folds")


def estimator_of(
    data: Dataset, settings: TrainSettings, given: dict[str, Any]
) -> TabularClassifier | TabularRegressor:
    """Return the estimator that trains by these settings.

    What depends on the number of rows, and was not said, is as the recipe has it for a fold.
    """
    options: dict[str, Any] = {
        "hidden_layer_sizes": settings.hidden,
        "activation": settings.activation,
        "loss": settings.loss,
        "bias_init": settings.bias_init or "prior",
        "dropout": settings.dropout,
        "optimizer": _optimizer(settings, given),
        "schedule": settings.schedule,
        "learning_rate": given.get("learning_rate"),
        "l2": given.get("l2"),
        "epochs": given.get("epochs"),
        "batch_size": settings.batch_size,
        "early_stopping": settings.early_stopping is not None,
        "random_state": settings.seed % 2**32,
        "categories": _categories(data),
    }
    if settings.early_stopping is not None:
        options["patience"] = settings.early_stopping
    if data.classes is None:
        return TabularRegressor(**options)
    weights = class_weights(settings.weights, data.classes, data.target)
    return TabularClassifier(**options, class_weight=weights)


def searched(
    data: Dataset,
    settings: TrainSettings,
    given: dict[str, Any],
    *,
    candidates: int,
    folds: int,
    jobs: int | None,
    folder: Path,
) -> SearchResult:
    """Cross-validate the settings, and others where more than one candidate is asked for.

    Parameters
    ----------
    data : Dataset
        Of a table. Only its rows to train on are used.
    settings : TrainSettings
        Candidate 0.
    given : dict
        The options that were said, which stay as they are.
    candidates : int
        1 for cross-validation alone.
    folds : int
    jobs : int, optional
        Fits at once, on threads; as many as processors.
    folder : Path
        Keeps finished fits.

    Raises
    ------
    ValueError
        If no candidate can be fitted, or nothing is left to search.
    KeyboardInterrupt
        After Ctrl-C; the folder goes on.
    """
    free = {_PARAMETERS.get(name, name): SPACE[name] for name in SPACE if _is_free(name, given)}
    if candidates > 1 and not free:
        raise ValueError("--search: expected an option to be left to it, got all of them")
    assert data.encoding is not None, "it has been checked to be a table"
    left_out = [column.name for column in data.encoding.columns if not column.names()]
    try:
        # Threads are there at once, where processes take seconds to start; they train in the core,
        # which lets all of them run. What folds warn of, such as a class that one of them lacks,
        # is no news of the data.
        with parallel_config("threading"), warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("ignore")
            warnings.filterwarnings("always", category=FitFailedWarning)
            found = wb.search(
                estimator_of(data, settings, given),
                free if candidates > 1 else None,
                data.columns.drop(columns=left_out),
                data.y,
                n_candidates=candidates if candidates > 1 else None,
                cv=_folds(data, folds, settings.seed),
                scoring=_scoring(settings),
                halving=3 if candidates > 3 else None,
                seed=settings.seed,
                n_jobs=jobs or wb.get_num_threads(),
                folder=folder,
                refit=False,
                progress=True,
            )
    except wb.searching.SearchInterrupted as interrupt:
        done = str(interrupt).removeprefix("[search] interrupted with ").partition(";")[0]
        raise KeyboardInterrupt(f" with {done}; --resume goes on, from {folder}") from None
    except ValueError as error:
        raise ValueError(str(error).removeprefix("[search] ")) from None
    for warning in said:
        warn(str(warning.message))
    return found


def best_options(found: SearchResult) -> dict[str, Any]:
    """Return the options of the best candidate, by the names of the command line."""
    names = {parameter: name for name, parameter in _PARAMETERS.items()}
    best = found.best_params_.items()
    return {names.get(name, name): value for name, value in best if value is not None}


def _most_folds(data: Dataset) -> tuple[int, str]:
    """Return into how many parts the rows to train on can be cut, and why."""
    if data.classes is None:  # R2 needs two
        return len(data.y) // 2, f"each needs 2 rows, and those to train on are {len(data.y)}"
    rows = int(np.bincount(data.y).max())
    return rows, f"the largest class has {rows} of the {len(data.y)} rows to train on"


def _is_free(name: str, given: dict[str, Any]) -> bool:
    if name == "learning_rate" and not {"optimizer", "schedule"}.isdisjoint(given):
        return False
    if name == "l2" and not {"optimizer", "weight_decay"}.isdisjoint(given):
        return False
    return name not in given or (name == "activation" and given[name] == "relu")


def _categories(data: Dataset) -> list[str]:
    """Return the columns that are categories, also in a fold whose rows look like numbers."""
    columns = data.encoding.columns if data.encoding is not None else ()
    return [column.name for column in columns if column.kind == "category" and column.names()]


def _optimizer(settings: TrainSettings, given: dict[str, Any]) -> str | wb.Optimizer | None:
    """Return the optimizer's text, None for the recipe's; an object where texts cannot say it."""
    if {"optimizer", "momentum", "weight_decay"}.isdisjoint(given):
        return None
    if settings.momentum is None and settings.weight_decay is None:
        return settings.optimizer
    made = wb.optimizers.check("optimizer", settings.optimizer)
    for name in ("momentum", "weight_decay"):
        if getattr(settings, name) is not None:
            setattr(made, name, getattr(settings, name))
    assert isinstance(made, wb.Optimizer), "the settings have been checked"
    return made


def _folds(data: Dataset, folds: int, seed: int) -> Any:  # noqa: ANN401, a splitter of scikit-learn
    from sklearn.model_selection import KFold, StratifiedKFold

    splitter = KFold if data.classes is None else StratifiedKFold
    return splitter(folds, shuffle=True, random_state=seed % 2**32)


def _scoring(settings: TrainSettings) -> Any:  # noqa: ANN401, a scorer of scikit-learn
    share = losses.quantile_of(str(settings.loss))
    if share is None:
        return None
    from sklearn.metrics import make_scorer, mean_pinball_loss

    return make_scorer(mean_pinball_loss, alpha=share, greater_is_better=False)
