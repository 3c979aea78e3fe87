"""Networks of dense layers: structure, parameters, copies; the rest stands with its topics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

import numpy as np

from wbcore import (
    _arguments,
    _copying,
    _core,
    base_rates,
    folding,
    optimizers,
    prediction,
    priors,
    threads,
)
from wbcore._draws import check_seed
from wbcore._foreign import explains_arguments
from wbcore._structure import LayerStructure
from wbcore.inspect import summary as inspection
from wbcore.io import saving
from wbcore.layers import PRIOR, Dense, Layer, chain, check_dropout, initialize, structure
from wbcore.training import again, backpropagation, evaluation
from wbcore.training import fit as fitting
from wbcore.training import partial_fit as partial_fitting

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from wbcore._draws import Seed
    from wbcore.activations import Activation
    from wbcore.history import History
    from wbcore.initializers import Initializer
    from wbcore.optimizers import Optimizer

__all__ = ["Network"]

_CORES = {np.dtype(np.float32): _core.Network32, np.dtype(np.float64): _core.Network64}

# What `_assemble` makes for each network anew; all other attributes go with a copy.
_MACHINERY = frozenset({"_core", "_layers", "_predict", "_structure"})


class Network:
    """A multilayer perceptron: dense layers, each feeding the next.

    All parameters lie in one flat buffer, in the order weights of layer 0, biases of layer 0,
    weights of layer 1, ...; `net.parameters`, `net[i].weights` and `net[i].biases` are live views
    of it. The network changes in `fit`, in an optimizer's `step` and when its parameters are
    written to; `predict` and all the rest leave every bit as it is, and any number of threads may
    call `predict` at once. While one thread trains, others may copy, save, freeze and evaluate the
    network: they find the parameters of one epoch. `predict` and the live views take no lock, so
    they may find some of one epoch and some of the next; `freeze` does not.

    `net[i]` is a layer. `net[:2]`, any slice of neighbouring layers, is a network that shares their
    parameters and which of them are trainable: what changes in one changes in the other, training
    a part trains the whole, and one thread at a time may do either. Its copies, pickles and files
    are networks of their own.

    Two networks are equal (`==`) when their structure, dtype and parameters are. Networks can be
    copied, deep-copied and pickled, also while another thread trains them: what is copied are the
    parameters after one of its epochs. A subclass stays one, without a call of its `__init__`, and
    the attributes it or you gave the instance go along: shared by `copy`, copied by
    `copy.deepcopy`, pickled by `pickle`; the history goes with copies and not with pickles. A model
    file holds none of them: it has structure, parameters and `metadata`.

    Parameters
    ----------
    layers : sequence of Dense
        At least one; the inputs of each are the outputs of the one before it.
    seed : int, numpy.random.Generator or numpy.random.RandomState, default 0
        Where the initial weights come from. With an integer, 0 <= seed < 2**64, each depends on the
        seed, its layer and its place in the layer alone; a generator is drawn from layer by layer.
    dtype : {"float32", "float64"}
        Of the parameters and of all arithmetic.

    Attributes
    ----------
    metadata : dict of str to anything that JSON can express
        For the user; it travels in the model file.
    history : History or None
        Of the last `fit`, also when that was interrupted or diverged. A pickle of the network has
        none: pickle it beside the network, `pickle.dumps((net, net.history))`.
    loss : str or None
        Of the last `fit`; by it `predict_proba` knows what outputs without an activation mean. May
        be assigned; it travels in the model file.
    optimizer : Optimizer or None
        Of the last `fit` or `partial_fit`, which the next one goes on with unless it is given
        another; may be assigned, and None forgets it. Copies and pickles of the network have none,
        but for one that was copied or pickled together with it.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind, or the layers do not fit together.

    Examples
    --------
    >>> import wbcore as wb
    >>> net = wb.Network([wb.Dense(64, 32, "relu"), wb.Dense(32, 10)], seed=0)
    >>> net
    <Network 64-32-10, float32, 2410 parameters>
    >>> net == wb.Network.mlp([64, 32, 10], activation="relu", seed=0)
    True
    """

    metadata: dict[str, Any]
    history: History | None
    loss: str | None
    # What weights and biases were drawn by, layer by layer; None after the load of an older file.
    _initializers: tuple[tuple[str | None, str | None], ...] | None

    @explains_arguments("Network")
    def __init__(
        self, layers: Sequence[Dense], seed: Seed = 0, dtype: DTypeLike = "float32"
    ) -> None:
        layers = chain(layers)
        seed = check_seed("Network", seed)
        self._assemble(_new_core(structure(layers), _arguments.dtype("Network", dtype)))
        for dense, layer in zip(layers, self._layers, strict=True):
            initialize(layer, dense, seed)
        self._starts_at_prior = layers[-1].bias_initializer == PRIOR
        self._initializers = tuple(map(_named_initializers, layers))

    @classmethod
    @explains_arguments("mlp")
    def mlp(
        cls,
        widths: Sequence[int],
        activation: str | Activation | Sequence[str | Activation] = "relu",
        *,
        output_activation: str | Activation = "identity",
        initializer: Initializer | None = None,
        dropout: float = 0.0,
        seed: Seed = 0,
        dtype: DTypeLike = "float32",
    ) -> Network:
        """Build a network from its widths.

        Parameters
        ----------
        widths : sequence of int
            Inputs, the width of each hidden layer, outputs: at least two, each at least 1.
        activation : str, Activation or a sequence of them, default "relu"
            Of all layers but the last, as for `Dense`; a list or tuple has one for each of them.
        output_activation : str or Activation, default "identity"
            Of the last layer.
        initializer : str or callable, optional
            Of all weights, as for `Dense`. Default: he, N(0, 2/fan_in), for layers of the relu
            family, xavier, N(0, 1/fan_in), for the others; these are the names of wbcore's lessons,
            what others call Xavier is here `glorot_normal`. Biases start at zero.
        dropout : float, default 0
            Of all layers but the last, as for `Dense`.
        seed, dtype
            As for `Network`.

        Returns
        -------
        Network

        Raises
        ------
        TypeError, ValueError
            When an argument is of the wrong kind or out of range.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network.mlp([8, 16, 1], activation="tanh", output_activation="sigmoid")
        >>> net.activation_names
        ('tanh', 'sigmoid')
        >>> wb.Network.mlp([8, 16, 4, 1], activation=("tanh", "relu")).activation_names
        ('tanh', 'relu', 'identity')
        """
        try:
            given = () if isinstance(widths, (str, bytes)) else tuple(widths)
        except TypeError:
            given = ()
        if len(given) < 2:
            raise ValueError(
                f"[mlp] expected widths to be at least two integers such as [64, 32, 10], "
                f"got {_arguments.shown(widths)}"
            )
        sizes = [_arguments.integer("mlp", "every width", width) for width in given]
        last, share = len(sizes) - 2, check_dropout("mlp", dropout)
        each: list[Any] = [activation] * last
        if isinstance(activation, (list, tuple)):
            each = list(activation)
        if len(each) != last:
            raise ValueError(
                f"[mlp] expected activation to be one for all, or one for each of {last} hidden "
                f"layers, got {len(each)}"
            )
        layers = [
            Dense(
                sizes[i],
                sizes[i + 1],
                output_activation if i == last else each[i],
                initializer,
                dropout=0.0 if i == last else share,
            )
            for i in range(last + 1)
        ]
        return cls(layers, seed=seed, dtype=dtype)

    def _assemble(self, core: _core._Network) -> None:
        """The network of this core."""
        self._reassemble(core)
        self._starts_at_prior = False  # whether the first fit is to set the last layer's biases
        self._initializers = None
        self.metadata = {}
        self.history = None
        self.loss = None

    def _reassemble(self, core: _core._Network) -> None:
        """Likewise, with the other attributes as they are."""
        threads.register_where_loaded()
        layers = tuple(LayerStructure(*layer) for layer in core.layers)
        self._core = core
        self._predict = _core.live_predictor(self._core)
        self._layers = tuple(
            Layer(
                index,
                layer.activation,
                self._core.weights(index),
                self._core.biases(index),
                network=self._core,
            )
            for index, layer in enumerate(layers)
        )
        self._structure = layers

    @classmethod
    def _of_structure(cls, layers: Sequence[LayerStructure], dtype: DTypeLike) -> Network:
        """For files and copies: no initial weights are drawn."""
        network = cls.__new__(cls)
        network._assemble(_new_core(layers, np.dtype(dtype)))
        return network

    # Structure and parameters

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, outputs of each layer."""
        return (self._structure[0].inputs, *(layer.outputs for layer in self._structure))

    @property
    def activation_names(self) -> tuple[str, ...]:
        """One text a layer."""
        return tuple(layer.activation for layer in self._layers)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self._core.parameters.dtype

    @property
    def parameters(self) -> NDArray[Any]:
        """Live view of all parameters, flat: W of layer 0, b of layer 0, W of layer 1, ..."""
        return self._core.parameters

    @property
    def optimizer(self) -> Optimizer | None:
        """That of the last training, or None."""
        return optimizers.last_of(self._core)

    @optimizer.setter
    def optimizer(self, value: Optimizer | None) -> None:
        if value is not None and not isinstance(value, optimizers.Optimizer):
            raise TypeError(
                f"[Network] expected optimizer to be an Optimizer or None, "
                f"got {_arguments.shown(value)}"
            )
        self._core.optimizer = value

    @property
    def n_parameters(self) -> int:
        """How many weights and biases there are."""
        return self._core.parameters.size

    def __len__(self) -> int:
        return len(self._layers)

    @overload
    def __getitem__(self, index: int) -> Layer: ...
    @overload
    def __getitem__(self, index: slice) -> Network: ...
    def __getitem__(self, index: int | slice) -> Layer | Network:
        return self._part(index) if isinstance(index, slice) else self._layers[index]

    def _part(self, layers: slice) -> Network:
        """The network of these layers, over the same parameters."""
        first, last, step = layers.indices(len(self))
        if step != 1:
            raise ValueError(
                f"[Network] expected a slice of neighbouring layers such as net[:2], "
                f"got one with a step of {step}"
            )
        if first >= last:
            raise ValueError(
                f"[Network] expected a slice with at least one of {len(self)} layers, "
                f"got none from {first} to before {last}"
            )
        part = Network.__new__(Network)
        part._assemble(self._core.part(first, last))
        if self._initializers is not None:
            part._initializers = self._initializers[first:last]
        return part

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

    # Written with their topics

    predict = prediction.predict
    predict_proba = prediction.predict_proba
    activations = prediction.activations
    freeze = prediction.freeze
    forward = backpropagation.forward
    backward = backpropagation.backward
    loss_and_gradients = backpropagation.loss_and_gradients
    evaluate = evaluation.evaluate
    fit = fitting.fit
    partial_fit = partial_fitting.partial_fit
    start_at_prior = priors.start_at_prior
    with_priors = base_rates.with_priors
    fold_inputs = folding.fold_inputs
    fold_outputs = folding.fold_outputs
    statistics = inspection.statistics
    summary = inspection.summary
    save = saving.save

    # For histories and fits, which import no network

    _begun = staticmethod(again.begun)
    _replayed = staticmethod(again.replayed)
    _first_nonfinite = staticmethod(again.first_nonfinite)

    # Copies

    def copy(self) -> Network:
        """A network of its own with the same structure, parameters, metadata and history.

        Returns
        -------
        Network
            Of the same class; other attributes of the instance are the same objects, as in other
            copies in Python.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network.mlp([4, 8, 3], seed=0)
        >>> best = net.copy()
        >>> net.parameters[:] = 0
        >>> best == net
        False
        """
        make, arguments, *more = self.__reduce_ex__(2)
        core = self._core
        arguments = tuple(copy(core) if argument is core else argument for argument in arguments)
        twin: Network = _copying.restored(make, arguments, *more)
        twin.metadata = deepcopy(self.metadata)
        twin.history = deepcopy(self.history)
        return twin

    def _restructured(self, bias: dict[int, bool], dtype: DTypeLike) -> Network:
        """A copy in which some layers have biases or none, its parameters still to be set."""
        layers = [
            layer._replace(bias=bias.get(index, layer.bias))
            for index, layer in enumerate(structure(self._layers))
        ]
        twin = self.copy()
        twin._reassemble(_new_core(layers, np.dtype(dtype)))
        return twin

    def __copy__(self) -> Network:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        twin = _copying.deep_copied(self, memo)
        twin.history = deepcopy(self.history, memo)
        return twin

    def __reduce_ex__(self, _: SupportsIndex) -> tuple[Any, ...]:
        # The core is one of the arguments, so that an optimizer in the same pickle finds it again.
        arguments = type(self), self._core
        return _copying.reduced(self, _with_core, arguments, without=_MACHINERY | {"history"})

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __eq__(self, other: object) -> bool:
        if isinstance(other, np.ndarray):
            return False  # a masked array would answer by elements
        if not isinstance(other, Network):
            return NotImplemented
        return (
            structure(self._layers) == structure(other._layers)
            and self.dtype == other.dtype
            and np.array_equal(_core.snapshot(self._core), _core.snapshot(other._core))
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        widths = "-".join(map(str, self.widths))
        return f"<{type(self).__name__} {widths}, {self.dtype}, {self.n_parameters} parameters>"


def _named_initializers(layer: Dense) -> tuple[str | None, str | None]:
    """The texts of its initializers; None for functions, arrays and what waits for targets."""
    weights, biases = layer.initializer, layer.bias_initializer
    return (
        weights if isinstance(weights, str) else None,
        biases if isinstance(biases, str) and biases != PRIOR else None,
    )


def _new_core(layers: Sequence[LayerStructure], dtype: np.dtype[Any]) -> _core._Network:
    """The core's network of this structure: the only place that tells the core of it."""
    return _CORES[dtype](list(layers))


def _with_core(cls: type[Network], core: _core._Network) -> Network:
    """For copies and pickles, before the other attributes are set."""
    network = cls.__new__(cls)
    network._assemble(core)
    return network
