"""What the user sees while set-up works: one line a step, with a counter where the end is known."""

import sys
import time
from typing import TextIO


class Progress:
    """Prints steps to stderr; on a terminal the counter of a step rewrites its own line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._started = time.monotonic()
        self._open = False

    def step(self, text: str) -> None:
        """Begin a step."""
        self.end()
        self._stream.write("  " + text)
        self._open = True
        self._stream.flush()

    def count(self, text: str, done: int, total: int) -> None:
        """Show how far the current step is; silent where the output is no terminal, to keep logs short."""
        if self._stream.isatty():
            filled = 24 * min(done, total) // max(total, 1)
            self._stream.write(
                "\r\033[K  {} [{}{}] {} of {}".format(text, "#" * filled, "." * (24 - filled), done, total)
            )
            self._stream.flush()

    def end(self, note: str = "") -> None:
        """Close the current step."""
        if self._open:
            self._stream.write((" " + note if note else "") + "\n")
            self._open = False
            self._stream.flush()

    def say(self, text: str) -> None:
        """A sentence of its own."""
        self.end()
        self._stream.write(text + "\n")
        self._stream.flush()

    def seconds(self) -> float:
        """Since set-up began."""
        return time.monotonic() - self._started
