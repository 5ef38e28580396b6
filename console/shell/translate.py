"""What the link's messages mean to the presenters, which know nothing of the link."""

import numpy as np

from console.link.messages import Health, Shape, Snapshot
from console.link.state import LinkPhase, LinkState
from console.presenters.frame import Frame, FrameShape, RowShape
from console.presenters.source import CollectorHealth, Connection


class SnapshotMismatch(ValueError):
    """A snapshot does not fit the shape announced before it; the text says how."""


def frame_shape(shape: Shape, before: FrameShape | None) -> FrameShape:
    """The shape that the following snapshots have; `before` is the one it follows, of the same collector."""
    rows = [RowShape(row.device, row.start, row.signals) for row in shape.rows]
    return FrameShape(shape.revision, shape.series, rows, None if before is None else before.table)


def frame(snapshot: Snapshot, shape: FrameShape) -> Frame:
    """A snapshot as arrays, without a copy. Raises `SnapshotMismatch`."""
    if snapshot.revision != shape.revision:
        raise SnapshotMismatch(f"snapshot of shape {snapshot.revision} after shape {shape.revision}")
    values = np.frombuffer(snapshot.values, "<f8")
    answered = np.frombuffer(snapshot.answered, "<f8")
    if len(values) != shape.series or len(answered) != len(shape):
        raise SnapshotMismatch(f"snapshot of {len(values)} series and {len(answered)} devices: the shape has others")
    return Frame(
        shape=shape,
        tick=snapshot.tick,
        at=snapshot.at,
        values=values,
        quality=np.frombuffer(snapshot.quality, np.uint8),
        answered=answered,
        state=np.frombuffer(snapshot.state, np.uint8),
        period=np.frombuffer(snapshot.period, "<f8"),
    )


def health(told: Health) -> CollectorHealth:
    """What the collector says of itself."""
    return CollectorHealth(
        polls=told.polls,
        failures=told.failures,
        lost=told.lost,
        polls_per_second=told.polls_per_second,
        in_flight=told.in_flight,
        in_flight_cap=told.in_flight_cap,
        stretch=told.stretch,
        loop_lag=told.loop_lag,
        answered=told.answered,
        known=told.known,
        store_bytes=told.store_bytes,
        stored_samples=told.stored_samples,
        store_error=told.store_error,
        gap_seconds=told.gap_seconds,
    )


def connection(state: LinkState, *, was_live: bool) -> Connection:
    """How a link's phase reads on the screen; reconnecting after a loss is still lost."""
    if state.phase is LinkPhase.LIVE:
        return Connection.LIVE
    return Connection.LOST if was_live else Connection.STARTING
