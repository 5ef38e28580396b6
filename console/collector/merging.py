"""Takes another store's records in while collecting: incidents, devices and consoles follow at once."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from console.collector.inventory import LiveInventory
from console.collector.site_follower import SiteFollower
from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.domain.inventory import Site
from console.services.sync_report import Merged, SyncReport
from console.services.triage import Triage


class TakesIn(Protocol):
    """The store of the site that is being collected."""

    async def take_in(self, path: Path) -> Merged:
        """Take a bundle in. Raises ValueError for one that is refused, and StoreFull."""

    async def site(self) -> Site:
        """The site as it is kept."""


class Merging:
    """One per collector.

    Args:
        store: Takes the bundle in.
        triage: Follows incidents that were decided upon elsewhere.
        inventory: The live site.
        follower: Lets the rest follow.
        publish: Tells consoles what has changed.
    """

    def __init__(
        self,
        store: TakesIn,
        triage: Triage,
        inventory: LiveInventory,
        follower: SiteFollower,
        publish: Callable[[Sequence[Alarm], Sequence[Incident]], None],
    ) -> None:
        self._store = store
        self._triage = triage
        self._inventory = inventory
        self._follower = follower
        self._publish = publish

    async def take_in(self, path: Path) -> SyncReport:
        """Take a bundle in and let everything follow. Raises ValueError for one that is refused, and StoreFull."""
        async with self._inventory.settled():
            merged = await self._store.take_in(path)
            await self._follower.follow(await self._store.site())
        incidents = await self._triage.follow(merged.incidents)
        if incidents:
            ids = {incident.id for incident in incidents}
            self._publish([alarm for alarm in self._triage.standing() if alarm.incident in ids], incidents)
        return merged.report
