"""Threads and processes: many predict, each fits its own, none fits another's."""

import contextlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from stress.harness import interrupt_after, share_held

import wbcore as wb

rng = np.random.default_rng(0)
X = rng.standard_normal((300, 12))
LABELS = rng.integers(0, 4, 300)


def trained(seed, **options):
    net = wb.Network.mlp([12, 20, 4], seed=seed)
    net.fit(
        X, LABELS, loss="cross_entropy", epochs=3, optimizer=wb.SGD(0.1, momentum=0.9), **options
    )
    return net


@pytest.mark.parametrize("n_threads", [None, 1, 2])
def test_many_threads_predict_with_one_network(n_threads):
    net = trained(0)
    before, expected = net.parameters.tobytes(), net.predict(X)
    barrier = threading.Barrier(8)

    def work(worker):
        barrier.wait()
        parts = [X, X[worker:], X[:: worker + 1]]
        results = [expected, expected[worker:], expected[:: worker + 1]]
        for _ in range(30):
            for part, result in zip(parts, results, strict=True):
                assert net.predict(part, n_threads=n_threads).tobytes() == result.tobytes()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, worker) for worker in range(8)]:
            done.result()
    assert net.parameters.tobytes() == before


def test_threads_fit_networks_of_their_own():
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(trained, range(6)))
    assert found == [trained(seed) for seed in range(6)]


def test_threads_may_share_an_optimizer():
    optimizer = wb.SGD(0.1, momentum=0.9)

    def fit(seed):
        net = wb.Network.mlp([12, 20, 4], seed=seed)
        net.fit(X, LABELS, loss="cross_entropy", epochs=3, optimizer=optimizer)
        return net

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(fit, range(6)))
    assert found == [trained(seed) for seed in range(6)]


def test_threads_fit_and_predict_side_by_side():
    nets = [trained(seed) for seed in range(3)]
    expected = [net.predict(X).tobytes() for net in nets]
    barrier = threading.Barrier(6)

    def predict(worker):
        barrier.wait()
        for _ in range(20):
            assert nets[worker].predict(X, n_threads=1 + worker % 2).tobytes() == expected[worker]

    def fit(worker):
        barrier.wait()
        for _ in range(3):
            assert trained(worker, n_threads=1 + worker % 2) == nets[worker]

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(work, worker) for worker in range(3) for work in (predict, fit)]:
            done.result()


def test_second_training_of_one_network_is_refused():
    net, optimizer = wb.Network.mlp([12, 20, 4], seed=0), wb.SGD(0.1, momentum=0.9)
    _, grads = net.loss_and_gradients(X, LABELS, "cross_entropy")
    inside, go_on = threading.Event(), threading.Event()

    def callback(epoch, _):
        if epoch == 0:
            inside.set()
            assert go_on.wait(60)

    def first():
        net.fit(X, LABELS, loss="cross_entropy", epochs=3, optimizer=optimizer, callback=callback)

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert inside.wait(60)
        refused = r"\] expected a network that is not being trained, got one that another thread"
        with pytest.raises(RuntimeError, match=r"\[fit" + refused):
            net.fit(X, LABELS, loss="cross_entropy")
        with pytest.raises(RuntimeError, match=r"\[step" + refused):
            optimizer.step(net, grads)
        with pytest.raises(RuntimeError, match=r"\[forward" + refused):
            net.forward(X)
        with pytest.raises(RuntimeError, match=r"\[backward" + refused):
            net.backward(np.ones((300, 4)))
        net.predict(X)  # allowed
        net.copy().fit(X, LABELS, loss="cross_entropy")
    finally:
        go_on.set()
        thread.join()
    assert net == trained(0)
    net.fit(X, LABELS, loss="cross_entropy")


