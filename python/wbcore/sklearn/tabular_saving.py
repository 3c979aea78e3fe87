"""Estimators for tables as model files: what they know beside the network, as JSON."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from wbcore import loading, optimizers, schedules
from wbcore._named import Choice
from wbcore.errors import ModelFileError
from wbcore.history import History
from wbcore.optimizers import Optimizer
from wbcore.schedules import Schedule
from wbcore.tables import Encoding
from wbcore.tables.metadata import numbered

__all__ = [
    "labels", "loaded", "metadata", "names_of_targets", "plain_shape", "require_names",
    "target_names", "typed",
]  # fmt: skip

_VERSION = 1


def metadata(estimator: Any, n_rows: int, loss: str) -> dict[str, Any]:
    """What travels with the network.

    "task", "target", "classes" and "features" are those of the command line's models; "targets" the
    names of several, "decisions" the classes of each; "encoding" is `Encoding.to_dict`, and
    "estimator" all that `loaded` needs.
    """
    encoding, history = estimator.encoder_, estimator.history_
    described = estimator._described()
    several = described.pop("several")
    found = {
        "task": estimator._task,
        "target": None if several else names_of_targets(estimator, 1)[0],
        "classes": described.pop("classes"),
        **several,
        "encoding": encoding.to_dict(),
        "training": {
            "rows": n_rows,
            "epochs_run": estimator.n_iter_,
            "ended": history.reason,
            "loss": loss,
            "final_loss": _finite(estimator.loss_),
        },
        "estimator": {
            "version": _VERSION,
            "class": type(estimator).__name__,
            "parameters": _parameters(estimator),
            "dtype": estimator._dtype.name,
            "targets": described,
            "history": {
                "status": history.status,
                "best_epoch": history.best_epoch,
                "series": {
                    name: [_finite(value) for value in values]
                    for name, values in history.to_dict().items()
                },
            },
        },
    }
    if encoding.is_named:
        found["features"] = list(encoding.names)
    return found


def loaded(cls: type[Any], path: str | os.PathLike[str]) -> Any:
    """The estimator of a model file."""
    network = loading.load(path)
    given = network.metadata
    name = os.fsdecode(path)
    if "estimator" not in given:
        instead = (
            "the model of a table, of wbcore train: wbcore.tables.TableModel.load"
            if given.get("encoding") is not None
            else "a network alone: wbcore.load"
        )
        raise ModelFileError(
            f"[load] expected a model that {cls.__name__}.save wrote, got {instead} reads it: "
            f"{name!r}"
        )
    try:
        state = given["estimator"]
        if state["class"] != cls.__name__:
            raise ModelFileError(
                f"[load] expected a model of {cls.__name__}, got one of {state['class']}: {name!r}"
            )
        if state["version"] != _VERSION:
            raise ModelFileError(
                f"[load] expected a model of version {_VERSION}, got {state['version']!r} of a "
                f"newer wbcore: {name!r}"
            )
        known = set(cls._get_param_names())
        given_parameters = state["parameters"].items()
        estimator = cls(**{k: _restored(v) for k, v in given_parameters if k in known})
        encoding = Encoding.from_dict(given["encoding"])
        if len(encoding.names) != network.widths[0]:
            raise ValueError(f"{len(encoding.names)} encoded columns of {network.widths[0]}")
        estimator.encoder_ = encoding
        estimator.n_features_in_ = len(encoding.inputs)
        if encoding.is_named:
            estimator.feature_names_in_ = np.array(encoding.inputs, object)
        history = History(
            {
                k: [float("nan") if v is None else float(v) for v in values]
                for k, values in state["history"]["series"].items()
            },
            str(state["history"]["status"]),
        )
        history.reason = str(given["training"]["ended"])
        history.best_epoch = state["history"]["best_epoch"]
        estimator.history_ = history
        estimator.n_iter_ = estimator._trained_epochs = len(history)
        estimator.loss_ = history.loss[-1]
        estimator.n_outputs_ = network.widths[-1]
        estimator._dtype = np.dtype(state["dtype"])
        estimator._target_names = [str(name) for name in given.get("targets", [given["target"]])]
        estimator._restore_targets(state["targets"], given)
        estimator._course = None
        estimator._plain = plain_shape(encoding)
    except ModelFileError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ModelFileError(
            f"[load] expected a model that {cls.__name__}.save wrote, got one whose metadata lack "
            f"something or are wrong ({type(error).__name__}: {error}): {name!r}"
        ) from None
    estimator.network_ = network
    return estimator


def target_names(y: Any) -> list[str]:
    """The names of targets, of a frame or a series; empty where one has none of its own."""
    given = list(y.columns) if hasattr(y, "columns") else [getattr(y, "name", None)]
    return [name if isinstance(name, str) and given.count(name) == 1 else "" for name in given]


def names_of_targets(estimator: Any, count: int) -> list[str]:
    """The names of targets; one without is "target", and of several numbered."""
    names: list[str] = estimator._target_names
    if len(names) != count:
        names = [""] * count
    return [names[0] or "target"] if count == 1 else numbered(names)


def plain_shape(encoding: Encoding) -> tuple[int] | None:
    """The shape of a row of an array that goes to the network as it is; None where none does."""
    goes = encoding.is_plain and not encoding.is_named
    return (len(encoding.columns),) if goes else None


def typed(classes: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Labels of classes as JSON can express them, with their type."""
    values = classes
    if classes.dtype.kind in "mM":  # whole numbers of their unit
        values = classes.astype(np.int64)
    elif classes.dtype.char == "g":  # which no float of Python holds
        values = classes.astype(str)
    plain = [v.item() if isinstance(v, np.generic) else v for v in values.tolist()]  # of objects
    return {"dtype": classes.dtype.str, "values": plain}


