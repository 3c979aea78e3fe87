"""The parameters that an estimator's network begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wbcore._loss_function import LossFunction
from wbcore.layers import PRIOR, Dense, initialize
from wbcore.network import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import RandomState

    from wbcore._structure import LayerStructure

__all__ = ["names_prior", "require_prior", "started"]


def started(
    layers: Sequence[LayerStructure],
    dtype: np.dtype[Any],
    random_state: RandomState,
    *,
    initializer: object,
    bias_init: object,
    activation: object = None,
) -> Network:
    """A network with its initial parameters.

    Without an initializer they are drawn as scikit-learn draws them: weights and biases of a layer
    uniform from -b to b, b = sqrt(6 / (inputs + outputs)), or with 2 in place of 6 where the hidden
    layers are logistic; layer by layer, the weights first.

    Parameters
    ----------
    layers : sequence of LayerStructure
    dtype : numpy.dtype
    random_state : numpy.random.RandomState
        Is drawn from.
    initializer : str or callable, optional
        Of all weights, as of `Dense`; biases are then zeros.
    bias_init : {None, "prior"}, str, float or callable
        Of all biases, as `bias_initializer` of `Dense`. "prior" is left to the fit.
    activation : object
        The estimator's parameter, by which a network without hidden layers goes.
    """
    network = Network._of_structure(layers, dtype)
    is_prior = names_prior(bias_init)
    own = initializer is not None or bias_init is not None
    seed = int(random_state.randint(np.iinfo(np.int32).max)) if own else 0
    for index, layer in enumerate(network):
        inputs, outputs, own_activation, *_ = layers[index]
        if own:
            biases: Any = "zeros" if bias_init is None or is_prior else bias_init
            weights: Any = "zeros" if initializer is None else initializer
            initialize(layer, Dense(inputs, outputs, own_activation, weights, biases), seed)
        if initializer is None:
            bound = _bound(layers, index, activation)
            layer.weights[...] = random_state.uniform(-bound, bound, (inputs, outputs))
            if bias_init is None:
                layer.biases[...] = random_state.uniform(-bound, bound, outputs)
    return network


def names_prior(bias_init: object) -> bool:
    """Whether biases are to begin at the prior; they may also be an array."""
    return isinstance(bias_init, str) and bias_init == PRIOR


def require_prior(estimator: Any) -> None:
    """Refuse a prior of targets of which nobody knows what they are.

    Raises
    ------
    ValueError
        When the loss is a function of one's own.
    """
    own = callable(estimator.loss) and isinstance(estimator._targets.answer.loss, LossFunction)
    if own and names_prior(estimator.bias_init):
        raise ValueError(
            "[fit] expected bias_init to be None, a number or an initializer where loss is a "
            "function, which does not say what its targets are, got 'prior'"
        )


def _bound(layers: Sequence[LayerStructure], index: int, given: object) -> float:
    """Of the last layer it goes by the hidden one before it."""
    of = layers[min(index, len(layers) - 2)].activation if len(layers) > 1 else given
    factor = 2.0 if of in ("sigmoid", "logistic") else 6.0
    return float(np.sqrt(factor / (layers[index].inputs + layers[index].outputs)))
