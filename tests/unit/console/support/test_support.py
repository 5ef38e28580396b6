"""Logging, checks of the environment, and what keeps the loop free."""

import gc
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.support import log
from console.support.environment import allow_open_files, free_bytes, open_files, run
from console.support.garbage import LongLived, start_clean
from console.support.plain_text import visible, visible_lines
from console.support.selfcheck import (
    Check,
    check_disk,
    check_display,
    check_files,
    check_keyring,
    check_libraries,
    check_packages,
    check_python,
    check_sqlite,
    checks,
)
from console.support.sqlite_release import is_sound


@pytest.fixture
def restored_root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        if handler not in handlers:
            handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)


def test_that_the_log_goes_to_its_file_in_utc(
    tmp_path: Path, restored_root: None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "collector.log"
    logging.getLogger().handlers[:] = []
    log.set_up(file=file)
    logging.getLogger("console.test").info("%d miners", 3000)
    assert "console.test: 3000 miners" in file.read_text()
    assert file.read_text()[10] == "T"
    assert file.read_text()[19] == "Z"
    assert "3000 miners" in capsys.readouterr().err


def test_that_a_secret_reaches_no_log_not_even_in_a_traceback(tmp_path: Path, restored_root: None) -> None:
    file = tmp_path / "collector.log"
    logging.getLogger().handlers[:] = []
    log.set_up(file=file, stream=False)
    log.redactor.keep_out("hunter22")
    log.redactor.keep_out("no")
    logger = logging.getLogger("console.test")
    logger.info("login with %s", "hunter22")
    try:
        int("hunter22")
    except ValueError:
        logger.info("it failed, no idea why", exc_info=True)
    text = file.read_text()
    assert "hunter22" not in text
    assert "login with ***" in text
    assert "invalid literal for int() with base 10: '***'" in text
    assert "no idea why" in text, "a text as short as an ordinary word is not masked"


def test_that_the_end_of_a_log_can_be_shown(tmp_path: Path) -> None:
    file = tmp_path / "collector.log"
    file.write_text("".join(f"line {n}\n" for n in range(5000)))
    assert log.last_lines(file, 2) == "line 4998\nline 4999"
    assert log.last_lines(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("release", "sound"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
    ],
)
def test_that_releases_of_sqlite_with_the_wal_bug_are_known(release: tuple[int, ...], *, sound: bool) -> None:
    assert is_sound(release) is sound


def test_that_the_sqlite_check_looks_at_the_library_in_use() -> None:
    assert check_sqlite().ok == is_sound(sqlite3.sqlite_version_info)
    assert not check_sqlite().needed, "the collector works around it"


def test_that_a_missing_library_is_named_with_its_package() -> None:
    check = check_libraries("Qt", {"libnothing-of-this-name.so.9": "libnothing9"}, needed=True)
    assert check == Check("Qt", ok=False, detail="missing: libnothing9", remedy="apt-get install libnothing9")


def test_that_no_display_is_said_and_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not check_display().ok
    assert not check_display().needed
    monkeypatch.setenv("DISPLAY", ":7")
    assert check_display() == Check("Display", ok=True, detail=":7", remedy=check_display().remedy, needed=False)


def test_that_here_everything_needed_is_there(tmp_path: Path) -> None:
    assert check_python().ok
    assert check_packages().ok
    assert check_files().ok
    assert "GiB" in check_disk(tmp_path / "not" / "yet").detail
    assert check_keyring().detail
    assert len({check().name for check in checks(tmp_path)}) == 9


def test_that_the_limit_of_open_files_only_rises() -> None:
    before, hard = open_files()
    assert before <= allow_open_files() <= hard
    assert free_bytes(Path("/")) > 0


def test_that_work_runs_on_the_quick_loop() -> None:
    async def answer() -> int:
        return 42

    assert run(answer()) == 42


def test_that_what_has_come_to_stay_is_taken_out_once_for_each_shape() -> None:
    thresholds = gc.get_threshold()
    try:
        start_clean()
        long_lived = LongLived()
        assert long_lived.round(7)
        assert not long_lived.round(7)
        assert long_lived.round(8)
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


HOSTILE = "T1\x1b[2J\x1b]0;root\x07\x9b31m\r\n2026 ERROR forged\u202e\u2028\x00"


def test_that_no_control_reaches_a_terminal_from_foreign_text() -> None:
    assert visible("Prüfstand 7 “A”, 温度, 🔥") == "Prüfstand 7 “A”, 温度, 🔥"
    assert visible(HOSTILE) == (r"T1\x1b[2J\x1b]0;root\x07\x9b31m\r\n2026 ERROR forged\u202e\u2028\x00")
    assert visible_lines("a\nb\x1b") == "a\nb\\x1b"


def test_that_a_name_cannot_forge_a_line_of_the_log(tmp_path: Path, restored_root: None) -> None:
    file = tmp_path / "collector.log"
    logging.getLogger().handlers[:] = []
    log.set_up(file=file, stream=False)
    logging.getLogger("console.test").warning("%s is lost", HOSTILE)
    try:
        float(HOSTILE)
    except ValueError:
        logging.getLogger("console.test").exception("a fault")
    written = file.read_text()
    assert not any(letter in written for letter in "\x1b\x07\x9b\r\x00\u202e\u2028")
    assert written.splitlines()[0].endswith("is lost")
    assert "Traceback" in written
    assert len(written.splitlines()) > 3, "the traceback keeps its own lines"
