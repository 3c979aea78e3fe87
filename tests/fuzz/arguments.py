"""Python arguments of any kind, dtype, layout and shape: a result as promised, or a refusal.

A refusal is a TypeError or ValueError that begins with the operation, and leaves the network and
the arrays as they were.
"""

import contextlib
import copy
import dataclasses
import decimal
import fractions
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp

sys.path.append(str(Path(__file__).parents[1] / "stress"))
from harness import Round, main
from mutation import limit_memory

import wbcore as wb

warnings.simplefilter("error")
warnings.simplefilter("ignore", wb.TrainingWarning)  # of fits on numbers without a sense: rightly

INPUTS, OUTPUTS = 3, 2
WORDS = re.compile(r"^\[[\w, ]+\] ")


class Raises:
    """An object whose every conversion fails."""

    def __array__(self, *_, **__):
        raise ValueError("[array] the object's own")

    def __float__(self):
        raise ValueError("[float] the object's own")

    def __index__(self):
        raise ValueError("[index] the object's own")

    def __repr__(self):
        return "<Raises>"


class Lies:
    """An array interface that promises another shape than the array has."""

    def __init__(self, array):
        self.array = array

    def __array__(self, *_, **__):
        return self.array

    def __len__(self):
        return 10**9


class Indexed(int):
    """A number that is its own subclass."""


def numbers():
    return [
        *(0, 1, 2, 3, 5, -1, 7, 1024, 1025, 2**31 - 1, 2**31, 2**63, 2**64 - 1, 2**64, -(2**70)),
        *(
            0.0,
            -0.0,
            0.5,
            1.0,
            0.9,
            1e-46,
            0.9999999999,
            1e38,
            1e39,
            1e300,
            float("nan"),
            float("inf"),
        ),
        *(
            np.float32(0.5),
            np.float64(2),
            np.int8(3),
            np.uint64(2**63),
            np.float16(1),
            np.longdouble(2),
        ),
        *(True, np.bool_(1), fractions.Fraction(1, 2), decimal.Decimal("0.5"), 1j, Indexed(2)),
        *(np.array(1), np.array(0.5), np.array([1])),
    ]


def objects():
    return [
        *(
            None,
            "",
            "relu",
            "x",
            b"relu",
            [],
            (),
            {},
            [None],
            object(),
            Ellipsis,
            slice(None),
        ),
        *(Raises(), "\ud800", "a\0b", range(3), iter([1]), lambda *_: None, wb, wb.SGD, wb.SGD()),
        *(np.datetime64("2020"), np.str_("relu"), np.array("x"), np.array(None), np.ma.masked),
    ]


DTYPES = [
    "f2",
    "f4",
    "f8",
    "g",
    ">f4",
    ">f8",
    ">f2",
    "i1",
    "i2",
    "i4",
    "i8",
    ">i4",
    "u1",
    "u2",
    "u4",
    "u8",
    ">u8",
    "?",
    "c8",
    "c16",
    "O",
    "U3",
    "S3",
    "M8[s]",
    "m8[s]",
    "V4",
    "f4,i4",
]


def layout(draw, array):
    """The same numbers, lying otherwise in memory."""
    kind = draw.randrange(9)
    if kind == 0:
        return np.asfortranarray(array)
    if kind == 1 and array.ndim:
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if kind == 2 and array.ndim:
        return array[::-1].copy()[::-1]
    if kind == 3 and array.dtype.kind not in "OUSV":  # unaligned
        raw = np.zeros(array.nbytes + 1, np.uint8)
        moved = raw[1:].view(array.dtype).reshape(array.shape)
        moved[...] = array
        return moved
    if kind == 4:
        array = array.copy()
        array.flags.writeable = False
        return array
    if kind == 5 and array.ndim and array.size:
        return np.broadcast_to(array[:1], array.shape)
    if kind == 6:
        return np.asarray(array).tolist()
    if kind == 7:
        return draw.choice([np.ma.array, Lies, np.atleast_2d, memoryview])(np.asarray(array))
    return array


