"""A history in which nothing was ever stored."""

from collections.abc import Collection, Sequence
from uuid import UUID

import numpy as np

from console.services.ports import History, Total


class NoHistory:
    """Answers every question with nothing, and counts them."""

    def __init__(self) -> None:
        self.asked = 0
        self.closed = False

    async def read(
        self, device: UUID, points: Sequence[tuple[str, str]], start: float, stop: float, step: float = 0.0
    ) -> list[History]:
        self.asked += 1
        return []

    async def total(
        self, point: str, start: float, stop: float, step: float = 0.0, *, devices: Collection[UUID] | None = None
    ) -> Total:
        self.asked += 1
        return Total(point, start, step or 60.0, np.empty(0), np.empty(0, np.int64))

    async def extent(self) -> tuple[float, float] | None:
        return None

    async def close(self) -> None:
        self.closed = True
