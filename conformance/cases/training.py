"""Single updates, and whole trainings."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import product

from conformance.lines import choice_of, to_bits, word_of
from wbcore.reference import ACTIVATIONS, LOSSES, OPTIMIZERS, SGD
from wbcore.reference.losses import Huber, Loss
from wbcore.reference.optimizers import AdamW, Lion, Optimizer

from .examples import choices
from .formats import DTYPES, FORMATS, Asked, Format, hexadecimal, spread
from .losses import METRICS


@dataclass(frozen=True)
class Step:
    """An update of one parameter by SGD, where its numbers matter."""

    w: float
    g: float
    v: float = 0.0
    rate: float = 0.1
    momentum: float = 0.0
    nesterov: int = 0
    decay: float = 0.0
    decayed: int = 1

    def words(self, form: Format) -> Asked:
        """Return the words of a line."""
        optimizer = SGD(self.rate, self.momentum, self.nesterov, self.decay)
        numbers = form.words((self.w, self.g, self.v))
        return ("update", form.dtype, word_of(optimizer), "1", *numbers, f"{self.decayed}")


def updates() -> Iterator[Asked]:
    """Signs of zero, numbers that the format makes 0, momentum and decay; each optimizer's run."""
    for form in FORMATS:
        for step in (*_zeros(), *_options(), *_sizes(form)):
            yield step.words(form)
    for form in FORMATS:
        for optimizer in choices(OPTIMIZERS):
            yield from _run(form, optimizer)


def _run(form: Format, optimizer: Optimizer) -> Iterator[Asked]:
    """Updates in a row, each of what the one before left; gradients of all sizes, and zeros."""
    arith, word = form.arithmetic, word_of(optimizer)

    def asked(step: int, *numbers: float, decayed: int = 1) -> Asked:
        bits = form.words(numbers)
        return ("update", form.dtype, word, *hexadecimal(step), *bits, f"{decayed}")

    start = tuple(optimizer.start(arith, name) for name in optimizer.states)
    for w, g in (*product((-0.0, 1.0), (0.0, -0.0, form.least)), (0.0, 1.43e-4), (0.0, 1.57e-8)):
        yield asked(1, w, g, *start)
    w, states = form.rounded(0.7), start
    gradients = [-1.3, *spread(4, -1.0, 1.0, 2), 1e-20, 1e3, *spread(5, -9.0, 9.0, 2)]
    for step, g in enumerate(map(form.rounded, gradients), start=1):
        yield asked(step, w, g, *states)
        w, states = optimizer.update(arith, step, w, g, states, decayed=True)
    yield asked(8, w, form.rounded(0.3), *states, decayed=0)
    yield asked(8, w, form.least, *states[:-1], form.least)
    for step in (8, 15, 1023, 10**6 - 1, 2**40 + 1):
        yield asked(step, 0.0, form.rounded(0.3), *states)  # every bit of the step shows


def _zeros() -> Iterator[Step]:
    for w, g in product((0.0, -0.0, 1.0, -1.0), (0.0, -0.0)):
        yield Step(w, g)
        yield Step(w, g, decay=0.01)
        yield Step(w, g, momentum=1e-60)
        yield Step(w, g, -0.0, decay=1e-60)
        for v, nesterov, decay in product((0.0, -0.0), (0, 1), (0.0, 1e-60)):
            yield Step(w, g, v, momentum=0.9, nesterov=nesterov, decay=decay)


def _options() -> Iterator[Step]:
    for momentum, nesterov, decay, decayed in product(
        (0.0, 0.9, 0.3, 1e-60, 1e-30), (0, 1), (0.0, 0.01, 1e-60, 1e-30), (0, 1)
    ):
        if nesterov == 0 or momentum > 0.1:
            yield Step(0.7, -1.3, 0.37, 0.1, momentum, nesterov, decay, decayed)
    drawn = (spread(key, -size, size, 12) for key, size in ((1, 1.0), (2, 9.0), (3, 1.0)))
    for w, g, v in zip(*drawn, strict=True):
        yield Step(w, g, v)
        yield Step(0.01 * w, g, v, 0.3, 0.7, decay=0.1)
        yield Step(w, g, v, 0.03, 0.9, 1)


def _sizes(form: Format) -> Iterator[Step]:
    for rate in (1e-30, 1e-3, 0.3, 3.0, 1e30):
        yield Step(1.1, 0.77, rate=rate)
        yield Step(form.largest / 3.0, 0.77, 0.2, rate, 0.5, 1)
    yield Step(3.0 * form.least, form.least, rate=0.5)
    yield Step(1e20, -1.0, 1e-20, 1.0, 0.99, decay=1e-20)


