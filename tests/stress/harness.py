"""What stress and fuzz programs share: a command line, rounds drawn from a seed, a line of counts.

A program is a set of cases; a round is one call of one of them, with draws that depend on the seed
and the round's number alone. Rounds run in a process of their own, which is watched: where it dies
of a signal, exits or stops moving, that is the failure of the round it was in, and the next round
gets a new process. Files and processes that a round leaves behind go with it.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import hashlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import FrameType

# A round takes milliseconds to some seconds; what takes this long on a busy machine hangs.
STILL_SECONDS = 120

_SHOWN = 3  # failures of one case that are printed in full
_NOTE_SECONDS = 0.2  # counts are written down this often: what a crash can lose
_scratch: Path | None = None
_PLACE = struct.Struct("<q")


@contextlib.contextmanager
def interrupt_after(seconds: float) -> Iterator[None]:
    """KeyboardInterrupt in the body after a while, from a timer's signal; never after the with.

    A signal that meets the end of the body is raised there: the except clause stands around the
    with, not in it.
    """
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)


def still_seconds(place: bytes) -> float:
    """How long a process may stay at a place; the test of this file has a place of its own."""
    return STILL_SECONDS


class Round:
    """One call of a case."""

    def __init__(self, seed: int, number: int, counts: Counter[str]) -> None:
        self.number = number
        self.draw = random.Random(f"{seed}-{number}")
        self.count = lambda name, n=1: counts.update({name: n})

    @cached_property
    def folder(self) -> Path:
        """An empty folder of the round's own."""
        return Path(tempfile.mkdtemp(prefix="round-"))

    @property
    def scratch(self) -> Path:
        """A folder that stays for the rounds to come: for files that each round writes anew."""
        global _scratch  # noqa: PLW0603
        if _scratch is None:
            _scratch = Path(tempfile.mkdtemp(prefix="scratch-"))
        return _scratch

    def end(self) -> None:
        if "folder" in vars(self):
            shutil.rmtree(self.folder)


Case = Callable[[Round], None]


class Forked:
    """A child of os.fork that does one thing, and says how that ended.

    It leaves without the end of an interpreter, and is killed when its body is done.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self._words, words = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                work()
                code = 0
            except BaseException as error:  # noqa: BLE001
                os.write(words, _told(error).encode(errors="replace")[:4000])  # fits any pipe
            finally:
                os._exit(code)
        os.close(words)

    def __enter__(self) -> Forked:  # noqa: PYI034
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        os.close(self._words)

    def kill(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0

    def failure(self, seconds: float = 60) -> str:
        """Waits; an empty text, or what went wrong."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            found, status = os.waitpid(self.pid, os.WNOHANG)
            if found:
                self.pid = 0
                code = os.waitstatus_to_exitcode(status)
                said = os.read(self._words, 4000).decode() if code else ""
                return f"ended with {code}: {said}" if code else ""
            time.sleep(0.003)
        self.kill()
        return f"still ran after {seconds} s"


class _Ticking:
    """A thread that writes down the longest time between two of its steps."""

    def __init__(self) -> None:
        self.over, self.gap, self.last = False, 0.0, time.perf_counter()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.over:
            time.sleep(0.0001)
            now = time.perf_counter()
            self.gap, self.last = max(self.gap, now - self.last), now

    def __enter__(self) -> _Ticking:  # noqa: PYI034
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over = True
        self.thread.join()


def share_held(call: Callable[[], object], enough: float) -> float:
    """The share of a call in which no other Python thread ran, of several calls the best.

    Whoever holds the interpreter's lock all through a call has nearly 1 of each; whoever waited for
    a processor, of one. So it goes on until one has less than is enough, or a minute has passed.
    """
    best, ends = 1.0, time.monotonic() + 60
    while best >= enough and time.monotonic() < ends:
        with _Ticking() as ticking:
            time.sleep(0.002)
            began = time.perf_counter()
            ticking.gap, ticking.last = 0.0, began
            call()
            over = time.perf_counter()
            gap = max(ticking.gap, over - ticking.last)
        best = min(best, gap / (over - began))
    return best


