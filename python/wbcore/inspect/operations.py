"""The operations of the arithmetic contract, one line each: what `trace` and `step` print.

Each function computes what `wbcore.reference` does, by its fused multiply-add and its roundings,
and writes every result down on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from wbcore.inspect.exact_table import exactly
from wbcore.reference import ACTIVATIONS
from wbcore.reference.arithmetic import FEATURE_LEAF, ROW_LEAF
from wbcore.reference.functions import exp

if TYPE_CHECKING:
    from wbcore.reference import Arithmetic
    from wbcore.reference.arrays import Vector

__all__ = ["Lines", "Named", "count_of_sum", "count_of_unit"]

Named = Callable[[int], str]  # the k-th term of a sum, as text

_OF_UNIT = re.compile(r"\b(?:dY|y|z)\b")  # the quantities of a slope


class Lines:
    """What was computed so far, an operation a line.

    Parameters
    ----------
    arith : Arithmetic

    Attributes
    ----------
    rows : list of tuple
        Where, then operation, two operands, their product, result.
    where : tuple
        The columns in front of the operation, of the lines to come.
    """

    def __init__(self, arith: Arithmetic) -> None:
        self.arith = arith
        self.rows: list[tuple[Any, ...]] = []
        self.where: tuple[Any, ...] = ()

    def add(
        self,
        operation: str,
        result: float,
        a: float | None = None,
        b: float | None = None,
        product: float | None = None,
    ) -> float:
        """Write a line, and return its result."""
        self.rows.append((*self.where, operation, a, b, product, result))
        return result

    def feature_sum(self, start: float, a: Vector, b: Vector, name: Named) -> float:
        """Sum of products in leaves of 256, from first to last (section 2.1)."""
        return self._leaves(start, a, b, name)

    def feature_total(self, a: Vector, name: Named) -> float:
        """Plain sum, in the same leaves."""
        return self._leaves(0.0, a, None, name)

    def _leaves(self, start: float, a: Vector, b: Vector | None, name: Named) -> float:
        total = self._chain(start, a, b, range(min(FEATURE_LEAF, len(a))), name)
        for low in range(FEATURE_LEAF, len(a), FEATURE_LEAF):
            leaf = range(low, min(low + FEATURE_LEAF, len(a)))
            of_leaf = self._chain(self.add("next leaf: +0", 0.0), a, b, leaf, name)
            total = self.add("leaves so far + leaf", self.arith.T(total + of_leaf), total, of_leaf)
        return total

    def row_sum(self, a: Vector, b: Vector | None, name: Named) -> float:
        """Sum over rows in leaves of 128, by a tree (section 2.2); of products, if b is there."""
        leaves = []
        for low in range(0, len(a), ROW_LEAF):
            leaf = range(low, min(low + ROW_LEAF, len(a)))
            start = 0.0 if low == 0 else self.add("next leaf: +0", 0.0)
            leaves.append(self._chain(start, a, b, leaf, name))
        return self._tree(leaves)

    def activation(self, text: str, z: float) -> float:
        """Output of a unit of which it depends on its own sum alone."""
        (a,) = ACTIVATIONS.choice(text).forward(self.arith, [z])
        return self.add(f"{text} of z", a, z)

    def softmax(self, z: Vector, at: Callable[[int | None], None], units: Sequence[int]) -> None:
        """Outputs of a softmax, of these units (section 5).

        Parameters
        ----------
        z : vector of length O
        at : callable
            Says of which unit the lines to come are, None for what all have in common.
        units : sequence of int
        """
        T = self.arith.T
        at(None)
        M = self.add("M, the largest z", max(z))
        e = []
        for k, z_k in enumerate(z):
            at(k)
            d = self.add("z - M", T(z_k - M), z_k, M)
            e.append(self.add("e = exp(z - M)", exp(self.arith, d), d))
        at(None)
        S = self.feature_total(e, lambda k: f"add e[{k}]")
        for k in units:
            at(k)
            self.add("e / S", T(e[k] / S), e[k], S)

    def slopes(
        self, text: str, dY: Vector, z: Vector, y: Vector, at: Callable[[int | None], None]
    ) -> list[float]:
        """From the gradient by the outputs y of a row to dZ, that by its sums z (section 5)."""
        activation = ACTIVATIONS.choice(text)
        numbers = {name: self.text(self.arith.T(getattr(activation, name)))
                   for name in activation.defaults()}  # fmt: skip
        formula = activation.formula.format(**numbers)
        if not activation.elementwise:
            at(None)
            self.feature_sum(0.0, dY, y, lambda k: f"D: add dY[{k}] * y[{k}]")
        operands = dict.fromkeys(_OF_UNIT.findall(formula))
        of_row = {"dY": dY, "y": y, "z": z}
        found = activation.backward(self.arith, dY, z, y)
        for unit, g in enumerate(found):
            at(unit)
            shown = (of_row[name][unit] for name in operands)
            self.add(f"dZ by {activation.name}, {formula}", g, *shown)
        return found

    def text(self, value: float) -> str:
        """A number in a formula, with all its digits."""
        return exactly(value, self.arith.dtype).removesuffix(".0")

    def _chain(self, start: float, a: Vector, b: Vector | None, terms: range, name: Named) -> float:
        T, fma = self.arith.T, self.arith.fma
        s = start
        for k in terms:
            if b is None:
                s = self.add(name(k), T(s + a[k]), a[k])
            else:
                s = self.add(name(k), fma(a[k], b[k], s), a[k], b[k], T(a[k] * b[k]))
        return s

    def _tree(self, leaves: Sequence[float]) -> float:
        if len(leaves) <= 1:
            return leaves[0] if leaves else 0.0
        half = 1 << ((len(leaves) - 1).bit_length() - 1)  # the largest power of two below
        first, second = self._tree(leaves[:half]), self._tree(leaves[half:])
        return self.add("leaf + leaf", self.arith.T(first + second), first, second)


def count_of_sum(terms: int, leaf: int) -> int:
    """How many lines a sum has: a term each, and two for each leaf after the first."""
    return terms + 2 * max(0, -(-terms // leaf) - 1)


def count_of_unit(inputs: int) -> int:
    """How many lines the sum of a unit and its start have."""
    return 1 + count_of_sum(inputs, FEATURE_LEAF)
