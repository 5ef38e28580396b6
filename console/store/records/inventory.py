"""The site and its devices in console.sqlite."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Row, Table, delete, select

from console.domain.inventory import Contract, Device, Feed, Link, Loop, Site, SnmpAccess
from console.store import schema
from console.store.engine import StoreError, insert_rows
from drivers.core.identity import Address, DeviceKind

Rows = Sequence[tuple[object, ...]]


def site_rows(site: Site) -> tuple[tuple[Table, Rows], ...]:
    """Every row of a site by table, in the order of each table's columns. Slow for large sites: not on a loop."""
    contract = msgspec.json.encode(site.contract).decode() if site.contract is not None else None
    return (
        (
            schema.site,
            [(str(site.id), site.name, site.zone, site.rated_mw, site.target_hashrate, contract)],
        ),
        (schema.device, [_device_row(at, device) for at, device in enumerate(site.devices)]),
        (schema.loop, [(at, loop.name, _text(loop.plant), _text(loop.cools)) for at, loop in enumerate(site.loops)]),
        (
            schema.feed,
            [
                (at, feed.source, feed.target, feed.verified.isoformat() if feed.verified else None)
                for at, feed in enumerate(site.feeds)
            ],
        ),
        (schema.link, [(at, link.source, link.target) for at, link in enumerate(site.links)]),
    )


def alias_rows(site: Site) -> Rows:
    """What each device is known by now; the newest owner of a name or address wins."""
    return [
        (kind, value, str(device.id))
        for device in site.devices
        for kind, value in (
            ("serial", device.serial),
            ("mac", device.mac),
            ("name", device.name),
            ("address", f"{device.address}/{device.unit}"),
        )
        if value
    ]


def write_site(connection: Connection, rows: Sequence[tuple[Table, Rows]], aliases: Rows) -> None:
    """Replace the stored site in the caller's transaction; aliases only grow."""
    for table, values in rows:
        connection.execute(delete(table))
        insert_rows(connection, table, values)
    insert_rows(connection, schema.alias, aliases, "OR REPLACE")


def fetch_site(connection: Connection) -> dict[Table, Sequence[Row[Any]]]:
    """The raw rows of the site, for `build_site` to make sense of elsewhere than on the loop."""
    tables = (schema.site, schema.device, schema.loop, schema.feed, schema.link)
    return {
        table: connection.execute(
            select(table).order_by(table.c.position) if "position" in table.c else select(table)
        ).all()
        for table in tables
    }


def build_site(rows: dict[Table, Sequence[Row[Any]]]) -> Site:
    """The site out of its rows; raises `StoreError` when none was ever saved."""
    if not rows[schema.site]:
        raise StoreError("This folder holds no site yet: import a site file into it (terrahash site import).")
    stored = rows[schema.site][0]
    return Site(
        id=UUID(stored.id),
        name=stored.name,
        zone=stored.zone,
        rated_mw=stored.rated_mw,
        target_hashrate=stored.target_hashrate,
        devices=tuple(_device(row) for row in rows[schema.device]),
        loops=tuple(Loop(row.name, _names(row.plant), _names(row.cools)) for row in rows[schema.loop]),
        feeds=tuple(
            Feed(row.source, row.target, date.fromisoformat(row.verified) if row.verified else None)
            for row in rows[schema.feed]
        ),
        links=tuple(Link(row.source, row.target) for row in rows[schema.link]),
        contract=msgspec.json.decode(stored.contract, type=Contract) if stored.contract else None,
    )


def _device_row(position: int, device: Device) -> tuple[object, ...]:
    return (
        str(device.id),
        position,
        device.name,
        device.kind.value,
        device.address.host,
        device.address.port,
        device.unit,
        device.profile,
        device.place,
        device.serial,
        device.mac,
        device.model,
        device.asset,
        msgspec.json.encode(device.snmp).decode() if device.snmp is not None else None,
    )


def _device(row: Row[Any]) -> Device:
    return Device(
        id=UUID(row.id),
        name=row.name,
        kind=DeviceKind(row.kind),
        address=Address(row.host, row.port),
        profile=row.profile,
        place=row.place,
        serial=row.serial,
        mac=row.mac,
        model=row.model,
        asset=row.asset,
        unit=row.unit,
        snmp=msgspec.json.decode(row.snmp, type=SnmpAccess) if row.snmp else None,
    )


def _text(names: tuple[str, ...]) -> str:
    return msgspec.json.encode(names).decode()


def _names(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])
