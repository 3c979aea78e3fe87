"""What the core answers to a line, on the instruction set in use.

As a program it holds the core to the vectors of a folder, by default the committed ones, and prints
what differs: ``python -m conformance.core``.
"""

import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import wbcore as wb
from wbcore import _core, reference
from wbcore.reference import ACTIVATIONS, INITIALIZERS, LOSSES, METRICS, OPTIMIZERS, SCHEDULES
from wbcore.reference.optimizers import Optimizer

from .answers import (
    TRAINING,
    blocks_of,
    drawn_data,
    drawn_layer,
    drawn_targets,
    metric_named,
    numbers_of,
    options,
    switched,
    switches,
)
from .lines import VECTORS, Drawn, choice_of, fields, from_bits, read, switch, to_bits

Words = Sequence[str]


def answer(asked: Words) -> list[str] | None:
    """Compute the right-hand side of a line, or None where the core has no way to be asked."""
    return _ANSWERS[asked[0]](asked[1:])


def _bits(array: ArrayLike) -> list[str]:
    values = np.ascontiguousarray(array).ravel()
    kind = np.uint32 if values.itemsize == 4 else np.uint64
    return [f"{pattern:0{2 * values.itemsize}x}" for pattern in values.view(kind).tolist()]


def _array(dtype: str, words: Words) -> NDArray[Any]:
    return np.array([from_bits(word) for word in words], dtype)


def _fma(words: Words) -> list[str]:
    dtype, *operands = words
    x, w, b = _array(dtype, operands)
    net = wb.Network([wb.Dense(1, 1)], dtype=dtype)
    net[0].weights[:], net[0].biases[:] = w, b
    return _bits(net.predict([[x]]))


def _function(words: Words) -> list[str]:
    name, dtype, x = words
    return _bits(_core.elementwise(name, _array(dtype, [x])))


def _quantile(words: Words) -> list[str]:
    return _bits(_core.normal_quantile(_array("float64", words)))


def _scaled(words: Words) -> list[str]:
    dtype, x, factor = words
    net = wb.Network([wb.Dense(1, 1)], dtype=dtype)
    net[0].weights[:], net[0].biases[:] = 1.0, 0.0
    return _bits(net.predict(wb.Scaled([[from_bits(x)]], from_bits(factor))))


def _standardized(words: Words) -> list[str]:
    dtype, x, mean, scale = words
    net = wb.Network([wb.Dense(1, 1)], dtype=dtype)
    net[0].weights[:], net[0].biases[:] = 1.0, -0.0  # so that a zero keeps its sign
    X = wb.Standardized([[from_bits(x)]], mean=[from_bits(mean)], scale=[from_bits(scale)])
    return _bits(net.predict(X))


def _moments(words: Words) -> list[str]:
    key, n = words
    X = np.array(Drawn(reference, "float64", int(key, 16)).matrix(int(n, 16), 1))
    standardized = wb.Standardized(X)
    return _bits([*standardized.mean, *standardized.scale])


def _forward(words: Words) -> list[str]:
    name, dtype, *z = words
    activation, values = choice_of(ACTIVATIONS, name), _array(dtype, z)
    if activation.elementwise:
        return _bits(_core.elementwise(str(activation), values))
    return _bits(getattr(wb, activation.name)(values[None, :]))


def _backward(words: Words) -> list[str]:
    name, dtype, *both = words
    activation = choice_of(ACTIVATIONS, name)
    text = str(activation)
    z, dA = np.split(_array(dtype, both), 2)
    if activation.elementwise:
        return _bits(_core.activation_backward(text, z, _core.elementwise(text, z), dA))
    net = wb.Network([wb.Dense(len(z), len(z), text)], dtype=dtype)
    net[0].weights[:], net[0].biases[:] = 0.0, z
    net.forward(np.zeros((1, len(z))))
    biases = net.backward(dA[None, :])[0].biases
    assert biases is not None
    return _bits(biases)


def _sum(words: Words) -> list[str] | None:
    kind, dtype, key, n = words
    count = int(n, 16)
    if count == 0:
        return None
    drawn = Drawn(reference, dtype, int(key, 16))

    def column() -> NDArray[Any]:
        return np.array(drawn.vector(count), dtype)[:, None]

    match kind:
        case "feature":
            start, a, b = drawn.number(), column(), column()
            return _bits(wb.dense(a.T, weights=b, biases=np.array([start], dtype)))
        case "plain_feature":
            # the row loss of mae, of which the core gives the mean
            mean = wb.losses.MAE()(np.abs(column().T), np.zeros((1, count), dtype))
            near = np.array(mean * count, dtype)
            sums = (
                near,
                np.nextafter(near, np.inf, dtype=dtype),
                np.nextafter(near, 0, dtype=dtype),
            )
            of_mean = [s for s in map(float, sums) if s / count == mean]
            return [to_bits(dtype, of_mean[0])] if len(of_mean) == 1 else None
        case "row":
            X, dZ = column(), column()
            where = 0
        case _:
            X, dZ = np.zeros((count, 1), dtype), column()
            where = 1
    net = wb.Network([wb.Dense(1, 1)], dtype=dtype)
    net.forward(X)
    return _bits(net.backward(dZ).flat[where : where + 1])


