"""Make the minimax coefficients of the elementary functions (docs/arithmetic.md, section 4).

    python tools/coefficients.py            print the tables
    python tools/coefficients.py --check    and fail if the page has other numbers

Needs mpmath. Each table holds the polynomial, in ascending powers, whose greatest weighted error
over an interval is least (Remez' exchange algorithm), its coefficients rounded to the format.
"""

import argparse
import re
import struct
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mpmath import atanh, cos, erfc, exp, log, lu_solve, matrix, mp, mpf, pi, polyval, sin, sqrt

PAGE = Path(__file__).parents[1] / "docs" / "arithmetic.md"

mp.dps = 60  # the systems of equations lose some 20 digits at degree 22; 17 are wanted

GRID = 400  # extrema are looked for on this many steps: the error is within 0.3 % of the least one
ROUNDS = 20  # more than any table needs until its extrema stay in place


@dataclass(frozen=True)
class Fit:
    """What a table is fitted to: weight(x) * (polynomial(x) - value(x)) over [low, high]."""

    name: str
    value: Callable[[mpf], mpf]
    weight: Callable[[mpf], mpf]
    low: mpf
    high: mpf
    degree: int
    dtype: str


def remez(fit: Fit) -> tuple[list[mpf], mpf]:
    """Coefficients in ascending powers, and the greatest weighted error on the grid."""
    count = fit.degree + 2
    grid = [(x, fit.value(x), fit.weight(x)) for x in chebyshev(fit.low, fit.high, GRID)]
    points = [(x, fit.value(x), fit.weight(x)) for x in chebyshev(fit.low, fit.high, count - 1)]
    for _ in range(ROUNDS):
        system, right = matrix(count, count), matrix(count, 1)
        for row, (x, value, weight) in enumerate(points):
            for power in range(fit.degree + 1):
                system[row, power] = x**power
            system[row, fit.degree + 1] = (-1) ** row / weight
            right[row] = value
        coefficients = list(lu_solve(system, right))[:-1]
        errors = [w * (polyval(coefficients[::-1], x) - value) for x, value, w in grid]
        previous, points = points, [grid[k] for k in alternating_extrema(errors, count)]
        if points == previous:
            return coefficients, max(abs(error) for error in errors)
    raise ArithmeticError(f"{fit.name} ({fit.dtype}): no convergence in {ROUNDS} rounds")


def chebyshev(low: mpf, high: mpf, steps: int) -> list[mpf]:
    """Points of an interval that lie closer towards its ends, where errors swing faster."""
    return [(low + high) / 2 - (high - low) / 2 * cos(pi * k / steps) for k in range(steps + 1)]


def alternating_extrema(errors: list[mpf], count: int) -> list[int]:
    """Positions of `count` extrema whose signs alternate, the largest where there is a choice."""
    found: list[int] = []
    for k, error in enumerate(errors):
        neighbours = errors[max(k - 1, 0) : k + 2]
        if abs(error) < max(abs(e) for e in neighbours if e * error > 0):
            continue
        if found and errors[found[-1]] * error > 0:
            if abs(error) > abs(errors[found[-1]]):
                found[-1] = k
        else:
            found.append(k)
    if len(found) < count:
        raise ArithmeticError(f"{len(found)} extrema where {count} were needed")
    while len(found) > count:
        del found[0 if abs(errors[found[0]]) < abs(errors[found[-1]]) else -1]
    return found


def exp_fit(degree: int, dtype: str) -> Fit:
    """E: (e^r - 1 - r) / r^2, so that the error of e^r is relative."""
    half = log(mpf(2)) / 2 * mpf("1.0005")  # n is nearest to a rounded quotient: a little margin

    def value(r: mpf) -> mpf:
        near_zero = abs(r) < mpf(10) ** -15
        return mpf(1) / 2 + r / 6 if near_zero else (exp(r) - 1 - r) / r**2

    def weight(r: mpf) -> mpf:
        return max(r * r, mpf(10) ** -12) / exp(r)  # never zero, as it is divided by

    return Fit("E", value, weight, -half, half, degree, dtype)


