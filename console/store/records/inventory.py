"""The site and its devices in console.sqlite: read from the tables, written as edits of what differs."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Row, Select, Table, select

from console.domain.inventory import Contract, CredentialGroup, Device, Feed, Link, Loop, Site, SnmpAccess
from console.store import schema
from console.store.database import Database
from console.store.engine import StoreError, insert_rows
from console.store.records.chain import StoredEvent
from console.store.records.event_log import EventLog
from console.store.records.inventory_edits import Differences, Edits, Kept, differences, edits
from console.store.records.inventory_fields import DEVICE
from console.store.records.inventory_projection import NAME_TWICE, fold_kinds
from console.store.records.projections import Touched, related, work_out
from console.store.records.replacement import apply, chunks
from console.store.records.same_devices import meets_another
from drivers.core.identity import Address, DeviceKind

NO_SITE = "This folder holds no site yet: import a site file into it (terrahash site import)."

Rows = dict[Table, Sequence[Row[Any]]]


class Inventory:
    """The inventory of a site folder."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log
        self._kept: tuple[int, Kept] | None = None

    async def site(self) -> Site:
        """The site and its devices; raises `StoreError` when none was ever saved."""
        return await asyncio.to_thread(build_site, await self._database.read(fetch_site))

    async def save(self, site: Site) -> None:
        """Write what differs from the stored site as edits, in one transaction. Raises `StoreFull`."""
        async with self._log.writing:
            kept = await self._stored()
            differing = await asyncio.to_thread(differences, kept, site)
            hangs_together = False
            if differing:
                known, is_named_twice = await self._database.read(lambda connection: _known(connection, differing))
                made = await asyncio.to_thread(self._edits, kept, site, differing, known)
                devices = frozenset(str(device.id) for device in differing.devices)
                hangs_together = await self._database.write(
                    lambda connection: self._write(connection, made, devices, is_named_twice)
                )
            self._kept = None if hangs_together else (self._log.merges, Kept(site, differing.positions))

    async def _stored(self) -> Kept:
        if self._kept is not None and self._kept[0] == self._log.merges:
            return self._kept[1]
        rows = await self._database.read(fetch_site)
        return await asyncio.to_thread(build_kept, rows)

    def _edits(self, kept: Kept, site: Site, differing: Differences, known: Sequence[StoredEvent]) -> Edits:
        return edits(kept, site, differing, fold_kinds(known), self._log.wall())

    def _write(self, connection: Connection, made: Edits, devices: frozenset[str], is_named_twice: bool) -> bool:
        """Returns whether the tables were worked out anew, and may differ from the site that was saved."""
        rows = self._log.append(connection, made.events)
        hangs_together = is_named_twice or meets_another(connection, made.aliases, devices)
        insert_rows(connection, schema.alias, made.aliases, "OR REPLACE")
        apply(connection, made.rows)
        touched = Touched({DEVICE: devices | Touched.by(rows).of(DEVICE)})
        if not hangs_together or not touched.of(DEVICE):
            return False
        # Whose name is whose, and who is the same asset, hangs on every device: rare, and soon over.
        apply(connection, work_out(related(connection, touched), touched))
        return True


def _known(connection: Connection, differing: Differences) -> tuple[list[StoredEvent], bool]:
    """The events so far of everything that differs, and whether devices stand that were given one name."""
    event = schema.event.c
    found: list[StoredEvent] = []
    if connection.execute(select(event.seq).where(event.kind == DEVICE).limit(1)).first() is not None:
        ids = [*(str(device.id) for device in differing.devices), *differing.removed]
        for entities in chunks(ids):
            found += _events(connection, [DEVICE], entities)
    if differing.kinds:
        found += _events(connection, sorted(differing.kinds))
    conflict = schema.conflict.c
    twice = select(conflict.id).where(conflict.kind == DEVICE, conflict.field == NAME_TWICE).limit(1)
    return found, connection.execute(twice).first() is not None


def _events(connection: Connection, kinds: Sequence[str], entities: Collection[str] | None = None) -> list[StoredEvent]:
    query = select(schema.event).where(schema.event.c.kind.in_(kinds))
    if entities is not None:
        query = query.where(schema.event.c.entity.in_(entities))
    return [StoredEvent(*row) for row in connection.execute(query)]


def fetch_site(connection: Connection) -> Rows:
    """The raw rows of the site, for `build_site` to make sense of elsewhere than on the loop."""
    device = schema.device.c
    found: Rows = {
        table: connection.execute(select(table).order_by(table.c.position)).all()
        for table in (schema.loop, schema.feed, schema.link)
    }
    found[schema.site] = connection.execute(_select_stored(connection, schema.site)).all()
    in_order = _select_stored(connection, schema.device).order_by(device.position, device.id)
    found[schema.device] = connection.execute(in_order).all()
    return found


def _select_stored(connection: Connection, table: Table) -> Select[Any]:
    """The columns that the file has: one of an older version, which may not be written, lacks some."""
    stored = {row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table.name})")}
    return select(*(column for column in table.c if column.name in stored))


def build_kept(rows: Rows) -> Kept:
    """The inventory out of its rows, as saving compares with it."""
    site = build_site(rows) if rows[schema.site] else None
    return Kept(site, {row.id: row.position for row in rows[schema.device]})


def build_site(rows: Rows) -> Site:
    """The site out of its rows; raises `StoreError` when none was ever saved."""
    if not rows[schema.site]:
        raise StoreError(NO_SITE)
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
        credentials=_credentials(getattr(stored, "credentials", None)),
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
        login=getattr(row, "login", ""),
        web_port=getattr(row, "web_port", 0),
    )


def _credentials(text: str | None) -> tuple[CredentialGroup, ...]:
    return msgspec.json.decode(text, type=tuple[CredentialGroup, ...]) if text else ()


def _names(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])
