"""Writes believable sites of any size: tanks, cooling loops, PDUs, meters, switches, and a story of faults."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from drivers.simulators.mix import Kind, kind_at, lines_of, port_of, simulation_lines
from drivers.simulators.models import miner_model
from drivers.simulators.ports import Ports

PDU_PROFILE = "apc-rpdu2"
PLANT_PROFILE = "generic-cdu"
METER_PROFILE = "carlo-gavazzi-em24"

TUNING = 0.78
"""The miners run at 109.2 of 140 TH/s: fewer joules for each hash."""
COOLANT_LITRES = 0.5
"""Less than real tanks hold, so that a lost pump shows within a demonstration's minute."""
FULL_TANK = 208
PDU_OUTLETS = 104
BANKS = 4
TANKS_OF_A_LOOP = 7
SWITCH_PORTS = 44
MW_OF_A_MINER = 0.0035
PUMP_TRIP_AT = 25
MOST_MINERS = 60_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many of what. Tanks are numbered through the site; loops take them in turn."""

    miners: int
    tanks: int
    loops: int
    tank_size: int
    columns: int
    pdus_of_a_tank: int
    outlets: int

    def tanks_of(self, loop: int) -> range:
        """Numbers (from 1) of the tanks of a loop (from 0)."""
        share, over = divmod(self.tanks, self.loops)
        first = loop * share + min(loop, over)
        return range(first + 1, first + share + (loop < over) + 1)

    def miners_of(self, tank: int) -> int:
        """Miners in a tank (from 1); the first tanks hold one more when they cannot be equal."""
        if self.tank_size == FULL_TANK:
            return min(FULL_TANK, max(self.miners - (tank - 1) * FULL_TANK, 0))
        share, over = divmod(self.miners, self.tanks)
        return share + (tank <= over)


def size_of(miners: int) -> Size:
    """Divide miners into tanks of at most 208 and loops of at most seven tanks, two loops at least."""
    if not 2 <= miners <= MOST_MINERS:
        raise ValueError(f"a virtual site has 2 to {MOST_MINERS} miners, not {miners}")
    if miners >= 6 * FULL_TANK:
        tanks, tank_size, columns = math.ceil(miners / FULL_TANK), FULL_TANK, 13
    else:
        tanks = max(2, 2 * round(miners / (100 if miners < 600 else 200)))
        tank_size = math.ceil(miners / tanks)
        columns = _columns(tank_size)
    pdus = math.ceil(tank_size / PDU_OUTLETS)
    outlets = BANKS * math.ceil(tank_size / pdus / BANKS)
    loops = max(2, math.ceil(tanks / TANKS_OF_A_LOOP))
    return Size(miners, tanks, loops, tank_size, columns, pdus, outlets)


def _columns(tank_size: int) -> int:
    """Slots in a row: about as wide as the full tank's 13 to 16, with no row left unfinished where that is possible."""
    ideal = math.sqrt(tank_size * 13 / 16)
    even = [width for width in range(2, tank_size) if tank_size % width == 0 and 0.6 <= width / ideal <= 1.5]
    return min(even, key=lambda width: abs(width - ideal), default=math.ceil(ideal))