_PLAIN = SGD(0.05)


@dataclass(frozen=True)
class Training:
    """A training of a small network; whole numbers in hexadecimal.

    Lines name what differs from these values; without words about them, all layers have biases and
    are trained.
    """

    dtype: str
    loss: str = "mse"
    hidden: str = "tanh"
    last: str = "identity"
    widths: str = "2,3,1"
    rows: str = "5"
    batch: str = "2"
    epochs: str = "2"
    fits: str = "1"
    shuffle: str = "1"
    key: str = "1"
    first: str = "0"
    optimizer: Optimizer = _PLAIN
    schedule: str = ""
    decay_biases: str = "0"
    l1: str = ""
    l2: str = ""
    penalty_of_sum: str = "0"
    clip_norm: str = ""
    clip_value: str = ""
    max_norm: str = ""
    bias: str = ""
    trainable: str = ""
    dropout: str = ""
    metrics: str = ""
    blocks: str = ""
    window: str = "8"
    weights: str = "0"

    def words(self) -> Asked:
        """Return the words of a line."""
        words = [
            f"{f.name}:{value if isinstance(value, str) else word_of(value)}"
            for f in fields(self)
            if (value := getattr(self, f.name)) != f.default
        ]
        return ("train", *words)


# Where an exponential would run away.
_SMALL = SGD(1e-5)
# Last activations of losses that undo none: all have the first three.
_LAST = ("identity", "tanh", "softmax")
_MORE = (("mae", "silu"), ("huber:3fe6666666666666", "gelu"))


def trainings() -> Iterator[Asked]:
    """Whole trainings: every option and structure, batches of many leaves."""
    for dtype in DTYPES:
        yield Training(dtype, word_of(Huber(0.1)), "relu", widths="2,3,2,2").words()
        for training in (
            *_settings(dtype),
            *_structures(dtype),
            *_batches(dtype),
            *_by_blocks(dtype),
        ):
            yield training.words()


def with_activations() -> Iterator[Asked]:
    """A training with each hidden activation."""
    for dtype, activation in product(DTYPES, choices(ACTIVATIONS)):
        if activation.elementwise:
            optimizer = _SMALL if activation.name == "exp" else _PLAIN
            yield Training(dtype, hidden=word_of(activation), optimizer=optimizer).words()


def with_losses() -> Iterator[Asked]:
    """A training by each loss, with the last activations that it goes with."""
    pairs = [(word_of(c), last) for c in choices(LOSSES) for last in c.undoes or _lasts(c)]
    for dtype, (loss, last) in product(DTYPES, (*pairs, *_MORE)):
        choice = choice_of(LOSSES, loss)
        metrics = ",".join(METRICS[choice.targets])
        widths = "2,3,3" if choice.levels > 1 else "2,3,2"
        of_rates = "exp" in choice.undoes
        yield Training(
            dtype,
            loss,
            "elu",
            last,
            widths=widths,
            metrics=metrics,
            optimizer=_SMALL if of_rates else _PLAIN,
        ).words()
    weighted = word_of(Huber(0.7, output_weights=(0.5, 1.7)))
    for dtype in DTYPES:
        yield Training(dtype, weighted, "elu", widths="2,3,2").words()


def _lasts(loss: Loss) -> tuple[str, ...]:
    """Last activations of a loss that undoes none; margins want outputs on both sides of 0."""
    return ("identity", "tanh") if loss.targets == "signs" else _LAST


def _settings(dtype: str) -> Iterator[Training]:
    def sgd(momentum: float = 0.0, nesterov: int = 0, decay: float = 0.0) -> SGD:
        return SGD(0.05, momentum, nesterov, decay)

    yield Training(dtype, optimizer=sgd(decay=0.01))
    yield Training(dtype, optimizer=sgd(decay=0.01), decay_biases="1")
    yield Training(dtype, optimizer=sgd(1e-30, decay=1e-30))
    yield Training(dtype, optimizer=sgd(0.9))
    yield Training(dtype, optimizer=sgd(0.9, decay=0.01))
    yield Training(dtype, optimizer=sgd(0.9, 1))
    yield Training(dtype, optimizer=sgd(0.9, 1, 0.01), decay_biases="1", epochs="1", fits="2")
    yield Training(dtype, optimizer=sgd(0.9), epochs="1", fits="3")
    yield Training(dtype, shuffle="0", batch="3")
    yield Training(dtype, epochs="4", batch="4", key="8000000000000005")
    yield Training(dtype, batch="5", epochs="1")
    yield Training(dtype, batch="ff", epochs="1")
    yield Training(dtype, first="1")
    yield Training(dtype, first="7fffffff", epochs="1")


