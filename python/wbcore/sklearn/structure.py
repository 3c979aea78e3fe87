"""Which layers an estimator's parameters stand for."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from wbcore import _arguments, activations
from wbcore._structure import LayerStructure
from wbcore.layers import check_dropout

__all__ = ["OWN_NAME", "SKLEARN_NAME", "hidden_activations", "hidden_sizes", "layers_of"]

#: scikit-learn's names of activations that have another one here.
OWN_NAME = {"logistic": "sigmoid"}
SKLEARN_NAME = {own: theirs for theirs, own in OWN_NAME.items()}


def hidden_sizes(given: Any) -> list[int]:
    """The widths of the hidden layers, which may be none.

    Parameters
    ----------
    given : int or iterable of int

    Raises
    ------
    TypeError, ValueError
        When one of them is no integer, or not above 0.
    """
    sizes = list(given) if hasattr(given, "__iter__") else [given]
    if not all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes):
        raise TypeError(f"hidden_layer_sizes must be integers, got {sizes}.")
    if np.any(np.array(sizes) <= 0):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    if any(size >= 2**63 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be < 2**63, got {_arguments.shown(given)}.")
    return [int(size) for size in sizes]


def hidden_activations(given: object, count: int) -> list[str]:
    """The texts of the hidden layers' activations.

    Parameters
    ----------
    given : str, Activation, or a sequence of them
        scikit-learn's names and ours.
    count : int
        Of hidden layers.

    Raises
    ------
    TypeError, ValueError
        When there is no such activation, or not one for each layer.
    """
    if isinstance(given, Sequence) and not isinstance(given, str):
        if len(given) != count:
            raise ValueError(
                f"[activation] expected one for each of {count} hidden layers, got {len(given)}"
            )
        each: list[object] = list(given)
    else:
        each = [given] * count
    return [_text(one) for one in each]


def _text(given: object) -> str:
    known = OWN_NAME.get(given, given) if isinstance(given, str) else given
    return activations.check("activation", "activation", known)


def layers_of(
    inputs: int, sizes: Sequence[int], texts: Sequence[str], last: tuple[int, str], dropout: object
) -> list[LayerStructure]:
    """The structure of the network.

    Parameters
    ----------
    inputs : int
    sizes, texts : sequences of int and str
        Of the hidden layers.
    last : pair of int and str
        Width and activation of the last layer.
    dropout : float or sequence of float
        Of the hidden layers, all or each.
    """
    shares: list[object] = [dropout] * len(sizes)
    if isinstance(dropout, Sequence) and not isinstance(dropout, str):
        if len(dropout) != len(sizes):
            raise ValueError(
                f"[dropout] expected one for each of {len(sizes)} hidden layers, got {len(dropout)}"
            )
        shares = list(dropout)
    widths = [inputs, *sizes, last[0]]
    layers = [
        LayerStructure(widths[i], widths[i + 1], text, dropout=check_dropout("dropout", share))
        for i, (text, share) in enumerate(zip(texts, shares, strict=True))
    ]
    return [*layers, LayerStructure(widths[-2], widths[-1], last[1])]
