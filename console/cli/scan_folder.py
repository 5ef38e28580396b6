"""A scan and a site folder: the inventory it is held against, and taking in what it brought."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from console.cli.attached import NoCollector, attached
from console.cli.scan import FolderError
from console.domain.identifiers import new_id
from console.domain.inventory import Device
from console.domain.sightings import Match, Sighting, Standing, TakenIn, take_in_sightings
from console.link.client import LinkLost
from console.link.messages import TakeSightings
from console.services.ports import StoreFull
from console.store.engine import StoreError
from console.store.lock import FolderBusy, FolderLock
from console.store.site_store import SiteStore
from console.support.clock import SystemClock

AT_ONCE = 1_000
"""Sightings in one message: some 300 KB."""


async def read_inventory(folder: Path) -> tuple[Device, ...]:
    """The devices of a folder, beside a running collector or alone; raises FolderError."""
    try:
        store = await SiteStore.open(folder, read_only=True)
        try:
            return (await store.site()).devices
        finally:
            await store.close()
    except StoreError as error:
        raise FolderError(str(error)) from error


async def save(folder: Path, matches: Sequence[Match]) -> TakenIn:
    """Take in what is new, has moved, or told something that was not known.

    Through the folder's collector when one runs, else with the folder's lock.

    Raises:
        FolderError: Whoever holds the folder is no collector, the collector refused or ended meanwhile (then the same
            command brings the rest), or the folder cannot be written.
    """
    wanted = [match.sighting for match in matches if match.standing in {Standing.NEW, Standing.MOVED, Standing.KNOWN}]
    if not wanted:
        return TakenIn()
    try:
        try:
            with FolderLock(folder, "scan"):
                return await _save_here(folder, wanted)
        except FolderBusy as busy:
            return await _save_through_collector(folder, wanted, busy)
    except (FolderBusy, StoreError, StoreFull, LinkLost) as error:
        raise FolderError(str(error)) from error


async def _save_here(folder: Path, wanted: Sequence[Sighting]) -> TakenIn:
    store = await SiteStore.open(folder)
    clock = SystemClock()
    try:
        site, report = take_in_sightings(await store.site(), wanted, lambda: new_id(clock.now()))
        await store.save_site(site)
    finally:
        await store.close()
    return report


async def _save_through_collector(folder: Path, wanted: Sequence[Sighting], busy: FolderBusy) -> TakenIn:
    report = TakenIn()
    try:
        async with attached(folder) as link:
            for some in _parts(wanted):
                answer = await link.take_sightings(TakeSightings(link.next_request(), some))
                if answer.error:
                    raise StoreError(answer.error)
                report += answer.report
    except NoCollector:
        raise busy from None
    return report


def _parts(wanted: Sequence[Sighting]) -> Iterator[tuple[Sighting, ...]]:
    for start in range(0, len(wanted), AT_ONCE):
        yield tuple(wanted[start : start + AT_ONCE])
