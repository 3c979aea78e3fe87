"""How a network is trained: the options of ``wbcore train``, checked, and their defaults."""

from dataclasses import asdict, dataclass
from typing import Any

import wbcore as wb
from wbcore import _named
from wbcore.activations import ELEMENTWISE, name_of
from wbcore.cli import losses, optimizer
from wbcore.cli.data import Dataset
from wbcore.cli.words import class_weights, parse_weights
from wbcore.recipe import DIGITS, FOLDER, TABLE
from wbcore.schedules.lasting import says_rate

__all__ = ["VALIDATION_FRACTION", "TrainSettings", "settings_for"]

# By the source of the data: the word digits, a folder of IDX files, or a table.
_RECIPES = {"digits": DIGITS, "folder": FOLDER, "table": TABLE}

VALIDATION_FRACTION = TABLE.validation_fraction
"""The share of the rows to train on that early stopping and plateau take for validation."""

# By their names, as one would write them; what is not elementwise is for the last layer.
_ACTIVATIONS = {
    name: _named.form(row) for name, row in _named.rows("activation").items() if name in ELEMENTWISE
}

_WIDTHS = f"widths of at least 1 and at most {2**31 - 1}"
_BIASES = ("prior", "zeros")


@dataclass(frozen=True)
class TrainSettings:
    """The options of a training."""

    hidden: tuple[int, ...] = TABLE.hidden
    activation: str = TABLE.activation
    """Its text: "relu", "leaky_relu(0.2)"; kept in the one notation, as the network has it."""
    dropout: float = 0.0
    loss: str | None = None
    """Its text; None for that of the task."""
    bias_init: str | None = None
    """How output biases begin: "prior" or "zeros"; None for the first where the loss allows it."""
    optimizer: str = TABLE.optimizer
    schedule: str | None = None
    learning_rate: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    l2: float | None = None
    epochs: int = TABLE.most_epochs
    batch_size: int = TABLE.batch_size
    early_stopping: int | None = None
    """Its patience in epochs; 0, and then None, is not to stop."""
    class_weight: str | None = None
    """As written: "balanced", "no=1,yes=5"."""
    time_limit: float | None = None
    """Seconds."""
    test_fraction: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what the options promise, in the words of the command line."""
        finite, activations = float("inf"), ", ".join(_ACTIVATIONS.values())
        patience, rate = self.early_stopping, self.learning_rate
        checks = [
            ("hidden", all(1 <= width < 2**31 for width in self.hidden), _WIDTHS),
            ("activation", name_of(self.activation) in _ACTIVATIONS, f"one of {activations}"),
            ("dropout", 0 <= self.dropout < 1, "a share of the units from 0 to below 1"),
            ("bias_init", self.bias_init in (None, *_BIASES), " or ".join(_BIASES)),
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("learning_rate", rate is None or 0 < rate < finite, "a finite number above 0"),
            ("momentum", 0 <= (self.momentum or 0) < 1, "a number from 0 to below 1"),
            *(
                (name, 0 <= (getattr(self, name) or 0) < finite, "a finite number of at least 0")
                for name in ("weight_decay", "l2")
            ),
            ("early_stopping", (patience or 0) >= 0, "a patience of at least 1, or 0 for none"),
            (
                "test_fraction",
                0 <= self.test_fraction < 1,
                "a number between 0 and 1, or 0 for no test",
            ),
            ("seed", self.seed >= 0, "at least 0"),
        ]
        for name, good, expected in checks:
            if not good:
                option = "--" + name.replace("_", "-")
                raise ValueError(f"{option}: expected {expected}, got {getattr(self, name)}")
        object.__setattr__(self, "activation", _checked_activation(self.activation))
        object.__setattr__(self, "early_stopping", self.early_stopping or None)
        if self.dropout and not self.hidden:
            raise ValueError(
                f"--dropout: expected --hidden to have units to leave out, got none and "
                f"{self.dropout:g}"
            )
        if self.loss is not None:
            losses.check(self.loss)
        _ = self.weights  # or refused
        self.made_optimizer(optimizer.LASTING)

    def made_optimizer(self, steps: int) -> wb.Optimizer:
        """Return a new optimizer for a training of so many steps."""
        options = {name: getattr(self, name) for name in _OF_OPTIMIZER}
        return optimizer.made(options, steps)

    @property
    def holds_out(self) -> bool:
        """Whether rows to train on are taken for validation, to decide by them."""
        made = self.made_optimizer(optimizer.LASTING)
        return self.early_stopping is not None or optimizer.watches_validation(made)

    @property
    def weights(self) -> str | dict[str, float] | None:
        """The weights of classes, read."""
        return None if self.class_weight is None else parse_weights(self.class_weight)

    def to_dict(self, made: wb.Optimizer) -> dict[str, Any]:
        """Return the settings as they travel in a model's metadata, with the optimizer as made."""
        found = {name: value for name, value in asdict(self).items() if name not in _OF_OPTIMIZER}
        return found | {
            "hidden": list(self.hidden),
            "optimizer": str(made),
            "l2": made.l2,
            "weight_decay": made.weight_decay,
            "class_weight": self.weights,
            "validation_fraction": VALIDATION_FRACTION if self.holds_out else None,
        }

    def describe(self, made: wb.Optimizer) -> str:
        """Return what decides the training beside the network, in one line."""
        l2 = f" with l2 {made.l2:.3g}" if made.l2 else ""
        biases = "the prior" if self.bias_init == "prior" else "0"
        passes = f"{self.epochs} epochs in batches of {self.batch_size}"
        words = [f"{self.loss}, {made}{l2}, {passes}, biases from {biases}, seed {self.seed}"]
        if self.class_weight is not None:
            words.append(f"class weights {self.class_weight}")
        if self.holds_out:
            words.append(f"{VALIDATION_FRACTION:.0%} of these rows for validation, to decide by")
        if self.early_stopping is not None:
            words.append(f"ending {self.early_stopping} epochs after the best one")
        if self.time_limit is not None:
            words.append(f"at most {self.time_limit:g} s")
        return "; ".join(words)


