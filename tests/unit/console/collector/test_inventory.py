"""What devices say of themselves never takes back what somebody else has changed meanwhile."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from console.collector.inventory import LiveInventory
from console.domain.inventory import Device, Site
from tests.property.replica import SITE, a_device


class Kept:
    """Where a live inventory is saved."""

    def __init__(self) -> None:
        self.sites: list[Site] = []
        self.told: list[Sequence[Device]] = []
        self.inventory = LiveInventory(SITE, self.save, lambda _site, devices: self.told.append(devices))

    async def save(self, site: Site) -> None:
        self.sites.append(site)


async def test_that_nothing_is_saved_while_somebody_else_changes_the_site() -> None:
    kept = Kept()
    first, second, _ = SITE.devices
    kept.inventory.learned(replace(first, model="S21"))
    async with kept.inventory.settled():
        assert [site.devices[0].model for site in kept.sites] == ["S21"]
        kept.inventory.learned(replace(second, model="S21"))
        kept.inventory.learned(replace(first, model="S21", serial="stale"))
        waiting = asyncio.create_task(kept.inventory.settle())
        await asyncio.sleep(0)
        assert len(kept.sites) == 1
        elsewhere = replace(first, model="S21", place="hall/9")
        kept.inventory.follow(replace(kept.inventory.site, devices=(elsewhere, second, a_device(3))), [elsewhere])
    await waiting
    assert kept.sites[-1].devices == (elsewhere, replace(second, model="S21"), a_device(3))