def array(draw, shape=None, dtypes=DTYPES):
    """An array of some dtype and values, often of the shape wanted."""
    if shape is None or draw.random() < 0.15:
        shape = tuple(draw.choice([0, 1, 2, 3, 5]) for _ in range(draw.choice([0, 1, 2, 2, 3])))
    dtype = np.dtype(draw.choice(dtypes))
    rng = np.random.default_rng(draw.getrandbits(32))
    values = rng.integers(0, 2, shape) if draw.random() < 0.5 else rng.normal(size=shape) * 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = np.asarray(values).astype(dtype)
        except (TypeError, ValueError):
            made = np.zeros(shape, dtype)
        if draw.random() < 0.1 and made.size and dtype.kind == "f":
            made.flat[draw.randrange(made.size)] = draw.choice([np.nan, np.inf, -np.inf, 1e308])
        try:
            return layout(draw, made)
        except (TypeError, ValueError):
            return made


def anything(draw):
    return draw.choice([*numbers(), *objects(), array(draw), [array(draw), array(draw)]])


def mostly(draw, right, wrong=0.12):
    """A right value, and sometimes anything."""
    return anything(draw) if draw.random() < wrong else right


def sparse(draw, array):
    """The numbers as a sparse matrix, which may have parts that do not belong together."""
    made = sp.csr_array(np.atleast_2d(array))
    if draw.random() < 0.5:
        return made.asformat(draw.choice(["csr", "csc", "coo", "bsr", "lil", "dok", "dia"]))
    for name in draw.sample(["indptr", "indices", "data"], draw.choice([0, 1, 2])):
        with np.errstate(invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)  # nor has NaN an integer
            dtype = draw.choice(["i4", "i8", "u1", ">i4", "f4", "f8", "c8"])
            part = getattr(made, name).astype(dtype)
        if part.size and draw.random() < 0.7:
            part[draw.randrange(part.size)] = draw.choice([0, 1, INPUTS, 100])
        setattr(made, name, part[: draw.choice([None, None, None, -1])])
    return made


def inputs(draw, rows, columns=INPUTS):
    made = array(draw, (rows, columns), draw.choice([DTYPES, ["f4", "f8", "i4", "u1"]]))
    if draw.random() < 0.1:
        with contextlib.suppress(TypeError, ValueError):  # of a dtype that SciPy does not take
            made = sparse(draw, made)
    if draw.random() < 0.1:
        with contextlib.suppress(TypeError, ValueError):
            made = wb.Scaled(made, draw.choice([1, 1 / 255, 1e18, -1]))
    return mostly(draw, made, 0.05)


def targets(draw, rows, loss):
    kind = draw.randrange(5)
    if loss == "cross_entropy" and kind:
        made = np.array([draw.randrange(OUTPUTS) for _ in range(rows)])
        if kind == 1 and rows:
            made[draw.randrange(rows)] = draw.choice([-1, OUTPUTS, 2**40])
        return mostly(draw, layout(draw, made.astype(draw.choice(["i8", "u1", "i2", ">i4", "f8"]))))
    return mostly(draw, array(draw, (rows, OUTPUTS)), 0.05)


class Watched:
    """A call whose refusal has to be in words and to leave things as they were."""

    def __init__(self, one, net=None):
        self.one, self.net = one, net
        self.before = None if net is None else net.parameters.tobytes()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if error is None:
            self.one.count("accepted")
            return False
        if isinstance(error, wb.DivergenceError):
            self.one.count("diverged")
            assert np.isfinite(self.net.parameters).all()
            return True
        own = isinstance(error, (TypeError, ValueError)) and WORDS.match(str(error))
        if not own:
            return False
        assert len(str(error)) < 1500, "a message of a page"
        if self.net is not None:
            assert self.net.parameters.tobytes() == self.before, (
                "a refused call changed the network"
            )
        self.one.count("refused")
        return True


def loss_name(draw):
    return draw.choice([*wb.losses.NAMES, "huber(0.1)", "cross_entropy"])


def network(draw):
    last = draw.choice(["identity", "identity", "softmax", "sigmoid"])
    dtype = draw.choice(["float32", "float64"])
    return wb.Network.mlp([INPUTS, 4, OUTPUTS], output_activation=last, dtype=dtype, seed=1)


def weights(draw, rows):
    made = array(draw, (rows,))
    real = isinstance(made, np.ndarray) and made.dtype.kind in "iuf"
    return abs(made) if real and draw.random() < 0.8 else made