def loop_letter(loop: int) -> str:
    """A to Z, then AA, AB and on."""
    return (chr(64 + loop // 26) if loop >= 26 else "") + chr(65 + loop % 26)


def demo_site(
    miners: int,
    *,
    ports: Ports,
    name: str = "Pecos-2",
    story: bool = True,
    seed: int = 1,
    speed: float = 1.0,
    mix: Sequence[Kind] = (),
) -> str:
    """The TOML text of a virtual site.

    Args:
        miners: 2 to 60,000.
        ports: Where the protocols answer.
        name: The site's name.
        story: Whether the site has faults: a few from the start, and a pump that trips after 25 s.
        seed: Another seed, another spread and noise.
        speed: Simulated seconds in a real one.
        mix: Kinds of miners beside the stock ones, such as `MIX`.

    Raises:
        ValueError: A number of miners that no site has.
    """
    size = size_of(miners)
    seats = _seats(size, mix)
    hashrate = sum(miner_model(seat.kind.model, seat.kind.profile).hashrate for seat in seats)
    lines = [
        "[site]",
        f'name = "{name}"',
        'zone = "America/Chicago"',
        f"rated_mw = {miners * MW_OF_A_MINER:.3f}",
        f"target_hashrate = {hashrate * TUNING:.1f}  # TH/s",
        "",
        "[contract]",
        'tier = "platinum"',
        'calendar = { days = "Mon-Fri", hours = "08:00-17:00", holidays = ["2026-11-26", "2026-12-25"] }',
        "",
        "[simulation]",
        f"seed = {seed}",
        f"speed = {speed}",
        "ambient = 18.4",
        f"tuning = {TUNING}",
        f"coolant_litres = {COOLANT_LITRES}",
        f"outlets = {size.outlets}",
        f"banks = {BANKS}",
        *(simulation_lines(ports) if mix else ()),
        "",
        *_plant(size, ports),
        *_power(size, ports),
        *_miners(size, ports, seats),
    ]
    if story:
        lines += _story(size)
    return "\n".join(lines) + "\n"


def _device(name: str, kind: str, address: str, profile: str, *more: str) -> tuple[str, ...]:
    head = ("[[device]]", f'name = "{name}"', f'kind = "{kind}"', f'address = "{address}"', f'profile = "{profile}"')
    return (*head, *more, "")


def _feed(source: str, target: str, *, verified: bool = True) -> tuple[str, ...]:
    head = ("[[feed]]", f'from = "{source}"', f'to = "{target}"')
    return (*head, "verified = 2026-05-12", "") if verified else (*head, "")


def _plant(size: Size, ports: Ports) -> Iterator[str]:
    for loop in range(size.loops):
        letter = loop_letter(loop)
        host = f"127.30.0.{loop + 1}:{ports.modbus}"
        yield from _device(f"PLC-{letter}", "plant", host, PLANT_PROFILE, f'place = "{letter}/plant"')
        host = f"127.30.1.{loop + 1}:{ports.modbus}"
        yield from _device(f"MTR-{letter}", "meter", host, METER_PROFILE, f'place = "{letter}/switchgear"')
        yield from _feed(f"MTR-{letter}", f"PLC-{letter}")
        cools = ", ".join(f'"{letter}/T{tank}"' for tank in size.tanks_of(loop))
        yield from ("[[loop]]", f'name = "LOOP-{letter}"', f'plant = ["PLC-{letter}"]', f"cools = [{cools}]", "")


def pdu_name(size: Size, tank: int, half: int) -> str:
    """Name of a tank's PDU; `half` from 0."""
    return f"PDU-{(tank - 1) * size.pdus_of_a_tank + half + 1:02d}"


def _power(size: Size, ports: Ports) -> Iterator[str]:
    for loop in range(size.loops):
        letter = loop_letter(loop)
        for tank in size.tanks_of(loop):
            for half in range(size.pdus_of_a_tank):
                number = (tank - 1) * size.pdus_of_a_tank + half
                host = f"127.31.{number // 200}.{number % 200 + 1}:{ports.snmp}"
                name = pdu_name(size, tank, half)
                more = (f'place = "{letter}/T{tank}"', 'snmp = { version = "2c", secret = "public" }')
                yield from _device(name, "pdu", host, PDU_PROFILE, *more)
                yield from _feed(f"MTR-{letter}", name)


def miner_name(tank: int, slot: int) -> str:
    """Both from 1."""
    return f"T{tank:02d}-{slot:03d}"


class Seat(NamedTuple):
    """Where a miner stands: loop from 0, tank and slot from 1."""

    loop: int
    tank: int
    slot: int
    kind: Kind


def _seats(size: Size, mix: Sequence[Kind]) -> list[Seat]:
    return [
        Seat(loop, tank, slot, kind_at(tank, (slot - 1) // size.columns, size.tanks, mix))
        for loop in range(size.loops)
        for tank in size.tanks_of(loop)
        for slot in range(1, size.miners_of(tank) + 1)
    ]


def _miners(size: Size, ports: Ports, seats: Sequence[Seat]) -> Iterator[str]:
    for count, (loop, tank, slot, kind) in enumerate(seats):
        name, (row, column) = miner_name(tank, slot), divmod(slot - 1, size.columns)
        half, outlet = divmod(slot - 1, size.outlets)
        place = f'place = "{loop_letter(loop)}/T{tank}/{row + 1}/{column + 1}"'
        host = f"127.{32 + (tank - 1) // 200}.{(tank - 1) % 200 + 1}.{slot}:{port_of(kind, ports)}"
        yield from _device(name, "miner", host, kind.profile, place, *lines_of(kind, ports))
        yield from _feed(f"{pdu_name(size, tank, half)}/{outlet + 1}", name, verified=count % 23 != 17)
        switch, port = divmod(count, SWITCH_PORTS)
        yield from ("[[link]]", f'from = "SW-{switch + 1:02d}/{port + 1}"', f'to = "{name}"', "")


def _fault(kind: str, target: str, *more: str) -> tuple[str, ...]:
    return ("[[fault]]", *more, f'kind = "{kind}"', f'target = "{target}"', "")


def _story(size: Size) -> Iterator[str]:
    """Loop A has small troubles from the start; then a pump of loop B trips."""
    tanks = size.tanks_of(0)
    slots = [(tank, slot) for tank in tanks for slot in range(1, size.miners_of(tank) + 1)]
    dead, board, outlet, hung, more_dead = (slots[share * len(slots) // 100] for share in (12, 34, 56, 78, 91))
    yield from _fault("dead_miner", miner_name(*dead))
    if len(slots) >= 20:
        yield from _fault("dead_miner", miner_name(*more_dead))
        yield from _fault("hung_api", miner_name(*hung))
    yield from _fault("dead_board", miner_name(*board), "amount = 2")
    if len(slots) >= 10:
        half, number = divmod(outlet[1] - 1, size.outlets)
        yield from _fault("outlet_off", f"{pdu_name(size, outlet[0], half)}/{number + 1}")
    yield from _fault("pump_trip", "PLC-B/2", f"at = {PUMP_TRIP_AT}")
