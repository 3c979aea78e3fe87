"""What a comparison of settings found: in tables, in words, and as the model file has it."""

import math
import shlex
from collections.abc import Iterator
from typing import Any

import numpy as np

from wbcore.inspect import Table
from wbcore.searching import SearchResult

__all__ = ["Candidates"]

_SHOWN = 10
_OPTIONS = {"hidden_layer_sizes": "hidden"}  # where a parameter is another word
_SHORT = _OPTIONS | {"learning_rate": "rate", "batch_size": "batch"}


class Candidates:
    """The candidates of a comparison, the best first.

    Parameters
    ----------
    found : SearchResult
    score : str
        What the scores are.
    sign : int
        -1 if less is better, for then the search has it with a minus.
    """

    def __init__(self, found: SearchResult, score: str, sign: int = 1) -> None:
        self._found, self._score = found, score
        table, folds = found.table, [name for name in found.table if name.startswith("fold_")]
        self._means = sign * table["score"]
        self._stds = table["std"]
        self._folds = sign * np.array([table[name] for name in folds]).T
        self._numbers = [int(number) for number in table["candidate"]]

    @property
    def title(self) -> str:
        """What was compared, in a line."""
        about = str(self._found).partition("\n")[0].partition(";")
        count = len(self._found)
        counted = f"{count} candidate{'s' * (count != 1)}, {self._folds.shape[1]} folds"
        further = "; those that went further come first" if about[2] else ""
        return f"{counted}, by {self._score}{about[1]}{about[2]}{further}"

    @property
    def _names(self) -> list[str]:
        """Of the parameters that were drawn."""
        prefixed = (name for name in self._found.table if name.startswith("param_"))
        return [name.removeprefix("param_") for name in prefixed]

    def frame(self) -> Any:  # noqa: ANN401, a data frame
        """All of them, with their settings, where None is the recipe's, and each fold's score."""
        import pandas as pd

        table = self._found.table
        folds = {f"fold {k + 1}": part for k, part in enumerate(self._folds.T)}
        settings = {
            _OPTIONS.get(name, name): [_joined(value) for value in table[f"param_{name}"]]
            for name in self._names
        }
        return pd.DataFrame(
            {"candidate": self._numbers, self._score: self._means, "spread": self._stds}
            | folds
            | settings
            | {"epochs": table["epochs"], "error": table["error"]}
        )

    def scores(self, *, by_fold: bool) -> Table:
        """Each fold's score, or the ends of them, where a terminal has not the width for more."""
        if by_fold:
            heads, parts = [f"fold {k + 1}" for k in range(self._folds.shape[1])], self._folds
        else:
            ends = (self._folds.min(axis=1), self._folds.max(axis=1))
            heads, parts = ["least", "most"], np.stack(ends, axis=1)
        rows = [
            [self._numbers[k], float(self._means[k]), float(self._stds[k]), *map(float, parts[k])]
            for k in range(min(_SHOWN, len(self._found)))
        ]
        return Table(["candidate", self._score, "spread", *heads], rows, self.title)

    def settings(self) -> Table | None:
        """What each candidate tried; None of a cross-validation."""
        table = self._found.table
        names = self._names
        if not names:
            return None
        rows = [
            [self._numbers[k], *(_cell(table[f"param_{name}"][k]) for name in names), epochs]
            for k, epochs in enumerate(map(int, table["epochs"][:_SHOWN]))
        ]
        heads = [_SHORT.get(name, name) for name in names]
        more = len(self._found) - len(rows)
        title = "Their settings" + f" (and {more} candidates more)" * (more > 0)
        return Table(["candidate", *heads, "epochs"], rows, title)

    def lines(self, options: dict[str, Any]) -> Iterator[str]:
        """Say how good the best settings are, which they are, and how those given come out."""
        count = len(self._found)
        chosen = f"; the best of {count}, so rather too good" if count > 1 else ""
        yield (
            f"Cross-validation: {self._score} {self._means[0]:.4f} ± {self._stds[0]:.2g} over "
            f"{self._folds.shape[1]} folds of the rows to train on{chosen}"
        )
        if count == 1:
            return
        place = self._numbers.index(0)
        if place == 0:
            yield "No other settings were better than those given, candidate 0"
            return
        words = (f"--{name.replace('_', '-')} {_word(value)}" for name, value in options.items())
        yield f"The best is candidate {self._numbers[0]}: {' '.join(words)}"
        yield (
            f"Candidate 0, the settings as given, comes out {self._means[place]:.4f}, "
            f"{place + 1} of {count}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The best one, as it travels in the model's metadata."""
        return {
            "candidates": len(self._found),
            "folds": self._folds.shape[1],
            "best_candidate": self._numbers[0],
            "score": self._score,
            "mean": float(self._means[0]),
            "spread": float(self._stds[0]),
            "by_fold": [float(score) for score in self._folds[0]],
        }


def _cell(value: object) -> object:
    if isinstance(value, (tuple, list)):
        return _word(value)
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.3g}"
    return "recipe" if value is None else value


def _word(value: object) -> str:
    """Return a value as its option takes it."""
    return shlex.quote(f"{_joined(value)}")


def _joined(value: object) -> object:
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else value
