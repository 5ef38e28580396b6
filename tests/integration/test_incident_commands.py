"""`terrahash incidents` and `terrahash alarms` on a real folder, with and without its collector."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import main
from console.domain.alarms import Condition
from console.link.launch import is_running
from console.services.triage import Triage
from console.store.lock import FolderLock
from console.store.site_store import SiteStore
from tests.unit.console.services.scene import RULES, HandClock, Scene, build_site

pytestmark = pytest.mark.integration

SITE = build_site(pdus=1, outlets=4)


@pytest.fixture
def folder(tmp_path: Path, expected_log: list[str]) -> Path:
    """A site folder with a tripped pump (INC-1) and a leak that is dry again (INC-2)."""
    path = tmp_path / "site"
    asyncio.run(fill(path))
    return path


async def fill(path: Path) -> None:
    scene = Scene(SITE)
    clock = HandClock(time.time() - 300)
    store = await SiteStore.open(path)
    try:
        await store.save_site(SITE)
        triage = Triage(store.incident_log, SITE, RULES, clock)
        pump, leak = scene.alarm("pump-tripped", "PLC-B", "2"), scene.alarm("coolant-leak", "PLC-A")
        at = clock.now()
        pump, leak = (replace(alarm, raised_at=at, onset_at=at) for alarm in (pump, leak))
        await triage.take_in([pump], at)
        await triage.take_in([leak], at)
        await triage.take_in([replace(leak, condition=Condition.NORMAL)], at + 1)
        await store.mark_alive(at + 2)
    finally:
        await store.close()


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main([*words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_that_incidents_are_listed_as_the_design_names_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = answer(capsys, "incidents", str(folder))["incidents"]
    assert (first["number"], first["severity"], first["state"]) == (1, 1, "detected")
    assert first["title"] == "LOOP-B: pump 2 tripped"
    assert first["devices"] == ["PLC-B"]
    assert set(first["deadlines"]) == {"response", "mitigation", "resolution"}
    assert first["detected_at"].endswith("+00:00")
    assert first["acknowledged_at"] is None
    assert second["title"] == "LOOP-A: leak detected"


def test_that_a_free_folder_is_written_directly(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("incidents", str(folder))
    (acknowledged,) = answer(capsys, *words, "acknowledge", "INC-1", "--actor", "M. Okafor", "--note", "on it")[
        "incidents"
    ]
    assert (acknowledged["state"], acknowledged["owner"]) == ("acknowledged", "M. Okafor")
    (mitigated,) = answer(capsys, *words, "mitigate", "1", "--actor", "M. Okafor")["incidents"]
    assert mitigated["state"] == "mitigated"
    (noted,) = answer(capsys, *words, "note", "inc-1", "--actor", "J. Reyes", "--note", "strainer blocked")["incidents"]
    assert noted["events"][-1]["text"] == "strainer blocked"
    (resolved,) = answer(capsys, *words, "resolve", "INC-2", "--actor", "J. Reyes")["incidents"]
    assert resolved["state"] == "resolved"
    assert [one["number"] for one in answer(capsys, *words, "--open")["incidents"]] == [1]
    alarms = answer(capsys, "alarms", str(folder))["alarms"]
    assert {alarm["rule"]: alarm["cleared_at"] is None for alarm in alarms} == {
        "pump-tripped": True,
        "coolant-leak": False,
    }


def test_that_a_refusal_is_a_sentence_and_code_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidents", str(folder), "resolve", "INC-1"]) == 1
    assert "INC-1 cannot be resolved: 1 alarm still standing" in capsys.readouterr().err


def test_that_wrong_use_is_code_2_and_no_folder_code_3(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["incidents", str(folder), "resolve"]) == 2
    assert main(["incidents", str(folder), "resolve", "INC-99"]) == 2
    assert main(["incidents", str(tmp_path / "nothing")]) == 3
    assert main(["alarms", str(folder), "acknowledge"]) == 2
    assert main(["alarms", str(folder), "acknowledge", "no-such-id"]) == 2
    assert "no-such-id" in capsys.readouterr().err


def test_that_acknowledging_an_alarm_acknowledges_its_incident(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    standing = answer(capsys, "alarms", str(folder), "--standing", "--device", "PLC-B")["alarms"]
    (alarm,) = answer(capsys, "alarms", str(folder), "acknowledge", standing[0]["id"], "--actor", "J. Reyes")["alarms"]
    assert alarm["acknowledged_by"] == "J. Reyes"
    assert answer(capsys, "incidents", str(folder))["incidents"][0]["owner"] == "J. Reyes"


def test_that_a_decision_set_aside_by_a_merge_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    answer(capsys, "incidents", str(folder), "acknowledge", "INC-1", "--actor", "Ana")
    answer(capsys, "incidents", str(other), "acknowledge", "INC-1", "--actor", "Ben")
    asyncio.run(merge(folder, other))
    found = answer(capsys, "incidents", str(folder))
    assert found["incidents"][0]["owner"] == "Ana"
    assert [event["set_aside"] for event in found["incidents"][0]["events"]][-2:] == [False, True]
    (conflict,) = found["conflicts"]
    assert (conflict["kept"]["actor"], conflict["dropped"]["actor"]) == ("Ana", "Ben")
    assert main(["incidents", str(folder)]) == 0
    told = "INC-1, acknowledged: “acknowledged” of Ana stands, “acknowledged” of Ben was set aside"
    assert told in capsys.readouterr().out
    assert answer(capsys, "site", "export", str(folder))["conflicts"] == []


async def merge(folder: Path, other: Path) -> None:
    source = await SiteStore.open(other, read_only=True)
    target = await SiteStore.open(folder)
    try:
        await target.event_log.merge(await source.event_log.read_since(await target.event_log.vector()))
    finally:
        await source.close()
        await target.close()


def test_that_people_read_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidents", str(folder)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("INC-1     Sev1 24:")
    assert table[0].endswith("LOOP-B: pump 2 tripped")
    assert main(["alarms", str(folder), "--standing"]) == 0
    assert "PLC-B: pump-tripped 2" in capsys.readouterr().out


def test_that_a_busy_folder_that_does_not_answer_is_code_3(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.cli.attached.CONNECT_SECONDS", 0.5)
    with FolderLock(folder, "site import"):
        assert main(["incidents", str(folder), "acknowledge", "INC-1"]) == 3
    assert "(site import)" in capsys.readouterr().err


@asynccontextmanager
async def collector(folder: Path) -> AsyncIterator[None]:
    """A collector that polls nothing; ready when its endpoint answers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console", "collect", str(folder), "--no-poll", stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(30):
            while not await is_running(folder):
                assert process.returncode is None
                await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        await process.communicate()


async def test_that_a_running_collector_does_it_and_everybody_sees_it(folder: Path) -> None:
    async with collector(folder):
        code, out, err = await terrahash("incidents", str(folder), "acknowledge", "INC-1", "--actor", "A", "--json")
        assert code == 0, err
        assert json.loads(out)["incidents"][0]["state"] == "acknowledged"
        code, out, err = await terrahash("incidents", str(folder), "acknowledge", "INC-1", "--actor", "B")
        assert code == 1
        assert "already acknowledged by A" in err
        code, out, _ = await terrahash("incidents", str(folder), "--json")
        assert json.loads(out)["incidents"][0]["owner"] == "A"


async def terrahash(*words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()
