"""Ctrl-C while there is something to lose: the first one asks for the end, others wait."""

import signal
import threading
from types import FrameType, TracebackType

__all__ = ["Interrupts"]


class Interrupts:
    """Hold back Ctrl-C until the result of a training is saved.

    Within the block none raises KeyboardInterrupt. The first one asks for the end of the training,
    unless :meth:`defer` has said that it has come; all others are counted, as in ``held_back``.

    Examples
    --------
    >>> with Interrupts() as interrupts:
    ...     signal.raise_signal(signal.SIGINT)
    ...     interrupts.defer()  # the training is over
    ...     signal.raise_signal(signal.SIGINT)
    >>> interrupts.asked, interrupts.held_back
    (True, 1)
    """

    def __init__(self) -> None:
        self.asked = False
        self.held_back = 0
        self._deferring = False
        self._before: object = None

    def defer(self) -> None:
        """Hold back the first Ctrl-C too, from here on."""
        self._deferring = True

    def __enter__(self) -> "Interrupts":  # noqa: PYI034, Self came with Python 3.11
        # A process started in the background ignores Ctrl-C and goes on doing so. Handlers belong
        # to the main thread.
        if (
            signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, None)
            and threading.current_thread() is threading.main_thread()
        ):
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            # whatever `signal.signal` gave before, it takes back
            signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]

    def _handle(self, _signal: int, _frame: FrameType | None) -> None:
        if self._deferring:
            self.held_back += 1
        self.asked = self.asked or not self._deferring
        self._deferring = True
