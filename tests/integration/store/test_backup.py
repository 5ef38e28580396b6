"""`terrahash backup` and `restore`: one file while the site is written, and nothing half-made whatever happens."""

import asyncio
import hashlib
import json
import signal
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from console.__main__ import main
from console.cli.progress_line import ProgressLine
from console.store.care.archive_format import MANIFEST, ArchiveError, Manifest
from console.store.care.backup import PAGES, back_up, copy_database
from console.store.care.progress import Cancelled, Progress
from console.store.care.restore import FolderNotEmpty, restore
from console.store.engine import StoreError, connect_writer
from console.store.site_store import SiteStore
from tests.integration.store.kept_site import HOUR, called_off_at, hashrate, new_site, write_hours


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_site(tmp_path / "site")
    asyncio.run(write_hours(tmp_path / "site", [HOUR]))
    return tmp_path / "site"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_that_a_restored_site_is_the_site_that_was_backed_up(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["backup", str(folder), str(tmp_path / "kept.zip"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["site"] == "Kept"
    assert "history/2027-01.sqlite" in told["databases"]
    assert main(["restore", str(tmp_path / "kept.zip"), str(tmp_path / "again"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["site_id"] == told["site_id"]
    before = asyncio.run(hashrate(folder, HOUR, HOUR + 3600))
    assert len(before) == 60
    assert asyncio.run(hashrate(tmp_path / "again", HOUR, HOUR + 3600)) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "kept.zip", "site"]


def big_database(path: Path, rows: int = 600) -> sqlite3.Connection:
    connection = connect_writer(path)
    connection.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO note (body) VALUES (randomblob(65536))", [()] * rows)
    connection.execute("COMMIT")
    return connection


def test_that_a_writer_who_never_rests_does_not_make_the_copy_begin_anew(tmp_path: Path) -> None:
    source, copy = tmp_path / "source.sqlite", tmp_path / "copy.sqlite"
    with closing(big_database(source)) as writer:
        pages = writer.execute("PRAGMA page_count").fetchone()[0]
        steps: list[int] = []

        def write_meanwhile(_text: str, done: int, _total: int) -> None:
            steps.append(done)
            writer.execute("INSERT INTO note (body) VALUES (randomblob(100000))")
            writer.execute("UPDATE note SET body = randomblob(65536) WHERE id = 1")

        copy_database(source, copy, Progress(write_meanwhile))
        assert len(steps) <= pages // PAGES + 2
        assert steps == sorted(steps)
        assert writer.execute("SELECT count(*) FROM note").fetchone()[0] == 600 + len(steps)
    with closing(sqlite3.connect(copy)) as copied:
        assert copied.execute("SELECT count(*) FROM note").fetchone()[0] == 600
        assert copied.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_that_calling_it_off_leaves_the_older_backup_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept.zip"
    back_up(folder, file, Progress())
    before = file.read_bytes()
    for stop_at in range(7):  # each of its steps with two databases
        with pytest.raises(Cancelled):
            back_up(folder, file, called_off_at(stop_at))
        assert file.read_bytes() == before
        assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.zip", "site"]


def test_that_ctrl_c_ends_both_commands_in_order(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", str(folder), str(tmp_path / "kept.zip")]) == 0
    monkeypatch.setattr(ProgressLine, "show", lambda *_: signal.raise_signal(signal.SIGINT))
    assert main(["backup", str(folder), str(tmp_path / "more.zip")]) == 130
    assert main(["restore", str(tmp_path / "kept.zip"), str(tmp_path / "again")]) == 130
    assert "called off" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.zip", "site"]


def test_that_a_folder_that_holds_anything_is_never_restored_into(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept.zip"
    back_up(folder, file, Progress())
    there = files(folder)
    with pytest.raises(FolderNotEmpty):
        restore(file, folder, Progress())
    assert files(folder) == there
    assert main(["restore", str(file), str(folder)]) == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    restore(file, empty, Progress())
    assert asyncio.run(hashrate(empty, HOUR, HOUR + 3600))


def rewrite(file: Path, target: Path, change: str, content: bytes) -> None:
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(target, "w") as out:
        for name in source.namelist():
            out.writestr(name, content if name == change else source.read(name))


def test_that_a_damaged_or_foreign_archive_changes_nothing(folder: Path, tmp_path: Path) -> None:
    file, bad = tmp_path / "kept.zip", tmp_path / "bad.zip"
    manifest = back_up(folder, file, Progress()).manifest
    with zipfile.ZipFile(file) as archive:
        console = archive.read("console.sqlite.zst")
    outside = msgspec.structs.replace(manifest.members[0], name="../outside")
    attempts: list[tuple[str, bytes]] = [
        ("history/2027-01.sqlite.zst", console),
        ("console.sqlite.zst", b"nothing of the kind"),
        ("console.sqlite.zst", console[:-200]),
        (MANIFEST, b"{}"),
        (MANIFEST, msgspec.json.encode(msgspec.structs.replace(manifest, members=(*manifest.members, outside)))),
        (MANIFEST, msgspec.json.encode(msgspec.structs.replace(manifest, members=manifest.members[1:]))),
    ]
    for name, content in attempts:
        rewrite(file, bad, name, content)
        with pytest.raises(ArchiveError):
            restore(bad, tmp_path / "again", Progress())
        assert not (tmp_path / "again").exists()
    bad.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert main(["restore", str(bad), str(tmp_path / "again")]) == 1
    assert main(["restore", str(tmp_path / "absent.zip"), str(tmp_path / "again")]) == 2
    assert not (tmp_path / "again").exists()


def test_that_a_backup_of_a_newer_program_is_refused(folder: Path, tmp_path: Path) -> None:
    file, bad = tmp_path / "kept.zip", tmp_path / "bad.zip"
    manifest: Manifest = back_up(folder, file, Progress()).manifest
    rewrite(file, bad, MANIFEST, msgspec.json.encode(msgspec.structs.replace(manifest, schema=999)))
    with pytest.raises(StoreError, match="newer"):
        restore(bad, tmp_path / "again", Progress())


def test_that_the_manifest_names_what_the_files_are(folder: Path, tmp_path: Path) -> None:
    done = back_up(folder, tmp_path / "kept.zip", Progress())
    restore(tmp_path / "kept.zip", tmp_path / "again", Progress())
    for member in done.manifest.members:
        content = (tmp_path / "again" / member.name).read_bytes()
        assert (len(content), hashlib.blake2b(content, digest_size=32).hexdigest()) == (member.size, member.hash)


def test_that_no_folder_and_no_room_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", str(tmp_path / "nowhere"), str(tmp_path / "kept.zip")]) == 3
    assert "no site folder" in capsys.readouterr().err
    assert not (tmp_path / "kept.zip").exists()


def test_that_a_restored_site_writes_on_as_another_origin(folder: Path, tmp_path: Path) -> None:
    async def origin(of: Path) -> UUID:
        store = await SiteStore.open(of)
        await store.close()
        return store.origin

    before = asyncio.run(origin(folder))
    back_up(folder, tmp_path / "kept.zip", Progress())
    assert asyncio.run(origin(folder)) == before
    restore(tmp_path / "kept.zip", tmp_path / "again", Progress())
    assert asyncio.run(origin(tmp_path / "again")) != before
