"""`terrahash verify`: what is damaged is found and named; a repair saves what is readable and leaves the rest alone."""

import asyncio
import hashlib
import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from console.__main__ import main
from console.store.care.findings import Finding
from console.store.care.progress import Progress
from console.store.care.verify import verify
from console.store.engine import connect_writer
from console.store.history.levels import HOUR as HOURS
from console.store.history.levels import MINUTE, RAW
from console.store.history.rollups import decode_rollup, encode_rollup
from console.store.lock import FolderLock
from console.store.site_store import SiteStore
from tests.integration.store.kept_site import HOUR, hashrate, new_site, write_hours

pytestmark = pytest.mark.timeout(120)

DAY = HOUR - (370 * 24 + 8) * 3600
"""2026-01-10 00:00 UTC, which is over: days that are not get no tiles."""
STARTS = [DAY + 3600.0 * hour for hour in (1, 23, 24, 30, 25 * 24)]
"""Two days in January and one in February."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "site"
    new_site(folder)
    asyncio.run(write_hours(folder, STARTS, seconds=1200.0))
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy that this installation may write under the same origin: byte for byte, WAL folded in."""
    target = tmp_path / "site"
    (target / "history").mkdir(parents=True)
    for path in [written / "console.sqlite", *sorted((written / "history").glob("*.sqlite"))]:
        (target / path.relative_to(written)).write_bytes(path.read_bytes())
    return target


def january(folder: Path) -> Path:
    return folder / "history" / "2026-01.sqlite"


def wrong(folder: Path, *, full: bool = False) -> list[str]:
    return [finding.name for finding in verify(folder, full=full, progress=Progress()) if not finding.ok]


def found(folder: Path, name: str, *, full: bool = False) -> Finding:
    return next(one for one in verify(folder, full=full, progress=Progress()) if one.name == name)


def change(path: Path, statement: str, *values: object) -> None:
    with closing(connect_writer(path)) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(statement, values)


