"""Composition root of the collector: builds the parts of one site folder, wires them, runs them. No Qt."""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.collector.backfill import Backfill
from console.collector.entering import Entering
from console.collector.filler import Filler
from console.collector.fleet import Fleet
from console.collector.inventory import LiveInventory
from console.collector.logins import Logins
from console.collector.merging import Merging
from console.collector.opener import RegistryOpener
from console.collector.recorder import Recorder
from console.collector.rounds import LoopLag, Rate, every
from console.collector.site_follower import SiteFollower
from console.collector.watch import Watch
from console.domain.alarm_evaluation import AlarmEvaluator
from console.domain.alarms import Alarm
from console.domain.identifiers import new_id
from console.domain.incidents import Incident
from console.domain.inventory import Device, Site
from console.domain.telemetry import STALE_AFTER_PERIODS, LiveColumns
from console.link.columns import shape_of, snapshot_of
from console.link.command_desk import CommandDesk
from console.link.desk import RequestDesk
from console.link.messages import PROTOCOL, Health, Welcome
from console.link.server import LinkServer
from console.link.standing import Standing
from console.services.commander import Commander
from console.services.hash_power import nominal_weights
from console.services.ports import StoreFull
from console.services.rules import load_rules
from console.services.triage import Triage
from console.settings.secrets import read_secret
from console.store.care.keeper import Keeper
from console.store.lock import FolderLock, holder_of
from console.store.site_store import SiteStore
from console.support.clock import SystemClock
from console.support.environment import allow_open_files, put_the_loop_first
from console.support.garbage import LongLived, start_clean
from console.support.log import redactor
from drivers.core.identity import DeviceKind
from drivers.registry import all_profiles
from drivers.transports.connections import Connections

log = logging.getLogger(__name__)

GAP_WORTH_RECORDING = 2.0
"""Seconds without a collector that leave no hole in anything that is polled less often."""

SIZE_EVERY_ROUNDS = 15
FOLDER_CHECK_SECONDS = 2.0

STOP_SECONDS = 2.5
"""A clean stop gives every part this long together."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a collector did between start and end."""

    devices: int
    polls: int
    failures: int
    lost: int
    stored_samples: int
    gap_seconds: float


async def run_site(
    folder: Path,
    *,
    poll: bool = True,
    duration: float | None = None,
    on_ready: Callable[[], None] | None = None,
    stop: asyncio.Event | None = None,
) -> Summary:
    """Collect one site folder until somebody stops it.

    Args:
        folder: An existing site folder, or one to be made.
        poll: False serves consoles without asking devices or writing history.
        duration: Seconds after which it ends by itself.
        on_ready: Called when consoles can attach.
        stop: Set it to end cleanly: history written, lock given back.

    Raises:
        FolderBusy: Another process holds the folder.
        StoreError: The folder holds no site, or one of a newer version.
        StoreFull: The disk has no room even to start.
    """
    stop = stop if stop is not None else asyncio.Event()
    limit = allow_open_files()
    put_the_loop_first()
    log.info("collector %d starts on %s (up to %d open files)", os.getpid(), folder, limit)
    async with AsyncExitStack() as stack:
        died = holder_of(folder).pid != 0
        lock = FolderLock(folder, "collector")
        stack.enter_context(lock)
        store = await SiteStore.open(folder)
        stack.push_async_callback(store.close)
        connections = await stack.enter_async_context(Connections())
        collector = _Collector(folder, store, await store.site(), connections, SystemClock(), stop, lock.is_lost)
        await collector.restore(died=died, poll=poll)
        await collector.serve(poll=poll, duration=duration, on_ready=on_ready)
    log.info("collector %d has ended", os.getpid())
    return collector.summary()


