"""Polls one device: a total deadline, a report into the live columns, a typed failure otherwise."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from console.collector.availability import Availability
from console.domain.inventory import Device
from console.domain.telemetry import LiveColumns
from console.services.ports import Clock
from drivers.core.command import Operable
from drivers.core.device import Driver, Tier
from drivers.core.device_log import KeepsLog, LogReader
from drivers.core.errors import DeviceError, Malformed, TimedOut, Unreachable, Unsupported
from drivers.core.identity import Identity
from drivers.core.reading import DeviceState, Quality

log = logging.getLogger(__name__)

GUARD_SECONDS = 20.0
"""Longest poll. Drivers end theirs within a few seconds; this guards the schedule against one that does not."""

AWAY_POLLS = 3
"""Polls in a row without an answer after which another device may have been put in its place."""

SILENT_STATES = frozenset({Quality.UNREACHABLE, Quality.TIMED_OUT})
"""Failures in which nothing came back at all; with the others somebody answered, we only do not know its state."""


class Opener(Protocol):
    """Makes drivers; the fleet's door to the driver library."""

    async def identify(self, device: Device) -> Identity:
        """Ask a device of unknown profile who it is, without credentials. Raises `DeviceError`."""

    async def open(self, device: Device) -> Driver:
        """The driver of a device with a profile; raises `DeviceError` where it cannot be read as described."""

    async def confirm(self, device: Device) -> None:
        """Before a device that was away is given its login again: it is still what it was, else `DeviceError`."""


@dataclass(slots=True)
class Tally:
    """Counts over all devices since start.

    Attributes:
        polls: Questions asked.
        failures: Those without a good report.
        overwritten: Good reports that a newer one replaced before the store had them.
        unsaved: Rows with a report that the store has not taken yet.
        hold_until: Monotonic second up to which a device waits for the store instead of replacing its report.
    """

    polls: int = 0
    failures: int = 0
    overwritten: int = 0
    unsaved: set[int] = field(default_factory=set)
    hold_until: float = 0.0

    def reported(self, row: int) -> None:
        """A good report of this row is in the columns."""
        if row in self.unsaved:
            self.overwritten += 1
        else:
            self.unsaved.add(row)


class Poller:
    """One device.

    Attributes:
        device: As it is known now; `on_facts` tells when that changes.
        availability: Whether it answers.
    """

    def __init__(
        self,
        device: Device,
        row: int,
        period: float,
        columns: LiveColumns,
        opener: Opener,
        clock: Clock,
        tally: Tally,
        on_facts: Callable[[Device], None],
    ) -> None:
        self.device = device
        self.availability = Availability(f"{device.name} ({device.address})", period)
        self._row = row
        self._columns = columns
        self._opener = opener
        self._clock = clock
        self._tally = tally
        self._on_facts = on_facts
        self._driver: Driver | None = None
        self._asked_for_facts = False
        self._reported = False

    @property
    def log(self) -> LogReader | None:
        """Reads the device's own log, over the connection of its polls; None where it offers none."""
        return self._driver.log if isinstance(self._driver, KeepsLog) else None

    @property
    def operable(self) -> Operable:
        """The driver, which takes commands over the connection of the polls; raises LookupError with a sentence."""
        driver: object = self._driver
        if isinstance(driver, Operable):
            return driver
        name, kind = self.device.name, self.device.kind.value
        if driver is None:
            raise LookupError(f"{name} has not answered yet, so nothing is known of what it can do")
        raise LookupError(f"{name} is a {kind} that this program does not command")

    async def poll(self, tier: Tier) -> float | None:
        """Ask once; returns seconds until a retry, or None where the usual period stands."""
        self._tally.polls += 1
        try:
            await self._guarded(tier)
        except DeviceError as error:
            return self._lost(error)
        except OSError as error:
            return self._lost(Unreachable(str(self.device.address), f"the connection failed: {error}"))
        except Exception as error:
            if self.availability.error is None:
                log.exception("a fault in the driver of %s", self.device.name)
            return self._lost(Malformed(str(self.device.address), f"a fault in its driver: {error!r}"))
        self.availability.answered(self._clock.now())
        return None

    async def _guarded(self, tier: Tier) -> None:
        try:
            async with asyncio.timeout(GUARD_SECONDS) as guard:
                await self._ask(tier)
        except TimeoutError as error:
            if not guard.expired():
                raise
            raise TimedOut(str(self.device.address), f"no end after {GUARD_SECONDS:.0f} s") from error

    async def _ask(self, tier: Tier) -> None:
        driver = self._driver
        if driver is None:
            driver = self._driver = await self._first_driver()
        elif self.availability.failures >= AWAY_POLLS:
            await self._opener.confirm(self.device)
        self._columns.ingest(self._row, await driver.read(tier))
        self._tally.reported(self._row)
        if tier is Tier.FULL:
            if self._reported:
                await self._complete_facts(driver)
            self._reported = True

    async def _first_driver(self) -> Driver:
        if not self.device.profile:
            identity = await self._opener.identify(self.device)
            if not identity.profile:
                raise Unsupported(
                    str(self.device.address), f"no profile fits {identity.make} {identity.model}".rstrip()
                )
            self._asked_for_facts = True
            self._learn(identity)
        return await self._opener.open(self.device)

    async def _complete_facts(self, driver: Driver) -> None:
        """Ask for model, serial and MAC once, some time after the first report: the first sweep has enough to do."""
        if self._asked_for_facts or self.device.model:
            return
        self._asked_for_facts = True
        try:
            self._learn(await driver.identify())
        except DeviceError as error:
            log.info("%s does not say what it is: %s", self.device.name, error)

    def _learn(self, identity: Identity) -> None:
        device = self.device
        learned = replace(
            device,
            profile=device.profile or identity.profile,
            model=identity.model or device.model,
            serial=device.serial or identity.serial,
            mac=device.mac or identity.mac,
        )
        if learned != device:
            self.device = learned
            self._on_facts(learned)

    def _lost(self, error: DeviceError) -> float | None:
        self._tally.failures += 1
        quality = type(error).quality
        state = DeviceState.UNREACHABLE if quality in SILENT_STATES else DeviceState.UNKNOWN
        self._columns.lose(self._row, quality, state)
        return self.availability.failed(error, self._clock.now())

    async def close(self) -> None:
        """Give back connections."""
        if self._driver is not None:
            await self._driver.close()
