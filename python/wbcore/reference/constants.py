"""The constants of the elementary functions, by format (the tables of section 4).

The coefficients are minimax fits; ``tools/coefficients.py`` makes and checks them.
"""

from dataclasses import dataclass

from .arithmetic import DType


@dataclass(frozen=True)
class Constants:
    """One column of the table of section 4, and the three lists of coefficients below it."""

    log2e: float
    magic: float
    """Adding it pushes the fraction of a number off the end of its significand."""
    ln2_high: float
    """So short that its product with the exponent n is exact."""
    ln2_low: float
    exp_max: float
    exp_min: float
    expm1_min: float
    tanh_max: float
    min_exponent: int
    mantissa_bits: int
    sqrt_half_bits: int
    """The bits of sqrt(1/2) as a whole number."""
    tail_max: float
    E: tuple[float, ...]
    """(e^r - 1 - r) / r^2 for abs(r) <= ln(2) / 2."""
    L: tuple[float, ...]
    """(log(1 + f) - 2 s) / (s z), where s = f / (2 + f) and z = s^2."""
    G: tuple[float, ...]
    """(a + 5) e^(a a / 2) (1 - Phi(a)) in the variable (a - 5) / (a + 5)."""


def _coefficients(text: str) -> tuple[float, ...]:
    return tuple(float.fromhex(number) for number in text.split())


_E_32 = _coefficients(
    """
    0x1p-1 0x1.555554p-3 0x1.55548ep-5 0x1.111272p-7 0x1.6d8d52p-10 0x1.9f0868p-13
    """
)
_E_64 = _coefficients(
    """
    0x1p-1 0x1.555555555555bp-3 0x1.5555555555503p-5 0x1.111111110ec40p-7 0x1.6c16c16c3057ep-10
    0x1.a01a01b389d17p-13 0x1.a01a013665e39p-16 0x1.71ddf00305cb2p-19 0x1.27e5b46805745p-22
    0x1.af6c1d0af5aacp-26 0x1.1e3d417e78869p-29
    """
)
_L_32 = _coefficients(
    """
    0x1.555554p-1 0x1.999a7cp-2 0x1.2438a8p-2 0x1.e2fdd4p-3
    """
)
_L_64 = _coefficients(
    """
    0x1.5555555555555p-1 0x1.9999999999e06p-2 0x1.249249242aaf2p-2 0x1.c71c7259aa5fap-3
    0x1.745cddff61244p-3 0x1.3b20b4def38a8p-3 0x1.0f5bf60cdd083p-3 0x1.0f6a99bdd5599p-3
    """
)
_G_32 = _coefficients(
    """
    0x1.89d3acp-1 -0x1.54ad04p-1 0x1.fb319cp-2 -0x1.410ef2p-2 0x1.51eef8p-3 -0x1.1b1cbep-4
    0x1.5600540p-6 -0x1.8333f2p-9 -0x1.f73532p-11 0x1.adafaep-12
    """
)
_G_64 = _coefficients(
    """
    0x1.89d3abe1f95aep-1 -0x1.54ad03f27ca17p-1 0x1.fb31653876f9fp-2 -0x1.410ed5f8759e3p-2
    0x1.51f6329f011d2p-3 -0x1.1b1c254c9ec19p-4 0x1.54b4d4f4f99f5p-6 -0x1.88590ea29bbb8p-9
    -0x1.a250381c7c417p-11 0x1.1daf1c39367a9p-11 -0x1.f2144a664bcd1p-15 -0x1.a1707cca2475ap-15
    0x1.17dc86a589e3dp-16 0x1.0b1e7b7a8722ap-18 -0x1.73a4796fe6bccp-19 -0x1.68478ef5b498fp-22
    0x1.d0ce36e6aa98fp-22 0x1.5f270dedf8358p-25 -0x1.1b84703c36558p-24 -0x1.1cfbd7a84ec63p-27
    0x1.10e5910f14dd8p-27 0x1.898f1d0989c70p-30 -0x1.4d237368f1a4fp-32
    """
)

CONSTANTS: dict[DType, Constants] = {
    "float32": Constants(
        log2e=float.fromhex("0x1.715476p+0"),
        magic=float.fromhex("0x1.8p+23"),
        ln2_high=float.fromhex("0x1.62e4p-1"),
        ln2_low=float.fromhex("0x1.7f7d1cp-20"),
        exp_max=89.0,
        exp_min=-110.0,
        expm1_min=-20.0,
        tanh_max=10.0,
        min_exponent=-126,
        mantissa_bits=23,
        sqrt_half_bits=0x3F3504F3,
        tail_max=15.0,
        E=_E_32,
        L=_L_32,
        G=_G_32,
    ),
    "float64": Constants(
        log2e=float.fromhex("0x1.71547652b82fep+0"),
        magic=float.fromhex("0x1.8p+52"),
        ln2_high=float.fromhex("0x1.62e42fefap-1"),
        ln2_low=float.fromhex("0x1.cf79abc9e3b3ap-40"),
        exp_max=710.0,
        exp_min=-753.0,
        expm1_min=-40.0,
        tanh_max=20.0,
        min_exponent=-1022,
        mantissa_bits=52,
        sqrt_half_bits=0x3FE6A09E667F3BCD,
        tail_max=39.0,
        E=_E_64,
        L=_L_64,
        G=_G_64,
    ),
}

INVERSE_SQRT_2PI = float.fromhex("0x1.9884533d43651p-2")

S = _coefficients(
    """
    0x1.921fb54442d18p+0 -0x1.4abbce625be53p-1 0x1.466bc6775aad9p-4 -0x1.32d2cce62abbdp-8
    0x1.50783485c2d5ap-13 -0x1.e3074b42c3306p-19 0x1.e8eec79c14274p-25 -0x1.6c58cc302f01ep-31
    """
)
"""sin(pi z / 2) / z in the variable z^2, of float64: for schedules."""