def test_training_in_its_own_callback_is_refused():
    net = wb.Network.mlp([12, 20, 4])

    def callback(*_):
        net.fit(X, LABELS, loss="cross_entropy")

    with pytest.raises(RuntimeError, match=r"the fit whose callback this is.*net\.copy\(\)"):
        net.fit(X, LABELS, loss="cross_entropy", callback=callback)
    net.fit(X, LABELS, loss="cross_entropy")


def test_other_python_threads_run_during_a_fit():
    net = wb.Network.mlp([12, 256, 256, 4])

    def rounds_beside(epochs):
        finished = threading.Event()

        def fit():
            net.fit(X, LABELS, loss="cross_entropy", epochs=epochs, n_threads=1)
            finished.set()

        thread = threading.Thread(target=fit)
        thread.start()
        rounds = 0
        while not finished.wait(0.001):
            rounds += 1
        thread.join()
        return rounds

    # Were the interpreter's lock kept, there would be a round or two, however long the fit.
    assert any(rounds_beside(30 * 2**k) > 20 for k in range(9))


FORK = """
import os, warnings
import numpy as np, wbcore as wb

warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forks beside threads
X, y = np.random.default_rng(0).random((3000, 40)), np.arange(3000) % 5

def work():
    net = wb.Network.mlp([40, 128, 5])
    net.fit(X, y, loss="cross_entropy", n_threads=2)
    return net.predict(X, n_threads=2).tobytes()

expected = work()
child = os.fork()
if child == 0:
    os._exit(work() != expected)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert work() == expected
"""


