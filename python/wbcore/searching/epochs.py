"""Estimators that train epoch by epoch, alone or as the last step of a Pipeline.

They offer `_total_epochs(n_rows)`, `_train_until(X, y, epochs, sample_weight=None)`,
`_trained_epochs` and `_is_over`; stops leave no trace in the bits of the result. Of a Pipeline the
steps before the last are fitted anew at each stop, as a whole fit of it would: their outputs for
the rows they are fitted on need not be what `transform` gives (target encoders), and are not kept.
"""

from __future__ import annotations

from typing import Any

__all__ = ["fit_whole", "is_over", "learner", "total_epochs", "train_until", "trained_epochs"]

Estimator = Any  # scikit-learn ships no types


def learner(estimator: Estimator) -> Estimator | None:
    """The part that trains epoch by epoch, or None."""
    from sklearn.pipeline import Pipeline

    # Of subclasses, which may resample rows between their steps, only they know how to fit them.
    last = estimator.steps[-1][1] if type(estimator) is Pipeline else estimator
    return last if hasattr(last, "_train_until") else None


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
