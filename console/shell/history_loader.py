"""History for trends, sparklines and the time bar: read beside the writer, decoded off the UI thread, cancellable."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from console.presenters.trends import SeriesKey
from console.services.ports import History, HistoryReader, Total
from console.shell.operations import Operations

Histories = Mapping[SeriesKey, History]


class HistoryLoader:
    """Reads what the displays ask for. Of each subject only the newest question is answered.

    Args:
        reader: The folder's history. It decodes in threads and holds no transaction open.
        operations: Runs and cancels the reads.
    """

    def __init__(self, reader: HistoryReader, operations: Operations) -> None:
        self._reader = reader
        self._operations = operations

    def load(
        self,
        subject: str,
        keys: Sequence[SeriesKey],
        span: tuple[float, float],
        step: float,
        done: Callable[[Histories], None],
    ) -> None:
        """Read series over [start, stop) and hand them over; an older read of the same subject is dropped."""
        self._operations.replace(f"Reading the history of {subject}", self._load(keys, span, step, done))

    def is_loading(self, subject: str) -> bool:
        """Whether the subject is being read."""
        return self._operations.is_running(f"Reading the history of {subject}")

    def cancel(self, subject: str) -> None:
        """Nobody looks at it any more."""
        self._operations.cancel(f"Reading the history of {subject}")

    async def _load(
        self,
        keys: Sequence[SeriesKey],
        span: tuple[float, float],
        step: float,
        done: Callable[[Histories], None],
    ) -> None:
        by_device: dict[UUID, list[tuple[str, str]]] = {}
        for device, point, part in keys:
            by_device.setdefault(device, []).append((point, part))
        found: dict[SeriesKey, History] = {}
        for device, series in by_device.items():
            for history in await self._reader.read(device, series, span[0], span[1], step):
                found[(device, history.signal.point, history.signal.part)] = history
        done(found)

    def total(
        self, subject: str, point: str, span: tuple[float, float], step: float, devices: Sequence[UUID],
        done: Callable[[Total], None],
    ) -> None:  # fmt: skip
        """Read the sum of a point over devices, for the time bar and the site's sparklines."""
        self._operations.replace(f"Reading the history of {subject}", self._total(point, span, step, devices, done))

    async def _total(
        self,
        point: str,
        span: tuple[float, float],
        step: float,
        devices: Sequence[UUID],
        done: Callable[[Total], None],
    ) -> None:
        done(await self._reader.total(point, span[0], span[1], step, devices=devices))
