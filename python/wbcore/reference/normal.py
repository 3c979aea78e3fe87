"""The normal distribution: function, density and quantile (section 4)."""

from .arithmetic import FLOAT64, Arithmetic
from .constants import CONSTANTS, INVERSE_SQRT_2PI
from .functions import horner, log, scale, scaled_exp


def _bell_and_ratio(arith: Arithmetic, a: float) -> tuple[float, int, float]:
    """Return e, k and (1 - Phi(a)) / E, where E = e^(-a a / 2) is e * 2^k, for a >= 0."""
    T, fma, constants = arith.T, arith.fma, CONSTANTS[arith.dtype]
    h = T(a * a)
    low = fma(a, a, -h)
    e, k = scaled_exp(arith, T(-0.5 * h))
    e = fma(e, T(-0.5 * low), e)
    i = T(1.0 / T(a + 5.0))
    t = T(T(a - 5.0) * i)
    return e, k, T(horner(arith, t, constants.G) * i)


def _cut(arith: Arithmetic, x: float) -> float:
    return min(abs(x), CONSTANTS[arith.dtype].tail_max)


def gelu(arith: Arithmetic, x: float) -> float:
    """The product x Phi(x).

    Examples
    --------
    >>> gelu(FLOAT64, 0.0), gelu(FLOAT64, 100.0)
    (0.0, 100.0)
    """
    T, a = arith.T, _cut(arith, x)
    e, k, ratio = _bell_and_ratio(arith, a)
    tail = T(e * ratio)
    if x < 0.0:
        return scale(arith, T(-a * tail), k)
    return T(x * T(1.0 - scale(arith, tail, k)))


def Phi(arith: Arithmetic, x: float) -> float:
    """The normal distribution function, the probability of a draw below x.

    Examples
    --------
    >>> Phi(FLOAT64, 0.0), Phi(FLOAT64, 100.0)
    (0.5, 1.0)
    >>> f"{Phi(FLOAT64, -10.0):.10e}"
    '7.6198530242e-24'
    """
    e, k, ratio = _bell_and_ratio(arith, _cut(arith, x))
    tail = arith.T(scale(arith, e, k) * ratio)
    return tail if x < 0.0 else arith.T(1.0 - tail)


def phi(arith: Arithmetic, x: float) -> float:
    """The normal density, e^(-x x / 2) / sqrt(2 pi).

    Examples
    --------
    >>> phi(FLOAT64, 0.0)
    0.3989422804014327
    """
    e, k, _ = _bell_and_ratio(arith, _cut(arith, x))
    return arith.T(scale(arith, e, k) * arith.T(INVERSE_SQRT_2PI))


def quantile(u: float) -> float:
    """The normal quantile in binary64, the inverse of Phi, for 0 < u < 1.

    Algorithm AS 241, PPND16 (M. J. Wichura, Applied Statistics 37, 1988), with its coefficients.

    Examples
    --------
    >>> quantile(0.5), round(quantile(0.975), 14)
    (0.0, 1.95996398454005)
    """
    fma = FLOAT64.fma
    q = u - 0.5
    if abs(q) <= 0.425:
        r = fma(-q, q, 0.180625)
        return q * horner(FLOAT64, r, _A) / horner(FLOAT64, r, _B)
    r = u if q < 0.0 else 1.0 - u
    r = FLOAT64.sqrt(-log(FLOAT64, r))
    if r <= 5.0:
        r = r - 1.6
        x = horner(FLOAT64, r, _C) / horner(FLOAT64, r, _D)
    else:
        r = r - 5.0
        x = horner(FLOAT64, r, _E) / horner(FLOAT64, r, _F)
    return -x if q < 0.0 else x


_A = (
    3.3871328727963666080e0,
    1.3314166789178437745e2,
    1.9715909503065514427e3,
    1.3731693765509461125e4,
    4.5921953931549871457e4,
    6.7265770927008700853e4,
    3.3430575583588128105e4,
    2.5090809287301226727e3,
)
_B = (
    1.0,
    4.2313330701600911252e1,
    6.8718700749205790830e2,
    5.3941960214247511077e3,
    2.1213794301586595867e4,
    3.9307895800092710610e4,
    2.8729085735721942674e4,
    5.2264952788528545610e3,
)
_C = (
    1.42343711074968357734e0,
    4.63033784615654529590e0,
    5.76949722146069140550e0,
    3.64784832476320460504e0,
    1.27045825245236838258e0,
    2.41780725177450611770e-1,
    2.27238449892691845833e-2,
    7.74545014278341407640e-4,
)
_D = (
    1.0,
    2.05319162663775882187e0,
    1.67638483018380384940e0,
    6.89767334985100004550e-1,
    1.48103976427480074590e-1,
    1.51986665636164571966e-2,
    5.47593808499534494600e-4,
    1.05075007164441684324e-9,
)
_E = (
    6.65790464350110377720e0,
    5.46378491116411436990e0,
    1.78482653991729133580e0,
    2.96560571828504891230e-1,
    2.65321895265761230930e-2,
    1.24266094738807843860e-3,
    2.71155556874348757815e-5,
    2.01033439929228813265e-7,
)
_F = (
    1.0,
    5.99832206555887937690e-1,
    1.36929880922735805310e-1,
    1.48753612908506148525e-2,
    7.86869131145613259100e-4,
    1.84631831751005468180e-5,
    1.42151175831644588870e-7,
    2.04426310338993978564e-15,
)
