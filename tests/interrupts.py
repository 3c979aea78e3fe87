"""Ctrl-C at every place of some code, and what it may leave open."""

import contextlib
import sys
from pathlib import Path


@contextlib.contextmanager
def interrupt_at(n, event_wanted, files):
    """KeyboardInterrupt at the n-th line or instruction in these files; yields what was counted."""
    counted = [0]

    def local(_, event, __):
        if event == event_wanted:
            counted[0] += 1
            if counted[0] == n:
                raise KeyboardInterrupt
        return local

    def trace(frame, *_):
        if frame.f_code.co_filename not in files:
            return None
        frame.f_trace_opcodes = event_wanted == "opcode"
        frame.f_trace_lines = event_wanted == "line"
        return local

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield counted
    finally:
        sys.settrace(before)


def confined(function, *arguments):
    """Calls a function so that no exception stays the current one of the thread.

    Where a trace function raises while the interpreter is about to leave an except clause, or a
    with that suppresses, the exception handled there is never put away: it would be the context of
    every later error, also of other tests. A generator has a current exception of its own.
    """

    def run():
        yield function(*arguments)

    return next(run())


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def least(event):
    """So many places there are at least in whatever is worth the test."""
    tells = sys.version_info[:2] != (3, 12)  # which reports no instructions to such a function
    return 40 if event == "line" else 200 * tells
