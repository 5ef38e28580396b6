"""What a collector told its consoles to be durable, reading by reading, and whether it can be read back."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np

from console.link.messages import DeviceShape, Shape, Snapshot
from console.services.ports import History
from console.store.reading.history_reader import open_reader
from drivers.core.identity import DeviceKind
from drivers.core.points import POINTS
from drivers.core.reading import Quality

POINT_OF_KIND = {
    DeviceKind.MINER: "hashrate",
    DeviceKind.PDU: "power",
    DeviceKind.PLANT: "flow",
    DeviceKind.METER: "power",
}
"""One point that every report of such a device brings."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One reading that the collector reported as stored."""

    device: UUID
    point: str
    part: str
    answered: float
    value: float


class StoredLedger:
    """Takes in every snapshot of a collector; a snapshot counts as stored once a later one says so (`stored_at`)."""

    def __init__(self, kinds: dict[UUID, DeviceKind]) -> None:
        self.readings: set[Acknowledged] = set()
        self.kills: list[float] = []
        self._kinds = kinds
        self._waiting: deque[tuple[Snapshot, Shape]] = deque()

    def has_more_than(self, readings: int) -> bool:
        """Whether more than so many readings are known to be stored."""
        return len(self.readings) > readings

    def collector_died(self) -> None:
        """What it did not call stored, it never promised."""
        self._waiting.clear()
        self.kills.append(time.time())

    def take(self, snapshot: Snapshot, shape: Shape) -> None:
        """One more snapshot of the same collector."""
        self._waiting.append((snapshot, shape))
        while self._waiting and self._waiting[0][0].at <= snapshot.health.stored_at:
            self._keep(*self._waiting.popleft())

    def _keep(self, snapshot: Snapshot, shape: Shape) -> None:
        values, quality = np.frombuffer(snapshot.values), np.frombuffer(snapshot.quality, np.uint8)
        answered = np.frombuffer(snapshot.answered)
        for row, device in enumerate(shape.rows):
            if device.device in self._kinds and not np.isnan(answered[row]):
                self._keep_device(device, float(answered[row]), values, quality)

    def _keep_device(
        self, device: DeviceShape, answered: float, values: "np.ndarray[tuple[int], np.dtype[np.float64]]",
        quality: "np.ndarray[tuple[int], np.dtype[np.uint8]]",
    ) -> None:  # fmt: skip
        point = POINT_OF_KIND[self._kinds[device.device]]
        for number, signal in enumerate(device.signals, start=device.start):
            if signal.point == point and quality[number] == Quality.GOOD:
                self.readings.add(Acknowledged(device.device, point, signal.part, answered, float(values[number])))

    async def missing(self, folder: Path) -> list[Acknowledged]:
        """The readings that the history does not give back, value for value, in the slot of their time.

        A slot holds one report. Where the next collector asked a device again in the same slot (of 5 s for miners and
        10 s for PDUs), its later value stands there: such a reading counts as kept as long as the slot is good. No
        collector starts within the 1 s of plants and meters, so theirs must all be there.
        """
        reader = open_reader(folder)
        lost: list[Acknowledged] = []
        try:
            for (device, point, part), readings in _by_series(self.readings).items():
                times = [reading.answered for reading in readings]
                start = 10.0 * (min(times) // 10.0) - 20.0
                (history,) = await reader.read(device, [(point, part)], start, max(times) + 20.0)
                lost += [reading for reading in readings if not self._stands(reading, history)]
        finally:
            await reader.close()
        return lost

    def _stands(self, reading: Acknowledged, history: History) -> bool:
        """Whether the value stands in the reading's own slot or, where the rhythm runs along a border, beside it."""
        slot = int((reading.answered - history.start) // history.step)
        near = slice(max(slot - 1, 0), slot + 2)
        good = history.quality[near] == Quality.GOOD
        if np.any(good & (np.abs(history.values[near] - reading.value) <= 0.5001 * POINTS[reading.point].quantum)):
            return True
        replaced = history.step > 1.0 and any(abs(kill - reading.answered) <= 2 * history.step for kill in self.kills)
        return replaced and bool(history.quality[slot] == Quality.GOOD)


def _by_series(readings: Iterable[Acknowledged]) -> dict[tuple[UUID, str, str], list[Acknowledged]]:
    found: dict[tuple[UUID, str, str], list[Acknowledged]] = {}
    for reading in readings:
        found.setdefault((reading.device, reading.point, reading.part), []).append(reading)
    return found
