"""What a layer is, without its parameters and how they began: for copies, files and gradients."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LayerStructure"]


class LayerStructure(NamedTuple):
    """One dense layer of a network; model files have objects of these fields.

    Their order is that of the core, and of the arguments that pickles have.
    """

    inputs: int
    outputs: int
    activation: str
    bias: bool = True
    trainable: bool = True
    dropout: float = 0.0

    @property
    def n_parameters(self) -> int:
        """How many weights and biases there are."""
        return (self.inputs + self.bias) * self.outputs
