"""Miners as the tools write them that people come from: Foreman and Awesome Miner.

Such a table holds miners alone and knows less of them than a site does. So it is merged: miners that are known keep
what the table cannot say, new ones are added, and nothing is taken out.

Foreman: the columns of its on-boarding table (`mac,serial,rack,row,index,name,static_ip,...`, from the documentation of
its bulk configuration), and the names that its interface gives to the same things. Awesome Miner: its list as it is
shown, of which a user chooses the columns; they are found by name, and others are passed over.
"""

import csv
import io
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from console.domain.inventory import Device, Site
from console.exchange.fields import Fields
from console.exchange.identity import with_known_identities
from console.exchange.problems import Problems
from console.exchange.site_checks import Written, check
from console.exchange.site_csv import armed, disarmed
from console.exchange.site_file import read_device
from console.exchange.toml_lines import Entry, Table
from drivers.core.identity import DeviceKind

FOREMAN: Final = "foreman"
AWESOME_MINER: Final = "awesome-miner"

_PORT: Final = "4028"
"""CGMiner's, where the table names none."""
_PATTERN: Final = "${"
"""Begin of a variable in a name that Foreman fills in itself, such as ${miner.mac}."""
_DEVICE_KEYS: Final = ("name", "kind", "address", "place", "serial", "mac", "model")
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a tool names its columns.

    Attributes:
        name: Of the tool.
        columns: What it writes, in order: header and our field.
        aliases: Our field by every name that a column of it may have, without case, spaces and signs.
        marks: Names of columns that no other tool has.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    aliases: Mapping[str, str]
    marks: frozenset[str] = frozenset()


_COMMON: Final = {
    "name": "name", "minername": "name", "ip": "host", "ipaddress": "host", "host": "host", "hostname": "host",
    "address": "host", "port": "port", "apiport": "port", "mac": "mac", "macaddress": "mac", "serial": "serial",
    "serialnumber": "serial", "model": "model", "type": "model", "minertype": "model",
}  # fmt: skip

DIALECTS: Final[Mapping[str, Dialect]] = {
    FOREMAN: Dialect(
        FOREMAN,
        (
            ("mac", "mac"), ("serial", "serial"), ("rack", "rack"), ("row", "row"), ("index", "index"),
            ("name", "name"), ("static_ip", "host"), ("netmask", ""), ("gateway", ""), ("dns", ""), ("hostname", ""),
        ),
        {**_COMMON, "hostname": "other_name", "staticip": "host", "minerip": "host", "rack": "rack", "row": "row",
         "index": "index", "location": "rack"},
        frozenset({"staticip", "pickaxe", "apiport", "rack", "minerip"}),
    ),
    AWESOME_MINER: Dialect(
        AWESOME_MINER,
        (
            ("Name", "name"), ("Hostname", "host"), ("Port", "port"), ("Group", "rack"), ("Model", "model"),
            ("MAC address", "mac"), ("Serial number", "serial"),
        ),
        {**_COMMON, "description": "name", "miner": "name", "group": "rack", "groups": "rack", "minergroup": "rack",
         "location": "rack", "asicmodel": "model", "hardware": "model", "asictype": "model"},
    ),
}  # fmt: skip


def dialect_of(text: str) -> str:
    """Whose table it is, told by its first line; "csv" for our own, and for one that is nobody's."""
    header = {_plain(cell) for cell in next(_rows(text), (0, []))[1]}
    if {"name", "kind", "address"} <= header:
        return "csv"
    if header & DIALECTS[FOREMAN].marks:
        return FOREMAN
    fields = {DIALECTS[AWESOME_MINER].aliases.get(cell) for cell in header}
    return AWESOME_MINER if {"name", "host"} <= fields else "csv"


def write_miners(site: Site, dialect: str) -> str:
    """The miners of a site as the tool takes them. What it has no column for is left out."""
    chosen = DIALECTS[dialect]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([header for header, _ in chosen.columns])
    for device in site.devices:
        if device.kind is DeviceKind.MINER:
            cells = _cells(device, dialect)
            writer.writerow([disarmed(cells.get(field, "")) for _, field in chosen.columns])
    return out.getvalue()


def _cells(device: Device, dialect: str) -> Mapping[str, str]:
    rack, row, index = device.place, "", ""
    if dialect == FOREMAN and device.place.count("/") > 1:
        rack, row, index = device.place.rsplit("/", 2)
    return {
        "name": device.name, "host": device.address.host, "port": str(device.address.port), "mac": device.mac,
        "serial": device.serial, "model": device.model, "rack": rack, "row": row, "index": index,
    }  # fmt: skip


def read_miners(
    text: str, existing: Site, dialect: str, *, file: str = "miners.csv", profiles: Container[str] | None = None
) -> Site:
    """The site with the miners of a tool's table added, or brought up to date.

    Args:
        text: The table.
        existing: The site as it was.
        dialect: Whose table it is: a key of `DIALECTS`.
        file: For the errors.
        profiles: Known profile ids.

    Raises:
        ExchangeError: Every problem with its line and remedy.
    """
    problems = Problems(file)
    reader = _Reader(existing, DIALECTS[dialect], problems, profiles)
    taken: list[tuple[Device, int]] = []
    try:
        rows = _rows(text)
        line, header = next(rows, (1, []))
        if reader.take_header(header, line):
            taken = [(device, at) for at, cells in rows if (device := reader.device(cells, at)) is not None]
    except csv.Error as error:
        problems.add(0, f"this is no CSV: {error}; quote cells that hold quotes or line ends")
    site, lines = _merged(existing, taken, reader.keeps_place)
    check(_written(site, lines), problems)
    problems.raise_if_any()
    return site


