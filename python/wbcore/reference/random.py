"""Random numbers: the words of Philox 4x64, and what is made of them (section 8).

Philox is a cipher of a counter: any word of any stream is computed on its own, so a weight
depends on seed, layer and index alone.  J. K. Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", SC 2011.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from .normal import quantile

_MASK = 2**64 - 1
_MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
_KEY_INCREMENTS = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
_ROUNDS = 10


def philox(counter: int, key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return one block of Philox 4x64-10.

    Parameters
    ----------
    counter : int
        A whole number of 256 bits, its lowest 64 bits being the first of the four words.
    key : pair of 64-bit whole numbers

    Returns
    -------
    four 64-bit whole numbers

    Examples
    --------
    >>> [hex(word) for word in philox(0, (0, 0))][:2]
    ['0x16554d9eca36314c', '0xdb20fe9d672d0fdc']
    """
    c0, c1, c2, c3 = (counter >> shift & _MASK for shift in (0, 64, 128, 192))
    k0, k1 = key
    for _ in range(_ROUNDS):
        product0, product1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1 = (product1 >> 64) ^ c1 ^ k0, product1 & _MASK
        c2, c3 = (product0 >> 64) ^ c3 ^ k1, product0 & _MASK
        k0, k1 = (k0 + _KEY_INCREMENTS[0]) & _MASK, (k1 + _KEY_INCREMENTS[1]) & _MASK
    return c0, c1, c2, c3


@dataclass(frozen=True)
class Stream:
    """A part of the stream of one key: the blocks at counters 1, 2, 3, ...

    Parameters
    ----------
    key : pair of 64-bit whole numbers
    part : int
        The second word of the counters.

    Examples
    --------
    >>> stream = Stream((0, 1))
    >>> stream.uniforms(3) == [stream.uniform(i) for i in range(3)]
    True
    >>> sorted(stream.permutation(5))
    [0, 1, 2, 3, 4]
    """

    key: tuple[int, int]
    part: int = 0

    def word(self, i: int) -> int:
        """Word i of the stream, a whole number of 64 bits."""
        return philox((self.part << 64) + 1 + i // 4, self.key)[i % 4]

    def words(self) -> Iterator[int]:
        """All words from the first on."""
        counter = 0
        while True:
            counter += 1
            yield from philox((self.part << 64) + counter, self.key)

    def uniform(self, i: int) -> float:
        """Draw i of the uniform distribution in [0, 1)."""
        return _uniform(self.word(i))

    def normal(self, i: int) -> float:
        """Draw i of the standard normal distribution."""
        return _normal(self.word(i))

    def uniforms(self, n: int) -> list[float]:
        """Return the first n uniform draws."""
        return [_uniform(word) for word in islice(self.words(), n)]

    def normals(self, n: int) -> list[float]:
        """Return the first n standard normal draws."""
        return [_normal(word) for word in islice(self.words(), n)]

    def permutation(self, n: int) -> list[int]:
        """Return the numbers 0 .. n-1 in an order in which all orders are equally likely.

        The shuffle of Fisher and Yates; a number below s is the high half of a product with s,
        and the words that would favour some are passed over (D. Lemire, "Fast random integer
        generation in an interval", ACM Transactions on Modeling and Computer Simulation 29, 2019).
        """
        words = self.words()

        def below(s: int) -> int:
            threshold = (2**64 - s) % s
            while True:
                m = next(words) * s
                if m % 2**64 >= threshold:
                    return m >> 64

        p = list(range(n))
        for i in range(n - 1, 0, -1):
            j = below(i + 1)
            p[i], p[j] = p[j], p[i]
        return p


def _uniform(word: int) -> float:
    return float(word >> 11) * 2.0**-53


def _normal(word: int) -> float:
    return quantile(float(2 * (word >> 12) + 1) * 2.0**-53)


def weight_stream(seed: int, layer: int) -> Stream:
    """Return the stream of the weights of a layer; draw i goes to row-major position i."""
    return Stream((seed, layer))


def bias_stream(seed: int, layer: int) -> Stream:
    """Return the stream of the biases of a layer, when their initializer draws."""
    return Stream((seed, 2**62 + layer))


def shuffle_stream(seed: int, epoch: int) -> Stream:
    """Return the stream of the shuffle of an epoch (0, 1, ...)."""
    return Stream((seed, 2**63 + epoch))


def held_out_stream(seed: int) -> Stream:
    """Return the stream of the rows that a fit holds out."""
    return Stream((seed, 2**64 - 1))


def held_out_rows(
    n: int, fraction: float, seed: int, classes: Sequence[int] | None = None
) -> tuple[list[int], list[int]]:
    """Return the rows to train on and those to validate by, each in ascending order (7.6).

    Parameters
    ----------
    n : int
        How many rows there are, at least 2.
    fraction : float
        Above 0 and below 1.
    seed : int
    classes : sequence of int, optional
        The class of each row.

    Examples
    --------
    >>> held_out_rows(6, 0.5, 0, [0, 0, 1, 1, 2, 2])[1]
    [0, 3, 5]
    """
    count = min(max(math.floor(fraction * n + 0.5), 1), n - 1)
    line = held_out_stream(seed).permutation(n)
    if classes is not None:
        line.sort(key=lambda row: classes[row])
    held = {row for i, row in enumerate(line) if _rounds(i + 1, count, n) > _rounds(i, count, n)}
    rows = range(n)
    return [row for row in rows if row not in held], [row for row in rows if row in held]


def _rounds(i: int, count: int, n: int) -> int:
    """I * count / n to the nearest whole number, halves up."""
    return (2 * i * count + n) // (2 * n)


def dropout_key(seed: int, layer: int) -> tuple[int, int]:
    """Return the key of the dropout of a layer, whose counters are more than those of a stream."""
    return seed, 2**63 + 2**61 + layer


def block_stream(seed: int, epoch: int, part: int) -> Stream:
    """Return a part of the stream of a source's orders: 0 of its blocks, 1 + w of window w."""
    return Stream((seed, 3 * 2**62 + epoch), part)


def row_order(rows: Sequence[int], *, seed: int, epoch: int, window: int) -> list[int]:
    """Return the order in which an epoch takes the rows of a source of blocks.

    Parameters
    ----------
    rows : sequence of int
        Of each block.
    seed, epoch : int
    window : int
        Blocks in a window.

    Examples
    --------
    >>> sorted(row_order([2, 1, 2], seed=0, epoch=0, window=2))
    [0, 1, 2, 3, 4]
    """
    blocks = block_stream(seed, epoch, 0).permutation(len(rows))
    order = []
    for w, start in enumerate(range(0, len(rows), window)):
        together = [
            sum(rows[:k]) + row for k in blocks[start : start + window] for row in range(rows[k])
        ]
        permuted = block_stream(seed, epoch, 1 + w).permutation(len(together))
        order += [together[p] for p in permuted]
    return order
