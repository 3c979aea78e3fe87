"""Dropout: its numbers, what it leaves of a row, and trainings; and biases from targets."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from conformance.lines import to_bits, word_of
from wbcore.reference import ACTIVATIONS, LOSSES, SGD, Adam
from wbcore.reference.dropout import DropoutStep
from wbcore.reference.priors import KINDS

from .examples import choices
from .formats import DTYPES, FORMATS, Asked, Format, hexadecimal, spread
from .training import Training

_MOST = 2**64 - 1
_SHARES = (0.2, 0.5, 0.9, 0.0001, 1e-5, 0.99999, 2.0**-17, 1 - 2.0**-17)


def masks() -> Iterator[Asked]:
    """Each word of the counter and of the key, widths around those of a block."""
    for seed, layer, step, row in (
        (0, 0, 1, 0),
        (_MOST, 0, 1, 0),
        (0, 1, 1, 0),
        (0, 0, 2, 0),
        (0, 0, _MOST, 0),
        (0, 0, 1, 1),
        (3, 2**31, 2**40 + 1, 2**33),
    ):
        for units in (1, 17, 40) if seed == 3 else (16,):
            yield ("masks", *hexadecimal(seed, layer, step, row, units))


def left() -> Iterator[Asked]:
    """Shares of every size; of one, numbers just at its threshold and beside it."""
    for form, share in product(FORMATS, _SHARES):
        yield _row(form, share, 5, 1, 3, 2, 16)
    for form in FORMATS:
        for units in (1, 7, 8, 9, 17, 33):
            yield _row(form, 0.5, units, 0, 1, 1, units)
        numbers = DropoutStep(9, 1).numbers(0, 0, 4)
        for number, beside in product(numbers, (-1, 0, 1)):
            yield _row(form, (number + beside) / 65536, 9, 0, 1, 0, 4)
        yield _row(
            form, 1 - 2.0**-18, 43, 0, 1, 21, 16
        )  # one has the largest number, which always stays
        half = (
            numbers[0] + 1
        ) / 65536 - 2.0**-17  # between two thresholds, of which it takes the upper
        yield _row(form, half, 9, 0, 1, 0, 1)


def _row(form: Format, share: float, seed: int, *where: int) -> Asked:
    layer, step, row, units = where
    x = form.words(map(form.rounded, spread(seed, -9.0, 9.0, units)))
    bits = to_bits("float64", share)
    return ("dropout", form.dtype, bits, *hexadecimal(seed, layer, step, row), *x)


def with_dropout() -> Iterator[Asked]:
    """Trainings of every hidden activation, several layers, frozen ones, fits that go on."""

    def shares(*values: float) -> str:
        return ",".join(to_bits("float64", value) for value in values)

    for dtype, activation in product(DTYPES, choices(ACTIVATIONS)):
        if activation.elementwise:
            hidden = word_of(activation)
            yield Training(dtype, hidden=hidden, epochs="1", dropout=shares(0.4, 0.0)).words()
    for dtype in DTYPES:
        both = shares(0.25, 0.5, 0.0)
        deep = Training(
            dtype, widths="2,6,3,1", rows="7", batch="4", hidden="relu", epochs="1", dropout=both
        )
        yield deep.words()
        for values in ((0.0, 0.5, 0.0), (0.5, 0.0, 0.0)):
            yield replace(deep, dropout=shares(*values)).words()
        for frozen in ("0,1,1", "1,0,1", "0,0,1"):
            yield replace(deep, trainable=frozen).words()
        yield replace(deep, optimizer=Adam(0.01), fits="2", first="3").words()
        yield replace(deep, metrics="mse,r2", optimizer=SGD(0.1, 0.9), epochs="3").words()
        yield replace(deep, blocks="2,1,4", window="2", epochs="2").words()
        many = shares(0.3, 0.0)
        yield replace(deep, widths="2,3,1", rows="101", batch="101", dropout=many).words()


def priors() -> Iterator[Asked]:
    """Each kind of targets, of three rows with a class that is missing; through each inverse.

    And what takes another constant than shares and means.
    """
    backwards = ("identity", "sigmoid", "tanh", "softsign", "leaky_relu", "elu", "softplus")
    first = {row.targets: row() for row in reversed(list(LOSSES.values()))}
    for kind, (rows, weighted) in product(KINDS, ((3, 0), (3, 1), (17, 0), (17, 1))):
        if kind in first and (first[kind].undoes or rows == 17):
            for last in first[kind].undoes or backwards:
                yield ("prior", word_of(first[kind]), last, *hexadecimal(3, 1, rows, weighted))
    for (text, last), (rows, weighted) in product(
        (
            ("mae", "identity"),
            ("quantile(0.1, 0.5, 0.9)", "tanh"),
            ("cross_entropy(0.1)", "softmax"),
        ),
        ((3, 0), (3, 1), (4, 0), (17, 0), (17, 1)),  # of 4 rows 2 are half, which is enough
    ):
        yield ("prior", word_of(LOSSES.choice(text)), last, *hexadecimal(3, 1, rows, weighted))
