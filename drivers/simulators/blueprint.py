"""A virtual site as its file describes it, checked and indexed: who stands where, who feeds and cools whom."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from drivers.core.identity import Address, DeviceKind
from drivers.simulators.faults import Fault, read_fault
from drivers.simulators.models import MinerModel, miner_model


@dataclass(frozen=True, slots=True)
class Options:
    """The `[simulation]` table.

    Attributes:
        seed: Same seed, same site: spread between miners, sensor noise.
        speed: Simulated seconds in one real second.
        ambient: Outdoor air at the dry coolers, degC.
        tuning: Hashrate setting of all miners as a share of the nameplate; power follows its 1.94th power
            (voltage falls with frequency).
        boot_seconds: From power to the first hash.
        ramp_seconds: From the first hash to the full rate.
        coolant_litres: Coolant of a tank for each miner in it; sets how fast a tank warms.
        throttle_at: Hottest chip, degC, above which the firmware takes back frequency.
        outlets: Outlets of every PDU; 0 takes as many as the feeds name.
        banks: Banks of every PDU.
        bank_limit: Rating of a bank, A per line.
        combined: Share of miners whose firmware takes `summary+stats+pools` in one command.
        text_port: Where firmwares that also speak CGMiner's protocol do so, when it is not what their address is
            about; 0 for nowhere.
        http_port: The same for the web interface of devices that name no `web_port` of their own.
        framed_port: The same for framed questions.
        log_interval: Real seconds between two records of a plant's own log.
        log_past: Real seconds of records that such a log begins with; more than it has room for means that it has
            wrapped.
    """

    seed: int = 1
    speed: float = 1.0
    ambient: float = 18.4
    tuning: float = 1.0
    boot_seconds: float = 20.0
    ramp_seconds: float = 20.0
    coolant_litres: float = 0.8
    throttle_at: float = 75.0
    outlets: int = 0
    banks: int = 4
    bank_limit: float = 80.0
    combined: float = 1.0
    text_port: int = 0
    http_port: int = 0
    framed_port: int = 0
    log_interval: float = 10.0
    log_past: float = 40_000.0


class Entry(NamedTuple):
    """One `[[device]]`."""

    name: str
    kind: DeviceKind
    host: str
    port: int
    profile: str
    place: str
    model: str
    serial: str
    unit: int
    community: str
    web_port: int


class LoopEntry(NamedTuple):
    """One `[[loop]]`."""

    name: str
    plant: tuple[str, ...]
    cools: tuple[str, ...]


class FeedEntry(NamedTuple):
    """One `[[feed]]`; outlet 0 when a whole device feeds."""

    source: str
    outlet: int
    target: str


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Everything the site file says that the simulation needs.

    Attributes:
        name: The site's name.
        options: The `[simulation]` table.
        miners: In the order of the file; a miner's row is its place here.
        pdus: In the order of the file.
        plants: In the order of the file.
        meters: In the order of the file.
        models: Nameplate of each miner.
        loops: Cooling loops.
        feeds: Edges of the power tree.
        faults: The `[[fault]]` tables.
    """

    name: str
    options: Options
    miners: tuple[Entry, ...]
    pdus: tuple[Entry, ...]
    plants: tuple[Entry, ...]
    meters: tuple[Entry, ...]
    models: tuple[MinerModel, ...]
    loops: tuple[LoopEntry, ...]
    feeds: tuple[FeedEntry, ...]
    faults: tuple[Fault, ...]

    @property
    def devices(self) -> tuple[Entry, ...]:
        """All devices: miners, PDUs, plants, meters."""
        return self.miners + self.pdus + self.plants + self.meters


def read_blueprint(text: str) -> Blueprint:
    """Read a site file.

    Raises:
        ValueError: Not TOML, or something in it makes no virtual site; the text says what and where.
    """
    tables = tomllib.loads(text)
    site = tables.get("site", {})
    entries = [_entry(row, at) for at, row in enumerate(_rows(tables, "device"), 1)]
    _check_unique(entries)
    miners = tuple(entry for entry in entries if entry.kind is DeviceKind.MINER)
    by_name = {entry.name: entry for entry in entries}
    return Blueprint(
        name=str(site.get("name", "virtual site")),
        options=_options(tables.get("simulation", {})),
        miners=miners,
        pdus=tuple(entry for entry in entries if entry.kind is DeviceKind.PDU),
        plants=tuple(entry for entry in entries if entry.kind is DeviceKind.PLANT),
        meters=tuple(entry for entry in entries if entry.kind is DeviceKind.METER),
        models=_models(miners),
        loops=tuple(_loop(row, by_name) for row in _rows(tables, "loop")),
        feeds=tuple(_feed(row, by_name) for row in _rows(tables, "feed")),
        faults=tuple(read_fault(row) for row in _rows(tables, "fault")),
    )


