"""Columns of categories: a column of 0 and 1 for each, by scikit-learn's OneHotEncoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore.tables.column import ColumnEncoding, missing_rows, weighted
from wbcore.tables.values import as_text, matched

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wbcore.tables.table import Column

__all__ = ["CategoryColumn"]

_LEAST = 2
"""Rows that a category needs for a column of its own: of one row nothing can be generalised."""


class CategoryColumn(ColumnEncoding):
    """A column of categories, known by their texts: 1, 1.0 and "1" are the same.

    Parameters
    ----------
    name : str
    kept : sequence of str
        The categories with a column each.
    rare : sequence of str
        Those that share one, after the others.
    indicator : bool
        Whether a column, the last, says where a value is missing.

    Notes
    -----
    A category is the text of a value or, where that is in neither list, of the number that the text
    is, or one there that is the same bool or date: "1.0" is 1, True is "true". One that is in
    neither, and a missing value without an indicator, is 0 in all columns.
    """

    kind = "category"

    def __init__(
        self, name: str, kept: Sequence[str], rare: Sequence[str] = (), *, indicator: bool = False
    ) -> None:
        self.name = name
        self.kept = tuple(kept)
        self.rare = tuple(rare)
        self.indicator = indicator

    @classmethod
    def fit(
        cls,
        column: Column,
        weights: NDArray[np.float64] | None,
        *,
        indicator: bool,
        most: int,
    ) -> CategoryColumn:
        """Look at the column: the most frequent categories get a column each, at most `most`.

        One whose every row is another category is an identifier, which tells nothing of other rows:
        nothing is kept of it.
        """
        texts, codes = _texts(column)
        counts = weighted(codes, len(texts), weights)
        by_count = sorted(range(len(texts)), key=lambda i: (-counts[i], texts[i]))
        there = [i for i in by_count if counts[i] > 0]
        kept = [i for i in there if counts[i] >= _LEAST]
        if len(kept) > most or (len(kept) == most and len(there) > most):
            kept = kept[: most - 1]
        rare = set(there) - set(kept)
        if not kept:
            rare = set()
        position = _positions(column, texts)
        return cls(
            column.name,
            [texts[i] for i in sorted(kept, key=lambda i: position[i])],
            sorted(texts[i] for i in rare),
            indicator=indicator and bool(missing_rows(column).any()),
        )

    @property
    def is_identifier(self) -> bool:
        """Whether no category came twice, so that nothing is kept."""
        return not self.kept

    @cached_property
    def _encoder(self) -> Any:  # noqa: ANN401, scikit-learn has no types
        """The transformer, made of the lists: rare ones come once, others twice."""
        from sklearn.preprocessing import OneHotEncoder

        encoder = OneHotEncoder(
            categories=[np.array([*self.kept, *self.rare], object)],
            handle_unknown="ignore",
            min_frequency=2,
            sparse_output=False,
        )
        rows = [*self.kept, *self.kept, *self.rare]
        return encoder.fit(np.array(rows, object)[:, None])

    def names(self) -> list[str]:
        """A category each, then rare ones, then what is missing."""
        names = [f"{self.name}={text}" for text in self.kept]
        if self.rare:
            names.append(f"{self.name} rare")
        if self.indicator:
            names.append(f"{self.name} missing")
        return names

    def write(self, column: Column, out: NDArray[np.float64], operation: str) -> None:  # noqa: ARG002
        """A 1 in the column of a row's category. Only different categories are looked up."""
        texts, codes = _texts(column)
        gaps = codes < 0
        texts = matched(texts, {*self.kept, *self.rare})
        if self.kept:
            width = len(self.kept) + bool(self.rare)
            rows = np.zeros((len(texts) + 1, width))  # the last one is that of what is missing
            if texts:
                rows[:-1] = self._encoder.transform(np.array(texts, object)[:, None])
            out[:, :width] = rows[codes]
        if self.indicator:
            out[:, -1] = gaps

    def describe(self) -> str:
        """What the column became."""
        if not self.kept and not self.indicator:
            return f"'{self.name}': left out, another category in every row"
        words = [f"1 for each of {len(self.kept)} categories ({_listed(self.kept)})"]
        if self.rare:
            words.append(f"'{self.name} rare' for {len(self.rare)} others ({_listed(self.rare)})")
        if self.indicator:
            words.append(f"'{self.name} missing' where there is none")
        return f"'{self.name}': " + ", ".join(words) + "; 0 of unknown ones"

    def to_dict(self) -> dict[str, Any]:
        """All of it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "kept": list(self.kept),
            "rare": list(self.rare),
            "indicator": self.indicator,
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> CategoryColumn:
        """What `to_dict` gave."""
        return cls(
            str(state["name"]),
            [str(text) for text in state["kept"]],
            [str(text) for text in state["rare"]],
            indicator=bool(state["indicator"]),
        )


def _texts(column: Column) -> tuple[list[str], NDArray[np.int64]]:
    """The different categories as texts, and which row has which; below 0 is missing."""
    if column.codes is not None:
        levels, codes = list(column.levels), column.codes
    else:
        values = column.numbers if column.numbers is not None else column.dates
        assert values is not None, "one of the three is there"
        gaps = missing_rows(column)
        unique, inverse = np.unique(values[~gaps], return_inverse=True)
        codes = np.full(len(values), -1, np.int64)
        codes[~gaps] = inverse
        levels = list(unique)
    known: dict[str, int] = {}
    places = [known.setdefault(as_text(level), len(known)) for level in levels]
    return list(known), np.array([*places, -1], np.int64)[codes]


def _positions(column: Column, texts: list[str]) -> list[int]:
    """In which order categories get their columns: as declared, else as numbers or letters."""
    if column.declared and column.codes is not None:
        return list(range(len(texts)))
    try:
        order = sorted(range(len(texts)), key=lambda i: float(texts[i]))
    except ValueError:
        order = sorted(range(len(texts)), key=lambda i: texts[i])
    places = [0] * len(texts)
    for place, i in enumerate(order):
        places[i] = place
    return places


def _listed(texts: Sequence[str]) -> str:
    """The first of them; one with a comma in quotes, so that it is not taken for two."""
    shown = ", ".join(f"'{text}'" if "," in text else text for text in texts[:5])
    return shown if len(texts) <= 5 else f"{shown} and {len(texts) - 5} more"
