"""Live columns as the messages that carry them, and the other way round."""

import numpy as np

from console.domain.telemetry import LiveColumns
from console.link.messages import DeviceShape, Health, Shape, Snapshot


def shape_of(columns: LiveColumns) -> Shape:
    """How the arrays are laid out now; a device that has not reported has no signals."""
    rows = []
    for row, device in enumerate(columns.devices):
        block = columns.block(device)
        period = float(columns.period[row])
        if block is None:
            rows.append(DeviceShape(device, period, 0, ()))
        else:
            rows.append(DeviceShape(device, period, block.start, block.layout.signals))
    return Shape(columns.revision, len(columns.values), tuple(rows))


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
