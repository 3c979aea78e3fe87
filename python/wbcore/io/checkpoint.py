"""Trainings in the middle of their course as files: what `fit(checkpoint=...)` writes.

The container is that of model files (`wbcore.io.container`): safetensors, with a sum over all of
it, and nothing that is executed. Its metadata are texts:

format, format_version
    "wbcore checkpoint", and "1".
contract
    The number of the arithmetic (docs/arithmetic.md). A run goes on with the same one alone.
settings
    JSON: an object with a field for each thing that makes the run another one: structure, loss,
    optimizer, and so on, and sums of the data. A number of threads is not among them.
run
    JSON: where it stands. The fields of `SavedRun` that are no arrays; each of its callbacks is an
    object, in which {"tensor": true} stands for an array.
sha256
    Over settings, run and contract, each with a zero byte behind it, and all tensors as they lie.

The tensors are "parameters" (n,), flat as `Network.parameters`; "optimizer.NAME" (n,) for each
state; "history.NAME" (E,), float64, for each series of the history; "callbacks.I.NAME", what they
keep; and where parameters are recorded "records", the bytes of all records one after another, and
"tracking", those of where the next one goes on (cpp/bindings/record_bytes.hpp). There the run also
has a field "beginning" (`wbcore.training.recording_fields`), whose arrays are the tensors
"beginning.parameters" and "beginning.optimizer.NAME": what `History.replay` needs of the first
step. Files of before there was one are read without.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore import _arguments, _core, _record_bytes
from wbcore.errors import ModelFileError
from wbcore.io import container
from wbcore.io._run_fields import CHECKS, TENSOR
from wbcore.io._safetensors import file_error
from wbcore.io.container import Reader

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Plain", "SavedRun", "read_checkpoint", "write_checkpoint"]

_FORMAT, _VERSION = "wbcore checkpoint", "1"
_SUMMED = ("settings", "run", "contract")

Plain = float | int | str | bool | None


@dataclass(frozen=True, kw_only=True)
class SavedRun:
    """What a checkpoint says.

    Parameters
    ----------
    settings : dict
        Field by field what makes the run another one; values are what JSON can express.
    status, reason, first_epoch, best_epoch
        Of the history.
    is_over : bool
        Whether a callback has ended the run, and not this session alone.
    prior_is_due : bool
        Whether the first step is still to set the biases of the last layer.
    steps, position, observations
        Of the optimizer's state; the fields of a `Position` in their order.
    optimizer : dict
        Its settings as they are by now.
    series : dict of str to list of float
        Of the record of the history, in its order.
    callbacks : list of dict
        What each of them needs to go on.
    parameters : ndarray of shape (n,)
    states : dict of str to ndarray of shape (n,)
        Of the optimizer.
    tracking : bytes, optional
        Where parameters are recorded, what the next record needs.
    records : sequence of bytes
        Those so far.
    beginning : dict, optional
        Where parameters are recorded, the fields of how the whole run began.
    beginning_arrays : dict of str to ndarray of shape (n,)
        Its "parameters", and "optimizer.NAME" of what the optimizer remembered then.
    """

    settings: dict[str, Any]
    status: str
    reason: str
    first_epoch: int
    best_epoch: int | None
    is_over: bool
    prior_is_due: bool
    steps: int
    position: tuple[int, int, float, float, tuple[float, ...], str]
    observations: dict[str, Any]
    optimizer: dict[str, Plain]
    series: dict[str, list[float]]
    callbacks: list[dict[str, Any]]
    parameters: NDArray[Any]
    states: dict[str, NDArray[Any]]
    tracking: bytes | None
    records: tuple[bytes, ...]
    beginning: dict[str, Any] | None = None
    beginning_arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


_NOT_IN_RUN = ("settings", "parameters", "states", "tracking", "records", "beginning_arrays")


def write_checkpoint(path: str, saved: SavedRun) -> None:
    """Write a checkpoint to a file, whole or not at all, in place of the one that is there.

    Raises
    ------
    OSError
        When the file cannot be written; the one that was there stays.
    """
    run = {one.name: getattr(saved, one.name) for one in fields(saved)}
    for name in (*_NOT_IN_RUN, *(["beginning"] if saved.beginning is None else [])):
        del run[name]
    run["series"] = list(saved.series)
    run["callbacks"] = [
        {n: TENSOR if isinstance(value, np.ndarray) else value for n, value in state.items()}
        for state in saved.callbacks
    ]
    texts = {
        "format": _FORMAT,
        "format_version": _VERSION,
        "contract": str(_core.CONTRACT),
        "settings": json.dumps(saved.settings, allow_nan=False),
        "run": json.dumps(_encoded(run), allow_nan=False),
    }
    container.write(path, "fit", texts, _SUMMED, _tensors(saved))


def _tensors(saved: SavedRun) -> dict[str, NDArray[Any]]:
    tensors = {"parameters": saved.parameters}
    tensors |= {f"optimizer.{name}": array for name, array in saved.states.items()}
    tensors |= {f"history.{name}": np.array(v, np.float64) for name, v in saved.series.items()}
    if saved.tracking is not None:
        tensors["tracking"] = np.frombuffer(saved.tracking, np.uint8)
        tensors["records"] = np.frombuffer(b"".join(saved.records), np.uint8)
    tensors |= {f"beginning.{name}": array for name, array in saved.beginning_arrays.items()}
    for i, state in enumerate(saved.callbacks):
        arrays = {n: value for n, value in state.items() if isinstance(value, np.ndarray)}
        tensors |= {f"callbacks.{i}.{name}": array for name, array in arrays.items()}
    return tensors


def read_checkpoint(path: str) -> SavedRun:
    """Read what `write_checkpoint` wrote, equal to the bit.

    Raises
    ------
    ModelFileError
        When the file is no checkpoint of wbcore, or truncated, altered, or of another arithmetic.
    OSError
        When the file is missing or cannot be read.
    """
    try:
        with container.opened(path) as reader:
            _require_known(reader)
            tensors = reader.read_all(_SUMMED)
            settings = container.json_object(path, reader.texts["settings"])
            run = _decoded(container.json_object(path, reader.texts["run"]))
            return _saved(path, settings, run, tensors)
    except IsADirectoryError as error:
        message = "[fit] expected resume to be a checkpoint, got a folder"
        raise IsADirectoryError(error.errno, message, path) from None
    except ModelFileError as error:
        said = str(error).partition("] ")[2].replace("a model file", "a checkpoint")
        raise ModelFileError(f"[fit] {said}") from None


def _require_known(reader: Reader) -> None:
    path, texts = reader.path, reader.texts
    if texts.get("format") != _FORMAT or not all(name in texts for name in _SUMMED):
        is_model = texts.get("format") == "wbcore"
        got = "a network that was saved" if is_model else "another safetensors file"
        raise file_error(path, "a file that fit(checkpoint=...) wrote", got)
    for name, known in (("format_version", _VERSION), ("contract", str(_core.CONTRACT))):
        if texts.get(name) != known:
            got = _arguments.shown(texts.get(name))
            raise file_error(path, f"a checkpoint of {name} {known!r}, as this wbcore writes", got)


def _saved(
    path: str, settings: dict[str, Any], run: dict[str, Any], tensors: dict[str, NDArray[Any]]
) -> SavedRun:
    """All of it, each of its kind: who has changed a file may have mended its sum."""
    for name, is_sound in CHECKS.items():
        if name not in run or not is_sound(run[name]):
            got = _arguments.shown(run.get(name, "none"))
            raise file_error(path, f"{name} of a run", got)
    beginning = run.pop("beginning", None)  # which older files have not
    if not (beginning is None or isinstance(beginning, dict)):
        raise file_error(path, "beginning of a run", _arguments.shown(beginning))
    if len(run) > len(CHECKS):
        raise file_error(path, "a run of known fields", _arguments.shown(sorted(run)))
    left = dict(tensors)

    def taken(name: str, is_sound: Callable[[NDArray[Any]], bool]) -> NDArray[Any]:
        tensor = left.pop(name, None)
        if tensor is None or not is_sound(tensor):
            got = "none" if tensor is None else _arguments.shown(tensor)
            raise file_error(path, f"the tensor {name} of a run", got)
        return tensor

    parameters = taken("parameters", lambda t: t.ndim == 1 and t.dtype.kind == "f")
    like = (parameters.shape, parameters.dtype)
    states = {
        name.removeprefix("optimizer."): taken(name, lambda t: (t.shape, t.dtype) == like)
        for name in tensors
        if name.startswith("optimizer.")
    }
    shapes = {tensors[n].shape for n in tensors if n.startswith("history.")}
    series = {
        name: taken(
            f"history.{name}", lambda t: t.dtype == float and t.ndim == 1 and len(shapes) == 1
        ).tolist()
        for name in run["series"]
    }
    tracking: bytes | None = None
    records: tuple[bytes, ...] = ()
    if "tracking" in tensors:
        tracking = taken("tracking", _are_bytes).tobytes()
        records = _split(path, taken("records", _are_bytes).tobytes())
    beginning_arrays = {
        name.removeprefix("beginning."): taken(name, lambda t: (t.shape, t.dtype) == like)
        for name in tensors
        if name.startswith("beginning.") and isinstance(beginning, dict)
    }
    callbacks = [
        {
            name: taken(f"callbacks.{i}.{name}", lambda _: True) if value == TENSOR else value
            for name, value in state.items()
        }
        for i, state in enumerate(run["callbacks"])
    ]
    if left:
        raise file_error(path, "tensors of a run", _arguments.shown(sorted(left)))
    epoch, batch, loss_sum, weight_sum, sums, epoch_of = run["position"]
    position = (epoch, batch, float(loss_sum), float(weight_sum), tuple(map(float, sums)), epoch_of)
    known = {**run, "position": position, "series": series, "callbacks": callbacks}
    return SavedRun(
        settings=settings,
        parameters=parameters,
        states=states,
        tracking=tracking,
        records=records,
        beginning=beginning,
        beginning_arrays=beginning_arrays,
        **known,
    )


def _are_bytes(tensor: NDArray[Any]) -> bool:
    return tensor.dtype == np.uint8 and tensor.ndim == 1


def _split(path: str, data: bytes) -> tuple[bytes, ...]:
    try:
        return tuple(_record_bytes.split(data))
    except ValueError as error:
        raise file_error(path, "records of a run", str(error)) from None


def _encoded(value: Any) -> Any:  # noqa: ANN401
    """With {"number": "nan"} for what JSON does not know."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    if isinstance(value, dict):
        return {name: _encoded(item) for name, item in value.items()}
    return list(map(_encoded, value)) if isinstance(value, (list, tuple)) else value


def _decoded(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        if list(value) == ["number"] and value["number"] in ("nan", "inf", "-inf"):
            return float(value["number"])
        return {name: _decoded(item) for name, item in value.items()}
    return list(map(_decoded, value)) if isinstance(value, list) else value
