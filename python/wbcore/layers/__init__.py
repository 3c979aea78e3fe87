"""Dense layers: their specification, their parameters in a network, and a layer as a function."""

from wbcore.layers.dense import PRIOR, Dense, chain, check_dropout, dense
from wbcore.layers.layer import Layer, initialize, structure

__all__ = [
    "PRIOR",
    "Dense",
    "Layer",
    "chain",
    "check_dropout",
    "dense",
    "initialize",
    "structure",
]
