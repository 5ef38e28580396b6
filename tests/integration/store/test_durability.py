"""What was acknowledged is there: on a full disk, in a read-only folder."""

import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection

from console.domain.telemetry import LiveColumns
from console.services.ports import StoreFull
from console.store.engine import StoreError
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Layout, Quality, Report, Signal
from tests.integration.store.killing import environment

HOUR = 500_000 * 3600.0
LAYOUT = Layout((Signal("hashrate"), Signal("chip_temp", "0"), Signal("accepted")))


def sweep_of(columns: LiveColumns, number: int, devices: int = 200) -> float:
    at = HOUR + 5 * number
    for device in range(devices):
        row = columns.add(UUID(int=device + 1), 5.0)
        noise = random.Random(number * 1000 + device).random()
        report = Report(at, at + 1, DeviceState.HASHING, LAYOUT, [noise * 1e6, noise * 1e5, number], bytes(3))
        columns.ingest(row, report)
    return at + 2


async def fill_up(store: SiteStore, columns: LiveColumns) -> int:
    """Append until the disk is full; returns the number of acknowledged sweeps."""
    for number in range(5000):
        try:
            await store.history.append(columns, sweep_of(columns, number))
        except StoreFull:
            return number
    raise AssertionError("the disk never became full")


async def good_samples(store: SiteStore, sweeps: int) -> int:
    (history,) = await store.reader.read(UUID(int=7), [("accepted", "")], HOUR, HOUR + 5 * sweeps)
    return int((history.quality == Quality.GOOD).sum())


async def test_that_a_full_file_refuses_keeps_reading_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    store = await SiteStore.open(tmp_path)
    columns = LiveColumns()
    try:
        await store.history.append(columns, sweep_of(columns, 0))
        (month,) = store.history._files

        def limit(connection: Connection, pages: int) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

        await month.database.write(lambda connection: limit(connection, 30))
        acknowledged = await fill_up(store, columns)
        assert acknowledged > 1
        assert await good_samples(store, acknowledged) == acknowledged
        await month.database.write(lambda connection: limit(connection, 100_000))
        assert await store.history.append(columns, sweep_of(columns, acknowledged)) == 600
        assert await good_samples(store, acknowledged + 1) == acknowledged + 1
    finally:
        await store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount") is not None
    if mounted:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]).returncode == 0
    if not mounted:
        pytest.skip("a small disk needs the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_that_a_full_disk_refuses_keeps_reading_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    store = await SiteStore.open(small_disk)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(3_000_000))
    columns = LiveColumns()
    try:
        acknowledged = await fill_up(store, columns)
        assert acknowledged > 1
        with pytest.raises(StoreFull):
            await store.history.append(columns, sweep_of(columns, acknowledged))
        assert await good_samples(store, acknowledged) == acknowledged
        ballast.unlink()
        assert await store.history.append(columns, sweep_of(columns, acknowledged)) == 600
        assert await good_samples(store, acknowledged + 1) == acknowledged + 1
    finally:
        await store.close()


READ_AS_NOBODY = """
import asyncio, os, sys
from pathlib import Path
from uuid import UUID
from console.store.site_store import SiteStore

async def read(folder, hour):
    store = await SiteStore.open(Path(folder), read_only=True)
    found = await store.reader.read(UUID(int=7), [("accepted", "")], hour, hour + 15)
    total = await store.reader.total("accepted", hour, hour + 15)
    await store.close()
    return [history.values.tolist() for history in found], total.count.tolist()

asyncio.run(read(sys.argv[1], float(sys.argv[3])))  # loads every module while it still may
if os.geteuid() == 0:
    os.setuid(65534)
print(*asyncio.run(read(sys.argv[2], float(sys.argv[3]))))
"""


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in [path for path in folder.rglob("*") if path.is_dir()]:
        path.chmod(0o755)
    shutil.rmtree(folder)


async def run_as_nobody(folder: Path, other: Path) -> tuple[str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READ_AS_NOBODY, str(other), str(folder), str(HOUR),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    out, err = await process.communicate()
    return out.decode(), err.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="folder permissions of POSIX")
async def test_that_a_read_only_folder_is_read_and_a_copy_cut_in_the_middle_is_refused(public: Path) -> None:
    live, copy, torn = public / "live", public / "copy", public / "torn"
    store = await SiteStore.open(live)
    columns = LiveColumns()
    for number in range(3):
        await store.history.append(columns, sweep_of(columns, number))
    shutil.copytree(live, torn, ignore=shutil.ignore_patterns("*-shm"))
    await store.close()
    shutil.copytree(live, copy)
    for folder in (copy, torn):
        (folder / "history").chmod(0o555)
        folder.chmod(0o555)
    out, err = await run_as_nobody(copy, live)
    assert out == "[[0.0, 1.0, 2.0]] [200, 200, 200]\n", err
    out, err = await run_as_nobody(torn, live)
    assert out == ""
    assert "was copied while it was being written" in err


async def test_that_a_folder_without_a_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no site folder"):
        await SiteStore.open(tmp_path, read_only=True)
