"""Single updates, and whole trainings."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product

from conformance.lines import to_bits

from .formats import DTYPES, FORMATS, Asked, Format, spread
from .losses import METRICS


@dataclass(frozen=True)
class Step:
    """An update of one parameter."""

    w: float
    g: float
    v: float = 0.0
    rate: float = 0.1
    momentum: float = 0.0
    nesterov: int = 0
    decay: float = 0.0
    decayed: int = 1


def updates() -> Iterator[Asked]:
    """Signs of zero, numbers that the format makes 0, momentum in both forms, decay."""
    for form in FORMATS:
        for step in (*_zeros(), *_options(), *_sizes(form)):
            yield (
                "update",
                form.dtype,
                *form.words((step.w, step.g, step.v)),
                to_bits("float64", step.rate),
                to_bits("float64", step.momentum),
                f"{step.nesterov}",
                to_bits("float64", step.decay),
                f"{step.decayed}",
            )


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


@dataclass(frozen=True)
class Training:
    """A training of a small network; whole numbers in hexadecimal."""

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
    rate: float = 0.05
    momentum: float = 0.0
    nesterov: str = "0"
    decay: float = 0.0
    decay_biases: str = "0"
    delta: float = 0.7
    metrics: str = ""

    def words(self) -> Asked:
        """Return the words of a line."""
        numbers = {
            name: to_bits("float64", value) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }
        return ("train", *(f"{name}:{value}" for name, value in numbers.items()))


_HIDDEN = ("identity", "sigmoid", "relu", "tanh", "leaky_relu", "elu", "softplus", "gelu", "silu")
_LAST = (
    ("mse", "identity"),
    ("mse", "tanh"),
    ("mse", "softmax"),
    ("mae", "silu"),
    ("huber", "gelu"),
    ("binary_cross_entropy", "identity"),
    ("binary_cross_entropy", "sigmoid"),
    ("cross_entropy", "identity"),
    ("cross_entropy", "softmax"),
)


def trainings() -> Iterator[Asked]:
    """Whole trainings: every activation and loss, every option, batches of several leaves."""
    for dtype in DTYPES:
        for training in (*_structures(dtype), *_settings(dtype), *_batches(dtype)):
            yield training.words()


def _structures(dtype: str) -> Iterator[Training]:
    for name in _HIDDEN:
        yield Training(dtype, hidden=name)
    for loss, last in _LAST:
        metrics = ",".join(METRICS[loss])
        yield Training(dtype, loss, "elu", last, widths="2,3,2", metrics=metrics)
    yield Training(dtype, "huber", "relu", widths="2,3,2,2", delta=0.1)


def _settings(dtype: str) -> Iterator[Training]:
    yield Training(dtype, decay=0.01)
    yield Training(dtype, decay=0.01, decay_biases="1")
    yield Training(dtype, decay=1e-30, momentum=1e-30)
    yield Training(dtype, momentum=0.9)
    yield Training(dtype, momentum=0.9, decay=0.01)
    yield Training(dtype, momentum=0.9, nesterov="1")
    yield Training(
        dtype, momentum=0.9, nesterov="1", decay=0.01, decay_biases="1", epochs="1", fits="2"
    )
    yield Training(dtype, momentum=0.9, epochs="1", fits="3")
    yield Training(dtype, shuffle="0", batch="3")
    yield Training(dtype, epochs="4", batch="4", key="8000000000000005")
    yield Training(dtype, batch="5", epochs="1")
    yield Training(dtype, batch="ff", epochs="1")


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
