"""Looks after a folder while its collector runs: room on the disk every second, retention once a day."""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from console.services.ports import StoreBusy, StoreFull
from console.store.care.ballast import Ballast
from console.store.care.policy import Policy
from console.store.care.progress import Cancelled, Progress
from console.store.care.retention import Due, Freed, Kept, due_files, give_up
from console.store.care.settings import policy_of
from console.store.engine import StoreError
from console.store.history.historian import Historian

FIRST_SECONDS = 20.0
"""Retention waits this long after the start, when there is much else to do."""

EVERY_SECONDS = 86_400.0

CATCH_UP_SECONDS = 30.0
"""What waited in memory is written within this time after the disk has room again."""

log = logging.getLogger(__name__)


class Keeper:
    """Keeps one open site folder.

    Args:
        folder: The folder, which this process has open for writing.
        history: Its history writer.
        record: Keeps in the event log what was done.
        now: UTC seconds.
    """

    def __init__(
        self,
        folder: Path,
        history: Historian,
        record: Callable[[str, Mapping[str, object]], Awaitable[None]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._history = history
        self._record = record
        self._now = now
        self._ballast: Ballast | None = None
        self._deaf_until = 0.0

    async def watch_room(self, *, refused: bool) -> None:
        """Look at the disk; `refused` when it did not take something. History waits in memory while it is full."""
        self._history.hold(await asyncio.to_thread(self._look, refused=refused))

    def _look(self, *, refused: bool) -> str:
        if self._ballast is None:
            self._ballast = Ballast(self._folder)
        was_full = bool(self._ballast.refusal)
        # What waited takes a while to be written: until then the refusal that was heard is the one of before.
        refusal = self._ballast.look(refused=refused and time.monotonic() >= self._deaf_until)
        if was_full and not refusal:
            self._deaf_until = time.monotonic() + CATCH_UP_SECONDS
        return refusal

    async def give_way(self) -> None:
        """At the end: what waits in memory gets the reserve's room, and is written when the store closes."""
        if self._history.waiting.sweeps:
            self._deaf_until = 0.0
            await asyncio.to_thread(self._look, refused=True)

    async def run(self) -> None:
        """Apply retention soon and then every day, until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.retain()
            except (StoreError, StoreFull, OSError) as error:
                log.warning("retention could not look at %s: %s", self._folder, error)
            await asyncio.sleep(EVERY_SECONDS)

    async def retain(self) -> Sequence[Freed | Kept]:
        """Delete what the folder's policy gives up now; each file by itself, while all others are written on.

        Raises:
            StoreError: A file cannot be read.
        """
        policy: Policy = await asyncio.to_thread(policy_of, self._folder)
        due = await asyncio.to_thread(due_files, self._folder, policy, self._now())
        done: list[Freed | Kept] = [await self._give_up(one) for one in due]
        freed = [one for one in done if isinstance(one, Freed)]
        if freed:
            body = {"policy": asdict(policy), "freed": [asdict(one) for one in freed]}
            await self._record("retention", body)
        return done

    async def _give_up(self, due: Due) -> Freed | Kept:
        log.info("retention gives up %s of %s", ", ".join(due.levels) or "all", due.path.stem)
        try:
            async with self._history.resting(due.path.stem):
                done = await _in_thread(lambda progress: give_up(due, progress))
        except StoreBusy as error:
            done = Kept(due.path.stem, str(error))
        if isinstance(done, Freed):
            log.info("retention gave back %.1f MB of %s", (done.before - done.after) / 1e6, done.name)
        else:
            log.info("%s stays for now: %s", done.name, done.reason)
        return done


async def _in_thread(work: Callable[[Progress], Freed | Kept]) -> Freed | Kept:
    """Work in a thread that is called off, and waited for, when the caller is cancelled."""
    called_off = threading.Event()
    progress = Progress(cancelled=called_off.is_set)
    task = asyncio.create_task(asyncio.to_thread(work, progress))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        called_off.set()
        await asyncio.wait([task])
        if not task.cancelled() and isinstance(task.exception(), Cancelled):
            log.info("retention was called off; the file is as it was")
        raise
