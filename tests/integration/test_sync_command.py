"""`terrahash sync` between a NOC and a laptop: bundles, two folders, and a collector that goes on collecting."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import main
from console.domain.inventory import Site
from console.services.triage import Triage
from console.store.lock import FolderLock
from console.store.site_store import SiteStore
from tests.integration.live_site import Watcher
from tests.unit.console.services.scene import RULES, HandClock, Scene, build_site

pytestmark = pytest.mark.integration

SITE = build_site(pdus=1, outlets=4)


@pytest.fixture
def become(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Be another installation from now on."""
    return lambda name: monkeypatch.setenv("TERRAHASH_HOME", str(tmp_path / f"home of {name}"))


@pytest.fixture
def noc(tmp_path: Path, become: Callable[[str], None]) -> Path:
    """The NOC's folder with a site."""
    become("noc")
    asyncio.run(found_site(tmp_path / "noc"))
    return tmp_path / "noc"


@pytest.fixture
def laptop(tmp_path: Path, noc: Path, become: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> Path:
    """A laptop's folder, begun from a bundle of the NOC."""
    answer(capsys, noc, "--export", tmp_path / "begin.bundle")
    become("laptop")
    answer(capsys, tmp_path / "laptop", "--import", tmp_path / "begin.bundle")
    return tmp_path / "laptop"


async def found_site(folder: Path) -> None:
    store = await SiteStore.open(folder)
    await store.save_site(SITE)
    await store.close()


async def edit(folder: Path, change: Callable[[Site], Site]) -> None:
    store = await SiteStore.open(folder)
    try:
        await store.save_site(change(await store.site()))
    finally:
        await store.close()


def asset(name: str, code: str) -> Callable[[Site], Site]:
    """An edit of one device's asset code."""
    return lambda site: replace(
        site,
        devices=tuple(replace(one, asset=code) if one.name == name else one for one in site.devices),
    )


async def trip_a_pump(folder: Path) -> None:
    """An incident, found by whoever writes this folder."""
    store = await SiteStore.open(folder)
    try:
        site = await store.site()
        clock = HandClock(time.time() - 300)
        triage = Triage(store.incident_log, site, RULES, clock)
        alarm = Scene(site).alarm("pump-tripped", "PLC-B", "2")
        await triage.take_in([replace(alarm, raised_at=clock.now(), onset_at=clock.now())], clock.now())
    finally:
        await store.close()


def answer(capsys: pytest.CaptureFixture[str], folder: Path, *words: object) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["sync", str(folder), *map(str, words), "--json"]) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_that_a_bundle_brings_what_is_new_and_says_whose_it_is(
    tmp_path: Path, noc: Path, laptop: Path, become: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    become("laptop")
    asyncio.run(edit(laptop, asset("M1-1", "A-77")))
    exported = answer(capsys, laptop, "--export", tmp_path / "visit.bundle")
    assert exported["rows"]["event"] > 0
    become("noc")
    first = answer(capsys, noc, "--import", tmp_path / "visit.bundle")
    assert first["added"] == first["events"] == 2
    assert first["conflicts"] == 0
    assert first["from"] == exported["from"]
    assert first["exporter"]["fingerprint"] == exported["fingerprint"]
    assert [one["fingerprint"] for one in first["new_origins"]] == [exported["fingerprint"]]
    second = answer(capsys, noc, "--import", tmp_path / "visit.bundle")
    assert (second["added"], second["new_origins"]) == (0, [])
    assert asyncio.run(_asset(noc, "M1-1")) == "A-77"
    assert main(["sync", str(noc), "--import", str(tmp_path / "visit.bundle")]) == 0
    assert exported["fingerprint"] in capsys.readouterr().out


async def _asset(folder: Path, name: str) -> str:
    store = await SiteStore.open(folder, read_only=True)
    try:
        return (await store.site()).device(name).asset
    finally:
        await store.close()


def test_that_two_folders_become_equal_and_both_edits_are_shown(
    noc: Path, laptop: Path, become: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    become("noc")
    asyncio.run(edit(noc, asset("M1-2", "N-1")))
    become("laptop")
    asyncio.run(edit(laptop, asset("M1-2", "L-1")))
    both = answer(capsys, noc, "--with", laptop)
    assert both["conflicts"] == 2
    assert {both["here"]["conflicts"], both["there"]["conflicts"]} == {1}
    (conflict,) = both["here"]["conflict_list"]
    assert (conflict["kind"], conflict["field"]) == ("device", "asset")
    assert (conflict["kept"], conflict["dropped"]) == ('"L-1"', '"N-1"')
    assert asyncio.run(_asset(noc, "M1-2")) == asyncio.run(_asset(laptop, "M1-2")) == "L-1"
    assert answer(capsys, noc, "--with", laptop)["added"] == 0
    states = [answer(capsys, folder, "--state") for folder in (noc, laptop)]
    assert states[0]["events"] == states[1]["events"]


def test_that_a_state_makes_the_next_bundle_small(
    tmp_path: Path, noc: Path, laptop: Path, become: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    become("laptop")
    (tmp_path / "state.json").write_text(json.dumps(answer(capsys, laptop, "--state")))
    become("noc")
    asyncio.run(edit(noc, asset("M1-3", "N-3")))
    by_state = answer(capsys, noc, "--export", tmp_path / "a.bundle", "--since", tmp_path / "state.json")
    by_folder = answer(capsys, noc, "--export", tmp_path / "b.bundle", "--for", laptop)
    assert by_state["rows"] == by_folder["rows"] == {"event": 1}
    assert main(["sync", str(tmp_path / "empty"), "--import", str(tmp_path / "a.bundle")]) == 1
    assert "without --since" in capsys.readouterr().err


def test_that_wrong_use_and_busy_folders_have_their_codes(
    tmp_path: Path, noc: Path, laptop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync", str(noc), "--state", "--since", "x"]) == 2
    assert main(["sync", str(tmp_path / "nothing"), "--state"]) == 1
    assert main(["sync", str(noc), "--import", str(tmp_path / "nothing.bundle")]) == 3
    with FolderLock(laptop, "site import"):
        capsys.readouterr()
        assert main(["sync", str(noc), "--with", str(laptop)]) == 3
        assert "site import" in capsys.readouterr().err
    damaged = tmp_path / "damaged.bundle"
    damaged.write_bytes((tmp_path / "begin.bundle").read_bytes()[:-1])
    assert main(["sync", str(tmp_path / "new"), "--import", str(damaged)]) == 1
    assert "cut off" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


async def test_that_a_running_collector_takes_a_bundle_in_and_tells_its_consoles(
    tmp_path: Path, become: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    noc, laptop = tmp_path / "noc", tmp_path / "laptop"
    become("noc")
    await found_site(noc)
    assert await asyncio.to_thread(main, ["sync", str(noc), "--export", str(tmp_path / "begin.bundle")]) == 0
    become("laptop")
    assert await asyncio.to_thread(main, ["sync", str(laptop), "--import", str(tmp_path / "begin.bundle")]) == 0
    await trip_a_pump(laptop)
    await edit(laptop, asset("M1-4", "L-4"))
    assert await asyncio.to_thread(main, ["sync", str(laptop), "--export", str(tmp_path / "visit.bundle")]) == 0
    become("noc")
    collector = await asyncio.create_subprocess_exec(sys.executable, "-m", "console", "collect", str(noc), "--no-poll")
    watcher = Watcher(noc)
    try:
        await watcher.until(lambda: watcher.live)
        assert not watcher.incidents
        capsys.readouterr()
        exported = await asyncio.to_thread(
            main, ["sync", str(noc), "--export", str(tmp_path / "beside.bundle"), "--json"]
        )
        assert exported == 0
        assert json.loads(capsys.readouterr().out)["beside_collector"] is True
        words = ["sync", str(noc), "--import", str(tmp_path / "visit.bundle"), "--json"]
        assert await asyncio.to_thread(main, words) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["events"] > 3
        await watcher.until(lambda: bool(watcher.incidents))
        (incident,) = watcher.incidents.values()
        assert incident.title == "LOOP-B: pump 2 tripped"
        assert await asyncio.to_thread(main, ["sync", str(noc), "--import", str(tmp_path / "begin.bundle")]) == 0
        (tmp_path / "torn.bundle").write_bytes(b"TerraHashBundle")
        assert await asyncio.to_thread(main, ["sync", str(noc), "--import", str(tmp_path / "torn.bundle")]) == 1
    finally:
        await watcher.close()
        collector.terminate()
        await collector.wait()
    assert await _asset(noc, "M1-4") == "L-4"
