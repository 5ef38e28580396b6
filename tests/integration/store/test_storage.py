"""`terrahash storage`: what there is, what comes, and the policy."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import main
from console.store.lock import FolderLock
from tests.integration.store.kept_site import HOUR, new_site, write_hours
from tests.integration.store.synthetic_month import make_history

FIRST_OF_2020 = 438_288


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_site(tmp_path / "site")
    asyncio.run(write_hours(tmp_path / "site", [HOUR]))
    return tmp_path / "site"


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["storage", *words, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_that_sizes_are_told_by_level_and_add_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(capsys, str(folder))
    (month,) = [file for file in answer["files"] if file["name"] == "2027-01"]
    assert month["levels"]["raw"] > 0
    assert month["levels"]["keyframe"] > 0
    assert month["bytes"] == sum(month["levels"].values())
    assert answer["bytes"] == month["bytes"] + answer["console_bytes"]
    assert answer["growth_bytes_per_day"] > 0
    assert answer["keep_days"] == {"raw": 90, "keyframe": 90, "minute": 730, "hour": None, "day": None}


def test_that_a_policy_is_tried_saved_and_applied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = make_history(folder, "2020-01", FIRST_OF_2020)
    before = path.stat().st_size
    tried = ask(capsys, str(folder), "--keep", "minute=10y")
    assert tried["keep_days"]["minute"] == 3652.5
    assert ask(capsys, str(folder))["keep_days"]["minute"] == 730, "a try changes nothing"
    assert path.stat().st_size == before
    applied = ask(capsys, str(folder), "--keep", "minute=10y", "--save", "--apply")
    (freed,) = applied["freed"]
    assert freed["name"] == "2020-01"
    assert freed["levels"] == ["raw", "keyframe"]
    assert path.stat().st_size < before
    assert ask(capsys, str(folder))["keep_days"]["minute"] == 3652.5


def test_that_mistakes_are_told_apart_by_their_codes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", str(folder), "--keep", "raw=soon"]) == 2
    assert main(["storage", str(folder), "--save"]) == 2
    assert main(["storage", str(folder.parent)]) == 3
    with FolderLock(folder, "collector"):
        assert main(["storage", str(folder)]) == 0, "looking needs no lock"
        assert main(["storage", str(folder), "--apply"]) == 3
    assert "in use" in capsys.readouterr().err


def test_that_people_get_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["storage", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "2027-01" in text
    assert "kept: raw=90d,keyframe=90d,minute=730d,hour=ever,day=ever" in text
    assert "the disk will" in text
