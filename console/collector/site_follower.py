"""Lets everything that runs follow an inventory that was changed at the store: polls, rules, consoles."""

from collections.abc import Collection

from console.collector.fleet import Fleet
from console.collector.inventory import LiveInventory
from console.domain.inventory import Device, Site


class SiteFollower:
    """One per collector.

    Args:
        inventory: The live site.
        fleet: Polls its devices.
    """

    def __init__(self, inventory: LiveInventory, fleet: Fleet) -> None:
        self._inventory = inventory
        self._fleet = fleet

    async def follow(self, site: Site) -> None:
        """The kept site has become this one; called while the inventory is `settled`."""
        before = {device.id: device for device in self._inventory.site.devices}
        changed = [device for device in site.devices if before.get(device.id) != device]
        gone = before.keys() - {device.id for device in site.devices}
        if site != self._inventory.site:
            await self._poll_as(changed, [before[device] for device in sorted(gone)])
            self._inventory.follow(site, changed)

    async def _poll_as(self, changed: Collection[Device], gone: Collection[Device]) -> None:
        """Ask devices under their new address, and those that are no more not at all."""
        polled = {device.id for device in self._fleet.devices}
        for device in [*gone, *changed]:
            if device.id in polled:
                await self._fleet.remove(device.id)
        self._fleet.add(changed)
