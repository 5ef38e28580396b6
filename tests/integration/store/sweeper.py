"""A collector's writing half, to be killed: appends sweeps and prints the number of each once it is durable."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

from console.domain.telemetry import LiveColumns
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Layout, Report, Signal

DEVICES = 40
SECONDS = 60
"""Time from sweep to sweep: an hour is full after 60 of them."""
START = 500_000 * 3600.0
LAYOUT = Layout((Signal("hashrate"), Signal("chip_temp", "0"), Signal("accepted")))


def values(device: int, sweep: int) -> list[float]:
    """What a device says in a sweep."""
    return [
        (10_000 + (device * 7 + sweep * 13) % 1000) / 100,
        (600 + (device + sweep) % 100) / 10,
        float(sweep * 1000 + device),
    ]


async def main(folder: Path, sweep: int) -> None:
    """Append sweeps from number `sweep` on until killed."""
    store = await SiteStore.open(folder)
    columns = LiveColumns()
    for device in range(DEVICES):
        columns.add(UUID(int=device + 1), 5.0)
    while True:
        at = START + sweep * SECONDS
        for device in range(DEVICES):
            columns.ingest(device, Report(at, at + 1, DeviceState.HASHING, LAYOUT, values(device, sweep), bytes(3)))
        await store.history.append(columns, at + 2)
        sys.stdout.write(f"{sweep}\n")
        sys.stdout.flush()
        sweep += 1


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