class Asks:
    """A callback that is asked after each batch."""

    def after_batch(self, run: wb.callbacks.Run) -> None:
        run.sync()
        assert np.isfinite(run.network.parameters).all()


def fit(one: Round) -> None:
    draw, net = one.draw, network(one.draw)
    rows, loss = draw.choice([0, 1, 2, 5, 40]), loss_name(draw)
    X, y, order = inputs(draw, rows), targets(draw, rows, loss), array(draw, (rows + 2,))
    options = {
        "optimizer": wb.SGD(0.001),
        "epochs": draw.choice([1, 2]),
        "batch_size": draw.choice([1, 3, 64, 2**31 - 1]),
        "metrics": draw.choice(
            [["mae"], ["accuracy", "mse"], [], ("r2",), ["top_k(2)", "f1"], ["roc_auc", "log_loss"]]
        ),
        "sample_weight": draw.choice([None, weights(draw, rows)]),
        "class_weight": draw.choice([None, "balanced", {0: 2.0, 1: 0.0}]),
        "shuffle": draw.choice([True, False, "blocks", lambda _: order]),
        "seed": draw.choice([0, 2**64 - 1]),
        "n_threads": draw.choice([None, 1, 2]),
        "callback": draw.choice([None, lambda *_: None]),
        "callbacks": draw.choice([(), [wb.callbacks.EarlyStopping("loss")], [Asks()]]),
        "validation_fraction": draw.choice([None, 0.5, 0.01]),
        "first_epoch": draw.choice([None, 0, 2**31 - 1]),
        "track": draw.choice([None, "epoch"]),
        "checkpoint": one.folder / "run.ckpt",
        "checkpoint_every": draw.choice(["1 epoch", "2 batches", ".01s"]),
        "resume": draw.choice([None, False]),
        "validation_data": draw.choice(
            [None, None, (inputs(draw, rows), targets(draw, rows, loss))]
        ),
    }
    given = {name: options[name] for name in draw.sample(list(options), draw.choice([0, 2, 4]))}
    if given and draw.random() < 0.3:
        given[draw.choice(list(given))] = draw.choice([anything(draw), (None, y), (X, None)])
    for name in ("checkpoint", "resume"):  # a path that is well formed, wherever it may lead
        if isinstance(given.get(name), str) and "\0" not in given[name]:
            given[name] = one.folder / "run.ckpt" if name == "checkpoint" else None
    for name in ("callback", "shuffle"):  # a class that raises is no refusal of ours
        if isinstance(given.get(name), type):
            del given[name]
    if isinstance(given.get("epochs"), (int, np.integer)):  # a right number of epochs may be long
        given["epochs"] = min(int(given["epochs"]), 3)
    with Watched(one, net):
        history = net.fit(X, y, loss=mostly(draw, loss, 0.03), **given)
        assert np.isfinite(net.parameters).all()
        assert len(history) == given.get("epochs", 1) or callable(given.get("callback"))


def calls(one: Round) -> None:
    """What only reads: the result's shape, and not a bit changed in network and inputs."""
    draw, net = one.draw, network(one.draw)
    rows, loss = draw.choice([0, 1, 2, 5, 40]), loss_name(draw)
    X, y = inputs(draw, rows), targets(draw, rows, loss)
    plain = isinstance(X, np.ndarray) and not isinstance(X, np.ma.MaskedArray)
    copy = X.tobytes() if plain and X.dtype != object else None
    before = net.parameters.tobytes()
    kind = draw.randrange(7)
    with Watched(one, net):
        if kind == 0:
            out = net.predict(X, n_threads=mostly(draw, 1))
            assert out.shape == (X.shape[0] if sp.issparse(X) else len(np.asarray(X)), OUTPUTS)
        elif kind == 1:
            out = mostly(draw, array(draw, (rows, OUTPUTS), ["f4", "f8", ">f4"]), 0.1)
            found = net.predict(X, out=out)
            assert out is None or found is out
        elif kind == 2:
            out = mostly(draw, np.empty((rows, OUTPUTS), draw.choice(["f4", "f8"])), 0.1)
            net.freeze()(X, out=out, n_threads=mostly(draw, 2))
        elif kind == 3:
            net.evaluate(
                X,
                y,
                loss=loss,
                metrics=mostly(draw, ["mae"]),
                sample_weight=draw.choice([None, weights(draw, rows)]),
            )
        elif kind == 4:
            _, gradients = net.loss_and_gradients(X, y, loss=loss)
            assert gradients.flat.shape == net.parameters.shape
        elif kind == 5:
            repeats = mostly(draw, 1, 0.03) and 1
            wb.inspect.profile(net, X, y, loss=loss, batch_size=3, repeats=repeats)
        else:
            out = net.forward(X)
            net.backward(mostly(draw, array(draw, (rows, OUTPUTS)), 0.05))
            assert out.shape[1] == OUTPUTS
    assert net.parameters.tobytes() == before, "a call that only reads changed the network"
    if copy is not None:
        assert X.tobytes() == copy, "a call wrote into its inputs"


