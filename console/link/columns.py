"""Live columns as the messages that carry them."""

import numpy as np

from console.domain.telemetry import NO_LAYOUT, LiveColumns
from console.link.framing import PackedShape
from console.link.messages import Health, Snapshot


def shape_of(columns: LiveColumns) -> PackedShape:
    """How the arrays are laid out now; a device that has not reported has no signals."""
    layouts, numbers, starts = columns.arrangement()
    reported = numbers != NO_LAYOUT
    return PackedShape(
        revision=columns.revision,
        series=len(columns.values),
        # The last layout is the empty one, of those that have not reported.
        layouts=(*(layout.signals for layout in layouts), ()),
        devices=b"".join([device.bytes for device in columns.devices]),
        layout=np.where(reported, numbers, len(layouts)).astype("<u4").tobytes(),
        start=np.where(reported, starts, 0).astype("<i8").tobytes(),
        period=columns.period.astype("<f8").tobytes(),
    )


def snapshot_of(columns: LiveColumns, tick: int, at: float, health: Health) -> Snapshot:
    """Everything at UTC second `at`."""
    answered = columns.answered
    known = answered[~np.isnan(answered)]
    return Snapshot(
        revision=columns.revision,
        tick=tick,
        at=at,
        newest=float(known.max()) if len(known) else 0.0,
        values=columns.values.astype("<f8", copy=False).tobytes(),
        quality=columns.quality.tobytes(),
        answered=answered.astype("<f8", copy=False).tobytes(),
        state=columns.state.tobytes(),
        period=columns.period.astype("<f8", copy=False).tobytes(),
        health=health,
    )
