"""What a bundle, or a folder beside ours, says about itself before any row is looked at."""

import re
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta

from console.settings.installation import fingerprint
from console.store.sync.refusal import BundleDamaged
from console.store.sync.rows import Count, Id, Kind, Name

FORMAT = 1
"""Of the manifest and of the rows in a bundle; a program refuses what is greater than its own."""

MOST_PLAIN = 64 << 20
"""Bytes of a block's rows, at most; our own have about 4 MB."""

_FILE_NAME = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?")

Span: TypeAlias = tuple[Count, Count]
"""Every row of an origin whose `seq` is greater than the first and not greater than the second number."""

Key = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose rows stand in a store: the id that its rows carry, its name, and its Ed25519 key in hexadecimal.

    The key is empty where the origin never told it.
    """

    id: UUID
    name: Name
    public_key: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]

    @property
    def fingerprint(self) -> str:
        """Of the key; empty without one."""
        return fingerprint(bytes.fromhex(self.public_key)) if self.public_key else ""


class Exporter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who made an offer and vouches for it.

    Attributes:
        installation: Id of the program that made it.
        name: `user@host`.
        public_key: What the signature is checked with.
        origin: What the exporting folder writes as; None where it is somebody else's folder that was only read.
    """

    installation: UUID
    name: Name
    public_key: Key
    origin: UUID | None

    @property
    def fingerprint(self) -> str:
        """Of the key."""
        return fingerprint(bytes.fromhex(self.public_key))


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One block: what, how many rows, bytes in the bundle, bytes of the plain rows, BLAKE2b-256 of the bytes in it."""

    kind: Kind
    file: Annotated[str, Meta(max_length=7)]
    rows: Count
    size: Count
    plain: Annotated[int, Meta(ge=0, le=MOST_PLAIN)]
    hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is offered, from a bundle or straight from a folder.

    Attributes:
        site: Which site.
        site_name: What operators call it.
        exporter: Who offers.
        origins: Every origin whose rows are offered, as the exporter knows it.
        events: The span of each origin's events.
        history: By file (`2026-10`, `2026`), the span of each origin's rows.
        until: UTC seconds up to which the history goes; 0 where there is none.
        beside: Made while a collector was writing: what it had not finished is not in it.
    """

    site: UUID
    site_name: Name
    exporter: Exporter
    origins: tuple[Origin, ...]
    events: dict[Id, Span]
    history: dict[str, dict[Id, Span]]
    until: float
    beside: bool

    def check(self) -> None:
        """Raise `BundleDamaged` for what no exporter writes."""
        for name in self.history:
            if not _FILE_NAME.fullmatch(name):
                raise BundleDamaged(f"A bundle cannot hold a file of history named {name!r}. Nothing was changed.")
        spans = [self.events, *self.history.values()]
        if any(first > last for group in spans for first, last in group.values()):
            raise BundleDamaged("The bundle states a span that ends before it begins. Nothing was changed.")


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signed front page of a bundle."""

    format: int
    program: Name
    made_at: float
    offer: Offer
    parts: tuple[Part, ...]
