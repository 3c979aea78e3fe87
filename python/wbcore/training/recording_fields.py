"""How a fit began as plain fields, which checkpoints and JSON texts have, and back from them.

Arrays stand beside them: in a checkpoint as tensors; of a JSON text in the network that
`History.set_beginning` is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wbcore import _arguments, schedules
from wbcore._structure import LayerStructure
from wbcore.optimizers.state import Position, check_position
from wbcore.schedules.base import is_callable, text_of
from wbcore.training.identity import plain_class_weight
from wbcore.training.recording import RULES, Recording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from wbcore.network import Network

__all__ = ["fields_of", "recording_of", "require_fields"]


def fields_of(recording: Recording) -> dict[str, Any]:
    """All of it that JSON can express, numbers that are not finite among them.

    Functions are there by name; "arrays" has the names of the optimizer's, or None where they are
    those of a first step.
    """
    return {
        "layers": [list(layer) for layer in recording.layers],
        "dtype": recording.dtype,
        "starts_at_prior": recording.starts_at_prior,
        "rule": recording.rule,
        "optimizer": {
            name: text_of(value) if is_callable(value) else value
            for name, value in recording.optimizer.items()
        },
        "steps": recording.steps,
        "position": list(recording.position),
        "observations": dict(recording.observations),
        "arrays": None if recording.arrays is None else list(recording.arrays),
        "settings": {
            **recording.settings,
            "class_weight": plain_class_weight(recording.settings["class_weight"]),
            "metrics": list(recording.settings["metrics"]),
        },
        "functions": dict(recording.functions),
        "callbacks": list(recording.callbacks),
        "batches": recording.batches,
        "first": list(recording.first),
        "samples": {
            name: None if sample is None else list(sample)
            for name, sample in recording.samples.items()
        },
    }


def require_fields(fields: object) -> None:
    """Refuse what `fields_of` cannot have given.

    Settings of `fit` are looked at by their kinds alone, and by `Plan` when it is made again.

    Raises
    ------
    TypeError, ValueError
        Naming the first field that is none.
    """
    if not isinstance(fields, dict) or set(fields) != set(_KINDS):
        raise ValueError(f"[replay] expected fields of a beginning, got {_arguments.shown(fields)}")
    for name, is_sound in _KINDS.items():
        if not is_sound(fields[name]):
            got = _arguments.shown(fields[name])
            raise ValueError(f"[replay] expected {name} of a beginning, got {got}")
    _settings(fields)
    _position(fields)


def recording_of(
    fields: dict[str, Any],
    kind: type[Network],
    parameters: NDArray[Any],
    arrays: Mapping[str, NDArray[Any]] | None,
) -> Recording:
    """The beginning that fields tell of, with its arrays, which the caller has looked at.

    Raises
    ------
    TypeError, ValueError
        When these are no such fields.
    """
    require_fields(fields)
    settings = dict(fields["settings"])
    if isinstance(settings["class_weight"], list):
        settings["class_weight"] = {int(label): w for label, w in settings["class_weight"]}
    settings["metrics"] = tuple(settings["metrics"])
    known = {
        name: fields[name] for name in ("dtype", "starts_at_prior", "rule", "steps", "batches")
    }
    return Recording(
        **known,
        kind=kind,
        layers=tuple(LayerStructure(*layer) for layer in fields["layers"]),
        parameters=parameters,
        optimizer=_settings(fields),
        position=_position(fields),
        observations=fields["observations"],
        arrays=arrays,
        settings=settings,
        functions=fields["functions"],
        callbacks=tuple(fields["callbacks"]),
        first=tuple(fields["first"]),
        samples={
            name: None if sample is None else tuple(sample)
            for name, sample in fields["samples"].items()
        },
    )


def _position(fields: Mapping[str, Any]) -> Position:
    epoch, batch, loss_sum, weight_sum, sums, epoch_of = fields["position"]
    found = Position(epoch, batch, loss_sum, weight_sum, tuple(sums), epoch_of)
    return check_position("replay", found)


def _settings(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Of the optimizer, each checked by it."""
    kind: Any = RULES[fields["rule"]]
    plain, functions = fields["optimizer"], fields["functions"]
    given = {
        name: schedules.parsed("replay", value) if isinstance(value, str) else value
        for name, value in plain.items()
    }
    made = kind(**given)  # which refuses what it does not know
    names = [name for name in kind._checks if name not in functions]
    if set(names) != set(plain):
        raise ValueError(
            f"[replay] expected all settings of {kind.__name__}, got {', '.join(plain)}"
        )
    return {name: getattr(made, name) for name in names}


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _are_layers(value: object) -> bool:
    """Of sizes that are some, each fitting the one before."""

    def is_layer(layer: object) -> bool:
        if not isinstance(layer, list) or len(layer) != len(LayerStructure._fields):
            return False
        inputs, outputs, activation, bias, trainable, dropout = layer
        return (
            all(_is_count(n) and n for n in (inputs, outputs))
            and isinstance(activation, str)
            and all(type(flag) is bool for flag in (bias, trainable))
            and _is_number(dropout)
        )

    return isinstance(value, list) and bool(value) and all(map(is_layer, value))


