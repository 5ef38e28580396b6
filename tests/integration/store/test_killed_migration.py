"""kill -9 while a folder of the first version is brought to this one: it stays usable, at every single statement.

The folder (`version1.tar.gz`) was written by the program as it was with the first version: 30 sweeps of 40 devices, two
hours of them as tiles, the rest as head rows.
"""

import contextlib
import os
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from console.store.migrations import SCHEMA
from console.store.migrations.safety_copy import copy_path, version_of
from console.store.records.attendance import Gap
from console.store.site_store import SiteStore
from tests.integration.store.killing import check_everything, environment
from tests.integration.store.sweeper import SECONDS, START

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each death is one forked process"),
]

ARCHIVE = Path(__file__).with_name("version1.tar.gz")
MIGRATOR = Path(__file__).with_name("migrator.py")
SWEEPS = 30
HEADS, TILES = 6, 6
"""Rows of the old history file."""
TO_THE_END = 1_000_000


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def open_and_die(old: Path, copies: Path, statements: list[int]) -> int:
    """Open a copy for each number of statements; how many it took where nobody died, 0 when somebody always did."""
    command = [sys.executable, str(MIGRATOR), str(old), str(copies), *map(str, statements)]
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True, timeout=500)
    return int(done.stdout or 0)


def files_of(folder: Path) -> tuple[Path, Path]:
    return folder / "console.sqlite", folder / "history" / "2027-01.sqlite"


def expect_whole(path: Path) -> int:
    """The version of a file that a kill has left behind; asserts that it is sound."""
    version = version_of(path)
    assert version in {1, SCHEMA}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if version == 1 and path.parent.name == "history":
            assert connection.execute("SELECT count(*) FROM head").fetchone() == (HEADS,)
            assert connection.execute("SELECT count(*) FROM tile").fetchone() == (TILES,)
    return version


async def expect_carried_over(folder: Path) -> None:
    """Opened once more, everything is there in the new version, and the old files are kept as they were."""
    store = await SiteStore.open(folder)
    try:
        assert (await store.site()).name == "Pecos-2"
        assert await store.gaps(0.0, START) == [Gap(START - 100.0, START, "no collector was running")]
        await check_everything(folder, SWEEPS)
        await store.history.flush(START + SWEEPS * SECONDS + 2 * 86_400.0)
    finally:
        await store.close()
    await check_everything(folder, SWEEPS)
    for path in files_of(folder):
        assert version_of(path) == SCHEMA
        assert version_of(copy_path(path, 1)) == 1
    assert not list(folder.rglob("*.part"))  # noqa: ASYNC240 - nothing else runs here


@pytest.mark.parametrize("deaths", [10, pytest.param(TO_THE_END, marks=pytest.mark.long)], ids=["some", "all"])
async def test_that_a_migration_killed_at_a_statement_leaves_a_usable_folder(
    old: Path, tmp_path: Path, deaths: int
) -> None:
    copies = tmp_path / "copies"
    length = open_and_die(old, copies, [TO_THE_END])
    assert length > 50
    await expect_carried_over(copies / str(TO_THE_END))
    chosen = sorted({round(at * (length - 1) / min(deaths, length)) for at in range(min(deaths, length) + 1)})
    assert open_and_die(old, copies, chosen) == 0, "every one of them died"
    versions: set[tuple[int, int]] = set()
    for number in chosen:
        folder = copies / str(number)
        console, history = (expect_whole(path) for path in files_of(folder))
        versions.add((console, history))
        await expect_carried_over(folder)
    assert {(1, 1), (SCHEMA, 1), (SCHEMA, SCHEMA)} <= versions, "before, between and after the two files"
