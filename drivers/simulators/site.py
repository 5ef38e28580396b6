"""A virtual site: built from its file, served on loopback, stepped in real time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Self

import orjson

from drivers.simulators.blueprint import Blueprint, Entry, read_blueprint
from drivers.simulators.cgminer_replies import Replies
from drivers.simulators.cgminer_server import CgminerServer
from drivers.simulators.commands import Commands
from drivers.simulators.faults import Fault
from drivers.simulators.firmware import Firmware
from drivers.simulators.firmwares import PERSONALITIES
from drivers.simulators.framed_server import FramedServer
from drivers.simulators.http_server import HttpServer
from drivers.simulators.loopback import ServeError, datagrams, listeners
from drivers.simulators.manners import Manners
from drivers.simulators.modbus_server import ModbusServer, Slave
from drivers.simulators.personality import Personality, Wire
from drivers.simulators.plant_log import PlantLogs
from drivers.simulators.registers import Registers
from drivers.simulators.residents import Residents
from drivers.simulators.snmp_server import SnmpServer
from drivers.simulators.text_server import TextServer
from drivers.simulators.views import MinerViews
from drivers.simulators.wire_server import WireServer
from drivers.simulators.world import LONGEST_STEP, World

LOGGER = logging.getLogger(__name__)
STEP_SECONDS = 0.5
LARGE_SITE = 8000
"""From this many miners on the physics steps once a second, to leave the processor to the polls."""
BUSY_SHARE = 0.4
"""Of real time that the physics may take."""
LONGEST_CATCH_UP = 10.0
"""Real seconds: a site that was stopped (debugger, sleeping laptop) does not race through the time it missed."""
CONTROL_LINE = 65536


@dataclass(frozen=True, slots=True)
class Serving:
    """A site that is being served.

    Attributes:
        control: Host and port of the control listener.
        commands: The same commands without a socket.
    """

    control: tuple[str, int]
    commands: Commands


class VirtualSite:
    """One virtual site. Build it, then `async with site.serve() as serving:`.

    Args:
        blueprint: What stands on it.
        firmwares: By profile; a miner of a profile that is not among them runs stock firmware.
    """

    def __init__(self, blueprint: Blueprint, firmwares: Mapping[str, Personality] = PERSONALITIES) -> None:
        self.blueprint = blueprint
        self._firmwares = firmwares
        self.world = World(blueprint)

    @classmethod
    def parse(
        cls, text: str, faults: Iterable[Fault] = (), firmwares: Mapping[str, Personality] = PERSONALITIES
    ) -> Self:
        """Build from the text of a site file, with more faults beside its own.

        Raises:
            ValueError: The text is no site file, or a fault names what is not on the site.
        """
        site = cls(read_blueprint(text), firmwares)
        for fault in faults:
            site.world.set_fault(fault)
        return site

    @asynccontextmanager
    async def serve(self, *, control_port: int = 0) -> AsyncIterator[Serving]:
        """Open every listener and run the physics until the block is left.

        Args:
            control_port: Port of the control listener; 0 takes a free one.

        Raises:
            ServeError: A port is taken, or the site needs more sockets than this system allows.
        """
        async with AsyncExitStack() as stack:
            manners = Manners(self.world)
            registers = Registers(self.world)
            logs = PlantLogs(self.world, registers)
            firmware = Firmware(self.world)
            residents = Residents(self.world, MinerViews(self.world, firmware), manners, self._firmwares)
            text = await self._serve_text(stack, manners, firmware, residents)
            web = await self._serve_wire(stack, HttpServer, Wire.HTTP, residents)
            framed = await self._serve_wire(stack, FramedServer, Wire.FRAMED, residents)
            pdus = self._serve_pdus(stack, manners)
            modbus = await self._serve_modbus(stack, manners, registers, logs)

            def served() -> dict[str, int]:
                return {
                    "cgminer": sum(server.served for server in text),
                    "http": sum(server.served for server in web),
                    "framed": sum(server.served for server in framed),
                    "snmp": sum(server.served for server in pdus),
                    "modbus": sum(server.served for server in modbus),
                }

            commands = Commands(self.world, served)
            address = await _serve_control(stack, commands, control_port)
            ticking = asyncio.create_task(self._tick(logs), name="virtual site physics")
            ticking.add_done_callback(_report_failure)
            stack.push_async_callback(_end, ticking)
            yield Serving(address, commands)

    async def _tick(self, logs: PlantLogs) -> None:
        """Step the physics with the real clock times the site's speed."""
        period = STEP_SECONDS if len(self.blueprint.miners) < LARGE_SITE else 2 * STEP_SECONDS
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(period)
            now = loop.time()
            left = min(now - last, LONGEST_CATCH_UP) * self.blueprint.options.speed
            # At high speeds of large sites the physics would starve the polls: it then runs slower than asked.
            while left > 0 and loop.time() - now < BUSY_SHARE * period:
                self.world.step(min(left, LONGEST_STEP))
                left -= LONGEST_STEP
            last = now
            logs.advance()

    async def _serve_text(
        self, stack: AsyncExitStack, manners: Manners, firmware: Firmware, residents: Residents
    ) -> list[CgminerServer | TextServer]:
        """Stock firmware and the others share ports: the fast server accepts, and hands on what is not its own."""
        replies = Replies(self.world, firmware)
        names = [entry.name for entry in self.blueprint.miners]
        fast = _by_port(self.blueprint.miners, residents.is_fast)
        others = residents.hosts(Wire.TEXT)
        servers: list[CgminerServer | TextServer] = []
        for port in fast.keys() | others.keys():
            rows, hosts = fast.get(port, {}), others.get(port, {})
            slow = TextServer(residents.directory(hosts))
            stack.push_async_callback(slow.close)
            servers.append(slow)
            sockets = listeners(port, rows.keys() | hosts.keys(), defer=True)
            if rows:
                quick = CgminerServer(sockets, rows, names, replies, manners, slow.adopt)
                stack.push_async_callback(quick.close)
                servers.append(quick)
            else:
                await slow.listen(sockets)
        return servers

    @staticmethod
    async def _serve_wire(
        stack: AsyncExitStack, kind: type[WireServer], wire: Wire, residents: Residents
    ) -> list[WireServer]:
        servers = []
        for port, hosts in residents.hosts(wire).items():
            server = kind(residents.directory(hosts))
            stack.push_async_callback(server.close)
            await server.listen(listeners(port, hosts))
            servers.append(server)
        return servers

    def _serve_pdus(self, stack: AsyncExitStack, manners: Manners) -> list[SnmpServer]:
        servers = []
        for port, rows in _by_port(self.blueprint.pdus).items():
            server = SnmpServer(datagrams(port, rows), rows, self.world, manners)
            stack.callback(server.close)
            servers.append(server)
        return servers

    async def _serve_modbus(
        self, stack: AsyncExitStack, manners: Manners, registers: Registers, logs: PlantLogs
    ) -> list[ModbusServer]:
        ports: dict[int, dict[str, Slave]] = {}
        for row, entry in enumerate(self.blueprint.plants):
            slave = Slave(entry, partial(registers.plant, row), partial(logs.read, row))
            ports.setdefault(entry.port, {})[entry.host] = slave
        for row, entry in enumerate(self.blueprint.meters):
            ports.setdefault(entry.port, {})[entry.host] = Slave(entry, partial(registers.meter, row))
        servers = []
        for port, slaves in ports.items():
            server = ModbusServer(slaves, manners)
            for listener in listeners(port, slaves):
                running = await asyncio.get_running_loop().create_server(server.connection, sock=listener)
                stack.callback(server.close)
                stack.callback(running.close)
            servers.append(server)
        return servers


