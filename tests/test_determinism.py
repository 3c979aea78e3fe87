"""The same bits on every instruction set, number of threads and layout; the bits of this release.

Run as a program, it prints the digests of everything as JSON: python tests/test_determinism.py
"""

import ctypes
import functools
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import support
from hypothesis import given, settings
from hypothesis import strategies as st
from support import DTYPES, digest, examples

import wbcore as wb

# ---- fixed trainings


def numbers(seed, *shape):
    """From -1 to 1 in steps of 1/64: exact in every floating-point type; of a stream that stays."""
    return np.random.RandomState(seed).randint(-64, 65, shape) / 64


def problem(loss, rows, inputs, outputs):
    X = numbers(rows, rows, inputs)
    if loss == "cross_entropy":
        return X, np.random.RandomState(1).randint(0, outputs, rows)
    y = numbers(2, rows, outputs)
    return X, abs(y) if loss == "binary_cross_entropy" else y


PLAIN = {}
MOMENTUM = {"momentum": 0.9}
DECAY = {"weight_decay": 0.01}
NESTEROV = {"momentum": 0.5, "nesterov": True}
DECAY_ALL = {"momentum": 0.9, "weight_decay": 0.01, "decay_biases": True}
EVERYTHING = {"momentum": 0.8, "nesterov": True, "weight_decay": 0.001}

# Widths, activations of the hidden layers and of the last, loss, options of SGD, rows, batch size.
# Together they meet every activation, loss and option, sums longer than the leaves of 256 features
# and 128 rows, and partial batches.
TRAININGS = {
    "tiny": ([4, 16, 3], "relu", "identity", "cross_entropy", PLAIN, 40, 16),
    "digits": ([64, 32, 10], "relu", "identity", "cross_entropy", MOMENTUM, 200, 32),
    "wide": ([300, 40, 17], "tanh", "softmax", "cross_entropy", DECAY, 300, 300),
    "deep": ([8, 32, 32, 32, 1], "silu", "identity", "mse", NESTEROV, 130, 64),
    "odd": ([7, 13, 5, 2], "elu", "sigmoid", "binary_cross_entropy", DECAY_ALL, 33, 8),
    "huber": ([33, 18, 6], "gelu", "softplus", "huber(0.25)", EVERYTHING, 129, 50),
    "mae": ([16, 24, 3], "leaky_relu", "tanh", "mae", PLAIN, 64, 64),
    "one row": ([17, 1], "identity", "identity", "mse", MOMENTUM, 9, 1),
}
TRAININGS_AND_DTYPES = pytest.mark.parametrize(
    ("name", "dtype"), [(name, dtype) for name in TRAININGS for dtype in DTYPES]
)

# Of the parameters after each training, in float32 and float64. They change only when what wbcore
# computes does, that is with docs/arithmetic.md.
DIGESTS = {
    "tiny": (
        "dc290cc20b941aeae7cb8e3e8339d683e652fcf36f53b8a2461ee627deabb628",
        "b51e45b610ae454cddb957570530ef3a131ad0eaa0398b4caaece1689daadc99",
    ),
    "digits": (
        "3e8e81ce5c3c1c052f0f48cb49972cd69ef2e21e4c9aa3e34724525ed602bffc",
        "ceb6f0042642a29bf9a35031fc4be2715590a2a1880b4ff6e141435bf921c3f7",
    ),
    "wide": (
        "ae8ceb104c6230d855f771510864182fe55da9f9560ef1e791a0780ed3f3852c",
        "cdede6d056c53f817765d5efcf05aad2724243666c90714af00186a1c8eb756e",
    ),
    "deep": (
        "bec1fbdb604c32a94f7c562f6c1a8735d79e2d3a68ef2aadba482369266054b3",
        "bf254c484c6c12ff3e078bd66d0f4de870c512117e9ffaf56c84abeaa988070b",
    ),
    "odd": (
        "4b69c90b15d17c01ac8318a969381d439311afb89df421f61d536a82d8782ed2",
        "4beab13c0ddcec14e0d22e3e3f12eb209e50068a95fb09222822d8bcfde20037",
    ),
    "huber": (
        "70cb8eeed0505d075d0ddfed25f49e72f76d149fa8ccb86c92a885dbdc7f654a",
        "2798d32c5110aa649d9998688215dc0bbb640e350d326d4b84fb177500a2a33e",
    ),
    "mae": (
        "5b67065b2205465c24b3a30eed5637ac69c016e05117239072fcb072681fdde7",
        "318ea7b4effb8a250efbbe0c6e0b8b6b2d877c86620d5a7b451a79109ed37c39",
    ),
    "one row": (
        "fd1d7d377b8b16349152e54072989a91178d76c7c3db4b19068fc21722467c07",
        "1f5bdcfcd93f046e0fc86e5e2579cabcfd556b91808463fc127a3d6e51ce030f",
    ),
}


