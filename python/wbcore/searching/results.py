"""What a search found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wbcore import _arguments, _text_table
from wbcore._lazy import pandas_for_frames

__all__ = ["SearchInterrupted", "SearchResult", "ranked"]

_SHOWN_ROWS = 10


class SearchResult:
    """The candidates of a search in the order of their rank, and the best of them.

    Printed, it is a table of the first ten. No estimator but the best is kept.

    Attributes
    ----------
    table : dict of str to ndarray
        One value a candidate, the best first: "rank" from 1, "candidate" (its number, 0 being the
        estimator as it was given), "param_" and the name for each parameter, "score" (mean over
        the folds), "std" (their spread, as `numpy.std`), "epochs" (trained, the most of any fold),
        "rung" (the last that it took part in, from 1), "fold_0", "fold_1", ... (the folds' scores),
        "seconds" (of all its fits), "error" (the first, or empty). All but the seconds depend on
        the arguments alone.
    best_params_ : dict
        What the best candidate was given for the parameters of the space: empty when candidate 0
        is the best, the estimator with its own.
    best_score_ : float
        Its mean score.
    best_candidate_ : int
        Its number.
    best_estimator_ : estimator
        Fitted on all rows; there is none with `refit=False`.
    scoring : str
        How fits were scored.

    Examples
    --------
    >>> import wbcore as wb
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> X, y = [[0], [1], [2], [3]], [0, 0, 1, 1]
    >>> found = wb.search(DecisionTreeRegressor(), {"max_depth": [1, 2]}, X, y, cv=2,
    ...                   scoring="neg_mean_squared_error")
    >>> found.table["score"].tolist()
    [-1.0, -1.0, -1.0]
    >>> found
    <SearchResult: 3 candidates, best -1.00000 by neg_mean_squared_error>
    """

    best_estimator_: Any

    def __init__(
        self,
        table: dict[str, np.ndarray[Any, Any]],
        best_params: dict[str, Any],
        scoring: str,
        about: str,
    ) -> None:
        self.table = table
        self.scoring = scoring
        self._about = about
        self.best_candidate_ = int(table["candidate"][0])
        self.best_params_ = best_params
        self.best_score_ = float(table["score"][0])

    def to_pandas(self) -> Any:
        """A pandas.DataFrame of the table, one row a candidate, by its rank.

        Raises
        ------
        ModuleNotFoundError
            When pandas is not installed.
        """
        pd = pandas_for_frames("table")
        return pd.DataFrame(self.table).set_index("rank")

    def __len__(self) -> int:
        return len(self.table["rank"])

    def __str__(self) -> str:
        names = [name for name in self.table if name.startswith("param_")]
        epochs = ["epochs"] * bool(np.any(self.table["epochs"]))
        header = ["rank", "candidate", "score", "std", *epochs, *(n[6:] for n in names)]
        rows = [
            [
                str(self.table["rank"][row]),
                str(self.table["candidate"][row]),
                _text_table.number(self.table["score"][row]),
                _text_table.number(self.table["std"][row]),
                *(str(self.table[name][row]) for name in epochs),
                *(_shown(self.table[name][row]) for name in names),
            ]
            for row in range(min(len(self), _SHOWN_ROWS))
        ]
        more = len(self) - len(rows)
        tail = f"\nand {more} more" if more else ""
        return f"{self._about}\n{_text_table.table(header, rows)}{tail}"

    def __repr__(self) -> str:
        score = _text_table.number(self.best_score_)
        return f"<SearchResult: {len(self)} candidates, best {score} by {self.scoring}>"


class SearchInterrupted(KeyboardInterrupt):
    """Ctrl-C ended a search.

    Attributes
    ----------
    result : SearchResult or None
        Of the candidates all of whose folds are finished, without `best_estimator_`; None where
        there is no such candidate.

    Examples
    --------
    >>> from wbcore.searching import SearchInterrupted
    >>> issubclass(SearchInterrupted, KeyboardInterrupt)
    True
    """

    def __init__(self, message: str, result: SearchResult | None) -> None:
        super().__init__(message)
        self.result = result


def ranked(means: dict[int, float]) -> list[int]:
    """Candidates, the best first: by their mean scores, then by their numbers; NaN comes last.

    Examples
    --------
    >>> from wbcore.searching.results import ranked
    >>> ranked({0: 0.5, 1: float("nan"), 2: 0.75, 3: 0.5})
    [2, 0, 3, 1]
    """
    return sorted(means, key=lambda candidate: _place(means[candidate], candidate))


def _place(mean: float, candidate: int) -> tuple[bool, float, int]:
    failed = math.isnan(mean)
    return failed, 0.0 if failed else -mean, candidate


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value) if isinstance(value, (str, int)) else _arguments.shown(value)
    return text if len(text) <= 30 else f"{text[:27]}..."