def _layer(words: Words) -> tuple[wb.Network, NDArray[Any], Drawn]:
    rows, layer, drawn = drawn_layer(reference, words)
    X = np.array(rows, words[0])
    net = wb.Network([wb.Dense(X.shape[1], layer.outputs)], dtype=words[0])
    net[0].weights[:], net[0].biases[:] = layer.weights, layer.biases
    return net, X, drawn


def _dense(words: Words) -> list[str]:
    net, X, _ = _layer(words)
    return _bits(net.predict(X))


def _unbiased(words: Words) -> list[str]:
    rows, layer, _ = drawn_layer(reference, words)
    X = np.array(rows, words[0])
    dense = wb.Dense(X.shape[1], layer.outputs, bias=False)
    net = wb.Network([dense], dtype=words[0])
    net[0].weights[:] = layer.weights
    return _bits(net.predict(X))


def _dense_backward(words: Words) -> list[str]:
    what, *rest = words
    net, X, drawn = _layer(rest)
    dZ = np.array(drawn.matrix(len(X), net.widths[-1]), rest[0])
    net.forward(X)
    gradients = net.backward(dZ)
    if what != "inputs":
        return _bits(gradients.flat)
    assert gradients.inputs is not None
    return _bits(gradients.inputs)


def _loss(words: Words) -> list[str]:
    name, dtype, width, *both = words
    outputs, targets = np.split(_array(dtype, both).reshape(-1, int(width, 16)), 2)
    value, gradient = wb.losses.loss_and_gradient(str(choice_of(LOSSES, name)), outputs, targets)
    return [to_bits("float64", value), *_bits(gradient)]


def _evaluate(words: Words, *, weighted: bool = False, tied: bool = False) -> list[str]:
    dtype, name, key, rows, outputs, *metrics = words
    loss = choice_of(LOSSES, name)
    drawn, width = Drawn(reference, dtype, int(key, 16)), int(outputs, 16)
    X = drawn.matrix(int(rows, 16), width)
    y = drawn.targets(loss.targets, len(X), width)
    weights = drawn.weights(len(X)) if weighted else None
    X = [[float(int(x)) for x in row] for row in X] if tied else X
    net = wb.Network([wb.Dense(width, width)], dtype=dtype)
    net[0].weights[:], net[0].biases[:] = np.eye(width), 0.0
    chosen = [str(choice_of(METRICS, metric)) for metric in metrics]
    values = net.evaluate(X, y, loss=str(loss), metrics=chosen, sample_weight=weights)
    return [to_bits("float64", value) for value in values.values()]


def _weighted(words: Words) -> list[str]:
    return _evaluate(words, weighted=True)


def _tied(words: Words) -> list[str]:
    return _evaluate(words, weighted=True, tied=True)


def _update(words: Words) -> list[str] | None:
    dtype, name, step, w, g, *states, decayed = words
    choice = choice_of(OPTIMIZERS, name)
    if dtype == "float32" and any(x != 0.0 and np.float32(x) == 0.0 for x in choice.numbers):
        return None  # refused; only rules themselves know such numbers (cpp/tests/test_vectors.cpp)
    at = 0 if switch(decayed) else 1  # of two parameters, a weight and a bias
    net = wb.Network([wb.Dense(1, 1)], dtype=dtype)
    net.forward(np.zeros((1, 1)))
    gradients = net.backward(np.zeros((1, 1)))
    net.parameters[at : at + 1], gradients.flat[at : at + 1] = (
        _array(dtype, [w]),
        _array(dtype, [g]),
    )
    optimizer = getattr(wb, type(choice).__name__)(**_numbers_of(choice))
    state = optimizer.state(net)
    state.steps = int(step, 16) - 1
    kept = dict(zip(choice.states, states, strict=True))
    for array, bits in kept.items():
        # without momentum there is no velocity
        if array in state.arrays:
            state.arrays[array][at : at + 1] = _array(dtype, [bits])
    optimizer.step(net, gradients)
    after = optimizer.state(net).arrays
    kept |= {array: _bits(after[array][at : at + 1])[0] for array in after}
    return [*_bits(net.parameters[at : at + 1]), *kept.values()]