def trained(name, dtype, *, arrange=lambda X: X, **options):
    """The network and its history after three epochs."""
    widths, hidden, last, loss, sgd, rows, batch_size = TRAININGS[name]
    net = wb.Network.mlp(widths, activation=hidden, output_activation=last, seed=5, dtype=dtype)
    X, y = problem(loss, rows, widths[0], widths[-1])
    history = net.fit(
        arrange(X),
        y,
        loss=loss,
        optimizer=wb.SGD(0.1, **sgd),
        epochs=3,
        batch_size=batch_size,
        seed=6,
        validation_data=(X[::3], y[::3]),
        **options,
    )
    return net, history


@functools.cache
def on_one_thread(name, dtype):
    net, history = trained(name, dtype, n_threads=1)
    return net.parameters.tobytes(), history.to_dict()


def assert_as_on_one_thread(net, history, name, dtype):
    parameters, losses = on_one_thread(name, dtype)
    assert history.to_dict() == losses
    assert net.parameters.tobytes() == parameters


@TRAININGS_AND_DTYPES
def test_bits_of_this_release(name, dtype):
    parameters, _ = on_one_thread(name, dtype)
    assert digest(np.frombuffer(parameters, dtype)) == DIGESTS[name][DTYPES.index(dtype)]


@pytest.mark.parametrize("n_threads", [*range(2, 9), None])
@TRAININGS_AND_DTYPES
def test_threads_do_not_show(name, dtype, n_threads):
    assert_as_on_one_thread(*trained(name, dtype, n_threads=n_threads), name, dtype)


def strided(X):
    room = np.full((2 * X.shape[0], 3 * X.shape[1]), np.nan)
    room[::2, ::3] = X
    return room[::2, ::3]


