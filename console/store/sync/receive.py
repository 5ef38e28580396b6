"""The taking side: everything that is offered is proved first, and only then written, a little at a time.

What was written when an import is broken off is right as far as it goes: rows only ever join, and the same offer
brings the rest. A file's marks move on only when all of its rows are there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeAlias
from uuid import UUID

from sqlalchemy import Connection

from console.domain.hybrid_clock import ClockAhead
from console.store.database import Database
from console.store.records.chain import ChainError
from console.store.records.event_log import EventLog, MergeResult
from console.store.sync.admission import Admission, check_base, check_site, own_comes_back, read_keys
from console.store.sync.manifest import Offer, Origin
from console.store.sync.merge_history import compare, write
from console.store.sync.refusal import IntegrityProblem, SyncRefused
from console.store.sync.rows import REGISTRY, Block, Kind, Row
from console.store.sync.state import Mark, note_begin, note_end, read_marks

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how many rows of it are done, and how many there are (0: not known)."""


class Files(Protocol):
    """The files of history of a folder, for its one writer."""

    def names(self) -> list[str]:
        """Those that exist. Touches the disk."""

    def lend(self, name: str) -> AbstractAsyncContextManager[Database]:
        """A file opened for writing, brought up to date, and made when there was none."""


class Giver(Protocol):
    """Whatever offers rows: a bundle, or another folder."""

    @property
    def offer(self) -> Offer:
        """What is offered."""

    @property
    def total(self) -> int:
        """Rows in all; 0 when that is not known."""

    def blocks(self) -> AsyncIterator[Block]:
        """The rows; may be asked for twice. Raises `SyncRefused` when they are not what was offered."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A folder that takes rows in. Its lock is held, or its collector asks.

    Attributes:
        console: The console file.
        log: Its events.
        files: Its history.
        origin: What it writes as.
        running: A collector is writing: what it holds in memory about its own rows cannot be changed under it.
    """

    console: Database
    log: EventLog
    files: Files
    origin: UUID
    running: bool = False


@dataclass(slots=True)
class Received:
    """What an import has done.

    Attributes:
        offer: What was offered, and by whom.
        events: The merge of the events.
        rows: Rows of history that are new or newer, by kind.
        new_origins: Origins never seen before, taken on the word of whoever gave the command.
        own_returned: Rows of this very folder came back that it no longer had.
    """

    offer: Offer
    events: MergeResult
    rows: dict[str, int] = field(default_factory=dict)
    new_origins: tuple[Origin, ...] = ()
    own_returned: bool = False

    @property
    def added(self) -> int:
        """Events and rows of history that were not known before."""
        return self.events.added + sum(self.rows.values())


async def receive(giver: Giver, receiver: Receiver, progress: Progress) -> Received:
    """Take in what is offered.

    Raises:
        SyncRefused: Of another site, damaged, or at odds with what is here; nothing was changed.
        StoreFull: The disk takes no more; the same command later brings the rest.
    """
    giver.offer.check()
    await receiver.console.read(partial(check_site, offer=giver.offer))
    own_returned = await _check_marks(giver.offer, receiver)
    admission = await _admit(giver, receiver, progress)
    try:
        merged = await receiver.log.merge(admission.events)
    except ClockAhead as error:
        raise SyncRefused(f"{error} Nothing was taken in.") from error
    except ChainError as error:
        raise IntegrityProblem(f"{error} Nothing was taken in; run `terrahash verify` on both folders.") from error
    received = Received(giver.offer, merged, {}, admission.new_origins, own_returned)
    await _take_history(giver, receiver, received, progress)
    return received


async def _check_marks(offer: Offer, receiver: Receiver) -> bool:
    """What is offered goes on from what is here; returns whether rows of this folder itself come back."""
    mine = {str(origin): seq for origin, seq in (await receiver.log.vector()).items()}
    for origin, (first, _) in offer.events.items():
        check_base(offer, origin, "events", first, mine.get(origin, 0))
    own = str(receiver.origin)
    own_history: dict[str, int] = {}
    names = await asyncio.to_thread(receiver.files.names)
    for name, spans in offer.history.items():
        marks = await _marks(receiver.files, name) if name in names else {}
        for origin, (first, _) in spans.items():
            check_base(offer, origin, f"history {name}", first, marks[origin].seq if origin in marks else 0)
        own_history[name] = marks[own].seq if own in marks else 0
    comes_back = own_comes_back(offer, receiver.origin, mine.get(own, 0), own_history)
    if comes_back and receiver.running:
        raise SyncRefused(
            "This brings back records of this very folder that it no longer has (it was restored from an older "
            "backup): stop its collector, then import again. Nothing was changed."
        )
    return comes_back


async def _marks(files: Files, name: str) -> dict[str, Mark]:
    async with files.lend(name) as file:
        return await file.read(read_marks)


async def _admit(giver: Giver, receiver: Receiver, progress: Progress) -> Admission:
    """Look at every row, and hold it against its counterpart here."""
    admission = Admission(giver.offer, await receiver.console.read(read_keys))
    names = await asyncio.to_thread(receiver.files.names)
    done = 0
    async for block in giver.blocks():
        await asyncio.to_thread(admission.take, block)
        if block.file in names:
            async with receiver.files.lend(block.file) as file:
                await file.read(partial(compare, kind=block.kind, rows=block.rows))
        done += len(block.rows)
        progress("checking", done, giver.total)
    admission.check_keys()
    return admission


async def _take_history(giver: Giver, receiver: Receiver, received: Received, progress: Progress) -> None:
    history = giver.offer.history
    begun: set[str] = set()
    done = 0
    async for block in giver.blocks():
        if block.kind is Kind.EVENT:
            continue
        async with receiver.files.lend(block.file) as file:
            if block.file not in begun:
                begun.add(block.file)
                await file.write(partial(_begin, origins=sorted(history[block.file])))
            count = await file.write(partial(_join, kind=block.kind, rows=block.rows))
        if block.kind not in REGISTRY:
            received.rows[block.kind.value] = received.rows.get(block.kind.value, 0) + count
        done += len(block.rows)
        progress("writing", done, giver.total)
    for name, spans in history.items():
        async with receiver.files.lend(name) as file:
            await file.write(partial(note_end, marks={origin: last for origin, (_, last) in spans.items()}))


def _begin(connection: Connection, origins: list[str]) -> None:
    marks = read_marks(connection)
    note_begin(connection, {origin: marks[origin].seq if origin in marks else 0 for origin in origins})


def _join(connection: Connection, kind: Kind, rows: Sequence[Row]) -> int:
    merge = compare(connection, kind, rows)
    write(connection, kind, merge)
    return len(merge.new)