def _rows(tables: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    rows = tables.get(name, [])
    if not isinstance(rows, list):
        raise ValueError(f"[{name}] must be written [[{name}]]")  # noqa: TRY004 - the file is wrong
    return rows


_KINDS = {str(kind): kind for kind in DeviceKind}


def _entry(row: Mapping[str, Any], at: int) -> Entry:
    try:
        name, kind, written = row["name"], row["kind"], row["address"]
    except KeyError as missing:
        raise ValueError(f"device {row.get('name', f'number {at}')} has no {missing.args[0]}") from missing
    if kind not in _KINDS:
        raise ValueError(f"device {name}: kind {kind!r} is none of {', '.join(DeviceKind)}")
    host, _, port = written.rpartition(":")
    if not host.startswith("127.") or not port.isascii() or not port.isdigit():
        address = Address.parse(written)
        if not address.host.startswith("127."):
            raise ValueError(f"device {name}: a virtual device lives on loopback, 127.x.y.z, not at {address.host}")
    snmp = row.get("snmp", {})
    return Entry(
        name,
        _KINDS[kind],
        host,
        int(port),
        row.get("profile", ""),
        row.get("place", ""),
        row.get("model", ""),
        row.get("serial", ""),
        int(row.get("unit", 1)),
        str(snmp.get("secret", "public")) if snmp else "public",
        int(row.get("web_port", 0)),
    )


def _check_unique(entries: list[Entry]) -> None:
    if len({entry.name for entry in entries}) == len(entries) == len({(entry.host, entry.port) for entry in entries}):
        return
    names: set[str] = set()
    addresses: dict[tuple[str, int], str] = {}
    for entry in entries:
        if entry.name in names:
            raise ValueError(f"two devices are called {entry.name}")
        names.add(entry.name)
        other = addresses.setdefault((entry.host, entry.port), entry.name)
        if other != entry.name:
            raise ValueError(f"{other} and {entry.name} both answer at {entry.host}:{entry.port}")


def _models(miners: tuple[Entry, ...]) -> tuple[MinerModel, ...]:
    known = {wanted: miner_model(*wanted) for wanted in {(entry.model, entry.profile) for entry in miners}}
    return tuple(known[entry.model, entry.profile] for entry in miners)


def _options(table: Mapping[str, Any]) -> Options:
    defaults = Options()
    allowed = {field.name: type(getattr(defaults, field.name)) for field in fields(Options)}
    read: dict[str, Any] = {}
    for key, value in table.items():
        if key not in allowed:
            raise ValueError(f"[simulation] has no {key}; it has {', '.join(allowed)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"[simulation] {key} must be a number")  # noqa: TRY004 - the file is wrong
        read[key] = allowed[key](value)
    options = Options(**read)
    if not 0 < options.speed <= 600 or not 0.1 <= options.tuning <= 1.3 or not 1 <= options.banks <= 64:
        raise ValueError("[simulation] needs speed above 0 to 600, tuning 0.1 to 1.3, banks 1 to 64")
    if not 1 <= options.log_interval <= 3600 or not 0 <= options.log_past <= 1e7:
        raise ValueError("[simulation] needs log_interval 1 to 3600 and log_past 0 to 10,000,000")
    if not all(0 <= port <= 65535 for port in (options.text_port, options.http_port, options.framed_port)):
        raise ValueError("[simulation] needs text_port, http_port and framed_port from 0 to 65535")
    if options.coolant_litres <= 0 or options.boot_seconds <= 0 or options.ramp_seconds <= 0:
        raise ValueError("[simulation] needs coolant_litres, boot_seconds and ramp_seconds above 0")
    return options


def _loop(row: Mapping[str, Any], devices: Mapping[str, Entry]) -> LoopEntry:
    name = str(row.get("name", ""))
    for plant in row.get("plant", ()):
        if plant not in devices or devices[plant].kind is not DeviceKind.PLANT:
            raise ValueError(f"loop {name}: there is no plant {plant!r}")
    return LoopEntry(name, tuple(row.get("plant", ())), tuple(row.get("cools", ())))


def _feed(row: Mapping[str, Any], devices: Mapping[str, Entry]) -> FeedEntry:
    source, target = str(row.get("from", "")), str(row.get("to", ""))
    if target not in devices:
        raise ValueError(f"feed from {source!r}: there is no device {target!r}")
    if source in devices:
        return FeedEntry(source, 0, target)
    device, _, outlet = source.rpartition("/")
    if device not in devices or not outlet.isascii() or not outlet.isdigit() or int(outlet) < 1:
        raise ValueError(f"feed to {target}: {source!r} is neither a device nor device/outlet")
    return FeedEntry(device, int(outlet), target)