class _Reader:
    """Makes devices of the rows."""

    def __init__(self, existing: Site, dialect: Dialect, problems: Problems, profiles: Container[str] | None) -> None:
        self._dialect = dialect
        self._problems = problems
        self._profiles = profiles
        self._fields: list[str] = []
        self._hosts = {device.address.host: device for device in reversed(existing.devices)
                       if device.kind is DeviceKind.MINER}  # fmt: skip
        self._serials = {device.serial: device for device in existing.devices if device.serial}
        self._macs = {device.mac: device for device in existing.devices if device.mac}

    @property
    def keeps_place(self) -> bool:
        """Whether the table says nothing about where miners stand."""
        return "rack" not in self._fields

    def take_header(self, header: Sequence[str], line: int) -> bool:
        """Learn what the columns are; whether a table with them can be read at all."""
        self._fields = [self._dialect.aliases.get(_plain(cell), "") for cell in header]
        for field in ("name", "host", "mac", "serial"):
            if self._fields.count(field) > 1:
                names = [cell for cell, of in zip(header, self._fields, strict=True) if of == field]
                self._problems.add(line, f"the columns {' and '.join(names)} say the same; keep one of them")
        if "host" not in self._fields:
            self._problems.add(line, "no column holds the address of the miners (such as static_ip, IP or Hostname)")
        return not self._problems.found

    def device(self, cells: Sequence[str], line: int) -> Device | None:
        """One miner; None where there is none, or it has a problem, which is noted."""
        if not any(cell.strip() for cell in cells):
            return None
        if len(cells) != len(self._fields):
            self._problems.add(
                line, f"{len(cells)} cells where the first line names {len(self._fields)}; quote cells with commas"
            )
            return None
        given = {field: armed(cell.strip()) for field, cell in zip(self._fields, cells, strict=True) if field}
        host, separator, port = given.get("host", "").partition(":")
        if not host:
            self._problems.add(line, "this miner has no address; fill it in, or take the line out")
            return None
        before = self._before(given, host)
        port = port if separator else given.get("port", "") or self._usual_port(host)
        place = "/".join(part for part in (given.get(key, "") for key in ("rack", "row", "index")) if part)
        cells_of = {
            "name": _name(given, before, host), "kind": DeviceKind.MINER.value, "address": f"{host}:{port}",
            "place": place, "serial": given.get("serial", ""), "mac": given.get("mac", ""),
            "model": given.get("model", ""),
        }  # fmt: skip
        entries = {key: Entry(cell, line) for key, cell in cells_of.items() if cell}
        return read_device(Fields(Table("device", True, line, entries), _DEVICE_KEYS, self._problems), self._profiles)

    def _before(self, given: Mapping[str, str], host: str) -> Device | None:
        mac = given.get("mac", "").lower().replace("-", ":")
        return self._serials.get(given.get("serial", "")) or self._macs.get(mac) or self._hosts.get(host)

    def _usual_port(self, host: str) -> str:
        known = self._hosts.get(host)
        return str(known.address.port) if known is not None else _PORT


def _name(given: Mapping[str, str], before: Device | None, host: str) -> str:
    name = given.get("name", "")
    if name and _PATTERN not in name:
        return name
    return before.name if before is not None else given.get("other_name", "") or host


def _merged(existing: Site, taken: Sequence[tuple[Device, int]], keeps_place: bool) -> tuple[Site, Mapping[int, int]]:
    """The site with the miners taken in, and the line of each device that the table holds, by its position."""
    keep = {"profile", "asset", "unit", "snmp", "login", "web_port"} | ({"place"} if keeps_place else set())
    known = {device.id: at for at, device in enumerate(existing.devices)}
    devices = list(existing.devices)
    lines: dict[int, int] = {}
    named = with_known_identities([device for device, _ in taken], existing, keep=keep)
    for device, (_, line) in zip(named, taken, strict=True):
        at = known.get(device.id, len(devices))
        devices[at : at + 1] = [device]
        lines[at] = line
    return replace(existing, devices=tuple(devices)), lines


def _written(site: Site, lines: Mapping[int, int]) -> Written:
    return Written(
        devices=[(device, lines.get(at, 0)) for at, device in enumerate(site.devices)],
        loops=[(loop, 0) for loop in site.loops],
        feeds=[(feed, 0) for feed in site.feeds],
        links=[(link, 0) for link in site.links],
        credentials=[(group, 0) for group in site.credentials],
    )


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with their lines. Spreadsheets of some countries part cells by semicolons or tabs."""
    body = text.removeprefix("\ufeff")
    first = body.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(body), delimiter=delimiter, strict=True)
    for row in reader:
        yield reader.line_num, row


def _plain(header: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", header.casefold())
