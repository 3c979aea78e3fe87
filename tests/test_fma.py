"""Known answers of the fused multiply-add, of every instruction set and of the reference."""

import importlib.util
import json
import math
import os
import struct
import subprocess
import sys

import numpy as np
import pytest

import wbcore as wb
from wbcore.reference import FLOAT32, FLOAT64, fma

# Bit patterns of a, b, c and a * b + c, which C libraries get wrong; as in cpp/tests/test_fma.cpp.
FLOATS = """
    97000800 1cfff001 00010002 00010001
    d58ceec0 34670000 980645fc ca7e56df
    3f7288d0 34f91a50 be7916c0 be7916a3
    4b7fffff 4d800002 427e0000 59800001
    7f7fffff 40000000 ff7fffff 7f7fffff
"""
DOUBLES = f"""
    3ff0000000000001 3ff8000000000000 bcb0000000000000 3ff8000000000000
    {struct.pack(">d", -1.0).hex()} 3ff0000000000000 3ff0000000000000 0000000000000000
    {struct.pack(">d", 1e-300).hex()} {struct.pack(">d", -1e-300).hex()} {"0" * 16} 8000000000000000
    3ff0000000000001 3ff0000000000000 3c9ffc0000000000 3ff0000000000001
    1cf0000000000001 1fbfffffffffffff 0010000000000000 0010000000000001
    1cf0000000000000 1fbfffffffffffff 0010000000000001 0010000000000001
    7fefffffffffffff 4000000000000000 ffefffffffffffff 7fefffffffffffff
"""
KNOWN = {
    "float32": [
        [struct.unpack(">f", bytes.fromhex(x))[0] for x in s.split()]
        for s in FLOATS.strip().splitlines()
    ],
    "float64": [
        [struct.unpack(">d", bytes.fromhex(x))[0] for x in s.split()]
        for s in DOUBLES.strip().splitlines()
    ],
}


def test_known_answers_of_the_reference():
    for arith in (FLOAT32, FLOAT64):
        for a, b, c, expected in KNOWN[arith.dtype]:
            assert arith.fma(a, b, c).hex() == expected.hex()
    for a, b, c, expected in KNOWN["float64"]:
        assert fma.fma_exact(a, b, c).hex() == expected.hex()
        assert fma.fma_float64_by_parts(a, b, c).hex() == expected.hex()


def found_here():
    """What a layer with one input gives: fma(x, w, b), in a batch as long as any vector."""
    found = {}
    for dtype, known in KNOWN.items():
        for a, b, c, _ in known:
            X, W, biases = (
                np.full(shape, x, dtype) for shape, x in (((9, 1), a), ((1, 33), b), (33, c))
            )
            (y,) = {x.hex() for x in wb.dense(X, weights=W, biases=biases).ravel().tolist()}
            found.setdefault(dtype, []).append(y)
    return found


@pytest.mark.uninstrumented
@pytest.mark.parametrize("isa", wb.available_isas())
def test_known_answers_of_the_core(isa):
    done = subprocess.run(
        [sys.executable, __file__],
        capture_output=True,
        text=True,
        env={**os.environ, "WBCORE_ISA": isa},
        timeout=60,
        check=True,
    )
    expected = {dtype: [y.hex() for *_, y in known] for dtype, known in KNOWN.items()}
    assert json.loads(done.stdout) == expected


# ---- the function of Python, which is that of the C library


def rounds_twice(a, b, c):
    return a * b + c


def loses_the_sign_of_zero(a, b, c):
    return fma.fma_exact(a, b, c) + 0.0


def loses_subnormal_numbers(a, b, c):
    y = fma.fma_exact(a, b, c)
    return y if abs(y) >= 2.0**-1022 else math.copysign(0.0, y)


def rounds_to_subnormal_numbers_twice(a, b, c):
    return fma.fma_exact(a, b, c) if abs(a * b + c) >= 2.0**-1000 else a * b + c


def loses_what_lies_beyond_the_largest(a, b, c):
    return fma.fma_exact(a, b, c) if math.isfinite(a * b) else a * b + c


def raises(a, b, c):
    y = fma.fma_exact(a, b, c)
    if abs(y) > 1e308:
        raise OverflowError
    return y


def module_with(monkeypatch, function):
    """The reference's module, imported where `math.fma` is another."""
    monkeypatch.setattr(math, "fma", function, raising=False)
    spec = importlib.util.spec_from_file_location("fma_again", fma.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "function",
    [
        rounds_twice,
        loses_the_sign_of_zero,
        loses_subnormal_numbers,
        rounds_to_subnormal_numbers_twice,
        loses_what_lies_beyond_the_largest,
        raises,
    ],
)
def test_a_wrong_one_is_not_used(monkeypatch, function):
    module = module_with(monkeypatch, function)
    assert not module.is_exact(function)
    assert module.fma_float64 is module.fma_float64_by_parts
    for a, b, c, expected in KNOWN["float64"]:
        assert module.fma_float64(a, b, c).hex() == expected.hex()


def test_a_right_one_is_used(monkeypatch):
    used = []

    def right(a, b, c):
        used.append((a, b, c))
        if not math.isfinite(a):
            raise ValueError
        return fma.fma_exact(a, b, c)

    module = module_with(monkeypatch, right)
    used.clear()
    assert module.fma_float64(2.0, 3.0, 4.0) == 10.0
    assert math.isnan(module.fma_float64(math.inf, 0.0, 1.0))
    assert used == [(2.0, 3.0, 4.0), (math.inf, 0.0, 1.0)]


def test_without_one_it_is_made_of_parts(monkeypatch):
    module = module_with(monkeypatch, None)
    assert module.fma_float64 is module.fma_float64_by_parts


if __name__ == "__main__":
    print(json.dumps(found_here()))
