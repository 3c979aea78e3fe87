"""What is wrong with a model, by the table that it was trained on."""

from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

import wbcore as wb
from wbcore.cli import losses
from wbcore.cli.data import class_numbers
from wbcore.cli.metadata import load_model
from wbcore.cli.prediction import inputs
from wbcore.cli.resplit import Parts, parts_of
from wbcore.cli.words import class_weights
from wbcore.inspect import Findings, diagnose, finding_codes
from wbcore.io.frame import numbers
from wbcore.io.table import RawTable, read_raw_table
from wbcore.tables.metadata import class_names, encoding_of, feature_names

__all__ = ["Examination", "examined"]


class Examination(NamedTuple):
    """What was found, as text, and whether it is to end with exit code 1."""

    text: str
    fails: bool


def examined(
    model: Path,
    data: Path,
    *,
    target: str | None,
    validation: Path | None,
    loss: str | None,
    fail_on: str | None,
    as_json: bool,
) -> Examination:
    """Look for what is wrong with the network of a file.

    Raises
    ------
    ValueError
        If codes are unknown or cannot be found here, nobody says the loss or the target, or the
        loss or the tables do not suit the model.
    """
    codes = _codes(fail_on)
    net = load_model(model)
    if net.metadata.get("targets") is not None:
        raise ValueError(f"--data: expected a model of one target, got {model} of several")
    _require_target(model, net, target)
    training = net.metadata.get("training")
    settings: dict[str, Any] = training if isinstance(training, dict) else {}
    target = _said("--target", model, "target", target, net.metadata.get("target"))
    loss = _said("--loss", model, "loss", loss, settings.get("loss"))
    known = class_names(net)
    of_model = net.metadata.get("task") if known is None else "classification"
    loss, task = losses.of_model(loss, net, of_model, target)
    table = _Table(net, target, loss, task, known)
    X, y = table.rows(data)
    parts = parts_of(settings, X, y)
    others = None if validation is None else table.rows(validation)
    if others is None and parts is not None and len(parts.test):
        others = X[parts.test], y[parts.test]
    _require_able(codes, validated=others is not None)
    trained = slice(None) if parts is None else parts.train
    found = diagnose(
        net,
        None,
        table.named(X[trained]),
        y[trained],
        loss=loss,
        validation_data=others,
        class_weight=_weights(settings.get("class_weight"), known, target),
    )
    found = _with_rows(found, settings, parts, data.name, validated=validation is not None)
    fails = any(finding.code in codes and finding.severity != "note" for finding in found)
    return Examination((found.to_json() if as_json else str(found)) + "\n", fails)


def _with_rows(
    found: Findings, settings: dict[str, Any], parts: Parts | None, name: str, *, validated: bool
) -> Findings:
    """The findings with a line on which rows they are of, or that nobody knows."""
    if parts is not None:
        said = f"{name} is the table of the training, parted as there: {parts.describe()}"
        if validated:
            said += "; --validation is taken as given"
        return Findings(found, f"{found.looked_at}; {said}", found.not_looked_at)
    known = "the model does not say which it was trained on"
    if isinstance(settings.get("digest"), str):
        known = f"{name} is not the table of its training, row for row"
    taken = "--data and --validation are" if validated else "--data is"
    said = f"which of these rows were trained on: {known}, so {taken} taken as given"
    return Findings(found, found.looked_at, [*found.not_looked_at, said], sure=False)


def _codes(given: str | None) -> list[str]:
    """The codes of ``--fail-on``."""
    if given is None:
        return []
    codes = [code.strip() for code in given.split(",") if code.strip()]
    known = finding_codes()["code"]
    unknown = [code for code in codes if code not in known]
    if unknown or not codes:
        got = ", ".join(unknown) or "none"
        raise ValueError(f"--fail-on: expected codes among {', '.join(known)}, got {got}")
    return codes


def _require_able(codes: list[str], *, validated: bool) -> None:
    """Each code can fire: else ``--fail-on`` would pass whatever is wrong."""
    never = [reason for code in codes if (reason := _never(code, validated=validated))]
    if never:
        raise ValueError(f"--fail-on: {'; '.join(never)}")


