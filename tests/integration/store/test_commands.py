"""`terrahash site` and `terrahash history` as another program sees them: exit codes, JSON, tables."""

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest

from console.__main__ import main
from console.domain.telemetry import LiveColumns
from console.store.lock import FolderLock
from console.store.site_store import SiteStore
from drivers.core.reading import DeviceState, Layout, Quality, Report, Signal

SITE = """\
[site]
name = "Small"
zone = "UTC"
rated_mw = 1
target_hashrate = 100

[[device]]
name = "M1"
kind = "miner"
address = "127.0.0.1:4028"
profile = "antminer-stock"
place = "A/T1/1/1"
"""
HOUR = 500_000 * 3600
LAYOUT = Layout((Signal("hashrate"), Signal("chip_temp", "0")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = tmp_path / "small.toml"
    file.write_text(SITE, encoding="utf-8")
    assert main(["site", "import", str(tmp_path / "site"), str(file)]) == 0
    return tmp_path / "site"


async def write_samples(folder: Path) -> None:
    store = await SiteStore.open(folder)
    columns = LiveColumns()
    row = columns.add((await store.site()).devices[0].id, 5.0)
    for slot in (0, 1, 3):
        at = HOUR + 5.0 * slot
        report = Report(at, at + 1, DeviceState.HASHING, LAYOUT, [100.0 + slot, 60.0], bytes([0, Quality.SUSPECT]))
        columns.ingest(row, report)
        await store.history.append(columns, at + 2)
    await store.close()


def ask(folder: Path, *more: str) -> list[str]:
    return ["history", str(folder), "--device", "M1", "--from", "2027-01-15T08:00:00Z", "--to", str(HOUR + 20), *more]


def test_that_history_answers_as_json_and_as_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(write_samples(folder))
    capsys.readouterr()
    assert main(ask(folder, "--point", "hashrate", "--json")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == {
        "device": "M1",
        "point": "hashrate",
        "part": "",
        "unit": "TH/s",
        "step_s": 5.0,
        "level": "raw",
        "t": [HOUR, HOUR + 5, HOUR + 10, HOUR + 15],
        "value": [100.0, 101.0, None, 103.0],
        "min": [100.0, 101.0, None, 103.0],
        "max": [100.0, 101.0, None, 103.0],
        "quality": ["good", "good", "not_polled", "good"],
    }
    assert main(ask(folder, "--point", "chip_temp", "--part", "0", "--step", "10", "--csv")) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["time", "device", "point", "part", "unit", "value", "min", "max", "quality"]
    assert rows[1] == ["2027-01-15T08:00:00Z", "M1", "chip_temp", "0", "degC", "60", "60", "60", "suspect"]


def test_that_history_gives_several_series_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(write_samples(folder))
    capsys.readouterr()
    assert main(ask(folder, "--point", "hashrate", "--point", "chip_temp", "--part", "*", "--json")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [(one["point"], one["part"], one["value"][3]) for one in answer["series"]] == [
        ("hashrate", "", 103.0),
        ("chip_temp", "0", 60.0),
    ]
    assert main(ask(folder, "--point", "hashrate", "--point", "chip_temp", "--part", "*")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("M1")] == ["M1 hashrate", "M1 chip_temp 0"]


def test_that_history_writes_a_file_whole_or_not_at_all(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(write_samples(folder))
    capsys.readouterr()
    file = tmp_path / "out.csv"
    assert main(ask(folder, "--point", "hashrate", "--csv", str(file), "--json")) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(file), "rows": 3, "series": 1}
    assert len(file.read_text(encoding="utf-8").splitlines()) == 4
    assert main(ask(folder, "--point", "hashrate", "--csv", str(tmp_path / "nowhere" / "out.csv"))) == 3
    assert main(ask(folder, "--point", "hashrate", "--csv", "-", "--json")) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "site", "small.toml"]


def test_that_history_tells_nothing_stored_from_wrong_questions(folder: Path, tmp_path: Path) -> None:
    assert main(ask(folder, "--point", "hashrate")) == 1
    assert main([*ask(folder, "--point", "hashrate"), "--device", "M9"]) == 2
    assert main([*ask(folder, "--point", "hashrate"), "--to", "0"]) == 2
    assert main(ask(tmp_path, "--point", "hashrate")) == 3
    with pytest.raises(SystemExit) as caught:
        main(ask(folder, "--point", "hashrat"))
    assert caught.value.code == 2


def test_that_an_exported_site_can_be_imported_again(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    for option, name in (([], "again.toml"), (["--csv"], "again.csv")):
        assert main(["site", "export", str(folder), *option]) == 0
        (tmp_path / name).write_text(capsys.readouterr().out, encoding="utf-8", newline="")
        assert main(["site", "import", str(folder), str(tmp_path / name), "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert (answer["devices"], answer["added"], answer["changed"], answer["removed"]) == (1, 0, 0, 0)


def test_that_a_file_with_problems_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(SITE.replace("kind", "knd"), encoding="utf-8")
    assert main(["site", "import", str(tmp_path / "site"), str(file), "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["problems"][0] == {
        "line": 7,
        "text": '[device] lacks "kind"; add it below this line',
    }
    assert "bad.toml:9: " in captured.err
    assert not (tmp_path / "site").exists()
    assert main(["site", "import", str(tmp_path / "site"), str(tmp_path / "none.toml")]) == 2


def test_that_a_folder_in_use_is_left_alone(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FolderLock(folder, "collector"):
        assert main(["site", "import", str(folder), str(tmp_path / "small.toml")]) == 3
    assert "(collector)" in capsys.readouterr().err