def _remove(folder: Path) -> None:
    """With what processes that have been killed, but not ended yet, still write into it."""
    ends = time.monotonic() + 60
    while folder.exists() and time.monotonic() < ends:
        shutil.rmtree(folder, ignore_errors=True)


def digest(array) -> str:
    """Of the bytes of an array."""
    return hashlib.blake2b(array.tobytes(), digest_size=12).hexdigest()


def require_no_reader() -> None:
    """No thread that reads a source; it may need a moment, and the collection of its windows."""
    ends = time.monotonic() + 60
    while left := sum(_reads(frame) for frame in sys._current_frames().values()):
        gc.collect()
        assert time.monotonic() < ends, f"{left} readers are left"
        time.sleep(0.001)


def _reads(frame: FrameType) -> bool:
    return any(f.f_code.co_filename.endswith("_reader.py") for f, _ in traceback.walk_stack(frame))


def main(cases: Mapping[str, Case], *, short: int, unit: str = "rounds") -> None:
    """Runs the program; `short` is the number of rounds of the form that `make test` runs."""
    program = Path(sys.argv[0])
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("cases", nargs="*", help=f"parts of names; cases: {', '.join(cases)}")
    parser.add_argument("--seconds", type=float, help="how long (default: 60)")
    parser.add_argument("--rounds", type=int, help="how many rounds, instead of how long")
    parser.add_argument("--short", action="store_true", help=f"the same as --rounds {short}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first round")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    chosen = [n for n in cases if not options.cases or any(word in n for word in options.cases)]
    if not chosen:
        parser.error(f"no case has {' or '.join(options.cases)} in its name")
    if options.rounds is None and options.short:
        options.rounds = short
    if options.rounds is None and options.seconds is None:
        options.seconds = 60.0
    if options.inside:
        _inside(Path(options.inside), {name: cases[name] for name in chosen}, options)
    else:
        sys.exit(_Watch(program, chosen, options, unit).run())


# The process that does the rounds


def _inside(notes: Path, cases: Mapping[str, Case], options: argparse.Namespace) -> None:
    faulthandler.enable()
    names, counts, failures = list(cases), Counter(), []
    ends = None if options.seconds is None else time.monotonic() + options.seconds
    place = os.open(notes / "place", os.O_WRONLY | os.O_CREAT)
    noted, number, watch = 0.0, options.first, os.getppid()

    def note(following: int, *, over: bool = False) -> None:
        state = {"next": following, "over": over, "counts": counts, "failures": failures}
        (notes / "new").write_text(json.dumps(state))
        (notes / "new").replace(notes / "state")

    while not (options.rounds is not None and number >= options.first + options.rounds) and not (
        ends is not None and time.monotonic() >= ends
    ):
        if os.getppid() != watch:  # it was killed
            os._exit(1)
        os.pwrite(place, _PLACE.pack(number), 0)
        one = Round(options.seed, number, counts)
        name = names[number % len(names)]
        failed = _failure(cases[name], one)
        if failed:
            failures.append([number, name, failed])
        number += 1
        if failed or time.monotonic() - noted > _NOTE_SECONDS:
            note(number)
            noted = time.monotonic()
    note(number, over=True)
    # Not sys.exit: what an interpreter does at its end is the business of exits.py alone.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _failure(case: Case, one: Round) -> str:
    try:
        case(one)
    except BaseException as error:  # noqa: BLE001
        return _told(error)
    finally:
        one.end()
    return ""


def _told(error: BaseException) -> str:
    """An error with the last place of ours that it came through."""
    where = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in where if Path(frame.filename).parent.name in ("stress", "fuzz")]
    line = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
    return f"{type(error).__name__} at {line}: {error}"


# The process that watches


