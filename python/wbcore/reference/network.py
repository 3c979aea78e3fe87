"""A network of dense layers: forward, backward, loss and gradients."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from . import activations
from .arithmetic import FLOAT64, Arithmetic
from .arrays import Matrix, Vector
from .dense import Gradients, Layer, Pass, dense, input_gradient, parameter_gradients
from .dropout import DropoutStep, left
from .initializers import initial_weights
from .losses import LOSSES, Labels, Loss, loss_sum_and_gradient, target_rows, total_weight
from .random import bias_stream


@dataclass
class Network:
    """Dense layers in a row, all in one arithmetic.

    Parameters
    ----------
    layers : list of Layer
    arith : Arithmetic

    Examples
    --------
    >>> from wbcore.reference import FLOAT64
    >>> net = Network([Layer([[0.5], [0.25]], [1.0])], FLOAT64)
    >>> net.predict([[2.0, 4.0]])
    [[3.0]]
    >>> loss, gradients, dX = net.loss_and_gradients([[2.0, 4.0]], [[2.0]], "mse")
    >>> loss, gradients[0].weights, gradients[0].biases, dX
    (1.0, [[4.0], [8.0]], [2.0], [[1.0, 0.5]])
    """

    layers: list[Layer]
    arith: Arithmetic

    @classmethod
    def mlp(
        cls,
        arith: Arithmetic,
        widths: Sequence[int],
        activation: str,
        *,
        output_activation: str = "identity",
        initializer: str | None = None,
        bias_initializer: str = "zeros",
        bias: bool = True,
        seed: int = 0,
    ) -> "Network":
        """Make a network from an integer seed.

        Parameters
        ----------
        widths : sequence of int
            Inputs, then the outputs of every layer.
        activation, output_activation : str
            Of all layers but the last, and of the last; with numbers: "leaky_relu(0.2)".
        initializer : str, optional
            Of all weights.  Default: he for layers of the relu family, xavier for the others.
        bias_initializer : str
            Of all biases, which are drawn as a matrix of shape (1, O).
        bias : bool
            Whether the layers have biases.
        seed : int

        Examples
        --------
        >>> from wbcore.reference import FLOAT64
        >>> net = Network.mlp(FLOAT64, [3, 2, 1], "relu", seed=0)
        >>> [(len(layer.weights), layer.outputs) for layer in net.layers]
        [(3, 2), (2, 1)]
        """
        layers = []
        for index, shape in enumerate(pairwise(widths)):
            name = output_activation if index == len(widths) - 2 else activation
            halving = activations.ACTIVATIONS.choice(name).relu_family
            drawn = initializer or ("he" if halving else "xavier")
            weights = initial_weights(arith, drawn, shape, seed, index)
            row, stream = (1, shape[1]), bias_stream(seed, index)
            (biases,) = initial_weights(arith, bias_initializer, row, seed, index, stream=stream)
            layers.append(Layer(weights, biases if bias else None, name))
        return cls(layers, arith)

    def predict(self, X: Matrix) -> Matrix:
        """Outputs of the last layer.

        Parameters
        ----------
        X : matrix of shape (B, I)

        Returns
        -------
        matrix of shape (B, O)
        """
        return self.forward(X)[-1].A

    def forward(self, X: Matrix, dropout: DropoutStep | None = None) -> list[Pass]:
        """Run a batch through all layers and keep what the way back needs.

        Parameters
        ----------
        X : matrix of shape (B, I)
            Any numbers; they are rounded to the format.
        dropout : DropoutStep, optional
            Whose masks layers with dropout use; without one they leave nothing out.

        Returns
        -------
        list of Pass, one for each layer
        """
        passes = []
        A: Matrix = self.rounded(X)
        for index, layer in enumerate(self.layers):
            kept = dense(self.arith, A, layer)
            A = kept.A
            if dropout is not None and layer.dropout != 0.0:
                rows = range(len(X))
                kept.numbers = [dropout.numbers(index, row, layer.outputs) for row in rows]
                A = _left(self.arith, layer, kept, A)
            passes.append(kept)
        return passes

    def backward(
        self, passes: Sequence[Pass], dY: Matrix, *, by_sums: bool = False, inputs: bool = True
    ) -> tuple[list[Gradients], Matrix | None]:
        """Carry a gradient back through the layers, down to the first that is trainable.

        Parameters
        ----------
        passes : list of Pass
            What `forward` returned.
        dY : matrix of shape (B, O)
            Gradient by the outputs of the last layer.
        by_sums : bool
            ``dY`` is the gradient by the sums z of the last layer, as the entropies give it.
        inputs : bool
            Go down to the input of the network in any case.

        Returns
        -------
        gradients : list of Gradients, one for each layer
            Zeros for those that are frozen.
        dX : matrix of shape (B, I), or None without ``inputs``
            Gradient by the input of the network.
        """
        gradients = [Gradients.zeros(layer) for layer in self.layers]
        trainable = [index for index, layer in enumerate(self.layers) if layer.trainable]
        first = 0 if inputs else min(trainable, default=len(self.layers))
        dA: Matrix = dY
        for index in reversed(range(first, len(self.layers))):
            layer, kept = self.layers[index], passes[index]
            dA = _left(self.arith, layer, kept, dA)
            if by_sums and index == len(self.layers) - 1:
                dZ = dA
            else:
                dZ = [
                    activations.backward(self.arith, layer.activation, *rows)
                    for rows in zip(dA, kept.Z, kept.A, strict=True)
                ]
            if layer.trainable:
                gradients[index] = parameter_gradients(self.arith, dZ, kept.X, layer)
            if inputs or index > first:
                dA = input_gradient(self.arith, dZ, layer)
        return gradients, dA if inputs else None

    def loss_and_gradients(
        self,
        X: Matrix,
        y: Matrix | Labels,
        loss: str | Loss,
        *,
        inputs: bool = True,
        dropout: DropoutStep | None = None,
        sample_weight: Vector | None = None,
    ) -> tuple[float, list[Gradients], Matrix | None]:
        """Mean loss over a batch and its gradients.

        Parameters
        ----------
        X : matrix of shape (B, I)
        y : matrix of shape (B, O), or B labels for a loss of classes
            Any numbers; they are rounded to the format.
        loss : str or Loss
            With its numbers where they are not the defaults: "huber(0.5)".
        inputs : bool
            As in `backward`.
        dropout : DropoutStep, optional
            As in `forward`.
        sample_weight : vector of length B, optional
            Any numbers of at least 0, not all of them 0; rounded to the format.

        Returns
        -------
        loss : float
        gradients : list of Gradients, one for each layer
        dX : matrix of shape (B, I), or None without ``inputs``

        Raises
        ------
        ValueError
            When an entropy meets a last layer of another activation.
        """
        total, gradients, dX = self.loss_sum_and_gradients(
            X, y, loss, inputs=inputs, dropout=dropout, sample_weight=sample_weight
        )
        rows = total_weight(X, self.rounded_weights(sample_weight))
        n = LOSSES.choice(loss).count(rows, self.layers[-1].outputs)
        return FLOAT64.T(total / n), gradients, dX

    def loss_sum_and_gradients(
        self,
        X: Matrix,
        y: Matrix | Labels,
        loss: str | Loss,
        *,
        inputs: bool = True,
        dropout: DropoutStep | None = None,
        sample_weight: Vector | None = None,
    ) -> tuple[float, list[Gradients], Matrix | None]:
        """Sum of the row losses of a batch, and the gradients of their mean.

        Parameters, errors and gradients are those of `loss_and_gradients`.
        """
        passes = self.forward(X, dropout)
        by_sums = LOSSES.choice(loss).works_on_sums(self.layers[-1].activation)
        outputs = passes[-1].Z if by_sums else passes[-1].A
        targets = self.rounded(target_rows(y, len(outputs[0])))
        weights = self.rounded_weights(sample_weight)
        total, dY = loss_sum_and_gradient(self.arith, loss, outputs, targets, weights)
        gradients, dX = self.backward(passes, dY, by_sums=by_sums, inputs=inputs)
        return total, gradients, dX

    def rounded_weights(self, weights: Vector | None) -> list[float] | None:
        """Round the weights of rows to the format, where there are some."""
        return None if weights is None else [self.arith.T(w) for w in weights]

    def rounded(self, X: Matrix) -> list[list[float]]:
        """Round the numbers of a matrix to the format."""
        T = self.arith.T
        return [[T(x) for x in row] for row in X]


def _left(arith: Arithmetic, layer: Layer, kept: Pass, rows: Matrix) -> Matrix:
    """What dropout leaves of outputs of a layer, or of the gradient by what it left of them."""
    if kept.numbers is None:
        return rows
    return [
        left(arith, layer.dropout, numbers, row)
        for numbers, row in zip(kept.numbers, rows, strict=True)
    ]


def scaled(arith: Arithmetic, X: Matrix, factor: float) -> list[list[float]]:
    """Inputs times a factor, as a network sees those of ``wbcore.Scaled``.

    Number and factor are rounded to the format before they are multiplied in it.

    Parameters
    ----------
    X : matrix of shape (B, I)
    factor : float

    Examples
    --------
    >>> from wbcore.reference import FLOAT32
    >>> scaled(FLOAT32, [[0.0, 51.0, 255.0]], 1 / 255)
    [[0.0, 0.20000001788139343, 1.0]]
    """
    T = arith.T
    return [[T(T(x) * T(factor)) for x in row] for row in X]
