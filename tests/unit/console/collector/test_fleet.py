"""Devices polled over real sockets: a small TCP server of the test's own plays the devices."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from console.collector.availability import LONGEST_RETRY_SECONDS, Availability
from console.collector.fleet import Fleet, default_period
from console.domain.inventory import Device, SnmpAccess
from console.domain.telemetry import LiveColumns
from drivers.core.device import Driver, Tier
from drivers.core.errors import Malformed, TimedOut, Unreachable
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.profile import Evidence, Profile
from drivers.core.reading import DeviceState, Layout, Quality, Report, Signal

PROFILE = Profile(
    "lamp", DeviceKind.METER, "Test", "A device that says one number", "line", 1, "lamp", "", Evidence.DOCUMENTED
)


class SystemClock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class Lamp:
    """A device on a TCP port: each connection gets one line. What it says can be changed while it runs."""

    def __init__(self) -> None:
        self.says = b"42\n"
        self.asked = 0
        self.port = 0
        self._server: asyncio.Server | None = None

    async def switch_on(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def switch_off(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        writer.write(self.says)
        writer.close()


class LampDriver:
    """Reads a lamp."""

    layout = Layout((Signal("power"),))

    def __init__(self, address: Address) -> None:
        self.address = address
        self.profile = PROFILE
        self.closed = False

    async def identify(self) -> Identity:
        return Identity(DeviceKind.METER, "Test", "Lamp 3000", serial="S1", profile="lamp")

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        asked = time.time()
        try:
            async with asyncio.timeout(1):
                reader, writer = await asyncio.open_connection(self.address.host, self.address.port)
                line = await reader.readline()
                writer.close()
                await writer.wait_closed()
        except TimeoutError as error:
            raise TimedOut(str(self.address), "no answer") from error
        except OSError as error:
            raise Unreachable(str(self.address), str(error)) from error
        if line == b"bug\n":
            raise ZeroDivisionError("a bug of the driver")
        try:
            return Report(asked, time.time(), DeviceState.RUNNING, self.layout, [float(line)], bytes(1))
        except ValueError as error:
            raise Malformed(str(self.address), "not a number", line) from error

    async def close(self) -> None:
        self.closed = True


class LampOpener:
    """Opens lamps."""

    def __init__(self) -> None:
        self.opened: list[LampDriver] = []
        self.identified = 0

    async def identify(self, device: Device) -> Identity:
        self.identified += 1
        return await LampDriver(device.address).identify()

    async def open(self, device: Device) -> Driver:
        driver = LampDriver(device.address)
        self.opened.append(driver)
        return driver

    async def confirm(self, device: Device) -> None:
        """A lamp has no login."""


class Running:
    """A fleet of one lamp, polled quickly."""

    def __init__(self, lamp: Lamp) -> None:
        self.lamp = lamp
        self.columns = LiveColumns()
        self.opener = LampOpener()
        self.facts: list[Device] = []
        self.fleet = Fleet(
            self.columns, self.opener, SystemClock(), self.facts.append, period=lambda kind, miners: 0.05
        )
        self.device = Device(
            uuid4(), "LAMP-1", DeviceKind.METER, Address("127.0.0.1", lamp.port), profile="lamp", model="Lamp"
        )
        self.task = asyncio.create_task(self.fleet.run())

    def value(self) -> float:
        return float(self.columns.values[0]) if len(self.columns.values) else -1.0

    def quality(self) -> int:
        return int(self.columns.quality[0]) if len(self.columns.quality) else -1

    async def until(self, fulfilled: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not fulfilled():  # noqa: ASYNC110 - the arrays tell nobody when they change
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    lamp = Lamp()
    await lamp.switch_on()
    fleet = Running(lamp)
    yield fleet
    await fleet.close()
    await lamp.switch_off()


def lost_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if " lost: " in each.getMessage()]


async def test_that_a_device_is_polled_again_and_again(running: Running) -> None:
    running.fleet.add([running.device])
    await running.until(lambda: running.value() == 42.0)
    running.lamp.says = b"43\n"
    await running.until(lambda: running.value() == 43.0)
    assert running.quality() == Quality.GOOD
    assert running.columns.state[0] == DeviceState.RUNNING
    assert running.fleet.known() == {"meter": 1}
    assert running.fleet.answering(time.time(), 20.0) == {"meter": 1}
    assert running.fleet.tally.failures == 0


async def test_that_a_loss_is_logged_once_and_a_recovery_once(
    running: Running, caplog: pytest.LogCaptureFixture, expected_log: list[str]
) -> None:
    expected_log.append("LAMP-1")
    caplog.set_level(logging.INFO)
    running.fleet.add([running.device])
    await running.until(lambda: running.value() == 42.0)
    await running.lamp.switch_off()
    await running.until(lambda: running.fleet.tally.failures >= 4)
    assert running.quality() == Quality.UNREACHABLE
    assert running.columns.state[0] == DeviceState.UNREACHABLE
    assert len(lost_lines(caplog)) == 1
    assert "Unreachable" in lost_lines(caplog)[0]
    await running.lamp.switch_on()
    await running.until(lambda: running.value() == 42.0)
    assert len([each for each in caplog.records if "answers again" in each.getMessage()]) == 1


async def test_that_a_malformed_reply_gives_its_reason_and_not_the_last_value(
    running: Running, expected_log: list[str]
) -> None:
    expected_log.append("LAMP-1")
    running.fleet.add([running.device])
    await running.until(lambda: running.value() == 42.0)
    running.lamp.says = b"fourty-two\n"
    await running.until(lambda: running.quality() == Quality.MALFORMED)
    assert running.value() != running.value(), "a missing value is NaN"
    assert running.columns.state[0] == DeviceState.UNKNOWN, "it answered, so it is not unreachable"


async def test_that_a_fault_in_a_driver_is_logged_with_its_traceback_and_ends_nothing(
    running: Running, caplog: pytest.LogCaptureFixture, expected_log: list[str]
) -> None:
    expected_log += ["LAMP-1", "a fault in the driver"]
    running.fleet.add([running.device])
    running.lamp.says = b"bug\n"
    await running.until(lambda: running.fleet.tally.failures >= 3)
    assert len([each for each in caplog.records if each.exc_info]) == 1
    running.lamp.says = b"44\n"
    await running.until(lambda: running.value() == 44.0)


async def test_that_a_device_without_a_profile_is_identified_first(running: Running) -> None:
    running.fleet.add([replace(running.device, profile="", model="")])
    await running.until(lambda: running.value() == 42.0)
    assert running.opener.identified == 1
    assert running.facts == [replace(running.device, profile="lamp", model="Lamp 3000", serial="S1")]
    assert running.fleet.devices == tuple(running.facts)


async def test_that_devices_come_and_go_while_it_runs(running: Running) -> None:
    running.fleet.add([running.device])
    await running.until(lambda: running.value() == 42.0)
    second = replace(running.device, id=uuid4(), name="LAMP-2")
    running.fleet.add([running.device, second])
    await running.until(lambda: len(running.columns.values) == 2 and running.columns.values[1] == 42.0)
    await running.fleet.remove(running.device.id)
    assert running.opener.opened[0].closed
    assert running.columns.block(running.device.id) is None
    asked = running.fleet.tally.polls
    await running.until(lambda: running.fleet.tally.polls > asked + 3)
    assert running.fleet.known() == {"meter": 1}


async def test_that_stopping_closes_every_driver(running: Running) -> None:
    running.fleet.add([running.device])
    await running.until(lambda: running.value() == 42.0)
    await running.close()
    assert all(driver.closed for driver in running.opener.opened)
    assert running.fleet.schedule.in_flight == 0


def test_that_the_wait_grows_from_the_second_failure_up_to_its_limit(expected_log: list[str]) -> None:
    expected_log.append("lost")
    availability = Availability("T1-1", 5.0)
    error = Unreachable("10.0.0.1:4028", "refused")
    waits = [availability.failed(error, 0.0) for _ in range(12)]
    assert waits[0] is None
    grown = [wait for wait in waits[1:] if wait is not None]
    assert 7.0 <= grown[0] <= 10.0
    assert 14.0 <= grown[1] <= 20.0
    assert all(21.0 <= wait <= LONGEST_RETRY_SECONDS for wait in grown[3:])
    assert len(set(grown[3:])) > 1, "jitter"
    availability.answered(1.0)
    assert availability.failed(error, 2.0) is None


def test_that_nobody_is_taken_for_silent_before_the_first_question() -> None:
    columns = LiveColumns()
    fleet = Fleet(columns, LampOpener(), SystemClock(), lambda device: None)
    access = SnmpAccess("3", "site-noc")
    fleet.add(
        Device(uuid4(), f"PDU-{at}", DeviceKind.PDU, Address("127.0.0.1", 161), profile="lamp", snmp=access)
        for at in range(100)
    )
    assert columns.period[0] == 10.0
    assert columns.period[99] == pytest.approx(99.0, abs=0.1)


def test_that_the_usual_periods_are_those_of_the_design() -> None:
    assert default_period(DeviceKind.MINER, 5_000) == 5.0
    assert default_period(DeviceKind.MINER, 5_001) == 10.0
    assert default_period(DeviceKind.PLANT, 0) == 1.0
    assert default_period(DeviceKind.METER, 0) == 1.0
    assert default_period(DeviceKind.PDU, 0) == 10.0
