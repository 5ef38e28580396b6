"""Logging: to stderr for people, to a rotating file for later, and never a secret in either."""

import logging
import logging.handlers
import sys
import time
from pathlib import Path

from console.support.plain_text import visible, visible_lines

FILE_BYTES = 5 * 1024 * 1024
FILES_KEPT = 3
FORM = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
MASK = "***"


class Redactor(logging.Filter):
    """Replaces secrets in what is logged, exceptions included.

    Every program has one; whoever reads a secret from the keyring tells it at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._secrets: set[str] = set()

    def keep_out(self, secret: str) -> None:
        """Never let this text reach a log. Texts of fewer than four characters would mask ordinary words."""
        if len(secret) >= 4:
            self._secrets.add(secret)

    def clean(self, text: str) -> str:
        """The text with every secret masked."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Fill the arguments in and mask; the record always passes."""
        if self._secrets:
            record.msg, record.args = self.clean(record.getMessage()), ()
            if record.exc_info and not record.exc_text:
                record.exc_text = self.clean(logging.Formatter().formatException(record.exc_info))
        return True


class OneLine(logging.Formatter):
    """Writes a message on one line whatever names it holds; a traceback of ours keeps its lines."""

    converter = staticmethod(time.gmtime)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """The line without its traceback."""
        record.message = visible(record.message)
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        """The line and its traceback, whose last line may quote anything."""
        return visible_lines(super().format(record))


redactor = Redactor()
"""The one of this process."""


def set_up(level: int = logging.INFO, *, file: Path | None = None, stream: bool = True) -> None:
    """Send the log to stderr, to a rotating file, or both; what was set up before is replaced. Times are UTC."""
    form = OneLine(FORM, "%Y-%m-%dT%H:%M:%SZ")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)] if stream else []
    if file is not None:
        handlers.append(
            logging.handlers.RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
        )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.setFormatter(form)
        handler.addFilter(redactor)
        root.addHandler(handler)
    root.setLevel(level)
    for chatty in ("asyncio", "aiosqlite", "pymodbus", "pysnmp"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))


def last_lines(file: Path, count: int = 12) -> str:
    """The end of a log file, for an error message; empty when there is none."""
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - 16_384))
            text = opened.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])
