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


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def least(event):
    """So many places there are at least in whatever is worth the test."""
    tells = sys.version_info[:2] != (3, 12)  # which reports no instructions to such a function
    return 40 if event == "line" else 200 * tells
