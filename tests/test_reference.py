"""The reference itself: that it runs, agrees with the page, and its arithmetic is exact."""

import ast
import doctest
import importlib
import math
import operator
import pkgutil
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wbcore import reference
from wbcore.reference import FLOAT32, FLOAT64, Arithmetic, constants, normal
from wbcore.reference.fma import fma_exact, fma_float64_by_parts, round_float32

MODULES = [f"wbcore.reference.{m.name}" for m in pkgutil.iter_modules(reference.__path__)]
BOTH = pytest.mark.parametrize("arith", [FLOAT32, FLOAT64], ids=repr)

PRECISION = {"float32": 24, "float64": 53}
LEAST_EXPONENT = {"float32": -149, "float64": -1074}
LARGEST = {"float32": float(np.finfo(np.float32).max), "float64": sys.float_info.max}


def same(a, b):
    """Equal bits, NaN for any NaN."""
    return (math.isnan(a) and math.isnan(b)) or a.hex() == b.hex()


# ---- the package itself


@pytest.mark.parametrize("name", [*MODULES, "wbcore.reference"])
def test_examples_run(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_nothing_but_the_standard_library_is_imported():
    paths = list(Path(reference.__path__[0]).glob("*.py"))
    assert len(paths) > 10
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level <= 1, path
                names = [] if node.level else [node.module]
            assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names, path


@pytest.mark.uninstrumented
def test_it_is_loaded_when_first_used():
    program = (
        "import sys, wbcore as wb; assert 'wbcore.reference' not in sys.modules; wb.reference.SGD"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=600)


def test_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', not 'half'"):
        Arithmetic("half")


def page():
    return (Path(__file__).parents[1] / "docs" / "arithmetic.md").read_text(encoding="utf-8")


def listed(label, convert):
    table = re.search(rf"^    {re.escape(label)}: (.*(?:\n {{7,}}.*)*)", page(), re.MULTILINE)
    return tuple(convert(number) for number in table[1].split(","))


@BOTH
@pytest.mark.parametrize("name", "ELG")
def test_coefficients_are_those_of_the_page(arith, name):
    ours = getattr(constants.CONSTANTS[arith.dtype], name)
    assert ours == listed(f"{name} ({arith.dtype})", float.fromhex)
    assert [arith.T(c) for c in ours] == list(ours)


@pytest.mark.parametrize("name", "ABCDEF")
def test_quantile_coefficients_are_those_of_the_page(name):
    assert getattr(normal, f"_{name}") == listed(name, float)


@BOTH
def test_constants_are_those_of_the_page(arith):
    column = 1 + (arith.dtype == "float64")
    rows = [line.split("|")[1:-1] for line in page().splitlines() if line.startswith("| ")]
    table = {row[0].strip(): row[column].strip() for row in rows if len(row) == 3}
    c = constants.CONSTANTS[arith.dtype]
    assert c.sqrt_half_bits == int(table["SQRT_HALF_BITS"], 16)
    assert table["EXP_MAX, EXP_MIN"] == f"{c.exp_max:.0f}, {c.exp_min:.0f}"
    plain = {"expm1_min", "tanh_max", "min_exponent", "mantissa_bits", "tail_max"}
    assert {name: getattr(c, name) for name in plain} == {
        name: float(table[name.upper()]) for name in plain
    }
    for name, label in (("log2e", "LOG2E"), ("ln2_high", "LN2_HI"), ("ln2_low", "LN2_LO")):
        assert getattr(c, name) == float.fromhex(table[label])
        assert arith.T(getattr(c, name)) == getattr(c, name)
    assert c.magic == float.fromhex(table["MAGIC"])


# ---- rounding and the fused multiply-add


def nearest(x, dtype):
    """A fraction rounded to the nearest number of a format by whole numbers, ties to even."""
    if x == 0:
        return 0.0
    exponent = abs(x.numerator).bit_length() - x.denominator.bit_length()
    exponent -= abs(x) < Fraction(2) ** exponent  # now 2**exponent <= |x| < 2**(exponent + 1)
    unit = max(exponent + 1 - PRECISION[dtype], LEAST_EXPONENT[dtype])
    result = abs(round(x / Fraction(2) ** unit) * Fraction(2) ** unit)
    size = math.inf if result > Fraction(LARGEST[dtype]) else float(result)
    return size if x > 0 else -size


@st.composite
def operands(draw, dtype):
    """Factors of few or many bits, and summands that cancel, tie or barely count."""
    bits = PRECISION[dtype]
    span = 100 if dtype == "float32" else 700

    def number(least=-span, most=span):
        significand = draw(st.integers(1, 2 ** draw(st.sampled_from([1, 2, bits // 2, bits])) - 1))
        sign = draw(st.sampled_from([-1, 1]))
        exponent = draw(st.integers(least, most))
        return nearest(sign * significand * Fraction(2) ** exponent, dtype)

    a, b = number(), number()
    assume(math.isfinite(a) and math.isfinite(b))
    product = Fraction(a) * Fraction(b)
    match draw(st.sampled_from(["any", "cancel", "deep", "tie", "halfway", "subnormal"])):
        case "any":
            c = number()
        case "cancel":
            c = nearest(-product * (1 + draw(st.integers(-3, 3)) * Fraction(2) ** -bits), dtype)
        case "deep":  # they cancel, and the last bits of the product are below the least number
            depth = LEAST_EXPONENT[dtype] // 2
            a, b = (math.ldexp(math.frexp(x)[0], depth + draw(st.integers(0, 40))) for x in (a, b))
            a, b = nearest(Fraction(a), dtype), nearest(Fraction(b), dtype)
            product = (
                Fraction(a) * Fraction(b) * (1 + draw(st.integers(-3, 3)) * Fraction(2) ** -bits)
            )
            c = nearest(-product, dtype)
        case "tie":
            c = nearest(product * Fraction(2) ** draw(st.integers(bits - 3, bits + 3)), dtype)
        case "halfway":  # an odd product of one bit more than the format has
            width = draw(st.integers(2, bits - 1))
            a = float(draw(st.integers(2 ** (width - 1), 2**width - 1)) | 1)
            b = float(draw(st.integers(2 ** (bits - width), 2 ** (bits + 1 - width) - 1)) | 1)
            c = draw(st.sampled_from([-1.0, 0.0, 1.0])) * 2.0 ** draw(st.integers(-span, 0))
        case _:
            a = nearest(Fraction(a) * Fraction(2) ** -draw(st.integers(0, 2 * span)), dtype)
            c = draw(st.integers(-9, 9)) * 2.0 ** LEAST_EXPONENT[dtype]
    return a, b, c


def exact_fma(a, b, c, dtype):
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:  # the sign of a zero: that of its parts when they agree
        return (math.copysign(1.0, a) * math.copysign(1.0, b) * 0.0) + c if c == 0 else 0.0
    return nearest(exact, dtype)


@settings(max_examples=1000, deadline=None)
@given(operands("float64"))
def test_fma_float64(abc):
    assume(all(map(math.isfinite, abc)))
    expected = exact_fma(*abc, "float64")
    assert same(fma_exact(*abc), expected)
    assert same(fma_float64_by_parts(*abc), expected)
    assert same(FLOAT64.fma(*abc), expected)


@settings(max_examples=1000, deadline=None)
@given(operands("float32"))
def test_fma_float32(abc):
    assume(all(map(math.isfinite, abc)))
    assert same(FLOAT32.fma(*abc), exact_fma(*abc, "float32"))


# 2^36 + 1 and 2^36 - 1, 2^78 + 1 and 2^104 - 1 as products: a hair beside a power of two
ABOVE_32, BELOW_32 = (2.0**12 + 1, 2.0**24 - 2.0**12 + 1), (2.0**18 + 1, 2.0**18 - 1)
ABOVE_64, BELOW_64 = (2.0**26 + 1, 2.0**52 - 2.0**26 + 1), (2.0**52 + 1, 2.0**52 - 1)
BESIDE_THE_MIDDLE = [
    (FLOAT32, ABOVE_32, -60, 1.0, 1 + 2.0**-23),
    (FLOAT32, BELOW_32, -60, 1 + 2.0**-23, 1 + 2.0**-23),
    (FLOAT32, ABOVE_32, -186, 2.0**-126, 2.0**-126 + 2.0**-149),
    (FLOAT32, BELOW_32, -186, 2.0**-126 + 2.0**-149, 2.0**-126 + 2.0**-149),
    (FLOAT32, BELOW_32, 67, LARGEST["float32"], LARGEST["float32"]),
    (FLOAT32, ABOVE_32, 67, LARGEST["float32"], math.inf),
    (FLOAT64, ABOVE_64, -131, 1.0, 1 + 2.0**-52),
    (FLOAT64, BELOW_64, -157, 1 + 2.0**-52, 1 + 2.0**-52),
    (FLOAT64, BELOW_64, 866, LARGEST["float64"], LARGEST["float64"]),
    (FLOAT64, ABOVE_64, 892, LARGEST["float64"], math.inf),
]


@pytest.mark.parametrize(("arith", "factors", "exponent", "c", "expected"), BESIDE_THE_MIDDLE)
def test_fma_beside_the_middle_of_two_numbers(arith, factors, exponent, c, expected):
    """The sum of the rounded product and c is halfway; what was rounded away decides."""
    a, b = factors[0] * 2.0 ** (exponent // 2), factors[1] * 2.0 ** (exponent - exponent // 2)
    assert [a, b, c] == [arith.T(a), arith.T(b), arith.T(c)]
    assert exact_fma(a, b, c, arith.dtype) == expected
    assert arith.fma(a, b, c) == expected
    if arith is FLOAT64:
        assert fma_exact(a, b, c) == fma_float64_by_parts(a, b, c) == expected


NAN, INF = math.nan, math.inf
SPECIAL = [
    ((INF, 1.0, 1.0), INF),
    ((INF, -1.0, 1.0), -INF),
    ((INF, 0.0, 1.0), NAN),
    ((0.0, INF, NAN), NAN),
    ((INF, 1.0, -INF), NAN),
    ((INF, 1.0, INF), INF),
    ((1e30, 1e30, -INF), -INF),
    ((1.0, 1.0, INF), INF),
    ((NAN, 1.0, 1.0), NAN),
    ((1.0, 1.0, NAN), NAN),
    ((0.0, -1.0, -0.0), -0.0),
    ((0.0, -1.0, 0.0), 0.0),
    ((0.0, 0.0, -0.0), 0.0),
    ((3.0, 1.0, -3.0), 0.0),
    ((-1e-30, 1e-30, 0.0), -(1e-30 * 1e-30)),
]


@pytest.mark.parametrize(("abc", "expected"), SPECIAL)
def test_fma_of_special_numbers(abc, expected):
    for fma in (fma_exact, fma_float64_by_parts, FLOAT64.fma):
        assert same(fma(*abc), expected)
    if all(same(round_float32(x), x) for x in abc):
        assert same(FLOAT32.fma(*abc), expected)


@pytest.mark.parametrize("fma", [fma_exact, fma_float64_by_parts, FLOAT64.fma])
def test_fma_float64_at_the_ends_of_the_range(fma):
    assert fma(1e200, 1e200, 0.0) == INF
    assert fma(1e200, -1e200, 1e308) == -INF
    assert fma(2.0**600, 2.0**424, -LARGEST["float64"]) == 2.0**971
    assert same(fma(-(2.0**-600), 2.0**-600, 0.0), -0.0)
    # half a unit of the subnormal numbers, and one and a half: ties go to 0 and to 2 units
    assert same(fma(2.0**-600, 2.0**-475, 0.0), 0.0)
    assert fma(3.0 * 2.0**-600, 2.0**-475, 0.0) == 2.0**-1073
    assert fma(2.0**-600, 2.0**-475, 2.0**-1074) == 2.0**-1073


floats32 = st.floats(width=32)


@given(st.floats())
def test_rounding_to_float32(x):
    with np.errstate(all="ignore"):
        assert same(round_float32(x), float(np.float32(x)))


@settings(max_examples=300)
@given(floats32, floats32)
def test_float32_operations_are_those_of_the_processor(a, b):
    x, y = np.float32(a), np.float32(b)
    with np.errstate(all="ignore"):
        for operation in (operator.add, operator.sub, operator.mul):
            assert same(FLOAT32.T(operation(a, b)), float(operation(x, y)))
        assert same(FLOAT32.divide(a, b), float(x / y))
        assert same(FLOAT64.divide(a, b), float(np.float64(a) / np.float64(b)))
        assert same(FLOAT32.sqrt(a), float(np.sqrt(x)))


# ---- sums


@BOTH
@pytest.mark.parametrize("n", [0, 1, 2, 127, 128, 129, 255, 256, 257, 600, 1000])
def test_sums_are_within_their_bound(arith, n):
    rng = np.random.default_rng(n)
    a, b = ([arith.T(x) for x in rng.standard_normal(n)] for _ in range(2))
    products = [Fraction(x) * Fraction(y) for x, y in zip(a, b, strict=True)]
    u = 2.0 ** -PRECISION[arith.dtype]
    gamma = (n + 2) * u / (1 - (n + 2) * u)  # every product passes at most n + 2 roundings
    bound = gamma * (float(sum(map(abs, products))) + 0.25)
    assert abs(arith.feature_sum(0.25, a, b) - float(sum(products) + Fraction(1, 4))) <= bound
    assert abs(arith.row_sum(a, b) - float(sum(products))) <= bound
    bound = gamma * math.fsum(map(abs, a))
    assert abs(arith.feature_total(a) - math.fsum(a)) <= bound
    assert abs(arith.row_total(a) - math.fsum(a)) <= bound


@BOTH
def test_feature_sums_are_cut_every_256(arith):
    large = 2.0 ** PRECISION[arith.dtype]  # a chain that has reached it loses every 1
    ones = [1.0] * 599
    assert arith.feature_total([large, *ones]) == large + 256 + 88
    assert arith.feature_sum(large, [1.0, *ones], [1.0] * 600) == large + 256 + 88
    assert arith.feature_sum(0.0, [large, *ones], [1.0] * 600) == large + 256 + 88
    assert arith.feature_total([large, *ones[:255]]) == large
    assert arith.feature_sum(-0.5, [], []) == -0.5


TREES = ["a", "a+b", "(a+b)+c", "(a+b)+(c+d)", "((a+b)+(c+d))+e", "((a+b)+(c+d))+(e+f)"]
TREES += ["((a+b)+(c+d))+((e+f)+g)", "((a+b)+(c+d))+((e+f)+(g+h))"]
TREES += ["(((a+b)+(c+d))+((e+f)+(g+h)))+i"]


@BOTH
@pytest.mark.parametrize("tree", TREES)
def test_row_sums_are_cut_every_128_and_added_as_a_tree(arith, tree):
    rng = np.random.default_rng(0)
    leaves = rng.standard_normal((len(set(tree) & set("abcdefghi")), 128))
    leaves = leaves.astype(arith.dtype)
    rows = [float(x) for x in leaves.ravel()]
    chains = [np.cumsum(leaf)[-1] for leaf in leaves]  # cumsum has no choice but to be a chain
    expected = eval(tree, dict(zip("abcdefghi", chains, strict=False)))
    assert arith.row_total(rows) == expected
    assert arith.row_sum(rows, [1.0] * len(rows)) == expected