def log_fit(degree: int, dtype: str) -> Fit:
    """L: (log(1 + f) - 2 s) / (s z) with s = f / (2 + f), z = s^2, for 1 + f to sqrt(2)."""
    root = sqrt(mpf(2))
    high = ((root - 1) / (root + 1)) ** 2 * mpf("1.001")

    def value(z: mpf) -> mpf:
        s = sqrt(z)
        return (2 * atanh(s) - 2 * s) / (s * z)

    def weight(z: mpf) -> mpf:
        return z + mpf(10) ** -9  # never zero, as it is divided by

    return Fit("L", value, weight, mpf(10) ** -18, high, degree, dtype)


def tail_fit(degree: int, dtype: str, tail_max: int) -> Fit:
    """G: (a + c) e^(a a / 2) (1 - Phi(a)) in t = (a - c) / (a + c), for a from 0 to tail_max."""
    # One constant for both formats: 4 would gain 0.2 bits at degree 9 and lose 1.8 at degree 22,
    # 7 would gain 1.8 bits at degree 22 and lose 5.4 at degree 9.
    c = mpf(5)

    def value(t: mpf) -> mpf:
        a = c * (1 + t) / (1 - t)
        x = a / sqrt(mpf(2))
        return (a + c) * exp(x * x) * erfc(x) / 2

    return Fit(
        "G", value, lambda t: 1 / value(t), mpf(-1), (tail_max - c) / (tail_max + c), degree, dtype
    )


def sine_fit(degree: int, dtype: str) -> Fit:
    """S: sin(pi z / 2) / z in u = z^2, for z from 0 to 1/2."""

    def value(u: mpf) -> mpf:
        z = sqrt(u)
        return pi / 2 if z < mpf(10) ** -15 else sin(pi * z / 2) / z

    return Fit("S", value, lambda u: 1 / value(u), mpf(0), mpf(1) / 4, degree, dtype)


# Half a unit in the last place is 2^-25 and 2^-54 of a number below two. E and L add to a larger
# exact part, so their error must be far below that; G and S are factors of the result, and add
# their own.
FITS = (
    exp_fit(5, "float32"),
    exp_fit(10, "float64"),
    log_fit(3, "float32"),
    log_fit(7, "float64"),
    tail_fit(9, "float32", 15),
    tail_fit(22, "float64", 39),
    sine_fit(7, "float64"),
)


def rounded(x: mpf, dtype: str) -> float:
    """A number to the format."""
    return struct.unpack("f", struct.pack("f", x))[0] if dtype == "float32" else float(x)


def hexadecimal(x: float, dtype: str) -> str:
    """As the page writes it: 6 digits of a float32, 13 of a float64, none of a power of two."""
    text, exponent = x.hex().split("p")
    if dtype == "float32" or not text.split(".")[1].strip("0"):
        text = text.rstrip("0").rstrip(".")
    return f"{text}p{exponent}"


def page_numbers(page: str, label: str) -> list[float]:
    """The numbers of one table of the page."""
    table = re.search(rf"^    {re.escape(label)}: (.*(?:\n {{17}}.*)*)", page, re.MULTILINE)
    if table is None:
        raise LookupError(f"no table '{label}' in the page")
    return [float.fromhex(number) for number in table[1].split(",")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the page")
    parser.add_argument("--page", type=Path, default=PAGE, help="default: %(default)s")
    options = parser.parse_args()

    page = options.page.read_text(encoding="utf-8") if options.check else ""
    wrong = 0
    for fit in FITS:
        coefficients, error = remez(fit)
        label = f"{fit.name} ({fit.dtype})"
        numbers = [rounded(c, fit.dtype) for c in coefficients]
        text = f"{label}: " + ", ".join(hexadecimal(x, fit.dtype) for x in numbers)
        print(textwrap.fill(text, 125, initial_indent=" " * 4, subsequent_indent=" " * 17))
        print(f"{label}: greatest weighted error 2^{float(log(error, 2)):.1f}", file=sys.stderr)
        if options.check and numbers != page_numbers(page, label):
            print(f"{label}: the page has other numbers", file=sys.stderr)
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
