"""The extension module: private. It checks, views, releases the GIL and calls the C++ core."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__version__: str

# names known to the core, in the order they are listed to users
ACTIVATIONS: tuple[str, ...]
LOSSES: tuple[str, ...]
METRICS: tuple[str, ...]

class _Network:
    """Parameters and arithmetic of a network; its arrays are live views that keep it alive."""

    def __init__(self, widths: Sequence[int], activations: Sequence[str]) -> None: ...
    @property
    def widths(self) -> list[int]: ...
    @property
    def activations(self) -> list[str]: ...
    @property
    def parameters(self) -> NDArray[Any]: ...
    def weights(self, layer: int) -> NDArray[Any]: ...
    def biases(self, layer: int) -> NDArray[Any]: ...
    def predict(
        self, X: ArrayLike, out: NDArray[Any] | None = None, n_threads: int = 0
    ) -> NDArray[Any]: ...
    def forward(self, X: ArrayLike) -> NDArray[Any]: ...
    def backward(self, dY: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]: ...
    def loss_and_gradients(
        self, X: ArrayLike, y: ArrayLike, loss: str, delta: float
    ) -> tuple[float, NDArray[Any]]: ...
    def evaluate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        loss: str,
        delta: float,
        metrics: Sequence[str],
        n_threads: int,
    ) -> dict[str, float]: ...
    def sgd_step(
        self,
        gradients: NDArray[Any],
        velocity: NDArray[Any] | None,
        learning_rate: float,
        momentum: float,
        nesterov: bool,
        weight_decay: float,
        decay_biases: bool,
    ) -> None: ...
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        loss: str,
        delta: float,
        learning_rate: float,
        momentum: float,
        nesterov: bool,
        weight_decay: float,
        decay_biases: bool,
        velocity: NDArray[Any] | None,
        epochs: int,
        batch_size: int,
        shuffle: bool,
        seed: int,
        n_threads: int,
        X_val: ArrayLike | None,
        y_val: ArrayLike | None,
        metrics: Sequence[str],
        track: bool,
        record: dict[str, list[Any]],
        on_epoch: Callable[[int], bool] | None,
    ) -> tuple[Literal["completed", "stopped", "diverged"], int, int]: ...
    def statistics(self) -> list[tuple[tuple[float, ...], tuple[float, ...]]]: ...
    def time_per_update(
        self, X: ArrayLike, y: ArrayLike, loss: str, delta: float, batch_size: int, repeats: int
    ) -> list[float]: ...

class Network32(_Network): ...
class Network64(_Network): ...

def isa() -> str: ...
def available_isas() -> tuple[str, ...]: ...
def elementwise(name: str, x: NDArray[Any]) -> NDArray[Any]: ...
def activation_backward(
    name: str, z: NDArray[Any], a: NDArray[Any], dA: NDArray[Any]
) -> NDArray[Any]: ...
def softmax(z: NDArray[Any]) -> NDArray[Any]: ...
def dense(x: NDArray[Any], weights: NDArray[Any], biases: NDArray[Any]) -> NDArray[Any]: ...
def loss_and_gradient(
    loss: str, outputs: NDArray[Any], y: ArrayLike, delta: float
) -> tuple[float, NDArray[Any]]: ...
def philox_words(key0: int, key1: int, start: int, count: int) -> NDArray[np.uint64]: ...
def uniform(seed: int, stream: int, count: int) -> NDArray[np.float64]: ...
def standard_normal(seed: int, stream: int, count: int) -> NDArray[np.float64]: ...
def permutation(n: int, seed: int, epoch: int) -> NDArray[np.int64]: ...
def normal_quantile(u: NDArray[np.float64]) -> NDArray[np.float64]: ...
def orthogonal(draws: NDArray[np.float64], gain: float) -> NDArray[np.float64]: ...
