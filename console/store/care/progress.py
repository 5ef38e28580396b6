"""How long work reports where it is, and how it is called off."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

_INSTRUCTIONS = 100_000
"""SQLite's own instructions between two looks at whether the work was called off: some milliseconds."""


class Cancelled(Exception):
    """The work was called off; what was begun has been taken back."""


def _say_nothing(_text: str, _done: int, _total: int) -> None:
    pass


def _go_on() -> bool:
    return False


class Progress:
    """Told about steps; asks whether to go on. Used from the one thread that does the work.

    Args:
        show: Called with what is being done and how far it is (done of total, total 0 when not known).
        cancelled: Whether somebody called the work off.
    """

    def __init__(
        self, show: Callable[[str, int, int], None] = _say_nothing, cancelled: Callable[[], bool] = _go_on
    ) -> None:
        self._show = show
        self._cancelled = cancelled

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say where the work is; raises `Cancelled` when it was called off."""
        if self._cancelled():
            raise Cancelled(f"called off while {text}")
        self._show(text, done, total)

    @contextmanager
    def watching(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Let a long statement inside end early when the work is called off: it raises `Cancelled`."""
        connection.set_progress_handler(lambda: int(self._cancelled()), _INSTRUCTIONS)
        try:
            yield
        except (sqlite3.OperationalError, DBAPIError) as error:
            if self._cancelled():
                raise Cancelled(str(error)) from error
            raise
        finally:
            connection.set_progress_handler(None, 0)