def _never(code: str, *, validated: bool) -> str | None:
    """Why a code cannot end a run with exit code 1; None where it can."""
    row = next(row for row in finding_codes() if row["code"] == code)
    if row["calls"] == "check":
        return f"{code} is found before a training, by inspect.check, not in a model file"
    if row["needs"] == "history":
        return f"{code} needs the history of a training, which a model file does not have"
    if row["needs"] == "validation" and not validated:
        return f"{code} needs --validation"
    if row["severity"] == "note":
        return f"{code} is always a note, and notes do not count"
    return None


def _said(option: str, model: Path, what: str, given: str | None, known: object) -> str:
    if given is not None:
        return given
    if isinstance(known, str):
        return known
    raise ValueError(f"{model} does not say its {what}: give {option}")


def _require_target(model: Path, net: "wb.Network", given: str | None) -> None:
    """Another column than the model's has another name for it at most, not that of an input."""
    known = net.metadata.get("target")
    if given is None or given == known:
        return
    encoding = encoding_of(net)
    columns = feature_names(net) if encoding is None else encoding.inputs
    if given in (columns or ()):
        of = f"its target {known!r}" if isinstance(known, str) else "a column of another name"
        raise ValueError(f"--target: expected {of}, got {given!r}, a column that {model} takes in")


def _weights(
    given: object, classes: list[str] | None, target: str
) -> str | dict[int, float] | None:
    """Those that the model says it was trained with; for a network with one output none."""
    known = given if isinstance(given, (str, dict)) and classes is not None else None
    return class_weights(known, classes, target)


class _Table:
    """How a table becomes inputs as the network takes them, and class numbers or values.

    Parameters
    ----------
    net : Network
    target, loss : str
    task : {"classification", "regression"}
    classes : list of str or None
        The names of the classes, if the model says them; else those of the first table that is
        read have the numbers, so that no other one counts them anew.
    """

    def __init__(
        self, net: "wb.Network", target: str, loss: str, task: str, classes: list[str] | None
    ) -> None:
        self._net, self._target, self._loss = net, target, loss
        self._task, self._classes = task, classes
        self._columns: list[str] | None = None

    def named(self, X: NDArray[Any]) -> Any:  # noqa: ANN401, a data frame
        """Rows with the names of the file's columns, where the model has none."""
        import pandas as pd

        return X if self._columns is None else pd.DataFrame(X, columns=self._columns)

    def rows(self, path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
        """X and y of a table."""
        raw = read_raw_table(path, self._target, task=self._task, classes=self._classes or ())
        X = self._inputs(path, raw)
        if raw.classes is None:
            losses.require_targets(self._loss, float(raw.y.min()), self._target)
            return X, raw.y
        if self._classes is None:
            self._classes = _numbered(path, raw, max(2, self._net[-1].outputs))
        return X, class_numbers(path, raw, self._classes, "the model does not know")

    def _inputs(self, path: Path, raw: RawTable) -> NDArray[Any]:
        if feature_names(self._net) is not None or encoding_of(self._net) is not None:
            return inputs(self._net, path)
        X = numbers(path, "read_table", raw.frame, list(raw.frame.columns))
        if X.shape[1] != self._net[0].inputs:
            raise ValueError(
                f"{path} has {X.shape[1]} columns beside the target, but the model takes "
                f"{self._net[0].inputs}"
            )
        self._columns = self._columns or list(map(str, raw.frame.columns))
        return X


def _numbered(path: Path, raw: RawTable, most: int) -> list[str]:
    """Classes in the order of their numbers: where all names are such numbers, these."""
    assert raw.classes is not None
    if len(raw.classes) > most:
        raise ValueError(
            f"{path}: the target {raw.target!r} has {len(raw.classes)} classes, but the model "
            f"tells {most} apart"
        )
    as_numbers = list(map(str, range(most)))
    return as_numbers if set(raw.classes) <= set(as_numbers) else list(raw.classes)
