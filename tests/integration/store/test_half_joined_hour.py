"""A writer dies while it joins an hour, and another installation carries the folder on: nothing is torn apart."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from console.services.ports import StoreFull
from console.settings.installation import HOME_VARIABLE
from console.store.care.findings import Finding
from console.store.care.progress import Progress
from console.store.care.verify import verify
from console.store.history import adoption
from console.store.history.flush import Flusher
from console.store.history.month import MonthFile, month_path
from console.store.reading.history_reader import open_reader
from console.store.site_store import SiteStore
from tests.integration.store.sampling import DAY, LAYOUT, a_site, device, rows, samples
from tests.integration.store.test_sync_week import merge

ONE = UUID(int=1)
HOUR = 3600.0
SERIES = [(signal.point, signal.part) for signal in LAYOUT.signals]

Become = Callable[[str], None]


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Become:
    """Be another installation from now on."""
    return lambda name: monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / f"home of {name}"))


async def record(store: SiteStore, start: float, stop: float) -> None:
    await store.history.insert(ONE, LAYOUT, *samples(start, stop))


async def killed_while_joining(folder: Path, points: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hours and twenty minutes, of whose second hour so many points are joined when the writer dies."""
    store = await SiteStore.open(folder)
    await store.save_site(a_site(device(1)))
    await record(store, DAY, DAY + HOUR)
    await store.history.flush(DAY + HOUR + 30)
    await record(store, DAY + HOUR, DAY + 2 * HOUR + 1200)
    replace, done = MonthFile.replace_parts, 0

    async def killed(*arguments: object) -> None:
        nonlocal done
        if done == points:
            raise StoreFull("killed")
        done += 1
        await replace(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(MonthFile, "replace_parts", killed)
    with pytest.raises(StoreFull):
        await store.history.flush(DAY + 2 * HOUR + 1230)
    await store.close()
    monkeypatch.setattr(MonthFile, "replace_parts", replace)


async def carried_on(folder: Path, become: Become) -> None:
    become("second")
    store = await SiteStore.open(folder)
    assert len(await store.origins()) == 2
    await record(store, DAY + 2 * HOUR + 1200, DAY + 3 * HOUR)
    await store.history.flush(DAY + 2 * 86400)
    await store.close()


def problems(folder: Path) -> list[Finding]:
    return [finding for finding in verify(folder, full=True, progress=Progress()) if not finding.ok]


@pytest.fixture
async def folder(tmp_path: Path, become: Become, monkeypatch: pytest.MonkeyPatch) -> Path:
    become("first")
    await killed_while_joining(tmp_path / "site", 2, monkeypatch)
    return tmp_path / "site"


RAW_ORIGINS = "SELECT hour, count(DISTINCT origin), count(*) FROM tile WHERE level = 0 GROUP BY hour ORDER BY hour"
TWICE = (
    "SELECT origin, seq FROM (SELECT origin, seq FROM tile UNION ALL SELECT origin, seq FROM keyframe"
    " UNION ALL SELECT origin, seq FROM text_change) GROUP BY 1, 2 HAVING count(*) > 1"
)


async def test_that_an_hour_goes_over_whole_and_verify_finds_it_right(folder: Path, become: Become) -> None:
    await carried_on(folder, become)
    month = month_path(folder, "2027-01")
    first = int(DAY // HOUR)
    assert rows(month, RAW_ORIGINS) == [(first, 1, 3), (first + 1, 1, 3), (first + 2, 1, 3)]
    assert rows(month, TWICE) == []
    assert problems(folder) == []
    assert rows(month, "SELECT count(*) FROM meta WHERE key LIKE 'seq:%'") == [(1,)], "no number is given again"


async def test_that_the_torn_hour_reads_as_it_was_polled(folder: Path, become: Become) -> None:
    await carried_on(folder, become)
    reader = open_reader(folder, strict=True)
    try:
        found = await reader.read(ONE, SERIES, DAY, DAY + 3 * HOUR)
        state = await reader.state_at(DAY + HOUR + 1234.0)
    finally:
        await reader.close()
    _, values, _ = samples(DAY, DAY + 3 * HOUR)
    np.testing.assert_allclose(np.stack([one.values for one in found], axis=1), values, rtol=0, atol=0.01)
    (signals,) = state.shape.signals
    shown = {(signal.point, signal.part): value for signal, value in zip(signals, state.values.tolist(), strict=True)}
    last = samples(DAY + HOUR + 1230, DAY + HOUR + 1235)[1][0]
    assert [shown[one] for one in SERIES] == pytest.approx(last.tolist(), abs=0.01)


async def test_that_a_copy_and_its_original_both_carry_the_hour_on_and_agree_once_merged(
    folder: Path, tmp_path: Path, become: Become
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    await carried_on(copy, become)
    become("first")
    store = await SiteStore.open(folder)
    await store.history.flush(DAY + 2 * 86400)
    await store.close()
    for giving, taking in ((folder, copy), (copy, folder), (folder, copy)):
        await merge(giving, taking)
    answers = []
    for merged in (folder, copy):
        assert problems(merged) == []
        reader = open_reader(merged, strict=True)
        try:
            answers.append([await reader.read(ONE, SERIES, DAY, DAY + 3 * HOUR, step) for step in (0.0, 60.0, HOUR)])
        finally:
            await reader.close()
    for ours, theirs in zip(*answers, strict=True):
        for mine, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(mine.values, other.values)
            np.testing.assert_array_equal(mine.quality, other.quality)
    _, values, _ = samples(DAY, DAY + 3 * HOUR)
    np.testing.assert_allclose(np.stack([one.values for one in answers[0][0]], axis=1), values, rtol=0, atol=0.01)


async def test_that_verify_judges_an_hour_that_an_earlier_version_tore_apart(
    folder: Path, become: Become, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoption, "_move_half_joined", lambda *_: None)
    await carried_on(folder, become)
    month = month_path(folder, "2027-01")
    assert [origins for _, origins, _ in rows(month, RAW_ORIGINS)] == [1, 2, 1]
    assert problems(folder) == []
    with closing(sqlite3.connect(month)) as connection:
        connection.execute("UPDATE keyframe SET body = (SELECT body FROM keyframe ORDER BY window LIMIT 1 OFFSET 3)")
        connection.commit()
    (found,) = problems(folder)
    assert "5 wrong" in found.detail, "the first hour, which is whole, is still judged"


async def test_that_verify_judges_late_samples_that_waited_when_the_folder_changed_hands(
    tmp_path: Path, become: Become, monkeypatch: pytest.MonkeyPatch
) -> None:
    become("first")
    store = await SiteStore.open(tmp_path)
    await store.save_site(a_site(device(1)))
    await record(store, DAY, DAY + 1500)
    await record(store, DAY + 1800, DAY + 2 * HOUR)
    await store.history.flush(DAY + 86400 + 30)
    await record(store, DAY + 1500, DAY + 1800)
    close_hour = Flusher._close_hour

    async def killed(*_: object) -> None:
        raise StoreFull("killed")

    monkeypatch.setattr(Flusher, "_close_hour", killed)
    with pytest.raises(StoreFull):
        await store.history.flush(DAY + 86400 + 60)
    await store.close()
    monkeypatch.setattr(Flusher, "_close_hour", close_hour)
    await carried_on(tmp_path, become)
    first = int(DAY // HOUR)
    month = month_path(tmp_path, "2027-01")
    assert rows(month, RAW_ORIGINS)[:2] == [(first, 2, 6), (first + 1, 1, 3)], "what was finished stays whose it was"
    assert problems(tmp_path) == []
