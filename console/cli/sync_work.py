"""How `terrahash sync` goes about it: who holds which lock, and who writes where a collector runs."""

import asyncio
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

import console
from console.cli.sync_link import take_in_through_collector
from console.services.sync_report import SyncReport
from console.settings.installation import Installation, installation
from console.store.lock import FolderBusy, FolderLock
from console.store.site_store import SiteStore
from console.store.sync.files import open_receiver
from console.store.sync.givers import BundleGiver, FolderGiver, export_bundle
from console.store.sync.receive import Progress, receive
from console.store.sync.refusal import OlderSchema, PlaceUnusable, SyncRefused
from console.store.sync.report import iso, report_of
from console.store.sync.source import FolderSource
from console.store.sync.state import FolderState, read_state


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that was written.

    Attributes:
        path: Where.
        size: Bytes.
        site: Name of the site.
        sender: Name of this installation.
        fingerprint: Of its key.
        rows: Rows by kind.
        history_until: ISO 8601; empty where there is no finished history.
        beside_collector: A collector was writing.
    """

    path: Path
    size: int
    site: str
    sender: str
    fingerprint: str
    rows: dict[str, int]
    history_until: str
    beside_collector: bool


async def folder_state(folder: Path) -> FolderState:
    """What a folder has; reads beside a collector."""
    async with FolderSource(folder) as source:
        return await source.state()


async def export(
    folder: Path, path: Path, progress: Progress, *, since: Path | None = None, peer: Path | None = None
) -> Exported:
    """Write a bundle of what a peer lacks (of everything without one); beside a collector only what it has finished."""
    me = await asyncio.to_thread(installation)
    known = await _known(since, peer)
    lock = FolderLock(folder, "sync export")
    beside = False
    if not await asyncio.to_thread(folder.is_dir):
        raise SyncRefused(f"{folder} is no folder: there is nothing to export.")
    with ExitStack() as held:
        try:
            held.enter_context(lock)
            await _finish_what_is_running(folder, me)
        except FolderBusy:
            beside = True
        except OSError:
            # On read-only media nobody writes: what is finished there is all there is.
            beside = False
        async with FolderSource(folder) as source:
            offer = await source.offer(me, since=known, beside=beside)
            manifest = await export_bundle(
                source, offer, path, me, progress, program=console.__version__, at=time.time()
            )
    rows: Counter[str] = Counter()
    for part in manifest.parts:
        rows[part.kind.value] += part.rows
    size = (await asyncio.to_thread(path.stat)).st_size
    return Exported(path, size, offer.site_name, me.name, me.fingerprint, dict(rows), iso(offer.until), offer.beside)


async def _known(since: Path | None, peer: Path | None) -> FolderState | None:
    if peer is not None:
        return await folder_state(peer)
    if since is None:
        return None
    try:
        return read_state(await asyncio.to_thread(since.read_bytes), str(since))
    except OSError as error:
        raise PlaceUnusable(f"{since} cannot be read: {error.strerror or error}.") from error


async def _finish_what_is_running(folder: Path, me: Installation) -> None:
    """Turn what was recorded until now into tiles, where it is this installation that writes the folder.

    Opening it so also brings files of an older program up to date, after a copy of them was made.
    """
    try:
        async with FolderSource(folder) as source:
            is_mine = await source.is_written_by(me)
    except OlderSchema:
        is_mine = True
    if is_mine:
        store = await SiteStore.open(folder)
        try:
            await store.history.finish(time.time())
        finally:
            await store.close()


async def take_in(folder: Path, path: Path, progress: Progress) -> SyncReport:
    """Take a bundle in: directly where the folder is free, through its collector where one runs."""
    async with BundleGiver(path) as giver:
        await giver.prove(progress)
        try:
            with FolderLock(folder, "sync import"):
                async with open_receiver(folder) as receiver:
                    return report_of(await receive(giver, receiver, progress))
        except FolderBusy as busy:
            return await take_in_through_collector(folder, path, busy)


async def both_ways(folder: Path, other: Path, progress: Progress) -> tuple[SyncReport, SyncReport]:
    """Bring two folders to the same state; returns what came here, and what went there."""
    for one in (folder, other):
        if not await asyncio.to_thread(one.is_dir):
            raise SyncRefused(f"{one} is no folder. Nothing was changed.")
    if await asyncio.to_thread(folder.samefile, other):
        raise SyncRefused(f"{folder} and {other} are the same folder.")
    me = await asyncio.to_thread(installation)
    with FolderLock(folder, "sync with"), FolderLock(other, "sync with"):
        for one in (folder, other):
            await _finish_what_is_running(one, me)
        here = await _one_way(other, folder, me, progress)
        there = await _one_way(folder, other, me, progress)
    return here, there


async def _one_way(giving: Path, taking: Path, me: Installation, progress: Progress) -> SyncReport:
    known = await folder_state(taking)
    async with FolderSource(giving) as source, open_receiver(taking) as receiver:
        offer = await source.offer(me, since=known)
        report = report_of(await receive(FolderGiver(source, offer), receiver, progress))
        whose = (await source.state()).origin
    # Nobody signs here: what counts is whose folder it was.
    sender = next((origin.name for origin in offer.origins if origin.id == whose), me.name)
    return msgspec.structs.replace(report, sender=sender)
