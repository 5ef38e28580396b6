"""What readers do about damaged blobs: they go on without them, and say so once."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from console.store.history.codec import CorruptBlob

Complain: TypeAlias = Callable[[str, CorruptBlob], None]
"""Told which blob is damaged, and how; it may raise."""

_log = logging.getLogger(__name__)


class Damage:
    """Which blobs were found damaged. Each is logged once; when strict, the first one is raised."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._seen: set[str] = set()

    def of(self, file: str) -> Complain:
        """What to tell about a blob of a file."""
        return partial(self._note, file)

    def _note(self, file: str, what: str, error: CorruptBlob) -> None:
        if self._strict:
            raise error
        text = f"{file}: {what}: {error}"
        if text not in self._seen:
            self._seen.add(text)
            _log.error("History is damaged and is read without the damaged part: %s", text)