def small(value):
    """Whether a number is one that a network can be made of in a test."""
    try:
        return not isinstance(value, (int, np.integer)) or abs(int(value)) < 2000
    except (TypeError, ValueError):
        return True


def makers(one: Round) -> None:
    """Network, mlp, Dense, SGD, Scaled, functions, initializers, limits of threads."""
    draw = one.draw

    def width():
        value = mostly(draw, draw.choice([1, 2, 5]), 0.2)
        return value if small(value) else 0

    kind = draw.randrange(9)
    with Watched(one):
        if kind == 0:
            layers = [wb.Dense(INPUTS, 4, "relu"), wb.Dense(4, OUTPUTS)]
            layers = draw.choice([layers, layers[::-1], layers[:1], [*layers, anything(draw)]])
            net = wb.Network(mostly(draw, layers), mostly(draw, 0), mostly(draw, "float32"))
            assert np.isfinite(net.parameters).all()
        elif kind == 1:
            wb.Network.mlp([width(), width()], mostly(draw, "tanh"), seed=mostly(draw, 3))
        elif kind == 2:
            made = wb.Dense(
                width(), width(), mostly(draw, "relu"), mostly(draw, "he"), mostly(draw, "zeros")
            )
            wb.Network([made])
        elif kind == 3:
            wb.SGD(
                mostly(draw, 0.1, 0.5),
                mostly(draw, 0.5, 0.5),
                mostly(draw, True),
                mostly(draw, 0.1, 0.3),
            )
        elif kind == 4:
            scaled = wb.Scaled(mostly(draw, array(draw)), mostly(draw, 0.5, 0.3))
            with np.errstate(over="ignore"):  # NumPy's own product
                np.asarray(scaled)
        elif kind == 5:
            name = draw.choice(["sigmoid", "relu", "tanh", "gelu", "softmax", "softplus"])
            with warnings.catch_warnings():
                getattr(wb, name)(mostly(draw, array(draw), 0.3))
        elif kind == 6:
            wb.dense(
                array(draw, (5, 3)),
                mostly(draw, array(draw, (3, 2))),
                mostly(draw, array(draw, (2,))),
            )
        elif kind == 7:
            loss = loss_name(draw)
            outputs = array(draw, (5, OUTPUTS), ["f4", "f8", "i4"])
            y = targets(draw, 5, loss)
            value, _ = wb.losses.loss_and_gradient(loss, outputs, y)
            largest = max(np.abs(np.asarray(a, float)).max() for a in (outputs, y))
            assert np.isfinite(value) or largest > 1e15, value  # its square may be infinite
        else:
            before = wb.get_num_threads()
            try:
                wb.set_num_threads(mostly(draw, 1, 0.7))
            finally:
                wb.set_num_threads(before)


def parts(one: Round) -> None:
    """Layers and gradients: what is written, assigned, indexed, compared."""
    draw, net = one.draw, network(one.draw)
    kind = draw.randrange(5)
    if kind == 0:
        with Watched(one, net):
            net[0].weights = mostly(draw, array(draw, (INPUTS, 4)))
    elif kind == 1:
        with Watched(one, net):
            net[1].biases = mostly(draw, array(draw, (OUTPUTS,)))
    elif kind == 2:
        with Watched(one, net):
            _, gradients = net.loss_and_gradients(
                np.ones((2, INPUTS)), np.ones((2, OUTPUTS)) / 2, "mse"
            )
            if draw.random() < 0.3:
                gradients.flat = np.asarray(array(draw, gradients.flat.shape))
            wb.SGD(0.1).step(mostly(draw, net, 0.3), mostly(draw, gradients, 0.3))
    elif kind == 3:
        answer = net == anything(draw)
        assert answer is False, f"a network compared with something else: {answer!r}"
        one.count("compared")
    else:
        path = one.folder / "net.safetensors"
        net.metadata = {"own": anything(draw)} if draw.random() < 0.5 else anything(draw)
        with Watched(one, net):
            net.save(path)
            assert wb.load(path) == net
        assert list(one.folder.iterdir()) in ([], [path])


