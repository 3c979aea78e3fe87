"""What is said, and what still works, when there is no more memory or no more threads."""

import re
import subprocess
import sys

import numpy as np
import pytest

import wbcore as wb

pytestmark = pytest.mark.uninstrumented


def refused(call, pattern):
    with pytest.raises(MemoryError) as caught:
        call()
    assert re.fullmatch(pattern, str(caught.value)), str(caught.value)


def test_networks_that_no_memory_holds():
    largest = 2**31 - 1
    sizes = {"float32": str(4 * largest * 2**31), "float64": f"{largest} x {largest} x 8"}
    for dtype, size in (("float32", 4), ("float64", 8)):
        refused(
            lambda dtype=dtype: wb.Network([wb.Dense(largest, largest)], dtype=dtype),
            rf"\[Network\] expected {sizes[dtype]} bytes of memory, got less",
        )
        with pytest.raises(MemoryError) as caught:
            wb.Network.mlp([2**21] * 3, dtype=dtype)
        needed = 2 * (2**21 + 1) * 2**21 * size
        said = re.fullmatch(
            r"\[Network\] expected (\d+) bytes of memory, got less", str(caught.value)
        )
        assert said is not None
        assert needed <= int(said[1]) <= needed + 128


@pytest.mark.parametrize("name", ["he", "zeros", "uniform", "truncated_normal", "orthogonal"])
def test_initial_weights_that_no_memory_holds(name):
    function = getattr(wb.initializers, name)
    largest = 2**31 - 1
    refused(
        lambda: function(largest, largest),
        rf"\[{name}\] expected {8 * largest**2} bytes of memory, got less",
    )
    refused(
        lambda: function(2**22, 2**22),
        rf"\[{name}\] expected more memory, got Unable to allocate 128\. TiB for an array .*",
    )


@pytest.mark.parametrize("name", ["philox_words", "uniform", "standard_normal", "permutation"])
def test_draws_that_no_memory_holds(name):
    function = getattr(wb.random, name)
    keys = {"philox_words": (0, 0, 0), "permutation": ()}.get(name, (0, 0))
    refused(
        lambda: function(*keys, 2**46) if keys else function(2**46),
        rf"\[{name}\] expected more memory, got Unable to allocate 512\. TiB for an array .*",
    )


def test_predictions_that_no_memory_holds():
    net = wb.Network.mlp([1, 8])
    sizes = {2**44: str(2**49), 2**58: str(2**63), 2**60: f"{2**60} x 8 x 4"}
    for rows, size in sizes.items():
        X = np.broadcast_to(np.uint8(1), (rows, 1))
        for predict in (net.predict, net.freeze()):
            pattern = rf"\[predict\] expected {size} bytes of memory, got less"
            refused(lambda predict=predict, X=X: predict(X), pattern)


class Hungry:
    """As an array of a user's own, whose error is the user's affair."""

    def __array__(self, dtype=None, copy=None):
        raise MemoryError("mine")


def test_errors_of_users_are_left_alone():
    net = wb.Network.mlp([4, 3])
    X, y = np.ones((8, 4)), np.zeros(8, int)

    def callback(_epoch, _history):
        raise MemoryError("mine")

    for call in (
        lambda: net.fit(X, y, loss="cross_entropy", callback=callback),
        lambda: net.predict(Hungry()),
        lambda: net.fit(X, Hungry(), loss="cross_entropy"),
    ):
        refused(call, "mine")


