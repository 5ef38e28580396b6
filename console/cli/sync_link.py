"""Taking a bundle in through the collector that holds the folder, so that nobody has to stop it."""

import asyncio
from pathlib import Path

from console.link.client import Link, LinkLost, LinkPhase, LinkState
from console.link.messages import FromCollector, ImportBundle
from console.services.sync_report import SyncReport
from console.store.lock import FolderBusy
from console.store.sync.refusal import SyncRefused

CONNECT_SECONDS = 5.0


async def take_in_through_collector(folder: Path, path: Path, busy: FolderBusy) -> SyncReport:
    """Ask the folder's collector to take the bundle in, and wait until it has.

    Raises:
        FolderBusy: Whoever holds the folder is no collector.
        SyncRefused: The collector refused the bundle.
        LinkLost: It ended meanwhile; nothing is lost, and the command may be repeated.
    """
    link = Link(folder, "cli")
    bundle = await asyncio.to_thread(path.absolute)
    live = asyncio.Event()

    def on_state(state: LinkState) -> None:
        if state.phase is LinkPhase.LIVE:
            live.set()

    def on_message(_message: FromCollector) -> None:
        """Only the answer counts here, and it comes from `import_bundle`."""

    running = asyncio.create_task(link.run(on_message, on_state))
    try:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await live.wait()
        except TimeoutError:
            raise busy from None
        answer = await link.import_bundle(ImportBundle(link.next_request(), str(bundle)))
    except LinkLost as error:
        raise LinkLost(f"{error}; what was taken in stays, and the same command brings the rest") from error
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    if answer.report is None:
        raise SyncRefused(answer.error)
    return answer.report