def ask(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    with closing(connect_writer(path)) as connection:
        return connection.execute(statement, values).fetchall()


def test_that_a_sound_folder_is_found_sound(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert wrong(folder) == []
    assert wrong(folder, full=True) == []
    capsys.readouterr()
    assert main(["verify", str(folder), "--full", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is True
    names = [check["name"] for check in answer["checks"]]
    assert {"SQLite", "console: events", "2026-01: tiles", "2026-01: roll-ups", "2026: roll-ups"} <= set(names)


def test_that_it_runs_beside_a_collector(folder: Path) -> None:
    async def both() -> list[Finding]:
        store = await SiteStore.open(folder)
        try:
            return await asyncio.to_thread(lambda: verify(folder, full=True, progress=Progress()))
        finally:
            await store.close()

    assert all(finding.ok for finding in asyncio.run(both()))


def test_that_a_changed_tile_is_found_by_its_hash(folder: Path) -> None:
    change(january(folder), "UPDATE tile SET body = zeroblob(length(body)) WHERE rowid = 3")
    assert "2026-01: tiles" in wrong(folder)
    assert "hash differs" in found(folder, "2026-01: tiles").detail


def test_that_a_tile_that_cannot_be_decoded_is_found_when_all_are(folder: Path) -> None:
    ((body,),) = ask(january(folder), "SELECT body FROM tile WHERE level = 0 LIMIT 1")
    assert isinstance(body, bytes)
    bad = body[:-5] + bytes([body[-5] ^ 1]) + body[-4:]
    digest = hashlib.blake2b(bad, digest_size=16).digest()
    change(
        january(folder), "UPDATE tile SET body = ?, hash = ? WHERE rowid = (SELECT min(rowid) FROM tile)", bad, digest
    )
    assert "2026-01: tiles" in wrong(folder, full=True)


def test_that_roll_ups_that_do_not_follow_from_the_samples_are_found(folder: Path) -> None:
    for level in (MINUTE, HOURS):
        rows = ask(january(folder), "SELECT rowid, body FROM tile WHERE level = ? AND point = 'hashrate'", level)
        for rowid, body in rows:
            assert isinstance(body, bytes)
            stats = decode_rollup(body)
            np.add(stats.mean, 1.0, out=stats.mean)
            other = encode_rollup(stats, 100.0)
            digest = hashlib.blake2b(other, digest_size=16).digest()
            change(january(folder), "UPDATE tile SET body = ?, hash = ? WHERE rowid = ?", other, digest, rowid)
        assert "2026-01: roll-ups" in wrong(folder, full=True)
        assert "another mean" in found(folder, "2026-01: roll-ups", full=True).detail


def test_that_a_keyframe_that_does_not_follow_from_the_samples_is_found(folder: Path) -> None:
    change(january(folder), "UPDATE keyframe SET body = (SELECT body FROM keyframe ORDER BY window DESC LIMIT 1)")
    assert "2026-01: roll-ups" in wrong(folder, full=True)


def test_that_a_hole_in_the_registry_is_found(folder: Path) -> None:
    change(january(folder), "DELETE FROM seat WHERE seat = 1")
    assert "seat 2" in found(folder, "2026-01: registry").detail


def test_that_a_changed_event_breaks_its_chain(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(folder / "console.sqlite", "UPDATE event SET body = x'7B7D' WHERE seq = 2")
    assert wrong(folder) == ["console: events"]
    assert main(["verify", str(folder)]) == 1
    assert "BAD   console: events" in capsys.readouterr().out


def overwrite(path: Path, page: int, count: int = 1, size: int = 8192) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(range(256)) * (size // 256 * count))


def leaf_pages(path: Path, table: str) -> list[int]:
    """Pages on which tile rows stand, found by their content."""
    with closing(sqlite3.connect(path)) as connection:
        bodies = [row[0] for row in connection.execute(f"SELECT hash FROM {table} WHERE level = 0")]
    content = path.read_bytes()
    return sorted({content.find(digest) // 8192 + 1 for digest in bodies})


def test_that_a_table_without_its_columns_is_found(folder: Path) -> None:
    change(folder / "console.sqlite", "ALTER TABLE alarm RENAME COLUMN first_at TO last_at")
    finding = found(folder, "console: tables")
    assert not finding.ok
    assert finding.detail.endswith("no such column: alarm.first_at")


def test_that_a_damaged_page_costs_only_what_stood_on_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = asyncio.run(hashrate(folder, DAY, DAY + 40 * 86_400))
    untouched = {path.name: zlib.crc32(path.read_bytes()) for path in (folder / "history").glob("*-02.sqlite")}
    overwrite(january(folder), leaf_pages(january(folder), "tile")[0])
    assert wrong(folder) == ["2026-01: database"]
    capsys.readouterr()
    assert main(["verify", str(folder), "--repair", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    (repair,) = answer["repairs"]
    assert repair["name"] == "2026-01"
    assert (folder / "history" / repair["aside"]).exists()
    assert any("raw samples" in text and "M1" in text and "2026-01-1" in text for text in repair["lost"])
    after = asyncio.run(hashrate(folder, DAY, DAY + 40 * 86_400))
    assert 0 < len(after) <= len(before)
    assert set(after) <= set(before)
    assert wrong(folder, full=True) == []
    for path in (folder / "history").glob("*-02.sqlite"):
        assert untouched[path.name] == zlib.crc32(path.read_bytes())


def test_that_tiles_with_a_wrong_hash_go_and_the_rest_stays(folder: Path) -> None:
    before = asyncio.run(hashrate(folder, STARTS[0], STARTS[0] + 1200))
    change(january(folder), "UPDATE tile SET body = zeroblob(9) WHERE level = 0 AND point = 'hashrate' AND hour = ?",
           int(STARTS[1]) // 3600)  # fmt: skip
    change(january(folder), "INSERT INTO meta VALUES ('known:somebody', '12')")
    assert main(["verify", str(folder), "--repair"]) == 0
    assert asyncio.run(hashrate(folder, STARTS[0], STARTS[0] + 1200)) == before
    assert ask(january(folder), "SELECT count(*) FROM tile WHERE level = 0 AND point = 'hashrate'") == [(3,)]
    # What a merge noted as known may be among what was lost: the next bundle has to bring it again.
    assert ask(january(folder), "SELECT count(*) FROM meta WHERE key LIKE 'known:%'") == [(0,)]


def test_that_lost_roll_ups_are_worked_out_again(folder: Path) -> None:
    kept = ask(january(folder), "SELECT level, point, chunk, hour, hash FROM tile WHERE level > 0 ORDER BY 1, 2, 3, 4")
    frames = ask(january(folder), "SELECT window, body FROM keyframe ORDER BY window")
    change(january(folder), "UPDATE tile SET body = zeroblob(9) WHERE level > 0")
    change(january(folder), "UPDATE keyframe SET body = zeroblob(9) WHERE rowid % 2")
    assert main(["verify", str(folder), "--repair", "--full"]) == 0
    again = ask(january(folder), "SELECT level, point, chunk, hour, hash FROM tile WHERE level > 0 ORDER BY 1, 2, 3, 4")
    assert again == kept
    assert ask(january(folder), "SELECT window, body FROM keyframe ORDER BY window") == frames


def test_that_a_year_is_worked_out_again_from_its_months(folder: Path) -> None:
    year = folder / "history" / "2026.sqlite"
    kept = ask(year, "SELECT level, point, chunk, hour, hash FROM tile ORDER BY 1, 2, 3, 4")
    change(year, "UPDATE tile SET body = zeroblob(9)")
    assert main(["verify", str(folder), "--repair", "--full"]) == 0
    assert ask(year, "SELECT level, point, chunk, hour, hash FROM tile ORDER BY 1, 2, 3, 4") == kept


def test_that_hours_come_again_from_minutes_where_the_samples_were_given_up(folder: Path) -> None:
    change(january(folder), "DELETE FROM tile WHERE level = ?", RAW)
    change(january(folder), "DELETE FROM keyframe")
    kept = ask(january(folder), "SELECT point, hash FROM tile WHERE level = 2 ORDER BY 1")
    change(january(folder), "UPDATE tile SET body = zeroblob(9) WHERE level = 2")
    assert main(["verify", str(folder), "--repair", "--full"]) == 0
    assert ask(january(folder), "SELECT point, hash FROM tile WHERE level = 2 ORDER BY 1") == kept


def test_that_a_file_that_is_no_database_is_kept_aside_and_the_others_serve(folder: Path) -> None:
    january(folder).write_bytes(b"not a database " * 1000)
    main(["verify", str(folder), "--repair"])
    assert not january(folder).exists()
    assert list((folder / "history").glob("2026-01.sqlite.damaged-*"))
    assert len(asyncio.run(hashrate(folder, STARTS[4], STARTS[4] + 1200))) == 20


def test_that_a_broken_event_log_is_cut_at_the_last_good_link_and_goes_on_as_another_origin(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    console = folder / "console.sqlite"
    count = ask(console, "SELECT max(seq), count(*) FROM event")[0]
    change(console, "UPDATE event SET body = x'7B7D' WHERE seq = (SELECT max(seq) FROM event)")
    change(console, "DELETE FROM device")
    assert main(["verify", str(folder), "--repair"]) == 0
    text = capsys.readouterr().out
    assert "1 events of origin" in text
    assert "was changed after it was written" in text
    assert ask(console, "SELECT max(seq) FROM event") == [(int(str(count[0])) - 1,)]
    origin = ask(console, "SELECT value FROM meta WHERE key = 'origin'")

    async def open_once() -> str:
        store = await SiteStore.open(folder)
        await store.close()
        return str(store.origin)

    assert (asyncio.run(open_once()),) != origin[0]
    assert wrong(folder) == []


def test_that_a_repair_needs_the_folder_for_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(january(folder), "DELETE FROM seat WHERE seat = 1")
    with FolderLock(folder, "collector"):
        assert main(["verify", str(folder), "--repair"]) == 3
    assert "in use" in capsys.readouterr().err


def test_that_no_folder_is_said(tmp_path: Path) -> None:
    assert main(["verify", str(tmp_path)]) == 3