def unaligned(X):
    room = np.zeros(X.nbytes + 1, np.uint8)
    view = room[1:].view(X.dtype).reshape(X.shape)
    view[...] = X
    assert not view.flags.aligned
    return view


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": strided,
    "upside down": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "unaligned": unaligned,
    "unaligned float32": lambda X: unaligned(X.astype(np.float32)),
    "byte-swapped": lambda X: X.astype(X.dtype.newbyteorder()),
    "byte-swapped long double": lambda X: X.astype(np.dtype(np.longdouble).newbyteorder()),
    "float16": lambda X: X.astype(np.float16),
    "read-only": lambda X: np.frombuffer(X.tobytes()).reshape(X.shape),
    "list": lambda X: X.tolist(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@TRAININGS_AND_DTYPES
def test_layouts_do_not_show(name, dtype, layout):
    done = trained(name, dtype, arrange=LAYOUTS[layout], n_threads=2)
    assert_as_on_one_thread(*done, name, dtype)


@pytest.mark.parametrize("name", TRAININGS)
def test_a_fit_is_its_batches_one_after_the_other(name):
    """A fit by hand, one batch after the other, has the bits of the fit in one call."""
    widths, hidden, last, loss, sgd, rows, batch_size = TRAININGS[name]
    net = wb.Network.mlp(widths, activation=hidden, output_activation=last, seed=5)
    X, y = problem(loss, rows, widths[0], widths[-1])
    optimizer = wb.SGD(0.1, **sgd)
    for epoch in range(3):
        order = wb.random.permutation(rows, 6, epoch)
        for first in range(0, rows, batch_size):
            batch = order[first : first + batch_size]
            _, gradients = net.loss_and_gradients(X[batch], y[batch], loss)
            optimizer.step(net, gradients)
    assert net.parameters.tobytes() == on_one_thread(name, "float32")[0]


# ---- random numbers and initial weights

DRAWS = {
    "random": "181b97b45dc577ab567ad1f639554ce231dc3a1bb3d8b27ab3583bff6df856e8",
    "initializers float32": "c6e770cfb6edcdff790e9d0e5f057100a70790319ebff9851ead26976a53695e",
    "initializers float64": "63d555bafc4b3d6fa9c121c1adf05973cfaec84241dbf29bfe3201fa97e3b590",
}


def draws(name):
    """Numbers of every kind, or the weights of every initializer."""
    if name == "random":
        return digest(
            wb.random.uniform(7, 1, 1000),
            wb.random.standard_normal(7, 2, 100_000),
            wb.random.permutation(1000, 7, 3),
        )
    dtype = np.dtype(name.removeprefix("initializers "))
    # those of release 0.1.0; later ones come after them
    names = wb.initializers.NAMES[: wb.initializers.NAMES.index("orthogonal") + 1]
    return digest(
        *(
            getattr(wb.initializers, initializer)(*shape, seed=9, layer=1, dtype=dtype)
            for initializer in sorted(names)
            for shape in ((70, 30), (30, 70), (300, 3))
        )
    )


@pytest.mark.parametrize("name", DRAWS)
def test_draws_of_this_release(name):
    assert draws(name) == DRAWS[name]


# ---- random networks


def random_case(random):
    """A network with awkward sizes, and a batch for it; `random` is a RandomState."""
    edges = [1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 24, 31, 32, 33, 48, 49, 64, 65, 255, 257]
    depth = random.randint(1, 5)
    widths = [int(random.choice(edges[: 21 if depth > 2 else 23])) for _ in range(depth + 1)]
    loss = str(random.choice(support.tame_losses()))
    widths[-1] *= support.levels(loss)
    layers = [
        wb.Dense(widths[i], widths[i + 1], str(random.choice(support.hidden_activations())))
        for i in range(depth - 1)
    ]
    last = str(random.choice([a for a in support.last_activations(loss) if a != "exp"]))
    layers.append(wb.Dense(widths[-2], widths[-1], last))
    net = wb.Network(layers, seed=int(random.randint(1000)), dtype=str(random.choice(DTYPES)))
    rows = int(random.choice([1, 2, 5, 16, 47, 48, 49, 127, 128, 129, 200, 260]))
    for layer in net:
        layer.biases[...] = random.random_sample(layer.biases.shape) - 0.5
    X = 4 * random.random_sample((rows, widths[0])) - 2
    targets = support.row_of("loss", loss).properties["targets"]
    if targets == "classes":
        return net, X, random.randint(0, widths[-1], rows), loss
    y = random.random_sample((rows, widths[-1] // support.levels(loss)))
    return net, X, np.round(y) if targets == "signs" else y, loss


def bits_of(case, n_threads):
    """A digest of all that is computed of a case, before, during and after two epochs."""
    net, X, y, loss = case
    value, gradients = net.loss_and_gradients(X, y, loss)
    outputs = net.predict(X, n_threads=n_threads)
    net.forward(X)
    by_inputs = net.backward(outputs).inputs
    optimizer = wb.SGD(0.01, momentum=0.9, weight_decay=0.001)
    options = {"optimizer": optimizer, "epochs": 2, "batch_size": 48, "n_threads": n_threads}
    history = net.fit(X, y, loss=loss, **options)
    after = net.evaluate(X, y, loss=loss, n_threads=n_threads)["loss"]
    flat = np.concatenate([np.ravel(a) for g in gradients for a in (g.weights, g.biases)])
    return digest(value, outputs, flat, by_inputs, net.parameters, history.loss, after)


def all_digests(n_cases=40):
    """Of the fixed trainings and of random cases, for comparison between processes."""
    found = {}
    for name in TRAININGS:
        for dtype in DTYPES:
            net, history = trained(name, dtype)
            found[f"{name} {dtype}"] = digest(net.parameters, history.loss)
    found.update((name, draws(name)) for name in DRAWS)
    for seed in range(n_cases):
        case = random_case(np.random.RandomState(seed))
        found[
            f"case {seed}: {case[0]!r} {case[0].activation_names} {case[3]}, {len(case[1])} rows"
        ] = bits_of(case, None)
    return found


@functools.cache
def digests_here():
    return all_digests()


def digests_of_a_process(isa, **environment):
    command = [sys.executable, __file__]
    environment = {**os.environ, "WBCORE_ISA": isa, **environment}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("isa") == isa
    return found


@pytest.mark.uninstrumented
@pytest.mark.parametrize("isa", wb.available_isas())
def test_instruction_sets_do_not_show(isa):
    found = digests_of_a_process(isa)
    assert found.pop("fma of the C library is right")
    assert found == digests_here()


# ---- the C library

WRONG = """
double fma(double a, double b, double c) { return a * b + c; }
float fmaf(float a, float b, float c) { return a * b + c; }
"""


def fma_of_the_c_library_is_right():
    fma = ctypes.CDLL(None).fma
    fma.argtypes, fma.restype = [ctypes.c_double] * 3, ctypes.c_double
    return fma(1 + 2.0**-30, 1 - 2.0**-30, -1.0) == -(2.0**-60)


@pytest.fixture(scope="module")
def wrong_fma(tmp_path_factory):
    """A library whose fma rounds twice, as that of a poor C library; loaded before the good one."""
    folder = tmp_path_factory.mktemp("wrong_fma")
    source, library = folder / "wrong_fma.c", folder / "wrong_fma.so"
    source.write_text(WRONG)
    options = ["-x", "c", "-O1", "-ffp-contract=off", "-fno-builtin", "-fPIC", "-shared"]
    command = [os.environ.get("CXX", "g++"), *options, str(source), "-o", str(library)]
    subprocess.run(command, check=True, timeout=60)
    return str(library)


@pytest.mark.uninstrumented
@pytest.mark.parametrize("isa", wb.available_isas())
def test_the_c_library_does_not_show(isa, wrong_fma):
    found = digests_of_a_process(isa, LD_PRELOAD=wrong_fma)
    assert not found.pop("fma of the C library is right")
    assert found == digests_here()


@pytest.mark.uninstrumented
def test_no_function_of_the_c_library_computes():
    """Of math.h the extension takes nothing, but for a root that is exact by IEEE 754."""
    command = ["nm", "-D", "--undefined-only", wb.get_library()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    names = {name.partition("@")[0] for name in re.findall(r" [UuWw] (\S+)", done.stdout)}
    assert "memcpy" in names
    functions = (
        "fma exp exp2 expm1 log log2 log10 log1p logb pow sin cos tan asin acos atan atan2 sinh "
        "cosh tanh asinh acosh atanh cbrt hypot erf erfc tgamma lgamma fmod remainder fdim "
        "ldexp frexp scalbn scalbln nextafter nexttoward rint nearbyint round trunc floor ceil"
    )
    assert not names & {f"{name}{kind}" for name in functions.split() for kind in ("", "f", "l")}


# Each draws its own numbers, the same ones in every run.
drawn = settings(deadline=None, derandomize=True, print_blob=False, max_examples=examples(60))
seeds = st.integers(0, 2**32 - 1)


@drawn
@given(seeds, st.integers(2, 8))
def test_threads_do_not_show_in_networks_of_any_shape(seed, n_threads):
    here = bits_of(random_case(np.random.RandomState(seed)), n_threads)
    assert here == bits_of(random_case(np.random.RandomState(seed)), 1)


@drawn
@given(seeds, st.data())
def test_a_row_has_the_bits_that_it_has_alone(seed, data):
    net, X, _, _ = random_case(np.random.RandomState(seed))
    whole = net.predict(X)
    for i in {0, len(X) - 1, data.draw(st.integers(0, len(X) - 1))}:
        assert net.predict(X[i : i + 1]).tobytes() == whole[i : i + 1].tobytes()
    first = data.draw(st.integers(0, len(X) - 1))
    last = data.draw(st.integers(first + 1, len(X)))
    step = data.draw(st.integers(1, 4))
    part = net.predict(X[first:last:step], n_threads=data.draw(st.integers(1, 4)))
    assert part.tobytes() == whole[first:last:step].tobytes()
    again = net.predict(X[np.r_[: len(X), : len(X), 0]])
    assert again.tobytes() == whole.tobytes() + whole.tobytes() + whole[:1].tobytes()


@drawn
@given(seeds, st.sampled_from(sorted(LAYOUTS)))
def test_layouts_do_not_show_in_predictions(seed, layout):
    net, X, _, _ = random_case(np.random.RandomState(seed))
    X = np.round(16 * X) / 16  # exact in every type
    X_given = LAYOUTS[layout](X)
    assert net.predict(X_given).tobytes() == net.predict(X).tobytes()
    out = np.empty((len(X), net.widths[-1]), net.dtype)
    net.predict(X_given, out=out)
    assert out.tobytes() == net.predict(X).tobytes()


if __name__ == "__main__":
    right = fma_of_the_c_library_is_right()
    print(json.dumps({"isa": wb.isa(), "fma of the C library is right": right, **all_digests()}))
