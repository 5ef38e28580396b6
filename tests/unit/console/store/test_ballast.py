"""The reserve that lets decisions through when the disk is full."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from console.store.care.ballast import FILE, SIZE, Ballast


class Usage(NamedTuple):
    total: int
    used: int
    free: int


class Disk:
    """A disk as large and as full as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, total: int) -> None:
        self.total = total
        self.free = total
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(self.total, self.total - self.free, self.free))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch, 16 * 1_000_000)


def test_that_the_reserve_takes_its_room_and_no_more_than_its_share(disk: Disk, tmp_path: Path) -> None:
    ballast = Ballast(tmp_path)
    assert ballast.look() == ""
    file = tmp_path / FILE
    assert file.stat().st_size == 1_000_000
    assert file.stat().st_blocks * 512 >= 1_000_000, "not a file of holes"
    disk.total = disk.free = 1 << 40
    Ballast(tmp_path).look()
    assert file.stat().st_size == SIZE


def test_that_a_full_disk_gets_the_reserve_and_history_waits_until_there_is_room_for_it_again(
    disk: Disk, tmp_path: Path, expected_log: list[str]
) -> None:
    expected_log.append("is full")
    ballast = Ballast(tmp_path)
    ballast.look()
    disk.free = ballast.low - 1
    assert "history waits in memory" in ballast.look()
    assert not (tmp_path / FILE).exists()
    disk.free = ballast.low + 1_000_000
    assert ballast.look(), "the reserve itself is no room for history"
    disk.free = ballast.high
    assert ballast.look() == ""
    assert (tmp_path / FILE).exists()


def test_that_a_refused_write_counts_as_full_whatever_the_disk_says(
    disk: Disk, tmp_path: Path, expected_log: list[str]
) -> None:
    expected_log.append("is full")
    ballast = Ballast(tmp_path)
    ballast.look()
    assert ballast.look(refused=True)
    assert not (tmp_path / FILE).exists()


def test_that_a_small_rest_is_left_alone(disk: Disk, tmp_path: Path) -> None:
    ballast = Ballast(tmp_path)
    disk.free = ballast.high - 1
    assert ballast.look() == ""
    assert not (tmp_path / FILE).exists(), "no reserve is taken where little is left"
