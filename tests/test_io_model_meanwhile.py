"""Model files that change while they are read, memory, descriptors, Ctrl-C anywhere."""

import itertools
import os
import subprocess
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest
from interrupts import descriptors, interrupt_at, least
from saved import left_over, network, saved_again

import wbcore as wb
from wbcore import loading
from wbcore.io import _safetensors, atomic, container, model, saving


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def after_header(monkeypatch, change):
    """Have something done to the file between its header and its data."""
    read_data = _safetensors.read_data

    def changed(path, file, header):
        change()
        return read_data(path, file, header)

    monkeypatch.setattr(_safetensors, "read_data", changed)


def rewritten(path, content):
    def change():
        with path.open("r+b") as file:
            file.write(content)
            file.truncate()

    return change


def test_the_network_is_made_of_the_bytes_that_were_checked(path, monkeypatch):
    network().save(path)
    of_structure = wb.Network._of_structure

    def late(*arguments):
        path.write_bytes(b"something else")  # in place: a mapping would show it, or die of it
        return of_structure(*arguments)

    monkeypatch.setattr(wb.Network, "_of_structure", late)
    assert wb.load(path) == network()


@pytest.mark.usefixtures("no_network")
def test_rewritten_between_header_and_data(path, monkeypatch):
    net = network(widths=(100, 100, 2))  # more than is read at once with the header
    net.save(path)
    before = path.read_bytes()
    net.parameters[:] = 7
    net.save(path)
    content = path.read_bytes()
    path.write_bytes(before)
    after_header(monkeypatch, rewritten(path, content))
    with pytest.raises(wb.ModelFileError, match="got another sha256"):
        wb.load(path)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw[:-1], "was cut short while it was read"),
        (lambda _: b"", "was cut short while it was read"),
        (lambda raw: raw + b"0", "grew while it was read"),
        (lambda raw: raw + bytes(10**6), "grew while it was read"),
    ],
)
def test_cut_or_grown_while_it_is_read(path, monkeypatch, change, message):
    net = network(widths=(100, 100, 2))
    net.save(path)
    after_header(monkeypatch, rewritten(path, change(path.read_bytes())))
    with pytest.raises(wb.ModelFileError, match=rf"\[load\] .*damaged \(it {message}\)"):
        wb.load(path)


REWRITER = """
import sys
old, new = (open(name, "rb").read() for name in sys.argv[2:])
print("ready", flush=True)
while True:
    for content in (old, new):
        with open(sys.argv[1], "r+b") as file:
            file.write(content)
            file.truncate()
"""


def outcome(path, nets):
    try:
        net = wb.load(path)
    except wb.ModelFileError:
        return "refused"
    assert net in nets
    return "old" if net == nets[0] else "new"


@pytest.mark.uninstrumented
def test_loads_while_another_process_rewrites_the_file_in_place(path, tmp_path):
    nets = [network(widths=(200, 300, 2)), network(widths=(200, 300, 3))]
    names = [tmp_path / "old", tmp_path / "new"]
    for net, name in zip(nets, names, strict=True):
        net.save(name)
    path.write_bytes(names[0].read_bytes())
    results = {"old": 0, "new": 0, "refused": 0}
    command = [sys.executable, "-c", REWRITER, path, *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        ends = time.monotonic() + 60
        try:
            while sum(results.values()) < 300 or not (
                results["refused"] or time.monotonic() > ends
            ):
                results[outcome(path, nets)] += 1
        finally:
            process.kill()
    assert results["refused"] > 0, results


def test_saved_while_another_thread_trains(path):
    net = wb.Network.mlp([50, 100, 3], seed=0)
    X = np.random.default_rng(0).random((64, 50), np.float32)
    over = threading.Event()

    class Until:
        seconds_between_batches = 0.01  # so the core trains many epochs without Python

        def after_batch(self, run):
            return over.is_set()

    options = {"loss": "mse", "epochs": 10**9, "batch_size": 8, "callbacks": [Until()]}
    thread = threading.Thread(target=net.fit, args=(X, X[:, :3]), kwargs=options)
    seen, saved, ends = {net.parameters.tobytes()}, 0, time.monotonic() + 60
    thread.start()
    try:
        while saved < 10 or (len(seen) < 3 and time.monotonic() < ends):
            parameters = saved_again(net, path).parameters
            assert np.isfinite(parameters).all()
            seen.add(parameters.tobytes())
            saved += 1
        assert thread.is_alive()
    finally:
        over.set()
        thread.join()
    assert len(seen) > 2, "the network was trained between two saves"
    assert saved_again(net, path) == net


def test_no_memory_for_the_data(path, monkeypatch):
    network().save(path)

    def refuse(*_):
        raise MemoryError

    monkeypatch.setattr(np, "empty", refuse)
    with pytest.raises(wb.ModelFileError, match=r"expected a file that fits the memory, got 92 "):
        wb.load(path)


@pytest.mark.uninstrumented
def test_memory_of_save_and_load(path):
    net = network(widths=(1000, 1000, 2))
    for function in (lambda: net.save(path), lambda: wb.load(path)):
        function()  # what it imports
        tracemalloc.start()
        try:
            function()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        # NumPy's arrays are traced, the network's own buffer is not: one copy of the parameters.
        assert net.parameters.nbytes < peak < 1.2 * net.parameters.nbytes


def test_one_descriptor_and_none_is_left(path, monkeypatch):
    network().save(path)
    opened, os_open = [], os.open
    monkeypatch.setattr(os, "open", lambda *got: opened.append(got[0]) or os_open(*got))
    before = descriptors()
    wb.load(path)
    assert opened == [str(path)]
    path.write_bytes(b"no model")
    with pytest.raises(wb.ModelFileError):
        wb.load(path)
    assert descriptors() == before


def test_file_that_becomes_a_pipe_is_not_waited_for(path, monkeypatch):
    network().save(path)
    os_stat, pipe = os.stat, path.with_name("pipe")
    os.mkfifo(pipe)
    monkeypatch.setattr(
        os, "stat", lambda name, **o: os_stat(path if name == str(pipe) else name, **o)
    )
    with pytest.raises(wb.ModelFileError, match="got a device or pipe"):
        wb.load(pipe)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of files closed since nobody has them
@pytest.mark.uninstrumented
@pytest.mark.parametrize(("event", "step"), [("line", 1), ("opcode", 7)])
@pytest.mark.parametrize("operation", ["save", "load"])
def test_interrupt_anywhere(path, operation, event, step):
    old, new = network(widths=(1, 1)), network(widths=(2, 1))
    old.save(path)
    modules = (_safetensors, atomic, container, loading, model, saving)
    files = {module.__file__ for module in modules}
    before = descriptors()
    for n in itertools.count(1, step):
        interrupted = False
        try:
            with interrupt_at(n, event, files) as counted:
                new.save(path) if operation == "save" else wb.load(path)
        except KeyboardInterrupt:
            interrupted = True
        assert descriptors() == before, n
        assert left_over(path) == []
        assert wb.load(path) in (old, new)
        if counted[0] < n:
            break
        old.save(path)
    assert not interrupted
    assert n > least(event)
