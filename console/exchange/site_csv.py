"""The device table as CSV: for spreadsheets, so a cell that one would take for a formula is disarmed."""

import csv
import io
from collections.abc import Container
from dataclasses import replace

from console.domain.inventory import Device, Site
from console.exchange.fields import Fields
from console.exchange.identity import with_known_identities
from console.exchange.problems import Problems, instead
from console.exchange.site_checks import Written, check
from console.exchange.site_file import read_device
from console.exchange.toml_lines import Entry, Table

COLUMNS = (
    "name",
    "kind",
    "address",
    "profile",
    "place",
    "serial",
    "mac",
    "model",
    "asset",
    "unit",
    "snmp_version",
    "snmp_secret",
    "login",
    "web_port",
)
REQUIRED = ("name", "kind", "address")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_DEVICE_KEYS = (*COLUMNS[:10], "snmp", "login", "web_port")
_KEPT = ("place", "asset", "unit", "login", "web_port")
"""Fields of a device that stay as they are where the table has no column for them."""
_NUMBERS = ("unit", "web_port")


def write_devices(site: Site) -> str:
    """The device table. A cell beginning with = + - @ gets a ' before it, which `read_devices` takes off again."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for device in site.devices:
        writer.writerow([disarmed(cell) for cell in _row(device)])
    return out.getvalue()


def disarmed(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) or cell.startswith("'") else cell


def armed(cell: str) -> str:
    """A cell as it was before it was disarmed."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in {*_FORMULA, "'"} else cell


def read_devices(
    text: str, existing: Site, *, file: str = "devices.csv", profiles: Container[str] | None = None
) -> Site:
    """The site with the device table of a CSV; loops, feeds, links and the contract stay as they are.

    Raises:
        ExchangeError: Every problem with its line and remedy.
    """
    problems = Problems(file)
    written = Written(
        loops=[(loop, 0) for loop in existing.loops],
        feeds=[(feed, 0) for feed in existing.feeds],
        links=[(link, 0) for link in existing.links],
        credentials=[(group, 0) for group in existing.credentials],
    )
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    columns: list[str] = []
    try:
        columns = [column.strip().casefold() for column in next(reader, [])]
        if _check_columns(columns, problems):
            for row in reader:
                if any(cell.strip() for cell in row):
                    _take(row, columns, reader.line_num, written, problems, profiles)
    except csv.Error as error:
        problems.add(reader.line_num, f"this is no CSV: {error}; quote cells that hold quotes or line ends")
    keep = {name for name in _KEPT if name not in columns} | ({"snmp"} if "snmp_secret" not in columns else set())
    devices = with_known_identities([device for device, _ in written.devices], existing, keep=keep)
    written.devices = [(device, line) for device, (_, line) in zip(devices, written.devices, strict=True)]
    check(written, problems)
    problems.raise_if_any()
    return replace(existing, devices=devices)


def _check_columns(columns: list[str], problems: Problems) -> bool:
    for column in columns:
        if column not in COLUMNS:
            problems.add(1, f'there is no column "{column}"; {instead(column, COLUMNS)}')
    for column in REQUIRED:
        if column not in columns:
            problems.add(1, f'the column "{column}" is missing; the first line names the columns')
    if len(set(columns)) != len(columns):
        problems.add(1, "a column stands twice; keep one of them")
    return not problems.found


def _take(
    row: list[str],
    columns: list[str],
    line: int,
    written: Written,
    problems: Problems,
    profiles: Container[str] | None,
) -> None:
    if len(row) != len(columns):
        problems.add(
            line, f"{len(row)} cells where the first line names {len(columns)} columns; quote cells with commas"
        )
        return
    cells = {column: armed(cell.strip()) for column, cell in zip(columns, row, strict=True)}
    entries: dict[str, Entry] = {
        key: Entry(cell, line) for key, cell in cells.items() if cell and not key.startswith("snmp_")
    }
    for column in _NUMBERS:
        if column in entries and cells[column].isdecimal():
            entries[column] = Entry(int(cells[column]), line)
    if cells.get("snmp_version") or cells.get("snmp_secret"):
        access = {"version": cells.get("snmp_version") or "2c", "secret": cells.get("snmp_secret") or "public"}
        entries["snmp"] = Entry(access, line)
    device = read_device(Fields(Table("device", True, line, entries), _DEVICE_KEYS, problems), profiles)
    if device is None:
        written.unreadable.add(cells["name"])
    else:
        written.devices.append((device, line))


def _row(device: Device) -> tuple[str, ...]:
    snmp = device.snmp
    return (
        device.name,
        device.kind.value,
        str(device.address),
        device.profile,
        device.place,
        device.serial,
        device.mac,
        device.model,
        device.asset,
        "" if device.unit == 1 else str(device.unit),
        snmp.version if snmp is not None else "",
        snmp.secret if snmp is not None else "",
        device.login,
        str(device.web_port) if device.web_port else "",
    )
