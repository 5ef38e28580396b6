"""Backup, verify and storage beside a collector that writes, as processes of their own."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.live_site import Place

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def run(place: Place, *words: str) -> dict[str, Any]:
    process = await place.spawn(sys.executable, "-m", "console", *words, "--json")
    assert process.stdout is not None
    answer = await process.stdout.read()
    assert await process.wait() == 0, answer
    told: dict[str, Any] = json.loads(answer)
    return told


async def test_that_a_running_site_is_backed_up_checked_and_measured(place: Place, tmp_path: Path) -> None:
    process = await place.collect()
    watcher = await place.watch()
    await watcher.until(lambda: watcher.health.stored_at > 0)
    folder, file, again = str(place.folder), str(tmp_path / "kept.zip"), str(tmp_path / "again")
    before = watcher.health.stored_samples
    backup, verify, storage = await asyncio.gather(
        run(place, "backup", folder, file), run(place, "verify", folder, "--full"), run(place, "storage", folder)
    )
    assert verify["ok"] is True
    assert storage["bytes"] > 0
    await watcher.until(lambda: watcher.health.stored_samples > before)
    assert watcher.health.store_error == ""
    restored = await run(place, "restore", file, again)
    assert restored["databases"] == backup["databases"]
    assert (await run(place, "verify", again, "--full"))["ok"] is True
    await place.stop(watcher, process)
