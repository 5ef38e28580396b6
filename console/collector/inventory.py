"""The site as the collector knows it now: what devices say of themselves is taken in and kept."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

from console.domain.inventory import Device, Site
from console.services.ports import StoreFull

log = logging.getLogger(__name__)

DEVICES_PER_ROUND = 6_000
"""A site of so many devices is saved and told at most every second round, one of twice as many every third: each
time all trees are built anew and every device is written, which must not eat the time of the polls."""


class LiveInventory:
    """Collects changed devices and brings them to the store and to whoever listens, many at once.

    Args:
        site: As read from the store.
        save: Keeps the site.
        tell: Called with the changed devices once they are kept.

    Attributes:
        site: As it is now.
    """

    def __init__(
        self,
        site: Site,
        save: Callable[[Site], Awaitable[None]],
        tell: Callable[[Site, Sequence[Device]], None],
    ) -> None:
        self.site = site
        self._save = save
        self._tell = tell
        self._changed: dict[UUID, Device] = {}
        self._rest = 0
        self._saving = asyncio.Lock()

    def device(self, identity: UUID) -> Device:
        """The device of that id; raises KeyError when the site has none."""
        for device in self.site.devices:
            if device.id == identity:
                return device
        raise KeyError(identity)

    def learned(self, device: Device) -> None:
        """A device was identified, or told new facts about itself."""
        self._changed[device.id] = device

    @asynccontextmanager
    async def settled(self) -> AsyncIterator[None]:
        """Everything learned is kept, and nothing more until the end: somebody else changes the kept site meanwhile.

        Otherwise a save of the site as it was known before would take those changes back.
        """
        async with self._saving:
            await self._settle()
            yield

    def follow(self, site: Site, changed: Sequence[Device]) -> None:
        """The kept site has become another one; what other devices said in the meantime is taken in later.

        What the `changed` ones said is forgotten, because it was said of what they were: they are asked anew.
        """
        self.site = site
        for device in changed:
            self._changed.pop(device.id, None)
        self._tell(site, tuple(changed))

    async def round(self) -> None:
        """Take in what was learned since the last round. When the disk is full it stays for the next."""
        self._rest = max(self._rest - 1, 0)
        if self._changed and not self._rest:
            self._rest = 1 + len(self.site.devices) // DEVICES_PER_ROUND
            await self.settle()

    async def settle(self) -> None:
        """Take in what was learned, now."""
        async with self._saving:
            await self._settle()

    async def _settle(self) -> None:
        if not self._changed:
            return
        changed, self._changed = self._changed, {}
        devices = tuple(changed.get(device.id, device) for device in self.site.devices)
        site = replace(self.site, devices=devices)
        try:
            await self._save(site)
        except StoreFull as error:
            log.warning("facts about %d devices are not kept yet: %s", len(changed), error)
            self._changed = changed | self._changed
            return
        self.site = site
        self._tell(site, tuple(changed.values()))