@pytest.mark.uninstrumented
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_after_threads_have_run():
    command = [sys.executable, "-c", FORK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


IDLE = """
import time
import numpy as np, wbcore as wb

X, y = np.random.default_rng(0).random((3000, 40)), np.arange(3000) % 5
net = wb.Network.mlp([40, 128, 5])
before = time.process_time()
net.fit(X, y, loss="cross_entropy", epochs=3, n_threads=2)
assert time.process_time() > before
with open("/proc/self/status") as status:
    assert "Threads:\\t1\\n" not in status.read()  # there is one that could spin
time.sleep(0.05)  # for it to fall asleep
used = []
while len(used) < 20 and min(used, default=1) >= 0.01:  # where it has had to wait for a processor
    before = time.process_time()
    time.sleep(0.5)
    used.append(time.process_time() - before)
print(min(used))
"""


@pytest.mark.uninstrumented
def test_idle_threads_use_no_processor_time():
    command = [sys.executable, "-c", IDLE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    # a thread that spins would use all of half a second, and one that wakes to look a part of it
    assert float(done.stdout) < 0.01


JOBLIB = """
import sys
import joblib, numpy as np, wbcore as wb

X, y = np.random.default_rng(0).random((500, 40)), np.arange(500) % 5

def fit(seed):
    net = wb.Network.mlp([40, 64, 5], seed=seed)
    net.fit(X, y, loss="cross_entropy", epochs=2, n_threads=2)
    return net

def predict(net):
    return net.predict(X, n_threads=2).tobytes()

if __name__ == "__main__":
    nets = [fit(seed) for seed in range(4)]  # so the parent has threads before it has children
    expected = [predict(net) for net in nets]
    with joblib.Parallel(n_jobs=2, backend=sys.argv[1]) as parallel:
        assert parallel(joblib.delayed(fit)(seed) for seed in range(4)) == nets
        assert parallel(joblib.delayed(predict)(net) for net in nets) == expected
"""


@pytest.mark.uninstrumented
@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_workers_of_joblib(backend, tmp_path):
    script = tmp_path / "workers.py"  # loky's children import their parent's main module
    script.write_text(JOBLIB)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", script, backend]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


WIDE = wb.Network.mlp([500, 1000, 1000, 10], seed=0)
ROWS = rng.standard_normal((6000, 500)).astype(np.float32)
NUMBERS = rng.standard_normal(12_000_000)
LONG_CALLS = {
    "predict": lambda: WIDE.predict(ROWS),
    "predict_into": lambda: WIDE.predict(ROWS, np.empty((6000, 10), np.float32)),
    "forward": lambda: WIDE.forward(ROWS),
    "backward": lambda: WIDE.backward(np.ones((6000, 10), np.float32)),
    "loss_and_gradients": lambda: WIDE.loss_and_gradients(ROWS, np.ones((6000, 10)), loss="mse"),
    "evaluate": lambda: WIDE.evaluate(ROWS, np.ones((6000, 10)), loss="mse"),
    "dense": lambda: wb.dense(np.ones((1500, 1500)), np.ones((1500, 1500)), np.zeros(1500)),
    "sigmoid": lambda: wb.sigmoid(NUMBERS),
    "softmax": lambda: wb.softmax(NUMBERS.reshape(-1, 10)),
    "mse": lambda: wb.losses.MSE()(NUMBERS.reshape(-1, 10), NUMBERS.reshape(-1, 10)),
    "standard_normal": lambda: wb.random.standard_normal(seed=0, stream=0, count=5_000_000),
}


@pytest.mark.uninstrumented
@pytest.mark.parametrize("name", LONG_CALLS)
def test_other_threads_go_on_during_a_long_call(name):
    WIDE.forward(ROWS)
    assert share_held(LONG_CALLS[name], 0.5) < 0.5


@pytest.mark.uninstrumented
def test_interrupts_do_not_leave_a_limit():
    wanted = wb.get_num_threads()
    draw = np.random.default_rng(0)
    for _ in range(5000):
        with (
            contextlib.suppress(KeyboardInterrupt),
            interrupt_after(draw.uniform(1e-6, 2e-5)),
        ):
            for _ in range(50):
                with wb.num_threads(1):
                    pass
        assert wb.get_num_threads() == wanted


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"OMP_NUM_THREADS": "1"}, 1),
        ({"OMP_NUM_THREADS": " 1 , 4"}, 1),
        ({"OMP_NUM_THREADS": "1,2,3"}, 1),
        ({"OMP_NUM_THREADS": "1", "WBCORE_NUM_THREADS": "3"}, 3),
        ({"OMP_NUM_THREADS": "1", "WBCORE_NUM_THREADS": ""}, 1),
        ({"OMP_NUM_THREADS": "100000"}, None),  # no more than there are processors
        ({"OMP_NUM_THREADS": "99999999999999999999999"}, None),  # and nonsense is passed over
        ({"OMP_NUM_THREADS": ""}, None),
        ({"OMP_NUM_THREADS": "0"}, None),
        ({"OMP_NUM_THREADS": "-1"}, None),
        ({"OMP_NUM_THREADS": "1.5"}, None),
        ({"OMP_NUM_THREADS": "1 2"}, None),
        ({"OMP_NUM_THREADS": "one"}, None),
        ({"OMP_NUM_THREADS": ",1"}, None),
    ],
)
def test_the_variable_of_openmp(values, expected):
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    program = "import os, wbcore as wb; print(wb.get_num_threads(), len(os.sched_getaffinity(0)))"

    def limit(more):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout.split()[0])

    assert limit(values) == (limit({}) if expected is None else expected)


@pytest.mark.parametrize("batch_size", [64, 70])
def test_a_fit_that_times_its_threads_has_the_same_bits(batch_size):
    """Enough batches, and enough work in each, for a round of trials and another one."""
    data = np.random.default_rng(0).standard_normal((520, 120)).astype(np.float32)
    labels = np.arange(520) % 4
    nets = []
    for n_threads in (None, 1, 3):
        net = wb.Network.mlp([120, 160, 4], seed=0)
        options = {"loss": "cross_entropy", "optimizer": "adam(0.001)", "metrics": ["accuracy"]}
        with wb.num_threads(4):
            net.fit(data, labels, epochs=60, batch_size=batch_size, n_threads=n_threads, **options)
        nets.append(net)
    for other in nets[1:]:
        assert other == nets[0]
        assert other.history == nets[0].history
