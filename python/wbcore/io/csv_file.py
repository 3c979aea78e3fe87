"""CSV files through pandas, without what it does in silence."""

import io
import stat
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

__all__ = ["read_csv"]


def read_csv(
    path: Path,
    target: str | None = None,
    texts: Collection[str] = (),
    classes: Collection[str] = (),
) -> Any:  # noqa: ANN401, a data frame
    """Return the file as a data frame.

    Parameters
    ----------
    path : Path
        A file, packed if its suffix says so, or a pipe that has its other end.
    target : str, optional
        In this column, if it is text, only an empty field is missing: NA, None, null or nan are
        names like others. In all other columns they mark a missing value.
    texts : collection of str
        Columns that stay texts where they look like numbers, whose zeros would be lost, or bools.
    classes : collection of str
        Texts that stay texts in the target, whatever its other rows look like.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError
        If it is no CSV file, a name stands twice in the header, or rows have more fields than the
        header has names.
    """
    import pandas as pd

    source = _source(path)
    header = pd.read_csv(source(), header=None, nrows=1, dtype=str, keep_default_na=False)
    names = header.iloc[0].tolist()
    for name in names:
        if name and names.count(name) > 1:  # pandas would call the second "name.1"
            raise ValueError(f"the column {name!r} stands twice in the header")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            # Else the first field of longer rows would be the row's name, and the others move.
            frame = pd.read_csv(source(), index_col=False, **_exact(pd.__version__))
    except pd.errors.ParserWarning:
        raise ValueError(f"rows have more fields than the header, which has {len(names)}") from None
    if len(frame.columns) != len(names):
        raise ValueError("it was changed while it was read")

    def as_texts(name: str, **options: Any) -> Any:  # noqa: ANN401
        place = [names.index(name)]
        again = pd.read_csv(source(), index_col=False, usecols=place, dtype=str, **options)
        if len(again) != len(frame):
            raise ValueError("it was changed while it was read")
        return again.iloc[:, 0]

    if target and target in names and (classes or _is_text(frame[target])):
        given = as_texts(target, keep_default_na=False, na_values=[""])
        frame[target] = _known(given, frame[target], classes)
    for name in texts:
        if name != target and name in names and not _is_all_text(frame[name]):
            frame[name] = as_texts(name)
    return frame


def _source(path: Path) -> Callable[[], Path | io.BytesIO]:
    """Return what gives the file from its start, as often as it is called."""
    if stat.S_ISREG(path.stat().st_mode):
        return lambda: path
    content = path.read_bytes()  # of a pipe, which can be read once
    return lambda: io.BytesIO(content)


def _exact(version: str) -> dict[str, Any]:
    """Return what makes pandas of this version read a decimal as the nearest float64."""
    major, minor = (int(number) for number in version.split(".")[:2])
    exact = {} if (major, minor) >= (3, 1) else {"float_precision": "round_trip"}
    return {"low_memory": False, **exact}  # whole columns, so that each has one type


def _known(given: Any, read: Any, classes: Collection[str]) -> Any:  # noqa: ANN401, columns
    """Return a target as it is written where that is one of the classes, else as pandas read it."""
    if _is_text(read):
        return given
    others = read.map(str, na_action="ignore").astype(object)
    return given.astype(object).where(given.isin(list(classes)), others)


def _is_all_text(column: Any) -> bool:  # noqa: ANN401, a column of a data frame
    import pandas as pd

    return bool(pd.api.types.infer_dtype(column) == "string")


def _is_text(column: Any) -> bool:  # noqa: ANN401, a column of a data frame
    import pandas as pd

    kinds = pd.api.types
    if column.isna().all():
        return True
    return not kinds.is_numeric_dtype(column) and kinds.infer_dtype(column) != "boolean"
