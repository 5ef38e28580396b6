"""How sweeps reach the disk: at once, or after those that a full disk did not take, which wait in memory."""

import logging
from collections.abc import Sequence

from console.services.ports import StoreFull, Waiting
from console.store.history.backlog import Backlog, WaitingSweep
from console.store.history.month import MonthFile, NewText
from console.store.history.month_files import MonthFiles

_log = logging.getLogger(__name__)


class Outbox:
    """Writes sweeps in their order. One task at a time uses it.

    Attributes:
        held: Why nothing is to be written; empty when it is.
    """

    def __init__(self, files: MonthFiles) -> None:
        self.held = ""
        self._files = files
        self._backlog = Backlog()

    @property
    def waiting(self) -> Waiting:
        """What waits in memory; see `Backlog`."""
        return self._backlog.state

    async def write(self, sweeps: Sequence[WaitingSweep], newest: MonthFile, texts: Sequence[NewText]) -> int:
        """Write one sweep, by month, and changed texts of the newest; returns the samples that are durable now.

        Raises:
            StoreFull: The head rows that were not written wait; of the texts none is on record.
        """
        todo = [sweep for sweep in sweeps if sweep.rows]
        if not self.held and not len(self._backlog):
            return await self._write_now(todo, newest, texts)
        for sweep in todo:
            self._backlog.keep(sweep)
        if self.held:
            raise StoreFull(self.held)
        stored = await self.catch_up()
        if texts:
            await newest.append((), texts)
        return stored

    async def _write_now(self, todo: Sequence[WaitingSweep], newest: MonthFile, texts: Sequence[NewText]) -> int:
        stored = 0
        for number, sweep in enumerate(todo):
            try:
                async with self._files.lend(sweep.month) as file:
                    await file.append((sweep.rows,), texts if file is newest else ())
            except StoreFull:
                for one in todo[number:]:
                    self._backlog.keep(one)
                raise
            stored += sweep.samples
        if texts and newest.name not in {sweep.month for sweep in todo}:
            await newest.append((), texts)
        return stored

    async def catch_up(self) -> int:
        """Write what waits, oldest first. Raises `StoreFull`; what was written before stays written."""
        stored = 0
        while batch := self._backlog.batch():
            async with self._files.lend(batch[0].month) as file:
                await file.append([sweep.rows for sweep in batch])
            self._backlog.written(batch)
            stored += sum(sweep.samples for sweep in batch)
        return stored

    async def last_attempt(self) -> None:
        """What waits would be lost with the process: it may take what room there is, and the reserve."""
        try:
            await self.catch_up()
        except StoreFull as error:
            _log.error("%d samples that waited in memory are lost: %s", self.waiting.samples, error)
