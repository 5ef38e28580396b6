"""From the link's messages to the state that presenters see."""

from pathlib import Path
from uuid import UUID

import numpy as np

from console.domain.inventory import Site
from console.link.messages import DeviceShape, Health, IncidentsChanged, Shape, Snapshot, Welcome
from console.link.state import LinkPhase, LinkState
from console.presenters.source import Connection, LiveSource
from console.shell.feed import SiteFeed
from tests.unit.console.presenters.sites import NOW, frame_of, incident, site, state_of


def welcome(of: Site) -> Welcome:
    return Welcome(1, UUID(int=1), 0, 99, "/sites/pecos", NOW - 100, of, (), ())


def shape(of: Site, revision: int = 1) -> Shape:
    frame = frame_of(of)
    rows = tuple(
        DeviceShape(device.id, 5.0, frame.shape.start(row), frame.shape.signals(row))
        for row, device in enumerate(of.devices)
    )
    return Shape(revision, frame.shape.series, rows)


def snapshot(of: Site, revision: int = 1, tick: int = 1, at: float = NOW) -> Snapshot:
    frame = frame_of(of, at)
    return Snapshot(
        revision, tick, at, at - 2, frame.values.tobytes(), frame.quality.tobytes(), frame.answered.tobytes(),
        frame.state.tobytes(), frame.period.tobytes(), Health(polls=10, known={"miner": 24}),
    )  # fmt: skip


def _feed() -> tuple[SiteFeed, list[SiteFeed]]:
    changes: list[SiteFeed] = []
    return SiteFeed(Path("/sites/pecos"), LiveSource(), lambda: NOW, changes.append), changes


def test_that_a_snapshot_becomes_a_frame_when_the_picture_is_made() -> None:
    of = site()
    feed, changes = _feed()
    for message in (welcome(of), shape(of), snapshot(of)):
        feed.on_message(message)
    state = feed.source.present
    assert state is not None
    assert len(state.frame.values) == 0
    feed.apply(NOW)
    state = feed.source.present
    assert state is not None
    assert state.frame.tick == 1
    assert float(np.nansum(state.frame.whole("hashrate")[0])) == 2400.0
    assert state.health.known == {"miner": 24}
    assert len(changes) == 2
    assert feed.name == "Pecos-2"


def test_that_a_flood_of_snapshots_costs_one_frame() -> None:
    of = site()
    feed, _ = _feed()
    feed.on_message(welcome(of))
    feed.on_message(shape(of))
    for tick in range(1, 500):
        feed.on_message(snapshot(of, tick=tick))
    feed.apply(NOW)
    feed.apply(NOW)
    state = feed.source.present
    assert state is not None
    assert state.frame.tick == 499


def test_that_a_snapshot_of_another_shape_is_dropped_and_named(expected_log: list[str]) -> None:
    expected_log.append("the snapshot is dropped")
    of = site()
    feed, _ = _feed()
    feed.on_message(welcome(of))
    feed.on_message(shape(of))
    feed.on_message(snapshot(of, revision=2))
    feed.apply(NOW)
    state = feed.source.present
    assert state is not None
    assert state.frame.tick == 0


def test_that_new_incidents_wait_to_be_shown() -> None:
    feed, _ = _feed()
    feed.on_message(welcome(site()))
    case = incident(state_of(), ["T1-001"])
    feed.on_message(IncidentsChanged(1, (case,)))
    assert feed.new_incidents == [case]
    assert feed.unseen() == (case.id,)


def test_that_a_link_lost_after_it_was_live_is_lost_and_before_that_only_starting() -> None:
    feed, _ = _feed()
    feed.on_message(welcome(site()))
    assert _after(feed, LinkPhase.LOST) is Connection.STARTING
    assert _after(feed, LinkPhase.LIVE) is Connection.LIVE
    assert _after(feed, LinkPhase.CONNECTING) is Connection.LOST


def _after(feed: SiteFeed, phase: LinkPhase) -> Connection:
    feed.on_state(LinkState(phase))
    assert feed.source.present is not None
    return feed.source.present.connection