def require_names(estimator: Any) -> None:
    """Refuse labels that would have one name in a file, such as 1 and "1"."""
    classes = getattr(estimator, "classes_", [])
    for each in classes if isinstance(classes, list) else [classes]:
        known: dict[str, Any] = {}
        for label in each.tolist():
            other = known.setdefault(str(label), label)
            if other is not label:
                raise ValueError(
                    "[save] expected labels that differ as texts, by which a file names them, "
                    f"got {other!r} and {label!r}"
                )


def labels(state: dict[str, Any]) -> np.ndarray[Any, Any]:
    """What `typed` gave."""
    dtype = np.dtype(state["dtype"])
    if dtype.kind not in "biufmMUO":
        raise ValueError(f"labels of dtype {dtype}")
    if dtype.kind in "mM":
        return np.array(state["values"], np.int64).astype(dtype)
    return np.array(state["values"], dtype)


def _parameters(estimator: Any) -> dict[str, Any]:
    """Those that JSON can express; named choices and optimizers as their texts."""
    found = {}
    for name, value in estimator.get_params(deep=False).items():
        if name == "validation_data":  # lists of numbers would be kept
            continue
        plain = _plain(value)
        if plain is not _NONE:
            found[name] = plain
    return found


_NONE = object()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, int):  # of any size
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else _NONE
    if isinstance(value, (Choice, Optimizer)):
        return str(value) if _text_says_all(value) else _NONE
    if isinstance(value, dict):  # such as class_weight; names of JSON would be texts
        pairs = _plain([list(pair) for pair in value.items()])
        return _NONE if pairs is _NONE else {"pairs": pairs}
    if isinstance(value, (list, tuple)):
        items = [_plain(item) for item in value]
        if any(item is _NONE for item in items):
            return _NONE
        return {"tuple": items} if isinstance(value, tuple) else items
    return _NONE


def _text_says_all(value: Choice | Optimizer) -> bool:
    """Whether what its text makes is the same: not where there is a function, or an l1."""
    try:
        if isinstance(value, Optimizer):
            made = optimizers.check("save", str(value))
            return isinstance(made, Optimizer) and value._equals(made)
        return not isinstance(value, Schedule) or schedules.parsed("save", str(value)) == value
    except ValueError:
        return False


def _restored(plain: Any) -> Any:
    """What `_plain` was given, but for objects, whose texts will do."""
    if isinstance(plain, dict) and "pairs" in plain:
        return dict(_restored(plain["pairs"]))
    if isinstance(plain, dict):
        return tuple(map(_restored, plain["tuple"]))
    return [_restored(item) for item in plain] if isinstance(plain, list) else plain


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