_OF_OPTIMIZER = (
    "optimizer", "schedule", "learning_rate", "momentum", "weight_decay", "l2"
)  # fmt: skip


def _checked_activation(text: str) -> str:
    """Return the activation in the one notation; refuse the numbers that a network would refuse."""
    try:
        return wb.Network.mlp([1, 1, 1], activation=text).activation_names[0]
    except ValueError as error:
        message = str(error).removeprefix("[Dense] ").removeprefix("[Network] layer 0: ")
        raise ValueError(f"--activation: {message}") from None


def settings_for(data: Dataset, given: dict[str, Any]) -> TrainSettings:
    """Return the options given, completed by the defaults for these data.

    The default optimizer alone has a regularization that nobody asked for.

    Raises
    ------
    ValueError
        If an option does not suit the data.
    """
    recipe, n_rows = _RECIPES[data.source], len(data.X)
    batch = given.get("batch_size", recipe.batch_size)
    defaults = {
        "hidden": recipe.hidden,
        "activation": recipe.activation,
        "optimizer": recipe.optimizer,
        "batch_size": batch,
        "epochs": recipe.epochs(n_rows, batch),
        "loss": losses.of_task(given.get("loss"), data.task, data.target),
    }
    if data.source == "table" and TABLE.stops_early(n_rows):
        defaults["early_stopping"] = TABLE.patience
    if "optimizer" not in given and not says_rate(given.get("schedule", "")):
        defaults["learning_rate"] = recipe.learning_rate
    if not {"optimizer", "weight_decay", "l2"} & given.keys():
        defaults["l2"] = recipe.l2(data.task, n_rows)
    defaults["bias_init"] = losses.bias_init(defaults["loss"], given.get("bias_init"))
    settings = TrainSettings(**{**defaults, **given, "loss": defaults["loss"]})
    if data.classes is None:
        lowest = min(part.min() for part in (data.y, data.y_test) if len(part))
        losses.require_targets(defaults["loss"], float(lowest), data.target)
    class_weights(settings.weights, data.classes, data.target)
    return settings