class _Watch:
    def __init__(
        self, program: Path, chosen: list[str], options: argparse.Namespace, unit: str
    ) -> None:
        self.program, self.chosen, self.options, self.unit = program, chosen, options, unit
        self.counts: Counter[str] = Counter()
        self.failures: list[tuple[int, str, str]] = []
        self.began = time.monotonic()

    def run(self) -> int:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of what cleans up
        number = self.options.first
        home = Path(tempfile.mkdtemp(prefix=f"wbcore-{self.program.stem}-"))
        try:
            while (number := self._process(home, number)) is not None and self._left(number):
                pass
            number = self._done
        finally:
            _remove(home)
        rounds = number - self.options.first
        counts = ", ".join(f"{name} {n}" for name, n in sorted(self.counts.items()))
        print(
            f"{self.program.stem}: {rounds} {self.unit}, {len(self.failures)} failures"
            + (f" ({counts})" if counts else ""),
            flush=True,
        )
        return 1 if self.failures else 0

    def _left(self, number: int) -> bool:
        """Whether there is anything to do after a process that did not come to its end."""
        options = self.options
        if options.rounds is not None:
            return number < options.first + options.rounds
        return time.monotonic() < self.began + options.seconds

    def _process(self, home: Path, first: int) -> int | None:
        """One process from a round on; the round to go on from, or None when it did them all."""
        options = self.options
        notes = Path(tempfile.mkdtemp(dir=home))
        command = [sys.executable, self.program, *options.cases, "--inside", notes]
        command += ["--seed", str(options.seed), "--first", str(first)]
        if options.rounds is not None:
            command += ["--rounds", str(options.first + options.rounds - first)]
        if options.seconds is not None:
            left = self.began + options.seconds - time.monotonic()
            command += ["--seconds", str(left)]
        with (notes / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
                env={**os.environ, "TMPDIR": str(notes)},
            )
        hung = False
        try:
            hung = not self._watch(process, notes / "place")
        finally:
            if hung:  # its traceback, then its end
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGABRT)
                time.sleep(1)
            # Its group, while the process is a zombie that keeps the number from being given again.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return self._read(notes, process.returncode, first, hung=hung)

    def _watch(self, process: subprocess.Popen[bytes], place: Path) -> bool:
        """Waits for the end of a process; False when it stopped moving."""
        last, since = b"", time.monotonic()
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            # In this order: whoever waits between the two for a processor sees a move, not none.
            looked = time.monotonic()
            now = place.read_bytes() if place.exists() else b""
            if now != last:
                last, since = now, looked
            if looked > since + still_seconds(now):
                return False
            time.sleep(0.02)
        return True

    def _read(self, notes: Path, code: int, first: int, *, hung: bool) -> int | None:
        state = {"next": first, "over": False, "counts": {}, "failures": []}
        if (notes / "state").exists():
            state = json.loads((notes / "state").read_text())
        self.counts.update(state["counts"])
        for number, name, message in state["failures"]:
            self._fail(number, name, message)
        if code == 0 and state["over"]:
            self._done = state["next"]
            return None
        place = notes / "place"
        number = _PLACE.unpack(place.read_bytes())[0] if place.exists() else first
        died = f"died of {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
        tail = (notes / "stderr").read_text(errors="replace").strip()
        lines = "\n    ".join(tail.splitlines()[:12])
        what = f"stood still for {STILL_SECONDS} s" if hung else died
        if not place.exists():  # not a round's fault: the program itself does not start
            print(tail, file=sys.stderr)
            sys.exit(f"{self.program.stem}: {died} before the first round")
        self._fail(number, self.chosen[number % len(self.chosen)], f"{what}\n    {lines}")
        self.counts[what.partition("\n")[0]] += 1
        self._done = number + 1
        shutil.rmtree(notes, ignore_errors=True)
        return number + 1

    def _fail(self, number: int, name: str, message: str) -> None:
        self.failures.append((number, name, message))
        if sum(name == other for _, other, _ in self.failures) <= _SHOWN:
            words = " ".join([*self.options.cases, "--seed", str(self.options.seed)])
            print(
                f"{self.program.stem}: {name}: {message}\n"
                f"    again: python {self.program} {words} --first {number} --rounds 1",
                file=sys.stderr,
                flush=True,
            )