def _schedule(word: str) -> wb.schedules.Schedule:
    choice = choice_of(SCHEDULES, word)
    numbers = [getattr(choice, number) for number in choice.defaults()]
    text = f"{choice.name}({', '.join(map(repr, numbers))})"
    return wb.schedules.parsed("train", f"{text} of loss" if choice.observes else text)


def _rate(words: Words) -> list[str]:
    name, warmup, start, step, reductions = words
    choice = choice_of(SCHEDULES, name)
    numbers = [getattr(choice, number) for number in choice.defaults()]
    schedule = _core.Schedule(choice.name, numbers, int(warmup, 16), from_bits(start))
    return _bits(schedule.rates(int(step, 16), 1, int(reductions, 16)))


def _observe(words: Words) -> list[str]:
    name, *values = words
    net = wb.Network.mlp([1, 1])
    optimizer = wb.SGD(_schedule(name))
    seen: list[str] = []
    for value in values:
        optimizer.observe(net, from_bits(value))
        memory = optimizer.state(net).observations
        seen += [f"{memory[count]:x}" for count in ("waited", "reductions")]
    best = optimizer.state(net).observations["best"]
    assert best is not None, "one of the values is a number"
    return [*seen, to_bits("float64", best)]


def _philox(words: Words) -> list[str] | None:
    c0, *others, k0, k1 = (int(word, 16) for word in words)
    if c0 == 0 or any(others):
        return None
    drawn = wb.random.philox_words(k0, k1, start=4 * (c0 - 1), count=4)
    return [f"{word:016x}" for word in drawn.tolist()]


def _draw(words: Words) -> list[str]:
    kind, k0, k1, i = words
    key, at = (int(k0, 16), int(k1, 16)), int(i, 16)
    if kind == "word":
        return [f"{int(wb.random.philox_words(*key, start=at, count=1)[0]):016x}"]
    function = {"uniform": wb.random.uniform, "normal": wb.random.standard_normal}[kind]
    return _bits(function(*key, at + 1)[at:])


def _masks(words: Words) -> list[str]:
    seed, layer, step, row, units = (int(word, 16) for word in words)
    numbers = _core.dropout_numbers(seed, step, layer, row, 1, units)
    return [f"{n:04x}" for n in numbers[0, :units].tolist()]


def _dropout(words: Words) -> list[str]:
    """By layers of identity, of which the one that is asked leaves something out."""
    dtype, share, seed, layer, step, row, *x = words
    at, width = int(layer, 16), len(x)
    shares = [0.0] * at + [from_bits(share), 0.0]
    net = wb.Network([wb.Dense(width, width, dropout=p) for p in shares], dtype=dtype)
    for each in net:
        each.weights[:], each.biases[:] = np.eye(width), 0.0
    X = np.zeros((int(row, 16) + 1, width), dtype)
    X[-1] = _array(dtype, x)
    return _bits(net.forward(X, step=int(step, 16), seed=int(seed, 16))[-1])


def _prior(words: Words) -> list[str]:
    loss, last, width, *_ = words
    y, w = drawn_targets(reference, words)
    activation = str(choice_of(ACTIVATIONS, last))
    net = wb.Network([wb.Dense(1, int(width, 16), activation)], dtype="float64")
    net.start_at_prior(y, loss=str(choice_of(LOSSES, loss)), sample_weight=w)
    return _bits(net[0].biases)


def _permutation(words: Words) -> list[str]:
    seed, epoch, n = (int(word, 16) for word in words)
    return [f"{i:x}" for i in wb.random.permutation(n, seed=seed, epoch=epoch).tolist()]


def _held_out(words: Words) -> list[str]:
    seed, n, fraction, classes = words
    of_rows = [int(digit) for digit in classes]
    _, rows = wb.random.held_out_rows(int(n, 16), from_bits(fraction), int(seed, 16), of_rows)
    return [f"{i:x}" for i in rows.tolist()]


def _row_order(words: Words) -> list[str]:
    seed, epoch, window, *rows = (int(word, 16) for word in words)
    order = wb.data.row_order(rows, seed=seed, epoch=epoch, shuffle_window=window)
    return [f"{i:x}" for i in order.tolist()]


def _initialize(words: Words) -> list[str]:
    word, dtype, seed, layer, inputs, outputs = words
    choice = choice_of(INITIALIZERS, word)
    named = {number: getattr(choice, number) for number in choice.defaults()}
    function = getattr(wb.initializers, choice.name)
    shape = int(inputs, 16), int(outputs, 16)
    return _bits(function(*shape, seed=int(seed, 16), layer=int(layer, 16), dtype=dtype, **named))