def _by_port(entries: Iterable[Entry], meant: Callable[[Entry], bool] = bool) -> dict[int, dict[str, int]]:
    """Rows of the entries that are meant by host, for each port that is used."""
    ports: dict[int, dict[str, int]] = {}
    for row, entry in enumerate(entries):
        if meant(entry):
            ports.setdefault(entry.port, {})[entry.host] = row
    return ports


async def _serve_control(stack: AsyncExitStack, commands: Commands, port: int) -> tuple[str, int]:
    talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        current = asyncio.current_task()
        if current is not None:
            talks[current] = writer
            current.add_done_callback(talks.pop)
        try:
            while line := await reader.readline():
                writer.write(orjson.dumps(commands.line(line.decode("utf-8", "replace"))) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as error:
            LOGGER.debug("a control connection ended: %s", error)
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(talk, "127.0.0.1", port, limit=CONTROL_LINE)
    except OSError as error:
        raise ServeError(f"the control listener cannot use port {port}: {error.strerror}; choose another") from error

    async def hang_up() -> None:
        server.close()
        ending = list(talks)
        for writer in talks.values():
            writer.transport.abort()
        await asyncio.gather(*ending)

    stack.push_async_callback(hang_up)
    host, bound = server.sockets[0].getsockname()[:2]
    return str(host), int(bound)


def _report_failure(task: asyncio.Task[None]) -> None:
    """A physics that stopped would look like a site at rest: say so."""
    if not task.cancelled() and (error := task.exception()) is not None:
        LOGGER.error("the physics of the virtual site has stopped", exc_info=error)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