class _Collector:
    """The parts of one running collector and the wires between them."""

    def __init__(
        self,
        folder: Path,
        store: SiteStore,
        site: Site,
        connections: Connections,
        clock: SystemClock,
        stop: asyncio.Event,
        folder_is_lost: Callable[[], bool],
    ) -> None:
        profiles, rules = all_profiles(), load_rules()
        self._folder = folder
        self._store = store
        self._clock = clock
        self._stop = stop
        self._folder_is_lost = folder_is_lost
        self._started_at = clock.now()
        self._boot = new_id(self._started_at)
        self._columns = LiveColumns()
        self._standing = Standing()
        self._inventory = LiveInventory(site, store.save_site, self._devices_changed)
        logins = Logins(lambda: self._inventory.site, profiles, _secret)
        opener = RegistryOpener(profiles, connections, _secret, logins)
        self._fleet = Fleet(self._columns, opener, clock, self._inventory.learned)
        self._recorder = Recorder(store.history, self._columns, clock, self._fleet.tally)
        self._backfill = Backfill(self._columns, self._fleet, Filler(store.reader, store.history, store))
        self._keeper = Keeper(folder, store.history, store.record_care)
        self._evaluator = AlarmEvaluator(rules, site, profiles, self._columns)
        self._profiles = profiles
        self._triage = Triage(
            store.incident_log,
            site,
            rules,
            clock,
            weights=nominal_weights(site, profiles),
            reset=self._evaluator.reset,
        )
        self._watch = Watch(self._evaluator, self._triage, clock, self._publish)
        follower = SiteFollower(self._inventory, self._fleet)
        merging = Merging(store, self._triage, self._inventory, follower, self._publish)
        entering = Entering(self._inventory, store.save_site, follower, clock)
        self._commander = Commander(store.command_log, clock, self._fleet.operable)
        commands = CommandDesk(self._commander, self._inventory.device, lambda device: logins.standing(device).text)
        desk = RequestDesk(self._triage, self._publish, self._stop_for, merging.take_in, entering.take_in, commands)
        self._server = LinkServer(folder, self._boot, self._welcome, desk.answer)
        self._lag = LoopLag(clock)
        self._rate = Rate()
        self._long_lived = LongLived()
        self._tick = 0
        self._store_bytes = 0
        self._gap = 0.0
        self._last_alive: float | None = None

    async def restore(self, *, died: bool, poll: bool) -> None:
        """Take up where the last collector ended; the time since then is recorded as a gap."""
        last_alive, now = await self._store.last_alive(), self._clock.now()
        self._last_alive = last_alive
        if poll:
            await self._store.history.prepare(now)
        for record in await self._commander.restore():
            log.warning("the outcome of the command %s of %s is unknown: %s", record.text, record.by, record.outcome)
        alarms = await self._triage.restore(last_alive)
        self._evaluator.restore(alarms)
        self._standing.take_alarms(alarms)
        self._standing.take_incidents(await self._store.incident_log.incidents())
        if poll and last_alive is not None and now - last_alive >= GAP_WORTH_RECORDING:
            self._gap = now - last_alive
            reason = "the collector ended unexpectedly" if died else "no collector was running"
            await self._store.record_gap(last_alive, now, reason)
            log.info("nothing was observed for %.1f s: %s", self._gap, reason)

    async def serve(self, *, poll: bool, duration: float | None, on_ready: Callable[[], None] | None) -> None:
        """Run everything until the stop, then end in order: polls, the last sweep, consoles."""
        self._store_bytes = await asyncio.to_thread(self._store.size)
        self._fleet.add(self._inventory.site.devices)
        if self._last_alive is not None:
            self._backfill.nobody_asked_since(self._last_alive)
        start_clean()
        await self._server.start()
        tasks = [asyncio.create_task(work, name=name) for name, work in self._work(poll=poll)]
        try:
            if on_ready is not None:
                on_ready()
            await self._wait(duration, tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
            try:
                if poll:
                    await self._last_words()
            finally:
                await self._server.close()

    def _work(self, *, poll: bool) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        second, clock = 1.0, self._clock
        work: list[tuple[str, Coroutine[Any, Any, None]]] = [
            ("loop lag", self._lag.run()),
            ("snapshots", every(second, clock, "snapshots", self._show)),
            ("folder", every(FOLDER_CHECK_SECONDS, clock, "folder", self._check_folder)),
        ]
        if poll:
            work += [
                ("fleet", self._fleet.run()),
                ("backfill", self._backfill.run()),
                ("room", every(second, clock, "room", self._watch_room)),
                ("retention", self._keeper.run()),
                ("history", every(second, clock, "history", self._recorder.sweep)),
                ("alarms", every(second, clock, "alarms", self._watch.round)),
                ("inventory", every(second, clock, "inventory", self._inventory.round)),
                ("alive", every(second, clock, "alive", self._mark_alive)),
            ]
        return work

    async def _wait(self, duration: float | None, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Until somebody asks to stop, the time is over, or a part that must never end has ended."""
        asked = asyncio.create_task(self._stop.wait(), name="stop")
        try:
            done, _ = await asyncio.wait([asked, *tasks], timeout=duration, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            await asyncio.wait([asked])
        for task in done - {asked}:
            task.result()

    async def _last_words(self) -> None:
        """The last sweep and the last sign of life."""
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._recorder.sweep()
                await self._inventory.settle()
                await self._mark_alive()
        except TimeoutError:
            log.warning("the last sweep was not written within %.1f s", STOP_SECONDS)
        await self._keeper.give_way()

    async def _watch_room(self) -> None:
        await self._keeper.watch_room(refused=self._recorder.is_full)

    async def _mark_alive(self) -> None:
        try:
            await self._store.mark_alive(self._clock.now())
        except StoreFull as error:
            # The recorder and the watch say so to the operator; here nothing is lost but a finer gap.
            log.debug("no sign of life written: %s", error)

    async def _check_folder(self) -> None:
        """Without its folder a collector keeps nothing and nobody finds it: it must not poll on for ever."""
        if not self._stop.is_set() and await asyncio.to_thread(self._folder_is_lost):
            log.error("the site folder %s has been removed or moved: this collector ends", self._folder)
            self._stop.set()

    # What goes to the consoles.

    def _welcome(self, sequence: int) -> Welcome:
        return Welcome(
            protocol=PROTOCOL,
            boot=self._boot,
            sequence=sequence,
            process=os.getpid(),
            folder=str(self._folder.resolve()),
            started_at=self._started_at,
            site=self._inventory.site,
            alarms=self._standing.alarms,
            incidents=self._standing.incidents,
        )

    async def _show(self) -> None:
        self._tick += 1
        self._long_lived.round(self._columns.revision)
        if self._tick % SIZE_EVERY_ROUNDS == 0:
            self._store_bytes = await asyncio.to_thread(self._store.size)
        snapshot = snapshot_of(self._columns, self._tick, self._clock.now(), self._health())
        self._server.show(snapshot, lambda: shape_of(self._columns))

    def _health(self) -> Health:
        tally, schedule = self._fleet.tally, self._fleet.schedule
        return Health(
            polls=tally.polls,
            failures=tally.failures,
            lost=self._recorder.lost,
            polls_per_second=self._rate.sample(self._clock.monotonic(), tally.polls),
            in_flight=schedule.in_flight,
            in_flight_cap=schedule.cap,
            stretch=self._fleet.review(),
            loop_lag=self._lag.take(),
            answered=self._fleet.answering(self._clock.now(), STALE_AFTER_PERIODS),
            known=self._fleet.known(),
            store_bytes=self._store_bytes,
            stored_samples=self._recorder.stored,
            stored_at=self._recorder.stored_at,
            store_error=self._recorder.error or self._watch.error,
            gap_seconds=self._gap,
            waiting_samples=self._recorder.waiting.samples,
            lost_samples=self._recorder.waiting.lost,
        )

    def _publish(self, alarms: Sequence[Alarm], incidents: Sequence[Incident]) -> None:
        if alarms:
            self._standing.take_alarms(alarms)
            self._server.publish_alarms(tuple(alarms))
        if incidents:
            self._standing.take_incidents(incidents)
            self._server.publish_incidents(tuple(incidents))

    def _devices_changed(self, site: Site, devices: Sequence[Device]) -> None:
        self._evaluator.use(site)
        miners = any(device.kind is DeviceKind.MINER for device in devices)
        self._triage.use(site, nominal_weights(site, self._profiles) if miners else None)
        self._server.publish_devices(tuple(devices))

    def _stop_for(self, reason: str) -> None:
        log.info("asked to stop: %s", reason)
        self._stop.set()

    def summary(self) -> Summary:
        """What was done."""
        tally = self._fleet.tally
        devices = len(self._inventory.site.devices)
        return Summary(devices, tally.polls, tally.failures, self._recorder.lost, self._recorder.stored, self._gap)


def _secret(name: str) -> str:
    """A keyring entry, kept out of every log from now on."""
    secret = read_secret(name)
    redactor.keep_out(secret)
    return secret
