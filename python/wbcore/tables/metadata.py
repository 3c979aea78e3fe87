"""What a model file says about its columns and classes; others wrote it, so it is not trusted."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from wbcore.tables.encoding import Encoding

if TYPE_CHECKING:
    from wbcore.network import Network

__all__ = [
    "class_names", "decision_names", "encoding_of", "feature_names", "has_margins", "numbered",
    "target_names",
]  # fmt: skip


def feature_names(net: Network) -> list[str] | None:
    """Return the names of the columns that the network takes, or None if it does not say.

    Raises
    ------
    ValueError
        If the metadata do not name each input once.
    """
    return _names(net.metadata, "features", net[0].inputs)


def encoding_of(net: Network) -> Encoding | None:
    """Return what becomes of the columns of a table, or None if the network does not say.

    Raises
    ------
    ValueError
        If the metadata do not say it, or give the network another number of inputs.
    """
    given = net.metadata.get("encoding")
    if given is None:
        return None
    try:
        encoding = Encoding.from_dict(given)
    except ValueError as error:
        message = str(error).removeprefix("[load] ")
        raise ValueError(f"the model's metadata: {message}") from None
    if len(encoding.names) != net[0].inputs:
        raise ValueError(
            f"the model's metadata: expected an encoding to {net[0].inputs} inputs, "
            f"got one to {len(encoding.names)}"
        )
    return encoding


def class_names(net: Network, *, of_one_output: bool = False) -> list[str] | None:
    """Return the names of the classes, or None if the network does not say or has one output.

    With `of_one_output` also those, one or two, of which the last has the one output.

    Raises
    ------
    ValueError
        If the metadata do not name each output once.
    """
    count = net[-1].outputs
    if count > 1:
        return _names(net.metadata, "classes", count)
    given = net.metadata.get("classes")
    if not of_one_output or given is None:
        return None
    alone = isinstance(given, list) and len(given) == 1
    return _names(net.metadata, "classes", 1 if alone else 2)


def target_names(net: Network) -> list[str] | None:
    """Return the names of several targets, an output each; None if the network does not say.

    Raises
    ------
    ValueError
        If the metadata do not name each output once.
    """
    return _names(net.metadata, "targets", net[-1].outputs)


def decision_names(net: Network) -> tuple[list[str], list[list[str]]] | None:
    """Return the targets of several decisions, and the classes of each, which have an output each.

    None if the network does not say that it has such.

    Raises
    ------
    ValueError
        If the metadata do not name each target and each class of a target once.
    """
    given = net.metadata.get("decisions")
    if given is None:
        return None
    if not (isinstance(given, list) and given and all(isinstance(c, list) and c for c in given)):
        raise ValueError(
            "the model's metadata: expected 'decisions' to be lists of names of classes, "
            f"got {_shown(given)}"
        )
    classes = [_names({"decisions": each}, "decisions", len(each)) or [] for each in given]
    if (count := sum(map(len, classes))) != net[-1].outputs:
        raise ValueError(
            f"the model's metadata: expected 'decisions' to have {net[-1].outputs} classes "
            f"together, got {count}"
        )
    targets = _names(net.metadata, "targets", len(classes)) or [""] * len(classes)
    # "a=b=c" could be of two
    return numbered(["" if "=" in name else name for name in targets]), classes


def numbered(names: list[str]) -> list[str]:
    """Names of several targets, each once: empty ones are "target_" and their number, from 0."""
    found = []
    for j, given in enumerate(names):
        name = given or f"target_{j}"
        while not given and name in names:
            name += "_"
        found.append(name)
    return found


def has_margins(net: Network) -> bool:
    """Return whether the network says that its outputs are those of a hinge loss: no logits."""
    training = net.metadata.get("training")
    loss = training.get("loss") if isinstance(training, dict) else None
    return isinstance(loss, str) and loss in ("hinge", "squared_hinge")


def _names(metadata: dict[str, Any], key: str, n: int) -> list[str] | None:
    value = metadata.get(key)
    if value is None:
        return None
    expected = f"the model's metadata: expected '{key}' to be a list of {n} names, each once"
    if not isinstance(value, list):
        raise ValueError(f"{expected}, got {_shown(value)}")
    for name in value:
        if not isinstance(name, (str, int)):  # JSON made by others may number them
            raise ValueError(f"{expected}, got {_shown(name)} among them")
    names = list(map(str, value))
    if len(names) != n:
        raise ValueError(f"{expected}, got {len(names)}")
    for name, following in itertools.pairwise(sorted(names)):
        if name == following:
            raise ValueError(f"{expected}, got {_shown(name)} twice")
    return names


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
