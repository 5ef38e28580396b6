"""Retention: whole months, the old file or the new one, and whoever reads goes on."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.__main__ import main
from console.store.care import retention, thinning
from console.store.care.policy import Policy
from console.store.care.progress import Cancelled, Progress
from console.store.care.retention import Freed, Kept, due_files, give_up, retain
from console.store.engine import connect_reader, connect_writer
from console.store.history.levels import DAY, HOUR, KPI, MINUTE, RAW
from console.store.site_store import SiteStore
from tests.integration.store.kept_site import HOUR as FROM_2027
from tests.integration.store.kept_site import called_off_at, new_site, write_hours
from tests.integration.store.synthetic_month import HOURS, ORIGIN, make_history


def hours(year: int, month: int, day: int = 1) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) // 3600


def at(year: int, month: int, day: int) -> float:
    return hours(year, month, day) * 3600.0


POLICY = Policy(raw=90, keyframe=90, minute=365)


def tiles(path: Path) -> dict[int, int]:
    with closing(connect_reader(path)) as connection:
        return dict(connection.execute("SELECT level, count(*) FROM tile GROUP BY level"))


def count(path: Path, table: str) -> int:
    with closing(connect_reader(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.fixture
def month(tmp_path: Path) -> Path:
    return make_history(tmp_path, "2026-01", hours(2026, 1))


def test_that_a_level_leaves_a_month_only_when_its_last_second_is_old_enough(month: Path, tmp_path: Path) -> None:
    assert due_files(tmp_path, POLICY, at(2026, 5, 1)) == []
    (due,) = due_files(tmp_path, POLICY, at(2026, 5, 2))
    assert due.levels == ("raw", "keyframe")
    assert not due.whole
    before = month.stat().st_size
    (freed,) = retain(tmp_path, POLICY, at(2026, 5, 2), Progress())
    assert isinstance(freed, Freed)
    assert freed.before == before
    assert freed.after == month.stat().st_size < before / 2
    assert tiles(month) == {MINUTE: 2, HOUR: 1}
    assert (count(month, "keyframe"), count(month, "text_change"), count(month, "seat")) == (0, 1, 1)
    assert due_files(tmp_path, POLICY, at(2026, 6, 1)) == [], "done once"
    assert [path.name for path in month.parent.iterdir()] == ["2026-01.sqlite"]


def test_that_a_thinned_month_is_whole_and_can_be_written_again(month: Path, tmp_path: Path) -> None:
    retain(tmp_path, POLICY, at(2026, 5, 2), Progress())
    with closing(connect_writer(month)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA page_size").fetchone() == (8192,)
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        assert {"tile_seq", "seat_device", "keyframe_window"} <= names
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        assert meta["origin"] == str(ORIGIN)
        assert float(meta["thinned:raw"]) > 0
        assert int(meta[f"seq:{ORIGIN}"]) == 1000 + 6 * HOURS - 1, "numbers of what was given up are not given again"
        connection.execute("INSERT INTO tile VALUES (0, 'x', 0, 'hashrate', 0, 1, 0, x'00', x'00', 9000)")
    assert tiles(month)[RAW] == 1


def test_that_what_is_older_still_goes_whole(month: Path, tmp_path: Path) -> None:
    (freed,) = retain(tmp_path, POLICY, at(2027, 2, 2), Progress())
    assert isinstance(freed, Freed)
    assert freed.levels == ("raw", "keyframe", "minute")
    assert tiles(month) == {HOUR: 1}
    (gone,) = retain(tmp_path, Policy(raw=90, keyframe=90, minute=365, hour=365), at(2027, 2, 2), Progress())
    assert isinstance(gone, Freed)
    assert gone.after == 0
    assert list(month.parent.iterdir()) == []


def test_that_a_year_stays_until_its_own_time_comes(tmp_path: Path) -> None:
    year = make_history(tmp_path, "2026", hours(2026, 1), levels=(DAY, KPI))
    assert retain(tmp_path, POLICY, at(2036, 1, 1), Progress()) == []
    retain(tmp_path, Policy(raw=90, keyframe=90, minute=90, hour=90, day=365), at(2028, 1, 2), Progress())
    assert not year.exists()


def test_that_nothing_goes_whose_coarser_levels_were_never_made(tmp_path: Path) -> None:
    path = make_history(tmp_path, "2026-01", hours(2026, 1), levels=(RAW,))
    (kept,) = retain(tmp_path, POLICY, at(2026, 5, 2), Progress())
    assert isinstance(kept, Kept)
    assert "never worked out" in kept.reason
    assert tiles(path) == {RAW: HOURS}
    with closing(connect_writer(path)) as connection:
        connection.execute("INSERT INTO head VALUES (0, 1, 1, x'00')")
    (kept,) = retain(tmp_path, POLICY, at(2026, 5, 2), Progress())
    assert isinstance(kept, Kept)
    assert "wait to become tiles" in kept.reason


def test_that_a_reader_who_holds_the_old_file_goes_on_and_the_next_sees_the_new(month: Path, tmp_path: Path) -> None:
    with closing(connect_writer(month)) as writer:
        writer.execute("UPDATE tile SET rev = 0 WHERE level = 2")  # leaves a log for the reader to hold
        reader = connect_reader(month)
        assert reader.execute("SELECT count(*) FROM tile WHERE level = 0").fetchone() == (HOURS,)
    with closing(reader):
        (freed,) = retain(tmp_path, POLICY, at(2026, 5, 2), Progress())
        assert isinstance(freed, Freed)
        assert reader.execute("SELECT count(*) FROM tile WHERE level = 0").fetchone() == (HOURS,)
        with closing(connect_writer(month)) as writer:
            writer.execute("INSERT INTO tile VALUES (0, 'x', 0, 'hashrate', 0, 1, 0, x'00', x'00', 9000)")
            assert reader.execute("SELECT count(*) FROM tile WHERE level = 0").fetchone() == (HOURS,)
            assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert tiles(month) == {RAW: 1, MINUTE: 2, HOUR: 1}


def test_that_a_month_that_is_being_read_waits(month: Path, tmp_path: Path) -> None:
    with closing(connect_writer(month)) as writer, closing(connect_reader(month)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM tile").fetchone()
        writer.execute("UPDATE tile SET rev = 0 WHERE level = 2")
        (kept,) = [give_up(due, Progress()) for due in due_files(tmp_path, POLICY, at(2026, 5, 2))]
        assert isinstance(kept, Kept)
        assert "reading" in kept.reason
    assert tiles(month)[RAW] == HOURS


def test_that_calling_it_off_at_any_step_leaves_the_old_month(month: Path, tmp_path: Path) -> None:
    stopped = 0
    while tiles(month).get(RAW):
        try:
            retain(tmp_path, POLICY, at(2026, 5, 2), called_off_at(stopped))
        except Cancelled:
            assert not list(month.parent.glob("*.thin*"))
            assert tiles(month)[RAW] == HOURS
            stopped += 1
    assert stopped > 5


@pytest.mark.parametrize("step", ["write_thinned", "sync_file", "_remove_logs", "sync_folder"])
def test_that_a_crash_at_any_step_leaves_the_old_or_the_new(
    month: Path, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = getattr(retention, step), 0

    class Crash(BaseException):
        """The process is gone."""

    def crash(*arguments: object) -> None:
        original(*arguments)
        raise Crash

    for last in range(3):
        calls = 0

        def crash_late(*arguments: object, last: int = last) -> None:
            nonlocal calls
            calls += 1
            (crash if calls > last else original)(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(retention, step, crash_late)
            try:
                retain(tmp_path, POLICY, at(2026, 5, 2), Progress())
            except Crash:
                assert month.exists()
                assert tiles(month) in ({RAW: HOURS, MINUTE: 2, HOUR: 1}, {MINUTE: 2, HOUR: 1})
    retain(tmp_path, POLICY, at(2026, 5, 2), Progress())
    assert tiles(month) == {MINUTE: 2, HOUR: 1}


def test_that_a_disk_without_room_leaves_the_month_as_it_is(
    month: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, fresh: Path, levels: object, progress: object) -> None:
        fresh.write_bytes(b"half")
        with closing(sqlite3.connect(month.with_name("small"), isolation_level=None)) as connection:
            connection.execute("PRAGMA max_page_count=1")
            connection.execute("CREATE TABLE t (a)")

    monkeypatch.setattr(retention, "write_thinned", full)
    (kept,) = retain(tmp_path, POLICY, at(2026, 5, 2), Progress())
    assert isinstance(kept, Kept)
    assert "full" in kept.reason
    assert tiles(month)[RAW] == HOURS
    assert thinning.levels_in(connect_reader(month)) == {"raw", "keyframe", "minute", "hour"}


def test_that_the_next_coarser_level_answers_where_one_was_given_up(tmp_path: Path) -> None:
    folder, start = tmp_path / "site", FROM_2027 - 370 * 86_400.0
    new_site(folder)
    asyncio.run(write_hours(folder, [start, start + 86_400.0], seconds=1200.0))

    async def end_the_days() -> None:
        store = await SiteStore.open(folder)
        await store.history.flush(start + 3 * 86_400.0)
        await store.close()

    asyncio.run(end_the_days())

    async def read(step: float) -> tuple[float, list[float]]:
        store = await SiteStore.open(folder, read_only=True)
        try:
            device = (await store.site()).devices[0]
            (found,) = await store.reader.read(device.id, [("hashrate", "")], start, start + 1200, step)
            return found.step, [value for value in found.values.tolist() if value == value]
        finally:
            await store.close()

    _, samples = asyncio.run(read(0.0))
    hourly = asyncio.run(read(3600.0))
    (freed,) = retain(folder, POLICY, start + 150 * 86_400.0, Progress())
    assert isinstance(freed, Freed)
    assert freed.levels == ("raw", "keyframe")
    assert asyncio.run(read(0.0)) == (60.0, samples), "one sample a minute: the minutes say the same"
    assert asyncio.run(read(3600.0)) == hourly
    (freed,) = retain(folder, POLICY, start + 500 * 86_400.0, Progress())
    assert isinstance(freed, Freed)
    assert freed.levels == ("minute",)
    assert asyncio.run(read(0.0))[0] == 3600.0
    assert main(["verify", str(folder), "--full"]) == 0
