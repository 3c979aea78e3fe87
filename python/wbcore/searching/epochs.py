"""Estimators that train epoch by epoch, alone or as the last step of a Pipeline.

They offer `_total_epochs(n_rows)`, `_train_until(X, y, epochs, sample_weight=None)`,
`_trained_epochs` and `_is_over`; stops leave no trace in the bits of the result. Of a Pipeline the
steps before the last are fitted anew at each stop, as a whole fit of it would: their outputs for
the rows they are fitted on need not be what `transform` gives (target encoders), and are not kept.
One whose class has another `fit` than the class of its `_train_until` is fitted whole, by its own.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "fit_whole",
    "is_over",
    "last_step",
    "learner",
    "total_epochs",
    "train_until",
    "trained_epochs",
]

Estimator = Any  # scikit-learn ships no types


# What a fit is made of: stops go around these, or call them for the first epochs alone.
_OF_FITS = ("fit", "_fit", "_train")


def last_step(estimator: Estimator) -> Estimator:
    """Of a Pipeline, else the estimator itself."""
    from sklearn.pipeline import Pipeline

    # Of subclasses, which may resample rows between their steps, only they know how to fit them.
    return estimator.steps[-1][1] if type(estimator) is Pipeline else estimator


def learner(estimator: Estimator) -> Estimator | None:
    """The part that trains epoch by epoch, or None."""
    last = last_step(estimator)
    classes = type(last).__mro__
    places = [i for i, each in enumerate(classes) if "_train_until" in vars(each)]
    if not places or any(name in vars(each) for each in classes[: places[0]] for name in _OF_FITS):
        return None
    return last


def total_epochs(estimator: Estimator, n_rows: int) -> int | None:
    """How many epochs a fit has at most, or None for one that knows none."""
    found = learner(estimator)
    return None if found is None else int(found._total_epochs(n_rows))


def trained_epochs(estimator: Estimator) -> int:
    """How many epochs have been trained; 0 for one that knows none."""
    return int(getattr(learner(estimator), "_trained_epochs", 0))


def is_over(estimator: Estimator) -> bool:
    """Whether it would not train on: all epochs are done, or it has stopped early."""
    return bool(getattr(learner(estimator), "_is_over", True))


def train_until(estimator: Estimator, X: Any, y: Any, epochs: int, weights: Any) -> None:
    """Train, from the start or on, until so many epochs have been done in all."""
    found = learner(estimator)
    assert found is not None
    front = estimator[:-1] if _steps(estimator)[:-1] else None
    if front is not None:
        X = front.fit_transform(X, y)
        estimator.steps[:-1] = front.steps  # with a memory these are others than those given
    keywords = {} if weights is None else {"sample_weight": weights}
    found._train_until(X, y, epochs, **keywords)


def fit_whole(estimator: Estimator, X: Any, y: Any, weights: Any) -> None:
    """Fit; the weights of the rows go to the last step of a Pipeline."""
    if weights is None:
        estimator.fit(X, y)
        return
    steps = _steps(estimator)
    name = f"{steps[-1][0]}__sample_weight" if steps and not _routes() else "sample_weight"
    estimator.fit(X, y, **{name: weights})


def _steps(estimator: Estimator) -> list[tuple[str, Any]]:
    from sklearn.pipeline import Pipeline

    return list(estimator.steps) if isinstance(estimator, Pipeline) else []


def _routes() -> bool:
    from sklearn import get_config

    return bool(get_config().get("enable_metadata_routing", False))
