"""Files written whole or not at all: what fails, stops or kills the writer leaves the old file."""

import errno
import fcntl
import gc
import itertools
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from interrupts import descriptors, interrupt_at, least

from wbcore.io import atomic

OLD, NEW = b"old" * 1000, b"new" * 70_000


def unsupported(*_, **__):
    raise OSError(errno.EOPNOTSUPP, "Operation not supported")


@pytest.fixture(params=["nameless", "named", "without links"])
def way(request, monkeypatch):
    """Each of the ways to a file: the usual one, and those of systems that lack something."""
    if request.param == "named":
        monkeypatch.setattr(atomic, "_nameless", lambda _: None)
    if request.param == "without links":
        monkeypatch.setattr(os, "link", unsupported)
    return request.param


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def write(path, content=NEW, **options):
    with atomic.replacing(path, **options) as file:
        for start in range(0, len(content), 1000):
            file.write(content[start : start + 1000])


def others(path):
    return sorted(entry.name for entry in path.parent.iterdir() if entry != path)


def temporary(path, system=None):
    return path.with_name(f".wbcore-{system or atomic._system()}-{'0' * 16}.tmp")


@pytest.mark.usefixtures("way")
def test_new_and_replaced(path):
    for content in (OLD, NEW, b""):
        write(path, content)
        assert path.read_bytes() == content
        assert others(path) == []


def test_the_usual_way_is_without_a_name(path):
    with atomic.replacing(path) as file:
        file.write(NEW)
        assert list(path.parent.iterdir()) == []
    write(path, OLD)
    with atomic.replacing(path) as file:
        file.write(NEW)
        assert others(path) == []


@pytest.mark.usefixtures("way")
def test_permissions(path):
    old = os.umask(0o027)
    try:
        write(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


@pytest.mark.usefixtures("way")
def test_links_are_followed(path, tmp_path):
    (tmp_path / "folder").mkdir()
    path.symlink_to(tmp_path / "folder" / "real")
    for content in (OLD, NEW):  # a link to nothing yet, then to a file
        write(path, content)
        assert path.is_symlink()
        assert (tmp_path / "folder" / "real").read_bytes() == content


def test_content_is_on_the_disk_before_the_name_and_the_name_after(path, way, monkeypatch):
    calls = []

    def watch(name, function):
        def watched(*arguments, **options):
            calls.append(name(arguments))
            return function(*arguments, **options)

        monkeypatch.setattr(os, function.__name__, watched)

    watch(lambda got: "folder" if stat.S_ISDIR(os.fstat(got[0]).st_mode) else "file", os.fsync)
    watch(lambda _: "rename", os.replace)
    if way != "without links":
        watch(lambda _: "link", os.link)
    write(path)
    first = calls.copy()
    calls.clear()
    write(path)
    expected = {
        "nameless": (["file", "link", "folder"], ["file", "link", "link", "rename", "folder"]),
        "named": (["file", "rename", "folder"],) * 2,
        "without links": (["file", "file", "rename", "folder"],) * 2,
    }
    assert (first, calls) == expected[way]


# What fails


class StoppedError(Exception):
    pass


def fail_with(error, path):
    with atomic.replacing(path) as file:
        file.write(NEW)
        raise error


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("there", [True, False])
def test_an_error_of_the_block_leaves_what_was_there(path, there):
    if there:
        path.write_bytes(OLD)
    for error in (StoppedError, KeyboardInterrupt, SystemExit):
        with pytest.raises(error):
            fail_with(error, path)
    assert path.exists() == there
    assert not there or path.read_bytes() == OLD
    assert others(path) == []


@pytest.mark.usefixtures("way")
def test_a_writer_that_is_dropped_leaves_nothing(path):
    path.write_bytes(OLD)
    writer = atomic.replacing(path)
    writer.__enter__().write(NEW)
    del writer
    gc.collect()
    assert path.read_bytes() == OLD
    assert others(path) == []


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_an_error_of_the_system_names_the_users_file(path, function, monkeypatch):
    path.write_bytes(OLD)

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, function, fail)
    message = r"\[store\] expected to write the file, got: No space left on device: '.*/file'$"
    with pytest.raises(OSError, match=message) as caught:
        write(path, operation="store")
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(path)
    assert path.read_bytes() == OLD
    assert others(path) == []


def test_an_error_about_another_file_is_left_as_it_is(path, tmp_path):
    with pytest.raises(FileNotFoundError) as caught, atomic.replacing(path):
        (tmp_path / "none").read_text()
    assert caught.value.filename == str(tmp_path / "none")


