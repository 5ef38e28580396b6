"""A small site folder with some history, for the tests of its care."""

import itertools
from pathlib import Path
from uuid import UUID

from console.__main__ import main
from console.domain.telemetry import LiveColumns
from console.store.care.progress import Progress
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Layout, Report, Signal

SITE = """\
[site]
name = "Kept"
zone = "UTC"
rated_mw = 1
target_hashrate = 100
"""
MINER = """
[[device]]
name = "M{number}"
kind = "miner"
address = "127.0.0.1:{port}"
profile = "antminer-stock"
place = "A/T1/1/{number}"
"""
HOUR = 500_000 * 3600.0
"""2027-01-15 08:00 UTC."""
LAYOUT = Layout((Signal("hashrate"), Signal("chip_temp", "0"), Signal("accepted")))


def called_off_at(step: int) -> Progress:
    """Progress of work that is called off at its step of that number, counted from 0."""
    steps = itertools.count()
    return Progress(cancelled=lambda: next(steps) >= step)


def new_site(folder: Path, devices: int = 3) -> None:
    """A site folder without history."""
    file = folder.with_name(folder.name + ".toml")
    miners = "".join(MINER.format(number=number, port=4000 + number) for number in range(1, devices + 1))
    file.write_text(SITE + miners, encoding="utf-8")
    assert main(["site", "import", str(folder), str(file)]) == 0
    file.unlink()


def report(at: float, number: int) -> Report:
    """What miner `number` says at `at`."""
    slot = at // 5
    return Report(
        at, at + 1, DeviceState.HASHING, LAYOUT, [100 + (slot + number) % 50 / 10, 60.0 + number, slot], bytes(3)
    )


async def write_hours(folder: Path, starts: list[float], *, seconds: float = 3600.0, step: float = 60.0) -> None:
    """Sweeps from each of `starts` on; what is over is turned into tiles."""
    store = await SiteStore.open(folder)
    columns = LiveColumns()
    ids: list[UUID] = [device.id for device in (await store.site()).devices]
    rows = [columns.add(identity, 5.0) for identity in ids]
    try:
        for start in starts:
            for sweep in range(int(seconds // step)):
                at = start + sweep * step
                for number, row in enumerate(rows):
                    columns.ingest(row, report(at, number))
                await store.history.append(columns, at + 2)
            await store.history.flush(start + seconds + 60)
    finally:
        await store.close()


async def hashrate(folder: Path, start: float, stop: float) -> list[float]:
    """Stored values of the first miner."""
    store = await SiteStore.open(folder, read_only=True)
    try:
        device = (await store.site()).devices[0]
        found = await store.reader.read(device.id, [("hashrate", "")], start, stop)
        return [value for history in found for value in history.values.tolist() if value == value]
    finally:
        await store.close()
