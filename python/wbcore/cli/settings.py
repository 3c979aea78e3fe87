"""How a network is trained: the options of ``wbcore train``, checked, and their defaults."""

import itertools
import os
from dataclasses import asdict, dataclass
from typing import Any

import wbcore as wb
from wbcore import _named
from wbcore.activations import ELEMENTWISE, name_of

__all__ = ["TrainSettings", "check_size", "parse_widths", "settings_for", "training_bytes"]

# Chosen on scikit-learn's digits, breast_cancer, wine, iris and diabetes, on Fashion-MNIST and on
# three synthetic sets, over ten seeds each: the best of a coarse grid that is good on all of them.
# By the source of the data: the word digits, a folder of IDX files, or a table.
_HIDDEN = {"digits": (64,), "folder": (128,), "table": (64,)}
_EPOCHS = {"digits": 60, "folder": 10, "table": 60}

# Weight decay is a prior held against the data, so its share is divided by the number of rows.
_DECAY = {"classification": 3.0, "regression": 10.0}

# By their names, as one would write them; what is not elementwise is for the last layer.
_ACTIVATIONS = {
    name: _named.form(row) for name, row in _named.rows("activation").items() if name in ELEMENTWISE
}

_WIDTHS = f"widths of at least 1 and at most {2**31 - 1}"

# Measured peaks, rounded up. A parameter is there as the network's, its momentum, packed for the
# kernels as it is and transposed, and in float64 when it is drawn and when scaling is folded in.
# A unit has its values for the rows of a batch and their gradients, and those of a prediction's
# block of rows; and what its few weights are padded to. Whatever the network, modules are read
# and threads started.
_BYTES_A_PARAMETER, _BYTES_A_UNIT, _BYTES_A_UNIT_AND_ROW = 30, 2300, 8
_BYTES_A_TRAINING = 8_000_000


@dataclass(frozen=True)
class TrainSettings:
    """The options of a training."""

    hidden: tuple[int, ...] = (64,)
    activation: str = "relu"
    """Its text: "relu", "leaky_relu(0.2)"; kept in the one notation, as the network has it."""
    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 0.02
    momentum: float = 0.9
    weight_decay: float = 0.0
    test_fraction: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what the options promise, in the words of the command line."""
        finite, activations = float("inf"), ", ".join(_ACTIVATIONS.values())
        checks = [
            ("hidden", all(1 <= width < 2**31 for width in self.hidden), _WIDTHS),
            ("activation", name_of(self.activation) in _ACTIVATIONS, f"one of {activations}"),
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("learning_rate", 0 < self.learning_rate < finite, "a finite number above 0"),
            ("momentum", 0 <= self.momentum < 1, "a number from 0 to below 1"),
            ("weight_decay", 0 <= self.weight_decay < finite, "a finite number of at least 0"),
            ("test_fraction", 0 < self.test_fraction < 1, "a number between 0 and 1"),
            ("seed", self.seed >= 0, "at least 0"),
        ]
        for name, good, expected in checks:
            if not good:
                option = "--" + name.replace("_", "-")
                raise ValueError(f"{option}: expected {expected}, got {getattr(self, name)}")
        object.__setattr__(self, "activation", _checked_activation(self.activation))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as they travel in a model's metadata."""
        return {**asdict(self), "hidden": list(self.hidden)}


def _checked_activation(text: str) -> str:
    """Return the activation in the one notation; refuse the numbers that a network would refuse."""
    try:
        return wb.Network.mlp([1, 1, 1], activation=text).activation_names[0]
    except ValueError as error:
        message = str(error).removeprefix("[Dense] ").removeprefix("[Network] layer 0: ")
        raise ValueError(f"--activation: {message}") from None


def settings_for(source: str, task: str, n_rows: int, given: dict[str, Any]) -> TrainSettings:
    """Return the options given, completed by the defaults for data of this kind and size."""
    defaults = {
        "hidden": _HIDDEN[source],
        "epochs": _EPOCHS[source],
        "weight_decay": _DECAY[task] / n_rows,
    }
    return TrainSettings(**{**defaults, **given})


def check_size(widths: tuple[int, ...], batch_size: int) -> None:
    """Refuse a network that this machine has not the memory to train.

    Where the system promises more memory than it has, it would be killed in mid-training.
    """
    n_parameters = sum((i + 1) * o for i, o in itertools.pairwise(widths))
    needed, there = training_bytes(widths, batch_size), _memory()
    if needed > there:
        raise ValueError(
            f"--hidden: a network of {' - '.join(map(str, widths))} has {n_parameters} parameters; "
            f"expected one whose training in batches of {batch_size} fits the {there / 1e9:.3g} GB "
            f"of this machine, got about {needed / 1e9:.3g} GB"
        )


def training_bytes(widths: tuple[int, ...], batch_size: int) -> int:
    """Return about how much memory a training takes beside its data."""
    n_parameters = sum((i + 1) * o for i, o in itertools.pairwise(widths))
    a_unit = _BYTES_A_UNIT + _BYTES_A_UNIT_AND_ROW * batch_size
    return _BYTES_A_TRAINING + n_parameters * _BYTES_A_PARAMETER + sum(widths) * a_unit


def _memory() -> int:
    """Return the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def parse_widths(text: str) -> tuple[int, ...]:
    """Return the widths in a text like "64,32"; an empty text is a network without hidden layers.

    Examples
    --------
    >>> parse_widths("64,32"), parse_widths("")
    ((64, 32), ())
    """
    try:
        return tuple(int(word) for word in text.split(",")) if text.strip() else ()
    except ValueError:
        raise ValueError(f"--hidden: expected widths like 64,32, got {text!r}") from None
