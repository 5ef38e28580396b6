"""A collector's writing half, to be killed: appends sweeps and prints the number of each once it is durable.

While the disk is full it prints "full" and goes on, as a collector does.
"""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

from console.domain.telemetry import LiveColumns
from console.services.ports import SweepWaits
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Layout, Report, Signal

DEVICES = 40
SECONDS = 300
"""Time from sweep to sweep: a window is over after 2 of them, an hour after 12, a day after 288."""
START = 1_800_036_000.0
"""2027-01-15 18:00 UTC: midnight comes after 72 sweeps."""
LAYOUT = Layout((Signal("hashrate"), Signal("chip_temp", "0"), Signal("accepted")))


def values(device: int, sweep: int) -> list[float]:
    """What a device says in a sweep."""
    return [
        (10_000 + (device * 7 + sweep * 13) % 1000) / 100,
        (600 + (device + sweep) % 100) / 10,
        float(sweep * 1000 + device),
    ]


def ingest(columns: LiveColumns, sweep: int) -> float:
    """Let every device report its values of a sweep; returns the second at which the sweep is due."""
    at = START + sweep * SECONDS
    for device in range(DEVICES):
        row = columns.add(UUID(int=device + 1), 5.0)
        columns.ingest(row, Report(at, at + 1, DeviceState.HASHING, LAYOUT, values(device, sweep), bytes(3)))
    return at + 2


async def main(folder: Path, sweep: int) -> None:
    """Append sweeps from number `sweep` on until killed."""
    store = await SiteStore.open(folder)
    columns = LiveColumns()
    while True:
        try:
            await store.history.append(columns, ingest(columns, sweep))
            sys.stdout.write(f"{sweep}\n")
        except SweepWaits:
            # What waits is written before what comes next: the number of the next durable sweep speaks for both.
            sys.stdout.write("full\n")
            await asyncio.sleep(0.01)
        sys.stdout.flush()
        sweep += 1


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