def _network(words: Words) -> list[str]:
    dtype, activation, biases, seed, *sizes = words
    widths = [int(width, 16) for width in sizes]
    hidden = str(choice_of(ACTIVATIONS, activation))
    last = len(widths) - 2
    layers = [
        wb.Dense(widths[i], widths[i + 1], "identity" if i == last else hidden, None, biases)
        for i in range(last + 1)
    ]
    return _bits(wb.Network(layers, seed=int(seed, 16), dtype=dtype).parameters)


def _layers(f: dict[str, str]) -> list[wb.Dense]:
    widths = [int(width, 16) for width in f["widths"].split(",")]
    hidden, last = (str(choice_of(ACTIVATIONS, f[place])) for place in ("hidden", "last"))
    count = len(widths) - 1
    activations = [hidden] * (count - 1) + [last]
    options = zip(
        switches(f["bias"], count),
        switches(f["trainable"], count),
        numbers_of(f["dropout"], count),
        strict=True,
    )
    return [
        wb.Dense(*shape, activation, bias=bias, trainable=trainable, dropout=dropout)
        for shape, activation, (bias, trainable, dropout) in zip(
            pairwise(widths), activations, options, strict=True
        )
    ]


def _train(words: Words) -> list[str]:
    f = TRAINING | fields(words)
    X, y, weights = drawn_data(reference, f)
    net = wb.Network(_layers(f), seed=int(f["key"], 16), dtype=f["dtype"])
    words = [word for word in f["metrics"].split(",") if word]
    names = [metric_named(METRICS, word) for word in words]
    series: dict[str, list[float]] = {name: [] for name in ("loss", *names)}
    choice = choice_of(OPTIMIZERS, f["optimizer"])
    optimizer = getattr(wb, type(choice).__name__)(
        **_numbers_of(choice), **switched(f), **options(f)
    )
    if f["schedule"]:
        optimizer.learning_rate = _schedule(f["schedule"])
    given: tuple[Any, ...] = (X, y)
    if f["blocks"]:
        ends = np.cumsum([0, *blocks_of(f["blocks"])])
        given = ([(np.array(X[a:b]), np.array(y[a:b])) for a, b in pairwise(ends)],)
    for _ in range(int(f["fits"], 16)):
        history = net.fit(
            *given,
            optimizer=optimizer,
            epochs=int(f["epochs"], 16),
            batch_size=int(f["batch"], 16),
            shuffle="blocks" if f["blocks"] else switch(f["shuffle"]),
            shuffle_window=int(f["window"], 16),
            seed=int(f["key"], 16),
            metrics=names,
            sample_weight=weights,
            loss=str(choice_of(LOSSES, f["loss"])),
            first_epoch=int(f["first"], 16),
        )
        for name, values in series.items():
            values.extend(getattr(history, name))
    numbers = [to_bits("float64", value) for values in series.values() for value in values]
    return [*numbers, *_bits(net.parameters)]


def _numbers_of(optimizer: Optimizer) -> dict[str, Any]:
    numbers: dict[str, Any] = {name: getattr(optimizer, name) for name in optimizer.defaults()}
    for name in {"nesterov", "centered", "epsilon_hat"} & numbers.keys():
        numbers[name] = bool(numbers[name])
    return numbers


_ANSWERS: dict[str, Callable[[Words], list[str] | None]] = {
    "fma": _fma,
    "function": _function,
    "quantile": _quantile,
    "scaled": _scaled,
    "standardized": _standardized,
    "moments": _moments,
    "forward": _forward,
    "backward": _backward,
    "sum": _sum,
    "dense": _dense,
    "unbiased": _unbiased,
    "gradients": _dense_backward,
    "loss": _loss,
    "evaluate": _evaluate,
    "weighted": _weighted,
    "tied": _tied,
    "update": _update,
    "rate": _rate,
    "observe": _observe,
    "philox": _philox,
    "draw": _draw,
    "masks": _masks,
    "dropout": _dropout,
    "prior": _prior,
    "permutation": _permutation,
    "held_out": _held_out,
    "row_order": _row_order,
    "initialize": _initialize,
    "network": _network,
    "train": _train,
}


def main(folder: Path = VECTORS) -> int:
    """Print each line that the core answers otherwise, then the counts."""
    met = unasked = wrong = 0
    for path in sorted(folder.glob("*.txt")):
        for line in read(path):
            ours = answer(line.asked)
            if ours is None:
                unasked += 1
            elif tuple(ours) == line.answer:
                met += 1
            else:
                wrong += 1
                print(f"{path.name}: {line}\n    core: {' '.join(ours)}")
    print(f"{wb.isa()}: {met} vectors met, {wrong} not, {unasked} that the core cannot be asked")
    return int(wrong > 0 or met == 0)


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
