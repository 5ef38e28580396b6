"""A device that is nothing but registers: read as its profile's map says. Cooling plant and meters build on it."""

import asyncio
import math
import time
from typing import Final

from drivers.core.device import Tier
from drivers.core.errors import Rejected, TimedOut, Unsupported
from drivers.core.identity import Address, Identity
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Layout, Quality, Report
from drivers.core.register_map import RegisterMap
from drivers.core.ring_log_map import RingLogMap
from drivers.transports.modbus import ModbusConnection, NoSuchRegister
from drivers.transports.register_blocks import Block, halves, plan
from drivers.transports.ring_log import RingLogReader

DEADLINE_S: Final = 3.0


class RegisterDevice:
    """Reads one Modbus device.

    Attributes:
        map: The registers of its profile.
    """

    def __init__(self, profile: Profile, address: Address, connection: ModbusConnection, unit: int = 1) -> None:
        self.map = RegisterMap.of(profile)
        self._profile = profile
        self._address = address
        self._connection = connection
        self._unit = unit
        self._blocks = {tier: self._plan(tier) for tier in Tier}
        self._shown = [at for at, point in enumerate(self.map.points) if not point.optional]
        self._layout = self._lay_out()
        ring = RingLogMap.of(profile)
        self._log = None if ring is None else RingLogReader(ring, connection, unit)

    @property
    def log(self) -> RingLogReader | None:
        """The device's own log; None where the profile names none."""
        return self._log

    @property
    def profile(self) -> Profile:
        """The profile that names the registers."""
        return self._profile

    @property
    def address(self) -> Address:
        """The device, or the gateway before it."""
        return self._address

    def _plan(self, tier: Tier) -> tuple[Block, ...]:
        wanted = [(at, point) for at, point in enumerate(self.map.points) if tier is Tier.FULL or point.tier is tier]
        return plan(wanted, self.map.gap, self.map.max_read)

    def _lay_out(self) -> Layout:
        return Layout(tuple(self.map.points[at].signal for at in self._shown))

    async def identify(self) -> Identity:
        """Read the register that tells the variant; raises a `DeviceError`, `Unsupported` when it is another's."""
        known = self.map.identity
        if known is None:
            raise Unsupported(str(self._address), f"a {self._profile.title} cannot be told by its registers")
        raw = (await self._connection.read(self._unit, known.table, known.address, 1))[0]
        model = known.models.get(raw)
        if model is None:
            raise Unsupported(str(self._address), f"register {known.address} holds {raw}: no {self._profile.title}")
        return Identity(kind=self._profile.kind, make=self._profile.make, model=model, profile=self._profile.id)

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`."""
        asked = time.time()
        values = [math.nan] * len(self.map.points)
        quality = bytearray([Quality.NOT_POLLED]) * len(self.map.points)
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._read_blocks(tier, values, quality)
        except TimeoutError:
            self._connection.close()
            raise TimedOut(str(self._address), f"no complete answer within {DEADLINE_S:g} s") from None
        answered = time.time()
        self.judge(values, quality, answered)
        return self._report(asked, answered, values, quality)

    def judge(self, values: list[float], quality: bytearray, answered: float) -> None:
        """Look at a whole poll before it is reported; a family may lower qualities here."""

    def _report(self, asked: float, answered: float, values: list[float], quality: bytearray) -> Report:
        """Leave out the optional series that this device has never had; the layout only ever grows."""
        points = self.map.points
        if len(self._shown) < len(points):
            shown = set(self._shown)
            shown.update(at for at, code in enumerate(quality) if points[at].optional and Quality(code).has_value)
            if len(shown) > len(self._shown):
                self._shown = sorted(shown)
                self._layout = self._lay_out()
            values = [values[at] for at in self._shown]
            quality = bytearray(quality[at] for at in self._shown)
        return Report(asked, answered, DeviceState.RUNNING, self._layout, values, bytes(quality))

    async def _read_blocks(self, tier: Tier, values: list[float], quality: bytearray) -> None:
        """Read every block; one that names a register the device does not have is narrowed down, once and for all."""
        pending = list(reversed(self._blocks[tier]))
        settled: list[Block] = []
        refusals: list[Rejected] = []
        while pending:
            block = pending.pop()
            try:
                await self._read_block(block, values, quality)
            except NoSuchRegister as error:
                if len(block.points) > 1:
                    pending.extend(reversed(halves(block)))
                    continue
                refusals.append(error)
                quality[block.points[0][0]] = Quality.UNSUPPORTED
            except Rejected as error:
                refusals.append(error)
                for at, _ in block.points:
                    quality[at] = Quality.REJECTED
            settled.append(block)
        if len(refusals) == len(settled):
            raise refusals[0]
        self._blocks[tier] = tuple(settled)

    async def _read_block(self, block: Block, values: list[float], quality: bytearray) -> None:
        registers = await self._connection.read(self._unit, block.table, block.start, block.count)
        for at, point in block.points:
            start = point.address - block.start
            values[at], quality[at] = point.decode(registers[start : start + point.words])

    async def close(self) -> None:
        """Give the connection back; others behind the same gateway open it again when they need it."""
        self._connection.close()