def starts(one: Round) -> None:
    """Biases and dropout of layers, priors, scaling that is folded in."""
    draw, net = one.draw, network(one.draw)
    loss, kind = loss_name(draw), draw.randrange(7)

    def numbers_of(n):
        return mostly(draw, draw.choice([0.5, array(draw, (n,)), [1.0] * n]), 0.2)

    with Watched(one, net):
        if kind == 0:
            started = net.copy()
            weights = mostly(draw, draw.choice([None, array(draw, (5,))]), 0.1)
            started.start_at_prior(targets(draw, 5, loss), loss=loss, sample_weight=weights)
            assert np.isfinite(started.parameters).all()
            assert not started[1].weights.any()
        elif kind == 1:
            rates = [mostly(draw, [0.2, 0.3, 0.5][:OUTPUTS], 0.3) for _ in range(2)]
            other = net.with_priors(*rates, independent=mostly(draw, None, 0.3))
            assert np.isfinite(other.parameters).all()
        elif kind == 2:
            other = net.fold_inputs(numbers_of(INPUTS), numbers_of(INPUTS))
            assert np.isfinite(other.parameters).all()
        elif kind == 3:
            other = net.fold_outputs(numbers_of(OUTPUTS), numbers_of(OUTPUTS))
            assert np.isfinite(other.parameters).all()
        elif kind == 4:
            net[draw.randrange(2)].dropout = mostly(draw, 0.5, 0.5)
        elif kind == 5:
            wb.Dense(2, 3, bias_initializer=numbers_of(3), dropout=mostly(draw, 0.5, 0.3))
        else:
            net[0].dropout = 0.5
            rows = np.ones((2, INPUTS))
            net.forward(rows, step=mostly(draw, 3, 0.5), seed=mostly(draw, 1, 0.3))
            net.loss_and_gradients(
                rows, np.ones((2, OUTPUTS)) / 2, "mse", step=mostly(draw, 3, 0.5)
            )


SCHEDULES = [
    cls
    for cls in map(wb.schedules.__dict__.get, wb.schedules.__all__)
    if isinstance(cls, type) and dataclasses.is_dataclass(cls)
]
WHOLE = [1, 2, 3, 10, 1000, 2**31, 2**53]
PARTS = [0.0, 1e-300, 1e-46, 1e-4, 0.1, 0.5, 0.9999999999, 1.0, 2.0, 1e30, 1e300]


def schedule(draw):
    """Of any numbers, most of which are right somewhere; with a warm-up or without."""
    cls = draw.choice(SCHEDULES)
    fields = dataclasses.fields(cls)
    needed = sum(field.default is dataclasses.MISSING for field in fields)
    names = [field.name for field in fields[: draw.randint(needed, len(fields))]]
    right = {
        "learning_rate": [0.1, 0.001, 1, 1e-46, 1e30],
        "steps": WHOLE,
        "every": WHOLE,
        "monitor": ["loss", "val_r2"],
        "mode": ["min", "max"],
        "restarts": [True, False],
    }
    given = {
        name: mostly(draw, draw.choice(right.get(name, draw.choice([WHOLE, PARTS]))), 0.05)
        for name in names
    }
    if cls is wb.schedules.Warmup:
        given["schedule"] = mostly(draw, draw.choice([wb.schedules.Constant(0.1), abs]), 0.3)
    made = cls(**given)
    steps = draw.choice([None, None, 1, 7, 2**53])
    return made if steps is None else made.after_warmup(steps, draw.choice(PARTS))


