"""Dense layers: their specification, their parameters in a network, and a layer as a function."""

from wbcore.layers.dense import Dense, chain, dense
from wbcore.layers.layer import Layer, initialize, structure

__all__ = ["Dense", "Layer", "chain", "dense", "initialize", "structure"]
