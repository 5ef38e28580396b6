"""The collector's end of the link: any number of consoles, none of which can delay it or each other."""

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from console.domain.alarms import Alarm
from console.domain.incidents import Incident
from console.domain.inventory import Device
from console.link.endpoint import Endpoint, endpoint
from console.link.framing import PackedShape, frame
from console.link.messages import (
    HEARTBEAT_SECONDS,
    SILENT_AFTER_SECONDS,
    AlarmsChanged,
    Answer,
    DevicesChanged,
    Heartbeat,
    IncidentsChanged,
    Reply,
    Request,
    Shape,
    Snapshot,
    Welcome,
)
from console.link.session import Session

log = logging.getLogger(__name__)

RING_EVENTS = 4096
"""Events kept for clients that come back or read slowly; who lacks more gets a new welcome."""

RING_BYTES = 32 * 1024 * 1024

GONE_AFTER_SECONDS = 6 * SILENT_AFTER_SECONDS
"""A client that says nothing for so long is closed; it may come back and resume."""


class LinkServer:
    """Serves one site folder.

    Args:
        folder: The site folder; its lock must be held.
        boot: New for each start.
        welcome: Gives the whole state as of the sequence it is handed.
        handle: Carries out one request; an exception it raises is a bug and is answered as such.

    Attributes:
        sequence: Of the newest event.
    """

    def __init__(
        self,
        folder: Path,
        boot: UUID,
        welcome: Callable[[int], Welcome],
        handle: Callable[[Request], Awaitable[Reply]],
        *,
        at: Endpoint | None = None,
    ) -> None:
        self.boot = boot
        self.sequence = 0
        self.heartbeat = frame(Heartbeat(time.time()))
        self._endpoint = at if at is not None else endpoint(folder)
        self._state = welcome
        self._handle = handle
        self._server: asyncio.Server | None = None
        self._sessions: set[Session] = set()
        self._ring: deque[bytes] = deque()
        self._ring_bytes = 0
        self._welcome: tuple[int, bytes] = (-1, b"")
        self._shape: tuple[int, bytes] = (-1, b"")
        self._snapshot: tuple[int, bytes] = (-1, b"")
        self._pulse: asyncio.Task[None] | None = None

    @property
    def token(self) -> str:
        """The secret each hello must carry; empty on a Unix socket."""
        return self._endpoint.token

    @property
    def clients(self) -> tuple[str, ...]:
        """Names of the clients that are connected."""
        return tuple(sorted(session.client for session in self._sessions if session.greeted))

    async def start(self) -> None:
        """Listen; raises OSError when the endpoint cannot be made."""
        self._server = await self._endpoint.listen(self._new_session)
        self._pulse = asyncio.get_running_loop().create_task(self._beat(), name="link heartbeat")

    async def close(self) -> None:
        """Stop listening, let requests under way end for a second, and close every connection."""
        if self._server is None:
            return
        self._server.close()
        self._endpoint.remove()
        workers = [worker for session in self._sessions for worker in session.workers]
        if workers:
            _, pending = await asyncio.wait(workers, timeout=1.0)
            for worker in pending:
                # An import may take minutes; broken off it leaves nothing half done, and can be repeated.
                worker.cancel()
            if pending:
                await asyncio.wait(pending)
        if self._pulse is not None:
            self._pulse.cancel()
            await asyncio.wait([self._pulse])
        for session in tuple(self._sessions):
            session.refuse("the collector has ended")
        await asyncio.sleep(0)
        for session in tuple(self._sessions):
            session.drop()
        self._server = None

    def publish_alarms(self, alarms: tuple[Alarm, ...]) -> None:
        """Tell every client about new and changed alarms."""
        self.sequence += 1
        self._publish(frame(AlarmsChanged(self.sequence, alarms)))

    def publish_incidents(self, incidents: tuple[Incident, ...]) -> None:
        """Tell every client about new and changed incidents."""
        self.sequence += 1
        self._publish(frame(IncidentsChanged(self.sequence, incidents)))

    def publish_devices(self, devices: tuple[Device, ...]) -> None:
        """Tell every client about new devices and changed facts."""
        self.sequence += 1
        self._publish(frame(DevicesChanged(self.sequence, devices)))

    def show(self, snapshot: Snapshot, shape: Callable[[], Shape | PackedShape]) -> None:
        """Offer the newest columns. The shape is asked for only when the snapshot's revision is a new one."""
        if snapshot.revision != self._shape[0]:
            self._shape = (snapshot.revision, frame(shape()))
        self._snapshot = (snapshot.tick, frame(snapshot))
        self._pump()

    def _publish(self, data: bytes) -> None:
        self._ring.append(data)
        self._ring_bytes += len(data)
        while len(self._ring) > RING_EVENTS or (self._ring_bytes > RING_BYTES and len(self._ring) > 1):
            self._ring_bytes -= len(self._ring.popleft())
        self._pump()

    def _pump(self) -> None:
        for session in tuple(self._sessions):
            session.pump()

    async def _beat(self) -> None:
        before = time.monotonic()
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            now = time.monotonic()
            self.heartbeat = frame(Heartbeat(time.time()))
            for session in tuple(self._sessions):
                session.pulse(min(now - before, 2 * HEARTBEAT_SECONDS))
                if session.silent_for > GONE_AFTER_SECONDS:
                    log.warning("closing the link to %s: silent for %.0f s", session.client, session.silent_for)
                    session.drop()
            before = now

    def _new_session(self) -> Session:
        session = Session(self)
        self._sessions.add(session)
        return session

    # What a session draws on.

    def welcome(self) -> bytes:
        """The whole state at the newest sequence; encoded once however many clients ask."""
        if self._welcome[0] != self.sequence:
            self._welcome = (self.sequence, frame(self._state(self.sequence)))
        return self._welcome[1]

    def events_after(self, sequence: int) -> list[bytes] | None:
        """Frames of the events after this one; None when the ring no longer holds them all, or never did."""
        missing = self.sequence - sequence
        if missing < 0 or missing > len(self._ring):
            return None
        return list(itertools.islice(self._ring, len(self._ring) - missing, None))

    def newest_shape(self) -> tuple[int, bytes]:
        """Revision and frame."""
        return self._shape

    def newest_snapshot(self) -> tuple[int, bytes]:
        """Tick and frame."""
        return self._snapshot

    async def answer(self, request: Request) -> Reply:
        """Carry out a request; a bug in doing so is logged and answered, and hurts nobody else."""
        try:
            return await self._handle(request)
        except Exception:
            log.exception("the request %s failed", type(request).__name__)
            return Answer(request.request, "the collector could not do this because of a fault in it; see its log")

    def joined(self, session: Session) -> None:
        """A client is there."""
        log.info("%s is attached", session.client)

    def left(self, session: Session) -> None:
        """A client has gone."""
        self._sessions.discard(session)
        if session.greeted:
            log.info("%s has left", session.client)
