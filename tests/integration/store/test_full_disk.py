"""A really small file system that fills up again and again, with writers killed on it while it is full."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.store.site_store import SiteStore
from tests.integration.store.killing import Victim, check_everything
from tests.integration.store.sweeper import SECONDS, START

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

CHUNK = 1_000_000
CHUNKS = 16
ROOM = 1_500_000
"""Bytes that are free at the start beside the chunks."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, almost filled with chunks that can be deleted one by one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount") is not None
    if mounted:
        size = CHUNK * CHUNKS + ROOM
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
        mounted = subprocess.run(command, check=False).returncode == 0
    if not mounted:
        pytest.skip("a small disk needs the right to mount one")
    for number in range(CHUNKS):
        (disk / f"chunk-{number}").write_bytes(bytes(CHUNK))
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("rounds", [1, pytest.param(5, marks=pytest.mark.long)])
async def test_that_a_disk_that_fills_up_again_and_again_loses_nothing_acknowledged(
    small_disk: Path, rounds: int
) -> None:
    folder = small_disk / "site"
    chunks = [small_disk / f"chunk-{number}" for number in range(CHUNKS)]
    last = -1
    for _ in range(rounds):
        victim = await Victim.start(folder, last + 1)
        await victim.until(lambda: victim.full >= 5)  # noqa: B023 - awaited in the same round
        acknowledged = victim.last
        assert acknowledged > last, "every round has something to lose"
        await check_everything(folder, acknowledged + 1)
        chunks.pop().unlink()
        await victim.until(lambda: victim.last > acknowledged + 8)  # noqa: B023 - what waited in memory comes too
        found = victim.full
        await victim.until(lambda: victim.full > found + 2)  # noqa: B023
        last = await victim.kill()
        await check_everything(folder, last + 1)
        chunks.pop().unlink()
    for chunk in chunks:
        chunk.unlink()
    store = await SiteStore.open(folder)
    try:
        await store.history.flush(START + (last + 1) * SECONDS + 2 * 86_400.0)
    finally:
        await store.close()
    await check_everything(folder, last + 1)
