"""A collector that is lost is started again, and the operator is told all the while."""

import asyncio
from pathlib import Path

from console.link.state import LinkPhase, LinkState
from console.presenters.source import LiveSource
from console.shell.collector_watch import CollectorWatch
from console.shell.feed import SiteFeed
from tests.unit.console.presenters.sites import NOW, site
from tests.unit.console.shell.test_feed import welcome


class Bench:
    """A watch on a feed whose clock is turned by hand."""

    def __init__(self, *, fails: str = "") -> None:
        self.now = NOW
        self.starts = 0
        self.connected = 0
        self.fails = fails
        self.started = asyncio.Event()
        self.feed = SiteFeed(Path("/sites/pecos"), LiveSource(), lambda: self.now, lambda _: None)
        self.watch = CollectorWatch(self.feed, self.start, lambda: self.now, self.connect)

    async def start(self, folder: Path) -> None:
        self.starts += 1
        self.started.set()
        if self.fails:
            raise RuntimeError(self.fails)

    def connect(self) -> None:
        self.connected += 1

    def live(self) -> None:
        self.feed.on_message(welcome(site()))
        self.feed.on_state(LinkState(LinkPhase.LIVE))

    def lose(self) -> None:
        self.feed.on_state(LinkState(LinkPhase.LOST, "the collector has ended", 1.0, 1))


async def _look(bench: Bench, until: asyncio.Event | None = None) -> None:
    """Let the watch look once or twice, or until something happens."""
    task = asyncio.get_running_loop().create_task(bench.watch.run())
    if until is not None:
        await asyncio.wait_for(until.wait(), 5)
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_that_a_folder_without_collector_gets_one_after_the_link_has_tried() -> None:
    bench = Bench()
    await _look(bench)
    assert bench.starts == 0
    bench.lose()
    await _look(bench, bench.started)
    assert bench.starts == 1
    assert bench.connected == 1
    assert bench.watch.notice().text == ""


async def test_that_a_lost_collector_is_named_at_once_and_restarted_after_ten_seconds(expected_log: list[str]) -> None:
    expected_log.append("the collector is lost")
    bench = Bench()
    bench.live()
    bench.lose()
    bench.now += 4
    await _look(bench)
    notice = bench.watch.notice()
    assert "has not answered since 14:07:32" in notice.text
    assert "started again in 6 s" in notice.text
    assert notice.action == "Restart collector"
    assert notice.severity == 1
    assert bench.starts == 0
    bench.now += 7
    await _look(bench, bench.started)
    assert bench.starts == 1


async def test_that_the_button_does_not_wait(expected_log: list[str]) -> None:
    expected_log.append("the collector is lost")
    bench = Bench()
    bench.live()
    bench.lose()
    await _look(bench)
    bench.watch.restart_now()
    await _look(bench, bench.started)
    assert bench.starts == 1


async def test_that_a_start_that_fails_says_why_and_waits_longer_each_time(expected_log: list[str]) -> None:
    expected_log.append("could not be started")
    bench = Bench(fails="the folder is locked by process 12")
    bench.lose()
    await _look(bench, bench.started)
    notice = bench.watch.notice()
    assert "does not start: the folder is locked by process 12" in notice.text
    assert "in 5 s" in notice.text
    bench.now += 5
    bench.started.clear()
    await _look(bench, bench.started)
    assert "in 10 s" in bench.watch.notice().text


async def test_that_the_gap_is_told_for_a_minute_after_the_return(expected_log: list[str]) -> None:
    expected_log.append("the collector is lost")
    bench = Bench()
    bench.live()
    bench.lose()
    await _look(bench)
    bench.now += 72
    bench.feed.on_state(LinkState(LinkPhase.LIVE))
    await _look(bench)
    assert "1 m 12 s were not recorded and stay a gap" in bench.watch.notice().text
    bench.now += 61
    assert bench.watch.notice().text == ""
