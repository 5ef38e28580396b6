"""Commands run as child processes: their answer, their errors, and their end with the parent."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from console.shell.processes import Child, ChildFailed, run_command
from console.support.tied import commands
from console.virtual_site import VirtualSite
from drivers.simulators.plan import demo_site
from drivers.simulators.ports import Ports

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_that_a_scan_in_a_process_finds_the_devices_of_a_virtual_site(tmp_path: Path) -> None:
    ports = Ports.free()
    file = tmp_path / "site.toml"
    file.write_text(demo_site(10, ports=ports, story=False), encoding="utf-8")
    devices = Child("the devices", ["simulate", str(file)], tmp_path / "simulate.log")
    try:
        while "ready" not in (tmp_path / "simulate.log").read_text(encoding="utf-8"):
            devices.check()
            await asyncio.sleep(0.05)
        lines: list[str] = []
        target = f"127.32.1.1-127.32.1.5:{ports.cgminer}"
        answer = json.loads(await run_command(["scan", target, "--json"], lines.append))
    finally:
        await devices.stop()
    assert answer["scanned"] == 5
    assert [found["profile"] for found in answer["found"]] == ["antminer-stock"] * 5
    assert "5/5 asked, 5 found" in lines[-1]
    assert not devices.is_running


async def test_that_a_command_that_fails_says_why() -> None:
    with pytest.raises(ChildFailed, match=r"not an address|is no|neither|names"):
        await run_command(["scan", "not a network at all!", "--json"], lambda _: None)


async def test_that_a_cancelled_command_ends() -> None:
    task = asyncio.get_running_loop().create_task(
        run_command(["scan", "127.99.0.0/20:9", "--rate", "50", "--json"], lambda _: None)
    )
    await asyncio.sleep(1.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_that_a_child_that_ends_by_itself_is_noticed_with_its_last_words(tmp_path: Path) -> None:
    child = Child("the devices", ["simulate", str(tmp_path / "missing.toml")], tmp_path / "out.log")
    await asyncio.to_thread(os.waitid, os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ChildFailed, match=r"missing\.toml"):
        child.check()
    await child.stop()


async def test_that_a_virtual_site_comes_up_survives_its_collector_and_goes(tmp_path: Path) -> None:
    site = VirtualSite(tmp_path / "site", 10)
    site.write()
    site.start()
    try:
        await site.ensure_collector(site.folder)
        first = site.pids
        os.kill(first[1], 9)
        while _is_alive(first[1]) and site.pids == first:
            try:
                await site.ensure_collector(site.folder)
            except ChildFailed:
                continue
        await site.ensure_collector(site.folder)
        second = site.pids
    finally:
        await site.stop()
    assert first[0] == second[0]
    assert first[1] != second[1]
    assert not any(_is_alive(pid) for pid in (*first, *second))


def test_that_commands_are_divided() -> None:
    assert list(commands(["site", "import", "F", "T", "--then", "collect", "F"])) == [
        ["site", "import", "F", "T"],
        ["collect", "F"],
    ]
