"""What the reference answers to a line; `ref` is wbcore.reference, or a mutant of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

from wbcore.reference import Arithmetic, Layer
from wbcore.reference.named import Table
from wbcore.reference.schedules import Schedule

from .lines import Drawn, all_bits, choice_of, fields, from_bits, rows_of, switch, to_bits

Words = Sequence[str]


def answer(ref: ModuleType, asked: Words) -> list[str]:
    """Compute the right-hand side of a line."""
    return _ANSWERS[asked[0]](ref, asked[1:])


def _arithmetic(ref: ModuleType, dtype: str) -> Arithmetic:
    arith: Arithmetic = {"float32": ref.FLOAT32, "float64": ref.FLOAT64}[dtype]
    return arith


def _part(ref: ModuleType, name: str) -> ModuleType:
    return import_module(f"{ref.__name__}.{name}")


def _numbers(words: Words) -> list[float]:
    return [from_bits(word) for word in words]


def _fma(ref: ModuleType, words: Words) -> list[str]:
    dtype, *operands = words
    return [to_bits(dtype, _arithmetic(ref, dtype).fma(*_numbers(operands)))]


def _function(ref: ModuleType, words: Words) -> list[str]:
    name, dtype, x = words
    part = _part(ref, "functions")
    return [to_bits(dtype, getattr(part, name)(_arithmetic(ref, dtype), from_bits(x)))]


def _quantile(ref: ModuleType, words: Words) -> list[str]:
    return [to_bits("float64", _part(ref, "normal").quantile(from_bits(words[0])))]


def _scaled(ref: ModuleType, words: Words) -> list[str]:
    dtype, x, factor = words
    ((value,),) = ref.scaled(_arithmetic(ref, dtype), [[from_bits(x)]], from_bits(factor))
    return [to_bits(dtype, value)]


def _forward(ref: ModuleType, words: Words) -> list[str]:
    name, dtype, *z = words
    activation = choice_of(ref.ACTIVATIONS, name)
    return all_bits(dtype, activation.forward(_arithmetic(ref, dtype), _numbers(z)))


def _backward(ref: ModuleType, words: Words) -> list[str]:
    name, dtype, *both = words
    activation = choice_of(ref.ACTIVATIONS, name)
    arith, half = _arithmetic(ref, dtype), len(both) // 2
    z, dA = _numbers(both[:half]), _numbers(both[half:])
    dZ = activation.backward(arith, dA, z, activation.forward(arith, z))
    # of softmax no caller sees more than the gradient of the biases, here of one row
    return all_bits(dtype, dZ if activation.elementwise else [arith.row_total([d]) for d in dZ])


def _sum(ref: ModuleType, words: Words) -> list[str]:
    kind, dtype, key, n = words
    arith, count = _arithmetic(ref, dtype), int(n, 16)
    drawn = Drawn(ref, dtype, int(key, 16))
    match kind:
        case "feature":
            start = drawn.number()
            value = arith.feature_sum(start, drawn.vector(count), drawn.vector(count))
        case "plain_feature":
            value = arith.feature_total([abs(x) for x in drawn.vector(count)])
        case "row":
            value = arith.row_sum(drawn.vector(count), drawn.vector(count))
        case _:
            value = arith.row_total(drawn.vector(count))
    return [to_bits(dtype, value)]


def drawn_layer(ref: ModuleType, words: Words) -> tuple[list[list[float]], Layer, Drawn]:
    """Draw an identity layer with its input: X, layer, and what draws on."""
    dtype, key, rows, inputs, outputs = words
    drawn = Drawn(ref, dtype, int(key, 16))
    sizes = [int(word, 16) for word in (rows, inputs, outputs)]
    X = drawn.matrix(sizes[0], sizes[1])
    layer = ref.Layer(drawn.matrix(sizes[1], sizes[2]), drawn.vector(sizes[2]))
    return X, layer, drawn


def _dense(ref: ModuleType, words: Words) -> list[str]:
    X, layer, _ = drawn_layer(ref, words)
    Z = ref.dense.dense(_arithmetic(ref, words[0]), X, layer).Z
    return [word for row in Z for word in all_bits(words[0], row)]


def _unbiased(ref: ModuleType, words: Words) -> list[str]:
    X, layer, _ = drawn_layer(ref, words)
    layer.biases = None
    Z = ref.dense.dense(_arithmetic(ref, words[0]), X, layer).Z
    return [word for row in Z for word in all_bits(words[0], row)]


def _dense_backward(ref: ModuleType, words: Words) -> list[str]:
    what, *rest = words
    X, layer, drawn = drawn_layer(ref, rest)
    dZ = drawn.matrix(len(X), layer.outputs)
    gradients, dX = ref.dense.dense_backward(_arithmetic(ref, rest[0]), dZ, X, layer)
    rows = dX if what == "inputs" else [*gradients.weights, gradients.biases]
    return [word for row in rows for word in all_bits(rest[0], row)]


def _loss(ref: ModuleType, words: Words) -> list[str]:
    name, dtype, width, *both = words
    arith, half = _arithmetic(ref, dtype), len(both) // 2
    outputs, targets = (
        rows_of(_numbers(part), int(width, 16)) for part in (both[:half], both[half:])
    )
    loss = choice_of(ref.LOSSES, name)
    value, gradient = ref.loss_and_gradient(arith, loss, outputs, targets)
    return [to_bits("float64", value), *(w for row in gradient for w in all_bits(dtype, row))]


def _evaluate(
    ref: ModuleType, words: Words, *, weighted: bool = False, tied: bool = False
) -> list[str]:
    dtype, name, key, rows, outputs, *metrics = words
    loss = choice_of(ref.LOSSES, name)
    drawn, width = Drawn(ref, dtype, int(key, 16)), int(outputs, 16)
    X = drawn.matrix(int(rows, 16), width)
    y = drawn.targets(loss.targets, len(X), width)
    weights = drawn.weights(len(X)) if weighted else None
    X = [[float(int(x)) for x in row] for row in X] if tied else X
    identity = [[float(i == k) for k in range(width)] for i in range(width)]
    net = ref.Network([ref.Layer(identity, [0.0] * width)], _arithmetic(ref, dtype))
    chosen = [str(choice_of(ref.METRICS, metric)) for metric in metrics]
    values = ref.evaluate(net, X, y, loss=loss, metrics=chosen, sample_weight=weights)
    return all_bits("float64", values.values())


def _weighted(ref: ModuleType, words: Words) -> list[str]:
    return _evaluate(ref, words, weighted=True)


def _tied(ref: ModuleType, words: Words) -> list[str]:
    return _evaluate(ref, words, weighted=True, tied=True)


def _update(ref: ModuleType, words: Words) -> list[str]:
    dtype, name, step, w, g, *states, decayed = words
    optimizer = choice_of(ref.OPTIMIZERS, name)
    rule = optimizer.rule(_arithmetic(ref, dtype), int(step, 16), decayed=switch(decayed))
    value, kept = rule(from_bits(w), from_bits(g), tuple(_numbers(states)))
    return all_bits(dtype, (value, *kept))


def _schedule(ref: ModuleType, word: str) -> Schedule:
    schedule: Schedule = choice_of(_part(ref, "schedules").SCHEDULES, word)
    return schedule


def _rate(ref: ModuleType, words: Words) -> list[str]:
    name, warmup, start, step, reductions = words
    schedule = replace(_schedule(ref, name), warmup=int(warmup, 16), warmup_start=from_bits(start))
    return [to_bits("float64", schedule.rate_at(int(step, 16), int(reductions, 16)))]


def _observe(ref: ModuleType, words: Words) -> list[str]:
    name, *values = words
    part = _part(ref, "schedules")
    memory, seen = part.Observations(), []
    for value in values:
        memory = part.observed(_schedule(ref, name), memory, from_bits(value))
        seen += [f"{memory.waited:x}", f"{memory.reductions:x}"]
    return [*seen, to_bits("float64", memory.best)]


def _philox(ref: ModuleType, words: Words) -> list[str]:
    c0, c1, c2, c3, k0, k1 = (int(word, 16) for word in words)
    counter = c0 | c1 << 64 | c2 << 128 | c3 << 192
    return [f"{word:016x}" for word in _part(ref, "random").philox(counter, (k0, k1))]


def _draw(ref: ModuleType, words: Words) -> list[str]:
    kind, k0, k1, i = words
    stream = ref.Stream((int(k0, 16), int(k1, 16)))
    value = getattr(stream, kind)(int(i, 16))
    return [f"{value:016x}" if kind == "word" else to_bits("float64", value)]


def _masks(ref: ModuleType, words: Words) -> list[str]:
    seed, layer, step, row, units = (int(word, 16) for word in words)
    return [f"{n:04x}" for n in ref.DropoutStep(seed, step).numbers(layer, row, units)]


def _dropout(ref: ModuleType, words: Words) -> list[str]:
    dtype, share, seed, layer, step, row, *x = words
    numbers = ref.DropoutStep(int(seed, 16), int(step, 16)).numbers(
        int(layer, 16), int(row, 16), len(x)
    )
    left = _part(ref, "dropout").left
    return all_bits(dtype, left(_arithmetic(ref, dtype), from_bits(share), numbers, _numbers(x)))


def _prior(ref: ModuleType, words: Words) -> list[str]:
    loss, last, width, *_ = words
    chosen, outputs = choice_of(ref.LOSSES, loss), int(width, 16)
    y, weights = drawn_targets(ref, words)
    activation = str(choice_of(ref.ACTIVATIONS, last))
    biases = _part(ref, "priors").prior_biases(chosen, activation, y, outputs, weights)
    return all_bits("float64", biases)


def drawn_targets(ref: ModuleType, words: Words) -> tuple[list[Any], list[float] | None]:
    """Targets of which an activation can have the mean, and sizes of numbers as weights after 0."""
    loss, last, width, key, count, weighted = words
    kind, rows = choice_of(ref.LOSSES, loss).targets, int(count, 16)
    drawn = Drawn(ref, "float64", int(key, 16))
    y = drawn.targets(kind, rows, int(width, 16))
    if kind == "numbers":
        signed = last not in ("sigmoid", "relu", "softplus")
        y = [[(t if signed else abs(t)) / 8 for t in row] for row in y]
    return y, [0.0, *map(abs, drawn.vector(rows - 1))] if switch(weighted) else None


def _permutation(ref: ModuleType, words: Words) -> list[str]:
    seed, epoch, n = (int(word, 16) for word in words)
    order = _part(ref, "random").shuffle_stream(seed, epoch).permutation(n)
    return [f"{i:x}" for i in order]


def _held_out(ref: ModuleType, words: Words) -> list[str]:
    seed, n, fraction, classes = words
    of_rows = [int(digit) for digit in classes]
    rows = _part(ref, "random").held_out_rows(
        int(n, 16), from_bits(fraction), int(seed, 16), of_rows
    )
    return [f"{i:x}" for i in rows[1]]


def _row_order(ref: ModuleType, words: Words) -> list[str]:
    seed, epoch, window, *rows = (int(word, 16) for word in words)
    order = _part(ref, "random").row_order(rows, seed=seed, epoch=epoch, window=window)
    return [f"{i:x}" for i in order]


def _standardized(ref: ModuleType, words: Words) -> list[str]:
    dtype, x, mean, scale = words
    numbers = [[from_bits(x)]], [from_bits(mean)], [from_bits(scale)]
    ((value,),) = ref.standardized(_arithmetic(ref, dtype), *numbers)
    return [to_bits(dtype, value)]


def _moments(ref: ModuleType, words: Words) -> list[str]:
    key, n = words
    drawn = Drawn(ref, "float64", int(key, 16))
    (mean,), (scale,) = ref.mean_and_scale(drawn.matrix(int(n, 16), 1))
    return all_bits("float64", [mean, scale])


def _initialize(ref: ModuleType, words: Words) -> list[str]:
    name, dtype, seed, layer, inputs, outputs = words
    shape = int(inputs, 16), int(outputs, 16)
    initializer = choice_of(ref.INITIALIZERS, name)
    arith = _arithmetic(ref, dtype)
    rows = ref.initial_weights(arith, initializer, shape, int(seed, 16), int(layer, 16))
    return [word for row in rows for word in all_bits(dtype, row)]


def _network(ref: ModuleType, words: Words) -> list[str]:
    dtype, activation, bias_initializer, seed, *widths = words
    net = ref.Network.mlp(
        _arithmetic(ref, dtype),
        [int(width, 16) for width in widths],
        str(choice_of(ref.ACTIVATIONS, activation)),
        bias_initializer=str(choice_of(ref.INITIALIZERS, bias_initializer)),
        seed=int(seed, 16),
    )
    return parameters(dtype, net.layers)


def parameters(dtype: str, layers: Sequence[Layer]) -> list[str]:
    """Bits of all parameters, in the order of the contract."""
    rows = [row for layer in layers for row in (*layer.weights, layer.biases or [])]
    return [word for row in rows for word in all_bits(dtype, row)]


def drawn_data(
    ref: ModuleType, f: dict[str, str]
) -> tuple[list[list[float]], list[Any], list[float] | None]:
    """Inputs, targets and weights of a training, in float64: the network converts them."""
    widths = [int(width, 16) for width in f["widths"].split(",")]
    drawn = Drawn(ref, "float64", int(f["key"], 16))
    X = drawn.matrix(int(f["rows"], 16), widths[0])
    y = drawn.targets(choice_of(ref.LOSSES, f["loss"]).targets, len(X), widths[-1])
    return X, y, drawn.weights(len(X)) if switch(f["weights"]) else None


TRAINING = {
    "loss": "mse",
    "hidden": "tanh",
    "last": "identity",
    "widths": "2,3,1",
    "rows": "5",
    "batch": "2",
    "epochs": "2",
    "fits": "1",
    "shuffle": "1",
    "key": "1",
    "first": "0",
    "optimizer": "sgd:3fa999999999999a",
    "schedule": "",
    "decay_biases": "0",
    "l1": "",
    "l2": "",
    "penalty_of_sum": "0",
    "clip_norm": "",
    "clip_value": "",
    "max_norm": "",
    "bias": "",
    "trainable": "",
    "dropout": "",
    "metrics": "",
    "blocks": "",
    "window": "8",
    "weights": "0",
}
"""What holds where a training says nothing else; as the README has it."""


def switches(word: str, layers: int) -> list[bool]:
    """Read an option of each layer, which all have where it says nothing."""
    return [switch(letter) for letter in word.split(",")] if word else [True] * layers


def numbers_of(word: str, layers: int) -> list[float]:
    """Read a number of each layer, 0 where it says nothing."""
    return [from_bits(bits) for bits in word.split(",")] if word else [0.0] * layers


def options(f: dict[str, str]) -> dict[str, float]:
    """What every optimizer takes beside its numbers, where a training says it."""
    names = ("l1", "l2", "clip_norm", "clip_value", "max_norm")
    return {name: from_bits(f[name]) for name in names if f[name]}


def switched(f: dict[str, str]) -> dict[str, bool]:
    """Likewise what is one way or the other."""
    return {name: switch(f[name]) for name in ("decay_biases", "penalty_of_sum")}


def metric_named(metrics: Table[Any], word: str) -> str:
    """Text of a metric, or the name of the series that is none."""
    return word if word == "penalty" else str(choice_of(metrics, word))


def blocks_of(word: str) -> list[int]:
    """Read the rows of each block."""
    return [int(rows, 16) for rows in word.split(",")]


def _train(ref: ModuleType, words: Words) -> list[str]:
    f = TRAINING | fields(words)
    arith = _arithmetic(ref, f["dtype"])
    X, y, weights = drawn_data(ref, f)
    net = ref.Network.mlp(
        arith,
        [int(width, 16) for width in f["widths"].split(",")],
        str(choice_of(ref.ACTIVATIONS, f["hidden"])),
        output_activation=str(choice_of(ref.ACTIVATIONS, f["last"])),
        seed=int(f["key"], 16),
    )
    structure = (switches(f[option], len(net.layers)) for option in ("bias", "trainable"))
    shares = numbers_of(f["dropout"], len(net.layers))
    for layer, bias, trainable, dropout in zip(net.layers, *structure, shares, strict=True):
        layer.biases = layer.biases if bias else None
        layer.trainable = trainable
        layer.dropout = dropout
    words = [word for word in f["metrics"].split(",") if word]
    names = [metric_named(ref.METRICS, word) for word in words]
    metrics: dict[str, list[float]] = {name: [] for name in names}
    optimizer = choice_of(ref.OPTIMIZERS, f["optimizer"])
    optimizer = replace(optimizer, **switched(f), **options(f))
    losses = []
    state = ref.new_state(net, optimizer)
    for _ in range(int(f["fits"], 16)):
        losses += ref.fit(
            net,
            X,
            y,
            loss=choice_of(ref.LOSSES, f["loss"]),
            optimizer=optimizer,
            epochs=int(f["epochs"], 16),
            batch_size=int(f["batch"], 16),
            shuffle=switch(f["shuffle"]),
            seed=int(f["key"], 16),
            first_epoch=int(f["first"], 16),
            blocks=(blocks_of(f["blocks"]), int(f["window"], 16)) if f["blocks"] else None,
            state=state,
            metrics=metrics,
            schedule=_schedule(ref, f["schedule"]) if f["schedule"] else None,
            sample_weight=weights,
        )
    series = [losses, *metrics.values()]
    return [
        *(word for values in series for word in all_bits("float64", values)),
        *parameters(f["dtype"], net.layers),
    ]


_ANSWERS: dict[str, Callable[[ModuleType, Words], list[str]]] = {
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