@pytest.mark.uninstrumented
@pytest.mark.parametrize("buffered", [True, False])
def test_a_file_that_may_grow_no_further(path, buffered):
    path.write_bytes(OLD)
    program = f"""
import os, resource, sys
from wbcore.io.atomic import replacing
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    with replacing(sys.argv[1]) as file:
        file.write(bytes({10_001 if buffered else 10**6}))
except OSError as error:
    print(error)
print(len(os.listdir("/proc/self/fd")))
"""
    run = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    message = f"[Errno 27] [save] expected to write the file, got: File too large: '{path}'"
    assert run.stdout.splitlines()[0] == message
    assert path.read_bytes() == OLD
    assert others(path) == []


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("x" * 256, errno.ENAMETOOLONG, r"\[save\] expected to write the file, got: File name too"),
        ("none/file", errno.ENOENT, r"\[save\] expected a folder that is there, got .*/none: "),
        ("plain/file", errno.ENOTDIR, r"\[save\] expected to write the file, got: Not a directory"),
        ("circle", errno.ELOOP, r"\[save\] expected to write the file, got: Too many levels"),
        ("folder", errno.EISDIR, r"\[save\] expected a file or a new name, got a folder or device"),
        ("pipe", errno.EINVAL, r"\[save\] expected a file or a new name, got a folder or device"),
    ],
)
def test_paths_that_are_refused(tmp_path, name, error, message):
    (tmp_path / "plain").write_bytes(OLD)
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    for attempt in (write, lambda path: atomic.target_of(path, "save")):
        with pytest.raises(OSError, match=message) as caught:
            attempt(tmp_path / name)
        assert caught.value.errno == error
        assert caught.value.filename == str(tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before


def test_longest_name(tmp_path):
    write(tmp_path / ("x" * 255))
    assert (tmp_path / ("x" * 255)).read_bytes() == NEW


@pytest.mark.parametrize(("refused", "what"), [("file", "file"), ("", "folder, got .*")])
def test_what_is_read_only_is_refused(path, tmp_path, refused, what, monkeypatch):
    path.write_bytes(OLD)
    forbidden = tmp_path / refused  # root may write everywhere
    monkeypatch.setattr(os, "access", lambda name, _: str(name) != str(forbidden))
    with pytest.raises(PermissionError, match=rf"\[save\] expected a writable {what}: '.*/file'$"):
        write(path)
    assert path.read_bytes() == OLD


# What is interrupted


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of files closed since nobody has them
@pytest.mark.uninstrumented
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("event", ["line", "opcode"])
def test_interrupt_at_every_place(path, event, there):
    """More than signals can do, which Python looks for at some instructions only."""
    before = descriptors()
    for n in itertools.count(1):
        path.unlink(missing_ok=True)
        if there:
            path.write_bytes(OLD)
        interrupted = False
        try:
            with interrupt_at(n, event, {atomic.__file__}) as counted:
                write(path, NEW[:3000])
        except KeyboardInterrupt:
            interrupted = True
        assert others(path) == [], n
        assert descriptors() == before, n
        if path.exists() or there:
            assert path.read_bytes() in (OLD, NEW[:3000]), n
        if counted[0] < n:
            break
    assert not interrupted
    assert n > least(event)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of files closed since nobody has them
@pytest.mark.uninstrumented
@pytest.mark.usefixtures("way")
def test_signals_at_random_moments(path):
    def interrupt(*_):
        raise KeyboardInterrupt

    path.write_bytes(OLD)
    write(path, OLD)
    before, draw, interrupted = descriptors(), random.Random(0), 0
    turns, longest, ends = 0, 2e-3, time.monotonic() + 60
    handler = signal.signal(signal.SIGALRM, interrupt)
    try:
        while turns < 400 or (interrupted <= 40 and time.monotonic() < ends):
            turns += 1
            try:
                signal.setitimer(signal.ITIMER_REAL, draw.uniform(1e-6, longest))
                write(path, NEW)
                signal.setitimer(signal.ITIMER_REAL, 0)
                longest = max(0.9 * longest, 1e-5)  # about as long as a write takes
            except KeyboardInterrupt:
                interrupted += 1
                longest = min(1.1 * longest, 2e-3)
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert path.read_bytes() in (OLD, NEW)
            assert others(path) == []
            assert descriptors() == before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert interrupted > 40


# What is killed

KILLS = """
import os, random, signal, sys, time
from wbcore.io import atomic

path, kills, named = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "named"
if named:
    atomic._nameless = lambda _: None
contents = [bytes([k]) * 300_000 for k in range(2)]
folder, draw = os.path.dirname(path), random.Random(0)
left = broken = turns = 0
ends = time.monotonic() + 60
while turns < kills or (named and not left and time.monotonic() < ends):
    turns += 1
    writes, written = os.pipe()
    child = os.fork()
    if child == 0:
        while True:
            for content in contents:
                with atomic.replacing(path) as file:
                    file.write(content)
                os.write(written, b"w")
    os.close(written)
    os.read(writes, 1)  # it is at work
    time.sleep(draw.uniform(0.001, 0.01))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(writes)
    left += len(os.listdir(folder)) > 1
    with open(path, "rb") as file:
        broken += file.read() not in contents
with atomic.replacing(path) as file:
    file.write(contents[0])
print(left, broken, len(os.listdir(folder)))
"""


@pytest.mark.uninstrumented
@pytest.mark.parametrize("way", ["nameless", "named"])
def test_kills_at_random_moments(path, way):
    write(path, b"\0" * 300_000)
    run = subprocess.run(
        [sys.executable, "-c", KILLS, path, "60", way], capture_output=True, text=True
    )
    left, broken, files = map(int, run.stdout.split())
    assert broken == 0
    assert files == 1  # the next writer has removed what was left
    # Without O_TMPFILE most are in the middle; with it that is rare, between two names.
    assert way == "nameless" or left > 0


@pytest.mark.uninstrumented
@pytest.mark.parametrize("before", ["os.replace", "os.fsync", "os.link"])
def test_kill_at_a_call_of_the_system(path, before):
    path.write_bytes(OLD)
    program = f"""
import os, signal, sys
from wbcore.io.atomic import replacing
{before} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
with replacing(sys.argv[1]) as file:
    file.write(b"new")
"""
    run = subprocess.run([sys.executable, "-c", program, path])
    assert run.returncode == -signal.SIGKILL
    assert path.read_bytes() == OLD
    assert len(others(path)) == (before == "os.replace")
    write(path)
    assert others(path) == []


# What was left


@pytest.mark.parametrize(
    ("system", "days", "stays"),
    [(None, 0, False), ("12345678", 0, True), ("12345678", 2, False), ("00000000", 0, True)],
)
def test_leftovers(path, system, days, stays):
    left = temporary(path, system)
    left.write_bytes(b"part")
    then = time.time() - days * 86400
    os.utime(left, (then, then))
    write(path)
    assert left.exists() == stays


def test_a_system_that_has_no_name_cannot_vouch_for_its_writers(path, monkeypatch):
    monkeypatch.setattr(atomic, "_system", lambda: atomic._UNKNOWN)
    left = temporary(path)
    left.write_bytes(b"part")
    write(path)
    assert left.exists()


@pytest.mark.parametrize("days", [0, 2])
def test_what_has_a_living_writer_is_no_leftover(path, days):
    left = temporary(path)
    with left.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        then = time.time() - days * 86400
        os.utime(left, (then, then))
        write(path)
        assert left.exists()
    write(path)
    assert not left.exists()


def test_writers_hold_a_lock_as_long_as_there_is_a_name(path, way, monkeypatch):
    path.write_bytes(OLD)
    replace, seen = os.replace, []

    def watched(source, target):
        with Path(source).open("rb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        seen.append(way)
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    write(path)
    assert seen == [way]


def test_a_name_that_is_taken_for_a_leftover_before_it_is_locked(path, monkeypatch):
    monkeypatch.setattr(atomic, "_nameless", lambda _: None)
    lock, times = atomic._lock, []

    def late(file):
        if not times:
            atomic._remove_leftovers(path.parent)
            assert list(path.parent.iterdir()) == []
        times.append(file)
        lock(file)

    monkeypatch.setattr(atomic, "_lock", late)
    write(path)
    assert len(times) == 2
    assert path.read_bytes() == NEW
    assert others(path) == []


def test_other_things_of_such_a_name(path, tmp_path):
    (tmp_path / "precious").write_bytes(OLD)
    names = [f".wbcore-{atomic._system()}-{digit * 16}.tmp" for digit in "123"]
    (tmp_path / names[0]).symlink_to(tmp_path / "precious")
    os.mkfifo(tmp_path / names[1])
    (tmp_path / names[2]).mkdir()
    names += [f".wbcore-{'1' * 16}.tmp", f"wbcore-{atomic._system()}-{'0' * 16}.tmp"]
    for name in names[3:]:
        (tmp_path / name).touch()
    before = descriptors()
    write(path)
    assert descriptors() == before
    assert others(path) == sorted([*names, "precious"])


@pytest.mark.usefixtures("way")
def test_many_writers_in_one_folder(tmp_path):
    contents = {name: [bytes([k]) * 50_000 for k in range(3)] for name in ("one", "two")}
    barrier = threading.Barrier(4)

    def work(worker):
        name = ("one", "two")[worker % 2]
        barrier.wait()
        for turn in range(40):
            write(tmp_path / name, contents[name][turn % 3])
            assert (tmp_path / name).read_bytes() in contents[name]

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, worker) for worker in range(4)]:
            done.result()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["one", "two"]
