"""Takes what a scan brought into the inventory of the site that is being collected; it is polled at once."""

from collections.abc import Awaitable, Callable, Sequence

from console.collector.inventory import LiveInventory
from console.collector.site_follower import SiteFollower
from console.domain.identifiers import new_id
from console.domain.inventory import Site
from console.domain.sightings import Sighting, TakenIn, take_in_sightings
from console.services.ports import Clock


class Entering:
    """One per collector.

    Args:
        inventory: The live site.
        save: Keeps a site; raises StoreFull.
        follower: Lets the rest follow.
        clock: Dates the ids of new devices.
    """

    def __init__(
        self,
        inventory: LiveInventory,
        save: Callable[[Site], Awaitable[None]],
        follower: SiteFollower,
        clock: Clock,
    ) -> None:
        self._inventory = inventory
        self._save = save
        self._follower = follower
        self._clock = clock

    async def take_in(self, sightings: Sequence[Sighting]) -> TakenIn:
        """Add what is new and take over new addresses, as the site is by now. Raises StoreFull."""
        async with self._inventory.settled():
            site, report = take_in_sightings(self._inventory.site, sightings, lambda: new_id(self._clock.now()))
            if site is not self._inventory.site:
                await self._save(site)
                await self._follower.follow(site)
        return report
