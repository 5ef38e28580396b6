"""A packaged program carries a SQLite without the WAL-reset bug."""

import os
import sqlite3
import sys
from pathlib import Path

import pytest

from console.support.sqlite_release import is_sound
from installer import sqlite_release
from installer.sqlite_release import BrokenSqlite, advice, release_of, require_sound, sound_interpreter

posix_only = pytest.mark.skipif(os.name == "nt", reason="the stand-in interpreters are shell scripts")


def stand_in(folder: Path, name: str, says: str) -> Path:
    """An interpreter that says it carries that SQLite."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {says}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_that_an_interpreter_says_what_it_carries() -> None:
    assert release_of(Path(sys.executable)) == sqlite3.sqlite_version_info


@posix_only
@pytest.mark.parametrize("release", ["3.40.1", "3.50.6", "3.51.2"])
def test_that_packaging_refuses_a_release_with_the_bug(tmp_path: Path, release: str) -> None:
    with pytest.raises(BrokenSqlite, match=release) as refused:
        require_sound(stand_in(tmp_path, "python", release))
    assert "3.51.3" in refused.value.remedy


@posix_only
@pytest.mark.parametrize("release", ["3.44.6", "3.50.7", "3.51.3", "3.60.0"])
def test_that_packaging_takes_a_release_without_it(tmp_path: Path, release: str) -> None:
    assert is_sound(require_sound(stand_in(tmp_path, "python", release)))


@posix_only
def test_that_an_interpreter_that_says_nothing_is_refused(tmp_path: Path) -> None:
    for says in ("", "no sqlite"):
        with pytest.raises(BrokenSqlite):
            require_sound(stand_in(tmp_path, "python", says))
    with pytest.raises(BrokenSqlite):
        require_sound(tmp_path / "absent")


@posix_only
def test_that_set_up_names_a_better_interpreter_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "python3.14", "3.40.1")
    stand_in(tmp_path, "python3.10", "3.60.0")
    assert sound_interpreter([str(tmp_path)]) == ""
    stand_in(tmp_path, "python3.12", "3.60.0")
    assert sound_interpreter([str(tmp_path)]) == "python3.12"
    monkeypatch.setattr(sqlite_release, "is_sound", lambda _release: False)
    assert "install Python" in advice([])
    monkeypatch.setattr(sqlite_release, "is_sound", is_sound)
    assert bool(advice([str(tmp_path)])) is not is_sound(sqlite3.sqlite_version_info)
