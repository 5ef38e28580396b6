"""Composition root of the collector: builds the parts of one site folder, wires them, runs them. No Qt."""

from collections.abc import Callable
from pathlib import Path


async def run_site(
    folder: Path,
    *,
    poll: bool = True,
    duration: float | None = None,
    on_ready: Callable[[], None] | None = None,
) -> None:
    """Collect one site folder until told to stop, or for `duration` seconds."""
    raise NotImplementedError
