"""A console has a bundle taken in: it may take longer than any other answer, and ends with the collector."""

import asyncio

import pytest

from console.link import client
from console.link.client import LinkLost
from console.link.messages import AddNote, ImportBundle
from console.services.sync_report import OriginReport, SyncReport
from tests.unit.console.link.ends import SITE, Collector, OpenConsole

REPORT = SyncReport(3, 1, "user@laptop", SITE.name, OriginReport("", "user@laptop", "ab12"), rows={"raw": 2})


async def test_that_an_import_may_take_longer_than_another_answer(
    collector: Collector, open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.05)
    console, other = await open_console(), await open_console()
    asked = asyncio.create_task(console.link.import_bundle(ImportBundle(console.link.next_request(), "/tmp/a.bundle")))
    await collector.importing.wait()
    # Meanwhile everybody is served, the same console too, and an answer that is late is given up.
    for one in (other, console):
        assert (await one.link.send(AddNote(one.link.next_request(), SITE.id, "J. Reyes", "hello"))).error == ""
    with pytest.raises(LinkLost):
        await console.link.send(AddNote(console.link.next_request(), SITE.id, "J. Reyes", "late"))
    collector.imported.set_result(REPORT)
    assert (await asked).report == REPORT


async def test_that_a_collector_that_ends_breaks_an_import_off(collector: Collector, open_console: OpenConsole) -> None:
    console = await open_console()
    asked = asyncio.create_task(console.link.import_bundle(ImportBundle(console.link.next_request(), "/tmp/a.bundle")))
    await collector.importing.wait()
    await collector.server.close()
    with pytest.raises(LinkLost):
        await asked
    assert collector.imported.cancelled()