LIMITED = """
import resource
import numpy as np, wbcore as wb

ROWS = 1 << 24  # what is lacking must be more than what the process still has unused
net = wb.Network.mlp([4, 64, 3], seed=0)
small = np.ones((100, 4), np.float32)
X = np.broadcast_to(np.float32(1), (ROWS, 4))
labels = np.broadcast_to(np.uint8(0), ROWS)
wide = wb.Network([wb.Dense(3000, 3000, initializer="ones")])
vector = np.ones(4 << 20)
losses = np.ones((1 << 20, 4)), np.ones((1 << 20, 4))
few = np.zeros(100, np.uint8)
one = np.ones((1, 3000), np.float32)
net.fit(small, few, loss="cross_entropy", n_threads=1)
before = net.parameters.tobytes()

with open("/proc/self/status") as status:
    (used,) = [int(line.split()[1]) for line in status if line.startswith("VmSize")]
resource.setrlimit(resource.RLIMIT_AS, ((used << 10) + (12 << 20),) * 2)

CALLS = {
    "fit": lambda: net.fit(X, labels, loss="cross_entropy", n_threads=1),  # the order of the rows
    "fit, a batch": lambda: net.fit(
        X, labels, loss="cross_entropy", batch_size=ROWS, shuffle=False),
    "predict": lambda: net.predict(X),
    "forward": lambda: net.forward(X),
    "evaluate": lambda: wide.evaluate(one, one, loss="mse", n_threads=1),  # its copy of the weights
    "loss_and_gradients": lambda: net.loss_and_gradients(X, labels, loss="cross_entropy"),
    "profile": lambda: wb.inspect.profile(
        net, X, labels, loss="cross_entropy", batch_size=ROWS, repeats=1),
    "Network": lambda: wb.Network.mlp([3000, 3000]),
    "copy": lambda: wide.copy(),
    "freeze": lambda: wide.freeze(),
    "initializer of layer 0": lambda: wb.Network.mlp([1500, 1500], initializer="orthogonal"),
    "he": lambda: wb.initializers.he(3000, 3000),
    "normal": lambda: wb.random.standard_normal(0, 0, 4 << 20),
    "relu": lambda: wb.relu(vector),
    "softmax": lambda: wb.softmax(losses[0]),
    "dense": lambda: wb.dense(losses[0], np.ones((4, 3)), np.ones(3)),
    "loss_and_gradient": lambda: wb.losses.loss_and_gradient("mse", *losses),
}
for name, call in CALLS.items():
    try:
        call()
    except MemoryError as error:
        print(name, str(error), sep=": ")
    else:
        print(name, "no error", sep=": ")

assert net.parameters.tobytes() == before
net.fit(small, few, loss="cross_entropy", n_threads=1)  # nothing is locked, and little is enough
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_operations_that_memory_ends():
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 17
    for line in lines:
        name, _, said = line.partition(": ")
        operation = re.escape({"normal": "standard_normal"}.get(name, name.partition(",")[0]))
        size = r"\d+ (x \d+ x \d+ )?bytes of memory, got less"
        of_numpy = r"more memory, got Unable to allocate [\d.]+ [MG]iB for an array.*"
        assert re.fullmatch(rf"\[{operation}\] expected ({size}|{of_numpy})", said), line


THREADS = """
import ctypes, sys
import numpy as np, wbcore as wb

libc = ctypes.CDLL(None)
if not hasattr(libc, "pthread_setattr_default_np"):
    raise SystemExit(0)


def results(n_threads):
    net = wb.Network.mlp([20, 40, 3], "tanh", seed=0)
    X = np.random.default_rng(0).standard_normal((3000, 20))
    y = np.arange(3000) % 3
    options = {"loss": "cross_entropy", "n_threads": n_threads}
    history = net.fit(X, y, batch_size=500, epochs=3, validation_data=(X, y), **options)
    values = net.evaluate(X, y, metrics=["accuracy"], **options)
    outputs = net.predict(X, n_threads=n_threads), net.freeze()(X, n_threads=n_threads)
    return [history.loss, history.val_loss, values, *(a.tobytes() for a in outputs)]


expected = results(1)
if sys.argv[1] == "some":
    results(2)  # one worker is there
# From now on a thread's stack needs more than there are addresses.
attributes = ctypes.create_string_buffer(256)
assert libc.pthread_attr_init(attributes) == 0
assert libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(1 << 46)) == 0
assert libc.pthread_setattr_default_np(attributes) == 0
try:
    import threading
    threading.Thread(target=print).start()
except RuntimeError:
    pass
else:
    raise SystemExit("threads still start")
for n_threads in (2, 3, 8):
    assert results(n_threads) == expected
"""


@pytest.mark.parametrize("there_are", ["none", "some"])
def test_fewer_threads_than_asked_for(there_are):
    done = subprocess.run(
        [sys.executable, "-c", THREADS, there_are], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr + done.stdout
