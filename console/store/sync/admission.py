"""What is looked at before anything offered is taken in: whose it is, which site's, what it goes on from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from console.store import schema
from console.store.records.chain import StoredEvent
from console.store.records.origin_events import ORIGIN, OriginBody
from console.store.sync.manifest import Offer, Origin
from console.store.sync.refusal import BaseMissing, BundleDamaged, ForeignSite, KeyMismatch
from console.store.sync.rows import RULES, Block, Kind, Row, place_of


@dataclass(slots=True)
class Admission:
    """What was found out about an offer, block by block.

    Attributes:
        offer: What is offered.
        known: Key of each origin on record here.
        events: All that are offered.
    """

    offer: Offer
    known: Mapping[str, bytes]
    events: list[StoredEvent] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    @property
    def new_origins(self) -> tuple[Origin, ...]:
        """Origins never seen here before."""
        return tuple(origin for origin in self.offer.origins if str(origin.id) not in self.known)

    def take(self, block: Block) -> None:
        """Every row belongs to what was offered and comes once.

        Raises:
            BundleDamaged: A row that was not announced, or stands in the wrong place, or twice.
        """
        rule = RULES[block.kind]
        if block.kind is not Kind.EVENT and block.file not in self.offer.history:
            raise BundleDamaged(f"A block of {block.file or 'no file'} was never announced. Nothing was changed.")
        key = rule.places(rule.key)
        for row in block.rows:
            mark = hash((block.kind, block.file, *(row[at] for at in key)))
            if mark in self._seen:
                raise _damaged(block.kind, row, "stands there twice")
            self._seen.add(mark)
            if not self._belongs(block, row):
                raise _damaged(block.kind, row, "does not belong where it stands")
        if block.kind is Kind.EVENT:
            self.events.extend(StoredEvent(*row) for row in block.rows)

    def _belongs(self, block: Block, row: Row) -> bool:
        rule = RULES[block.kind]
        if rule.origin is None:
            return True
        spans = self.offer.events if block.kind is Kind.EVENT else self.offer.history[block.file]
        span = spans.get(row[rule.origin])
        if span is None:
            return False
        if rule.sequence is not None and not span[0] < row[rule.sequence] <= span[1]:
            return False
        if block.kind not in {Kind.RAW, Kind.DERIVED, Kind.KEYFRAME} or rule.at is None:
            return True
        begin, end = time_span(block.file)
        return begin <= rule.at(row) < end

    def check_keys(self) -> None:
        """Every origin shows the key by which it introduced itself, here or in what is offered; so does the exporter.

        Raises:
            KeyMismatch: Somebody may write in another's name.
        """
        keys = {origin: key.hex() for origin, key in self.known.items() if key}
        for event in self.events:
            if event.kind == ORIGIN and event.entity == event.origin:
                keys.setdefault(event.origin, _introduced_key(event))
        for origin in self.offer.origins:
            key = keys.get(str(origin.id), "")
            if key and origin.public_key and key != origin.public_key:
                raise KeyMismatch(
                    f"{origin.name} ({origin.id}) shows the key {origin.fingerprint}, and not the one that it "
                    "introduced itself with: somebody else may write in its name. Nothing was changed."
                )
        exporter = self.offer.exporter
        if keys.get(str(exporter.origin), exporter.public_key) != exporter.public_key:
            raise KeyMismatch(
                f"{exporter.name} signed for the origin {exporter.origin} with the key {exporter.fingerprint}, which "
                "is not that origin's: somebody else may write in its name. Nothing was changed."
            )


def read_keys(connection: Connection) -> dict[str, bytes]:
    """The key of each origin on record."""
    return {row.id: row.public_key for row in connection.execute(select(schema.origin))}


def check_site(connection: Connection, offer: Offer) -> None:
    """Raise `ForeignSite` unless the folder holds the offered site, or none."""
    site = connection.execute(select(schema.site.c.id, schema.site.c.name)).first()
    if site is not None and UUID(site.id) != offer.site:
        raise ForeignSite(
            f"This is of another site: {offer.site_name} ({offer.site}), and the folder holds {site.name} ({site.id}). "
            "Nothing was changed."
        )


def check_base(offer: Offer, origin: str, what: str, first: int, there: int) -> None:
    """Raise `BaseMissing` when the rows offered begin after those that are here."""
    if first <= there:
        return
    name = next((one.name for one in offer.origins if str(one.id) == origin and one.name), origin)
    raise BaseMissing(
        f"This goes on from record {first} of {name} ({what}), and this folder has only {there}: what lies between "
        "would be missing. Export again with --since and a state made here (terrahash sync FOLDER --state), or without "
        "--since. Nothing was changed."
    )


def time_span(file: str) -> tuple[float, float]:
    """UTC seconds at which a year or month file begins and ends."""
    year, month = int(file[:4]), int(file[5:] or 1)
    after = year * 12 + month - 1 + (1 if len(file) > len("2026") else 12)
    end = datetime(after // 12, after % 12 + 1, 1, tzinfo=UTC)
    return datetime(year, month, 1, tzinfo=UTC).timestamp(), end.timestamp()


def own_comes_back(offer: Offer, own: UUID, events: int, history: Mapping[str, int]) -> bool:
    """Whether an offer holds rows of the receiving origin that it no longer has itself.

    Args:
        offer: What is offered.
        own: What the receiving folder writes as.
        events: Its newest own event.
        history: By file, its newest own row.
    """
    origin = str(own)
    if offer.events.get(origin, (0, 0))[1] > events:
        return True
    return any(spans.get(origin, (0, 0))[1] > history.get(name, 0) for name, spans in offer.history.items())


def _introduced_key(event: StoredEvent) -> str:
    try:
        return msgspec.json.decode(event.body, type=OriginBody).key
    except msgspec.DecodeError as error:
        raise BundleDamaged(
            f"Event {event.seq} of origin {event.origin} introduces it in a way that cannot be read ({error}). Nothing "
            "was changed."
        ) from error


def _damaged(kind: Kind, row: Row, why: str) -> BundleDamaged:
    return BundleDamaged(f"The {kind} row {place_of(kind, row)} {why}. Nothing was changed.")
