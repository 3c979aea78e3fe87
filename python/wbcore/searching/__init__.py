"""Searching parameters by cross-validation: `wbcore.search`, its distributions and results.

    found = wb.search(estimator, {"alpha": "log_uniform(1e-6, 1)"}, X, y, n_jobs=-1)
    print(found)
    found.best_estimator_.predict(X_new)

`Uniform`, `LogUniform`, `Integers`, `LogIntegers` are what parameters are drawn from; `search`
gives a `SearchResult`.
"""

from wbcore.searching.distributions import (
    Distribution,
    Integers,
    LogIntegers,
    LogUniform,
    Uniform,
    distribution,
)
from wbcore.searching.random_search import search
from wbcore.searching.results import SearchInterrupted, SearchResult

__all__ = [
    "Distribution",
    "Integers",
    "LogIntegers",
    "LogUniform",
    "SearchInterrupted",
    "SearchResult",
    "Uniform",
    "distribution",
    "search",
]
