"""Initial weights: arrays of shape (fan_in, fan_out), computed in float64, then rounded to `dtype`.

Names
-----
`xavier` is N(0, 1/fan_in) and `he` is N(0, 2/fan_in), as wbcore's lessons define them. Elsewhere
the first is called LeCun normal (here also `lecun_normal`), and the paper of Xavier Glorot and
Yoshua Bengio (2010) has the variance 2/(fan_in + fan_out), here `glorot_normal` and
`glorot_uniform`.

Draws
-----
With an integer seed the draws come from wbcore's own counter-based stream and depend on the seed,
the layer and the position in the matrix alone: the same bits on every machine (docs/arithmetic.md,
sections 8 and 9). With a `numpy.random.Generator` or `RandomState` they are
`seed.standard_normal((fan_in, fan_out))`, or `seed.random((fan_in, fan_out))` for the uniform ones
and for `truncated_normal`.

Use
---
`Dense(..., initializer="he")` takes every name of `NAMES`. Numbers other than the defaults stand in
parentheses, in the order of the function's parameters: "normal(0, 0.1)". A function does as well,
such as `functools.partial(wb.initializers.normal, std=0.1)`: it is given the network's seed and the
number of the layer.
"""

from wbcore import _named
from wbcore.initializers._choice import Initializer as Initializer
from wbcore.initializers._choice import check as check
from wbcore.initializers._choice import draw as draw
from wbcore.initializers._fixed import (
    constant,
    normal,
    ones,
    truncated_normal,
    uniform,
    zeros,
)
from wbcore.initializers._scaled import (
    glorot_normal,
    glorot_uniform,
    he,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    orthogonal,
    xavier,
)

__all__ = [
    "BIAS_NAMES",
    "NAMES",
    "constant",
    "glorot_normal",
    "glorot_uniform",
    "he",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "xavier",
    "zeros",
]

NAMES: tuple[str, ...] = tuple(_named.rows("initializer"))

#: Those for biases, which have no inputs that a fan_in could count.
BIAS_NAMES: tuple[str, ...] = tuple(
    name for name, row in _named.rows("initializer").items() if row.properties["suits_biases"]
)
