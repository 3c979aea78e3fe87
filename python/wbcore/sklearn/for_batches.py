"""Methods that there are for some parameters only."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

from wbcore.sklearn.solvers import takes_all_rows

__all__ = ["ForBatches", "NoPartialFit"]


class NoPartialFit(AttributeError, ValueError):  # noqa: N818, what is raised is told by its bases
    """There is no partial fit with these parameters.

    An AttributeError, so that `hasattr` tells; and the ValueError that calling it raises in
    scikit-learn.
    """


class ForBatches:
    """A method that estimators have which are trained batch by batch, without rows held out.

    Parameters
    ----------
    method : callable
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method

    def __get__(self, estimator: Any, _: object = None) -> Any:
        if estimator is None:
            return self._method
        if takes_all_rows(estimator):
            raise NoPartialFit(
                "partial_fit is only available for stochastic optimizers. "
                f"{estimator.optimizer or estimator.solver} is not stochastic."
            )
        if estimator.early_stopping:
            raise NoPartialFit("partial_fit does not support early_stopping=True")
        if getattr(estimator, "class_weight", None) == "balanced":
            raise NoPartialFit(
                "class_weight 'balanced' is not supported for partial_fit, where the rows are not "
                "all there are; pass the weights as a dict"
            )
        return MethodType(self._method, estimator)