def schedule_text(draw):
    """In the notation of schedules, or with a slip."""

    def numbers(at_most=5):
        chosen = [draw.choice([WHOLE, PARTS]) for _ in range(draw.randrange(at_most + 1))]
        return ", ".join(repr(draw.choice(of)) for of in chosen)

    text = f"{draw.choice(wb.schedules.NAMES)}({draw.choice([numbers(), '0.1, 10', '0.1, 0.5'])})"
    if draw.random() < 0.3:
        text += f" of {draw.choice(['loss', 'val_r2', 'lowest r2', 'highest loss', '1', ''])}"
    if draw.random() < 0.4:
        text += f" after warmup({draw.choice([numbers(), '10', '3, 0.1'])})"
    if draw.random() < 0.4:
        place = draw.randrange(len(text))
        slip = draw.choice(["", "(", ")", ",", " ", "-", "e9", "nan", "inf", "\0", "é", "_", "٣"])
        text = text[:place] + slip + text[place + draw.randrange(3) :]
    return draw.choice([text, f"  {text}\n"]) if draw.random() < 0.1 else text


def schedules(one: Round) -> None:
    """Objects and texts: rates are finite, a text reads back, and a step takes them."""
    draw, net = one.draw, network(one.draw)
    made = None
    with Watched(one):
        if draw.random() < 0.5:
            made = schedule(draw)
        else:
            made = wb.SGD(schedule_text(draw)).learning_rate
            if isinstance(made, float):
                return
        first = draw.choice([1, 2, 9, 1000, 2**31, 2**53])
        rates = made.rates(7, mostly(draw, first, 0.05))
        assert np.isfinite(rates).all(), f"{made!r}: {rates}"
        assert (rates >= 0).all(), f"{made!r}: {rates}"
        if made._in_core is not None:  # functions have no text
            again = wb.SGD(str(made)).learning_rate
            assert str(again) == str(made)
            assert (again.rates(7, first) == made.rates(7, first)).all(), str(made)
        assert made == copy.deepcopy(made)
    if made is None:
        return
    with Watched(one, net):
        kept_fit(net, optimizer=draw.choice([wb.SGD, wb.Adam])(made))
        assert np.isfinite(net.parameters).all()


ROWS, LABELS = np.ones((5, INPUTS), np.float32), np.array([0, 1, 0, 1, 0])
# What was once accepted, or refused without a word of which call it was.
KEPT = {
    "threads that are no integer": lambda net: net.freeze()(ROWS, n_threads=1.5),
    "validation without inputs": lambda net: kept_fit(net, validation_data=(None, LABELS)),
    "validation without targets": lambda net: kept_fit(net, validation_data=(ROWS, None)),
    "a rate that is 0 in float32": lambda net: kept_fit(net, optimizer=wb.SGD(1e-46)),
    "a momentum that is 1 in float32": lambda net: kept_fit(
        net, optimizer=wb.SGD(0.1, momentum=0.9999999999)
    ),
    "a delta that is 0 in float32": lambda net: net.loss_and_gradients(
        ROWS, ROWS[:, :OUTPUTS], "huber(1e-46)"
    ),
    "scaled targets": lambda net: net.fit(ROWS, wb.Scaled(ROWS[:, :OUTPUTS], 0.5), loss="mse"),
    "text": lambda net: net.predict(np.array([["1", "2", "3"]])),
    "objects": lambda net: net.predict(np.array([[1, 2, None]], object)),
    "a width whose parameters no memory holds": lambda _: wb.Network([wb.Dense(2**30, 2**30)]),
}


def kept_fit(net, **options):
    net.fit(ROWS, LABELS, loss="cross_entropy", **options)


def kept(one: Round) -> None:
    """Each has to be refused, and a network is equal to no array."""
    name = one.draw.choice(list(KEPT))
    net = wb.Network.mlp([INPUTS, 4, OUTPUTS], seed=1)
    try:
        with Watched(one, net):
            KEPT[name](net)
            raise AssertionError(f"{name}: accepted")
    except MemoryError as error:
        assert WORDS.match(str(error)), str(error)
    assert (net == np.zeros(3)) is False, "a network compared with an array"


CASES = {
    "kept": kept,
    "fit": fit,
    "calls": calls,
    "makers": makers,
    "parts": parts,
    "starts": starts,
    "schedules": schedules,
}

if __name__ == "__main__":
    limit_memory()
    main(CASES, short=2000, unit="executions")
