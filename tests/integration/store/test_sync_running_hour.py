"""What was recorded a minute ago goes along: a technician leaves the site when the work is done, not on the hour."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from console.cli.sync_work import export, take_in
from console.store.care.progress import Progress
from console.store.care.verify import verify
from console.store.site_store import SiteStore
from drivers.core.reading import Quality
from tests.integration.store.sampling import a_report, a_site, columns_of, device
from tests.stores_apart import quiet

PERIOD = 5.0


async def record(folder: Path, start: float, sweeps: int) -> None:
    """One miner, polled every five seconds; its last point falls silent half-way."""
    store = await SiteStore.open(folder)
    await store.save_site(a_site(device(1)))
    columns = columns_of(1)
    for sweep in range(sweeps):
        at = start + sweep * PERIOD
        silent = bytes(3) + bytes([Quality.NOT_REPORTED if sweep >= sweeps // 2 else Quality.GOOD])
        columns.ingest(0, replace(a_report(at), quality=silent))
        assert await store.history.append(columns, at + 0.5)
    await store.close()


async def read(folder: Path, start: float, stop: float) -> list[float]:
    """What a folder holds of it."""
    store = await SiteStore.open(folder, read_only=True)
    try:
        (found,) = await store.reader.read(device(1).id, [("hashrate", "")], start, stop)
    finally:
        await store.close()
    return [float(value) for value in found.values[~np.isnan(found.values)]]


async def test_that_an_export_holds_what_was_recorded_until_now(tmp_path: Path) -> None:
    start = (time.time() - 60.0) // 600.0 * 600.0
    await record(tmp_path / "here", start, 6)
    done = await export(tmp_path / "here", tmp_path / "first.bundle", quiet)
    await take_in(tmp_path / "there", tmp_path / "first.bundle", quiet)
    here = await read(tmp_path / "here", start, start + 600)
    assert done.rows["raw"] > 0
    assert len(here) == 6
    assert await read(tmp_path / "there", start, start + 600) == here


async def test_that_what_is_recorded_in_the_same_hour_afterwards_follows(tmp_path: Path) -> None:
    start = (time.time() - 60.0) // 600.0 * 600.0
    await record(tmp_path / "here", start, 6)
    await export(tmp_path / "here", tmp_path / "first.bundle", quiet)
    await take_in(tmp_path / "there", tmp_path / "first.bundle", quiet)
    await record(tmp_path / "here", start + 60.0, 6)
    await export(tmp_path / "here", tmp_path / "second.bundle", quiet, peer=tmp_path / "there")
    await take_in(tmp_path / "there", tmp_path / "second.bundle", quiet)
    here = await read(tmp_path / "here", start, start + 600)
    assert len(here) == 12
    assert await read(tmp_path / "there", start, start + 600) == here


async def test_that_both_sides_are_found_sound_before_the_day_is_over(tmp_path: Path) -> None:
    start = (time.time() - 60.0) // 600.0 * 600.0
    await record(tmp_path / "here", start, 6)
    done = await export(tmp_path / "here", tmp_path / "first.bundle", quiet)
    await take_in(tmp_path / "there", tmp_path / "first.bundle", quiet)
    assert done.history_until <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for folder in (tmp_path / "here", tmp_path / "there"):
        findings = verify(folder, full=True, progress=Progress())
        assert [finding for finding in findings if not finding.ok] == []
