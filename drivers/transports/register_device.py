"""A device that is nothing but registers: read as its profile's map says. Cooling plant and meters build on it."""

import asyncio
import math
import time
from typing import Final

from drivers.core.device import Tier
from drivers.core.errors import Rejected, TimedOut, Unsupported
from drivers.core.identity import Address, DeviceKind, Identity
from drivers.core.profile import Profile
from drivers.core.reading import DeviceState, Layout, Quality, Report, Signal
from drivers.core.register_map import RegisterMap
from drivers.transports.modbus import ModbusConnection, NoSuchRegister
from drivers.transports.register_blocks import Block, halves, plan

DEADLINE_S: Final = 3.0


class RegisterDevice:
    """Reads one Modbus device.

    Attributes:
        derived: Series that the driver computes and puts after those of the profile.
    """

    derived: tuple[Signal, ...] = ()

    def __init__(self, profile: Profile, address: Address, connection: ModbusConnection, unit: int = 1) -> None:
        self._profile = profile
        self._address = address
        self._connection = connection
        self._unit = unit
        self.map = RegisterMap.of(profile)
        self.layout = Layout((*(point.signal for point in self.map.points), *self.derived))
        self._blocks = {tier: self._plan(tier) for tier in Tier}

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

    async def identify(self) -> Identity:
        """Read the register that tells the variant.

        Where the profile names none, most points must carry a value that can be: other devices have registers too.
        """
        model, known = "", self.map.identity
        if known is not None:
            raw = (await self._connection.read(self._unit, known.table, known.address, 1))[0]
            model = known.models.get(raw, "")
            if not model:
                raise Unsupported(str(self._address), f"identification {raw} is not one of this family's")
        else:
            qualities = (await self.read()).quality[: len(self.map.points)]
            good = qualities.count(Quality.GOOD)
            if Quality.SUSPECT in qualities or 2 * good <= len(qualities):
                raise Unsupported(str(self._address), f"the registers do not look like a {self._profile.title}")
        return Identity(
            kind=DeviceKind(self._profile.kind), make=self._profile.make, model=model, profile=self._profile.id
        )

    async def read(self, tier: Tier = Tier.FULL) -> Report:
        """Poll once under one deadline; raises a `DeviceError`."""
        asked = time.time()
        values = [math.nan] * len(self.layout)
        quality = bytearray([Quality.NOT_POLLED] * len(self.layout))
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._read_blocks(tier, values, quality)
        except TimeoutError:
            self._connection.close()
            raise TimedOut(str(self._address), f"no complete answer within {DEADLINE_S:g} s") from None
        self.derive(values, quality)
        return Report(asked, time.time(), DeviceState.RUNNING, self.layout, values, bytes(quality))

    def derive(self, values: list[float], quality: bytearray) -> None:
        """Fill in the series of `derived`; the base has none."""

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