def with_optimizers() -> Iterator[Asked]:
    """Trainings by each optimizer."""
    for dtype, optimizer in product(DTYPES, choices(OPTIMIZERS)):
        yield Training(dtype, optimizer=optimizer, decay_biases="1").words()
        yield Training(dtype, optimizer=optimizer, epochs="1", fits="2", metrics="mse").words()
        yield Training(dtype, optimizer=optimizer, bias="0,1", trainable="0,1").words()
        if optimizer == type(optimizer)():
            yield Training(dtype, optimizer=optimizer, **_every_option()).words()
    for dtype, options in product(DTYPES, _options_of_all()):
        momentum = SGD(0.05, 0.9, 0.0, 0.01)
        yield Training(dtype, widths="2,3,2,2", optimizer=momentum, **options).words()
        for trainable in ("0,1,1", "1,0,1"):
            yield Training(
                dtype, widths="2,3,2,2", optimizer=momentum, trainable=trainable, **options
            ).words()


def with_penalties() -> Iterator[Asked]:
    """Of the sum and of the mean of losses, of rows that all count and of rows of which some do."""
    l1, l2 = ({name: to_bits("float64", value)} for name, value in (("l1", 0.02), ("l2", 0.3)))
    momentum = SGD(0.05, 0.9, 0.0, 0.01)
    for dtype, options, weights, of_sum, biases in product(
        DTYPES, (l1, l2, l1 | l2), "01", "01", "01"
    ):
        switches = {"weights": weights, "penalty_of_sum": of_sum, "decay_biases": biases}
        yield Training(
            dtype, widths="2,3,2,2", optimizer=momentum, metrics="penalty", **switches, **options
        ).words()
    for dtype, optimizer in product(DTYPES, (AdamW(0.1), Lion(0.1, weight_decay=0.3))):
        yield Training(
            dtype, optimizer=optimizer, metrics="penalty,mse", trainable="0,1", **l2
        ).words()
    for dtype in DTYPES:  # a batch of a row that counts nothing, and rows of W of more than a leaf
        nothing = {"batch": "1", "weights": "1", "penalty_of_sum": "1"}
        wide = {"widths": "2,101,1", "rows": "3", "epochs": "1"}
        for words in (nothing, wide):
            yield Training(dtype, optimizer=_PLAIN, metrics="penalty", **(words | l1 | l2)).words()


def _every_option() -> dict[str, str]:
    """What every optimizer takes."""
    some = {"l1": 0.01, "l2": 0.1, "clip_norm": 0.3, "clip_value": 0.2, "max_norm": 0.7}
    return {name: to_bits("float64", value) for name, value in some.items()}


def _options_of_all() -> Iterator[dict[str, str]]:
    """Each of them alone, all but one, all, and none in effect."""
    words = _every_option()
    for name, word in words.items():
        yield {name: word}
        yield words | {"decay_biases": "1", name: ""}
    yield words
    large = to_bits("float64", 1e30)
    yield {"clip_norm": large, "clip_value": large, "max_norm": large}


def _structures(dtype: str) -> Iterator[Training]:
    """Layers without biases, and frozen ones, in every place."""

    def three(bias: str = "", trainable: str = "") -> Training:
        momentum = SGD(0.05, 0.9, 0.0, 0.01)
        return Training(dtype, widths="2,3,2,2", optimizer=momentum, bias=bias, trainable=trainable)

    for bias in ("0,0,0", "0,1,1", "1,0,1", "1,1,0"):
        yield three(bias)
    for trainable in ("0,1,1", "1,0,1", "1,1,0", "0,0,1", "0,1,0", "1,0,0"):
        yield three(trainable=trainable)
    yield replace(three("0,1,0", "1,0,1"), decay_biases="1")
    yield Training(dtype, "cross_entropy", "relu", widths="2,3,2", bias="0,0")


def _by_blocks(dtype: str) -> Iterator[Training]:
    """Windows that end within batches; batches of more than a window."""
    for window, batch in product(("1", "2", "8"), ("2", "3", "9")):
        blocks = "3,1,4,1,5"
        yield Training(dtype, rows="e", batch=batch, blocks=blocks, window=window)
    yield Training(dtype, rows="e", batch="4", blocks="7,7", window="1", first="2", key="9")


def _batches(dtype: str) -> Iterator[Training]:
    for rows, batch in product(("81", "181"), ("80", "81", "101", "181")):
        if int(batch, 16) <= int(rows, 16):
            yield Training(
                dtype,
                widths="2,2",
                rows=rows,
                batch=batch,
                epochs="1",
                key=batch,
                metrics="mae,mse,r2",
            )
