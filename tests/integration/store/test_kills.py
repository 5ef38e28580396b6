"""kill -9 while sweeps are written, and while windows, hours and days are flushed: nothing lost, nothing doubled."""

from pathlib import Path

import pytest

from console.store.site_store import SiteStore
from tests.integration.store.killing import check_everything, kill_again_and_again
from tests.integration.store.sweeper import SECONDS, START

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.long)])
async def test_that_kills_lose_and_double_no_acknowledged_sample(tmp_path: Path, kills: int) -> None:
    last = await kill_again_and_again(tmp_path, kills, seed=7)
    await check_everything(tmp_path, last + 1)
    store = await SiteStore.open(tmp_path)
    assert len(await store.origins()) == 1, "the killed writers were another installation"
    await store.history.flush(START + (last + 1) * SECONDS + 2 * 86_400.0)
    await store.close()
    await check_everything(tmp_path, last + 1)
