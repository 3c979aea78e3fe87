"""Random numbers, and initial parameters."""

from collections.abc import Iterator
from itertools import product

from conformance.lines import to_bits, word_of
from wbcore.reference import ACTIVATIONS, INITIALIZERS

from .examples import choices, examples
from .formats import DTYPES, Asked, hexadecimal

_MOST = 2**64 - 1


def random() -> Iterator[Asked]:
    """Blocks, streams, draws of the quantile's switch and tail, shuffles, held-out rows."""
    blocks = [
        (0, 0, 0, 0, 0, 0),
        (1, 0, 0, 0, 1, 2),
        (1, 0, 0, 0, 0, 0),
        (_MOST, _MOST, _MOST, _MOST, _MOST, _MOST),
        (2, 0, 0, 0, _MOST, 2**63),
        (0, 1, 0, 0, 3, 4),
        (0, 0, 1, 0, 3, 4),
        (0, 0, 0, 1, 3, 4),
    ]
    for block in blocks:
        yield ("philox", *(f"{word:016x}" for word in block))
    keys = ((0, 0), (_MOST, 2**62), (5, 2**63 + 1))
    for kind, (k0, k1), i in product(("word", "uniform", "normal"), keys, (0, 3, 4, 5, 1001)):
        yield ("draw", kind, *hexadecimal(k0, k1, i))
    for seed, i in ((422041762, 1), (8355344733, 2), (31780147208, 1)):
        yield ("draw", "word", *hexadecimal(seed, 0, i))
        yield ("draw", "normal", *hexadecimal(seed, 0, i))
    for seed, epoch, n in product((0, 1, _MOST), (0, 1, 2**31 - 1), (1, 2, 3, 10, 37)):
        yield ("permutation", *hexadecimal(seed, epoch, n))
    yield ("permutation", *hexadecimal(7, 3, 300))
    for seed, n, fraction in product((0, _MOST), (2, 3, 10, 37), (1e-9, 0.25, 1 / 3, 0.9)):
        question = ("held_out", *hexadecimal(seed, n), to_bits("float64", fraction))
        yield (*question, "0" * n)
        yield (*question, "".join(str(i * i % 7 % 3) for i in range(n)))
    for seed, epoch, window in product((0, _MOST), (0, 1, 2**31 - 1), (1, 2, 3, 9)):
        yield ("row_order", *hexadecimal(seed, epoch, window, 3, 1, 4, 1, 5))
    yield ("row_order", *hexadecimal(7, 3, 2, 100, 100, 100, 37))


def starts() -> Iterator[Asked]:
    """The start of a network with each hidden activation."""
    for dtype, activation in product(DTYPES, choices(ACTIVATIONS)):
        if activation.elementwise:
            yield ("network", dtype, word_of(activation), "zeros", *hexadecimal(9, 2, 2, 1))


def initializers() -> Iterator[Asked]:
    """Each initializer, with its default numbers and with others; both shapes of orthogonal."""
    for row, dtype in product(INITIALIZERS.values(), DTYPES):
        yield ("initialize", row.name, dtype, *hexadecimal(3, 0, 2, 3))
        for choice in examples(row) or [row()]:
            yield ("initialize", word_of(choice), dtype, *hexadecimal(_MOST, 5, 3, 2))
    yield ("initialize", "truncated_normal", "float64", *hexadecimal(1, 1, 8, 8))
    for shape in ((300, 2), (2, 260)):
        yield ("initialize", "orthogonal", "float32", *hexadecimal(4, 1, *shape))
    for biases in ("normal", "uniform", "truncated_normal", "ones"):
        yield ("network", "float32", "tanh", biases, *hexadecimal(9, 2, 3, 2))
