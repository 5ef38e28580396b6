"""A site on read-only media: everything that only reads works; a copy that was made of a running site says so."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.__main__ import main
from console.store.engine import connect_writer
from tests.integration.store.kept_site import HOUR, new_site, write_hours

FROM, TO = "2027-01-15T08:00:00Z", "2027-01-15T08:10:00Z"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    new_site(folder)
    asyncio.run(write_hours(folder, [HOUR]))
    return folder


def read_only(folder: Path, place: Path) -> bool:
    """Show a folder at `place` so that nobody can write there; whether that is possible here."""
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    if subprocess.run(["mount", "--bind", str(folder), str(place)], check=False).returncode:
        return False
    subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
    return True


@pytest.fixture
def media(written: Path, tmp_path: Path) -> Iterator[Path]:
    """The site on media that cannot be written: a read-only mount, or folders without the right to write."""
    place = tmp_path / "media"
    if read_only(written, place):
        yield place
        subprocess.run(["umount", "-l", str(place)], check=True)
        return
    if sys.platform == "win32" or os.geteuid() == 0:
        pytest.skip("read-only media need the right to mount, or a user whom permissions bind")
    folders = [written / "history", written]
    for folder in folders:
        folder.chmod(0o555)
    yield written
    for folder in folders:
        folder.chmod(0o755)


def test_that_everything_that_only_reads_works_on_read_only_media(
    media: Path, written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.relative_to(written) for path in written.rglob("*"))
    commands = [
        ["history", str(media), "--device", "M1", "--point", "hashrate", "--from", FROM, "--to", TO],
        ["incidents", str(media)],
        ["alarms", str(media)],
        ["site", "export", str(media)],
        ["verify", str(media), "--full"],
        ["storage", str(media)],
        ["backup", str(media), str(tmp_path / "kept.zip")],
        ["sync", str(media), "--export", str(tmp_path / "kept.bundle")],
    ]
    for command in commands:
        assert main(command) == 0, f"{command[0]}: {capsys.readouterr()}"
    assert "100" in capsys.readouterr().out
    assert sorted(path.relative_to(written) for path in written.rglob("*")) == before


def test_that_a_copy_of_a_running_site_says_what_to_do(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, place = tmp_path / "copy", tmp_path / "media"
    month = written / "history" / "2027-01.sqlite"
    writer = connect_writer(month)
    writer.execute("UPDATE tile SET rev = rev")
    shutil.copytree(written, copy)
    writer.close()
    assert (copy / "history" / "2027-01.sqlite-wal").stat().st_size
    if not read_only(copy, place):
        pytest.skip("read-only media need the right to mount")
    try:
        assert main(["history", str(place), "--device", "M1", "--point", "hashrate", "--from", FROM, "--to", TO]) == 3
        assert "Copy the site folder to a place that can be written" in capsys.readouterr().err
        assert main(["verify", str(place)]) == 1
        assert "Copy the site folder" in capsys.readouterr().out
        assert main(["backup", str(place), str(tmp_path / "kept.zip")]) == 3
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
    assert main(["verify", str(copy), "--full"]) == 0, "where it can be written all of it is there"
