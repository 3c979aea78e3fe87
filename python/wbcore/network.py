"""Networks of dense layers: build, predict, differentiate, train, look inside, save."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, SupportsIndex, cast, overload

import numpy as np

from wbcore import _arguments, _copying, _core, losses, threads, training
from wbcore._draws import check_seed
from wbcore.gradients import Gradients
from wbcore.history import History, LayerStatistics, layer_statistics
from wbcore.layers import Dense, Layer, initialize
from wbcore.optimizers import SGD

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from wbcore._core import Predictor
    from wbcore._draws import Seed
    from wbcore.initializers import Initializer

__all__ = ["Network"]

_CORES = {np.dtype(np.float32): _core.Network32, np.dtype(np.float64): _core.Network64}

# What `_assemble` makes for each network anew; all other attributes go with a copy.
_MACHINERY = frozenset({"_core", "_layers", "_predict"})


class Network:
    """A multilayer perceptron: dense layers, each feeding the next.

    All parameters lie in one flat buffer, in the order weights of layer 0, biases of layer 0,
    weights of layer 1, ...; `net.parameters`, `net[i].weights` and `net[i].biases` are live views
    of it. The network changes in `fit`, in an optimizer's `step` and when its parameters are
    written to; `predict` and all the rest leave every bit as it is, and any number of threads may
    call `predict` at once. While one thread trains, others may copy, save, freeze and evaluate the
    network: they find the parameters of one epoch. `predict` and the live views take no lock, so
    they may find some of one epoch and some of the next; `freeze` does not.

    Two networks are equal (`==`) when their structure, dtype and parameters are. Networks can be
    copied, deep-copied and pickled, also while another thread trains them: what is copied are the
    parameters after one of its epochs. A subclass stays one, without a call of its `__init__`, and
    the attributes it or you gave the instance go along: shared by `copy`, copied by
    `copy.deepcopy`, pickled by `pickle`. A model file holds none of them: it has structure,
    parameters and `metadata`.

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
        Of the last `fit`, also when that was interrupted or diverged.

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

    def __init__(
        self, layers: Sequence[Dense], seed: Seed = 0, dtype: DTypeLike = "float32"
    ) -> None:
        layers = _chain(layers)
        seed = check_seed("Network", seed)
        dtype = _arguments.dtype("Network", dtype)
        widths = [layers[0].inputs, *(layer.outputs for layer in layers)]
        self._assemble(widths, [layer.activation for layer in layers], dtype)
        for dense, layer in zip(layers, self._layers, strict=True):
            initialize(layer, dense, seed)

    @classmethod
    def mlp(
        cls,
        widths: Sequence[int],
        activation: str = "relu",
        *,
        output_activation: str = "identity",
        initializer: Initializer | None = None,
        seed: Seed = 0,
        dtype: DTypeLike = "float32",
    ) -> Network:
        """Build a network from its widths.

        Parameters
        ----------
        widths : sequence of int
            Inputs, the width of each hidden layer, outputs: at least two, each at least 1.
        activation : str, default "relu"
            Of all layers but the last, a name of `wbcore.activations.NAMES`.
        output_activation : str, default "identity"
            Of the last layer.
        initializer : str or callable, optional
            Of all weights, as for `Dense`. Default: he, N(0, 2/fan_in), for layers of the relu
            family, xavier, N(0, 1/fan_in), for the others; these are the names of wbcore's lessons,
            what others call Xavier is here `glorot_normal`. Biases start at zero.
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
        >>> net.activations
        ('tanh', 'sigmoid')
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
        last = len(sizes) - 2
        layers = [
            Dense(
                sizes[i], sizes[i + 1], output_activation if i == last else activation, initializer
            )
            for i in range(last + 1)
        ]
        return cls(layers, seed=seed, dtype=dtype)

    def _assemble(
        self, widths: Sequence[int], activations: Sequence[str], dtype: np.dtype[Any]
    ) -> None:
        """The empty network of this structure; its parameters are still to be set."""
        threads.register_where_loaded()
        self._core = _CORES[dtype](widths, activations)
        self._predict = _core.live_predictor(self._core)
        self._layers = tuple(
            Layer(index, activation, self._core.weights(index), self._core.biases(index))
            for index, activation in enumerate(activations)
        )
        self.metadata = {}
        self.history = None

    @classmethod
    def _of_structure(
        cls, widths: Sequence[int], activations: Sequence[str], dtype: DTypeLike
    ) -> Network:
        """For files and copies: no initial weights are drawn."""
        network = cls.__new__(cls)
        network._assemble(widths, activations, np.dtype(dtype))
        return network

    # Structure and parameters

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, outputs of each layer."""
        return tuple(self._core.widths)

    @property
    def activations(self) -> tuple[str, ...]:
        """One name a layer."""
        return tuple(self._core.activations)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self._core.parameters.dtype

    @property
    def parameters(self) -> NDArray[Any]:
        """Live view of all parameters, flat: W of layer 0, b of layer 0, W of layer 1, ..."""
        return self._core.parameters

    @property
    def n_parameters(self) -> int:
        """How many weights and biases there are."""
        return self._core.parameters.size

    def __len__(self) -> int:
        return len(self._layers)

    @overload
    def __getitem__(self, index: int) -> Layer: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Layer, ...]: ...
    def __getitem__(self, index: int | slice) -> Layer | tuple[Layer, ...]:
        return self._layers[index]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

    def statistics(self) -> tuple[LayerStatistics, ...]:
        """Mean, mean of absolute values, standard deviation, minimum and maximum of every layer.

        Returns
        -------
        tuple of LayerStatistics
            One a layer, with `weights` and `biases`; computed in float64.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network([wb.Dense(2, 1, initializer="ones")])
        >>> net.statistics()[0].weights
        Statistics(mean=1.0, mean_abs=1.0, std=0.0, min=1.0, max=1.0)
        """
        return layer_statistics(self._core.statistics())

    def summary(self) -> str:
        """A table of the layers: shapes, parameters, activation, mean and spread of W and b.

        Returns
        -------
        str

        Examples
        --------
        >>> import wbcore as wb
        >>> print(wb.Network([wb.Dense(2, 3, "relu", initializer="ones")]).summary())
        layer  activation  weights  biases  parameters   W mean    W std   b mean    b std
        ----------------------------------------------------------------------------------
        0      relu         (2, 3)    (3,)           9  1.00000  0.00000  0.00000  0.00000
        ----------------------------------------------------------------------------------
        total                                        9
        2 inputs, 3 outputs, float32, 36 bytes
        """
        from wbcore.summary import summary

        return summary(self)

    # Arithmetic

    def predict(
        self, X: ArrayLike, out: NDArray[Any] | None = None, n_threads: int | None = None
    ) -> NDArray[Any]:
        """Outputs for inputs. Nothing changes, and no row's bits depend on the other rows.

        Parameters
        ----------
        X : array-like of shape (B, I)
            Finite real numbers of any dtype and memory layout, or a `Scaled` of such; converted
            batch by batch. For a single row x of shape (I,) pass x[None, :].
        out : ndarray of shape (B, O), optional
            Of the network's dtype, C-contiguous and writable; the outputs are written into it.
        n_threads : int, optional
            At least 1; the result does not depend on it. Default: as many as are worth their while.

        Returns
        -------
        ndarray of shape (B, O)
            Of the network's dtype; `out` itself when it was given.

        Raises
        ------
        TypeError, ValueError
            When X or out is of the wrong kind, shape or dtype, or X is not finite.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> net = wb.Network.mlp([4, 8, 3], seed=0)
        >>> net.predict(np.zeros((5, 4))).shape
        (5, 3)
        """
        if n_threads is None:
            return self._predict(X, out)
        return self._predict(X, out, n_threads=_arguments.n_threads("predict", n_threads))

    def freeze(self) -> Predictor:
        """Return an immutable copy that does nothing but predict, at the least cost a call.

        Returns
        -------
        Predictor
            p(x) and p(x, out=y) give the bits of `predict`, for x of shape (B, I) and y of shape
            (B, O). It keeps its own copy of the parameters, arranged for speed, takes no lock and
            allocates nothing but the result: any number of threads may call it at once. It uses
            one thread unless it is told `n_threads`. Its attributes: inputs, outputs, dtype, and
            `address`, an integer: the `wbcore_predictor*` of the C interface (`wbcore/c_api.h`),
            valid while the Predictor lives, which also frees it.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> net = wb.Network.mlp([4, 16, 3], seed=0)
        >>> p = net.freeze()
        >>> x = np.ones((1, 4), np.float32)
        >>> (p(x) == net.predict(x)).all()
        np.True_
        """
        return _core.freeze(self._core)

    def forward(self, X: ArrayLike) -> NDArray[Any]:
        """Outputs for inputs, keeping what `backward` needs; for loops of one's own.

        Parameters
        ----------
        X : array-like of shape (B, I)
            Finite real numbers.

        Returns
        -------
        ndarray of shape (B, O)
            With the bits of `predict(X)`.

        Raises
        ------
        TypeError, ValueError
            When X is of the wrong kind or shape, or not finite.
        RuntimeError
            When another thread is training the network.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> net = wb.Network.mlp([4, 8, 3], seed=0)
        >>> A = net.forward(np.ones((5, 4)))
        >>> grads = net.backward(A - 1)  # of the loss ((A - 1)**2).sum() / 2
        >>> wb.SGD(0.01).step(net, grads)
        """
        return self._core.forward(X)

    def backward(self, dY: ArrayLike) -> Gradients:
        """Gradients of a loss, from its gradient by the outputs of the last `forward`.

        Parameters
        ----------
        dY : array-like of shape (B, O)
            Gradient of the loss by the outputs, after the last activation; finite.

        Returns
        -------
        Gradients
            By the parameters, one (weights, biases) a layer, and by the inputs, `inputs` (B, I).

        Raises
        ------
        TypeError, ValueError
            When dY is of the wrong kind or shape, or not finite.
        RuntimeError
            When there was no `forward`, or another thread is training the network.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> net = wb.Network.mlp([4, 8, 3], seed=0)
        >>> _ = net.forward(np.ones((5, 4)))
        >>> grads = net.backward(np.ones((5, 3)))
        >>> grads[1].biases, grads.inputs.shape
        (array([5., 5., 5.], dtype=float32), (5, 4))
        """
        flat, inputs = self._core.backward(dY)
        return Gradients(flat, self._core.widths, inputs)

    def loss_and_gradients(
        self, X: ArrayLike, y: ArrayLike, loss: str = "cross_entropy", delta: float = 1.0
    ) -> tuple[float, Gradients]:
        """A loss over a batch, and its gradient by every weight and bias. Nothing changes.

        Parameters
        ----------
        X : array-like of shape (B, I)
            Finite real numbers.
        y : array-like
            Targets, as for `fit`.
        loss : str, default "cross_entropy"
            A name of `wbcore.losses.NAMES`.
        delta : float, default 1
            Of the loss huber.

        Returns
        -------
        loss : float
        gradients : Gradients
            `gradients[i].weights` has the shape of `net[i].weights`, and likewise for biases.

        Raises
        ------
        TypeError, ValueError
            As `fit`.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network([wb.Dense(2, 1, initializer="ones")])
        >>> loss, grads = net.loss_and_gradients([[1, 2]], [1], loss="mse")
        >>> loss, grads[0].weights.tolist(), grads[0].biases.tolist()
        (4.0, [[4.0], [8.0]], [4.0])
        """
        name = losses.check("loss_and_gradients", loss)
        delta = losses.check_delta("loss_and_gradients", delta, self.dtype)
        value, flat = self._core.loss_and_gradients(X, y, name, delta)
        return value, Gradients(flat, self._core.widths)

    def evaluate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        loss: str,
        metrics: Sequence[str] = (),
        n_threads: int | None = None,
        delta: float = 1.0,
    ) -> dict[str, float]:
        """Loss and metrics over all rows of X. Nothing changes.

        Parameters
        ----------
        X : array-like of shape (B, I)
            Finite real numbers.
        y : array-like
            Targets, as for `fit`.
        loss : str
            A name of `wbcore.losses.NAMES`.
        metrics : sequence of str
            Names of `wbcore.losses.METRICS`, as for `fit`.
        n_threads : int, optional
            At least 1; the result does not depend on it.
        delta : float, default 1
            Of the loss huber.

        Returns
        -------
        dict of str to float
            "loss" and each metric.

        Raises
        ------
        TypeError, ValueError
            As `fit`.

        Examples
        --------
        >>> import wbcore as wb
        >>> net = wb.Network([wb.Dense(1, 1, initializer="ones")])
        >>> net.evaluate([[1], [3]], [1, 2], loss="mse", metrics=["mae"])
        {'loss': 0.5, 'mae': 0.5}
        """
        return self._core.evaluate(
            X,
            y,
            losses.check("evaluate", loss),
            losses.check_delta("evaluate", delta, self.dtype),
            losses.check_metrics("evaluate", metrics),
            _arguments.n_threads("evaluate", n_threads),
        )

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        loss: str,
        optimizer: SGD | None = None,
        epochs: int = 1,
        batch_size: int = 32,
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        metrics: Sequence[str] = (),
        progress: bool = False,
        shuffle: bool = True,
        seed: int = 0,
        n_threads: int | None = None,
        callback: training.Callback | None = None,
        track: str | None = None,
        delta: float = 1.0,
    ) -> History:
        """Train on mini-batches, going on from the parameters as they are.

        The result depends on the parameters, the data and the arguments alone, to the bit: not on
        the number of threads, the machine, or the dtype and layout in which the same numbers come.

        Ctrl-C raises KeyboardInterrupt within about a second; the network is usable, with the
        parameters of the last whole batch (after a batch of seconds perhaps of the last epoch), and
        `net.history` has the epochs so far.

        Parameters
        ----------
        X : array-like of shape (B, I)
            Finite real numbers of any dtype and memory layout, or a `Scaled` of such. Rows are
            gathered and converted batch by batch: a large or memory-mapped X is never copied whole.
        y : array-like of shape (B,) or (B, O)
            For cross_entropy, integer labels (B,) from 0 to O - 1, or shares (B, O), which are at
            least 0 and sum to 1 in each row. For the others (B, O), or (B,) when O is 1; for
            binary_cross_entropy from 0 to 1.
        loss : {"mse", "mae", "huber", "binary_cross_entropy", "cross_entropy"}
            cross_entropy wants the last activation to be identity or softmax, binary_cross_entropy
            identity or sigmoid; both are computed from the values before it.
        optimizer : SGD, optional
            Default: SGD(learning_rate=0.01).
        epochs : int, default 1
        batch_size : int, default 32
            The last batch of an epoch takes what is left.
        validation_data : pair (X_val, y_val), optional
            Evaluated after each epoch.
        metrics : sequence of {"accuracy", "mae", "mse", "r2"}
            Beside the loss, in the history.
        progress : bool, default False
            Write a line to stderr: one that overwrites itself on a terminal, else one an epoch.
        shuffle : bool, default True
            Take the rows in the order `wbcore.random.permutation(B, seed, epoch)`.
        seed : int, default 0
            Of the shuffles, 0 <= seed < 2**64.
        n_threads : int, optional
            At least 1; the result does not depend on it. Default: as many as are worth their while.
        callback : callable, optional
            `callback(epoch, history)` after each epoch, counted from 0. Returning True stops. It
            may look at the network, copy it, and write into its parameters: training goes on from
            what it leaves. Changes of the optimizer count from the next `fit`.
        track : {None, "epoch"}
            "epoch" keeps the statistics of all weights and biases, initially and after each epoch,
            in `history.parameters`.
        delta : float, default 1
            Of the loss huber, in the unit of y; above 0 in the network's dtype.

        Returns
        -------
        History
            Also kept as `net.history`.

        Raises
        ------
        TypeError, ValueError
            When an argument is of the wrong kind, shape or range, not finite, or does not suit the
            network. Nothing has been changed then, except when somebody changed X or y during the
            fit: the numbers of a batch are looked at as they are read, NaN, infinity and labels of
            no class are refused, and the parameters are those of the last epoch without.
        DivergenceError
            When the loss becomes NaN or infinite. The parameters are those of the last finite
            epoch.
        RuntimeError
            When another thread is training the network, or its own callback tries to.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> X = np.linspace(-1, 1, 64).reshape(-1, 1)
        >>> net = wb.Network.mlp([1, 16, 1], activation="tanh", seed=0)
        >>> history = net.fit(
        ...     X, X**2, loss="mse", optimizer=wb.SGD(0.1, momentum=0.9), epochs=100, metrics=["r2"]
        ... )
        >>> len(history), history.loss[-1] < history.loss[0] / 10
        (100, True)
        """
        return training.fit(
            self,
            X,
            y,
            loss=loss,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            validation_data=validation_data,
            metrics=metrics,
            progress=progress,
            shuffle=shuffle,
            seed=seed,
            n_threads=n_threads,
            callback=callback,
            track=track,
            delta=delta,
        )

    def time_per_update(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        loss: str,
        batch_size: int = 32,
        repeats: int = 50,
        delta: float = 1.0,
    ) -> list[float]:
        """Measured time of a training step, by layer. Runs on a copy: nothing changes.

        Parameters
        ----------
        X, y, loss, batch_size, delta
            As for `fit`.
        repeats : int, default 50
            Steps measured, at least 1; the median is taken.

        Returns
        -------
        list of float
            Milliseconds a batch, forward, backward and update, one a layer.

        Raises
        ------
        TypeError, ValueError
            As `fit`.

        Examples
        --------
        >>> import numpy as np, wbcore as wb
        >>> net = wb.Network.mlp([4, 8, 3], seed=0)
        >>> times = net.time_per_update(np.ones((32, 4)), np.ones((32, 3)), loss="mse", repeats=3)
        >>> len(times), min(times) > 0
        (2, True)
        """
        operation = "time_per_update"
        return self._core.time_per_update(
            X,
            y,
            losses.check(operation, loss),
            losses.check_delta(operation, delta, self.dtype),
            _arguments.integer(operation, "batch_size", batch_size),
            _arguments.integer(operation, "repeats", repeats),
        )

    # Copies and files

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
        copy: Network = _copying.restored(*self.__reduce_ex__(2))
        copy.metadata = deepcopy(self.metadata)
        copy.history = deepcopy(self.history)
        return copy

    def __copy__(self) -> Network:
        return self.copy()

    def __reduce_ex__(self, _: SupportsIndex) -> tuple[Any, ...]:
        arguments = type(self), self.widths, self.activations, self._core.snapshot()
        return _copying.reduced(self, _with_parameters, arguments, without=_MACHINERY)

    __array_ufunc__ = None  # `==` with an array is False, not an array

    def __eq__(self, other: object) -> bool:
        if isinstance(other, np.ndarray):
            return False  # a masked array would answer by elements
        if not isinstance(other, Network):
            return NotImplemented
        return (
            self.widths == other.widths
            and self.activations == other.activations
            and self.dtype == other.dtype
            and np.array_equal(self._core.snapshot(), other._core.snapshot())
        )

    __hash__ = None  # type: ignore[assignment]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a safetensors file, whole or not at all.

        Parameters
        ----------
        path : str or path-like
            A file that is there is replaced in one step.

        Raises
        ------
        TypeError, ValueError
            When `metadata` holds what JSON cannot express.
        OSError
            When the file cannot be written.

        See Also
        --------
        wbcore.load : The other direction, equal to the bit.

        Examples
        --------
        >>> import pathlib, tempfile, wbcore as wb
        >>> net = wb.Network.mlp([4, 8, 3], seed=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "small.safetensors")
        ...     net.save(path)
        ...     wb.load(path) == net
        True
        """
        from wbcore.io.model import save_network

        save_network(self, path)

    def __repr__(self) -> str:
        widths = "-".join(map(str, self.widths))
        return f"<{type(self).__name__} {widths}, {self.dtype}, {self.n_parameters} parameters>"


def _with_parameters(
    cls: type[Network],
    widths: Sequence[int],
    activations: Sequence[str],
    parameters: NDArray[Any],
) -> Network:
    """For copies and pickles, before the other attributes are set."""
    network = cls._of_structure(widths, activations, parameters.dtype)
    network.parameters[...] = parameters
    return network


def _chain(layers: object) -> list[Dense]:
    """The layers, each fitting the one before it."""
    try:
        chain = list(cast("Iterable[Dense]", layers))
    except TypeError:
        raise TypeError(
            f"[Network] expected layers to be a sequence of Dense, got {_arguments.shown(layers)}"
        ) from None
    if not chain:
        raise ValueError("[Network] expected at least one layer, got none")
    for index, layer in enumerate(chain):
        if not isinstance(layer, Dense):
            raise TypeError(
                f"[Network] expected layer {index} to be a Dense, got {_arguments.shown(layer)}"
            )
        if index and layer.inputs != chain[index - 1].outputs:
            raise ValueError(
                f"[Network] expected layer {index} to take the {chain[index - 1].outputs} outputs "
                f"of layer {index - 1}, got one with {layer.inputs} inputs"
            )
        if layer.activation == "softmax" and index < len(chain) - 1:
            raise ValueError(
                f"[Network] expected softmax in the last layer only, got it in layer {index} "
                f"of {len(chain)}"
            )
    return chain
