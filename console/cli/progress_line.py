"""Long commands: one line of progress on stderr, and Ctrl+C that lets them take back what they began."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from console.store.care.progress import Progress

REDRAW_SECONDS = 0.1
REPORT_SECONDS = 5.0
"""Where stderr is no terminal a line is written at most so often."""


class ProgressLine:
    """Rewrites one line of a terminal, or writes a line now and then into a file."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._not_before = 0.0
        self._drawn = False
        self._text = ""
        self.interrupted = False

    def show(self, text: str, done: int, total: int) -> None:
        """Say what is being done and how far it is."""
        now = time.monotonic()
        if now < self._not_before:
            return
        line = f"{text}  {100 * done // total} %" if total else text
        if self._terminal:
            self._not_before = now + REDRAW_SECONDS
            sys.stderr.write(f"\r\033[K{line}")
            self._drawn = True
        elif text != self._text:
            self._not_before = now + REPORT_SECONDS
            sys.stderr.write(f"{line}\n")
        self._text = text
        sys.stderr.flush()

    def clear(self) -> None:
        """Leave an empty line for what comes next."""
        if self._drawn:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self._drawn = False

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """SIGINT or SIGTERM: the work ends at its next step."""
        self.interrupted = True


@contextmanager
def progress_line() -> Iterator[Progress]:
    """Progress of the work inside, which raises `Cancelled` when the user has had enough."""
    line = ProgressLine()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, line.interrupt) for number in numbers}
    try:
        yield Progress(line.show, lambda: line.interrupted)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        line.clear()
