"""Losses of numbers: their mean, median, quantiles, counts and positive amounts."""

from __future__ import annotations

from dataclasses import dataclass

from wbcore.losses.base import Loss

__all__ = ["MAE", "MSE", "GammaDeviance", "Huber", "LogCosh", "Poisson", "Quantile"]


@dataclass(frozen=True, repr=False)
class MSE(Loss, row="mse"):
    """Mean squared error: the mean of (outputs - y)^2, in the square of the targets' unit.

    Parameters
    ----------
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.MSE()([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])
    3.0
    """


@dataclass(frozen=True, repr=False)
class MAE(Loss, row="mae"):
    """Mean absolute error: the mean of |outputs - y|, in the unit of the targets.

    Parameters
    ----------
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.MAE()([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])
    1.0
    """

    @property
    def _quantiles(self) -> tuple[float, ...]:
        return (0.5,)


@dataclass(frozen=True, repr=False)
class Huber(Loss, row="huber"):
    """Half the squared error up to delta, linear beyond (Huber, 1964).

    The mean of d^2 / 2 where |d| = |outputs - y| <= delta, and of delta (|d| - delta / 2)
    elsewhere.

    Parameters
    ----------
    delta : float, default 1
        Above 0, also in the dtype of the arithmetic; in the unit of the targets.
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Raises
    ------
    TypeError, ValueError
        When delta is no number above 0.

    Examples
    --------
    >>> import wbcore as wb
    >>> huber = wb.losses.Huber(delta=0.5)
    >>> huber([1.0, 2.0, 3.0], [1.0, 2.0, 6.5]), str(huber)
    (0.5416666666666666, 'huber(0.5)')
    """

    delta: float = 1.0


@dataclass(frozen=True, repr=False)
class LogCosh(Loss, row="log_cosh"):
    """Mean of log(cosh(outputs - y)): half the square near 0, |outputs - y| - log(2) far away.

    Like `Huber(1)`, with derivatives of every order; its own is tanh(outputs - y). Exact at both
    ends: neither small differences nor large ones lose digits.

    Parameters
    ----------
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Examples
    --------
    >>> import wbcore as wb
    >>> round(wb.losses.LogCosh()([1e-8], [0.0]), 20), wb.losses.LogCosh()([1000.0], [0.0])
    (5e-17, 999.3068528194401)
    """


@dataclass(frozen=True, repr=False)
class Quantile(Loss, row="quantile"):
    """Quantiles of the targets in place of their mean: the pinball loss (Koenker, Bassett, 1978).

    The mean of q (y - outputs) where outputs are below y, and of (1 - q) (outputs - y) where they
    are above. With q = 0.5 it is half of `MAE`. The gradient is 0 at y.

    Up to nine quantiles at once have an output each. For T targets the last layer has T * Q
    outputs, target by target: those of the first target at q1, q2, .., then those of the second, so
    that `net.predict(X).reshape(-1, T, Q)` has the quantiles of each target beside one another. y
    has the shape (B, T), or (B,) when T is 1; or (B, T * Q), with a target for each output. Nothing
    keeps the outputs of one target in order; `np.sort` along the last axis does.

    Parameters
    ----------
    q1 : float, default 0.5
        Between 0 and 1: the share of targets that should lie below the output.
    q2, q3, q4, q5, q6, q7, q8, q9 : float, optional
        More of them.
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Raises
    ------
    TypeError, ValueError
        When one is no number between 0 and 1.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.Quantile(0.9)([1.0, 5.0], [3.0, 3.0])  # too small costs nine times too large
    1.0
    >>> interval = wb.losses.Quantile(0.1, 0.5, 0.9)
    >>> interval, str(interval), interval.quantiles
    (Quantile(0.1, 0.5, 0.9), 'quantile(0.1, 0.5, 0.9)', (0.1, 0.5, 0.9))
    >>> round(interval([[1.0, 2.0, 3.0]], [2.5]), 4)
    0.15
    """

    q1: float = 0.5
    q2: float = 0.0
    q3: float = 0.0
    q4: float = 0.0
    q5: float = 0.0
    q6: float = 0.0
    q7: float = 0.0
    q8: float = 0.0
    q9: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        first, *rest = (getattr(self, number.name) for number in self._row.numbers)
        n = rest.index(0.0) if 0.0 in rest else len(rest)
        if any(rest[n:]):
            raise ValueError(f"[Quantile] expected quantiles between 0 and 1, got {(first, *rest)}")

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Those that were given, in their order."""
        numbers = (getattr(self, number.name) for number in self._row.numbers)
        return tuple(q for q in numbers if q != 0)

    @property
    def _quantiles(self) -> tuple[float, ...]:
        return self.quantiles

    def __repr__(self) -> str:
        return self._repr([repr(q) for q in self.quantiles])


@dataclass(frozen=True, repr=False)
class Poisson(Loss, row="poisson"):
    """Mean of exp(z) - y z, z the logarithm of the rate: for counts, with the log link.

    The negative log-likelihood of counts y of a Poisson distribution, without log(y!), which no
    network changes; it may be negative. As `torch.nn.PoissonNLLLoss()`, and scikit-learn's
    `PoissonRegressor` but for a constant. Targets are at least 0, whole or not.

    The last activation is `exp`, whose outputs are the rates, or identity, whose outputs are their
    logarithms; both are computed from the z before it, with the same gradients. Called, it takes z.

    Parameters
    ----------
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.Poisson()([0.0, 0.0], [1, 0])
    1.0
    >>> net = wb.Network([wb.Dense(3, 1, activation="exp")])  # a Poisson regression
    >>> history = net.fit([[0, 1, 2], [1, 1, 0]], [4, 0], loss="poisson")
    """


@dataclass(frozen=True, repr=False)
class GammaDeviance(Loss, row="gamma_deviance"):
    """Mean of 2 (y / m - log(y / m) - 1), m = exp(z): for positive targets of relative spread.

    The deviance of a gamma distribution with the log link, for amounts, durations, prices whose
    spread grows with their mean (McCullagh and Nelder, 1989); 0 where m is y. As scikit-learn's
    `mean_gamma_deviance`. Targets are above 0.

    The last activation is `exp`, whose outputs are the means m, or identity, whose outputs are
    their logarithms z; both are computed from z, with the same gradients. Called, it takes z.

    Parameters
    ----------
    output_weights : sequence of O floats, optional
        Weights of the outputs in the mean, as for every `Loss`.

    Examples
    --------
    >>> import wbcore as wb
    >>> wb.losses.GammaDeviance()([0.0], [1.0]), round(wb.losses.GammaDeviance()([0.0], [2.0]), 4)
    (0.0, 0.6137)
    """