def _is_position(value: object) -> bool:
    return isinstance(value, list) and len(value) == 6 and isinstance(value[4], list)


def _is_sample(value: object) -> bool:
    return value is None or (_are_texts(value) and len(value) in (1, 2))  # type: ignore[arg-type]


def _is_class_weight(value: object) -> bool:
    if value is None or isinstance(value, str):
        return True
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair)) for pair in value
    )


# Of `fit`, by the kind of each; their ranges are looked at by `Plan`.
_SETTINGS: dict[str, Callable[[Any], bool]] = {
    "batch_size": _is_count,
    "class_weight": _is_class_weight,
    "seed": lambda value: type(value) is int and 0 <= value < 2**64,
    "shuffle_window": _is_count,
    "validation_fraction": lambda value: value is None or _is_number(value),
    "loss": lambda value: value is None or isinstance(value, str),
    "shuffle": lambda value: value is None or type(value) is bool or value == "blocks",
    "track": lambda value: value == "epoch" or (_is_count(value) and value > 0),
    "validation_data": lambda value: type(value) is bool,
    "epochs": lambda value: _is_count(value) and value > 0,
    "metrics": _are_texts,
}

_KINDS: dict[str, Callable[[Any], bool]] = {
    "layers": _are_layers,
    "dtype": lambda value: value in ("float32", "float64"),
    "starts_at_prior": lambda value: type(value) is bool,
    "rule": lambda value: isinstance(value, str) and value in RULES,
    "optimizer": lambda value: isinstance(value, dict),
    "steps": _is_count,
    "position": _is_position,
    "observations": lambda value: (
        isinstance(value, dict)
        and set(value) == {"best", "waited", "reductions"}
        and (value["best"] is None or _is_number(value["best"]))
        and all(_is_count(value[name]) for name in ("waited", "reductions"))
    ),
    "arrays": lambda value: value is None or _are_texts(value),
    "settings": lambda value: (
        isinstance(value, dict)
        and set(value) == set(_SETTINGS)
        and all(is_sound(value[name]) for name, is_sound in _SETTINGS.items())
    ),
    "functions": lambda value: (
        isinstance(value, dict)
        and set(value) <= {"learning_rate", "loss", "shuffle"}
        and all(isinstance(name, str) for name in value.values())
    ),
    "callbacks": _are_texts,
    "batches": lambda value: _is_count(value) and value > 0,
    "first": lambda value: (
        isinstance(value, list) and len(value) == 2 and all(map(_is_count, value))
    ),
    "samples": lambda value: (
        isinstance(value, dict)
        and set(value) == {"X", "y", "sample_weight"}
        and all(map(_is_sample, value.values()))
    ),
}
