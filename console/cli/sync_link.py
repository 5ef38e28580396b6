"""Taking a bundle in through the collector that holds the folder, so that nobody has to stop it."""

import asyncio
from pathlib import Path

from console.cli.attached import NoCollector, attached
from console.link.client import LinkLost
from console.link.messages import ImportBundle
from console.services.sync_report import SyncReport
from console.store.lock import FolderBusy
from console.store.sync.refusal import SyncRefused


async def take_in_through_collector(folder: Path, path: Path, busy: FolderBusy) -> SyncReport:
    """Ask the folder's collector to take the bundle in, and wait until it has.

    Raises:
        FolderBusy: Whoever holds the folder is no collector.
        SyncRefused: The collector refused the bundle.
        LinkLost: It ended meanwhile; nothing is lost, and the command may be repeated.
    """
    bundle = await asyncio.to_thread(path.absolute)
    try:
        async with attached(folder) as link:
            answer = await link.import_bundle(ImportBundle(link.next_request(), str(bundle)))
    except NoCollector:
        raise busy from None
    except LinkLost as error:
        raise LinkLost(f"{error}; what was taken in stays, and the same command brings the rest") from error
    if answer.report is None:
        raise SyncRefused(answer.error)
    return answer.report
